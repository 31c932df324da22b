/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-list.h"

#include "claim-limits.h"
#include "table.h"

static const char *const claim_state_table[_CLAIM_STATE_MAX] = {
        [CLAIM_NEW] = "failed",    [CLAIM_READY] = "failed", [CLAIM_CLAIMED] = "claimed",
        [CLAIM_FAILED] = "failed", [CLAIM_MOVED] = "moved",  [CLAIM_ABSENT] = "absent",
};

DEFINE_STRING_TO(claim_state, ClaimState)

void claim_say(const ClaimReporter *r, bool failure, const char *format, ...)
{
        char text[448];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
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
} Reader;

static void _printf_(3, 4) refuse(const Reader *r, unsigned line, const char *format, ...)
{
        char text[256];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        claim_say(r->reporter, true, "%s:%u: %s, line skipped", r->file, line, text);
        r->list->n_refused++;
}

static void parse_line(const Reader *r, char *text, unsigned line)
{
        char *fields[6], *save = NULL;
        size_t n = 0, length = strlen(text);
        Claim c = { .line = line };

        for (char *f = strtok_r(text, " \t", &save); f && n < ELEMENTSOF(fields); f = strtok_r(NULL, " \t", &save))
                fields[n++] = f;
        if (n == 0 || fields[0][0] == '#')
                return;
        if (length > CLAIM_LINE_MAX) {
                refuse(r, line, "longer than %d bytes", CLAIM_LINE_MAX);
                return;
        }
        if (n != 5) {
                refuse(r, line, "expected ADDRESS VENDOR:DEVICE DRIVER PATH NAME, got %s fields",
                       n < 5 ? "fewer" : "more");
                return;
        }
        c.address = fields[0];
        c.path = fields[3];
        c.name = fields[4];
        if (!claim_address_valid(c.address)) {
                refuse(r, line, "\"%.40s\" is no PCI address as the kernel writes it", c.address);
                return;
        }
        if (!id_parse(fields[1], &c.id)) {
                refuse(r, line, "\"%.40s\" is no vendor:device id", fields[1]);
                return;
        }
        c.driver = stub_driver_from_string(fields[2]);
        if (c.driver < 0) {
                refuse(r, line, "\"%.40s\" is no stub driver (vfio-pci, pci-stub)", fields[2]);
                return;
        }
        if (!streq(c.path, "-") && (!pci_path_valid(c.path) || strlen(c.path) > CLAIM_PATH_MAX)) {
                refuse(r, line, "\"%.40s\" is no bridge path", c.path);
                return;
        }
        if (strlen(c.name) > CLAIM_NAME_MAX || c.name[strspn(c.name, CLAIM_NAME_CHARS)] != 0) {
                refuse(r, line, "\"%.40s\" is no device name", c.name);
                return;
        }
        if (claim_list_at(r->list, c.address)) {
                refuse(r, line, "%s is listed already in line %u", c.address, claim_list_at(r->list, c.address)->line);
                return;
        }
        if (r->list->n_claims == CLAIM_DEVICES_MAX) {
                refuse(r, line, "more than %d devices", CLAIM_DEVICES_MAX);
                return;
        }
        r->list->claims[r->list->n_claims++] = c;
}

int claim_list_parse(const char *file, const char *text, size_t size, const ClaimReporter *reporter, ClaimList *ret)
{
        _cleanup_(claim_list_done)
                ClaimList l = { .text = malloc(size + 1), .claims = calloc(CLAIM_DEVICES_MAX, sizeof(*l.claims)) };
        const Reader r = { file, reporter, &l };
        unsigned line = 0;

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
                line++;
                if (strlen(s) != (size_t) (stop - s))
                        refuse(&r, line, "zero byte in the text");
                else
                        parse_line(&r, s, line);
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
