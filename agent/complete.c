/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "complete.h"

#include "base/escape.h"
#include "base/text.h"
#include "core/check.h"
#include "model/device-kind.h"
#include "probe/probe.h"
#include "run.h"

void complete_offer(const char *word, const char *candidate, const char *summary)
{
        _cleanup_free_ char *harmless = NULL;

        if (startswith(candidate, word) && escape_text(summary, &harmless) >= 0)
                printf("%s\t%s\n", candidate, harmless ?: "");
}

void complete_classes(const char *word, const char *option)
{
        const char *name;

        for (size_t i = 0; (name = device_kind_name(i)); i++) {
                _cleanup_free_ char *text = NULL;

                if (string_printf(&text, "%s%s", option, name) >= 0)
                        complete_offer(word, text, NULL);
        }
}

void complete_checks(const char *word)
{
        FOREACH_ARRAY(c, check_table, check_table_n)
                complete_offer(word, c->id, c->title);
}

/* The domain is left out where the word does, since most machines have but one. */
static void offer_device(const char *word, const PciFunction *f)
{
        const char *address = PCI_ADDR_TEXT(f->addr);
        _cleanup_free_ char *summary = NULL;

        if (string_printf(&summary, "%s%s%s", f->name ?: f->class_name ?: "", f->driver ? ", " : "", f->driver ?: "") < 0)
                return;
        if (f->addr.domain == 0 && !startswith(address, word))
                address = strchr(address, ':') + 1;
        complete_offer(word, address, summary);
}

void complete_devices(const char *word, const char *root)
{
        const Config none = {};
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(facts_done) Facts f;
        bool live = false;

        facts_init(&f);
        rfd = run_open_root(root, &live);
        if (rfd < 0 || probe_pci(&(const Probe){ .rfd = rfd, .live = live, .functions = true, .cfg = &none }, &f) < 0)
                return;
        FOREACH_ARRAY(i, f.functions, f.n_functions)
                offer_device(word, i);
}
