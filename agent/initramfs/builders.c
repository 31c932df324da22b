/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/builders.h"

#include "base/io.h"

static const BuilderOps *const table[_BUILDER_MAX] = {
        [BUILDER_DRACUT] = &builder_dracut,
};

const BuilderOps *builder_ops(BuilderKind k)
{
        return table[k];
}

size_t builder_command(BuilderKind k, const char *image, const char *release, const char *ret[static BUILDER_WORDS_MAX])
{
        const char *const *words = builder_ops(k)->command;
        size_t n = 0;

        for (; words[n] && n < BUILDER_WORDS_MAX - 1; n++)
                ret[n] = streq(words[n], BUILDER_IMAGE) ? image : streq(words[n], BUILDER_RELEASE) ? release : words[n];
        ret[n] = NULL;
        return n;
}

/* Unknown where one of the programs may be there and none surely is. */
static Tristate is_installed(int rfd, const BuilderOps *ops)
{
        Tristate installed = TRISTATE_NO;

        for (const char *const *program = ops->programs; *program; program++) {
                struct stat st;
                int r = root_stat(rfd, *program, &st);

                if (r >= 0)
                        return TRISTATE_YES;
                if (r != -ENOENT && r != -ENOTDIR)
                        installed = TRISTATE_UNKNOWN;
        }
        return installed;
}

int builders_read(int rfd, ImageBuilder ret[static _BUILDER_MAX])
{
        for (BuilderKind k = 0; k < _BUILDER_MAX; k++) {
                const BuilderOps *ops = builder_ops(k);
                int r = ops->snippet_path ? root_read_text(rfd, ops->snippet_path, &ret[k].snippet) : 0;

                if (r == -ENOMEM)
                        return r;
                ret[k].installed = is_installed(rfd, ops);
        }
        return 0;
}
