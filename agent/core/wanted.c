/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/wanted.h"

#include "base/text.h"
#include "core/claim-way.h"
#include "core/image-builder.h"
#include "core/render.h"
#include "core/virtual.h"
#include "initramfs/builders.h"
#include "iommu/argument.h"
#include "model/claimstate.h"
#include "model/image.h"
#include "model/pciserial.h"

/* Is it the device of this record, by what no other one has? Its bridges say so of a place whose number has changed. */
static bool is_the_same(const WantedDevice *d, const PciFunction *p)
{
        const ConfigDevice *c = d->config;
        const char *serial = c->serial ?: d->recorded.serial, *mac = c->mac ?: d->recorded.mac;

        if (serial && (p->serial || p->nvme_serial))
                return p->addr.function == c->address.function && function_shows_serial(p, serial);
        if (d->recorded.nvme_serial && p->nvme_serial)
                return streq(d->recorded.nvme_serial, p->nvme_serial);
        if (mac && p->mac)
                return streq(mac, p->mac);
        return d->recorded.path && streq_null(d->recorded.path, p->path);
}

static void find_moved(const Facts *f, WantedDevice *d)
{
        size_t n = 0;

        FOREACH_ARRAY(p, f->functions, f->n_functions) {
                if (!pci_id_equal(p->id, d->config->id) || p->can_virtual ||
                    pci_addr_equal(p->addr, d->config->address))
                        continue;
                if (is_the_same(d, p)) {
                        d->moved_to = p;
                        d->surely_moved = true;
                        return;
                }
                d->moved_to = n++ == 0 ? p : NULL;
        }
}

/* Virtual functions come behind theirs, and have its vendor (PCI Express Base Specification 6.0, 9.2.1.2
 * and 9.3.4.1.1). */
static const PciFunction *maker_of(const Facts *f, const ConfigDevice *c)
{
        FOREACH_ARRAY(p, f->functions, f->n_functions)
                if (p->can_virtual && p->id.vendor == c->id.vendor && p->addr.domain == c->address.domain &&
                    p->addr.bus == c->address.bus && pci_addr_compare(p->addr, c->address) < 0)
                        return p;
        return NULL;
}

const char *wanted_listed(const Facts *f, const ConfigDevice *c)
{
        char begin[64];

        (void) snprintf(begin, sizeof(begin), "%s %04x:%04x ", PCI_ADDR_TEXT(c->address), c->id.vendor, c->id.device);
        for (const char *line = f->claims; line && *line; line = text_next_line(line))
                if (startswith(line, begin))
                        return line + strlen(begin);
        return NULL;
}

int wanted_claim_result(const Facts *f, PciAddr addr, const char **ret_why, size_t *ret_length)
{
        int r = -ENOENT;

        for (const char *line = f->claim_result; line && *line; line = text_next_line(line)) {
                const char *word = startswith(line, PCI_ADDR_TEXT(addr));
                const size_t n = word ? strcspn(word + strspn(word, " "), " \n") : 0;
                ClaimState state;
                char name[16];

                if (!word)
                        continue;
                r = -EINVAL;
                word += strspn(word, " ");
                if (n == 0 || n >= sizeof(name) || word[n] != ' ')
                        continue;
                (void) snprintf(name, sizeof(name), "%.*s", (int) n, word);
                state = claim_state_from_string(name);
                if (state < 0)
                        continue;
                *ret_why = word + n + 1;
                *ret_length = strcspn(*ret_why, "\n");
                return (int) state;
        }
        return r;
}

static bool is_made(const Config *c, const Facts *f, const WantedDevice *d)
{
        const PciFunction *p = d->function, *maker = d->maker;

        if (p && p->physfn != PCI_PARENT_NONE)
                maker = f->functions + p->physfn;
        return maker && config_maker_at(c, maker->addr);
}

/* The number of the card, or of the NVMe controller on it, which only its host driver shows. */
static bool has_other_serial(const ConfigDevice *c, const Identity *recorded, const PciFunction *p)
{
        const bool other_card = identity_differs(recorded->serial, p->serial);

        if (!c->serial)
                return other_card || identity_differs(recorded->nvme_serial, p->nvme_serial);
        if (function_shows_serial(p, c->serial))
                return false;
        if (!p->nvme_serial && streq_null(c->serial, recorded->nvme_serial))
                return other_card;
        return p->serial || p->nvme_serial;
}

/* A driver for guests shows neither MAC address nor NVMe serial number: has another card of its kind them now? */
static const PciFunction *shown_elsewhere(const Facts *f, const ConfigDevice *c, const Identity *recorded,
                                          const PciFunction *p)
{
        const char *mac = c->mac ?: recorded->mac;
        const char *serial = p->nvme_serial ? NULL : c->serial ?: recorded->nvme_serial;

        if (streq_null(mac, p->mac))
                mac = NULL;
        FOREACH_ARRAY(other, f->functions, mac || serial ? f->n_functions : 0)
                if (other != p && pci_id_equal(other->id, p->id) &&
                    ((mac && streq_null(mac, other->mac)) || (serial && streq_null(serial, other->nvme_serial))))
                        return other;
        return NULL;
}

/* Known by what no other one has: then it does not matter where it sits. */
static bool is_told(const ConfigDevice *c, const Identity *recorded, const PciFunction *p)
{
        const char *serial = c->serial ?: recorded->serial, *mac = c->mac ?: recorded->mac;

        return (serial && function_shows_serial(p, serial)) ||
               (recorded->nvme_serial && function_shows_serial(p, recorded->nvme_serial)) ||
               (mac && streq_null(mac, p->mac));
}

/*
 * A card more, and buses have other numbers: where the one that is meant sat, behind the same bridges, one of its kind
 * sits still. A card that was put into another slot leaves none there.
 */
static const PciFunction *left_in_place(const Facts *f, const ConfigDevice *c, const Identity *recorded,
                                        const PciFunction *p)
{
        if (c->path || !recorded->path || !p->path || streq(recorded->path, p->path) || is_told(c, recorded, p))
                return NULL;
        FOREACH_ARRAY(other, f->functions, f->n_functions)
                if (other != p && pci_id_equal(other->id, p->id) && streq_null(other->path, recorded->path))
                        return other;
        return NULL;
}

/* What the configuration says counts, then what was recorded. What cannot be seen differs from nothing. */
static Swap swap_of(const Facts *f, const ConfigDevice *c, const Identity *recorded, const PciFunction *p,
                    const PciFunction **ret_other)
{
        const PciId *card = c->has_subsystem ? &c->subsystem : recorded->has_subsystem ? &recorded->subsystem : NULL;

        if (card && p->has_subsystem && !pci_id_equal(*card, p->subsystem))
                return SWAP_CARD;
        if (identity_differs(c->mac, p->mac))
                return SWAP_MAC;
        if (has_other_serial(c, recorded, p))
                return SWAP_SERIAL;
        *ret_other = shown_elsewhere(f, c, recorded, p);
        if (*ret_other)
                return SWAP_ELSEWHERE;
        if (c->serial && !p->serial && !p->nvme_serial && !p->serial_unread &&
            pci_class_base(p->class) != CLASS_STORAGE)
                return SWAP_NO_SERIAL;
        if (c->mac && !p->mac && !pci_class_is_network(p->class))
                return SWAP_NO_MAC;
        *ret_other = left_in_place(f, c, recorded, p);
        return *ret_other ? SWAP_PATH : SWAP_NONE;
}

static DeviceState judge_device(const Facts *f, WantedDevice *d)
{
        const ConfigDevice *c = d->config;
        const PciFunction *p = d->function;
        const HostUseAnswer host = d->host;

        if (f->pci == TRISTATE_UNKNOWN)
                return DEVICE_UNKNOWN;
        if (!p)
                return DEVICE_ABSENT;
        if (p->unread)
                return DEVICE_UNKNOWN;
        if (p->id.vendor != c->id.vendor || p->id.device != c->id.device)
                return DEVICE_WRONG_ID;
        if (c->path && p->path && !streq(c->path, p->path))
                return DEVICE_WRONG_PATH;
        d->swap = swap_of(f, c, &d->recorded, p, &d->swapped_for);
        if (d->swap != SWAP_NONE)
                return DEVICE_SWAPPED;
        if (pci_class_never_bound(p->class))
                return DEVICE_BRIDGE;
        /* what is done is not undone because a network is late */
        if (host.used == TRISTATE_NO || (host.waits && wanted_is_listed(f, c)))
                return DEVICE_FOUND;
        if (host.used == TRISTATE_YES)
                return DEVICE_IN_USE;
        return host.waits ? DEVICE_WAITING : DEVICE_USE_UNKNOWN;
}

bool wanted_device_ok(const WantedDevice *d)
{
        return d->state == DEVICE_FOUND || (d->state == DEVICE_ABSENT && d->config->optional);
}

bool wanted_is_another(const WantedDevice *d)
{
        return d->state == DEVICE_WRONG_ID || d->state == DEVICE_WRONG_PATH || d->state == DEVICE_SWAPPED;
}

const WantedDevice *wanted_meant(const Wanted *w, const PciFunction *f)
{
        const WantedDevice *d = wanted_device_of(w, f);

        return d && !wanted_is_another(d) ? d : NULL;
}

bool wanted_is_untold(const WantedDevice *d)
{
        const ConfigDevice *c = d->config;

        return d->state == DEVICE_ABSENT && !d->recorded.id.vendor &&
               (c->mac || (c->serial && !pci_serial_valid(c->serial)));
}

size_t wanted_count_waiting(const Wanted *w)
{
        size_t n = 0;

        FOREACH_ARRAY(d, w->devices, w->n_devices)
                n += d->state == DEVICE_WAITING;
        return n;
}

const char *wanted_subject(const WantedDevice *d, char buf[WANTED_SUBJECT_MAX])
{
        (void) snprintf(buf, WANTED_SUBJECT_MAX, "%s (%s)", d->config->name, PCI_ADDR_TEXT(d->config->address));
        return buf;
}

const WantedDevice *wanted_device_of(const Wanted *w, const PciFunction *f)
{
        return w->of_functions ? w->of_functions[f - w->functions] : NULL;
}

/* The devices by function: a list asks for each function on the machine. */
static int index_devices(const Facts *f, Wanted *w)
{
        if (w->n_devices == 0 || f->n_functions == 0)
                return 0;
        w->of_functions = calloc(f->n_functions, sizeof(*w->of_functions));
        if (!w->of_functions)
                return -ENOMEM;
        w->functions = f->functions;
        FOREACH_ARRAY(d, w->devices, w->n_devices)
                if (d->function && !wanted_device_of(w, d->function))
                        w->of_functions[d->function - f->functions] = d;
        return 0;
}

static bool type1_is_builtin(const Facts *f)
{
        FOREACH_ARRAY(k, f->kernels, f->n_kernels)
                if (k->type1_builtin == TRISTATE_YES)
                        return true;
        return false;
}

/* A wanted device whose unit has switches of its own; NULL: there is none. */
static const PciFunction *wanted_apart(const Wanted *w, const IommuVendor *vendor)
{
        FOREACH_ARRAY(d, w->devices, vendor && vendor->apart ? w->n_devices : 0)
                if (d->state == DEVICE_FOUND && vendor->apart(d->function))
                        return d->function;
        return NULL;
}

static int want_arguments(const Config *c, const Facts *f, Wanted *w)
{
        const IommuVendor *vendor = iommu_vendor_described(f);
        const PciFunction *apart = wanted_apart(w, vendor);
        bool needed = config_has_devices(c) || c->argument_set;
        int r = 0;

        if (c->n_devices > 0)
                r = string_list_add(&w->add.words, KARG_CLAIM);
        if (r >= 0 && c->passthrough)
                r = string_list_add(&w->add.words, "iommu=pt");
        if (r >= 0 && w->unsafe_interrupts && type1_is_builtin(f)) /* modprobe.d says nothing to what is no module */
                r = string_list_add(&w->add.words, KARG_UNSAFE "=1");
        if (r < 0 || !needed || c->argument == ARGUMENT_NEVER)
                return r;
        if (apart) {
                w->iommu_apart = true;
                r = iommu_apart_contradictions(vendor, &w->remove.words);
                if (r < 0)
                        return r;
        }
        /* On in this very boot without a word of ours: then it need not be said, and only what beats it has to go. */
        if (vendor && vendor->add && c->argument == ARGUMENT_WHEN_NEEDED && f->iommu_active == TRISTATE_YES &&
            !(apart && apart->group == PCI_GROUP_NONE) &&
            iommu_argument(&f->cmdline, vendor, NULL) == IOMMU_ARGUMENT_NONE)
                vendor = NULL;
        /* The last one counts, but two that contradict each other are a riddle for whoever reads it next; and some that
         * switch off beat all others wherever they stand, so that nothing appended can cure them. */
        r = iommu_contradictions(vendor, &w->remove.words);
        if (r < 0 || !vendor || !vendor->add)
                return r;
        w->iommu_add = vendor->add;
        return string_list_add(&w->add.words, vendor->add);
}

/* Do virtual functions go to stub drivers? Those are loaded by the system then, before the unit makes them. */
static bool config_wants_stubs(const Config *c)
{
        FOREACH_ARRAY(m, c->makers, c->n_makers)
                if (vf_driver_stub(m->vf_driver) >= 0)
                        return true;
        return false;
}

/* The files that bring the claim into the initramfs. */
static int want_files(const Config *c, const Facts *f, Wanted *w)
{
        int r = claim_way_choose(c, f, &w->in_claim_image, &w->claim_image_obstacle);

        FOREACH_ARRAY(d, w->devices, w->n_devices)
                d->in_claim_image = w->in_claim_image;
        if (r >= 0)
                r = render_claims(w, f, &w->claims);
        if (r >= 0)
                r = render_modprobe(w, f, &w->modprobe_snippet);
        if (r >= 0 && w->in_claim_image && !w->modules_load)
                r = render_modules_load(c, w, &w->modules_load);
        if (r < 0 || w->in_claim_image)
                return r;
        for (BuilderKind k = _BUILDER_FIRST; k < _BUILDER_MAX; k++)
                w->builder_snippets[k] = builder_needed(f, k) ? builder_ops(k)->snippet : NULL;
        w->image_digest = image_digest(w->claims, f->helper_hash);
        return 0;
}

/* After the states: devices that will be claimed no longer stand in the way of each other. */
static int judge_all(const Facts *f, Wanted *w)
{
        _cleanup_(verdict_context_freep) VerdictContext *c = NULL;
        int r = verdict_context_new(f, w, &c);

        if (r < 0)
                return r;
        w->iommu = verdict_iommu_state(c, &w->iommu_word);
        w->mistaken = verdict_mistaken_scope(c, &w->mistaken_offset);
        r = iommu_state_describe_here(w->iommu, f, w->iommu_word, &w->iommu_text);
        if (r >= 0)
                r = verdict_machine(c, &w->machine);
        for (size_t i = 0; r >= 0 && i < w->n_devices; i++)
                if (w->devices[i].function)
                        r = verdict_compute(c, w->devices[i].function, &w->devices[i].verdict);
        return r;
}

/* What the last apply has seen of it; a section of another id, or that now says another place, is about another device.
 */
static int find_recorded(const Facts *f, WantedDevice *d)
{
        int r = identity_recorded(f->claims, d->config->name, &d->recorded);

        if (r >= 0 &&
            (!pci_id_equal(d->recorded.id, d->config->id) ||
             (!d->config->follow && !d->config->has_moved && !pci_addr_equal(d->recorded.addr, d->config->address))))
                identity_done(&d->recorded);
        return r == -ENOMEM ? r : 0;
}

int wanted_compute(const Config *config, const Facts *facts, Wanted *ret)
{
        _cleanup_(wanted_done) Wanted w = {};
        int r;

        if (config->n_devices > 0) {
                w.devices = calloc(config->n_devices, sizeof(*w.devices));
                if (!w.devices)
                        return -ENOMEM;
        }
        FOREACH_ARRAY(c, config->devices, config->n_devices) {
                const PciFunction *p = facts_function(facts, c->address);
                const HostUseAnswer host = p ? host_use_any(facts, p, c->allow) : (HostUseAnswer){};
                WantedDevice *d = w.devices + w.n_devices++;

                *d = (WantedDevice){ .config = c, .function = p, .host = host };
                r = find_recorded(facts, d);
                if (r < 0)
                        return r;
                d->state = judge_device(facts, d);
                if (d->state == DEVICE_ABSENT || d->state == DEVICE_WRONG_ID || d->state == DEVICE_SWAPPED)
                        find_moved(facts, d);
                if (d->state == DEVICE_ABSENT)
                        d->maker = maker_of(facts, c);
                d->made = is_made(config, facts, d);
        }
        w.unsafe_interrupts = config->unsafe_interrupts && config_has_devices(config);
        r = index_devices(facts, &w);
        if (r >= 0 && config_wants_stubs(config))
                r = render_modules_load(config, &w, &w.modules_load);
        if (r >= 0 && config->n_devices == 0 && w.unsafe_interrupts)
                r = render_modprobe(&w, facts, &w.modprobe_snippet);
        if (r >= 0 && config->n_devices > 0)
                r = want_files(config, facts, &w);
        if (r >= 0)
                r = want_arguments(config, facts, &w);
        if (r >= 0 && w.in_claim_image)
                r = claim_way_image(facts, w.claims, w.modprobe_snippet, &w.add, &w.claim_image);
        if (r >= 0)
                r = judge_all(facts, &w);
        if (r >= 0)
                r = wanted_makers(config, facts, &w);
        if (r < 0)
                return r;
        *ret = w;
        w = (Wanted){};
        return 0;
}

void wanted_done(Wanted *w)
{
        FOREACH_ARRAY(d, w->devices, w->n_devices) {
                verdict_done(&d->verdict);
                identity_done(&d->recorded);
        }
        free(w->devices);
        free(w->makers);
        free(w->of_functions);
        iommu_state_text_done(&w->iommu_text);
        verdict_done(&w->machine);
        free(w->claims);
        free(w->modprobe_snippet);
        free(w->modules_load);
        free(w->claim_image_obstacle);
        kargs_done(&w->add);
        kargs_done(&w->remove);
        *w = (Wanted){};
}
