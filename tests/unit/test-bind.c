/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drivers that are changed while the host runs. A process plays the kernel: a FIFO in the place of an attribute tells
 * it that something is about to be written there, and the writer waits for it. */
#include "apply/apply.h"
#include "apply/bind.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "model/names.h"
#include "tree.h"

#define DRIVERS "/sys/bus/pci/drivers/"
#define PROBE   "/sys/bus/pci/drivers_probe"
#define FIRST   NAME_SYS_PCI_DEVICES "/0000:00:03.0"
#define SECOND  NAME_SYS_PCI_DEVICES "/0000:00:04.0"

static void make_fifo(const Tree *t, const char *path)
{
        tree_parent(t, path);
        assert_return_code(mkfifoat(t->rfd, path + 1, 0600), errno);
}

static void make_device(const Tree *t, const char *directory, const char *driver)
{
        static const char *const attributes[][2] = { { "vendor", "0x8086\n" },
                                                     { "device", "0x10d3\n" },
                                                     { "class", "0x020000\n" },
                                                     { "driver_override", "(null)\n" } };
        char path[128], target[64];

        FOREACH_ARRAY(a, attributes, ELEMENTSOF(attributes)) {
                (void) snprintf(path, sizeof(path), "%s/%s", directory, (*a)[0]);
                tree_file(t, path, (*a)[1]);
        }
        (void) snprintf(path, sizeof(path), "%s/driver", directory);
        (void) snprintf(target, sizeof(target), "../../drivers/%s", driver);
        tree_link(t, path, target);
        (void) snprintf(path, sizeof(path), DRIVERS "%s/unbind", driver);
        make_fifo(t, path);
}

/* The kernel's side. */
static void drive(const Tree *t, const char *device, const char *driver)
{
        char path[128], target[64];

        (void) snprintf(path, sizeof(path), "%s/driver", device + 1);
        (void) snprintf(target, sizeof(target), "../../drivers/%s", driver);
        if (unlinkat(t->rfd, path, 0) < 0 || symlinkat(target, t->rfd, path) < 0)
                _exit(1);
}

static void take_write(const Tree *t, const char *path)
{
        int fd = openat(t->rfd, path + 1, O_RDONLY);
        char buf[64];

        if (fd < 0)
                _exit(1);
        while (read(fd, buf, sizeof(buf)) > 0)
                ;
        (void) close(fd);
}

static pid_t play_kernel(const Tree *t, void (*play)(const Tree *t))
{
        pid_t pid = fork();

        assert_return_code(pid, errno);
        if (pid == 0) {
                (void) alarm(60);
                play(t);
                _exit(0);
        }
        return pid;
}

static void end_kernel(pid_t pid)
{
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void make_machine(const Tree *t, Rebind items[2])
{
        make_device(t, FIRST, "e1000e");
        make_device(t, SECOND, "igb");
        tree_file(t, DRIVERS "vfio-pci/unbind", "");
        make_fifo(t, PROBE);
        tree_file(t, "/sys/module/vfio_iommu_type1/refcnt", "0\n");
        for (size_t i = 0; i < 2; i++)
                items[i] = (Rebind){ .addr = { .slot = (uint8_t) (3 + i) }, .id = { 0x8086, 0x10d3 } };
}

static void assert_text(const Tree *t, const char *path, const char *expected)
{
        _cleanup_free_ char *text = NULL;

        assert_int_equal(root_read_text(t->rfd, path, &text), 0);
        assert_string_equal(text, expected);
}

/* Up to the moment at which the kernel is asked for the second one. */
static void begin_both(const Tree *t)
{
        take_write(t, DRIVERS "e1000e/unbind");
        drive(t, FIRST, "vfio-pci");
        take_write(t, PROBE);
        take_write(t, DRIVERS "igb/unbind");
        drive(t, SECOND, "vfio-pci");
}

static void claim_both(const Tree *t)
{
        begin_both(t);
        take_write(t, PROBE);
}

static void test_claim(void **state)
{
        const Tree *t = *state;
        Rebind items[2];
        pid_t kernel;

        make_machine(t, items);
        kernel = play_kernel(t, claim_both);
        assert_int_equal(bind_claim(t->rfd, items, 2), 0);
        end_kernel(kernel);
        FOREACH_ARRAY(i, items, 2) {
                assert_null(i->failure);
                assert_false(i->left);
                assert_string_equal(i->after, "vfio-pci");
                rebind_done(i);
        }
        assert_text(t, FIRST "/driver_override", "vfio-pci\n");
}

/* The first one is claimed, and what it is on cannot be read any more when the second one is. */
static void lose_first(const Tree *t)
{
        begin_both(t);
        if (renameat(t->rfd, &FIRST[1], t->rfd, "gone") < 0 || mkfifoat(t->rfd, &FIRST[1], 0600) < 0)
                _exit(1);
        take_write(t, PROBE);
}

static void test_unreadable(void **state)
{
        const Tree *t = *state;
        Rebind items[2];
        pid_t kernel;

        make_machine(t, items);
        tree_file(t, DRIVERS "igb/bind", "");
        kernel = play_kernel(t, lose_first);
        assert_int_equal(bind_claim(t->rfd, items, 2), -EIO);
        end_kernel(kernel);
        assert_non_null(strstr(items[0].failure, "cannot be read"));
        assert_true(items[0].left && items[0].unread);
        assert_null(items[1].failure);
        assert_text(t, DRIVERS "vfio-pci/unbind", "0000:00:04.0");
        assert_text(t, DRIVERS "igb/bind", "0000:00:04.0");
        assert_text(t, SECOND "/driver_override", "\n");
        FOREACH_ARRAY(i, items, 2)
                rebind_done(i);
}

#define MAKER NAME_SYS_PCI_DEVICES "/0000:00:02.0"

/* The two of them are virtual functions of a third one, and @n are asked for. */
static void plan_virtual(const Tree *t, uint32_t n, Plan *p)
{
        Rebind items[2];

        make_machine(t, items);
        tree_link(t, MAKER "/virtfn0", "../0000:00:03.0");
        tree_link(t, MAKER "/virtfn1", "../0000:00:04.0");
        assert_non_null(plan_add_bind(p, "device.vfs", (PciAddr){ .slot = 2 }, STUB_VFIO_PCI, n));
}

static void test_virtual(void **state)
{
        const Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        _cleanup_(apply_result_done) ApplyResult result = {};
        pid_t kernel;

        plan_virtual(t, 2, &p);
        kernel = play_kernel(t, claim_both);
        assert_int_equal(apply_plan(&(const ApplyOptions){ .rfd = t->rfd }, &p, &result), 0);
        end_kernel(kernel);
        assert_int_equal(result.n_done, 1);
        assert_text(t, FIRST "/driver_override", "vfio-pci\n");
        assert_text(t, SECOND "/driver_override", "vfio-pci\n");
}

/* Nothing is begun where not all are there. */
static void test_virtual_missing(void **state)
{
        const Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        _cleanup_(apply_result_done) ApplyResult result = {};

        plan_virtual(t, 3, &p);
        assert_int_equal(apply_plan(&(const ApplyOptions){ .rfd = t->rfd }, &p, &result), -ENOENT);
        assert_non_null(strstr(result.failure, "only 2 of 3 virtual functions of "));
        assert_text(t, FIRST "/driver_override", "(null)\n");
}

/* A later step fails, and the kernel does nothing of what it is asked for then: that is told. */
static void test_virtual_undone(void **state)
{
        const Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        _cleanup_(apply_result_done) ApplyResult result = {};
        pid_t kernel;

        plan_virtual(t, 2, &p);
        tree_file(t, DRIVERS "e1000e/bind", "");
        tree_file(t, DRIVERS "igb/bind", "");
        assert_non_null(plan_add_attribute(&p, "device.vfs", "/sys/none", "1", NULL));
        kernel = play_kernel(t, claim_both);
        assert_int_equal(apply_plan(&(const ApplyOptions){ .rfd = t->rfd }, &p, &result), -ENOENT);
        end_kernel(kernel);
        assert_text(t, FIRST "/driver_override", "\n");
        assert_text(t, DRIVERS "e1000e/bind", "0000:00:03.0");
        assert_text(t, SECOND "/driver_override", "\n");
        assert_text(t, DRIVERS "igb/bind", "0000:00:04.0");
        assert_int_equal(roll_back_outcome(&result.roll_back), ROLL_BACK_FAILED);
        assert_int_equal(result.roll_back.n, 2);
        assert_string_equal(result.roll_back.items[1].reason, "0000:00:03.0 is on vfio-pci, before on e1000e");
}

/* One that a stub driver takes again: nothing is released, and that is said. */
static void test_taken_again(void **state)
{
        const Tree *t = *state;
        Rebind items[] = { { .addr = { .slot = 3 }, .id = { 0x8086, 0x10d3 } },
                           { .addr = { .slot = 4 }, .id = { 0x8086, 0x10d3 } } };

        make_device(t, FIRST, "e1000e");
        make_device(t, SECOND, "pci-stub");
        FOREACH_ARRAY(path, ((const char *const[]){ FIRST, SECOND }), 2) {
                char override[128];

                (void) snprintf(override, sizeof(override), "%s/driver_override", *path);
                tree_file(t, override, "vfio-pci\n");
        }
        FOREACH_ARRAY(driver, ((const char *const[]){ DRIVERS "e1000e/unbind", DRIVERS "pci-stub/unbind" }), 2) {
                assert_int_equal(root_file_remove(t->rfd, *driver), 0);
                tree_file(t, *driver, "");
        }
        tree_file(t, PROBE, "");
        assert_int_equal(bind_release(t->rfd, items, 2), -EIO);
        assert_null(items[0].failure);
        assert_non_null(strstr(items[1].failure, "pci-stub has taken it again, for its id is in the list"));
        assert_false(items[0].left || items[1].left);
        assert_text(t, FIRST "/driver_override", "vfio-pci\n");
        assert_text(t, SECOND "/driver_override", "vfio-pci\n");
        rebind_done(items);
        rebind_done(items + 1);
}

/* Whom release takes a device from, and who is no host driver to anybody who asks. */
static void test_guests_drivers(void **state)
{
        (void) state;
        assert_true(driver_is_guests("vfio-pci") && driver_is_guests("pci-stub") && driver_is_guests("mlx5_vfio_pci"));
        assert_false(driver_is_guests("mlx5_core") || driver_is_guests(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_guests_drivers),
                TREE_TEST(test_claim),
                TREE_TEST(test_taken_again),
                TREE_TEST(test_unreadable),
                TREE_TEST(test_virtual),
                TREE_TEST(test_virtual_missing),
                TREE_TEST(test_virtual_undone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
