/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/host-walk.h"

#include <stdarg.h>

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

bool walk_passed(const WalkLink *link, const char *name)
{
        for (; link; link = link->above)
                if (streq(link->name, name))
                        return true;
        return false;
}

/* From what is used down to here. */
static int add_chain(StringList *l, const WalkLink *link)
{
        int r = link->above ? add_chain(l, link->above) : 0;

        return r < 0 ? r : string_list_add(l, link->name);
}

static int add_function(HostWalk *w, const WalkLink *link, PciAddr addr)
{
        _cleanup_(string_list_done) StringList chain = {};
        int r = add_chain(&chain, link);

        if (r < 0)
                return r;
        return w->spared ? host_use_add_spared(&w->f->host, w->kind, addr, w->what, &chain)
                         : host_use_add(&w->f->host, w->kind, addr, w->what, &chain);
}

/* A virtual function goes with the physical one. */
static int add_with_physical(HostWalk *w, const WalkLink *link, PciAddr addr)
{
        const WalkLink here = { link, PCI_ADDR_TEXT(addr) };
        _cleanup_free_ char *attr = NULL, *target = NULL;
        const char *slash;
        PciAddr physical;
        int r = add_function(w, link, addr);

        if (r < 0)
                return r;
        if (string_printf(&attr, NAME_SYS_PCI_DEVICES "/%s/physfn", here.name) < 0)
                return -ENOMEM;
        r = root_readlink(w->rfd, attr, &target);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        slash = strrchr(target, '/');
        return slash && pci_addr_parse(slash + 1, &physical) >= 0 ? add_function(w, &here, physical) : 0;
}

/* A full address, with domain, as a whole path component. The name of a host bridge (pci0000:00) is none. */
static bool component_address(const char *s, size_t length, PciAddr *ret)
{
        char text[PCI_ADDR_TEXT_MAX];

        if (length >= sizeof(text))
                return false;
        memcpy(text, s, length);
        text[length] = 0;
        return strchr(text, ':') != strrchr(text, ':') && pci_addr_parse(text, ret) >= 0;
}

int place_function(const char *path, PciAddr *ret)
{
        bool found = false;

        for (const char *s = path; *s != 0;) {
                size_t length = strcspn(s, "/");

                found |= component_address(s, length, ret);
                s += length;
                s += strspn(s, "/");
        }
        return found ? 0 : -ENOENT;
}

int entry_function(int rfd, const char *path, PciAddr *ret)
{
        _cleanup_free_ char *target = NULL;
        int r = root_readlink(rfd, path, &target);

        return r < 0 ? r : place_function(target, ret);
}

int walk_functions(HostWalk *w, const WalkLink *link, const char *path)
{
        PciAddr addr, last = {};
        bool found = false;
        int r;

        for (const char *s = path; *s != 0;) {
                size_t length = strcspn(s, "/");

                if (component_address(s, length, &addr)) {
                        const PciFunction *above = found ? facts_function(w->f, last) : NULL;

                        r = above && !pci_is_bridge(above) ? add_function(w, link, last) : 0;
                        if (r < 0)
                                return r;
                        last = addr;
                        found = true;
                }
                s += length;
                s += strspn(s, "/");
        }
        if (!found)
                return 0;
        r = add_with_physical(w, link, last);
        return r < 0 ? r : 1;
}

int walk_entry(HostWalk *w, const WalkLink *link, const char *path)
{
        _cleanup_free_ char *target = NULL;
        int r = root_readlink(w->rfd, path, &target);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        return walk_functions(w, link, target);
}

static void print_chain(FILE *out, const WalkLink *link)
{
        if (link->above) {
                print_chain(out, link->above);
                fputs(" on ", out);
        }
        fputs(link->name, out);
}

int walk_unknown(HostWalk *w, const WalkLink *link, const WalkCure *cure, const char *format, ...)
{
        HostUnknown u = { .kind = w->kind, .remote = cure->remote, .cure_kind = cure->kind, .cure = cure->text };
        size_t size;
        FILE *out = open_memstream(&u.what, &size);
        va_list ap;

        if (!out)
                return -ENOMEM;
        if (link) {
                print_chain(out, link);
                fputs(", ", out);
        }
        va_start(ap, format);
        vfprintf(out, format, ap);
        va_end(ap);
        if (fclose(out) != 0) {
                free(u.what);
                return -ENOMEM;
        }
        return host_unknown_add(&w->f->host, &u);
}

int walk_unreadable(HostWalk *w, const WalkLink *link, const char *path, int error)
{
        static const WalkCure root = { .kind = CURE_ROOT };
        static const WalkCure other = { CURE_PERSON, "see why it cannot be read: is all of /sys and /proc mounted?",
                                        false };
        bool refused = (error == -EACCES || error == -EPERM) && !w->f->is_root;

        return walk_unknown(w, link, refused ? &root : &other, "%s%s cannot be read: %s", link ? "and " : "", path,
                            strerror(-error));
}
