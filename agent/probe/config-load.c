/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/config-load.h"

#include INIPARSER_HEADER /* its folder differs between platforms, meson knows it */
#include <stdarg.h>
#include <sys/mman.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "model/names.h"

/*
 * iniparser gives the values and nothing else: it has no line numbers, takes a repeated key or section silently, drops
 * one line too long with the whole file, and 4.1 and 4.2 differ in the case of names. So a strict pass over the text
 * comes first; what it lets through means the same to both versions. iniparser then gets those very bytes, from a
 * memfd.
 */

/* Bytes without the newline; iniparser's own buffer ends a little above (ASCIILINESZ, 1024). */
#define LINE_MAX_BYTES 1000U
#define FILE_MAX_BYTES (256U * 1024)
#define DEVICES_MAX    1024U

#define NAME_CHARS     "abcdefghijklmnopqrstuvwxyz0123456789_.-"
#define KEY_CHARS      "abcdefghijklmnopqrstuvwxyz0123456789_-"
#define BLANKS         " \t"

static int parse_bool_field(const char *value, void *field)
{
        return parse_boolean(value, field);
}

static int parse_argument_field(const char *value, void *field)
{
        ArgumentPolicy p = argument_policy_from_string(value);

        if (p < 0)
                return -EINVAL;
        *(ArgumentPolicy *) field = p;
        return 0;
}

static int parse_driver_field(const char *value, void *field)
{
        StubDriver d = stub_driver_from_string(value);

        if (d < 0)
                return -EINVAL;
        *(StubDriver *) field = d;
        return 0;
}

static int parse_address_field(const char *value, void *field)
{
        return pci_addr_parse(value, field);
}

static int parse_id_field(const char *value, void *field)
{
        return pci_id_parse(value, field);
}

static int parse_path_field(const char *value, void *field)
{
        char **p = field, *copy;

        if (!pci_path_valid(value))
                return -EINVAL;
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(*p);
        *p = copy;
        return 0;
}

/* A new key is a row here; a new section also needs a row in sections[]. */
#define NO_FLAG SIZE_MAX

typedef struct KeyRow {
        const char *section;
        const char *key;
        int (*parser)(const char *value, void *field);
        size_t offset; /* in ConfigDevice for "device", else in Config */
        size_t flag;   /* a bool beside it that says it was set, or NO_FLAG */
        const char *expected;
} KeyRow;

static const KeyRow keys[] = {
        { "agent", "enabled", parse_bool_field, offsetof(Config, enabled), NO_FLAG, "yes or no" },
        { "iommu", "argument", parse_argument_field, offsetof(Config, argument), offsetof(Config, argument_set),
          "always, when-needed or never" },
        { "iommu", "passthrough", parse_bool_field, offsetof(Config, passthrough), NO_FLAG, "yes or no" },
        { "iommu", "allow_unsafe_interrupts", parse_bool_field, offsetof(Config, unsafe_interrupts), NO_FLAG,
          "yes or no" },
        { "device", "address", parse_address_field, offsetof(ConfigDevice, address),
          offsetof(ConfigDevice, has_address), "a PCI address such as 0000:01:00.0" },
        { "device", "id", parse_id_field, offsetof(ConfigDevice, id), offsetof(ConfigDevice, has_id),
          "vendor and device such as 10de:1b80" },
        { "device", "path", parse_path_field, offsetof(ConfigDevice, path), NO_FLAG,
          "a bridge path such as pci0000:00/1c.4/00.0" },
        { "device", "driver", parse_driver_field, offsetof(ConfigDevice, driver), offsetof(ConfigDevice, has_driver),
          "vfio-pci or pci-stub" },
        { "device", "optional", parse_bool_field, offsetof(ConfigDevice, optional),
          offsetof(ConfigDevice, has_optional), "yes or no" },
};

#define SECTIONS_EXPECTED "[agent], [iommu] or [device NAME]"

/* One section header or one key of a text, in order. */
typedef struct Item {
        unsigned line;
        char *section;     /* header: as it stands between the brackets; key: NULL */
        char *device;      /* header of a device: its name */
        const KeyRow *row; /* key */
} Item;

typedef struct Scan {
        const char *file;
        char *clean; /* the text as iniparser gets it */
        Item *items;
        size_t n;
        size_t n_devices;
        unsigned seen[ELEMENTSOF(keys)]; /* line of each key of the present section, 0: not yet */
} Scan;

static void scan_done(Scan *s)
{
        FOREACH_ARRAY(i, s->items, s->n) {
                free(i->section);
                free(i->device);
        }
        free(s->items);
        free(s->clean);
        *s = (Scan){};
}

void config_error_done(ConfigError *e)
{
        free(e->file);
        free(e->message);
        *e = (ConfigError){};
}

/* Fills the error and hands its number back, so that a caller can return it in one line. */
static int _printf_(5, 6) fail(ConfigError *ret, int error, const char *file, unsigned line, const char *format, ...)
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
static char *keys_of_section(const char *section)
{
        const KeyRow *of_section[ELEMENTSOF(keys)];
        char *text = NULL;
        size_t n = 0, size;
        FILE *f;

        FOREACH_ARRAY(row, keys, ELEMENTSOF(keys))
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

static int scan_section(Scan *s, unsigned line, char *text, ConfigError *ret_error)
{
        size_t n = strlen(text);
        char *name, *rest;
        Item *item;

        if (n < 2 || text[n - 1] != ']')
                return fail(ret_error, -EBADMSG, s->file, line,
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
                return fail(ret_error, -EBADMSG, s->file, line, "unknown section [%s], expected " SECTIONS_EXPECTED,
                            name);
        rest = strip(rest);
        if (rest[0] == 0)
                return fail(ret_error, -EBADMSG, s->file, line,
                            "section [device] has no name, expected one such as [device gpu0]");
        if (rest[strspn(rest, NAME_CHARS)] != 0)
                return fail(ret_error, -EBADMSG, s->file, line,
                            "device name \"%s\" is not valid, expected lower case letters, digits, \"_\", \".\" and "
                            "\"-\" as in "
                            "[device gpu0]",
                            rest);
        for (size_t i = 0; i + 1 < s->n; i++)
                if (s->items[i].device && streq(s->items[i].device, rest))
                        return fail(
                                ret_error, -EBADMSG, s->file, line,
                                "section [device %s] stands already in line %u, expected each device once in a file",
                                rest, s->items[i].line);
        if (++s->n_devices > DEVICES_MAX)
                return fail(ret_error, -EBADMSG, s->file, line, "more than %u devices", DEVICES_MAX);
        item->device = strdup(rest);
        if (!item->device)
                return -ENOMEM;
        /* The keys of another device may come again; those of [agent] and [iommu] may not. */
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (streq(keys[i].section, "device"))
                        s->seen[i] = 0;
        return 0;
}

/*
 * Is a value one word, or text in quotes, and then at most a comment? iniparser would take an open quote or drop what
 * stands behind a closed one without a word.
 */
static int scan_value(const Scan *s, unsigned line, const char *key, const char *value, ConfigError *ret_error)
{
        const char *end;

        if (strchr(value, '\\'))
                return fail(ret_error, -EBADMSG, s->file, line,
                            "the line has a backslash, expected a plain value in one line");
        if (value[0] != '"' && value[0] != '\'')
                return 0;
        end = strchr(value + 1, value[0]);
        if (!end)
                return fail(ret_error, -EBADMSG, s->file, line,
                            "the quote of key \"%s\" is not closed, expected %c at the end of the value", key,
                            value[0]);
        end += 1 + strspn(end + 1, BLANKS);
        if (*end != 0 && *end != ';' && *end != '#')
                return fail(ret_error, -EBADMSG, s->file, line,
                            "\"%s\" follows the closing quote, expected the end of the line", end);
        return 0;
}

static int scan_key(Scan *s, unsigned line, char *text, ConfigError *ret_error)
{
        _cleanup_free_ char *known = NULL;
        char *equals = strchr(text, '='), *key = text;
        const Item *section = NULL;
        const char *kind;
        Item *item;
        int r;

        if (!equals)
                return fail(ret_error, -EBADMSG, s->file, line,
                            "\"%.60s\" is no setting, expected KEY = VALUE or a section such as [device gpu0]", text);
        *equals = 0;
        key = strip(text);
        if (key[0] == 0 || key[strspn(key, KEY_CHARS)] != 0) {
                for (const char *p = key; *p != 0; p++)
                        if (*p >= 'A' && *p <= 'Z')
                                return fail(ret_error, -EBADMSG, s->file, line,
                                            "key \"%.60s\" has a capital letter, expected a key in lower case", key);
                return fail(ret_error, -EBADMSG, s->file, line,
                            "\"%.60s\" is no key, expected KEY = VALUE such as address = 0000:01:00.0", key);
        }
        for (size_t i = s->n; i-- > 0 && !section;)
                if (s->items[i].section)
                        section = s->items + i;
        if (!section)
                return fail(ret_error, -EBADMSG, s->file, line,
                            "key \"%s\" stands before any section, expected " SECTIONS_EXPECTED " above it", key);
        kind = section->device ? "device" : section->section;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const KeyRow *row = keys + i;

                if (!streq(row->section, kind) || !streq(row->key, key))
                        continue;
                if (s->seen[i] > 0)
                        return fail(ret_error, -EBADMSG, s->file, line,
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
                *item = (Item){ .line = line, .row = row };
                return 0;
        }
        known = keys_of_section(kind);
        if (!known)
                return -ENOMEM;
        return fail(ret_error, -EBADMSG, s->file, line, "unknown key \"%s\" in [%s], expected %s", key,
                    section->section, known);
}

static int scan_line(Scan *s, unsigned line, char *text, ConfigError *ret_error)
{
        text = strip(text);
        if (text[0] == 0)
                return 0;
        return text[0] == '[' ? scan_section(s, line, text, ret_error) : scan_key(s, line, text, ret_error);
}

/* The strict pass: every section and key with its line, or the first fault. */
static int scan_text(Scan *s, const char *text, size_t size, ConfigError *ret_error)
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
                char buf[LINE_MAX_BYTES + 1];
                const char *next = newline ? newline + 1 : end;

                line++;
                if (length > 0 && p[length - 1] == '\r')
                        length--;
                if (length > LINE_MAX_BYTES)
                        return fail(ret_error, -EBADMSG, s->file, line, "the line has %zu bytes, expected at most %u",
                                    length, LINE_MAX_BYTES);
                memcpy(buf, p, length);
                buf[length] = 0;
                for (size_t i = 0; i < length; i++)
                        if (((unsigned char) buf[i] < ' ' && buf[i] != '\t') || buf[i] == 0x7f)
                                return fail(ret_error, -EBADMSG, s->file, line,
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

static int ignore_error(const char *format, ...)
{
        (void) format;
        return 0;
}

static void dictionary_freep(dictionary **d)
{
        if (*d)
                iniparser_freedict(*d);
}

/* Hands a text to iniparser, which takes nothing but a path. */
static int load_dictionary(const char *text, dictionary **ret)
{
        _cleanup_close_ int fd = memfd_create("ptprep.conf", MFD_CLOEXEC);
        char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
        dictionary *d;
        int r;

        if (fd < 0)
                return -errno;
        r = write_all(fd, text, strlen(text));
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        iniparser_set_error_callback(ignore_error);
        d = iniparser_load(path);
        iniparser_set_error_callback(NULL);
        if (!d)
                return -EIO;
        *ret = d;
        return 0;
}

static ConfigDevice *find_device(Config *c, const char *name)
{
        FOREACH_ARRAY(d, c->devices, c->n_devices)
                if (streq(d->name, name))
                        return d;
        return NULL;
}

static ConfigDevice *add_device(Config *c, const char *name, const char *file, unsigned line)
{
        ConfigDevice *d = array_grow(&c->devices, c->n_devices);

        if (!d)
                return NULL;
        c->n_devices++;
        *d = (ConfigDevice){ .name = strdup(name), .file = strdup(file), .line = line, .driver = STUB_VFIO_PCI };
        return d->name && d->file ? d : NULL;
}

static int apply_key(Config *c, ConfigDevice *device, const Scan *s, const char *section, const Item *item,
                     const dictionary *values, ConfigError *ret_error)
{
        _cleanup_free_ char *name = NULL;
        void *base = device ? (void *) device : c;
        const KeyRow *row = item->row;
        const char *value;
        int r;

        if (string_printf(&name, "%s:%s", section, row->key) < 0)
                return -ENOMEM;
        value = iniparser_getstring(values, name, NULL);
        if (!value) /* the strict pass saw it, so only memory can have been short */
                return -ENOMEM;
        if (value[0] == 0)
                return fail(ret_error, -EBADMSG, s->file, item->line, "key \"%s\" of [%s] has no value, expected %s",
                            row->key, section, row->expected);
        r = row->parser(value, (char *) base + row->offset);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return fail(ret_error, -EBADMSG, s->file, item->line, "\"%.60s\" is no valid %s of [%s], expected %s",
                            value, row->key, section, row->expected);
        if (row->flag != NO_FLAG)
                *(bool *) ((char *) base + row->flag) = true;
        return 0;
}

/* Puts what one text says on top of c. */
static int apply_text(Config *c, const char *file, const char *text, size_t size, ConfigError *ret_error)
{
        _cleanup_(scan_done) Scan s = { .file = file };
        _cleanup_(dictionary_freep) dictionary *values = NULL;
        ConfigDevice *device = NULL;
        const char *section = NULL;
        int r;

        r = scan_text(&s, text, size, ret_error);
        if (r < 0)
                return r;
        if (s.n == 0)
                return 0;
        r = load_dictionary(s.clean, &values);
        if (r < 0)
                return fail(ret_error, r, file, 0, "cannot parse: %s", strerror(-r));
        FOREACH_ARRAY(item, s.items, s.n) {
                if (!item->section) {
                        r = apply_key(c, device, &s, section, item, values, ret_error);
                        if (r < 0)
                                return r;
                        continue;
                }
                section = item->section;
                device = NULL;
                if (!item->device)
                        continue;
                device = find_device(c, item->device);
                if (!device)
                        device = add_device(c, item->device, file, item->line);
                if (!device)
                        return -ENOMEM;
        }
        return 0;
}

/* What can be judged only when all files are read. */
static int finish(const Config *c, ConfigError *ret_error)
{
        FOREACH_ARRAY(d, c->devices, c->n_devices) {
                char last[sizeof("/1f.7")];

                if (!d->has_address)
                        return fail(ret_error, -EBADMSG, d->file, d->line,
                                    "[device %s] has no address, expected a line such as address = 0000:01:00.0",
                                    d->name);
                if (!d->has_id)
                        return fail(ret_error, -EBADMSG, d->file, d->line,
                                    "[device %s] has no id, expected a line such as id = 10de:1b80 (address and id "
                                    "must both match)",
                                    d->name);
                /* The path ends in the function itself, so both say its slot and number. */
                (void) snprintf(last, sizeof(last), "/%02x.%x", d->address.slot & 0x1fU, d->address.function & 7U);
                if (d->path && !endswith(d->path, last))
                        return fail(ret_error, -EBADMSG, d->file, d->line,
                                    "path %s of [device %s] does not lead to its address, expected it to end in %s as "
                                    "%s does",
                                    d->path, d->name, last, PCI_ADDR_TEXT(d->address));
                for (const ConfigDevice *other = c->devices; other < d; other++)
                        if (pci_addr_equal(other->address, d->address))
                                return fail(ret_error, -EBADMSG, d->file, d->line,
                                            "[device %s] has the address %s of [device %s] (%s:%u), expected one "
                                            "section for one device",
                                            d->name, PCI_ADDR_TEXT(d->address), other->name, other->file, other->line);
        }
        return 0;
}

int config_load_text(const char *name, const char *text, size_t size, Config *ret, ConfigError *ret_error)
{
        _cleanup_(config_done) Config c = {};
        int r;

        config_init(&c);
        r = apply_text(&c, name, text, size, ret_error);
        if (r >= 0)
                r = finish(&c, ret_error);
        if (r < 0)
                return r;
        *ret = c;
        c = (Config){};
        return 0;
}

static int apply_file(Config *c, int rfd, const char *path, bool may_miss, ConfigError *ret_error)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = root_read_file(rfd, path, FILE_MAX_BYTES, &text, &size);
        if (r == -ENOENT && may_miss)
                return 0;
        if (r == -EFBIG)
                return fail(ret_error, -EBADMSG, path, 0, "the file is too large, expected at most %u bytes",
                            FILE_MAX_BYTES);
        if (r < 0)
                return fail(ret_error, r, path, 0, "cannot read: %s", strerror(-r));
        return apply_text(c, path, text, size, ret_error);
}

int config_load(int rfd, Config *ret, ConfigError *ret_error)
{
        _cleanup_(config_done) Config c = {};
        _cleanup_(string_list_done) StringList names = {};
        int r;

        config_init(&c);
        r = apply_file(&c, rfd, NAME_CONFIG_FILE, true, ret_error);
        if (r < 0)
                return r;
        r = root_list(rfd, NAME_CONFIG_DIR, ".conf", &names);
        if (r < 0 && r != -ENOENT)
                return fail(ret_error, r, NAME_CONFIG_DIR, 0, "cannot read: %s", strerror(-r));
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                if (string_printf(&path, NAME_CONFIG_DIR "/%s", *name) < 0)
                        return -ENOMEM;
                r = apply_file(&c, rfd, path, false, ret_error);
                if (r < 0)
                        return r;
        }
        r = finish(&c, ret_error);
        if (r < 0)
                return r;
        *ret = c;
        c = (Config){};
        return 0;
}
