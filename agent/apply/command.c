/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "apply/step.h"

#include "base/file.h"
#include "base/text.h"
#include "model/names.h"

/*
 * The programs of the platform that an apply runs. None outlives it unseen: what is killed together with ptprep dies by
 * its own parent-death signal, what that does not reach goes on with the lock in its hands, and what a program leaves
 * running in the background is ended with it, before anybody judges the file that it could still write to.
 */

#define TAIL_MAX        2048U
#define ENVIRONMENT_MAX 16U

/* From asking to end to ending, in seconds. */
#define GRACE           5

/* How often those that are left are told that it is over, since one may fork while it is being killed, and how long
 * they have to die each time, in milliseconds. One that hangs in the kernel is not waited for any longer. */
#define LEFTOVER_ROUNDS 500U
#define LEFTOVER_PAUSE  10

/* An exit status would be one that a program can have as well: a shell's 127 is that of a command which it has not
 * found. */
static void __attribute__((noreturn)) give_up(int why_not, int error)
{
        (void) !write_all(why_not, &error, sizeof(error));
        _exit(127);
}

/* Between fork() and execve(): only async-signal-safe calls. @why_not: is told the errno, and is closed by execve(). */
static void __attribute__((noreturn))
child_run(const ApplyOptions *o, char *const argv[], char *const environment[], int output, int why_not, pid_t parent)
{
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC), error = ENOENT;
        sigset_t none;

        /* a session of its own can be ended as a whole, and reads from no terminal */
        if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                give_up(why_not, errno);
        if (getppid() != parent)
                _exit(127);
        if (o->lock > 0 && fcntl(o->lock, F_SETFD, 0) < 0)
                give_up(why_not, errno);
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_DFL); /* ignored in ptprep, and that would be inherited */
        (void) signal(SIGXFSZ, SIG_DFL);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
            dup2(output, STDERR_FILENO) < 0)
                give_up(why_not, errno);
        if (!o->live && (fchdir(o->rfd) < 0 || chroot(".") < 0))
                give_up(why_not, errno);
        if (chdir("/") < 0)
                give_up(why_not, errno);
        if (argv[0][0] == '/') {
                (void) execve(argv[0], argv, environment);
                error = errno;
        } else
                for (const char *p = NAME_SEARCH_PATH; *p;) {
                        size_t n = strcspn(p, ":");
                        char path[256];

                        if (n + strlen(argv[0]) + 2 <= sizeof(path)) {
                                memcpy(path, p, n);
                                path[n] = '/';
                                strcpy(path + n + 1, argv[0]);
                                (void) execve(path, argv, environment);
                                if (errno != ENOENT && errno != ENOTDIR) /* it is there, and cannot be run */
                                        error = errno;
                        }
                        p += n + (p[n] != 0);
                }
        give_up(why_not, error);
}

/* The last of what a program printed, and the first line in which it speaks of an error: that may be long before. */
typedef struct Tail {
        char text[TAIL_MAX + 1], line[256], error[256];
        size_t n, n_line;
} Tail;

static void note_line(Tail *t)
{
        static const char *const words[] = { "ERROR", "FAILED", "rror:", "[E]" };

        t->line[t->n_line] = 0;
        t->n_line = 0;
        FOREACH_ARRAY(word, words, ELEMENTSOF(words))
                if (t->error[0] == 0 && strstr(t->line, *word))
                        strcpy(t->error, t->line);
}

static void tail_add(Tail *t, const char *text, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (text[i] == '\n')
                        note_line(t);
                else if (text[i] != 0 && t->n_line < sizeof(t->line) - 1)
                        t->line[t->n_line++] = text[i];
                if (t->n == TAIL_MAX) {
                        memmove(t->text, t->text + TAIL_MAX / 2, TAIL_MAX / 2);
                        t->n = TAIL_MAX / 2;
                }
                t->text[t->n++] = text[i] ? text[i] : ' ';
        }
}

/* What is there to be read, without waiting for more. Returns 1; 0: nobody can write to it any more; negative errno. */
static int tail_read(Tail *t, int fd)
{
        for (;;) {
                char buf[4096];
                ssize_t n = read(fd, buf, sizeof(buf));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 1 : -errno;
                if (n == 0)
                        return 0;
                tail_add(t, buf, (size_t) n);
        }
}

/* Owned by the caller, NULL when memory is short. */
static char *tail_text(Tail *t)
{
        char *text;

        while (t->n > 0 && t->text[t->n - 1] == '\n')
                t->n--;
        t->text[t->n] = 0;
        note_line(t);
        string_printf(&text, "%s%s%s", strstr(t->text, t->error) ? "" : t->error,
                      strstr(t->text, t->error) ? "" : "\n...\n", t->text);
        return text;
}

static int timer_new(unsigned seconds)
{
        const struct itimerspec when = { .it_value.tv_sec = seconds };
        int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

        if (fd >= 0 && timerfd_settime(fd, 0, &when, NULL) < 0) {
                int saved = errno;

                close(fd);
                return -saved;
        }
        return fd < 0 ? -errno : fd;
}

/*
 * Until the program has ended, whoever holds its output. Returns 0; -ETIMEDOUT; -EINTR: somebody wants ptprep to stop;
 * other negative errno.
 */
static int watch_program(const ApplyOptions *o, int pidfd, int output, unsigned limit, Tail *tail)
{
        _cleanup_close_ int timer = timer_new(limit);
        struct pollfd fds[] = {
                { .fd = pidfd, .events = POLLIN },
                { .fd = timer, .events = POLLIN },
                { .fd = output, .events = POLLIN },
                { .fd = o->interrupt && !o->interrupt->held_back ? o->interrupt->fd : -1, .events = POLLIN },
        };

        if (timer < 0)
                return timer;
        for (;;) {
                int r;

                if (poll(fds, ELEMENTSOF(fds), -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (fds[2].revents) {
                        r = tail_read(tail, output);
                        if (r < 0)
                                return r;
                        if (r == 0)
                                fds[2].fd = -1;
                }
                if (fds[0].revents)
                        return 0;
                if (fds[1].revents)
                        return -ETIMEDOUT;
                if (interrupt_pending(o->interrupt) > 0)
                        return -EINTR;
        }
}

/* Ends a session politely, then for good. Its leader stays to be waited for. */
static void end_session(pid_t leader, int pidfd)
{
        struct pollfd ended = { .fd = pidfd, .events = POLLIN };

        (void) kill(-leader, SIGTERM);
        while (poll(&ended, 1, GRACE * 1000) < 0 && errno == EINTR)
                ;
        (void) kill(-leader, SIGKILL);
}

/*
 * What the program has left in the background. Its session is ended at once; who has left that as well has become a
 * child of this process, and is found there. /proc/self/task/TID/children: Linux CONFIG_PROC_CHILDREN.
 */
static void end_leftovers(pid_t leader)
{
        (void) kill(-leader, SIGKILL);
        for (unsigned i = 0; i < LEFTOVER_ROUNDS; i++) {
                _cleanup_fclose_ FILE *f = NULL;
                pid_t pid = waitpid(-1, NULL, WNOHANG);
                long child;

                if (pid < 0)
                        return; /* no child is left */
                if (pid > 0)
                        continue;
                f = fopen("/proc/thread-self/children", "re");
                while (f && fscanf(f, "%ld", &child) == 1)
                        (void) kill((pid_t) child, SIGKILL);
                (void) poll(NULL, 0, LEFTOVER_PAUSE);
        }
}

const char *command_failure(int error)
{
        switch (error) {
        case -ENOEXEC:
                return "could not be started";
        case -ETIMEDOUT:
                return "did not end in time, and was stopped";
        case -EINTR:
                return "stopped, as ptprep was asked to end";
        case -ECANCELED:
                return "killed by a signal: journalctl -k tells whether memory ran out, or it crashed";
        case -EPROTO:
                return "exit status";
        default:
                return strerror(-error);
        }
}

int command_run(const ApplyOptions *o, char *const argv[], char *setting, unsigned limit, char **ret_tail)
{
        _cleanup_close_ int in = -EBADF, out = -EBADF, started = -EBADF, why_not = -EBADF, pidfd = -EBADF;
        pid_t pid, self = getpid();
        _cleanup_(string_list_done) StringList locale = {};
        char *environment[ENVIRONMENT_MAX] = { (char *) "PATH=" NAME_SEARCH_PATH, (char *) "TERM=dumb",
                                               (char *) "HOME=/root", setting };
        int fds[2], status = 0, error, r;
        Tail tail = {};
        size_t n;

        r = command_locale(o, &locale);
        if (r < 0)
                return r;
        n = setting ? 4 : 3;
        for (size_t i = 0; i < locale.n && n + 1 < ENVIRONMENT_MAX; i++)
                environment[n++] = locale.items[i];

        if (interrupt_pending(o->interrupt) > 0)
                return -EINTR;
        if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        in = fds[0];
        out = fds[1];
        if (fcntl(in, F_SETFL, O_NONBLOCK) < 0 || pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        started = fds[0];
        why_not = fds[1];
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                child_run(o, argv, environment, out, why_not, self);
        closep(&out);
        closep(&why_not);
        out = why_not = -EBADF;
        pidfd = pidfd_open(pid, 0);
        r = pidfd < 0 ? -errno : watch_program(o, pidfd, in, limit, &tail);
        if (r < 0 && pidfd >= 0)
                end_session(pid, pidfd);
        else if (r < 0)
                (void) kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        end_leftovers(pid);
        if (r >= 0)
                r = MIN(tail_read(&tail, in), 0);
        if (r >= 0 && read(started, &error, sizeof(error)) == sizeof(error)) {
                if (ret_tail)
                        *ret_tail = strdup(strerror(error));
                return -ENOEXEC;
        }
        if (ret_tail)
                *ret_tail = tail_text(&tail);
        if (r < 0)
                return r;
        if (WIFSIGNALED(status))
                return -ECANCELED;
        return WEXITSTATUS(status) == 0 ? 0 : -EPROTO;
}
