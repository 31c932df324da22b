/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/config-scan.h"

#include <stdarg.h>

#include "base/text.h"
#include "model/claim-limits.h"

#define KEY_CHARS         "abcdefghijklmnopqrstuvwxyz0123456789_-"
#define BLANKS            " \t"

#define SECTIONS_EXPECTED "[agent], [iommu] or [device NAME]"

static const char *const sections[] = { "agent", "iommu", "device" };

void config_scan_done(ConfigScan *s)
{
        FOREACH_ARRAY(i, s->items, s->n) {
                free(i->section);
                free(i->device);
        }
        free(s->items);
        free(s->clean);
        *s = (ConfigScan){};
}

void config_error_done(ConfigError *e)
{
        free(e->file);
        free(e->message);
        *e = (ConfigError){};
}

char *config_error_place(const ConfigError *e)
{
        char *place;

        if (e->line == 0)
                return strdup(e->file);
        string_printf(&place, "%s:%u", e->file, e->line);
        return place;
}

int config_fail(ConfigError *ret, int error, const char *file, unsigned line, const char *format, ...)
{
        _cleanup_free_ char *name = strdup(file), *message = NULL;
        va_list ap;

        va_start(ap, format);
        string_vprintf(&message, format, ap);
        va_end(ap);
        if (!name || !message)
                return -ENOMEM;
        *ret = (ConfigError){ .file = TAKE_PTR(name), .line = line, .message = TAKE_PTR(message) };
        return error;
}

/* The keys of a section as "a, b or c". NULL when memory is short. */
static char *keys_of_section(const ConfigScan *s, const char *section)
{
        const KeyRow *of_section[CONFIG_KEYS_MAX];
        char *text = NULL;
        size_t n = 0, size;
        FILE *f;

        FOREACH_ARRAY(row, s->keys, s->n_keys)
                if (streq(row->section, section))
                        of_section[n++] = row;
        f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        for (size_t i = 0; i < n; i++)
                fprintf(f, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", of_section[i]->key);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

int config_fail_devices(ConfigError *ret, const char *file, unsigned line)
{
        return config_fail(ret, -EBADMSG, file, line,
                           "more than %d devices, expected at most what a claim list can hold", CLAIM_DEVICES_MAX);
}

static char *strip(char *s)
{
        size_t n;

        s += strspn(s, BLANKS);
        n = strlen(s);
        while (n > 0 && strchr(BLANKS, s[n - 1]))
                n--;
        s[n] = 0;
        return s;
}

/* @name: of the whole header. The word of a device's is what can be misspelt, its name is free. */
static int fail_section(const ConfigScan *s, unsigned line, const char *name, ConfigError *ret_error)
{
        _cleanup_free_ char *word = strndup(name, strcspn(name, BLANKS));
        TextGuess g = { .given = word };

        if (!word)
                return -ENOMEM;
        FOREACH_ARRAY(section, sections, ELEMENTSOF(sections))
                text_guess(&g, *section);
        if (g.name)
                return config_fail(ret_error, -EBADMSG, s->file, line, "unknown section [%s], did you mean [%s%s]?",
                                   name, g.name, streq(g.name, "device") ? name + strlen(word) : "");
        return config_fail(ret_error, -EBADMSG, s->file, line, "unknown section [%s], expected " SECTIONS_EXPECTED,
                           name);
}

/* @section: as it stands in the file. @kind: as in the table of keys. */
static int fail_key(const ConfigScan *s, unsigned line, const char *key, const char *section, const char *kind,
                    ConfigError *ret_error)
{
        _cleanup_free_ char *known = NULL;
        TextGuess g = { .given = key };

        FOREACH_ARRAY(row, s->keys, s->n_keys)
                if (streq(row->section, kind))
                        text_guess(&g, row->key);
        if (g.name)
                return config_fail(ret_error, -EBADMSG, s->file, line,
                                   "unknown key \"%s\" in [%s], did you mean \"%s\"?", key, section, g.name);
        known = keys_of_section(s, kind);
        if (!known)
                return -ENOMEM;
        return config_fail(ret_error, -EBADMSG, s->file, line, "unknown key \"%s\" in [%s], expected %s", key, section,
                           known);
}

static int scan_section(ConfigScan *s, unsigned line, char *text, ConfigError *ret_error)
{
        size_t n = strlen(text);
        char *name, *rest;
        ConfigItem *item;

        if (n < 2 || text[n - 1] != ']')
                return config_fail(ret_error, -EBADMSG, s->file, line,
                                   "section header \"%s\" does not end in \"]\", expected " SECTIONS_EXPECTED
                                   " alone on its line",
                                   text);
        text[n - 1] = 0;
        name = strip(text + 1);

        item = array_grow(&s->items, s->n);
        if (!item)
                return -ENOMEM;
        s->n++;
        item->line = line;
        item->section = strdup(name);
        if (!item->section)
                return -ENOMEM;

        if (streq(name, "agent") || streq(name, "iommu")) /* may stand twice, as long as no key does */
                return 0;
        rest = name + strcspn(name, BLANKS);
        if (rest != name + strlen("device") || !startswith(name, "device"))
                return fail_section(s, line, name, ret_error);
        rest = strip(rest);
        if (rest[0] == 0)
                return config_fail(ret_error, -EBADMSG, s->file, line,
                                   "section [device] has no name, expected one such as [device gpu0]");
        if (rest[strspn(rest, CLAIM_NAME_CHARS)] != 0)
                return config_fail(
                        ret_error, -EBADMSG, s->file, line,
                        "device name \"%s\" is not valid, expected lower case letters, digits, \"_\", \".\" and "
                        "\"-\" as in "
                        "[device gpu0]",
                        rest);
        if (strlen(rest) > CLAIM_NAME_MAX)
                return config_fail(ret_error, -EBADMSG, s->file, line,
                                   "device name \"%.16s...\" has %zu characters, expected at most %u", rest,
                                   strlen(rest), CLAIM_NAME_MAX);
        for (size_t i = 0; i + 1 < s->n; i++)
                if (s->items[i].device && streq(s->items[i].device, rest))
                        return config_fail(
                                ret_error, -EBADMSG, s->file, line,
                                "section [device %s] stands already in line %u, expected each device once in a file",
                                rest, s->items[i].line);
        if (++s->n_devices > CLAIM_DEVICES_MAX)
                return config_fail_devices(ret_error, s->file, line);
        item->device = strdup(rest);
        if (!item->device)
                return -ENOMEM;
        /* The keys of another device may come again; those of [agent] and [iommu] may not. */
        for (size_t i = 0; i < s->n_keys; i++)
                if (streq(s->keys[i].section, "device"))
                        s->seen[i] = 0;
        return 0;
}

/*
 * Is a value one word, or text in quotes, and then at most a comment? iniparser would take an open quote or drop what
 * stands behind a closed one without a word.
 */
static int scan_value(const ConfigScan *s, unsigned line, const char *key, const char *value, ConfigError *ret_error)
{
        const char *end;

        if (strchr(value, '\\'))
                return config_fail(ret_error, -EBADMSG, s->file, line,
                                   "the line has a backslash, expected a plain value in one line");
        if (value[0] != '"' && value[0] != '\'')
                return 0;
        end = strchr(value + 1, value[0]);
        if (!end)
                return config_fail(ret_error, -EBADMSG, s->file, line,
                                   "the quote of key \"%s\" is not closed, expected %c at the end of the value", key,
                                   value[0]);
        end += 1 + strspn(end + 1, BLANKS);
        if (*end != 0 && *end != ';' && *end != '#')
                return config_fail(ret_error, -EBADMSG, s->file, line,
                                   "\"%s\" follows the closing quote, expected the end of the line", end);
        return 0;
}

static int scan_key(ConfigScan *s, unsigned line, char *text, ConfigError *ret_error)
{
        char *equals = strchr(text, '='), *key = text;
        const ConfigItem *section = NULL;
        const char *kind;
        ConfigItem *item;
        int r;

        if (!equals)
                return config_fail(ret_error, -EBADMSG, s->file, line,
                                   "\"%.60s\" is no setting, expected KEY = VALUE or a section such as [device gpu0]",
                                   text);
        *equals = 0;
        key = strip(text);
        if (key[0] == 0 || key[strspn(key, KEY_CHARS)] != 0) {
                for (const char *p = key; *p != 0; p++)
                        if (*p >= 'A' && *p <= 'Z')
                                return config_fail(ret_error, -EBADMSG, s->file, line,
                                                   "key \"%.60s\" has a capital letter, expected a key in lower case",
                                                   key);
                return config_fail(ret_error, -EBADMSG, s->file, line,
                                   "\"%.60s\" is no key, expected KEY = VALUE such as address = 0000:01:00.0", key);
        }
        for (size_t i = s->n; i-- > 0 && !section;)
                if (s->items[i].section)
                        section = s->items + i;
        if (!section)
                return config_fail(ret_error, -EBADMSG, s->file, line,
                                   "key \"%s\" stands before any section, expected " SECTIONS_EXPECTED " above it",
                                   key);
        kind = section->device ? "device" : section->section;
        for (size_t i = 0; i < s->n_keys; i++) {
                const KeyRow *row = s->keys + i;

                if (!streq(row->section, kind) || !streq(row->key, key))
                        continue;
                if (s->seen[i] > 0)
                        return config_fail(ret_error, -EBADMSG, s->file, line,
                                           "key \"%s\" of [%s] stands already in line %u, expected it once", key,
                                           section->section, s->seen[i]);
                r = scan_value(s, line, key, strip(equals + 1), ret_error);
                if (r < 0)
                        return r;
                s->seen[i] = line;
                item = array_grow(&s->items, s->n);
                if (!item)
                        return -ENOMEM;
                s->n++;
                *item = (ConfigItem){ .line = line, .row = row };
                return 0;
        }
        return fail_key(s, line, key, section->section, kind, ret_error);
}

static int scan_line(ConfigScan *s, unsigned line, char *text, ConfigError *ret_error)
{
        text = strip(text);
        if (text[0] == 0)
                return 0;
        return text[0] == '[' ? scan_section(s, line, text, ret_error) : scan_key(s, line, text, ret_error);
}

int config_scan_text(ConfigScan *s, const char *text, size_t size, ConfigError *ret_error)
{
        unsigned line = 0;
        size_t n = 0;
        int r;

        if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* byte order mark of some editors */
                text += 3;
                size -= 3;
        }
        s->clean = malloc(size + 2);
        if (!s->clean)
                return -ENOMEM;
        for (const char *p = text, *end = text + size; p < end;) {
                const char *newline = memchr(p, '\n', (size_t) (end - p));
                size_t length = (size_t) ((newline ? newline : end) - p);
                char buf[CONFIG_LINE_MAX_BYTES + 1];
                const char *next = newline ? newline + 1 : end;

                line++;
                if (length > 0 && p[length - 1] == '\r')
                        length--;
                if (length > CONFIG_LINE_MAX_BYTES)
                        return config_fail(ret_error, -EBADMSG, s->file, line,
                                           "the line has %zu bytes, expected at most %u", length,
                                           CONFIG_LINE_MAX_BYTES);
                memcpy(buf, p, length);
                buf[length] = 0;
                for (size_t i = 0; i < length; i++)
                        if (((unsigned char) buf[i] < ' ' && buf[i] != '\t') || buf[i] == 0x7f)
                                return config_fail(ret_error, -EBADMSG, s->file, line,
                                                   "the line has the control character 0x%02x, expected plain text",
                                                   (unsigned char) buf[i]);
                p = next;
                /* A comment reaches iniparser as an empty line: a backslash at its end would swallow the next line. */
                if (strchr("#;", buf[strspn(buf, BLANKS)]))
                        length = 0;
                memcpy(s->clean + n, buf, length);
                n += length;
                s->clean[n++] = '\n';
                if (length == 0)
                        continue;
                r = scan_line(s, line, buf, ret_error);
                if (r < 0)
                        return r;
        }
        s->clean[n] = 0;
        return 0;
}
