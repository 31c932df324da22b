/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <ctype.h>
#include <limits.h>

#include "base/array.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "model/names.h"
#include "model/stub.h"
#include "probe/console.h"
#include "probe/typed-unlock.h"
#include "probe/unlock-token.h"
#include "probe/usb-bus.h"

/* What the keyboards of the host are on, and the keys that it is opened with. */

#define NAME_SYS_CLASS_INPUT     "/sys/class/input"
#define NAME_SYS_CLASS_BLUETOOTH "/sys/class/bluetooth"
/* udevd makes it when it has something to do, and removes it when all is done (systemd src/udev/udev-manager.c). */
#define NAME_UDEV_QUEUE          "/run/udev/queue"

/* Keys 1 to 31 are there: Escape, the digits, Q to D. What udev takes for a keyboard (systemd
 * src/udev/udev-builtin-input_id.c). */
#define KEYS_OF_KEYBOARD         UINT64_C(0xfffffffe)

#define BUS_USB                  0x03U /* Linux include/uapi/linux/input.h */

typedef struct Keyboard {
        char *name;   /* "input3 (HP USB Keyboard)" */
        char *place;  /* below /sys/devices; NULL: on no device that can be seen */
        PciAddr addr; /* of the function that it is on */
        bool on_function;
        bool remote; /* of a server's board controller */
        bool leaves; /* its function is to be claimed */
        bool late;   /* works when the host is up, not before */
} Keyboard;

typedef struct Keyboards {
        const Probe *p;
        HostWalk walk;
        Keyboard *items;
        size_t n;
        bool complete; /* all drivers are there that udev loads */
        bool typed;    /* somebody types while the host boots */
} Keyboards;

static void keyboards_done(Keyboards *k)
{
        FOREACH_ARRAY(i, k->items, k->n) {
                free(i->name);
                free(i->place);
        }
        free(k->items);
}

/* @name, @place: taken over, also after an error. */
static int add_keyboard(Keyboards *k, char *name, char *place, bool remote)
{
        Keyboard *i = name ? array_grow(&k->items, k->n) : NULL;

        if (!i) {
                free(name);
                free(place);
                return -ENOMEM;
        }
        *i = (Keyboard){ .name = name, .place = place, .remote = remote };
        i->late = place && strstr(place, "/bluetooth/");
        i->on_function = place && place_function(place, &i->addr) >= 0;
        i->leaves = i->on_function && probe_wants(k->p, i->addr);
        k->n++;
        return 0;
}

static int read_attr(const Keyboards *k, const char *input, const char *attribute, char *buf, size_t size)
{
        _cleanup_free_ char *attr = NULL;

        if (string_printf(&attr, NAME_SYS_CLASS_INPUT "/%s/%s", input, attribute) < 0)
                return -ENOMEM;
        return root_read_attr(k->walk.rfd, attr, buf, size);
}

/* The last of the words has the lowest keys. 1, 0, negative errno. */
static int is_keyboard(const Keyboards *k, const char *input)
{
        char text[1024];
        const char *last;
        uint64_t keys;
        int r = read_attr(k, input, "capabilities/key", text, sizeof(text));

        if (r < 0)
                return r;
        last = strrchr(text, ' ');
        r = parse_u64(last ? last + 1 : text, 16, &keys);
        return r < 0 ? r : (keys & KEYS_OF_KEYBOARD) == KEYS_OF_KEYBOARD;
}

/* One over Bluetooth is made by a program (uhid), and hangs on whichever adapter there is. Others are of the kernel
 * itself (hidp), and are below a connection of the adapter. Both need bluetoothd to connect them. */
static int add_bluetooth(Keyboards *k, const char *name)
{
        _cleanup_(string_list_done) StringList adapters = {};
        int r = root_list(k->walk.rfd, NAME_SYS_CLASS_BLUETOOTH, NULL, &adapters);

        FOREACH_ARRAY(a, adapters.items, r >= 0 ? adapters.n : 0) {
                _cleanup_free_ char *link = path_join(NAME_SYS_CLASS_BLUETOOTH, *a), *place = NULL;
                char *note = NULL;

                if (strchr(*a, ':')) /* a connection */
                        continue;
                r = link ? root_readlink(k->walk.rfd, link, &place) : -ENOMEM;
                if (r >= 0 && string_printf(&note, "%s over %s", name, *a) < 0)
                        r = -ENOMEM;
                if (r >= 0)
                        r = add_keyboard(k, note, TAKE_PTR(place), false);
                if (r == -ENOMEM)
                        return r;
        }
        return probe_soft(r);
}

/* Vendor and product of an input device on USB, of others 0, which no device has. Those of usbhid have them in their
 * place too, BUS:VENDOR:PRODUCT.NUMBER (Linux drivers/hid/hid-core.c, hid_add_device()). */
static PciId input_id(const Keyboards *k, const char *link, const char *place)
{
        const char *hid = strstr(place, "/0003:");
        uint32_t bus, vendor, product;
        char text[sizeof("046D:C31C")] = "";
        PciId id = {};

        if (probe_read_hex(k->walk.rfd, link, "id/bustype", &bus) >= 0 && bus == BUS_USB &&
            probe_read_hex(k->walk.rfd, link, "id/vendor", &vendor) >= 0 &&
            probe_read_hex(k->walk.rfd, link, "id/product", &product) >= 0)
                return (PciId){ (uint16_t) vendor, (uint16_t) product };
        if (hid)
                (void) snprintf(text, sizeof(text), "%s", hid + strlen("/0003:"));
        return pci_id_parse(text, &id) >= 0 ? id : (PciId){};
}

/* A virtual one is of a program (keyd, an agent for remote desktops), and no hardware. */
static int add_input(Keyboards *k, const char *input)
{
        _cleanup_free_ char *link = path_join(NAME_SYS_CLASS_INPUT, input), *place = NULL;
        char *name = NULL, text[128];
        PciId id;
        int r = link ? root_readlink(k->walk.rfd, link, &place) : -ENOMEM;

        if (r >= 0)
                r = read_attr(k, input, "name", text, sizeof(text));
        if (r == -ENOMEM || !place)
                return r;
        id = input_id(k, link, place);
        if (usb_is_token_keyboard(id))
                return 0;
        if (string_printf(&name, r >= 0 ? "%s (%s)" : "%s", input, text) < 0)
                return -ENOMEM;
        if (strstr(place, "/devices/virtual/")) {
                r = strstr(place, "/uhid/0005:") ? add_bluetooth(k, name) : 0;
                free(name);
                return r;
        }
        return add_keyboard(k, name, TAKE_PTR(place), usb_is_remote_keyboard(id));
}

static int find_inputs(Keyboards *k)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(k->walk.rfd, NAME_SYS_CLASS_INPUT, NULL, &names);

        FOREACH_ARRAY(name, names.items, r >= 0 ? names.n : 0) {
                if (!startswith(*name, "input"))
                        continue;
                r = is_keyboard(k, *name);
                if (r > 0)
                        r = add_input(k, *name);
                if (r == -ENOMEM)
                        return r;
        }
        return probe_soft(r);
}

/* Is there an input device of this USB interface among those that were found? */
static bool is_known(const Keyboards *k, const char *interface)
{
        const size_t n = strlen(interface);

        FOREACH_ARRAY(i, k->items, k->n)
                for (const char *at = i->place ? strstr(i->place, interface) : NULL; at; at = strstr(at + 1, interface))
                        if (at > i->place && at[-1] == '/' && (at[n] == '/' || at[n] == 0))
                                return true;
        return false;
}

/* The keyboards that are on a function, or elsewhere; of these none that is too late for what is typed. */
typedef struct Count {
        size_t local, remote;
} Count;

static void count(const Keyboards *k, PciAddr addr, Count *ret_here, Count *ret_elsewhere)
{
        *ret_here = *ret_elsewhere = (Count){};
        FOREACH_ARRAY(i, k->items, k->n) {
                const bool here = i->on_function && pci_addr_equal(i->addr, addr);
                Count *c = here ? ret_here : ret_elsewhere;

                if (here || (!i->leaves && !(k->typed && i->late))) {
                        c->local += !i->remote;
                        c->remote += i->remote;
                }
        }
}

/* Nothing is decided while its driver may be on its way, unless the host has a keyboard elsewhere. */
static int wait_for(Keyboards *k, PciAddr addr, const char *what)
{
        HostUnknown u = { .kind = HOST_USE_KEYBOARD,
                          .waits = true,
                          .one = true,
                          .addr = addr,
                          .cure_kind = CURE_ELSEWHERE,
                          .cure = "nothing: ptprep-network.service looks again when the host is up" };
        Count here, elsewhere;

        count(k, addr, &here, &elsewhere);
        if (elsewhere.local > 0)
                return 0;
        u.what = strdup(what);
        return u.what ? host_unknown_add(&k->walk.f->host, &u) : -ENOMEM;
}

typedef struct Controller {
        Keyboards *keyboards;
        const PciFunction *function;
} Controller;

/* What no driver has: a keyboard says so itself, where it can be used without a driver of its own. */
static int see_interface(void *userdata, const UsbInterface *i)
{
        const Controller *c = userdata;
        Keyboards *k = c->keyboards;
        char *name = NULL, *place = NULL;
        PciId id = {};

        if (i->class != USB_CLASS_HID || i->bound || is_known(k, i->name))
                return 0;
        if (i->protocol != USB_HID_KEYBOARD)
                return k->complete ? 0
                                   : wait_for(k, c->function->addr,
                                              "it has a USB input device whose driver is not loaded yet");
        if (usb_id(k->walk.rfd, i->device, &id) >= 0 && usb_is_token_keyboard(id))
                return 0;
        if (string_printf(&name, "USB keyboard %s without a driver", i->name) < 0 ||
            string_printf(&place, "%s/%s", i->device, i->name) < 0) {
                free(name);
                return -ENOMEM;
        }
        return add_keyboard(k, name, place, usb_is_remote_keyboard(id));
}

static int see_controllers(Keyboards *k)
{
        Facts *f = k->walk.f;

        FOREACH_ARRAY(p, f->functions, f->n_functions) {
                Controller c = { k, p };
                int r;

                if (pci_class_sub(p->class) != CLASS_SERIAL_USB || driver_is_guests(p->driver))
                        continue;
                r = usb_interfaces(k->walk.rfd, p->addr, see_interface, &c);
                if (r >= 0 && !p->driver && !k->complete)
                        r = wait_for(k, p->addr,
                                     "its driver is not loaded yet, so what is plugged into it is not seen");
                if (r >= 0 && probe_details(k->p, p->addr))
                        r = usb_describe(k->walk.rfd, p->addr, &p->usb);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What a function is that has keyboards, with those elsewhere; NULL: the host has others. */
static const char *what_is_lost(const Count *here, const Count *elsewhere, bool typed, bool serial, bool *ret_spared)
{
        *ret_spared = false;
        if (elsewhere->local > 0 || (elsewhere->remote > 0 && here->local == 0))
                return NULL;
        if (typed)
                return elsewhere->remote > 0 ? "the only keyboard at the machine, and a passphrase is typed at boot"
                                             : "the only keyboard, and a passphrase is typed at boot";
        *ret_spared = elsewhere->remote > 0 || serial;
        if (elsewhere->remote > 0)
                return "the only keyboard at the machine: what is left is the remote one of its board's controller";
        return serial ? "the only keyboard: what is left is another console" : "the only keyboard";
}

/* The port of the last hub: "1-1.2". */
static char *usb_port(const char *place)
{
        char *port = NULL;

        for (const char *s = place; *s;) {
                const size_t n = strcspn(s, "/");

                if (n > 2 && isdigit((unsigned char) *s) && memchr(s, '-', n) && strspn(s, "0123456789-.") == n) {
                        free(port);
                        port = strndup(s, n);
                        if (!port)
                                return NULL;
                }
                s += n;
                s += strspn(s, "/");
        }
        return port ?: strdup("");
}

static int tell(Keyboards *k, const Keyboard *i, const char *what, bool spared)
{
        _cleanup_free_ char *port = usb_port(i->place), *note = NULL;
        const WalkLink keyboard = { NULL, i->name };
        WalkLink link = keyboard;

        if (!port || string_printf(&note, "USB port %s", port) < 0)
                return -ENOMEM;
        if (*port)
                link = (WalkLink){ &keyboard, note };
        k->walk.what = what;
        k->walk.spared = spared;
        return walk_functions(&k->walk, &link, i->place);
}

static int judge(Keyboards *k)
{
        _cleanup_(string_list_done) StringList consoles = {};
        int serial, r;

        r = console_list(k->walk.rfd, k->walk.f, &consoles);
        serial = r >= 0 ? console_elsewhere(k->p, &consoles) : r;
        if (serial < 0)
                return serial;
        FOREACH_ARRAY(i, k->items, k->n) {
                const char *what;
                Count here, elsewhere;
                bool spared;

                if (!i->on_function)
                        continue;
                count(k, i->addr, &here, &elsewhere);
                what = what_is_lost(&here, &elsewhere, k->typed, serial, &spared);
                r = what && i->remote == (here.local == 0) ? tell(k, i, what, spared) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

int probe_keyboard(const Probe *p, Facts *f)
{
        Keyboards k = { .p = p, .walk = { .rfd = p->rfd, .f = f, .kind = HOST_USE_KEYBOARD } };
        int r;

        if (!probe_asks_for_uses(p))
                return 0;
        f->host.looked[HOST_USE_KEYBOARD] = true;
        k.complete = probe_exists(p->rfd, NAME_UDEV_QUEUE) != TRISTATE_YES;
        r = typed_unlock(p->rfd, f);
        k.typed = r > 0;
        if (r >= 0)
                r = find_inputs(&k);
        if (r >= 0)
                r = see_controllers(&k);
        if (r >= 0)
                r = judge(&k);
        if (r >= 0)
                r = unlock_token_use(&k.walk, k.complete);
        keyboards_done(&k);
        return r;
}
