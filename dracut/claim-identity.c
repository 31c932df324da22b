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

/* Of another line that could mean this function: the next one whose serial number is known; NULL: there is no more. */
static const Claim *next_numbered(const ClaimList *l, const Claim *c, const char *address, const Claim *after)
{
        for (const Claim *i = after ? after + 1 : l->claims; i < l->claims + l->n_claims; i++)
                if (i != c && i->serial && pci_id_equal(i->id, c->id) && same_function(i->address, address))
                        return i;
        return NULL;
}

bool claim_has_other_serial(const ClaimContext *x, const ClaimList *l, const Claim *c, const char *address,
                            char ret[static PCI_SERIAL_TEXT_MAX])
{
        const Claim *other = c->serial ? NULL : next_numbered(l, c, address, NULL);

        if ((!c->serial && !other) || read_serial(x, address, ret) < 0)
                return false;
        if (c->serial)
                return strcmp(ret, c->serial) != 0;
        while (other && strcmp(ret, other->serial) != 0)
                other = next_numbered(l, c, address, other);
        return other;
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

static bool has_id(const ClaimContext *x, const char *address, PciId id)
{
        unsigned vendor, device;

        return claim_read_hex(x->root_fd, address, "vendor", &vendor) >= 0 && vendor == id.vendor &&
               claim_read_hex(x->root_fd, address, "device", &device) >= 0 && device == id.device;
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
