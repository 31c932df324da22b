/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmemory.h"

#include "base/json.h"
#include "sealed.h"

/*
 *      # comment
 *      version 1
 *      use 0000:04:00.0 8086:10d3 52:54:00:12:34:56<tab>default route<tab>br0<tab>enp4s0
 *      end 00c0ffee00c0ffee                    hash of all bytes above
 */
#define VERSION_LINE "version 1"
#define HEADER                                                                                                         \
        "# What carried the network of this host when it was last up, see ptprep(8). Not to be edited.\n" VERSION_LINE \
        "\n"
#define NO_MAC "-"

static void use_done(NetMemoryUse *u)
{
        free(u->mac);
        string_list_done(&u->chain);
}

void net_memory_done(NetMemory *m)
{
        FOREACH_ARRAY(u, m->uses, m->n)
                use_done(u);
        free(m->uses);
        *m = (NetMemory){};
}

/* @u: taken over, also after an error. */
static int add(NetMemory *m, NetMemoryUse *u)
{
        NetMemoryUse *slot = array_grow(&m->uses, m->n);

        if (!slot || !u->mac) {
                use_done(u);
                return -ENOMEM;
        }
        *slot = *u;
        m->n++;
        return 0;
}

int net_memory_add(NetMemory *m, const HostUse *use, PciId id, const char *mac)
{
        NetMemoryUse u = { .addr = use->addr, .id = id, .mac = strdup(mac ?: NO_MAC) };

        FOREACH_ARRAY(piece, use->chain.items, use->chain.n)
                if (string_list_add(&u.chain, *piece) < 0) {
                        use_done(&u);
                        return -ENOMEM;
                }
        return add(m, &u);
}

/* A line behind "use ", cut apart here. */
static int parse_use(NetMemory *m, char *line)
{
        NetMemoryUse u = {};
        char *save = NULL, *fields = strtok_r(line, "\t", &save), *piece, *inner = NULL;
        const char *addr = fields ? strtok_r(fields, " ", &inner) : NULL;
        const char *id = addr ? strtok_r(NULL, " ", &inner) : NULL, *mac = id ? strtok_r(NULL, " ", &inner) : NULL;

        if (!mac || pci_addr_parse(addr, &u.addr) < 0 || pci_id_parse(id, &u.id) < 0)
                return -EBADMSG;
        u.mac = strdup(mac);
        while ((piece = strtok_r(NULL, "\t", &save)))
                if (string_list_add(&u.chain, piece) < 0) {
                        use_done(&u);
                        return -ENOMEM;
                }
        if (u.chain.n == 0) {
                use_done(&u);
                return -EBADMSG;
        }
        return add(m, &u);
}

int net_memory_parse(const char *text, NetMemory *ret)
{
        const char *version = strstr(text, "\nversion ");
        _cleanup_(net_memory_done) NetMemory m = {};
        _cleanup_free_ char *copy = NULL;
        char *save = NULL;
        size_t size;
        int r;

        if (version && !startswith(version + 1, VERSION_LINE "\n"))
                return -EOPNOTSUPP;
        r = startswith(text, HEADER) ? sealed_check(text, &size) : -EBADMSG;
        if (r < 0)
                return r;
        copy = strndup(text + strlen(HEADER), size - strlen(HEADER));
        if (!copy)
                return -ENOMEM;
        for (char *line = strtok_r(copy, "\n", &save); line && r >= 0; line = strtok_r(NULL, "\n", &save))
                r = startswith(line, "use ") ? parse_use(&m, line + strlen("use ")) : -EBADMSG;
        if (r < 0)
                return r;
        *ret = m;
        m = (NetMemory){};
        return 0;
}

char *net_memory_print(const NetMemory *m)
{
        char *text = NULL, *whole = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        fputs(HEADER, f);
        FOREACH_ARRAY(u, m->uses, m->n) {
                fprintf(f, "use %s %04x:%04x %s", PCI_ADDR_TEXT(u->addr), u->id.vendor, u->id.device, u->mac);
                FOREACH_ARRAY(piece, u->chain.items, u->chain.n)
                        fprintf(f, "\t%s", *piece);
                fputc('\n', f);
        }
        if (fclose(f) != 0 || sealed_print(text, &whole) < 0)
                whole = NULL;
        free(text);
        return whole;
}

static int add_use(struct json_object *array, const NetMemoryUse *u)
{
        struct json_object *o = json_new_object(), *chain;
        char id[sizeof("8086:10d3")];
        int r = json_append(array, o);

        (void) snprintf(id, sizeof(id), "%04x:%04x", u->id.vendor, u->id.device);
        if (r >= 0)
                r = json_add_text(o, "address", PCI_ADDR_TEXT(u->addr));
        if (r >= 0)
                r = json_add_text(o, "id", id);
        if (r >= 0)
                r = json_add_text(o, "mac", streq(u->mac, NO_MAC) ? NULL : u->mac);
        if (r < 0)
                return r;
        chain = json_add_array(o, "chain");
        if (!chain)
                return -ENOMEM;
        for (size_t i = 0; i < u->chain.n && r >= 0; i++)
                r = json_append_text(chain, u->chain.items[i]);
        return r;
}

int net_memory_json(const NetMemory *m, struct json_object *o)
{
        struct json_object *uses = json_add_array(o, "uses");
        int r = uses ? 0 : -ENOMEM;

        for (size_t i = 0; i < m->n && r >= 0; i++)
                r = add_use(uses, m->uses + i);
        return r;
}
