/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"
#include "base/io.h"
#include "base/text.h"

/* What a program may hear of the language of the machine. */
static const char *const names[] = { "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_MESSAGES" };

/* "NAME=VALUE" of one line of a locale file, its quotes taken away; what is no plain name of a locale is left out. */
static int add_line(const char *line, size_t n, StringList *ret)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-:";

        FOREACH_ARRAY(name, names, ELEMENTSOF(names)) {
                const size_t length = strlen(*name);
                const char *value = line + length + 1;
                size_t size;

                if (n <= length || memcmp(line, *name, length) != 0 || line[length] != '=')
                        continue;
                value += *value == '"' || *value == '\'';
                size = strspn(value, plain);
                return size > 0 ? string_list_addf(ret, "%s=%.*s", *name, (int) size, value) : 0;
        }
        return 0;
}

/* locale.conf(5); Debian has the same under another name. */
static int read_locale(int rfd, StringList *ret)
{
        static const char *const files[] = { "/etc/default/locale", "/etc/locale.conf" };

        for (size_t i = 0; i < ELEMENTSOF(files) && ret->n == 0; i++) {
                _cleanup_free_ char *text = NULL;
                int r = root_read_text(rfd, files[i], &text);

                if (r == -ENOMEM)
                        return r;
                for (const char *p = r < 0 ? "" : text; *p; p = text_next_line(p)) {
                        const char *line = startswith(p, "export ") ?: p;

                        r = add_line(line, strcspn(line, "\n"), ret);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* Of ptprep itself: what the service manager or a person has set. */
static int inherit_locale(StringList *ret)
{
        for (char **e = environ; *e; e++) {
                int r = add_line(*e, strlen(*e), ret);

                if (r < 0)
                        return r;
        }
        return 0;
}

int command_locale(const ApplyOptions *o, StringList *ret)
{
        int r = read_locale(o->rfd, ret);

        if (r >= 0 && ret->n == 0 && o->live)
                r = inherit_locale(ret);
        return r < 0 || ret->n > 0 ? r : string_list_add(ret, "LC_ALL=C");
}
