/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "corpus.h"
#include "test.h"

#include <json-c/json.h>

#include "base/io.h"
#include "model/dmar.h"
#include "model/ivrs.h"

/*
 * Tables of real machines, kept outside the repository: PTPREP_DATA/acpi. SUMMARY.jsonl there says, one line a table,
 * what an independent reader found in it; each of its fields is compared.
 */
static int data = -1;

/* One line of the oracle, and the table that it speaks of. */
typedef struct Sample {
        struct json_object *summary;
        const char *file;
        uint8_t *bytes;
        size_t size;
} Sample;

static struct json_object *member(struct json_object *o, const char *key)
{
        struct json_object *v = NULL;

        if (!json_object_object_get_ex(o, key, &v))
                fail_msg("the oracle has no \"%s\"", key);
        return v;
}

static uint64_t number(struct json_object *o, const char *key)
{
        struct json_object *v = member(o, key);

        assert_true(json_object_is_type(v, json_type_int));
        return json_object_get_uint64(v);
}

/* "4d5a" -> its bytes, as many as there are places for; returns their number. */
static size_t unhex(const char *s, uint8_t *ret, size_t max)
{
        size_t n = 0;

        for (; n < max && s[2 * n] && s[2 * n + 1]; n++) {
                unsigned v = 0;

                assert_int_equal(sscanf(s + 2 * n, "%2x", &v), 1);
                ret[n] = (uint8_t) v;
        }
        assert_int_equal(s[2 * n], 0);
        return n;
}

static void same_bytes(struct json_object *o, const char *key, const uint8_t *bytes, size_t size)
{
        uint8_t expected[64];

        assert_int_equal(unhex(json_object_get_string(member(o, key)), expected, sizeof(expected)), size);
        assert_memory_equal(bytes, expected, size);
}

static Sample sample_read(const char *line)
{
        Sample s = { .summary = json_tokener_parse(line) };
        char *text = NULL;

        assert_non_null(s.summary);
        s.file = json_object_get_string(member(s.summary, "file"));
        assert_int_equal(root_read_file(data, s.file, 1U << 20, &text, &s.size), 0);
        s.bytes = (uint8_t *) text;
        return s;
}

static void sample_done(Sample *s)
{
        json_object_put(s->summary);
        free(s->bytes);
}

static void same_header(const Sample *s, const AcpiHeader *h)
{
        assert_int_equal(h->length, number(s->summary, "size"));
        assert_int_equal(h->length, s->size);
        assert_int_equal(h->revision, number(s->summary, "rev"));
        assert_true(h->checksum_ok);
        same_bytes(s->summary, "oem", h->oem_id, sizeof(h->oem_id));
        same_bytes(s->summary, "oemt", h->oem_table_id, sizeof(h->oem_table_id));
        same_bytes(s->summary, "creator", h->creator_id, sizeof(h->creator_id));
}

/* How many fields of the oracle a structure has: a field that nothing compares must not be overlooked. */
static void knows_fields(struct json_object *o, const char *const *keys, size_t n)
{
        json_object_object_foreach(o, key, value)
        {
                bool found = false;

                (void) value;
                for (size_t i = 0; i < n; i++)
                        found = found || streq(keys[i], key);
                if (!found)
                        fail_msg("the oracle has a field \"%s\" that is not compared", key);
        }
}

static void same_scope(struct json_object *o, const DmarScope *s)
{
        static const char *const keys[] = { "type", "flags", "enum", "bus", "path" };
        struct json_object *path = member(o, "path");

        knows_fields(o, keys, ELEMENTSOF(keys));
        assert_int_equal(s->type, number(o, "type"));
        assert_int_equal(s->flags, number(o, "flags"));
        assert_int_equal(s->enumeration_id, number(o, "enum"));
        assert_int_equal(s->bus, number(o, "bus"));
        assert_int_equal(s->n_path, json_object_array_length(path));
        for (size_t i = 0; i < s->n_path; i++) {
                struct json_object *hop = json_object_array_get_idx(path, i);

                assert_int_equal(s->path[i].device, json_object_get_int(json_object_array_get_idx(hop, 0)));
                assert_int_equal(s->path[i].function, json_object_get_int(json_object_array_get_idx(hop, 1)));
        }
}

static void same_structure(struct json_object *o, const DmarStructure *s)
{
        static const char *const keys[] = { "t", "l", "f", "sz", "seg", "base", "end", "pxm", "num", "name", "s" };
        struct json_object *scopes = member(o, "s"), *v;

        knows_fields(o, keys, ELEMENTSOF(keys));
        assert_string_equal(dmar_type_to_string((DmarType) s->type), json_object_get_string(member(o, "t")));
        assert_int_equal(s->length, number(o, "l"));
        assert_false(s->damaged);
        assert_int_equal(s->flags, json_object_object_get_ex(o, "f", &v) ? json_object_get_uint64(v) : 0);
        assert_int_equal(s->size, json_object_object_get_ex(o, "sz", &v) ? json_object_get_uint64(v) : 0);
        assert_int_equal(s->segment, json_object_object_get_ex(o, "seg", &v) ? json_object_get_uint64(v) : 0);
        assert_int_equal(s->base, json_object_object_get_ex(o, "base", &v) ? json_object_get_uint64(v) : 0);
        assert_int_equal(s->end, json_object_object_get_ex(o, "end", &v) ? json_object_get_uint64(v) : 0);
        assert_int_equal(s->proximity_domain, json_object_object_get_ex(o, "pxm", &v) ? json_object_get_uint64(v) : 0);
        assert_int_equal(s->device_number, json_object_object_get_ex(o, "num", &v) ? json_object_get_uint64(v) : 0);
        if (json_object_object_get_ex(o, "name", &v)) {
                uint8_t name[256] = {};
                size_t n = unhex(json_object_get_string(v), name, sizeof(name) - 1);

                assert_int_equal(n, s->length - 8U);
                assert_string_equal(s->name, (const char *) name);
        } else
                assert_null(s->name);
        assert_int_equal(s->n_scopes, json_object_array_length(scopes));
        for (size_t i = 0; i < s->n_scopes; i++)
                same_scope(json_object_array_get_idx(scopes, i), &s->scopes[i]);
}

static void same_dmar(const Sample *s)
{
        static const char *const keys[] = { "rev", "haw",   "flags", "oem",  "oemt", "creator",
                                            "t",   "notes", "file",  "size", "sha1" };
        _cleanup_(dmar_done) Dmar d = {};
        struct json_object *structures = member(s->summary, "t");
        AcpiError error;
        int r = dmar_parse(s->bytes, s->size, &d, &error);

        if (r < 0)
                fail_msg("0x%x: %s", error.offset, error.message);
        knows_fields(s->summary, keys, ELEMENTSOF(keys));
        same_header(s, &d.header);
        assert_int_equal(d.host_address_width, number(s->summary, "haw"));
        assert_int_equal(d.flags, number(s->summary, "flags"));
        assert_int_equal(json_object_array_length(member(s->summary, "notes")), 0);
        assert_int_equal(d.n_structures, json_object_array_length(structures));
        for (size_t i = 0; i < d.n_structures; i++)
                same_structure(json_object_array_get_idx(structures, i), &d.structures[i]);
}

static void put_number(uint8_t *at, uint64_t v, size_t size)
{
        for (size_t i = 0; i < size; i++)
                at[i] = (uint8_t) (v >> 8 * i);
}

/* Writes an entry from its decoded fields; it has to come out as the bytes that it was read from. */
static size_t entry_encode(const IvhdEntry *e, uint8_t *ret)
{
        ret[0] = e->type;
        put_number(ret + 1, e->device_id, 2);
        ret[3] = e->setting;
        switch ((IvhdEntryType) e->type) {
        case IVHD_ALIAS_SELECT:
        case IVHD_ALIAS_RANGE:
                put_number(ret + 5, e->source_id, 2);
                break;
        case IVHD_EXT_SELECT:
        case IVHD_EXT_RANGE:
                put_number(ret + 4, e->extended, 4);
                break;
        case IVHD_SPECIAL:
                ret[4] = e->handle;
                put_number(ret + 5, e->source_id, 2);
                ret[7] = e->variety;
                break;
        case IVHD_ACPI_HID:
                memcpy(ret + 4, e->hid, strlen(e->hid));
                memcpy(ret + 12, e->cid, strlen(e->cid));
                ret[20] = e->uid_format;
                ret[21] = e->uid_length;
                if (e->uid)
                        memcpy(ret + 22, e->uid, strlen(e->uid));
                else
                        put_number(ret + 22, e->uid_integer, MIN(e->uid_length, 8U));
                break;
        case IVHD_PAD4:
        case IVHD_ALL:
        case IVHD_SELECT:
        case IVHD_RANGE:
        case IVHD_RANGE_END:
        case IVHD_PAD8:
                break;
        }
        return e->length;
}

static void same_entry(struct json_object *o, const IvrsBlock *b, size_t index)
{
        const IvhdEntry *e = &b->entries[index];
        uint8_t expected[300] = {}, encoded[300] = {};
        size_t n = unhex(json_object_get_string(json_object_array_get_idx(o, 1)), expected, sizeof(expected));

        assert_int_equal(json_object_array_length(o), 2);
        assert_int_equal(e->type, json_object_get_int(json_object_array_get_idx(o, 0)));
        assert_non_null(ivhd_entry_type_to_string((IvhdEntryType) e->type));
        assert_int_equal(entry_encode(e, encoded), n);
        assert_memory_equal(encoded, expected, n);
        if (e->type == IVHD_RANGE || e->type == IVHD_ALIAS_RANGE) {
                assert_true(e->has_end && index + 1 < b->n_entries);
                assert_int_equal(e[1].type, IVHD_RANGE_END);
                assert_int_equal(e->first, e->device_id);
                assert_int_equal(e->last, e[1].device_id);
        }
}

static void same_block(struct json_object *o, const Ivrs *ivrs, const IvrsBlock *b)
{
        static const char *const keys[] = { "t", "f", "l", "dev", "e", "cap", "base", "seg", "aux", "start", "len_" };
        struct json_object *entries = member(o, "e"), *v;

        knows_fields(o, keys, ELEMENTSOF(keys));
        assert_int_equal(b->type, number(o, "t"));
        assert_int_equal(b->flags, number(o, "f"));
        assert_int_equal(b->length, number(o, "l"));
        assert_int_equal(b->device_id, number(o, "dev"));
        assert_false(b->damaged);
        assert_int_equal(b->capability_offset, json_object_object_get_ex(o, "cap", &v) ? json_object_get_uint64(v) : 0);
        assert_int_equal(b->base, json_object_object_get_ex(o, "base", &v) ? json_object_get_uint64(v) : 0);
        assert_int_equal(b->segment, json_object_object_get_ex(o, "seg", &v) ? json_object_get_uint64(v) : 0);
        assert_int_equal(b->start, json_object_object_get_ex(o, "start", &v) ? json_object_get_uint64(v) : 0);
        assert_int_equal(b->size, json_object_object_get_ex(o, "len_", &v) ? json_object_get_uint64(v) : 0);
        if (b->type == IVRS_IVMD_RANGE)
                assert_int_equal(b->last_device_id, number(o, "aux"));
        else if (b->type == IVRS_IVMD_SELECT) /* the second device id is reserved there */
                assert_int_equal(b->last_device_id, b->device_id);
        if (ivrs_block_is_ivhd(b)) {
                assert_true(b->unit < ivrs->n_units);
                assert_int_equal(ivrs->units[b->unit].device_id, b->device_id);
        }
        assert_int_equal(b->n_entries, json_object_array_length(entries));
        for (size_t i = 0; i < b->n_entries; i++)
                same_entry(json_object_array_get_idx(entries, i), b, i);
}

/* Different device ids of IVHDs, told without the parser's own grouping. */
static size_t distinct_units(struct json_object *blocks)
{
        size_t n = 0;

        for (size_t i = 0; i < json_object_array_length(blocks); i++) {
                struct json_object *a = json_object_array_get_idx(blocks, i), *v;
                bool seen = !json_object_object_get_ex(a, "cap", &v);

                for (size_t k = 0; k < i; k++) {
                        struct json_object *b = json_object_array_get_idx(blocks, k);

                        seen = seen ||
                               (json_object_object_get_ex(b, "cap", &v) && number(b, "dev") == number(a, "dev"));
                }
                n += !seen;
        }
        return n;
}

static void same_ivrs(const Sample *s)
{
        static const char *const keys[] = { "rev", "ivinfo", "oem",  "oemt", "creator",
                                            "t",   "notes",  "file", "size", "sha1" };
        struct json_object *blocks = member(s->summary, "t");
        _cleanup_(ivrs_done) Ivrs ivrs = {};
        size_t unknown = 0;
        AcpiError error;
        int r = ivrs_parse(s->bytes, s->size, &ivrs, &error);

        if (r < 0)
                fail_msg("0x%x: %s", error.offset, error.message);
        knows_fields(s->summary, keys, ELEMENTSOF(keys));
        same_header(s, &ivrs.header);
        assert_int_equal(ivrs.info, number(s->summary, "ivinfo"));
        assert_int_equal(ivrs.n_blocks, json_object_array_length(blocks));
        assert_int_equal(ivrs.n_units, distinct_units(blocks));
        for (size_t i = 0; i < ivrs.n_blocks; i++) {
                same_block(json_object_array_get_idx(blocks, i), &ivrs, &ivrs.blocks[i]);
                unknown += !ivrs_block_is_ivhd(&ivrs.blocks[i]) && !ivrs_block_is_ivmd(&ivrs.blocks[i]);
        }
        assert_int_equal(json_object_array_length(member(s->summary, "notes")), unknown);
        assert_int_equal(ivrs_linux_ivhd_type(&ivrs), ivrs.blocks[ivrs.units[0].best].type);
}

/* The number of tables in a directory: none may be without its line in the oracle. */
static size_t count_tables(const char *directory, const char *suffix)
{
        _cleanup_(string_list_done) StringList names = {};

        assert_int_equal(root_list(data, directory, suffix, &names), 0);
        return names.n;
}

static void tables_read_as_the_oracle_says(void **state)
{
        _cleanup_free_ char *text = NULL;
        size_t dmar = 0, ivrs = 0;
        char *rest, *line;

        (void) state;
        assert_int_equal(root_read_text(data, "SUMMARY.jsonl", &text), 0);
        rest = text;
        while ((line = strsep(&rest, "\n"))) {
                _cleanup_(sample_done) Sample s = {};

                if (!*line)
                        continue;
                s = sample_read(line);
                /* what a failed assertion belongs to */
                print_message("%s\n", s.file);
                if (startswith(s.file, "dmar/")) {
                        same_dmar(&s);
                        dmar++;
                } else {
                        same_ivrs(&s);
                        ivrs++;
                }
        }
        assert_int_equal(dmar, count_tables("dmar", "dmar"));
        assert_int_equal(ivrs, count_tables("ivrs", "ivrs"));
        assert_true(dmar >= 150 && ivrs >= 50);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(tables_read_as_the_oracle_says),
        };
        int r;

        data = corpus_open("acpi");
        if (data < 0)
                return CORPUS_SKIPPED;
        r = cmocka_run_group_tests(tests, NULL, NULL);
        close(data);
        return r;
}
