/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "usb-host.h"

/* Which controller has the key that opens a volume at boot. */

/* @port: "usb1/1-1" */
static void interface(const Tree *t, const char *addr, const char *port, const char *class)
{
        const char *name = strrchr(port, '/') + 1;
        char path[256];

        (void) snprintf(path, sizeof(path), "/sys/devices/pci0000:00/%s/%s/%s:1.0/bInterfaceClass", addr, port, name);
        tree_file(t, path, class);
}

#define KEY_HERE     "the key that opens an encrypted volume: security key on USB port 1-4 on " USB "\n"
#define KEY_THERE    "the key that opens an encrypted volume: security key on USB port 3-4 on " OTHER "\n"
#define READER_HERE  "the key that opens an encrypted volume: smart card reader on USB port 1-5 on " USB "\n"
#define NO_KEY(addr) "unknown " addr ": a security key opens an encrypted volume at boot, and none is plugged in\n"
#define NO_READER(addr)                                                                                                \
        "unknown " addr ": a smart card opens an encrypted volume at boot, and no reader is plugged in\n"
#define NO_DRIVERS(addr)                                                                                               \
        "wait " addr ": it may have the key that opens an encrypted volume, and not all drivers are loaded\n"

static void descriptor(const Tree *t, const char *addr, const char *port, const char *data, size_t size)
{
        const char *name = strrchr(port, '/') + 1;
        char path[256];

        (void) snprintf(path, sizeof(path),
                        "/sys/devices/pci0000:00/%s/%s/%s:1.0/0003:1050:0120.0004/report_descriptor", addr, port, name);
        tree_data(t, path, data, size);
}

#define FIDO "\x06\xd0\xf1\x09\x01\xa1\x01\x09\x20\xc0"

/* What a volume is opened with at boot hangs on a controller too. */
static void test_unlock_token(void **state)
{
        static const struct {
                const char *crypttab, *cmdline, *expected;
        } cases[] = {
                { "root UUID=1 none fido2-device=auto\n", "", KEY_HERE KEY_THERE },
                { "root UUID=1 none luks,fido2-device=/dev/hidraw0\n", "", KEY_HERE KEY_THERE },
                { "data UUID=1 none nofail,fido2-device=auto\n", "", KEY_HERE KEY_THERE },
                { "data UUID=1 none noauto,fido2-device=auto\n", "", "" },
                { "root UUID=1 none pkcs11-uri=auto\n", "", READER_HERE },
                { "root UUID=1 /key luks,keyscript=/lib/cryptsetup/scripts/decrypt_gnupg-sc\n", "", READER_HERE },
                { "root UUID=1 none tpm2-device=auto\n", "", "" },
                { NULL, "rd.luks.uuid=1 rd.luks.options=fido2-device=auto", KEY_HERE KEY_THERE },
                { NULL, "rd.luks.uuid=1 luks.options=26d0a7e6-7d63-4a0c-9b58-3e5f2f1f7ad1=fido2-device=auto",
                  KEY_HERE KEY_THERE },
                { NULL, "", "" },
        };
        const Tree *t = *state;

        interface(t, USB, "usb1/1-4", "03\n");
        descriptor(t, USB, "usb1/1-4", FIDO, sizeof(FIDO) - 1);
        interface(t, OTHER, "usb3/3-4", "03\n");
        descriptor(t, OTHER, "usb3/3-4", FIDO, sizeof(FIDO) - 1);
        interface(t, USB, "usb1/1-5", "0b\n");
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                HostTest h = machine(t, "xhci_hcd");

                h.about = NULL;
                (void) unlinkat(t->rfd, &CRYPTTAB[1], 0);
                if (c->crypttab)
                        tree_file(t, CRYPTTAB, c->crypttab);
                host_cmdline(&h, c->cmdline);
                expect(h, c->expected);
        }
        tree_file(t, CRYPTTAB ".initramfs", "root UUID=1 none pkcs11-uri=auto\n");
        expect(machine(t, "xhci_hcd"), READER_HERE);
}

/* It is not plugged in, or its driver is on its way. */
static void test_unlock_token_missing(void **state)
{
        const Tree *t = *state;
        HostTest h;

        tree_file(t, CRYPTTAB, "root UUID=1 none fido2-device=auto\ndata UUID=2 none pkcs11-uri=auto\n");
        h = machine(t, "xhci_hcd");
        h.about = NULL;
        expect(h, NO_KEY(USB) NO_KEY(OTHER) NO_READER(USB) NO_READER(OTHER));
        expect(machine(t, "vfio-pci"), "");
        interface(t, OTHER, "usb3/3-4", "03\n");
        descriptor(t, OTHER, "usb3/3-4", FIDO, sizeof(FIDO) - 1);
        expect(machine(t, "xhci_hcd"), NO_READER(USB));
        interface(t, OTHER, "usb3/3-5", "0b\n");
        expect(machine(t, "xhci_hcd"), "");
        tree_file(t, QUEUE, "");
        expect(machine(t, "xhci_hcd"), NO_DRIVERS(USB));
}

/* Told by its usage, wherever that stands. */
static void test_descriptor(void **state)
{
        static const struct {
                const char *data;
                size_t size;
                bool is_key;
        } cases[] = {
#define ROW(text, is_key) { text, sizeof(text) - 1, is_key }
                ROW(FIDO, true),
                ROW("\x05\x01\x09\x06\xa1\x01\xc0" FIDO, true),
                ROW("\x06\xd0\xf1\xa1\x01\x09\x01", true),
                ROW("\x0b\x01\x00\xd0\xf1", true),
                ROW("\xfe\x02\x00\x0b\x01" FIDO, true),
                ROW("\x05\x01\x09\x01\xa1\x01\xc0", false),
                ROW("\x06\xd0\xf1\x09\x20", false),
                ROW("\x06\xd0\xf1\x09", false),
                ROW("\x06\xd0", false),
                ROW("\xfe", false),
                ROW("\xfe\xff\x00" FIDO, false),
                ROW("", false),
#undef ROW
        };
        const Tree *t = *state;

        tree_file(t, CRYPTTAB, "root UUID=1 none fido2-device=auto\n");
        interface(t, USB, "usb1/1-4", "03\n");
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                descriptor(t, USB, "usb1/1-4", c->data, c->size);
                expect(machine(t, "xhci_hcd"), c->is_key ? KEY_HERE : NO_KEY(USB));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_unlock_token),
                TREE_TEST(test_unlock_token_missing),
                TREE_TEST(test_descriptor),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
