/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/typed-unlock.h"

#include <strings.h>

#include "base/text.h"
#include "probe/crypttab.h"

/* Nobody is waited for. */
static const char *const unattended[] = { "noauto", "nofail", "headless=", "headless", "swap", "tmp", "_netdev" };

/* Something else has the key. */
static const char *const keyed[] = { "tpm2-device=", "fido2-device=", "pkcs11-uri=", "keyscript=" };

/* Somebody types all the same: a passphrase of which the other field has a name, or what opens the key (cryptsetup of
 * Debian, debian/scripts and debian/askpass.c), or the PIN of a TPM (crypttab(5)). */
static const char *const asking[] = { "keyscript=askpass",
                                      "keyscript=decrypt_gnupg",
                                      "keyscript=decrypt_gnupg-sc",
                                      "keyscript=decrypt_keyctl",
                                      "keyscript=decrypt_opensc",
                                      "keyscript=decrypt_ssl",
                                      "tpm2-pin=yes",
                                      "tpm2-pin=true",
                                      "tpm2-pin=on",
                                      "tpm2-pin=1" };

static bool asks(const char *key, const char *options)
{
        if (crypttab_has(options, unattended, ELEMENTSOF(unattended)))
                return false;
        return crypttab_has(options, asking, ELEMENTSOF(asking)) ||
               (!key && !crypttab_has(options, keyed, ELEMENTSOF(keyed)));
}

static int is_typed(void *userdata, const CrypttabLine *line)
{
        (void) userdata;
        return asks(line->key, line->options);
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
                for (size_t from = 0; asked > 0 && (value = kargs_next(&f->cmdline, *o, &from));)
                        asked = asks(NULL, crypttab_argument(value));
        return asked;
}

/* The initramfs of these knows no crypttab: hooks/encrypt of mkinitcpio, initramfs-init of Alpine's mkinitfs. A key
 * that lies in the image, where the first one looks for it, cannot be seen from here. */
static bool asked_by_script(const Facts *f)
{
        static const char *const containers[] = { "cryptdevice", "cryptroot" };

        if (kargs_next(&f->cmdline, "cryptkey", &(size_t){ 0 }))
                return false;
        FOREACH_ARRAY(c, containers, ELEMENTSOF(containers))
                if (kargs_next(&f->cmdline, *c, &(size_t){ 0 }))
                        return true;
        return false;
}

int typed_unlock(int rfd, const Facts *f)
{
        int r = crypttab_lines(rfd, is_typed, NULL);

        if (r != 0)
                return r;
        return asked_by_script(f) ? 1 : asked_by_arguments(rfd, f);
}
