/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "grub/format/blscfg.h"
#include "grub/format/efivars.h"
#include "grub/loader/grub-beside.h"
#include "grub/loader/grub-draft.h"
#include "grub/loader/grub-platform.h"
#include "grub/loader/grub-target.h"
#include "grub/loader/kernel-install.h"
#include "grub/loader/loaders.h"
#include "model/names.h"

#define DEFAULT_DIR     "/etc/default/grub.d"
#define LINUX_SCRIPT    "/etc/grub.d/10_linux"
/* All sources together: people write a few KiB, and time to evaluate them grows with the square. */
#define SOURCES_MAX_KIB 128U

/* What people ask for first, also when nobody has assigned it. */
static const char *const standard_variables[] = { VAR_ALL, VAR_NORMAL, "GRUB_DEFAULT", "GRUB_DISABLE_RECOVERY",
                                                  "GRUB_ENABLE_BLSCFG" };

static int note_unreadable(Loader *l, const char *path, int error)
{
        l->readable = TRISTATE_NO;
        return string_list_addf(&l->unreadable, "%s: %s", path,
                                error == -EBADMSG ? "it has NUL bytes in it" : strerror(-error));
}

/* A file that is there but cannot be read makes the loader unreadable, and no more than that. */
static int read_source(int rfd, Loader *l, const char *path)
{
        _cleanup_free_ char *text = NULL;
        size_t size, left = SOURCES_MAX_KIB * 1024;
        int r;

        FOREACH_ARRAY(f, l->files, l->n_files)
                left -= f->size;
        r = root_read_file(rfd, path, left, &text, &size);
        if (r == -EFBIG) {
                l->readable = TRISTATE_NO;
                return string_list_addf(&l->unreadable, "%s: with it, the settings are longer than %u KiB", path,
                                        SOURCES_MAX_KIB);
        }
        if (r >= 0 && strlen(text) != size) /* the shell would drop the NUL bytes */
                r = -EBADMSG;
        if (r == -ENOENT || r == -ENOMEM) /* a link to nowhere: the script tests for that */
                return r == -ENOENT ? 0 : r;
        if (r < 0)
                return note_unreadable(l, path, r);
        return loader_add_file(l, path, &text, size);
}

/* The drop-in has to be read behind all others: dash expands a glob in the order of strcmp(). */
static int choose_drop_in(Loader *l, const StringList *names)
{
        char name[64] = "zz" DROP_IN_SUFFIX;

        FOREACH_ARRAY(n, names->items, names->n)
                while (!is_own_drop_in(*n) && strcmp(*n, name) > 0) {
                        size_t z = strspn(name, "z");

                        if (z >= 32)
                                return -ENOTSUP;
                        memset(name, 'z', z + 1);
                        strcpy(name + z + 1, DROP_IN_SUFFIX);
                }
        return string_printf(&l->drop_in, DEFAULT_DIR "/%s", name);
}

static int read_sources(int rfd, Loader *l)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = read_source(rfd, l, NAME_DEFAULT_GRUB);

        if (r < 0 || !l->drop_in_sourced)
                return r;
        r = root_list(rfd, DEFAULT_DIR, ".cfg", &names);
        if (r < 0 && r != -ENOENT)
                return r == -ENOMEM ? r : note_unreadable(l, DEFAULT_DIR, r);
        FOREACH_ARRAY(n, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                if ((*n)[0] == '.') /* a glob does not match it */
                        continue;
                if (string_printf(&path, DEFAULT_DIR "/%s", *n) < 0)
                        return -ENOMEM;
                r = read_source(rfd, l, path);
                if (r < 0)
                        return r;
        }
        r = choose_drop_in(l, &names);
        if (r == -ENOTSUP)
                r = string_list_addf(&l->unreadable, DEFAULT_DIR ": no name sorts behind all that are there");
        return r;
}

/* In a menu that has entries of the boot loader specification too, it is one of these unless it is one of the text. */
static int read_once(Loader *l, const char *path, const char *text, const GrubBeside *beside)
{
        _cleanup_(boot_once_done) BootOnce once = {};
        size_t shared;
        int r = grub_beside_once(path, text, beside, &once);

        if (r >= 0 && once.id && grub_cfg_has_blscfg(text))
                r = grub_cfg_find_entry(text, &beside->sources, once.id, &shared);
        else if (r >= 0)
                r = once.id != NULL;
        if (r > 0 && !l->once.id) {
                l->once = once;
                once = (BootOnce){};
        }
        return MIN(r, 0);
}

/* Adds the entries of one generated file. */
static int read_generated(int rfd, Loader *l, const char *path)
{
        _cleanup_(grub_beside_done) GrubBeside beside = {};
        _cleanup_free_ char *text = NULL;
        BootEntry *entries = NULL;
        size_t n = 0;
        int r = root_read_text(rfd, path, &text);

        if (r == -ENOMEM || r == -ENOENT)
                return r;
        if (r < 0)
                return note_unreadable(l, path, r);
        r = grub_beside_read(rfd, path, text, &beside);
        if (r >= 0 && beside.unreadable)
                r = note_unreadable(l, beside.unreadable, beside.error);
        if (r >= 0)
                r = grub_cfg_parse_all(path, text, beside.has_env ? &beside.env : NULL, &beside.sources, &entries, &n);
        if (r >= 0)
                r = read_once(l, path, text, &beside);
        l->menu_from_bls |= r >= 0 && grub_cfg_has_blscfg(text);
        for (size_t i = 0; i < n && r >= 0; i++) {
                BootEntry *e = array_grow(&l->entries, l->n_entries);

                if (!e) {
                        r = -ENOMEM;
                        break;
                }
                *e = entries[i];
                entries[i] = (BootEntry){};
                l->n_entries++;
        }
        boot_entries_free(entries, n);
        return r;
}

/* GRUB 2.04 and up, unless somebody has put an older script there. */
static int read_early_variable(int rfd, Loader *l)
{
        _cleanup_free_ char *text = NULL;
        int r = root_read_text(rfd, LINUX_SCRIPT, &text);

        l->early_variable = r >= 0 && strstr(text, VAR_EARLY);
        if (l->early_variable && string_copy(NAME_BOOT, &l->early_directory) < 0)
                return -ENOMEM;
        return r == -ENOMEM ? r : 0;
}

static ShellDialect dialect(const Loader *l)
{
        return l->bash ? SHELL_BASH : SHELL_POSIX;
}

static int read_variables(Loader *l)
{
        _cleanup_(shell_state_done) ShellState state = {};
        int r = shell_eval(l->files, l->n_files, dialect(l), &state);

        if (r < 0)
                return r;
        l->variables = TAKE_PTR(state.variables);
        l->n_variables = state.n_variables;
        state.n_variables = 0;
        for (size_t i = 0; i < ELEMENTSOF(standard_variables); i++) {
                LoaderVariable *v;

                if (loader_variable(l, standard_variables[i]))
                        continue;
                v = array_grow(&l->variables, l->n_variables);
                if (!v)
                        return -ENOMEM;
                v->name = strdup(standard_variables[i]);
                v->state = state.uncertain || l->readable != TRISTATE_YES ? VARIABLE_CANNOT_TELL : VARIABLE_UNSET;
                if (!v->name)
                        return -ENOMEM;
                l->n_variables++;
        }
        return 0;
}

/* No configuration was generated yet, and when it is, it will take its menu from elsewhere. */
static bool will_use_bls(int rfd)
{
        _cleanup_free_ char *text = NULL;

        return root_read_text(rfd, NAME_DEFAULT_GRUB, &text) >= 0 && default_grub_enables_bls(text);
}

/* Is this configuration the one of openSUSE's GRUB on the EFI system partition, which nothing makes of the sources? */
static bool is_fixed(int rfd, const char *path)
{
        _cleanup_free_ char *text = NULL;

        return strstr(path, "/EFI/") && has_sdbootutil(rfd) && root_read_text(rfd, path, &text) >= 0 &&
               grub_cfg_has_blscfg(text);
}

static bool has_own_entries(const Loader *l)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                if (!e->rescue)
                        return true;
        return false;
}

static int grub2_read(int rfd, Loader *ret)
{
        _cleanup_(loader_done) Loader l = { .kind = LOADER_GRUB2, .readable = TRISTATE_YES };
        _cleanup_(grub_platform_done) GrubPlatform platform = {};
        int r = grub_platform_find(rfd, &platform);

        if (r < 0)
                return r;
        l.mkconfig = platform.mkconfig;
        platform.mkconfig = (StringList){};
        l.left_alone = platform.others;
        platform.others = (StringList){};
        l.unreadable = platform.unreadable;
        platform.unreadable = (StringList){};
        if (l.unreadable.n > 0) /* another configuration than the one that was found may be what boots */
                l.readable = TRISTATE_NO;
        l.drop_in_sourced = platform.drop_ins;
        l.bash = platform.dialect == SHELL_BASH;
        l.generated = TAKE_PTR(platform.generated.items[0]);
        for (size_t i = 1; i < platform.generated.n && r >= 0; i++)
                r = string_list_add(&l.generated_too, platform.generated.items[i]);
        if (r >= 0 && !is_fixed(rfd, l.generated))
                r = read_sources(rfd, &l);
        if (r >= 0)
                r = read_early_variable(rfd, &l);
        if (r >= 0)
                r = read_variables(&l);
        if (r >= 0)
                r = read_generated(rfd, &l, l.generated);
        if (r == -ENOENT && will_use_bls(rfd)) {
                l.menu_from_bls = true;
                r = 0;
        }
        if (r == -ENOENT && l.unreadable.n > 0) /* it may be where nobody but root may look */
                r = 0;
        for (size_t i = 0; i < l.generated_too.n && r >= 0; i++)
                r = read_generated(rfd, &l, l.generated_too.items[i]);
        if (r < 0) /* the tools may be installed, and something else boots */
                return r;
        l.menu_from_bls &= !has_own_entries(&l);
        l.booted = efi_booted_by(rfd, "GRUB ");
        *ret = l;
        l = (Loader){};
        return 0;
}

/* A drop-in of ours in which nobody else has written anything. */
static bool is_all_ours(const LoaderFile *f, const LoaderEdit *want)
{
        const RecordFile *recorded = record_file(want->record, f->path);

        if (!is_own_drop_in(f->path))
                return false;
        return recorded ? recorded->original.state == BYTES_ABSENT && (fingerprint_is(&recorded->written, f->text) ||
                                                                       fingerprint_is(&recorded->replaced, f->text))
                        : startswith(f->text, GENERATED_MARK) != NULL;
}

static int draft_init(const Loader *l, const LoaderEdit *want, Draft *d)
{
        FOREACH_ARRAY(f, l->files, l->n_files) {
                int r = is_all_ours(f, want) ? 0 : draft_add(d, f->path, f->text);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int plan_sources(const Loader *l, const LoaderEdit *want, const Draft *d, const char *drop_in,
                        const OwnedWords *words, Plan *plan)
{
        const PlanWords ours = { .format = owned_grub_default.name, .added = *words };
        int r = 0;

        for (size_t i = 0; i < d->n && r >= 0; i++) {
                const LoaderFile *old = loader_file(l, d->files[i].path);

                if (!(drop_in && streq(d->files[i].path, l->drop_in)))
                        r = plan_edit(plan, want->check, d->files[i].path, old ? old->text : NULL, d->files[i].text,
                                      d->words + i);
        }
        for (size_t i = 0; i < l->n_files && r >= 0; i++) {
                const LoaderFile *f = l->files + i;

                if (is_all_ours(f, want) && !(drop_in && streq(f->path, l->drop_in)))
                        r = plan_edit(plan, want->check, f->path, f->text, NULL, &ours);
        }
        if (r >= 0 && drop_in) {
                const LoaderFile *old = loader_file(l, l->drop_in);

                r = plan_edit(plan, want->check, l->drop_in, old ? old->text : NULL, drop_in, &ours);
        }
        return r;
}

static bool has_word(const Kargs *k, const char *word)
{
        return string_list_contains(&k->words, word);
}

/* Is the image that has to come first missing, or still there when none has to? */
static bool early_differs(const BootEntry *e, const LoaderEdit *want)
{
        if (!want->early)
                return boot_entry_loads_early(e, NAME_CLAIM_IMAGE_FILE);
        return e->initrd && !boot_entry_loads_early(e, want->early);
}

/* A word of ours that nobody wants any more, still in an entry although the sources do not bring it. */
static bool entry_is_stale(const BootEntry *e, const LoaderEdit *want, const Kargs *base)
{
        if (!kargs_has(want->add, KARG_CLAIM) && has_word(&e->arguments, KARG_CLAIM) && !has_word(base, KARG_CLAIM))
                return true;
        FOREACH_ARRAY(f, want->record->files, want->record->n) {
                if (!streq(f->format, owned_grub_default.name))
                        continue;
                FOREACH_ARRAY(w, f->added.items, f->added.n)
                        if (!has_word(want->add, w->word) && has_word(&e->arguments, w->word) &&
                            !has_word(base, w->word))
                                return true;
        }
        return false;
}

/* Does anything that will boot differ from what the sources are to make of it? */
static bool entries_differ(const Loader *l, const LoaderEdit *want, const Kargs *base)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                if (!e->rescue && (!loader_entry_fine(e, want->add, want->remove) || entry_is_stale(e, want, base) ||
                                   early_differs(e, want)))
                        return true;
        return false;
}

static int plan_generate(const Loader *l, const LoaderEdit *want, const char *path, Plan *plan)
{
        MenuStep *s = plan_add_menu(plan, want->check, path, want->add, want->remove);

        if (!s || string_copy(want->early, &s->early) < 0)
                return -ENOMEM;
        FOREACH_ARRAY(a, l->mkconfig.items, l->mkconfig.n) {
                int r = string_list_add(&s->argv, *a);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int plan_mkconfig(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        int r;

        if (l->menu_from_bls)
                return 0;
        if (l->mkconfig.n == 0)
                return loader_refuse(want, -ENOTSUP, "no grub-mkconfig or grub2-mkconfig found that makes %s anew",
                                     l->generated);
        r = plan_generate(l, want, l->generated, plan);
        for (size_t i = 0; i < l->generated_too.n && r >= 0; i++)
                r = plan_generate(l, want, l->generated_too.items[i], plan);
        return r;
}

/* The planner has given back what the record tells of: what is left is to be made anew from that. */
static int edit_nothing(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        const PlanWords none = { .format = owned_grub_default.name };
        _cleanup_(draft_done) Draft d = { .dialect = dialect(l) };
        _cleanup_(kargs_done) Kargs base = {};
        bool changed = false;
        int r = 0;

        FOREACH_ARRAY(f, l->files, l->n_files) {
                const char *text = loader_present(plan, f->path, f->text);

                if (text && is_all_ours(f, want)) { /* made by a ptprep that kept no record */
                        r = plan_edit(plan, want->check, f->path, f->text, NULL, &none);
                        text = NULL;
                }
                changed |= !streq_null(text, f->text);
                if (r >= 0 && text)
                        r = draft_add(&d, f->path, text);
                if (r < 0)
                        return r;
        }
        FOREACH_ARRAY(f, want->record->files, want->record->n) {
                _cleanup_free_ char *text = NULL;
                OwnedState state;

                if (!streq(f->format, owned_grub_default.name))
                        continue;
                r = owned_base(f, &state, &text);
                if (r < 0)
                        return r;
                changed |= state == OWNED_ORIGINAL || state == OWNED_GONE; /* an interrupted run came no further */
        }
        r = draft_arguments(&d, &base, NULL);
        if (r < 0)
                return r;
        return changed || entries_differ(l, want, &base) ? plan_mkconfig(l, want, plan) : 0;
}

/* An entry that somebody wrote into /etc/grub.d by hand, and that boots if nobody chooses another. */
static int check_default(const Loader *l, const LoaderEdit *want)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                if (e->foreign && e->is_default && !startswith(e->id, "osprober-") &&
                    (!loader_entry_fine(e, want->add, want->remove) || early_differs(e, want)))
                        return loader_refuse(want, -ENOTSUP,
                                             "the default entry \"%s\" (%s:%u) is not made from " NAME_DEFAULT_GRUB
                                             ": change it %s, or choose another default",
                                             e->title, e->file, e->line, loader_foreign_place(l, e));
        return 0;
}

static int edit_own_menu(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        _cleanup_(draft_done) Draft d = { .dialect = dialect(l) };
        _cleanup_(kargs_done) Kargs base = {};
        _cleanup_(owned_words_done) OwnedWords words = {};
        _cleanup_free_ char *drop_in = NULL;
        size_t before = plan->n;
        int r;

        if (loader_wants_nothing(want))
                return edit_nothing(l, want, plan);
        if (l->menu_from_bls && l->n_files == 0)
                return 0;
        if (l->drop_in_sourced && !l->drop_in)
                return loader_refuse(want, -ENOTSUP, DEFAULT_DIR " has a file that nothing sorts behind");
        r = check_default(l, want);
        if (r >= 0)
                r = draft_init(l, want, &d);
        if (r >= 0)
                r = draft_edit(&d, want, l->drop_in, &drop_in, &words);
        if (r >= 0)
                r = plan_sources(l, want, &d, drop_in, &words, plan);
        if (r >= 0)
                r = draft_arguments(&d, &base, NULL);
        if (r < 0)
                return r;
        return plan->n > before || entries_differ(l, want, &base) ? plan_mkconfig(l, want, plan) : 0;
}

/* What is loaded in front of the images of other entries than those of its own menu is not its matter. */
static int grub2_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        LoaderEdit own = *want;

        if (l->menu_from_bls)
                own.early = NULL;
        return edit_own_menu(l, &own, plan);
}

static const char *grub2_early_obstacle(const Loader *l)
{
        if (l->menu_from_bls)
                return "its menu is made of boot loader specification entries, and there are none";
        if (!l->early_variable)
                return LINUX_SCRIPT " knows nothing of " VAR_EARLY ": that needs GRUB 2.04 or newer";
        /* 20_linux_xen writes all images on one module2 line, of which Xen takes the first */
        FOREACH_ARRAY(e, l->entries, l->n_entries)
                if (e->hypervisor && !e->foreign)
                        return "its menu boots Linux under Xen, which would take the claim image for the initramfs and "
                               "leave out the right one";
        return NULL;
}

const LoaderOps loader_grub2 = {
        .kind = LOADER_GRUB2,
        .read = grub2_read,
        .edit = grub2_edit,
        .early_obstacle = grub2_early_obstacle,
};
