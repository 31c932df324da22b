/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "grub/loader/entry-edit.h"
#include "grub/loader/kernel-install.h"
#include "grub/loader/loaders.h"
#include "grub/loader/systemd-boot.h"

/*
 * The name of an entry's file in the record: without its boot counter, so that it is found again when that has changed.
 * *ret stays NULL where that is its path anyway, or the name of another entry's file.
 */
static int recorded_name(const Loader *l, const BootEntry *e, char **ret)
{
        const char *base = strrchr(e->file, '/') + 1;
        _cleanup_free_ char *name = NULL;

        if (string_printf(&name, "%.*s%s", (int) (base - e->file), e->file, e->id) < 0)
                return -ENOMEM;
        if (!loader_file(l, name))
                *ret = TAKE_PTR(name);
        return 0;
}

/* What a new /etc/kernel/cmdline begins with: the platform's default, else what the default entry has now. */
static int cmdline_base(const Loader *l, Kargs *ret)
{
        const LoaderFile *f = loader_file(l, KERNEL_CMDLINE_DEFAULT);
        _cleanup_(kargs_done) Kargs words = {};
        const BootEntry *best = NULL;
        int r;

        if (f) {
                r = kargs_parse(f->text, &words);
                return r < 0 ? r : kernel_cmdline_words(&words, ret);
        }
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                if (!e->rescue && (!best || e->is_default))
                        best = e;
        return best ? kernel_cmdline_words(&best->arguments, ret) : 0;
}

static int edit_cmdline(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        const LoaderFile *f = loader_file(l, KERNEL_CMDLINE_FILE);
        _cleanup_(kargs_done) Kargs base = {};
        int r;

        if (!f && !l->names_kernels)
                return 0;
        r = cmdline_base(l, &base);
        return r < 0 ? r : plan_cmdline(plan, want, KERNEL_CMDLINE_FILE, f ? f->text : NULL, &base, false);
}

/* Is a word among those that are built in? */
static bool has_built_in(const BootEntry *e, const char *word)
{
        FOREACH_ARRAY(w, e->arguments.words.items, e->arguments.words.n)
                if (streq(*w, word) && !boot_entry_origin(e, *w))
                        return true;
        return false;
}

/* Does an entry whose arguments are built in have to be built again? What it lacks an addon brings, where the claim
 * image is in one. 1, 0 or -ENOMEM. */
static int needs_build(const Loader *l, const LoaderEdit *want, const BootEntry *e)
{
        static const Kargs none = {};
        _cleanup_(owned_words_done) OwnedWords unwanted = {};
        int r;

        if (!loader_entry_fine(e, want->early && l->early_addon ? &none : want->add, want->remove))
                return 1;
        if (e->version && want->stale && string_list_contains(want->stale, e->version))
                return 1;
        r = loader_unwanted(want, KERNEL_CMDLINE_FILE, &unwanted);
        if (r < 0)
                return r;
        FOREACH_ARRAY(w, unwanted.items, unwanted.n)
                if (has_built_in(e, w->word))
                        return 1;
        return 0;
}

static bool build_planned(const Plan *plan, const char *release)
{
        FOREACH_ARRAY(s, plan->steps, plan->n)
                if (s->kind == STEP_COMMAND && streq_null(s->command.release, release))
                        return true;
        return false;
}

static int plan_build(const Loader *l, const LoaderEdit *want, const BootEntry *e, Plan *plan)
{
        const char *const argv[] = { "kernel-install", "add", e->version, e->source };
        _cleanup_(owned_words_done) OwnedWords unwanted = {};
        _cleanup_(kargs_done) Kargs gone = {};
        CommandStep *s;
        int r = 0;

        if (build_planned(plan, e->version))
                return 0;
        r = loader_unwanted(want, KERNEL_CMDLINE_FILE, &unwanted);
        for (size_t i = 0; i < want->remove->words.n && r >= 0; i++)
                r = string_list_add(&gone.words, want->remove->words.items[i]);
        for (size_t i = 0; i < unwanted.n && r >= 0; i++)
                r = string_list_add(&gone.words, unwanted.items[i].word);
        if (r < 0)
                return r;
        s = plan_add_command(plan, want->check, e->file, l->kind, want->add, &gone);
        if (!s)
                return -ENOMEM;
        s->may_stay = loader_wants_nothing(want);
        s->boot_root = true;
        r = string_copy(e->version, &s->release);
        for (size_t i = 0; i < ELEMENTSOF(argv) && r >= 0; i++)
                r = string_list_add(&s->argv, argv[i]);
        return r;
}

static int build_all(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                int r = e->rescue || !e->embedded ? 0 : needs_build(l, want, e);

                if (r > 0)
                        r = e->source ? plan_build(l, want, e, plan) : loader_refuse(want, -ENOTSUP, "%s", e->obstacle);
                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * A file that ptprep made goes away when all is taken back. Without it kernel-install would take the arguments of this
 * very boot, which are those that have to go: so the file goes only when the images are built.
 */
static int delay_removal(const Loader *l, const LoaderEdit *want, size_t builds, Plan *plan)
{
        const LoaderFile *f = loader_file(l, KERNEL_CMDLINE_FILE);
        const RecordFile *recorded = record_file(want->record, KERNEL_CMDLINE_FILE);
        const PlanWords none = { .format = owned_cmdline.name };
        _cleanup_free_ char *base = NULL;
        int r;

        if (plan->n == builds || !f || !recorded || loader_present(plan, KERNEL_CMDLINE_FILE, f->text))
                return 0;
        r = owned_cmdline.take_out(f->text, &recorded->added, &base);
        if (r < 0 || !base)
                return r;
        for (size_t i = builds; i-- > 0;) {
                Step *s = plan->steps + i;

                if (s->kind != STEP_REMOVE_FILE || !streq(s->path, KERNEL_CMDLINE_FILE))
                        continue;
                if (streq(base, f->text)) { /* an earlier run came as far as this */
                        plan_remove(plan, i);
                        continue;
                }
                s->kind = STEP_WRITE_FILE;
                r = string_copy(base, &s->file.new_text);
                if (r < 0)
                        return r;
        }
        r = plan_edit(plan, want->check, KERNEL_CMDLINE_FILE, base, NULL, &none);
        if (r >= 0)
                plan->steps[plan->n - 1].file.waits = true;
        return r;
}

/*
 * Type 1 entries are edited in place, not made again by kernel-install: that keeps all their other words, whatever
 * /etc/kernel/cmdline says, and a power cut leaves the old file or the new one. An image has to be built again.
 */
static int systemd_boot_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        size_t builds;
        int r = edit_cmdline(l, want, plan); /* made of what the entries have before they are edited */

        if (r >= 0)
                r = plan_inherited(l, want, plan);
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                const LoaderFile *f = e->rescue || e->embedded ? NULL : loader_file(l, e->file);
                _cleanup_free_ char *subject = NULL;

                if (f && r >= 0)
                        r = recorded_name(l, e, &subject);
                if (f && r >= 0)
                        r = plan_entry(plan, want, f->path, subject, f->text);
                if (r < 0)
                        return r;
        }
        builds = plan->n;
        if (r >= 0)
                r = build_all(l, want, plan);
        return r < 0 ? r : delay_removal(l, want, builds, plan);
}

static const char *entry_early_obstacle(const Loader *l, const BootEntry *e)
{
        const bool unified = e->embedded || e->image_size > 0;

        if (e->no_addon)
                return e->no_addon;
        if (unified && !(l->early_addon && sd_is_image(e)))
                return "it boots unified kernel images, which have their initramfs in them, beside other entries or by "
                       "entries of their own";
        if ((unified || e->initrd) && !sd_entry_loads_from(e, l->early_directory))
                return "its entries lie on two partitions, and each loads only what is on its own";
        return NULL;
}

static const char *systemd_boot_early_obstacle(const Loader *l)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                const char *obstacle = e->rescue ? NULL : entry_early_obstacle(l, e);

                if (obstacle)
                        return obstacle;
        }
        return l->early_directory ? NULL : "none of its entries has an initramfs";
}

/* The stub does it all; but what firmware does that starts an image by itself was not seen yet. */
static const char *uki_early_obstacle(const Loader *l)
{
        (void) l;
        return "the firmware boots unified kernel images, which have their initramfs in them, and only where "
               "systemd-boot does is an addon put beside them";
}

const LoaderOps loader_systemd_boot = {
        .kind = LOADER_SYSTEMD_BOOT,
        .read = systemd_boot_read,
        .edit = systemd_boot_edit,
        .early_obstacle = systemd_boot_early_obstacle,
};

const LoaderOps loader_uki = {
        .kind = LOADER_UKI,
        .read = uki_loader_read,
        .edit = systemd_boot_edit,
        .early_obstacle = uki_early_obstacle,
};
