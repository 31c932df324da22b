/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stubsetting.h"

void stub_settings_free(StubSetting *list, size_t n)
{
        FOREACH_ARRAY(s, list, n) {
                free(s->place);
                free(s->value);
        }
        free(list);
}

StubDriver stub_driver_of_module(const char *name)
{
        for (StubDriver d = 0; d < _STUB_MAX; d++) {
                const char *module = stub_driver_module(d);
                size_t i = 0;

                while (module[i] && (name[i] == module[i] || (name[i] == '-' && module[i] == '_')))
                        i++;
                if (!module[i] && !name[i])
                        return d;
        }
        return _STUB_INVALID;
}

bool stub_id_next(const char **p, StubId *ret)
{
        const char *s = *p;

        while (*s) {
                StubId id = { .subvendor = UINT32_MAX, .subdevice = UINT32_MAX };
                const size_t n = strcspn(s, ",");
                char member[80];
                int fields;

                (void) snprintf(member, sizeof(member), "%.*s", (int) n, s);
                s += n + (s[n] == ',');
                fields = sscanf(member + strspn(member, "\""), "%x:%x:%x:%x:%x:%x", &id.vendor, &id.device,
                                &id.subvendor, &id.subdevice, &id.class, &id.class_mask);
                if (fields < 2)
                        continue;
                *p = s;
                *ret = id;
                return true;
        }
        *p = s;
        return false;
}

static bool is(uint32_t wanted, uint32_t value)
{
        return wanted == UINT32_MAX || wanted == value;
}

bool stub_id_matches(const StubId *s, PciId id, bool has_subsystem, PciId subsystem, uint32_t class)
{
        return is(s->vendor, id.vendor) && is(s->device, id.device) &&
               is(s->subvendor, has_subsystem ? subsystem.vendor : 0) &&
               is(s->subdevice, has_subsystem ? subsystem.device : 0) && ((s->class ^ class) & s->class_mask) == 0;
}
