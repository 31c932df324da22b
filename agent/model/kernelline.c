/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernelline.h"

#include "text.h"

void kernel_line_done(KernelLine *l)
{
        kargs_done(&l->words);
        free(l->file);
        *l = (KernelLine){};
}

/* A text in quotes, in which '"' and '\' have a '\' before them (Linux scripts/kconfig/symbol.c, sym_escape_string()).
 */
static int unquote(const char *value, char **ret)
{
        char *text = *value == '"' ? strdup(value + 1) : NULL, *to = text;

        if (*value == '"' && !text)
                return -ENOMEM;
        for (const char *s = text; s && *s && *s != '"' && *s != '\n'; s++) {
                s += *s == '\\' && s[1] && s[1] != '\n';
                *to++ = *s;
        }
        if (to)
                *to = 0;
        *ret = text;
        return 0;
}

int kernel_line_parse(const char *config, const char *file, KernelLine *ret)
{
        _cleanup_free_ char *text = NULL;
        bool has = false, instead = false, forced = false, behind = false, fallback = false;
        unsigned number = 0, at = 0;
        int r = 0;

        for (const char *line = config; line && r >= 0; line = strchr(line, '\n')) {
                const char *rest;

                line += *line == '\n';
                number++;
                rest = startswith(line, "CONFIG_CMDLINE");
                if (!rest)
                        continue;
                if (startswith(rest, "=")) {
                        free(text);
                        text = NULL;
                        r = unquote(rest + 1, &text);
                        at = number;
                }
                has |= startswith(rest, "_BOOL=y") != NULL;
                instead |= startswith(rest, "_OVERRIDE=y") != NULL;
                forced |= startswith(rest, "_FORCE=y") != NULL;
                behind |= startswith(rest, "_EXTEND=y") != NULL;
                /* as arm and powerpc, RISC-V, and LoongArch call it */
                fallback |= startswith(rest, "_FROM_BOOTLOADER=y") || startswith(rest, "_FALLBACK=y") ||
                            startswith(rest, "_BOOTLOADER=y");
        }
        forced |= has && instead;
        has = (has || behind) && !fallback;
        if (r < 0 || !text || !(has || forced) || (!*text && !forced))
                return r;
        r = kargs_parse(text, &ret->words);
        if (r >= 0)
                r = string_copy(file, &ret->file);
        if (r < 0) {
                kernel_line_done(ret);
                return r;
        }
        ret->line = at;
        ret->alone = forced;
        ret->behind = behind && !forced;
        return 0;
}

bool kernel_line_ends(const KernelLine *l)
{
        return !l->behind && kargs_of_kernel(&l->words) < l->words.words.n;
}

int kernel_line_copy(const KernelLine *l, KernelLine *ret)
{
        _cleanup_(kernel_line_done) KernelLine copy = { .alone = l->alone, .behind = l->behind, .line = l->line };
        int r = l->file ? string_copy(l->file, &copy.file) : 0;

        for (size_t i = 0; i < l->words.words.n && r >= 0; i++)
                r = string_list_add(&copy.words.words, l->words.words.items[i]);
        if (r < 0)
                return r;
        *ret = copy;
        copy = (KernelLine){};
        return 0;
}
