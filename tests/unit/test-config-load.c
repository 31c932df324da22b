/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/wait.h>

#include "base/file.h"
#include "model/claim-limits.h"
#include "model/names.h"
#include "probe/config-load.h"
#include "tree.h"

#define GOOD_DEVICE "[device nic0]\naddress = 0000:00:04.0\nid = 8086:10d3\n"

static int load(const char *text, Config *c, ConfigError *e)
{
        return config_load_text("test.conf", text, strlen(text), c, e);
}

/* Fails with -EBADMSG at that line, and the message speaks of what was expected. */
static void assert_fault(const char *text, size_t size, unsigned line, const char *part)
{
        _cleanup_(config_error_done) ConfigError e = {};
        Config c = { .n_devices = 77 };

        assert_int_equal(config_load_text("test.conf", text, size, &c, &e), -EBADMSG);
        assert_int_equal(c.n_devices, 77); /* untouched */
        assert_string_equal(e.file, "test.conf");
        if (!strstr(e.message, part))
                fail_msg("\"%s\" does not have \"%s\"", e.message, part);
        assert_int_equal(e.line, line);
        assert_null(strchr(e.message, '\n'));
}

static void test_defaults(void **state)
{
        static const char *const empty[] = {
                "", "\n", "# only a comment", "; another\n\n   \n", "\xef\xbb\xbf# mark\n", "# ends so \\\n"
        };

        (void) state;
        FOREACH_ARRAY(text, empty, ELEMENTSOF(empty)) {
                _cleanup_(config_done) Config c = {};
                _cleanup_(config_error_done) ConfigError e = {};

                assert_int_equal(load(*text, &c, &e), 0);
                assert_false(config_wants_changes(&c));
                assert_null(e.message);
        }
}

/* A section with vfs is no device to be claimed, wherever it stands. */
static void test_makers(void **state)
{
        _cleanup_(config_done) Config c = {};
        _cleanup_(config_error_done) ConfigError e = {};
        const ConfigDevice *maker;
        PciAddr pf = { .slot = 5 };

        (void) state;
        assert_int_equal(load("[device pf]\naddress = 00:05.0\nid = 8086:1572\nvfs = 4\n" GOOD_DEVICE
                              "[device pf2]\naddress = 00:06.0\nid = 8086:1572\nvfs=1\nvf-driver=none\n",
                              &c, &e),
                         0);
        assert_int_equal(c.n_devices, 1);
        assert_string_equal(c.devices[0].name, "nic0");
        assert_int_equal(c.n_makers, 2);
        assert_null(config_device_at(&c, pf));
        maker = config_maker_at(&c, pf);
        assert_ptr_equal(maker, c.makers);
        assert_int_equal(maker->vfs, 4);
        assert_int_equal(vf_driver_stub(maker->vf_driver), STUB_VFIO_PCI);
        assert_true(vf_driver_stub(c.makers[1].vf_driver) < 0);
        assert_true(config_has_devices(&c));
}

static void test_all_keys(void **state)
{
        _cleanup_(config_done) Config c = {};
        _cleanup_(config_error_done) ConfigError e = {};
        const ConfigDevice *d;

        (void) state;
        assert_int_equal(load("# a backslash at the end of a comment is no continuation \\\n"
                              "[agent]\r\nenabled = no\r\nclaim = image\n"
                              "[iommu]\n  argument=never ; as told\n\tpassthrough = \"yes\"  # quoted\n"
                              "[device gpu-0.a_b]\naddress = 10001:80:1f.7\nid='10DE:1b80'\n"
                              "path = pci0000:6f/00.5/pci10001:80/1f.7\ndriver = pci-stub\noptional = yes\n"
                              "allow = boot-disk,console  display",
                              &c, &e),
                         0);
        assert_false(c.enabled);
        assert_int_equal(c.claim, CLAIM_WAY_IMAGE);
        assert_true(c.passthrough);
        assert_true(c.argument_set);
        assert_int_equal(c.argument, ARGUMENT_NEVER);
        assert_int_equal(c.n_devices, 1);
        d = c.devices;
        assert_string_equal(d->name, "gpu-0.a_b");
        assert_string_equal(d->file, "test.conf");
        assert_int_equal(d->line, 8);
        assert_int_equal(d->address.domain, 0x10001);
        assert_int_equal(d->address.slot, 0x1f);
        assert_int_equal(d->id.vendor, 0x10de);
        assert_int_equal(d->driver, STUB_PCI_STUB);
        assert_true(d->has_driver && d->has_optional && d->optional);
        assert_int_equal(d->allow, HOST_USE_BIT(HOST_USE_BOOT_DISK) | HOST_USE_BIT(HOST_USE_CONSOLE) |
                                           HOST_USE_BIT(HOST_USE_DISPLAY));
        assert_string_equal(d->path, "pci0000:6f/00.5/pci10001:80/1f.7");
}

static void test_group(void **state)
{
        static const struct {
                const char *agent, *device;
                GroupPolicy policy;
        } cases[] = {
                { "", "", GROUP_STRICT },
                { "[agent]\ngroup = report\n", "", GROUP_REPORT },
                { "[agent]\ngroup = companions\n", "group = strict\n", GROUP_STRICT },
                { "", "group = companions\n", GROUP_COMPANIONS },
        };

        (void) state;
        FOREACH_ARRAY(i, cases, ELEMENTSOF(cases)) {
                _cleanup_(config_done) Config c = {};
                _cleanup_(config_error_done) ConfigError e = {};
                char text[256];

                /* what the agent says counts for the sections before it as well */
                (void) snprintf(text, sizeof(text), GOOD_DEVICE "%s%s", i->device, i->agent);
                assert_int_equal(load(text, &c, &e), 0);
                assert_int_equal(c.devices->group, i->policy);
        }
}

static void test_faults(void **state)
{
        static const struct {
                const char *text;
                unsigned line;
                const char *part;
        } faults[] = {
                { "[agnet]\nenabled=yes\n", 1, "unknown section [agnet], did you mean [agent]?" },
                { "[devices x]\n", 1, "unknown section [devices x], did you mean [device x]?" },
                { "[Device]\n", 1, "unknown section [Device], did you mean [device]?" },
                { "[gpu0]\n", 1, "unknown section [gpu0], expected [agent], [iommu] or [device NAME]" },
                { "[device]\n", 1, "no name" },
                { "[device GPU]\n", 1, "device name \"GPU\"" },
                { "[device a b]\n", 1, "device name \"a b\"" },
                { "[device a:b]\n", 1, "device name \"a:b\"" },
                { "[]\n", 1, "unknown section" },
                { "\n[agent\nenabled=yes\n", 2, "does not end in \"]\"" },
                { "[agent] # x\n", 1, "does not end" },
                { "enabled = yes\n", 1, "before any section" },
                { "[agent]\nenabled\n", 2, "\"enabled\" is no setting, expected KEY = VALUE" },
                { "[agent]\n= yes\n", 2, "is no key" },
                { "[agent]\nen abled = yes\n", 2, "is no key" },
                { "[agent]\nEnabled = yes\n", 2, "capital letter" },
                { "[agent]\nenable = yes\n", 2, "unknown key \"enable\" in [agent], did you mean \"enabled\"?" },
                { "[agent]\nclaim = dracut\n", 2, "expected auto, image or initramfs" },
                { "[agent]\naddress = 1\n", 2,
                  "unknown key \"address\" in [agent], expected enabled, group, claim, allow, reboot or "
                  "selinux-booleans" },
                { "[agent]\ngroup = all\n", 2, "\"all\" is no valid group of [agent], expected strict, companions" },
                { "[agent]\nselinux-booleans = virt_use_sysfs\n", 2, "expected yes or no" },
                { GOOD_DEVICE "adress = 1\n", 4, "unknown key \"adress\" in [device nic0], did you mean \"address\"?" },
                { GOOD_DEVICE "vendor = 1\n", 4,
                  "expected address, id, path, subsystem, serial, mac, match, follow, driver, optional, group, allow, "
                  "vfs, vf-driver or vf-macs" },
                { "[agent]\nenabled = yes\nenabled = yes\n", 3, "stands already in line 2" },
                { "[agent]\nenabled = yes\n[iommu]\n[agent]\nenabled = no\n", 5, "stands already in line 2" },
                { GOOD_DEVICE "id = 8086:10d3\n", 4, "stands already in line 3" },
                { GOOD_DEVICE "[agent]\n" GOOD_DEVICE, 5, "[device nic0] stands already in line 1" },
                { "[agent]\nenabled = maybe\n", 2, "\"maybe\" is no valid enabled of [agent], expected yes or no" },
                { GOOD_DEVICE "allow = storage disk\n", 4,
                  "\"disk\" is no word of allow of [device nic0], expected one or more of boot-disk, storage" },
                { GOOD_DEVICE "allow = netwrk\n", 4,
                  "\"netwrk\" is no word of allow of [device nic0], did you mean "
                  "\"network\"?" },
                { GOOD_DEVICE "allow = all\n", 4, "\"all\" is no word of allow" },
                { GOOD_DEVICE "allow = ,\n", 4, "\",\" is no valid allow of [device nic0], expected one or more of" },
                { "[agent]\nenabled =\n", 2, "has no value, expected yes or no" },
                { "[agent]\nenabled = \"\"\n", 2, "has no value" },
                { "[agent]\nenabled = # yes\n", 2, "has no value" },
                { "[agent]\nenabled = \"yes\n", 2, "is not closed" },
                { "[agent]\nenabled = \"yes\" no\n", 2, "follows the closing quote" },
                { "[agent]\nenabled = yes\\\n", 2, "backslash" },
                { "[iommu]\nargument = on\n", 2, "always, when-needed or never" },
                { "[device x]\naddress = 0000:00:20.0\n", 2, "expected a PCI address" },
                { "[device x]\naddress = 0000:00:04\n", 2, "expected a PCI address" },
                { "[device x]\nid = 8086\n", 2, "expected vendor and device" },
                { "[device x]\npath = /sys/x\n", 2, "expected a bridge path" },
                { "[device x]\ndriver = vfio\n", 2, "expected vfio-pci, best or pci-stub" },
                { "[device x]\nvf-driver = vfio\n", 2, "expected vfio-pci, pci-stub, none or host" },
                { "[device x]\nvfs = 0\n", 2, "1 to 65535" },
                { "[device x]\nvfs = 65536\n", 2, "1 to 65535" },
                { "[device x]\nvfs = four\n", 2, "1 to 65535" },
                { GOOD_DEVICE "vf-driver = host\n", 1, "vf-driver and no vfs, expected a line such as vfs = 4" },
                { GOOD_DEVICE "vf-macs = 52:54:00:aa:00:01\n", 1,
                  "vf-macs and no vfs, expected a line such as vfs = 1" },
                { GOOD_DEVICE "vfs = 2\nvf-macs = 52:54:00:aa:00:01\n", 1, "has 1 address in vf-macs and vfs = 2" },
                { GOOD_DEVICE "vfs = 1\nvf-macs = 52:54:00:aa:00:01 52:54:00:aa:00:02\n", 1,
                  "has 2 addresses in vf-macs and vfs = 1, expected one for each virtual function" },
                { GOOD_DEVICE "vfs = 2\nvf-macs = 52:54:00:aa:00:01 52-54-00-AA-00-01\n", 5, "none twice" },
                { GOOD_DEVICE "vfs = 1\nvf-macs = 53:54:00:aa:00:01\n", 5, "a MAC address such as" },
                { GOOD_DEVICE "vfs = 1\nvf-macs = 00:00:00:00:00:00\n", 5, "a MAC address such as" },
                { GOOD_DEVICE "vfs = 1\nvf-macs = 52:54:00:aa:00\n", 5, "a MAC address such as" },
                { GOOD_DEVICE "vfs = 1\nvf-macs = ,\n", 5, "a MAC address such as" },
                { GOOD_DEVICE "vfs = 1\nvf-macs = 52:54:00:aa:00:01\n[device y]\naddress = 00:06.0\nid = 8086:10d3\n"
                              "vfs = 2\nvf-macs = 52:54:00:aa:00:02 52:54:00:aa:00:01\n",
                  6, "[device y] has 52:54:00:aa:00:01 in vf-macs, and so has [device " },
                { GOOD_DEVICE "vfs = 2\ndriver = vfio-pci\n", 1, "has vfs and driver: " },
                { GOOD_DEVICE "vfs = 2\nallow = network\n", 1, "has vfs and allow: " },
                { GOOD_DEVICE "vfs = 2\n[device y]\naddress = 00:04.0\nid = 8086:10d3\n", 5, "of [device nic0]" },
                { "# \n[device x]\noptional = yes\n", 2, "[device x] has no address" },
                { "[device x]\npath = pci0000:00/04.0\n", 1, "[device x] has no id" },
                { "[device x]\nmac = 52:54:00:12:34\n", 2, "a MAC address such as" },
                { "[device x]\nmac = 00:00:00:00:00:00\n", 2, "a MAC address such as" },
                { "[device x]\nserial = 0123456789012345678901234567890123456789x\n", 2, "at most 40 characters" },
                { "[device x]\nsubsystem = 1458\n", 2, "vendor and device of the card" },
                { "[device x]\nmatch = 10de:1b80\n", 2, "one or more of \"id 10de:*\"" },
                { "[device x]\nmatch = id 10de:* id 8086:*\n", 2, "one or more of" },
                { "[device x]\nmatch = class frobnicator\n", 2, "one or more of" },
                { "[device x]\nmatch = slot 01:00.0\n", 2, "one or more of" },
                { "[device x]\nmatch = slot\n", 2, "one or more of" },
                { "[device x]\nmatch = class gpu\nid = 10de:1b80\n", 1, "[device x] has match and id: " },
                { "[device x]\nmatch = class gpu\nvfs = 2\n", 1, "[device x] has match and vfs: " },
                { "[device a123456789012345678901234567890123456789012345678901]\nmatch = class gpu\n", 1,
                  "has 52 characters, expected at most 51" },
                { "[device x]\naddress = 0000:00:04.0\n", 1, "[device x] has no id" },
                { GOOD_DEVICE "path = pci0000:00/05.0\n", 1, "expected it to end in /04.0" },
                { GOOD_DEVICE "[device y]\nid=8086:10d3\naddress = 00:04.0\n", 4, "of [device nic0] (test.conf:1)" },
                { "[agent]\nenabled = \x01yes\n", 2, "control character 0x01" },
                { "[agent]\renabled = yes\r", 1, "control character 0x0d" },
        };

        (void) state;
        FOREACH_ARRAY(f, faults, ELEMENTSOF(faults))
                assert_fault(f->text, strlen(f->text), f->line, f->part);
        assert_fault("[agent]\n\0", 9, 2, "control character 0x00");
}

static void test_long_line(void **state)
{
        char text[1200] = "[agent]\nenabled = yes ";
        size_t n = strlen(text);
        _cleanup_(config_done) Config c = {};
        _cleanup_(config_error_done) ConfigError e = {};

        (void) state;
        memset(text + n, ' ', sizeof(text) - n);
        assert_fault(text, 8 + 1001, 2, "has 1001 bytes, expected at most 1000");
        memset(text + n, '#', sizeof(text) - n);
        assert_fault(text, 8 + 1001, 2, "has 1001 bytes");
        assert_int_equal(config_load_text("test.conf", text, 8 + 1000, &c, &e), 0); /* the longest that is taken */
        assert_true(c.enabled);
}

/* Devices at n addresses; names and paths have so many bytes. @path: 10 and a multiple of 5. */
static char *many_devices(unsigned n, size_t name, size_t path)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        for (unsigned i = 0; i < n; i++) {
                fprintf(f, "[device %0*u]\naddress = ffff%04x:ff:1f.7\nid = 8086:10d3\npath = pci0000:00", (int) name,
                        i, i);
                for (size_t k = 10; k < path; k += 5)
                        fputs("/1f.7", f);
                fputs("\n", f);
        }
        assert_int_equal(fclose(f), 0);
        return text;
}

/* What a claim list cannot hold is refused where it is configured, not when the host boots. */
static void test_limits(void **state)
{
        _cleanup_free_ char *most = many_devices(CLAIM_DEVICES_MAX, CLAIM_NAME_MAX, CLAIM_PATH_MAX),
                            *more = many_devices(CLAIM_DEVICES_MAX + 1, CLAIM_NAME_MAX, CLAIM_PATH_MAX),
                            *long_name = many_devices(1, CLAIM_NAME_MAX + 1, CLAIM_PATH_MAX),
                            *long_path = many_devices(1, CLAIM_NAME_MAX, CLAIM_PATH_MAX + 5),
                            *one = many_devices(1, CLAIM_NAME_MAX - 1, CLAIM_PATH_MAX);
        _cleanup_(config_done) Config c = {};
        _cleanup_(config_error_done) ConfigError e = {};
        const Tree *t = *state;

        assert_int_equal(load(most, &c, &e), 0);
        assert_int_equal(c.n_devices, CLAIM_DEVICES_MAX);
        assert_fault(more, strlen(more), CLAIM_DEVICES_MAX * 4 + 1, "more than 512 devices");
        assert_fault(long_name, strlen(long_name), 1, "has 65 characters, expected at most 64");
        assert_fault(long_path, strlen(long_path), 4, "of at most 255 characters");

        tree_file(t, NAME_CONFIG_FILE, most);
        tree_file(t, NAME_CONFIG_DIR "/more.conf", one); /* another name at an address that is taken: too many first */
        config_done(&c);
        assert_int_equal(config_load(t->rfd, &c, &e), -EBADMSG);
        assert_string_equal(e.file, NAME_CONFIG_DIR "/more.conf");
        assert_int_equal(e.line, 1);
        assert_non_null(strstr(e.message, "more than 512 devices"));
}

/* Any cut of a good text is either taken or has a message. */
static void test_truncated(void **state)
{
        static const char text[] = "\xef\xbb\xbf# c\n[iommu]\nargument=always\n" GOOD_DEVICE "driver='pci-stub' ; x\n";

        (void) state;
        for (size_t n = 0; n < sizeof(text); n++) {
                _cleanup_(config_done) Config c = {};
                _cleanup_(config_error_done) ConfigError e = {};
                _cleanup_free_ char *cut = malloc(n + 1); /* so that a sanitizer sees a read beyond it */
                int r;

                assert_non_null(cut);
                cut = realloc(cut, n > 0 ? n : 1);
                memcpy(cut, text, n);
                r = config_load_text("test.conf", cut, n, &c, &e);
                if (r < 0)
                        assert_non_null(e.message);
                assert_true(r == 0 || r == -EBADMSG);
        }
}

static void test_files(void **state)
{
        const Tree *t = *state;
        _cleanup_(config_done) Config none = {}, c = {};
        _cleanup_(config_error_done) ConfigError e = {};

        assert_int_equal(config_load(t->rfd, &none, &e), 0); /* no file at all */
        assert_false(config_wants_changes(&none));

        assert_int_equal(root_mkdir_p(t->rfd, NAME_CONFIG_DIR), 0);
        tree_file(t, NAME_CONFIG_FILE, GOOD_DEVICE "[agent]\nenabled = no\n");
        tree_file(t, NAME_CONFIG_DIR "/20-b.conf", "[device nic0]\ndriver = vfio-pci\n[agent]\nenabled = yes\n");
        tree_file(t, NAME_CONFIG_DIR "/10-a.conf", "[device nic0]\ndriver = pci-stub\noptional = yes\n");
        tree_file(t, NAME_CONFIG_DIR "/30-c.conf.orig", "this is not read\n");
        tree_file(t, NAME_CONFIG_DIR "/.40-d.conf", "nor is this\n");
        tree_link(t, NAME_CONFIG_DIR "/.#10-a.conf", "someone@host.1234:1700000000"); /* Emacs is editing it */
        assert_int_equal(config_load(t->rfd, &c, &e), 0);
        assert_true(c.enabled);
        assert_int_equal(c.n_devices, 1);
        assert_int_equal(c.devices[0].driver, STUB_VFIO_PCI);
        assert_true(c.devices[0].optional);
        assert_int_equal(c.devices[0].id.device, 0x10d3);
        assert_string_equal(c.devices[0].file, NAME_CONFIG_FILE);
}

static void test_file_faults(void **state)
{
        const Tree *t = *state;
        Config c = {};

        assert_int_equal(root_mkdir_p(t->rfd, NAME_CONFIG_DIR "/50-directory.conf"), 0);
        tree_file(t, NAME_CONFIG_FILE, GOOD_DEVICE);
        {
                _cleanup_(config_error_done) ConfigError e = {};

                assert_int_equal(config_load(t->rfd, &c, &e), -EISDIR);
                assert_string_equal(e.file, NAME_CONFIG_DIR "/50-directory.conf");
                assert_string_equal(e.message, "cannot read: Is a directory");
                assert_int_equal(e.line, 0);
        }
        tree_file(t, NAME_CONFIG_DIR "/40-late.conf",
                  "\n[device other]\naddress=00:04.0\nid=8086:10d3\n[agent]\nenabled=x\n");
        {
                _cleanup_(config_error_done) ConfigError e = {};

                assert_int_equal(config_load(t->rfd, &c, &e), -EBADMSG);
                assert_string_equal(e.file, NAME_CONFIG_DIR "/40-late.conf");
                assert_int_equal(e.line, 6);
        }
        tree_file(t, NAME_CONFIG_DIR "/40-late.conf", "\n[device other]\naddress=00:04.0\nid=8086:10d3\n");
        tree_file(t, NAME_CONFIG_FILE, "[device nic0]\naddress = 00:05.0\n");
        {
                _cleanup_(config_error_done) ConfigError e = {};
                assert_int_equal(unlinkat(t->rfd, "etc/ptprep/ptprep.conf.d/50-directory.conf", AT_REMOVEDIR), 0);
                assert_int_equal(config_load(t->rfd, &c, &e), -EBADMSG);
                assert_string_equal(e.file, NAME_CONFIG_FILE); /* the section, not the last file */
                assert_int_equal(e.line, 1);
        }
        assert_null(c.devices);
}

/* An installer's chroot. What iniparser cannot read then is said to be that, and never a fault of the file. */
static void test_without_proc(void **state)
{
        const Tree *t = *state;
        int status;
        pid_t pid;

        if (geteuid() != 0)
                skip(); /* chroot(2) */
        tree_file(t, NAME_CONFIG_FILE, GOOD_DEVICE);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                ConfigError e = {};
                Config c = {};
                int r = chroot(t->path) < 0 ? -errno : config_load(t->rfd, &c, &e);
                bool told = r == -EIO && e.message && strstr(e.message, "where /proc is not mounted");
                bool read = r == 0 && c.n_devices == 1;

                config_done(&c);
                config_error_done(&e);
                _exit(told || read ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),  cmocka_unit_test(test_all_keys),  cmocka_unit_test(test_makers),
                cmocka_unit_test(test_makers),    cmocka_unit_test(test_group),     cmocka_unit_test(test_faults),
                cmocka_unit_test(test_long_line), cmocka_unit_test(test_truncated), TREE_TEST(test_files),
                TREE_TEST(test_limits),           TREE_TEST(test_file_faults),      TREE_TEST(test_without_proc),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
