/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/apply.h"
#include "base/io.h"
#include "model/names.h"
#include "model/netmemory.h"
#include "output.h"
#include "probe/probe.h"
#include "probe/trust.h"
#include "run.h"
#include "verb.h"

/* Is there something that a look at a network which is down must not take away? */
static bool is_remembered(int rfd)
{
        _cleanup_(net_memory_done) NetMemory m = {};
        _cleanup_free_ char *text = NULL;

        return root_read_text(rfd, NAME_NETWORK, &text) >= 0 && net_memory_parse(text, &m) >= 0 && m.n > 0;
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

static int show(const char *text)
{
        _cleanup_(net_memory_done) NetMemory m = {};
        int e = net_memory_parse(text, &m);

        if (e < 0)
                return complain(NAME_NETWORK, e);
        FOREACH_ARRAY(u, m.uses, m.n) {
                _cleanup_free_ char *chain = host_use_chain(&(HostUse){ .addr = u->addr, .chain = u->chain });

                if (!chain)
                        return complain("printing", -ENOMEM);
                printf("%s\n", chain);
        }
        return print_text(m.n > 0 ? "" : "the network hangs on no PCI function\n");
}

int verb_remember(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF, lock = -EBADF;
        NetworkNow now = {};
        bool live;
        int code, e;

        rfd = run_open_root(o->root, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        code = run_lock("remember", rfd, &lock);
        if (code == EXIT_READY)
                code = refuse_untrusted(rfd);
        if (code != EXIT_READY)
                return code;
        e = facts_gather_network(rfd, live, &now);
        if (e < 0)
                return complain("looking at the network", e);
        if (!live && !now.is_all) {
                free(now.text);
                tell("what the network of a system hangs on is to be seen only while it runs");
                return EXIT_UNKNOWN;
        }
        if (o->boot && (!now.is_all || (now.n == 0 && is_remembered(rfd)))) {
                free(now.text);
                return print_text("the network is not up: what is remembered stays\n");
        }
        e = apply_report(rfd, NAME_STATE_DIR, strrchr(NAME_NETWORK, '/') + 1, now.text);
        code = e < 0 ? complain(NAME_NETWORK, e) : show(now.text);
        free(now.text);
        return code;
}
