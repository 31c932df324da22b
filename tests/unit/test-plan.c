/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/failed-plan.h"
#include "grub/format/ownership.h"
#include "judged.h"

/* What is planned on a machine that is as it is, and what of that is remembered. */

static void a_fresh_plan_has_the_safe_order(void **state)
{
        Machine *m = *state;
        static const StepKind order[] = { STEP_RECORD,        STEP_WRITE_FILE, STEP_WRITE_FILE, STEP_WRITE_FILE,
                                          STEP_REBUILD_IMAGE, STEP_WRITE_FILE, STEP_MKCONFIG,   STEP_STAMP_IMAGES };
        const Step *files;

        set_text(&m->facts.claims, NULL);
        set_text(&m->facts.modprobe_snippet, NULL);
        set_text(&m->facts.builders[BUILDER_DRACUT].snippet, NULL);
        m->facts.kernels[0].image.digest = 0;
        kargs_done(&m->facts.loaders->entries[0].arguments);
        assert_int_equal(kargs_parse("quiet", &m->facts.loaders->entries[0].arguments), 0);
        machine_set_source(m, "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n");
        machine_judge(m);
        expect_exit(m, EXIT_NOT_READY, ELEMENTSOF(order));
        for (size_t i = 0; i < ELEMENTSOF(order); i++)
                assert_int_equal(m->plan.steps[i].kind, order[i]);
        files = m->plan.steps + 1;
        assert_string_equal(files[0].path, "/etc/ptprep/claims");
        assert_non_null(strstr(files[0].file.new_text, "0000:00:04.0 8086:10d3 vfio-pci pci0000:00/04.0 nic0 root="));
        assert_non_null(strstr(files[1].file.new_text, "\nsoftdep e1000e pre: vfio-pci\n"));
        assert_null(strstr(files[1].file.new_text, "ids="));
        assert_non_null(strstr(files[2].file.new_text, " add_dracutmodules+=\" ptprep \"\n"));
        assert_string_equal(files[4].path, "/etc/default/grub.d/zz-ptprep.cfg");
        assert_non_null(strstr(files[4].file.new_text, "intel_iommu=on"));
}

static BootMount *add_mount(Machine *m, const char *target)
{
        BootMount *mount = array_grow(&m->facts.boot_mounts.items, m->facts.boot_mounts.n);

        assert_non_null(mount);
        m->facts.boot_mounts.n++;
        mount->target = copy(target);
        return mount;
}

/* Nothing is planned, neither for what is configured nor to take it back: it would go into the directory below. */
static void an_unreadable_boot_is_left_alone(void **state)
{
        Machine *m = *state;

        add_mount(m, "/boot")->failure = copy("this process may not mount");
        m->facts.kernels[0].image.exists = false;
        loaders_free(m->facts.loaders, m->facts.n_loaders);
        m->facts.loaders = NULL;
        m->facts.n_loaders = 0;
        set_text(&m->facts.claims, "# an older list\n");
        machine_judge(m);
        expect(m, "boot.mounted", RESULT_BLOCKED, "cannot tell what is on it: this process may not mount");
        expect(m, "iommu.argument", RESULT_UNKNOWN, "see boot.mounted");
        expect(m, "boot.argument", RESULT_UNKNOWN, "see boot.mounted");
        expect(m, "image.current", RESULT_UNKNOWN, "see boot.mounted");
        expect_exit(m, EXIT_BLOCKED, 0);
        m->config.n_devices = 0;
        machine_judge(m);
        expect(m, "iommu.argument", RESULT_UNKNOWN, "see boot.mounted");
        expect_exit(m, EXIT_BLOCKED, 0);
        /* as "ptprep revert" does it: no check has said anything */
        finding_list_done(&m->findings);
        assert_int_equal(plan_compute(&m->judgement, &m->findings, &m->plan), 0);
        assert_int_equal(m->findings.n, 1);
        expect(m, "boot.mounted", RESULT_BLOCKED, "this process may not mount");
        expect_exit(m, EXIT_BLOCKED, 0);
        m->config.n_devices = 1; /* what is released */
}

/* Read from a mount of ptprep's own: told, and no more. Not readable: what else boots is not known, even if all seems
 * right. */
static void an_unmounted_esp_is_told(void **state)
{
        Machine *m = *state;
        BootMount *esp = add_mount(m, "/boot/efi");

        esp->device = copy("/dev/vda1");
        esp->type = copy("vfat");
        machine_judge(m);
        expect(m, "boot.mounted", RESULT_OK, "not mounted; /dev/vda1 (vfat), found by its partition type");
        expect_exit(m, EXIT_READY, 0);
        esp->failure = copy("only root can mount it");
        m->facts.is_root = false;
        machine_judge(m);
        expect(m, "boot.mounted", RESULT_UNKNOWN, "cannot tell what is on it: only root can mount it");
        expect(m, "iommu.argument", RESULT_UNKNOWN, "see boot.mounted");
        expect_exit(m, EXIT_UNKNOWN, 0);
        assert_false(next_boot_prepared(&m->judgement));
        set_text(&m->facts.claims, "# an older list\n");
        machine_judge(m);
        expect_exit(m, EXIT_NOT_READY, 0);
        m->facts.is_root = true;
        machine_judge(m);
        expect_exit(m, EXIT_BLOCKED, 0);
}

/* Three are in the claim list; the last one is not configured any more, and the host lives on the second one now. */
static void apply_and_drop_the_last(Machine *m, const char *second)
{
        machine_add_device(m, "second", second, streq(second, "0000:00:03.0") ? "1af4:1042" : "8086:10d3");
        machine_add_device(m, "third", "0000:00:06.0", "8086:10d3");
        machine_settle(m);
        assert_non_null(strstr(m->facts.claims, "0000:00:06.0"));
        m->config.n_devices = 2;
        machine_judge(m);
}

static const char *planned_claims(const Machine *m)
{
        FOREACH_ARRAY(s, m->plan.steps, m->plan.n)
                if (streq(s->path, NAME_CLAIMS))
                        return s->file.new_text;
        return NULL;
}

static bool plans(const Machine *m, StepKind kind)
{
        FOREACH_ARRAY(s, m->plan.steps, m->plan.n)
                if (s->kind == kind)
                        return true;
        return false;
}

static void taking_away_does_not_wait(void **state)
{
        Machine *m = *state;
        const char *claims;

        apply_and_drop_the_last(m, "0000:00:03.0");
        assert_int_equal(finding_worst(&m->findings), RESULT_BLOCKED);
        claims = planned_claims(m);
        assert_non_null(claims);
        assert_non_null(strstr(claims, "version="));
        assert_non_null(strstr(claims, "\n0000:00:04.0 8086:10d3 vfio-pci "));
        assert_null(strstr(claims, "0000:00:03.0"));
        assert_null(strstr(claims, "0000:00:06.0"));
        assert_true(plans(m, STEP_REBUILD_IMAGE) && plans(m, STEP_STAMP_IMAGES));
        assert_false(plans(m, STEP_MKCONFIG) || plans(m, STEP_COMMAND));
        /* and once that is so, there is nothing left to do */
        set_text(&m->facts.claims, claims);
        machine_judge(m);
        expect_exit(m, EXIT_BLOCKED, 0);
        m->config.n_devices = 3; /* what is released */
}

/* What blocks is not that the host lives on it: its line stays. */
static void taking_away_leaves_what_was_in_force(void **state)
{
        Machine *m = *state;
        const char *claims;

        apply_and_drop_the_last(m, "0000:00:05.0");
        m->facts.iommu_active = machine_intel(m)->present = TRISTATE_NO;
        machine_set_cmdline(m, "quiet");
        machine_judge(m);
        expect(m, "firmware.table", RESULT_BLOCKED, "no DMAR");
        claims = planned_claims(m);
        assert_non_null(claims);
        assert_non_null(strstr(claims, "0000:00:04.0"));
        assert_non_null(strstr(claims, "0000:00:05.0"));
        assert_null(strstr(claims, "0000:00:06.0"));
        m->config.enabled = false; /* changes are switched off */
        machine_judge(m);
        assert_int_equal(m->plan.n, 0);
        m->config.n_devices = 3;
}

/* A shorter list that is in no image would claim as much as before. */
static void taking_away_needs_the_image(void **state)
{
        Machine *m = *state;

        m->facts.builders[BUILDER_DRACUT].installed = TRISTATE_NO;
        apply_and_drop_the_last(m, "0000:00:03.0");
        expect(m, "device.claimlist", RESULT_BLOCKED, "it is claimed as before");
        expect_exit(m, EXIT_BLOCKED, 0);
        m->config.n_devices = 3;
}

/* The same plan, made from the same. */
static void a_plan_that_failed_is_known_again(void **state)
{
        Machine *m = *state;
        const char *failure;

        set_text(&m->facts.claims, NULL);
        machine_judge(m);
        assert_true(m->plan.n > 0);
        assert_false(failed_plan_same(&m->judgement, &m->plan, 1, &failure));
        m->facts.failed_plan = failed_plan_print(&m->judgement, &m->plan, 1, "no such disk\nand more");
        machine_judge(m);
        assert_true(failed_plan_same(&m->judgement, &m->plan, 1, &failure));
        assert_string_equal(failure, "no such disk\nand more\n");
        assert_false(failed_plan_same(&m->judgement, &m->plan, 2, &failure));
        expect(m, "record.failed", RESULT_WARN, "to change " NAME_CLAIMS);
        expect(m, "record.failed", RESULT_WARN, "put back: no such disk; no boot tries the same again before");
        machine_set_source(m, "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on ptprep.claim=1\"\nGRUB_TIMEOUT=3\n");
        machine_judge(m);
        assert_false(failed_plan_same(&m->judgement, &m->plan, 1, &failure));
        machine_set_source(m, "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on ptprep.claim=1\"\n");
        set_text(&m->config.devices[0].name, "other");
        machine_judge(m);
        assert_false(failed_plan_same(&m->judgement, &m->plan, 1, &failure));
        set_text(&m->facts.failed_plan, "cut"); /* of nobody's hand */
        machine_judge(m);
        assert_null(find(m, "record.failed"));
        assert_false(failed_plan_same(&m->judgement, &m->plan, 1, &failure));
}

static void an_interrupted_run_is_cleaned_up_first(void **state)
{
        Machine *m = *state;

        set_text(&m->facts.transaction, "/boot/initrd.img-6.1.0-1-amd64.ptprep-old\n");
        machine_judge(m);
        assert_int_equal(m->plan.n, 1);
        assert_int_equal(m->plan.steps[0].kind, STEP_CLEAN_UP);
}

/* Before anything else is planned, and for whoever only looks. */
static void what_could_not_be_put_back_comes_first(void **state)
{
        Machine *m = *state;
        _cleanup_(plan_done) Plan p = {};

        assert_int_equal(plan_recover(&m->facts, &p), 0);
        assert_int_equal(p.n, 0);
        set_text(&m->facts.transaction, "kept /boot/grub.cfg.ptprep-old\t/boot/grub.cfg\n/boot/a.ptprep-old\n");
        machine_judge(m);
        expect(m, "record.restored", RESULT_FAIL, "as it was it is in /boot/grub.cfg.ptprep-old");
        assert_int_equal(plan_recover(&m->facts, &p), 0);
        assert_int_equal(p.n, 2);
        assert_int_equal(p.steps[0].kind, STEP_CLEAN_UP);
        assert_int_equal(p.steps[1].kind, STEP_PUT_BACK);
        assert_string_equal(p.steps[1].path, "/boot/grub.cfg");
        assert_string_equal(p.steps[1].put_back.from, "/boot/grub.cfg.ptprep-old");
}

/* The text of the first or the last record of a plan. NULL: there is none. */
static const char *planned_record(const Machine *m, bool last)
{
        const char *text = NULL;

        FOREACH_ARRAY(s, m->plan.steps, m->plan.n)
                if (s->kind == STEP_RECORD && (!text || last))
                        text = s->state.text;
        return text;
}

/*
 * While a file of ptprep's is changed anew, the record has to tell the bytes that were there from somebody's edit: a
 * run that is cut short before the file has left those, and a later revert must know them. What is on its way is told
 * from what is done, too: the last record has nothing of it, and the next run forgets it with the file as it was.
 */
static void a_change_on_its_way_is_told_from_an_edit(void **state)
{
        static const char former[] = "# of before\n";
        Machine *m = *state;
        _cleanup_(record_done) Record first = {}, last = {};
        _cleanup_free_ char *base = NULL;
        RecordFile *f = record_file_at(&m->facts.record, NAME_CLAIMS);
        OwnedState found;

        assert_non_null(f);
        set_text(&f->format, "lines");
        f->original = fingerprint_of(NULL);
        f->written = fingerprint_of(former);
        f->replaced = fingerprint_of("# of an earlier one, long done\n");
        f->exists = TRISTATE_YES;
        set_text(&f->present, former);
        set_text(&m->facts.claims, former);
        f = record_file_at(&m->facts.record, "/etc/modprobe.d/untouched.conf");
        assert_non_null(f);
        set_text(&f->format, "lines");
        f->original = fingerprint_of(NULL);
        f->written = fingerprint_of(former);
        f->exists = TRISTATE_YES;
        set_text(&f->present, former);
        machine_judge(m);
        assert_int_equal(record_parse(planned_record(m, false), &first), 0);
        assert_int_equal(record_parse(planned_record(m, true), &last), 0);
        f = record_file_at(&first, NAME_CLAIMS);
        assert_non_null(f);
        assert_true(fingerprint_is(&f->written, m->wanted.claims));
        assert_true(fingerprint_is(&f->replaced, former));
        f->exists = TRISTATE_YES;
        set_text(&f->present, former);
        assert_int_equal(owned_base(f, &found, &base), 0);
        assert_int_equal(found, OWNED_AS_WRITTEN);
        assert_null(base);
        f = record_file_at(&first, "/etc/modprobe.d/untouched.conf");
        assert_non_null(f);
        assert_int_equal(f->replaced.state, BYTES_UNKNOWN);
        f = record_file_at(&last, NAME_CLAIMS);
        assert_non_null(f);
        assert_true(fingerprint_is(&f->written, m->wanted.claims));
        assert_int_equal(f->replaced.state, BYTES_UNKNOWN);
}

/* The file of the run that was cut short has what was there before it, or what it wrote: the next run says which. */
static void an_interrupted_change_is_told_apart(void **state)
{
        Machine *m = *state;
        const char *const now[] = { "# of before\n", NULL };

        for (size_t i = 0; i < ELEMENTSOF(now); i++) {
                _cleanup_(record_done) Record last = {};
                RecordFile *f = record_file_at(&m->facts.record, "/etc/modprobe.d/x.conf");
                const char *text = now[i] ?: "# new\n";

                assert_non_null(f);
                set_text(&f->format, "lines");
                f->original = fingerprint_of(NULL);
                f->written = fingerprint_of("# new\n");
                f->replaced = fingerprint_of("# of before\n");
                f->exists = TRISTATE_YES;
                set_text(&f->present, text);
                machine_judge(m);
                assert_int_equal(record_parse(planned_record(m, true), &last), 0);
                f = record_file_at(&last, "/etc/modprobe.d/x.conf");
                assert_non_null(f);
                assert_true(fingerprint_is(&f->written, text));
                assert_int_equal(f->replaced.state, BYTES_UNKNOWN);
        }
}

static void what_is_no_longer_asked_for_goes_away(void **state)
{
        Machine *m = *state;

        FOREACH_ARRAY(d, m->config.devices, m->config.n_devices) {
                free(d->name);
                free(d->file);
        }
        m->config.n_devices = 0;
        machine_intel(m)->present = TRISTATE_NO; /* also where the firmware has lost its IOMMU */
        machine_judge(m);
        assert_true(m->plan.n >= 5);
        assert_int_equal(m->plan.steps[0].kind, STEP_REMOVE_FILE);
        assert_string_equal(m->plan.steps[0].path, "/etc/ptprep/claims");
        assert_int_equal(m->plan.steps[3].kind, STEP_REBUILD_IMAGE);
        /* an absent device keeps its recorded path, so the list does not change under it */
}

static void an_absent_device_keeps_its_path(void **state)
{
        Machine *m = *state;
        _cleanup_free_ char *before = NULL;

        m->config.devices[0].optional = true;
        machine_settle(m);
        before = copy(m->facts.claims);
        machine_function(m, "0000:00:04.0")->addr.bus = 1; /* gone from its address; order stays */
        m->facts.n_functions = 3;
        machine_judge(m);
        assert_string_equal(m->wanted.claims, before);
        m->facts.n_functions = 4;
}

/* After an upgrade of ptprep the list is that of the former release, and so are list and helper in the images. */
static void a_list_of_the_former_release_is_replaced(void **state)
{
        Machine *m = *state;
        bool list = false, image = false;
        char *version = strstr(m->facts.claims, "version=");

        assert_non_null(version);
        memmove(version, text_next_line(version), strlen(text_next_line(version)) + 1);
        m->facts.kernels[0].image.digest = image_digest(m->facts.claims, m->facts.helper_hash - 1);
        machine_judge(m);
        expect(m, "device.claimlist", RESULT_OK, "listed in"); /* its line means what it did */
        expect(m, "image.current", RESULT_FAIL, "");
        FOREACH_ARRAY(s, m->plan.steps, m->plan.n) {
                list |= s->kind == STEP_WRITE_FILE && streq(s->path, NAME_CLAIMS);
                image |= s->kind == STEP_REBUILD_IMAGE;
        }
        assert_true(list && image);
}

static BootEntry *add_loader(Machine *m, const char *unused, const char *arguments)
{
        Loader *l = array_grow(&m->facts.loaders, m->facts.n_loaders);
        BootEntry *e = l ? array_grow(&l->entries, l->n_entries) : NULL;

        assert_non_null(e);
        m->facts.n_loaders++;
        l->n_entries++;
        l->kind = LOADER_BLS;
        set_text(&l->unused, unused);
        e->id = copy("other");
        e->title = copy("Other");
        assert_int_equal(kargs_parse(arguments, &e->arguments), 0);
        return e;
}

/* The root that the list has of the machine's device; "": none. */
static void expect_root(Machine *m, const char *root)
{
        const char *found;

        machine_judge(m);
        found = strstr(m->wanted.claims, " root=");
        found = found ? found + strlen(" root=") : "";
        if (strcspn(found, " \n") != strlen(root) || strncmp(found, root, strlen(root)) != 0)
                fail_msg("root is \"%s\", expected \"%s\"", found, root);
}

/* The helper takes no disk controller where it sees another root than that of the list. */
static void the_root_is_that_of_this_system(void **state)
{
        Machine *m = *state;
        BootEntry *own, *other;

        m->facts.cmdline_known = false; /* of an installer */
        other = add_loader(m, "the machine boots with GRUB", "root=/dev/old1 ro");
        other->is_default = true;
        own = m->facts.loaders->entries;
        expect_root(m, "/dev/vda2");
        other = machine_add_entry(m, "osprober-gnulinux-simple-1", "root=/dev/sda2 ro", true);
        own = m->facts.loaders->entries; /* they may have moved */
        other->foreign = other->is_default = true;
        own[0].rescue = true; /* of one kernel there is no more than a recovery entry in front */
        machine_add_entry(m, "Debian, second", "root=/dev/vda3 ro", false);
        expect_root(m, "/dev/vda3");
        own = m->facts.loaders->entries;
        other = own + 2;
        own[0].rescue = false;
        expect_root(m, "/dev/vda2");
        /* written by a person, of who knows which system */
        set_text(&other->id, "mine");
        expect_root(m, "/dev/vda2");
        machine_set_cmdline(m, "root=/dev/sda3");
        expect_root(m, "/dev/vda2");
        machine_set_cmdline(m, "root=/dev/sda2"); /* of this one, it has booted it */
        expect_root(m, "/dev/sda2");
        /* what a list has that is of neither is corrected */
        machine_set_cmdline(m, "root=/dev/vda2");
        set_text(&m->facts.claims, "version=2\n0000:00:04.0 8086:10d3 vfio-pci - nic0 root=/dev/old1\n");
        expect_root(m, "/dev/vda2");
        set_text(&m->facts.claims, "version=2\n0000:00:04.0 8086:10d3 vfio-pci - nic0 root=/dev/sda2\n");
        expect_root(m, "/dev/vda2");
        /* an entry that has none says nothing */
        machine_set_cmdline(m, "root=/dev/vda4");
        FOREACH_ARRAY(e, m->facts.loaders->entries, m->facts.loaders->n_entries)
                kargs_done(&e->arguments);
        expect_root(m, "/dev/vda4");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)
        const struct CMUnitTest tests[] = {
                T(a_fresh_plan_has_the_safe_order),
                T(an_unreadable_boot_is_left_alone),
                T(an_unmounted_esp_is_told),
                T(taking_away_does_not_wait),
                T(taking_away_leaves_what_was_in_force),
                T(taking_away_needs_the_image),
                T(a_plan_that_failed_is_known_again),
                T(an_interrupted_run_is_cleaned_up_first),
                T(what_could_not_be_put_back_comes_first),
                T(a_change_on_its_way_is_told_from_an_edit),
                T(an_interrupted_change_is_told_apart),
                T(what_is_no_longer_asked_for_goes_away),
                T(an_absent_device_keeps_its_path),
                T(a_list_of_the_former_release_is_replaced),
                T(the_root_is_that_of_this_system),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
