/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/usb-bus.h"

#include <ctype.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/probe.h"

/* A bus has seven tiers, the controller's own hub among them (USB 2.0, 4.1.1). */
#define TIERS_MAX     7U

#define USB_CLASS_HUB 0x09U

/* So many devices are named in one sentence. */
#define NAMED_MAX     8U

/* As usb.ids has them. OpenBMC's has the id of all gadgets of Linux, so it counts as a keyboard like any other. */
static const PciId remote_keyboards[] = {
        { 0x03f0, 0x1027 }, /* HP iLO */
        { 0x03f0, 0x7029 }, /* HPE iLO */
        { 0x046b, 0xff10 }, /* American Megatrends: MegaRAC */
        { 0x0557, 0x2221 }, /* ATEN, Winbond: Supermicro */
        { 0x0557, 0x2419 }, /* ATEN: Supermicro */
        { 0x05a6, 0x0a01 }, /* Cisco */
        { 0x0624, 0x0249 }, /* Avocent: Dell iDRAC */
        { 0x0624, 0x0402 }, /* Avocent: Cisco CIMC */
        { 0x17ef, 0xb000 }, /* Lenovo */
        { 0x17ef, 0xb003 }, /* Lenovo */
        { 0x413c, 0x0000 }, /* Dell DRAC 5 */
};

bool usb_is_remote_keyboard(PciId id)
{
        FOREACH_ARRAY(i, remote_keyboards, ELEMENTSOF(remote_keyboards))
                if (pci_id_equal(*i, id))
                        return true;
        return false;
}

/* Yubico makes security keys and nothing else: their interface for one-time passwords is a keyboard with all keys. */
bool usb_is_token_keyboard(PciId id)
{
        return id.vendor == 0x1050;
}

int usb_id(int rfd, const char *device, PciId *ret)
{
        uint32_t vendor, product;
        int r = probe_read_hex(rfd, device, "idVendor", &vendor);

        if (r >= 0)
                r = probe_read_hex(rfd, device, "idProduct", &product);
        if (r >= 0)
                *ret = (PciId){ (uint16_t) vendor, (uint16_t) product };
        return r;
}

/* What is to be seen of a bus. Either may be NULL. */
typedef struct UsbVisitor {
        void *userdata;
        int (*interface)(void *userdata, const UsbInterface *i);
        int (*device)(void *userdata, int rfd, const char *path, const char *name);
} UsbVisitor;

static int visit_interface(int rfd, const char *device, const char *name, const UsbVisitor *v)
{
        _cleanup_free_ char *path = path_join(device, name), *driver = path ? path_join(path, "driver") : NULL;
        UsbInterface i = { .device = device, .name = name };
        struct stat st;
        int r;

        if (!driver)
                return -ENOMEM;
        r = probe_read_hex(rfd, path, "bInterfaceClass", &i.class);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        r = probe_read_hex(rfd, path, "bInterfaceProtocol", &i.protocol);
        if (r == -ENOMEM)
                return r;
        i.bound = root_lstat(rfd, driver, &st) >= 0;
        return v->interface(v->userdata, &i);
}

/* The devices of a bus are in the one that they are plugged into, as "1-1.2"; their interfaces as "1-1.2:1.0" (Linux
 * drivers/usb/core/usb.c and message.c). */
static int walk(int rfd, const char *directory, unsigned tier, const UsbVisitor *v)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, directory, NULL, &names);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                if (!isdigit((unsigned char) **name) || !strchr(*name, '-'))
                        continue;
                if (strchr(*name, ':')) {
                        r = v->interface ? visit_interface(rfd, directory, *name, v) : 0;
                        if (r < 0)
                                return r;
                        continue;
                }
                path = path_join(directory, *name);
                if (!path)
                        return -ENOMEM;
                r = v->device ? v->device(v->userdata, rfd, path, *name) : 0;
                if (r >= 0 && tier < TIERS_MAX)
                        r = walk(rfd, path, tier + 1, v);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int walk_controller(int rfd, PciAddr controller, const UsbVisitor *v)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *directory = NULL;
        int r;

        if (string_printf(&directory, NAME_SYS_PCI_DEVICES "/%s", PCI_ADDR_TEXT(controller)) < 0)
                return -ENOMEM;
        r = root_list(rfd, directory, NULL, &names);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        FOREACH_ARRAY(name, names.items, names.n) {
                const char *number = startswith(*name, "usb");
                _cleanup_free_ char *path = NULL;

                if (!number || !isdigit((unsigned char) *number))
                        continue;
                path = path_join(directory, *name);
                r = path ? walk(rfd, path, 1, v) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

int usb_interfaces(int rfd, PciAddr controller, int (*visit)(void *userdata, const UsbInterface *i), void *userdata)
{
        return walk_controller(rfd, controller, &(UsbVisitor){ .userdata = userdata, .interface = visit });
}

typedef struct Description {
        FILE *out;
        size_t n;
} Description;

/* The maker's name and the device's own, as far as the device says them. */
static int describe(void *userdata, int rfd, const char *path, const char *name)
{
        static const char *const attributes[] = { "manufacturer", "product" };
        Description *d = userdata;
        bool named = false;
        uint32_t class;
        PciId id;

        if (probe_read_hex(rfd, path, "bDeviceClass", &class) >= 0 && class == USB_CLASS_HUB)
                return 0;
        if (d->n++ >= NAMED_MAX)
                return 0;
        fputs(d->n > 1 ? ", " : "", d->out);
        FOREACH_ARRAY(a, attributes, ELEMENTSOF(attributes)) {
                _cleanup_free_ char *attr = path_join(path, *a);
                char text[128];

                if (!attr)
                        return -ENOMEM;
                if (root_read_attr(rfd, attr, text, sizeof(text)) < 0 || text[0] == 0)
                        continue;
                fprintf(d->out, "%s ", text);
                named = true;
        }
        if (!named && usb_id(rfd, path, &id) >= 0) {
                fprintf(d->out, "%04x:%04x ", id.vendor, id.device);
                named = true;
        }
        fprintf(d->out, named ? "(%s)" : "%s", name);
        return 0;
}

int usb_describe(int rfd, PciAddr controller, char **ret)
{
        Description d = {};
        char *text = NULL;
        size_t size;
        int r;

        d.out = open_memstream(&text, &size);
        if (!d.out)
                return -ENOMEM;
        r = walk_controller(rfd, controller, &(UsbVisitor){ .userdata = &d, .device = describe });
        if (d.n > NAMED_MAX)
                fprintf(d.out, ", and %zu more", d.n - NAMED_MAX);
        if (fclose(d.out) != 0)
                r = -ENOMEM;
        if (r < 0 || d.n == 0) {
                free(text);
                text = NULL;
        }
        if (r >= 0)
                *ret = text;
        return r;
}
