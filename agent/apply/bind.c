/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/bind.h"

#include "base/array.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "claim-bind.h"
#include "claim-modprobe.h"
#include "model/names.h"

void rebind_done(Rebind *r)
{
        free(r->before);
        free(r->after);
        free(r->override);
        free(r->failure);
        *r = (Rebind){};
}

/* What the binding has to say is in the reason of each claim as well. */
static void be_silent(void *userdata, bool failure, const char *text)
{
        (void) userdata;
        (void) failure;
        (void) text;
}

/* Owned by the caller, NULL when memory is short. */
static char *device_path(PciAddr addr, const char *attribute)
{
        char *path;

        string_printf(&path, NAME_SYS_PCI_DEVICES "/%s/%s", PCI_ADDR_TEXT(addr), attribute);
        return path;
}

static int read_driver(int rfd, PciAddr addr, char **ret)
{
        _cleanup_free_ char *path = device_path(addr, "driver"), *target = NULL;
        int r = path ? root_readlink(rfd, path, &target) : -ENOMEM;

        if (r == -ENOENT) {
                free(*ret);
                *ret = NULL;
                return 0;
        }
        return r < 0 ? r : string_replace(ret, strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
}

static int write_device(int rfd, PciAddr addr, const char *attribute, const char *text)
{
        _cleanup_free_ char *path = device_path(addr, attribute);

        return path ? root_write_attr(rfd, path, text) : -ENOMEM;
}

static int read_device(int rfd, PciAddr addr, const char *attribute, char *buf, size_t size)
{
        _cleanup_free_ char *path = device_path(addr, attribute);

        return path ? root_read_attr(rfd, path, buf, size) : -ENOMEM;
}

/* The kernel's own choice, as after a boot. drivers_probe says nothing of what came of it. */
static int probe(int rfd, PciAddr addr)
{
        return root_write_attr(rfd, "/sys/bus/pci/drivers_probe", PCI_ADDR_TEXT(addr));
}

static int fail(Rebind *r, const char *what, int error)
{
        if (!r->failure && string_printf(&r->failure, "%s: %s", what, strerror(-error)) < 0)
                return -ENOMEM;
        return -EIO;
}

/* What somebody has set for it before, such as driverctl(8); NULL: nothing. */
static int read_override(int rfd, PciAddr addr, char **ret)
{
        char text[64];
        int r = read_device(rfd, addr, "driver_override", text, sizeof(text));

        return r < 0 || streq(text, "(null)") ? r : string_replace(ret, text);
}

/* A line feed alone clears it (Linux drivers/base/driver.c, driver_set_override()). */
static int write_override(int rfd, PciAddr addr, const char *driver)
{
        _cleanup_free_ char *line = NULL;

        if (string_printf(&line, "%s\n", driver ?: "") < 0)
                return -ENOMEM;
        return write_device(rfd, addr, "driver_override", line);
}

static int unbind(int rfd, PciAddr addr)
{
        int r = write_device(rfd, addr, "driver/unbind", PCI_ADDR_TEXT(addr));

        return r == -ENOENT ? 0 : r; /* it is on none */
}

/* Back to the driver that it had, for which the kernel's choice may be another one. */
static int put_back(int rfd, const Rebind *item)
{
        _cleanup_free_ char *path = NULL;
        int r = write_override(rfd, item->addr, item->override);

        if (r >= 0 && streq_null(item->before, item->after))
                return 0;
        if (r >= 0)
                r = unbind(rfd, item->addr);
        if (r >= 0 && item->before) {
                if (string_printf(&path, "/sys/bus/pci/drivers/%s/bind", item->before) < 0)
                        return -ENOMEM;
                r = root_write_attr(rfd, path, PCI_ADDR_TEXT(item->addr));
        }
        return r;
}

int bind_put_back(int rfd, Rebind *items, size_t n)
{
        bool left = false;

        for (size_t i = 0; i < n; i++) {
                int e, r = read_driver(rfd, items[i].addr, &items[i].after);

                if (r >= 0)
                        r = put_back(rfd, items + i);
                e = read_driver(rfd, items[i].addr, &items[i].after);
                if (r == -ENOMEM || e == -ENOMEM)
                        return -ENOMEM;
                items[i].unread = e < 0;
                items[i].left = r < 0 || e < 0 || !streq_null(items[i].before, items[i].after);
                left = left || items[i].left;
        }
        return left ? -EIO : 0;
}

/* The same steps as in the initramfs, by the same code. @claims: one for each item. */
static int claim_all(int rfd, Rebind *items, Claim *claims, size_t n)
{
        const ClaimContext context = { .root_fd = rfd, .reporter = { be_silent, NULL }, .load_module = claim_modprobe };
        ClaimList list = { .claims = claims, .n_claims = n };
        bool failed = false;

        claim_bind_all(&context, &list);
        for (size_t i = 0; i < n; i++) {
                int r = read_driver(rfd, items[i].addr, &items[i].after);
                bool done;

                if (r == -ENOMEM)
                        return r;
                if (r < 0 && fail(items + i, "what driver it is on now cannot be read", r) == -ENOMEM)
                        return -ENOMEM;
                done = claims[i].state == CLAIM_CLAIMED || claims[i].state == CLAIM_WAITING;
                failed |= r < 0 || !done;
                if (done)
                        continue;
                if (string_replace(&items[i].failure, claims[i].reason) < 0)
                        return -ENOMEM;
        }
        return failed ? -EIO : 0;
}

/* What it is to be put back to. Nothing has been changed when one cannot be read. */
static int read_before(int rfd, Rebind *item)
{
        int r = read_driver(rfd, item->addr, &item->before);

        if (r >= 0)
                r = read_override(rfd, item->addr, &item->override);
        return r < 0 && r != -ENOMEM ? fail(item, "cannot be read", r) : r;
}

int bind_claim(int rfd, Rebind *items, size_t n)
{
        _cleanup_free_ Claim *claims = calloc(n, sizeof(*claims));
        _cleanup_free_ char(*addresses)[PCI_ADDR_TEXT_MAX] = calloc(n, sizeof(*addresses));
        int r = claims && addresses ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < n; i++) {
                r = read_before(rfd, items + i);
                claims[i] = (Claim){ .address = pci_addr_format(items[i].addr, addresses[i]),
                                     .path = "-",
                                     .name = addresses[i],
                                     .id = items[i].id,
                                     .driver = items[i].driver,
                                     .variant = items[i].variant,
                                     .later = items[i].may_wait };
        }
        if (r >= 0) {
                r = claim_all(rfd, items, claims, n);
                if (r == -EIO && bind_put_back(rfd, items, n) == -ENOMEM)
                        r = -ENOMEM;
        }
        return r;
}

/* A module that nobody has loaded yet: after a boot udev would do that. */
static int load_driver(int rfd, const Rebind *item)
{
        char alias[128];
        int r = read_device(rfd, item->addr, "modalias", alias, sizeof(alias));

        if (r >= 0)
                (void) claim_modprobe(alias); /* there may be no module for it */
        return r;
}

/* Without an override its id counts, and whoever has listed that (Linux drivers/pci/pci-driver.c, pci_match_device()).
 */
static int fail_taken_again(Rebind *item)
{
        return string_printf(
                       &item->failure,
                       "%s has taken it again, for its id is in the list of that driver: see ids= in modprobe.d and "
                       "in /proc/cmdline, and new_id",
                       item->after) < 0
                       ? -ENOMEM
                       : -EIO;
}

static int release(int rfd, Rebind *item)
{
        int r = write_override(rfd, item->addr, NULL);

        if (r < 0)
                return fail(item, "driver_override cannot be cleared", r);
        r = unbind(rfd, item->addr);
        if (r < 0)
                return fail(item, "it cannot be taken off its driver", r);
        r = probe(rfd, item->addr);
        if (r >= 0)
                r = read_driver(rfd, item->addr, &item->after);
        if (r >= 0 && !item->after) {
                r = load_driver(rfd, item);
                if (r >= 0)
                        r = probe(rfd, item->addr);
                if (r >= 0)
                        r = read_driver(rfd, item->addr, &item->after);
        }
        if (r < 0)
                return fail(item, "no driver could be looked for", r);
        return driver_is_guests(item->after) ? fail_taken_again(item) : 0;
}

int bind_release(int rfd, Rebind *items, size_t n)
{
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = read_before(rfd, items + i);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n && r >= 0; i++)
                r = release(rfd, items + i);
        return r == -EIO && bind_put_back(rfd, items, n) == -ENOMEM ? -ENOMEM : r;
}
