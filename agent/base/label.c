/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/label.h"

#if HAVE_SELINUX

#include <linux/xattr.h>
#include <selinux/label.h>
#include <selinux/selinux.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/io.h"
#include "base/lazy.h"
#include "base/text.h"

#define ENFORCE      "/sys/fs/selinux/enforce"
#define CONFIG       "/etc/selinux/config"
#define TYPE_KEY     "SELINUXTYPE="
#define TYPE_DEFAULT "targeted" /* libselinux src/selinux_config.c, SELINUXDEFAULT */
#define CONTEXTS     "file_contexts"
#define BLANKS       " \t\r\n"

LAZY_NOTE("selinux", "labels of new files where SELinux is on", "suggested", "libselinux.so.1");

LAZY_FUNCTION(freecon);
LAZY_FUNCTION(selabel_close);
LAZY_FUNCTION(selabel_lookup_raw);
LAZY_FUNCTION(selabel_open);
LAZY_FUNCTION(selinux_set_callback);

static const LazySymbol selinux_symbols[] = {
        LAZY_SYMBOL(freecon),      LAZY_SYMBOL(selabel_close),        LAZY_SYMBOL(selabel_lookup_raw),
        LAZY_SYMBOL(selabel_open), LAZY_SYMBOL(selinux_set_callback),
};

/* What the policy of a root says, read once: there are thousands of rules. */
static struct {
        struct stat st;               /* of the file with its rules */
        struct selabel_handle *rules; /* NULL: they are of no use */
} last;

/* It would print to standard error. */
static int log_nothing(int type, const char *format, ...)
{
        (void) type, (void) format;
        return 0;
}

/* The directory with the rules of the policy that is configured. An fd; negative errno. */
static int open_directory(int rfd)
{
        _cleanup_free_ char *config = NULL, *path = NULL;
        const char *type = TYPE_DEFAULT;
        int n = (int) strlen(TYPE_DEFAULT), r = root_read_text(rfd, CONFIG, &config);

        if (r == -ENOMEM)
                return r;
        for (const char *line = config; line && *line; line = text_next_line(line)) {
                const char *value = startswith(line + strspn(line, BLANKS), TYPE_KEY);

                if (!value)
                        continue;
                type = value + strspn(value, BLANKS);
                n = (int) strcspn(type, BLANKS);
        }
        if (n == 0 || *type == '.' || memchr(type, '/', (size_t) n))
                return -EINVAL;
        if (string_printf(&path, "/etc/selinux/%.*s/contexts/files", n, type) < 0)
                return -ENOMEM;
        return root_open(rfd, path, O_PATH | O_DIRECTORY);
}

/* libselinux looks for rules that were compiled, for those of home directories and of the administrator beside them. */
static int load_rules(int fd, struct selabel_handle **ret)
{
        const union selinux_callback silent = { .func_log = log_nothing };
        _cleanup_free_ char *path = NULL;
        struct selinux_opt option = { .type = SELABEL_OPT_PATH };

        *ret = NULL;
        if (lazy_load("libselinux.so.1", selinux_symbols, ELEMENTSOF(selinux_symbols)) < 0)
                return 0;
        if (string_printf(&path, "/proc/self/fd/%d/" CONTEXTS, fd) < 0)
                return -ENOMEM;
        sym_selinux_set_callback(SELINUX_CB_LOG, silent);
        option.value = path;
        *ret = sym_selabel_open(SELABEL_CTX_FILE, &option, 1);
        return *ret || errno != ENOMEM ? 0 : -ENOMEM;
}

static bool is_last(const struct stat *st)
{
        return st->st_dev == last.st.st_dev && st->st_ino == last.st.st_ino &&
               st->st_ctim.tv_sec == last.st.st_ctim.tv_sec && st->st_ctim.tv_nsec == last.st.st_ctim.tv_nsec;
}

/* @ret: of the policy of this root; NULL: there are none. 0 or -ENOMEM. */
static int find_rules(int rfd, struct selabel_handle **ret)
{
        _cleanup_close_ int fd = open_directory(rfd);
        struct selabel_handle *rules = NULL;
        struct stat st;
        int r;

        *ret = NULL;
        if (fd < 0)
                return fd == -ENOMEM ? fd : 0;
        if (fstatat(fd, CONTEXTS, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
                return 0;
        if (!is_last(&st)) {
                r = load_rules(fd, &rules);
                if (r < 0)
                        return r;
                if (last.rules)
                        sym_selabel_close(last.rules);
                last.st = st;
                last.rules = rules;
        }
        *ret = last.rules;
        return 0;
}

static int set_label(int fd, const char *label)
{
        static const int refusals[] = { ENOTSUP, EACCES, EPERM, EINVAL };
        const size_t size = strlen(label) + 1;
        _cleanup_free_ char *now = malloc(size);

        if (!now)
                return -ENOMEM;
        /* what the kernel has given it by itself need not be allowed to be set */
        if (fgetxattr(fd, XATTR_NAME_SELINUX, now, size) == (ssize_t) size && memcmp(now, label, size) == 0)
                return 0;
        if (fsetxattr(fd, XATTR_NAME_SELINUX, label, size, 0) >= 0)
                return 0;
        FOREACH_ARRAY(e, refusals, ELEMENTSOF(refusals))
                if (errno == *e)
                        return 0;
        return negative_errno();
}

int label_new(int rfd, const char *path, int fd)
{
        _cleanup_free_ char *absolute = NULL;
        struct selabel_handle *rules;
        char *label = NULL;
        struct stat st;
        int r;

        if (root_stat(rfd, ENFORCE, &st) < 0)
                return 0;
        r = find_rules(rfd, &rules);
        if (r < 0 || !rules)
                return r;
        if (string_printf(&absolute, "%s%s", *path == '/' ? "" : "/", path) < 0)
                return -ENOMEM;
        if (fstat(fd, &st) < 0)
                return negative_errno();
        if (sym_selabel_lookup_raw(rules, &label, absolute, (int) st.st_mode) < 0)
                return errno == ENOMEM ? -ENOMEM : 0;
        r = set_label(fd, label);
        sym_freecon(label);
        return r;
}

#else

int label_new(int rfd, const char *path, int fd)
{
        (void) rfd, (void) path, (void) fd;
        return 0;
}

#endif
