/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/typed-unlock.h"

#include <strings.h>

#include "base/text.h"
#include "probe/crypttab.h"

/* Options with which nobody types: something else has the key, or the boot does not wait. */
static const char *const unattended[] = { "tpm2-device=", "fido2-device=", "pkcs11-uri=", "keyscript=",
                                          "noauto",       "nofail",        "headless=",   "headless",
                                          "plain",        "swap",          "tmp",         "_netdev" };

static bool asks(const char *options)
{
        return !crypttab_has(options, unattended, ELEMENTSOF(unattended));
}

static int is_typed(void *userdata, const CrypttabLine *line)
{
        (void) userdata;
        return !line->key && asks(line->options);
}

/* The beginning of a UUID. */
typedef struct Container {
        const char *uuid;
        size_t size;
} Container;

/* By the device, or by a name like luks-UUID (systemd src/cryptsetup/cryptsetup-generator.c, add_crypttab_devices()).
 */
static int is_of(void *userdata, const CrypttabLine *line)
{
        const Container *c = userdata;
        const char *uuid = startswith(line->device, "UUID=") ?: startswith(line->device, "/dev/disk/by-uuid/");

        if (!uuid)
                uuid = startswith(line->volume, "luks-");
        if (uuid && *uuid == '"')
                uuid++;
        return uuid && c->size > 0 && strncasecmp(uuid, c->uuid, c->size) == 0;
}

/* Is there a container that only the arguments tell of? What a line says of one goes before (crypttab(5),
 * systemd-cryptsetup-generator(8)); dracut takes the beginning of a UUID too (dracut.cmdline(7)). */
static int has_more_containers(int rfd, const Facts *f)
{
        static const char *const keys[] = { "rd.luks.uuid", "luks.uuid", "rd.luks.name", "luks.name" };
        const char *value;

        FOREACH_ARRAY(key, keys, ELEMENTSOF(keys))
                for (size_t from = 0; (value = kargs_next(&f->cmdline, *key, &from));) {
                        Container c = { .uuid = startswith(value, "luks-") ?: value };
                        int r;

                        c.size = strcspn(c.uuid, "=");
                        r = crypttab_lines(rfd, is_of, &c);
                        if (r <= 0)
                                return r < 0 ? r : 1;
                }
        return 0;
}

/* rd.luks.key= and rd.luks.options=tpm2-device=auto are of one container or of all: any of them is believed. */
static int asked_by_arguments(int rfd, const Facts *f)
{
        static const char *const keys[] = { "rd.luks.key", "luks.key" };
        static const char *const options[] = { "rd.luks.options", "luks.options" };
        const char *value;
        int asked = has_more_containers(rfd, f);

        FOREACH_ARRAY(k, keys, ELEMENTSOF(keys))
                if (asked > 0)
                        asked = kargs_next(&f->cmdline, *k, &(size_t){ 0 }) == NULL;
        FOREACH_ARRAY(o, options, ELEMENTSOF(options))
                for (size_t from = 0; asked > 0 && (value = kargs_next(&f->cmdline, *o, &from));) {
                        const char *equal = strchr(value, '='), *comma = strchr(value, ',');
                        /* UUID=OPTIONS, or OPTIONS, of which the first may have a "=" itself */
                        const bool of_one =
                                equal && (!comma || equal < comma) && strchr(value, '-') && strcspn(value, "-") == 8;

                        asked = asks(of_one ? equal + 1 : value);
                }
        return asked;
}

int typed_unlock(int rfd, const Facts *f)
{
        int r = crypttab_lines(rfd, is_typed, NULL);

        return r != 0 ? r : asked_by_arguments(rfd, f);
}
