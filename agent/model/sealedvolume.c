/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sealedvolume.h"

#include "array.h"
#include "base/text.h"
#include "parse.h"

void sealed_volumes_free(SealedVolume *volumes, size_t n)
{
        FOREACH_ARRAY(v, volumes, n)
                free(v->device);
        free(volumes);
}

static int pcr_parse(const char *word, uint32_t *ret)
{
        static const struct {
                const char *name;
                uint32_t pcr;
        } names[] = {
                { "platform-code", 0 },
                { "platform-config", 1 },
                { "external-code", 2 },
                { "external-config", 3 },
                { "boot-loader-code", 4 },
                { "boot-loader-config", 5 },
                { "host-platform", 6 },
                { "secure-boot-policy", 7 },
                { "kernel-initrd", 9 },
                { "ima", 10 },
                { "kernel-boot", 11 },
                { "kernel-config", 12 },
                { "sysexts", 13 },
                { "shim-policy", 14 },
                { "system-identity", 15 },
                { "debug", 16 },
                { "application-support", 23 },
        };

        FOREACH_ARRAY(n, names, ELEMENTSOF(names))
                if (streq(n->name, word)) {
                        *ret = n->pcr;
                        return 0;
                }
        return parse_u32(word, 10, ret) < 0 || *ret >= PCR_MAX ? -EINVAL : 0;
}

int pcrs_parse(const char *text, uint32_t *ret)
{
        uint32_t pcrs = 0;

        while (*text) {
                size_t n = strcspn(text, "+,");
                char word[32];
                uint32_t pcr;

                if (n > 0) {
                        if (n >= sizeof(word))
                                return -EINVAL;
                        memcpy(word, text, n);
                        word[n] = 0;
                        word[strcspn(word, ":")] = 0;
                        if (pcr_parse(word, &pcr) < 0)
                                return -EINVAL;
                        pcrs |= PCR_BIT(pcr);
                }
                text += n + (text[n] != 0);
        }
        *ret = pcrs;
        return 0;
}

const char *pcrs_print(uint32_t pcrs, char buf[PCRS_TEXT_MAX])
{
        size_t n = 0;

        buf[0] = 0;
        for (unsigned i = 0; i < PCR_MAX; i++)
                if (pcrs & PCR_BIT(i))
                        n += (size_t) snprintf(buf + n, PCRS_TEXT_MAX - n, "%s%u", n > 0 ? "+" : "", i);
        return buf;
}
