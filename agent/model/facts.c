/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include "names.h"

void facts_init(Facts *f)
{
        *f = (Facts){
                .origin = ORIGIN_UNKNOWN,
                .pci = TRISTATE_UNKNOWN,
                .acpi = TRISTATE_UNKNOWN,
                .iommu_active = TRISTATE_UNKNOWN,
                .container = TRISTATE_UNKNOWN,
                .first_boot = TRISTATE_UNKNOWN,
                .record_known = TRISTATE_UNKNOWN,
                .selinux_enforcing = TRISTATE_UNKNOWN,
                .claim_image = { .has_helper = TRISTATE_UNKNOWN, .exists = TRISTATE_UNKNOWN },
        };
        FOREACH_ARRAY(b, f->builders, ELEMENTSOF(f->builders))
                b->installed = b->active = TRISTATE_UNKNOWN;
        FOREACH_ARRAY(b, f->selinux, ELEMENTSOF(f->selinux))
                *b = TRISTATE_UNKNOWN;
        features_init(&f->features);
}

void acpi_table_done(AcpiTable *t)
{
        if (t->content)
                t->done(t->content);
        free(t->content);
        *t = (AcpiTable){};
}

void pci_function_done(PciFunction *p)
{
        free(p->unread);
        free(p->driver);
        free(p->variant);
        free(p->variant_lacks);
        free(p->variant_unread);
        free(p->driver_override);
        free(p->driverctl);
        free(p->path);
        free(p->reset);
        free(p->name);
        free(p->class_name);
        free(p->usb);
        free(p->serial);
        free(p->nvme_serial);
        free(p->mac);
        string_list_done(&p->modules);
        *p = (PciFunction){};
}

void facts_done(Facts *f)
{
        FOREACH_ARRAY(p, f->functions, f->n_functions)
                pci_function_done(p);
        free(f->functions);
        origin_done(&f->origin);
        FOREACH_ARRAY(k, f->kernels, f->n_kernels) {
                free(k->release);
                free(k->kernel);
                free(k->initrd);
                string_list_done(&k->builtin);
                FOREACH_ARRAY(l, k->loaded, k->n_loaded)
                        free(l->path);
                free(k->loaded);
                kernel_line_done(&k->line);
        }
        free(f->kernels);
        host_uses_done(&f->host);
        FOREACH_ARRAY(m, f->makers, f->n_makers)
                string_list_done(&m->macs);
        free(f->makers);
        stub_settings_free(f->stub_settings, f->n_stub_settings);
        FOREACH_ARRAY(t, f->tables, f->n_tables)
                acpi_table_done(t);
        free(f->tables);
        free(f->release);
        free(f->lockdown);
        free(f->claims);
        free(f->claim_result);
        free(f->modprobe_snippet);
        free(f->modules_load);
        free(f->claim_image.helper);
        free(f->claim_image.unit);
        free(f->claim_image.path);
        string_list_done(&f->claim_image.left);
        free(f->image_stamps);
        free(f->network_memory);
        free(f->failed_plan);
        free(f->reboots);
        free(f->transaction);
        free(f->state_refusal);
        free(f->record_text);
        record_done(&f->record);
        FOREACH_ARRAY(b, f->builders, ELEMENTSOF(f->builders)) {
                free(b->hook);
                free(b->snippet);
        }
        kargs_done(&f->cmdline);
        string_list_done(&f->iommu_units);
        loaders_free(f->loaders, f->n_loaders);
        other_loaders_free(f->others, f->n_others);
        sealed_volumes_free(f->sealed, f->n_sealed);
        FOREACH_ARRAY(s, f->strays, f->n_strays)
                free(s->path);
        free(f->strays);
        boot_mounts_done(&f->boot_mounts);
        iommu_groups_free(f->groups, f->n_known_groups);
        facts_init(f);
}

bool facts_traces(const Facts *f)
{
        FOREACH_ARRAY(b, f->builders, ELEMENTSOF(f->builders))
                if (b->snippet)
                        return true;
        return f->claims || f->modprobe_snippet || f->modules_load || f->claim_image.exists == TRISTATE_YES ||
               f->claim_image.left.n > 0 || f->image_stamps || f->record_text;
}

const char *facts_claim_image(const Facts *f)
{
        return f->claim_image.path ?: NAME_CLAIM_IMAGE;
}

static bool same_slot(PciAddr a, PciAddr b)
{
        return a.domain == b.domain && a.bus == b.bus && a.slot == b.slot;
}

bool facts_next_sibling(const Facts *f, size_t i, size_t *iterator, size_t *ret)
{
        const PciFunction *all = f->functions;
        size_t first = i;

        if (all[i].physfn != PCI_PARENT_NONE)
                return false;
        /* sorted by address: functions of a slot stand side by side */
        while (first > 0 && same_slot(all[first - 1].addr, all[i].addr))
                first--;
        for (size_t k = MAX(first, *iterator); k < f->n_functions && same_slot(all[k].addr, all[i].addr); k++)
                if (all[k].physfn == PCI_PARENT_NONE) {
                        *iterator = k + 1;
                        *ret = k;
                        return true;
                }
        return false;
}

bool facts_has_sibling(const Facts *f, size_t i)
{
        size_t iterator = 0, k;

        while (facts_next_sibling(f, i, &iterator, &k))
                if (k != i)
                        return true;
        return false;
}

const PciFunction *facts_function(const Facts *f, PciAddr a)
{
        size_t low = 0, high = f->n_functions;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int c = pci_addr_compare(f->functions[middle].addr, a);

                if (c == 0)
                        return f->functions + middle;
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

const OtherLoader *facts_other_loader(const Facts *f)
{
        FOREACH_ARRAY(o, f->others, f->n_others)
                if (!o->helper)
                        return o;
        return NULL;
}

bool facts_has_loader(const Facts *f)
{
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                if (!l->unused)
                        return true;
        return false;
}

bool facts_unreadable_loader(const Facts *f)
{
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                if (!l->unused && l->readable != TRISTATE_YES)
                        return true;
        return false;
}

size_t facts_count_entries(const Facts *f)
{
        size_t n = 0;

        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->n_entries)
                        n += !e->rescue && !l->unused;
        return n;
}

const IommuGroup *facts_group(const Facts *f, int32_t number)
{
        size_t low = 0, high = f->n_known_groups;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (f->groups[middle].number == number)
                        return f->groups + middle;
                if (f->groups[middle].number < number)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

const KernelLine *facts_running_line(const Facts *f)
{
        FOREACH_ARRAY(k, f->kernels, f->n_kernels)
                if (k->running && k->line.file)
                        return &k->line;
        return NULL;
}

bool function_shows_serial(const PciFunction *p, const char *serial)
{
        return streq_null(p->serial, serial) || streq_null(p->nvme_serial, serial);
}
