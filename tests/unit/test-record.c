/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/ownership.h"
#include "model/record.h"
#include "test.h"

#define DEFAULTS "/etc/default/grub"
#define VARIABLE "GRUB_CMDLINE_LINUX_DEFAULT"
#define BEFORE   VARIABLE "=\"quiet iommu=off\"\n"
#define WRITTEN  VARIABLE "=\"quiet ptprep.claim=1 intel_iommu=on\"\n"

static char *copy(const char *s)
{
        char *c = s ? strdup(s) : NULL;

        assert_true(!s || c);
        return c;
}

static void fill(Record *r)
{
        RecordFile *f = record_file_at(r, DEFAULTS);

        assert_non_null(f);
        f->format = copy("grub-default");
        f->original = fingerprint_of(BEFORE);
        f->written = fingerprint_of(WRITTEN);
        assert_int_equal(owned_words_add(&f->added, VARIABLE, "ptprep.claim=1"), 0);
        assert_int_equal(owned_words_add(&f->added, VARIABLE, "intel_iommu=on"), 0);
        assert_int_equal(owned_words_add(&f->removed, VARIABLE, "iommu=off"), 0);
        f = record_file_at(r, "/etc/modprobe.d/with blanks and \xc3\xa4.conf");
        assert_non_null(f);
        f->format = copy("lines");
        f->original = fingerprint_of(NULL);
        f->replaced = fingerprint_of("x\n");
        assert_int_equal(owned_words_add(&f->added, "", "softdep e1000e\tpre: vfio-pci"), 0);
        assert_int_equal(owned_words_add(&f->added, "", ""), 0);
        f = record_file_at(r, "rpm-ostree");
        assert_non_null(f);
        f->format = copy("of the future");
}

static void print_and_parse_are_inverse(void **state)
{
        _cleanup_(record_done) Record first = {}, second = {};
        _cleanup_free_ char *one = NULL, *two = NULL;

        (void) state;
        fill(&first);
        assert_int_equal(record_print(&first, &one), 0);
        assert_int_equal(record_parse(one, &second), 0);
        assert_int_equal(record_print(&second, &two), 0);
        assert_string_equal(one, two);
        assert_int_equal(second.n, 3);
        assert_true(owned_words_has(&second.files[0].removed, VARIABLE, "iommu=off"));
        assert_true(owned_words_has(&second.files[1].added, "", "softdep e1000e\tpre: vfio-pci"));
        assert_true(fingerprint_is(&second.files[0].original, BEFORE));
        assert_true(fingerprint_is(&second.files[1].original, NULL));
        assert_false(fingerprint_is(&second.files[2].original, NULL)); /* unknown equals nothing */
}

static void no_record_is_an_empty_one(void **state)
{
        _cleanup_(record_done) Record r = {};
        char *text = (char *) "";

        (void) state;
        assert_int_equal(record_parse(NULL, &r), 0);
        assert_int_equal(r.n, 0);
        assert_int_equal(record_print(&r, &text), 0);
        assert_null(text);
}

/* Each byte changed, each byte missing, cut at each length: never taken for a record. */
static void damage_is_seen(void **state)
{
        _cleanup_(record_done) Record r = {};
        _cleanup_free_ char *text = NULL;
        size_t n;

        (void) state;
        fill(&r);
        assert_int_equal(record_print(&r, &text), 0);
        n = strlen(text);
        for (size_t i = 0; i < n; i++) {
                static const char others[] = { '\n', ' ', '0', 'x', '\t' };
                Record got = {};
                char saved = text[i];

                for (size_t o = 0; o < ELEMENTSOF(others); o++) {
                        if (others[o] == saved)
                                continue;
                        text[i] = others[o];
                        assert_true(record_parse(text, &got) < 0);
                }
                text[i] = '\0';
                assert_true(record_parse(text, &got) < 0);
                text[i] = saved;
        }
        assert_int_equal(record_parse("", &r), -EBADMSG);
}

static char *with_end(const char *body)
{
        uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, written out here once more */
        char *text;

        for (const char *p = body; *p; p++)
                hash = (hash ^ (unsigned char) *p) * UINT64_C(0x100000001b3);
        assert_true(asprintf(&text, "%send %016llx\n", body, (unsigned long long) hash) > 0);
        return text;
}

static void what_is_no_record_is_refused(void **state)
{
        static const struct {
                const char *body;
                int result;
        } rows[] = {
                { "version 1\n", 0 },
                { "# a comment\nversion 1\nfile /a\nformat lines\noriginal none\nwritten unknown\n", 0 },
                { "version 2\nfuture /a\n", -EOPNOTSUPP },
                { "file /a\nformat lines\n", -EBADMSG },
                { "version 1\nformat lines\n", -EBADMSG },
                { "version 1\nfile /a\n", -EBADMSG },
                { "version 1\nfile /a\nfile /b\nformat lines\n", -EBADMSG },
                { "version 1\nfile /a\nformat lines\nfile /a\nformat lines\n", -EBADMSG },
                { "version 1\nfile /a\nformat lines\nformat lines\n", -EBADMSG },
                { "version 1\nfile /a\nformat lines\nadded word\n", -EBADMSG },
                { "version 1\nfile /a\nformat lines\noriginal 12 3\n", -EBADMSG },
                { "version 1\nfile /a\nformat lines\noriginal 0123456789abcdef\n", -EBADMSG },
                { "version 1\nfile /a\nformat lines\noriginal 0123456789abcdef -1\n", -EBADMSG },
                { "version 1\nfile /a\nformat lines\nunheard of\n", -EBADMSG },
                { "version 1\n\nfile /a\nformat lines\n", -EBADMSG },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(record_done) Record r = {};
                _cleanup_free_ char *text = with_end(row->body);

                if (record_parse(text, &r) != row->result)
                        fail_msg("%s", row->body);
        }
}

static void what_does_not_fit_in_a_line_is_refused(void **state)
{
        _cleanup_(record_done) Record r = {};
        char *text = NULL;

        (void) state;
        fill(&r);
        free(r.files[0].subject);
        r.files[0].subject = copy("/etc/default/grub.d/a\nb.cfg");
        assert_int_equal(record_print(&r, &text), -EINVAL);
}

static void a_file_without_ptprep(void **state)
{
        static const struct {
                const char *present, *kept;
                OwnedState state;
                const char *base;
        } rows[] = {
                { WRITTEN, BEFORE, OWNED_AS_WRITTEN, BEFORE },
                { BEFORE, BEFORE, OWNED_ORIGINAL, BEFORE },
                { WRITTEN "GRUB_TIMEOUT=1\n", BEFORE, OWNED_EDITED, VARIABLE "=\"quiet\"\nGRUB_TIMEOUT=1\n" },
                { WRITTEN, NULL, OWNED_EDITED, VARIABLE "=\"quiet\"\n" }, /* the original is lost */
                { VARIABLE "=\"intel_iommu=on\"\n", BEFORE, OWNED_EDITED, VARIABLE "=\"\"\n" },
                { "# nothing\n", BEFORE, OWNED_EDITED, "# nothing\n" },
                { NULL, BEFORE, OWNED_GONE, NULL },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(record_done) Record r = {};
                _cleanup_free_ char *base = NULL;
                OwnedState found;

                fill(&r);
                r.files[0].present = copy(row->present);
                r.files[0].kept = copy(row->kept);
                r.files[0].exists = row->present ? TRISTATE_YES : TRISTATE_NO;
                assert_int_equal(owned_base(r.files, &found, &base), 0);
                assert_int_equal(found, row->state);
                if (!streq_null(base, row->base))
                        fail_msg("\"%s\" became \"%s\"", row->present, base);
        }
}

static void a_file_that_ptprep_made(void **state)
{
        static const char *const lines[] = { "# one", "two" };
        static const struct {
                const char *present;
                OwnedState state;
                const char *base;
        } rows[] = {
                { "# one\ntwo\n", OWNED_AS_WRITTEN, NULL },
                { "# one\n", OWNED_EDITED, NULL }, /* somebody cut a line of ours: nothing of theirs is in it */
                { "# one\nthree\ntwo\n", OWNED_EDITED, "three\n" },
                { "# one\ntwo\ntwo\n", OWNED_EDITED, "two\n" },
                { "# one\ntwo", OWNED_EDITED, NULL },
                { "three", OWNED_EDITED, "three" },
                { NULL, OWNED_ORIGINAL, NULL },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                RecordFile f = { .format = (char *) "lines",
                                 .original = fingerprint_of(NULL),
                                 .written = fingerprint_of("# one\ntwo\n"),
                                 .present = (char *) row->present,
                                 .exists = row->present ? TRISTATE_YES : TRISTATE_NO };
                _cleanup_free_ char *base = NULL;
                OwnedState found;

                for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                        assert_int_equal(owned_words_add(&f.added, "", lines[i]), 0);
                assert_int_equal(owned_base(&f, &found, &base), 0);
                assert_int_equal(found, row->state);
                if (!streq_null(base, row->base))
                        fail_msg("\"%s\" became \"%s\"", row->present, base);
                owned_words_done(&f.added);
        }
}

static void a_format_of_another_version_is_left_alone(void **state)
{
        RecordFile f = { .format = (char *) "of the future",
                         .written = fingerprint_of("a"),
                         .present = (char *) "b",
                         .exists = TRISTATE_YES };
        _cleanup_free_ char *base = NULL;
        OwnedState found;

        (void) state;
        assert_int_equal(owned_base(&f, &found, &base), 0);
        assert_int_equal(found, OWNED_UNKNOWN);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(print_and_parse_are_inverse),
                cmocka_unit_test(no_record_is_an_empty_one),
                cmocka_unit_test(damage_is_seen),
                cmocka_unit_test(what_is_no_record_is_refused),
                cmocka_unit_test(what_does_not_fit_in_a_line_is_refused),
                cmocka_unit_test(a_file_without_ptprep),
                cmocka_unit_test(a_file_that_ptprep_made),
                cmocka_unit_test(a_format_of_another_version_is_left_alone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
