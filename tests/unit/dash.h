/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/wait.h>

#include "tree.h"

/* The real shell as the judge. It finds no program to run: the files that it reads are data of strangers. */

static inline const char *dash_path(void)
{
        return access("/bin/dash", X_OK) == 0       ? "/bin/dash"
               : access("/usr/bin/dash", X_OK) == 0 ? "/usr/bin/dash"
                                                    : NULL;
}

/**
 * dash_value() - a variable after dash has sourced /etc/default/grub and the drop-ins of a tree, as grub-mkconfig does
 * @prelude: commands to run before, e.g. "set -e", or "".
 * Returns the value, owned by the caller; NULL when it is unset, or when dash gave up before it came to the end.
 */
static inline char *dash_value(const Tree *t, const char *prelude, const char *name)
{
        static const char sources[] =
                "if test -f etc/default/grub ; then . ./etc/default/grub\nfi\n"
                "for x in etc/default/grub.d/*.cfg ; do if [ -e \"${x}\" ]; then . \"./${x}\"; fi\ndone\n";
        _cleanup_free_ char *script = NULL;
        char *value = calloc(1, 65536);
        size_t n = 0;
        ssize_t got;
        int fds[2];
        pid_t pid;

        assert_non_null(value);
        assert_true(asprintf(&script, "%s\n%sexec >&3\nprintf '%%s' \"${%s+=}${%s-}\"\n", prelude, sources, name,
                             name) > 0);
        assert_int_equal(pipe(fds), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (chdir(t->path) < 0 || dup2(fds[1], 3) < 0 || !freopen("/dev/null", "w", stderr) ||
                    !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "r", stdin))
                        _exit(99);
                execle(dash_path(), "dash", "-c", script, (char *) NULL,
                       (char *[]){ (char *) "PATH=/nonexistent", NULL });
                _exit(98);
        }
        close(fds[1]);
        while ((got = read(fds[0], value + n, 65535 - n)) > 0)
                n += (size_t) got;
        close(fds[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        if (*value != '=') {
                free(value);
                return NULL;
        }
        memmove(value, value + 1, n);
        return value;
}
