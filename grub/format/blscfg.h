/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/* Does GRUB make its menu of boot loader specification entries? */

/* Does this grub.cfg run the command "blscfg"? */
bool grub_cfg_has_blscfg(const char *text);

/* Does this /etc/default/grub have GRUB_ENABLE_BLSCFG=true, in any of the spellings that TuneD takes for that? */
bool default_grub_enables_bls(const char *text);

/* The rest of a line behind a command of this name, e.g. "set"; NULL: the line has another command. */
const char *grub_cfg_command(const char *line, const char *name);

/* The directory that this grub.cfg tells "blscfg" to look in; owned by the caller, NULL: none. 0 or -ENOMEM. */
int blscfg_path(const char *text, char **ret) _must_check_;
