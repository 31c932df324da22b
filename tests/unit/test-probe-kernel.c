/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read of kernels: of the one that runs, of the installed ones, their modules and images. */
#include <inttypes.h>
#include <sys/inotify.h>

#include "base/parse.h"
#include "gathered.h"
#include "initramfs/query.h"
#include "model/image.h"

static void test_running_kernel(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        config_init(&c);
        tree_file(t, NAME_PROC_CMDLINE, "ro quiet intel_iommu=on\n");
        tree_file(t, NAME_PROC_OSRELEASE, "6.1.0-18-amd64\n");
        tree_file(t, NAME_SYS_LOCKDOWN, "none [integrity] confidentiality\n");
        tree_data(t, NAME_PROC_INIT_ENVIRON, "HOME=/\0TERM=linux\0", 18);
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_true(f.cmdline_known);
                assert_true(kargs_has(&f.cmdline, "intel_iommu=on"));
                assert_string_equal(f.release, "6.1.0-18-amd64");
                assert_string_equal(f.lockdown, "integrity");
                assert_int_equal(f.container, TRISTATE_NO);
        }
        tree_data(t, NAME_PROC_INIT_ENVIRON, "HOME=/\0container=lxc", 20);
        tree_file(t, NAME_SYS_LOCKDOWN, "none integrity\n");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.container, TRISTATE_YES);
                assert_null(f.lockdown);
        }
        tree_file(t, NAME_PROC_INIT_ENVIRON, "");
        tree_file(t, NAME_RUN_CONTAINER, "systemd-nspawn");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.container, TRISTATE_YES);
        }
}

static void test_installed_kernels(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = {};

        config_init(&c);
        tree_directory(t, "/usr/lib/modules/6.1.0-18-amd64");
        tree_directory(t, "/usr/lib/modules/6.1.0-21-amd64");
        tree_directory(t, "/usr/lib/modules/5.10.0-dkms-only");
        tree_file(t, "/usr/lib/modules/6.12.5-200.fc41/vmlinuz", "kernel");
        tree_file(t, "/boot/vmlinuz-6.1.0-18-amd64", "kernel");
        tree_file(t, "/boot/vmlinuz-6.1.0-21-amd64", "kernel");
        tree_file(t, "/boot/initramfs-6.12.5-200.fc41.img", "image");
        tree_file(t, "/boot/initrd.img-6.1.0-18-amd64", "image");
        tree_file(t, NAME_PROC_OSRELEASE, "6.1.0-21-amd64\n");
        {
                /* /lib is no link here, so the other directory is looked at; below a merged /usr both are one */
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.n_kernels, 2);
        }
        tree_link(t, "/lib", "usr/lib");
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.n_kernels, 3);
                assert_string_equal(f.kernels[0].release, "6.1.0-18-amd64");
                assert_string_equal(f.kernels[0].kernel, "/boot/vmlinuz-6.1.0-18-amd64");
                assert_string_equal(f.kernels[0].initrd, "/boot/initrd.img-6.1.0-18-amd64");
                assert_true(f.kernels[0].image.exists);
                assert_false(f.kernels[0].running);
                assert_true(f.kernels[1].running);
                assert_false(f.kernels[1].image.exists);
                assert_string_equal(f.kernels[1].initrd, "/boot/initrd.img-6.1.0-21-amd64"); /* as its siblings */
                assert_string_equal(f.kernels[2].kernel, "/lib/modules/6.12.5-200.fc41/vmlinuz");
                assert_string_equal(f.kernels[2].initrd, "/boot/initramfs-6.12.5-200.fc41.img");
                assert_int_equal(f.kernels[2].has_stub[STUB_VFIO_PCI], TRISTATE_UNKNOWN);
        }
}

/* An index as depmod writes it: a trie, big endian (kmod libkmod/libkmod-index.h). Entries sorted by key. */
typedef struct IndexEntry {
        const char *key, *value;
} IndexEntry;

static void put_u32(FILE *f, uint32_t v)
{
        for (int shift = 24; shift >= 0; shift -= 8)
                (void) fputc((int) (v >> shift & 0xff), f);
}

static uint32_t put_node(FILE *f, const IndexEntry *entries, size_t n, size_t depth)
{
        uint32_t children[128] = {}, flags = 0, offset;
        size_t common = depth;
        int first = 128, last = -1;

        while (entries[0].key[common] != 0 && entries[0].key[common] == entries[n - 1].key[common])
                common++;
        for (size_t i = 0, end; i < n; i = end) {
                int ch = (unsigned char) entries[i].key[common];

                for (end = i + 1; end < n && (unsigned char) entries[end].key[common] == ch;)
                        end++;
                if (ch == 0)
                        continue;
                children[ch] = put_node(f, entries + i, end - i, common + 1);
                first = MIN(first, ch);
                last = MAX(last, ch);
        }
        offset = (uint32_t) ftell(f);
        if (common > depth) {
                flags |= 0x80000000;
                assert_true(fwrite(entries[0].key + depth, 1, common - depth, f) == common - depth);
                (void) fputc(0, f);
        }
        if (last >= 0) {
                flags |= 0x20000000;
                (void) fputc(first, f);
                (void) fputc(last, f);
                for (int ch = first; ch <= last; ch++)
                        put_u32(f, children[ch]);
        }
        if (entries[0].key[common] == 0) {
                flags |= 0x40000000;
                put_u32(f, 1);
                put_u32(f, 0);
                assert_true(fwrite(entries[0].value, 1, strlen(entries[0].value) + 1, f) > 0);
        }
        return offset | flags;
}

static void put_index(const Tree *t, const char *release, const char *name, const IndexEntry *entries, size_t n)
{
        char *data = NULL, path[256];
        uint32_t root = 0;
        size_t size;
        FILE *f = open_memstream(&data, &size);

        assert_non_null(f);
        put_u32(f, 0xb007f457);
        put_u32(f, 0x00020001);
        put_u32(f, 0);
        if (n > 0)
                root = put_node(f, entries, n, 0);
        assert_int_equal(fclose(f), 0);
        for (size_t i = 0; i < 4; i++)
                data[8 + i] = (char) (root >> (24 - 8 * i) & 0xff);
        (void) snprintf(path, sizeof(path), "/lib/modules/%s/%s", release, name);
        tree_data(t, path, data, size);
        free(data);
}

/* A kernel with vfio as modules and pci-stub built in; e1000e is a module of the first and part of the second. */
static void put_kernel(const Tree *t, const char *release, bool nic_builtin)
{
        static const IndexEntry dep[] = {
                { "e1000e", "kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko.xz:" },
                { "vfio_iommu_type1", "kernel/drivers/vfio/vfio_iommu_type1.ko.xz:" },
                { "vfio_pci", "kernel/drivers/vfio/pci/vfio-pci.ko.xz:" },
        };
        static const IndexEntry builtin[] = {
                { "e1000e", "kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko" },
                { "pci_stub", "kernel/drivers/pci/pci-stub.ko" },
        };
        static const IndexEntry alias[] = {
                { "pci:v00008086d000010D3sv*sd*bc*sc*i*", "e1000e" },
        };
        char path[256];

        put_index(t, release, "modules.dep.bin", dep + nic_builtin, ELEMENTSOF(dep) - nic_builtin);
        put_index(t, release, "modules.builtin.bin", builtin + !nic_builtin, ELEMENTSOF(builtin) - !nic_builtin);
        put_index(t, release, "modules.alias.bin", alias, nic_builtin ? 0 : ELEMENTSOF(alias));
        put_index(t, release, "modules.builtin.alias.bin", alias, nic_builtin ? ELEMENTSOF(alias) : 0);
        put_index(t, release, "modules.symbols.bin", NULL, 0);
        (void) snprintf(path, sizeof(path), "/boot/vmlinuz-%s", release);
        tree_file(t, path, "kernel");
}

/* An empty helper, or one that is something else, would be built into images and do nothing there. */
static void test_helper(void **state)
{
        static const struct {
                const char *content;
                mode_t mode;
                bool runs;
        } helpers[] = {
                { "\x7f"
                  "ELF program",
                  0755, true },
                { "\x7f"
                  "ELF program",
                  0644, false },
                { "\x7f"
                  "ELF",
                  0755, false },
                { "", 0755, false },
                { "#!/bin/sh\n", 0755, false },
        };
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("0000:04:00.0", STUB_VFIO_PCI);

        FOREACH_ARRAY(h, helpers, ELEMENTSOF(helpers)) {
                _cleanup_(facts_done) Facts f = {};

                tree_file(t, NAME_CLAIM_HELPER, h->content);
                assert_int_equal(fchmodat(t->rfd, &NAME_CLAIM_HELPER[1], h->mode, 0), 0);
                f = gather(t, &c);
                assert_true(f.helper_present);
                assert_true(f.helper_runs == h->runs);
        }
}

static void test_modules(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("0000:04:00.0", STUB_VFIO_PCI);
        _cleanup_(facts_done) Facts f = {};
        ImageQuery q;

        function(t, "pci0000:00/0000:04:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", "e1000e", "7");
        attr(t, "/sys/devices/pci0000:00/0000:04:00.0", "modalias",
             "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00\n");
        function(t, "pci0000:00/0000:05:00.0", "0x8086\n", "0x10d3\n", "0x020000\n", "e1000e", "8");
        attr(t, "/sys/devices/pci0000:00/0000:05:00.0", "modalias",
             "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00\n");
        put_kernel(t, "6.1.0-1", false);
        put_kernel(t, "6.1.0-2", true);
        tree_directory(t, "/lib/modules/6.1.0-3"); /* depmod never ran here */
        tree_file(t, "/boot/vmlinuz-6.1.0-3", "kernel");
        tree_file(t, "/usr/bin/dracut", "#!/bin/bash\n");
        tree_file(t, NAME_CLAIM_HELPER, "helper");
        tree_file(t, NAME_CLAIMS, "# list\n");
        f = gather(t, &c);
        assert_int_equal(f.n_kernels, 3);
        for (size_t i = 0; i < 2; i++) {
                const KernelRelease *k = f.kernels + i;

                assert_int_equal(k->has_stub[STUB_VFIO_PCI], TRISTATE_YES);
                assert_int_equal(k->stub_builtin[STUB_VFIO_PCI], TRISTATE_NO);
                assert_int_equal(k->has_stub[STUB_PCI_STUB], TRISTATE_YES);
                assert_int_equal(k->stub_builtin[STUB_PCI_STUB], TRISTATE_YES);
                assert_int_equal(k->has_type1, TRISTATE_YES);
                assert_int_equal(k->type1_builtin, TRISTATE_NO);
                assert_int_equal(k->builtin.n, i);
        }
        assert_string_equal(f.kernels[1].builtin.items[0], "e1000e");
        assert_int_equal(f.kernels[2].has_stub[STUB_VFIO_PCI], TRISTATE_UNKNOWN);
        assert_int_equal(at(&f, "0000:04:00.0")->modules.n, 1);
        assert_string_equal(at(&f, "0000:04:00.0")->modules.items[0], "e1000e");
        assert_int_equal(at(&f, "0000:05:00.0")->modules.n, 0); /* nobody asked for this one */
        assert_int_equal(f.builders[BUILDER_DRACUT].installed, TRISTATE_YES);
        assert_true(f.helper_present);
        assert_true(f.helper_hash == fnv1a(FNV_START, "helper", 6));
        assert_false(f.helper_runs); /* a text, and nobody may run it */
        assert_string_equal(f.claims, "# list\n");

        image_query_init(&q, &c, f.kernels);
        assert_int_equal(q.n, 4);
        assert_string_equal(q.items[2].name, "vfio_pci");
        assert_string_equal(q.items[3].name, "vfio_iommu_type1");
        c.devices[0].driver = STUB_PCI_STUB; /* built in: nothing to look for */
        image_query_init(&q, &c, f.kernels);
        assert_int_equal(q.n, 2);
        assert_int_equal(image_query_modules(&q), TRISTATE_YES);
        image_query_init(&q, &c, f.kernels + 2);
        assert_int_equal(image_query_modules(&q), TRISTATE_UNKNOWN);
}

/* Nobody waits for who may write into a pipe, be it a library that would. */
static void test_pipes_for_indexes(void **state)
{
        static const char *const names[] = { "dep", "alias", "builtin" };
        const Tree *t = *state;

        FOREACH_ARRAY(name, names, ELEMENTSOF(names)) {
                _cleanup_(config_done) Config c = config_of("0000:00:04.0", STUB_VFIO_PCI);
                char path[128];

                put_kernel(t, "6.1.0-1", false);
                (void) snprintf(path, sizeof(path), "%s" NAME_LIB_MODULES "/6.1.0-1/modules.%s.bin", t->path, *name);
                (void) unlink(path);
                assert_return_code(mkfifo(path, 0644), errno);
                {
                        _cleanup_(facts_done) Facts f = gather(t, &c);

                        assert_int_equal(f.n_kernels, 1);
                        assert_int_equal(f.kernels[0].has_stub[STUB_VFIO_PCI], TRISTATE_UNKNOWN);
                }
                assert_return_code(unlink(path), errno);
        }
}

/* Bytes that this process has read so far. */
static uint64_t bytes_read(void)
{
        _cleanup_fclose_ FILE *f = fopen("/proc/self/io", "re");
        uint64_t n = 0;

        if (f && fscanf(f, "rchar: %" SCNu64, &n) != 1)
                n = 0;
        return n;
}

/* A look into an image costs more than a whole check: one that is stamped is not read, whatever is in it. */
static void test_stamped(void **state)
{
        enum { IMAGE_BYTES = 4 << 20 };
        const Tree *t = *state;
        _cleanup_(config_done) Config c = config_of("0000:04:00.0", STUB_VFIO_PCI);
        _cleanup_(facts_done) Facts unknown = {}, stamped = {}, changed = {};
        _cleanup_free_ char *zeros = calloc(1, IMAGE_BYTES);
        char line[128];
        uint64_t before;

        assert_non_null(zeros);
        zeros[IMAGE_BYTES - 1] = 1; /* no image, which is seen at its end only */
        put_kernel(t, "6.1.0-1", false);
        tree_data(t, "/boot/initrd.img-6.1.0-1", zeros, IMAGE_BYTES);
        before = bytes_read();
        unknown = gather(t, &c);
        assert_false(unknown.kernels[0].image.known);
        assert_true(before == 0 || bytes_read() - before > IMAGE_BYTES);

        (void) snprintf(line, sizeof(line), "6.1.0-1 %" PRIx64 " 2a 1 dracut\n", unknown.kernels[0].image.identity);
        tree_file(t, NAME_IMAGE_STAMPS, line);
        before = bytes_read();
        stamped = gather(t, &c);
        assert_true(stamped.kernels[0].image.known && stamped.kernels[0].image.stamped);
        assert_true(stamped.kernels[0].image.digest == 42);
        assert_int_equal(stamped.kernels[0].image.maker, BUILDER_DRACUT);
        assert_true(bytes_read() - before < IMAGE_BYTES / 16);

        tree_data(t, "/boot/initrd.img-6.1.0-1", zeros, IMAGE_BYTES - 1); /* another file: its stamp is worth nothing */
        changed = gather(t, &c);
        assert_false(changed.kernels[0].image.stamped);
}

/* How often a directory of the tree was opened to be listed, since the last time. */
static unsigned count_listings(int notifications)
{
        char buf[4096] __attribute__((aligned(8)));
        unsigned n = 0;
        ssize_t size;

        while ((size = read(notifications, buf, sizeof(buf))) > 0)
                for (char *s = buf; s < buf + size;
                     s += sizeof(struct inotify_event) + ((struct inotify_event *) s)->len)
                        n += (((struct inotify_event *) s)->mask & IN_ISDIR) != 0;
        return n;
}

/* Settings of stub drivers and what the module of type 1 will be told come of one reading. */
static void test_modprobe_is_read_once(void **state)
{
        const Tree *t = *state;
        _cleanup_close_ int notifications = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        _cleanup_(config_done) Config c = config_of("0000:00:04.0", STUB_VFIO_PCI);
        char directory[64];

        tree_file(t, NAME_SYS_IRQ "/1/chip_name", "IO-APIC\n"); /* nothing remaps interrupts */
        tree_file(t, "/etc/modprobe.d/vfio.conf",
                  "options vfio_iommu_type1 allow_unsafe_interrupts=1\noptions vfio-pci ids=8086:10d3\n");
        (void) snprintf(directory, sizeof(directory), "%s/etc/modprobe.d", t->path);
        assert_true(inotify_add_watch(notifications, directory, IN_OPEN) >= 0);
        {
                _cleanup_(facts_done) Facts f = gather(t, &c);

                assert_int_equal(f.features.unsafe_configured, TRISTATE_YES);
                assert_int_equal(f.n_stub_settings, 1);
                assert_string_equal(f.stub_settings[0].value, "8086:10d3");
        }
        assert_int_equal(count_listings(notifications), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_running_kernel),
                TREE_TEST(test_installed_kernels),
                TREE_TEST(test_helper),
                TREE_TEST(test_modules),
                TREE_TEST(test_stamped),
                TREE_TEST(test_modprobe_is_read_once),
                TREE_TEST(test_pipes_for_indexes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
