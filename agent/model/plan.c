/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include "names.h"
#include "table.h"
#include "text.h"

static const char *const step_kind_table[_STEP_KIND_MAX] = {
        [STEP_CLEAN_UP] = "clean-up",     [STEP_KEEP_ORIGINAL] = "keep-original",
        [STEP_RECORD] = "record",         [STEP_WRITE_FILE] = "write",
        [STEP_REMOVE_FILE] = "remove",    [STEP_REBUILD_IMAGE] = "rebuild-image",
        [STEP_COPY_IMAGE] = "copy-image", [STEP_STAMP_IMAGES] = "record-images",
        [STEP_ATTRIBUTE] = "set",         [STEP_PUT_BACK] = "put-back",
        [STEP_MKCONFIG] = "regenerate",   [STEP_COMMAND] = "run",
        [STEP_CLAIM_IMAGE] = "write",     [STEP_BIND] = "bind",
        [STEP_BOOLEAN] = "set",           [STEP_VF_MACS] = "set",
};

DEFINE_STRING_TO(step_kind, StepKind)

static void step_record_done(StepRecord *r)
{
        free(r->format);
        free(r->recorded_as);
        owned_words_done(&r->added);
        owned_words_done(&r->removed);
}

static void file_step_done(FileStep *s)
{
        free(s->old_text);
        free(s->new_text);
        string_list_done(&s->editor);
        step_record_done(&s->record);
}

static void stamp_step_done(StampStep *s)
{
        FOREACH_ARRAY(i, s->images, s->n_images) {
                free(i->key);
                free(i->path);
                free(i->release);
                string_list_done(&i->modules);
        }
        free(s->images);
}

static void command_step_done(CommandStep *s)
{
        string_list_done(&s->argv);
        string_list_done(&s->undo_argv);
        free(s->release);
        free(s->words);
        free(s->gone);
        step_record_done(&s->record);
}

static void step_done(Step *s)
{
        free(s->path);
        switch (s->kind) {
        case STEP_CLEAN_UP:
                free(s->clean_up.names);
                break;
        case STEP_PUT_BACK:
                free(s->put_back.from);
                free(s->put_back.in_place);
                break;
        case STEP_KEEP_ORIGINAL:
        case STEP_RECORD:
                free(s->state.text);
                free(s->state.original_of);
                break;
        case STEP_WRITE_FILE:
        case STEP_REMOVE_FILE:
                file_step_done(&s->file);
                break;
        case STEP_REBUILD_IMAGE:
                free(s->image.release);
                string_list_done(&s->image.modules);
                break;
        case STEP_COPY_IMAGE:
                free(s->copy.release);
                free(s->copy.from);
                string_list_done(&s->copy.modules);
                break;
        case STEP_CLAIM_IMAGE:
                free(s->claim_image.claims);
                free(s->claim_image.modprobe);
                free(s->claim_image.words);
                break;
        case STEP_STAMP_IMAGES:
                stamp_step_done(&s->stamp);
                break;
        case STEP_MKCONFIG:
                string_list_done(&s->menu.argv);
                free(s->menu.words);
                free(s->menu.gone);
                free(s->menu.early);
                break;
        case STEP_COMMAND:
                command_step_done(&s->command);
                break;
        case STEP_ATTRIBUTE:
                free(s->attribute.value);
                free(s->attribute.undo_value);
                break;
        case STEP_VF_MACS:
                string_list_done(&s->vf_macs.macs);
                break;
        case STEP_BOOLEAN:
        case STEP_BIND:
        case _STEP_KIND_MAX:
                break;
        }
        *s = (Step){};
}

bool step_is_fileless(const Step *s)
{
        return s->kind == STEP_ATTRIBUTE || s->kind == STEP_BOOLEAN || s->kind == STEP_VF_MACS || s->kind == STEP_BIND;
}

bool step_is_state(const Step *s)
{
        return startswith(s->path, NAME_STATE_DIR "/");
}

const FileStep *step_file(const Step *s)
{
        return s->kind == STEP_WRITE_FILE || s->kind == STEP_REMOVE_FILE ? &s->file : NULL;
}

const StepRecord *step_record(const Step *s)
{
        const FileStep *file = step_file(s);
        const StepRecord *r = file ? &file->record : s->kind == STEP_COMMAND ? &s->command.record : NULL;

        return r && r->format ? r : NULL;
}

const char *plan_recorded(const Plan *p, size_t n, const char *present)
{
        FOREACH_ARRAY(s, p->steps, n)
                if (s->kind == STEP_RECORD)
                        present = s->state.text;
        return present;
}

const char *step_release(const Step *s)
{
        switch (s->kind) {
        case STEP_REBUILD_IMAGE:
                return s->image.release;
        case STEP_COPY_IMAGE:
                return s->copy.release;
        case STEP_COMMAND:
                return s->command.release;
        default:
                return NULL;
        }
}

const char *step_subject(const Step *s)
{
        return s->kind == STEP_KEEP_ORIGINAL ? s->state.original_of : step_release(s);
}

const char *step_action(const Step *s)
{
        bool bookkeeping = s->kind == STEP_KEEP_ORIGINAL || s->kind == STEP_RECORD,
             removes = s->kind == STEP_CLAIM_IMAGE ? !s->claim_image.claims : bookkeeping && !s->state.text;

        return step_kind_to_string(removes ? STEP_REMOVE_FILE : s->kind);
}

void plan_done(Plan *p)
{
        FOREACH_ARRAY(s, p->steps, p->n)
                step_done(s);
        free(p->steps);
        string_list_done(&p->given_back);
        *p = (Plan){};
}

static Step *plan_add(Plan *p, StepKind kind, const char *check, const char *path)
{
        Step *s = array_grow(&p->steps, p->n);

        if (!s)
                return NULL;
        *s = (Step){ .kind = kind, .check = check, .path = strdup(path) };
        if (!s->path)
                return NULL;
        p->n++;
        return s;
}

CleanUpStep *plan_add_clean_up(Plan *p, const char *check, const char *path)
{
        Step *s = plan_add(p, STEP_CLEAN_UP, check, path);

        return s ? &s->clean_up : NULL;
}

PutBackStep *plan_add_put_back(Plan *p, const char *check, const char *path, const char *from, const char *in_place)
{
        Step *s = plan_add(p, STEP_PUT_BACK, check, path);

        if (!s || string_copy(from, &s->put_back.from) < 0 ||
            (in_place && string_copy(in_place, &s->put_back.in_place) < 0))
                return NULL;
        return &s->put_back;
}

StateStep *plan_add_state(Plan *p, StepKind kind, const char *check, const char *path)
{
        Step *s = plan_add(p, kind, check, path);

        if (!s)
                return NULL;
        s->state.mode = 0644;
        return &s->state;
}

ImageStep *plan_add_image(Plan *p, const char *check, const char *path)
{
        Step *s = plan_add(p, STEP_REBUILD_IMAGE, check, path);

        return s ? &s->image : NULL;
}

ClaimImageStep *plan_add_claim_image(Plan *p, const char *check, const char *path)
{
        Step *s = plan_add(p, STEP_CLAIM_IMAGE, check, path);

        return s ? &s->claim_image : NULL;
}

CopyStep *plan_add_copy(Plan *p, const char *check, const char *path)
{
        Step *s = plan_add(p, STEP_COPY_IMAGE, check, path);

        return s ? &s->copy : NULL;
}

StampStep *plan_add_stamp(Plan *p, const char *check, const char *path)
{
        Step *s = plan_add(p, STEP_STAMP_IMAGES, check, path);

        return s ? &s->stamp : NULL;
}

MenuStep *plan_add_menu(Plan *p, const char *check, const char *path, const Kargs *add, const Kargs *remove)
{
        Step *s = plan_add(p, STEP_MKCONFIG, check, path);

        if (!s)
                return NULL;
        s->menu.words = kargs_print(add);
        s->menu.gone = kargs_print(remove);
        return s->menu.words && s->menu.gone ? &s->menu : NULL;
}

CommandStep *plan_add_command(Plan *p, const char *check, const char *path, LoaderKind loader, const Kargs *add,
                              const Kargs *remove)
{
        Step *s = plan_add(p, STEP_COMMAND, check, path);

        if (!s)
                return NULL;
        s->command.loader = loader;
        s->command.words = add ? kargs_print(add) : NULL;
        s->command.gone = kargs_print(remove);
        return (s->command.words || !add) && s->command.gone ? &s->command : NULL;
}

AttributeStep *plan_add_attribute(Plan *p, const char *check, const char *path, const char *value,
                                  const char *undo_value)
{
        Step *s = plan_add(p, STEP_ATTRIBUTE, check, path);

        return s && string_copy(value, &s->attribute.value) >= 0 &&
                               string_copy(undo_value, &s->attribute.undo_value) >= 0
                       ? &s->attribute
                       : NULL;
}

BooleanStep *plan_add_boolean(Plan *p, const char *check, SelinuxBoolean boolean, bool on)
{
        _cleanup_free_ char *path = selinux_boolean_path(boolean);
        Step *s = path ? plan_add(p, STEP_BOOLEAN, check, path) : NULL;

        if (!s)
                return NULL;
        s->boolean.boolean = boolean;
        s->boolean.on = on;
        return &s->boolean;
}

/* A step about the virtual functions of this function. */
static Step *add_virtual(Plan *p, StepKind kind, const char *check, PciAddr addr)
{
        _cleanup_free_ char *path = NULL;

        if (string_printf(&path, NAME_SYS_PCI_DEVICES "/%s", PCI_ADDR_TEXT(addr)) < 0)
                return NULL;
        return plan_add(p, kind, check, path);
}

VfMacsStep *plan_add_vf_macs(Plan *p, const char *check, PciAddr addr, const StringList *macs)
{
        Step *s = add_virtual(p, STEP_VF_MACS, check, addr);

        FOREACH_ARRAY(mac, macs->items, s ? macs->n : 0)
                if (string_list_add(&s->vf_macs.macs, *mac) < 0)
                        return NULL;
        return s ? &s->vf_macs : NULL;
}

BindStep *plan_add_bind(Plan *p, const char *check, PciAddr addr, StubDriver driver, uint32_t n)
{
        Step *s = add_virtual(p, STEP_BIND, check, addr);

        if (!s)
                return NULL;
        s->bind = (BindStep){ driver, n };
        return &s->bind;
}

StampedImage *stamp_step_add(StampStep *s, const char *key, const char *path, const char *release)
{
        StampedImage *i = array_grow(&s->images, s->n_images);

        if (!i)
                return NULL;
        s->n_images++;
        return string_copy(key, &i->key) >= 0 && string_copy(path, &i->path) >= 0 &&
                               string_copy(release, &i->release) >= 0
                       ? i
                       : NULL;
}

int plan_join(Plan *p, Plan *more)
{
        FOREACH_ARRAY(s, more->steps, more->n) {
                Step *new = array_grow(&p->steps, p->n);

                if (!new)
                        return -ENOMEM;
                p->n++;
                *new = *s;
                *s = (Step){};
        }
        FOREACH_ARRAY(subject, more->given_back.items, more->given_back.n) {
                int r = string_list_add(&p->given_back, *subject);

                if (r < 0)
                        return r;
        }
        plan_done(more);
        return 0;
}

void plan_truncate(Plan *p, size_t n)
{
        while (p->n > n)
                step_done(p->steps + --p->n);
}

void plan_remove(Plan *p, size_t i)
{
        step_done(p->steps + i);
        memmove(p->steps + i, p->steps + i + 1, (--p->n - i) * sizeof(*p->steps));
}

int plan_write(Plan *p, const char *check, const char *path, const char *old_text, const char *new_text)
{
        Step *s;
        int r;

        if (streq_null(old_text, new_text))
                return 0;
        s = plan_add(p, new_text ? STEP_WRITE_FILE : STEP_REMOVE_FILE, check, path);
        if (!s)
                return -ENOMEM;
        s->file.mode = 0644;
        r = string_copy(old_text, &s->file.old_text);
        return r < 0 ? r : string_copy(new_text, &s->file.new_text);
}

void plan_words_done(PlanWords *w)
{
        owned_words_done(&w->added);
        owned_words_done(&w->removed);
}

int step_remember(StepRecord *r, const PlanWords *words)
{
        int e = string_copy(words->format, &r->format);

        if (e >= 0)
                e = string_copy(words->recorded_as, &r->recorded_as);
        if (e >= 0)
                e = owned_words_add_all(&r->added, &words->added);
        return e < 0 ? e : owned_words_add_all(&r->removed, &words->removed);
}

int plan_edit(Plan *p, const char *check, const char *path, const char *old_text, const char *new_text,
              const PlanWords *words)
{
        size_t before = p->n;
        int r = plan_write(p, check, path, old_text, new_text);

        if (r < 0 || p->n == before)
                return r;
        return step_remember(&p->steps[before].file.record, words);
}

int plan_edit_more(Plan *p, const char *check, const char *path, const char *old_text, const char *new_text,
                   const PlanWords *words)
{
        FOREACH_ARRAY(s, p->steps, p->n) {
                int r;

                if (s->kind != STEP_WRITE_FILE || !streq(s->path, path))
                        continue;
                r = string_replace(&s->file.new_text, new_text);
                if (r >= 0 && !s->file.record.format)
                        return step_remember(&s->file.record, words);
                if (r >= 0)
                        r = owned_words_add_all(&s->file.record.added, &words->added);
                return r < 0 ? r : owned_words_add_all(&s->file.record.removed, &words->removed);
        }
        return plan_edit(p, check, path, old_text, new_text, words);
}
