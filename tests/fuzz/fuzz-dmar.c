/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz-firmware.h"

#include "model/dmar.h"

/* Parts lie one behind the other and within what they are parts of; only the last structure may reach beyond. */
static void check_structures(const Dmar *d, size_t size)
{
        uint32_t offset = 48;

        FOREACH_ARRAY(s, d->structures, d->n_structures) {
                bool last = s == d->structures + d->n_structures - 1;
                uint32_t at = 0;

                require(s->offset == offset && offset < size);
                require(s->length >= 4 || (last && s->damaged));
                require(s->length <= size - offset || (last && s->damaged));
                FOREACH_ARRAY(scope, s->scopes, s->n_scopes) {
                        require(scope->offset > s->offset && (at == 0 || scope->offset >= at));
                        at = scope->offset + 6 + 2 * (uint32_t) scope->n_path;
                        require(at <= s->offset + s->length && at <= size);
                        require(scope->n_path > 0 || s->damaged);
                }
                require(!s->name == (s->type != DMAR_ANDD) || s->damaged);
                offset += s->length;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(dmar_done) Dmar d = {};
        AcpiError error;
        int r = dmar_parse(data, size, &d, &error);

        check_error(r, &error, size);
        if (r == -EINVAL)
                return 0;
        check_structures(&d, size);
        FOREACH_ARRAY(s, d.structures, d.n_structures)
                require(r < 0 || !s->damaged);
        check_forms(&(const AcpiTable){ .vendor = &iommu_intel,
                                        .sound = r < 0 ? TRISTATE_NO : TRISTATE_YES,
                                        .error = error,
                                        .content = &d },
                    data, size);
        return 0;
}
