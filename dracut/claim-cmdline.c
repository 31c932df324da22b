/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-cmdline.h"

#include <ctype.h>

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

/* A boot that a person chose to repair the machine: systemd(1), "Kernel Command Line"; dracut.cmdline(7), rd.break. */
static bool is_rescue(const char *word)
{
        static const char *const words[] = { "single",   "s",      "S",         "1",         "-s",
                                             "-b",       "rescue", "emergency", "rd.rescue", "rd.emergency",
                                             "rd.break", "rdbreak" };
        static const char *const keys[] = { "systemd.unit", "rd.systemd.unit" };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const char *unit = value_of(word, keys[i]);

                if (unit && (streq(unit, "rescue.target") || streq(unit, "emergency.target")))
                        return true;
        }
        if (value_of(word, "rd.break") || value_of(word, "rdbreak"))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(word, words[i]))
                        return true;
        return false;
}

ClaimOrder claim_order(char *line)
{
        bool claim = false, off = false, rescue = false, for_init = false;

        for (const char *w = next_word(&line); w; w = next_word(&line)) {
                /* what follows "--" is for init alone, and cannot turn this on; turning off is safe from anywhere */
                for_init |= streq(w, "--");
                if (value_of(w, "ptprep.claim"))
                        claim = !for_init && streq(value_of(w, "ptprep.claim"), "1");
                else if (value_of(w, "ptprep"))
                        off = streq(value_of(w, "ptprep"), "off");
                rescue |= is_rescue(w);
        }
        if (!claim)
                return CLAIM_ORDER_NONE;
        return off ? CLAIM_ORDER_OFF : rescue ? CLAIM_ORDER_RESCUE : CLAIM_ORDER_ACT;
}
