/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

/* Which display and which other console the host lives on, and which not. */

#define IGD    "0000:00:02.0"
#define CARD   "0000:00:06.0"
#define DEV    "../../devices/pci0000:00/"
#define IOMEM  "/proc/iomem"
#define ACTIVE "/sys/class/tty/console/active"
#define ONLY   "the host's only display: console tty0 on "
#define TOLD   "told the display that the console is on, which goes dark when it is claimed: console tty0 on "

/* One display, configured. */
static HostTest one(const Tree *tree, uint32_t class)
{
        HostTest t;

        host_begin(&t, tree);
        host_function(&t, IGD, "8086:9bc8", class, "i915");
        host_function(&t, "0000:00:1f.0", "8086:0685", 0x060100, NULL);
        host_want(&t, IGD);
        return t;
}

/* And another one, which is not. */
static HostTest two(const Tree *tree, uint32_t class, const char *driver)
{
        HostTest t;

        host_begin(&t, tree);
        host_function(&t, IGD, "8086:9bc8", 0x030000, "i915");
        host_function(&t, CARD, "10de:2204", class, driver);
        host_want(&t, IGD);
        return t;
}

static void expect_display(HostTest t, const char *expected)
{
        host_expect(&t, probe_display, HOST_USE_DISPLAY, expected);
}

/* By name, so also without being root; and only where the framebuffer is in the memory of the function. */
static void test_iomem(void **state)
{
        const Tree *t = *state;
        HostTest h;

        tree_file(t, IOMEM, "00001000-0009ffff : System RAM\n");
        expect_display(one(t, 0x030000), "");
        tree_file(t, IOMEM,
                  "c0000000-cfffffff : PCI Bus 0000:00\n"
                  "  c0000000-cfffffff : 0000:00:02.0\n"
                  "    c0000000-c07e8fff : efifb\n");
        expect_display(one(t, 0x030000), ONLY "efifb on " IGD "\n");
        /* a name with numbers that only root gets */
        tree_file(t, IOMEM,
                  "00000000-00000000 : PCI Bus 0000:00\n"
                  "  00000000-00000000 : 0000:00:02.0\n"
                  "    00000000-00000000 : BOOTFB\n"
                  "      00000000-00000000 : simpledrm\n");
        h = one(t, 0x038000);
        h.list = true;
        expect_display(h, ONLY "simpledrm on " IGD "\n");
        /* below another function, beside it, and of somebody else */
        tree_file(t, IOMEM,
                  "c0000000-cfffffff : PCI Bus 0000:00\n"
                  "  c0000000-cfffffff : 0000:00:02.0\n"
                  "    c0000000-c07e8fff : i915\n"
                  "  d0000000-d07e8fff : efifb\n"
                  "e0000000-e07e8fff : BOOTFB\n"
                  "f0000000-f07e8fff : 0000:00:04.0\n"
                  "  f0000000-f07e8fff : BOOTFB\n");
        expect_display(one(t, 0x030000), "");
        /* so deep that the indentation has ended: the numbers tell, or without them the order */
        tree_file(t, IOMEM,
                  "          c0000000-cfffffff : 0000:00:02.0\n"
                  "          c0000000-c07e8fff : BOOTFB\n");
        expect_display(one(t, 0x030000), ONLY "BOOTFB on " IGD "\n");
        tree_file(t, IOMEM,
                  "          c0000000-cfffffff : 0000:00:02.0\n"
                  "          d0000000-d07e8fff : BOOTFB\n");
        expect_display(one(t, 0x030000), "");
}

/* The other things that tell, each surer than the next. */
static void test_evidence(void **state)
{
        const Tree *t = *state;

        tree_file(t, IOMEM, "");
        tree_file(t, "/sys/devices/pci0000:00/" IGD "/boot_vga", "1\n");
        expect_display(one(t, 0x030000), ONLY "boot VGA on " IGD "\n");
        tree_link(t, "/sys/class/graphics/fb0", DEV IGD "/graphics/fb0");
        expect_display(one(t, 0x030000), ONLY "fb0 on " IGD "\n");
        tree_link(t, "/sys/class/drm/card0", DEV CARD "/drm/card0");
        tree_link(t, "/sys/class/drm/card0-DP-1", DEV CARD "/drm/card0/card0-DP-1");
        tree_file(t, "/sys/devices/pci0000:00/" CARD "/drm/card0/boot_display", "1\n");
        expect_display(two(t, 0x038000, "amdgpu"),
                       TOLD "fb0 on " IGD "\n" ONLY "card0 on " CARD "\n"); /* the first one goes */
}

/* Before Linux 7 a framebuffer of the firmware is on a platform device, whose parent is only in the link. */
static void test_platform_framebuffer(void **state)
{
        const Tree *t = *state;

        tree_file(t, IOMEM, "");
        tree_link(t, "/sys/class/graphics/fb0", "../../devices/platform/efi-framebuffer.0/graphics/fb0");
        tree_link(t, "/sys/devices/platform/efi-framebuffer.0/graphics/fb0/device", "../../../efi-framebuffer.0");
        expect_display(one(t, 0x030000), "");
        assert_int_equal(unlinkat(t->rfd, "sys/devices/platform/efi-framebuffer.0/graphics/fb0/device", 0), 0);
        tree_link(t, "/sys/devices/platform/efi-framebuffer.0/graphics/fb0/device",
                  "../../../../pci0000:00/" IGD "/simple-framebuffer.0");
        expect_display(one(t, 0x030000), ONLY "fb0 on " IGD "\n");
}

static void set_shown(const Tree *t)
{
        tree_file(t, IOMEM, "c0-cf : 0000:00:02.0\n  c0-c1 : efifb\n");
}

/* What does not hold a display: another one, of whatever kind, another console, nothing to see. */
static void test_spared(void **state)
{
        const Tree *t = *state;
        HostTest h;

        set_shown(t);
        expect_display(two(t, 0x030000, "nouveau"), TOLD "efifb on " IGD "\n");
        expect_display(two(t, 0x030000, NULL), TOLD "efifb on " IGD "\n");
        expect_display(two(t, 0x000100, NULL), TOLD "efifb on " IGD "\n");
        /* no display: for computing, or gone */
        expect_display(two(t, 0x030200, "nvidia"), ONLY "efifb on " IGD "\n");
        expect_display(two(t, 0x030000, "vfio-pci"), ONLY "efifb on " IGD "\n");
        h = two(t, 0x030000, "nouveau");
        host_want(&h, CARD);
        expect_display(h, ONLY "efifb on " IGD "\n");
        /* a card with connectors is one whatever its class; one without is none */
        tree_link(t, "/sys/class/drm/card1", DEV CARD "/drm/card1");
        expect_display(two(t, 0x030000, "amdgpu"), ONLY "efifb on " IGD "\n");
        tree_link(t, "/sys/class/drm/card1-DP-1", DEV CARD "/drm/card1/card1-DP-1");
        expect_display(two(t, 0x030200, "nvidia"), TOLD "efifb on " IGD "\n");
}

static void test_consoles_beside(void **state)
{
        static const struct {
                const char *active, *expected;
        } cases[] = {
                { "tty0\n", ONLY },       { "tty1\n", ONLY },         { "ttynull tty0\n", ONLY },
                { "ttyS0 tty0\n", TOLD }, { "tty0 ttyAMA0\n", TOLD }, { "tty0 hvc0\n", TOLD },
                { "ttyS0\n", TOLD },      { "ttynull\n", TOLD },      { "\n", TOLD },
                { "tty0 ttyS4\n", ONLY }, /* which goes as well */
        };
        const Tree *t = *state;

        set_shown(t);
        tree_link(t, "/sys/class/tty/ttyS4", DEV CARD "/tty/ttyS4");
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                HostTest h;
                char text[256];

                tree_file(t, ACTIVE, c->active);
                host_begin(&h, t);
                host_function(&h, IGD, "8086:9bc8", 0x030000, "i915");
                host_function(&h, CARD, "8086:1e3d", 0x070002, "serial");
                host_want(&h, IGD);
                host_want(&h, CARD);
                (void) snprintf(text, sizeof(text), "%sefifb on " IGD "\n", c->expected);
                expect_display(h, text);
        }
}

/* What the kernel was told, where it cannot be asked. */
static void test_console_arguments(void **state)
{
        const Tree *t = *state;
        HostTest h;

        set_shown(t);
        h = one(t, 0x030000);
        host_cmdline(&h, "root=/dev/vda console=ttyS0,115200n8 console=tty0");
        expect_display(h, TOLD "efifb on " IGD "\n");
        h = one(t, 0x030000);
        host_cmdline(&h, "console=tty0 -- console=ttyS0");
        expect_display(h, ONLY "efifb on " IGD "\n");
}

/* Nobody looks at a display without a monitor; of one whose plug nobody can tell that is not known. */
static void test_unplugged(void **state)
{
        const Tree *t = *state;

        set_shown(t);
        tree_link(t, "/sys/class/drm/card0", DEV IGD "/drm/card0");
        tree_link(t, "/sys/class/drm/card0-DP-1", DEV IGD "/drm/card0/card0-DP-1");
        tree_link(t, "/sys/class/drm/card0-DP-2", DEV IGD "/drm/card0/card0-DP-2");
        tree_file(t, "/sys/devices/pci0000:00/" IGD "/drm/card0/card0-DP-1/status", "disconnected\n");
        expect_display(one(t, 0x030000), ONLY "efifb on " IGD "\n");
        tree_file(t, "/sys/devices/pci0000:00/" IGD "/drm/card0/card0-DP-2/status", "connected\n");
        expect_display(one(t, 0x030000), ONLY "efifb on " IGD "\n");
        tree_file(t, "/sys/devices/pci0000:00/" IGD "/drm/card0/card0-DP-2/status", "disconnected\n");
        expect_display(one(t, 0x030000), TOLD "efifb on " IGD "\n");
}

/* Unknown is only what could make a difference. */
static void test_unseen(void **state)
{
        static const char unknown[] =
                "unknown " IGD ": /proc/iomem, which tells where the framebuffer of the firmware is, "
                "cannot be read, and it is the only display\n";
        const Tree *t = *state;
        HostTest h;

        expect_display(one(t, 0x038000), unknown);
        h = two(t, 0x030000, "nouveau");
        h.about = IGD;
        expect_display(h, "");
        tree_file(t, ACTIVE, "tty0 ttyS0\n");
        expect_display(one(t, 0x038000), "");
        tree_file(t, ACTIVE, "tty0\n");
        /* a machine without displays, and one whose display has gone to a guest */
        host_begin(&h, t);
        host_function(&h, "0000:00:04.0", "8086:10d3", 0x020000, "e1000e");
        expect_display(h, "");
        host_begin(&h, t);
        host_function(&h, IGD, "8086:9bc8", 0x030000, "vfio-pci");
        host_want(&h, IGD);
        tree_file(t, "/sys/devices/pci0000:00/" IGD "/boot_vga", "1\n");
        expect_display(h, "");
        expect_display(one(t, 0x030000), ONLY "boot VGA on " IGD "\n");
}

/* The framebuffer that vfio-pci does not take away. */
static void test_boot_screen(void **state)
{
        const Tree *t = *state;
        const Config config = { .n_devices = 1 };
        const Probe p = { .rfd = t->rfd, .cfg = &config };
        HostTest h;

        for (unsigned i = 0; i < 2; i++) {
                if (i > 0)
                        set_shown(t);
                h = one(t, 0x038000);
                assert_int_equal(probe_display(&p, &h.facts), 0);
                assert_int_equal(h.facts.functions[0].has_boot_screen, i > 0);
                assert_false(h.facts.functions[1].has_boot_screen);
                facts_done(&h.facts);
        }
}

static void test_other_consoles(void **state)
{
        const Tree *t = *state;
        HostTest h;

        tree_file(t, ACTIVE, "tty0 ttyS0 hvc0 ttyS4 ttyUSB0\n");
        tree_link(t, "/sys/class/tty/ttyS0", "../../devices/pnp0/00:04/00:04:0/00:04:0.0/tty/ttyS0");
        tree_link(t, "/sys/class/tty/ttyS4", DEV CARD "/0000:00:06.0:0/0000:00:06.0:0.0/tty/ttyS4");
        tree_link(t, "/sys/bus/virtio/drivers/virtio_console/virtio3",
                  "../../../../devices/pci0000:00/0000:00:09.0/virtio3");
        tree_link(t, "/sys/bus/virtio/drivers/virtio_console/module", "../../../../module/virtio_console");
        tree_link(t, "/sys/class/net/eth0", DEV "0000:00:05.0/net/eth0");
        tree_link(t, "/sys/devices/pci0000:00/0000:00:05.0/net/eth0/device", "../../../0000:00:05.0");
        host_begin(&h, t);
        host_cmdline(&h, "netconsole=6666@10.0.0.1/,6666@10.0.0.2/ ");
        host_expect(&h, probe_console, HOST_USE_CONSOLE,
                    "the network console: netconsole on eth0 on 0000:00:05.0\n"
                    "a console of the host: console ttyS4 on " CARD "\n"
                    "a console of the host: console hvc0 on 0000:00:09.0\n");
        /* a target that is off, and nothing at all */
        tree_file(t, "/sys/kernel/config/netconsole/a/enabled", "0\n");
        tree_file(t, "/sys/kernel/config/netconsole/a/dev_name", "eth0\n");
        tree_file(t, ACTIVE, "ttynull\n");
        host_begin(&h, t);
        host_expect(&h, probe_console, HOST_USE_CONSOLE, "");
        tree_file(t, "/sys/kernel/config/netconsole/a/enabled", "1\n");
        host_begin(&h, t);
        host_expect(&h, probe_console, HOST_USE_CONSOLE, "the network console: netconsole on eth0 on 0000:00:05.0\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_iomem),          TREE_TEST(test_evidence),        TREE_TEST(test_platform_framebuffer),
                TREE_TEST(test_spared),         TREE_TEST(test_consoles_beside), TREE_TEST(test_console_arguments),
                TREE_TEST(test_unplugged),      TREE_TEST(test_unseen),          TREE_TEST(test_boot_screen),
                TREE_TEST(test_other_consoles),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
