/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/rescue.h"

#include "model/rescueword.h"

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

        for (size_t i = 0; title && i < ELEMENTSOF(titles); i++)
                if (strstr(title, titles[i]))
                        return true;
        if (id && is_recovery_id(id))
                return true;
        if (kernel && (strstr(kernel, "-0-rescue-") || endswith(kernel, "-fallback.efi")))
                return true;
        FOREACH_ARRAY(word, arguments->words.items, arguments->words.n)
                if (rescue_word(*word))
                        return true;
        return false;
}

bool initrd_is_fallback(const char *initrd)
{
        return endswith(initrd, "-fallback.img");
}
