/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* Switches of an SELinux policy that decide what confined guests may do with PCI devices. Which of them there are is
 * the policy's matter. */
typedef enum SelinuxBoolean {
        SELINUX_USE_SYSFS,    /* since 2009 */
        SELINUX_MANAGE_SYSFS, /* what it was called before */
        _SELINUX_BOOLEAN_MAX,
} SelinuxBoolean;

const char *selinux_boolean_to_string(SelinuxBoolean b);

/* What its step is about: the file by which the kernel shows it, "VALUE PENDING" (Linux security/selinux/selinuxfs.c,
 * sel_read_bool()). Owned by the caller; NULL when memory is short. */
char *selinux_boolean_path(SelinuxBoolean b);
