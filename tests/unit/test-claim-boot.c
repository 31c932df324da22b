/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which boots the helper acts, and what of the host it leaves alone in them. */
#include "claim-host.h"
#include "ibft-build.h"

static void put_bytes(const char *path, const void *bytes, size_t size)
{
        const char *full = in_tree(path);
        _cleanup_fclose_ FILE *f = NULL;

        make_parents(full);
        f = fopen(full, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, size, f), size);
}

/* Which command lines let it act. */
static void test_cmdline(void **state)
{
        static const struct {
                const char *words;
                bool acts;
        } rows[] = {
                { "ptprep.claim=1", true },
                { "quiet ptprep.claim=1 splash", true },
                { "\"ptprep.claim=1\"", true },
                { "ptprep.claim=\"1\"", true },
                { "ptprep.claim=0 ptprep.claim=1", true },
                { "ptprep.claim=1 ptprep=off ptprep=on", true },
                { "ptprep.claim=1 systemd.unit=multi-user.target", true },
                { "ptprep.claim=1 dyndbg=\"file a.c +p; ptprep=off single\"", true },
                { "", false },
                { "quiet splash", false },
                { "ptprep.claim", false },
                { "ptprep.claim=0", false },
                { "ptprep.claim=10", false },
                { "ptprep.claim=1 ptprep.claim=0", false },
                { "xptprep.claim=1", false },
                { "dyndbg=\"file a.c +p; ptprep.claim=1\"", false },
                { "-- ptprep.claim=1", false },
                { "ptprep.claim=1 ptprep=off", false },
                { "ptprep=off ptprep.claim=1", false },
                { "ptprep.claim=1 ptprep=on ptprep=off", false },
                { "ptprep.claim=1 -- ptprep=off", false },
                { "ptprep.claim=1 \"ptprep=off\"", false },
                { "ptprep.claim=1 single", false },
                { "ptprep.claim=1 s", false },
                { "ptprep.claim=1 S", false },
                { "ptprep.claim=1 1", false },
                { "ptprep.claim=1 rescue", false },
                { "emergency ptprep.claim=1", false },
                { "ptprep.claim=1 systemd.unit=rescue.target", false },
                { "ptprep.claim=1 systemd.unit=emergency.target", false },
                { "ptprep.claim=1 rd.systemd.unit=emergency.target", false },
                { "ptprep.claim=1 rd.break", false },
                { "ptprep.claim=1 rd.break=pre-mount", false },
                { "ptprep.claim=1 rdbreak", false },
                { "ptprep.claim=1 rd.rescue", false },
                { "ptprep.claim=1 rd.emergency", false },
                { "ptprep.claim=1 -b", false },
                { "ptprep.claim=1 -- -s", false },
                { "ptprep.claim=1 recovery nomodeset", false },
                { "ptprep.claim=1 break", false },
                { "ptprep.claim=1 break=premount", false },
                { "ptprep.claim=1 systemd.unit=emergency", false },
                { "ptprep.claim=1 systemd.unit=\"rescue\"", false },
                { "ptprep.claim=1 systemd.unit=runlevel1.target", false },
                { "ptprep.claim=1 rd.systemd.unit=rescue", false },
                { "ptprep.claim=1 init=/bin/sh", false },
                { "init=/usr/bin/bash ptprep.claim=1", false },
                { "ptprep.claim=1 rdinit=/bin/sh", false },
                { "ptprep.claim=1 \"init=/bin/bash\"", false },
                { "ptprep.claim=1 init=/usr/sbin/sulogin", false },
                { "ptprep.claim=1 init=sh", false },
                /* the crash kernel's, made of the usual one */
                { "elfcorehdr=0x7b000000 ptprep.claim=1 irqpoll nr_cpus=1 reset_devices", false },
                /* ordinary boots */
                { "ptprep.claim=1 2", true },
                { "ptprep.claim=1 3", true },
                { "ptprep.claim=1 5", true },
                { "ptprep.claim=1 rd.shell=0 rd.emergency=reboot panic=30", true },
                { "ptprep.claim=1 init=/sbin/init", true },
                { "ptprep.claim=1 init=/usr/lib/systemd/systemd", true },
                { "ptprep.claim=1 init=/nix/store/abc-nixos-system/init", true },
                { "ptprep.claim=1 rdinit=/init", true },
                { "ptprep.claim=1 init=/opt/bash/init", true },
                { "ptprep.claim=1 systemd.unit=graphical.target", true },
                { "ptprep.claim=1 single=1 rescue=no", true },
                { "ptprep.claim=1 systemd.debug_shell", true },
                { "ptprep.claim=1 crashkernel=512M", true },
        };

        (void) state;
        put_twins("vfio-pci");
        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci " PATH_B " nic0\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                char text[256];

                (void) snprintf(text, sizeof(text), "%s\n", row->words);
                put_cmdline(text);
                put("sys/devices/" DEVICE_B "/driver_override", "(null)\n");
                (void) unlink(in_tree("run/ptprep/claim"));
                assert_int_equal(run(), 0);
                if (row->acts != (access(in_tree("run/ptprep/claim"), F_OK) == 0))
                        fail_msg("\"%s\" should %s", row->words, row->acts ? "claim" : "claim nothing");
                if (!row->acts)
                        assert_nothing_done();
        }
}

/* A crash kernel that was told by other means than its command line where the memory of the crashed one is. */
static void test_crash_kernel(void **state)
{
        (void) state;
        put_twins("vfio-pci");
        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci " PATH_B " nic0\n");
        put("proc/vmcore", "\177ELF");
        assert_int_equal(run(), 0);
        assert_string_equal(output, "ptprep-claim: crash kernel: nothing claimed\n");
        assert_nothing_done();
        put_cmdline("root=/dev/vda2\n"); /* and without ptprep.claim=1 there is nothing to say */
        assert_int_equal(run(), 0);
        assert_string_equal(output, "");
}

/* Where the arguments or the list cannot be read, nothing is claimed. */
static void test_unreadable(void **state)
{
        (void) state;
        put_twins("e1000e");
        assert_int_equal(run(), 1);
        assert_contains(output, "/etc/ptprep/claims: cannot be read (No such file or directory): nothing claimed");
        assert_nothing_done();

        put("etc/ptprep/claims", TWIN_B " " ID " vfio-pci - nic0\n");
        assert_return_code(unlink(in_tree("proc/cmdline")), errno);
        (void) run();
        assert_contains(output, "/proc/cmdline: cannot be read");
        assert_nothing_done();
}

static void test_usage(void **state)
{
        int status;
        pid_t pid;

        (void) state;
        pid = fork();
        assert_return_code(pid, errno);
        if (pid == 0) {
                (void) freopen("/dev/null", "w", stderr);
                (void) execl(helper, helper, "--frobnicate", (char *) NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 64);
}

/* What the list has behind the name of B. */
static void put_tail(const char *tail)
{
        char text[300];

        (void) snprintf(text, sizeof(text), "version=2\n" TWIN_B " " ID " vfio-pci " PATH_B " dev0 %s\n", tail);
        put("etc/ptprep/claims", text);
}

/* A network card, and B, that has this class and is listed. */
static void put_guarded(const char *class, const char *tail)
{
        put_device(DEVICE_A, ID, NETWORK, "e1000e");
        put_device(DEVICE_B, ID, class, "vfio-pci");
        put_tail(tail);
}

/* The helper has claimed B, or has left it to the host with this reason. */
static void assert_guarded(const char *reason)
{
        if (!reason) {
                assert_int_equal(run(), 0);
                assert_contains(output, "(dev0): claimed by vfio-pci");
                return;
        }
        assert_int_equal(run(), 1);
        assert_contains(output, reason);
        assert_contains(output, ": left to the host\n");
        assert_untouched(DEVICE_B);
        assert_contains(get("run/ptprep/claim"), TWIN_B " failed ");
}

/* A list that was judged for another root than the one that is to be mounted takes nothing that it could be on. */
static void test_other_root(void **state)
{
        static const char moved[] = "the root is /dev/vda2 now, and was UUID=1 when it was listed";
        static const struct {
                const char *root, *class, *tail, *reason;
        } rows[] = {
                { "root=/dev/vda2", "0x010802\n", "root=/dev/vda2", NULL },
                { "root=/dev/vda2", "0x010802\n", "root=UUID=1", moved },
                { "root=/dev/vda2", "0x010802\n", "", NULL }, /* of a release that did not say */
                { "root=/dev/vda2", "0x010802\n", "root=UUID=1 allow=boot-disk", NULL },
                { "root=/dev/vda2", "0x010802\n", "root=UUID=1 allow=keyboard,boot-disk", NULL },
                { "root=/dev/vda2", "0x010802\n", "root=UUID=1 allow=keyboard,display", moved },
                { "root=/dev/vda2", "0x0c0330\n", "root=UUID=1", moved },
                { "root=/dev/vda2", "0x080501\n", "root=UUID=1", moved },
                { "root=/dev/vda2", "0x0c0400\n", "root=UUID=1", moved },
                { "root=/dev/vda2", "0x030000\n", "root=UUID=1", NULL }, /* no disk is on it */
                { "root=/dev/vda2", "0x020000\n", "root=UUID=1",
                  NULL }, /* and no way to another machine was asked for */
                { "root=/dev/nfs nfsroot=192.0.2.1:/r", "0x020000\n", "root=UUID=1",
                  "the root is /dev/nfs;nfsroot=192.0.2.1:/r now, and was UUID=1 when" },
                { "root=/dev/nfs nfsroot=192.0.2.1:/r", "0x020000\n", "root=/dev/nfs;nfsroot=192.0.2.1:/r", NULL },
                { "root=UUID=2 netroot=iscsi:192.0.2.1", "0x020000\n", "root=UUID=2", "now, and was UUID=2 when" },
                { "root=/dev/sda1 root=UUID=1", "0x010802\n", "root=UUID=1", NULL }, /* the last one counts */
                { "\"root=UUID=1\"", "0x010802\n", "root=UUID=1", NULL },
                { "quiet", "0x010802\n", "root=-", NULL }, /* the image knows, or the partition's type tells */
                { "quiet", "0x010802\n", "root=UUID=1", "the root is - now" },
                { "root=ZFS=rpool/ROOT/b", "0x010802\n", "root=ZFS=rpool", NULL },
                { "root=LABEL=%\x01;", "0x010802\n", "root=LABEL=%25%01%3B", NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char text[200];

                (void) teardown(NULL);
                assert_int_equal(setup(NULL), 0);
                put_guarded(rows[i].class, rows[i].tail);
                (void) snprintf(text, sizeof(text), "%s ptprep.claim=1 -- root=/dev/none\n", rows[i].root);
                put_cmdline(text);
                assert_guarded(rows[i].reason);
        }
}

static void test_firmware_network(void **state)
{
        static const char booted[] = "the firmware has booted over iSCSI with it (iBFT)";
        uint8_t table[IBFT_SIZE];

        (void) state;
        put_guarded(NETWORK, "");
        assert_guarded(NULL);
        put_link("sys/firmware/ibft/ethernet0/device", "../../../devices/" DEVICE_A);
        put_link("sys/firmware/ibft/target0/device", "../../../devices/" DEVICE_B);
        assert_guarded(NULL);
        put("sys/devices/" DEVICE_B "/driver_override", "(null)\n");
        put_link("sys/firmware/ibft/ethernet1/device", "../../../devices/" DEVICE_B);
        assert_guarded(booted);
        assert_return_code(unlink(in_tree("sys/firmware/ibft/ethernet1/device")), errno);
        build_ibft(table, 0x0400);
        put_bytes("sys/firmware/acpi/tables/iBFT", table, sizeof(table));
        assert_guarded(booted);
        build_ibft(table, 0x0401);
        put_bytes("sys/firmware/acpi/tables/iBFT", table, sizeof(table));
        assert_guarded(NULL);
        build_ibft(table, 0x0400);
        put_bytes("sys/firmware/acpi/tables/iBFT", table, sizeof(table));
        put_tail("allow=network");
        assert_guarded(NULL);
}

/* The display that the console is on stays where it is the last one. */
static void test_last_display(void **state)
{
        static const char last[] = "the console is on it, and no other display or console is there";
        static const char lines[] = "00000000-00000fff : Reserved\nc0000000-dfffffff : PCI Bus 0000:00\n"
                                    "  c0000000-c0ffffff : %s\n    c0000000-c07e8fff : BOOTFB\n";
        static const struct {
                const char *holder, *boot_vga, *consoles, *other, *tail, *reason;
        } rows[] = {
                { TWIN_B, "0\n", "tty0\n", NETWORK, "", last },
                { TWIN_A, "1\n", "tty0\n", NETWORK, "", NULL },       /* the framebuffer is surer */
                { TWIN_B, "0\n", "tty0\n", "0x030000\n", "", NULL },  /* another one stays */
                { TWIN_B, "0\n", "tty0\n", "0x030200\n", "", last },  /* that shows nothing */
                { TWIN_B, "0\n", "ttyS0 tty0\n", NETWORK, "", NULL }, /* a serial console */
                { TWIN_B, "0\n", "ttyS0\n", NETWORK, "", NULL },
                { TWIN_B, "0\n", "tty0\n", NETWORK, "display=spared", NULL },
                { TWIN_B, "0\n", "tty0\n", NETWORK, "allow=display", NULL },
                { TWIN_B, "0\n", "tty0\n", NETWORK, "allow=network", last },
                { NULL, "1\n", "tty0\n", NETWORK, "", last }, /* no framebuffer: what VGA says */
                { NULL, "0\n", "tty0\n", NETWORK, "", NULL },
                { "Reserved", "1\n", "tty0\n", NETWORK, "", last },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char text[300];

                (void) teardown(NULL);
                assert_int_equal(setup(NULL), 0);
                put_guarded("0x030000\n", rows[i].tail);
                put("sys/devices/" DEVICE_A "/class", rows[i].other);
                put("sys/devices/" DEVICE_B "/boot_vga", rows[i].boot_vga);
                put("sys/class/tty/console/active", rows[i].consoles);
                if (rows[i].holder) {
                        (void) snprintf(text, sizeof(text), lines, rows[i].holder);
                        put("proc/iomem", text);
                }
                assert_guarded(rows[i].reason);
        }
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_cmdline, setup, teardown),
                cmocka_unit_test_setup_teardown(test_crash_kernel, setup, teardown),
                cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
                cmocka_unit_test(test_usage),
                cmocka_unit_test_setup_teardown(test_other_root, setup, teardown),
                cmocka_unit_test_setup_teardown(test_firmware_network, setup, teardown),
                cmocka_unit_test_setup_teardown(test_last_display, setup, teardown),
        };

        if (argc != 2) {
                fprintf(stderr, "usage: test-claim-boot HELPER\n");
                return 64;
        }
        helper = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
