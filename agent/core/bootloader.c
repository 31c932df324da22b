/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bootloader.h"

#include "base/json.h"
#include "base/table.h"
#include "base/text.h"

static const char *const variable_state_table[] = {
        [VARIABLE_UNSET] = "unset",
        [VARIABLE_KNOWN] = "known",
        [VARIABLE_CANNOT_TELL] = "cannot-tell",
};

static DEFINE_STRING_TO(variable_state, VariableState)

        static int add_words(struct json_object *array, const StringList *words)
{
        FOREACH_ARRAY(w, words->items, words->n) {
                int r = json_append_text(array, *w);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_files(struct json_object *array, const Loader *l)
{
        bool listed = false;
        int r = 0;

        for (size_t i = 0; i < l->n_files && r >= 0; i++) {
                r = json_append_text(array, l->files[i].path);
                listed |= l->generated && streq(l->files[i].path, l->generated);
        }
        if (r >= 0 && l->generated && !listed)
                r = json_append_text(array, l->generated);
        return r < 0 ? r : add_words(array, &l->generated_too);
}

static int add_variables(struct json_object *o, const Loader *l)
{
        FOREACH_ARRAY(v, l->variables, l->n_variables) {
                struct json_object *variable = json_new_object();
                int r = json_add(o, v->name, variable);

                if (r >= 0)
                        r = json_add_text(variable, "value", v->state == VARIABLE_KNOWN ? v->value : NULL);
                if (r >= 0)
                        r = json_add_text(variable, "state", variable_state_to_string(v->state));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* "FILE:LINE"; an entry that is a file of its own has no line. Owned by the caller. */
static char *entry_source(const BootEntry *e)
{
        char *s;

        if (e->line == 0)
                return strdup(e->file ?: "");
        return string_printf(&s, "%s:%u", e->file ?: "", e->line) < 0 ? NULL : s;
}

/* What is written by another program stays untouched as well, but it is no entry of last resort. */
static bool is_rescue(const BootEntry *e)
{
        return e->rescue && !e->foreign;
}

/* What of the arguments is the kernel's own. */
static int add_built_in(struct json_object *entry, const KernelLine *l)
{
        struct json_object *o = json_new_object(), *words;
        int r = json_add(entry, "built_in", o);

        if (r < 0)
                return r;
        words = json_add_array(o, "arguments");
        r = words ? add_words(words, &l->words.words) : -ENOMEM;
        if (r >= 0)
                r = json_add(o, "alone", json_new_bool(kernel_line_is_deaf(l)));
        return r < 0 ? r : json_add_text(o, "source", l->file);
}

static int add_entry(struct json_object *array, const BootEntry *e)
{
        _cleanup_free_ char *source = entry_source(e);
        struct json_object *o = json_new_object(), *arguments;
        int r = json_append(array, o);

        if (r >= 0 && !source)
                r = -ENOMEM;
        if (r >= 0)
                r = json_add_text(o, "id", e->id);
        if (r >= 0)
                r = json_add_text(o, "kernel", e->kernel);
        if (r < 0)
                return r;
        arguments = json_add_array(o, "arguments");
        r = arguments ? add_words(arguments, &boot_entry_words(e)->words) : -ENOMEM;
        if (r >= 0)
                r = json_add(o, "rescue", json_new_bool(is_rescue(e)));
        if (r >= 0)
                r = json_add(o, "default", json_new_bool(e->is_default));
        if (r >= 0)
                r = json_add_text(o, "source", source);
        return r < 0 || !e->built_in.file ? r : add_built_in(o, &e->built_in);
}

static int add_loader(struct json_object *array, const Loader *l)
{
        struct json_object *o = json_new_object(), *files, *variables = NULL, *entries;
        int r = json_append(array, o);

        if (r >= 0)
                r = json_add_text(o, "kind", loader_kind_to_string(l->kind));
        if (r < 0)
                return r;
        files = json_add_array(o, "files");
        if (!files)
                return -ENOMEM;
        r = add_files(files, l);
        if (r >= 0) {
                variables = json_new_object();
                r = json_add(o, "variables", variables);
        }
        if (r >= 0)
                r = add_variables(variables, l);
        if (r < 0)
                return r;
        entries = json_add_array(o, "entries");
        if (!entries)
                return -ENOMEM;
        for (size_t i = 0; i < l->n_entries && r >= 0; i++)
                r = add_entry(entries, l->entries + i);
        return r;
}

static int add_mount(struct json_object *array, const BootMount *m)
{
        struct json_object *o = json_new_object();
        int r = json_append(array, o);

        if (r >= 0)
                r = json_add_text(o, "mount_point", m->target);
        if (r >= 0)
                r = json_add_text(o, "device", m->device);
        if (r >= 0)
                r = json_add(o, "listed", json_new_bool(m->listed));
        if (r >= 0)
                r = json_add_text(o, "elsewhere", m->elsewhere);
        return r < 0 ? r : json_add_text(o, "failure", m->failure);
}

static int add_others(struct json_object *o, const Facts *f)
{
        struct json_object *array = f->n_others > 0 ? json_add_array(o, "others") : NULL;

        if (f->n_others > 0 && !array)
                return -ENOMEM;
        FOREACH_ARRAY(other, f->others, f->n_others) {
                struct json_object *item = json_new_object();
                int r = json_append(array, item);

                if (r >= 0)
                        r = json_add_text(item, "name", other->name);
                if (r >= 0)
                        r = json_add_text(item, "found", other->found);
                if (r >= 0)
                        r = json_add_text(item, "words_go_to", other->where);
                if (r < 0)
                        return r;
        }
        return 0;
}

int bootloader_json(Printer *p, const Facts *f, const BootMounts *unmounted)
{
        _cleanup_json_ struct json_object *o = NULL;
        struct json_object *array;

        if (origin_document(&f->origin, "bootloader", BOOTLOADER_VERSION, f->origin.reboot_required, &o) < 0)
                return -ENOMEM;
        array = json_add_array(o, "loaders");
        if (!array)
                return -ENOMEM;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                int r = add_loader(array, l);

                if (r < 0)
                        return r;
        }
        if (add_others(o, f) < 0)
                return -ENOMEM;
        array = unmounted->n > 0 ? json_add_array(o, "unmounted") : NULL;
        if (unmounted->n > 0 && !array)
                return -ENOMEM;
        FOREACH_ARRAY(m, unmounted->items, unmounted->n) {
                int r = add_mount(array, m);

                if (r < 0)
                        return r;
        }
        return json_write(o, p->out);
}

static void print_variable(Printer *p, const LoaderVariable *v)
{
        if (v->state == VARIABLE_UNSET)
                printer_add(p, "  %s is not set", v->name);
        else if (v->state == VARIABLE_KNOWN)
                printer_add(p, "  %s=\"%s\"", v->name, v->value);
        else
                printer_add(p, "  %s: only a shell can tell", v->name);
        if (v->state != VARIABLE_UNSET && v->file)
                printer_add(p, " (%s:%u)", v->file, v->line);
        printer_line(p, "%s", "");
}

static int print_entry(Printer *p, const BootEntry *e)
{
        _cleanup_free_ char *arguments = kargs_print(boot_entry_words(e)), *source = entry_source(e);

        if (!arguments || !source)
                return -ENOMEM;
        printer_line(p, "  %s %s%s (%s)", e->is_default ? "*" : "-", e->title && *e->title ? e->title : e->id,
                     is_rescue(e)  ? " [left alone: rescue]"
                     : e->foreign  ? " [left alone: not made from the settings]"
                     : e->embedded ? " [arguments are part of the image]"
                                   : "",
                     source);
        printer_line(p, "      %s", e->kernel ?: "no kernel");
        printer_add(p, "      ");
        printer_hang(p);
        printer_line(p, "%s", *arguments ? arguments : "no arguments");
        if (e->built_in.file)
                printer_line(p, "      %s (%s:%u)",
                             e->built_in.alone
                                     ? "which is built into this kernel: nothing that a boot loader says counts"
                             : kernel_line_ends(&e->built_in)
                                     ? "which begins with what is built into this kernel, and a \"--\" in that: what "
                                       "a boot loader says is for init"
                             : e->built_in.behind ? "which ends with what is built into this kernel"
                                                  : "which begins with what is built into this kernel",
                             e->built_in.file, e->built_in.line);
        if (e->untold)
                printer_line(p, "      only the boot loader can tell what %s has", e->untold);
        return 0;
}

static int print_loader(Printer *p, const Loader *l)
{
        printer_line(p, "%s%s", loader_kind_to_string(l->kind), l->unused ? " (not what this machine boots with)" : "");
        if (l->unused)
                printer_line(p, "  %s", l->unused);
        if (l->unseen)
                printer_line(p, "  cannot tell: %s", l->unseen);
        if (l->generated)
                printer_line(p, "  boots from %s", l->generated);
        FOREACH_ARRAY(path, l->generated_too.items, l->generated_too.n)
                printer_line(p, "  or from %s, as the firmware has it", *path);
        FOREACH_ARRAY(path, l->left_alone.items, l->left_alone.n)
                printer_line(p, "  not from %s, which is left alone", *path);
        FOREACH_ARRAY(f, l->files, l->n_files)
                if (!streq_null(f->path, l->generated))
                        printer_line(p, "  reads %s", f->path);
        FOREACH_ARRAY(v, l->variables, l->n_variables)
                print_variable(p, v);
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                int r = print_entry(p, e);

                if (r < 0)
                        return r;
        }
        if (l->once.id)
                printer_line(p, "  the next boot only: %s (%s)", l->once.id, l->once.place);
        FOREACH_ARRAY(u, l->unreadable.items, l->unreadable.n)
                printer_line(p, "  not readable: %s", *u);
        if (l->readable != TRISTATE_YES)
                printer_line(p, "  cannot tell what it boots");
        else if (l->n_entries == 0)
                printer_line(p, "%s",
                             l->menu_from_bls ? "  no entry of its own: the menu is made of those of bls"
                                              : "  no entry that boots Linux");
        return 0;
}

static int print_mount(Printer *p, const BootMount *m)
{
        _cleanup_free_ char *text = boot_mount_text(m);

        if (!text)
                return -ENOMEM;
        printer_line(p, "%s: %s", m->target, text);
        return 0;
}

static void print_other(Printer *p, const OtherLoader *o)
{
        printer_line(p, "%s (%s)", o->name, o->helper ? "writes boot entries" : "not edited by ptprep");
        printer_line(p, "  found by %s", o->found);
        printer_line(p, "  words go into %s", o->where);
}

int bootloader_text(Printer *p, const Facts *f, const BootMounts *unmounted)
{
        int r = 0, e;

        for (size_t i = 0; i < unmounted->n && r >= 0; i++)
                r = print_mount(p, unmounted->items + i);
        if (unmounted->n > 0)
                printer_line(p, "%s", "");
        if (f->n_loaders == 0 && f->n_others == 0)
                printer_line(p, "no boot loader found that ptprep knows");
        for (size_t i = 0; i < f->n_loaders && r >= 0; i++) {
                if (i > 0)
                        printer_line(p, "%s", "");
                r = print_loader(p, f->loaders + i);
        }
        for (size_t i = 0; i < f->n_others; i++) {
                if (i + f->n_loaders > 0)
                        printer_line(p, "%s", "");
                print_other(p, f->others + i);
        }
        e = printer_end(p);
        return r < 0 ? r : e;
}
