/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/explain.h"

#include "core/packed-texts.h"

int check_documents_load(CheckDocuments *ret)
{
        char *text;
        int r = packed_text(&packed_documents, &text);

        if (r < 0)
                return r;
        *ret = (CheckDocuments){ .text = text, .size = packed_documents.size };
        return 0;
}

void check_documents_done(CheckDocuments *d)
{
        free(d->text);
        *d = (CheckDocuments){};
}

const char *check_document(const CheckDocuments *d, const char *id)
{
        for (const char *s = d->text; s < d->text + d->size; s += strlen(s) + 1) {
                const char *title = startswith(s, "# "), *rest = title ? startswith(title, id) : NULL;

                if (rest && *rest == '\n')
                        return s;
        }
        return NULL;
}
