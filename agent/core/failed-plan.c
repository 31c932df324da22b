/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/failed-plan.h"

#include <inttypes.h>

#include "base/parse.h"
#include "base/text.h"

#define DIGEST_CHARS 16

static uint64_t add_step(uint64_t hash, const Step *s)
{
        hash = fnv1a_text(fnv1a_text(hash, step_kind_to_string(s->kind)), s->path);
        hash = fnv1a_text(hash, step_subject(s));
        switch (s->kind) {
        case STEP_WRITE_FILE:
        case STEP_REMOVE_FILE:
                return fnv1a_text(fnv1a_text(string_list_fnv1a(hash, &s->file.editor), s->file.old_text),
                                  s->file.new_text);
        case STEP_REBUILD_IMAGE:
                return fnv1a_text(string_list_fnv1a(hash, &s->image.modules), builder_kind_to_string(s->image.builder));
        case STEP_COPY_IMAGE:
                return fnv1a_text(string_list_fnv1a(hash, &s->copy.modules), s->copy.from);
        case STEP_CLAIM_IMAGE:
                hash = fnv1a_text(fnv1a_text(hash, s->claim_image.claims), s->claim_image.modprobe);
                return fnv1a_text(hash, s->claim_image.words);
        case STEP_MKCONFIG:
                hash = fnv1a_text(fnv1a_text(string_list_fnv1a(hash, &s->menu.argv), s->menu.words), s->menu.gone);
                return fnv1a_text(hash, s->menu.early);
        case STEP_COMMAND:
                return fnv1a_text(fnv1a_text(string_list_fnv1a(hash, &s->command.argv), s->command.words),
                                  s->command.gone);
        case STEP_ATTRIBUTE:
                return fnv1a_text(hash, s->attribute.value);
        case STEP_BOOLEAN:
                return fnv1a_text(hash, s->boolean.on ? "on" : "off");
        case STEP_VF_MACS:
                return string_list_fnv1a(hash, &s->vf_macs.macs);
        case STEP_BIND:
                return fnv1a_text(hash, stub_driver_to_string(s->bind.driver));
        default:
                return hash;
        }
}

/* What the programs work with that a plan starts, as far as ptprep reads it. */
static uint64_t add_inputs(uint64_t hash, const Facts *f)
{
        hash = fnv1a(hash, &f->helper_hash, sizeof(f->helper_hash));
        hash = fnv1a(hash, f->claim_image.helper ?: "", f->claim_image.helper ? f->claim_image.helper_size : 0);
        hash = fnv1a_text(hash, f->claim_image.unit);
        FOREACH_ARRAY(k, f->kernels, f->n_kernels)
                hash = fnv1a_text(hash, k->release);
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(file, l->files, l->n_files)
                        hash = fnv1a(fnv1a_text(hash, file->path), file->text ?: "", file->text ? file->size : 0);
        return hash;
}

/* ptprep's own state is no part: what an attempt leaves in it must not make the next one another. */
static void print_digest(const Judgement *j, const Plan *p, uint64_t inputs, char ret[static DIGEST_CHARS + 1])
{
        uint64_t hash = fnv1a_text(fnv1a(FNV_START, &inputs, sizeof(inputs)), j->wanted->claims);

        FOREACH_ARRAY(s, p->steps, p->n)
                if (!step_is_state(s))
                        hash = add_step(hash, s);
        (void) snprintf(ret, DIGEST_CHARS + 1, "%016" PRIx64, add_inputs(hash, j->facts));
}

char *failed_plan_print(const Judgement *j, const Plan *p, uint64_t inputs, const char *failure)
{
        char digest[DIGEST_CHARS + 1], *text = NULL;
        const char *separator = "";
        size_t size;
        FILE *f = open_memstream(&text, &size);
        bool failed;

        if (!f)
                return NULL;
        print_digest(j, p, inputs, digest);
        fprintf(f, "%s\n", digest);
        FOREACH_ARRAY(s, p->steps, p->n) {
                if (step_is_state(s))
                        continue;
                fprintf(f, "%s%s", separator, s->path);
                separator = ", ";
        }
        fprintf(f, "\n%s\n", failure);
        failed = ferror(f) != 0;
        if (fclose(f) == 0 && !failed)
                return text;
        free(text);
        return NULL;
}

bool failed_plan_describe(const char *text, const char **ret_paths, const char **ret_failure)
{
        const char *paths = text ? strchr(text, '\n') : NULL, *failure = paths ? strchr(paths + 1, '\n') : NULL;

        if (!failure || paths - text != DIGEST_CHARS)
                return false;
        *ret_paths = paths + 1;
        *ret_failure = failure + 1;
        return true;
}

bool failed_plan_same(const Judgement *j, const Plan *p, uint64_t inputs, const char **ret_failure)
{
        char digest[DIGEST_CHARS + 1];
        const char *paths;

        if (p->n == 0 || !failed_plan_describe(j->facts->failed_plan, &paths, ret_failure))
                return false;
        print_digest(j, p, inputs, digest);
        return strncmp(j->facts->failed_plan, digest, DIGEST_CHARS) == 0;
}
