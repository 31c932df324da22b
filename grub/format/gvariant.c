/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/gvariant.h"

/* Bytes of a framing offset: as few as the size of the container allows (2.3.6, "Framing Offsets"). */
static size_t offset_bytes(size_t size)
{
        return size <= UINT8_MAX ? 1 : size <= UINT16_MAX ? 2 : size <= UINT32_MAX ? 4 : 8;
}

/* The framing offset at a place; what is larger than the container is SIZE_MAX. */
static size_t read_offset(GVariantSpan s, size_t at)
{
        size_t n = offset_bytes(s.size), value = 0;

        for (size_t i = n; i-- > 0;)
                value = value << 8 | s.data[at + i];
        return value > s.size ? SIZE_MAX : value;
}

static size_t align8(size_t n)
{
        return (n + 7) & ~(size_t) 7;
}

/*
 * Members of an array whose elements have no fixed size: the offsets of their ends stand behind them.
 * @ret_table: where the offsets begin. Returns how many there are; 0 for an empty or damaged one.
 */
static size_t array_members(GVariantSpan array, size_t *ret_table)
{
        size_t n = offset_bytes(array.size), table;

        if (array.size < n)
                return 0;
        table = read_offset(array, array.size - n);
        if (table > array.size - n || (array.size - table) % n != 0)
                return 0;
        *ret_table = table;
        return (array.size - table) / n;
}

/* Member i, which begins aligned behind the one before. false: damaged. */
static bool array_member(GVariantSpan array, size_t table, size_t i, bool aligned, GVariantSpan *ret)
{
        size_t n = offset_bytes(array.size), start = i > 0 ? read_offset(array, table + (i - 1) * n) : 0,
               end = read_offset(array, table + i * n);

        if (start == SIZE_MAX || end == SIZE_MAX)
                return false;
        start = aligned ? align8(start) : start;
        if (start > end || end > table)
                return false;
        *ret = (GVariantSpan){ array.data + start, end - start };
        return true;
}

/* A value and behind it, after a NUL, its type. */
static bool variant_value(GVariantSpan v, const char *type, GVariantSpan *ret)
{
        size_t n = strlen(type);

        if (v.size < n + 1 || memcmp(v.data + v.size - n, type, n) != 0 || v.data[v.size - n - 1] != 0)
                return false;
        *ret = (GVariantSpan){ v.data, v.size - n - 1 };
        return true;
}

/* {sv}: the key, then the variant aligned, then the offset of the key's end. */
static bool entry_value(GVariantSpan entry, const char *key, const char *type, GVariantSpan *ret)
{
        size_t n = offset_bytes(entry.size), end, start;

        if (entry.size < n)
                return false;
        end = read_offset(entry, entry.size - n);
        if (end != strlen(key) + 1 || end > entry.size - n || memcmp(entry.data, key, end) != 0)
                return false;
        start = align8(end);
        if (start > entry.size - n)
                return false;
        return variant_value((GVariantSpan){ entry.data + start, entry.size - n - start }, type, ret);
}

bool gvariant_lookup(GVariantSpan dict, const char *key, const char *type, GVariantSpan *ret)
{
        size_t table = 0, n = array_members(dict, &table);

        for (size_t i = 0; i < n; i++) {
                GVariantSpan entry;

                if (!array_member(dict, table, i, true, &entry))
                        return false;
                if (entry_value(entry, key, type, ret))
                        return true;
        }
        return false;
}

const char *gvariant_string(GVariantSpan value)
{
        return value.size > 0 && memchr(value.data, 0, value.size) == value.data + value.size - 1
                       ? (const char *) value.data
                       : NULL;
}

int gvariant_strings(GVariantSpan value, StringList *ret)
{
        size_t table = 0, n = array_members(value, &table);

        if (n == 0)
                return value.size == 0 ? 0 : -EBADMSG;
        for (size_t i = 0; i < n; i++) {
                GVariantSpan member;
                const char *s;
                int r;

                if (!array_member(value, table, i, false, &member))
                        return -EBADMSG;
                s = gvariant_string(member);
                r = s ? string_list_add(ret, s) : -EBADMSG;
                if (r < 0)
                        return r;
        }
        return 0;
}
