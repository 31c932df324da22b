/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/systemd-boot.h"

#include "base/io.h"
#include "base/text.h"
#include "grub/format/efivars.h"
#include "grub/format/rescue.h"
#include "grub/loader/systemd-boot-reader.h"
#include "model/names.h"

#define PROGRAM_DIR "EFI/systemd"
#define ENTRY_MAX   (1024U * 1024)
#define SAVED       "@saved"
#define ONE_SHOT    "LoaderEntryOneShot"

static void reader_done(SdReader *r)
{
        FOREACH_ARRAY(root, r->roots, r->n_roots)
                string_list_done(&root->addons);
        free(r->by_variable);
        free(r->by_file);
        sd_menu_done(r);
}

/* The same partition can be reached by two of the names: /efi may be a link to /boot/efi. */
static int find_roots(SdReader *r)
{
        static const char *const candidates[] = { "/efi", "/boot", "/boot/efi" };

        FOREACH_ARRAY(c, candidates, ELEMENTSOF(candidates)) {
                _cleanup_(string_list_done) StringList names = {};
                SdRoot *root = r->roots + r->n_roots;
                _cleanup_free_ char *directory = path_join(*c, PROGRAM_DIR);
                bool seen = false;
                struct stat st;
                int e;

                if (!directory)
                        return -ENOMEM;
                if (root_stat(r->rfd, *c, &st) < 0)
                        continue;
                FOREACH_ARRAY(other, r->roots, r->n_roots)
                        seen |= other->device == st.st_dev && other->inode == st.st_ino;
                if (seen)
                        continue;
                *root = (SdRoot){ .path = *c, .device = st.st_dev, .inode = st.st_ino };
                r->n_roots++;
                e = root_list(r->rfd, directory, ".efi", &names);
                if (e == -ENOMEM)
                        return e;
                root->unreadable = e == -EACCES || e == -EPERM;
                FOREACH_ARRAY(name, names.items, names.n)
                        root->program |= startswith(*name, "systemd-boot") != NULL;
        }
        return 0;
}

int sd_read_source(int rfd, Loader *l, const char *path)
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

/* src/boot/boot.c (before 257: src/boot/efi/boot.c), config_defaults_load_from_file(): the last line counts, and no
 * other special name does. NULL: none. */
static const char *default_of_file(const BlsEntry *conf)
{
        const char *value = NULL;

        FOREACH_ARRAY(f, conf->fields, conf->n)
                if (f->value && streq(f->key, "default") && (f->value[0] != '@' || strcasecmp(f->value, SAVED) == 0))
                        value = f->value;
        return value;
}

static int read_conf(SdReader *r)
{
        FOREACH_ARRAY(root, r->roots, r->n_roots) {
                _cleanup_(bls_entry_done) BlsEntry conf = {}; /* of the same form: a key and a value a line */
                _cleanup_free_ char *path = NULL, *text = NULL;
                int k;

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
                return k < 0 ? k : string_copy(default_of_file(&conf), &r->by_file);
        }
        return 0;
}

/* The entry that was booted last stands for "@saved" (boot.c, config_load_defaults()). */
static int replace_saved(const SdReader *r, char **pattern)
{
        int k;

        if (!*pattern || strcasecmp(*pattern, SAVED) != 0)
                return 0;
        free(*pattern);
        *pattern = NULL;
        k = efi_loader_string(r->rfd, "LoaderEntryLastBooted", pattern);
        return k == -ENOMEM ? k : 0;
}

/* "bootctl set-oneshot": systemd-boot takes it before all others, and forgets it (boot.c, config_load_defaults()). */
static int read_once(const SdReader *r)
{
        BootOnce *once = &r->loader->once;
        int k = efi_loader_string(r->rfd, ONE_SHOT, &once->id);

        if (k < 0 || !*once->id) {
                free(once->id);
                once->id = NULL;
                return k == -ENOMEM ? k : 0;
        }
        k = string_copy(ONE_SHOT, &once->place);
        return k < 0 ? k : string_copy("bootctl set-oneshot \"\"", &once->cure);
}

/* Which entry is the default: set in the firmware with bootctl(1), and in loader.conf. */
static int read_default(SdReader *r)
{
        int k = efi_loader_string(r->rfd, "LoaderEntryDefault", &r->by_variable);

        if (k != -ENOMEM)
                k = read_conf(r);
        if (k >= 0 && r->loader->booted != BOOTED_NO)
                k = read_once(r);
        if (k >= 0)
                k = replace_saved(r, &r->by_variable);
        return k < 0 ? k : replace_saved(r, &r->by_file);
}

/* Does kernel-install make the entries here? Then there is an entry of its form: linux /TOKEN/RELEASE/linux. */
static bool has_installed_entry(const SdReader *r)
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

static int read_cmdline(SdReader *r)
{
        Loader *l = r->loader;
        int k = sd_read_source(r->rfd, l, KERNEL_CMDLINE_FILE);

        if (k >= 0)
                k = sd_read_source(r->rfd, l, KERNEL_CMDLINE_DEFAULT);
        l->names_kernels = r->layout == KERNEL_LAYOUT_BLS || r->layout == KERNEL_LAYOUT_UKI ||
                           (r->layout == KERNEL_LAYOUT_AUTO && has_installed_entry(r));
        return k < 0 ? k : 0;
}

static size_t root_length(const BootEntry *e)
{
        const char *end = strstr(e->file, "/" SD_TYPE1_DIR "/") ?: strstr(e->file, "/" SD_UKI_DIR "/");

        return end ? (size_t) (end - e->file) : 0;
}

bool sd_is_image(const BootEntry *e)
{
        return e->embedded && streq_null(e->file, e->image);
}

bool sd_entry_loads_from(const BootEntry *e, const char *directory)
{
        size_t n = root_length(e);

        if (!directory || n == 0 || strncmp(e->file, directory, n) != 0)
                return false;
        return streq(directory + n, sd_is_image(e) ? "/" SD_ADDON_DIR : "");
}

/* Beside the kernels of the entries, since each loads from its own partition; for unified images where their stub looks
 * for addons on it. */
static int note_early_directory(Loader *l)
{
        const BootEntry *first = NULL;

        FOREACH_ARRAY(e, l->entries, l->n_entries)
                if (!e->rescue && root_length(e) > 0 && (sd_is_image(e) || (e->initrd && !e->embedded)) &&
                    (!first || (first->embedded && !e->embedded)))
                        first = e;
        if (!first)
                return 0;
        l->early_addon = first->embedded;
        return string_printf(&l->early_directory, "%.*s%s", (int) root_length(first), first->file,
                             first->embedded ? "/" SD_ADDON_DIR : "");
}

static int read_all(SdReader *r, bool type1)
{
        int k = kernel_install_layout(r->rfd, &r->layout);

        if (k < 0)
                return k;
        r->secure_boot = efi_secure_boot(r->rfd);
        FOREACH_ARRAY(root, r->roots, r->n_roots) {
                _cleanup_free_ char *directory = path_join(root->path, SD_ADDON_DIR);

                k = directory ? sd_list_addons(r->rfd, directory, &root->addons) : -ENOMEM;
                if (k < 0)
                        return k;
        }
        if (type1)
                k = read_default(r);
        for (size_t i = 0; k >= 0 && i < r->n_roots; i++) {
                if (type1)
                        k = sd_read_entries(r, r->roots + i);
                if (k >= 0)
                        k = sd_read_images(r, r->roots + i);
        }
        if (k >= 0)
                k = read_cmdline(r);
        if (k < 0)
                return k;
        sd_menu_mark(r);
        entries_decide_rescue(r->loader->entries, r->loader->n_entries);
        return note_early_directory(r->loader);
}

static int reader_init(SdReader *r, int rfd, Loader *l)
{
        *r = (SdReader){ .rfd = rfd, .loader = l, .secure_boot = TRISTATE_UNKNOWN };
        return find_roots(r);
}

/* Another boot loader that would be started in the place of an image that lies around. */
static bool has_other_loader(const SdReader *r)
{
        static const char *const files[] = { "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/grub/menu.lst",
                                             "/boot/grub/grub.conf" };

        return root_first(r->rfd, files, ELEMENTSOF(files)) != NULL;
}

int systemd_boot_read(int rfd, Loader *ret)
{
        _cleanup_(loader_done) Loader l = { .kind = LOADER_SYSTEMD_BOOT, .readable = TRISTATE_YES };
        _cleanup_(reader_done) SdReader r = {};
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

static bool has_systemd_boot(const SdReader *r)
{
        FOREACH_ARRAY(root, r->roots, r->n_roots)
                if (root->program)
                        return true;
        return false;
}

int uki_loader_read(int rfd, Loader *ret)
{
        _cleanup_(loader_done) Loader l = { .kind = LOADER_UKI, .readable = TRISTATE_YES };
        _cleanup_(reader_done) SdReader r = {};
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
