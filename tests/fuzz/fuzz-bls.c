/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/bls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Kargs one_word(char **word)
{
        return (Kargs){ .words = { .items = word, .n = 1 } };
}

static size_t count(const Kargs *k, const char *word)
{
        size_t n = 0;

        FOREACH_ARRAY(w, k->words.items, k->words.n)
                n += streq(*w, word);
        return n;
}

/* An entry prints as it was read, a word that is added can be taken back to the byte, and contradictions go at once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = strndup(size > 0 ? (const char *) data : "", size), *clean = NULL, *again = NULL,
                            *added = NULL, *back = NULL;
        char *claim = (char *) "ptprep.claim=1", *off = (char *) "iommu=off", *root = (char *) "root=/dev/sda1 ro";
        const Kargs add = one_word(&claim), remove = one_word(&off);
        const LoaderVariable variable = { .name = (char *) "kernelopts", .value = root, .state = VARIABLE_KNOWN };
        const CmdlineEdit removing = { .remove = &remove }, adding = { .add = &add }, taking = { .take = &add };
        _cleanup_(bls_entry_done) BlsEntry e = {}, after = {};
        _cleanup_(kargs_done) Kargs before = {}, now = {};

        if (!text || bls_parse(text, &e) < 0)
                return 0;
        if (!streq(e.text, text))
                abort();
        for (size_t i = 0; i < e.n; i++)
                if (e.fields[i].key_end > e.fields[i].end || e.fields[i].end > strlen(text))
                        abort();
        if (bls_edit(text, &removing, NULL, &clean) < 0)
                return 0; /* a quote is never closed */
        if (bls_edit(clean, &removing, NULL, &again) < 0 || !streq(clean, again))
                abort();
        if (bls_edit(text, &adding, NULL, &added) < 0 || bls_edit(added, &taking, NULL, &back) < 0 ||
            !streq(back, text))
                abort();
        if (bls_parse(added, &after) < 0 || bls_arguments(&e, BLS_SYSTEMD, NULL, 0, &before) < 0 ||
            bls_arguments(&after, BLS_SYSTEMD, NULL, 0, &now) < 0)
                return 0;
        if (now.words.n != before.words.n + 1 || count(&now, claim) != count(&before, claim) + 1)
                abort();
        kargs_done(&now);
        (void) !bls_arguments(&e, BLS_GRUB, &variable, 1, &now);
        return 0;
}
