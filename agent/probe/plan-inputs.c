/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/plan-inputs.h"

#include <sys/statvfs.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "initramfs/builders.h"
#include "model/names.h"

static uint64_t add_number(uint64_t hash, uint64_t number)
{
        return fnv1a(hash, &number, sizeof(number));
}

static uint64_t add_identity(uint64_t hash, int rfd, const char *path)
{
        struct stat st;

        if (root_stat(rfd, path, &st) < 0)
                return add_number(hash, 0);
        hash = add_number(hash, (uint64_t) st.st_size);
        hash = add_number(hash, (uint64_t) st.st_mtim.tv_sec);
        return add_number(hash, (uint64_t) st.st_mtim.tv_nsec);
}

/* Looked up where command_run() does. */
static uint64_t add_program(uint64_t hash, int rfd, const char *name)
{
        struct stat st;

        if (name[0] == '/')
                return add_identity(hash, rfd, name);
        for (const char *p = NAME_SEARCH_PATH; *p; p += strspn(p, ":")) {
                int n = (int) strcspn(p, ":");
                _cleanup_free_ char *path = NULL;

                if (string_printf(&path, "%.*s/%s", n, p, name) >= 0 && root_stat(rfd, path, &st) >= 0)
                        return add_identity(hash, rfd, path);
                p += n;
        }
        return add_number(hash, 0);
}

static uint64_t add_room(uint64_t hash, int rfd, const char *directory)
{
        _cleanup_close_ int fd = root_open(rfd, directory, O_RDONLY | O_DIRECTORY);
        struct statvfs fs;
        uint64_t power = 0;

        if (fd >= 0 && fstatvfs(fd, &fs) >= 0)
                for (uint64_t room = (uint64_t) fs.f_bavail * fs.f_frsize; room > 1; room /= 2)
                        power++;
        return add_number(hash, power);
}

static uint64_t add_step(uint64_t hash, int rfd, const Step *s)
{
        const char *argv[BUILDER_WORDS_MAX];
        _cleanup_free_ char *directory = path_directory(s->path);
        const StringList *program = s->kind == STEP_MKCONFIG  ? &s->menu.argv
                                    : s->kind == STEP_COMMAND ? &s->command.argv
                                    : step_file(s)            ? &step_file(s)->editor
                                                              : NULL;

        if (program && program->n > 0)
                hash = add_program(hash, rfd, program->items[0]);
        if (s->kind == STEP_REBUILD_IMAGE && builder_command(s->image.builder, "", "", "", argv) > 0)
                hash = add_program(hash, rfd, argv[0]);
        if (s->kind == STEP_COPY_IMAGE)
                hash = add_identity(hash, rfd, s->copy.from);
        if (!step_file(s)) /* of these the bytes count, and they are part of the plan */
                hash = add_identity(hash, rfd, s->path);
        return directory ? add_room(hash, rfd, directory) : hash;
}

uint64_t plan_inputs(int rfd, const Plan *p)
{
        static const char *const on_the_way[] = { "/tmp", "/var/tmp" };
        uint64_t hash = FNV_START;

        FOREACH_ARRAY(s, p->steps, p->n)
                if (!step_is_state(s))
                        hash = add_step(hash, rfd, s);
        FOREACH_ARRAY(directory, on_the_way, ELEMENTSOF(on_the_way))
                hash = add_room(hash, rfd, *directory);
        return hash;
}
