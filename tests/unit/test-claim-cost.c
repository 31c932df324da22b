/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls and memory of the helper, by count. */
#include <signal.h>
#include <sys/ptrace.h>

#include "claim-host.h"

/* A sanitizer has memory and system calls of its own, and its search for leaks does not work in a traced process. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif

static void put_devices(unsigned n)
{
        FILE *f;

        for (unsigned i = 0; i < n; i++) {
                char where[128];

                (void) snprintf(where, sizeof(where), "pci0000:00/0000:00:%02x.%x/0000:%02x:00.0", 4 + i / 8, i % 8,
                                1 + i);
                put_device(where, ID, NETWORK, "vfio-pci");
        }
        put("etc/ptprep/claims", "");
        f = fopen(in_tree("etc/ptprep/claims"), "w");
        assert_non_null(f);
        for (unsigned i = 0; i < n; i++)
                fprintf(f, "0000:%02x:00.0 " ID " vfio-pci pci0000:00/%02x.%x/00.0 dev%u\n", 1 + i, 4 + i / 8, i % 8,
                        i);
        assert_int_equal(fclose(f), 0);
}

/* KiB of memory that only this process has, as Linux Documentation/filesystems/proc.rst defines it. */
static unsigned private_memory(pid_t pid)
{
        char path[64], line[256];
        unsigned sum = 0;

        (void) snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
        _cleanup_fclose_ FILE *f = fopen(path, "r");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                unsigned n;

                if (sscanf(line, "Private_Clean: %u", &n) == 1 || sscanf(line, "Private_Dirty: %u", &n) == 1)
                        sum += n;
        }
        return sum;
}

/* Starts the helper under ptrace(2), stopped; skips the test where nothing can be traced. */
static pid_t start_traced(long options)
{
        char option[128];
        int status;
        pid_t pid;

        if (SANITIZED)
                skip();
        (void) snprintf(option, sizeof(option), "--root=%s", tree);
        pid = fork();
        assert_return_code(pid, errno);
        if (pid == 0) {
                (void) freopen("/dev/null", "w", stderr);
                (void) ptrace(PTRACE_TRACEME, 0, NULL, NULL);
                (void) raise(SIGSTOP);
                (void) execl(helper, helper, option, (char *) NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, pid, NULL, options) < 0) {
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, &status, 0);
                print_message("SKIPPED: no process can be traced here\n");
                skip();
        }
        return pid;
}

/* How many system calls the helper makes for that many devices. */
static unsigned count_calls(unsigned devices)
{
        unsigned stops = 0;
        int status = 0;
        pid_t pid;

        put_devices(devices);
        pid = start_traced(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
        while (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
                stops += WSTOPSIG(status) == (SIGTRAP | 0x80); /* when it is entered, and when it is left */
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(teardown(NULL), 0);
        assert_int_equal(setup(NULL), 0);
        return stops / 2;
}

/*
 * What a device costs a boot, in a number that does not depend on the machine: three attributes read and one written,
 * each opened and closed, two links, one message. That is 15 with glibc; musl writes the message in pieces. A longer
 * list takes more memory, which is asked for in a few calls, whatever the number of devices.
 */
static void test_calls_of_a_device(void **state)
{
        unsigned few, many;

        (void) state;
        few = count_calls(32);
        many = count_calls(64);
        print_message("%u system calls for 32 devices, %u for 64\n", few, many);
        assert_in_range(many - few, 1, 32 * 20 + 8);
}

/* The bound of the design is 1 MiB. Looked at where it ends, when nothing has been given back yet. */
static void test_memory(void **state)
{
        unsigned kib = 0;
        int status = 0;
        pid_t pid;

        (void) state;
        put_devices(64);
        pid = start_traced(PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
        while (ptrace(PTRACE_CONT, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
                if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8)))
                        kib = private_memory(pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        print_message("64 devices: %u KiB of private memory\n", kib);
        assert_in_range(kib, 1, 1023);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_calls_of_a_device, setup, teardown),
                cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
        };

        if (argc != 2) {
                fprintf(stderr, "usage: test-claim-cost HELPER\n");
                return 64;
        }
        helper = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
