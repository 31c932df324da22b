/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fnmatch.h>

#include "base/io.h"
#include "base/text.h"
#include "grub/format/bls.h"
#include "grub/format/efivars.h"
#include "grub/format/rescue.h"
#include "grub/format/uki.h"
#include "grub/loader/kernel-install.h"
#include "grub/loader/systemd-boot.h"
#include "model/names.h"

#define TYPE1_DIR   "loader/entries"
#define UKI_DIR     "EFI/Linux"
#define ADDON_DIR   "loader/addons"
#define PROGRAM_DIR "EFI/systemd"
#define ENTRY_MAX   (1024U * 1024)

/* Where a partition of the boot loader is mounted. */
typedef struct BootRoot {
        const char *path;
        dev_t device;
        ino_t inode;
        bool program;      /* systemd-boot is on it */
        bool unreadable;   /* not without being root */
        StringList addons; /* paths of addons for every image; on the EFI system partition */
} BootRoot;

typedef struct Reader {
        int rfd;
        Loader *loader;
        BootRoot roots[3];
        size_t n_roots;
        Tristate secure_boot;
        KernelLayout layout;
        char *chosen; /* pattern of the default entry's id, NULL: the first of the menu */
        struct {      /* the first of the menu so far */
                size_t index;
                char *sort_key, *version;
                bool exhausted, set;
        } first;
} Reader;

static void reader_done(Reader *r)
{
        FOREACH_ARRAY(root, r->roots, r->n_roots)
                string_list_done(&root->addons);
        free(r->chosen);
        free(r->first.sort_key);
        free(r->first.version);
}

/* The same partition can be reached by two of the names: /efi may be a link to /boot/efi. */
static int find_roots(Reader *r)
{
        static const char *const candidates[] = { "/efi", "/boot", "/boot/efi" };

        FOREACH_ARRAY(c, candidates, ELEMENTSOF(candidates)) {
                _cleanup_(string_list_done) StringList names = {};
                BootRoot *root = r->roots + r->n_roots;
                _cleanup_free_ char *folder = path_join(*c, PROGRAM_DIR);
                bool seen = false;
                struct stat st;
                int e;

                if (!folder)
                        return -ENOMEM;
                if (root_stat(r->rfd, *c, &st) < 0)
                        continue;
                FOREACH_ARRAY(other, r->roots, r->n_roots)
                        seen |= other->device == st.st_dev && other->inode == st.st_ino;
                if (seen)
                        continue;
                *root = (BootRoot){ .path = *c, .device = st.st_dev, .inode = st.st_ino };
                r->n_roots++;
                e = root_list(r->rfd, folder, ".efi", &names);
                if (e == -ENOMEM)
                        return e;
                root->unreadable = e == -EACCES || e == -EPERM;
                FOREACH_ARRAY(name, names.items, names.n)
                        root->program |= startswith(*name, "systemd-boot") != NULL;
        }
        return 0;
}

/* Adds a file to the sources where it is there and is text. 1: it is; 0: it is not; -ENOMEM. */
static int read_source(int rfd, Loader *l, const char *path)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = root_read_file(rfd, path, ENTRY_MAX, &text, &size);

        if (r == -ENOMEM)
                return r;
        if (r < 0 || strlen(text) != size)
                return 0;
        r = loader_add_file(l, path, &text, size);
        return r < 0 ? r : 1;
}

char *boot_entry_id(const char *name, bool *ret_exhausted)
{
        const char *dot = strrchr(name, '.'), *plus = strrchr(name, '+'), *digits;
        char *id;

        *ret_exhausted = false;
        if (!plus || !dot || plus > dot || plus == name)
                return strdup(name);
        digits = plus + 1;
        digits += strspn(digits, "0123456789");
        if (digits == plus + 1)
                return strdup(name);
        if (*digits == '-' && digits[1] != '.')
                digits += 1 + strspn(digits + 1, "0123456789");
        if (digits != dot)
                return strdup(name);
        *ret_exhausted = strspn(plus + 1, "0") == strspn(plus + 1, "0123456789");
        return string_printf(&id, "%.*s%s", (int) (plus - name), name, dot) < 0 ? NULL : id;
}

/* boot.c, boot_entry_compare(): machine ids are left out, one machine has one. */
static bool comes_before_first(const Reader *r, const BootEntry *e, const char *sort_key, bool exhausted)
{
        const char *first_key = r->first.sort_key;
        int c;

        if (!r->first.set || exhausted != r->first.exhausted)
                return !r->first.set || r->first.exhausted;
        if (!sort_key != !first_key)
                return sort_key;
        if (sort_key) {
                c = strcmp(sort_key, first_key);
                if (c == 0)
                        c = bls_compare(r->first.version ?: "", e->version ?: "");
                if (c != 0)
                        return c < 0;
        }
        return bls_compare(r->loader->entries[r->first.index].id, e->id) < 0;
}

static int note_first(Reader *r, const BootEntry *e, const char *sort_key, bool exhausted)
{
        if (!comes_before_first(r, e, sort_key, exhausted))
                return 0;
        free(r->first.sort_key);
        free(r->first.version);
        r->first.index = (size_t) (e - r->loader->entries);
        r->first.exhausted = exhausted;
        r->first.set = true;
        r->first.sort_key = sort_key ? strdup(sort_key) : NULL;
        r->first.version = e->version ? strdup(e->version) : NULL;
        return (!r->first.sort_key && sort_key) || (!r->first.version && e->version) ? -ENOMEM : 0;
}

/* Words of an addon stand behind those of the image. Under Secure Boot one without a signature is not loaded. */
static int add_addon(const Reader *r, const char *path, Kargs *arguments)
{
        _cleanup_(uki_done) Uki addon = {};
        _cleanup_(kargs_done) Kargs more = {};
        int e = uki_read_path(r->rfd, path, &addon);

        if (e == -ENOMEM)
                return e;
        if (e < 0 || addon.kernel || (r->secure_boot == TRISTATE_YES && !addon.has_signature))
                return 0;
        e = kargs_parse(addon.profiles[0].cmdline ?: "", &more);
        for (size_t i = 0; e >= 0 && i < more.words.n; i++)
                e = string_list_add(&arguments->words, more.words.items[i]);
        return e;
}

static int list_addons(int rfd, const char *folder, StringList *ret)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, folder, ".addon.efi", &names);

        for (size_t i = 0; r >= 0 && i < names.n; i++)
                r = string_list_addf(ret, "%s/%s", folder, names.items[i]);
        return r == -ENOMEM ? r : 0;
}

/* All that the stub appends to what the image itself says. */
static int add_addons(const Reader *r, const char *image, Kargs *arguments)
{
        _cleanup_(string_list_done) StringList own = {};
        _cleanup_free_ char *folder = NULL;
        int e;

        if (string_printf(&folder, "%s.extra.d", image) < 0)
                return -ENOMEM;
        e = list_addons(r->rfd, folder, &own);
        FOREACH_ARRAY(root, r->roots, r->n_roots)
                for (size_t i = 0; e >= 0 && i < root->addons.n; i++)
                        e = add_addon(r, root->addons.items[i], arguments);
        for (size_t i = 0; e >= 0 && i < own.n; i++)
                e = add_addon(r, own.items[i], arguments);
        return e;
}

/* A kernel that kernel-install can be given for a release. *ret stays NULL: there is none. */
static int find_kernel(int rfd, const char *release, char **ret)
{
        static const char *const places[] = { "/usr/lib/modules/%s/vmlinuz", "/lib/modules/%s/vmlinuz",
                                              "/boot/vmlinuz-%s" };

        for (size_t i = ELEMENTSOF(places); i-- > 0;) {
                const char *mark = strchr(places[i], '%');
                _cleanup_free_ char *path = NULL;
                struct stat st;

                if (string_printf(&path, "%.*s%s%s", (int) (mark - places[i]), places[i], release, mark + 2) < 0)
                        return -ENOMEM;
                if (root_stat(rfd, path, &st) >= 0 && S_ISREG(st.st_mode)) {
                        *ret = TAKE_PTR(path);
                        return 0;
                }
        }
        return 0;
}

/* Is this an image that kernel-install made, and can make again? Its name is TOKEN-RELEASE.efi (90-uki-copy.install).
 */
static int find_source(const Reader *r, BootEntry *e)
{
        _cleanup_free_ char *tail = NULL;
        const char *end;

        if (r->layout != KERNEL_LAYOUT_UKI || !e->version)
                return 0;
        if (string_printf(&tail, "-%s.efi", e->version) < 0)
                return -ENOMEM;
        end = strstr(e->id, tail);
        if (!end || end == e->id)
                return 0;
        return find_kernel(r->rfd, e->version, &e->source);
}

static int note_obstacle(const Reader *r, BootEntry *e)
{
        if (!e->embedded || e->source)
                return 0;
        if (string_printf(
                    &e->obstacle,
                    "%s has its kernel command line built in%s, and kernel-install does not make it here (that takes "
                    "layout=uki in /etc/kernel/install.conf, ukify, and a kernel in /lib/modules)",
                    e->kernel,
                    r->secure_boot == TRISTATE_YES ? ", which under Secure Boot no boot loader option replaces" : "") <
            0)
                return -ENOMEM;
        return 0;
}

/* One menu entry of an image. @name: of the file. @path: of it. */
static int add_profile(Reader *r, const char *name, const char *path, const Uki *u, size_t i)
{
        Loader *l = r->loader;
        const UkiProfile *p = u->profiles + i;
        BootEntry *e = array_grow(&l->entries, l->n_entries);
        _cleanup_free_ char *id = NULL;
        bool exhausted;
        int k;

        if (!e)
                return -ENOMEM;
        l->n_entries++;
        id = boot_entry_id(name, &exhausted);
        if (!id)
                return -ENOMEM;
        if (string_printf(&e->id, "%s%s%s", id, i > 0 ? "@" : "", i > 0 ? p->id ?: "" : "") < 0)
                return -ENOMEM;
        e->title = strdup(p->title ?: u->name ?: id);
        e->kernel = strdup(path);
        e->file = strdup(path);
        e->image = strdup(path);
        e->version = u->release ? strdup(u->release) : NULL;
        if (!e->title || !e->kernel || !e->file || !e->image || (u->release && !e->version))
                return -ENOMEM;
        e->image_offset = p->initrd.offset;
        e->image_size = p->initrd.size;
        e->embedded = true;
        k = kargs_parse(p->cmdline ?: "", &e->arguments);
        if (k >= 0)
                k = add_addons(r, path, &e->arguments);
        if (k >= 0)
                k = find_source(r, e);
        if (k < 0)
                return k;
        e->rescue = entry_is_rescue(NULL, e->title, e->kernel, &e->arguments);
        k = note_obstacle(r, e);
        return k < 0 ? k : note_first(r, e, NULL, exhausted);
}

static int read_images(Reader *r, const BootRoot *root)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *folder = path_join(root->path, UKI_DIR);
        int k = folder ? root_list(r->rfd, folder, NULL, &names) : -ENOMEM;

        if (k < 0)
                return k == -ENOENT || k == -ENOTDIR ? 0 : k;
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_(uki_done) Uki u = {};
                _cleanup_free_ char *path = NULL;
                size_t n = strlen(*name);

                if (n < 4 || strcasecmp(*name + n - 4, ".efi") != 0)
                        continue;
                path = path_join(folder, *name);
                if (!path)
                        return -ENOMEM;
                k = uki_read_path(r->rfd, path, &u);
                if (k == -EACCES || k == -ENOMEM)
                        return k;
                for (size_t i = 0; k >= 0 && u.kernel && i < u.n_profiles; i++) {
                        int e = add_profile(r, *name, path, &u, i);

                        if (e < 0)
                                return e;
                }
        }
        return 0;
}

/*
 * What a type 1 entry starts. Returns 1: Linux; 0: another program, or a file that is not there.
 * @u: set where it is a unified kernel image.
 */
static int type1_kernel(const Reader *r, const BootRoot *root, const BlsEntry *entry, const Kargs *arguments, Uki *u,
                        char **ret_path)
{
        static const char *const keys[] = { "linux", "uki", "efi" };
        const char *value = NULL, *key = NULL;
        size_t from = 0;
        int k = 0;

        for (size_t i = 0; i < ELEMENTSOF(keys) && !value; i++) {
                key = keys[i];
                value = bls_value(entry, BLS_SYSTEMD, key);
        }
        if (!value)
                return 0;
        *ret_path = path_join(root->path, value);
        if (!*ret_path)
                return -ENOMEM;
        /* A bare kernel is a PE file too, with no section that counts here. */
        k = uki_read_path(r->rfd, *ret_path, u);
        if (k == -ENOMEM)
                return k;
        if (k >= 0 && !u->kernel)
                uki_done(u);
        if (k >= 0 && u->kernel)
                return 1;
        if (!streq(key, "efi"))
                return 1;
        return bls_value(entry, BLS_SYSTEMD, "initrd") || kargs_next(arguments, "root", &from) ? 1 : 0;
}

/*
 * An image that an entry of type 1 names gets the entry's options in the place of its own, unless Secure Boot is on.
 */
static int settle_image(const Reader *r, BootEntry *e, const Uki *u, const char *path)
{
        const UkiProfile *p = u->profiles;
        int k = 0;

        e->image = strdup(path);
        if (!e->version && u->release)
                e->version = strdup(u->release);
        if (!e->image || (u->release && !e->version))
                return -ENOMEM;
        e->image_offset = p->initrd.offset;
        e->image_size = p->initrd.size;
        if (p->cmdline && (r->secure_boot == TRISTATE_YES || e->arguments.words.n == 0)) {
                kargs_done(&e->arguments);
                e->embedded = true;
                k = kargs_parse(p->cmdline, &e->arguments);
        }
        return k < 0 ? k : add_addons(r, path, &e->arguments);
}

/* @entry: as its text has it. @e: what comes of it on this machine. */
static int complete_type1(const Reader *r, const BootRoot *root, const BlsEntry *entry, const char *name, const Uki *u,
                          BootEntry *e)
{
        int k;

        if (!u->kernel) {
                e->image = e->initrd ? path_join(root->path, e->initrd) : NULL;
                return e->initrd && !e->image ? -ENOMEM : 0;
        }
        k = settle_image(r, e, u, e->kernel);
        if (k >= 0)
                e->rescue = bls_is_rescue(entry, name, &e->arguments);
        return k;
}

static int read_type1(Reader *r, const BootRoot *root, const char *name)
{
        Loader *l = r->loader;
        _cleanup_(bls_entry_done) BlsEntry entry = {};
        _cleanup_(boot_entry_done) BootEntry made = {};
        _cleanup_(uki_done) Uki u = {};
        _cleanup_free_ char *path = NULL, *kernel = NULL;
        BootEntry *e;
        bool exhausted;
        int k;

        if (string_printf(&path, "%s/" TYPE1_DIR "/%s", root->path, name) < 0)
                return -ENOMEM;
        k = read_source(r->rfd, l, path);
        if (k <= 0)
                return k;
        k = bls_parse(l->files[l->n_files - 1].text, &entry);
        if (k >= 0)
                k = bls_boot_entry(&entry, BLS_SYSTEMD, name, path, NULL, 0, &made);
        if (k >= 0)
                k = type1_kernel(r, root, &entry, &made.arguments, &u, &kernel);
        if (k <= 0)
                return k;
        free(made.kernel);
        made.kernel = TAKE_PTR(kernel);
        made.id = boot_entry_id(name, &exhausted);
        if (!made.id)
                return -ENOMEM;
        e = array_grow(&l->entries, l->n_entries);
        if (!e)
                return -ENOMEM;
        l->n_entries++;
        *e = made;
        made = (BootEntry){};
        k = complete_type1(r, root, &entry, name, &u, e);
        if (k >= 0)
                k = note_obstacle(r, e);
        return k < 0 ? k : note_first(r, e, bls_value(&entry, BLS_SYSTEMD, "sort-key"), exhausted);
}

static int read_entries(Reader *r, const BootRoot *root)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *folder = path_join(root->path, TYPE1_DIR);
        int k = folder ? root_list(r->rfd, folder, ".conf", &names) : -ENOMEM;

        if (k < 0)
                return k == -ENOENT || k == -ENOTDIR ? 0 : k;
        for (size_t i = 0; k >= 0 && i < names.n; i++)
                k = read_type1(r, root, names.items[i]);
        return k < 0 ? k : 0;
}

/* Which entry is the default: set in the firmware with bootctl(1), else in loader.conf. */
static int read_default(Reader *r)
{
        int k = efi_loader_string(r->rfd, "LoaderEntryDefault", &r->chosen);

        if (k == -ENOMEM || k >= 0)
                return k == -ENOMEM ? k : 0;
        FOREACH_ARRAY(root, r->roots, r->n_roots) {
                _cleanup_(bls_entry_done) BlsEntry conf = {}; /* of the same form: a key and a value a line */
                _cleanup_free_ char *path = NULL, *text = NULL;
                const char *value;

                if (!root->program)
                        continue;
                path = path_join(root->path, "loader/loader.conf");
                if (!path)
                        return -ENOMEM;
                k = root_read_text(r->rfd, path, &text);
                if (k == -ENOMEM)
                        return k;
                if (k < 0)
                        continue;
                k = bls_parse(text, &conf);
                value = k >= 0 ? bls_value(&conf, BLS_SYSTEMD, "default") : NULL;
                if (value && streq(value, "@saved")) {
                        k = efi_loader_string(r->rfd, "LoaderEntryLastBooted", &r->chosen);
                        return k == -ENOMEM ? k : 0;
                }
                if (value)
                        r->chosen = strdup(value);
                return k < 0 || (value && !r->chosen) ? -ENOMEM : 0;
        }
        return 0;
}

/* The first of those that match in the order of the menu is one of them: good enough for a report. */
static void mark_default(Reader *r)
{
        Loader *l = r->loader;

        FOREACH_ARRAY(e, l->entries, r->chosen ? l->n_entries : 0) {
                _cleanup_free_ char *bare = strndup(e->id, strlen(e->id) - MIN(strlen(e->id), strlen(".conf")));

                if (fnmatch(r->chosen, e->id, FNM_CASEFOLD) == 0 ||
                    (bare && fnmatch(r->chosen, bare, FNM_CASEFOLD) == 0)) {
                        e->is_default = true;
                        return;
                }
        }
        if (r->first.set)
                l->entries[r->first.index].is_default = true;
}

/* Does kernel-install make the entries here? Then there is an entry of its form: linux /TOKEN/RELEASE/linux. */
static bool has_installed_entry(const Reader *r)
{
        FOREACH_ARRAY(e, r->loader->entries, r->loader->n_entries)
                if (!e->embedded && endswith(e->kernel, "/linux") && e->version && strstr(e->kernel, e->version))
                        return true;
        FOREACH_ARRAY(root, r->roots, r->n_roots) {
                _cleanup_free_ char *path = path_join(root->path, "loader/entries.srel");
                char text[16];

                if (path && root_read_attr(r->rfd, path, text, sizeof(text)) >= 0 && streq(text, "type1"))
                        return true;
        }
        return false;
}

static int read_cmdline(Reader *r)
{
        Loader *l = r->loader;
        int k = read_source(r->rfd, l, KERNEL_CMDLINE_FILE);

        if (k >= 0)
                k = read_source(r->rfd, l, KERNEL_CMDLINE_DEFAULT);
        l->names_kernels = r->layout == KERNEL_LAYOUT_BLS || r->layout == KERNEL_LAYOUT_UKI ||
                           (r->layout == KERNEL_LAYOUT_AUTO && has_installed_entry(r));
        return k < 0 ? k : 0;
}

static int read_all(Reader *r, bool type1)
{
        int k = 0;

        FOREACH_ARRAY(root, r->roots, r->n_roots) {
                _cleanup_free_ char *folder = path_join(root->path, ADDON_DIR);

                k = folder ? list_addons(r->rfd, folder, &root->addons) : -ENOMEM;
                if (k < 0)
                        return k;
        }
        if (type1)
                k = read_default(r);
        for (size_t i = 0; k >= 0 && i < r->n_roots; i++) {
                if (type1)
                        k = read_entries(r, r->roots + i);
                if (k >= 0)
                        k = read_images(r, r->roots + i);
        }
        if (k >= 0)
                k = read_cmdline(r);
        if (k >= 0)
                mark_default(r);
        return k;
}

static int reader_init(Reader *r, int rfd, Loader *l)
{
        *r = (Reader){ .rfd = rfd, .loader = l, .secure_boot = efi_secure_boot(rfd) };
        int k = find_roots(r);

        return k < 0 ? k : kernel_install_layout(rfd, &r->layout);
}

/* Another boot loader that would be started in the place of an image that lies around. */
static bool has_other_loader(const Reader *r)
{
        static const char *const files[] = { "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/grub/menu.lst",
                                             "/boot/grub/grub.conf" };

        return root_first(r->rfd, files, ELEMENTSOF(files)) != NULL;
}

int systemd_boot_read(int rfd, Loader *ret)
{
        _cleanup_(loader_done) Loader l = { .kind = LOADER_SYSTEMD_BOOT, .readable = TRISTATE_YES };
        _cleanup_(reader_done) Reader r = {};
        bool installed = false, unreadable = false, hidden;
        int k = reader_init(&r, rfd, &l);

        if (k < 0)
                return k;
        l.booted = efi_booted_by(rfd, "systemd-boot ");
        FOREACH_ARRAY(root, r.roots, r.n_roots) {
                installed |= root->program;
                unreadable |= root->unreadable;
        }
        /* where nobody else is known to boot, it may be on what cannot be looked at */
        hidden = unreadable && l.booted == BOOTED_UNKNOWN && !has_other_loader(&r);
        if (!installed && !hidden && l.booted != BOOTED_YES)
                return -ENOENT;
        if (!installed && !unreadable)
                l.obstacle =
                        strdup("systemd-boot started this system, but the partition that it is on is not mounted at "
                               "/efi, /boot or /boot/efi");
        k = installed ? read_all(&r, true) : -EACCES;
        if (k == -ENOMEM)
                return k;
        if (k < 0)
                l.readable = TRISTATE_NO;
        *ret = l;
        l = (Loader){};
        return 0;
}

/*
 * Did the firmware start an image itself? The stub says so where no boot loader has left its name. Unknown: there is
 * nobody to ask, as in an image of a system.
 */
static LoaderBooted stub_booted(int rfd)
{
        _cleanup_free_ char *stub = NULL, *info = NULL;
        struct stat st;

        if (root_stat(rfd, NAME_SYS_EFIVARS, &st) < 0)
                return BOOTED_UNKNOWN;
        if (efi_loader_string(rfd, "StubInfo", &stub) < 0)
                return BOOTED_NO;
        return efi_loader_string(rfd, "LoaderInfo", &info) < 0 ? BOOTED_YES : BOOTED_NO;
}

static bool has_systemd_boot(const Reader *r)
{
        FOREACH_ARRAY(root, r->roots, r->n_roots)
                if (root->program)
                        return true;
        return false;
}

int uki_loader_read(int rfd, Loader *ret)
{
        _cleanup_(loader_done) Loader l = { .kind = LOADER_UKI, .readable = TRISTATE_YES };
        _cleanup_(reader_done) Reader r = {};
        int k;

        l.booted = stub_booted(rfd);
        k = reader_init(&r, rfd, &l);
        if (k < 0)
                return k;
        if (l.booted != BOOTED_YES && has_systemd_boot(&r)) /* they are in its menu */
                return -ENOENT;
        k = read_all(&r, false);
        if (k == -ENOMEM)
                return k;
        if (l.booted == BOOTED_NO || (l.booted == BOOTED_UNKNOWN && has_other_loader(&r))) {
                l.unused = strdup(l.booted == BOOTED_NO
                                          ? "another boot loader started this system, and not the firmware an image"
                                          : "another boot loader is there, and nothing says that the firmware starts "
                                            "an image itself");
                if (!l.unused)
                        return -ENOMEM;
        }
        if (k < 0 || l.n_entries == 0) {
                if (l.booted != BOOTED_YES)
                        return -ENOENT;
                l.readable = TRISTATE_NO;
        }
        *ret = l;
        l = (Loader){};
        return 0;
}
