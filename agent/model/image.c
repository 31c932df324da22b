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
        char *words[5], *save = NULL, *word;
        ImageStamp stamp = {};
        size_t n = 0;

        for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
                if (n == ELEMENTSOF(words))
                        return 0;
                words[n++] = word;
        }
        if (n != ELEMENTSOF(words) || parse_u64(words[1], 16, &stamp.identity) < 0 ||
            parse_u64(words[2], 16, &stamp.digest) < 0 || (!streq(words[3], "0") && !streq(words[3], "1")))
                return 0;
        stamp.release = words[0];
        stamp.modules = words[3][0] == '1';
        stamp.maker = builder_kind_from_string(words[4]);
        return stamp.maker < 0 ? 0 : image_stamps_set(s, &stamp);
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
                fprintf(f, "%s %016" PRIx64 " %016" PRIx64 " %u %s\n", i->release, i->identity, i->digest,
                        (unsigned) i->modules, builder_kind_to_string(i->maker));
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

int image_stamps_set(ImageStamps *s, const ImageStamp *stamp)
{
        ImageStamp *present = (ImageStamp *) image_stamps_find(s, stamp->release);
        char *release;

        if (stamp->release[0] == 0 || stamp->release[strcspn(stamp->release, " \t\r\n")] != 0)
                return -EINVAL;
        if (!present) {
                present = array_grow(&s->items, s->n);
                if (!present)
                        return -ENOMEM;
                present->release = strdup(stamp->release);
                if (!present->release)
                        return -ENOMEM;
                s->n++;
        }
        release = present->release;
        *present = *stamp;
        present->release = release;
        return 0;
}
