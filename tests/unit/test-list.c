/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <json-c/json.h>

#include "core/list.h"
#include "machine.h"

/* What ptprep list prints of a machine of plain structs. */

static char *print(const Machine *m, int (*list)(Printer *p, const Facts *f, const VerdictContext *c))
{
        VerdictContext *c;
        char *text = NULL;
        size_t size;
        Printer p = { .out = open_memstream(&text, &size) };

        assert_non_null(p.out);
        assert_int_equal(verdict_context_new(&m->facts, NULL, &c), 0);
        assert_int_equal(list(&p, &m->facts, c), 0);
        assert_int_equal(fclose(p.out), 0);
        (void) verdict_context_free(c);
        return text;
}

static int flat(Printer *p, const Facts *f, const VerdictContext *c)
{
        return list_text(p, f, c, false);
}

static int tree(Printer *p, const Facts *f, const VerdictContext *c)
{
        return list_text(p, f, c, true);
}

static void one_line_a_function(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *text = NULL;

        machine_function(m, "0000:00:05.0")->group = 3;
        set_text(&machine_function(m, "0000:00:05.0")->name, "Intel Corporation 82574L");
        set_text(&machine_function(m, "0000:00:05.0")->reset, "");
        free(machine_function(m, "0000:00:01.0")->reset);
        machine_function(m, "0000:00:01.0")->reset = NULL;
        text = print(m, flat);
        assert_string_equal(
                text,
                "ADDRESS       ID         CLASS   GROUP  DRIVER        RESET         VERDICT         DEVICE\n"
                "0000:00:01.0  8086:3420  060400      1  pcieport      ?             not-applicable  \n"
                "0000:00:03.0  1af4:1042  010000      2  virtio-pci    flr,bus       blocked         \n"
                "              device.boot-disk: it carries / (/ on vda on 0000:00:03.0)\n"
                "              -> leave it to the host, or move what is on it to another device first\n"
                "0000:00:04.0  8086:10d3  020000      3  vfio-pci      flr,bus       conditional     \n"
                "              group.viable: IOMMU group 3 is not viable: 0000:00:05.0 in it is on its host driver "
                "e1000e\n"
                "              -> configure that device too, or set group = companions, or move one of the two cards "
                "to another "
                "slot: [device NAME] address = 0000:00:05.0 id = 8086:10d3\n"
                "0000:00:05.0  8086:10d3  020000      3  e1000e        none          possible        Intel Corporation "
                "82574L\n");
}

/* What is the same for all is said once. */
static void the_machine_comes_first(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *text = NULL;

        m->facts.features.interrupt_remapping = TRISTATE_NO;
        text = print(m, flat);
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
        text = print(m, tree);
        port = strstr(text, "\n0000:00:01.0    ");
        behind = strstr(text, "\n  0000:00:04.0  ");
        disk = strstr(text, "\n0000:00:03.0    ");
        assert_true(port && behind && disk && port < behind && behind < disk);
        assert_non_null(strstr(behind, "\n    0000:00:05.0  8086:10d3"));
}

static void json(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *text = NULL;
        struct json_object *o, *functions, *nic, *bridge, *reasons, *region;

        machine_function(m, "0000:00:05.0")->group = 3;
        text = print(m, list_json);
        o = json_tokener_parse(text);
        assert_non_null(o);
        assert_int_equal(json_object_get_int(json_object_object_get(o, "version")), 2);
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
        bridge = json_object_array_get_idx(functions, 0);
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
        text = print(&m, list_json);
        assert_string_equal(text, "{\"version\": 2, \"functions\": [\n]}\n");
        empty = print(&m, tree);
        assert_non_null(strstr(empty, "ADDRESS"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(one_line_a_function),          T(the_machine_comes_first), T(a_tree_is_indented), T(json),
                cmocka_unit_test(nothing_there),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
