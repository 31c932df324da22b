/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/text.h"
#include "grub/format/efivars.h"
#include "grub/loader/entry-edit.h"
#include "grub/loader/kernel-install.h"
#include "grub/loader/loaders.h"
#include "model/names.h"

/*
 * Proxmox's own layout: kernels, images and menus are copies on EFI system partitions, which are listed by UUID and
 * mounted only while proxmox-boot-tool writes to them. It makes systemd-boot's entries of the first line of
 * /etc/kernel/cmdline, and GRUB's menu with grub-mkconfig of /etc/default/grub. Both sources are brought to what is
 * wanted (the second by loader-grub2.c), then the tool is run; what is on the partitions cannot be seen.
 * Source: https://pve.proxmox.com/pve-docs/pve-admin-guide.html, "Host Bootloader".
 */

#define UUIDS "/etc/kernel/proxmox-boot-uuids"
#define TOOL  "proxmox-boot-tool"

static int read_source(int rfd, Loader *l, const char *path)
{
        _cleanup_free_ char *text = NULL;
        int r = root_read_text(rfd, path, &text);

        return r < 0 ? r : loader_add_file(l, path, &text, strlen(text));
}

/* The UUIDs as one text with commas; *ret stays NULL where there is none. */
static int list_partitions(const char *text, char **ret)
{
        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                int n = (int) strspn(line, "0123456789ABCDEFabcdef-");
                _cleanup_free_ char *before = *ret;

                *ret = NULL;
                if (n == 0)
                        *ret = TAKE_PTR(before);
                else if (string_printf(ret, "%s%s%.*s", before ?: "", before ? ", " : "", n, line) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* What the tool takes where there is no file: the arguments of the very boot. */
static int read_running(int rfd, Kargs *ret)
{
        _cleanup_free_ char *text = NULL;
        _cleanup_(kargs_done) Kargs all = {};
        int r = root_read_text(rfd, NAME_PROC_CMDLINE, &text);

        if (r >= 0)
                r = kargs_parse(text, &all);
        return r < 0 ? (r == -ENOMEM ? r : 0) : kernel_cmdline_words(&all, ret);
}

/* All of systemd-boot's entries have the same arguments. */
static int add_entry(int rfd, Loader *l)
{
        const LoaderFile *f = loader_file(l, KERNEL_CMDLINE_FILE);
        _cleanup_free_ char *line = f ? strndup(f->text, strcspn(f->text, "\n")) : NULL;
        BootEntry *e;

        if (f && !line)
                return -ENOMEM;
        if (!f && l->booted != BOOTED_YES) /* no entry of systemd-boot's, as far as anybody can tell */
                return 0;
        e = array_grow(&l->entries, l->n_entries);
        if (!e)
                return -ENOMEM;
        l->n_entries++;
        e->id = strdup("proxmox-*.conf");
        e->title = strdup("Proxmox, every kernel of systemd-boot's menu");
        e->kernel = strdup("/EFI/proxmox");
        e->file = strdup(KERNEL_CMDLINE_FILE);
        if (!e->id || !e->title || !e->kernel || !e->file)
                return -ENOMEM;
        return f ? kargs_parse(line, &e->arguments) : read_running(rfd, &e->arguments);
}

static int read_tool(int rfd, Loader *l)
{
        static const char *const places[] = { "/usr/sbin/" TOOL, "/sbin/" TOOL };
        int r;

        if (!root_first(rfd, places, ELEMENTSOF(places)))
                return 0;
        r = string_list_add(&l->mkconfig, TOOL);
        return r < 0 ? r : string_list_add(&l->mkconfig, "refresh");
}

static int proxmox_read(int rfd, Loader *ret)
{
        _cleanup_(loader_done) Loader l = { .kind = LOADER_PROXMOX, .readable = TRISTATE_YES };
        _cleanup_free_ char *partitions = NULL;
        int r = read_source(rfd, &l, UUIDS);

        if (r < 0)
                return r == -ENOMEM ? r : -ENOENT;
        r = list_partitions(l.files[0].text, &partitions);
        if (r < 0)
                return r;
        if (!partitions)
                return -ENOENT;
        l.booted = efi_booted_by(rfd, "systemd-boot ");
        if (string_printf(&l.unseen,
                          "the boot entries are on the EFI system partitions %s, which are not mounted; " TOOL
                          " makes them of " KERNEL_CMDLINE_FILE "%s",
                          partitions, l.booted == BOOTED_YES ? "" : " and " NAME_DEFAULT_GRUB) < 0)
                return -ENOMEM;
        r = read_source(rfd, &l, KERNEL_CMDLINE_FILE);
        if (r < 0 && r != -ENOENT && r != -ENOMEM)
                l.readable = TRISTATE_NO;
        if (r != -ENOMEM)
                r = add_entry(rfd, &l);
        if (r >= 0)
                r = read_tool(rfd, &l);
        if (r < 0)
                return r;
        *ret = l;
        l = (Loader){};
        return 0;
}

/* Does anything change that the tool makes copies of? */
static bool changes_sources(const Plan *plan)
{
        FOREACH_ARRAY(s, plan->steps, plan->n)
                if (s->kind == STEP_REBUILD_IMAGE || s->kind == STEP_COPY_IMAGE || s->kind == STEP_MKCONFIG ||
                    streq(s->path, KERNEL_CMDLINE_FILE) || startswith(s->path, NAME_DEFAULT_GRUB))
                        return true;
        return false;
}

static int plan_refresh(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        /* without an entry there is nothing that could be looked at again */
        CommandStep *s = plan_add_command(plan, want->check, UUIDS, LOADER_PROXMOX, l->n_entries > 0 ? want->add : NULL,
                                          want->remove);
        int r = 0;

        if (!s)
                return -ENOMEM;
        s->undo_last = true;
        for (size_t i = 0; i < l->mkconfig.n && r >= 0; i++) {
                r = string_list_add(&s->argv, l->mkconfig.items[i]);
                if (r >= 0)
                        r = string_list_add(&s->undo_argv, l->mkconfig.items[i]);
        }
        return r;
}

static int proxmox_edit(const Loader *l, const LoaderEdit *want, Plan *plan)
{
        const LoaderFile *f = loader_file(l, KERNEL_CMDLINE_FILE);
        int r = 0;

        if (l->n_entries > 0)
                r = plan_cmdline(plan, want, KERNEL_CMDLINE_FILE, f ? f->text : NULL, &l->entries[0].arguments, true);
        if (r < 0 || (!changes_sources(plan) && !want->interrupted))
                return r;
        if (l->mkconfig.n == 0)
                return loader_refuse(want, -ENOTSUP,
                                     UUIDS " lists partitions that " TOOL " keeps, and that program is not there");
        return plan_refresh(l, want, plan);
}

/* Its entries, and those of the GRUB on these partitions, name nothing but what it has copied there. */
static const char *proxmox_early_obstacle(const Loader *l)
{
        (void) l;
        return "proxmox-boot-tool copies kernels and their images to partitions of its own, and nothing that is to be "
               "in front of them";
}

const LoaderOps loader_proxmox = {
        .kind = LOADER_PROXMOX,
        .read = proxmox_read,
        .edit = proxmox_edit,
        .early_obstacle = proxmox_early_obstacle,
};
