/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "grub/blscfg.h"
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

/* No configuration was generated yet, and when it is, it will take its menu from elsewhere. */
static bool will_use_bls(int rfd)
{
        _cleanup_free_ char *text = NULL;

        return root_read_text(rfd, DEFAULT_FILE, &text) >= 0 && default_grub_enables_bls(text);
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
        _cleanup_(shell_state_done) ShellState state = {};
        _cleanup_free_ char *text = NULL;
        int r = find_platform(rfd, &l);

        if (r < 0)
                return r;
        r = root_read_text(rfd, l.generated, &text);
        if (r == -ENOENT && l.mkconfig.n == 0)
                return -ENOENT;
        if (r == -ENOENT && will_use_bls(rfd)) {
                l.menu_from_bls = true;
                r = 0;
        } else if (r >= 0) {
                r = grub_cfg_parse(l.generated, text, &l.entries, &l.n_entries);
                l.menu_from_bls = r >= 0 && !has_own_entries(&l) && grub_cfg_has_blscfg(text);
        }
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

/* Texts that an edit works on: those of the loader, a drop-in that is all ours left out. */
typedef struct Draft {
        LoaderFile *files;
        PlanWords *words; /* what was done to each of them */
        size_t n;
} Draft;

static void draft_done(Draft *d)
{
        FOREACH_ARRAY(f, d->files, d->n) {
                free(f->path);
                free(f->text);
                plan_words_done(d->words + (f - d->files));
        }
        free(d->files);
        free(d->words);
        *d = (Draft){};
}

static int draft_add(Draft *d, const char *path, const char *text)
{
        LoaderFile *f = array_grow(&d->files, d->n);
        PlanWords *w = array_grow(&d->words, d->n);

        if (!f || !w)
                return -ENOMEM;
        *w = (PlanWords){ .format = owned_grub_default.name };
        *f = (LoaderFile){ strdup(path), strdup(text), strlen(text) };
        d->n++;
        return f->path && f->text ? 0 : -ENOMEM;
}

/* A drop-in of ours in which nobody else has written anything. */
static bool is_all_ours(const LoaderFile *f, const LoaderEdit *want)
{
        const RecordFile *recorded = record_file(want->record, f->path);

        if (!is_own_drop_in(base_name(f->path)))
                return false;
        return recorded ? recorded->original.state == BYTES_ABSENT && (fingerprint_is(&recorded->written, f->text) ||
                                                                       fingerprint_is(&recorded->replaced, f->text))
                        : startswith(f->text, GENERATED_MARK) != NULL;
}

static bool draft_has(const Draft *d, const char *path)
{
        FOREACH_ARRAY(f, d->files, d->n)
                if (streq(f->path, path))
                        return true;
        return false;
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

static int note_removed(Draft *d, const Assignment *a, size_t start, size_t end)
{
        _cleanup_free_ char *word = strndup(d->files[a->file].text + start, end - start);

        return word ? owned_words_add(&d->words[a->file].removed, a->name, word) : -ENOMEM;
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
                        r = note_removed(d, a, start, end);
                        if (r < 0)
                                return r;
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

/* Did an earlier edit of ours put this word into a file, and is it still there? */
static bool has_own_word(const Draft *d, const LoaderEdit *want, const char *word)
{
        FOREACH_ARRAY(f, d->files, d->n) {
                const RecordFile *recorded = record_file(want->record, f->path);
                _cleanup_(owned_words_done) OwnedWords left = {};

                if (!recorded || owned_left(owned_grub_default.name, f->text, &recorded->added, &left) < 0)
                        continue;
                FOREACH_ARRAY(w, left.items, left.n)
                        if (streq(w->word, word))
                                return true;
        }
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
                if (loader_entry_fine(&as_entry, &one, &none) || (!known && has_own_word(d, want, *w)))
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

static const char *const drop_in_header[] = {
        GENERATED_MARK "from /etc/ptprep/ptprep.conf: edit that file and run \"ptprep --apply\".",
        "# To take it back by hand: remove this file and run update-grub (or grub-mkconfig).",
};

#define APPEND_BEGIN VAR_NORMAL "=\"${" VAR_NORMAL ":+$" VAR_NORMAL " }"

static int render_drop_in(const char *words, char **ret)
{
        int r = asprintf(ret, "%s\n%s\n" APPEND_BEGIN "%s\"\n", drop_in_header[0], drop_in_header[1], words);

        return r < 0 ? -ENOMEM : 0;
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

/* One more assignment behind all others of a file. */
static int draft_append_line(LoaderFile *f, const char *words)
{
        _cleanup_free_ char *text = NULL;

        if (asprintf(&text, "%s" APPEND_BEGIN "%s\"\n", f->size > 0 && !endswith(f->text, "\n") ? "\n" : "", words) <
            0) {
                text = NULL;
                return -ENOMEM;
        }
        return draft_splice(f, f->size, f->size, text);
}

/* No drop-in folder: into the last assignment of the variable, its quote style kept, or a new line at the end. */
static int draft_append(Draft *d, const Loader *l, const char *words, size_t *ret_file)
{
        _cleanup_(shell_state_done) ShellState state = {};
        const LoaderVariable *v;
        const Assignment *last = NULL;
        int r = shell_eval(d->files, d->n, &state);

        if (r < 0)
                return r;
        v = shell_variable(&state, VAR_NORMAL);
        FOREACH_ARRAY(a, state.assignments, state.n_assignments)
                if (streq(a->name, VAR_NORMAL))
                        last = a;
        if (v && v->state == VARIABLE_KNOWN && last) {
                *ret_file = last->file;
                return draft_append_to(d->files + last->file, last, words);
        }
        if (d->n == 0) {
                r = draft_add(d, DEFAULT_FILE, "");
                if (r < 0)
                        return r;
        }
        /* Which assignment counts is up to a shell, or none does: one more behind them all. */
        *ret_file = l->drop_in ? d->n - 1 : 0;
        return draft_append_line(d->files + *ret_file, words);
}

/* Where a word stands in the raw text of an assignment; "}" ends an expansion, and a word may follow it. */
static bool find_word(const LoaderFile *f, const Assignment *a, const char *word, size_t *ret_start, size_t *ret_end)
{
        static const char separators[] = " \t\n\"'\\}";
        size_t n = strlen(word);

        for (size_t i = a->start; n > 0 && i + n <= a->end; i++)
                if (memcmp(f->text + i, word, n) == 0 && (i == a->start || strchr(separators, f->text[i - 1])) &&
                    (i + n == a->end || strchr(separators, f->text[i + n]))) {
                        *ret_start = i;
                        *ret_end = i + n;
                        return true;
                }
        return false;
}

/* Quotes that hold nothing any more and stand behind something else: draft_append_to() made them. */
static void take_quotes_along(const LoaderFile *f, const Assignment *a, size_t *start, size_t *end)
{
        size_t quotes = 0;

        if (*start <= a->start + 1 || *end >= a->end || f->text[*start - 1] != '"' || f->text[*end] != '"')
                return;
        for (size_t i = a->start; i < *start - 1; i++)
                quotes += f->text[i] == '"';
        if (quotes % 2 == 0) {
                (*start)--;
                (*end)++;
        }
}

/* Cuts one word out of the last assignment of a variable that has it. */
static int cut_word(Draft *d, const OwnedWord *word)
{
        _cleanup_(shell_state_done) ShellState state = {};
        int r = shell_eval(d->files, d->n, &state);

        if (r < 0)
                return r;
        for (size_t i = state.n_assignments; i-- > 0;) {
                const Assignment *a = state.assignments + i;
                size_t start, end;

                if (!streq(a->name, word->place) || !find_word(d->files, a, word->word, &start, &end))
                        continue;
                if (start > a->start && d->files->text[start - 1] == ' ')
                        start--;
                else if (end < a->end && d->files->text[end] == ' ')
                        end++;
                take_quotes_along(d->files, a, &start, &end);
                return draft_splice(d->files, start, end, "");
        }
        return 0;
}

/* Drops lines that nobody but ptprep writes, and that say nothing any more. */
static void drop_empty_lines_of_ours(char *text)
{
        char *to = text;

        for (const char *line = text; *line;) {
                size_t n = strcspn(line, "\n"), whole = n + (line[n] == '\n');
                bool ours = false;
                const char *const shapes[] = { drop_in_header[0], drop_in_header[1], APPEND_BEGIN "\"" };

                for (size_t i = 0; i < ELEMENTSOF(shapes); i++)
                        ours |= strlen(shapes[i]) == n && memcmp(shapes[i], line, n) == 0;
                if (!ours) {
                        memmove(to, line, whole);
                        to += whole;
                }
                line += whole;
        }
        *to = '\0';
}

static int take_out_of_default(const char *text, const OwnedWords *words, char **ret)
{
        _cleanup_(draft_done) Draft d = {};
        int r = draft_add(&d, "", text);

        for (size_t i = 0; i < words->n && r >= 0; i++)
                r = cut_word(&d, words->items + i);
        if (r < 0)
                return r;
        drop_empty_lines_of_ours(d.files->text);
        *ret = d.files->text[strspn(d.files->text, " \t\n")] ? TAKE_PTR(d.files->text) : NULL;
        return 0;
}

const OwnedFormat owned_grub_default = { "grub-default", take_out_of_default };

static int plan_sources(const Loader *l, const LoaderEdit *want, const Draft *d, const char *drop_in,
                        const StringList *missing, Plan *plan)
{
        _cleanup_(plan_words_done) PlanWords words = { .format = owned_grub_default.name };
        int r = 0;

        for (size_t i = 0; i < d->n && r >= 0; i++) {
                const LoaderFile *old = loader_file(l, d->files[i].path);

                r = plan_edit(plan, "iommu.argument", d->files[i].path, old ? old->text : NULL, d->files[i].text,
                              d->words + i);
        }
        for (size_t i = 0; i < missing->n && r >= 0; i++)
                r = owned_words_add(&words.added, VAR_NORMAL, missing->items[i]);
        for (size_t i = 0; i < l->n_files && r >= 0; i++) {
                const LoaderFile *f = l->files + i;

                if (is_all_ours(f, want) && !(drop_in && streq(f->path, l->drop_in)))
                        r = plan_edit(plan, "iommu.argument", f->path, f->text, NULL, &words);
        }
        if (r >= 0 && drop_in) {
                const LoaderFile *old = loader_file(l, l->drop_in);

                r = plan_edit(plan, "iommu.argument", l->drop_in, old ? old->text : NULL, drop_in, &words);
        }
        return r;
}

static bool has_word(const Kargs *k, const char *word)
{
        return string_list_contains(&k->words, word);
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
                if (!e->rescue && (!loader_entry_fine(e, want->add, want->remove) || entry_is_stale(e, want, base)))
                        return true;
        return false;
}

static int plan_mkconfig(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        Step *s;

        if (l->menu_from_bls)
                return 0;
        if (l->mkconfig.n == 0)
                return loader_refuse(want, -ENOTSUP, "no grub-mkconfig or grub2-mkconfig found that makes %s anew",
                                     l->generated);
        s = plan_add(plan, STEP_MKCONFIG, "iommu.argument", l->generated);
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

/* Takes out what ptprep added and nobody wants any more. */
static int draft_take_out(Draft *d, const LoaderEdit *want)
{
        FOREACH_ARRAY(f, d->files, d->n) {
                _cleanup_(owned_words_done) OwnedWords unwanted = {};
                char *text = NULL;
                int r = loader_unwanted(want, f->path, &unwanted);

                if (r >= 0 && unwanted.n > 0)
                        r = owned_grub_default.take_out(f->text, &unwanted, &text);
                if (r < 0)
                        return r;
                if (unwanted.n == 0)
                        continue;
                if (!text && !(text = strdup("")))
                        return -ENOMEM;
                free(f->text);
                f->text = text;
                f->size = strlen(text);
        }
        return 0;
}

static int draft_remove_all(Draft *d, const LoaderEdit *want)
{
        static const char *const variables[] = { VAR_ALL, VAR_NORMAL };
        int r = 0;

        for (size_t v = 0; v < ELEMENTSOF(variables); v++)
                for (size_t i = 0; i < want->remove->words.n && r >= 0; i++)
                        r = draft_remove(d, variables[v], want->remove->words.items[i]);
        return r;
}

/* Brings missing words into the drop-in of ours, or into what others wrote where there is none. */
static int add_missing(const Loader *l, Draft *d, const StringList *missing, char **ret_drop_in)
{
        _cleanup_free_ char *words = join(missing);
        size_t file = 0;
        int r;

        if (!words)
                return -ENOMEM;
        if (l->drop_in && !draft_has(d, l->drop_in)) {
                r = render_drop_in(words, ret_drop_in);
                return r < 0 ? r : draft_add(d, l->drop_in, *ret_drop_in);
        }
        r = draft_append(d, l, words, &file);
        FOREACH_ARRAY(w, missing->items, missing->n)
                if (r >= 0)
                        r = owned_words_add(&d->words[file].added, VAR_NORMAL, *w);
        return r;
}

static int edit_sources(const Loader *l, const LoaderEdit *want, Draft *d, StringList *missing, char **ret_drop_in)
{
        _cleanup_(kargs_done) Kargs result = {};
        _cleanup_free_ char *drop_in = NULL;
        bool known;
        int r = draft_take_out(d, want);

        if (r >= 0)
                r = draft_remove_all(d, want);
        if (r >= 0)
                r = missing_words(d, want, missing);
        if (r >= 0 && missing->n > 0)
                r = add_missing(l, d, missing, &drop_in);
        if (r >= 0)
                r = draft_arguments(d, &result, &known);
        if (r < 0)
                return r;
        if (known && !loader_entry_fine(&(const BootEntry){ .arguments = result }, want->add, want->remove))
                return loader_refuse(want, -ENOTSUP,
                                     "what " DEFAULT_FILE
                                     " and its drop-ins say cannot be changed by adding or cutting "
                                     "words");
        if (drop_in) { /* it has its own place in the plan */
                LoaderFile *f = d->files + --d->n;

                free(f->path);
                free(f->text);
        }
        *ret_drop_in = TAKE_PTR(drop_in);
        return 0;
}

/* The planner has given back what the record tells of: what is left is to be made anew from that. */
static int edit_nothing(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        const PlanWords none = { .format = owned_grub_default.name };
        _cleanup_(draft_done) Draft d = {};
        _cleanup_(kargs_done) Kargs base = {};
        bool changed = false, known;
        int r = 0;

        FOREACH_ARRAY(f, l->files, l->n_files) {
                const char *text = loader_present(plan, f->path, f->text);

                if (text && is_all_ours(f, want)) { /* made by a ptprep that kept no record */
                        r = plan_edit(plan, "iommu.argument", f->path, f->text, NULL, &none);
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
                changed |= state == OWNED_SETTLED || state == OWNED_GONE; /* an interrupted run came no further */
        }
        r = draft_arguments(&d, &base, &known);
        if (r < 0)
                return r;
        return changed || entries_differ(l, want, &base) ? plan_mkconfig(l, want, plan) : 0;
}

static int grub2_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        _cleanup_(draft_done) Draft d = {};
        _cleanup_(kargs_done) Kargs base = {};
        _cleanup_(string_list_done) StringList missing = {};
        _cleanup_free_ char *drop_in = NULL;
        size_t before = plan->n;
        bool known;
        int r;

        if (loader_wants_nothing(want))
                return edit_nothing(l, want, plan);
        if (l->menu_from_bls && l->n_files == 0)
                return 0;
        r = draft_init(l, want, &d);
        if (r >= 0)
                r = edit_sources(l, want, &d, &missing, &drop_in);
        if (r >= 0)
                r = plan_sources(l, want, &d, drop_in, &missing, plan);
        if (r >= 0)
                r = draft_arguments(&d, &base, &known);
        if (r < 0)
                return r;
        return plan->n > before || entries_differ(l, want, &base) ? plan_mkconfig(l, want, plan) : 0;
}

const LoaderOps loader_grub2 = {
        .kind = LOADER_GRUB2,
        .read = grub2_read,
        .edit = grub2_edit,
};
