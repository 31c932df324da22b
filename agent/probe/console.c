/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/console.h"

#include <ctype.h>

#include "base/io.h"
#include "base/text.h"

#define NAME_SYS_CONSOLES  "/sys/class/tty/console/active"
#define NAME_SYS_CLASS_TTY "/sys/class/tty"

/* The kernel prints at most 16 of them. */
#define ACTIVE_MAX         1024

int console_list(int rfd, const Facts *f, StringList *ret)
{
        char text[ACTIVE_MAX], *save = NULL;
        const char *asked;
        size_t from = 0;
        int r = root_read_attr(rfd, NAME_SYS_CONSOLES, text, sizeof(text));

        if (r == -ENOMEM)
                return r;
        if (r >= 0) {
                r = 0;
                for (char *name = strtok_r(text, " ", &save); name && r >= 0; name = strtok_r(NULL, " ", &save))
                        r = string_list_add(ret, name);
                return r;
        }
        for (r = 0; r >= 0 && (asked = kargs_next(&f->cmdline, "console", &from));)
                r = string_list_addf(ret, "%.*s", (int) strcspn(asked, ","), asked);
        return r >= 0 && ret->n == 0 ? string_list_add(ret, "tty0") : r;
}

bool console_is_terminal(const char *name)
{
        const char *number = startswith(name, "tty");

        return number && isdigit((unsigned char) *number);
}

bool console_is_null(const char *name)
{
        return startswith(name, "ttynull") || *name == 0 || streq(name, "null");
}

int console_place(int rfd, const char *name, char **ret)
{
        _cleanup_free_ char *link = NULL;

        if (strchr(name, '/'))
                return -ENOENT;
        link = path_join(NAME_SYS_CLASS_TTY, name);
        return link ? root_readlink(rfd, link, ret) : -ENOMEM;
}

int console_elsewhere(const Probe *p, const StringList *names)
{
        FOREACH_ARRAY(name, names->items, names->n) {
                _cleanup_free_ char *place = NULL;
                PciAddr addr;
                int r;

                if (console_is_terminal(*name) || console_is_null(*name))
                        continue;
                r = console_place(p->rfd, *name, &place);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || place_function(place, &addr) < 0 || !probe_wants(p, addr))
                        return 1;
        }
        return 0;
}
