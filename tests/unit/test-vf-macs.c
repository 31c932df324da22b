/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The step that gives virtual functions their addresses, with a kernel that is played here (linked with
 * --wrap=rtnetlink_ask) and whose time takes none (--wrap=poll), and with the real one as far as a machine without
 * SR-IOV has it. */
#include "test.h"

#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>

#include "apply/apply.h"
#include "base/rtnetlink.h"
#include "base/vf-link.h"
#include "tree.h"

#define ADDRESS "0000:01:00.0"
#define DEVICE  "/sys/bus/pci/devices/" ADDRESS
#define MAC_1   "52:54:00:aa:00:01"
#define MAC_2   "52:54:00:aa:00:02"

/* What the driver does. */
static struct {
        bool real;           /* the kernel itself is asked */
        int error;           /* of each address; 0: it is taken */
        unsigned busy;       /* so often it is busy first */
        unsigned good;       /* so many are taken; 0: all */
        bool deaf;           /* those beyond that it takes, and keeps its own */
        bool silent;         /* it does not tell them */
        unsigned gone;       /* so often the interface is not there yet */
        unsigned untold;     /* so often after that it tells of no virtual functions */
        unsigned asked, set; /* messages so far */
        unsigned pauses;
        uint8_t macs[2][ETH_ALEN];
} driver;

typedef int (*Reader)(void *context, const void *block, size_t size);

int __real_rtnetlink_ask(const struct nlmsghdr *message, Reader read, void *context);
int __wrap_rtnetlink_ask(const struct nlmsghdr *message, Reader read, void *context);

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
        if (n > 0)
                return __real_poll(fds, n, timeout);
        driver.pauses++;
        return 0;
}

static int answer_link(Reader read, void *context)
{
        VfMessage m = { .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
                                  .nlmsg_type = RTM_NEWLINK,
                                  .nlmsg_seq = 1 } };
        uint8_t block[512] = {};
        struct nlmsghdr *head = (struct nlmsghdr *) (void *) block;
        size_t list, one;

        memcpy(block, &m, m.head.nlmsg_len);
        if (driver.gone > 0) {
                driver.gone--;
                return -ENODEV;
        }
        if (driver.untold > 0) {
                driver.untold--;
                return MIN(read(context, block, head->nlmsg_len), 0);
        }
        list = rt_attribute_add(head, IFLA_VFINFO_LIST, NULL, 0);
        for (uint32_t i = 0; i < (driver.silent ? 0 : ELEMENTSOF(driver.macs)); i++) {
                struct ifla_vf_mac mac = { .vf = i };

                memcpy(mac.mac, driver.macs[i], ETH_ALEN);
                one = rt_attribute_add(head, IFLA_VF_INFO, NULL, 0);
                (void) rt_attribute_add(head, IFLA_VF_MAC, &mac, sizeof(mac));
                rt_attribute_end(head, one);
        }
        rt_attribute_end(head, list);
        return MIN(read(context, block, head->nlmsg_len), 0);
}

int __wrap_rtnetlink_ask(const struct nlmsghdr *message, Reader read, void *context)
{
        struct ifla_vf_mac mac;

        if (driver.real)
                return __real_rtnetlink_ask(message, read, context);
        assert_int_equal(((const VfMessage *) (const void *) message)->link.ifi_index, 7);
        if (message->nlmsg_type == RTM_GETLINK) {
                driver.asked++;
                return answer_link(read, context);
        }
        assert_int_equal(message->nlmsg_type, RTM_SETLINK);
        driver.set++;
        if (driver.busy > 0) {
                driver.busy--;
                return -EBUSY;
        }
        if (driver.error < 0 && driver.set > driver.good)
                return driver.error;
        memcpy(&mac, (const uint8_t *) message + message->nlmsg_len - sizeof(mac), sizeof(mac));
        assert_in_range(mac.vf, 0, 1);
        if (!driver.deaf || driver.set <= driver.good)
                memcpy(driver.macs[mac.vf], mac.mac, ETH_ALEN);
        return 0;
}

typedef struct Case {
        bool made, fails, dead; /* by the same plan; a step after it; in the tree of another system */
} Case;

static int apply_case(const Tree *t, Case k, ApplyResult *ret)
{
        VfMacsStep *s;
        _cleanup_(string_list_done) StringList macs = {};
        _cleanup_(plan_done) Plan p = {};
        PciAddr addr;

        assert_int_equal(pci_addr_parse(ADDRESS, &addr), 0);
        assert_int_equal(string_list_add(&macs, MAC_1), 0);
        assert_int_equal(string_list_add(&macs, MAC_2), 0);
        s = plan_add_vf_macs(&p, "device.vfs", addr, &macs);
        assert_non_null(s);
        s->made = k.made;
        if (k.fails)
                assert_non_null(plan_add_attribute(&p, "device.vfs", DEVICE "/missing", "1", NULL));
        return apply_plan(&(const ApplyOptions){ .rfd = t->rfd, .live = !k.dead }, &p, ret);
}

static int apply(const Tree *t, ApplyResult *ret)
{
        return apply_case(t, (Case){ .made = true }, ret);
}

static void add_interface(const Tree *t, const char *index)
{
        memset(&driver, 0, sizeof(driver));
        tree_file(t, DEVICE "/net/eth0/ifindex", index);
}

static void each_gets_its_own(void **state)
{
        static const uint8_t expected[2][ETH_ALEN] = { { 0x52, 0x54, 0, 0xaa, 0, 1 }, { 0x52, 0x54, 0, 0xaa, 0, 2 } };
        _cleanup_(apply_result_done) ApplyResult result = {};

        add_interface(*state, "7\n");
        driver.busy = 2; /* it is still coming up */
        assert_int_equal(apply(*state, &result), 0);
        assert_memory_equal(driver.macs, expected, sizeof(expected));
        assert_int_equal(driver.set, 4);
        assert_int_equal(driver.asked, 2); /* the interface, and afterwards what it tells */
        assert_int_equal(result.warnings.n, 0);
}

static void what_goes_wrong_is_explained(void **state)
{
        static const struct {
                int error;
                bool deaf;
                const char *said;
        } rows[] = {
                { -EOPNOTSUPP, false, "its driver sets no addresses of virtual functions: take vf-macs out" },
                { -EPERM, false, "Operation not permitted; its driver lets nobody do that, or it takes root" },
                { -EINVAL, false, "virtual function 0 of " DEVICE ": Invalid argument; its driver has no such" },
                { -EIO, false, "Input/output error; see the kernel log" },
                { 0, true,
                  "virtual function 0 of " DEVICE " was given the address " MAC_1
                  ", and the kernel tells 00:00:00:00:00:00" },
        };

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(apply_result_done) ApplyResult result = {};

                add_interface(*state, "7\n");
                driver.error = row->error;
                driver.deaf = row->deaf;
                assert_true(apply(*state, &result) < 0);
                if (!strstr(result.failure, row->said))
                        fail_msg("\"%s\" does not say \"%s\"", result.failure, row->said);
        }
}

static void what_cannot_be_read_back_is_told(void **state)
{
        _cleanup_(apply_result_done) ApplyResult result = {};

        add_interface(*state, "7\n");
        driver.silent = true;
        assert_int_equal(apply(*state, &result), 0);
        assert_int_equal(result.warnings.n, 1);
        assert_non_null(strstr(result.warnings.items->text, "the kernel does not tell that of number 0"));
}

static void without_an_interface_there_is_no_way(void **state)
{
        _cleanup_(apply_result_done) ApplyResult result = {};
        Tree *t = *state;

        memset(&driver, 0, sizeof(driver));
        assert_int_equal(root_mkdir_p(t->rfd, DEVICE), 0);
        assert_int_equal(apply(t, &result), -ENODEV);
        assert_non_null(strstr(result.failure, DEVICE " has no network interface"));
        assert_int_equal(driver.set, 0);
        assert_int_equal(driver.pauses, 49); /* 10 s */
}

/* Of another system nothing comes by waiting. */
static void in_another_root_nobody_waits(void **state)
{
        _cleanup_(apply_result_done) ApplyResult result = {};
        Tree *t = *state;

        memset(&driver, 0, sizeof(driver));
        assert_int_equal(root_mkdir_p(t->rfd, DEVICE), 0);
        assert_int_equal(apply_case(t, (Case){ .dead = true }, &result), -ENODEV);
        assert_int_equal(driver.pauses, 0);
}

/* It is still made or being renamed, and then its driver is still at it. */
static void an_interface_is_waited_for(void **state)
{
        _cleanup_(apply_result_done) ApplyResult result = {};

        add_interface(*state, "7\n");
        driver.gone = 2;
        driver.untold = 3;
        assert_int_equal(apply(*state, &result), 0);
        assert_int_equal(driver.pauses, 5);
        assert_int_equal(driver.macs[1][5], 2);
        assert_int_equal(result.warnings.n, 0);
}

/* Its driver sets them and never tells any: that costs the time once. */
static void one_that_never_tells_sets_them(void **state)
{
        _cleanup_(apply_result_done) ApplyResult result = {};

        add_interface(*state, "7\n");
        driver.untold = UINT32_MAX;
        assert_int_equal(apply(*state, &result), 0);
        assert_int_equal(driver.pauses, 49);
        assert_int_equal(driver.macs[1][5], 2);
        assert_int_equal(result.warnings.n, 1);
}

#define BEFORE "52:54:00:bb:00:00"

/* Functions that were there before have the addresses that they had. */
static void what_was_there_is_put_back(void **state)
{
        static const struct {
                bool made, silent, deaf;
                int error;
                unsigned good;
                RollBackOutcome outcome;
                uint8_t last[2]; /* bytes of the addresses then */
                const char *reason;
        } rows[] = {
                { .outcome = ROLL_BACK_WHOLE, .last = { 0, 1 } },
                { .made = true, .outcome = ROLL_BACK_WHOLE, .last = { 1, 2 } }, /* they go with what made them */
                { .silent = true, .outcome = ROLL_BACK_LEFT, .last = { 1, 2 } },
                /* the second one is refused */
                { .error = -EINVAL,
                  .good = 1,
                  .outcome = ROLL_BACK_FAILED,
                  .last = { 1, 1 },
                  .reason = "virtual function 0 had the address " BEFORE ", which was not taken: Invalid argument" },
                /* both are taken, and not given up again */
                { .error = -EIO,
                  .good = 2,
                  .outcome = ROLL_BACK_FAILED,
                  .last = { 1, 2 },
                  .reason = "virtual function 0 had the address " BEFORE ", which was not taken: Input/output error" },
                { .deaf = true,
                  .good = 2,
                  .outcome = ROLL_BACK_FAILED,
                  .last = { 1, 2 },
                  .reason = "virtual function 0 had the address " BEFORE ", and the kernel tells " MAC_1 },
        };

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                static const uint8_t before[2][ETH_ALEN] = { { 0x52, 0x54, 0, 0xbb, 0, 0 },
                                                             { 0x52, 0x54, 0, 0xbb, 0, 1 } };
                _cleanup_(apply_result_done) ApplyResult result = {};
                const Undo *u;

                add_interface(*state, "7\n");
                memcpy(driver.macs, before, sizeof(before));
                driver.silent = row->silent;
                driver.deaf = row->deaf;
                driver.error = row->error;
                driver.good = row->good;
                assert_true(apply_case(*state, (Case){ .made = row->made, .fails = true }, &result) < 0);
                assert_int_equal(roll_back_outcome(&result.roll_back), row->outcome);
                assert_int_equal(driver.macs[0][5], row->last[0]);
                assert_int_equal(driver.macs[1][5], row->last[1]);
                u = result.roll_back.items + result.roll_back.n - 1;
                assert_string_equal(u->path, DEVICE);
                assert_int_equal(u->left.n, row->silent ? 2 : 0);
                if (row->silent)
                        assert_string_equal(u->left.items[1], DEVICE "/virtfn1");
                if (row->reason)
                        assert_string_equal(u->reason, row->reason);
        }
}

/* In a network of its own. 0; 1: it cannot be had here; 2: not what was expected. */
static int ask_the_kernel(const Tree *t)
{
        ApplyResult result = {};

        if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
                return 1;
        return apply(t, &result) == -EOPNOTSUPP && strstr(result.failure, "its driver sets no addresses") ? 0 : 2;
}

/* The loopback of a network has no virtual functions, and the kernel says that of it. */
static void the_kernel_itself_says_what_it_cannot(void **state)
{
        int status;
        pid_t pid;

        add_interface(*state, "1\n");
        driver.real = true;
        pid = fork();
        if (pid == 0)
                _exit(ask_the_kernel(*state));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 1)
                skip();
        assert_int_equal(WEXITSTATUS(status), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(each_gets_its_own),
                T(what_goes_wrong_is_explained),
                T(what_cannot_be_read_back_is_told),
                T(without_an_interface_there_is_no_way),
                T(in_another_root_nobody_waits),
                T(an_interface_is_waited_for),
                T(one_that_never_tells_sets_them),
                T(what_was_there_is_put_back),
                T(the_kernel_itself_says_what_it_cannot),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
