/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/builders.h"

#include "model/record.h"

/* dracut(8). ptprep's part of its images is the module in dracut/90ptprep. */

const BuilderOps builder_dracut = {
        .kind = BUILDER_DRACUT,
        .programs = (const char *const[]){ "/usr/bin/dracut", "/usr/sbin/dracut", "/sbin/dracut", NULL },
        .marks = (const char *const[]){ "usr/lib/dracut/*", "lib/dracut/*", "dracut-0*", NULL },
        .images_first = true,
        .starts_claim_image = true,
        .hooks = (const char *const[]){ "dracut", "*-dracut", "*-dracut.install", "*dracut*install*.hook", NULL },
        /*
         * The file has to end in .conf and the value needs inner blanks (dracut.conf(5)). It may be left when ptprep is
         * gone, and dracut builds no image at all where a module that is asked for is not there: so it looks, with the
         * variable that dracut.sh sets for its own place.
         */
        .snippet_path = "/etc/dracut.conf.d/ptprep.conf",
        .snippet = GENERATED_HEADER "if [[ -d ${dracutbasedir:-/usr/lib/dracut}/modules.d/90ptprep ]]; then\n"
                                    "    add_dracutmodules+=\" ptprep \"\n"
                                    "fi\n",
        .command = (const char *const[]){ "dracut", "--force", BUILDER_IMAGE, BUILDER_RELEASE, NULL },
        /* it ends with 0 all the same (dracut-functions.sh, dracut_install(); dracut-logger.sh) */
        .failures = (const char *const[]){ "dracut-install: ERROR", "FAILED:", "dracut[E]:", NULL },
};
