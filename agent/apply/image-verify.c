/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/image-verify.h"

#include <limits.h>
#include <stdarg.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "grub/format/uki.h"
#include "initramfs/builders.h"
#include "initramfs/query.h"
#include "model/image.h"
#include "model/names.h"

#define HELPER_MAX_BYTES (4U * 1024 * 1024)

int image_wanted_digest(int rfd, uint64_t *ret)
{
        _cleanup_free_ char *claims = NULL, *helper = NULL;
        size_t size;
        int r = root_read_text(rfd, NAME_CLAIMS, &claims);

        if (r == -ENOENT) {
                *ret = 0;
                return 0;
        }
        if (r >= 0)
                r = root_read_file(rfd, NAME_CLAIM_HELPER, HELPER_MAX_BYTES, &helper, &size);
        if (r < 0)
                return r;
        *ret = image_digest(claims, fnv1a(FNV_START, helper, size));
        return 0;
}

/* The initramfs of a unified kernel image is a part of it; all other files are images as a whole. */
static int image_part(int rfd, const char *path, uint64_t *ret_offset, uint64_t *ret_size)
{
        _cleanup_(uki_done) Uki u = {};
        int r;

        *ret_offset = *ret_size = 0;
        if (!endswith(path, ".efi"))
                return 0;
        r = uki_read_path(rfd, path, &u);
        if (r < 0)
                return r;
        if (u.profiles->initrd.size == 0)
                return -EBADMSG;
        *ret_offset = u.profiles->initrd.offset;
        *ret_size = u.profiles->initrd.size;
        return 0;
}

int image_inside_digest(int rfd, const char *path, const StringList *modules, uint64_t *ret, InitrdSeen *ret_seen)
{
        uint64_t offset, size;
        ImageQuery q;
        int r;

        image_query_init(&q, &(const Config){}, &(const KernelRelease){});
        for (size_t i = 0; i < modules->n && q.n < IMAGE_ITEMS_MAX; i++)
                q.items[q.n++] = (InitrdItem){ .name = modules->items[i], .module = true };
        r = image_part(rfd, path, &offset, &size);
        if (r >= 0)
                r = initrd_inspect_part(rfd, path, offset, size, q.items, q.n, ret_seen);
        if (r < 0)
                return r;
        if (image_query_modules(&q) == TRISTATE_NO)
                return -ENOENT;
        *ret = image_query_digest(&q);
        return 0;
}

static int survey(int rfd, const char *path, uint64_t offset, uint64_t size, InitrdItem *items, size_t n,
                  InitrdSurvey *ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY);
        int r = fd < 0 ? fd : size > 0 ? 0 : image_part(rfd, path, &offset, &size);

        return r < 0 ? r : initrd_survey(fd, offset, size, items, n, ret);
}

/* Says why an image is not fit. Returns -EPROTO or -ENOMEM. */
static int _printf_(2, 3) unfit(char **ret_reason, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = string_vprintf(ret_reason, format, ap);
        va_end(ap);
        return r < 0 ? r : -EPROTO;
}

/* What reading it to its end came to. */
static int judge_reading(int error, char **ret_reason)
{
        static const struct {
                int error;
                const char *reason;
        } reasons[] = {
                { -EBADMSG, "is damaged, or ends too early" },
                { -EFBIG, "asks for more memory than any image needs" },
                { -EOPNOTSUPP, "is compressed by lzo, which cannot be looked into" },
                { -ENOPKG, "cannot be looked into: libarchive is not installed" },
        };

        FOREACH_ARRAY(i, reasons, ELEMENTSOF(reasons))
                if (error == i->error)
                        return unfit(ret_reason, "%s", i->reason);
        return error;
}

/* What ptprep has to have in it. */
static int judge_items(int rfd, const ImageTrial *t, const ImageQuery *q, char **ret_reason)
{
        const InitrdItem *claims = q->items, *helper = q->items + 1;
        uint64_t wanted = 0;
        int r = t->bare ? 0 : image_wanted_digest(rfd, &wanted);

        if (r < 0)
                return r;
        if (wanted == 0)
                return image_query_digest(q) == 0 ? 0 : unfit(ret_reason, "still has a claim list in it");
        FOREACH_ARRAY(i, q->items, q->n)
                if (!i->found)
                        return unfit(ret_reason, "lacks %s%s",
                                     i == claims   ? "the claim list"
                                     : i == helper ? "the claim helper"
                                                   : "the driver ",
                                     i->module ? i->name : "");
        if (image_query_digest(q) != wanted)
                return unfit(ret_reason, "has another claim list or helper in it than this system");
        if ((helper->mode & 0111) == 0)
                return unfit(ret_reason, "has a claim helper that is not executable");
        return 0;
}

/* "a, b, c and 5 more". Owned by the caller, NULL when memory is short. */
static char *some_names(const StringList *l)
{
        const size_t shown = MIN(l->n, 4U);
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        for (size_t i = 0; i < shown; i++)
                fprintf(f, "%s%s", i > 0 ? ", " : "", l->items[i]);
        if (l->n > shown)
                fprintf(f, " and %zu more", l->n - shown);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

/* Is there such a file on this system? Modules may be compressed in another way there, or lie below /lib. */
static bool is_on_system(int rfd, const char *name)
{
        static const char *const suffixes[] = { "", ".xz", ".zst", ".gz" };
        const char *module = strstr(name, ".ko");
        size_t n = module && strstr(name, "lib/modules/") ? (size_t) (module - name) + 3 : strlen(name);

        FOREACH_ARRAY(suffix, suffixes, ELEMENTSOF(suffixes)) {
                _cleanup_free_ char *path = NULL;
                struct stat st;

                if (string_printf(&path, "/%.*s%s", (int) n, name, *suffix) < 0)
                        return true;
                if (root_stat(rfd, path, &st) >= 0 ||
                    root_stat(rfd, startswith(path, "/usr/lib/") ? path + 4 : path, &st) >= 0)
                        return true;
        }
        return false;
}

/* Is a module of this file loaded, according to /proc/modules? */
static bool is_loaded(const char *modules, const char *name)
{
        char module[NAME_MAX];
        size_t n;

        if (!initrd_module_name(name, module, sizeof(module)))
                return false;
        n = strlen(module);
        for (const char *line = modules; line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (strncmp(line, module, n) == 0 && line[n] == ' ')
                        return true;
        }
        return false;
}

/*
 * Modules that are loaded on most systems and that none needs to find its root, unless that is far away; and those that
 * are there for what is claimed: which of them an image has to have is said by the step.
 */
static bool is_for_later(const char *name)
{
        static const char *const parts[] = { "/drivers/net/",    "/kernel/net/",   "/drivers/gpu/",
                                             "/sound/",          "/drivers/vfio/", "/drivers/iommu/iommufd",
                                             "/pci/pci-stub.ko", "/irqbypass.ko" };

        FOREACH_ARRAY(part, parts, ELEMENTSOF(parts))
                if (strstr(name, *part))
                        return true;
        return false;
}

static bool reported_failure(const ImageTrial *t)
{
        const char *const *mark = t->builder >= _BUILDER_FIRST ? builder_ops(t->builder)->failures : NULL;

        for (; t->said && mark && *mark; mark++)
                if (strstr(t->said, *mark))
                        return true;
        return false;
}

/* Those of the missing files without which this system may not boot. */
static int missed(int rfd, const ImageTrial *t, const StringList *missing, StringList *ret)
{
        const bool failed = reported_failure(t);
        _cleanup_free_ char *modules = NULL;
        int r = root_read_text(rfd, "/proc/modules", &modules);

        if (r == -ENOMEM)
                return r;
        r = 0;
        for (size_t i = 0; i < missing->n && r >= 0; i++) {
                const char *name = missing->items[i];

                if ((failed || (is_loaded(modules, name) && !is_for_later(name))) && is_on_system(rfd, name))
                        r = string_list_add(ret, name);
        }
        return r;
}

static int compare_with_old(int rfd, const ImageTrial *t, const InitrdSurvey *s, char **ret_reason)
{
        _cleanup_(initrd_survey_done) InitrdSurvey old = {};
        _cleanup_(string_list_done) StringList missing = {}, needed = {};
        _cleanup_free_ char *names = NULL;
        int r = t->old ? survey(rfd, t->old, 0, 0, NULL, 0, &old) : -ENOENT;

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        r = initrd_survey_missing(&old, s, &missing);
        if (r >= 0)
                r = missed(rfd, t, &missing, &needed);
        if (r < 0)
                return r;
        names = some_names(needed.n > 0 ? &needed : &missing);
        if (!names)
                return -ENOMEM;
        if (needed.n > 0)
                return unfit(ret_reason, "lacks %s, which the old one has%s", names,
                             reported_failure(t) ? "" : " and this system uses");
        if (old.maker == s->maker && s->bytes < old.bytes / 2)
                return unfit(ret_reason, "has less than half in it of what the old one has beside drivers: it lacks %s",
                             names);
        return 0;
}

int image_verify(int rfd, const ImageTrial *t, char **ret_reason)
{
        _cleanup_(initrd_survey_done) InitrdSurvey s = {};
        ImageQuery q;
        int r;

        image_query_init(&q, &(const Config){}, &(const KernelRelease){});
        for (size_t i = 0; t->modules && i < t->modules->n && q.n < IMAGE_ITEMS_MAX; i++)
                q.items[q.n++] = (InitrdItem){ .name = t->modules->items[i], .module = true };
        r = survey(rfd, t->path, t->offset, t->size, q.items, q.n, &s);
        if (r < 0)
                return judge_reading(r, ret_reason);
        if (!s.init)
                return unfit(ret_reason, "has no init that the kernel could start");
        r = judge_items(rfd, t, &q, ret_reason);
        return r < 0 ? r : compare_with_old(rfd, t, &s, ret_reason);
}
