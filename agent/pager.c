/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pager.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

/* Quit if it fits on a screen, show colours, cut no line, leave the screen as it is: journalctl(1), $SYSTEMD_LESS. */
#define LESS_OPTIONS "FRSXMK"

static pid_t pager;

/* Standard output as it came, asked once. */
static bool is_terminal(void)
{
        static int answer = -1;

        if (answer < 0)
                answer = isatty(STDOUT_FILENO);
        return answer > 0;
}

bool pager_on_terminal(void)
{
        return pager > 0 || is_terminal();
}

/* With a pager in between the terminal is behind standard error, or at the input. */
unsigned pager_columns(void)
{
        static const int fds[] = { STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO };
        struct winsize size;

        FOREACH_ARRAY(fd, fds, ELEMENTSOF(fds))
                if (ioctl(*fd, TIOCGWINSZ, &size) >= 0 && size.ws_col > 0)
                        return size.ws_col;
        return 0;
}

/* What a shell is to run; NULL: no pager is wanted. */
static const char *wanted_command(void)
{
        const char *wish = getenv("SYSTEMD_PAGER") ?: getenv("PAGER"), *term = getenv("TERM");

        if (!is_terminal() || !term || streq(term, "dumb"))
                return NULL;
        if (!wish)
                return "for p in less more cat; do command -v $p >/dev/null && exec $p; done";
        return *wish && !streq(wish, "cat") ? wish : NULL;
}

/* Signals that this process ignores are the pager's own business again. */
static int start(const char *command, int input, pid_t *ret)
{
        char *const argv[] = { (char *) "sh", (char *) "-c", (char *) command, NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t defaults;
        int r;

        if (posix_spawn_file_actions_init(&actions) != 0)
                return -ENOMEM;
        if (posix_spawnattr_init(&attributes) != 0) {
                (void) posix_spawn_file_actions_destroy(&actions);
                return -ENOMEM;
        }
        (void) sigemptyset(&defaults);
        (void) sigaddset(&defaults, SIGPIPE);
        (void) sigaddset(&defaults, SIGXFSZ);
        r = posix_spawnattr_setsigdefault(&attributes, &defaults);
        if (r == 0)
                r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        if (r == 0)
                r = posix_spawn(ret, "/bin/sh", &actions, &attributes, argv, environ);
        (void) posix_spawnattr_destroy(&attributes);
        (void) posix_spawn_file_actions_destroy(&actions);
        return -r;
}

void pager_open(void)
{
        const char *command = wanted_command(), *options = getenv("SYSTEMD_LESS");
        _cleanup_close_ int input = -EBADF, output = -EBADF;
        pid_t child = 0;
        int ends[2];

        if (!command || pipe2(ends, O_CLOEXEC) < 0)
                return;
        input = ends[0];
        output = ends[1];
        (void) fflush(stdout);
        /* it may run as root: no shell and no other file out of less */
        if (setenv("LESS", options ?: LESS_OPTIONS, 1) < 0 || setenv("LESSSECURE", "1", 1) < 0 ||
            start(command, input, &child) < 0)
                return;
        if (dup2(output, STDOUT_FILENO) >= 0)
                pager = child;
}

void pager_close(void)
{
        if (pager <= 0)
                return;
        /* what it does not want any more nobody misses; its end of the input is the closing of the last writer */
        (void) fflush(stdout);
        (void) fclose(stdout);
        while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
                ;
        pager = 0;
}
