/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ptprep-claim - gives the configured PCI functions to their stub driver, in the initramfs, before any host driver is
 * loaded.
 *
 * It lives in every image, so it needs nothing but libc. It must never make a boot worse: it acts on nothing that is
 * not exactly as the list says, gives back what it could not claim, and always ends with success.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "claim-bind.h"
#include "claim-cmdline.h"
#include "claim-file.h"
#include "claim-list.h"
#include "claim-modprobe.h"

#define CLAIMS      "etc/ptprep/claims"
#define CMDLINE     "proc/cmdline"
#define VMCORE      "proc/vmcore" /* memory of a crashed kernel (Linux fs/proc/vmcore.c): there in a crash kernel only */
#define RUN_DIR     "run/ptprep"
#define RESULT      "run/ptprep/claim"
#define RESULT_DEV  "dev/ptprep-claim"
#define KEPT        "run/ptprep/kept" /* 00-ptprep.rules looks for it */

#define CMDLINE_MAX (32 * 1024) /* bytes; x86 has 2048 (COMMAND_LINE_SIZE), bootconfig can add to it */

enum {
        EXIT_NOT_CLAIMED = 1, /* with --root only */
        EXIT_USAGE = 64,      /* sysexits.h */
};

/* Writes to a device that may be missing this early. Of a failure nobody could be told. */
static void tell(const char *path, int flags, const char *text)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags);

        if (fd >= 0 && write(fd, text, strlen(text)) < 0)
                return;
}

static void say_live(void *userdata, bool failure, const char *text)
{
        char record[512];

        (void) userdata;
        /*
         * Opened for each record: the kernel's limit of ten records in five seconds counts for one open file
         * (kernel/printk/printk.c, devkmsg_open()), and 64 devices have more to say.
         */
        (void) snprintf(record, sizeof(record), "<%c>ptprep-claim: %s\n", failure ? '3' : '6', text);
        tell("/dev/kmsg", 0, record);
        if (failure) {
                /* "quiet" and loglevel= can keep kmsg from the screen, and somebody may be waiting in front of it */
                (void) snprintf(record, sizeof(record), "\rptprep-claim: %s\r\n", text);
                tell("/dev/console", O_NONBLOCK, record);
        }
}

/* Of a device that comes while the system runs: nobody sits in front of the screen for it. */
static void say_late(void *userdata, bool failure, const char *text)
{
        char record[512];

        (void) userdata;
        (void) snprintf(record, sizeof(record), "<%c>ptprep-claim: %s\n", failure ? '3' : '6', text);
        tell("/dev/kmsg", 0, record);
}

/* udev asks for each device that comes, and what there is to say the helper has said in the initramfs. */
static void say_nothing(void *userdata, bool failure, const char *text)
{
        (void) userdata, (void) failure, (void) text;
}

static void say_in_test(void *userdata, bool failure, const char *text)
{
        (void) userdata, (void) failure;
        fprintf(stderr, "ptprep-claim: %s\n", text);
}

/* Do the kernel arguments ask for claims? Says why where they do and it does not act all the same. */
static bool wanted(ClaimContext *c)
{
        static const char *const reasons[_CLAIM_ORDER_MAX] = {
                [CLAIM_ORDER_OFF] = "ptprep=off",
                [CLAIM_ORDER_RESCUE] = "rescue boot",
                [CLAIM_ORDER_KDUMP] = "crash kernel",
        };
        _cleanup_free_ char *line = NULL;
        ssize_t n = claim_read_file(c->root_fd, CMDLINE, CMDLINE_MAX, &line);
        ClaimOrder order;
        RootWords root;

        if (n < 0) {
                claim_say(&c->reporter, true, "/" CMDLINE ": cannot be read (%s): nothing claimed", strerror((int) -n));
                return false;
        }
        if (n > CMDLINE_MAX) {
                claim_say(&c->reporter, true,
                          "/" CMDLINE ": longer than %d bytes, a switch could be in the rest: nothing claimed",
                          CMDLINE_MAX);
                return false;
        }
        order = claim_order(line, &root);
        root_words_print(&root, c->root);
        /* not said on the command line where a device tree says it */
        if (order == CLAIM_ORDER_ACT && faccessat(c->root_fd, VMCORE, F_OK, 0) == 0)
                order = CLAIM_ORDER_KDUMP;
        if (reasons[order])
                claim_say(&c->reporter, false, "%s: nothing claimed", reasons[order]);
        return order == CLAIM_ORDER_ACT;
}

/*
 * On a running system the devices are in use and must not be taken off their drivers. An initramfs says so itself
 * (systemd, in_initrd()), or its root is still the file system that the kernel unpacked it into.
 */
static bool in_initramfs(void)
{
        struct statfs s;

        if (access("/etc/initrd-release", F_OK) == 0)
                return true;
        return statfs("/", &s) == 0 && ((unsigned) s.f_type == RAMFS_MAGIC || (unsigned) s.f_type == TMPFS_MAGIC);
}

/* Is there another file system at this directory than at the root? */
static bool is_mounted(const ClaimContext *c, const char *directory)
{
        struct stat root, there;

        return fstatat(c->root_fd, ".", &root, 0) >= 0 && fstatat(c->root_fd, directory, &there, 0) >= 0 &&
               root.st_dev != there.st_dev;
}

/*
 * For people and programs in the real system: /run moves there, kmsg may have been overwritten. initramfs-tools mounts
 * /run only after it has sourced its configuration, over whatever is there; /dev is mounted, and the same devtmpfs all
 * through the boot.
 */
static void write_result(const ClaimContext *c, const ClaimList *l)
{
        const char *path = is_mounted(c, "dev") && !is_mounted(c, "run") ? RESULT_DEV : RESULT;
        FILE *f;
        int fd;

        if (streq(path, RESULT)) {
                (void) mkdirat(c->root_fd, "run", 0755);
                (void) mkdirat(c->root_fd, RUN_DIR, 0755);
        }
        fd = openat(c->root_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        f = fd >= 0 ? fdopen(fd, "w") : NULL;
        if (!f) {
                claim_say(&c->reporter, true, "/%s: %s", path, strerror(errno));
                closep(&fd);
                return;
        }
        FOREACH_ARRAY(i, l->claims, l->n_claims)
                fprintf(f, "%s %s %s\n", i->address,
                        claim_state_to_string(i->state) ?: claim_state_to_string(CLAIM_FAILED), i->reason);
        if (fclose(f) != 0)
                claim_say(&c->reporter, true, "/%s: %s", path, strerror(errno));
}

/* What is to be done with the list. */
typedef struct Task {
        bool keep;          /* claim_keep_all() */
        const char *device; /* claim_bind_one(); NULL: claim_bind_all() */
} Task;

/* All that is there is kept: the events of what was there before anyway need no more of this program. */
static void leave_mark(const ClaimContext *c)
{
        _cleanup_close_ int fd = -EBADF;

        (void) mkdirat(c->root_fd, RUN_DIR, 0755);
        fd = openat(c->root_fd, KEPT, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
}

/* Returns how many are not claimed. */
static size_t run_late(ClaimContext *c, const Task *task, ClaimList *l)
{
        if (task->keep) {
                claim_keep_all(c, l);
                leave_mark(c);
        }
        FOREACH_ARRAY(i, l->claims, task->keep ? 0 : l->n_claims)
                if (streq(i->address, task->device)) {
                        claim_bind_one(c, l, i);
                        return i->state != CLAIM_CLAIMED && i->state != CLAIM_WAITING;
                }
        return 0;
}

/* Returns how many of the listed devices are not claimed, refused lines included. */
static size_t run(ClaimContext *c, const Task *task)
{
        _cleanup_(claim_list_done) ClaimList list = {};
        _cleanup_free_ char *text = NULL;
        size_t missed;
        ssize_t n;

        if (!wanted(c))
                return 0;
        n = claim_read_file(c->root_fd, CLAIMS, CLAIM_LIST_MAX, &text);
        if (n >= 0)
                n = claim_list_parse("/" CLAIMS, text, (size_t) n, &c->reporter, &list);
        if (n == -EPROTONOSUPPORT) /* which was said */
                return 1;
        if (n < 0) {
                claim_say(&c->reporter, true, "/" CLAIMS ": cannot be read (%s): nothing claimed", strerror((int) -n));
                return 1;
        }
        if (c->late)
                return run_late(c, task, &list);
        claim_bind_all(c, &list);
        write_result(c, &list);
        missed = list.n_refused;
        FOREACH_ARRAY(i, list.claims, list.n_claims)
                missed += i->state != CLAIM_CLAIMED && i->state != CLAIM_WAITING && !i->excused;
        if (missed > 0)
                claim_say(&c->reporter, true, "%zu of %zu not claimed; \"ptprep --check\" tells what to do", missed,
                          list.n_claims + list.n_refused);
        return missed;
}

static bool parse_options(int argc, char **argv, const char **ret_root, Task *ret)
{
        for (int i = 1; i < argc; i++) {
                const char *directory = startswith(argv[i], "--root="), *device = startswith(argv[i], "--device=");

                if (directory && *directory)
                        *ret_root = directory;
                else if (device && claim_address_valid(device))
                        ret->device = device;
                else if (streq(argv[i], "--keep"))
                        ret->keep = true;
                else
                        return false;
        }
        return !(ret->keep && ret->device);
}

int main(int argc, char **argv)
{
        ClaimContext c = { .root_fd = -EBADF, .reporter.say = say_live, .load_module = claim_modprobe };
        const char *root = "/";
        bool live = true; /* the machine that boots */
        Task task = {};
        size_t missed;

        if (!parse_options(argc, argv, &root, &task)) {
                fprintf(stderr, "usage: ptprep-claim [--root=DIR] [--keep | --device=ADDRESS]\n");
                return EXIT_USAGE;
        }
        live = streq(root, "/");
        c.late = task.keep || task.device;
        c.reporter.say = task.keep ? say_nothing : task.device ? say_late : say_live;
        if (!live) { /* nothing is loaded into a running kernel for a test tree */
                c.reporter.say = say_in_test;
                c.load_module = NULL;
        } else if (!c.late && !in_initramfs()) {
                claim_say(&c.reporter, true, "works in an initramfs only: nothing claimed");
                return EXIT_SUCCESS;
        }
        c.root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (c.root_fd < 0) {
                claim_say(&c.reporter, true, "%s: %s", root, strerror(errno));
                return live ? EXIT_SUCCESS : EXIT_NOT_CLAIMED;
        }
        missed = run(&c, &task);
        (void) close(c.root_fd);
        /* a device that stays with the host is no reason to stop the host from coming up */
        return live || missed == 0 ? EXIT_SUCCESS : EXIT_NOT_CLAIMED;
}
