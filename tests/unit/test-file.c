/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <endian.h>
#include <linux/xattr.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/io.h"
#include "tree.h"

static void expect_file(int rfd, const char *path, const char *text)
{
        _cleanup_free_ char *s = NULL;

        assert_int_equal(root_read_text(rfd, path, &s), 0);
        assert_string_equal(s, text);
}

static void files_are_replaced_whole(void **state)
{
        Tree *t = *state;
        struct stat st;

        assert_int_equal(root_mkdir_p(t->rfd, "/etc/ptprep/deep"), 0);
        assert_int_equal(root_mkdir_p(t->rfd, "/etc/ptprep/deep"), 0);
        assert_int_equal(root_file_replace(t->rfd, "/etc/ptprep/a", "one\n", 4, 0640), 0);
        expect_file(t->rfd, "/etc/ptprep/a", "one\n");
        assert_int_equal(root_stat(t->rfd, "/etc/ptprep/a", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        /* a leftover of a power cut is no obstacle */
        assert_int_equal(root_file_replace(t->rfd, "/etc/ptprep/.a.ptprep-new", "half", 4, 0600), 0);
        assert_int_equal(root_file_replace(t->rfd, "/etc/ptprep/a", "two\n", 4, 0600), 0);
        expect_file(t->rfd, "/etc/ptprep/a", "two\n");
        assert_int_equal(root_stat(t->rfd, "/etc/ptprep/a", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640); /* an existing file keeps its mode */
        assert_int_equal(root_stat(t->rfd, "/etc/ptprep/.a.ptprep-new", &st), -ENOENT);
}

static void nothing_is_written_through_links(void **state)
{
        Tree *t = *state;
        static const char *const targets[] = { "/etc/default/real", "../../../../../../etc/passwd", "/etc/default",
                                               "link", "/nowhere" };
        struct stat st;

        assert_int_equal(root_mkdir_p(t->rfd, "etc/default"), 0);
        assert_int_equal(root_file_replace(t->rfd, "etc/default/real", "x", 1, 0640), 0);
        FOREACH_ARRAY(target, targets, ELEMENTSOF(targets)) {
                tree_link(t, "/etc/link", *target);
                assert_int_equal(root_file_replace(t->rfd, "/etc/link", "y", 1, 0604), 0);
                assert_int_equal(root_lstat(t->rfd, "/etc/link", &st), 0);
                assert_true(S_ISREG(st.st_mode));
                assert_int_equal(st.st_mode & 0777, 0604);
                expect_file(t->rfd, "/etc/link", "y");
                expect_file(t->rfd, "/etc/default/real", "x");
                assert_int_equal(root_file_remove(t->rfd, "/etc/link"), 0);
        }
        assert_int_equal(root_stat(t->rfd, "/nowhere", &st), -ENOENT);
        tree_link(t, "/etc/escape", "../../../../../../etc/passwd");
        assert_int_equal(root_open(t->rfd, "/etc/escape", O_RDONLY), -ENOENT);
}

static void backups_come_back(void **state)
{
        Tree *t = *state;

        assert_int_equal(root_file_backup(t->rfd, "/image", "/image.old"), -ENOENT);
        assert_int_equal(root_file_replace(t->rfd, "/image", "old", 3, 0600), 0);
        assert_int_equal(root_file_backup(t->rfd, "/image", "/image.old"), 0);
        assert_int_equal(root_file_replace(t->rfd, "/image", "new", 3, 0600), 0);
        expect_file(t->rfd, "/image.old", "old");
        assert_int_equal(root_file_rename(t->rfd, "/image.old", "/image"), 0);
        expect_file(t->rfd, "/image", "old");
        assert_int_equal(root_file_remove(t->rfd, "/image"), 0);
        assert_int_equal(root_file_remove(t->rfd, "/image"), -ENOENT);
}

static bool has_file(int rfd, const char *path)
{
        struct stat st;

        return root_stat(rfd, path, &st) >= 0;
}

/* What is put back takes the place of a file that keeps its blocks, or of nothing. */
static void names_are_exchanged(void **state)
{
        Tree *t = *state;

        tree_file(t, "/a", "new\n");
        tree_file(t, "/a.old", "old\n");
        assert_int_equal(root_file_put_back(t->rfd, "/a.old", "/a"), 0);
        expect_file(t->rfd, "/a", "old\n");
        expect_file(t->rfd, "/a.old", "new\n");
        assert_int_equal(root_file_remove(t->rfd, "/a"), 0);
        assert_int_equal(root_file_put_back(t->rfd, "/a.old", "/a"), 0);
        expect_file(t->rfd, "/a", "new\n");
        assert_false(has_file(t->rfd, "/a.old"));
        assert_int_equal(root_file_put_back(t->rfd, "/a.old", "/a"), -ENOENT);
        expect_file(t->rfd, "/a", "new\n");
}

/* What is in the way goes, and not what that leads to; whatever the umask is, the mode is what was asked for. */
static void files_are_created(void **state)
{
        Tree *t = *state;
        struct stat st;

        tree_file(t, "/theirs", "theirs\n");
        tree_link(t, "/trial", "theirs");
        umask(0077);
        assert_int_equal(root_file_create(t->rfd, "/trial", "ours\n", 5, 0644), 0);
        umask(0022);
        expect_file(t->rfd, "/trial", "ours\n");
        expect_file(t->rfd, "/theirs", "theirs\n");
        assert_int_equal(root_lstat(t->rfd, "/trial", &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0644);
        assert_int_equal(root_file_create(t->rfd, "/absent/trial", "", 0, 0644), -ENOENT);
}

/* One entry of an ACL as the kernel stores it: Linux include/uapi/linux/posix_acl_xattr.h. */
typedef struct AclEntry {
        uint16_t tag, permissions;
        uint32_t id;
} AclEntry;

enum { ACL_USER_OBJ = 1, ACL_USER = 2, ACL_GROUP_OBJ = 4, ACL_MASK = 16, ACL_OTHER = 32, ACL_NO_ID = -1 };

static size_t make_acl(const AclEntry *entries, size_t n, unsigned char *buf)
{
        const uint32_t version = htole32(2);
        size_t size = sizeof(version);

        memcpy(buf, &version, sizeof(version));
        FOREACH_ARRAY(e, entries, n) {
                const AclEntry stored = { htole16(e->tag), htole16(e->permissions), htole32(e->id) };

                memcpy(buf + size, &stored, sizeof(stored));
                size += sizeof(stored);
        }
        return size;
}

static void set_attribute(const Tree *t, const char *path, const char *name, const void *value, size_t size)
{
        _cleanup_close_ int fd = root_open(t->rfd, path, O_RDONLY);

        assert_true(fd >= 0);
        if (fsetxattr(fd, name, value, size, 0) < 0 && errno == ENOTSUP) {
                print_message("SKIPPED: %s is not there in /tmp\n", name);
                skip();
        }
        assert_true(fgetxattr(fd, name, NULL, 0) >= 0);
}

static void expect_attribute(const Tree *t, const char *path, const char *name, const void *value, size_t size)
{
        _cleanup_close_ int fd = root_open(t->rfd, path, O_RDONLY);
        unsigned char buf[256];

        assert_true(fd >= 0);
        if (!value) {
                assert_int_equal(fgetxattr(fd, name, buf, sizeof(buf)), -1);
                return;
        }
        assert_int_equal(fgetxattr(fd, name, buf, sizeof(buf)), size);
        assert_memory_equal(buf, value, size);
}

static void expect_mode(const Tree *t, const char *path, mode_t mode)
{
        struct stat st;

        assert_int_equal(root_stat(t->rfd, path, &st), 0);
        assert_int_equal(st.st_mode & 07777, mode);
}

static void expect_owner(const Tree *t, const char *path, uid_t owner, gid_t group)
{
        struct stat st;

        assert_int_equal(root_stat(t->rfd, path, &st), 0);
        assert_int_equal(st.st_uid, owner);
        assert_int_equal(st.st_gid, group);
}

static void need_root(void)
{
        if (geteuid() != 0)
                skip();
}

static void set_mode(const Tree *t, const char *path, mode_t mode)
{
        assert_int_equal(fchmodat(t->rfd, path + 1, mode, 0), 0);
}

/* Replaced, or brought to a file that a program made: it keeps what it had beside its bytes. */
static void a_file_keeps_what_it_had(void **state)
{
        static const AclEntry entries[] = { { ACL_USER_OBJ, 6, (uint32_t) ACL_NO_ID },
                                            { ACL_USER, 4, 33 },
                                            { ACL_GROUP_OBJ, 0, (uint32_t) ACL_NO_ID },
                                            { ACL_MASK, 4, (uint32_t) ACL_NO_ID },
                                            { ACL_OTHER, 0, (uint32_t) ACL_NO_ID } };
        static const struct {
                const char *name, *value;
        } others[] = {
                { "user.note", "hello" },
                { "trusted.note", "" },
                { "security.selinux", "system_u:object_r:custom_t:s0" },
        };
        static const char *const files[] = { "/grub", "/made" };
        Tree *t = *state;
        unsigned char acl[64];
        size_t size = make_acl(entries, ELEMENTSOF(entries), acl);

        need_root();
        tree_file(t, "/grub", "old\n");
        assert_int_equal(fchownat(t->rfd, "grub", 1000, 1001, 0), 0);
        set_attribute(t, "/grub", XATTR_NAME_POSIX_ACL_ACCESS, acl, size);
        FOREACH_ARRAY(a, others, ELEMENTSOF(others))
                set_attribute(t, "/grub", a->name, a->value, strlen(a->value));
        tree_file(t, "/made", "new\n");
        set_attribute(t, "/made", "user.own", "1", 1);
        assert_int_equal(root_file_carry(t->rfd, "/grub", "/made"), 0);
        assert_int_equal(root_file_replace(t->rfd, "/grub", "new\n", 4, 0644), 0);
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                expect_file(t->rfd, files[i], "new\n");
                expect_mode(t, files[i], 0640);
                expect_owner(t, files[i], 1000, 1001);
                expect_attribute(t, files[i], XATTR_NAME_POSIX_ACL_ACCESS, acl, size);
                FOREACH_ARRAY(a, others, ELEMENTSOF(others))
                        expect_attribute(t, files[i], a->name, a->value, strlen(a->value));
        }
        expect_attribute(t, "/made", "user.own", "1", 1);
        assert_int_equal(root_file_carry(t->rfd, "/nothing", "/made"), 0);
        assert_int_equal(root_file_carry(t->rfd, "/made", "/nothing"), -ENOENT);
}

/* A hash of the old bytes would make the new ones unreadable where the kernel compares it. */
static void hashes_stay_with_their_bytes(void **state)
{
        static const char hash[] = "\x04\x04 no hash at all";
        Tree *t = *state;

        need_root();
        tree_file(t, "/grub", "old\n");
        set_attribute(t, "/grub", XATTR_NAME_IMA, hash, sizeof(hash));
        assert_int_equal(root_file_duplicate(t->rfd, "/grub", "/grub.old"), 0);
        assert_int_equal(root_file_replace(t->rfd, "/grub", "new\n", 4, 0644), 0);
        expect_attribute(t, "/grub", XATTR_NAME_IMA, NULL, 0);
        expect_attribute(t, "/grub.old", XATTR_NAME_IMA, hash, sizeof(hash));
}

/* An ACL that new files in a directory get opens nothing that was closed; its own new files get it. */
static void an_inherited_acl_opens_nothing(void **state)
{
        static const AclEntry entries[] = { { ACL_USER_OBJ, 7, (uint32_t) ACL_NO_ID },
                                            { ACL_USER, 6, 33 },
                                            { ACL_GROUP_OBJ, 5, (uint32_t) ACL_NO_ID },
                                            { ACL_MASK, 7, (uint32_t) ACL_NO_ID },
                                            { ACL_OTHER, 5, (uint32_t) ACL_NO_ID } };
        Tree *t = *state;
        unsigned char acl[64];
        size_t size = make_acl(entries, ELEMENTSOF(entries), acl);
        _cleanup_close_ int fd = -EBADF;

        need_root();
        tree_file(t, "/etc/grub", "old\n");
        set_mode(t, "/etc/grub", 0640);
        set_attribute(t, "/etc", XATTR_NAME_POSIX_ACL_DEFAULT, acl, size);
        assert_int_equal(root_file_replace(t->rfd, "/etc/grub", "new\n", 4, 0644), 0);
        expect_mode(t, "/etc/grub", 0640);
        expect_attribute(t, "/etc/grub", XATTR_NAME_POSIX_ACL_ACCESS, NULL, 0);
        assert_int_equal(root_file_replace(t->rfd, "/etc/new", "new\n", 4, 0644), 0);
        fd = root_open(t->rfd, "/etc/new", O_RDONLY);
        assert_true(fgetxattr(fd, XATTR_NAME_POSIX_ACL_ACCESS, NULL, 0) > 0);
        expect_mode(t, "/etc/new", 0644);
}

static void the_umask_counts_for_nothing(void **state)
{
        Tree *t = *state;
        mode_t before = umask(0077);

        assert_int_equal(root_mkdir_p(t->rfd, "/etc/modprobe.d/deep"), 0);
        assert_int_equal(root_file_replace(t->rfd, "/etc/modprobe.d/a.conf", "a\n", 2, 0644), 0);
        assert_int_equal(root_file_copy(t->rfd, "/etc/modprobe.d/a.conf", "/etc/b.conf"), 0);
        umask(before);
        expect_mode(t, "/etc", 0755);
        expect_mode(t, "/etc/modprobe.d", 0755);
        expect_mode(t, "/etc/modprobe.d/deep", 0755);
        expect_mode(t, "/etc/modprobe.d/a.conf", 0644);
        expect_mode(t, "/etc/b.conf", 0644);
        /* one that is there is somebody else's matter */
        set_mode(t, "/etc/modprobe.d", 0700);
        assert_int_equal(root_mkdir_p(t->rfd, "/etc/modprobe.d/deep"), 0);
        expect_mode(t, "/etc/modprobe.d", 0700);
}

/* What is no plain file is not replaced. */
static void only_plain_files_are_replaced(void **state)
{
        Tree *t = *state;

        tree_directory(t, "/directory");
        assert_int_equal(mkfifoat(t->rfd, "fifo", 0644), 0);
        assert_int_equal(root_file_replace(t->rfd, "/directory", "x", 1, 0644), -EISDIR);
        assert_int_equal(root_file_replace(t->rfd, "/fifo", "x", 1, 0644), -EINVAL);
        assert_int_equal(root_file_copy(t->rfd, "/directory", "/copy"), -EISDIR);
        assert_int_equal(root_file_copy(t->rfd, "/nothing", "/copy"), -ENOENT);
        assert_false(has_file(t->rfd, "/copy"));
}

/* What a link leads to is not in it. */
static void a_tree_is_removed(void **state)
{
        Tree *t = *state;
        char deep[4 * 110 + 1] = "/deep";
        struct stat st;

        assert_int_equal(root_remove_tree(t->rfd, "/top"), 0);
        tree_file(t, "/top/a/b/file", "x");
        tree_file(t, "/top/file", "x");
        tree_file(t, "/mine/file", "x");
        tree_link(t, "/top/a/link", "../../mine");
        tree_link(t, "/top/dangling", "nowhere");
        assert_int_equal(root_remove_tree(t->rfd, "/top"), 0);
        assert_int_equal(root_lstat(t->rfd, "/top", &st), -ENOENT);
        expect_file(t->rfd, "/mine/file", "x");
        tree_link(t, "/top", "mine");
        assert_true(root_remove_tree(t->rfd, "/top") < 0);
        expect_file(t->rfd, "/mine/file", "x");
        for (size_t i = 0; i < 105; i++)
                strcat(deep, "/d");
        tree_directory(t, deep);
        assert_int_equal(root_remove_tree(t->rfd, "/deep"), -ELOOP);
        assert_int_equal(root_remove_tree(t->rfd, "/deep/d/d/d/d/d/d"), 0);
        assert_int_equal(root_remove_tree(t->rfd, "/deep"), 0);
}

#define CANNOT_BE_TRIED 77

/* In a mount namespace of its own. Returns an exit status. */
static int remove_where_read_only(const char *path)
{
        _cleanup_close_ int rfd = -EBADF;

        if (unshare(CLONE_NEWNS) < 0)
                return CANNOT_BE_TRIED;
        (void) mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL); /* which "/" of a chroot refuses */
        if (mount(path, path, NULL, MS_BIND, NULL) < 0 || mount(NULL, path, NULL, MS_PRIVATE, NULL) < 0 ||
            mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
                return CANNOT_BE_TRIED;
        rfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return root_file_remove(rfd, "/file") == -EROFS && root_rmdir(rfd, "/directory") == -EROFS &&
                               root_file_remove(rfd, "/none") == -ENOENT && root_rmdir(rfd, "/none") == -ENOENT
                       ? EXIT_SUCCESS
                       : EXIT_FAILURE;
}

/* What is gone already is no reason to fail where nothing can be written. */
static void what_is_not_there_needs_no_removal(void **state)
{
        const Tree *t = *state;
        int status;
        pid_t pid;

        tree_file(t, "/file", "x");
        tree_directory(t, "/directory");
        pid = fork();
        if (pid == 0)
                _exit(remove_where_read_only(t->path));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_BE_TRIED)
                skip();
        assert_int_equal(status, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(files_are_replaced_whole),
                TREE_TEST(nothing_is_written_through_links),
                TREE_TEST(backups_come_back),
                TREE_TEST(names_are_exchanged),
                TREE_TEST(files_are_created),
                TREE_TEST(a_file_keeps_what_it_had),
                TREE_TEST(hashes_stay_with_their_bytes),
                TREE_TEST(an_inherited_acl_opens_nothing),
                TREE_TEST(the_umask_counts_for_nothing),
                TREE_TEST(only_plain_files_are_replaced),
                TREE_TEST(a_tree_is_removed),
                TREE_TEST(what_is_not_there_needs_no_removal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
