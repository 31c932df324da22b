/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include <ctype.h>

#include "base/array.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "model/iomem.h"
#include "model/names.h"
#include "model/stub.h"
#include "probe/console.h"

/* Which PCI function shows the host's console, and whether there is another one to show it. */

#define NAME_PROC_IOMEM    "/proc/iomem"
#define NAME_SYS_CLASS_DRM "/sys/class/drm"
#define NAME_SYS_CLASS_FB  "/sys/class/graphics"

typedef struct Screen {
        PciFunction *function;
        char shown[24]; /* by what the console is on it: "simpledrm", "card0", "fb0"; empty: it is not */
        unsigned connectors, unplugged;
        bool card;   /* a driver of the direct rendering manager has it */
        bool leaves; /* it is to be claimed, or a guest's driver has it */
} Screen;

typedef struct Displays {
        const Probe *p;
        Facts *f;
        Screen *screens; /* sorted by address */
        size_t n;
        bool unseen; /* who holds the framebuffer of the firmware cannot be told */
} Displays;

static int find_screens(Displays *d)
{
        FOREACH_ARRAY(f, d->f->functions, d->f->n_functions) {
                Screen *s;

                if (!pci_class_is_display(f->class))
                        continue;
                s = array_grow(&d->screens, d->n);
                if (!s)
                        return -ENOMEM;
                *s = (Screen){ .function = f, .leaves = probe_wants(d->p, f->addr) || driver_is_guests(f->driver) };
                d->n++;
        }
        return 0;
}

static Screen *screen_at(const Displays *d, PciAddr addr)
{
        FOREACH_ARRAY(s, d->screens, d->n)
                if (pci_addr_equal(s->function->addr, addr))
                        return s;
        return NULL;
}

/* The first thing that tells it counts: the surest comes first. */
static void shows(Screen *s, const char *name)
{
        if (!s->shown[0])
                (void) snprintf(s->shown, sizeof(s->shown), "%s", name);
}

/* Who is not root reads zeros for all numbers, and the lines all the same. */
static int read_iomem(Displays *d)
{
        _cleanup_free_ char *text = NULL;
        IomemWalk walk = {};
        const char *holder;
        PciAddr addr;
        int r = root_read_text(d->p->rfd, NAME_PROC_IOMEM, &text);

        d->unseen = r < 0;
        if (r < 0)
                return probe_soft(r);
        walk.rest = text;
        while ((holder = iomem_next_framebuffer(&walk, &addr))) {
                Screen *s = screen_at(d, addr);

                if (!s)
                        continue;
                s->shown[0] = 0; /* the driver is named below the kernel's own line */
                shows(s, holder);
                s->function->has_boot_screen = true;
        }
        return 0;
}

/* Cards, and what is plugged into their connectors: "card0", "card0-HDMI-A-1". */
static int read_cards(Displays *d)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(d->p->rfd, NAME_SYS_CLASS_DRM, NULL, &names);

        FOREACH_ARRAY(name, names.items, r >= 0 ? names.n : 0) {
                _cleanup_free_ char *link = path_join(NAME_SYS_CLASS_DRM, *name), *attr = NULL;
                const bool connector = strchr(*name, '-') != NULL;
                char text[32];
                PciAddr addr;
                Screen *s;

                if (!startswith(*name, "card"))
                        continue;
                attr = link ? path_join(link, connector ? "status" : "boot_display") : NULL;
                r = attr ? entry_function(d->p->rfd, link, &addr) : -ENOMEM;
                if (r == -ENOMEM)
                        return r;
                s = r >= 0 ? screen_at(d, addr) : NULL;
                if (!s)
                        continue;
                s->card = true;
                s->connectors += connector;
                if (root_read_attr(d->p->rfd, attr, text, sizeof(text)) < 0)
                        continue;
                s->unplugged += connector && streq(text, "disconnected");
                if (!connector && streq(text, "1")) { /* Linux drivers/gpu/drm/drm_sysfs.c */
                        shows(s, *name);
                        s->function->has_boot_screen = true;
                }
        }
        return probe_soft(r);
}

/* The first framebuffer is the one that the text console takes (Linux drivers/video/fbdev/core/fbcon.c). */
static int read_framebuffer(Displays *d)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(d->p->rfd, NAME_SYS_CLASS_FB, NULL, &names);

        FOREACH_ARRAY(name, names.items, r >= 0 ? names.n : 0) {
                _cleanup_free_ char *link = path_join(NAME_SYS_CLASS_FB, *name), *device = NULL;
                PciAddr addr;
                Screen *s;

                if (!startswith(*name, "fb") || !isdigit((unsigned char) (*name)[2]))
                        continue;
                device = link ? path_join(link, "device") : NULL;
                r = device ? entry_function(d->p->rfd, link, &addr) : -ENOMEM;
                if (r < 0 && r != -ENOMEM)
                        r = entry_function(d->p->rfd, device, &addr);
                if (r < 0)
                        return probe_soft(r);
                s = screen_at(d, addr);
                if (s)
                        shows(s, *name);
                return 0;
        }
        return probe_soft(r);
}

/*
 * What the arbiter of the VGA registers took for the one that the firmware used: a guess where there is no framebuffer
 * (Linux drivers/pci/vgaarb.c), and only told of class 0300. So it counts where nothing surer does.
 */
static int read_boot_vga(Displays *d)
{
        FOREACH_ARRAY(s, d->screens, d->n)
                if (s->shown[0])
                        return 0;
        FOREACH_ARRAY(s, d->screens, d->n) {
                _cleanup_free_ char *attr = NULL;
                char text[8];

                if (string_printf(&attr, NAME_SYS_PCI_DEVICES "/%s/boot_vga", PCI_ADDR_TEXT(s->function->addr)) < 0)
                        return -ENOMEM;
                if (root_read_attr(d->p->rfd, attr, text, sizeof(text)) >= 0 && streq(text, "1"))
                        shows(s, "boot VGA");
        }
        return 0;
}

/* Can something be seen on it? A card for computing has no connectors; without its driver only the class can tell. */
static bool can_show(const Screen *s)
{
        return s->shown[0] || (s->card ? s->connectors > 0 : pci_class_is_vga(s->function->class));
}

static bool is_only(const Displays *d, const Screen *screen)
{
        FOREACH_ARRAY(s, d->screens, d->n)
                if (s != screen && !s->leaves && can_show(s))
                        return false;
        return true;
}

static int tell_unseen(const Displays *d, const Screen *s)
{
        HostUnknown u = { .kind = HOST_USE_DISPLAY,
                          .one = true,
                          .addr = s->function->addr,
                          .cure_kind = d->f->is_root ? CURE_PERSON : CURE_ROOT,
                          .cure = d->f->is_root ? "see why it cannot be read: is all of /proc mounted?" : NULL,
                          .what = strdup(NAME_PROC_IOMEM ", which tells where the framebuffer of the firmware is, "
                                                         "cannot be read, and it is the only display") };

        return u.what ? host_unknown_add(&d->f->host, &u) : -ENOMEM;
}

static int tell_shown(const Displays *d, const Screen *s, bool needed)
{
        _cleanup_(string_list_done) StringList chain = {};
        int r = string_list_add(&chain, "console tty0");

        if (r >= 0)
                r = string_list_add(&chain, s->shown);
        if (r < 0)
                return r;
        if (needed)
                return host_use_add(&d->f->host, HOST_USE_DISPLAY, s->function->addr, "the host's only display",
                                    &chain);
        return host_use_add_spared(&d->f->host, HOST_USE_DISPLAY, s->function->addr,
                                   "the display that the console is on, which goes dark when it is claimed", &chain);
}

/*
 * The host lives on a display that shows its console, where nothing else does: no other display, and no serial console.
 * Not on one with nothing plugged in, nor where the console is only serial, or nowhere: nobody looks there.
 */
static int judge_screens(const Displays *d)
{
        _cleanup_(string_list_done) StringList names = {};
        bool terminal = false, seen = false;
        int elsewhere, r = console_list(d->p->rfd, d->f, &names);

        if (r < 0)
                return r;
        elsewhere = console_elsewhere(d->p, &names);
        if (elsewhere < 0)
                return elsewhere;
        FOREACH_ARRAY(name, names.items, names.n)
                terminal |= console_is_terminal(*name);
        FOREACH_ARRAY(s, d->screens, d->n)
                seen |= s->shown[0] != 0;
        FOREACH_ARRAY(s, d->screens, d->n) {
                const bool only = terminal && elsewhere == 0 && is_only(d, s);

                if (driver_is_guests(s->function->driver))
                        continue;
                if (s->shown[0])
                        r = tell_shown(d, s, only && !(s->connectors > 0 && s->unplugged == s->connectors));
                else if (only && !seen && d->unseen)
                        r = tell_unseen(d, s);
                if (r < 0)
                        return r;
        }
        return 0;
}

int probe_display(const Probe *p, Facts *f)
{
        static int (*const readers[])(Displays * d) = { read_iomem, read_cards, read_framebuffer, read_boot_vga };
        Displays d = { .p = p, .f = f };
        int r;

        if (!probe_asks_for_uses(p))
                return 0;
        f->host.looked[HOST_USE_DISPLAY] = true;
        r = find_screens(&d);
        if (d.n > 0)
                FOREACH_ARRAY(read, readers, ELEMENTSOF(readers))
                        if (r >= 0)
                                r = (*read)(&d);
        if (r >= 0 && d.n > 0)
                r = judge_screens(&d);
        free(d.screens);
        return r;
}
