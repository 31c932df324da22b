/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/* Gets each line of modprobe's configuration. @text: may be taken apart. 0; -ENOMEM, which ends the reading. */
typedef int (*ModprobeLine)(void *userdata, const char *path, unsigned line, char *text);

/**
 * modprobe_config_read() - what modprobe is configured with
 * Files of the same name count once, in the first of the directories; all of them are read in the order of their names.
 * A line that ends in a backslash goes on with the next one, and has its own number; comments and empty lines are left
 * out. What cannot be read is passed over. Returns 0 or -ENOMEM.
 *
 * Source: modprobe.d(5); libkmod/libkmod.c (default_config_paths) and libkmod-config.c (conf_files_list(),
 * kmod_config_parse()) of kmod. libkmod itself has no way to read below another root.
 */
int modprobe_config_read(int rfd, ModprobeLine each, void *userdata) _must_check_;
