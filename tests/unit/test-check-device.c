/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judged.h"

#include "core/reboot-once.h"

/* Checks of configured devices, each in each state that it can tell apart. */

/* What the helper met in the initramfs of this boot is told with the device, and it is no reason to reboot. */
static void what_became_of_it_in_this_boot(void **state)
{
        static const struct {
                const char *result, *detail, *cure;
                CureKind kind;
        } rows[] = {
                { NULL, "on its host driver e1000e, not on vfio-pci; in this boot: no claim helper ran",
                  "reboot; if it is so again, another image is loaded", CURE_REBOOT },
                { "", "its list had not this device yet", "reboot; if it is so again", CURE_REBOOT },
                { "0000:00:05.0 failed no driver\n", "its list had not this device yet", "reboot; if it is so again",
                  CURE_REBOOT },
                { "0000:00:05.0 claimed claimed by vfio-pci\n0000:00:04.0 failed driver vfio-pci cannot be loaded (No "
                  "such "
                  "file or directory): left to the host\n",
                  "not on vfio-pci; in this boot: driver vfio-pci cannot be loaded (No such file or directory): left "
                  "to "
                  "the host",
                  "journalctl -b -t ptprep-claim", CURE_PERSON },
                { "0000:00:04.0 moved is now at pci0000:00/1c.0/00.0, not at pci0000:00/04.0: not claimed",
                  "in this boot: is now at pci0000:00/1c.0/00.0", "then reboot", CURE_PERSON },
                { "0000:00:04.0 absent no device at this address: not claimed\n", "was not there yet in the initramfs",
                  "\"ptprep claim\" gives it", CURE_PERSON },
                { "0000:00:04.0 claimed claimed by vfio-pci\n", "something has taken it since", "driverctl",
                  CURE_PERSON },
                { "0000:00:04.0 waiting kept from its host driver\n", "nothing has loaded the other one",
                  "modules-load.d", CURE_PERSON },
                { "0000:00:04.0 dancing with words\n", "what the claim helper says of it is not known here",
                  "reboot; if", CURE_REBOOT },
                { "0000:00:04.0", "what the claim helper says of it is not known here", "reboot; if", CURE_REBOOT },
        };
        Machine *m = *state;

        set_text(&machine_function(m, "0000:00:04.0")->driver, "e1000e");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                set_text(&m->facts.claim_result, row->result);
                machine_judge(m);
                expect(m, "device.driver", RESULT_FAIL, row->detail);
                assert_int_equal(find(m, "device.driver")->cure_kind, row->kind);
                assert_non_null(strstr(find_cure(m, "device.driver"), row->cure));
        }
        /* the list of that boot was another one: the next boot may well be better */
        set_text(&m->facts.claim_result, "0000:00:04.0 failed for some reason\n");
        set_text(&m->facts.claims, "version=2\n");
        machine_judge(m);
        assert_null(strstr(find(m, "device.driver")->detail, "for some reason"));
}

/* No reboot gives what is made later to its driver, so none was in vain because of it. */
static void a_virtual_function_waits_for_no_reboot(void **state)
{
        Machine *m = *state;
        PciFunction *function = machine_function(m, "0000:00:04.0");
        _cleanup_free_ char *missing = NULL, *none = NULL;

        set_text(&function->driver, "e1000e");
        machine_judge(m);
        assert_int_equal(reboot_missing(&m->judgement, &missing), 0);
        assert_non_null(strstr(missing, "is on e1000e, not on vfio-pci"));
        function->physfn = 0;
        machine_judge(m);
        assert_int_equal(reboot_missing(&m->judgement, &none), 0);
        assert_null(none);
        expect(m, "device.driver", RESULT_FAIL, "a virtual function is made later");
        assert_int_equal(find(m, "device.driver")->cure_kind, CURE_PERSON);
}

/* What may come later than the initramfs is told before anything is applied. */
static void what_comes_later_is_told(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, "0000:00:04.0"), *port = machine_function(m, "0000:00:01.0");

        nic->parent = (size_t) (port - m->facts.functions);
        machine_judge(m);
        assert_false(is_told(m, "device.present", "behind"));
        nic->removable = true;
        machine_judge(m);
        expect(m, "device.present", RESULT_OK, ", behind a port that things are plugged into: whenever it comes, udev");
        port->id.device = 0x15d3;
        machine_judge(m);
        expect(m, "device.present", RESULT_OK, "pci0000:00/04.0, behind Thunderbolt: whenever it comes, udev has it");
}

static void devices(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, "0000:00:04.0"), *twin = machine_function(m, "0000:00:05.0");

        set_text(&nic->driver, "e1000e");
        machine_judge(m);
        expect(m, "device.driver", RESULT_FAIL, "on its host driver e1000e, not on vfio-pci");
        assert_non_null(strstr(find(m, "device.driver")->cure, "journalctl"));
        set_text(&nic->driver, NULL);
        machine_judge(m);
        expect(m, "device.driver", RESULT_FAIL, "on no driver");
        nic->id.device = 0x1533;
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED,
               "8086:1533, not 8086:10d3; the only 8086:10d3 is at 0000:00:05.0 now");
        assert_non_null(strstr(find(m, "device.present")->cure, "ptprep.conf:1"));
        expect_exit(m, EXIT_BLOCKED, 0);
        nic->id.device = 0x10d3;
        set_text(&m->config.devices[0].path, "pci0000:00/1c.4/00.0");
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "it sits at pci0000:00/04.0, not at pci0000:00/1c.4/00.0");
        set_text(&m->config.devices[0].path, NULL);
        nic->class = 0x060400;
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "this is a PCI bridge (class 0604), which is never taken");
        nic->class = 0x080600;
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "this is a function of the IOMMU (class 0806)");
        expect_exit(m, EXIT_BLOCKED, 0);
        nic->class = 0x020000;
        m->config.devices[0].address = twin->addr;
        m->config.devices[0].address.bus = 9;
        machine_judge(m);
        expect(m, "device.present", RESULT_BLOCKED, "no device at this address");
        m->config.devices[0].optional = true;
        machine_judge(m);
        expect(m, "device.present", RESULT_SKIPPED, "configured as optional");
        m->facts.pci = TRISTATE_UNKNOWN;
        machine_judge(m);
        expect(m, "device.present", RESULT_UNKNOWN, "no PCI bus");
        expect_exit(m, EXIT_UNKNOWN, 4); /* what is at the old address is not configured any more */
        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        expect_exit(m, EXIT_UNKNOWN, 0);
}

static void the_running_system_is_safe(void **state)
{
        Machine *m = *state;

        machine_add_device(m, "disk", "0000:00:03.0", "1af4:1042");
        machine_judge(m);
        expect(m, "device.boot-disk", RESULT_BLOCKED, "it carries / (/ on vda on 0000:00:03.0)");
        expect(m, "device.storage", RESULT_OK, "no other disk in use is on it");
        expect_exit(m, EXIT_BLOCKED, 0);
        host_uses_done(&m->facts.host);
        machine_judge(m);
        expect(m, "device.boot-disk", RESULT_BLOCKED, "nobody has looked");
        expect(m, "device.storage", RESULT_BLOCKED, "nobody has looked");
        expect_exit(m, EXIT_BLOCKED, 0);
        m->facts.host.looked[HOST_USE_BOOT_DISK] = m->facts.host.looked[HOST_USE_STORAGE] = true;
        m->facts.host.looked[HOST_USE_NETWORK] = true;
        machine_judge(m);
        expect(m, "device.boot-disk", RESULT_OK, "the host does not boot from it");
        assert_true(m->plan.n > 0);
}

/* One word lifts one guard, says so for as long as it does, and is told where it does nothing. */
static void guards_are_lifted_by_name(void **state)
{
        Machine *m = *state;
        HostUnknown unknown = { .kind = HOST_USE_STORAGE, .what = copy("a lost one"), .cure_kind = CURE_ROOT };
        ConfigDevice *d = machine_add_device(m, "disk", "0000:00:03.0", "1af4:1042");

        d->allow = HOST_USE_BIT(HOST_USE_STORAGE);
        machine_judge(m);
        expect(m, "device.boot-disk", RESULT_BLOCKED, "it carries / (/ on vda on 0000:00:03.0)");
        assert_true(is_told(m, "device.storage", "no other disk in use is on it; \"allow = storage\" lifts nothing"));
        expect_exit(m, EXIT_BLOCKED, 0);

        d->allow = HOST_USE_BIT(HOST_USE_BOOT_DISK);
        machine_judge(m);
        expect(m, "device.boot-disk", RESULT_WARN,
               "it carries / (/ on vda on 0000:00:03.0); \"allow = boot-disk\" takes it all the same");
        expect(m, "device.storage", RESULT_OK, "no other disk in use is on it");
        assert_false(is_told(m, "device.storage", "lifts nothing"));
        assert_non_null(strstr(m->wanted.claims, "0000:00:03.0 1af4:1042 "));
        assert_true(m->plan.n > 0);

        assert_int_equal(host_unknown_add(&m->facts.host, &unknown), 0);
        machine_judge(m);
        expect(m, "device.storage", RESULT_BLOCKED, "cannot tell whether the host needs it: a lost one");
        m->config.devices[0].allow = HOST_USE_BIT(HOST_USE_STORAGE);
        m->config.devices[1].allow |= HOST_USE_BIT(HOST_USE_STORAGE);
        machine_judge(m);
        expect(m, "device.storage", RESULT_WARN, "a lost one; \"allow = storage\" takes it all the same");
        assert_true(m->plan.n > 0);
}

/* Nobody advises to take a word out because of what it has done: a guest's driver has the device. */
static void a_word_that_has_done_its_work(void **state)
{
        Machine *m = *state;

        m->config.devices[0].allow = HOST_USE_BIT(HOST_USE_STORAGE);
        machine_judge(m);
        expect(m, "device.storage", RESULT_OK, "no other disk in use is on it");
        assert_null(find_cure(m, "device.storage"));
        set_text(&machine_function(m, "0000:00:04.0")->driver, "e1000e");
        machine_judge(m);
        assert_non_null(find_cure(m, "device.storage"));
        /* and of what cannot be there, nothing is said unless somebody thought that it could */
        machine_function(m, "0000:00:04.0")->class = 0x030000;
        machine_judge(m);
        expect(m, "device.storage", RESULT_OK,
               "no disk can be on a device of its class; \"allow = storage\" lifts nothing");
        assert_null(find(m, "device.boot-disk"));
}

/* What nobody has looked for is unknown, where it can be at all, and what is found of it counts. */
static void guards_before_a_look(void **state)
{
        Machine *m = *state;
        PciAddr nic;

        for (HostUseKind kind = 0; kind < _HOST_USE_KIND_MAX; kind++) {
                const HostUseText *guard = &host_use_texts[kind];
                _cleanup_(string_list_done) StringList chain = {};

                assert_int_equal(host_use_kind(guard->check), kind);
                assert_string_equal(strchr(guard->check, '.') + 1, host_use_kind_to_string(kind));
                m->facts.host.looked[kind] = false;
                machine_judge(m);
                if (!guard->only) /* a network adapter can be concerned */
                        expect(m, guard->check, RESULT_BLOCKED, guard->unseen);
                else
                        assert_null(find(m, guard->check));
                m->facts.host.looked[kind] = true;
                assert_int_equal(pci_addr_parse("0000:00:04.0", &nic), 0);
                assert_int_equal(string_list_add(&chain, "thing"), 0);
                assert_int_equal(host_use_add(&m->facts.host, kind, nic, "it", &chain), 0);
                machine_judge(m);
                expect(m, guard->check, RESULT_BLOCKED, "it (thing on 0000:00:04.0)");
        }
}

/* Something on the first NIC; the machine is judged anew. */
static void put_on_nic(Machine *m, HostUseKind kind, bool spared)
{
        _cleanup_(string_list_done) StringList chain = {};
        PciAddr nic;

        assert_int_equal(pci_addr_parse("0000:00:04.0", &nic), 0);
        assert_int_equal(string_list_add(&chain, "thing"), 0);
        assert_int_equal((spared ? host_use_add_spared : host_use_add)(&m->facts.host, kind, nic, "it", &chain), 0);
        machine_judge(m);
}

/* Told, and nothing waits for it; what the host needs beside it counts all the same, and so does a word for that. */
static void what_the_host_can_spare(void **state)
{
        Machine *m = *state;

        put_on_nic(m, HOST_USE_DISPLAY, true);
        expect(m, "device.display", RESULT_WARN, "it has it (thing on 0000:00:04.0)");
        expect_exit(m, EXIT_READY, 0);
        m->config.devices[0].allow = HOST_USE_BIT(HOST_USE_DISPLAY);
        machine_judge(m);
        expect(m, "device.display", RESULT_WARN, "it has it (thing on 0000:00:04.0)");
        m->config.devices[0].allow = 0;
        put_on_nic(m, HOST_USE_KEYBOARD, true);
        put_on_nic(m, HOST_USE_KEYBOARD, false);
        expect(m, "device.keyboard", RESULT_BLOCKED, "it has it (thing on 0000:00:04.0)");
        expect_exit(m, EXIT_BLOCKED, 4); /* it is taken out of the claim list */
}

/* What cannot be told of one device stands in the way of no other. */
static void unknown_of_one_device(void **state)
{
        static const char *const addresses[] = { "0000:00:05.0", "0000:00:04.0" };
        Machine *m = *state;

        machine_function(m, "0000:00:04.0")->class = 0x0c0330;
        for (unsigned i = 0; i < 2; i++) {
                HostUnknown u = { .kind = HOST_USE_KEYBOARD,
                                  .one = true,
                                  .what = copy("its plug is not seen"),
                                  .cure_kind = CURE_PERSON,
                                  .cure = "look at it" };

                assert_int_equal(pci_addr_parse(addresses[i], &u.addr), 0);
                assert_int_equal(host_unknown_add(&m->facts.host, &u), 0);
                machine_judge(m);
                expect(m, "device.keyboard", i == 0 ? RESULT_OK : RESULT_BLOCKED,
                       i == 0 ? "only keyboard is not on it" : "its plug is not seen");
        }
        m->facts.host.unknown[1].waits = true;
        machine_judge(m);
        expect(m, "device.keyboard", RESULT_UNKNOWN, "its plug is not seen");
}

/* What is to be known of a device is told also where the host keeps it; a framebuffer on class 0300 goes by itself. */
static void a_device_that_stays_is_told_of(void **state)
{
        Machine *m = *state;
        PciFunction *p = machine_function(m, "0000:00:04.0");

        p->class = 0x030000;
        p->has_boot_screen = true;
        set_text(&p->usb, "a disk (1-1)");
        put_on_nic(m, HOST_USE_DISPLAY, false);
        assert_null(find(m, "device.bootfb"));
        expect(m, "device.usb", RESULT_OK, "a disk (1-1)");
        p->class = 0x038000;
        machine_judge(m);
        expect(m, "device.display", RESULT_BLOCKED, "it has it");
        expect(m, "device.bootfb", RESULT_WARN, "class is 0380 and not 0300");
}

static void add_waiting(Machine *m)
{
        HostUnknown u = { .kind = HOST_USE_NETWORK,
                          .waits = true,
                          .what = copy("not up yet"),
                          .cure_kind = CURE_ELSEWHERE,
                          .cure = "nothing" };

        assert_int_equal(host_unknown_add(&m->facts.host, &u), 0);
}

/* What nobody can tell before the network is up is neither claimed nor dropped, and is in nobody's way. */
static void network_devices_wait(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, "0000:00:04.0");

        add_waiting(m);
        machine_judge(m); /* a guest's driver has it: no network hangs on it */
        expect(m, "device.network", RESULT_OK, "no network that the host needs is on it");
        expect_exit(m, EXIT_READY, 0);
        set_text(&nic->driver, "e1000e"); /* as with ptprep=off for one boot: its line is there, and stays */
        machine_judge(m);
        expect(m, "device.network", RESULT_UNKNOWN, "cannot tell whether the host needs it: not up yet");
        expect(m, "device.claimlist", RESULT_OK, "listed");
        assert_string_equal(m->wanted.claims, m->facts.claims);
        assert_int_equal(m->plan.n, 0);
        set_text(&m->facts.claims, NULL); /* nothing is in force, and there is nothing else to do */
        machine_judge(m);
        expect(m, "device.network", RESULT_UNKNOWN, "not up yet");
        assert_null(strstr(m->wanted.claims, "0000:00:04.0"));
        assert_null(find(m, "device.driver"));
        expect_exit(m, EXIT_UNKNOWN, 0);
        assert_int_equal(plan_refusal(&m->judgement, &m->findings), PLAN_REFUSED_WAITING);
        machine_function(m, "0000:00:05.0")->class = 0x030000; /* a graphics card does not wait with it */
        machine_add_device(m, "gpu", "0000:00:05.0", "8086:10d3");
        machine_judge(m);
        assert_null(strstr(m->wanted.claims, "0000:00:04.0"));
        assert_non_null(strstr(m->wanted.claims, "0000:00:05.0 8086:10d3 "));
        assert_true(m->plan.n > 0);
        m->config.devices[0].allow = HOST_USE_BIT(HOST_USE_NETWORK);
        machine_judge(m);
        expect(m, "device.network", RESULT_WARN, "not up yet; \"allow = network\" takes it all the same");
        assert_non_null(strstr(m->wanted.claims, "0000:00:04.0 8086:10d3 "));
}

/* What stands in the way for certain is told at once, and counts more than what nobody can tell yet. */
static void certain_beats_unknown(void **state)
{
        Machine *m = *state;
        PciFunction *nic = machine_function(m, "0000:00:04.0"), *twin = machine_function(m, "0000:00:05.0");

        set_text(&nic->driver, "e1000e");
        set_text(&m->facts.claims, NULL);
        add_waiting(m);
        machine_judge(m);
        assert_null(find(m, "device.iommu"));
        expect_exit(m, EXIT_UNKNOWN, 0);
        nic->group = PCI_GROUP_NONE;
        machine_judge(m);
        expect(m, "device.network", RESULT_UNKNOWN, "not up yet");
        expect(m, "device.iommu", RESULT_BLOCKED, "it is in no IOMMU group");
        assert_null(find(m, "group.viable")); /* of which nothing is certain */
        expect_exit(m, EXIT_BLOCKED, 0);
        m->facts.host.unknown[0].waits = false;
        machine_judge(m);
        expect(m, "device.iommu", RESULT_BLOCKED, "it is in no IOMMU group");
        /* two of which it is unknown do not stand in the way of each other; the host's disk does */
        nic->group = twin->group = 3;
        machine_add_device(m, "nic1", "0000:00:05.0", "8086:10d3");
        machine_judge(m);
        assert_null(find(m, "group.viable"));
        machine_function(m, "0000:00:03.0")->group = 3;
        machine_judge(m);
        expect(m, "group.viable", RESULT_BLOCKED, "0000:00:03.0 in it carries /");
}

/* Of a device that is not configured any more the line goes, whatever waits. */
static void what_is_taken_out_does_not_wait(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *claims = NULL;

        machine_judge(m);
        assert_true(asprintf(&claims, "%s0000:00:06.0 8086:10d3 vfio-pci - old\n", m->wanted.claims) > 0);
        set_text(&m->facts.claims, claims);
        m->config.devices[0].address.slot = 5;
        add_waiting(m);
        machine_judge(m);
        assert_int_equal(plan_refusal(&m->judgement, &m->findings), PLAN_REFUSED_WAITING);
        assert_true(m->plan.n > 0);
}

static void waiting_by_class(void **state)
{
        static const struct {
                uint32_t class;
                bool has_network, waits;
        } classes[] = {
                { 0x020000, false, true },  { 0x028000, false, true },  { 0x0d8000, false, true },
                { 0x0c0600, false, true },  { 0x0c0330, false, true },  { 0x010802, false, false },
                { 0x030000, false, false }, { 0x040300, false, false }, { 0x0c8000, false, false },
                { 0xff0000, false, false }, { 0xff0000, true, true },   { 0x088000, true, true },
        };
        Machine *m = *state;
        PciFunction *twin = machine_function(m, "0000:00:05.0");

        add_waiting(m);
        FOREACH_ARRAY(c, classes, ELEMENTSOF(classes)) {
                twin->class = c->class;
                twin->has_network = c->has_network;
                assert_int_equal(host_use_any(&m->facts, twin, 0).used, c->waits ? TRISTATE_UNKNOWN : TRISTATE_NO);
                assert_int_equal(host_use_any(&m->facts, twin, 0).waits, c->waits);
        }
        /* the port of a graphics card */
        twin->class = 0x0c0330;
        twin->has_network = false;
        machine_function(m, "0000:00:04.0")->class = 0x030000;
        machine_function(m, "0000:00:04.0")->addr = (PciAddr){ 0, 0, 5, 0 };
        twin->addr.function = 2;
        assert_int_equal(host_use_any(&m->facts, twin, 0).used, TRISTATE_NO);
}

static void groups(void **state)
{
        Machine *m = *state;
        PciFunction *twin = machine_function(m, "0000:00:05.0"), *bridge = machine_function(m, "0000:00:01.0");

        bridge->group = 3;
        machine_judge(m);
        expect(m, "group.viable", RESULT_OK, "IOMMU group 3 has nothing"); /* a bridge on pcieport is no offender */
        twin->group = 3;
        machine_judge(m);
        expect(m, "group.viable", RESULT_BLOCKED, "0000:00:05.0 in it is on its host driver e1000e");
        set_text(&twin->driver, "pci-stub");
        machine_judge(m);
        expect(m, "group.viable", RESULT_OK, "IOMMU group 3 has nothing");
        expect(m, "group.shared", RESULT_OK, "with 1 other device");
        set_text(&twin->driver, "e1000e");
        machine_add_device(m, "nic1", "0000:00:05.0", "8086:10d3");
        machine_judge(m);
        expect(m, "group.viable", RESULT_OK, "IOMMU group 3 has nothing"); /* it will be claimed too */
        machine_function(m, "0000:00:04.0")->group = PCI_GROUP_NONE;
        machine_judge(m);
        expect(m, "device.iommu", RESULT_BLOCKED, "in no IOMMU group");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(what_became_of_it_in_this_boot),
                T(devices),
                T(the_running_system_is_safe),
                T(guards_are_lifted_by_name),
                T(a_word_that_has_done_its_work),
                T(guards_before_a_look),
                T(what_the_host_can_spare),
                T(unknown_of_one_device),
                T(a_device_that_stays_is_told_of),
                T(network_devices_wait),
                T(a_virtual_function_waits_for_no_reboot),
                T(what_comes_later_is_told),
                T(certain_beats_unknown),
                T(what_is_taken_out_does_not_wait),
                T(waiting_by_class),
                T(groups),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
