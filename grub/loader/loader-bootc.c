/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "grub/format/cmdline.h"
#include "grub/loader/loaders.h"
#include "model/names.h"

/*
 * The root of a bootc image while it is built, in a container or a directory: kernel arguments stand in files that
 * bootc reads when it installs or updates a system from the image. A running system has OSTree's entries instead.
 * Source: https://bootc.dev/bootc/building/kernel-arguments.html
 */

#define DIRECTORY "/usr/lib/bootc/kargs.d"
#define OWN       DIRECTORY "/50-ptprep.toml"

/* Text of a basic or literal TOML string; *p is moved behind it. NULL in *ret: it is none, or never closed. */
static int take_string(const char **p, char **ret)
{
        char quote = **p, *text, *end;

        if (quote != '"' && quote != '\'')
                return 0;
        text = end = malloc(strlen(*p) + 1);
        if (!text)
                return -ENOMEM;
        for ((*p)++; **p && **p != quote && **p != '\n'; (*p)++) {
                if (quote == '"' && **p == '\\' && (*p)[1] && (*p)[1] != '\n')
                        (*p)++;
                *end++ = **p;
        }
        *end = 0;
        if (**p != quote) {
                free(text);
                return 0;
        }
        (*p)++;
        *ret = text;
        return 0;
}

/* Blanks, newlines, commas and comments between the members of an array. */
static void skip_between(const char **p)
{
        for (;; (*p)++)
                if (**p == '#')
                        *p += strcspn(*p, "\n") - (strchr(*p, '\n') ? 0 : 1);
                else if (!**p || !strchr(" \t\r\n,", **p))
                        return;
}

/* "match-architectures" with others than this one in it: the file counts for those only. */
static bool is_for_others(const char *text)
{
        const char *key = strstr(text, "match-architectures");

        return key && (key == text || key[-1] == '\n') && !strstr(key, "x86_64");
}

/* The members of the array kargs = [ ... ]. What is no such array has no words. */
static int parse_kargs(const char *text, Kargs *ret)
{
        if (is_for_others(text))
                return 0;
        for (const char *line = text; line; line = strchr(line, '\n')) {
                const char *p;

                line += *line == '\n';
                p = line + strspn(line, " \t");
                if (!startswith(p, "kargs"))
                        continue;
                p += strlen("kargs");
                p += strspn(p, " \t");
                if (*p++ != '=')
                        continue;
                p += strspn(p, " \t");
                if (*p++ != '[')
                        continue;
                for (skip_between(&p); *p && *p != ']'; skip_between(&p)) {
                        _cleanup_free_ char *word = NULL;
                        int r = take_string(&p, &word);

                        if (r >= 0 && !word)
                                return 0;
                        if (r >= 0)
                                r = string_list_add(&ret->words, word);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int read_kargs(int rfd, Loader *l, Kargs *ret)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, DIRECTORY, ".toml", &names);

        if (r == -ENOENT)
                return 0;
        for (size_t i = 0; i < names.n && r >= 0; i++) {
                LoaderFile *f = array_grow(&l->files, l->n_files);

                if (!f)
                        return -ENOMEM;
                l->n_files++;
                if (string_printf(&f->path, DIRECTORY "/%s", names.items[i]) < 0)
                        return -ENOMEM;
                r = root_read_text(rfd, f->path, &f->text);
                if (r < 0)
                        return r;
                f->size = strlen(f->text);
                r = parse_kargs(f->text, ret);
        }
        return r;
}

static int copy_kargs(const Kargs *from, Kargs *ret)
{
        FOREACH_ARRAY(w, from->words.items, from->words.n) {
                int r = string_list_add(&ret->words, *w);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* An entry for each kernel of the image: there will be one of each on the installed system. */
static int add_entries(int rfd, Loader *l, const Kargs *arguments)
{
        _cleanup_(string_list_done) StringList releases = {};
        int r = root_list(rfd, "/usr/lib/modules", NULL, &releases);

        if (r < 0)
                return r;
        FOREACH_ARRAY(release, releases.items, releases.n) {
                _cleanup_free_ char *kernel = NULL;
                struct stat st;
                BootEntry *e;

                if (string_printf(&kernel, "/usr/lib/modules/%s/vmlinuz", *release) < 0)
                        return -ENOMEM;
                if (root_stat(rfd, kernel, &st) < 0)
                        continue;
                e = array_grow(&l->entries, l->n_entries);
                if (!e)
                        return -ENOMEM;
                l->n_entries++;
                e->id = strdup(*release);
                e->title = strdup("bootc image");
                e->version = strdup(*release);
                e->file = strdup(kernel);
                e->kernel = TAKE_PTR(kernel);
                string_printf(&e->image, "/usr/lib/modules/%s/initramfs.img", *release);
                if (!e->id || !e->title || !e->version || !e->file || !e->image)
                        return -ENOMEM;
                r = copy_kargs(arguments, &e->arguments);
                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * bootc's directory alone is no sign: the package brings it to systems that boot in other ways. The root of an image
 * has what OSTree needs to start it, and nothing that a boot loader could boot.
 */
static bool is_image_root(int rfd)
{
        static const char *const booting[] = { NAME_RUN_OSTREE_BOOTED, "/boot/loader", "/boot/grub2/grub.cfg",
                                               "/boot/grub/grub.cfg" };
        static const char *const ostree[] = { "/usr/lib/ostree/prepare-root.conf", "/sysroot/ostree" };
        bool found = false;
        struct stat st;

        if (root_stat(rfd, "/usr/lib/bootc", &st) < 0)
                return false;
        FOREACH_ARRAY(p, booting, ELEMENTSOF(booting))
                if (root_stat(rfd, *p, &st) >= 0)
                        return false;
        FOREACH_ARRAY(p, ostree, ELEMENTSOF(ostree))
                found |= root_stat(rfd, *p, &st) >= 0;
        return found;
}

static int bootc_read(int rfd, Loader *ret)
{
        _cleanup_(loader_done) Loader l = { .kind = LOADER_BOOTC, .readable = TRISTATE_YES, .alone = true };
        _cleanup_(kargs_done) Kargs arguments = {};
        int r;

        if (!is_image_root(rfd))
                return -ENOENT;
        r = read_kargs(rfd, &l, &arguments);
        if (r >= 0)
                r = add_entries(rfd, &l, &arguments);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                l.readable = TRISTATE_NO;
        *ret = l;
        l = (Loader){};
        return 0;
}

static int render(const Kargs *add, char **ret, PlanWords *words)
{
        static const char header[] = GENERATED_MARK "from /etc/ptprep/ptprep.conf: edit that file and run \"ptprep "
                                                    "--apply\".";
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f;
        int r;

        if (add->words.n == 0)
                return 0;
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        fputs("kargs = [", f);
        FOREACH_ARRAY(w, add->words.items, add->words.n) /* plain words: no quote is in them */
                fprintf(f, "%s\"%s\"", w == add->words.items ? "" : ", ", *w);
        fputc(']', f);
        if (fclose(f) != 0)
                return -ENOMEM;
        if (string_printf(ret, "%s\n%s\n", header, text) < 0)
                return -ENOMEM;
        r = owned_words_add(&words->added, "", header);
        return r < 0 ? r : owned_words_add(&words->added, "", text);
}

/*
 * Files of others stay as they are: whoever builds the image takes a contradiction out at its source. bootc takes the
 * files in the order of their names, so a word in a later one can have the last say too.
 */
static int refuse_contradictions(const Loader *l, const LoaderEdit *want)
{
        _cleanup_(kargs_done) Kargs all = {};
        bool added = false;
        int r = 0;

        FOREACH_ARRAY(f, l->files, l->n_files) {
                if (strcmp(f->path, OWN) >= 0 && !added) {
                        r = copy_kargs(want->add, &all);
                        added = true;
                }
                if (r >= 0 && !streq(f->path, OWN))
                        r = parse_kargs(f->text, &all);
                if (r >= 0 && added &&
                    !loader_entry_fine(&(const BootEntry){ .arguments = all }, want->add, want->remove))
                        return loader_refuse(want, -ENOTSUP,
                                             "%s has an argument that contradicts: take it out of the image", f->path);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Which of the words has no file of others? */
static int missing_in_others(const Loader *l, const LoaderEdit *want, Kargs *ret)
{
        _cleanup_(kargs_done) Kargs others = {};
        int r = 0;

        FOREACH_ARRAY(f, l->files, l->n_files)
                if (r >= 0 && !streq(f->path, OWN))
                        r = parse_kargs(f->text, &others);
        return r < 0 ? r : kargs_missing(&others, want->add, ret);
}

static int bootc_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        const LoaderFile *own = loader_file(l, OWN);
        _cleanup_(plan_words_done) PlanWords words = { .format = owned_lines.name };
        _cleanup_(kargs_done) Kargs missing = {};
        _cleanup_free_ char *text = NULL;
        const char *present = loader_present(plan, OWN, own ? own->text : NULL);
        int r = refuse_contradictions(l, want);

        if (r >= 0)
                r = missing_in_others(l, want, &missing);
        if (r >= 0)
                r = render(&missing, &text, &words);
        return r < 0 ? r : plan_edit(plan, want->check, OWN, present, text, &words);
}

/* As of OSTree, which makes them there. */
static const char *bootc_early_obstacle(const Loader *l)
{
        (void) l;
        return "systems that are installed from this image have entries of their own, with the one image of a "
               "deployment";
}

const LoaderOps loader_bootc = {
        .kind = LOADER_BOOTC,
        .read = bootc_read,
        .edit = bootc_edit,
        .early_obstacle = bootc_early_obstacle,
};
