/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <fnmatch.h>

#include "base/array.h"
#include "base/text.h"
#include "grub/format/efivars.h"
#include "grub/loader/systemd-boot-reader.h"

/* The menu: in which order it has the entries, and which of them boots when nobody chooses. */

/* What stands at a place of a version, from the oldest to the newest. */
static int rank(char c)
{
        static const char separators[] = "-^.";
        const char *at = strchr(separators, c);

        if (c == '~')
                return 0;
        if (c == 0)
                return 1;
        if (at)
                return 2 + (int) (at - separators);
        return isdigit((unsigned char) c) ? 6 : 5;
}

static const char *skip_foreign(const char *s)
{
        while (*s && !isalnum((unsigned char) *s) && !strchr("~-^.", *s))
                s++;
        return s;
}

static size_t span_of(const char *s, int (*in)(int))
{
        size_t n = 0;

        while (in((unsigned char) s[n]))
                n++;
        return n;
}

/* Of the digits, or of the letters, that both begin with: without leading zeros the longer number is greater, of words
 * the longer one of which the other is the beginning. Both are set behind them. */
static int compare_segments(const char **a, const char **b, bool digits)
{
        size_t n, m;
        int c;

        if (digits) {
                *a += strspn(*a, "0");
                *b += strspn(*b, "0");
        }
        n = span_of(*a, digits ? isdigit : isalpha);
        m = span_of(*b, digits ? isdigit : isalpha);
        c = digits && n != m ? 0 : memcmp(*a, *b, MIN(n, m));
        if (c == 0 && n != m)
                c = n > m ? 1 : -1;
        *a += n;
        *b += m;
        return c;
}

int sd_version_compare(const char *a, const char *b)
{
        for (;;) {
                a = skip_foreign(a);
                b = skip_foreign(b);
                if (rank(*a) != rank(*b))
                        return rank(*a) < rank(*b) ? -1 : 1;
                if (*a == 0)
                        return 0;
                if (strchr("~-^.", *a)) {
                        a++;
                        b++;
                } else {
                        int c = compare_segments(&a, &b, isdigit((unsigned char) *a));

                        if (c != 0)
                                return c;
                }
        }
}

void sd_menu_done(SdReader *r)
{
        FOREACH_ARRAY(item, r->menu, r->n_menu) {
                free(item->name);
                free(item->sort_key);
                free(item->machine_id);
                free(item->version);
        }
        free(r->menu);
}

int sd_menu_add(SdReader *r, const SdMenuItem *what)
{
        SdMenuItem *item = array_grow(&r->menu, r->n_menu);
        int k;

        if (!item)
                return -ENOMEM;
        r->n_menu++;
        *item = (SdMenuItem){ .index = what->index, .profile = what->profile, .exhausted = what->exhausted };
        k = string_copy(what->name, &item->name);
        if (k >= 0)
                k = string_copy(what->sort_key, &item->sort_key);
        if (k >= 0)
                k = string_copy(what->machine_id, &item->machine_id);
        if (k >= 0)
                k = string_copy(what->version, &item->version);
        for (char *c = item->name; k >= 0 && *c; c++)
                *c = (char) tolower((unsigned char) *c);
        return k;
}

/* src/boot/boot.c (before 257: src/boot/efi/boot.c), boot_entry_compare(): its ids are the names of the files in lower
 * case, boot counters and all. */
static int compare_items(const void *x, const void *y)
{
        const SdMenuItem *a = x, *b = y;
        int c = a->exhausted - b->exhausted;

        if (c == 0)
                c = !a->sort_key - !b->sort_key;
        if (c == 0 && a->sort_key) {
                c = strcmp(a->sort_key, b->sort_key);
                if (c == 0)
                        c = strcmp(a->machine_id ?: "", b->machine_id ?: "");
                if (c == 0)
                        c = -sd_version_compare(a->version ?: "", b->version ?: "");
        }
        if (c == 0)
                c = -sd_version_compare(a->name, b->name);
        if (c == 0)
                c = a->profile < b->profile ? -1 : a->profile > b->profile;
        return c != 0 ? c : a->index < b->index ? -1 : 1;
}

static bool matches(const char *pattern, const char *id)
{
        return fnmatch(pattern, id, FNM_CASEFOLD) == 0;
}

/* boot.c, config_find_entry(): the first of the menu. Before 246 ids had no ".conf". NULL: none. */
static BootEntry *find_entry(const SdReader *r, const char *pattern)
{
        FOREACH_ARRAY(item, r->menu, pattern ? r->n_menu : 0) {
                BootEntry *e = r->loader->entries + item->index;
                _cleanup_free_ char *bare = strndup(e->id, strlen(e->id) - MIN(strlen(e->id), strlen(".conf")));

                if (matches(pattern, e->id) || (bare && matches(pattern, bare)))
                        return e;
        }
        return NULL;
}

/* boot.c, config_select_default_entry(): what the variable names may be gone, and the file is asked then. */
void sd_menu_mark(SdReader *r)
{
        BootEntry *e;

        if (r->n_menu == 0)
                return;
        qsort(r->menu, r->n_menu, sizeof(*r->menu), compare_items);
        e = find_entry(r, r->by_variable) ?: find_entry(r, r->by_file) ?: r->loader->entries + r->menu->index;
        e->is_default = true;
        e = find_entry(r, r->loader->once.id);
        if (e)
                e->is_once = true;
}
