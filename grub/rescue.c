/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/rescue.h"

bool entry_is_rescue(const char *title, const char *kernel, const Kargs *arguments)
{
        static const char *const titles[] = { "(recovery mode)", "(rescue mode)", "(single-user",
                                              "0-rescue-",       " Rescue ",      "Failsafe -- " };
        static const char *const words[] = { "single",
                                             "1",
                                             "s",
                                             "S",
                                             "rescue",
                                             "emergency",
                                             "systemd.unit=rescue.target",
                                             "systemd.unit=emergency.target" };

        for (size_t i = 0; title && i < ELEMENTSOF(titles); i++)
                if (strstr(title, titles[i]))
                        return true;
        if (kernel && strstr(kernel, "-0-rescue-"))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (kargs_has(arguments, words[i]))
                        return true;
        return false;
}
