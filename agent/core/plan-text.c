/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/plan-text.h"

#include "core/render.h"
#include "initramfs/builders.h"
#include "model/names.h"

#define SAFE_IN_SHELL                                                                                                  \
        "abcdefghijklmnopqrstuvwxyz"                                                                                   \
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                                                                   \
        "0123456789@%+=:,./_-"

/* So that a shell, to which somebody gives the line, takes it for the one word that it is. */
static void print_word(Printer *p, const char *word)
{
        if (*word && word[strspn(word, SAFE_IN_SHELL)] == 0) {
                printer_add(p, " %s", word);
                return;
        }
        printer_add(p, " '");
        while (*word) {
                int n = (int) strcspn(word, "'");

                printer_add(p, "%.*s", n, word);
                word += n;
                for (; *word == '\''; word++)
                        printer_add(p, "'\\''");
        }
        printer_add(p, "'");
}

static void print_command(Printer *p, const StringList *argv, const char *const *more, size_t n)
{
        printer_add(p, "# run");
        FOREACH_ARRAY(a, argv->items, argv->n)
                print_word(p, *a);
        for (size_t i = 0; i < n; i++)
                print_word(p, more[i]);
        printer_line(p, "%s", "");
}

static int print_diff(Printer *p, const char *path, const FileStep *file)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f;
        int r;

        if (!p->terminal)
                return render_diff(p->out, path, file->old_text, file->new_text);
        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        r = render_diff(f, path, file->old_text, file->new_text);
        if (fclose(f) != 0)
                return -ENOMEM;
        if (r >= 0)
                printer_block(p, text, "");
        return r;
}

static int print_file_step(Printer *p, const Step *s)
{
        const FileStep *file = &s->file;

        if (file->editor.n > 0) /* of the platform, which has to come to the same */
                print_command(p, &file->editor, NULL, 0);
        else if (step_is_state(s)) {
                printer_line(p, "# %s %s", step_action(s), s->path);
                return 0;
        }
        return print_diff(p, s->path, file);
}

static void print_image_step(Printer *p, const Step *s)
{
        const char *argv[BUILDER_WORDS_MAX];
        size_t n = builder_command(s->image.builder, s->path, s->image.release, s->path, argv);

        print_command(p, &(const StringList){ .items = (char **) argv, .n = n }, NULL, 0);
}

static int print_step(Printer *p, const Step *s)
{
        switch (s->kind) {
        case STEP_WRITE_FILE:
        case STEP_REMOVE_FILE:
                return print_file_step(p, s);
        case STEP_KEEP_ORIGINAL:
                if (s->state.text)
                        printer_line(p, "# keep the original of %s in %s", s->state.original_of, s->path);
                else
                        printer_line(p, "# remove %s", s->path);
                return 0;
        case STEP_COPY_IMAGE:
                printer_line(p, "# copy %s to %s", s->copy.from, s->path);
                return 0;
        case STEP_REBUILD_IMAGE:
                print_image_step(p, s);
                return 0;
        case STEP_MKCONFIG:
                print_command(p, &s->menu.argv, (const char *[]){ "-o", s->path }, 2);
                return 0;
        case STEP_ATTRIBUTE:
                printer_line(p, "# set %s to %s", s->path, s->attribute.value);
                return 0;
        case STEP_BOOLEAN:
                printer_line(p, "# run setsebool -P %s %s", selinux_boolean_to_string(s->boolean.boolean),
                             s->boolean.on ? "on" : "off");
                return 0;
        case STEP_VF_MACS:
                printer_add(p, "# set the addresses of the virtual functions of %s to", s->path);
                FOREACH_ARRAY(mac, s->vf_macs.macs.items, s->vf_macs.macs.n)
                        printer_add(p, " %s", *mac);
                printer_line(p, "%s", "");
                return 0;
        case STEP_BIND:
                printer_line(p, "# bind the virtual functions of %s to %s", s->path,
                             stub_driver_to_string(s->bind.driver));
                return 0;
        case STEP_COMMAND:
                print_command(p, &s->command.argv, NULL, 0);
                return 0;
        default:
                printer_line(p, "# %s %s", step_action(s), s->path);
                return 0;
        }
}

int plan_text(Printer *p, const Plan *plan)
{
        int r = 0, e;

        for (size_t i = 0; i < plan->n && r >= 0; i++)
                r = print_step(p, plan->steps + i);
        e = printer_end(p);
        return r < 0 ? r : e;
}
