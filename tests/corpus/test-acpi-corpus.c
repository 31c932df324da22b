/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "corpus.h"
#include "test.h"

#include "base/io.h"
#include "model/dmar.h"
#include "model/ivrs.h"

/* Single tables of real machines that are odd, and what a careless reader gets wrong of them: PTPREP_DATA/acpi. */
static int data = -1;

/* A table by its name in the directory. */
static void read_dmar(const char *file, Dmar *ret)
{
        _cleanup_free_ char *text = NULL;
        AcpiError error;
        size_t size;

        assert_int_equal(root_read_file(data, file, ACPI_TABLE_MAX_BYTES, &text, &size), 0);
        assert_int_equal(dmar_parse(text, size, ret, &error), 0);
}

static void read_ivrs(const char *file, Ivrs *ret)
{
        _cleanup_free_ char *text = NULL;
        AcpiError error;
        size_t size;

        assert_int_equal(root_read_file(data, file, ACPI_TABLE_MAX_BYTES, &text, &size), 0);
        assert_int_equal(ivrs_parse(text, size, ret, &error), 0);
}

static size_t count_type(const Dmar *d, DmarType type)
{
        size_t n = 0;

        DMAR_FOREACH(s, d, type)
        n++;
        return n;
}

static bool has_path(const DmarStructure *s, const DmarHop *path, size_t n)
{
        FOREACH_ARRAY(scope, s->scopes, s->n_scopes)
                if (scope->type == DMAR_SCOPE_ENDPOINT && scope->bus == 0 && scope->n_path == n &&
                    memcmp(scope->path, path, n * sizeof(*path)) == 0)
                        return true;
        return false;
}

/* "Device is ineligible ... platform RMRR requirement": nine regions, and who is pinned by them. */
static void proliant_pins_its_nics(void **state)
{
        static const struct {
                uint64_t base, end;
                size_t scopes;
        } regions[] = {
                { 0x7dffd000, 0x7dffffff, 2 },  { 0x7dff6000, 0x7dffcfff, 3 },  { 0x7df83000, 0x7df84fff, 10 },
                { 0x7df7f000, 0x7df82fff, 10 }, { 0x7df6f000, 0x7df7efff, 10 }, { 0x79f6f000, 0x7df6efff, 10 },
                { 0x75f6f000, 0x79f6efff, 10 }, { 0xf4000, 0xf4fff, 10 },       { 0xe8000, 0xe8fff, 10 },
        };
        _cleanup_(dmar_done) Dmar d = {};
        size_t i = 0;

        (void) state;
        read_dmar("dmar/Hewlett-Packard_ProLiant_DL380e_Gen8_CB0557.dmar", &d);
        assert_int_equal(d.flags, DMAR_INTR_REMAP | DMAR_X2APIC_OPT_OUT);
        assert_memory_equal(d.header.creator_id, "\xd2\x04\0\0", 4); /* binary, no text */
        DMAR_FOREACH(s, &d, DMAR_RMRR)
        {
                assert_true(i < ELEMENTSOF(regions));
                assert_int_equal(s->base, regions[i].base);
                assert_int_equal(s->end, regions[i].end);
                assert_int_equal(s->n_scopes, regions[i].scopes);
                if (regions[i].scopes == 10) {
                        /* the four ports of the card behind 1c.4, two slots, iLO behind 1c.7, SATA */
                        for (uint8_t function = 0; function < 4; function++)
                                assert_true(has_path(s, (const DmarHop[]){ { 0x1c, 4 }, { 0, function } }, 2));
                        assert_true(has_path(s, (const DmarHop[]){ { 1, 0 }, { 0, 0 } }, 2));
                        assert_true(has_path(s, (const DmarHop[]){ { 1, 1 }, { 0, 0 } }, 2));
                        assert_true(has_path(s, (const DmarHop[]){ { 0x1c, 7 }, { 0, 2 } }, 2));
                        assert_true(has_path(s, (const DmarHop[]){ { 0x1f, 2 } }, 1));
                }
                i++;
        }
        assert_int_equal(i, ELEMENTSOF(regions));
}

static void odd_dmars(void **state)
{
        static const struct {
                const char *file;
                uint8_t flags;
                size_t drhd, rmrr;
                uint64_t last_base; /* of the last unit */
        } tables[] = {
                { "dmar/Lenovo_IdeaPadFlex_15_20309_D19FB8.dmar", 0, 1, 2, 0 },
                { "dmar/Lenovo_ThinkPad_E15_Gen_2_20TD0005MH_188EB6.dmar", 0, 3, 1, 0 },
                { "dmar/Hewlett-Packard_Compaq_6730b_795F37.dmar", 0, 3, 2, 0xfeb02000 },
                { "dmar/Hewlett-Packard_ProLiant_DL360_G7_60DCEE.dmar", DMAR_X2APIC_OPT_OUT, 1, 3, 0xe7ffe000 },
                { "dmar/coreboot_heads_thinkpad_ivybridge.transcribed.dmar", DMAR_INTR_REMAP, 2, 0, 0xfed91000 },
                { "dmar/DEPO_Computers_Super_Server_F84E17.dmar", DMAR_INTR_REMAP | DMAR_X2APIC_OPT_OUT, 2, 2,
                  0xc7ffc000 },
        };

        (void) state;
        FOREACH_ARRAY(t, tables, ELEMENTSOF(tables)) {
                _cleanup_(dmar_done) Dmar d = {};
                const DmarStructure *last = NULL;

                print_message("%s\n", t->file);
                read_dmar(t->file, &d);
                assert_int_equal(d.flags, t->flags);
                assert_int_equal(count_type(&d, DMAR_DRHD), t->drhd);
                assert_int_equal(count_type(&d, DMAR_RMRR), t->rmrr);
                DMAR_FOREACH(s, &d, DMAR_DRHD)
                last = s;
                assert_int_equal(last->base, t->last_base);
                assert_true(last->flags & DMAR_DRHD_INCLUDE_PCI_ALL);
        }
}

/* Single values that a careless reader gets wrong. */
static void values_of_odd_dmars(void **state)
{
        _cleanup_(dmar_done) Dmar compaq = {}, depo = {}, g7 = {}, framework = {}, samsung = {};
        const DmarStructure *s;

        (void) state;
        read_dmar("dmar/Hewlett-Packard_Compaq_6730b_795F37.dmar", &compaq);
        assert_memory_equal(compaq.header.oem_id, "      ", 6);
        s = dmar_next(&compaq, DMAR_RMRR, NULL);
        assert_true(s->base == 0 && s->end == 0 && s->n_scopes == 8);

        /* 128 MiB for the BMC's graphics, two hops down; the next structure is not aligned */
        read_dmar("dmar/DEPO_Computers_Super_Server_F84E17.dmar", &depo);
        s = dmar_next(&depo, DMAR_RMRR, dmar_next(&depo, DMAR_RMRR, NULL));
        assert_int_equal(s->length, 34);
        assert_int_equal(s->end - s->base + 1, 0x8040000);
        assert_true(has_path(s, (const DmarHop[]){ { 2, 0 }, { 0, 0 } }, 2));
        assert_int_equal(s[1].type, DMAR_ATSR);
        assert_int_equal(s[1].offset % 4, 2);

        read_dmar("dmar/Hewlett-Packard_ProLiant_DL360_G7_60DCEE.dmar", &g7);
        s = dmar_next(&g7, DMAR_RMRR, dmar_next(&g7, DMAR_RMRR, NULL));
        assert_int_equal(s->length, 86);
        assert_true(has_path(s, (const DmarHop[]){ { 0x1c, 4 }, { 0, 2 } }, 2));

        read_dmar("dmar/Framework_Laptop_13_717EDB.dmar", &framework);
        s = dmar_next(&framework, DMAR_SIDP, NULL);
        assert_int_equal(s->n_scopes, 2);
        assert_int_equal(s->scopes[0].flags, 0x1f);
        assert_int_equal(s->scopes[1].flags, 0x1c);
        assert_int_equal(s->scopes[1].path[0].device, 11);

        /* the byte behind the flags was reserved once */
        read_dmar("dmar/Samsung_Electronics_960QHA_85CAC5.dmar", &samsung);
        s = dmar_next(&samsung, DMAR_DRHD, NULL);
        assert_int_equal(s->size, 4);
}

static void odd_ivrs(void **state)
{
        static const uint16_t zenith_ids[] = { 0x6002, 0x4002, 0x2002, 0x0002 };
        _cleanup_(ivrs_done) Ivrs zenith = {}, x399 = {}, sabertooth = {}, mechrevo = {}, thinkpad = {};
        const IvrsBlock *b;
        size_t n = 0;

        (void) state;
        /* four IOMMUs, each with two blocks */
        read_ivrs("ivrs/ASUSTek_Computer_ROG_ZENITH_II_EXTREME_ALPHA_BF6A37.ivrs", &zenith);
        assert_int_equal(zenith.n_blocks, 8);
        assert_int_equal(zenith.n_units, 4);
        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(zenith.units[i].device_id, zenith_ids[i]);
                assert_int_equal(zenith.units[i].blocks[0], 2 * i);
                assert_int_equal(zenith.units[i].blocks[1], 2 * i + 1);
                assert_int_equal(zenith.units[i].blocks[2], SIZE_MAX);
                assert_int_equal(zenith.units[i].best, 2 * i + 1);
        }
        assert_int_equal(zenith.blocks[2].entries[0].first, 0x4008);
        assert_int_equal(zenith.blocks[2].entries[0].last, 0x5ffe);
        read_ivrs("ivrs/ASUSTek_Computer_PRIME_X399-A_73EDB0.ivrs", &x399);
        assert_int_equal(x399.n_units, 2);

        read_ivrs("ivrs/ASUSTek_Computer_SABERTOOTH_990FX_3D77ED.ivrs", &sabertooth);
        assert_int_equal(sabertooth.header.revision, 1);
        assert_int_equal(sabertooth.n_blocks, 1);
        b = &sabertooth.blocks[0];
        FOREACH_ARRAY(e, b->entries, b->n_entries)
                if (e->type == IVHD_SPECIAL && e->handle == 255) {
                        assert_int_equal(e->variety, IVHD_SPECIAL_IOAPIC);
                        assert_int_equal(e->source_id, 0x0001);
                        n++;
                }
        assert_int_equal(n, 1);

        /* memory definitions between the hardware definitions, of one byte, for devices up to 0x0fff */
        read_ivrs("ivrs/MECHREVO_WUJIE14XA_9249A3.ivrs", &mechrevo);
        assert_int_equal(mechrevo.n_units, 1);
        assert_int_equal(mechrevo.n_blocks, 8);
        assert_int_equal(mechrevo.units[0].blocks[2], 7);
        for (size_t i = 2; i < 7; i++) {
                b = &mechrevo.blocks[i];
                assert_int_equal(b->type, IVRS_IVMD_RANGE);
                assert_int_equal(b->flags, IVMD_EXCLUSION);
                assert_int_equal(b->first_device_id, 0);
                assert_int_equal(b->last_device_id, 0x0fff);
                assert_int_equal(b->size, 1);
        }
        assert_int_equal(mechrevo.blocks[2].start, 0x9618e000);

        /* a block that no specification has, at the end; it does not keep Linux from type 40h */
        read_ivrs("ivrs/Lenovo_ThinkPad_T14_Gen_3_21CF004PGE_696E48.ivrs", &thinkpad);
        b = &thinkpad.blocks[thinkpad.n_blocks - 1];
        assert_int_equal(b->type, 0x51);
        assert_int_equal(b->length, 32);
        assert_int_equal(ivrs_linux_ivhd_type(&thinkpad), IVRS_IVHD_40);
        b = &thinkpad.blocks[thinkpad.units[0].best];
        assert_string_equal(b->entries[b->n_entries - 1].hid, "AMDI0020");
        assert_string_equal(b->entries[b->n_entries - 1].uid, "\\_SB.FUR3");
        b = &thinkpad.blocks[2];
        assert_int_equal(b->type, IVRS_IVMD_SELECT);
        assert_int_equal(b->first_device_id, 0x0300);
        assert_int_equal(b->start, 0x7132f000);
        assert_int_equal(b->size, 0x26000);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(proliant_pins_its_nics),
                cmocka_unit_test(odd_dmars),
                cmocka_unit_test(values_of_odd_dmars),
                cmocka_unit_test(odd_ivrs),
        };
        int r;

        data = corpus_open("acpi");
        if (data < 0)
                return CORPUS_SKIPPED;
        r = cmocka_run_group_tests(tests, NULL, NULL);
        close(data);
        return r;
}
