/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rescueword.h"

static bool in_list(const char *s, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (streq(list[i], s))
                        return true;
        return false;
}

/* Also without ".target": systemd takes no such unit name, but whoever types it means the unit. */
static bool is_rescue_unit(const char *unit)
{
        static const char *const names[] = {
                "rescue", "rescue.target", "emergency", "emergency.target", "runlevel1.target",
        };

        return in_list(unit, names, ELEMENTSOF(names));
}

static bool is_shell(const char *path)
{
        static const char *const names[] = { "sh",   "bash", "dash", "ash",  "zsh",     "ksh",
                                             "mksh", "csh",  "tcsh", "fish", "busybox", "sulogin" };
        const char *slash = strrchr(path, '/');

        return in_list(slash ? slash + 1 : path, names, ELEMENTSOF(names));
}

static bool any(const char *value)
{
        (void) value;
        return true;
}

/* @value: tells of the text behind "KEY="; NULL: the key never has one. */
static const struct {
        const char *key;
        bool alone; /* the bare word will do */
        bool (*value)(const char *value);
} words[] = {
        { "single", true, NULL },
        { "s", true, NULL },
        { "S", true, NULL },
        { "-s", true, NULL },
        { "1", true, NULL },
        { "-b", true, NULL },
        { "rescue", true, NULL },
        { "rd.rescue", true, NULL },
        { "emergency", true, NULL },
        { "rd.emergency", true, NULL },
        { "recovery", true, NULL },
        { "rd.break", true, any },
        { "rdbreak", true, any },
        { "break", true, any },
        { "systemd.unit", false, is_rescue_unit },
        { "rd.systemd.unit", false, is_rescue_unit },
        { "init", false, is_shell },
        { "rdinit", false, is_shell },
};

bool rescue_word(const char *word)
{
        size_t n = strcspn(word, "=");

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                if (strlen(words[i].key) != n || strncmp(words[i].key, word, n) != 0)
                        continue;
                return word[n] == 0 ? words[i].alone : words[i].value && words[i].value(word + n + 1);
        }
        return false;
}
