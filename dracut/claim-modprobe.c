/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-modprobe.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "macro.h"

/* Milliseconds. ptprep-claim.service has room for five modules. */
#define MODPROBE_LIMIT 20000
#define KILL_LIMIT     1000

static int64_t now(void)
{
        struct timespec t = {};

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for a child; SIGCHLD is blocked. Returns 0; -ETIME; other negative errno. */
static int wait_for(pid_t pid, const sigset_t *child, unsigned milliseconds, int *ret_status)
{
        int64_t end = now() + milliseconds;

        for (;;) {
                pid_t k = waitpid(pid, ret_status, WNOHANG);
                int64_t left = end - now();

                if (k == pid)
                        return 0;
                if (k < 0 && errno != EINTR)
                        return -errno;
                if (left <= 0)
                        return -ETIME;
                /* however it returns, the child is looked at again */
                (void) sigtimedwait(child, NULL,
                                    &(struct timespec){ .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 });
        }
}

int claim_run(const char *program, const char *argument, unsigned milliseconds)
{
        sigset_t child, before;
        int status = 0, r;
        pid_t pid;

        (void) signal(SIGCHLD, SIG_DFL); /* ignored, children would leave no status */
        (void) sigemptyset(&child);
        (void) sigaddset(&child, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &child, &before) < 0)
                return -errno;
        pid = fork();
        if (pid == 0) {
                (void) setpgid(0, 0);
                (void) sigprocmask(SIG_SETMASK, &before, NULL);
                (void) execl(program, program, argument, (char *) NULL);
                _exit(127);
        }
        if (pid < 0)
                r = -errno;
        else
                r = wait_for(pid, &child, milliseconds, &status);
        if (r == -ETIME) {
                /* what modprobe starts (install lines of modprobe.d) is in its group */
                (void) kill(-pid, SIGKILL);
                (void) wait_for(pid, &child, KILL_LIMIT, &status);
        }
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        if (r < 0)
                return r;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

int claim_modprobe(const char *module)
{
        /* no search in PATH: the manager's environment is nothing to rely on in an initramfs */
        static const char *const places[] = { "/sbin/modprobe", "/usr/sbin/modprobe", "/bin/modprobe",
                                              "/usr/bin/modprobe" };

        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (access(places[i], X_OK) == 0)
                        return claim_run(places[i], module, MODPROBE_LIMIT);
        return -ENOENT;
}
