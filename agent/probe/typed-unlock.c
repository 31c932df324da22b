/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/typed-unlock.h"

#include "base/io.h"
#include "base/text.h"
#include "probe/probe.h"

#define BLANKS " \t"

/* Options with which nobody types: something else has the key, or the boot does not wait. */
static const char *const unattended[] = { "tpm2-device=", "fido2-device=", "pkcs11-uri=", "keyscript=",
                                          "noauto",       "nofail",        "headless=",   "headless",
                                          "plain",        "swap",          "tmp",         "_netdev" };

/* Is there an option of the comma list with which nobody types? */
static bool has_unattended(char *options)
{
        char *save = NULL;

        for (char *o = strtok_r(options, ",", &save); o; o = strtok_r(NULL, ",", &save))
                FOREACH_ARRAY(u, unattended, ELEMENTSOF(unattended))
                        if (endswith(*u, "=") ? startswith(o, *u) != NULL : streq(o, *u))
                                return true;
        return false;
}

/* A line of crypttab(5): name, device, key file, options. */
static bool is_typed(char *line)
{
        char *fields[4] = {}, *save = NULL;
        size_t n = 0;

        for (char *f = strtok_r(line, BLANKS, &save); f && n < ELEMENTSOF(fields); f = strtok_r(NULL, BLANKS, &save))
                fields[n++] = f;
        if (n < 2 || fields[0][0] == '#')
                return false;
        if (fields[2] && !streq(fields[2], "none") && !streq(fields[2], "-"))
                return false;
        return !fields[3] || !has_unattended(fields[3]);
}

/* rd.luks.key= and rd.luks.options=tpm2-device=auto are of one container or of all: any of them is believed. */
static int asked_by_arguments(const Facts *f)
{
        static const char *const containers[] = { "rd.luks.uuid", "luks.uuid", "rd.luks.name", "luks.name" };
        static const char *const keys[] = { "rd.luks.key", "luks.key" };
        static const char *const options[] = { "rd.luks.options", "luks.options" };
        const char *value;
        bool asked = false;
        size_t from;

        FOREACH_ARRAY(c, containers, ELEMENTSOF(containers))
                asked |= kargs_next(&f->cmdline, *c, &(size_t){ 0 }) != NULL;
        FOREACH_ARRAY(k, keys, ELEMENTSOF(keys))
                asked &= kargs_next(&f->cmdline, *k, &(size_t){ 0 }) == NULL;
        FOREACH_ARRAY(o, options, ELEMENTSOF(options))
                for (from = 0; asked && (value = kargs_next(&f->cmdline, *o, &from));) {
                        const char *equal = strchr(value, '='), *comma = strchr(value, ',');
                        /* UUID=OPTIONS, or OPTIONS, of which the first may have a "=" itself */
                        const bool of_one =
                                equal && (!comma || equal < comma) && strchr(value, '-') && strcspn(value, "-") == 8;
                        _cleanup_free_ char *copy = strdup(of_one ? equal + 1 : value);

                        if (!copy)
                                return -ENOMEM;
                        asked = !has_unattended(copy);
                }
        return asked;
}

int typed_unlock(int rfd, const Facts *f)
{
        _cleanup_free_ char *text = NULL;
        char *save = NULL;
        int r = root_read_text(rfd, NAME_CRYPTTAB, &text);

        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return asked_by_arguments(f);
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                if (is_typed(line))
                        return 1;
        return 0;
}
