/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "identity.h"

#include <ctype.h>

#include "base/text.h"

void identity_done(Identity *i)
{
        free(i->path);
        free(i->serial);
        free(i->nvme_serial);
        free(i->mac);
        *i = (Identity){};
}

/* The words of the list that tell of a device; see render_claims(). */
static int take_word(const char *word, Identity *i)
{
        const char *v;

        if ((v = startswith(word, "!serial=")))
                return string_replace(&i->serial, v);
        if ((v = startswith(word, "nvme=")))
                return string_replace(&i->nvme_serial, v);
        if ((v = startswith(word, "mac=")))
                return string_replace(&i->mac, v);
        if ((v = startswith(word, "!subsystem=") ?: startswith(word, "subsystem=")))
                i->has_subsystem = pci_id_parse(v, &i->subsystem) >= 0;
        return 0;
}

int identity_of_line(const char *line, char **ret_name, Identity *ret)
{
        _cleanup_free_ char *copy = strndup(line, strcspn(line, "\n"));
        _cleanup_(identity_done) Identity i = {};
        char *fields[5] = {}, *save = NULL, *word;
        int r;

        if (!copy)
                return -ENOMEM;
        word = strtok_r(copy, " ", &save);
        for (size_t n = 0; n < ELEMENTSOF(fields); n++, word = strtok_r(NULL, " ", &save)) {
                if (!word)
                        return -ENOENT;
                fields[n] = word;
        }
        if (pci_addr_parse(fields[0], &i.addr) < 0 || pci_id_parse(fields[1], &i.id) < 0)
                return -ENOENT;
        r = streq(fields[3], "-") ? 0 : string_copy(fields[3], &i.path);
        for (; word && r >= 0; word = strtok_r(NULL, " ", &save))
                r = take_word(word, &i);
        if (r >= 0)
                r = string_copy(fields[4], ret_name);
        if (r < 0)
                return r;
        *ret = i;
        i = (Identity){};
        return 0;
}

/* Looked at before the line is taken apart: a list has hundreds of them. */
static bool is_named(const char *line, const char *name)
{
        for (unsigned field = 0; field < 4; field++) {
                line += strspn(line, " ");
                line += strcspn(line, " \n");
        }
        line += strspn(line, " ");
        line = startswith(line, name);
        return line && strchr(" \n", *line);
}

int identity_recorded(const char *claims, const char *name, Identity *ret)
{
        for (const char *line = claims; line && *line; line = text_next_line(line)) {
                _cleanup_(identity_done) Identity i = {};
                _cleanup_free_ char *its = NULL;
                int r = is_named(line, name) ? identity_of_line(line, &its, &i) : -ENOENT;

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        continue;
                *ret = i;
                i = (Identity){};
                return 0;
        }
        return -ENOENT;
}

int identity_serial(const char *text, char **ret)
{
        _cleanup_free_ char *word = NULL;
        size_t n;

        text += strspn(text, " \t");
        n = strlen(text);
        while (n > 0 && isspace((unsigned char) text[n - 1]))
                n--;
        if (n == 0 || n > IDENTITY_SERIAL_MAX)
                return -EINVAL;
        word = strndup(text, n);
        if (!word)
                return -ENOMEM;
        for (char *c = word; *c; c++)
                if (!isascii((unsigned char) *c) || (!isalnum((unsigned char) *c) && !strchr("-._:+/", *c)))
                        *c = '_';
        *ret = TAKE_PTR(word);
        return 0;
}

int identity_mac(const char *text, char ret[static MAC_TEXT_SIZE])
{
        char mac[MAC_TEXT_SIZE];

        if (strlen(text) != MAC_TEXT_SIZE - 1)
                return -EINVAL;
        for (size_t i = 0; i < sizeof(mac); i++) {
                const char c = (char) tolower((unsigned char) text[i]);

                if (i == sizeof(mac) - 1 ? c != 0 : i % 3 == 2 ? c != ':' && c != '-' : !isxdigit((unsigned char) c))
                        return -EINVAL;
                mac[i] = i % 3 == 2 && c ? ':' : c;
        }
        if (streq(mac, "00:00:00:00:00:00") || streq(mac, "ff:ff:ff:ff:ff:ff"))
                return -EINVAL;
        memcpy(ret, mac, sizeof(mac));
        return 0;
}
