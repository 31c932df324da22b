/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the claim helper runs modprobe. As a program of its own, "test-claim-run WORD", this file plays modprobe. */
#include "claim-modprobe.h"
#include "test.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define TRACER "TEST_CLAIM_TRACER" /* descriptor that gets the process id of the tracer, 0: none */

static const char *self;

/*
 * A process that SIGKILL does not end for its parent, as one that is stuck in the kernel: while a tracer holds it, its
 * parent is not told that it is dead (wait(2) in ptrace(2), "Death under ptrace").
 */
static int play_stuck(void)
{
        int p[2], fd = atoi(getenv(TRACER) ?: "-1");
        pid_t victim = getpid(), tracer;
        char byte = 0;

        if (pipe(p) < 0)
                return 1;
        tracer = fork();
        if (tracer < 0)
                return 1;
        if (tracer == 0) {
                (void) setpgid(0, 0); /* not killed with the group */
                if (read(p[0], &byte, 1) != 1 || ptrace(PTRACE_SEIZE, victim, NULL, NULL) < 0)
                        byte = 1;
                if (write(fd, &(pid_t){ byte ? 0 : getpid() }, sizeof(pid_t)) < 0 || byte)
                        _exit(1);
                (void) alarm(60);
                for (;;)
                        (void) pause();
        }
        (void) prctl(PR_SET_PTRACER, tracer, 0, 0, 0);
        if (write(p[1], &byte, 1) != 1)
                return 1;
        for (;;)
                (void) pause();
}

static int play(const char *word)
{
        if (streq(word, "good"))
                return 0;
        if (streq(word, "bad"))
                return 3;
        if (streq(word, "killed"))
                (void) raise(SIGKILL);
        if (streq(word, "stuck"))
                return play_stuck();
        for (;;) /* "slow" */
                (void) pause();
}

static void test_status(void **state)
{
        (void) state;
        assert_int_equal(claim_run(self, "good", 60000), 0);
        assert_int_equal(claim_run(self, "bad", 60000), -EIO);
        assert_int_equal(claim_run(self, "killed", 60000), -EIO);
        assert_int_equal(claim_run("/nonexistent/modprobe", "good", 60000), -EIO);
        (void) signal(SIGCHLD, SIG_IGN); /* as the helper may have been started */
        assert_int_equal(claim_run(self, "good", 60000), 0);
        (void) signal(SIGCHLD, SIG_DFL);
}

static void test_slow(void **state)
{
        (void) state;
        assert_int_equal(claim_run(self, "slow", 50), -ETIME);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left */
        assert_int_equal(errno, ECHILD);
}

/* The limit of a second for the killed one is what this test takes. */
static void test_stuck(void **state)
{
        char text[16];
        pid_t tracer = 0;
        int p[2], r;

        (void) state;
        assert_return_code(pipe(p), errno);
        (void) snprintf(text, sizeof(text), "%d", p[1]);
        assert_return_code(setenv(TRACER, text, 1), errno);
        r = claim_run(self, "stuck", 2000);
        (void) close(p[1]);
        assert_int_equal(read(p[0], &tracer, sizeof(tracer)), sizeof(tracer));
        (void) close(p[0]);
        if (tracer == 0) {
                print_message("SKIPPED: no process can be traced here\n");
                skip();
        }
        assert_int_equal(r, -ETIME);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* it is there still, and was not waited for */
        assert_return_code(kill(tracer, SIGKILL), errno);
        assert_true(waitpid(-1, NULL, 0) > 0);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_status),
                cmocka_unit_test(test_slow),
                cmocka_unit_test(test_stuck),
        };

        if (argc == 2)
                return play(argv[1]);
        self = argv[0];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
