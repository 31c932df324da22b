/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-cmdline.h"

#include <ctype.h>

#include "rescueword.h"

/*
 * Takes the next word off the command line: blanks inside double quotes do not separate, and quotes are dropped (Linux
 * lib/cmdline.c, next_arg()). Returns NULL at the end.
 */
static char *next_word(char **line)
{
        char *word, *out, *s = *line;
        bool quoted = false;

        while (isspace((unsigned char) *s))
                s++;
        if (!*s)
                return NULL;
        for (word = out = s; *s && (quoted || !isspace((unsigned char) *s)); s++) {
                if (*s == '"')
                        quoted = !quoted;
                else
                        *out++ = *s;
        }
        *line = *s ? s + 1 : s;
        *out = 0;
        return word;
}

static const char *value_of(const char *word, const char *key)
{
        size_t n = strlen(key);

        return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

ClaimOrder claim_order(char *line, RootWords *ret_root)
{
        bool claim = false, off = false, rescue = false, crashed = false, for_init = false;

        *ret_root = (RootWords){};
        for (const char *w = next_word(&line); w; w = next_word(&line)) {
                /* what follows "--" is for init alone, and cannot turn this on; turning off is safe from anywhere */
                for_init |= streq(w, "--");
                if (!for_init)
                        root_words_take(ret_root, w);
                if (value_of(w, "ptprep.claim"))
                        claim = !for_init && streq(value_of(w, "ptprep.claim"), "1");
                else if (value_of(w, "ptprep"))
                        off = streq(value_of(w, "ptprep"), "off");
                rescue |= rescue_word(w);
                crashed |= value_of(w, "elfcorehdr") != NULL;
        }
        if (!claim)
                return CLAIM_ORDER_NONE;
        if (off)
                return CLAIM_ORDER_OFF;
        return crashed ? CLAIM_ORDER_KDUMP : rescue ? CLAIM_ORDER_RESCUE : CLAIM_ORDER_ACT;
}
