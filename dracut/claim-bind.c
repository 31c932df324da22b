/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-bind.h"

#include <fcntl.h>
#include <limits.h>

#include "claim-file.h"
#include "claim-guard.h"
#include "claim-identity.h"
#include "claim-load.h"
#include "pciclass.h"

/* Ends the story of one device: its state, why, and one message. */
static void _printf_(4, 5) conclude(const ClaimContext *x, Claim *c, ClaimState state, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(c->reason, sizeof(c->reason), format, ap);
        va_end(ap);
        c->state = state;
        claim_say(&x->reporter, state != CLAIM_CLAIMED && state != CLAIM_WAITING && !c->excused, "%s (%s): %s",
                  c->address, c->name, c->reason);
}

/* One write(2): a sysfs attribute takes its value in one piece. O_TRUNC only matters for the files of a test tree. */
static int write_attr(const ClaimContext *x, const char *path, const char *text)
{
        _cleanup_close_ int fd = openat(x->root_fd, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        ssize_t n;

        if (fd < 0)
                return -errno;
        do
                n = write(fd, text, strlen(text));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t) n == strlen(text) ? 0 : -EIO;
}

static void device_path(char buf[static PATH_MAX], const char *address, const char *attribute)
{
        (void) snprintf(buf, PATH_MAX, CLAIM_DEVICES "/%s/%s", address, attribute);
}

static int write_device(const ClaimContext *x, const char *address, const char *attribute, const char *text)
{
        char path[PATH_MAX];

        device_path(path, address, attribute);
        return write_attr(x, path, text);
}

static int read_id(const ClaimContext *x, const char *address, PciId *ret)
{
        unsigned vendor = 0, device = 0;
        int r = claim_read_hex(x->root_fd, address, "vendor", &vendor);

        if (r >= 0)
                r = claim_read_hex(x->root_fd, address, "device", &device);
        if (r >= 0 && (vendor > UINT16_MAX || device > UINT16_MAX))
                r = -ERANGE;
        if (r >= 0)
                *ret = (PciId){ (uint16_t) vendor, (uint16_t) device };
        return r;
}

/* Name of the bound driver. Returns 0; -ENOENT none bound; other negative errno. */
static int read_driver(const ClaimContext *x, const char *address, char *buf, size_t size)
{
        char path[PATH_MAX], target[PATH_MAX];
        const char *name;
        ssize_t n;

        device_path(path, address, "driver");
        n = readlinkat(x->root_fd, path, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = 0;
        name = strrchr(target, '/');
        name = name ? name + 1 : target;
        if (strlen(name) >= size)
                return -ENAMETOOLONG;
        strcpy(buf, name);
        return 0;
}

static bool is_driver(const ClaimContext *x, const char *address, const char *driver)
{
        char name[64];

        return read_driver(x, address, name, sizeof(name)) >= 0 && streq(name, driver);
}

/*
 * Where has the card gone? Only to say it: nothing is ever claimed in its place. The same id at the same bridge path is
 * the card itself under another bus number; the same id elsewhere may as well be its twin, so the words differ. A card
 * that can have virtual functions is not where one of them has gone, even if they have its id: they are not made yet.
 * Returns whether there is such a place; what there is to say goes to ret in any case.
 */
static bool find_elsewhere(const ClaimContext *x, const ClaimList *l, const Claim *c, char *ret, size_t size)
{
        _cleanup_(closedirp) DIR *d = claim_open_directory(x->root_fd, CLAIM_DEVICES);
        bool found = false;

        for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
                _cleanup_free_ char *path = NULL;
                char attribute[PATH_MAX];
                PciId id;

                if (!claim_address_valid(e->d_name) || streq(e->d_name, c->address))
                        continue;
                if (read_id(x, e->d_name, &id) < 0 || !pci_id_equal(id, c->id))
                        continue;
                if (claim_read_path(x, e->d_name, &path) >= 0 && streq(path, c->path)) {
                        (void) snprintf(ret, size,
                                        claim_is_told_by_driver(c)
                                                ? "; %.16s is in its place; ptprep --check tells whether it is the one"
                                                : "; the card seems to be at %.16s, put that into the configuration",
                                        e->d_name);
                        return true;
                }
                if (found || claim_list_at(l, e->d_name))
                        continue;
                device_path(attribute, e->d_name, "sriov_totalvfs");
                if (faccessat(x->root_fd, attribute, F_OK, 0) == 0) {
                        (void) snprintf(ret, size, "; if it is a virtual function of %.16s, that is made later",
                                        e->d_name);
                        continue;
                }
                (void) snprintf(ret, size, "; a card with that id is at %.16s", e->d_name);
                found = true;
        }
        return found;
}

/* Is it at the address of its line still? What cannot be read is left to check_identity(). */
static bool is_listed_card(const ClaimContext *x, const ClaimList *l, const Claim *c)
{
        _cleanup_free_ char *path = NULL;
        char serial[PCI_SERIAL_TEXT_MAX];
        PciId id, card;

        if (read_id(x, c->address, &id) < 0 || !pci_id_equal(id, c->id) ||
            claim_has_other_serial(x, l, c, c->address, serial) || claim_has_other_subsystem(x, c, c->address, &card))
                return false;
        return streq(c->path, "-") || claim_read_path(x, c->address, &path) < 0 || streq(path, c->path);
}

/* Is this the very card that the list means? Everything else is reported and left alone. */
static void check_identity(ClaimSights *s, const ClaimContext *x, const ClaimList *l, Claim *c)
{
        _cleanup_free_ char *path = NULL;
        char where[128] = "", why[192], serial[PCI_SERIAL_TEXT_MAX];
        unsigned class = 0;
        PciId id, card;
        int r;

        r = read_id(x, c->address, &id);
        if (r == -ENOENT) {
                bool moved = find_elsewhere(x, l, c, where, sizeof(where));

                c->excused = c->optional;
                conclude(x, c, moved ? CLAIM_MOVED : CLAIM_ABSENT, "no device at this address%s: not claimed%s",
                         c->optional ? ", and it is optional" : "", where);
                return;
        }
        if (r >= 0)
                r = claim_read_hex(x->root_fd, c->address, "class", &class);
        if (r < 0) {
                conclude(x, c, CLAIM_FAILED, "cannot be read (%s): not claimed", strerror(-r));
                return;
        }
        if (!pci_id_equal(id, c->id)) {
                bool moved = find_elsewhere(x, l, c, where, sizeof(where));

                conclude(x, c, moved ? CLAIM_MOVED : CLAIM_ABSENT, "is now %04x:%04x, not %04x:%04x: not claimed%s",
                         id.vendor, id.device, c->id.vendor, c->id.device, where);
                return;
        }
        if (pci_class_never_bound(class)) {
                conclude(x, c, CLAIM_FAILED, "is %s (class %04x), which is never claimed", pci_class_never_bound(class),
                         pci_class_sub(class));
                return;
        }
        if (!streq(c->path, "-")) {
                r = claim_read_path(x, c->address, &path);
                if (r < 0) {
                        conclude(x, c, CLAIM_FAILED, "bridge path cannot be read (%s): not claimed", strerror(-r));
                        return;
                }
                if (!streq(path, c->path)) {
                        (void) find_elsewhere(x, l, c, where, sizeof(where));
                        conclude(x, c, CLAIM_MOVED, "is now at %.60s, not %.60s: not claimed%s", path, c->path, where);
                        return;
                }
        }
        if (claim_has_other_serial(x, l, c, c->address, serial)) {
                bool moved = find_elsewhere(x, l, c, where, sizeof(where));

                conclude(x, c, moved ? CLAIM_MOVED : CLAIM_ABSENT,
                         "is another one of its kind, with serial number %s, %s%.40s: not claimed%s", serial,
                         c->serial ? "not " : "which another line means", c->serial ?: "", where);
                return;
        }
        if (claim_has_other_subsystem(x, c, c->address, &card)) {
                bool moved = find_elsewhere(x, l, c, where, sizeof(where));

                conclude(x, c, moved ? CLAIM_MOVED : CLAIM_ABSENT,
                         "is another one of its kind, of the card %04x:%04x, not %04x:%04x: not claimed%s", card.vendor,
                         card.device, c->subsystem.vendor, c->subsystem.device, where);
                return;
        }
        if (claim_guard_refuses(s, x, l, c, class, why, sizeof(why))) {
                conclude(x, c, CLAIM_FAILED, "%s: left to the host", why);
                return;
        }
        c->state = CLAIM_READY;
}

/* The driver that it is to be on. */
static const char *driver_for(const Claim *c)
{
        return c->variant ? c->variant_driver : stub_driver_to_string(c->driver);
}

static void write_override(const ClaimContext *x, Claim *c)
{
        char text[VARIANT_NAME_MAX + 1];
        int r;

        if (c->variant && !*c->variant_driver && !claim_variant_driver(x, c->variant, c->variant_driver))
                (void) snprintf(c->variant_driver, sizeof(c->variant_driver), "%s", variant_driver(c->variant));
        (void) snprintf(text, sizeof(text), "%s\n", driver_for(c));
        r = write_device(x, c->address, "driver_override", text);
        if (r < 0)
                conclude(x, c, CLAIM_FAILED, "driver_override cannot be written (%s): not claimed", strerror(-r));
        else
                c->overridden = true;
}

/* A line feed alone clears it (Linux drivers/base/driver.c, driver_set_override()). */
static void undo_override(const ClaimContext *x, Claim *c)
{
        int r = c->overridden ? write_device(x, c->address, "driver_override", "\n") : 0;

        if (r < 0)
                claim_say(&x->reporter, true,
                          "%s: driver_override cannot be cleared (%s): the device stays without its host driver",
                          c->address, strerror(-r));
        c->overridden = false;
}

/* The override gets the name that the driver of the variant really has. 0; negative errno. */
static int load_variant(const ClaimContext *x, ClaimLoads *loads, Claim *c)
{
        char name[VARIANT_NAME_MAX];
        int r = claim_load_variant(x, loads, c->variant, name);

        if (r < 0 || streq(name, c->variant_driver))
                return r;
        strcpy(c->variant_driver, name);
        write_override(x, c);
        return 0;
}

/* That a variant is not to be had must not give a device to the host: vfio-pci takes it as well. 0; negative errno. */
static int do_without_variant(const ClaimContext *x, ClaimLoads *loads, Claim *c, int error)
{
        const char *stub = stub_driver_to_string(c->driver);

        claim_say(&x->reporter, true, "%s (%s): %s cannot have it (%s), so %s is to", c->address, c->name,
                  c->variant_driver, strerror(-error), stub);
        c->variant = NULL;
        write_override(x, c);
        return c->state == CLAIM_READY ? claim_load_stub(x, loads, c->driver) : -EIO;
}

/* Why a host driver was there before. */
static const char *had_first(const ClaimContext *x)
{
        return x->late ? " (loaded before it came)" : " (built in)";
}

/* drivers_probe says success also when no driver took the device, so only the link counts. 0; negative errno. */
static int let_bind(const ClaimContext *x, const Claim *c)
{
        int r = write_attr(x, "sys/bus/pci/drivers_probe", c->address);

        return r >= 0 && !is_driver(x, c->address, driver_for(c)) ? -ENODEV : r;
}

/*
 * Where a host driver is built in it has bound long before: it is taken off, which is the one case where it did touch
 * the device.
 */
static void bind_stub(const ClaimContext *x, ClaimLoads *loads, Claim *c)
{
        char driver[64] = "";
        bool unbound = false, had;
        int r;

        r = read_driver(x, c->address, driver, sizeof(driver));
        if (r < 0 && r != -ENOENT)
                goto undo;
        had = r >= 0;
        /* when the system runs, what has vfio-pci may be a guest's */
        if (had && (c->variant && !x->late ? streq(driver, c->variant_driver) : stub_driver_holds(c->driver, driver))) {
                conclude(x, c, CLAIM_CLAIMED, "claimed by %s", driver);
                return;
        }
        if (had) {
                r = write_device(x, c->address, "driver/unbind", c->address);
                if (r < 0)
                        goto undo;
                unbound = true;
        }
        r = let_bind(x, c);
        /* one that comes now may be bound after this */
        if (r < 0 && c->variant && (unbound || !x->late)) {
                r = do_without_variant(x, loads, c, r);
                if (r >= 0)
                        r = let_bind(x, c);
        }
        if (r < 0)
                goto undo;
        if (unbound)
                conclude(x, c, CLAIM_CLAIMED, "claimed by %s, taken from %s, which had it first%s", driver_for(c),
                         driver, had_first(x));
        else
                conclude(x, c, CLAIM_CLAIMED, "claimed by %s", driver_for(c));
        return;

undo:
        /* The kernel tells of a device before it lets drivers have it (Linux drivers/pci/bus.c, pci_bus_add_device()):
         * the override, which was there in time, then gives it to the stub driver. */
        if (x->late && r == -ENODEV && !unbound && !*driver) {
                conclude(x, c, CLAIM_WAITING, "kept for %s, which has not taken it yet", driver_for(c));
                return;
        }
        undo_override(x, c);
        /* a built-in driver gets the device back now; udev finds it for a module */
        if (unbound)
                (void) write_attr(x, "sys/bus/pci/drivers_probe", c->address);
        conclude(x, c, CLAIM_FAILED, "%s did not take it (%s): left to the host%s%s", driver_for(c), strerror(-r),
                 *driver ? ", driver now or before: " : "", driver);
}

/*
 * The image has no such module, and the system will: until then the override keeps every other driver away. One that is
 * built in has bound long before; it goes now, while nothing of the system uses the device yet.
 */
static void keep_waiting(const ClaimContext *x, Claim *c)
{
        const char *stub = driver_for(c);
        char driver[64] = "";
        int r = read_driver(x, c->address, driver, sizeof(driver));

        if (r >= 0)
                r = write_device(x, c->address, "driver/unbind", c->address);
        if (r >= 0)
                conclude(x, c, CLAIM_WAITING, "taken from %s, which had it first%s, for %s, which comes later", driver,
                         had_first(x), stub);
        else if (r == -ENOENT && !*driver)
                conclude(x, c, CLAIM_WAITING, "kept from its host driver for %s, which comes later", stub);
        else {
                undo_override(x, c);
                conclude(x, c, CLAIM_FAILED, "cannot be kept for %s (%s): left to the host%s%s", stub, strerror(-r),
                         *driver ? ", driver: " : "", driver);
        }
}

static void bind_or_wait(const ClaimContext *x, ClaimLoads *loads, Claim *c, int loaded)
{
        if (loaded >= 0)
                bind_stub(x, loads, c);
        else if (c->later)
                keep_waiting(x, c);
        else {
                undo_override(x, c);
                conclude(x, c, CLAIM_FAILED, "driver %s cannot be loaded (%s): left to the host", driver_for(c),
                         strerror(-loaded));
        }
}

/* One that is not to be had leaves the device ready for vfio-pci. When the system runs nothing comes later. */
static void bind_variant(const ClaimContext *x, ClaimLoads *loads, Claim *c)
{
        int r = load_variant(x, loads, c);

        if (c->state == CLAIM_READY && r < 0 && (!c->later || x->late))
                (void) do_without_variant(x, loads, c, r);
        else if (c->state == CLAIM_READY)
                bind_or_wait(x, loads, c, r);
}

/* It is the one that is meant, and its override is set. */
static void bind_ready(const ClaimContext *x, ClaimLoads *loads, Claim *c)
{
        if (c->state == CLAIM_READY && c->variant)
                bind_variant(x, loads, c);
        if (c->state == CLAIM_READY)
                bind_or_wait(x, loads, c, claim_load_stub(x, loads, c->driver));
}

/*
 * Before anything is judged by what other lines have. Only where nothing is in use yet: an event of another card must
 * not take one from its driver.
 */
static void follow_all(const ClaimContext *x, ClaimList *l)
{
        bool any = false;

        FOREACH_ARRAY(c, l->claims, x->late ? 0 : l->n_claims)
                any = any || c->follow;
        FOREACH_ARRAY(c, l->claims, any ? l->n_claims : 0)
                c->away = !is_listed_card(x, l, c);
        FOREACH_ARRAY(c, l->claims, l->n_claims)
                if (c->away && claim_follow(x, l, c))
                        claim_say(&x->reporter, false, "%s (%s): has moved to %s, and is followed", c->before, c->name,
                                  c->address);
}

void claim_bind_all(const ClaimContext *x, ClaimList *l)
{
        ClaimSights sights = {};
        ClaimLoads loads = {};

        follow_all(x, l);
        for (size_t i = 0; i < l->n_claims; i++)
                check_identity(&sights, x, l, l->claims + i);
        /* all overrides before the first module: loading one stub may pull in others, which must find the names set */
        for (size_t i = 0; i < l->n_claims; i++)
                if (l->claims[i].state == CLAIM_READY)
                        write_override(x, l->claims + i);
        /* a variant that does not load keeps only those waiting that are to have one */
        FOREACH_ARRAY(c, l->claims, l->n_claims)
                if (!c->variant)
                        bind_ready(x, &loads, c);
        FOREACH_ARRAY(c, l->claims, l->n_claims)
                bind_ready(x, &loads, c);
}

void claim_bind_one(const ClaimContext *x, ClaimList *l, Claim *c)
{
        ClaimSights sights = {};
        ClaimLoads loads = {};

        check_identity(&sights, x, l, c);
        if (c->state == CLAIM_READY)
                write_override(x, c);
        bind_ready(x, &loads, c);
}

/* Has somebody set one, be it ptprep? Linux shows "(null)" where nobody has. */
static bool has_override(const ClaimContext *x, const char *address)
{
        _cleanup_free_ char *text = NULL;
        char path[PATH_MAX];

        device_path(path, address, "driver_override");
        return claim_read_file(x->root_fd, path, 256, &text) > 0 && !startswith(text, "(null)");
}

void claim_keep_all(const ClaimContext *x, ClaimList *l)
{
        ClaimSights sights = {};
        char driver[64];

        FOREACH_ARRAY(c, l->claims, l->n_claims) {
                if (read_driver(x, c->address, driver, sizeof(driver)) != -ENOENT || has_override(x, c->address))
                        continue;
                check_identity(&sights, x, l, c);
                if (c->state == CLAIM_READY)
                        write_override(x, c);
        }
}
