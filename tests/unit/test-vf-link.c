/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of virtual functions: the messages as iproute2 has them, what is read of an answer, and the kernel itself
 * as far as a machine without SR-IOV has it. */
#include "test.h"

#include <endian.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <sys/wait.h>

#include "base/rtnetlink.h"
#include "base/vf-link.h"
#include "tree.h"

#define DEVICE "/sys/bus/pci/devices/0000:01:00.0"

/* "ip link set dev lo vf 3 mac 52:54:00:aa:00:03" of iproute2 6.1, as sendmsg(2) got it, on a machine that is little
 * endian; but the type, RTM_NEWLINK, which does the same to a link that is there, and the number. */
static const uint8_t set_message[] = {
        0x50, 0x00, 0x00, 0x00, 0x13, 0x00, 0x05, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x30, 0x00, 0x16, 0x00, 0x2c, 0x00, 0x01, 0x00, 0x28, 0x00, 0x01, 0x00, 0x03, 0x00, 0x00, 0x00,
        0x52, 0x54, 0x00, 0xaa, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

/* Of the question: the mask is RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS. */
static const uint8_t ask_message[] = {
        0x28, 0x00, 0x00, 0x00, 0x12, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x1d, 0x00, 0x09, 0x00, 0x00, 0x00,
};

static void messages_are_those_of_iproute2(void **state)
{
        VfMessage m;

        (void) state;
        if (__BYTE_ORDER != __LITTLE_ENDIAN)
                skip();
        vf_message_set(&m, 1, 3, "52:54:00:aa:00:03");
        assert_int_equal(m.head.nlmsg_len, sizeof(set_message));
        assert_memory_equal(&m, set_message, sizeof(set_message));
        vf_message_ask(&m, 7);
        assert_int_equal(m.head.nlmsg_len, sizeof(ask_message));
        assert_memory_equal(&m, ask_message, sizeof(ask_message));
}

/* An answer as the kernel makes it: rtnl_fill_ifinfo() and rtnl_fill_vfinfo(). */
typedef struct Answer {
        struct nlmsghdr head;
        struct ifinfomsg link;
        uint8_t attributes[2048];
} Answer;

static void begin(Answer *a, uint16_t type)
{
        *a = (Answer){
                .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)), .nlmsg_type = type, .nlmsg_seq = 1 },
                .link = { .ifi_index = 7 }
        };
        (void) rt_attribute_add(&a->head, IFLA_IFNAME, "eth7", 5);
}

static void add_vf(Answer *a, uint32_t vf, const uint8_t mac[6])
{
        const size_t one = rt_attribute_add(&a->head, IFLA_VF_INFO, NULL, 0);
        struct ifla_vf_mac value = { .vf = vf };
        const struct ifla_vf_vlan vlan = { .vf = vf };

        memcpy(value.mac, mac, 6);
        (void) rt_attribute_add(&a->head, IFLA_VF_MAC, &value, sizeof(value));
        (void) rt_attribute_add(&a->head, IFLA_VF_VLAN, &vlan, sizeof(vlan));
        rt_attribute_end(&a->head, one);
}

/* Two virtual functions, in another order than their numbers, among other attributes. */
static void make_answer(Answer *a)
{
        size_t list;

        begin(a, RTM_NEWLINK);
        list = rt_attribute_add(&a->head, IFLA_VFINFO_LIST, NULL, 0);
        add_vf(a, 2, (const uint8_t[]){ 0x52, 0x54, 0, 0xaa, 0, 2 });
        add_vf(a, 0, (const uint8_t[]){ 0x52, 0x54, 0, 0xaa, 0, 0xff });
        rt_attribute_end(&a->head, list);
        (void) rt_attribute_add(&a->head, IFLA_MTU, &(uint32_t){ 1500 }, sizeof(uint32_t));
}

static void an_answer_is_read(void **state)
{
        _cleanup_(vf_link_done) VfLink l = {}, none = {};
        Answer a;

        (void) state;
        make_answer(&a);
        assert_int_equal(vf_link_read(&l, &a, a.head.nlmsg_len), 1);
        assert_true(l.tells);
        assert_int_equal(l.macs.n, 3);
        assert_string_equal(l.macs.items[0], "52:54:00:aa:00:ff");
        assert_string_equal(l.macs.items[1], "");
        assert_string_equal(l.macs.items[2], "52:54:00:aa:00:02");
        begin(&a, RTM_NEWLINK);
        assert_int_equal(vf_link_read(&none, &a, a.head.nlmsg_len), 1);
        assert_false(none.tells);
        /* of another question */
        make_answer(&a);
        a.head.nlmsg_seq = 2;
        assert_int_equal(vf_link_read(&none, &a, a.head.nlmsg_len), 0);
        assert_false(none.tells);
}

static void errors_are_the_kernels(void **state)
{
        static const int errors[][2] = { { 0, 1 }, { -EOPNOTSUPP, -EOPNOTSUPP }, { 5, -EBADMSG }, { -5000, -EBADMSG } };
        VfLink l = {};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(errors); i++) {
                struct {
                        struct nlmsghdr head;
                        struct nlmsgerr error;
                } m = { .head = { .nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 1 },
                        .error = { .error = errors[i][0] } };

                assert_int_equal(vf_link_read(&l, &m, sizeof(m)), errors[i][1]);
        }
}

/* Whatever is cut off or spoiled: nothing behind the block is read (the sanitizers look), and it comes to an end. */
static void spoiled_answers_do_no_harm(void **state)
{
        Answer a;

        (void) state;
        make_answer(&a);
        for (size_t size = 0; size < a.head.nlmsg_len; size++) {
                _cleanup_(vf_link_done) VfLink l = {};
                _cleanup_free_ uint8_t *part = malloc(MAX(size, (size_t) 1));

                memcpy(part, &a, size);
                assert_true(vf_link_read(&l, part, size) <= 0);
                if (size >= NLMSG_HDRLEN) { /* as long as it says */
                        ((struct nlmsghdr *) (void *) part)->nlmsg_len = (uint32_t) size;
                        (void) !vf_link_read(&l, part, size);
                }
        }
        for (size_t i = NLMSG_HDRLEN; i < a.head.nlmsg_len; i++)
                for (unsigned k = 0; k < 3; k++) {
                        _cleanup_(vf_link_done) VfLink l = {};
                        _cleanup_free_ uint8_t *copy = malloc(a.head.nlmsg_len);

                        memcpy(copy, &a, a.head.nlmsg_len);
                        copy[i] = (const uint8_t[]){ 0, 1, 0xff }[k];
                        (void) !vf_link_read(&l, copy, a.head.nlmsg_len);
                        assert_true(l.macs.n <= UINT16_MAX);
                }
}

/* Of several interfaces of a function that one counts which tells of virtual functions, wherever it is in the order. */
static void the_interface_that_tells_is_found(void **state)
{
        Tree *t = *state;
        _cleanup_(vf_link_done) VfLink l = {};
        Answer a;

        assert_int_equal(vf_link_find(t->rfd, false, DEVICE, &l), -ENODEV);
        tree_file(t, DEVICE "/net/eth0/ifindex", "3\n");
        tree_file(t, DEVICE "/net/eth1/ifindex", "7\n");
        tree_file(t, DEVICE "/net/eth2/ifindex", "9\n");
        assert_int_equal(vf_link_find(t->rfd, false, DEVICE, &l), 0);
        assert_int_equal(l.index, 3);
        assert_false(l.tells);
        make_answer(&a);
        tree_data(t, VF_LINK_RECORD_DIR "/eth1", &a, a.head.nlmsg_len);
        assert_int_equal(vf_link_find(t->rfd, false, DEVICE, &l), 0);
        assert_int_equal(l.index, 7);
        assert_int_equal(l.macs.n, 3);
}

/* udev renames it, or it goes, between the listing and the look at it. */
static void one_that_vanishes_hides_no_other(void **state)
{
        Tree *t = *state;
        _cleanup_(vf_link_done) VfLink l = {};
        Answer a;

        assert_int_equal(root_mkdir_p(t->rfd, DEVICE "/net/eth0"), 0);
        assert_int_equal(root_mkdir_p(t->rfd, DEVICE "/net/eth2"), 0);
        assert_int_equal(vf_link_find(t->rfd, false, DEVICE, &l), -ENODEV);
        tree_file(t, DEVICE "/net/eth1/ifindex", "7\n");
        make_answer(&a);
        tree_data(t, VF_LINK_RECORD_DIR "/eth1", &a, a.head.nlmsg_len);
        assert_int_equal(vf_link_find(t->rfd, false, DEVICE, &l), 0);
        assert_int_equal(l.index, 7);
        assert_int_equal(l.macs.n, 3);
}

/* In a network of its own, of which nobody else sees anything. 0; 1: it cannot be had here; 2: not what was expected.
 */
static int ask_the_kernel(const Tree *t)
{
        _cleanup_(vf_link_done) VfLink l = {};

        if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
                return 1;
        /* its loopback has no virtual functions, and says so: the kernel has understood both messages */
        return vf_link_find(t->rfd, true, DEVICE, &l) == 0 && l.index == 1 && !l.tells &&
                               vf_link_set(&l, 0, "52:54:00:aa:00:01") == -EOPNOTSUPP
                       ? 0
                       : 2;
}

static void the_kernel_takes_the_messages(void **state)
{
        Tree *t = *state;
        int status;
        pid_t pid;

        tree_file(t, DEVICE "/net/gone/ifindex", "9999\n"); /* by the time it is asked about */
        tree_file(t, DEVICE "/net/lo/ifindex", "1\n");
        pid = fork();
        if (pid == 0)
                _exit(ask_the_kernel(t));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 1)
                skip();
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(messages_are_those_of_iproute2),
                cmocka_unit_test(an_answer_is_read),
                cmocka_unit_test(errors_are_the_kernels),
                cmocka_unit_test(spoiled_answers_do_no_harm),
                cmocka_unit_test_setup_teardown(the_interface_that_tells_is_found, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(one_that_vanishes_hides_no_other, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(the_kernel_takes_the_messages, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
