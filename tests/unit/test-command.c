/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "apply/step.h"
#include "tree.h"

/* Programs that do what they should not, run for real: the shell is the only one that is needed. */

#define LIMIT 60U

static int shell(const ApplyOptions *o, const char *script, unsigned limit, char **ret_tail)
{
        return command_run(o, (char *[]){ (char *) "/bin/sh", (char *) "-c", (char *) script, NULL }, NULL, limit,
                           ret_tail);
}

static ApplyOptions live_options(const Tree *t)
{
        return (ApplyOptions){ .rfd = t->rfd, .live = true };
}

static void assert_gone(const char *pid)
{
        errno = 0;
        assert_int_equal(kill((pid_t) strtol(pid, NULL, 10), 0), -1);
        assert_int_equal(errno, ESRCH);
}

static void test_ends(void **state)
{
        const ApplyOptions o = live_options(*state);
        _cleanup_free_ char *good = NULL, *bad = NULL, *none = NULL, *file = NULL, *much = NULL;

        assert_int_equal(shell(&o, "echo one; echo two >&2", LIMIT, &good), 0);
        assert_string_equal(good, "one\ntwo");
        assert_int_equal(shell(&o, "echo no; exit 3", LIMIT, &bad), -EPROTO);
        assert_string_equal(bad, "no");
        assert_string_equal(command_failure(-EPROTO), "exit status");
        /* which it has none of when it was killed */
        assert_int_equal(shell(&o, "kill -9 $$", LIMIT, NULL), -ECANCELED);
        assert_non_null(strstr(command_failure(-ECANCELED), "killed by a signal"));
        /* nor when nothing was started */
        assert_string_equal(command_failure(-EMFILE), strerror(EMFILE));
        assert_int_equal(command_run(&o, (char *[]){ (char *) "no-such-program", NULL }, NULL, LIMIT, &none), -ENOEXEC);
        assert_string_equal(none, strerror(ENOENT));
        assert_int_equal(command_run(&o, (char *[]){ (char *) "/etc/passwd", NULL }, NULL, LIMIT, &file), -ENOEXEC);
        assert_string_equal(file, strerror(EACCES));
        /* a shell that has not found a command has run itself */
        assert_int_equal(shell(&o, "no-such-program", LIMIT, NULL), -EPROTO);
        /* the last of it counts, and no pipe is ever full */
        assert_int_equal(shell(&o, "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i + 1)); done", LIMIT, &much),
                         0);
        assert_true(endswith(much, "line 19999"));
        assert_true(strlen(much) <= 2048);
}

/* Beside what each program gets. */
static void test_setting(void **state)
{
        const ApplyOptions o = live_options(*state);
        _cleanup_free_ char *with = NULL, *without = NULL;
        char *argv[] = { (char *) "/bin/sh", (char *) "-c", (char *) "echo \"${PLACE-none} $HOME\"", NULL };
        char setting[] = "PLACE=/there";

        assert_int_equal(command_run(&o, argv, setting, LIMIT, &with), 0);
        assert_string_equal(with, "/there /root");
        assert_int_equal(command_run(&o, argv, NULL, LIMIT, &without), 0);
        assert_string_equal(without, "none /root");
}

/* Who it leaves in the background holds nothing up, and writes nothing any more. */
static void test_background(void **state)
{
        const ApplyOptions o = live_options(*state);
        _cleanup_free_ char *plain = NULL, *away = NULL;

        assert_int_equal(shell(&o, "sleep 1000 & echo $!", LIMIT, &plain), 0);
        assert_gone(plain);
        /* out of the session, and its parent is gone */
        assert_int_equal(shell(&o, "setsid sh -c 'sleep 1000 & echo $!' &\nwait", LIMIT, &away), 0);
        assert_gone(away);
}

static void test_limit(void **state)
{
        const ApplyOptions o = live_options(*state);
        _cleanup_free_ char *pid = NULL;

        assert_int_equal(shell(&o, "echo $$; while :; do sleep 1000; done", 1, &pid), -ETIMEDOUT);
        assert_gone(pid);
        assert_string_equal(command_failure(-ETIMEDOUT), "did not end in time, and was stopped");
}

static void test_asked_to_stop(void **state)
{
        ApplyOptions o = live_options(*state);
        _cleanup_free_ char *pid = NULL;
        Interrupt i;

        assert_int_equal(interrupt_begin(&i), 0);
        o.interrupt = &i;
        assert_int_equal(interrupt_pending(&i), 0);
        /* while it runs */
        assert_int_equal(shell(&o, "echo $$; kill -TERM $PPID; while :; do sleep 1000; done", LIMIT, &pid), -EINTR);
        assert_gone(pid);
        assert_int_equal(interrupt_pending(&i), SIGTERM);
        /* before it starts */
        assert_int_equal(shell(&o, "exit 0", LIMIT, NULL), -EINTR);
        /* what is taken back is taken back to its end */
        i.held_back = true;
        assert_int_equal(shell(&o, "kill -INT $PPID; exit 0", LIMIT, NULL), 0);
        interrupt_end(&i); /* and this process is still there */
}

/* ptprep alone is killed: the program dies with it, and what that had started keeps the next run out. */
static void test_killed(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *pids = NULL;
        _cleanup_close_ int other = -EBADF;
        pid_t runner, program, orphan;
        char script[256];
        int status;

        tree_file(t, "/lock", "");
        (void) snprintf(script, sizeof(script), "sleep 1000 & echo $$ $! >%s/new && mv %s/new %s/pids; wait", t->path,
                        t->path, t->path);
        runner = fork();
        assert_true(runner >= 0);
        if (runner == 0) {
                ApplyOptions o = live_options(t);

                o.lock = openat(t->rfd, "lock", O_RDWR | O_CLOEXEC);
                if (o.lock >= 0 && flock(o.lock, LOCK_EX | LOCK_NB) == 0)
                        (void) !shell(&o, script, LIMIT, NULL);
                _exit(1);
        }
        while (root_read_text(t->rfd, "/pids", &pids) < 0)
                (void) usleep(10000);
        assert_int_equal(sscanf(pids, "%d %d", &program, &orphan), 2);
        assert_int_equal(kill(runner, SIGKILL), 0);
        assert_int_equal(waitpid(runner, &status, 0), runner);
        /* both are this process's now, which has become the one that inherits */
        assert_int_equal(waitpid(program, &status, 0), program);
        assert_true(WIFSIGNALED(status));
        other = openat(t->rfd, "lock", O_RDWR | O_CLOEXEC);
        assert_true(other >= 0);
        assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
        assert_int_equal(errno, EWOULDBLOCK);
        assert_int_equal(waitpid(orphan, NULL, WNOHANG), 0);
        assert_int_equal(kill(orphan, SIGKILL), 0);
        assert_int_equal(waitpid(orphan, NULL, 0), orphan);
        assert_int_equal(flock(other, LOCK_EX), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_setting), TREE_TEST(test_ends),          TREE_TEST(test_background),
                TREE_TEST(test_limit),   TREE_TEST(test_asked_to_stop), TREE_TEST(test_killed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
