/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/configure.h"
#include "machine.h"

/* Which functions are configured together, and the file that says so. */

/* A card of three functions, of which one is in a group with another card, a memory controller and a bridge. */
static int setup(void **state)
{
        int r = machine_setup(state);

        if (r < 0)
                return r;
        machine_add_function(*state, "0000:01:00.0", "10de:1b80", 0x030000, "nouveau", 7);
        machine_add_function(*state, "0000:01:00.1", "10de:10f0", 0x040300, "snd_hda_intel", 8);
        machine_add_function(*state, "0000:01:00.2", "10de:10f1", 0x040300, "snd_hda_intel", 9);
        machine_add_function(*state, "0000:02:00.0", "1b73:1100", 0x0c0330, "xhci_hcd", 8);
        machine_add_function(*state, "0000:03:00.0", "8086:0001", 0x050000, NULL, 8);
        machine_add_function(*state, "0000:03:01.0", "8086:0002", 0x060400, "pcieport", 8);
        return 0;
}

static size_t index_of(Machine *m, const char *addr)
{
        return (size_t) (machine_function(m, addr) - m->facts.functions);
}

/* "01:00.0 01:00.1": what is asked for, then "+", the rest of the card, "+", the rest of the groups. */
static char *collected(Machine *m, const char *asked)
{
        _cleanup_(configure_set_done) ConfigureSet s = {};
        const size_t i = index_of(m, asked);
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        assert_int_equal(configure_collect(&m->facts, &m->config, &i, 1, &s), 0);
        for (size_t k = 0; k < s.n; k++)
                fprintf(f, "%s%s%s", k == s.n_asked ? "+" : "", k == s.n_card && k > s.n_asked ? "+" : "",
                        PCI_ADDR_TEXT(m->facts.functions[s.items[k]].addr) + strlen("0000:"));
        assert_int_equal(fclose(f), 0);
        return text;
}

static void what_goes_together(void **state)
{
        static const struct {
                const char *asked, *set;
        } cases[] = {
                { "0000:01:00.0", "01:00.0+01:00.101:00.2+02:00.0" },
                { "0000:02:00.0", "02:00.0+01:00.1" },
                { "0000:00:05.0", "00:05.0" },
                { "0000:03:00.0", "03:00.0+01:00.102:00.0" }, /* asked for, and only then */
                { "0000:00:04.0", "" },                       /* configured already */
        };
        Machine *m = *state;

        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_free_ char *set = collected(m, c->asked);

                if (!streq(set, c->set))
                        fail_msg("%s: %s, not %s", c->asked, set, c->set);
        }
}

static void names_are_free(void **state)
{
        Machine *m = *state;
        _cleanup_(string_list_done) StringList taken = {};
        _cleanup_free_ char *first = NULL, *second = NULL, *third = NULL;
        const size_t gpu = index_of(m, "0000:01:00.0");

        assert_int_equal(configure_name(&m->facts, &m->config, gpu, &taken, &first), 0);
        assert_string_equal(first, "gpu0");
        assert_int_equal(string_list_add(&taken, "gpu0"), 0);
        assert_int_equal(configure_name(&m->facts, &m->config, gpu, &taken, &second), 0);
        assert_string_equal(second, "gpu1");
        set_text(&m->config.devices[0].name, "gpu1-audio");
        assert_int_equal(configure_name(&m->facts, &m->config, gpu, &taken, &third), 0);
        assert_string_equal(third, "gpu2");
}

static void settings_are_parsed(void **state)
{
        static const struct {
                const char *text;
                int error;
                const char *section, *key, *value;
        } cases[] = {
                { "iommu.argument=never", 0, "iommu", "argument", "never" },
                { "device.allow=storage display", 0, "device", "allow", "storage display" },
                { "device.gpu0.driver=pci-stub", 0, "device gpu0", "driver", "pci-stub" },
                { "device.a.b.path=pci0000:00/1c.4", 0, "device a.b", "path", "pci0000:00/1c.4" },
                { "agent.enabled=a=b", 0, "agent", "enabled", "a=b" },
                { "agent.enabled", -EINVAL, NULL, NULL, NULL },
                { "agent.enabled=", -EINVAL, NULL, NULL, NULL },
                { "enabled=yes", -EINVAL, NULL, NULL, NULL },
                { ".enabled=yes", -EINVAL, NULL, NULL, NULL },
                { "agent.=yes", -EINVAL, NULL, NULL, NULL },
                { "=yes", -EINVAL, NULL, NULL, NULL },
                { "agent.enabled=yes\nx", -EINVAL, NULL, NULL, NULL },
                { "", -EINVAL, NULL, NULL, NULL },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                _cleanup_(configure_setting_done) ConfigureSetting s = {};

                assert_int_equal(configure_setting_parse(c->text, &s), c->error);
                if (c->error < 0)
                        continue;
                assert_string_equal(s.section, c->section);
                assert_string_equal(s.key, c->key);
                assert_string_equal(s.value, c->value);
        }
}

/* A name that somebody put into the list of PCI ids stays in its comment. */
static void the_file(void **state)
{
        Machine *m = *state;
        _cleanup_(configure_set_done) ConfigureSet s = {};
        _cleanup_free_ char *text = NULL;
        const size_t i = index_of(m, "0000:01:00.0");
        ConfigureSetting settings[] = {
                { (char *) "device", (char *) "optional", (char *) "yes" },
                { (char *) "agent", (char *) "group", (char *) "report" },
                { (char *) "device gpu0-usb", (char *) "allow", (char *) "keyboard" },
                { (char *) "agent", (char *) "enabled", (char *) "no" },
        };

        set_text(&machine_function(m, "0000:01:00.0")->name, "GP104\n[device evil]");
        assert_int_equal(configure_collect(&m->facts, &m->config, &i, 1, &s), 0);
        assert_int_equal(configure_text(&m->facts, &s, "gpu0", settings, ELEMENTSOF(settings), &text), 0);
        assert_string_equal(text,
                            "# Written by \"ptprep configure\"; it is yours from here on. See ptprep.conf(5).\n"
                            "\n# gpu: GP104\\x0a[device evil] [10de:1b80]\n"
                            "[device gpu0]\naddress = 0000:01:00.0\nid = 10de:1b80\noptional = yes\n"
                            "\n# audio: [10de:10f0]\n"
                            "[device gpu0-audio-01-00.1]\naddress = 0000:01:00.1\nid = 10de:10f0\noptional = yes\n"
                            "\n# audio: [10de:10f1]\n"
                            "[device gpu0-audio-01-00.2]\naddress = 0000:01:00.2\nid = 10de:10f1\noptional = yes\n"
                            "\n# usb: [1b73:1100]\n"
                            "[device gpu0-usb]\naddress = 0000:02:00.0\nid = 1b73:1100\noptional = yes\n"
                            "allow = keyboard\n"
                            "\n[agent]\ngroup = report\nenabled = no\n");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(what_goes_together),
                T(names_are_free),
                cmocka_unit_test(settings_are_parsed),
                T(the_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
