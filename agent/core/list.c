/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/list.h"

#include "base/json.h"
#include "base/table.h"
#include "core/level.h"
#include "model/device-kind.h"

static const char *const claim_mark_table[_CLAIM_MARK_MAX] = {
        [CLAIM_MARK_ACTIVE] = "active",
        [CLAIM_MARK_REBOOT] = "reboot-due",
        [CLAIM_MARK_NOT_APPLIED] = "not-applied",
        [CLAIM_MARK_REFUSED] = "refused",
        [CLAIM_MARK_NETWORK] = "waits-for-network",
};

DEFINE_STRING_TO(claim_mark, ClaimMark)

/* Would "ptprep --apply" leave it to the host, whatever else it waits for? */
static bool is_refused(const Verdict *v)
{
        FOREACH_ARRAY(r, v->reasons, v->n_reasons)
                if (r->result == RESULT_BLOCKED || (r->cure_kind == CURE_ELSEWHERE && verdict_is_of_machine(r->id)))
                        return true;
        return false;
}

ClaimMark list_claim_mark(const ListView *l, const WantedDevice *d, const Verdict *v)
{
        if (d->state != DEVICE_FOUND && d->state != DEVICE_WAITING)
                return CLAIM_MARK_REFUSED;
        if (d->state == DEVICE_FOUND && wanted_device_claimed(d))
                return CLAIM_MARK_ACTIVE;
        if (d->state == DEVICE_FOUND && wanted_is_listed(l->facts, d->config))
                return CLAIM_MARK_REBOOT;
        if (is_refused(v))
                return CLAIM_MARK_REFUSED;
        return d->state == DEVICE_WAITING ? CLAIM_MARK_NETWORK : CLAIM_MARK_NOT_APPLIED;
}

static int add_hex(struct json_object *o, const char *key, unsigned digits, uint32_t value)
{
        char text[16];

        (void) snprintf(text, sizeof(text), "%0*x", (int) digits, value);
        return json_add_text(o, key, text);
}

/* The words of a text separated by blanks; null where it is not known. */
static int add_words(struct json_object *o, const char *key, const char *text)
{
        struct json_object *array;

        if (!text)
                return json_add_text(o, key, NULL);
        array = json_add_array(o, key);
        if (!array)
                return -ENOMEM;
        for (const char *s = text + strspn(text, " "); *s; s += strspn(s, " ")) {
                size_t n = strcspn(s, " ");
                _cleanup_free_ char *word = strndup(s, n);
                int r = word ? json_append_text(array, word) : -ENOMEM;

                if (r < 0)
                        return r;
                s += n;
        }
        return 0;
}

static int add_regions(struct json_object *o, const Facts *f, const PciFunction *p)
{
        const IommuGroup *g = facts_group(f, p->group);
        struct json_object *array;

        if (!g || !g->regions_known)
                return json_add_text(o, "reserved_regions", NULL);
        array = json_add_array(o, "reserved_regions");
        if (!array)
                return -ENOMEM;
        FOREACH_ARRAY(region, g->regions, g->n_regions) {
                struct json_object *i = json_new_object();
                int r = json_append(array, i);

                if (r >= 0)
                        r = json_add(i, "start", json_new_uint(region->start));
                if (r >= 0)
                        r = json_add(i, "end", json_new_uint(region->end));
                if (r >= 0)
                        r = json_add_text(i, "type", region_type_to_string(region->type));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_verdict(struct json_object *o, const Verdict *v)
{
        struct json_object *array;
        int r = json_add_text(o, "verdict", verdict_state_to_string(v->state));

        if (r < 0)
                return r;
        array = json_add_array(o, "reasons");
        if (!array)
                return -ENOMEM;
        FOREACH_ARRAY(reason, v->reasons, v->n_reasons) {
                struct json_object *i = json_new_object();

                r = json_append(array, i);
                if (r >= 0)
                        r = json_add_text(i, "id", reason->id);
                if (r >= 0) /* what this reason alone would make of the verdict */
                        r = json_add_text(i, "weight",
                                          reason->weight > VERDICT_POSSIBLE ? verdict_state_to_string(reason->weight)
                                                                            : "note");
                if (r >= 0)
                        r = json_add_text(i, "text", reason->text);
                if (r >= 0)
                        r = json_add_text(i, "cure", reason->cure);
                if (r >= 0)
                        r = json_add_text(i, "cure_kind", cure_kind_to_string(reason->cure_kind));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The section that names the function and what has become of it; null where none does. */
static int add_configured(struct json_object *o, const ListView *l, const PciFunction *p, const Verdict *v)
{
        const WantedDevice *d = wanted_device_of(l->wanted, p);
        const WantedMaker *m = wanted_maker_of(l->wanted, p);
        int r = json_add_text(o, "configured", d ? d->config->name : m ? m->config->name : NULL);

        return r < 0 ? r : json_add_text(o, "claim", d ? claim_mark_to_string(list_claim_mark(l, d, v)) : NULL);
}

/* How far it is ready, and what stops the next level; null of what is never passed through. */
static int add_level(struct json_object *o, const Facts *f, const PciFunction *p, const Verdict *v)
{
        LevelAnswer a = level_compute(f, p, v);
        int r = json_add_text(o, "level", v->state == VERDICT_NOT_APPLICABLE ? NULL : ready_level_to_string(a.level));

        return r < 0 ? r : json_add_text(o, "level_stop", a.stop);
}

static int function_json(const ListView *l, const PciFunction *p, struct json_object *o)
{
        _cleanup_(verdict_done) Verdict v = {};
        int r;

        r = verdict_compute(l->context, p, &v);
        if (r >= 0)
                r = json_add_text(o, "address", PCI_ADDR_TEXT(p->addr));
        if (r >= 0)
                r = p->unread ? json_add_text(o, "vendor", NULL) : add_hex(o, "vendor", 4, p->id.vendor);
        if (r >= 0)
                r = p->unread ? json_add_text(o, "device", NULL) : add_hex(o, "device", 4, p->id.device);
        if (r >= 0)
                r = p->unread ? json_add_text(o, "class", NULL) : add_hex(o, "class", 6, p->class);
        if (r >= 0)
                r = json_add_text(o, "kind", device_kind_of(p->class));
        if (r >= 0)
                r = json_add_text(o, "name", p->name);
        if (r >= 0)
                r = json_add_text(o, "driver", p->driver);
        if (r >= 0)
                r = json_add_text(o, "path", p->path);
        if (r >= 0)
                r = p->group != PCI_GROUP_NONE ? json_add(o, "iommu_group", json_new_int(p->group))
                                               : json_add_text(o, "iommu_group", NULL);
        if (r >= 0)
                r = add_words(o, "reset_methods", p->reset);
        if (r >= 0)
                r = add_regions(o, l->facts, p);
        if (r >= 0)
                r = add_configured(o, l, p, &v);
        if (r >= 0)
                r = add_level(o, l->facts, p, &v);
        return r < 0 ? r : add_verdict(o, &v);
}

int list_json(Printer *printer, const ListView *l)
{
        const Facts *f = l->facts;
        FILE *out = printer->out;
        _cleanup_json_ struct json_object *head = NULL;
        _cleanup_free_ char *text = NULL;
        const char *separator = "";
        int r;

        r = origin_document(&f->origin, "list", LIST_VERSION, f->origin.reboot_required, &head);
        if (r >= 0)
                r = json_print_line(head, &text);
        if (r < 0)
                return r;
        /* its end is where the list goes */
        fprintf(out, "%.*s, \"functions\": [", (int) (strrchr(text, '}') - text) - 1, text);
        FOREACH_ARRAY(p, f->functions, f->n_functions) {
                _cleanup_json_ struct json_object *o = NULL;
                _cleanup_free_ char *line = NULL;

                if (!list_shows(l, p))
                        continue;
                o = json_new_object();
                r = o ? function_json(l, p, o) : -ENOMEM;
                if (r >= 0)
                        r = json_print_line(o, &line);
                if (r < 0)
                        return r;
                fprintf(out, "%s\n  %s", separator, line);
                separator = ",";
        }
        fputs("\n]}\n", out);
        return printer_end(printer);
}
