/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sealed.h"

#include <inttypes.h>

#include "base/parse.h"
#include "base/text.h"

int sealed_print(const char *text, char **ret)
{
        return string_printf(ret, "%send %016" PRIx64 "\n", text, fnv1a(FNV_START, text, strlen(text)));
}

int sealed_check(const char *text, size_t *ret_size)
{
        static const char key[] = "\nend ";
        const char *last = NULL;
        char expected[32];
        size_t size;

        for (const char *p = text; (p = strstr(p, key)); p++)
                last = p + 1;
        if (!last)
                return -EBADMSG;
        size = (size_t) (last - text);
        (void) snprintf(expected, sizeof(expected), "end %016" PRIx64 "\n", fnv1a(FNV_START, text, size));
        if (!streq(last, expected))
                return -EBADMSG;
        *ret_size = size;
        return 0;
}
