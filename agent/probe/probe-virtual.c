/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/vf-link.h"
#include "model/names.h"
#include "probe/probe.h"

/* 0; -ENOENT: there is no such attribute; other negative errno. */
static int read_number(const Probe *p, PciAddr addr, const char *attribute, uint32_t *ret)
{
        _cleanup_free_ char *path = NULL;
        char text[16];
        int r;

        if (string_printf(&path, NAME_SYS_PCI_DEVICES "/%s/%s", PCI_ADDR_TEXT(addr), attribute) < 0)
                return -ENOMEM;
        r = root_read_attr(p->rfd, path, text, sizeof(text));
        return r < 0 ? r : parse_u32(text, 10, ret);
}

static int read_maker(const Probe *p, VirtualMaker *m)
{
        uint32_t autoprobe = 0;
        int r = read_number(p, m->addr, "sriov_totalvfs", &m->total);

        if (r >= 0)
                r = read_number(p, m->addr, "sriov_numvfs", &m->n);
        m->known = r >= 0 ? TRISTATE_YES : r == -ENOENT ? TRISTATE_NO : TRISTATE_UNKNOWN;
        if (r >= 0) {
                r = read_number(p, m->addr, "sriov_drivers_autoprobe", &autoprobe);
                m->autoprobe = r < 0 ? TRISTATE_UNKNOWN : autoprobe ? TRISTATE_YES : TRISTATE_NO;
        }
        return probe_soft(r);
}

/* What cannot be read stays unknown. */
static int read_macs(const Probe *p, VirtualMaker *m)
{
        _cleanup_free_ char *directory = NULL;
        _cleanup_(vf_link_done) VfLink link = {};
        int r;

        if (string_printf(&directory, NAME_SYS_PCI_DEVICES "/%s", PCI_ADDR_TEXT(m->addr)) < 0)
                return -ENOMEM;
        r = vf_link_find(p->rfd, p->live, directory, &link);
        m->macs_error = MIN(r, 0);
        if (r < 0)
                return probe_soft(r);
        m->macs = link.macs;
        link.macs = (StringList){};
        return 0;
}

int probe_virtual(const Probe *p, Facts *f)
{
        if (p->cfg->n_makers == 0)
                return 0;
        f->makers = calloc(p->cfg->n_makers, sizeof(*f->makers));
        if (!f->makers)
                return -ENOMEM;
        FOREACH_ARRAY(c, p->cfg->makers, p->cfg->n_makers) {
                VirtualMaker *m = f->makers + f->n_makers;
                int r;

                if (!facts_function(f, c->address))
                        continue;
                f->n_makers++;
                m->addr = c->address;
                r = read_maker(p, m);
                if (r >= 0 && c->vf_macs.n > 0 && m->n > 0)
                        r = read_macs(p, m);
                if (r < 0)
                        return r;
        }
        return 0;
}
