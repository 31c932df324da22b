/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "grub/format/shell-state.h"

/*
 * What a POSIX shell makes of files of assignments, such as /etc/default/grub and its drop-ins, without running
 * anything. Where only a shell could tell (command substitution, conditions, other files), the variable says so.
 * Source: POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.6.2 Parameter Expansion, 2.9.1 Simple Commands; dash(1).
 */

/**
 * shell_eval() - evaluate files in order, each as "." would read it into the same shell
 * @ret: owned by the caller. Returns 0 or -ENOMEM.
 */
int shell_eval(const LoaderFile *files, size_t n, ShellDialect dialect, ShellState *ret) _must_check_;
