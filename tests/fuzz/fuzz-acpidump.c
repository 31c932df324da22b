/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/acpidump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *cursor = (const char *) data, *end = cursor + size;
        AcpidumpError error = {};
        unsigned line = 1, before;
        bool text = acpidump_is_text(cursor, size);

        for (;;) {
                _cleanup_free_ uint8_t *bytes = NULL;
                const char *last = cursor;
                size_t n = 0;
                int r;

                before = line;
                r = acpidump_next(&cursor, &line, end, &bytes, &n, &error);
                if (r == -EBADMSG && (error.line < before || !error.message[0]))
                        abort();
                if (r <= 0)
                        return 0;
                /* each byte stands in the text as two digits and a blank */
                if (cursor <= last || cursor > end || line <= before || n == 0 || n > size / 2 ||
                    !(text || memchr(data, 0, size)))
                        abort();
        }
}
