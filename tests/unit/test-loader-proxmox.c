/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader-edit.h"

#define ADD     "ptprep.claim=1 intel_iommu=on"
#define REMOVE  "iommu=off intel_iommu=off"
#define UUIDS   "/etc/kernel/proxmox-boot-uuids"
#define CMDLINE "/etc/kernel/cmdline"

static void put_machine(const Tree *t, const char *cmdline)
{
        tree_file(t, UUIDS, "1FDB-C48E\n9BB0-3E21\n");
        tree_file(t, "/usr/sbin/proxmox-boot-tool", "");
        tree_file(t, "/proc/cmdline",
                  "BOOT_IMAGE=/vmlinuz initrd=\\EFI\\proxmox\\initrd.img root=ZFS=rpool/ROOT/pve-1 boot=zfs\n");
        if (cmdline)
                tree_file(t, CMDLINE, cmdline);
}

/* systemd-boot left its name. */
static void put_systemd_boot(const Tree *t)
{
        static const char name[] = "systemd-boot 252";
        char data[4 + 2 * sizeof(name)] = "\7";

        for (size_t i = 0; i < sizeof(name); i++)
                data[4 + 2 * i] = name[i];
        tree_data(t, NAME_SYS_EFIVARS "/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", data, sizeof(data));
}

static void read_all(const Tree *t, Loader **ret, size_t *ret_n)
{
        assert_int_equal(loaders_read(t->rfd, ret, ret_n), 0);
}

static const Loader *find(const Loader *all, size_t n, LoaderKind kind)
{
        FOREACH_ARRAY(l, all, n)
                if (l->kind == kind)
                        return l;
        return NULL;
}

static void assert_file(const Tree *t, const char *path, const char *text)
{
        _cleanup_free_ char *present = NULL;

        assert_int_equal(root_read_text(t->rfd, path, &present), 0);
        assert_string_equal(present, text);
}

/* How often the tool is run by a plan, in the end. */
static size_t count_refreshes(const Plan *p)
{
        size_t n = 0;

        FOREACH_ARRAY(s, p->steps, p->n)
                if (s->kind == STEP_COMMAND) {
                        assert_string_equal(s->command.argv.items[0], "proxmox-boot-tool");
                        assert_string_equal(s->command.argv.items[1], "refresh");
                        assert_true(s->command.undo_last);
                        assert_ptr_equal(s, p->steps + p->n - 1);
                        n++;
                }
        return n;
}

static size_t apply(const Tree *t, const char *add, const char *remove)
{
        _cleanup_(plan_done) Plan p = {};
        size_t n = 0;

        assert_int_equal(edit_plan(t, add, remove, &p), 0);
        edit_put(t, &p, p.n);
        FOREACH_ARRAY(s, p.steps, p.n)
                n += s->kind == STEP_COMMAND;
        return n;
}

static void test_detect(void **state)
{
        const Tree *t = *state;
        Loader *all;
        size_t n;

        put_machine(t, "root=ZFS=rpool/ROOT/pve-1 boot=zfs\nignored\n");
        tree_file(t, "/boot/grub/grub.cfg", "menuentry x {\n linux /vmlinuz\n}\n");
        read_all(t, &all, &n);
        assert_non_null(strstr(find(all, n, LOADER_PROXMOX)->unseen, "1FDB-C48E, 9BB0-3E21"));
        assert_null(find(all, n, LOADER_GRUB2)->unused); /* it may be GRUB's menu that is on those partitions */
        assert_int_equal(find(all, n, LOADER_PROXMOX)->entries->arguments.words.n, 2);
        loaders_free(all, n);
        put_systemd_boot(t);
        read_all(t, &all, &n);
        assert_non_null(find(all, n, LOADER_GRUB2)->unused);
        assert_non_null(find(all, n, LOADER_SYSTEMD_BOOT)->unused); /* what is not there to be seen need not be */
        loaders_free(all, n);
        tree_file(t, UUIDS, "\n");
        read_all(t, &all, &n);
        assert_null(find(all, n, LOADER_PROXMOX));
        assert_null(find(all, n, LOADER_GRUB2)->unused);
        loaders_free(all, n);
}

static void test_edit(void **state)
{
        const Tree *t = *state;
        static const char before[] = "root=ZFS=rpool/ROOT/pve-1 intel_iommu=off\nintel_iommu=on\n";

        put_machine(t, before);
        assert_int_equal(apply(t, ADD, REMOVE), 1);
        assert_file(t, CMDLINE, "root=ZFS=rpool/ROOT/pve-1 " ADD "\nintel_iommu=on\n");
        assert_int_equal(apply(t, ADD, REMOVE), 0);
        assert_int_equal(apply(t, "", ""), 1);
        assert_file(t, CMDLINE, before);
        assert_int_equal(apply(t, "", ""), 0);
}

/* Where there is no file the tool takes what this very boot has, and so does a new file. */
static void test_no_file(void **state)
{
        const Tree *t = *state;
        _cleanup_free_ char *present = NULL;

        put_machine(t, NULL);
        put_systemd_boot(t);
        assert_int_equal(apply(t, ADD, REMOVE), 1);
        assert_file(t, CMDLINE, "root=ZFS=rpool/ROOT/pve-1 boot=zfs " ADD "\n");
        assert_int_equal(apply(t, "", ""), 1);
        assert_int_equal(root_read_text(t->rfd, CMDLINE, &present), -ENOENT);
}

/* A run that was cut short may not have come to the tool any more. */
static void test_interrupted(void **state)
{
        const Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};
        Kargs add = words(ADD), none = {};
        const Record record = {};
        LoaderEdit want = { .check = "iommu.argument", .add = &add, .remove = &none, .record = &record };
        Loader l = {};

        put_machine(t, "quiet " ADD "\n");
        assert_int_equal(loader_read_kind(t->rfd, LOADER_PROXMOX, &l), 0);
        assert_int_equal(loader_edit(&l, &want, &p), 0);
        assert_int_equal(count_refreshes(&p), 0);
        want.interrupted = true;
        assert_int_equal(loader_edit(&l, &want, &p), 0);
        assert_int_equal(count_refreshes(&p), 1);
        loader_done(&l);
        kargs_done(&add);
}

static void test_no_tool(void **state)
{
        const Tree *t = *state;
        _cleanup_(plan_done) Plan p = {};

        put_machine(t, "quiet\n");
        assert_int_equal(root_file_remove(t->rfd, "/usr/sbin/proxmox-boot-tool"), 0);
        assert_int_equal(edit_plan(t, ADD, REMOVE, &p), -ENOTSUP);
        assert_int_equal(p.n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_detect),      TREE_TEST(test_edit),    TREE_TEST(test_no_file),
                TREE_TEST(test_interrupted), TREE_TEST(test_no_tool),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
