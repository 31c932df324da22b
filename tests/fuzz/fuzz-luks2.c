/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "probe/luks2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is the JSON area: a binary header goes before it, with a size that fits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static unsigned char header[LUKS2_SIZE_MAX];
        uint32_t policy = PCR_BIT(4) | PCR_BIT(9), total = LUKS2_SIZE_MIN, pcrs, seen;
        SealedTokens tokens;
        bool by_policy;
        _cleanup_free_ char *text = malloc(size + 1);

        if (!text || size > LUKS2_SIZE_MAX - LUKS2_BINARY_BYTES)
                return 0;
        while (total - LUKS2_BINARY_BYTES < size)
                total *= 2;
        memset(header, 0, total);
        memcpy(header, "LUKS\xba\xbe\0\2", 8);
        for (unsigned i = 0; i < 4; i++)
                header[12 + i] = (unsigned char) (total >> (24 - 8 * i));
        memcpy(header + LUKS2_BINARY_BYTES, data, size);
        if (luks2_size(header, &seen) < 0 || seen != total)
                abort();
        if (luks2_tokens(header, total, policy, &tokens, &by_policy) >= 0) {
                if (tokens.n > SEALED_TOKENS_MAX)
                        abort();
                for (size_t i = 0; i < tokens.n; i++)
                        if (tokens.pcrs[i] >= PCR_BIT(PCR_MAX))
                                abort();
        }
        memcpy(text, data, size);
        text[size] = 0;
        if (pcrlock_parse(text, &pcrs) >= 0 && pcrs >= PCR_BIT(PCR_MAX))
                abort();
        if (pcrs_parse(text, &pcrs) >= 0 && pcrs >= PCR_BIT(PCR_MAX))
                abort();
        return 0;
}
