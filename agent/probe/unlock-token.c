/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/unlock-token.h"

#include "base/io.h"
#include "base/text.h"
#include "model/stub.h"
#include "probe/crypttab.h"
#include "probe/probe.h"
#include "probe/usb-bus.h"

/* HID_MAX_DESCRIPTOR_SIZE of Linux include/linux/hid.h. */
#define DESCRIPTOR_MAX      4096U

/* Items of a report descriptor (HID 1.11, 6.2.2). */
#define ITEM_LONG           0xfeU
#define ITEM_KIND(item)     ((item) &0xfcU)
#define ITEM_USAGE_PAGE     0x04U
#define ITEM_USAGE          0x08U

/* FIDO Alliance page, U2F Authenticator Device (HID Usage Tables, HUTRR48); by this systemd's udev tells security keys
 * as well (src/udev/fido_id/fido_id_desc.c). */
#define USAGE_AUTHENTICATOR 0xf1d00001U

static bool is_authenticator(const uint8_t *data, size_t size)
{
        uint32_t page = 0;

        for (size_t i = 0; i < size;) {
                const uint8_t item = data[i];
                const size_t n = (item & 3U) == 3 ? 4 : item & 3U;
                uint32_t value = 0;

                if (item == ITEM_LONG) {
                        i += i + 1 < size ? 3U + data[i + 1] : 1;
                        continue;
                }
                if (n >= size - i)
                        return false;
                for (size_t k = 0; k < n; k++)
                        value |= (uint32_t) data[i + 1 + k] << (8 * k);
                i += 1 + n;
                if (ITEM_KIND(item) == ITEM_USAGE_PAGE)
                        page = value << 16;
                else if (ITEM_KIND(item) == ITEM_USAGE && (n == 4 ? value : page | value) == USAGE_AUTHENTICATOR)
                        return true;
        }
        return false;
}

/* A driver of HID devices makes one below the interface: BUS:VENDOR:PRODUCT.NUMBER. 1, 0 or -ENOMEM. */
static int is_security_key(int rfd, const UsbInterface *i)
{
        _cleanup_free_ char *path = path_join(i->device, i->name);
        _cleanup_(string_list_done) StringList names = {};
        int r;

        if (i->class != USB_CLASS_HID)
                return 0;
        r = path ? root_list(rfd, path, NULL, &names) : -ENOMEM;
        FOREACH_ARRAY(name, names.items, r >= 0 ? names.n : 0) {
                _cleanup_free_ char *file = NULL, *data = NULL;
                size_t size;

                if (!startswith(*name, "0003:"))
                        continue;
                if (string_printf(&file, "%s/%s/report_descriptor", path, *name) < 0)
                        return -ENOMEM;
                r = root_read_file(rfd, file, DESCRIPTOR_MAX, &data, &size);
                if (r == -ENOMEM)
                        return r;
                if (r >= 0 && is_authenticator((const uint8_t *) data, size))
                        return 1;
        }
        return probe_soft(r);
}

static int is_card_reader(int rfd, const UsbInterface *i)
{
        (void) rfd;
        return i->class == USB_CLASS_SMART_CARD;
}

/* What opens a volume beside a TPM, which hangs on no device that can be claimed. */
static const struct Token {
        const char *options[3]; /* of crypttab(5); the last two are programs of Debian's cryptsetup */
        size_t n_options;
        const char *name, *missing;
        int (*is)(int rfd, const UsbInterface *i);
} tokens[] = {
        { { "fido2-device=" },
          1,
          "security key",
          "a security key opens an encrypted volume at boot, and none is plugged in",
          is_security_key },
        { { "pkcs11-uri=", "keyscript=decrypt_opensc", "keyscript=decrypt_gnupg-sc" },
          3,
          "smart card reader",
          "a smart card opens an encrypted volume at boot, and no reader is plugged in",
          is_card_reader },
};

static void take_options(bool *wanted, const char *options)
{
        for (size_t i = 0; i < ELEMENTSOF(tokens); i++)
                wanted[i] |= crypttab_has(options, tokens[i].options, tokens[i].n_options);
}

static int take_line(void *userdata, const CrypttabLine *line)
{
        if (!crypttab_is_later(line))
                take_options(userdata, line->options);
        return 0;
}

typedef struct Search {
        HostWalk *walk;
        const struct Token *token;
        bool here; /* one on the controller that is looked at */
} Search;

static int see_interface(void *userdata, const UsbInterface *i)
{
        Search *s = userdata;
        _cleanup_free_ char *port = NULL;
        const WalkLink token = { NULL, s->token->name };
        WalkLink link = { &token, NULL };
        int r = s->token->is(s->walk->rfd, i);

        if (r <= 0)
                return r;
        s->here = true;
        if (string_printf(&port, "USB port %s", path_base(i->device)) < 0)
                return -ENOMEM;
        link.name = port;
        r = walk_functions(s->walk, &link, i->device);
        return r < 0 ? r : 0;
}

/* @found: there is one somewhere. What loads now may bring one. */
static int tell_unknown(HostWalk *w, const struct Token *token, PciAddr addr, bool found, bool complete)
{
        HostUnknown u = { .kind = w->kind, .one = true, .addr = addr };

        if (found && complete)
                return 0;
        if (complete) {
                u.cure_kind = CURE_PERSON;
                u.cure = "plug it in where it is at boot, then run \"ptprep --check\" again";
        } else {
                u.waits = true;
                u.cure_kind = CURE_ELSEWHERE;
                u.cure = "nothing: ptprep-network.service looks again when the host is up";
        }
        u.what =
                strdup(complete ? token->missing
                                : "it may have the key that opens an encrypted volume, and not all drivers are loaded");
        return u.what ? host_unknown_add(&w->f->host, &u) : -ENOMEM;
}

/* None of the host's can be on a controller that a guest's driver has. */
static bool is_controller(const PciFunction *p)
{
        return pci_class_sub(p->class) == CLASS_SERIAL_USB && !driver_is_guests(p->driver);
}

static int search(HostWalk *w, const struct Token *token, bool complete)
{
        _cleanup_free_ bool *here = calloc(w->f->n_functions + 1, sizeof(*here));
        bool found = false;

        if (!here)
                return -ENOMEM;
        for (size_t i = 0; i < w->f->n_functions; i++) {
                Search s = { .walk = w, .token = token };
                int r = is_controller(&w->f->functions[i])
                                ? usb_interfaces(w->rfd, w->f->functions[i].addr, see_interface, &s)
                                : 0;

                if (r < 0)
                        return r;
                here[i] = s.here;
                found |= s.here;
        }
        for (size_t i = 0; i < w->f->n_functions; i++) {
                int r = !here[i] && is_controller(&w->f->functions[i])
                                ? tell_unknown(w, token, w->f->functions[i].addr, found, complete)
                                : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

int unlock_token_use(HostWalk *w, bool complete)
{
        static const char *const keys[] = { "rd.luks.options", "luks.options" };
        bool wanted[ELEMENTSOF(tokens)] = {};
        const char *value;
        int r = crypttab_lines(w->rfd, take_line, wanted);

        FOREACH_ARRAY(key, keys, ELEMENTSOF(keys))
                for (size_t from = 0; (value = kargs_next(&w->f->cmdline, *key, &from));)
                        take_options(wanted, crypttab_argument(value));
        w->what = "the key that opens an encrypted volume";
        w->spared = false;
        for (size_t i = 0; i < ELEMENTSOF(tokens); i++)
                if (r >= 0 && wanted[i])
                        r = search(w, &tokens[i], complete);
        return r;
}
