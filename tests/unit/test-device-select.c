/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/device-select.h"
#include "machine.h"
#include "model/device-kind.h"
#include "model/pcispelling.h"

/* Which functions a text means, and what is said of one that means none or too many. */

static void spellings_are_parsed(void **state)
{
        static const struct {
                const char *text;
                int error;
                PciSpellingKind kind;
                const char *addr, *decimal; /* NULL: an id */
                PciId id;
        } cases[] = {
                { "0000:01:00.0", 0, PCI_SPELLING_FUNCTION, "0000:01:00.0", NULL, {} },
                { "01:00.0", 0, PCI_SPELLING_FUNCTION, "0000:01:00.0", NULL, {} },
                { "1:0.0", 0, PCI_SPELLING_FUNCTION, "0000:01:00.0", NULL, {} },
                { "0000:3B:1f.7", 0, PCI_SPELLING_FUNCTION, "0000:3b:1f.7", NULL, {} },
                { "10001:80:07.0", 0, PCI_SPELLING_FUNCTION, "10001:80:07.0", NULL, {} },
                { "0x0000:0x0a:0x00.0x1", 0, PCI_SPELLING_FUNCTION, "0000:0a:00.1", NULL, {} },
                { "01:00", 0, PCI_SPELLING_SLOT, "0000:01:00.0", NULL, {} },
                { "1:0", 0, PCI_SPELLING_SLOT, "0000:01:00.0", NULL, {} },
                { "0000:01:00", 0, PCI_SPELLING_SLOT, "0000:01:00.0", NULL, {} },
                { "pci_0000_0a_00_1", 0, PCI_SPELLING_FUNCTION, "0000:0a:00.1", NULL, {} },
                { "pci_0000_10_00_0", 0, PCI_SPELLING_FUNCTION, "0000:10:00.0", NULL, {} },
                { "pci_0_10_0_0", 0, PCI_SPELLING_FUNCTION, "0000:10:00.0", "0000:0a:00.0", {} },
                { "pci_0_1_0_0", 0, PCI_SPELLING_FUNCTION, "0000:01:00.0", NULL, {} },
                { "pci_0_0_31_6", 0, PCI_SPELLING_FUNCTION, "0000:00:1f.6", NULL, {} },
                { "/sys/bus/pci/devices/0000:01:00.0", 0, PCI_SPELLING_FUNCTION, "0000:01:00.0", NULL, {} },
                { "/sys/devices/pci0000:00/0000:00:1c.4/0000:04:00.0/net/eth0",
                  0,
                  PCI_SPELLING_FUNCTION,
                  "0000:04:00.0",
                  NULL,
                  {} },
                { "10de:1b80", 0, PCI_SPELLING_ID, NULL, NULL, { 0x10de, 0x1b80 } },
                { "0x10de:0x1B80", 0, PCI_SPELLING_ID, NULL, NULL, { 0x10de, 0x1b80 } },
                { "pci_8086_10d3", 0, PCI_SPELLING_ID, NULL, NULL, { 0x8086, 0x10d3 } },
                { "10de:", 0, PCI_SPELLING_VENDOR, NULL, NULL, { 0x10de, 0 } },
                { "01:20.0", -ERANGE, 0, NULL, NULL, {} },
                { "01:00.8", -ERANGE, 0, NULL, NULL, {} },
                { "100:00.0", -ERANGE, 0, NULL, NULL, {} },
                { "pci_0000_01_20_0", -ERANGE, 0, NULL, NULL, {} },
                { "", -EINVAL, 0, NULL, NULL, {} },
                { "01", -EINVAL, 0, NULL, NULL, {} },
                { "82.0.0", -EINVAL, 0, NULL, NULL, {} },
                { "01:00.0.0", -EINVAL, 0, NULL, NULL, {} },
                { "01:00.0:0", -EINVAL, 0, NULL, NULL, {} },
                { "0:0:0:0.0", -EINVAL, 0, NULL, NULL, {} },
                { "01:00.", -EINVAL, 0, NULL, NULL, {} },
                { ":01:00.0", -EINVAL, 0, NULL, NULL, {} },
                { "01:00.0 ", -EINVAL, 0, NULL, NULL, {} },
                { "100000000:01:00.0", -EINVAL, 0, NULL, NULL, {} },
                { "pci_", -EINVAL, 0, NULL, NULL, {} },
                { "pci_0000_01_00", -EINVAL, 0, NULL, NULL, {} },
                { "pci_0000_01_00_0_1", -EINVAL, 0, NULL, NULL, {} },
                { "/sys/devices/pci0000:00", -EINVAL, 0, NULL, NULL, {} },
                { "gpu", -EINVAL, 0, NULL, NULL, {} },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                PciSpelling s = {};
                int r = pci_spelling_parse(c->text, &s);

                if (r != c->error)
                        fail_msg("%s: %d, not %d", c->text, r, c->error);
                if (r < 0)
                        continue;
                assert_int_equal(s.kind, c->kind);
                assert_true(pci_id_equal(s.id, c->id));
                if (c->addr)
                        assert_string_equal(PCI_ADDR_TEXT(s.addr), c->addr);
                assert_int_equal(s.has_decimal, c->decimal != NULL);
                if (c->decimal)
                        assert_string_equal(PCI_ADDR_TEXT(s.decimal), c->decimal);
        }
}

/* A machine with two cards of two functions, one of them a GPU, and the two alike NICs. */
static int setup(void **state)
{
        int r = machine_setup(state);
        static const struct {
                const char *addr, *id;
                uint32_t class;
                const char *class_name, *name;
        } more[] = {
                { "0000:01:00.0", "10de:1b80", 0x030000, "VGA compatible controller",
                  "NVIDIA Corporation GP104 [GeForce GTX 1080]" },
                { "0000:01:00.1", "10de:10f0", 0x040300, "Audio device",
                  "NVIDIA Corporation GP104 High Definition Audio Controller" },
                { "0000:0a:00.0", "8086:1572", 0x020000, "Ethernet controller", "Intel Corporation X710" },
                { "0000:10:00.0", "144d:a808", 0x010802, "Non-Volatile memory controller", "Samsung SM981" },
        };

        if (r < 0)
                return r;
        FOREACH_ARRAY(m, more, ELEMENTSOF(more)) {
                PciFunction *p = machine_add_function(*state, m->addr, m->id, m->class, NULL, PCI_GROUP_NONE);

                set_text(&p->name, m->name);
                set_text(&p->class_name, m->class_name);
        }
        return 0;
}

/* The addresses that a text means, one after the other. */
static char *selected(const Machine *m, const char *text, DeviceSelection *s)
{
        char *out = NULL;
        size_t size;
        FILE *f = open_memstream(&out, &size);

        assert_non_null(f);
        assert_int_equal(device_select(&m->facts, &m->config, text, s), 0);
        FOREACH_ARRAY(i, s->items, s->n)
                fprintf(f, "%s%s", i == s->items ? "" : " ", PCI_ADDR_TEXT(m->facts.functions[*i].addr));
        assert_int_equal(fclose(f), 0);
        return out;
}

static void functions_are_found(void **state)
{
        static const struct {
                const char *text, *functions;
                bool one_card;
        } cases[] = {
                { "nic0", "0000:00:04.0", true },
                { "gpu", "0000:01:00.0", true },
                { "GPU", "0000:01:00.0", true },
                { "audio", "0000:01:00.1", true },
                { "nvme", "0000:10:00.0", true },
                { "nic", "0000:00:04.0 0000:00:05.0 0000:0a:00.0", false },
                { "wifi", "", true },
                { "1:0.0", "0000:01:00.0", true },
                { "01:00", "0000:01:00.0 0000:01:00.1", true },
                { "8086:10d3", "0000:00:04.0 0000:00:05.0", false },
                { "10de:", "0000:01:00.0 0000:01:00.1", true },
                { "pci_0_10_0_0", "0000:0a:00.0 0000:10:00.0", false },
                { "gtx 1080", "0000:01:00.0", true },
                { "GP104", "0000:01:00.0 0000:01:00.1", true },
                { "GeForce GTX 1080", "0000:01:00.0", true },
                { "[geforce", "0000:01:00.0", true },
                { "x710", "0000:0a:00.0", true },
                { "02:00.0", "", true },
                { "nothing", "", true },
                { "", "", true },
                { " ", "", true },
        };
        const Machine *m = *state;

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(device_selection_done) DeviceSelection s = {};
                _cleanup_free_ char *got = selected(m, c->text, &s);

                if (!streq(got, c->functions))
                        fail_msg("%s: %s, not %s", c->text, got, c->functions);
                assert_int_equal(device_selection_is_one_card(&m->facts, &s), c->one_card);
        }
}

static void refusals_show_what_was_meant(void **state)
{
        static const struct {
                const char *text, *refusal;
        } cases[] = {
                { "gpuu", "no device here is \"gpuu\", did you mean \"gpu\"?" },
                { "nvne", "no device here is \"nvne\", did you mean \"nvme\"?" },
                { "nic1", "no device here is \"nic1\", did you mean \"nic\"?" },
                { "01:00.2",
                  "no device here is \"01:00.2\"; the nearest:\n"
                  "  0000:01:00.0  VGA compatible controller: NVIDIA Corporation GP104 [GeForce GTX 1080] [10de:1b80]\n"
                  "  0000:01:00.1  Audio device: NVIDIA Corporation GP104 High Definition Audio Controller "
                  "[10de:10f0]" },
                { "10de:1b81", "no device here is \"10de:1b81\"; the nearest:\n"
                               "  0000:01:00.0  VGA compatible controller: NVIDIA Corporation GP104 [GeForce GTX 1080] "
                               "[10de:1b80]" },
                { "geforse", "no device here is \"geforse\"; the nearest:\n"
                             "  0000:01:00.0  VGA compatible controller: NVIDIA Corporation GP104 [GeForce GTX 1080] "
                             "[10de:1b80]" },
                { "frobnicate", "no device here is \"frobnicate\"; \"ptprep list\" shows what there is" },
                { "01:20.0", "\"01:20.0\" is no address: a bus goes up to ff, a slot up to 1f, a function up to 7" },
                { "8086:10d3", "\"8086:10d3\" can be several devices; say which one by its address:\n"
                               "  0000:00:04.0  ethernet: [8086:10d3]\n"
                               "  0000:00:05.0  ethernet: [8086:10d3]" },
        };
        const Machine *m = *state;

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(device_selection_done) DeviceSelection s = {};
                _cleanup_(string_list_done) StringList lines = {};
                char joined[1024] = "";

                assert_int_equal(device_select(&m->facts, &m->config, c->text, &s), 0);
                assert_int_equal(device_selection_refusal(&m->facts, &s, c->text, &lines), 0);
                FOREACH_ARRAY(line, lines.items, lines.n) {
                        size_t n = strlen(joined);

                        (void) snprintf(joined + n, sizeof(joined) - n, "%s%s", n > 0 ? "\n" : "", *line);
                }
                assert_string_equal(joined, c->refusal);
        }
}

/* A section whose device is gone still is what its name means. */
static void a_section_without_its_device(void **state)
{
        Machine *m = *state;
        _cleanup_(device_selection_done) DeviceSelection s = {};
        _cleanup_(string_list_done) StringList lines = {};

        machine_add_device(m, "gone", "0000:05:00.0", "10de:2204");
        assert_int_equal(device_select(&m->facts, &m->config, "gone", &s), 0);
        assert_int_equal(s.n, 0);
        assert_string_equal(s.section->name, "gone");
        assert_int_equal(device_selection_refusal(&m->facts, &s, "gone", &lines), 0);
        assert_string_equal(lines.items[0],
                            "no device is at 0000:05:00.0, the address of [device gone] (/etc/ptprep/ptprep.conf:1)");
        assert_int_equal(lines.n, 1);
}

/* A set is each of its devices, and one that means none is known by its name, whatever it says of a place. */
static void sections_of_several_and_of_none(void **state)
{
        Machine *m = *state;
        ConfigDevice lost = { .name = copy("gpus"), .file = copy("ptprep.conf"), .line = 9, .address = { .bus = 1 } };
        static const struct {
                const char *name, *address;
                bool of_set;
        } rows[] = {
                { "cards.0000-00-04.0", "0000:00:04.0", true },
                { "cards.0000-00-05.0", "0000:00:05.0", true },
                { "cards.mine", "0000:01:00.0", false },
                { "cards.mine.0000-01-00.1", "0000:01:00.1", true },
        };

        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                machine_add_device(m, row->name, row->address, "8086:10d3");
                m->config.devices[m->config.n_devices - 1].of_set = row->of_set;
        }
        m->config.lost = &lost;
        m->config.n_lost = 1;
        {
                _cleanup_(device_selection_done) DeviceSelection s = {};

                assert_int_equal(device_select(&m->facts, &m->config, "cards", &s), 0);
                assert_int_equal(s.spelling, DEVICE_BY_SECTION);
                assert_int_equal(s.n, 2);
                assert_string_equal(PCI_ADDR_TEXT(m->facts.functions[s.items[0]].addr), "0000:00:04.0");
                assert_string_equal(PCI_ADDR_TEXT(m->facts.functions[s.items[1]].addr), "0000:00:05.0");
                assert_false(s.lost);
        }
        {
                _cleanup_(device_selection_done) DeviceSelection s = {};
                _cleanup_(string_list_done) StringList lines = {};

                assert_int_equal(device_select(&m->facts, &m->config, "gpus", &s), 0);
                assert_int_equal(s.n, 0);
                assert_true(s.lost);
                assert_ptr_equal(s.section, &lost);
                assert_int_equal(device_selection_refusal(&m->facts, &s, "gpus", &lines), 0);
                assert_string_equal(lines.items[0], "no device here is as [device gpus] (ptprep.conf:9) says: see "
                                                    "\"ptprep --check gpus\"");
        }
        m->config.lost = NULL;
        m->config.n_lost = 0;
        config_device_done(&lost);
}

static void every_kind_has_a_word(void **state)
{
        const char *name;
        size_t n = 0;

        (void) state;
        for (; (name = device_kind_name(n)); n++) {
                const DeviceKind *k = device_kind_by_name(name);
                const PciFunction nvme = { .class = 0x010802 };

                assert_non_null(k);
                assert_int_equal(device_kind_has(k, nvme.class),
                                 streq(name, "nvme") || streq(name, "storage") || streq(name, "disk"));
        }
        assert_true(n > 20);
        assert_null(device_kind_by_name("frobnicator"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(spellings_are_parsed), T(functions_are_found),
                T(refusals_show_what_was_meant),        T(a_section_without_its_device),
                T(sections_of_several_and_of_none),     cmocka_unit_test(every_kind_has_a_word),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
