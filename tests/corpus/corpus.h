/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Files of real machines, kept outside the repository in PTPREP_DATA, beside it by default. */

#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#define CORPUS_SKIPPED 77 /* exit status that meson takes for that */

/* A directory of them, CORPUS_SKIPPED's line printed and -1 where it is not. */
static inline int corpus_open(const char *name)
{
        const char *directory = getenv("PTPREP_DATA") ?: "../shared/data";
        _cleanup_free_ char *path = NULL;
        int fd;

        if (asprintf(&path, "%s/%s", directory, name) < 0)
                return -1;
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                printf("SKIPPED: %s is not here\n", path);
        return fd;
}
