/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "selinux.h"

#include "names.h"
#include "table.h"
#include "text.h"

static const char *const selinux_boolean_table[_SELINUX_BOOLEAN_MAX] = {
        [SELINUX_USE_SYSFS] = "virt_use_sysfs",
        [SELINUX_MANAGE_SYSFS] = "virt_manage_sysfs",
};

DEFINE_STRING_TO(selinux_boolean, SelinuxBoolean)

char *selinux_boolean_path(SelinuxBoolean b)
{
        return path_join(NAME_SYS_SELINUX_BOOLEANS, selinux_boolean_to_string(b));
}
