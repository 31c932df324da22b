/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/crypttab.h"

#include "base/io.h"
#include "base/text.h"
#include "probe/probe.h"

#define BLANKS " \t"

static int read_line(char *text, int (*each)(void *userdata, const CrypttabLine *line), void *userdata)
{
        char *fields[4] = {}, *save = NULL;
        size_t n = 0;
        CrypttabLine line;

        for (char *f = strtok_r(text, BLANKS, &save); f && n < ELEMENTSOF(fields); f = strtok_r(NULL, BLANKS, &save))
                fields[n++] = f;
        if (n < 2 || fields[0][0] == '#')
                return 0;
        line = (CrypttabLine){ fields[0], fields[1], fields[2], fields[3] ?: "" };
        if (line.key && (streq(line.key, "none") || streq(line.key, "-")))
                line.key = NULL;
        return each(userdata, &line);
}

int crypttab_lines(int rfd, int (*each)(void *userdata, const CrypttabLine *line), void *userdata)
{
        static const char *const tables[] = { NAME_CRYPTTAB, NAME_CRYPTTAB ".initramfs" };

        FOREACH_ARRAY(table, tables, ELEMENTSOF(tables)) {
                _cleanup_free_ char *text = NULL;
                char *save = NULL;
                int r = root_read_text(rfd, *table, &text);

                if (r == -ENOMEM)
                        return r;
                for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &save); line;
                     line = strtok_r(NULL, "\n", &save)) {
                        r = read_line(line, each, userdata);
                        if (r != 0)
                                return r;
                }
        }
        return 0;
}

/* @option: so many bytes of the list. */
static bool option_is(const char *option, size_t size, const char *name)
{
        const size_t key = strcspn(name, "=");
        const char *value = option + size;

        if (name[key] == 0)
                return size == key && strncmp(option, name, size) == 0;
        if (size <= key || strncmp(option, name, key + 1) != 0)
                return false;
        name += key + 1;
        while (value > option + key + 1 && value[-1] != '/')
                value--;
        size -= (size_t) (value - option);
        return *name == 0 || (size == strlen(name) && strncmp(value, name, size) == 0);
}

bool crypttab_has(const char *options, const char *const *names, size_t n)
{
        for (const char *o = options; *o; o += strcspn(o, ","), o += strspn(o, ","))
                FOREACH_ARRAY(name, names, n)
                        if (option_is(o, strcspn(o, ","), *name))
                                return true;
        return false;
}

bool crypttab_is_later(const CrypttabLine *line)
{
        static const char *const later[] = { "noauto" };

        return crypttab_has(line->options, later, ELEMENTSOF(later));
}

const char *crypttab_argument(const char *value)
{
        const char *equal = strchr(value, '='), *comma = strchr(value, ',');

        /* the first option may have a "=" itself */
        return equal && (!comma || equal < comma) && strchr(value, '-') && strcspn(value, "-") == 8 ? equal + 1 : value;
}
