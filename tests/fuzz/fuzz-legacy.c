/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/legacy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Places lie inside the text; an edit leaves nothing to edit, and what it added can be taken back. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = strndup(size > 0 ? (const char *) data : "", size), *once = NULL, *twice = NULL,
                            *clean = NULL, *back = NULL;
        char *words[] = { (char *) "ptprep.claim=1", (char *) "intel_iommu=on" }, *off = (char *) "iommu=off";
        const Kargs add = { .words = { .items = words, .n = 2 } }, remove = { .words = { .items = &off, .n = 1 } },
                    none = {};
        _cleanup_(owned_words_done) OwnedWords added = {}, removed = {}, more = {}, ignored = {};
        _cleanup_(legacy_menu_done) LegacyMenu before = {}, after = {};

        if (!text || legacy_parse(text, 0, &before) < 0)
                return 0;
        for (size_t i = 0; i < before.n; i++)
                if (before.entries[i].kernel && (before.entries[i].start > before.entries[i].end ||
                                                 before.entries[i].end > strlen(text) || before.entries[i].line < 1))
                        abort();
        for (size_t i = 0; i < before.n_options; i++)
                if (before.options[i].start > before.options[i].end || before.options[i].end > strlen(text))
                        abort();
        if (legacy_edit(text, 0, &none, &remove, &ignored, &removed, &clean) < 0)
                return 0; /* a quote is never closed */
        if (legacy_edit(clean, 0, &add, &remove, &added, &removed, &once) < 0)
                return 0; /* a backslash at the end */
        if (legacy_edit(once, 0, &add, &remove, &more, &removed, &twice) < 0 || !streq(once, twice) || more.n > 0)
                abort();
        if (legacy_take(once, &added, &back) < 0 || legacy_parse(once, 0, &after) < 0)
                return 0;
        /* a comment that was made for the words stays */
        if (after.n_options == before.n_options && !streq(back, clean))
                abort();
        return 0;
}
