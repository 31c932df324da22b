/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/image.h"

#include <inttypes.h>

#include "base/array.h"
#include "base/parse.h"

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
