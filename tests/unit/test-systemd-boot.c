/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/efivars.h"
#include "grub/loader/systemd-boot-reader.h"
#include "systemd-boot-host.h"

static void test_ids(void **state)
{
        static const struct {
                const char *name, *id;
                bool exhausted;
        } names[] = {
                { "a.conf", "a.conf", false },
                { "a+3.conf", "a.conf", false },
                { "a+2-1.conf", "a.conf", false },
                { "a+0-3.conf", "a.conf", true },
                { "a+0.conf", "a.conf", true },
                { "a+b.conf", "a+b.conf", false },
                { "a+.conf", "a+.conf", false },
                { "a+1-.conf", "a+1-.conf", false },
                { "c++.conf", "c++.conf", false },
                { "x+10.efi", "x.efi", false },
                { "+3.conf", "+3.conf", false },
                { "6.1+deb-1.conf", "6.1+deb-1.conf", false },
                { "6.1+1-2-3.conf", "6.1+1-2-3.conf", false },
        };

        (void) state;
        FOREACH_ARRAY(n, names, ELEMENTSOF(names)) {
                bool exhausted;
                _cleanup_free_ char *id = boot_entry_id(n->name, &exhausted);

                assert_string_equal(id, n->id);
                assert_int_equal(exhausted, n->exhausted);
        }
}

static void test_variables(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(efi_secure_boot(t->rfd), TRISTATE_UNKNOWN);
        put_secure_boot(t, 0);
        assert_int_equal(efi_secure_boot(t->rfd), TRISTATE_NO);
        put_secure_boot(t, 1);
        assert_int_equal(efi_secure_boot(t->rfd), TRISTATE_YES);
        tree_data(t, NAME_SYS_EFIVARS "/SecureBoot" SB_GUID, "\6\0\0\0", 4);
        assert_int_equal(efi_secure_boot(t->rfd), TRISTATE_UNKNOWN);
        assert_int_equal(efi_booted_by(t->rfd, "systemd-boot "), BOOTED_UNKNOWN);
        put_variable(t, "LoaderInfo", "systemd-boot 252.39-1");
        assert_int_equal(efi_booted_by(t->rfd, "systemd-boot "), BOOTED_YES);
        assert_int_equal(efi_booted_by(t->rfd, "GRUB "), BOOTED_NO);
        assert_int_equal(efi_loader_string(t->rfd, "LoaderInfo", &text), 0);
        assert_string_equal(text, "systemd-boot 252.39-1");
        tree_data(t, NAME_SYS_EFIVARS "/LoaderInfo" LOADER, "\7\0\0\0a\0b", 7);
        free(text);
        text = NULL;
        assert_int_equal(efi_loader_string(t->rfd, "LoaderInfo", &text), -EBADMSG);
        tree_data(t, NAME_SYS_EFIVARS "/LoaderInfo" LOADER, "\7\0", 2);
        assert_int_equal(efi_loader_string(t->rfd, "LoaderInfo", &text), -EBADMSG);
        tree_data(t, NAME_SYS_EFIVARS "/LoaderInfo" LOADER, "\7\0\0\0a\0\xe4\0\1\1\0\0b\0", 14);
        assert_int_equal(efi_loader_string(t->rfd, "LoaderInfo", &text), 0);
        assert_string_equal(text, "a??");
}

static void test_layout(void **state)
{
        const Tree *t = *state;
        KernelLayout layout;

        assert_int_equal(kernel_install_layout(t->rfd, &layout), 0);
        assert_int_equal(layout, KERNEL_LAYOUT_NONE);
        tree_file(t, "/usr/bin/kernel-install", "");
        assert_int_equal(kernel_install_layout(t->rfd, &layout), 0);
        assert_int_equal(layout, KERNEL_LAYOUT_AUTO);
        tree_file(t, "/usr/lib/kernel/install.conf", "# layout=bls\nlayout=other\n");
        assert_int_equal(kernel_install_layout(t->rfd, &layout), 0);
        assert_int_equal(layout, KERNEL_LAYOUT_OTHER);
        tree_file(t, "/etc/kernel/install.conf", "initrd_generator=dracut\nlayout=\"uki\"\n");
        assert_int_equal(kernel_install_layout(t->rfd, &layout), 0);
        assert_int_equal(layout, KERNEL_LAYOUT_UKI);
        tree_file(t, "/usr/lib/kernel/install.conf.d/50-vendor.conf", "layout=bls\n");
        assert_int_equal(kernel_install_layout(t->rfd, &layout), 0);
        assert_int_equal(layout, KERNEL_LAYOUT_BLS);
        tree_file(t, "/etc/kernel/install.conf.d/50-vendor.conf", "\n"); /* masks the vendor's */
        assert_int_equal(kernel_install_layout(t->rfd, &layout), 0);
        assert_int_equal(layout, KERNEL_LAYOUT_UKI);
        tree_file(t, "/etc/kernel/install.conf.d/90-mine.conf", "layout=auto # comment\n");
        assert_int_equal(kernel_install_layout(t->rfd, &layout), 0);
        assert_int_equal(layout, KERNEL_LAYOUT_AUTO);
}

static void test_debian(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};
        const BootEntry *e;

        assert_int_equal(systemd_boot_read(t->rfd, &l), -ENOENT);
        put_debian(t);
        tree_file(t, ENTRIES MACHINE "-6.1.0-41-amd64+2-1.conf",
                  "title Debian\nversion 6.1.0-41-amd64\nsort-key debian\noptions quiet\noptions ro\n"
                  "linux /" MACHINE "/6.1.0-41-amd64/linux\ninitrd /ucode.img\ninitrd /a/initrd\n");
        tree_file(t, ENTRIES "memtest.conf", "title Memory test\nefi /EFI/memtest.efi\n");
        tree_file(t, ENTRIES "windows.conf", "title Windows\nefi /EFI/Microsoft/Boot/bootmgfw.efi\noptions x\n");
        tree_file(t, ENTRIES "old.conf", "title Old way\nefi /vmlinuz\noptions initrd=/initrd root=/dev/sda1\n");
        tree_file(t, ENTRIES "rescue.conf", "title Rescue\nlinux /vmlinuz\noptions systemd.unit=rescue.target\n");
        tree_file(t, ENTRIES "empty.conf", "");
        tree_file(t, ENTRIES "notes.txt", "linux /vmlinuz\n");
        read_loader(t, &l);
        assert_int_equal(l.kind, LOADER_SYSTEMD_BOOT);
        assert_int_equal(l.booted, BOOTED_UNKNOWN);
        assert_int_equal(l.n_entries, 4);
        assert_true(l.names_kernels);
        e = entry(&l, MACHINE "-6.1.0-40-amd64.conf");
        assert_string_equal(e->title, "Debian GNU/Linux 12 (bookworm)");
        assert_string_equal(e->version, "6.1.0-40-amd64");
        assert_string_equal(e->image, "/efi/" MACHINE "/6.1.0-40-amd64/initrd.img-6.1.0-40-amd64");
        assert_int_equal(e->line, 5);
        assert_false(e->embedded || e->rescue || e->is_default);
        assert_arguments(&l, e->id, "root=UUID=1 ro quiet systemd.machine_id=" MACHINE);
        e = entry(&l, MACHINE "-6.1.0-41-amd64.conf");
        assert_string_equal(e->image, "/efi/a/initrd"); /* the last one */
        assert_true(e->is_default);                     /* the newest */
        assert_arguments(&l, e->id, "quiet ro");
        assert_true(entry(&l, "rescue.conf")->rescue);
        assert_arguments(&l, "old.conf", "initrd=/initrd root=/dev/sda1");
}

static void test_default(void **state)
{
        const Tree *t = *state;
        static const struct {
                const char *conf, *variable, *expected, *last;
        } cases[] = {
                { "timeout 3\n", "@saved", "d.conf", "d.conf" },
                { "default b.conf\n", "@Saved", "d.conf", "d.conf" },
                { "default b.conf\n", "@saved", "b.conf", "gone.conf" },
                { "default @saved\n", NULL, "d.conf", "d.conf" },
                { "default @saved\n", "a.conf", "a.conf", "d.conf" },
                { "default @saved\n", NULL, "c.conf", NULL },
                { "default b.conf\n", "gone.conf", "b.conf", NULL },
                { "default gone.conf\n", "gone.conf", "c.conf", NULL },
                { "default a.conf\ndefault b.conf\n", NULL, "b.conf", NULL },
                { "default a.conf\ndefault @other\n", NULL, "a.conf", NULL },
                { "default b.conf\n", NULL, "b.conf" },
                { "default b\n", NULL, "b.conf" },
                { "default B*\n", NULL, "b.conf" },
                { "default absent*\n", NULL, "c.conf" },
                { "default b.conf\n", "a.conf", "a.conf" },
                { "timeout 3\n", NULL, "c.conf" },
        };

        put_debian(t);
        assert_int_equal(root_file_remove(t->rfd, ENTRIES MACHINE "-6.1.0-40-amd64.conf"), 0);
        tree_file(t, ENTRIES "a.conf", "linux /vmlinuz-1\nversion 1\nsort-key x\n");
        tree_file(t, ENTRIES "b+0-3.conf", "linux /vmlinuz-2\nversion 9\nsort-key a\n"); /* no tries are left */
        tree_file(t, ENTRIES "c.conf", "linux /vmlinuz-3\nversion 2\nsort-key x\n");
        tree_file(t, ENTRIES "d.conf", "linux /vmlinuz-4\nversion 3\n"); /* without a key behind those that have one */
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(loader_done) Loader l = {};

                tree_file(t, "/efi/loader/loader.conf", c->conf);
                if (c->variable)
                        put_variable(t, "LoaderEntryDefault", c->variable);
                if (c->last)
                        put_variable(t, "LoaderEntryLastBooted", c->last);
                read_loader(t, &l);
                FOREACH_ARRAY(e, l.entries, l.n_entries)
                        assert_int_equal(e->is_default, streq(e->id, c->expected));
                if (c->variable)
                        assert_int_equal(root_file_remove(t->rfd, NAME_SYS_EFIVARS "/LoaderEntryDefault" LOADER), 0);
                if (c->last)
                        assert_int_equal(root_file_remove(t->rfd, NAME_SYS_EFIVARS "/LoaderEntryLastBooted" LOADER), 0);
        }
}

static void test_versions(void **state)
{
        /* the comment of strverscmp_improved(), from the oldest */
        static const char *const order[] = { "122.1",   "123~rc1-1", "123",     "123-a",   "123-a.1", "123-1",
                                             "123-1.1", "123^post1", "123.a-1", "123.1-1", "123a-1",  "124-1" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(order); i++)
                for (size_t k = 0; k < ELEMENTSOF(order); k++) {
                        int c = sd_version_compare(order[i], order[k]);

                        assert_int_equal(c < 0 ? -1 : c > 0, i < k ? -1 : i > k);
                }
        assert_int_equal(sd_version_compare("123_a", "123a"), 0);
        assert_int_equal(sd_version_compare("1.007", "1.7"), 0);
        assert_true(sd_version_compare("1.10", "1.9") > 0);
        assert_true(sd_version_compare("abc", "abcd") < 0);
        assert_true(sd_version_compare("1~", "1~a") < 0);
}

/* Files, and which of them boots when nothing is chosen. */
static void test_order(void **state)
{
        const Tree *t = *state;
        static const struct {
                const char *a, *a_text, *b, *b_text, *conf; /* a is the default */
        } pairs[] = {
                { "arch.conf", "", "arch-fallback.conf", "", "" },
                { "arch.conf", "", "arch-fallback.conf", "", "default arch*\n" },
                { "Arch.conf", "", "arch-fallback.conf", "", "" },
                { "b+1.conf", "", "c+0-1.conf", "sort-key a\n", "" },
                { "b.conf", "sort-key x\nsort-key a\n", "c.conf", "sort-key b\n", "" },
                { "b.conf", "sort-key a\nmachine-id 1\nversion 1\n", "c.conf", "sort-key a\nmachine-id 2\nversion 2\n",
                  "" },
                { "b.conf", "sort-key a\nversion 6.1.2\n", "c.conf", "sort-key a\nversion 6.1-9\n", "" },
                { "b.conf", "sort-key a\n", "c.conf", "", "" },
        };

        tree_file(t, EFI, "");
        FOREACH_ARRAY(p, pairs, ELEMENTSOF(pairs)) {
                _cleanup_(loader_done) Loader l = {};
                _cleanup_free_ char *a = NULL, *b = NULL, *a_text = NULL, *b_text = NULL;

                assert_true(asprintf(&a, ENTRIES "%s", p->a) > 0 && asprintf(&b, ENTRIES "%s", p->b) > 0);
                assert_true(asprintf(&a_text, "linux /vmlinuz\n%s", p->a_text) > 0);
                assert_true(asprintf(&b_text, "linux /vmlinuz\n%s", p->b_text) > 0);
                tree_file(t, "/efi/vmlinuz", "kernel");
                tree_file(t, "/efi/loader/loader.conf", p->conf);
                tree_file(t, a, a_text);
                tree_file(t, b, b_text);
                read_loader(t, &l);
                assert_int_equal(l.n_entries, 2);
                FOREACH_ARRAY(e, l.entries, l.n_entries)
                        if (e->is_default != streq(e->file, a))
                                fail_msg("%s and %s: the default is wrong", p->a, p->b);
                assert_int_equal(root_file_remove(t->rfd, a), 0);
                assert_int_equal(root_file_remove(t->rfd, b), 0);
        }
}

/* What starts a file that is not there is not in the menu, whatever it calls it. */
static void test_kernel_is_gone(void **state)
{
        const Tree *t = *state;
        static const char *const entries[] = { "linux /gone", "uki /gone", "efi /gone", "linux /vmlinuz/gone" };

        put_debian(t);
        tree_file(t, "/efi/loader/loader.conf", "default z*\n");
        FOREACH_ARRAY(text, entries, ELEMENTSOF(entries)) {
                _cleanup_(loader_done) Loader l = {};
                _cleanup_free_ char *whole = NULL;

                assert_true(asprintf(&whole, "%s\noptions root=/dev/vda2\n", *text) > 0);
                tree_file(t, ENTRIES "z.conf", whole);
                read_loader(t, &l);
                assert_int_equal(l.n_entries, 1);
                assert_true(l.entries->is_default);
                assert_int_equal(l.left_alone.n, 1);
                assert_non_null(strstr(l.left_alone.items[0], ENTRIES "z.conf (/efi/"));
                assert_non_null(strstr(l.left_alone.items[0], "gone is not there)"));
        }
        tree_file(t, ENTRIES "z.conf", "linux \\" MACHINE "\\6.1.0-40-amd64\\linux\n");
        {
                _cleanup_(loader_done) Loader l = {};

                read_loader(t, &l);
                assert_int_equal(l.left_alone.n, 0);
                assert_string_equal(entry(&l, "z.conf")->kernel, "/efi/" MACHINE "/6.1.0-40-amd64/linux");
        }
        /* what has been edited is not forgotten */
        tree_file(t, ENTRIES "z.conf", "linux /gone\noptions root=/dev/vda2 ptprep.claim=1\n");
        {
                _cleanup_(loader_done) Loader l = {};

                read_loader(t, &l);
                assert_int_equal(l.n_entries, 2);
        }
}

static void test_once(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};

        put_debian(t);
        tree_file(t, "/efi/vmlinuz", "kernel");
        tree_file(t, ENTRIES "a.conf", "linux /vmlinuz\n");
        tree_file(t, "/efi/loader/loader.conf", "default 0*\n");
        read_loader(t, &l);
        assert_null(l.once.id);
        loader_done(&l);
        put_variable(t, "LoaderEntryOneShot", "a.conf");
        read_loader(t, &l);
        assert_string_equal(l.once.id, "a.conf");
        assert_string_equal(l.once.place, "LoaderEntryOneShot");
        assert_true(entry(&l, "a.conf")->is_once && !entry(&l, "a.conf")->is_default);
        assert_false(entry(&l, MACHINE "-6.1.0-40-amd64.conf")->is_once);
        assert_true(entry(&l, MACHINE "-6.1.0-40-amd64.conf")->is_default);
        loader_done(&l);
        put_variable(t, "LoaderEntryOneShot", "auto-windows");
        read_loader(t, &l);
        assert_string_equal(l.once.id, "auto-windows");
        FOREACH_ARRAY(e, l.entries, l.n_entries)
                assert_false(e->is_once);
        loader_done(&l);
        put_variable(t, "LoaderInfo", "GRUB 2.12"); /* what does not boot forgets nothing, and takes nothing */
        read_loader(t, &l);
        assert_null(l.once.id);
}

/* The partition is reached by two names, and the other partition has entries too. */
static void test_two_partitions(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};

        tree_file(t, "/boot/efi/EFI/systemd/systemd-bootx64.efi", "");
        tree_link(t, "/efi", "boot/efi");
        tree_file(t, "/boot/vmlinuz", "kernel");
        tree_file(t, "/boot/efi/vmlinuz", "kernel");
        tree_file(t, "/boot/loader/entries/a.conf", "linux /vmlinuz\nversion 1\ninitrd initrd.img\n");
        tree_file(t, "/boot/efi/loader/entries/b.conf", "linux /vmlinuz\nversion 1\n");
        tree_file(t, "/boot/efi/loader/entries.srel", "type1\n");
        read_loader(t, &l);
        assert_int_equal(l.n_entries, 2);
        assert_string_equal(entry(&l, "a.conf")->image, "/boot/initrd.img");
        assert_string_equal(entry(&l, "b.conf")->file, "/efi/loader/entries/b.conf");
        assert_false(l.names_kernels); /* no kernel-install */
        tree_file(t, "/usr/bin/kernel-install", "");
        loader_done(&l);
        read_loader(t, &l);
        assert_true(l.names_kernels);
}

static void test_not_mounted(void **state)
{
        const Tree *t = *state;
        _cleanup_(loader_done) Loader l = {};

        tree_directory(t, "/efi");
        put_variable(t, "LoaderInfo", "systemd-boot 252.39-1");
        assert_int_equal(systemd_boot_read(t->rfd, &l), 0);
        assert_int_equal(l.readable, TRISTATE_NO);
        assert_int_equal(l.booted, BOOTED_YES);
        assert_non_null(strstr(l.obstacle, "not mounted"));
}

static void test_edit(void **state)
{
        const Tree *t = *state;
        static const char counted[] = "title x\noptions  root=UUID=1 iommu=off,memaper iommu=soft # no comment\n"
                                      "linux /" MACHINE "/6.1.0-41-amd64/linux";
        static const char rescue[] = "title Rescue\nlinux /vmlinuz\noptions rescue\n";
        _cleanup_free_ char *present = NULL;

        put_debian(t);
        tree_file(t, ENTRIES "x+3.conf", counted);
        tree_file(t, ENTRIES "rescue.conf", rescue);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 3);
        assert_file(t, ENTRIES MACHINE "-6.1.0-40-amd64.conf",
                    "title      Debian GNU/Linux 12 (bookworm)\n"
                    "version    6.1.0-40-amd64\n"
                    "machine-id " MACHINE "\n"
                    "sort-key   debian\n"
                    "options    root=UUID=1 ro quiet systemd.machine_id=" MACHINE " " ADD "\n"
                    "linux      /" MACHINE "/6.1.0-40-amd64/linux\n"
                    "initrd     /" MACHINE "/6.1.0-40-amd64/initrd.img-6.1.0-40-amd64\n");
        assert_file(t, ENTRIES "x+3.conf",
                    "title x\noptions  root=UUID=1 iommu=memaper iommu=soft # no comment " ADD "\n"
                    "linux /" MACHINE "/6.1.0-41-amd64/linux");
        assert_file(t, ENTRIES "rescue.conf", rescue);
        /* for the kernels to come: what the default entry has, but what belongs to one boot */
        assert_file(t, "/etc/kernel/cmdline", "root=UUID=1 ro quiet " ADD "\n");
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        /* taken back to the byte; what ptprep made goes away */
        assert_int_equal(edit(t, "", "", 0), 3);
        assert_file(t, ENTRIES MACHINE "-6.1.0-40-amd64.conf", DEBIAN_ENTRY);
        assert_file(t, ENTRIES "x+3.conf", counted);
        assert_int_equal(root_read_text(t->rfd, "/etc/kernel/cmdline", &present), -ENOENT);
        assert_int_equal(edit(t, "", "", 0), 0);
}

/* systemd-boot and systemd-bless-boot rename an entry as it is tried and found good. */
static void test_renamed_by_counter(void **state)
{
        const Tree *t = *state;
        static const char before[] = "title x\noptions quiet\nlinux /vmlinuz-1\n";
        _cleanup_free_ char *edited = NULL;

        put_debian(t);
        tree_file(t, "/etc/kernel/cmdline", "quiet\n");
        tree_file(t, ENTRIES "x+3.conf", before);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 3);
        assert_int_equal(root_read_text(t->rfd, ENTRIES "x+3.conf", &edited), 0);
        assert_int_equal(root_file_rename(t->rfd, ENTRIES "x+3.conf", ENTRIES "x.conf"), 0);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        assert_int_equal(edit(t, "", "", 0), 3);
        assert_file(t, ENTRIES "x.conf", before);
        assert_file(t, "/etc/kernel/cmdline", "quiet\n");
}

/* kernel-install makes the entry of a new kernel of the edited /etc/kernel/cmdline, and nobody records it. */
static void test_later_kernel(void **state)
{
        const Tree *t = *state;
        static const char later[] = "title x\nversion 6.12\noptions root=UUID=1 ro %sdebug\nlinux /vmlinuz-6.12\n",
                          by_hand[] = "title y\noptions root=UUID=1 " REMOVE " intel_iommu=on\nlinux /vmlinuz-1\n";
        _cleanup_free_ char *made = NULL, *left = NULL;

        assert_true(asprintf(&made, later, ADD " ") > 0 && asprintf(&left, later, "") > 0);
        put_debian(t);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 2);
        tree_file(t, ENTRIES "x+3.conf", made);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        tree_file(t, ENTRIES "y.conf", by_hand);
        assert_int_equal(edit(t, "", "", 0), 3);
        assert_file(t, ENTRIES "x+3.conf", left);
        assert_file(t, ENTRIES "y.conf", by_hand);
        assert_int_equal(edit(t, "", "", 0), 0);
}

static void test_cmdline_file(void **state)
{
        const Tree *t = *state;

        put_debian(t);
        /* there, so it counts: words of all its lines, whatever the entries have */
        tree_file(t, "/etc/kernel/cmdline", "root=UUID=7\n  rw iommu=off\n");
        assert_int_equal(edit(t, ADD, REMOVE, 0), 2);
        assert_file(t, "/etc/kernel/cmdline", "root=UUID=7\n  rw " ADD "\n");
        assert_int_equal(edit(t, "", "", 0), 2);
        assert_file(t, "/etc/kernel/cmdline", "root=UUID=7\n  rw iommu=off\n");
        /* somebody adds a word in between: only ptprep's go */
        assert_int_equal(edit(t, ADD, REMOVE, 0), 2);
        tree_file(t, "/etc/kernel/cmdline", "root=UUID=7\n  rw " ADD " debug\n");
        assert_int_equal(edit(t, "", "", 0), 2);
        assert_file(t, "/etc/kernel/cmdline", "root=UUID=7\n  rw debug\n");
        /* the platform's default is what kernel-install would take */
        assert_int_equal(root_file_remove(t->rfd, "/etc/kernel/cmdline"), 0);
        tree_file(t, "/usr/lib/kernel/cmdline", "root=LABEL=vendor quiet\n");
        assert_int_equal(edit(t, ADD, REMOVE, 0), 2);
        assert_file(t, "/etc/kernel/cmdline", "root=LABEL=vendor quiet " ADD "\n");
        assert_file(t, "/usr/lib/kernel/cmdline", "root=LABEL=vendor quiet\n");
}

/* Newer systemd leaves lines with a '#' in front out: what stands there is neither an argument nor to be taken out. */
static void test_cmdline_comments(void **state)
{
        const Tree *t = *state;
        static const char before[] = "# intel_iommu=on iommu=off\nroot=UUID=7 ro\n";

        put_debian(t);
        tree_file(t, "/etc/kernel/cmdline", before);
        assert_int_equal(edit(t, ADD, REMOVE, 0), 2);
        assert_file(t, "/etc/kernel/cmdline", "# intel_iommu=on iommu=off\nroot=UUID=7 ro " ADD "\n");
        assert_int_equal(edit(t, ADD, REMOVE, 0), 0);
        assert_int_equal(edit(t, "", "", 0), 2);
        assert_file(t, "/etc/kernel/cmdline", before);
        /* a file of blanks is somebody's choice */
        tree_file(t, "/etc/kernel/cmdline", "\n");
        assert_int_equal(edit(t, "", REMOVE, 0), 0);
        assert_file(t, "/etc/kernel/cmdline", "\n");
}

static void test_refused(void **state)
{
        const Tree *t = *state;

        put_debian(t);
        tree_file(t, ENTRIES "x.conf", "options a=\"b\nlinux /vmlinuz-1\n");
        assert_int_equal(edit(t, ADD, REMOVE, -ENOTSUP), 0);
        assert_file(t, ENTRIES "x.conf", "options a=\"b\nlinux /vmlinuz-1\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ids),
                TREE_TEST(test_variables),
                TREE_TEST(test_layout),
                TREE_TEST(test_debian),
                TREE_TEST(test_default),
                TREE_TEST(test_two_partitions),
                TREE_TEST(test_not_mounted),
                TREE_TEST(test_edit),
                TREE_TEST(test_renamed_by_counter),
                TREE_TEST(test_later_kernel),
                TREE_TEST(test_cmdline_file),
                TREE_TEST(test_cmdline_comments),
                TREE_TEST(test_refused),
                TREE_TEST(test_order),
                TREE_TEST(test_once),
                TREE_TEST(test_kernel_is_gone),
                cmocka_unit_test(test_versions),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
