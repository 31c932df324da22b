/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/grub-cfg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = strndup(size > 0 ? (const char *) data : "", size);
        LoaderVariable saved[] = { { .name = (char *) "saved_entry", .value = (char *) "1>0" },
                                   { .name = (char *) "a", .value = (char *) "b c" } };
        const GrubEnv env = { .variables = saved, .n = 2 };
        const char *problem;
        BootEntry *entries = NULL;
        size_t n = 0;
        unsigned lines = 1, defaults = 0;

        if (!text)
                return 0;
        for (const char *p = text; *p; p++)
                lines += *p == '\n';
        if (grub_cfg_problem(text, strlen(text), &problem) < 0 ||
            grub_cfg_parse("grub.cfg", text, &env, &entries, &n) < 0)
                return 0;
        for (size_t i = 0; i < n; i++) {
                if (!entries[i].id || !entries[i].title || !entries[i].kernel || entries[i].line < 1 ||
                    entries[i].line > lines)
                        abort();
                /* an entry that loads one of two kernels stands there twice */
                defaults += entries[i].is_default &&
                            !(i > 0 && entries[i - 1].is_default && streq(entries[i - 1].title, entries[i].title));
        }
        if (defaults > 1)
                abort();
        boot_entries_free(entries, n);
        return 0;
}
