/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "grub/format/bls.h"
#include "grub/format/cmdline.h"
#include "grub/format/gvariant.h"
#include "grub/loader/loaders.h"
#include "model/names.h"

/*
 * Systems of OSTree: rpm-ostree makes a new deployment, with its own boot entry, of every change. Entries are read
 * here, and changed by rpm-ostree only; those of older deployments stay as they are, which is the way back. While a
 * system runs, the new deployment is staged: its arguments stand in a file below /run, and its entry is written at
 * shutdown. Sources: ostree ostree-sysroot-deploy.c, ostree_sysroot_stage_tree_with_options(); rpm-ostree
 * rpmostree-builtin-kargs.cxx.
 */

#define ENTRIES      "/boot/loader/entries"
#define STAGED       "/run/ostree/staged-deployment"
#define STAGED_MAX   (256U * 1024)
#define TOOL         "rpm-ostree"           /* subject in the record: its arguments */
#define SWITCH       "rpm-ostree initramfs" /* and whether it makes images of its own */
#define REGENERATION "regenerate-initramfs=true"

/* Absolute paths on the boot partition, which /boot is or has below it. */
static int boot_path(int rfd, const char *path, char **ret)
{
        _cleanup_free_ char *below = NULL;
        struct stat st;

        if (string_printf(&below, "/boot%s%s", *path == '/' ? "" : "/", path) < 0)
                return -ENOMEM;
        if (root_stat(rfd, below, &st) < 0 && root_stat(rfd, path, &st) >= 0) {
                *ret = strdup(path);
                return *ret ? 0 : -ENOMEM;
        }
        *ret = TAKE_PTR(below);
        return 0;
}

static char *release_of(const char *kernel)
{
        const char *base = strrchr(kernel, '/'), *release = base ? startswith(base, "/vmlinuz-") : NULL;

        return release ? strdup(release) : NULL;
}

/* Deployments are numbered; the highest is the one that boots. */
static unsigned long entry_number(const BlsEntry *entry)
{
        const char *version = bls_value(entry, BLS_SYSTEMD, "version");

        return version ? strtoul(version, NULL, 10) : 0;
}

/* Returns 1: added, and *ret_number is its number; 0: no entry of OSTree's; -ENOMEM. */
static int read_entry(int rfd, Loader *l, const char *name, unsigned long *ret_number)
{
        _cleanup_(bls_entry_done) BlsEntry entry = {};
        _cleanup_free_ char *path = NULL, *text = NULL;
        const char *kernel;
        BootEntry *e;
        int r;

        if (string_printf(&path, ENTRIES "/%s", name) < 0)
                return -ENOMEM;
        r = root_read_text(rfd, path, &text);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return 0;
        r = bls_parse(text, &entry);
        if (r < 0)
                return r;
        kernel = bls_value(&entry, BLS_SYSTEMD, "linux");
        if (!kernel)
                return 0;
        e = array_grow(&l->entries, l->n_entries);
        if (!e)
                return -ENOMEM;
        l->n_entries++;
        r = bls_boot_entry(&entry, BLS_SYSTEMD, name, path, NULL, 0, e);
        if (r >= 0)
                r = string_copy(name, &e->id);
        if (r < 0)
                return r;
        free(e->version); /* that is the number of the deployment */
        e->version = release_of(kernel);
        if (e->initrd)
                r = boot_path(rfd, e->initrd, &e->image);
        *ret_number = entry_number(&entry);
        return r < 0 ? r : 1;
}

/* The kernel of a deployment's own tree, and its image beside it. */
static int find_deployed_kernel(int rfd, const char *deployment, BootEntry *e)
{
        _cleanup_(string_list_done) StringList releases = {};
        _cleanup_free_ char *folder = NULL;
        int r;

        if (string_printf(&folder, "%s/usr/lib/modules", deployment) < 0)
                return -ENOMEM;
        r = root_list(rfd, folder, NULL, &releases);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        FOREACH_ARRAY(release, releases.items, releases.n) {
                _cleanup_free_ char *image = NULL;
                struct stat st;

                if (string_printf(&image, "%s/%s/initramfs.img", folder, *release) < 0)
                        return -ENOMEM;
                if (root_stat(rfd, image, &st) < 0)
                        continue;
                e->image = TAKE_PTR(image);
                e->version = strdup(*release);
                return e->version ? 0 : -ENOMEM;
        }
        return 0;
}

/*
 * Returns 1: there is one; 0: none; -EBADMSG: not to be understood; other negative errno. @ret_deployment: its tree;
 * owned by the caller.
 */
static int read_staged(int rfd, Loader *l, char **ret_deployment)
{
        _cleanup_free_ char *data = NULL;
        const char *name = NULL, *os = NULL;
        GVariantSpan staged, target, value;
        BootEntry *e;
        size_t size;
        int r = root_read_file(rfd, STAGED, STAGED_MAX, &data, &size);

        if (r < 0)
                return r == -ENOENT || r == -ENOTDIR ? 0 : r;
        staged = (GVariantSpan){ (const unsigned char *) data, size };
        if (gvariant_lookup(staged, "target", "a{sv}", &target)) {
                name = gvariant_lookup(target, "name", "s", &value) ? gvariant_string(value) : NULL;
                os = gvariant_lookup(target, "osname", "s", &value) ? gvariant_string(value) : NULL;
        }
        if (!name || !os || strchr(name, '/') || strchr(os, '/') || !gvariant_lookup(staged, "kargs", "as", &value))
                return -EBADMSG;
        if (string_printf(ret_deployment, "/ostree/deploy/%s/deploy/%s", os, name) < 0)
                return -ENOMEM;
        e = array_grow(&l->entries, l->n_entries);
        if (!e)
                return -ENOMEM;
        l->n_entries++;
        e->id = strdup(name);
        e->title = strdup("staged deployment");
        e->kernel = strdup(*ret_deployment);
        e->file = strdup(STAGED);
        if (!e->id || !e->title || !e->kernel || !e->file)
                return -ENOMEM;
        r = gvariant_strings(value, &e->arguments.words);
        if (r >= 0)
                r = find_deployed_kernel(rfd, *ret_deployment, e);
        return r < 0 ? r : 1;
}

/* The tree that an entry boots: ostree=/ostree/boot.N/OS/CHECKSUM/M is a link to it. *ret stays NULL: not known. */
static int find_deployment(int rfd, const BootEntry *e, char **ret)
{
        _cleanup_free_ char *target = NULL;
        const char *value, *tail;
        size_t from = 0;
        int r;

        value = kargs_next(&e->arguments, "ostree", &from);
        if (!value || *value != '/')
                return 0;
        r = root_readlink(rfd, value, &target);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        tail = strstr(target, "deploy/");
        if (!tail)
                return 0;
        if (string_printf(ret, "/ostree/%s", tail) < 0)
                return -ENOMEM;
        return 0;
}

/* Is the image of a deployment made here, or does it come with the system? Untouched where that cannot be told. */
static int read_origin(int rfd, const char *deployment, Tristate *ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        int r;

        if (!deployment)
                return 0;
        if (string_printf(&path, "%s.origin", deployment) < 0)
                return -ENOMEM;
        r = root_read_text(rfd, path, &text);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        *ret = strstr(text, REGENERATION) ? TRISTATE_YES : TRISTATE_NO;
        return 0;
}

static int read_entries(int rfd, Loader *l)
{
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_free_ char *deployment = NULL;
        unsigned long highest = 0, number;
        size_t chosen = 0;
        int r = root_list(rfd, ENTRIES, ".conf", &names), staged;

        if (r < 0)
                return r;
        FOREACH_ARRAY(name, names.items, names.n) {
                r = startswith(*name, "ostree-") ? read_entry(rfd, l, *name, &number) : 0;
                if (r < 0)
                        return r;
                if (r > 0 && number >= highest) {
                        highest = number;
                        chosen = l->n_entries - 1;
                }
        }
        staged = read_staged(rfd, l, &deployment);
        if (staged < 0)
                return staged; /* what boots next cannot be told */
        if (staged > 0)
                chosen = l->n_entries - 1;
        for (size_t i = 0; i < l->n_entries; i++) {
                l->entries[i].is_default = i == chosen;
                l->entries[i].rescue = i != chosen; /* older deployments are the way back */
        }
        if (l->n_entries == 0)
                return 0;
        r = deployment ? 0 : find_deployment(rfd, l->entries + chosen, &deployment);
        return r < 0 ? r : read_origin(rfd, deployment, &l->regenerates);
}

static int ostree_read(int rfd, Loader *ret)
{
        static const char *const tools[] = { "/usr/bin/" TOOL, "/bin/" TOOL };
        _cleanup_(loader_done) Loader l = { .kind = LOADER_OSTREE,
                                            .readable = TRISTATE_YES,
                                            .alone = true,
                                            .makes_images = true,
                                            .regenerates = TRISTATE_UNKNOWN };
        struct stat st;
        int r;

        if (root_stat(rfd, NAME_RUN_OSTREE_BOOTED, &st) >= 0)
                l.booted = BOOTED_YES;
        else if (root_stat(rfd, "/ostree/deploy", &st) < 0)
                return -ENOENT;
        r = read_entries(rfd, &l);
        if (r == -ENOMEM)
                return r;
        if (r == -ENOENT && l.booted != BOOTED_YES)
                return -ENOENT;
        if (r < 0)
                l.readable = TRISTATE_NO;
        if (root_first(rfd, tools, ELEMENTSOF(tools)))
                r = string_list_add(&l.mkconfig, TOOL);
        if (r == -ENOMEM)
                return r;
        *ret = l;
        l = (Loader){};
        return 0;
}

/* One call of "rpm-ostree kargs", and the call that takes it back. */
typedef struct Call {
        StringList argv, undo;
        OwnedWords added, removed;
        Kargs gone; /* not there afterwards */
} Call;

static void call_done(Call *c)
{
        string_list_done(&c->argv);
        string_list_done(&c->undo);
        owned_words_done(&c->added);
        owned_words_done(&c->removed);
        kargs_done(&c->gone);
}

static int call_append(Call *c, const char *word)
{
        int r = string_list_addf(&c->argv, "--append-if-missing=%s", word);

        if (r >= 0)
                r = string_list_addf(&c->undo, "--delete-if-present=%s", word);
        return r;
}

static int call_delete(Call *c, const char *word)
{
        int r = string_list_addf(&c->argv, "--delete-if-present=%s", word);

        if (r >= 0)
                r = string_list_addf(&c->undo, "--append-if-missing=%s", word);
        return r;
}

/* Of ours, and not wanted any more. When all is taken back they are named in any case: the record gets empty by that.
 */
static int delete_unwanted(Call *c, const LoaderEdit *want, const Kargs *present)
{
        _cleanup_(owned_words_done) OwnedWords unwanted = {};
        int r = loader_unwanted(want, TOOL, &unwanted);

        for (size_t i = 0; i < unwanted.n && r >= 0; i++) {
                const char *w = unwanted.items[i].word;

                if (!loader_wants_nothing(want) && !string_list_contains(&present->words, w))
                        continue;
                r = call_delete(c, w);
                if (r >= 0)
                        r = string_list_add(&c->gone.words, w);
        }
        return r;
}

/* A word with a contradiction in it goes as a whole; what is left of a comma list comes back, and is its place. */
static int delete_contradiction(Call *c, const char *word, const char *contradiction)
{
        _cleanup_free_ char *left = NULL;
        int r = karg_without(word, contradiction, &left);

        if (r <= 0)
                return r;
        r = call_delete(c, word);
        if (r >= 0 && left)
                r = call_append(c, left);
        return r < 0 ? r : owned_words_add(&c->removed, left ?: "", word);
}

static int delete_contradictions(Call *c, const LoaderEdit *want, const Kargs *present)
{
        FOREACH_ARRAY(w, present->words.items, present->words.n)
                FOREACH_ARRAY(contradiction, want->remove->words.items, want->remove->words.n) {
                        int r = delete_contradiction(c, *w, *contradiction);

                        if (r < 0)
                                return r;
                }
        for (size_t i = 0; i < want->remove->words.n; i++) {
                int r = string_list_add(&c->gone.words, want->remove->words.items[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * A wanted word that is there already, and does not count because another of its key comes behind it: that one goes,
 * since a word that is not missing is not appended.
 */
static int delete_later(Call *c, const Kargs *present, const char *word)
{
        size_t n = strcspn(word, "=") + 1;

        FOREACH_ARRAY(w, present->words.items, present->words.n)
                if (strncmp(*w, word, n) == 0 && !streq(*w, word) && !owned_words_has(&c->removed, "", *w)) {
                        int r = call_delete(c, *w);

                        if (r >= 0)
                                r = owned_words_add(&c->removed, "", *w);
                        if (r < 0)
                                return r;
                }
        return 0;
}

static int append_missing(Call *c, const LoaderEdit *want, const Kargs *present)
{
        _cleanup_(kargs_done) Kargs missing = {};
        int r = kargs_missing(present, want->add, &missing);

        for (size_t i = 0; i < missing.words.n && r >= 0; i++) {
                const char *w = missing.words.items[i];

                if (kargs_has(present, w)) {
                        r = delete_later(c, present, w);
                        continue;
                }
                r = call_append(c, w);
                if (r >= 0)
                        r = owned_words_add(&c->added, "", w);
        }
        return r;
}

/* All is taken back: what ptprep took out comes in again, in the place of what was left of it. */
static int restore_removed(Call *c, const LoaderEdit *want)
{
        const RecordFile *f = loader_wants_nothing(want) ? record_file(want->record, TOOL) : NULL;

        FOREACH_ARRAY(w, f ? f->removed.items : NULL, f ? f->removed.n : 0) {
                int r = *w->place ? call_delete(c, w->place) : 0;

                if (r >= 0)
                        r = call_append(c, w->word);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int make_call(Call *c, const LoaderEdit *want, const Kargs *present)
{
        int r = delete_unwanted(c, want, present);

        if (r >= 0)
                r = delete_contradictions(c, want, present);
        if (r >= 0)
                r = append_missing(c, want, present);
        return r < 0 ? r : restore_removed(c, want);
}

static int add_words(StringList *argv, const char *verb, const StringList *options)
{
        int r = string_list_add(argv, TOOL);

        if (r >= 0)
                r = string_list_add(argv, verb);
        for (size_t i = 0; i < options->n && r >= 0; i++)
                r = string_list_add(argv, options->items[i]);
        return r;
}

/* The program changes a store of its own: that is what the record names. */
static int remember(CommandStep *s, const char *subject, const OwnedFormat *format, const OwnedWords *added,
                    const OwnedWords *removed)
{
        const PlanWords words = { format->name, subject, *added, *removed };

        return step_remember(&s->record, &words);
}

static int plan_kargs(const BootEntry *e, const LoaderEdit *want, const Call *call, Plan *plan)
{
        CommandStep *s = plan_add_command(plan, "iommu.argument", e->file, LOADER_OSTREE, want->add, &call->gone);
        int r;

        if (!s)
                return -ENOMEM;
        r = add_words(&s->argv, "kargs", &call->argv);
        if (r >= 0)
                r = add_words(&s->undo_argv, "kargs", &call->undo);
        return r < 0 ? r : remember(s, TOOL, &owned_cmdline, &call->added, &call->removed);
}

/*
 * @last: the image has to be right afterwards. @ret_step: NULL: do not care. Taking it back may make an image as well:
 * of what the other steps have put back.
 */
static int plan_switch(const BootEntry *e, const char *option, const char *undo, bool last, CommandStep **ret_step,
                       Plan *plan)
{
        static const Kargs none = {};
        char *words[] = { (char *) option, (char *) undo };
        CommandStep *s = plan_add_command(plan, "image.current", e->file, LOADER_OSTREE, last ? &none : NULL, &none);
        int r;

        if (!s)
                return -ENOMEM;
        s->undo_last = true;
        r = add_words(&s->argv, "initramfs", &(const StringList){ words, 1 });
        if (r >= 0)
                r = add_words(&s->undo_argv, "initramfs", &(const StringList){ words + 1, 1 });
        if (ret_step)
                *ret_step = s;
        return r;
}

/*
 * The image is made of the system's /etc, which has the claim list in it, once rpm-ostree is told to make it here. It
 * makes one anew only when that is switched on, not when it is on already.
 */
static int plan_image(const Loader *l, const BootEntry *e, const LoaderEdit *want, Plan *plan)
{
        static const OwnedWords none = {};
        const RecordFile *recorded = record_file(want->record, SWITCH);
        const bool regenerates = l->regenerates == TRISTATE_YES;
        bool stale = want->stale && e->version && string_list_contains(want->stale, e->version);
        _cleanup_(owned_words_done) OwnedWords enabled = {};
        CommandStep *s;
        int r;

        /* an interrupted run has come as far as that; the program would take it for an error */
        if (loader_wants_nothing(want) && recorded && l->regenerates == TRISTATE_NO)
                return string_list_add(&plan->given_back, SWITCH);
        if (loader_wants_nothing(want) && recorded) { /* as it was before ptprep: the image of the system itself */
                r = plan_switch(e, "--disable", "--enable", true, &s, plan);
                return r < 0 ? r : remember(s, SWITCH, &owned_whole, &none, &none);
        }
        if (!stale || (loader_wants_nothing(want) && !regenerates))
                return 0;
        r = regenerates ? plan_switch(e, "--disable", "--enable", false, NULL, plan) : 0;
        if (r >= 0)
                r = plan_switch(e, "--enable", "--disable", true, &s, plan);
        if (r < 0 || regenerates)
                return r;
        r = owned_words_add(&enabled, "", "--enable");
        return r < 0 ? r : remember(s, SWITCH, &owned_whole, &enabled, &none);
}

static int ostree_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        _cleanup_(call_done) Call call = {};
        const BootEntry *e = NULL;
        size_t before = plan->n;
        int r;

        FOREACH_ARRAY(i, l->entries, l->n_entries)
                if (i->is_default)
                        e = i;
        if (!e)
                return 0;
        r = make_call(&call, want, &e->arguments);
        if (r >= 0)
                r = plan_image(l, e, want, plan);
        if (r >= 0 && call.argv.n > 0)
                r = plan_kargs(e, want, &call, plan);
        if (r >= 0 && plan->n > before && l->mkconfig.n == 0)
                return loader_refuse(
                        want, -ENOTSUP,
                        "this system is made of images (OSTree), and rpm-ostree is not there to change it: put "
                        "the arguments into /usr/lib/bootc/kargs.d of the image, see ptprep(8)");
        return r;
}

const LoaderOps loader_ostree = {
        .kind = LOADER_OSTREE,
        .read = ostree_read,
        .edit = ostree_edit,
};
