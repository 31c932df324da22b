/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/gzip.h"
#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

/* What kernels are built with, of which a part is the command line that stands in front of the boot loader's. */

/* A distribution's configuration has some 300 KiB. */
#define CONFIG_MAX_BYTES (4U * 1024 * 1024)

/* Where distributions keep the configuration of a kernel: Debian and SUSE, Fedora, and (Arch) the kernel itself. */
int probe_kernel_config(const Probe *p, const char *release, bool running, char **ret, char **ret_path)
{
        static const struct {
                const char *prefix, *suffix;
        } styles[] = { { NAME_BOOT "/config-", "" }, { NAME_LIB_MODULES "/", "/config" } };

        FOREACH_ARRAY(style, styles, strchr(release, '/') ? 0 : ELEMENTSOF(styles)) {
                _cleanup_free_ char *path = NULL;
                int r;

                if (string_printf(&path, "%s%s%s", style->prefix, release, style->suffix) < 0)
                        return -ENOMEM;
                r = root_read_file(p->rfd, path, CONFIG_MAX_BYTES, ret, NULL);
                if (r >= 0 && ret_path)
                        *ret_path = TAKE_PTR(path);
                if (r >= 0 || r == -ENOMEM)
                        return r;
        }
        if (!running)
                return -ENOENT;
        if (ret_path && string_copy(NAME_PROC_CONFIG, ret_path) < 0)
                return -ENOMEM;
        return root_read_gzip(p->rfd, NAME_PROC_CONFIG, CONFIG_MAX_BYTES, ret);
}

static int read_line(const Probe *p, KernelRelease *k)
{
        _cleanup_free_ char *text = NULL, *path = NULL;
        int r = probe_kernel_config(p, k->release, k->running, &text, &path);

        return r < 0 ? probe_soft(r) : kernel_line_parse(text, path, &k->line);
}

int probe_line(const Probe *p, Facts *f)
{
        int r = 0;

        FOREACH_ARRAY(k, f->kernels, f->n_kernels) {
                /* of this boot it tells where a word comes from that has switched the IOMMU off */
                if (p->this_boot && (!k->running || f->iommu_active == TRISTATE_YES))
                        continue;
                r = read_line(p, k);
                if (r < 0)
                        return r;
        }
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->n_entries) {
                        KernelRelease *k;
                        bool named;

                        r = probe_kernel_of(p, f, l, e, &k, &named);
                        if (r >= 0 && k && k->line.file)
                                r = boot_entry_build_in(e, &k->line);
                        if (r < 0)
                                return r;
                }
        return r;
}
