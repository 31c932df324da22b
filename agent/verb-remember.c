/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/apply.h"
#include "base/io.h"
#include "document.h"
#include "model/names.h"
#include "model/netmemory.h"
#include "output.h"
#include "probe/probe.h"
#include "probe/trust.h"
#include "run.h"
#include "verb.h"

/* What is noted so far; empty where there is nothing, or nothing that can be read. */
static void load(int rfd, NetMemory *ret)
{
        _cleanup_free_ char *text = NULL;

        if (root_read_text(rfd, NAME_NETWORK, &text) < 0 || net_memory_parse(text, ret) < 0)
                *ret = (NetMemory){};
}

static int refuse_untrusted(int rfd)
{
        static const char *const paths[] = { NAME_STATE_DIR, NAME_NETWORK };

        FOREACH_ARRAY(path, paths, ELEMENTSOF(paths)) {
                _cleanup_free_ char *refusal = NULL;
                int e = trust_refusal(rfd, *path, &refusal);

                if (e < 0)
                        return complain(*path, e);
                if (refusal) {
                        tell("%s: %s", *path, refusal);
                        return EXIT_CONFIG;
                }
        }
        return EXIT_READY;
}

static int show_text(const NetMemory *m, bool kept)
{
        FOREACH_ARRAY(u, m->uses, kept ? 0 : m->n) {
                _cleanup_free_ char *chain = host_use_chain(&(HostUse){ .addr = u->addr, .chain = u->chain });

                if (!chain)
                        return complain("printing", -ENOMEM);
                printf("%s\n", chain);
        }
        if (kept)
                return print_text("the network is not up: what is remembered stays\n");
        return print_text(m->n > 0 ? "" : "the network hangs on no PCI function\n");
}

static int show_json(const NetMemory *m, bool kept, int rfd, bool live)
{
        _cleanup_json_ struct json_object *o = NULL;
        int r = document_begin(rfd, live, "network", NETWORK_VERSION, &o);

        if (r >= 0)
                r = json_add(o, "kept", json_new_bool(kept));
        if (r >= 0)
                r = net_memory_json(m, o);
        return r < 0 ? complain("printing", r) : document_print(o);
}

/* Notes what is seen now, or keeps what was. */
static int remember(const Options *o, int rfd, bool live)
{
        _cleanup_(net_memory_done) NetMemory before = {}, after = {};
        _cleanup_(network_now_done) NetworkNow now = {};
        bool kept;
        int r = facts_gather_network(rfd, live, &now);

        if (r < 0)
                return complain("looking at the network", r);
        if (!live && !now.is_all) {
                tell("what the network of a system hangs on is to be seen only while it runs");
                return EXIT_UNKNOWN;
        }
        load(rfd, &before);
        /* a look at a network that is down must not take anything away */
        kept = o->boot && (!now.is_all || (now.n == 0 && before.n > 0));
        r = kept ? 0 : apply_report(rfd, NAME_STATE_DIR, strrchr(NAME_NETWORK, '/') + 1, now.text);
        if (r >= 0 && !kept)
                r = net_memory_parse(now.text, &after);
        if (r < 0)
                return complain(NAME_NETWORK, r);
        if (options_json(o))
                return show_json(kept ? &before : &after, kept, rfd, live);
        return show_text(kept ? &before : &after, kept);
}

int verb_remember(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(apply_unlock) ApplyLock lock = APPLY_LOCK_NONE;
        bool live;
        int code;

        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        code = run_lock("remember", rfd, live, &lock);
        if (code == EXIT_READY)
                code = refuse_untrusted(rfd);
        return code == EXIT_READY ? remember(o, rfd, live) : code;
}
