/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/stub.h"
#include "model/variant.h"
#include "test.h"

/* Which variant of vfio-pci a kernel means for a device. */

#define VF  "pci:v000015B3d0000101Esv000015B3sd00000018bc02sc00i00"
#define ANY "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
#define MLX "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n"

static void the_narrowest_counts(void **state)
{
        static const struct {
                const char *aliases, *modalias, *expected;
        } rows[] = {
                { "", VF, "" },
                { ANY, VF, "" },
                { MLX, VF, "mlx5_vfio_pci" },
                { ANY MLX, VF, "mlx5_vfio_pci" },
                { MLX ANY, VF, "mlx5_vfio_pci" },
                { MLX ANY, VF "\n", "mlx5_vfio_pci" },
                /* the host driver's line is another one */
                { "alias pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core\n" ANY, VF, "" },
                /* another device */
                { MLX ANY, "pci:v000015B3d0000101Fsv000015B3sd00000018bc02sc00i00", "" },
                { MLX ANY, "pci:v000015B4d0000101Esv000015B3sd00000018bc02sc00i00", "" },
                /* fewer wildcards win over more, wherever they stand */
                { MLX "alias vfio_pci:v000015B3d0000101Esv000015B3sd*bc*sc*i* x_vfio_pci\n", VF, "x_vfio_pci" },
                { "alias vfio_pci:v000015B3d*sv*sd*bc02sc00i* c_vfio_pci\n" MLX, VF, "c_vfio_pci" },
                { MLX "alias vfio_pci:v*d*sv*sd*bc02sc00i00 c_vfio_pci\n", VF, "c_vfio_pci" },
                { MLX "alias vfio_pci:v*d*sv*sd*bc02sc*i* c_vfio_pci\n", VF, "mlx5_vfio_pci" },
                /* equal ones: the first */
                { MLX "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* second\n", VF, "mlx5_vfio_pci" },
                { "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* second\n" MLX, VF, "second" },
                /* a variant that is narrower than vfio-pci for others, but vfio-pci is narrowest for this one */
                { MLX "alias vfio_pci:v000015B3d0000101Esv*sd*bc02sc*i* vfio_pci\n", VF, "" },
                /* not of that form */
                { "alias vfio_pci:v000015B3d0000101E mlx5_vfio_pci\n", VF, "" },
                { "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*\n", VF, "" },
                { "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* \n", VF, "" },
                { "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*00 a\n", VF, "" },
                { "alias vfio_pci:v000015b3d0000101esv*sd*bc*sc*i* a\n", VF, "" },
                { "alias vfio_pci:v", VF, "" },
                { "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* a/b\n", VF, "" },
                { "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* a b\n", VF, "" },
                { "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* "
                  "a123456789a123456789a123456789a123456789a123456789a12345\n",
                  VF, "" },
                { "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* cut_vfio_pci", VF, "cut_vfio_pci" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                char name[VARIANT_NAME_MAX];

                assert_int_equal(variant_find(row->aliases, row->modalias, name), 0);
                assert_string_equal(name, row->expected);
        }
}

static void what_is_no_modalias(void **state)
{
        static const char *const rows[] = { "", "pci:", "usb:v1D6Bp0002", "pci:v000015B3d0000101E", VF " ", VF "x" };
        char name[VARIANT_NAME_MAX];

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows))
                assert_int_equal(variant_find(MLX, *row, name), -EINVAL);
}

/* A variant is accepted wherever vfio-pci is, and vfio-pci is no variant. */
static void what_holds_a_device(void **state)
{
        static const struct {
                const char *driver;
                bool vfio, pci_stub, variant;
        } rows[] = {
                { NULL, false, false, false },          { "vfio-pci", true, false, false },
                { "mlx5_vfio_pci", true, false, true }, { "xe-vfio-pci", true, false, true },
                { "pci-stub", false, true, false },     { "mlx5_core", false, false, false },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                assert_int_equal(stub_driver_holds(STUB_VFIO_PCI, row->driver), row->vfio);
                assert_int_equal(stub_driver_holds(STUB_PCI_STUB, row->driver), row->pci_stub);
                assert_int_equal(driver_is_guests(row->driver), row->vfio || row->pci_stub);
                assert_int_equal(driver_is_variant(row->driver), row->variant);
        }
}

/* Modules are named with '_', and drivers as they like. */
static void names_of_a_variant(void **state)
{
        (void) state;
        assert_true(variant_is_driver("mlx5_vfio_pci", "mlx5_vfio_pci"));
        assert_true(variant_is_driver("xe_vfio_pci", "xe-vfio-pci"));
        assert_false(variant_is_driver("xe_vfio_pci", "vfio-pci"));
        assert_false(variant_is_driver("xe_vfio_pci", NULL));
        assert_false(variant_is_driver("xe_vfio_pci", "xe_vfio_pci2"));
        assert_string_equal(variant_driver("mlx5_vfio_pci"), "mlx5_vfio_pci");
        assert_string_equal(variant_driver("xe_vfio_pci"), "xe-vfio-pci");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_narrowest_counts),
                cmocka_unit_test(what_is_no_modalias),
                cmocka_unit_test(what_holds_a_device),
                cmocka_unit_test(names_of_a_variant),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
