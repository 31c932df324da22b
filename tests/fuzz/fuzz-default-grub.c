/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/shell-assign.h"
#include "grub/loader/loaders.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Kargs one_word(char **word)
{
        return (Kargs){ .words = { .items = word, .n = 1 } };
}

/* What the record says of the file once the step is done. */
static int remember(Record *r, const Step *s)
{
        RecordFile *f = record_file_at(r, s->path);

        if (!f)
                return -ENOMEM;
        f->format = strdup(s->file.record.format);
        return f->format ? owned_words_add_all(&f->added, &s->file.record.added) : -ENOMEM;
}

/* Ranges lie inside the text; an edit that is planned leaves a text in which nothing more is to be edited. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = strndup(size > 0 ? (const char *) data : "", size);
        char *claim = (char *) "ptprep.claim=1", *off = (char *) "iommu=off";
        const Kargs add = one_word(&claim), remove = one_word(&off);
        _cleanup_(record_done) Record record = {};
        const LoaderEdit want = { .check = "iommu.argument", .add = &add, .remove = &remove, .record = &record };
        LoaderFile file = { (char *) "/etc/default/grub", text, text ? strlen(text) : 0 };
        char *tool = (char *) "grub-mkconfig";
        Loader l = { .kind = LOADER_GRUB2,
                     .files = &file,
                     .n_files = 1,
                     .generated = (char *) "/boot/grub/grub.cfg",
                     .mkconfig = { .items = &tool, .n = 1 } };
        _cleanup_(shell_state_done) ShellState s = {};
        _cleanup_(plan_done) Plan first = {}, second = {};

        if (!text || shell_eval(&file, 1, SHELL_POSIX, &s) < 0)
                return 0;
        for (size_t i = 0; i < s.n_assignments; i++)
                if (s.assignments[i].start > s.assignments[i].end || s.assignments[i].end > file.size ||
                    s.assignments[i].file != 0)
                        abort();
        if (loader_edit(&l, &want, &first) < 0 || first.n == 0 || first.steps[0].kind != STEP_WRITE_FILE ||
            remember(&record, first.steps) < 0)
                return 0;
        file.text = first.steps[0].file.new_text;
        file.size = strlen(file.text);
        if (loader_edit(&l, &want, &second) >= 0 && second.n > 0 && second.steps[0].kind == STEP_WRITE_FILE)
                abort();
        return 0;
}
