/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Runs a program and lets one of its system calls go wrong.
 *
 *      fault count FILE COMMAND...   write the calls that change something to FILE, a line each: number
 *                                    and name; of what is synced or renamed the path or both paths,
 *                                    with a tab before each
 *      fault kill N COMMAND...       SIGKILL when call N is about to be made
 *      fault ERRNO N COMMAND...      call N is not made and fails with ENOSPC, EIO or EROFS
 *      fault ERRNO+ N COMMAND...     call N and all that follow; with ENOSPC only those that need room
 *      fault FAT 1 COMMAND...        no file can have a second name; OLDFAT: nor can two exchange theirs
 *
 * With FAULT_SYNC=N:DIRECTORY in the environment the file system of DIRECTORY is synced before every Nth call, as
 * another program might do at any time. With FAULT_LIST=FILE the calls are written there, as "count" does.
 * With FAULT_FLUSHED=FILE the size that FILE has after each call that syncs is written to FILE.flushed, a line each.
 *
 * With FAULT_TIMERS=MILLISECONDS each timer of the program runs out after that time, whatever it was set to.
 *
 * Counted are the calls of the program itself that change files, start or await a child; what it prints is not, and its
 * children go unhindered. Exit status: that of the command, 137 when it was killed, 125 when something is wrong here.
 * x86-64 only.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))

enum {
        IF_WRITABLE = 1 << 0, /* an open that is for reading changes nothing */
        IF_FILE = 1 << 1,     /* nor does what is printed, or goes to a socket, or into memory */
        KILL_ONLY = 1 << 2,   /* such a call does not fail for want of a disk */
        NEEDS_ROOM = 1 << 3,
        NOT_ON_FAT = 1 << 4,
        NOT_ON_OLD_FAT = 1 << 5, /* Linux before 6.0 */
        IF_EXCHANGE = 1 << 6,    /* renameat2() with that flag */
};

static const struct Call {
        const char *name;
        long number;
        int flags;
} calls[] = {
        { "open", SYS_openat, IF_WRITABLE | NEEDS_ROOM },
        { "open", SYS_openat2, IF_WRITABLE | NEEDS_ROOM },
        { "write", SYS_write, IF_FILE | NEEDS_ROOM },
        { "write", SYS_pwrite64, IF_FILE | NEEDS_ROOM },
        { "write", SYS_writev, IF_FILE | NEEDS_ROOM },
        { "rename", SYS_rename, 0 },
        { "rename", SYS_renameat, 0 },
        { "exchange", SYS_renameat2, IF_EXCHANGE | NOT_ON_OLD_FAT },
        { "rename", SYS_renameat2, 0 },
        { "link", SYS_linkat, NEEDS_ROOM | NOT_ON_FAT },
        { "link", SYS_symlinkat, NEEDS_ROOM },
        { "unlink", SYS_unlink, 0 },
        { "unlink", SYS_unlinkat, 0 },
        { "mkdir", SYS_mkdir, NEEDS_ROOM },
        { "mkdir", SYS_mkdirat, NEEDS_ROOM },
        { "rmdir", SYS_rmdir, 0 },
        { "fsync", SYS_fsync, 0 },
        { "fsync", SYS_fdatasync, 0 },
        { "fsync", SYS_syncfs, 0 },
        { "chmod", SYS_fchmod, 0 },
        { "chmod", SYS_fchmodat, 0 },
        { "chown", SYS_fchown, 0 },
        { "chown", SYS_fchownat, 0 },
        { "truncate", SYS_ftruncate, 0 },
        { "copy", SYS_copy_file_range, NEEDS_ROOM },
        { "copy", SYS_sendfile, NEEDS_ROOM },
        { "mount", SYS_mount, 0 },
        { "ioctl", SYS_ioctl, IF_FILE | KILL_ONLY },
        { "child", SYS_clone, KILL_ONLY },
        { "child", SYS_clone3, KILL_ONLY },
        { "child", SYS_fork, KILL_ONLY },
        { "child", SYS_vfork, KILL_ONLY },
        { "child", SYS_wait4, KILL_ONLY },
};

static const struct Error {
        const char *name;
        int value;
        int flags; /* of calls that it meets; 0: all that may fail */
        int stays;
} errors[] = {
        { "ENOSPC", ENOSPC, 0, 0 },
        { "EIO", EIO, 0, 0 },
        { "EROFS", EROFS, 0, 0 },
        { "EROFS+", EROFS, 0, 1 },
        { "ENOSPC+", ENOSPC, NEEDS_ROOM, 1 },
        { "FAT", EPERM, NOT_ON_FAT, 1 },
        { "OLDFAT", EINVAL, NOT_ON_FAT | NOT_ON_OLD_FAT, 1 },
};

static void __attribute__((noreturn)) die(const char *what)
{
        perror(what);
        exit(125);
}

static int opens_for_writing(pid_t pid, const struct user_regs_struct *r)
{
        unsigned long flags = r->rdx;

        if ((long) r->orig_rax == SYS_openat2) { /* the first member of struct open_how */
                errno = 0;
                flags = (unsigned long) ptrace(PTRACE_PEEKDATA, pid, r->rdx, NULL);
                if (errno != 0)
                        die("PTRACE_PEEKDATA");
        }
        return (flags & O_PATH) == 0 && (flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0;
}

static int is_file(pid_t pid, unsigned long long fd)
{
        char link[64], target[16];
        ssize_t n;

        (void) snprintf(link, sizeof(link), "/proc/%d/fd/%llu", (int) pid, fd);
        n = readlink(link, target, sizeof(target) - 1);
        if (n <= 0)
                return 0;
        target[n] = 0;
        return fd > 2 && target[0] == '/' && strncmp(target, "/memfd:", 7) != 0;
}

/* A string of the program; cut where it is longer. */
static void read_string(pid_t pid, unsigned long long at, char *buf, size_t size)
{
        size_t n = 0;

        while (n + 1 < size) {
                long word;

                errno = 0;
                word = ptrace(PTRACE_PEEKDATA, pid, (void *) (at + n), NULL);
                if (errno != 0)
                        break;
                for (size_t i = 0; i < sizeof(word) && n + 1 < size; i++) {
                        buf[n] = ((const char *) &word)[i];
                        if (!buf[n++])
                                return;
                }
        }
        buf[n] = 0;
}

/* Writes the path of a descriptor, and of a name in it when there is one. */
static void print_path(FILE *list, pid_t pid, unsigned long long fd, unsigned long long name)
{
        char link[64], target[4096], text[256] = "";
        ssize_t n;

        (void) snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int) pid, (int) fd);
        n = readlink(link, target, sizeof(target) - 1);
        target[n < 0 ? 0 : n] = 0;
        if (name)
                read_string(pid, name, text, sizeof(text));
        fprintf(list, "\t%s%s%s", target, name ? "/" : "", text);
}

static void print_call(FILE *list, pid_t pid, unsigned long n, const struct Call *c, const struct user_regs_struct *r)
{
        fprintf(list, "%lu %s", n, c->name);
        switch (c->number) {
        case SYS_fsync:
        case SYS_fdatasync:
        case SYS_syncfs:
                print_path(list, pid, r->rdi, 0);
                break;
        case SYS_renameat:
        case SYS_renameat2:
                print_path(list, pid, r->rdi, r->rsi);
                print_path(list, pid, r->rdx, r->r10);
                break;
        default:
                break;
        }
        fputc('\n', list);
}

/* NULL: not one that counts. */
static const struct Call *find_call(pid_t pid, const struct user_regs_struct *r)
{
        for (const struct Call *c = calls; c < calls + ELEMENTSOF(calls); c++) {
                if (c->number != (long) r->orig_rax)
                        continue;
                if ((c->flags & IF_WRITABLE) && !opens_for_writing(pid, r))
                        return NULL;
                if ((c->flags & IF_FILE) && !is_file(pid, r->rdi))
                        return NULL;
                if ((c->flags & IF_EXCHANGE) && !(r->r8 & RENAME_EXCHANGE))
                        continue;
                return c;
        }
        return NULL;
}

static const struct Error *find_error(const char *name)
{
        for (const struct Error *e = errors; e < errors + ELEMENTSOF(errors); e++)
                if (strcmp(e->name, name) == 0)
                        return e;
        return NULL;
}

/* The file system has its own for a link that it cannot make. */
static int value_of(const struct Error *e, const struct Call *c)
{
        return (c->flags & NOT_ON_FAT) && (e->flags & NOT_ON_FAT) ? EPERM : e->value;
}

static int meets(const struct Error *e, const struct Call *c, unsigned long n, unsigned long at)
{
        if ((c->flags & KILL_ONLY) || (e->flags && !(c->flags & e->flags)))
                return 0;
        return e->stays ? n >= at : n == at;
}

static void sync_sometimes(unsigned long n)
{
        static unsigned long every;
        static int directory = -1;
        char *said = getenv("FAULT_SYNC"), *end;

        if (!said)
                return;
        if (directory < 0) {
                every = strtoul(said, &end, 10);
                directory = *end == ':' && every > 0 ? open(end + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
                if (directory < 0)
                        die("FAULT_SYNC");
        }
        if (n % every == 0 && syncfs(directory) < 0)
                die("syncfs");
}

/* The call has not been made yet. */
static void shorten_timer(pid_t pid, const struct user_regs_struct *r)
{
        const char *said = getenv("FAULT_TIMERS");
        const long after[] = { 0, strtol(said ? said : "0", NULL, 10) * 1000000 };

        if (!said || (long) r->orig_rax != SYS_timerfd_settime)
                return;
        for (size_t i = 0; i < ELEMENTSOF(after); i++)
                if (ptrace(PTRACE_POKEDATA, pid, r->rdx + offsetof(struct itimerspec, it_value) + i * sizeof(long),
                           after[i]) < 0)
                        die("PTRACE_POKEDATA");
}

static void note_flush(void)
{
        const char *file = getenv("FAULT_FLUSHED");
        char path[4096];
        struct stat st;
        FILE *list;

        if (!file)
                return;
        (void) snprintf(path, sizeof(path), "%s.flushed", file);
        list = fopen(path, "ae");
        if (!list || stat(file, &st) < 0 || fprintf(list, "%lld\n", (long long) st.st_size) < 0 || fclose(list) != 0)
                die(file);
}

static pid_t start(char *argv[])
{
        int status;
        pid_t pid = fork();

        if (pid < 0)
                die("fork");
        if (pid == 0) {
                if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0)
                        _exit(125);
                (void) execv(argv[0], argv);
                _exit(125);
        }
        if (waitpid(pid, &status, 0) < 0 ||
            ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *) (PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) < 0)
                die("ptrace");
        return pid;
}

int main(int argc, char *argv[])
{
        unsigned long at, n = 0;
        const struct Error *error;
        int counting, killing, inside = 0, failing = 0, syncing = 0, deliver = 0;
        const char *list_path = getenv("FAULT_LIST");
        FILE *list = NULL;
        pid_t pid;

        if (argc < 4)
                return 125;
        counting = strcmp(argv[1], "count") == 0;
        killing = strcmp(argv[1], "kill") == 0;
        error = find_error(argv[1]);
        if (!counting && !killing && !error)
                return 125;
        at = counting ? 0 : strtoul(argv[2], NULL, 10);
        if (counting)
                list_path = argv[2];
        if (list_path && !(list = fopen(list_path, "we")))
                die(list_path);
        pid = start(argv + 3);
        for (;;) {
                const struct Call *c;
                struct user_regs_struct r;
                int status;

                if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *) (long) deliver) < 0 || waitpid(pid, &status, 0) < 0)
                        die("waitpid");
                deliver = 0;
                if (list && !WIFSTOPPED(status) && fclose(list) != 0)
                        die(list_path);
                if (WIFEXITED(status))
                        return WEXITSTATUS(status);
                if (WIFSIGNALED(status))
                        return 128 + WTERMSIG(status);
                if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
                        deliver = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
                        continue;
                }
                if (ptrace(PTRACE_GETREGS, pid, NULL, &r) < 0)
                        die("PTRACE_GETREGS");
                inside = !inside;
                if (inside) {
                        shorten_timer(pid, &r);
                        c = find_call(pid, &r);
                        if (!c)
                                continue;
                        n++;
                        syncing = strcmp(c->name, "fsync") == 0;
                        sync_sometimes(n);
                        if (list)
                                print_call(list, pid, n, c, &r);
                        if (killing && n == at) {
                                if (kill(pid, SIGKILL) < 0 || waitpid(pid, &status, 0) < 0)
                                        die("kill");
                                return 128 + SIGKILL;
                        }
                        if (!error || !meets(error, c, n, at))
                                continue;
                        syncing = 0;
                        failing = value_of(error, c);
                        r.orig_rax = (unsigned long long) -1; /* no such call: nothing is done */
                } else if (failing) {
                        r.rax = (unsigned long long) -failing;
                        failing = 0;
                } else {
                        if (syncing && (long long) r.rax == 0)
                                note_flush();
                        syncing = 0;
                        continue;
                }
                if (ptrace(PTRACE_SETREGS, pid, NULL, &r) < 0)
                        die("PTRACE_SETREGS");
        }
}
