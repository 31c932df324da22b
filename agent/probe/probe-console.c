/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/io.h"
#include "base/text.h"
#include "probe/console.h"
#include "probe/net-use.h"

/* What consoles other than the display are on: serial cards, Intel's Serial over LAN, consoles of a hypervisor, and the
 * interface that netconsole sends by. */

#define NAME_VIRTIO_CONSOLES "/sys/bus/virtio/drivers/virtio_console"
#define NAME_NETCONSOLES     "/sys/kernel/config/netconsole"

/* A console of virtio is on no device (Linux drivers/tty/hvc/hvc_console.c registers it without one): it may be that of
 * any function with this driver. */
static int use_virtio(HostWalk *w, const WalkLink *link)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(w->rfd, NAME_VIRTIO_CONSOLES, NULL, &names);

        FOREACH_ARRAY(name, names.items, r >= 0 ? names.n : 0) {
                _cleanup_free_ char *entry = path_join(NAME_VIRTIO_CONSOLES, *name);

                r = entry ? walk_entry(w, link, entry) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return probe_soft(r);
}

static int use_console(HostWalk *w, const char *name)
{
        _cleanup_free_ char *place = NULL, *note = NULL;
        WalkLink link = {};
        int r;

        if (console_is_terminal(name) || console_is_null(name))
                return 0;
        if (string_printf(&note, "console %s", name) < 0)
                return -ENOMEM;
        link.name = note;
        w->what = "a console of the host";
        if (startswith(name, "hvc"))
                return use_virtio(w, &link);
        r = console_place(w->rfd, name, &place);
        if (r >= 0)
                r = walk_functions(w, &link, place);
        return probe_soft(r);
}

static int use_interface(HostWalk *w, const char *name)
{
        static const WalkLink link = { .name = "netconsole" };
        int r;

        if (*name == 0 || strchr(name, '/'))
                return 0;
        w->what = "the network console";
        r = net_use_interface(w, name, &link);
        return r < 0 ? r : 0;
}

/* netconsole=[+][r][PORT]@[ADDRESS]/[INTERFACE],... (Linux Documentation/networking/netconsole.rst); eth0 without one.
 */
static int use_argument(HostWalk *w, const char *argument)
{
        const char *slash = strchr(argument, '/');
        size_t n = slash ? strcspn(slash + 1, ",;\"") : 0;
        _cleanup_free_ char *name = n > 0 ? strndup(slash + 1, n) : strdup("eth0");

        return name ? use_interface(w, name) : -ENOMEM;
}

/* Those that were set up while the system ran are in configfs, and from Linux 6.7 on those of the argument too. */
static int use_targets(HostWalk *w)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(w->rfd, NAME_NETCONSOLES, NULL, &names);

        FOREACH_ARRAY(name, names.items, r >= 0 ? names.n : 0) {
                _cleanup_free_ char *enabled = NULL, *interface = NULL;
                char text[64];

                if (string_printf(&enabled, NAME_NETCONSOLES "/%s/enabled", *name) < 0 ||
                    string_printf(&interface, NAME_NETCONSOLES "/%s/dev_name", *name) < 0)
                        return -ENOMEM;
                if (root_read_attr(w->rfd, enabled, text, sizeof(text)) < 0 || !streq(text, "1") ||
                    root_read_attr(w->rfd, interface, text, sizeof(text)) < 0)
                        continue;
                r = use_interface(w, text);
                if (r < 0)
                        return r;
        }
        return probe_soft(r);
}

int probe_console(const Probe *p, Facts *f)
{
        HostWalk w = { .rfd = p->rfd, .f = f, .kind = HOST_USE_CONSOLE };
        _cleanup_(string_list_done) StringList names = {};
        const char *argument;
        size_t from = 0;
        int r;

        if (!probe_asks_for_uses(p))
                return 0;
        f->host.looked[HOST_USE_CONSOLE] = true;
        r = console_list(p->rfd, f, &names);
        for (size_t i = 0; r >= 0 && i < names.n; i++)
                r = use_console(&w, names.items[i]);
        while (r >= 0 && (argument = kargs_next(&f->cmdline, "netconsole", &from)))
                r = use_argument(&w, argument);
        return r >= 0 ? use_targets(&w) : r;
}
