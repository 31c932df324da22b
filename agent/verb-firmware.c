/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "iommu/firmware.h"
#include "iommu/words.h"
#include "model/acpidump.h"
#include "model/names.h"
#include "output.h"
#include "probe/probe.h"
#include "run.h"
#include "verb.h"

/* The text of a whole machine's tables is some MiB. */
#define FILE_MAX_BYTES (64U * 1024 * 1024)

typedef struct TableList {
        AcpiTable *items;
        size_t n;
} TableList;

static void table_list_done(TableList *l)
{
        FOREACH_ARRAY(t, l->items, l->n)
                acpi_table_done(t);
        free(l->items);
}

/* Exit code: 2 where a table is damaged, because only new firmware cures that. */
static int print_tables(const Origin *origin, const AcpiTable *tables, size_t n, bool json)
{
        _cleanup_free_ char *text = NULL;
        int r = json ? firmware_json(origin, tables, n, &text) : firmware_text(tables, n, &text);

        if (r < 0)
                return complain("printing the tables", r);
        r = print_text(text);
        FOREACH_ARRAY(t, tables, n)
                if (t->error.message[0])
                        return EXIT_BLOCKED;
        return r;
}

/* Tables of another kind, which an acpidump has many of, are passed over. 0 or -ENOMEM. */
static int add_table(TableList *l, const void *data, size_t size)
{
        AcpiTable t, *slot;
        int r = iommu_table_recognize(data, size, &t);

        if (r == -EINVAL)
                return 0;
        if (r < 0 && r != -EBADMSG)
                return r;
        slot = array_grow(&l->items, l->n);
        if (!slot) {
                acpi_table_done(&t);
                return -ENOMEM;
        }
        *slot = t;
        l->n++;
        return 0;
}

/* 0; -EBADMSG: it was said where the text is broken; other negative errno. */
static int add_text(TableList *l, const char *file, const char *text, size_t size)
{
        const char *cursor = text;
        AcpidumpError error;
        unsigned line = 1;

        for (;;) {
                _cleanup_free_ uint8_t *bytes = NULL;
                size_t n;
                int r = acpidump_next(&cursor, &line, text + size, &bytes, &n, &error);

                if (r == -EBADMSG)
                        tell("%s:%u: %s; save the output of acpidump again", file, error.line, error.message);
                if (r <= 0)
                        return r;
                r = add_table(l, bytes, n);
                if (r < 0)
                        return r;
        }
}

static int print_file(const Options *o)
{
        _cleanup_(table_list_done) TableList l = {};
        _cleanup_free_ char *data = NULL, *none = NULL;
        size_t size;
        int r;

        r = file_read(o->table, FILE_MAX_BYTES, &data, &size);
        if (r == -ENOMEM)
                return complain(o->table, r);
        if (r < 0) {
                tell("--table=%s: %s", o->table, strerror(-r));
                return EXIT_USAGE;
        }
        r = acpidump_is_text(data, size) ? add_text(&l, o->table, data, size) : add_table(&l, data, size);
        if (r == -EBADMSG)
                return EXIT_USAGE;
        if (r < 0)
                return complain(o->table, r);
        if (l.n == 0) {
                r = iommu_words("this is no {tables} table (\"acpidump -b\" and /sys/firmware/acpi/tables have them), "
                                "nor the text of an acpidump with one",
                                NULL, &none);
                if (r < 0)
                        return complain(o->table, r);
                tell("--table=%s: %s", o->table, none);
                return EXIT_USAGE;
        }
        return print_tables(&ORIGIN_UNKNOWN, l.items, l.n, options_json(o));
}

static int print_machine(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(facts_done) Facts f;
        _cleanup_free_ char *none = NULL;
        bool live = false;
        int r;

        facts_init(&f);
        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        r = probe_origin(&(const Probe){ .rfd = rfd, .live = live }, &f);
        if (r >= 0)
                r = facts_gather_firmware(rfd, &f);
        if (r < 0)
                return complain("reading the machine's state", r);
        FOREACH_ARRAY(t, f.tables, f.n_tables)
                if (t->readable == TRISTATE_NO) {
                        tell(NAME_SYS_ACPI_TABLES "/%s is readable by root only: run \"ptprep firmware\" as root, or "
                                                  "give a saved table with --table=FILE",
                             t->vendor->signature);
                        return EXIT_PRIVILEGE;
                }
        if (iommu_table(&f))
                return print_tables(&f.origin, f.tables, f.n_tables, options_json(o));
        if (iommu_table_present(&f) != TRISTATE_NO) {
                tell("cannot tell: this system shows no ACPI tables");
                return EXIT_UNKNOWN;
        }
        r = iommu_words("the firmware describes no IOMMU: there is no {tables} table", NULL, &none);
        if (r < 0)
                return complain("reading the machine's state", r);
        tell("%s", none);
        r = options_json(o) ? print_tables(&f.origin, NULL, 0, true) : EXIT_READY;
        return r == EXIT_READY ? EXIT_BLOCKED : r;
}

int verb_firmware(const Options *o)
{
        return o->table ? print_file(o) : print_machine(o);
}
