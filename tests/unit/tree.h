/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <ftw.h>

#include "base/file.h"
#include "base/io.h"
#include "test.h"

/* A root directory of its own for each test, filled by it and removed behind it. */
typedef struct Tree {
        char path[40];
        int rfd;
} Tree;

static inline int tree_remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
        (void) st, (void) flag, (void) ftw;
        return remove(path);
}

static inline int tree_setup(void **state)
{
        Tree *t = calloc(1, sizeof(*t));

        assert_non_null(t);
        strcpy(t->path, "/tmp/ptprep-test-XXXXXX");
        assert_non_null(mkdtemp(t->path));
        t->rfd = open(t->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_true(t->rfd >= 0);
        *state = t;
        return 0;
}

static inline int tree_teardown(void **state)
{
        Tree *t = *state;

        close(t->rfd);
        assert_int_equal(nftw(t->path, tree_remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
        free(t);
        return 0;
}

static inline void tree_parent(const Tree *t, const char *path)
{
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *directory = slash && slash > path ? strndup(path, (size_t) (slash - path)) : strdup("/");

        assert_non_null(directory);
        assert_int_equal(root_mkdir_p(t->rfd, directory), 0);
}

static inline void tree_data(const Tree *t, const char *path, const void *data, size_t size)
{
        tree_parent(t, path);
        assert_int_equal(root_file_replace(t->rfd, path, data, size, 0644), 0);
}

static inline void tree_file(const Tree *t, const char *path, const char *text)
{
        tree_data(t, path, text, strlen(text));
}

static inline void tree_directory(const Tree *t, const char *path)
{
        assert_int_equal(root_mkdir_p(t->rfd, path), 0);
}

static inline void tree_link(const Tree *t, const char *path, const char *target)
{
        tree_parent(t, path);
        assert_int_equal(symlinkat(target, t->rfd, path + strspn(path, "/")), 0);
}

#define TREE_TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
