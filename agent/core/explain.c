/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/explain.h"

#include "base/json.h"
#include "base/text.h"
#include "core/check.h"
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

/* The section below a heading, its paragraphs on one line each. NULL when memory is short. */
static char *take_section(const char *document, const char *heading)
{
        const char *begin = strstr(document, heading), *end;
        char *text;

        begin = begin ? begin + strlen(heading) : "";
        begin += strspn(begin, "\n");
        end = strstr(begin, "\n\n#") ?: begin + strlen(begin);
        text = strndup(begin, (size_t) (end - begin));
        for (char *s = text; s && *s; s++)
                if (*s == '\n' && s[1] == '\n')
                        s++; /* between two paragraphs */
                else if (*s == '\n')
                        *s = s[1] ? ' ' : 0;
        return text;
}

static int add_check(struct json_object *array, const Check *c, const char *document)
{
        static const struct {
                const char *member, *heading;
        } sections[] = {
                { "meaning", "\n## Meaning\n" },
                { "impact", "\n## Impact\n" },
                { "cure", "\n## Cure\n" },
                { "source", "\n## Source\n" },
        };
        struct json_object *o = json_new_object();
        int r = json_append(array, o);

        if (r >= 0)
                r = json_add_text(o, "id", c->id);
        if (r >= 0)
                r = json_add_text(o, "title", c->title);
        for (size_t i = 0; i < ELEMENTSOF(sections) && r >= 0; i++) {
                _cleanup_free_ char *text = take_section(document, sections[i].heading);

                r = text ? json_add_text(o, sections[i].member, text) : -ENOMEM;
        }
        return r;
}

int explain_json(const CheckDocuments *d, const char *id, struct json_object *o)
{
        struct json_object *checks = json_add_array(o, "checks");
        int r = checks ? 0 : -ENOMEM;

        FOREACH_ARRAY(c, check_table, check_table_n) {
                const char *document = check_document(d, c->id);

                if (r >= 0 && document && (!id || streq(c->id, id)))
                        r = add_check(checks, c, document);
        }
        return r;
}
