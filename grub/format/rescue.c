/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/rescue.h"

/* "gnulinux-RELEASE-recovery-DEVICE", and the same behind "xen-". */
static bool is_recovery_id(const char *id)
{
        const char *rest = strstr(id, "gnulinux-");

        return rest && (strstr(rest, "-recovery-") || endswith(rest, "-recovery"));
}

bool entry_is_rescue(const char *id, const char *title, const char *kernel, const Kargs *arguments)
{
        static const char *const titles[] = { "(recovery mode)",      "(rescue mode)", "(single-user",
                                              "(fallback initramfs)", "0-rescue-",     " Rescue ",
                                              "Failsafe -- ",         "Snapper: " };
        static const char *const words[] = { "single",
                                             "1",
                                             "s",
                                             "S",
                                             "recovery",
                                             "rescue",
                                             "emergency",
                                             "systemd.unit=rescue.target",
                                             "systemd.unit=emergency.target" };

        for (size_t i = 0; title && i < ELEMENTSOF(titles); i++)
                if (strstr(title, titles[i]))
                        return true;
        if (id && is_recovery_id(id))
                return true;
        if (kernel && (strstr(kernel, "-0-rescue-") || endswith(kernel, "-fallback.efi")))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (kargs_has(arguments, words[i]))
                        return true;
        return false;
}

bool initrd_is_fallback(const char *initrd)
{
        return endswith(initrd, "-fallback.img");
}
