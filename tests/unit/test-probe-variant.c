/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/names.h"
#include "probe/probe.h"
#include "tree.h"

/* Which variant of vfio-pci the kernels have, and that what cannot be read is no kernel without one. */

#define ADDRESS  "0000:00:04.0"
#define OLD      "/lib/modules/6.0/modules.alias"
#define NEW      "/lib/modules/6.1/modules.alias"
#define MODALIAS NAME_SYS_PCI_DEVICES "/" ADDRESS "/modalias"
#define ANY      "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
#define MLX      ANY "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n"
#define VF       "pci:v000015B3d0000101Esv000015B3sd00000018bc02sc00i00\n"

static void expect_text(const char *text, const char *expected)
{
        if (expected)
                assert_string_equal(text ?: "nothing", expected);
        else
                assert_null(text);
}

static void what_cannot_be_read(void **state)
{
        static const struct {
                const char *old, *new, *modalias; /* NULL: it is not there */
                const char *variant, *lacks, *unread;
        } rows[] = {
                { MLX, MLX, VF, "mlx5_vfio_pci", NULL, NULL },
                { ANY, ANY, VF, NULL, NULL, NULL },
                { ANY, MLX, VF, "mlx5_vfio_pci", "6.0", NULL },
                { NULL, MLX, VF, "mlx5_vfio_pci", NULL, OLD },
                { MLX, NULL, VF, "mlx5_vfio_pci", NULL, NEW },
                { NULL, NULL, VF, NULL, NULL, OLD },
                { ANY, NULL, VF, NULL, NULL, NEW },
                { MLX, MLX, NULL, NULL, NULL, MODALIAS },
        };
        const Tree *t = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const char *const files[] = { OLD, NEW, MODALIAS }, *const texts[] = { row->old, row->new,
                                                                                       row->modalias };
                PciAddr addr;
                PciFunction function = {};
                KernelRelease kernels[] = { { .release = (char[]){ "6.0" }, .kernel = (char[]){ "/boot/a" } },
                                            { .release = (char[]){ "6.1" }, .kernel = (char[]){ "/boot/b" } } };
                Facts f = { .functions = &function, .n_functions = 1, .kernels = kernels, .n_kernels = 2 };
                ConfigDevice device = { .best = true };
                const Config config = { .devices = &device, .n_devices = 1 };
                const Probe p = { .rfd = t->rfd, .cfg = &config };

                assert_int_equal(pci_addr_parse(ADDRESS, &addr), 0);
                function.addr = device.address = addr;
                for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                        (void) unlinkat(t->rfd, files[i] + 1, 0);
                        if (texts[i])
                                tree_file(t, files[i], texts[i]);
                }
                assert_int_equal(probe_variant(&p, &f), 0);
                expect_text(function.variant, row->variant);
                expect_text(function.variant_lacks, row->lacks);
                expect_text(function.variant_unread, row->unread);
                free(function.variant);
                free(function.variant_lacks);
                free(function.variant_unread);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(what_cannot_be_read, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
