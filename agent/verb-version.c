/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bootloader.h"
#include "core/explain.h"
#include "core/list.h"
#include "core/report.h"
#include "document.h"
#include "iommu/firmware.h"
#include "model/netmemory.h"
#include "output.h"
#include "run.h"
#include "verb.h"
#include "version.h"

#define VERSION_VERSION 1 /* of the JSON format: raised when a field changes its meaning or goes away */

/* The kinds of documents that this program writes, each with the version of its format. */
static const struct {
        const char *kind;
        int version;
} documents[] = {
        { "bootloader", BOOTLOADER_VERSION }, { "configuration", CONFIGURATION_VERSION },
        { "drivers", DRIVERS_VERSION },       { "explain", EXPLAIN_VERSION },
        { "firmware", FIRMWARE_VERSION },     { "list", LIST_VERSION },
        { "network", NETWORK_VERSION },       { "report", REPORT_VERSION },
        { "version", VERSION_VERSION },
};

static int print_json(void)
{
        _cleanup_json_ struct json_object *o = NULL;
        _cleanup_close_ int rfd = -EBADF;
        struct json_object *versions;
        bool live;
        int r;

        rfd = run_open_root("/", &live);
        if (rfd < 0)
                return EXIT_IO;
        r = document_begin(rfd, live, "version", VERSION_VERSION, &o);
        if (r < 0)
                return complain("writing", r);
        versions = json_new_object();
        r = json_add(o, "documents", versions);
        FOREACH_ARRAY(d, documents, ELEMENTSOF(documents))
                if (r >= 0)
                        r = json_add(versions, d->kind, json_new_int(d->version));
        return r < 0 ? complain("writing", r) : document_print(o);
}

int verb_version(const Options *o)
{
        return options_json(o) ? print_json() : print_text("ptprep " PTPREP_VERSION "\n");
}
