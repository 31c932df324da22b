/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judged.h"

/* What is said of devices that are to have a variant of vfio-pci, and what the claim list says then. */

/* driver = best: a variant of vfio-pci that all kernels have is to have it, and vfio-pci will do. */
static void the_best_driver(void **state)
{
        static const struct {
                const char *driver, *variant, *lacks, *detail;
                bool best;
                Result result;
        } rows[] = {
                { "mlx5_vfio_pci", NULL, NULL, "bound to mlx5_vfio_pci", false, RESULT_OK },
                { "mlx5_vfio_pci", "mlx5_vfio_pci", NULL, "bound to mlx5_vfio_pci", true, RESULT_OK },
                { "xe-vfio-pci", "xe_vfio_pci", NULL, "bound to xe-vfio-pci", true, RESULT_OK },
                { "vfio-pci", NULL, NULL, "no kernel has a variant of it for this device", true, RESULT_OK },
                { "vfio-pci", "mlx5_vfio_pci", "6.0", "and kernel 6.0 has not got that", true, RESULT_OK },
                { "vfio-pci", "mlx5_vfio_pci", NULL, "bound to vfio-pci, not to mlx5_vfio_pci", true, RESULT_WARN },
                { "e1000e", "xe_vfio_pci", NULL, "on its host driver e1000e, not on xe-vfio-pci", true, RESULT_FAIL },
                { "e1000e", "xe_vfio_pci", "6.0", "on its host driver e1000e, not on vfio-pci", true, RESULT_FAIL },
        };
        Machine *m = *state;
        PciFunction *function = machine_function(m, "0000:00:04.0");

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const char *word = row->variant && !row->lacks ? " variant=" : NULL;

                m->config.devices[0].best = row->best;
                set_text(&function->driver, row->driver);
                set_text(&function->variant, row->variant);
                set_text(&function->variant_lacks, row->lacks);
                machine_judge(m);
                expect(m, "device.driver", row->result, row->detail);
                assert_int_equal(strstr(m->wanted.claims, " variant=") != NULL, word != NULL);
        }
        m->config.devices[0].best = false;
}

/* What the list had of a device that is away is kept: else images would be made whenever it comes and goes. */
static void the_best_driver_of_what_is_away(void **state)
{
        Machine *m = *state;
        PciFunction *function = machine_function(m, "0000:00:04.0");

        m->config.devices[0].best = true;
        m->config.devices[0].optional = true;
        set_text(&function->variant, "mlx5_vfio_pci");
        machine_judge(m);
        assert_non_null(strstr(m->wanted.claims, " variant=mlx5_vfio_pci"));
        set_text(&m->facts.claims, m->wanted.claims);
        function->addr.slot = 9;
        machine_judge(m);
        assert_non_null(strstr(m->wanted.claims, " variant=mlx5_vfio_pci"));
        assert_string_equal(m->wanted.claims, m->facts.claims);
        /* that of another line is not its own */
        set_text(&m->facts.claims, "version=2\n0000:00:04.0 8086:10d3 vfio-pci - nic0\n"
                                   "0000:00:05.0 8086:10d3 vfio-pci - nic1 variant=mlx5_vfio_pci\n");
        machine_judge(m);
        assert_null(strstr(m->wanted.claims, " variant="));
}

/* A file that cannot be read takes no variant from a device, and gives it none. */
static void what_cannot_be_read(void **state)
{
        Machine *m = *state;
        PciFunction *function = machine_function(m, "0000:00:04.0");

        m->config.devices[0].best = true;
        set_text(&function->driver, "vfio-pci");
        set_text(&function->variant, "mlx5_vfio_pci");
        set_text(&function->variant_unread, "/lib/modules/6.0/modules.alias");
        machine_judge(m);
        expect(m, "device.driver", RESULT_OK, "cannot be told: /lib/modules/6.0/modules.alias cannot be read");
        assert_null(strstr(m->wanted.claims, " variant="));
        set_text(&function->variant_unread, NULL);
        machine_judge(m);
        set_text(&m->facts.claims, m->wanted.claims);
        set_text(&function->variant_unread, "/lib/modules/6.0/modules.alias");
        set_text(&function->variant, NULL);
        machine_judge(m);
        assert_non_null(strstr(m->facts.claims, " variant=mlx5_vfio_pci"));
        assert_string_equal(m->wanted.claims, m->facts.claims);
        expect(m, "device.driver", RESULT_OK, "cannot be told");
        /* another kernel has not got it for certain */
        set_text(&function->variant, "mlx5_vfio_pci");
        set_text(&function->variant_lacks, "6.1");
        machine_judge(m);
        assert_null(strstr(m->wanted.claims, " variant="));
        expect(m, "device.driver", RESULT_OK, "and kernel 6.1 has not got that");
        m->config.devices[0].best = false;
}

/* The commands that try it again, with the longest name there is. */
static void a_long_name(void **state)
{
#define LONG "a123456789b123456789c123456789d123456789e123456789f123456789g123"
        Machine *m = *state;
        PciFunction *function = machine_function(m, "0000:00:04.0");

        m->config.devices[0].best = true;
        set_text(&m->config.devices[0].name, LONG);
        set_text(&function->driver, "vfio-pci");
        set_text(&function->variant, "mlx5_vfio_pci");
        kargs_done(&m->facts.cmdline);
        assert_int_equal(kargs_parse("root=/dev/vda2 ro quiet intel_iommu=on ptprep.claim=1", &m->facts.cmdline), 0);
        m->facts.cmdline_known = true;
        machine_settle(m);
        machine_judge(m);
        expect(m, "device.driver", RESULT_WARN, "bound to vfio-pci, not to mlx5_vfio_pci");
        assert_non_null(strstr(find_cure(m, "device.driver"),
                               "\"ptprep release " LONG "\" and then \"ptprep claim " LONG "\" try again"));
        m->config.devices[0].best = false;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(the_best_driver),
                T(the_best_driver_of_what_is_away),
                T(what_cannot_be_read),
                T(a_long_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
