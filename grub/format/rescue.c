/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/rescue.h"

#include <ctype.h>

#include "model/rescueword.h"

/* "gnulinux-RELEASE-recovery-DEVICE", and the same behind "xen-"; the file of dracut's rescue kernel. */
static bool is_rescue_id(const char *id)
{
        const char *rest = strstr(id, "gnulinux-");

        return strstr(id, "-0-rescue") || (rest && (strstr(rest, "-recovery-") || endswith(rest, "-recovery")));
}

/* A word of its own, whatever its case. */
static bool has_word(const char *text, const char *word)
{
        size_t n = strlen(word);

        for (const char *p = text; (p = strcasestr(p, word)); p++)
                if ((p == text || !isalnum((unsigned char) p[-1])) && !isalnum((unsigned char) p[n]))
                        return true;
        return false;
}

static RescueKind kind_of_title(const char *title)
{
        static const char *const written[] = { "(recovery mode)", "(rescue mode)", "(single-user" }; /* by programs */
        static const char *const words[] = { "recovery", "rescue", "failsafe", "fallback", "Snapper:" };

        FOREACH_ARRAY(w, written, ELEMENTSOF(written))
                if (strstr(title, *w))
                        return RESCUE_SURE;
        FOREACH_ARRAY(word, words, ELEMENTSOF(words))
                if (has_word(title, *word))
                        return RESCUE_BY_NAME;
        return RESCUE_NONE;
}

RescueKind entry_rescue_kind(const BootEntry *e)
{
        FOREACH_ARRAY(word, e->arguments.words.items, e->arguments.words.n)
                if (rescue_word(*word))
                        return RESCUE_SURE;
        if ((e->id && is_rescue_id(e->id)) || (e->kernel && strstr(e->kernel, "-0-rescue-")) ||
            (e->version && startswith(e->version, "0-rescue")))
                return RESCUE_SURE;
        if ((e->kernel && endswith(e->kernel, "-fallback.efi")) || (e->initrd && endswith(e->initrd, "-fallback.img")))
                return e->title ? MAX(kind_of_title(e->title), RESCUE_BY_NAME) : RESCUE_BY_NAME;
        return e->title ? kind_of_title(e->title) : RESCUE_NONE;
}

void entries_decide_rescue(BootEntry *entries, size_t n)
{
        bool others = false;

        FOREACH_ARRAY(e, entries, n)
                others |= !e->foreign && entry_rescue_kind(e) == RESCUE_NONE;
        FOREACH_ARRAY(e, entries, n) {
                RescueKind kind = entry_rescue_kind(e);

                e->rescue = e->foreign || kind == RESCUE_SURE || (kind == RESCUE_BY_NAME && !e->is_default && others);
        }
}
