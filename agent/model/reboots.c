/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/reboots.h"

#include "base/text.h"
#include "model/names.h"

/* Not all below /var, which some hosts lose at each boot, and others with a snapshot of / that they go back to. */
const char *const reboots_places[REBOOTS_PLACES] = {
        NAME_STATE_DIR "/reboots",
        NAME_ETC "/reboots",
        NAME_BOOT "/ptprep-reboots",
};

#define HEAD "# Plans for which ptprep has restarted this host, see \"reboot\" in ptprep.conf(5). Not to be edited.\n"

const char *reboots_find(const char *text, const char *digest)
{
        for (const char *line = text; line && *line; line = text_next_line(line))
                if (strncmp(line, digest, REBOOTS_DIGEST) == 0 && line[REBOOTS_DIGEST] == ' ')
                        return line + REBOOTS_DIGEST + 1;
        return NULL;
}

int reboots_add(const char *text, const char *digest, const char *boot, char **ret)
{
        _cleanup_free_ char *all = strdup(HEAD);
        size_t n = 1;

        if (!all)
                return -ENOMEM;
        for (const char *line = text; line && *line; line = text_next_line(line)) {
                _cleanup_free_ char *before = TAKE_PTR(all);
                int length = (int) strcspn(line, "\n");
                bool kept = line[0] != '#' && length > REBOOTS_DIGEST && !reboots_find(before, line);

                if (!kept)
                        all = TAKE_PTR(before);
                else if (string_printf(&all, "%s%.*s\n", before, length, line) < 0)
                        return -ENOMEM;
                n += kept;
        }
        if (n > REBOOTS_MAX)
                return -E2BIG;
        return string_printf(ret, "%s%s %s\n", all, digest, boot);
}
