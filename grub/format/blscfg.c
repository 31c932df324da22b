/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/blscfg.h"

#include <ctype.h>

#include "base/text.h"

const char *grub_cfg_command(const char *line, const char *name)
{
        const char *rest = startswith(line + strspn(line, " \t"), name);

        return rest && strchr(" \t;\n", *rest) ? rest + strspn(rest, " \t") : NULL;
}

bool grub_cfg_has_blscfg(const char *text)
{
        for (const char *p = text; *p; p = text_next_line(p))
                if (grub_cfg_command(p, "blscfg"))
                        return true;
        return false;
}

int blscfg_path(const char *text, char **ret)
{
        static const char *const options[] = { "--path=", "--path", "-p" };

        for (const char *p = text; *p; p = text_next_line(p)) {
                const char *rest = grub_cfg_command(p, "blscfg");

                for (size_t i = 0; rest && i < ELEMENTSOF(options); i++) {
                        const char *path = startswith(rest, options[i]);

                        if (!path)
                                continue;
                        path += strspn(path, " \t\"'");
                        path += *path == '(' ? strcspn(path, ")\n") : 0;
                        path += *path == ')';
                        free(*ret);
                        *ret = strndup(path, strcspn(path, " \t\"';\n"));
                        return *ret ? 0 : -ENOMEM;
                }
        }
        return 0;
}

/* As TuneD matches it: any case, blanks around '=', with quotes or without; every such line counts. */
bool default_grub_enables_bls(const char *text)
{
        for (const char *p = text; *p; p = text_next_line(p)) {
                const char *q = p + strspn(p, " \t");

                if (strncasecmp(q, "GRUB_ENABLE_BLSCFG", strlen("GRUB_ENABLE_BLSCFG")) != 0)
                        continue;
                q += strlen("GRUB_ENABLE_BLSCFG");
                q += strspn(q, " \t");
                if (*q++ != '=')
                        continue;
                q += strspn(q, " \t\"'");
                if (strncasecmp(q, "true", strlen("true")) == 0 && !isalnum((unsigned char) q[strlen("true")]))
                        return true;
        }
        return false;
}
