/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/config-match.h"

#include "base/parse.h"
#include "model/pcispelling.h"

#define BLANKS " \t"

/* "10de:1b80", "10de:*", "10de:" */
static int parse_id(const char *text, DeviceMatch *m)
{
        PciSpelling s;
        char word[16];
        size_t n = strlen(text);

        if (m->has_vendor || n >= sizeof(word))
                return -EINVAL;
        strcpy(word, text);
        if (n > 1 && word[n - 1] == '*' && word[n - 2] == ':')
                word[n - 1] = 0;
        if (pci_spelling_parse(word, &s) < 0 || (s.kind != PCI_SPELLING_ID && s.kind != PCI_SPELLING_VENDOR))
                return -EINVAL;
        m->has_vendor = true;
        m->has_device = s.kind == PCI_SPELLING_ID;
        m->id = s.id;
        return 0;
}

/* "0000:01:00.*", "01:00.*", "01:00" */
static int parse_slot(const char *text, DeviceMatch *m)
{
        PciSpelling s;
        char word[PCI_ADDR_TEXT_MAX];
        size_t n = strlen(text);

        if (m->has_slot || n >= sizeof(word))
                return -EINVAL;
        strcpy(word, text);
        if (n > 2 && word[n - 1] == '*' && word[n - 2] == '.')
                word[n - 2] = 0;
        if (pci_spelling_parse(word, &s) < 0 || s.kind != PCI_SPELLING_SLOT)
                return -EINVAL;
        m->has_slot = true;
        m->slot = s.addr;
        return 0;
}

/* A word for it, or its first two, four or all six digits. */
static int parse_class(const char *text, DeviceMatch *m)
{
        const size_t n = strlen(text);
        unsigned shift = n == 2 ? 16 : n == 4 ? 8 : 0;

        if (m->has_class)
                return -EINVAL;
        m->kind = device_kind_by_name(text);
        if (!m->kind) {
                if ((n != 2 && n != 4 && n != 6) || parse_u32(text, 16, &m->class) < 0)
                        return -EINVAL;
                m->class <<= shift;
                m->mask = 0xffffffU << shift & 0xffffffU;
        }
        m->has_class = true;
        return 0;
}

static const struct {
        const char *word;
        int (*parse)(const char *text, DeviceMatch *m);
} terms[] = {
        { "id", parse_id },
        { "slot", parse_slot },
        { "class", parse_class },
};

static int parse_term(const char *word, const char *value, DeviceMatch *m)
{
        FOREACH_ARRAY(t, terms, ELEMENTSOF(terms))
                if (streq(t->word, word))
                        return value ? t->parse(value, m) : -EINVAL;
        return -EINVAL;
}

int device_match_parse(const char *text, DeviceMatch *ret)
{
        _cleanup_free_ char *copy = strdup(text);
        DeviceMatch m = {};
        char *save = NULL;

        if (!copy)
                return -ENOMEM;
        for (char *word = strtok_r(copy, BLANKS, &save); word; word = strtok_r(NULL, BLANKS, &save)) {
                int r = parse_term(word, strtok_r(NULL, BLANKS, &save), &m);

                if (r < 0)
                        return r;
        }
        if (!m.has_vendor && !m.has_slot && !m.has_class)
                return -EINVAL;
        *ret = m;
        return 0;
}

bool device_match_has(const DeviceMatch *m, const PciFunction *p)
{
        if (m->has_vendor && (m->id.vendor != p->id.vendor || (m->has_device && m->id.device != p->id.device)))
                return false;
        if (m->has_slot && !pci_addr_same_slot(m->slot, p->addr))
                return false;
        return !m->has_class ||
               (m->kind ? device_kind_has(m->kind, p->class) : (p->class & m->mask) == (m->class & m->mask));
}
