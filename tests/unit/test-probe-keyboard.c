/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "usb-host.h"

/* Which controller has a keyboard that the host needs, and which not. */

#define KEYS "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n"

static void input(const Tree *t, const char *name, const char *place, const char *keys)
{
        char path[256], target[256];

        (void) snprintf(path, sizeof(path), "/sys/devices/%s/input/%s/capabilities/key", place, name);
        tree_file(t, path, keys);
        (void) snprintf(path, sizeof(path), "/sys/class/input/%s", name);
        (void) snprintf(target, sizeof(target), "../../devices/%s/input/%s", place, name);
        tree_link(t, path, target);
}

static void attribute(const Tree *t, const char *name, const char *attr, const char *text)
{
        char path[256];

        (void) snprintf(path, sizeof(path), "/sys/class/input/%s/%s", name, attr);
        tree_file(t, path, text);
}

static void usb_id_of(const Tree *t, const char *name, const char *vendor, const char *product)
{
        attribute(t, name, "id/bustype", "0003\n");
        attribute(t, name, "id/vendor", vendor);
        attribute(t, name, "id/product", product);
}

/* @port: "usb1/1-1" */
static void interface(const Tree *t, const char *addr, const char *port, const char *class, const char *protocol,
                      bool bound)
{
        const char *name = strrchr(port, '/') + 1;
        char path[256];

        (void) snprintf(path, sizeof(path), "/sys/devices/pci0000:00/%s/%s/%s:1.0/bInterfaceClass", addr, port, name);
        tree_file(t, path, class);
        (void) snprintf(path, sizeof(path), "/sys/devices/pci0000:00/%s/%s/%s:1.0/bInterfaceProtocol", addr, port,
                        name);
        tree_file(t, path, protocol);
        (void) snprintf(path, sizeof(path), "/sys/devices/pci0000:00/%s/%s/%s:1.0/driver", addr, port, name);
        if (bound)
                tree_link(t, path, "/sys/bus/usb/drivers/usbhid");
}

#define HERE    "pci0000:00/" USB "/usb1/1-1/1-1.2/1-1.2:1.0/0003:046D:C31C.0001"
#define THERE   "pci0000:00/" OTHER "/usb3/3-1/3-1:1.0/0003:046D:C31C.0002"
#define MACHINE "the only keyboard at the machine"
#define CHAIN   ": input3 on USB port 1-1.2 on " USB "\n"
#define ONLY    "the only keyboard: input3 on USB port 1-1.2 on " USB "\n"

/* By its keys: buttons, headsets and mice are input devices too. */
static void test_keys(void **state)
{
        static const struct {
                const char *keys;
                bool is_keyboard;
        } cases[] = {
                { KEYS, true },
                { "fffffffe\n", true },
                { "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe\n", true },
                { "0 fffffffe\n", true },
                { "fffffffe 0\n", false },
                { "10000000000000 0\n", false },
                { "7fffffff 0 0 0 0\n", false },
                { "fffffffc\n", false },
                { "0\n", false },
                { "none\n", false },
        };
        const Tree *t = *state;

        input(t, "input3", HERE, KEYS);
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                attribute(t, "input3", "capabilities/key", c->keys);
                expect(machine(t, "xhci_hcd"), c->is_keyboard ? ONLY : "");
        }
}

/* A second one anywhere: on another controller, on the board; not on one that is to be claimed as well. */
static void test_second(void **state)
{
        const Tree *t = *state;
        HostTest h;

        input(t, "input3", HERE, KEYS);
        expect(machine(t, "xhci_hcd"), ONLY);
        input(t, "input4", THERE, KEYS);
        expect(machine(t, "xhci_hcd"), "");
        h = machine(t, "xhci_hcd");
        h.about = NULL; /* it has the last one then */
        expect(h, "the only keyboard: input4 on USB port 3-1 on " OTHER "\n");
        h = machine(t, "xhci_hcd");
        host_want(&h, OTHER);
        h.about = NULL;
        expect(h, "the only keyboard: input3 on USB port 1-1.2 on " USB
                  "\nthe only keyboard: input4 on USB port 3-1 on " OTHER "\n");
        h = machine(t, "xhci_hcd");
        host_want(&h, OTHER);
        input(t, "input5", "platform/i8042/serio0", KEYS);
        expect(h, "");
}

/* A program's keyboard is none; one over Bluetooth is on the adapter. */
static void test_virtual(void **state)
{
        const Tree *t = *state;

        input(t, "input3", "virtual", KEYS);
        expect(machine(t, "xhci_hcd"), "");
        input(t, "input4", "virtual/misc/uhid/0005:05AC:0256.0003", KEYS);
        attribute(t, "input4", "name", "Couch Keyboard\n");
        expect(machine(t, "xhci_hcd"), "");
        tree_link(t, "/sys/class/bluetooth/hci0", "../../devices/pci0000:00/" USB "/usb1/1-7/1-7:1.0/bluetooth/hci0");
        tree_link(t, "/sys/class/bluetooth/hci0:11",
                  "../../devices/pci0000:00/" OTHER "/usb3/3-7/3-7:1.0/bluetooth/hci0/hci0:11");
        expect(machine(t, "xhci_hcd"),
               "the only keyboard: input4 (Couch Keyboard) over hci0 on USB port 1-7 on " USB "\n");
}

/* One over Bluetooth is none where somebody types before bluetoothd is there. */
static void test_bluetooth(void **state)
{
        static const char *const places[] = {
                "virtual/misc/uhid/0005:046D:B35B.0003",
                "pci0000:00/" OTHER "/usb3/3-7/3-7:1.0/bluetooth/hci0/hci0:11/0005:046D:B35B.0003",
        };
        const Tree *t = *state;

        input(t, "input3", HERE, KEYS);
        tree_link(t, "/sys/class/bluetooth/hci0", "../../devices/pci0000:00/" OTHER "/usb3/3-7/3-7:1.0/bluetooth/hci0");
        FOREACH_ARRAY(place, places, ELEMENTSOF(places)) {
                input(t, "input4", *place, KEYS);
                expect(machine(t, "xhci_hcd"), "");
                tree_file(t, CRYPTTAB, "root UUID=1 none luks\n");
                expect(machine(t, "xhci_hcd"), "the only keyboard, and a passphrase is typed at boot" CHAIN);
                assert_int_equal(unlinkat(t->rfd, &CRYPTTAB[1], 0), 0);
                assert_int_equal(unlinkat(t->rfd, "sys/class/input/input4", 0), 0);
        }
}

/* A security key that types one-time passwords has all keys, and is no keyboard; with or without a driver. */
static void test_token(void **state)
{
        const Tree *t = *state;

        input(t, "input3", HERE, KEYS);
        input(t, "input4", THERE, KEYS);
        usb_id_of(t, "input4", "1050\n", "0407\n");
        expect(machine(t, "xhci_hcd"), ONLY);
        assert_int_equal(unlinkat(t->rfd, "sys/class/input/input4", 0), 0);
        input(t, "input5", "pci0000:00/" OTHER "/usb3/3-2/3-2:1.0/0003:1050:0010.0002", KEYS);
        expect(machine(t, "xhci_hcd"), ONLY);
        interface(t, OTHER, "usb3/3-3", "03\n", "01\n", false);
        expect(machine(t, "xhci_hcd"), "");
        tree_file(t, "/sys/devices/pci0000:00/" OTHER "/usb3/3-3/idVendor", "1050\n");
        tree_file(t, "/sys/devices/pci0000:00/" OTHER "/usb3/3-3/idProduct", "0407\n");
        expect(machine(t, "xhci_hcd"), ONLY);
}

/* Keyboards of laptops and tablets hang on I2C controllers. */
static void test_i2c(void **state)
{
        const Tree *t = *state;
        HostTest h;

        input(t, "input3", "pci0000:00/0000:00:19.0/i2c_designware.0/i2c-1/i2c-ABC:00/0018:06CB:0001.0001", KEYS);
        host_begin(&h, t);
        expect(h, "the only keyboard: input3 on 0000:00:19.0\n");
}

/* No keyboard at all, as on most servers. */
static void test_none(void **state)
{
        const Tree *t = *state;

        interface(t, USB, "usb1/1-1", "08\n", "50\n", true);
        expect(machine(t, "xhci_hcd"), "");
        expect(machine(t, NULL), "");
}

static void test_remote(void **state)
{
        const Tree *t = *state;
        HostTest h;

        input(t, "input3", HERE, KEYS);
        input(t, "input4", THERE, KEYS);
        usb_id_of(t, "input4", "046b\n", "ff10\n");
        expect(machine(t, "xhci_hcd"),
               "told " MACHINE ": what is left is the remote one of its board's controller" CHAIN);
        /* the remote one goes, and that at the machine stays */
        h = machine(t, "xhci_hcd");
        h.wanted[0] = address(OTHER);
        expect(h, "the only keyboard" CHAIN);
        /* where it is the only one it is needed; of two one */
        usb_id_of(t, "input3", "0557\n", "2419\n");
        expect(machine(t, "xhci_hcd"), "");
        assert_int_equal(unlinkat(t->rfd, "sys/class/input/input4", 0), 0);
        expect(machine(t, "xhci_hcd"), ONLY);
        /* the same numbers on another bus are another device */
        attribute(t, "input3", "id/bustype", "0005\n");
        expect(machine(t, "xhci_hcd"), ONLY);
}

/* Another console is enough, unless somebody has to type while it boots. */
static void test_serial(void **state)
{
        const Tree *t = *state;

        input(t, "input3", HERE, KEYS);
        tree_file(t, "/sys/class/tty/console/active", "tty0 ttyS0\n");
        expect(machine(t, "xhci_hcd"), "told the only keyboard: what is left is another console" CHAIN);
        tree_file(t, CRYPTTAB, "root /dev/vda3\n");
        expect(machine(t, "xhci_hcd"), "the only keyboard, and a passphrase is typed at boot" CHAIN);
}

static void test_typed(void **state)
{
        static const struct {
                const char *crypttab, *cmdline;
                bool typed;
        } cases[] = {
                { "root UUID=1 none luks\n", "", true },
                { "root UUID=1 - luks,discard\n", "", true },
                { "# a\n\ndata UUID=2 /etc/key luks\nroot UUID=1\n", "", true },
                { "data UUID=2 /etc/key luks\n", "", false },
                { "root UUID=1 none tpm2-device=auto,discard\n", "", false },
                { "root UUID=1 none luks,fido2-device=auto\n", "", false },
                { "root UUID=1 none pkcs11-uri=auto\n", "", false },
                { "root UUID=1 none luks,keyscript=/lib/a\n", "", false },
                { "data UUID=1 none luks,noauto\n", "", false },
                { "data UUID=1 none luks,nofail\n", "", false },
                { "swap /dev/vda2 /dev/urandom swap\n", "", false },
                { "# root UUID=1 none luks\nroot\n", "", false },
                { NULL, "", false },
                /* programs that ask, whatever the field for the key has */
                { "root UUID=1 main luks,keyscript=decrypt_keyctl\n", "", true },
                { "root UUID=1 main luks,keyscript=/lib/cryptsetup/scripts/decrypt_keyctl\n", "", true },
                { "root UUID=1 none keyscript=/lib/cryptsetup/askpass,luks\n", "", true },
                { "root UUID=1 /etc/key.gpg luks,keyscript=decrypt_gnupg-sc\n", "", true },
                { "root UUID=1 main luks,keyscript=decrypt_keyctl,noauto\n", "", false },
                { "root UUID=1 main luks,keyscript=my_decrypt_keyctl\n", "", false },
                { "root UUID=1 /dev/sda1:/key luks,keyscript=passdev\n", "", false },
                { "root UUID=1 none tpm2-device=auto,tpm2-pin=yes\n", "", true },
                { "root UUID=1 none tpm2-device=auto,tpm2-pin=no\n", "", false },
                { NULL, "rd.luks.uuid=1 rd.luks.options=tpm2-device=auto,tpm2-pin=true", true },
                { "root /dev/vda3 none plain\n", "", true },
                { "swap /dev/vda2 /dev/urandom swap,plain\n", "", false },
                /* scripts of an initramfs that have no such file */
                { "# as it is shipped\n", "cryptdevice=UUID=1:root", true },
                { "data UUID=2 /etc/key luks\n", "cryptdevice=UUID=1:root root=/dev/mapper/root", true },
                { NULL, "cryptroot=UUID=1 cryptdm=root", true },
                { NULL, "cryptdevice=UUID=1:root cryptkey=UUID=2:ext4:/key", false },
                { NULL, "quiet -- cryptdevice=UUID=1:root", false },
                /* a file that says nothing of it, and one that does */
                { "", "rd.luks.uuid=luks-1", true },
                { "# as it is shipped\n", "rd.luks.name=26d0a7e6-7d63-4a0c-9b58-3e5f2f1f7ad1=root", true },
                { "swap /dev/vda2 /dev/urandom swap\n", "rd.luks.uuid=luks-1", true },
                { "data UUID=2 /etc/key\n", "rd.luks.uuid=1", true },
                { "root UUID=1A-2 /etc/key\n", "rd.luks.uuid=luks-1a", false },
                { "root UUID=\"1-2\" none tpm2-device=auto\n", "rd.luks.name=1-2=root", false },
                { "root /dev/disk/by-uuid/1-2 /etc/key\n", "luks.uuid=1-2", false },
                { "luks-1-2 /dev/vda3 /etc/key\n", "rd.luks.uuid=1-2", false },
                { "luks-1-2 /dev/vda3 /etc/key\n", "rd.luks.uuid=1-2 luks.name=3=data", true },
                { "root UUID=1 /etc/key\n", "rd.luks.uuid", true },
                { NULL, "rd.luks.uuid=luks-1", true },
                { NULL, "rd.luks.name=26d0a7e6-7d63-4a0c-9b58-3e5f2f1f7ad1=root", true },
                { NULL, "rd.luks.uuid=luks-1 rd.luks.options=discard", true },
                { NULL, "rd.luks.uuid=luks-1 rd.luks.options=discard,tpm2-device=auto", false },
                { NULL, "rd.luks.uuid=luks-1 rd.luks.options=tpm2-device=auto", false },
                { NULL, "rd.luks.uuid=1 rd.luks.options=26d0a7e6-7d63-4a0c-9b58-3e5f2f1f7ad1=tpm2-device=auto", false },
                { NULL, "rd.luks.uuid=luks-1 rd.luks.key=/key", false },
                { NULL, "quiet -- rd.luks.uuid=luks-1", false },
        };
        const Tree *t = *state;

        input(t, "input3", HERE, KEYS);
        input(t, "input4", THERE, KEYS);
        usb_id_of(t, "input4", "0624\n", "0249\n");
        /* what has the other keys */
        interface(t, OTHER, "usb3/3-4", "03\n", "00\n", true);
        tree_data(t, "/sys/devices/pci0000:00/" OTHER "/usb3/3-4/3-4:1.0/0003:1050:0120.0004/report_descriptor",
                  "\x06\xd0\xf1\x09\x01", 5);
        interface(t, OTHER, "usb3/3-5", "0b\n", "00\n", false);
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                HostTest h = machine(t, "xhci_hcd");

                (void) unlinkat(t->rfd, &CRYPTTAB[1], 0);
                if (c->crypttab)
                        tree_file(t, CRYPTTAB, c->crypttab);
                host_cmdline(&h, c->cmdline);
                expect(h, c->typed ? MACHINE ", and a passphrase is typed at boot" CHAIN
                                   : "told " MACHINE
                                     ": what is left is the remote one of its board's controller" CHAIN);
        }
}

/* The initramfs has a file of its own, on machines whose other one says nothing of "/". */
static void test_typed_initramfs(void **state)
{
        const Tree *t = *state;

        input(t, "input3", HERE, KEYS);
        tree_file(t, "/sys/class/tty/console/active", "tty0 ttyS0\n");
        tree_file(t, CRYPTTAB, "data UUID=2 /etc/key luks\n");
        tree_file(t, CRYPTTAB ".initramfs", "root UUID=1 /etc/key luks\n");
        expect(machine(t, "xhci_hcd"), "told the only keyboard: what is left is another console" CHAIN);
        tree_file(t, CRYPTTAB ".initramfs", "root UUID=1 none luks\n");
        expect(machine(t, "xhci_hcd"), "the only keyboard, and a passphrase is typed at boot" CHAIN);
}

/* Before usbhid is there, or where it never is. */
static void test_without_driver(void **state)
{
        const Tree *t = *state;
        static const char wait_input[] = "wait " USB ": it has a USB input device whose driver is not loaded yet\n";
        static const char wait_driver[] =
                "wait " USB ": its driver is not loaded yet, so what is plugged into it is not seen\n";
        static const char seen[] =
                "the only keyboard: USB keyboard 1-3:1.0 without a driver on USB port 1-3 on " USB "\n";

        interface(t, USB, "usb1/1-2", "03\n", "02\n", false);
        expect(machine(t, "xhci_hcd"), "");
        tree_file(t, QUEUE, "");
        expect(machine(t, "xhci_hcd"), wait_input);
        /* a device that has no driver yet, and one that is a guest's */
        tree_file(t, QUEUE, "");
        assert_int_equal(unlinkat(t->rfd, "sys/bus/pci/devices/" USB, 0), 0);
        tree_link(t, "/sys/bus/pci/devices/" USB, "/sys/devices/none");
        expect(machine(t, NULL), wait_driver);
        expect(machine(t, "vfio-pci"), "");
        /* there is another keyboard: nothing to wait for */
        input(t, "input5", "platform/i8042/serio0", KEYS);
        expect(machine(t, NULL), "");
        assert_int_equal(unlinkat(t->rfd, "sys/class/input/input5", 0), 0);
        assert_int_equal(unlinkat(t->rfd, &QUEUE[1], 0), 0);
        expect(machine(t, NULL), "");
        assert_int_equal(unlinkat(t->rfd, "sys/bus/pci/devices/" USB, 0), 0);
        /* one that says that it is a keyboard, once */
        interface(t, USB, "usb1/1-3", "03\n", "01\n", false);
        expect(machine(t, "xhci_hcd"), seen);
        input(t, "input6", "pci0000:00/" USB "/usb1/1-3/1-3:1.0/0003:0001:0001.0001", KEYS);
        expect(machine(t, "xhci_hcd"), "the only keyboard: input6 on USB port 1-3 on " USB "\n");
}

/* What goes with a configured controller, in words. */
static void test_contents(void **state)
{
        static const Config config = { .n_devices = 1 };
        static const PciAddr wanted = { 0, 0, 0x14, 0 };
        const Tree *t = *state;
        const Probe p = { .rfd = t->rfd, .cfg = &config, .wanted = &wanted, .n_wanted = 1 };
        HostTest h = machine(t, "xhci_hcd");

        tree_file(t, "/sys/devices/pci0000:00/" USB "/usb1/bDeviceClass", "09\n");
        tree_file(t, "/sys/devices/pci0000:00/" USB "/usb1/1-1/bDeviceClass", "09\n");
        tree_file(t, "/sys/devices/pci0000:00/" USB "/usb1/1-1/product", "Hub\n");
        tree_file(t, "/sys/devices/pci0000:00/" USB "/usb1/1-1/1-1.2/product", "SSD T7\n");
        tree_file(t, "/sys/devices/pci0000:00/" USB "/usb1/1-1/1-1.2/manufacturer", "Samsung\n");
        tree_file(t, "/sys/devices/pci0000:00/" USB "/usb1/1-4/idVendor", "0a12\n");
        tree_file(t, "/sys/devices/pci0000:00/" USB "/usb1/1-4/idProduct", "0001\n");
        tree_file(t, "/sys/devices/pci0000:00/" USB "/usb2/2-1/bDeviceClass", "00\n");
        tree_file(t, "/sys/devices/pci0000:00/" OTHER "/usb3/3-1/product", "Stays\n");
        assert_int_equal(probe_keyboard(&p, &h.facts), 0);
        assert_string_equal(h.facts.functions[0].usb, "Samsung SSD T7 (1-1.2), 0a12:0001 (1-4), 2-1");
        assert_null(h.facts.functions[1].usb);
        facts_done(&h.facts);
        for (unsigned i = 1; i < 10; i++) {
                char path[96];

                (void) snprintf(path, sizeof(path), "/sys/devices/pci0000:00/" USB "/usb2/2-%u/product", i);
                tree_file(t, path, "x\n");
        }
        h = machine(t, "xhci_hcd");
        assert_int_equal(probe_keyboard(&p, &h.facts), 0);
        assert_non_null(strstr(h.facts.functions[0].usb, "x (2-6), and 3 more"));
        facts_done(&h.facts);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_keys),
                TREE_TEST(test_second),
                TREE_TEST(test_virtual),
                TREE_TEST(test_i2c),
                TREE_TEST(test_none),
                TREE_TEST(test_remote),
                TREE_TEST(test_serial),
                TREE_TEST(test_typed),
                TREE_TEST(test_without_driver),
                TREE_TEST(test_contents),
                TREE_TEST(test_typed_initramfs),
                TREE_TEST(test_bluetooth),
                TREE_TEST(test_token),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
