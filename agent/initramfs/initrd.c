/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/initrd.h"

#include <limits.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include "base/io.h"
#include "base/parse.h"
#include "initramfs/builders.h"
#include "initramfs/cpio.h"

/* A loader puts all of it into memory. */
#define FILE_BYTES_MAX (UINT64_C(4) << 30)

static bool all_found(const InitrdItem *items, size_t n)
{
        FOREACH_ARRAY(i, items, n)
                if (!i->found)
                        return false;
        return true;
}

/* NAME.ko below lib/modules, and then at most the suffix of a compression. */
bool initrd_module_name(const char *path, char *buf, size_t size)
{
        static const char *const suffixes[] = { ".ko", ".ko.xz", ".ko.zst", ".ko.gz" };
        const char *base = strrchr(path, '/');

        if (!base || !strstr(path, "lib/modules/"))
                return false;
        base++;
        FOREACH_ARRAY(suffix, suffixes, ELEMENTSOF(suffixes)) {
                size_t n = strlen(base) - MIN(strlen(base), strlen(*suffix));

                if (n == 0 || n >= size || !endswith(base, *suffix))
                        continue;
                for (size_t i = 0; i < n; i++)
                        buf[i] = base[i] == '-' ? '_' : base[i];
                buf[n] = 0;
                return true;
        }
        return false;
}

static bool is_module(const char *path, const char *name)
{
        char module[NAME_MAX];

        if (!initrd_module_name(path, module, sizeof(module)))
                return false;
        for (size_t i = 0; module[i] != 0 || name[i] != 0; i++)
                if (module[i] != (name[i] == '-' ? '_' : name[i]))
                        return false;
        return true;
}

/*
 * Notes what the name of an entry already tells. Returns the item whose content is wanted, or NULL.
 *
 * Of several hard links to one file only one carries the content, with GNU cpio and the kernel's own tool the last.
 */
static InitrdItem *match_entry(InitrdItem *items, size_t n, const CpioEntry *e)
{
        InitrdItem *wanted = NULL;

        FOREACH_ARRAY(i, items, n) {
                if (i->module) {
                        if ((S_ISREG(e->mode) || S_ISLNK(e->mode)) && is_module(e->name, i->name))
                                i->found = true;
                        continue;
                }
                if (i->found || !S_ISREG(e->mode))
                        continue;
                if (streq(e->name, i->name)) {
                        if (e->size > 0 || e->links <= 1)
                                wanted = i;
                        else
                                i->inode = e->inode;
                } else if (e->size > 0 && e->links > 1 && i->inode != 0 && i->inode == e->inode)
                        wanted = i;
        }
        return wanted;
}

/* Begins to read the part of a file that is an image. As initrd_scan(). */
static int begin(CpioReader *c, int fd, uint64_t offset, uint64_t size, InitrdItem *items, size_t n)
{
        uint64_t end;
        struct stat st;

        FOREACH_ARRAY(i, items, n) {
                i->found = false;
                i->hash = i->inode = 0;
                i->mode = 0;
        }
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        end = (uint64_t) st.st_size;
        if (offset > end || size > end - offset)
                return -EBADMSG;
        if (size > 0)
                end = offset + size;
        if (end - offset > FILE_BYTES_MAX)
                return -EFBIG;
        return end == offset ? -EBADMSG : cpio_init(c, fd, offset, end);
}

/* What is wanted of one file of the image. 0; as cpio_hash(). */
static int note_items(CpioReader *c, const CpioEntry *e, InitrdItem *items, size_t n)
{
        InitrdItem *wanted = match_entry(items, n, e);
        int r = wanted ? cpio_hash(c, &wanted->hash) : 0;

        if (wanted && r >= 0) {
                wanted->found = true;
                wanted->mode = e->mode;
        }
        return r;
}

int initrd_scan(int fd, uint64_t offset, uint64_t size, InitrdItem *items, size_t n, BuilderKind *ret_maker)
{
        _cleanup_(cpio_done) CpioReader c = {};
        BuilderKind maker = BUILDER_UNKNOWN;
        CpioEntry e;
        int r = begin(&c, fd, offset, size, items, n);

        while (r >= 0 && !(all_found(items, n) && (!ret_maker || maker != BUILDER_UNKNOWN)) &&
               (r = cpio_next(&c, &e)) > 0) {
                if (maker == BUILDER_UNKNOWN)
                        maker = builder_of_file(e.name);
                r = note_items(&c, &e, items, n);
        }
        if (r >= 0 && ret_maker)
                *ret_maker = maker != BUILDER_UNKNOWN ? maker : BUILDER_OTHER;
        return MIN(r, 0);
}

/* All names of an image together: what is longer is made up. Those of a large one have some hundreds of KiB. */
#define NAMES_MAX_BYTES (16U * 1024 * 1024)

void initrd_survey_done(InitrdSurvey *s)
{
        string_list_done(&s->files);
        *s = (InitrdSurvey){};
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool has_file(const InitrdSurvey *s, const char *name)
{
        return s->files.n > 0 &&
               bsearch(&name, s->files.items, s->files.n, sizeof(*s->files.items), compare_names) != NULL;
}

/* What the kernel starts is /init (Linux init/main.c, ramdisk_execute_command): a program, or a link to one. */
typedef struct Init {
        bool program;
        char target[CPIO_PATH_MAX + 1]; /* "": no link */
} Init;

static int note_init(CpioReader *c, const CpioEntry *e, Init *init)
{
        if (!streq(e->name, "init"))
                return 0;
        if (S_ISLNK(e->mode))
                return cpio_text(c, init->target, sizeof(init->target));
        init->program = S_ISREG(e->mode) && (e->mode & 0111) != 0 && (e->size > 0 || e->links > 1);
        return 0;
}

static bool has_init(const InitrdSurvey *s, const Init *init)
{
        static const char *const prefixes[] = { "", "usr/" }; /* /lib and its like are links there themselves */
        const char *target = init->target + strspn(init->target, "./");
        char path[sizeof(init->target) + 8];

        if (init->program || target[0] == 0)
                return init->program;
        FOREACH_ARRAY(prefix, prefixes, ELEMENTSOF(prefixes)) {
                (void) snprintf(path, sizeof(path), "%s%s", *prefix, target);
                if (has_file(s, path))
                        return true;
        }
        return false;
}

static int note_file(const CpioEntry *e, InitrdSurvey *s, size_t *names)
{
        if (!S_ISREG(e->mode) && !S_ISLNK(e->mode))
                return 0;
        if (strstr(e->name, "ptprep")) /* comes and goes as it is configured */
                return 0;
        if (!strstr(e->name, "lib/modules/") && !strstr(e->name, "lib/firmware/"))
                s->bytes += e->size;
        *names += strlen(e->name);
        return *names > NAMES_MAX_BYTES ? -EFBIG : string_list_add(&s->files, e->name);
}

int initrd_survey(int fd, uint64_t offset, uint64_t size, InitrdItem *items, size_t n, InitrdSurvey *ret)
{
        _cleanup_(initrd_survey_done) InitrdSurvey s = { .maker = BUILDER_UNKNOWN };
        _cleanup_(cpio_done) CpioReader c = {};
        _cleanup_free_ Init *init = calloc(1, sizeof(*init));
        size_t names = 0;
        CpioEntry e;
        int r = init ? begin(&c, fd, offset, size, items, n) : -ENOMEM;

        while (r >= 0 && (r = cpio_next(&c, &e)) > 0) {
                if (s.maker == BUILDER_UNKNOWN)
                        s.maker = builder_of_file(e.name);
                r = note_file(&e, &s, &names);
                if (r >= 0)
                        r = note_init(&c, &e, init);
                if (r >= 0)
                        r = note_items(&c, &e, items, n);
        }
        if (r < 0)
                return r;
        if (s.files.n > 0)
                qsort(s.files.items, s.files.n, sizeof(*s.files.items), compare_names);
        s.init = has_init(&s, init);
        if (s.maker == BUILDER_UNKNOWN)
                s.maker = BUILDER_OTHER;
        *ret = s;
        s = (InitrdSurvey){};
        return 0;
}

/* Names of its modules, sorted. 0 or -ENOMEM. */
static int list_modules(const InitrdSurvey *s, StringList *ret)
{
        char module[NAME_MAX];

        FOREACH_ARRAY(name, s->files.items, s->files.n)
                if (initrd_module_name(*name, module, sizeof(module))) {
                        int r = string_list_add(ret, module);

                        if (r < 0)
                                return r;
                }
        if (ret->n > 0)
                qsort(ret->items, ret->n, sizeof(*ret->items), compare_names);
        return 0;
}

int initrd_survey_missing(const InitrdSurvey *older, const InitrdSurvey *newer, StringList *ret)
{
        _cleanup_(string_list_done) StringList modules = {};
        int r = list_modules(newer, &modules);

        for (size_t i = 0; i < older->files.n && r >= 0; i++) {
                const char *name = older->files.items[i];
                char module[NAME_MAX], *key = module;

                if (has_file(newer, name) ||
                    (initrd_module_name(name, module, sizeof(module)) && modules.n > 0 &&
                     bsearch(&key, modules.items, modules.n, sizeof(*modules.items), compare_names)))
                        continue;
                r = string_list_add(ret, name);
        }
        return r;
}

uint64_t initrd_identity(const struct stat *st, bool fat)
{
        const uint64_t numbers[] = {
                (uint64_t) st->st_size,
                (uint64_t) st->st_mtim.tv_sec,
                (uint64_t) st->st_mtim.tv_nsec,
                fat ? 0 : st->st_ino,
                fat ? 0 : (uint64_t) st->st_ctim.tv_sec,
                fat ? 0 : (uint64_t) st->st_ctim.tv_nsec,
        };
        uint64_t hash = fnv1a(FNV_START, numbers, sizeof(numbers));

        return hash != 0 ? hash : 1;
}

static int identify(int fd, uint64_t *ret)
{
        struct statfs fs;
        struct stat st;

        if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
                return negative_errno();
        *ret = initrd_identity(&st, fs.f_type == MSDOS_SUPER_MAGIC);
        return 0;
}

int initrd_identify(int rfd, const char *path, uint64_t *ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_PATH);

        return fd < 0 ? fd : identify(fd, ret);
}

int initrd_inspect_part(int rfd, const char *path, uint64_t offset, uint64_t size, InitrdItem *items, size_t n,
                        InitrdSeen *ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY);
        InitrdSeen seen = {};
        int r;

        if (fd < 0)
                return fd;
        r = identify(fd, &seen.identity);
        if (r >= 0)
                r = initrd_scan(fd, offset, size, items, n, ret ? &seen.maker : NULL);
        if (r >= 0 && ret)
                *ret = seen;
        return r;
}
