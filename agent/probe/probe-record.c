/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "grub/loader/systemd-boot.h"
#include "model/names.h"
#include "model/reboots.h"
#include "probe/probe.h"
#include "probe/trust.h"

/* A text without NUL bytes; -EBADMSG with one. */
static int read_text(int rfd, const char *path, char **ret)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = root_read_file(rfd, path, RECORDED_MAX_BYTES, &text, &size);

        if (r < 0)
                return r;
        if (strlen(text) != size)
                return -EBADMSG;
        *ret = TAKE_PTR(text);
        return 0;
}

/*
 * A boot entry's file name has a counter in it, which goes down with each try and away in the end; the record knows the
 * name without it. Sets *ret where there is such a file. Returns 0 or -ENOMEM.
 */
static int find_counted(int rfd, const char *subject, char **ret)
{
        _cleanup_(string_list_done) StringList names = {};
        const char *base = strrchr(subject, '/') + 1;
        _cleanup_free_ char *directory = strndup(subject, (size_t) (base - subject));
        int r = directory ? root_list(rfd, directory, strrchr(base, '.'), &names) : -ENOMEM;

        if (r < 0)
                return probe_soft(r);
        FOREACH_ARRAY(name, names.items, names.n) {
                bool exhausted;
                _cleanup_free_ char *id = boot_entry_id(*name, &exhausted);

                if (!id)
                        return -ENOMEM;
                if (streq(id, base))
                        return string_printf(ret, "%s%s", directory, *name);
        }
        return 0;
}

/* What is there now of a recorded file, and what was there before ptprep. */
static int probe_file(int rfd, RecordFile *file)
{
        _cleanup_free_ char *path = NULL;
        int r = read_text(rfd, file->subject, &file->present);

        if (r == -ENOENT && find_counted(rfd, file->subject, &file->renamed) < 0)
                return -ENOMEM;
        if (file->renamed)
                r = read_text(rfd, file->renamed, &file->present);
        if (r == -ENOMEM)
                return r;
        file->exists = r >= 0 ? TRISTATE_YES : r == -ENOENT || r == -ENOTDIR ? TRISTATE_NO : TRISTATE_UNKNOWN;
        if (file->original.state != BYTES_KNOWN)
                return 0;
        if (string_printf(&path, NAME_ORIGINALS "%s", file->subject) < 0)
                return -ENOMEM;
        r = probe_soft(read_text(rfd, path, &file->kept));
        if (r >= 0 && file->kept && !fingerprint_is(&file->original, file->kept)) {
                free(file->kept);
                file->kept = NULL;
        }
        return r;
}

/* Where a file of the state is read and written is nobody's choice; the directory itself may lie elsewhere. */
static int refuse_link(int rfd, const char *path, char **ret)
{
        struct stat st;

        return !streq(path, NAME_STATE_DIR) && root_lstat(rfd, path, &st) >= 0 && S_ISLNK(st.st_mode)
                       ? string_printf(ret, "%s", "it is a symbolic link, and what it leads to is not read (rm)")
                       : 0;
}

/* Whoever may write it has files of the system replaced and removed when something is taken back. */
static int judge_trust(const Probe *p, Facts *f)
{
        static const char *const paths[] = { NAME_STATE_DIR,    NAME_RECORD,    NAME_TRANSACTION,
                                             NAME_IMAGE_STAMPS, NAME_ORIGINALS, NAME_FAILED_PLAN };
        struct stat st;

        if (root_stat(p->rfd, NAME_STATE_DIR, &st) == -ENOENT)
                return 0;
        FOREACH_ARRAY(path, paths, ELEMENTSOF(paths)) {
                _cleanup_free_ char *refusal = NULL;
                int r = refuse_link(p->rfd, *path, &refusal);

                if (r >= 0 && !refusal)
                        r = trust_refusal(p->rfd, *path, &refusal);

                if (refusal && string_printf(&f->state_refusal, "%s: %s", *path, refusal) < 0)
                        return -ENOMEM;
                if (refusal || r == -ENOMEM)
                        return r;
        }
        return 0;
}

static int probe_reboots(const Probe *p, Facts *f)
{
        f->reboots_known = true;
        FOREACH_ARRAY(place, reboots_places, ELEMENTSOF(reboots_places)) {
                _cleanup_free_ char *text = NULL, *before = NULL;
                int r = read_text(p->rfd, *place, &text);

                if (r == -ENOMEM)
                        return r;
                if (r < 0 && r != -ENOENT && r != -ENOTDIR)
                        f->reboots_known = false;
                if (!text)
                        continue;
                before = TAKE_PTR(f->reboots);
                if (string_printf(&f->reboots, "%s%s\n", before ?: "", text) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int probe_record(const Probe *p, Facts *f)
{
        int r = judge_trust(p, f);

        if (r >= 0)
                r = probe_reboots(p, f);
        if (r < 0)
                return r;
        if (f->state_refusal) {
                f->record_known = TRISTATE_NO;
                return 0;
        }
        r = read_text(p->rfd, NAME_RECORD, &f->record_text);

        if (r == -ENOMEM)
                return r;
        if (r >= 0)
                r = record_parse(f->record_text, &f->record);
        if (r == -ENOMEM)
                return r;
        f->record_known = r >= 0 || r == -ENOENT                             ? TRISTATE_YES
                          : r == -EBADMSG || r == -EOPNOTSUPP || r == -EFBIG ? TRISTATE_NO
                                                                             : TRISTATE_UNKNOWN;
        FOREACH_ARRAY(file, f->record.files, f->record.n) {
                r = file->subject[0] == '/' ? probe_file(p->rfd, file) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}
