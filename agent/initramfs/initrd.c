/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/initrd.h"

#include <linux/magic.h>
#include <sys/statfs.h>

#include "base/io.h"
#include "base/parse.h"
#include "initramfs/builders.h"
#include "initramfs/cpio.h"

static bool all_found(const InitrdItem *items, size_t n)
{
        FOREACH_ARRAY(i, items, n)
                if (!i->found)
                        return false;
        return true;
}

/* Is this the path of a module's file? NAME.ko, and then at most the suffix of a compression. */
static bool is_module(const char *path, const char *name)
{
        static const char *const suffixes[] = { ".ko", ".ko.xz", ".ko.zst", ".ko.gz" };
        const char *base = strrchr(path, '/');

        if (!base || !strstr(path, "lib/modules/"))
                return false;
        base++;
        for (; *name != 0; name++, base++) {
                char a = *name == '-' ? '_' : *name, b = *base == '-' ? '_' : *base;

                if (a != b)
                        return false;
        }
        FOREACH_ARRAY(suffix, suffixes, ELEMENTSOF(suffixes))
                if (streq(base, *suffix))
                        return true;
        return false;
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

int initrd_scan(int fd, uint64_t offset, uint64_t size, InitrdItem *items, size_t n, BuilderKind *ret_maker)
{
        BuilderKind maker = BUILDER_UNKNOWN;
        _cleanup_(cpio_done) CpioReader c = {};
        uint64_t end;
        CpioEntry e;
        struct stat st;
        int r;

        FOREACH_ARRAY(i, items, n) {
                i->found = false;
                i->hash = i->inode = 0;
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
        if (end == offset)
                return -EBADMSG;
        r = cpio_init(&c, fd, offset, end);
        while (r >= 0 && !(all_found(items, n) && (!ret_maker || maker != BUILDER_UNKNOWN)) &&
               (r = cpio_next(&c, &e)) > 0) {
                InitrdItem *wanted = match_entry(items, n, &e);

                if (maker == BUILDER_UNKNOWN)
                        maker = builder_of_file(e.name);
                if (!wanted)
                        continue;
                r = cpio_hash(&c, &wanted->hash);
                wanted->found = r >= 0;
        }
        if (r >= 0 && ret_maker)
                *ret_maker = maker != BUILDER_UNKNOWN ? maker : BUILDER_OTHER;
        return MIN(r, 0);
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
