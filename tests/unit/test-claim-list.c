/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claim list between its writer, the agent, and its reader, the helper. */
#include "claim-list.h"
#include "core/wanted.h"
#include "probe/config-load.h"
#include "test.h"

#define FILE_NAME "/etc/ptprep/claims"

/* What the reader said, all of it. */
typedef struct Said {
        char text[16384];
        size_t n;
} Said;

static void say(void *userdata, bool failure, const char *text)
{
        Said *s = userdata;

        assert_true(failure);
        assert_null(strchr(text, '\n'));
        s->n += (size_t) snprintf(s->text + s->n, sizeof(s->text) - s->n, "%s\n", text);
        assert_true(s->n < sizeof(s->text));
}

static ClaimList parse(const char *text, size_t size, Said *s)
{
        ClaimList l = {};

        *s = (Said){};
        assert_int_equal(claim_list_parse(FILE_NAME, text, size, &(ClaimReporter){ say, s }, &l), 0);
        return l;
}

/* The list that the agent writes for a configuration on a machine of which nothing is known. */
static char *render(const char *config)
{
        _cleanup_(config_done) Config c = {};
        _cleanup_(config_error_done) ConfigError e = {};
        _cleanup_(facts_done) Facts f = {};
        _cleanup_(wanted_done) Wanted w = {};

        facts_init(&f);
        if (config_load_text("test.conf", config, strlen(config), &c, &e) < 0)
                fail_msg("%u: %s", e.line, e.message);
        assert_int_equal(wanted_compute(&c, &f, &w), 0);
        return TAKE_PTR(w.claims);
}

static void test_written_and_read(void **state)
{
        static const char config[] = "[device nic0]\naddress = 04:00.0\nid = 8086:10D3\npath = pci0000:00/1c.4/00.0\n"
                                     "[device gpu-1.a_b]\naddress = 10001:80:1f.7\nid = 10de:1b80\ndriver = pci-stub\n"
                                     "[iommu]\nallow_unsafe_interrupts = yes\n";
        _cleanup_free_ char *text = render(config);
        _cleanup_(claim_list_done) ClaimList l = {};
        Said said;

        (void) state;
        l = parse(text, strlen(text), &said);
        assert_string_equal(said.text, "");
        assert_int_equal(l.n_refused, 0);
        assert_int_equal(l.n_claims, 2);
        assert_string_equal(l.claims[0].address, "0000:04:00.0");
        assert_true(pci_id_equal(l.claims[0].id, (PciId){ 0x8086, 0x10d3 }));
        assert_int_equal(l.claims[0].driver, STUB_VFIO_PCI);
        assert_string_equal(l.claims[0].path, "pci0000:00/1c.4/00.0");
        assert_string_equal(l.claims[0].name, "nic0");
        assert_string_equal(l.claims[1].address, "10001:80:1f.7");
        assert_int_equal(l.claims[1].driver, STUB_PCI_STUB);
        assert_string_equal(l.claims[1].path, "-");
        assert_string_equal(l.claims[1].name, "gpu-1.a_b");
}

/* The most and the longest that the configuration takes: not a line of it is refused in the initramfs. */
static void test_limits(void **state)
{
        _cleanup_free_ char *config = NULL, *text = NULL;
        _cleanup_(claim_list_done) ClaimList l = {};
        size_t size;
        FILE *f = open_memstream(&config, &size);
        Said said;

        (void) state;
        assert_non_null(f);
        for (unsigned i = 0; i < CLAIM_DEVICES_MAX; i++) {
                fprintf(f, "[device %0*u]\naddress = ffff%04x:ff:1f.7\nid = 8086:10d3\npath = pci0000:00",
                        CLAIM_NAME_MAX, i, i);
                for (size_t n = strlen("pci0000:00"); n < CLAIM_PATH_MAX; n += strlen("/1f.7"))
                        fputs("/1f.7", f);
                fputs("\n", f);
        }
        assert_int_equal(fclose(f), 0);
        text = render(config);
        assert_in_range(strlen(text), 1, CLAIM_LIST_MAX);
        l = parse(text, strlen(text), &said);
        assert_string_equal(said.text, "");
        assert_int_equal(l.n_claims, CLAIM_DEVICES_MAX);
        assert_int_equal(strlen(l.claims[0].path), CLAIM_PATH_MAX);
        assert_int_equal(strlen(l.claims[CLAIM_DEVICES_MAX - 1].name), CLAIM_NAME_MAX);
}

/* And what goes beyond it, in a list that somebody else wrote. */
static void test_beyond_limits(void **state)
{
        char text[2 * CLAIM_LINE_MAX + 64];
        Said said;

        (void) state;
        (void) snprintf(text, sizeof(text),
                        "0000:04:00.0 8086:10d3 vfio-pci - %0*d\n0000:05:00.0 8086:10d3 vfio-pci - b\n",
                        CLAIM_NAME_MAX + 1, 0);
        {
                _cleanup_(claim_list_done) ClaimList l = parse(text, strlen(text), &said);

                assert_non_null(strstr(said.text, FILE_NAME ":1: "));
                assert_non_null(strstr(said.text, "is no device name, line skipped"));
                assert_int_equal(l.n_claims, 1);
                assert_string_equal(l.claims[0].name, "b");
        }
        (void) snprintf(text, sizeof(text), "#%*s\n0000:04:00.0 8086:10d3 vfio-pci - %*s\n", CLAIM_LINE_MAX + 1, "",
                        CLAIM_LINE_MAX - 34, "a");
        assert_int_equal(strlen(strchr(text, '\n') + 1), CLAIM_LINE_MAX + 1); /* the newline */
        {
                _cleanup_(claim_list_done) ClaimList l = parse(text, strlen(text), &said);

                assert_int_equal(l.n_claims, 1);
                assert_string_equal(said.text, "");
        }
        {
                static const char escape[] = "0000:04:00.0 8086:10d3 vfio-pci - \033[2J\177\n";
                _cleanup_(claim_list_done) ClaimList l = parse(escape, strlen(escape), &said);

                assert_int_equal(l.n_claims, 0);
                assert_string_equal(said.text, FILE_NAME ":1: \"?[2J?\" is no device name, line skipped\n");
        }
        strcpy(strchr(text, 'a'), " a\n");
        {
                _cleanup_(claim_list_done) ClaimList l = parse(text, strlen(text), &said);

                assert_int_equal(l.n_claims, 0);
                assert_string_equal(said.text, FILE_NAME ":2: longer than 704 bytes, line skipped\n");
        }
}

static void test_too_many(void **state)
{
        _cleanup_free_ char *text = NULL;
        _cleanup_(claim_list_done) ClaimList l = {};
        size_t size;
        FILE *f = open_memstream(&text, &size);
        Said said;

        (void) state;
        assert_non_null(f);
        for (unsigned i = 0; i <= CLAIM_DEVICES_MAX; i++)
                fprintf(f, "%04x:04:00.0 8086:10d3 vfio-pci - d\n", i);
        assert_int_equal(fclose(f), 0);
        l = parse(text, size, &said);
        assert_int_equal(l.n_claims, CLAIM_DEVICES_MAX);
        assert_int_equal(l.n_refused, 1);
        assert_string_equal(said.text, FILE_NAME ":513: more than 512 devices, line skipped\n");
}

#define LINE_A "0000:04:00.0 8086:10d3 vfio-pci - a"
#define LINE_B "0000:05:00.0 8086:10d3 vfio-pci - b"

/* What lists of other releases come to: how many devices are taken, and what is said. NULL: nothing. */
static void test_other_versions(void **state)
{
        static const struct {
                const char *text, *said;
                size_t n_claims;
        } rows[] = {
                /* of the first release: no version, five fields */
                { LINE_A "\n" LINE_B "\n", NULL, 2 },
                { "# version=3 in a comment\n\n" LINE_A "\n", NULL, 1 },
                { LINE_A " optional=yes\n" LINE_B "\n", ":1: expected ADDRESS VENDOR:DEVICE DRIVER PATH NAME, got more",
                  1 },
                { "version=1\n" LINE_A " optional=yes\n" LINE_B "\n", ":2: expected ADDRESS", 1 },
                /* of this one */
                { "# c\nversion=2\n" LINE_A " optional=yes\n" LINE_B "\n", NULL, 2 },
                { "version=2\n" LINE_A " !optional=no\t\n", NULL, 1 },
                { "version=2\n" LINE_A " optional=yes later=yes\n", NULL, 1 },
                { "version=2\n" LINE_A " later=soon\n" LINE_B "\n", ":2: key \"later\" has a value of no meaning", 1 },
                { "version=2\n" LINE_A " optional=perhaps\n" LINE_B "\n",
                  ":2: key \"optional\" has a value of no meaning", 1 },
                { "version=2\n" LINE_A " optional=yes optional=no\n" LINE_B "\n", ":2: key \"optional\" stands twice",
                  1 },
                { "version=2\n" LINE_A " optional\n" LINE_B "\n", ":2: \"optional\" is no KEY=VALUE", 1 },
                { "version=2\n" LINE_A " =yes\n" LINE_B "\n", ":2: \"=yes\" is no KEY=VALUE", 1 },
                { "version=2\n" LINE_A " !!a=b\n" LINE_B "\n", ":2: \"!!a=b\" is no KEY=VALUE", 1 },
                /* of a later one: keys that are not known yet */
                { "version=2\n" LINE_A " serial=00-11 x-y= optional=yes\n" LINE_B "\n", NULL, 2 },
                { "version=2\n" LINE_A " serial=00-11 !vf-of=0000:03:00.0\n" LINE_B "\n",
                  ":2: key \"vf-of\" is not known to this helper and changes what the line means, line skipped", 1 },
                /* and another meaning of the fields */
                { "version=3\n" LINE_A "\n", ":1: the list has version 3, this helper reads up to 2: nothing claimed",
                  0 },
                { "# c\nversion=4294967296\n" LINE_A "\n", ":2: the list has version 4294967296,", 0 },
                { "version=two\n" LINE_A "\n", ":1: the list has version two,", 0 },
                { "version=0\n" LINE_A "\n", ":1: the list has version 0,", 0 },
                { "version=\n" LINE_A "\n", ":1: the list has version ,", 0 },
                { LINE_A "\nversion=2\n" LINE_B " optional=yes\n", ":2: the version stands behind a device", 1 },
                { "version=2\nversion=2\n" LINE_A "\n", ":2: the version stands behind a device", 1 },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(claim_list_done) ClaimList l = {};
                Said said = {};
                int r = claim_list_parse(FILE_NAME, row->text, strlen(row->text), &(ClaimReporter){ say, &said }, &l);

                if (r != (row->n_claims > 0 ? 0 : -EPROTONOSUPPORT) || l.n_claims != row->n_claims)
                        fail_msg("\"%s\": %d, %zu devices", row->text, r, l.n_claims);
                if (row->said ? !strstr(said.text, row->said) : said.n > 0)
                        fail_msg("\"%s\": \"%s\"", row->text, said.text);
        }
}

/* Helpers of the first release read five fields a line: whatever needs no more than that they go on claiming. */
static void test_what_former_helpers_take(void **state)
{
        _cleanup_free_ char *text = render("[device nic0]\naddress = 04:00.0\nid = 8086:10d3\n"
                                           "[device nic1]\naddress = 05:00.0\nid = 8086:10d3\noptional = yes\n");
        _cleanup_(claim_list_done) ClaimList l = {};
        Said said;

        (void) state;
        assert_non_null(strstr(text, "\n0000:04:00.0 8086:10d3 vfio-pci - nic0\n"));
        assert_non_null(strstr(text, "\n0000:05:00.0 8086:10d3 vfio-pci - nic1 optional=yes\n"));
        l = parse(text, strlen(text), &said);
        assert_int_equal(l.n_claims, 2);
        assert_false(l.claims[0].optional);
        assert_true(l.claims[1].optional);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_written_and_read), cmocka_unit_test(test_limits),
                cmocka_unit_test(test_beyond_limits),    cmocka_unit_test(test_too_many),
                cmocka_unit_test(test_other_versions),   cmocka_unit_test(test_what_former_helpers_take),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
