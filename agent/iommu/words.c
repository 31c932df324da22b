/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/words.h"

#define DEFINE_WORD(field)                                                                                             \
        static const char *word_##field(const IommuVendor *v)                                                          \
        {                                                                                                              \
                return v->field;                                                                                       \
        }

DEFINE_WORD(name)
DEFINE_WORD(signature)
DEFINE_WORD(add)
DEFINE_WORD(feature)
DEFINE_WORD(setup)
DEFINE_WORD(cpu_flag)
DEFINE_WORD(device)
DEFINE_WORD(log)

static const char *word_driver(const IommuVendor *v)
{
        return kernel_option_to_string(v->driver);
}

static const struct Token {
        const char *name;
        const char *(*word)(const IommuVendor *v);
        const char *separator; /* of all vendors; NULL: of the one that is asked about */
        const char *unknown;   /* where nobody knows which that is */
        bool own;              /* of all only where nobody knows which it is */
} tokens[] = {
        { "{maker}", word_name, NULL, "this machine" },     { "{table}", word_signature, NULL, "its table" },
        { "{argument}", word_add, NULL, "an argument" },    { "{tables}", word_signature, " and no ", NULL },
        { "{features}", word_feature, " or ", NULL, true }, { "{setups}", word_setup, " or ", NULL, true },
        { "{flags}", word_cpu_flag, " or ", NULL },         { "{options}", word_driver, " or ", NULL },
        { "{devices}", word_device, " or ", NULL },         { "{logs}", word_log, "|", NULL },
};

static const struct Token *token_at(const char *s)
{
        FOREACH_ARRAY(t, tokens, ELEMENTSOF(tokens))
                if (startswith(s, t->name))
                        return t;
        return NULL;
}

static void print_token(FILE *f, const struct Token *t, const IommuVendor *vendor)
{
        const char *separator = "";

        if (!t->separator || (t->own && vendor && t->word(vendor))) {
                fputs((vendor ? t->word(vendor) : NULL) ?: t->unknown, f);
                return;
        }
        FOREACH_ARRAY(v, iommu_vendors, iommu_vendors_n)
                if (t->word(*v)) {
                        fprintf(f, "%s%s", separator, t->word(*v));
                        separator = t->separator;
                }
}

int iommu_words(const char *format, const IommuVendor *vendor, char **ret)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        while (*format) {
                const struct Token *t = token_at(format);
                size_t n = t ? strlen(t->name) : 1 + strcspn(format + 1, "{");

                if (t)
                        print_token(f, t, vendor);
                else
                        fwrite(format, 1, n, f);
                format += n;
        }
        if (fclose(f) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        return 0;
}
