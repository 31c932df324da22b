/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <json-c/json.h>

#include "core/list.h"
#include "machine.h"
#include "version.h"

/* What ptprep list prints of a machine of plain structs. */

/* @view: all but the machine itself. @columns: of the terminal; 0: it goes to a pipe. */
static char *print(Machine *m, const ListView *view, unsigned columns, int (*list)(Printer *p, const ListView *l))
{
        VerdictContext *c;
        char *text = NULL;
        size_t size;
        Printer p = { .out = open_memstream(&text, &size), .terminal = columns > 0, .width = columns };
        ListView l = *view;

        assert_non_null(p.out);
        wanted_done(&m->wanted);
        assert_int_equal(wanted_compute(&m->config, &m->facts, &m->wanted), 0);
        assert_int_equal(verdict_context_new(&m->facts, &m->wanted, &c), 0);
        l.facts = &m->facts;
        l.context = c;
        l.wanted = &m->wanted;
        assert_int_equal(list(&p, &l), 0);
        assert_int_equal(fclose(p.out), 0);
        (void) verdict_context_free(c);
        return text;
}

static const ListView all, tree = { .tree = true };

static void configure_nothing(Machine *m)
{
        config_done(&m->config);
}

static void one_line_a_function(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *text = NULL;

        configure_nothing(m);
        machine_function(m, "0000:00:05.0")->group = 3;
        set_text(&machine_function(m, "0000:00:05.0")->name, "Intel Corporation 82574L");
        set_text(&machine_function(m, "0000:00:05.0")->reset, "");
        free(machine_function(m, "0000:00:01.0")->reset);
        machine_function(m, "0000:00:01.0")->reset = NULL;
        text = print(m, &all, 0, list_text);
        assert_string_equal(
                text, "ADDRESS       ID         CLASS     GROUP  DRIVER      RESET    VERDICT         DEVICE\n"
                      "0000:00:01.0  8086:3420  bridge        1  pcieport    ?        not-applicable  \n"
                      "0000:00:03.0  1af4:1042  scsi          2  virtio-pci  flr,bus  blocked         \n"
                      "              device.boot-disk: it carries / (/ on vda on 0000:00:03.0)\n"
                      "              -> leave it to the host, or move what is on it to another device first\n"
                      "0000:00:04.0  8086:10d3  ethernet      3  vfio-pci    flr,bus  conditional     \n"
                      "              group.viable: IOMMU group 3 is not viable: 0000:00:05.0 in it is on its host "
                      "driver e1000e\n"
                      "              -> configure that device too, or set group = companions, or move one of the two "
                      "cards to another slot: [device NAME] address = 0000:00:05.0 id = 8086:10d3\n"
                      "0000:00:05.0  8086:10d3  ethernet      3  e1000e      none     possible        Intel "
                      "Corporation 82574L\n");
}

/* What is the same for all is said once. */
static void the_machine_comes_first(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *text = NULL;

        m->facts.features.interrupt_remapping = TRISTATE_NO;
        text = print(m, &all, 0, list_text);
        assert_non_null(startswith(text, "iommu.remapping: no interrupt remapping: a guest could send"));
        assert_null(strstr(strstr(text, "ADDRESS"), "iommu.remapping"));
}

static void a_tree_is_indented(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *text = NULL;
        const char *port, *behind, *disk;

        machine_function(m, "0000:00:04.0")->parent = 0; /* below 00:01.0 */
        machine_function(m, "0000:00:05.0")->behind = 2; /* on a bus that 00:04.0 makes */
        text = print(m, &tree, 0, list_text);
        port = strstr(text, "\n0000:00:01.0    ");
        behind = strstr(text, "\n  0000:00:04.0  ");
        disk = strstr(text, "\n0000:00:03.0    ");
        assert_true(port && behind && disk && port < behind && behind < disk);
        assert_non_null(strstr(behind, "\n    0000:00:05.0  8086:10d3"));
}

/* What the configuration asks for, and what has become of it. */
static void configured_ones_say_so(void **state)
{
        static const struct {
                const char *driver, *claims, *said;
        } cases[] = {
                { "vfio-pci", NULL, "CONFIGURED as nic0: on its stub driver\n" },
                { "e1000e", "0000:00:04.0 8086:10d3 vfio-pci pci0000:00/04.0\n",
                  "CONFIGURED as nic0: waits for a reboot\n" },
                { "e1000e", NULL, "CONFIGURED as nic0: waits for \"ptprep --apply\" and a reboot\n" },
                { "e1000e", "0000:00:04.0 8086:10d4 vfio-pci pci0000:00/04.0\n", "waits for \"ptprep --apply\"" },
        };
        Machine *m = *state;

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_free_ char *text = NULL;

                set_text(&machine_function(m, "0000:00:04.0")->driver, c->driver);
                set_text(&m->facts.claims, c->claims);
                text = print(m, &all, 0, list_text);
                if (!strstr(text, c->said))
                        fail_msg("no \"%s\" in: %s", c->said, text);
                assert_null(strstr(strstr(text, "CONFIGURED") + 1, "CONFIGURED"));
        }
        m->config.devices[0].id.device = 1;
        {
                _cleanup_free_ char *text = print(m, &all, 0, list_text);

                assert_non_null(strstr(text, "CONFIGURED as nic0: refused, "));
        }
}

/* A guard that the configuration lifts for a device is in nobody's way, and no other one is. */
static void a_lifted_guard_is_no_obstacle(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *kept = NULL, *lifted = NULL;

        m->config.devices[0].address = machine_function(m, "0000:00:03.0")->addr;
        m->config.devices[0].id = machine_function(m, "0000:00:03.0")->id;
        kept = print(m, &all, 0, list_text);
        assert_non_null(strstr(kept, "device.boot-disk: it carries /"));
        assert_non_null(strstr(kept, "CONFIGURED as nic0: refused"));
        m->config.devices[0].allow = HOST_USE_BIT(HOST_USE_BOOT_DISK);
        lifted = print(m, &all, 0, list_text);
        assert_null(strstr(lifted, "device.boot-disk"));
        assert_non_null(strstr(lifted, "virtio-pci  flr,bus  possible"));
}

/* The order for people: configured, curable, blocked, fine; functions of one card in one piece; bridges counted. */
static void a_terminal_is_shown_what_matters_first(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *wide = NULL, *narrow = NULL, *whole = NULL;

        set_text(&machine_add_function(m, "0000:01:00.0", "10de:1b80", 0x030000, "nouveau", 3)->name,
                 "NVIDIA Corporation GP104 [GeForce GTX 1080]");
        machine_add_function(m, "0000:01:00.1", "10de:10f0", 0x040300, "vfio-pci", 3);
        for (unsigned i = 0; i < 8; i++) {
                char address[] = "0000:03:00.0";

                address[11] = (char) ('0' + i);
                machine_add_function(m, address, "8086:154c", 0x020000, "iavf", (int32_t) (10 + i))->physfn = 3;
                machine_add_group(m, (int32_t) (10 + i));
        }
        wide = print(m, &all, 200, list_text);
        assert_string_equal(
                wide,
                "ADDRESS       CLASS     GROUP  DRIVER      VERDICT         DEVICE\n"
                "0000:00:04.0  ethernet      3  vfio-pci    conditional     [8086:10d3]\n"
                "              CONFIGURED as nic0: on its stub driver\n"
                "              group.viable: IOMMU group 3 is not viable: 0000:01:00.0 in it is on its host driver "
                "nouveau\n"
                "              -> configure that device too, or set group = companions, or move one of the two cards "
                "to another slot: [device NAME] address = 0000:01:00.0 id = 10de:1b80\n"
                "0000:01:00.0  gpu           3  nouveau     possible        NVIDIA Corporation GP104 [GeForce GTX "
                "1080] [10de:1b80]\n"
                "0000:01:00.1  audio         3  vfio-pci    conditional     [10de:10f0]\n"
                "              group.viable: IOMMU group 3 is not viable: 0000:01:00.0 in it is on its host driver "
                "nouveau\n"
                "              -> configure the other function of this card too, or set group = companions: [device "
                "NAME] address = 0000:01:00.0 id = 10de:1b80\n"
                "0000:00:03.0  scsi          2  virtio-pci  blocked         [1af4:1042]\n"
                "              device.boot-disk: it carries / (/ on vda on 0000:00:03.0)\n"
                "              -> leave it to the host, or move what is on it to another device first\n"
                "0000:00:05.0  ethernet      4  e1000e      possible        [8086:10d3]\n"
                "0000:03:00.0  ethernet     10  iavf        possible        [8086:154c]\n"
                "              and 7 more like it: -v shows them\n"
                "1 bridge stays with the host: -v shows it\n");
        narrow = print(m, &all, 60, list_text);
        assert_non_null(strstr(narrow, "\n              NVIDIA Corporation GP104 [GeForce GTX 1080]...\n"));
        whole = print(m, &(ListView){ .verbose = true }, 200, list_text);
        assert_non_null(strstr(whole, "0000:03:00.5"));
        assert_non_null(strstr(whole, "pcieport"));
}

static void only_those_chosen(void **state)
{
        Machine *m = *state;
        bool chosen[16] = { [3] = true };
        const ListView some = { .chosen = chosen };
        _cleanup_free_ char *text = NULL, *addresses = NULL, *json = NULL;

        text = print(m, &some, 80, list_text);
        assert_null(strstr(text, "0000:00:04.0"));
        assert_non_null(strstr(text, "0000:00:05.0"));
        addresses = print(m, &some, 80, list_addresses);
        assert_string_equal(addresses, "0000:00:05.0\n");
        json = print(m, &some, 0, list_json);
        assert_non_null(strstr(json, "[\n  {"));
        assert_null(strstr(json, "0000:00:04.0\","));
}

static void json(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *text = NULL;
        struct json_object *o, *functions, *nic, *bridge, *reasons, *region;

        machine_function(m, "0000:00:05.0")->group = 3;
        text = print(m, &all, 0, list_json);
        o = json_tokener_parse(text);
        assert_non_null(o);
        assert_int_equal(json_object_get_int(json_object_object_get(o, "version")), 3);
        functions = json_object_object_get(o, "functions");
        assert_int_equal(json_object_array_length(functions), 4);
        nic = json_object_array_get_idx(functions, 2);
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "address")), "0000:00:04.0");
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "vendor")), "8086");
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "device")), "10d3");
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "class")), "020000");
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "driver")), "vfio-pci");
        assert_int_equal(json_object_get_int(json_object_object_get(nic, "iommu_group")), 3);
        assert_int_equal(json_object_array_length(json_object_object_get(nic, "reset_methods")), 2);
        region = json_object_array_get_idx(json_object_object_get(nic, "reserved_regions"), 0);
        assert_true(json_object_get_int64(json_object_object_get(region, "start")) == 0xfee00000);
        assert_true(json_object_get_int64(json_object_object_get(region, "end")) == 0xfeefffff);
        assert_string_equal(json_object_get_string(json_object_object_get(region, "type")), "msi");
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "verdict")), "conditional");
        reasons = json_object_object_get(nic, "reasons");
        assert_int_equal(json_object_array_length(reasons), 2);
        assert_string_equal(json_object_get_string(json_object_object_get(json_object_array_get_idx(reasons, 0), "id")),
                            "group.viable");
        assert_string_equal(
                json_object_get_string(json_object_object_get(json_object_array_get_idx(reasons, 0), "cure_kind")),
                "configuration");
        assert_string_equal(
                json_object_get_string(json_object_object_get(json_object_array_get_idx(reasons, 1), "weight")),
                "note");
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "kind")), "ethernet");
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "configured")), "nic0");
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "claim")), "active");
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "level")), "translated");
        assert_string_equal(json_object_get_string(json_object_object_get(nic, "level_stop")),
                            "IOMMU group 3 is not viable: 0000:00:05.0 in it is on its host driver e1000e");
        bridge = json_object_array_get_idx(functions, 0);
        assert_true(json_object_object_get_ex(bridge, "configured", NULL));
        assert_null(json_object_object_get(bridge, "configured"));
        assert_string_equal(json_object_get_string(json_object_object_get(bridge, "verdict")), "not-applicable");
        assert_true(json_object_object_get_ex(bridge, "name", NULL));
        assert_null(json_object_object_get(bridge, "name"));
        json_object_put(o);
}

static void nothing_there(void **state)
{
        Machine m = {};
        _cleanup_free_ char *text = NULL, *empty = NULL;

        (void) state;
        facts_init(&m.facts);
        m.facts.pci = TRISTATE_YES;
        text = print(&m, &all, 0, list_json);
        assert_string_equal(text, "{ \"kind\": \"list\", \"version\": 3, \"ptprep\": \"" PTPREP_VERSION
                                  "\", \"host\": null, \"boot_id\": null, \"time\": null, \"reboot_required\": null, "
                                  "\"functions\": [\n]}\n");
        empty = print(&m, &tree, 0, list_text);
        assert_non_null(strstr(empty, "ADDRESS"));
        wanted_done(&m.wanted);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(one_line_a_function),
                T(the_machine_comes_first),
                T(a_tree_is_indented),
                T(configured_ones_say_so),
                T(a_lifted_guard_is_no_obstacle),
                T(a_terminal_is_shown_what_matters_first),
                T(only_those_chosen),
                T(json),
                cmocka_unit_test(nothing_there),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
