/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/* A volume that a boot opens by itself with the TPM's help, and what that help is bound to. */

/* Bit of a register of the TPM; there are 24 (TCG PC Client Platform Firmware Profile, 3.3.4). */
#define PCR_BIT(n)        (UINT32_C(1) << (n))
#define PCR_MAX           24U

/* More tokens than a header has key slots there are not (LUKS2 On-Disk Format 1.1, 3.5). */
#define SEALED_TOKENS_MAX 32U

/* Each a way of its own to open the volume: the registers whose present values it needs, a bit each. */
typedef struct SealedTokens {
        uint32_t pcrs[SEALED_TOKENS_MAX];
        size_t n;
} SealedTokens;

typedef struct SealedVolume {
        char *device;   /* "vda3", or as the file that asks for it has it */
        bool known;     /* what it is bound to could be read */
        bool by_policy; /* a tool of the host makes the policy anew for what will boot */
        SealedTokens tokens;
} SealedVolume;

void sealed_volumes_free(SealedVolume *volumes, size_t n);

/**
 * pcrs_parse() - "7+12", "7,12" and the like as crypttab(5) and fde-tools have them
 * Names of registers (systemd-cryptenroll(1)) are understood, and what follows a ":" (bank, value) is passed over.
 * Returns 0; -EINVAL.
 */
int pcrs_parse(const char *text, uint32_t *ret) _must_check_;

/* "7+12"; "" where there is none. */
#define PCRS_TEXT_MAX 80
const char *pcrs_print(uint32_t pcrs, char buf[PCRS_TEXT_MAX]);
