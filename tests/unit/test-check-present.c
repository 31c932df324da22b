/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the device there that a section means, and is it the one that was? */
#include "judged.h"

/* What has happened to a device since the last apply, each with its own sentence. */
static void moved_swapped_added(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, "0000:00:04.0"), *twin = machine_function(m, "0000:00:05.0");
        ConfigDevice *c = m->config.devices;

        set_text(&m->facts.claims, "version=2\n0000:00:04.0 8086:10d3 vfio-pci pci0000:00/04.0 nic0 "
                                   "subsystem=8086:a01f !serial=00-00-00-ff-ff-00-00-0a mac=52:54:00:00:00:0a\n");
        set_text(&nic->serial, "00-00-00-ff-ff-00-00-0a");
        machine_judge(m);
        expect(m, "device.present", RESULT_OK, "8086:10d3 is there at pci0000:00/04.0");
        assert_non_null(strstr(m->wanted.claims, " !serial=00-00-00-ff-ff-00-00-0a mac=52:54:00:00:00:0a"));

        /* they have changed places */
        set_text(&nic->serial, "00-00-00-ff-ff-00-00-0b");
        set_text(&twin->serial, "00-00-00-ff-ff-00-00-0a");
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED,
               "another device of the same kind is in its place: serial number 00-00-00-ff-ff-00-00-0b, not "
               "00-00-00-ff-ff-00-00-0a; it has moved, and is at 0000:00:05.0 now");
        assert_non_null(strstr(find_cure(m, "device.present"), "follow = yes"));
        expect_exit(m, EXIT_BLOCKED, 0);

        /* that is what was meant */
        set_text(&c->serial, "00-00-00-ff-ff-00-00-0b");
        machine_judge(m);
        expect(m, "device.present", RESULT_OK, "is there");
        assert_non_null(strstr(m->wanted.claims, " !serial=00-00-00-ff-ff-00-00-0b\n")); /* and no MAC of the other */
        set_text(&c->serial, NULL);

        /* unknown is not another one */
        set_text(&nic->serial, NULL);
        set_text(&twin->serial, NULL);
        machine_judge(m);
        expect(m, "device.present", RESULT_OK, "is there");
        nic->has_subsystem = true;
        nic->subsystem = (PciId){ 0x1458, 0x3702 };
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "on a card 1458:3702, not 8086:a01f");
        nic->has_subsystem = false;
        set_text(&nic->mac, "52:54:00:00:00:0c"); /* a person may have set another one */
        machine_judge(m);
        expect(m, "device.present", RESULT_OK, "is there");
        set_text(&c->mac, "52:54:00:00:00:0a"); /* unless it is asked for */
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "MAC address 52:54:00:00:00:0c, not 52:54:00:00:00:0a");
        set_text(&c->mac, NULL);

        nic->id.device = 0x1533;
        set_text(&twin->mac, "52:54:00:00:00:0a");
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED,
               "8086:1533, not 8086:10d3; it has moved, and is at 0000:00:05.0 now");
        nic->id.device = 0x10d3;
        machine_judge(m); /* another one has what this one was known by */
        expect(m, "device.present", RESULT_BLOCKED, "the one with MAC address 52:54:00:00:00:0a is 0000:00:05.0");
        set_text(&twin->mac, NULL);

        c->has_moved = c->added = true;
        assert_int_equal(pci_addr_parse("0000:06:00.0", &c->moved_from), 0);
        set_text(&c->others, "0000:00:05.0");
        machine_judge(m);
        expect(m, "device.present", RESULT_OK,
               "; it was at 0000:06:00.0, and the claim follows it; it is new since the last apply, and goes to guests "
               "as well; its section means others as well, and it is the one of the last apply: 0000:00:05.0");
}

/* Of NVMe controllers of one kind only their host driver shows which is which. */
static void swapped_controllers(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, "0000:00:04.0");

        set_text(&m->facts.claims, "version=2\n0000:00:04.0 8086:10d3 vfio-pci - nic0 nvme=S1\n");
        set_text(&nic->nvme_serial, "S2");
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "serial number S2, not S1");
        set_text(&m->config.devices->serial, "S2");
        machine_judge(m);
        expect(m, "device.present", RESULT_OK, "is there");
}

/* A section that means none, or several: nothing is changed, and nothing of it is taken away. */
static void sections_that_mean_nothing(void **state)
{
        static const struct {
                LostWhy why;
                bool optional;
                Result result;
                const char *detail;
        } rows[] = {
                { LOST_UNSEEN, false, RESULT_UNKNOWN, "cannot tell which device is meant" },
                { LOST_NONE, false, RESULT_BLOCKED, "no device is as its section says" },
                { LOST_NONE, true, RESULT_SKIPPED, "configured as optional" },
                { LOST_SEVERAL, false, RESULT_BLOCKED, "several devices are as its section says: 0000:00:05.0" },
                { LOST_UNREAD, false, RESULT_UNKNOWN,
                  "cannot tell which device is meant: a serial number that may be the one cannot be read" },
                { LOST_UNREAD, true, RESULT_UNKNOWN, "cannot tell which device is meant" },
                { LOST_MANY, false, RESULT_BLOCKED,
                  "its match means 613 functions, and a claim list of at most 512 has room for 510 of them" },
                { LOST_MANY, true, RESULT_BLOCKED, "its match means 613 functions" },
                { LOST_TAKEN, false, RESULT_BLOCKED, "it means the device of [device 0000:00:05.0]" },
        };
        Machine *m = *state;

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                m->config.lost = calloc(1, sizeof(*m->config.lost));
                assert_non_null(m->config.lost);
                m->config.n_lost = 1;
                *m->config.lost = (ConfigDevice){ .name = copy("gone"),
                                                  .file = copy("ptprep.conf"),
                                                  .line = 9,
                                                  .others = copy("0000:00:05.0"),
                                                  .lost = row->why,
                                                  .n_meant = 613,
                                                  .n_room = 510,
                                                  .optional = row->optional };
                set_text(&m->facts.claims, GENERATED_HEADER "version=2\n0000:09:00.0 8086:10d3 vfio-pci - gone\n"
                                                            "0000:08:00.0 8086:10d3 vfio-pci - another\n");
                machine_judge(m);
                assert_true(is_told(m, "device.present", row->detail));
                assert_true(find(m, "device.present")->result == row->result || row->result == RESULT_SKIPPED);
                FOREACH_ARRAY(s, m->plan.steps, row->result == RESULT_SKIPPED ? 0 : m->plan.n)
                        if (streq(s->path, NAME_CLAIMS)) {
                                assert_non_null(strstr(step_file(s)->new_text, " gone\n"));
                                assert_null(strstr(step_file(s)->new_text, " another\n"));
                        }
                config_device_done(m->config.lost);
                free(m->config.lost);
                m->config.lost = NULL;
                m->config.n_lost = 0;
        }
}

/* What is plugged in later in a boot may go again: its line stays. What was there from the beginning is recorded. */
static void what_comes_late_keeps_its_line(void **state)
{
        static const struct {
                const char *result;
                bool stays;
        } rows[] = {
                { "0000:00:04.0 absent not there\n", true },
                { "0000:00:05.0 absent not there\n0000:00:04.0 claimed vfio-pci\n", false },
                { NULL, false },
        };
        Machine *m = *state;
        PciFunction *card = machine_function(m, "0000:00:04.0");
        _cleanup_free_ char *before = NULL;

        set_text(&card->path, "pci0000:00/04.0");
        card->has_subsystem = true;
        card->subsystem = (PciId){ 0x8086, 0xa01f };
        m->config.devices[0].optional = true;
        set_text(&m->facts.claims, NULL);
        card->addr.bus = 1;
        m->facts.n_functions = 3;
        machine_settle(m);
        before = copy(m->facts.claims);
        assert_non_null(strstr(before, "0000:00:04.0 8086:10d3 vfio-pci - nic0 optional=yes"));
        machine_set_cmdline(m, "ro"); /* in such a boot the helper does nothing */
        machine_judge(m);
        expect(m, "device.present", RESULT_SKIPPED, "configured as optional;");
        machine_set_cmdline(m, "ro " KARG_CLAIM);
        machine_judge(m);
        expect(m, "device.present", RESULT_SKIPPED, "configured as optional: when it comes, udev has it claimed;");
        card->addr.bus = 0;
        m->facts.n_functions = 4;
        set_text(&card->driver, "vfio-pci");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                set_text(&m->facts.claim_result, row->result);
                machine_judge(m);
                assert_int_equal(streq(m->wanted.claims, before), row->stays);
                expect(m, "device.claimlist", row->stays ? RESULT_OK : RESULT_FAIL, "");
                assert_int_equal(streq(m->wanted.modprobe_snippet, m->facts.modprobe_snippet), row->stays);
                /* no entry of this machine loads it */
                expect(m, "image.current", row->stays ? RESULT_SKIPPED : RESULT_FAIL, "");
        }
        assert_non_null(strstr(m->wanted.claims, " pci0000:00/04.0 nic0 "));
        assert_non_null(strstr(m->wanted.claims, " !subsystem=8086:a01f"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(moved_swapped_added),
                T(swapped_controllers),
                T(sections_that_mean_nothing),
                T(what_comes_late_keeps_its_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
