/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/gvariant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const GVariantSpan dict = { data, size };
        _cleanup_(string_list_done) StringList words = {};
        GVariantSpan value, name;

        if (gvariant_lookup(dict, "kargs", "as", &value)) {
                if (value.data < data || value.data + value.size > data + size)
                        abort();
                if (gvariant_strings(value, &words) == 0)
                        for (size_t i = 0; i < words.n; i++)
                                if (strlen(words.items[i]) >= size)
                                        abort();
        }
        if (gvariant_lookup(dict, "target", "a{sv}", &value) && gvariant_lookup(value, "name", "s", &name) &&
            gvariant_string(name) && strlen(gvariant_string(name)) + 1 != name.size)
                abort();
        return 0;
}
