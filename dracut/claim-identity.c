/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-identity.h"

#include <fcntl.h>
#include <limits.h>

#include "claim-file.h"

int claim_read_path(const ClaimContext *x, const char *address, char **ret)
{
        char link[PATH_MAX], target[PATH_MAX];
        ssize_t n;

        (void) snprintf(link, sizeof(link), CLAIM_DEVICES "/%s", address);
        n = readlinkat(x->root_fd, link, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = 0;
        return pci_path_from_sysfs(target, ret);
}

static int read_config(void *userdata, unsigned offset, uint32_t *ret)
{
        const int *fd = userdata;
        uint8_t b[4];
        ssize_t n;

        do
                n = pread(*fd, b, sizeof(b), (off_t) offset);
        while (n < 0 && errno == EINTR);
        if (n < (ssize_t) sizeof(b))
                return n < 0 ? -errno : -EIO;
        *ret = (uint32_t) b[0] | (uint32_t) b[1] << 8 | (uint32_t) b[2] << 16 | (uint32_t) b[3] << 24;
        return 0;
}

/* Returns 0; negative errno. */
static int read_serial(const ClaimContext *x, const char *address, char ret[static PCI_SERIAL_TEXT_MAX])
{
        _cleanup_close_ int fd = -EBADF;
        char path[PATH_MAX];

        (void) snprintf(path, sizeof(path), CLAIM_DEVICES "/%s/config", address);
        fd = openat(x->root_fd, path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : pci_serial_find(read_config, &fd, ret);
}

/* The same function of a card, be its bus another one. */
static bool same_function(const char *a, const char *b)
{
        return strcmp(strrchr(a, '.'), strrchr(b, '.')) == 0;
}

static bool has_id(const ClaimContext *x, const char *address, PciId id)
{
        unsigned vendor, device;

        return claim_read_hex(x->root_fd, address, "vendor", &vendor) >= 0 && vendor == id.vendor &&
               claim_read_hex(x->root_fd, address, "device", &device) >= 0 && device == id.device;
}

static bool shows_serial(const ClaimContext *x, const char *address, const char *serial)
{
        char there[PCI_SERIAL_TEXT_MAX];

        return read_serial(x, address, there) >= 0 && streq(there, serial);
}

/*
 * Does a line mean the card at this address by the number that it shows? Not where the card of that line is in its own
 * place and shows it as well: there are makes whose cards all have one number.
 */
static bool means_by_serial(const ClaimContext *x, const Claim *c, const char *address, const char *serial)
{
        return c->serial && streq(c->serial, serial) && same_function(c->address, address) &&
               has_id(x, address, c->id) &&
               (streq(c->address, address) || !has_id(x, c->address, c->id) || !shows_serial(x, c->address, serial));
}

bool claim_has_other_serial(const ClaimContext *x, const ClaimList *l, const Claim *c, const char *address,
                            char ret[static PCI_SERIAL_TEXT_MAX])
{
        bool numbered = c->serial;

        FOREACH_ARRAY(other, l->claims, l->n_claims)
                numbered = numbered || other->serial;
        if (!numbered || read_serial(x, address, ret) < 0)
                return false;
        if (c->serial)
                return !streq(ret, c->serial);
        FOREACH_ARRAY(other, l->claims, l->n_claims)
                if (other != c && means_by_serial(x, other, address, ret))
                        return true;
        return false;
}

bool claim_is_told_by_driver(const Claim *c)
{
        return c->unseen && !c->serial;
}

bool claim_has_other_subsystem(const ClaimContext *x, const Claim *c, const char *address, PciId *ret)
{
        unsigned vendor, device;

        if (!c->has_subsystem || claim_read_hex(x->root_fd, address, "subsystem_vendor", &vendor) < 0 ||
            claim_read_hex(x->root_fd, address, "subsystem_device", &device) < 0)
                return false;
        *ret = (PciId){ .vendor = (uint16_t) vendor, .device = (uint16_t) device };
        return !pci_id_equal(*ret, c->subsystem);
}

static bool has_gone_to(const ClaimContext *x, const ClaimList *l, const Claim *c, const char *address)
{
        _cleanup_free_ char *path = NULL;
        char serial[PCI_SERIAL_TEXT_MAX];
        PciId card;

        if (!same_function(c->address, address) || !has_id(x, address, c->id) ||
            claim_has_other_subsystem(x, c, address, &card) || claim_has_other_serial(x, l, c, address, serial))
                return false;
        if (c->serial && read_serial(x, address, serial) >= 0) /* and it is no other one */
                return true;
        return !claim_is_told_by_driver(c) && strcmp(c->path, "-") != 0 && claim_read_path(x, address, &path) >= 0 &&
               strcmp(path, c->path) == 0;
}

/* By a line whose card is there, or was followed there. */
static bool is_taken(const ClaimList *l, const char *address)
{
        FOREACH_ARRAY(c, l->claims, l->n_claims)
                if ((!c->away || c->before) && streq(c->address, address))
                        return true;
        return false;
}

bool claim_follow(const ClaimContext *x, const ClaimList *l, Claim *c)
{
        _cleanup_(closedirp) DIR *d = c->follow ? claim_open_directory(x->root_fd, CLAIM_DEVICES) : NULL;
        char found[PCI_ADDR_TEXT_MAX] = "";

        for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
                if (!claim_address_valid(e->d_name) || is_taken(l, e->d_name) || !has_gone_to(x, l, c, e->d_name))
                        continue;
                if (*found) /* two of them: neither is taken for it */
                        return false;
                (void) snprintf(found, sizeof(found), "%.16s", e->d_name);
        }
        if (!*found)
                return false;
        c->before = c->address;
        strcpy(c->followed, found);
        c->address = c->followed;
        c->path = "-";
        return true;
}
