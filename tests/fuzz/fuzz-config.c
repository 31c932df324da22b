/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/config-load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text is either taken or refused with a message that names a file; nothing leaks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(config_error_done) ConfigError error = {};
        Config c;
        int r;

        config_init(&c);
        r = config_load_text("fuzz.conf", (const char *) data, size, &c, &error);
        if (r == -EBADMSG && (!error.message || !error.file))
                abort();
        FOREACH_ARRAY(d, c.devices, c.n_devices)
                if (!d->name || !d->has_address || !d->has_id)
                        abort();
        config_done(&c);
        return 0;
}
