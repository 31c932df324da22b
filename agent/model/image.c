/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/image.h"

#include <inttypes.h>

#include "base/parse.h"
#include "model/names.h"

#define TYPE1_MODULE "vfio_iommu_type1"

uint64_t image_digest_of_hashes(uint64_t claims_hash, uint64_t helper_hash)
{
        unsigned char bytes[8];
        uint64_t digest;

        for (unsigned i = 0; i < sizeof(bytes); i++)
                bytes[i] = (unsigned char) (helper_hash >> (8 * i));
        digest = fnv1a(claims_hash, bytes, sizeof(bytes));
        return digest != 0 ? digest : 1;
}

uint64_t image_digest(const char *claims, uint64_t helper_hash)
{
        return image_digest_of_hashes(fnv1a(FNV_START, claims, strlen(claims)), helper_hash);
}

static void add_item(ImageQuery *q, const char *name, bool module)
{
        q->items[q->n++] = (InitrdItem){ .name = name, .module = module };
}

static void add_module(ImageQuery *q, const char *name, Tristate has, Tristate builtin)
{
        if (has == TRISTATE_UNKNOWN)
                q->modules_unknown = true;
        else if (has == TRISTATE_YES && builtin == TRISTATE_NO)
                add_item(q, name, true);
}

void image_query_init(ImageQuery *q, const Config *cfg, const KernelRelease *k)
{
        bool wanted[_STUB_MAX] = {};

        *q = (ImageQuery){};
        add_item(q, &NAME_CLAIMS[1], false);
        add_item(q, &NAME_CLAIM_HELPER[1], false);
        FOREACH_ARRAY(d, cfg->devices, cfg->n_devices)
                wanted[d->driver] = true;
        for (StubDriver d = 0; d < _STUB_MAX; d++)
                if (wanted[d])
                        add_module(q, stub_driver_module(d), k->has_stub[d], k->stub_builtin[d]);
        if (wanted[STUB_VFIO_PCI])
                add_module(q, TYPE1_MODULE, k->has_type1, k->type1_builtin);
}

uint64_t image_query_digest(const ImageQuery *q)
{
        const InitrdItem *claims = q->items, *helper = q->items + 1;

        return claims->found && helper->found ? image_digest_of_hashes(claims->hash, helper->hash) : 0;
}

Tristate image_query_modules(const ImageQuery *q)
{
        FOREACH_ARRAY(i, q->items, q->n)
                if (i->module && !i->found)
                        return TRISTATE_NO;
        return q->modules_unknown ? TRISTATE_UNKNOWN : TRISTATE_YES;
}

void image_stamps_done(ImageStamps *s)
{
        FOREACH_ARRAY(i, s->items, s->n)
                free(i->release);
        free(s->items);
        *s = (ImageStamps){};
}

/* One line, cut into words in place. */
static int parse_stamp(char *line, ImageStamps *s)
{
        char *words[4], *save = NULL, *word;
        uint64_t identity, digest;
        size_t n = 0;

        for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
                if (n == ELEMENTSOF(words))
                        return 0;
                words[n++] = word;
        }
        if (n != ELEMENTSOF(words) || parse_u64(words[1], 16, &identity) < 0 || parse_u64(words[2], 16, &digest) < 0 ||
            (!streq(words[3], "0") && !streq(words[3], "1")))
                return 0;
        return image_stamps_set(s, words[0], identity, digest, words[3][0] == '1');
}

int image_stamps_parse(const char *text, ImageStamps *ret)
{
        _cleanup_(image_stamps_done) ImageStamps s = {};
        _cleanup_free_ char *copy = strdup(text ? text : "");
        char *save = NULL;
        int r;

        if (!copy)
                return -ENOMEM;
        for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                r = parse_stamp(line, &s);
                if (r == -ENOMEM)
                        return r;
        }
        *ret = s;
        s = (ImageStamps){};
        return 0;
}

char *image_stamps_print(const ImageStamps *s)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        FOREACH_ARRAY(i, s->items, s->n)
                fprintf(f, "%s %016" PRIx64 " %016" PRIx64 " %u\n", i->release, i->identity, i->digest,
                        (unsigned) i->modules);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

const ImageStamp *image_stamps_find(const ImageStamps *s, const char *release)
{
        FOREACH_ARRAY(i, s->items, s->n)
                if (streq(i->release, release))
                        return i;
        return NULL;
}

int image_stamps_set(ImageStamps *s, const char *release, uint64_t identity, uint64_t digest, bool modules)
{
        ImageStamp *stamp = (ImageStamp *) image_stamps_find(s, release);

        if (release[0] == 0 || release[strcspn(release, " \t\r\n")] != 0)
                return -EINVAL;
        if (!stamp) {
                stamp = array_grow(&s->items, s->n);
                if (!stamp)
                        return -ENOMEM;
                stamp->release = strdup(release);
                if (!stamp->release)
                        return -ENOMEM;
                s->n++;
        }
        stamp->identity = identity;
        stamp->digest = digest;
        stamp->modules = modules;
        return 0;
}
