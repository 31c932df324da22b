/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initramfs/builders.h"

#include "model/names.h"
#include "model/record.h"

/*
 * mkinitcpio(8), of Arch Linux. Every image has the configuration it was built from (functions, parse_config()).
 * ptprep's part of its images is the hook in dracut/mkinitcpio.
 */
const BuilderOps builder_mkinitcpio = {
        .kind = BUILDER_MKINITCPIO,
        .programs = (const char *const[]){ "/usr/bin/mkinitcpio", NULL },
        .marks = (const char *const[]){ "buildconfig", NULL },
        .images_first = true,
        .hooks = (const char *const[]){ "*-mkinitcpio.install", "*mkinitcpio*install*.hook", NULL },
        /*
         * Read behind /etc/mkinitcpio.conf (mkinitcpio 38), and behind drop-ins that set HOOKS anew. A hook that is not
         * there is an error, so it looks.
         */
        .snippet_path = "/etc/mkinitcpio.conf.d/zz-ptprep.conf",
        .snippet = GENERATED_HEADER "if [[ -e /usr/lib/initcpio/install/ptprep ]]; then\n"
                                    "    HOOKS=(ptprep \"${HOOKS[@]}\")\n"
                                    "fi\n",
        /* Presets say how each image is built; this knows them. */
        .command = (const char *const[]){ NAME_MKINITCPIO_BUILD, BUILDER_IMAGE, BUILDER_RELEASE, BUILDER_TARGET, NULL },
};
