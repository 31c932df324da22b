/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-guard.h"

#include <limits.h>

#include "claim-file.h"
#include "ibft.h"
#include "iomem.h"
#include "pciclass.h"

#define IBFT      "sys/firmware/ibft"
#define TABLES    "sys/firmware/acpi/tables"
#define IOMEM     "proc/iomem"
#define CONSOLES  "sys/class/tty/console/active"
#define IOMEM_MAX (1024 * 1024) /* bytes; a machine with thousands of functions has some hundred thousand */

typedef struct Guard {
        ClaimSights *sights;
        const ClaimContext *x;
        const ClaimList *l;
        const Claim *c;
        unsigned class;
        char *reason;
        size_t size;
} Guard;

static bool refuse_root(const Guard *g)
{
        const char *now = g->x->root, *then = g->c->root;
        const bool network = pci_class_is_network(g->class);

        if (!then || !*now || streq(then, now) || !(network ? root_words_remote(now) : pci_class_has_disks(g->class)))
                return false;
        (void) snprintf(g->reason, g->size, "the root is %.80s now, and was %.60s when it was listed", now, then);
        return true;
}

static void add_booted(ClaimSights *s, PciAddr addr)
{
        if (s->n_booted < ELEMENTSOF(s->booted))
                s->booted[s->n_booted++] = addr;
}

/* The kernel's own reading of the table, by a module that is loaded late or never. */
static void look_into_ibft(ClaimSights *s, int root_fd)
{
        _cleanup_(closedirp) DIR *d = claim_open_directory(root_fd, IBFT);

        for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
                char path[PATH_MAX], target[PATH_MAX];
                const char *name;
                PciAddr addr;
                ssize_t n;

                if (strncmp(e->d_name, "ethernet", strlen("ethernet")) != 0)
                        continue;
                (void) snprintf(path, sizeof(path), IBFT "/%.64s/device", e->d_name);
                n = readlinkat(root_fd, path, target, sizeof(target) - 1);
                if (n < 0)
                        continue;
                target[n] = 0;
                name = strrchr(target, '/');
                if (pci_addr_parse(name ? name + 1 : target, &addr) >= 0)
                        add_booted(s, addr);
        }
}

static void look_into_tables(ClaimSights *s, int root_fd)
{
        static const char *const names[] = { IBFT_TABLE_NAMES };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *table = NULL;
                char path[sizeof(TABLES) + 8];
                size_t iterator = 0;
                PciAddr addr;
                ssize_t n;

                (void) snprintf(path, sizeof(path), TABLES "/%s", names[i]);
                n = claim_read_file(root_fd, path, IBFT_MAX, &table);
                while (n >= 0 && ibft_next(table, (size_t) n, &iterator, &addr) > 0)
                        add_booted(s, addr);
        }
}

static bool refuse_network(const Guard *g)
{
        if (!g->sights->looked) {
                g->sights->looked = true;
                look_into_ibft(g->sights, g->x->root_fd);
                look_into_tables(g->sights, g->x->root_fd);
        }
        for (size_t i = 0; i < g->sights->n_booted; i++)
                if (streq(PCI_ADDR_TEXT(g->sights->booted[i]), g->c->address)) {
                        (void) snprintf(g->reason, g->size, "the firmware has booted over iSCSI with it (iBFT)");
                        return true;
                }
        return false;
}

/* The first words of /sys/class/tty/console/active that are no virtual terminals (Linux drivers/tty/tty_io.c). */
static bool only_on_terminals(const Guard *g)
{
        _cleanup_free_ char *text = NULL;
        char *rest;

        if (claim_read_file(g->x->root_fd, CONSOLES, 4096, &text) <= 0)
                return false;
        rest = text;
        for (const char *word = strtok_r(NULL, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
                if (strncmp(word, "tty", 3) != 0 || word[3 + strspn(word + 3, "0123456789")] != 0)
                        return false;
        return true;
}

/* Where the firmware made no framebuffer, what the arbiter of the VGA registers took for its display. */
static bool is_boot_vga(const Guard *g)
{
        unsigned boot = 0;

        return claim_read_hex(g->x->root_fd, g->c->address, "boot_vga", &boot) >= 0 && boot == 1;
}

static bool has_screen(const Guard *g)
{
        _cleanup_free_ char *text = NULL;
        IomemWalk walk = {};
        bool any = false;
        PciAddr addr;

        if (claim_read_file(g->x->root_fd, IOMEM, IOMEM_MAX, &text) < 0)
                return is_boot_vga(g);
        walk.rest = text;
        while (iomem_next_framebuffer(&walk, &addr)) {
                any = true;
                if (streq(PCI_ADDR_TEXT(addr), g->c->address))
                        return true;
        }
        return !any && is_boot_vga(g);
}

/* A display that stays with the host. Before its driver only the class tells what can show something. */
static bool another_display(const Guard *g)
{
        _cleanup_(closedirp) DIR *d = claim_open_directory(g->x->root_fd, CLAIM_DEVICES);

        for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
                unsigned class = 0;

                if (claim_address_valid(e->d_name) && !claim_list_at(g->l, e->d_name) &&
                    claim_read_hex(g->x->root_fd, e->d_name, "class", &class) >= 0 && pci_class_is_vga(class))
                        return true;
        }
        return false;
}

static bool refuse_display(const Guard *g)
{
        if (g->c->display_spared || !pci_class_is_display(g->class) || !only_on_terminals(g) || !has_screen(g) ||
            another_display(g))
                return false;
        (void) snprintf(g->reason, g->size, "the console is on it, and no other display or console is there");
        return true;
}

bool claim_guard_refuses(ClaimSights *s, const ClaimContext *x, const ClaimList *l, const Claim *c, unsigned class,
                         char *ret, size_t size)
{
        static bool (*const guards[_CLAIM_GUARD_MAX])(const Guard *g) = {
                [CLAIM_GUARD_BOOT_DISK] = refuse_root,
                [CLAIM_GUARD_NETWORK] = refuse_network,
                [CLAIM_GUARD_DISPLAY] = refuse_display,
        };
        const Guard g = { s, x, l, c, class, ret, size };

        for (ClaimGuard i = 0; i < _CLAIM_GUARD_MAX; i++)
                if (!(c->allowed & CLAIM_GUARD_BIT(i)) && guards[i](&g))
                        return true;
        return false;
}
