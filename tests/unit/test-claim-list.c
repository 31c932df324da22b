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
        strcpy(strchr(text, 'a'), " a\n");
        {
                _cleanup_(claim_list_done) ClaimList l = parse(text, strlen(text), &said);

                assert_int_equal(l.n_claims, 0);
                assert_string_equal(said.text, FILE_NAME ":2: longer than 512 bytes, line skipped\n");
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_written_and_read),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_beyond_limits),
                cmocka_unit_test(test_too_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
