/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/config-scan.h"

#include INIPARSER_HEADER /* its directory differs between platforms, meson knows it */
#include <sys/mman.h>

#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "model/claim-limits.h"
#include "model/names.h"
#include "probe/config-resolve.h"
#include "probe/config-virtual.h"
#include "probe/probe.h"
#include "probe/trust.h"

/*
 * iniparser gives the values and nothing else: it has no line numbers, takes a repeated key or section silently, drops
 * one line too long with the whole file, and 4.1 and 4.2 differ in the case of names. So a strict pass over the text
 * comes first; what it lets through means the same to both versions. iniparser then gets those very bytes, from a
 * memfd.
 */

#define FILE_MAX_BYTES (256U * 1024)

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

#ifdef HAVE_INIPARSER_LOAD_FILE
/* Hands a text to iniparser. */
static int load_dictionary(const char *text, dictionary **ret)
{
        _cleanup_fclose_ FILE *f = fmemopen((char *) text, strlen(text), "r");

        if (!f)
                return -errno;
        iniparser_set_error_callback(ignore_error);
        errno = EIO;
        *ret = iniparser_load_file(f, "ptprep.conf");
        iniparser_set_error_callback(NULL);
        return *ret ? 0 : negative_errno();
}
#else
/* The same before 4.2, which takes nothing but a path. -ENOENT: there is no /proc that could give it one. */
static int load_dictionary(const char *text, dictionary **ret)
{
        _cleanup_close_ int fd = memfd_create("ptprep.conf", MFD_CLOEXEC);
        char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
        int r;

        if (fd < 0)
                return -errno;
        r = write_all(fd, text, strlen(text));
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (access(path, R_OK) < 0)
                return -errno;
        iniparser_set_error_callback(ignore_error);
        errno = EIO;
        *ret = iniparser_load(path);
        iniparser_set_error_callback(NULL);
        return *ret ? 0 : negative_errno();
}
#endif

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

/* @ret_bad: the word of -EINVAL; NULL: there is none at all. */
static int parse_words(const KeyRow *row, const char *value, unsigned *field, char **ret_bad)
{
        _cleanup_free_ char *copy = strdup(value);
        unsigned set = 0;
        char *save = NULL;

        if (!copy)
                return -ENOMEM;
        for (char *word = strtok_r(copy, " \t,", &save); word; word = strtok_r(NULL, " \t,", &save)) {
                int i = 0;

                while (row->word(i) && !streq(row->word(i), word))
                        i++;
                if (!row->word(i))
                        return string_printf(ret_bad, "%s", word) < 0 ? -ENOMEM : -EINVAL;
                set |= 1U << i;
        }
        if (set == 0)
                return -EINVAL;
        *field = set;
        return 0;
}

static int fail_word(const ConfigScan *s, const char *section, const ConfigItem *item, const char *bad,
                     ConfigError *ret_error)
{
        TextGuess g = { .given = bad };

        for (int i = 0; item->row->word(i); i++)
                text_guess(&g, item->row->word(i));
        if (g.name)
                return config_fail(ret_error, -EBADMSG, s->file, item->line,
                                   "\"%.60s\" is no word of %s of [%s], did you mean \"%s\"?", bad, item->row->key,
                                   section, g.name);
        return config_fail(ret_error, -EBADMSG, s->file, item->line, "\"%.60s\" is no word of %s of [%s], expected %s",
                           bad, item->row->key, section, item->row->expected);
}

static int apply_key(Config *c, ConfigDevice *device, const ConfigScan *s, const char *section, const ConfigItem *item,
                     const dictionary *values, ConfigError *ret_error)
{
        _cleanup_free_ char *name = NULL, *bad = NULL;
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
                return config_fail(ret_error, -EBADMSG, s->file, item->line,
                                   "key \"%s\" of [%s] has no value, expected %s", row->key, section, row->expected);
        r = row->word ? parse_words(row, value, (unsigned *) (void *) ((char *) base + row->offset), &bad)
                      : row->parser(value, (char *) base + row->offset);
        if (r == -ENOMEM)
                return r;
        if (bad)
                return fail_word(s, section, item, bad, ret_error);
        if (r < 0)
                return config_fail(ret_error, -EBADMSG, s->file, item->line,
                                   "\"%.60s\" is no valid %s of [%s], expected %s", value, row->key, section,
                                   row->expected);
        if (row->flag != NO_FLAG)
                *(bool *) ((char *) base + row->flag) = true;
        return 0;
}

/* Puts what one text says on top of c. */
static int apply_text(Config *c, const char *file, const char *text, size_t size, ConfigError *ret_error)
{
        _cleanup_(config_scan_done) ConfigScan s = { .file = file, .keys = config_keys, .n_keys = config_keys_n };
        _cleanup_(dictionary_freep) dictionary *values = NULL;
        ConfigDevice *device = NULL;
        const char *section = NULL;
        int r;

        r = config_scan_text(&s, text, size, ret_error);
        if (r < 0)
                return r;
        if (s.n == 0)
                return 0;
        r = load_dictionary(s.clean, &values);
        if (r == -ENOENT)
                return config_fail(ret_error, -EIO, file, 0,
                                   "cannot be read where /proc is not mounted (this iniparser opens files by name "
                                   "only): mount it, mount -t proc proc /proc");
        if (r < 0)
                return config_fail(ret_error, r, file, 0, "cannot parse: %s", strerror(-r));
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
                if (!device && c->n_devices == CLAIM_DEVICES_MAX)
                        return config_fail_devices(ret_error, file, item->line);
                if (!device)
                        device = add_device(c, item->device, file, item->line);
                if (!device)
                        return -ENOMEM;
        }
        return 0;
}

/* Who names an address means what is there now, most of the time: then the line to add can be said. */
static int fail_no_id(int rfd, const ConfigDevice *d, ConfigError *ret_error)
{
        _cleanup_free_ char *directory = NULL;
        uint32_t vendor = 0, device = 0;
        int r;

        if (string_printf(&directory, NAME_SYS_PCI_DEVICES "/%s", PCI_ADDR_TEXT(d->address)) < 0)
                return -ENOMEM;
        r = rfd < 0 ? -ENOENT : probe_read_hex(rfd, directory, "vendor", &vendor);
        if (r >= 0)
                r = probe_read_hex(rfd, directory, "device", &device);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return config_fail(ret_error, -EBADMSG, d->file, d->line,
                                   "[device %s] has no id, expected a line such as id = 10de:1b80 (address and id must "
                                   "both match)",
                                   d->name);
        return config_fail(ret_error, -EBADMSG, d->file, d->line,
                           "[device %s] has no id; if the device that is at its address now is meant, add the line "
                           "id = %04x:%04x (address and id must both match)",
                           d->name, vendor, device);
}

/* A set has its members' names, and each of them what is said of the set. */
#define SET_NAME_MAX (CLAIM_NAME_MAX - sizeof(".0000-00-00.0") + 1)

static int check_match(const ConfigDevice *d, ConfigError *ret_error)
{
        const char *key = d->has_address     ? "address"
                          : d->path          ? "path"
                          : d->has_id        ? "id"
                          : d->serial        ? "serial"
                          : d->mac           ? "mac"
                          : d->has_subsystem ? "subsystem"
                          : d->vfs > 0       ? "vfs"
                          : d->follow        ? "follow"
                                             : NULL;

        if (key)
                return config_fail(ret_error, -EBADMSG, d->file, d->line,
                                   "[device %s] has match and %s: the one means many devices and the other a single "
                                   "one, expected a section for each",
                                   d->name, key);
        if (strlen(d->name) > SET_NAME_MAX)
                return config_fail(
                        ret_error, -EBADMSG, d->file, d->line,
                        "device name \"%.16s...\" has %zu characters, expected at most %zu in a section with "
                        "match, whose devices have their address behind it",
                        d->name, strlen(d->name), SET_NAME_MAX);
        return 0;
}

/* Does a section say enough to find its device, and to tell it from others? */
static int check_section(int rfd, const ConfigDevice *d, ConfigError *ret_error)
{
        if (d->has_match)
                return check_match(d, ret_error);
        if (!config_identifies(d) && d->has_address)
                return fail_no_id(rfd, d, ret_error);
        if (!config_identifies(d))
                return config_fail(ret_error, -EBADMSG, d->file, d->line,
                                   "[device %s] has no %s, expected a line such as %s", d->name,
                                   d->path ? "id" : "address", d->path ? "id = 10de:1b80" : "address = 0000:01:00.0");
        return config_check_vfs(d, ret_error);
}

/* What can be judged only when all files are read. @rfd: root directory; negative: there is none. */
static int finish(int rfd, Config *c, ConfigError *ret_error)
{
        int r;

        FOREACH_ARRAY(d, c->devices, c->n_devices) {
                if (!d->has_group)
                        d->group = c->group;
                r = check_section(rfd, d, ret_error);
                if (r < 0)
                        return r;
        }
        r = config_resolve(rfd, c);
        if (r < 0)
                return r;
        FOREACH_ARRAY(d, c->devices, c->n_devices) {
                const ConfigDevice *first;
                char last[sizeof("/1f.7")];

                /* The path ends in the function itself, so both say its slot and number. */
                (void) snprintf(last, sizeof(last), "/%02x.%x", d->address.slot & 0x1fU, d->address.function & 7U);
                if (d->path && !endswith(d->path, last))
                        return config_fail(
                                ret_error, -EBADMSG, d->file, d->line,
                                "path %s of [device %s] does not lead to its address, expected it to end in %s as "
                                "%s does",
                                d->path, d->name, last, PCI_ADDR_TEXT(d->address));
                first = config_device_at(c, d->address);
                if (first < d)
                        return config_fail(ret_error, -EBADMSG, d->file, d->line,
                                           "[device %s] has the address %s of [device %s] (%s:%u), expected one "
                                           "section for one device",
                                           d->name, PCI_ADDR_TEXT(d->address), first->name, first->file, first->line);
        }
        return config_split_makers(c, ret_error);
}

bool config_error_of_system(int error)
{
        static const int errors[] = { EIO, EMFILE, ENFILE, ENOMEM, ENOSPC, EFBIG, EACCES };

        FOREACH_ARRAY(e, errors, ELEMENTSOF(errors))
                if (error == -*e)
                        return true;
        return false;
}

int config_load_text(const char *name, const char *text, size_t size, Config *ret, ConfigError *ret_error)
{
        _cleanup_(config_done) Config c = {};
        int r;

        config_init(&c);
        r = apply_text(&c, name, text, size, ret_error);
        if (r >= 0)
                r = finish(-EBADF, &c, ret_error);
        if (r < 0)
                return r;
        *ret = c;
        c = (Config){};
        return 0;
}

/* Whoever may write it decides which devices the host loses. */
static int check_trust(int rfd, const char *path, ConfigError *ret_error)
{
        _cleanup_free_ char *refusal = NULL;
        int r = trust_refusal(rfd, path, &refusal);

        if (r < 0)
                return r == -ENOMEM ? r : config_fail(ret_error, r, path, 0, "cannot read: %s", strerror(-r));
        return refusal ? config_fail(ret_error, -EPERM, path, 0, "%s", refusal) : 0;
}

static int apply_file(Config *c, int rfd, const char *path, bool may_miss, ConfigError *ret_error)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = check_trust(rfd, path, ret_error);

        if (r < 0)
                return r;
        r = root_read_file(rfd, path, FILE_MAX_BYTES, &text, &size);
        if (r == -ENOENT && may_miss)
                return 0;
        if (r == -EFBIG)
                return config_fail(ret_error, -EBADMSG, path, 0, "the file is too large, expected at most %u bytes",
                                   FILE_MAX_BYTES);
        if (r < 0)
                return config_fail(ret_error, r, path, 0, "cannot read: %s", strerror(-r));
        return apply_text(c, path, text, size, ret_error);
}

int config_load(int rfd, Config *ret, ConfigError *ret_error)
{
        return config_load_with(rfd, NULL, NULL, ret, ret_error);
}

int config_load_with(int rfd, const char *extra, const char *text, Config *ret, ConfigError *ret_error)
{
        _cleanup_(config_done) Config c = {};
        _cleanup_(string_list_done) StringList names = {};
        int r;

        config_init(&c);
        r = check_trust(rfd, NAME_ETC, ret_error);
        if (r >= 0)
                r = check_trust(rfd, NAME_CONFIG_DIR, ret_error);
        if (r >= 0)
                r = apply_file(&c, rfd, NAME_CONFIG_FILE, true, ret_error);
        if (r < 0)
                return r;
        r = root_list(rfd, NAME_CONFIG_DIR, ".conf", &names);
        if (r < 0 && r != -ENOENT)
                return config_fail(ret_error, r, NAME_CONFIG_DIR, 0, "cannot read: %s", strerror(-r));
        FOREACH_ARRAY(name, names.items, names.n) {
                _cleanup_free_ char *path = NULL;

                /* of an editor (the lock files of Emacs are links to nowhere): no program reads hidden drop-ins */
                if (**name == '.')
                        continue;
                if (string_printf(&path, NAME_CONFIG_DIR "/%s", *name) < 0)
                        return -ENOMEM;
                if (extra && streq(path, extra)) /* whose place it is to take */
                        continue;
                r = apply_file(&c, rfd, path, false, ret_error);
                if (r < 0)
                        return r;
        }
        if (extra)
                r = apply_text(&c, extra, text, strlen(text), ret_error);
        else
                r = 0;
        if (r >= 0)
                r = finish(rfd, &c, ret_error);
        if (r < 0)
                return r;
        *ret = c;
        c = (Config){};
        return 0;
}
