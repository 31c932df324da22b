/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-list.h"

#include "parse.h"
#include "rootwords.h"
#include "table.h"

#define BLANKS " \t"

static const char *const claim_guard_table[_CLAIM_GUARD_MAX] = {
        [CLAIM_GUARD_BOOT_DISK] = "boot-disk",
        [CLAIM_GUARD_NETWORK] = "network",
        [CLAIM_GUARD_DISPLAY] = "display",
};

DEFINE_STRING_TABLE(claim_guard, ClaimGuard)

void claim_say(const ClaimReporter *r, bool failure, const char *format, ...)
{
        char text[448];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        for (char *c = text; *c; c++) /* what a list has in it goes to a terminal */
                if ((unsigned char) *c < ' ' || *c == 0x7f)
                        *c = '?';
        r->say(r->userdata, failure, text);
}

bool claim_address_valid(const char *s)
{
        PciAddr a;

        return pci_addr_parse(s, &a) >= 0 && streq(PCI_ADDR_TEXT(a), s);
}

/* Only the spelling that ptprep writes. */
static bool id_parse(const char *s, PciId *ret)
{
        char again[16];

        if (pci_id_parse(s, ret) < 0)
                return false;
        (void) snprintf(again, sizeof(again), "%04x:%04x", ret->vendor, ret->device);
        return streq(s, again);
}

const Claim *claim_list_at(const ClaimList *l, const char *address)
{
        FOREACH_ARRAY(c, l->claims, l->n_claims)
                if (streq(c->address, address))
                        return c;
        return NULL;
}

/* What reading one list needs. */
typedef struct Reader {
        const char *file;
        const ClaimReporter *reporter;
        ClaimList *list;
        unsigned line;    /* the present one */
        uint32_t version; /* 0: not known yet */
} Reader;

static void _printf_(2, 3) refuse(const Reader *r, const char *format, ...)
{
        char text[256];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        claim_say(r->reporter, true, "%s:%u: %s, line skipped", r->file, r->line, text);
        r->list->n_refused++;
}

static bool parse_optional(const char *value, Claim *c)
{
        return parse_boolean(value, &c->optional) >= 0;
}

static bool parse_later(const char *value, Claim *c)
{
        return parse_boolean(value, &c->later) >= 0;
}

static bool parse_follow(const char *value, Claim *c)
{
        return parse_boolean(value, &c->follow) >= 0;
}

static bool parse_serial(const char *value, Claim *c)
{
        c->serial = value;
        return *value != 0;
}

static bool parse_variant(const char *value, Claim *c)
{
        c->variant = value;
        return *value && strlen(value) < VARIANT_NAME_MAX && value[strspn(value, VARIANT_CHARS)] == 0;
}

static bool parse_subsystem(const char *value, Claim *c)
{
        c->has_subsystem = id_parse(value, &c->subsystem);
        return c->has_subsystem;
}

static bool parse_unseen(const char *value, Claim *c)
{
        c->unseen = true;
        return *value != 0;
}

static bool parse_root(const char *value, Claim *c)
{
        c->root = value;
        return *value && strlen(value) <= ROOT_WORDS_MAX;
}

/* The agent has more guards than the helper can see: words that it does not know say nothing to it. */
static bool parse_allow(const char *value, Claim *c)
{
        for (const char *s = value; *s;) {
                const size_t n = strcspn(s, ",");
                ClaimGuard guard;
                char word[32];

                if (n == 0 || n >= sizeof(word))
                        return false;
                (void) snprintf(word, sizeof(word), "%.*s", (int) n, s);
                guard = claim_guard_from_string(word);
                if (guard >= 0)
                        c->allowed |= CLAIM_GUARD_BIT(guard);
                s += n + (s[n] == ',');
        }
        return *value != 0;
}

static bool parse_display(const char *value, Claim *c)
{
        c->display_spared = streq(value, "spared");
        return c->display_spared;
}

/* What a line can have behind its name. */
static const struct {
        const char *key;
        bool (*parse)(const char *value, Claim *c);
} keys[] = {
        { "optional", parse_optional }, { "later", parse_later },         { "root", parse_root },
        { "allow", parse_allow },       { "display", parse_display },     { "serial", parse_serial },
        { "follow", parse_follow },     { "subsystem", parse_subsystem }, { "variant", parse_variant },
        { "nvme", parse_unseen },       { "mac", parse_unseen },
};

#define KEY_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_-"

/* One KEY=VALUE; false: the line is refused, and that was said. @seen: a bit for each row of keys[]. */
static bool parse_tail(const Reader *r, char *field, unsigned *seen, Claim *c)
{
        const char *marked = startswith(field, "!");
        char *key = marked ? field + 1 : field, *value = strchr(key, '=');

        if (!value || value == key || key + strspn(key, KEY_CHARS) != value) {
                refuse(r, "\"%.40s\" is no KEY=VALUE", field);
                return false;
        }
        *value++ = 0;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                if (!streq(keys[i].key, key))
                        continue;
                if (*seen & 1U << i || !keys[i].parse(value, c)) {
                        refuse(r, "key \"%s\" %s", key, *seen & 1U << i ? "stands twice" : "has a value of no meaning");
                        return false;
                }
                *seen |= 1U << i;
                return true;
        }
        if (marked)
                refuse(r, "key \"%.40s\" is not known to this helper and changes what the line means", key);
        return !marked;
}

/* Address, id, driver, path and name; false: the line is refused, and that was said. */
static bool parse_fields(const Reader *r, char *const fields[static 5], Claim *c)
{
        const Claim *same;

        c->address = fields[0];
        c->path = fields[3];
        c->name = fields[4];
        c->driver = stub_driver_from_string(fields[2]);
        same = claim_list_at(r->list, c->address);
        if (!claim_address_valid(c->address))
                refuse(r, "\"%.40s\" is no PCI address as the kernel writes it", c->address);
        else if (!id_parse(fields[1], &c->id))
                refuse(r, "\"%.40s\" is no vendor:device id", fields[1]);
        else if (c->driver < 0)
                refuse(r, "\"%.40s\" is no stub driver (vfio-pci, pci-stub)", fields[2]);
        else if (!streq(c->path, "-") && (!pci_path_valid(c->path) || strlen(c->path) > CLAIM_PATH_MAX))
                refuse(r, "\"%.40s\" is no bridge path", c->path);
        else if (strlen(c->name) > CLAIM_NAME_MAX || c->name[strspn(c->name, CLAIM_NAME_CHARS)] != 0)
                refuse(r, "\"%.40s\" is no device name", c->name);
        else if (same)
                refuse(r, "%s is listed already in line %u", c->address, same->line);
        else if (r->list->n_claims == CLAIM_DEVICES_MAX)
                refuse(r, "more than %d devices", CLAIM_DEVICES_MAX);
        else
                return true;
        return false;
}

static void parse_device(const Reader *r, char *text)
{
        char *fields[5], *save = NULL, *f = strtok_r(text, BLANKS, &save);
        Claim c = { .line = r->line };
        unsigned seen = 0;
        size_t n = 0;

        for (; f && n < ELEMENTSOF(fields); f = strtok_r(NULL, BLANKS, &save))
                fields[n++] = f;
        if (n < ELEMENTSOF(fields) || (f && r->version < 2)) {
                refuse(r, "expected ADDRESS VENDOR:DEVICE DRIVER PATH NAME, got %s fields",
                       n < ELEMENTSOF(fields) ? "fewer" : "more");
                return;
        }
        if (!parse_fields(r, fields, &c))
                return;
        for (; f; f = strtok_r(NULL, BLANKS, &save))
                if (!parse_tail(r, f, &seen, &c))
                        return;
        r->list->claims[r->list->n_claims++] = c;
}

/* The number behind "version=". 0; -EPROTONOSUPPORT, and that was said. */
static int parse_version(Reader *r, const char *value)
{
        uint32_t version = 0;

        if (parse_u32(value, 10, &version) >= 0 && version >= 1 && version <= CLAIM_LIST_VERSION) {
                r->version = version;
                return 0;
        }
        claim_say(r->reporter, true, "%s:%u: the list has version %.16s, this helper reads up to %d: nothing claimed",
                  r->file, r->line, value, CLAIM_LIST_VERSION);
        return -EPROTONOSUPPORT;
}

/* 0, also where the line was refused; -EPROTONOSUPPORT where the list is. */
static int parse_line(Reader *r, char *text)
{
        const char *version;
        size_t length = strlen(text);

        text += strspn(text, BLANKS);
        if (*text == 0 || *text == '#')
                return 0;
        version = startswith(text, "version=");
        if (version && r->version == 0)
                return parse_version(r, version);
        if (r->version == 0)
                r->version = 1;
        if (version)
                refuse(r, "the version stands behind a device");
        else if (length > CLAIM_LINE_MAX)
                refuse(r, "longer than %d bytes", CLAIM_LINE_MAX);
        else
                parse_device(r, text);
        return 0;
}

int claim_list_parse(const char *file, const char *text, size_t size, const ClaimReporter *reporter, ClaimList *ret)
{
        _cleanup_(claim_list_done)
                ClaimList l = { .text = malloc(size + 1), .claims = calloc(CLAIM_DEVICES_MAX, sizeof(*l.claims)) };
        Reader r = { .file = file, .reporter = reporter, .list = &l };

        if (!l.text || !l.claims)
                return -ENOMEM;
        memcpy(l.text, text, size);
        l.text[size] = 0;
        if (size > CLAIM_LIST_MAX) {
                const char *last = memrchr(l.text, '\n', CLAIM_LIST_MAX);

                /* a line that is cut could name another device: it has to go */
                claim_say(reporter, true, "%s: longer than %d bytes, the rest is ignored", file, CLAIM_LIST_MAX);
                l.n_refused++;
                size = last ? (size_t) (last - l.text) + 1 : 0;
        }
        for (char *s = l.text, *end = l.text + size; s < end;) {
                char *stop = memchr(s, '\n', (size_t) (end - s));

                if (!stop)
                        stop = end;
                *stop = 0;
                r.line++;
                if (strlen(s) != (size_t) (stop - s))
                        refuse(&r, "zero byte in the text");
                else if (parse_line(&r, s) < 0)
                        return -EPROTONOSUPPORT;
                s = stop + 1;
        }
        *ret = l;
        l = (ClaimList){};
        return 0;
}

void claim_list_done(ClaimList *l)
{
        free(l->text);
        free(l->claims);
        *l = (ClaimList){};
}
