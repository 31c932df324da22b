/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which modules the helper asks for, and in which order. A file binds no driver: devices are on theirs from the start.
 */
#include <fcntl.h>

#include "claim-bind.h"
#include "claim-host.h"

static char asked[1024]; /* modules, a blank behind each */

static int load(const char *module)
{
        (void) snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s ", module);
        if (!streq(module, "vfio-pci"))
                return -ETIME;
        put("sys/bus/pci/drivers/vfio-pci/bind", "");
        return 0;
}

static void say(void *userdata, bool failure, const char *text)
{
        (void) userdata, (void) failure;
        (void) snprintf(output + strlen(output), sizeof(output) - strlen(output), "%s\n", text);
}

/* One that does not load takes long to say so: nobody asks twice, and no device waits for that of another one. */
static void test_once(void **state)
{
        static const char *const addresses[] = { "0000:01:00.0", "0000:01:00.1", "0000:01:00.2", "0000:01:00.3",
                                                 "0000:02:00.0" };
        const ClaimReporter reporter = { .say = say };
        char text[1024] = "version=2\n";
        _cleanup_close_ int root = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const ClaimContext x = { .root_fd = root, .reporter = reporter, .load_module = load };
        _cleanup_(claim_list_done) ClaimList list = {};

        (void) state;
        assert_return_code(root, errno);
        assert_return_code(remove(in_tree("sys/bus/pci/drivers/vfio-pci/bind")), errno);
        assert_return_code(remove(in_tree("sys/bus/pci/drivers/vfio-pci")), errno);
        FOREACH_ARRAY(address, addresses, ELEMENTSOF(addresses)) {
                const bool plain = address == addresses + 4;
                char where[64];

                (void) snprintf(where, sizeof(where), "pci0000:00/%s", *address);
                put_device(where, ID, NETWORK, "vfio-pci");
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s " ID " vfio-pci - d%zu%s\n",
                                *address, (size_t) (address - addresses), plain ? "" : " variant=mlx5_vfio_pci");
        }
        assert_int_equal(claim_list_parse("claims", text, strlen(text), &reporter, &list), 0);
        claim_bind_all(&x, &list);
        assert_string_equal(asked, "vfio_iommu_type1 vfio-pci mlx5_vfio_pci ");
        FOREACH_ARRAY(c, list.claims, list.n_claims) {
                assert_int_equal(c->state, CLAIM_CLAIMED);
                assert_string_equal(c->reason, "claimed by vfio-pci");
        }
        assert_contains(output, "0000:02:00.0 (d4): claimed by vfio-pci\n0000:01:00.0 (d0): mlx5_vfio_pci cannot");
        assert_contains(output, "0000:01:00.3 (d3): mlx5_vfio_pci cannot have it (Timer expired), so vfio-pci is to\n");
        assert_null(strstr(strstr(output, "guest may not start") + 1, "guest may not start"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_once, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
