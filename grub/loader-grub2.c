/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "grub/grub-cfg.h"
#include "grub/loaders.h"
#include "grub/shell-assign.h"
#include "model/names.h"

#define DEFAULT_FILE   "/etc/default/grub"
#define DEFAULT_DIR    "/etc/default/grub.d"
#define DROP_IN_SUFFIX "-ptprep.cfg"
#define VAR_ALL        "GRUB_CMDLINE_LINUX"         /* feeds recovery entries too: never added to */
#define VAR_NORMAL     "GRUB_CMDLINE_LINUX_DEFAULT" /* stands behind it in normal entries (util/grub.d/10_linux.in) */

/* Names of the program that generates, and of what it generates, as the families of distributions have them. */
static const struct {
        const char *program, *path, *generated;
} platforms[] = {
        { "grub-mkconfig", "/usr/sbin/grub-mkconfig", "/boot/grub/grub.cfg" },
        { "grub-mkconfig", "/usr/bin/grub-mkconfig", "/boot/grub/grub.cfg" },
        { "grub2-mkconfig", "/usr/sbin/grub2-mkconfig", "/boot/grub2/grub.cfg" },
        { "grub2-mkconfig", "/usr/bin/grub2-mkconfig", "/boot/grub2/grub.cfg" },
};

/* z-ptprep.cfg, zz-ptprep.cfg, zzz-ptprep.cfg, ...: ours, whatever it took to sort last when it was written. */
static bool is_own_drop_in(const char *name)
{
        size_t n = strspn(name, "z");

        return n > 0 && streq(name + n, DROP_IN_SUFFIX);
}

static const char *base_name(const char *path)
{
        return strrchr(path, '/') + 1;
}

static int read_source(int rfd, Loader *l, const char *path)
{
        LoaderFile *f;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = root_read_file(rfd, path, 1024 * 1024, &text, &size);

        if (r < 0)
                return r;
        if (strlen(text) != size) /* the shell would drop the NUL bytes */
                return -EBADMSG;
        f = array_grow(&l->files, l->n_files);
        if (!f)
                return -ENOMEM;
        *f = (LoaderFile){ strdup(path), TAKE_PTR(text), size };
        l->n_files++;
        return f->path ? 0 : -ENOMEM;
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
        return asprintf(&l->drop_in, DEFAULT_DIR "/%s", name) < 0 ? -ENOMEM : 0;
}

static int read_sources(int rfd, Loader *l)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = read_source(rfd, l, DEFAULT_FILE);

        if (r < 0 && r != -ENOENT)
                return r;
        if (!l->drop_in_sourced)
                return 0;
        r = root_list(rfd, DEFAULT_DIR, ".cfg", &names);
        if (r < 0 && r != -ENOENT)
                return r;
        FOREACH_ARRAY(n, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                if ((*n)[0] == '.') /* a glob does not match it */
                        continue;
                if (asprintf(&path, DEFAULT_DIR "/%s", *n) < 0)
                        return -ENOMEM;
                r = read_source(rfd, l, path);
                if (r == -ENOENT) /* a link to nowhere: the script tests for that */
                        continue;
                if (r < 0)
                        return r;
        }
        return choose_drop_in(l, &names);
}

static int find_platform(int rfd, Loader *l)
{
        struct stat st;

        FOREACH_ARRAY(p, platforms, ELEMENTSOF(platforms)) {
                _cleanup_free_ char *script = NULL;
                int r = root_read_text(rfd, p->path, &script);

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        continue;
                l->drop_in_sourced = strstr(script, "/default/grub.d/*.cfg") != NULL;
                l->generated = strdup(p->generated);
                return l->generated ? string_list_add(&l->mkconfig, p->program) : -ENOMEM;
        }
        FOREACH_ARRAY(p, platforms, ELEMENTSOF(platforms))
                if (root_stat(rfd, p->generated, &st) >= 0) {
                        l->generated = strdup(p->generated);
                        return l->generated ? 0 : -ENOMEM;
                }
        return -ENOENT;
}

static int grub2_read(int rfd, Loader *ret)
{
        _cleanup_(loader_done) Loader l = { .kind = LOADER_GRUB2, .readable = TRISTATE_YES };
        _cleanup_(shell_state_done) ShellState state = {};
        _cleanup_free_ char *text = NULL;
        int r = find_platform(rfd, &l);

        if (r < 0)
                return r;
        r = root_read_text(rfd, l.generated, &text);
        if (r == -ENOENT && l.mkconfig.n == 0)
                return -ENOENT;
        if (r >= 0)
                r = grub_cfg_parse(l.generated, text, &l.entries, &l.n_entries);
        if (r >= 0)
                r = read_sources(rfd, &l);
        if (r >= 0)
                r = shell_eval(l.files, l.n_files, &state);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                l.readable = TRISTATE_NO;
        else {
                l.variables = TAKE_PTR(state.variables);
                l.n_variables = state.n_variables;
                state.n_variables = 0;
        }
        *ret = l;
        l = (Loader){};
        return 0;
}

/* Texts that an edit works on: those of the loader, our own drop-in left out. */
typedef struct Draft {
        LoaderFile *files;
        size_t n;
} Draft;

static void draft_done(Draft *d)
{
        FOREACH_ARRAY(f, d->files, d->n) {
                free(f->path);
                free(f->text);
        }
        free(d->files);
        *d = (Draft){};
}

static int draft_add(Draft *d, const char *path, const char *text)
{
        LoaderFile *f = array_grow(&d->files, d->n);

        if (!f)
                return -ENOMEM;
        *f = (LoaderFile){ strdup(path), strdup(text), strlen(text) };
        d->n++;
        return f->path && f->text ? 0 : -ENOMEM;
}

static int draft_init(const Loader *l, Draft *d)
{
        FOREACH_ARRAY(f, l->files, l->n_files) {
                int r = is_own_drop_in(base_name(f->path)) ? 0 : draft_add(d, f->path, f->text);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Puts other bytes in the place of start to end of a file. */
static int draft_splice(LoaderFile *f, size_t start, size_t end, const char *text)
{
        char *s;

        if (asprintf(&s, "%.*s%s%s", (int) start, f->text, text, f->text + end) < 0)
                return -ENOMEM;
        free(f->text);
        f->text = s;
        f->size = strlen(s);
        return 0;
}

/**
 * The command line of a normal entry as these files make it.
 * @ret_known: false where only a shell could tell.
 */
static int draft_arguments(const Draft *d, Kargs *ret, bool *ret_known)
{
        static const char *const names[] = { VAR_ALL, VAR_NORMAL };
        _cleanup_(shell_state_done) ShellState state = {};
        _cleanup_free_ char *line = strdup("");
        int r = shell_eval(d->files, d->n, &state);

        if (r < 0)
                return r;
        *ret_known = !state.broken;
        for (size_t i = 0; i < ELEMENTSOF(names) && line; i++) {
                const LoaderVariable *v = shell_variable(&state, names[i]);
                char *longer;

                if (v && v->state == VARIABLE_CANNOT_TELL)
                        *ret_known = false;
                if (!v || !v->value)
                        continue;
                if (asprintf(&longer, "%s %s", line, v->value) < 0)
                        longer = NULL;
                free(line);
                line = longer;
        }
        return line ? kargs_parse(line, ret) : -ENOMEM;
}

/*
 * Looks for a word that contradicts in the raw text of an assignment.
 * @remove: as for karg_without(). @ret_start, @ret_end: bytes in the text. @ret_left: what stays of it, owned; NULL:
 * nothing. Returns 1: found; 0: not; -ENOMEM.
 */
static int find_contradiction(const LoaderFile *f, const Assignment *a, const char *remove, size_t *ret_start,
                              size_t *ret_end, char **ret_left)
{
        static const char separators[] = " \t\n\"'\\";

        for (size_t i = a->start; i < a->end;) {
                size_t n = strcspn(f->text + i, separators);
                _cleanup_free_ char *word = strndup(f->text + i, MIN(n, a->end - i));
                int r;

                if (!word)
                        return -ENOMEM;
                r = *word ? karg_without(word, remove, ret_left) : 0;
                if (r != 0) {
                        *ret_start = i;
                        *ret_end = i + strlen(word);
                        return r;
                }
                i += n + 1;
        }
        return 0;
}

/* The bytes of a word that goes away altogether, with one blank beside it. */
static void take_blank_along(const LoaderFile *f, const Assignment *a, size_t *start, size_t *end)
{
        if (*end < a->end && f->text[*end] == ' ')
                (*end)++;
        else if (*start > a->start && f->text[*start - 1] == ' ')
                (*start)--;
}

/* Takes what contradicts out of all assignments of a variable. */
static int draft_remove(Draft *d, const char *variable, const char *remove)
{
        for (unsigned rounds = 0; rounds < 64; rounds++) {
                _cleanup_(shell_state_done) ShellState state = {};
                int r = shell_eval(d->files, d->n, &state), found = 0;

                if (r < 0)
                        return r;
                FOREACH_ARRAY(a, state.assignments, state.n_assignments) {
                        _cleanup_free_ char *left = NULL;
                        size_t start, end;

                        if (!streq(a->name, variable))
                                continue;
                        found = find_contradiction(d->files + a->file, a, remove, &start, &end, &left);
                        if (found < 0)
                                return found;
                        if (found == 0)
                                continue;
                        if (!left)
                                take_blank_along(d->files + a->file, a, &start, &end);
                        r = draft_splice(d->files + a->file, start, end, left ?: "");
                        if (r < 0)
                                return r;
                        break; /* the ranges have moved: evaluate again */
                }
                if (found == 0)
                        return 0;
        }
        return -ENOTSUP;
}

/* Did an earlier apply add this word to a file itself? The claim argument is nobody else's, the others stand beside it.
 */
static bool has_own_word(const Draft *d, const char *word)
{
        FOREACH_ARRAY(f, d->files, d->n)
                if (strstr(f->text, KARG_CLAIM) && strstr(f->text, word))
                        return true;
        return false;
}

/* What of the wanted words the other files do not bring along already. */
static int missing_words(const Draft *d, const LoaderEdit *want, StringList *ret)
{
        _cleanup_(kargs_done) Kargs base = {};
        bool known;
        int r = draft_arguments(d, &base, &known);

        if (r < 0)
                return r;
        FOREACH_ARRAY(w, want->add->words.items, want->add->words.n) {
                const BootEntry as_entry = { .arguments = base };
                const Kargs one = { .words = { .items = w, .n = 1 } }, none = {};

                /* what stands in the last variable counts, whatever a shell makes of the one before it */
                if (loader_entry_fine(&as_entry, &one, &none) || (!known && has_own_word(d, *w)))
                        continue;
                r = string_list_add(ret, *w);
                if (r < 0)
                        return r;
        }
        return 0;
}

static char *join(const StringList *words)
{
        return kargs_print(&(const Kargs){ .words = *words });
}

static int render_drop_in(const char *words, char **ret)
{
        return asprintf(ret,
                        "# Generated by ptprep from /etc/ptprep/ptprep.conf: edit that file and run \"ptprep "
                        "--apply\".\n"
                        "# To take it back by hand: remove this file and run update-grub (or "
                        "grub-mkconfig).\n" VAR_NORMAL "=\"${" VAR_NORMAL ":+$" VAR_NORMAL " }%s\"\n",
                        words) < 0
                       ? -ENOMEM
                       : 0;
}

/* Behind the words of one assignment: inside its quotes, else in quotes of our own. */
static int draft_append_to(LoaderFile *f, const Assignment *a, const char *words)
{
        const char *raw = f->text + a->start;
        size_t n = a->end - a->start;
        char quote = n >= 2 && (raw[0] == '"' || raw[0] == '\'') && raw[n - 1] == raw[0] ? raw[0] : 0;
        _cleanup_free_ char *text = NULL;

        /* one pair of quotes around everything */
        if (quote && !memchr(raw + 1, quote, n - 2)) {
                if (asprintf(&text, "%s%s", n == 2 ? "" : " ", words) < 0)
                        return -ENOMEM;
                return draft_splice(f, a->end - 1, a->end - 1, text);
        }
        if (asprintf(&text, "\"%s%s\"", n == 0 ? "" : " ", words) < 0)
                return -ENOMEM;
        return draft_splice(f, a->end, a->end, text);
}

/* No drop-in folder: into the last assignment of the variable, its quote style kept, or a new line at the end. */
static int draft_append(Draft *d, const char *words)
{
        _cleanup_(shell_state_done) ShellState state = {};
        const LoaderVariable *v;
        const Assignment *last = NULL;
        _cleanup_free_ char *text = NULL;
        LoaderFile *f;
        int r = shell_eval(d->files, d->n, &state);

        if (r < 0)
                return r;
        v = shell_variable(&state, VAR_NORMAL);
        FOREACH_ARRAY(a, state.assignments, state.n_assignments)
                if (streq(a->name, VAR_NORMAL))
                        last = a;
        if (v && v->state == VARIABLE_KNOWN && last)
                return draft_append_to(d->files + last->file, last, words);
        if (d->n == 0) {
                r = draft_add(d, DEFAULT_FILE, "");
                if (r < 0)
                        return r;
        }
        f = d->files;
        /* Which assignment counts is up to a shell, or none does: one more behind them all. */
        if (asprintf(&text, "%s" VAR_NORMAL "=\"%s%s\"\n", f->size > 0 && !endswith(f->text, "\n") ? "\n" : "",
                     v && v->state == VARIABLE_CANNOT_TELL ? "${" VAR_NORMAL ":+$" VAR_NORMAL " }" : "", words) < 0)
                return -ENOMEM;
        return draft_splice(f, f->size, f->size, text);
}

/* Takes back what draft_append_to() wrote: the claim argument and the IOMMU words that stand right behind it. */
static int draft_remove_own(Draft *d)
{
        static const char *const behind[] = { " iommu=pt", " intel_iommu=on" };

        FOREACH_ARRAY(f, d->files, d->n) {
                char *p = strstr(f->text, KARG_CLAIM);
                size_t start, end;
                int r;

                if (!p)
                        continue;
                start = (size_t) (p - f->text);
                end = start + strlen(KARG_CLAIM);
                for (size_t i = 0; i < ELEMENTSOF(behind); i++)
                        if (startswith(f->text + end, behind[i]))
                                end += strlen(behind[i]);
                if (start > 0 && f->text[start - 1] == ' ')
                        start--;
                r = draft_splice(f, start, end, "");
                if (r < 0)
                        return r;
        }
        return 0;
}

static int plan_sources(const Loader *l, const Draft *d, const char *drop_in, Plan *plan)
{
        FOREACH_ARRAY(f, d->files, d->n) {
                const LoaderFile *old = loader_file(l, f->path);
                int r = plan_write(plan, "iommu.argument", f->path, old ? old->text : NULL, f->text);

                if (r < 0)
                        return r;
        }
        FOREACH_ARRAY(f, l->files, l->n_files) {
                int r = is_own_drop_in(base_name(f->path)) && !streq_null(f->path, l->drop_in)
                                ? plan_write(plan, "iommu.argument", f->path, f->text, NULL)
                                : 0;
                if (r < 0)
                        return r;
        }
        if (l->drop_in) {
                const LoaderFile *old = loader_file(l, l->drop_in);

                return plan_write(plan, "iommu.argument", l->drop_in, old ? old->text : NULL, drop_in);
        }
        return 0;
}

/* Does anything that will boot differ from what is wanted? */
static bool entries_differ(const Loader *l, const LoaderEdit *want)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                size_t from = 0;

                if (e->rescue)
                        continue;
                if (!loader_entry_fine(e, want->add, want->remove))
                        return true;
                if (want->add->words.n == 0 && kargs_next(&e->arguments, "ptprep.claim", &from))
                        return true;
        }
        return false;
}

static int plan_mkconfig(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        Step *s = plan_add(plan, STEP_MKCONFIG, "iommu.argument", l->generated);

        if (!s)
                return -ENOMEM;
        s->new_text = kargs_print(want->add); /* what the step has to find in every entry that it made */
        s->old_text = kargs_print(want->remove);
        if (!s->new_text || !s->old_text)
                return -ENOMEM;
        FOREACH_ARRAY(a, l->mkconfig.items, l->mkconfig.n) {
                int r = string_list_add(&s->argv, *a);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int edit_sources(const Loader *l, const LoaderEdit *want, Draft *d, char **ret_drop_in)
{
        static const char *const variables[] = { VAR_ALL, VAR_NORMAL };
        _cleanup_(string_list_done) StringList missing = {};
        _cleanup_(kargs_done) Kargs result = {};
        _cleanup_free_ char *words = NULL, *drop_in = NULL;
        bool known;
        int r = 0;

        for (size_t v = 0; v < ELEMENTSOF(variables) && r >= 0; v++)
                for (size_t i = 0; i < want->remove->words.n && r >= 0; i++)
                        r = draft_remove(d, variables[v], want->remove->words.items[i]);
        if (r >= 0 && want->add->words.n == 0)
                r = draft_remove_own(d);
        if (r >= 0)
                r = missing_words(d, want, &missing);
        if (r < 0)
                return r;
        if (missing.n > 0) {
                words = join(&missing);
                if (!words)
                        return -ENOMEM;
                if (l->drop_in) {
                        r = render_drop_in(words, &drop_in);
                        if (r >= 0)
                                r = draft_add(d, l->drop_in, drop_in);
                } else
                        r = draft_append(d, words);
                if (r < 0)
                        return r;
        }
        r = draft_arguments(d, &result, &known);
        if (r < 0)
                return r;
        if (known && !loader_entry_fine(&(const BootEntry){ .arguments = result }, want->add, want->remove))
                return -ENOTSUP;
        if (drop_in) { /* it has its own place in the plan */
                LoaderFile *f = d->files + --d->n;

                free(f->path);
                free(f->text);
        }
        *ret_drop_in = TAKE_PTR(drop_in);
        return 0;
}

static int grub2_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        _cleanup_(draft_done) Draft d = {};
        _cleanup_free_ char *drop_in = NULL;
        size_t before = plan->n;
        int r = draft_init(l, &d);

        /* Nothing wanted and nothing of ours anywhere: then this loader is none of our business. */
        if (r < 0 || (want->add->words.n == 0 && want->remove->words.n == 0 && !has_own_word(&d, KARG_CLAIM) &&
                      d.n == l->n_files && !entries_differ(l, want)))
                return r;
        r = edit_sources(l, want, &d, &drop_in);
        if (r >= 0)
                r = plan_sources(l, &d, drop_in, plan);
        if (r < 0)
                return r;
        if (plan->n == before && !entries_differ(l, want))
                return 0;
        return l->mkconfig.n > 0 ? plan_mkconfig(l, want, plan) : -ENOTSUP;
}

const LoaderOps loader_grub2 = {
        .kind = LOADER_GRUB2,
        .read = grub2_read,
        .edit = grub2_edit,
};
