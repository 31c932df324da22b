/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootwords.h"

#include <inttypes.h>

#include "parse.h"

#define HASHED "fnv1a:"

static const char *const keys[_ROOT_WORD_MAX] = {
        [ROOT_WORD_ROOT] = "root",
        [ROOT_WORD_NETROOT] = "netroot",
        [ROOT_WORD_NFSROOT] = "nfsroot",
        [ROOT_WORD_NBDROOT] = "nbdroot",
};

void root_words_take(RootWords *w, const char *word)
{
        const char *name = word + strspn(word, "\"");

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const size_t n = strlen(keys[i]);

                if (strncmp(name, keys[i], n) == 0 && name[n] == '=')
                        w->values[i] = name + n + 1;
        }
}

/* As long as there is room; the hash has all of it. */
typedef struct Out {
        char *text;
        size_t n; /* also of what had no room */
        uint64_t hash;
} Out;

static void put(Out *o, const char *s, size_t n)
{
        o->hash = fnv1a(o->hash, s, n);
        for (size_t i = 0; i < n; i++)
                if (o->n++ < ROOT_WORDS_MAX)
                        o->text[o->n - 1] = s[i];
}

/* A list is made of words between blanks, and of printable characters. */
static void put_value(Out *o, const char *value, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                char escaped[4];

                if (value[i] == '"')
                        continue;
                if (value[i] > ' ' && value[i] < 0x7f && !strchr("%;", value[i])) {
                        put(o, value + i, 1);
                        continue;
                }
                (void) snprintf(escaped, sizeof(escaped), "%%%02X", (unsigned char) value[i]);
                put(o, escaped, 3);
        }
}

/* Bytes of a value that count. "ZFS=POOL/DATASET" and "zfs:POOL/DATASET": zfs-initramfs, dracut's module of OpenZFS. */
static size_t length(const char *value)
{
        const char *name = value + strspn(value, "\"");

        return strncmp(name, "ZFS=", 4) == 0 || strncmp(name, "zfs:", 4) == 0 ? strcspn(value, "/") : strlen(value);
}

void root_words_print(const RootWords *w, char ret[static ROOT_WORDS_MAX + 1])
{
        Out o = { .text = ret, .hash = FNV_START };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                if (!w->values[i])
                        continue;
                if (o.n > 0)
                        put(&o, ";", 1);
                if (i != ROOT_WORD_ROOT) {
                        put(&o, keys[i], strlen(keys[i]));
                        put(&o, "=", 1);
                }
                put_value(&o, w->values[i], length(w->values[i]));
        }
        if (o.n == 0)
                put(&o, "-", 1);
        if (o.n > ROOT_WORDS_MAX)
                o.n = (size_t) snprintf(ret, ROOT_WORDS_MAX + 1, HASHED "%016" PRIx64, o.hash);
        ret[o.n] = 0;
}

bool root_words_remote(const char *printed)
{
        static const char *const begins[] = { HASHED, "nfs", "/dev/nfs", "cifs",  "/dev/cifs", "iscsi",    "nbd",
                                              "fcoe", "aoe", "dhcp",     "live:", "netroot=",  "nfsroot=", "nbdroot=" };

        for (size_t i = 0; i < ELEMENTSOF(begins); i++)
                if (strncmp(printed, begins[i], strlen(begins[i])) == 0)
                        return true;
        return strstr(printed, ";netroot=") || strstr(printed, ";nfsroot=") || strstr(printed, ";nbdroot=");
}
