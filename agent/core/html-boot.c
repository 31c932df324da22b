/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/html.h"

/* Does a word contradict what is wanted? */
static bool is_in_the_way(const Wanted *w, const char *word)
{
        FOREACH_ARRAY(remove, w->remove.words.items, w->remove.words.n)
                if (karg_without(word, *remove, NULL) == 1)
                        return true;
        return false;
}

static void add_head(Xml *x, const Wanted *w)
{
        xml_start_line(x, "thead");
        xml_start(x, "tr");
        xml_element(x, "th", NULL, "Entry");
        FOREACH_ARRAY(word, w->add.words.items, w->add.words.n) {
                xml_start(x, "th");
                xml_element(x, "code", NULL, "%s", *word);
                xml_end(x);
        }
        xml_element(x, "th", NULL, "All arguments");
        xml_end(x);
        xml_end(x);
}

static void add_cell(Xml *x, const BootEntry *e, const char *word)
{
        bool has = kargs_has(boot_entry_words(e), word);

        xml_start(x, "td");
        xml_attribute(x, "data-label", "%s", word);
        xml_attribute(x, "class", "has");
        if (e->rescue && !has)
                xml_element(x, "span", "none", "left alone");
        else {
                html_mark(x, has ? HTML_READY : HTML_CONDITIONAL);
                xml_text(x, has ? "there" : "missing");
        }
        xml_end(x);
}

static void add_entry(Xml *x, const Wanted *w, const BootEntry *e)
{
        char line[16];

        xml_start_line(x, "tr");
        xml_start(x, "td");
        xml_element(x, "b", NULL, "%s", e->title && *e->title ? e->title : e->id);
        if (e->is_default) {
                xml_text(x, " ");
                xml_element(x, "span", "chip", "default");
        }
        if (e->file)
                xml_element(x, "span", "source", "%s%s", e->file, boot_entry_line(e, line));
        xml_end(x);
        FOREACH_ARRAY(word, w->add.words.items, w->add.words.n)
                add_cell(x, e, *word);
        xml_start(x, "td");
        xml_attribute(x, "class", "arguments");
        FOREACH_ARRAY(word, boot_entry_words(e)->words.items, boot_entry_words(e)->words.n) {
                xml_text(x, " ");
                xml_element(x, "code", is_in_the_way(w, *word) ? "wrong" : NULL, "%s", *word);
        }
        if (e->built_in.file)
                xml_element(x, "span", "source", "%s (%s:%u)",
                            kernel_line_is_deaf(&e->built_in) ? "what is built into the kernel counts alone"
                                                              : "with what is built into the kernel",
                            e->built_in.file, e->built_in.line);
        if (e->untold)
                xml_element(x, "span", "source", "only the boot loader can tell what %s has", e->untold);
        xml_end(x);
        xml_end(x);
}

void html_boot(Xml *x, const Judgement *j)
{
        const Facts *f = j->facts;
        char id[32];

        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                if (l->unused || l->n_entries == 0)
                        continue;
                (void) snprintf(id, sizeof(id), "boot-%zu", (size_t) (l - f->loaders));
                html_section(x, id, "What will boot", "%s%s%s", loader_kind_to_string(l->kind),
                             l->generated ? ", from " : "", l->generated ?: "");
                xml_start_line(x, "table");
                xml_attribute(x, "class", "entries");
                add_head(x, j->wanted);
                xml_start_line(x, "tbody");
                FOREACH_ARRAY(e, l->entries, l->n_entries)
                        add_entry(x, j->wanted, e);
                xml_end(x);
                xml_end(x);
                xml_end(x);
        }
}
