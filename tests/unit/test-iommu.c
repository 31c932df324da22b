/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/argument.h"
#include "iommu/rows.h"
#include "test.h"

/* The rows of the table of vendors, and what is told of a command line by them. */

static void what_arguments_ask(void **state)
{
        static const struct {
                const char *line;
                const IommuVendor *vendor; /* NULL: unknown */
                IommuArgument expected;
                const char *word;
        } rows[] = {
                { "", &iommu_intel, IOMMU_ARGUMENT_NONE, NULL },
                { "quiet iommu=pt", &iommu_intel, IOMMU_ARGUMENT_NONE, NULL },
                { "intel_iommu=on", &iommu_intel, IOMMU_ARGUMENT_ON, "intel_iommu=on" },
                { "intel-iommu=on", &iommu_intel, IOMMU_ARGUMENT_ON, "intel-iommu=on" },
                { "\"intel_iommu=on\"", &iommu_intel, IOMMU_ARGUMENT_ON, "\"intel_iommu=on\"" },
                { "intel_iommu=\"on\"", &iommu_intel, IOMMU_ARGUMENT_ON, "intel_iommu=\"on\"" },
                { "intel_iommu=on,sm_on", &iommu_intel, IOMMU_ARGUMENT_ON, "intel_iommu=on,sm_on" },
                { "intel_iommu=sm_on,on", &iommu_intel, IOMMU_ARGUMENT_ON, "intel_iommu=sm_on,on" },
                { "intel_iommu=sm_on", &iommu_intel, IOMMU_ARGUMENT_NONE, NULL },
                { "intel_iommu=igfx_off", &iommu_intel, IOMMU_ARGUMENT_NONE, NULL },
                { "intel_iommu=onward", &iommu_intel, IOMMU_ARGUMENT_ON, "intel_iommu=onward" }, /* prefix compare */
                { "intel_iommu=pt", &iommu_intel, IOMMU_ARGUMENT_NONE, NULL },
                { "intel_iommu", &iommu_intel, IOMMU_ARGUMENT_NONE, NULL },
                { "intel_iommu=", &iommu_intel, IOMMU_ARGUMENT_NONE, NULL },
                { "intel_iommu=off intel_iommu=on", &iommu_intel, IOMMU_ARGUMENT_ON, "intel_iommu=on" },
                { "intel_iommu=on intel_iommu=off", &iommu_intel, IOMMU_ARGUMENT_OFF, "intel_iommu=off" },
                { "intel_iommu=on,off", &iommu_intel, IOMMU_ARGUMENT_OFF, "intel_iommu=on,off" },
                { "intel_iommu=on intel_iommu=strict", &iommu_intel, IOMMU_ARGUMENT_ON, "intel_iommu=on" },
                { "iommu=off intel_iommu=on", &iommu_intel, IOMMU_ARGUMENT_KILL, "iommu=off" },
                { "intel_iommu=on iommu=pt,off", &iommu_intel, IOMMU_ARGUMENT_KILL, "iommu=pt,off" },
                { "intel_iommu=on -- iommu=off", &iommu_intel, IOMMU_ARGUMENT_ON, "intel_iommu=on" },
                { "amd_iommu=off intel_iommu=on", &iommu_intel, IOMMU_ARGUMENT_ON, "intel_iommu=on" },
                { "amd_iommu=on", &iommu_amd, IOMMU_ARGUMENT_NONE, NULL }, /* no such value */
                { "amd_iommu=off", &iommu_amd, IOMMU_ARGUMENT_OFF, "amd_iommu=off" },
                { "amd_iommu=force_isolation,off", &iommu_amd, IOMMU_ARGUMENT_OFF, "amd_iommu=force_isolation,off" },
                { "amd_iommu=off amd_iommu=on", &iommu_amd, IOMMU_ARGUMENT_OFF, "amd_iommu=off" },
                { "intel_iommu=off", &iommu_amd, IOMMU_ARGUMENT_NONE, NULL },
                { "iommu=off", &iommu_amd, IOMMU_ARGUMENT_KILL, "iommu=off" },
                { "intel_iommu=off", NULL, IOMMU_ARGUMENT_OFF, "intel_iommu=off" },
                { "amd_iommu=off", NULL, IOMMU_ARGUMENT_OFF, "amd_iommu=off" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(kargs_done) Kargs k = {};
                const char *word = "untouched";

                assert_int_equal(kargs_parse(row->line, &k), 0);
                if (iommu_argument(&k, row->vendor, &word) != row->expected || !streq_null(word, row->word))
                        fail_msg("\"%s\": got %d by %s", row->line, iommu_argument(&k, row->vendor, NULL),
                                 word ?: "nothing");
        }
}

static void rows_stand_apart(void **state)
{
        (void) state;
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n) {
                _cleanup_(kargs_done) Kargs k = {};

                FOREACH_ARRAY(o, iommu_vendors, (size_t) (v - iommu_vendors)) {
                        assert_string_not_equal((*v)->signature, (*o)->signature);
                        assert_null(startswith((*v)->unit, (*o)->unit));
                        assert_null(startswith((*o)->unit, (*v)->unit));
                        assert_ptr_not_equal((*v)->key, (*o)->key);
                }
                FOREACH_ARRAY(o, iommu_vendors, iommu_vendors_n)
                        for (const char *const *cpu = (*o)->cpus; *cpu; cpu++)
                                assert_ptr_equal(iommu_vendor_of_cpu(*cpu), *o);
                /* what is added makes sure, and where nothing is, nothing has to */
                assert_int_equal(!(*v)->add, (*v)->always_on);
                assert_int_equal(kargs_parse((*v)->add ?: "", &k), 0);
                assert_int_equal(iommu_argument(&k, *v, NULL), (*v)->add ? IOMMU_ARGUMENT_ON : IOMMU_ARGUMENT_NONE);
        }
        assert_null(iommu_vendor_of_cpu("VortexR9"));
}

static void contradicts(const IommuVendor *vendor, const char *expected)
{
        _cleanup_(kargs_done) Kargs k = {};
        _cleanup_free_ char *text = NULL;

        assert_int_equal(iommu_contradictions(vendor, &k.words), 0);
        text = kargs_print(&k);
        assert_string_equal(text, expected);
}

static void words_that_contradict(void **state)
{
        size_t n = 0;

        (void) state;
        contradicts(&iommu_intel, "iommu=off intel_iommu=off");
        contradicts(&iommu_amd, "iommu=off amd_iommu=off");
        contradicts(NULL, "iommu=off"); /* whosever it is */
        while (iommu_key(n))
                n++;
        assert_int_equal(n, 3); /* what is shared counts once */
}

static void units_apart(void **state)
{
        static const struct {
                const char *line, *word;
        } rows[] = {
                { "intel_iommu=on", NULL },
                { "intel_iommu=on,igfx_off", "intel_iommu=on,igfx_off" },
                { "intel_iommu=igfx_off intel_iommu=on", "intel_iommu=igfx_off" }, /* "on" does not bring it back */
                { "intel-iommu=igfx_off", "intel-iommu=igfx_off" },
                { "intel_iommu=on,intgpu_off", "intel_iommu=on,intgpu_off" },
                { "intel_iommu=intgpu_off,on", NULL }, /* of this one it does */
                { "intel_iommu=on -- intel_iommu=igfx_off", NULL },
                { "igfx_off", NULL },
        };
        _cleanup_(kargs_done) Kargs gone = {};
        _cleanup_free_ char *text = NULL;

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(kargs_done) Kargs k = {};

                assert_int_equal(kargs_parse(row->line, &k), 0);
                if (!streq_null(iommu_apart_off(&k, &iommu_intel), row->word))
                        fail_msg("\"%s\": %s", row->line, iommu_apart_off(&k, &iommu_intel) ?: "nothing");
                assert_null(iommu_apart_off(&k, &iommu_amd));
        }
        assert_int_equal(iommu_apart_contradictions(&iommu_intel, &gone.words), 0);
        text = kargs_print(&gone);
        assert_string_equal(text, "intel_iommu=igfx_off intel_iommu=intgpu_off");
}

static void entries(void **state)
{
        static const struct {
                const char *arguments, *add, *remove;
                bool fine;
        } rows[] = {
                { "ro intel_iommu=on", "intel_iommu=on", "", true },
                { "ro intel_iommu=sm_on,on", "intel_iommu=on", "", true }, /* the effect counts, not the word */
                { "ro intel_iommu=on intel_iommu=off", "intel_iommu=on", "", false },
                { "ro intel_iommu=on iommu=off", "intel_iommu=on", "", false },
                { "ro", "ptprep.claim=1", "", false },
                { "ro ptprep.claim=1", "ptprep.claim=1", "iommu=off", true },
                { "ro ptprep.claim=1 iommu=pt,off", "ptprep.claim=1", "iommu=off", false },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(kargs_done) Kargs add = {}, remove = {};
                BootEntry e = {};

                assert_int_equal(kargs_parse(row->add, &add), 0);
                assert_int_equal(kargs_parse(row->remove, &remove), 0);
                assert_int_equal(kargs_parse(row->arguments, &e.arguments), 0);
                if (loader_entry_fine(&e, &add, &remove) != row->fine)
                        fail_msg("\"%s\" is%s fine", row->arguments, row->fine ? " not" : "");
                kargs_done(&e.arguments);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_arguments_ask),
                cmocka_unit_test(rows_stand_apart),
                cmocka_unit_test(words_that_contradict),
                cmocka_unit_test(units_apart),
                cmocka_unit_test(entries),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
