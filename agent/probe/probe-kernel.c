/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

/* The kernel's own bound is 2 to 4 KiB (COMMAND_LINE_SIZE); the environment of init holds a few variables. */
#define TEXT_MAX_BYTES (64U * 1024)

static int probe_cmdline(const Probe *p, Facts *f)
{
        _cleanup_free_ char *text = NULL;
        int r;

        r = root_read_file(p->rfd, NAME_PROC_CMDLINE, TEXT_MAX_BYTES, &text, NULL);
        if (r < 0)
                return probe_soft(r);
        r = kargs_parse(text, &f->cmdline);
        if (r < 0)
                return r;
        f->cmdline_known = true;
        f->cmdline_length = strcspn(text, "\n");
        return 0;
}

/* "none [integrity] confidentiality": the one in brackets is in force (Linux security/lockdown/lockdown.c). */
static int probe_lockdown(const Probe *p, Facts *f)
{
        char attr[128];
        char *start, *end;

        if (root_read_attr(p->rfd, NAME_SYS_LOCKDOWN, attr, sizeof(attr)) < 0)
                return 0;
        start = strchr(attr, '[');
        end = start ? strchr(start, ']') : NULL;
        if (!end)
                return 0;
        f->lockdown = strndup(start + 1, (size_t) (end - start) - 1);
        return f->lockdown ? 0 : -ENOMEM;
}

/* The marks that container managers leave (systemd CONTAINER_INTERFACE; docker and podman have files of their own). */
static int probe_container(const Probe *p, Facts *f)
{
        static const char *const marks[] = { NAME_RUN_CONTAINER, "/run/.containerenv", "/.dockerenv" };
        _cleanup_free_ char *environ_text = NULL;
        size_t size;
        int r;

        FOREACH_ARRAY(mark, marks, ELEMENTSOF(marks))
                if (probe_exists(p->rfd, *mark) == TRISTATE_YES) {
                        f->container = TRISTATE_YES;
                        return 0;
                }
        r = root_read_file(p->rfd, NAME_PROC_INIT_ENVIRON, TEXT_MAX_BYTES, &environ_text, &size);
        if (r == -ENOMEM)
                return r;
        if (r >= 0) {
                f->container = TRISTATE_NO;
                for (const char *s = environ_text; s < environ_text + size; s += strlen(s) + 1)
                        if (startswith(s, "container="))
                                f->container = TRISTATE_YES;
        } else if (probe_exists(p->rfd, NAME_RUN_SYSTEMD) == TRISTATE_YES)
                f->container = TRISTATE_NO; /* systemd would have left its mark */
        return 0;
}

/* How a distribution names the image of a release. */
static const struct {
        const char *prefix, *suffix;
} initrd_styles[] = {
        { "initrd.img-", "" },    /* Debian and what comes from it */
        { "initramfs-", ".img" }, /* Fedora and dracut's own default */
};

static bool has_style(const StringList *boot, size_t style)
{
        FOREACH_ARRAY(name, boot->items, boot->n)
                if (startswith(*name, initrd_styles[style].prefix) && endswith(*name, initrd_styles[style].suffix))
                        return true;
        return false;
}

/* What a kernel without any image will have: named as its siblings are, else as the distribution does. */
static size_t default_style(const Probe *p, const StringList *boot)
{
        for (size_t i = 0; i < ELEMENTSOF(initrd_styles); i++)
                if (has_style(boot, i))
                        return i;
        return probe_exists(p->rfd, NAME_DEBIAN_VERSION) == TRISTATE_YES ? 0 : 1;
}

static int name_initrd(KernelRelease *k, const StringList *boot, size_t style)
{
        for (size_t i = 0; i < ELEMENTSOF(initrd_styles); i++) {
                _cleanup_free_ char *name = NULL;

                if (string_printf(&name, "%s%s%s", initrd_styles[i].prefix, k->release, initrd_styles[i].suffix) < 0)
                        return -ENOMEM;
                if (!string_list_contains(boot, name))
                        continue;
                k->image.exists = true;
                style = i;
                break;
        }
        if (string_printf(&k->initrd, NAME_BOOT "/%s%s%s", initrd_styles[style].prefix, k->release,
                          initrd_styles[style].suffix) < 0)
                return -ENOMEM;
        return 0;
}

/* -ENOENT: a directory of modules without a kernel, such as one left behind by dkms. */
static int name_kernel(const Probe *p, KernelRelease *k, const StringList *boot)
{
        _cleanup_free_ char *name = NULL, *path = NULL;

        if (string_printf(&name, "vmlinuz-%s", k->release) < 0)
                return -ENOMEM;
        if (string_list_contains(boot, name)) {
                if (string_printf(&path, NAME_BOOT "/%s", name) < 0)
                        return -ENOMEM;
        } else {
                if (string_printf(&path, NAME_LIB_MODULES "/%s/vmlinuz", k->release) < 0)
                        return -ENOMEM;
                if (probe_exists(p->rfd, path) != TRISTATE_YES)
                        return -ENOENT;
        }
        k->kernel = TAKE_PTR(path);
        return 0;
}

static int probe_installed(const Probe *p, Facts *f)
{
        _cleanup_(string_list_done) StringList boot = {}, releases = {};
        size_t style;
        int r;

        r = root_list(p->rfd, NAME_BOOT, NULL, &boot);
        if (r == -ENOMEM)
                return r;
        r = root_list(p->rfd, NAME_LIB_MODULES, NULL, &releases);
        if (r == -ENOENT)
                r = root_list(p->rfd, "/usr" NAME_LIB_MODULES, NULL, &releases);
        if (r == -ENOMEM)
                return r;
        style = default_style(p, &boot);
        FOREACH_ARRAY(release, releases.items, releases.n) {
                KernelRelease *k = array_grow(&f->kernels, f->n_kernels);

                if (!k)
                        return -ENOMEM;
                f->n_kernels++;
                *k = (KernelRelease){ .has_stub = { TRISTATE_UNKNOWN, TRISTATE_UNKNOWN },
                                      .stub_builtin = { TRISTATE_UNKNOWN, TRISTATE_UNKNOWN },
                                      .has_type1 = TRISTATE_UNKNOWN,
                                      .type1_builtin = TRISTATE_UNKNOWN,
                                      .image.modules = TRISTATE_UNKNOWN };
                k->release = strdup(*release);
                r = k->release ? name_kernel(p, k, &boot) : -ENOMEM;
                if (r == -ENOENT) {
                        free(k->release);
                        f->n_kernels--;
                        continue;
                }
                if (r >= 0)
                        r = name_initrd(k, &boot, style);
                if (r < 0)
                        return r;
                k->running = f->release && streq(f->release, k->release);
        }
        return 0;
}

int probe_kernel(const Probe *p, Facts *f)
{
        static int (*const parts[])(const Probe *p, Facts *f) = { probe_cmdline, probe_lockdown, probe_container,
                                                                  probe_installed };
        char release[256];

        if (root_read_attr(p->rfd, NAME_PROC_OSRELEASE, release, sizeof(release)) >= 0) {
                f->release = strdup(release);
                if (!f->release)
                        return -ENOMEM;
        }
        FOREACH_ARRAY(part, parts, ELEMENTSOF(parts)) {
                int r = (*part)(p, f);

                if (r < 0)
                        return r;
        }
        return 0;
}
