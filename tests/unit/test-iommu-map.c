/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/dmar-map.h"
#include "iommu/rows.h"
#include "tables.h"

/* Which function an entry of a table means. */

typedef struct State {
        Facts facts;
        Dmar *dmar; /* of the facts' tables */
        Ivrs *ivrs;
        FirmwareMap map;
} State;

static PciFunction *add(State *s, const char *addr, uint32_t class, const char *parent)
{
        PciFunction *p = array_grow(&s->facts.functions, s->facts.n_functions);
        const PciFunction *up;
        PciAddr a;

        assert_non_null(p);
        s->facts.n_functions++;
        assert_int_equal(pci_addr_parse(addr, &p->addr), 0);
        p->class = class;
        p->group = PCI_GROUP_NONE;
        p->parent = p->behind = p->physfn = PCI_PARENT_NONE;
        if (parent) {
                assert_int_equal(pci_addr_parse(parent, &a), 0);
                up = facts_function(&s->facts, a);
                assert_non_null(up);
                p->parent = (size_t) (up - s->facts.functions);
        }
        return p;
}

static size_t at(const State *s, const char *addr)
{
        const PciFunction *p;
        PciAddr a;

        assert_int_equal(pci_addr_parse(addr, &a), 0);
        p = facts_function(&s->facts, a);
        assert_non_null(p);
        return (size_t) (p - s->facts.functions);
}

static void *add_content(State *s, const IommuVendor *vendor)
{
        FOREACH_ARRAY(t, s->facts.tables, s->facts.n_tables)
                if (t->vendor == vendor) {
                        t->content = calloc(1, vendor->content_size);
                        t->done = vendor->done;
                        return t->content;
                }
        return NULL;
}

/*
 * In the order of addresses. Linux gave the bus behind 1c.4 the number 7, and there is a switch two levels deep; a card
 * with a virtual function; a second root bus 80; a domain that a VMD makes; and a second segment.
 */
static int setup(void **state)
{
        State *s = calloc(1, sizeof(*s));

        if (!s)
                return -1;
        facts_init(&s->facts);
        add(s, "0000:00:00.0", 0x060000, NULL);
        add(s, "0000:00:01.0", 0x060400, NULL);
        add(s, "0000:00:1c.4", 0x060400, NULL);
        add(s, "0000:01:00.0", 0x060400, "0000:00:01.0");
        add(s, "0000:02:03.0", 0x060400, "0000:01:00.0");
        add(s, "0000:03:00.0", 0x020000, "0000:02:03.0");
        add(s, "0000:03:10.0", 0x020000, "0000:02:03.0")->physfn = at(s, "0000:03:00.0");
        add(s, "0000:07:00.0", 0x030000, "0000:00:1c.4");
        add(s, "0000:07:00.2", 0x0c0300, "0000:00:1c.4");
        add(s, "0000:80:05.0", 0x010400, NULL);
        add(s, "0001:00:02.0", 0x020000, NULL);
        add(s, "10001:80:07.0", 0x010802, NULL)->behind = at(s, "0000:80:05.0");
        if (iommu_tables_new(&s->facts) < 0)
                return -1;
        s->dmar = add_content(s, &iommu_intel);
        s->ivrs = add_content(s, &iommu_amd);
        *state = s;
        return s->dmar && s->ivrs ? 0 : -1;
}

static int teardown(void **state)
{
        State *s = *state;

        firmware_map_done(&s->map);
        facts_done(&s->facts);
        free(s);
        return 0;
}

/* The table that a test has filled is there. */
static void map(State *s)
{
        FOREACH_ARRAY(t, s->facts.tables, s->facts.n_tables) {
                bool filled = t->content == s->dmar ? s->dmar->n_structures > 0 : s->ivrs->n_blocks > 0;

                t->present = filled ? TRISTATE_YES : TRISTATE_NO;
                t->sound = filled ? TRISTATE_YES : TRISTATE_UNKNOWN;
        }
        firmware_map_done(&s->map);
        assert_int_equal(firmware_map_compute(&s->facts, &s->map), 0);
}

static const DmarMap *dmar_map(const State *s)
{
        return s->map.derived;
}

/* @want: address, or NULL: leads nowhere. */
static void resolves(State *s, uint16_t segment, const char *path, const char *want, DmarMatch how)
{
        DmarStructure *d = dmar_add(s->dmar, DMAR_ATSR, segment, 0);
        DmarMatch match;
        size_t found;

        dmar_add_scope(d, DMAR_SCOPE_ENDPOINT, path);
        map(s);
        found = dmar_map_resolve(dmar_map(s), segment, d->scopes, &match);
        if (found != (want ? at(s, want) : PCI_PARENT_NONE) || match != how)
                fail_msg("segment %u, path %s: found %zu, match %d", segment, path, found, (int) match);
}

static void paths_through_bridges(void **state)
{
        State *s = *state;

        resolves(s, 0, "0 01.0", "0000:00:01.0", DMAR_MATCH_PATH);
        resolves(s, 0, "0 1c.4 00.2", "0000:07:00.2", DMAR_MATCH_PATH); /* whatever number the firmware gave that bus */
        resolves(s, 0, "0 01.0 00.0 03.0 00.0", "0000:03:00.0", DMAR_MATCH_PATH);
        resolves(s, 0, "80 05.0", "0000:80:05.0", DMAR_MATCH_PATH);
        resolves(s, 1, "0 02.0", "0001:00:02.0", DMAR_MATCH_PATH);
        /* one hop on a bus that is no root bus: Linux takes the number for its own */
        resolves(s, 0, "7 00.0", "0000:07:00.0", DMAR_MATCH_NUMBER);
        resolves(s, 0, "1 00.0 03.0", NULL, DMAR_MATCH_NONE);
        resolves(s, 0, "4 00.0", NULL, DMAR_MATCH_NONE);      /* the firmware's number of the bus that is 7 now */
        resolves(s, 0, "0 01.0 00.1", NULL, DMAR_MATCH_NONE); /* no such function */
        resolves(s, 0, "0 00.0 00.0", NULL, DMAR_MATCH_NONE); /* no bridge */
        resolves(s, 0, "0 20.0", NULL, DMAR_MATCH_NONE);      /* no such device number */
        resolves(s, 0, "0 01.8", NULL, DMAR_MATCH_NONE);
        resolves(s, 1, "0 01.0", NULL, DMAR_MATCH_NONE);  /* another segment */
        resolves(s, 1, "80 07.0", NULL, DMAR_MATCH_NONE); /* domain 10001 is not segment 1 */
        resolves(s, 0, "3 10.0", NULL, DMAR_MATCH_NONE);  /* virtual functions are not there yet when Linux looks */
        resolves(s, 0, "0", NULL, DMAR_MATCH_NONE);
}

static void covered(State *s, const char *addr, Tristate want)
{
        map(s);
        if (firmware_covers(&s->map, s->facts.functions + at(s, addr)) != want)
                fail_msg("%s is%s covered", addr, want == TRISTATE_YES ? " not" : "");
}

/* @offset: of the structure. */
static void translated_by(State *s, const char *addr, uint32_t offset, uint64_t base, bool by_rest)
{
        FirmwareUnit u;

        map(s);
        assert_true(firmware_unit(&s->map, s->facts.functions + at(s, addr), &u));
        assert_int_equal(u.offset, offset);
        assert_int_equal(u.base, base);
        assert_int_equal(u.by_rest, by_rest);
}

static void units_of_intel(void **state)
{
        State *s = *state;
        DmarStructure *graphics, *rest;

        covered(s, "0000:07:00.0", TRISTATE_UNKNOWN);
        rest = dmar_add(s->dmar, DMAR_DRHD, 0, 0xfed91000); /* not the last one: Linux sorts it behind */
        rest->flags = DMAR_DRHD_INCLUDE_PCI_ALL;
        graphics = dmar_add(s->dmar, DMAR_DRHD, 0, 0xfed90000);
        dmar_add_scope(graphics, DMAR_SCOPE_ENDPOINT, "0 1c.4 00.0");
        covered(s, "0000:07:00.0", TRISTATE_YES);
        covered(s, "0000:03:00.0", TRISTATE_YES);
        covered(s, "10001:80:07.0", TRISTATE_YES); /* through the VMD, whose requests they are */
        covered(s, "0001:00:02.0", TRISTATE_NO);   /* includes all of its own segment only */
        translated_by(s, "0000:07:00.0", s->dmar->structures[1].offset, 0xfed90000, false);
        translated_by(s, "0000:03:00.0", s->dmar->structures[0].offset, 0xfed91000, true);
        s->dmar->structures[0].flags = 0;
        covered(s, "0000:07:00.0", TRISTATE_YES);
        covered(s, "0000:07:00.2", TRISTATE_NO);
        covered(s, "10001:80:07.0", TRISTATE_NO);
        dmar_add_scope(s->dmar->structures, DMAR_SCOPE_BRIDGE, "0 01.0");
        dmar_add_scope(s->dmar->structures, DMAR_SCOPE_IOAPIC, "80 05.0"); /* only looks like a function */
        covered(s, "0000:03:00.0", TRISTATE_YES);                          /* all below the bridge */
        covered(s, "0000:03:10.0", TRISTATE_YES);                          /* as its physical function */
        covered(s, "0000:80:05.0", TRISTATE_NO);
        assert_int_equal(dmar_map(s)->fault, DMAR_FAULT_NONE);
}

static void tables_that_linux_puts_away(void **state)
{
        State *s = *state;
        DmarStructure *d;

        (void) dmar_add(s->dmar, DMAR_RHSA, 0, 0);
        map(s);
        assert_int_equal(dmar_map(s)->fault, DMAR_FAULT_NO_UNIT);
        d = dmar_add(s->dmar, DMAR_DRHD, 0, 0);
        d->flags = DMAR_DRHD_INCLUDE_PCI_ALL;
        map(s);
        assert_int_equal(dmar_map(s)->fault, DMAR_FAULT_UNIT_AT_ZERO);
        assert_int_equal(dmar_map(s)->fault_offset, d->offset);
        d->base = 0xfed90000;
        s->dmar->host_address_width = 11;
        map(s);
        assert_int_equal(dmar_map(s)->fault, DMAR_FAULT_WIDTH);
        s->dmar->host_address_width = 46;
        dmar_add_scope(d, DMAR_SCOPE_BRIDGE, "0 00.0"); /* no bridge, but of that class: Linux lets it pass */
        map(s);
        assert_int_equal(dmar_map(s)->fault, DMAR_FAULT_NONE);
        dmar_add_scope(d, DMAR_SCOPE_ENDPOINT, "0 1c.4");
        map(s);
        assert_int_equal(dmar_map(s)->fault, DMAR_FAULT_TYPE);
        assert_int_equal(dmar_map(s)->fault_function, at(s, "0000:00:1c.4"));
}

/* The n-th range for a function. */
static FirmwareRegion region(const State *s, const char *addr, size_t n)
{
        FirmwareRegion r = {};
        size_t iterator = 0;

        for (size_t i = 0; i <= n; i++)
                if (!firmware_region(&s->map, s->facts.functions + at(s, addr), &iterator, &r))
                        return (FirmwareRegion){};
        return r;
}

static void ranges_of_intel(void **state)
{
        State *s = *state;
        DmarStructure *d;

        (void) dmar_add(s->dmar, DMAR_DRHD, 0, 0xfed90000);
        d = dmar_add(s->dmar, DMAR_RMRR, 0, 0xbdf80000);
        d->end = 0xbdffffff;
        dmar_add_scope(d, DMAR_SCOPE_ENDPOINT, "0 1c.4 00.0");
        dmar_add_scope(d, DMAR_SCOPE_ENDPOINT, "0 1c.4 00.2");
        dmar_add_scope(d, DMAR_SCOPE_ENDPOINT, "0 1f.7"); /* fused off */
        d = dmar_add(s->dmar, DMAR_RMRR, 0, 0);           /* 0-0: Linux complains, and takes it */
        dmar_add_scope(d, DMAR_SCOPE_ENDPOINT, "7 00.2");
        d = dmar_add(s->dmar, DMAR_RMRR, 0, 0xe8000);
        d->end = 0xe8fff;
        dmar_add_scope(d, DMAR_SCOPE_BRIDGE, "0 01.0");
        map(s);
        assert_int_equal(dmar_map(s)->n_unresolved, 1);
        assert_true(region(s, "0000:07:00.0", 0).start == 0xbdf80000 && region(s, "0000:07:00.0", 0).end == 0xbdffffff);
        assert_null(region(s, "0000:07:00.0", 1).kind);
        assert_true(region(s, "0000:07:00.2", 0).end == 0xbdffffff);
        assert_string_equal(region(s, "0000:07:00.2", 1).kind, "RMRR");
        assert_true(region(s, "0000:07:00.2", 1).start == 0 && region(s, "0000:07:00.2", 1).end == 0);
        assert_true(region(s, "0000:07:00.2", 1).by_number);
        assert_false(region(s, "0000:07:00.2", 0).by_number);
        assert_null(region(s, "0000:07:00.2", 2).kind);
        assert_true(region(s, "0000:03:00.0", 0).start == 0xe8000); /* below the bridge that is named */
        assert_int_equal(region(s, "0000:03:00.0", 0).function, at(s, "0000:00:01.0"));
        assert_true(region(s, "0000:03:10.0", 0).start == 0xe8000);
        assert_null(region(s, "0000:80:05.0", 0).kind);
}

static void what_may_be_left_behind(void **state)
{
        State *s = *state;
        DmarStructure *d;

        (void) dmar_add(s->dmar, DMAR_DRHD, 0, 0xfed90000);
        d = dmar_add(s->dmar, DMAR_RMRR, 0, 0xbdf80000);
        dmar_add_scope(d, DMAR_SCOPE_BRIDGE, "0 1c.4");
        dmar_add_scope(d, DMAR_SCOPE_BRIDGE, "0 01.0");
        map(s);
        assert_true(region(s, "0000:07:00.0", 0).relaxable);  /* graphics: the device is asked, not the bridge */
        assert_true(region(s, "0000:07:00.2", 0).relaxable);  /* USB */
        assert_false(region(s, "0000:03:00.0", 0).relaxable); /* network */
        s->dmar->n_structures = 0;
        ivrs_add_memory(s->ivrs, IVRS_IVMD_ALL, 0, 0xffff, IVMD_UNITY, 0xbf000000, 0x2000);
        map(s);
        assert_string_equal(region(s, "0000:07:00.2", 0).kind, "IVMD");
        assert_false(region(s, "0000:07:00.2", 0).relaxable);
        s->dmar->n_structures = 2;
}

static void units_of_amd(void **state)
{
        State *s = *state;
        IvrsBlock *old, *b;

        old = ivrs_add(s->ivrs, IVRS_IVHD_10, 0); /* for older systems: not looked at when there is a newer one */
        old->device_id = 2;
        ivrs_add_entry(old, IVHD_ALL, 0, 0xffff);
        b = ivrs_add(s->ivrs, IVRS_IVHD_11, 0);
        b->device_id = 2;
        b->unit = s->ivrs->n_units;
        ivrs_add_entry(b, IVHD_SELECT, DEVICE_ID(7, 0, 0), DEVICE_ID(7, 0, 0));
        map(s);
        covered(s, "0000:07:00.0", TRISTATE_YES);
        covered(s, "0000:07:00.2", TRISTATE_NO);
        ivrs_add_entry(b, IVHD_RANGE, DEVICE_ID(0, 1, 0), DEVICE_ID(3, 0x1f, 7));
        covered(s, "0000:03:00.0", TRISTATE_YES);
        covered(s, "0000:03:10.0", TRISTATE_YES);
        covered(s, "0000:00:00.0", TRISTATE_NO);
        covered(s, "0001:00:02.0", TRISTATE_NO);
        b->entries[1].has_end = false; /* Linux acts when a range ends */
        covered(s, "0000:03:00.0", TRISTATE_NO);
        ivrs_add_entry(b, IVHD_ALIAS_SELECT, DEVICE_ID(3, 0, 0), DEVICE_ID(3, 0, 0))->source_id = DEVICE_ID(7, 0, 2);
        covered(s, "0000:03:00.0", TRISTATE_YES);
        covered(s, "0000:07:00.2", TRISTATE_YES);
        ivrs_add_entry(b, IVHD_SPECIAL, 0, 0)->source_id = DEVICE_ID(0x80, 5, 0); /* speaks with that id */
        covered(s, "0000:80:05.0", TRISTATE_YES);
        covered(s, "0000:00:00.0", TRISTATE_NO);
        b->segment = 1;
        covered(s, "0000:07:00.0", TRISTATE_NO);
        covered(s, "0000:80:05.0", TRISTATE_NO);
        ivrs_add_entry(b, IVHD_ALL, 0, 0xffff);
        covered(s, "0001:00:02.0", TRISTATE_YES);
        covered(s, "10001:80:07.0", TRISTATE_NO);
        b->segment = 0;
        covered(s, "10001:80:07.0", TRISTATE_YES);
}

static void ranges_of_amd(void **state)
{
        State *s = *state;

        ivrs_add_memory(s->ivrs, IVRS_IVMD_SELECT, DEVICE_ID(7, 0, 0), DEVICE_ID(7, 0, 0),
                        IVMD_UNITY | IVMD_READ | IVMD_WRITE, 0xbd000000, 0x1000);
        ivrs_add_memory(s->ivrs, IVRS_IVMD_RANGE, DEVICE_ID(3, 0, 0), DEVICE_ID(7, 0x1f, 7), IVMD_EXCLUSION, 0xbe000800,
                        1); /* Linux rounds both up, and takes an exclusion for a unity map */
        ivrs_add_memory(s->ivrs, IVRS_IVMD_ALL, 0, 0xffff, IVMD_UNITY, 0xbf000000, 0x2000);
        ivrs_add_memory(s->ivrs, IVRS_IVMD_ALL, 0, 0xffff, IVMD_READ, 0xc0000000, 0x2000); /* neither: nothing */
        map(s);
        assert_true(region(s, "0000:07:00.0", 0).start == 0xbd000000 && region(s, "0000:07:00.0", 0).end == 0xbd000fff);
        assert_true(region(s, "0000:07:00.0", 1).start == 0xbe001000 && region(s, "0000:07:00.0", 1).end == 0xbe001fff);
        assert_true(region(s, "0000:07:00.0", 2).start == 0xbf000000 && region(s, "0000:07:00.0", 2).end == 0xbf001fff);
        assert_null(region(s, "0000:07:00.0", 3).kind);
        assert_true(region(s, "0000:03:00.0", 0).start == 0xbe001000);
        assert_true(region(s, "0000:00:00.0", 0).start == 0xbf000000);
        assert_null(region(s, "0001:00:02.0", 0).kind);
        assert_null(region(s, "10001:80:07.0", 0).kind);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(paths_through_bridges), T(units_of_intel),          T(tables_that_linux_puts_away),
                T(ranges_of_intel),       T(what_may_be_left_behind), T(units_of_amd),
                T(ranges_of_amd),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
