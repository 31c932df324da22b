/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "apply/step.h"

#define TAIL_MAX    2048U
#define SEARCH_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

/* Between fork() and execve(): only async-signal-safe calls. */
static void __attribute__((noreturn)) child_run(const ApplyOptions *o, char *const argv[], int output)
{
        static char *const environment[] = { (char *) "PATH=" SEARCH_PATH, (char *) "LC_ALL=C", (char *) "TERM=dumb",
                                             (char *) "HOME=/root", NULL };
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        sigset_t none;

        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL); /* ignored in ptprep, and that would be inherited */
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
            dup2(output, STDERR_FILENO) < 0)
                _exit(127);
        if (!o->live && (fchdir(o->rfd) < 0 || chroot(".") < 0))
                _exit(127);
        if (chdir("/") < 0)
                _exit(127);
        if (argv[0][0] == '/')
                (void) execve(argv[0], argv, environment);
        else
                for (const char *p = SEARCH_PATH; *p;) {
                        size_t n = strcspn(p, ":");
                        char path[256];

                        if (n + strlen(argv[0]) + 2 <= sizeof(path)) {
                                memcpy(path, p, n);
                                path[n] = '/';
                                strcpy(path + n + 1, argv[0]);
                                (void) execve(path, argv, environment);
                        }
                        p += n + (p[n] != 0);
                }
        _exit(127);
}

/* Reads until the child and its children have closed their end; keeps the tail. */
static int read_tail(int fd, char tail[TAIL_MAX + 1])
{
        size_t n = 0;

        for (;;) {
                char buf[4096];
                ssize_t k = read(fd, buf, sizeof(buf));

                if (k < 0 && errno == EINTR)
                        continue;
                if (k <= 0) {
                        tail[n] = 0;
                        return k < 0 ? -errno : 0;
                }
                for (ssize_t i = 0; i < k; i++) {
                        if (n == TAIL_MAX) {
                                memmove(tail, tail + TAIL_MAX / 2, TAIL_MAX / 2);
                                n = TAIL_MAX / 2;
                        }
                        tail[n++] = buf[i] ? buf[i] : ' ';
                }
        }
}

int command_run(const ApplyOptions *o, char *const argv[], char **ret_tail)
{
        _cleanup_close_ int in = -EBADF, out = -EBADF;
        char tail[TAIL_MAX + 1];
        int fds[2], status, r;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        in = fds[0];
        out = fds[1];
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                child_run(o, argv, out);
        closep(&out);
        out = -EBADF;
        r = read_tail(in, tail);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        if (ret_tail) {
                size_t n = strlen(tail);

                while (n > 0 && tail[n - 1] == '\n')
                        tail[--n] = 0;
                *ret_tail = strdup(tail);
        }
        if (r < 0)
                return r;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
                return -ENOEXEC;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPROTO;
}
