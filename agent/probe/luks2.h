/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/sealedvolume.h"

/*
 * The header of a LUKS2 volume, as far as its tokens go: how it is opened without a passphrase. Only ever read.
 * Source: LUKS2 On-Disk Format Specification 1.1, 2.1 (binary header) and 3 (JSON area).
 */

/* The binary header, and all sizes of the two together: 2.1, hdr_size. */
#define LUKS2_BINARY_BYTES 4096U
#define LUKS2_SIZE_MIN     (16U * 1024)
#define LUKS2_SIZE_MAX     (4U * 1024 * 1024)

/**
 * luks2_size() - bytes of the header and its JSON area
 * @data: the first LUKS2_BINARY_BYTES of a volume.
 * Returns 0; -EINVAL: it is no LUKS2 volume, or of a size that none has.
 */
int luks2_size(const void *data, uint32_t *ret) _must_check_;

/**
 * luks2_tokens() - the tokens that open a volume with a TPM's help and nobody's
 * @data, @size: as luks2_size() has it. @policy: registers of the policy of systemd-pcrlock(8), for tokens that follow
 * it. @ret_by_policy: one does.
 *
 * Of systemd (systemd-tpm2: bound to the values of "tpm2-pcrs"; what is signed, "tpm2_pubkey_pcrs", is for whoever
 * signs to keep right; a PIN needs a person all the same, and such a token does not count) and of clevis (pins tpm2,
 * and sss around it). Returns 0; -EBADMSG: its JSON is none, or of another form; -ENOMEM; -ENOPKG:
 * json-c is not installed.
 */
int luks2_tokens(const void *data, uint32_t size, uint32_t policy, SealedTokens *ret, bool *ret_by_policy) _must_check_;

/* Registers of /var/lib/systemd/pcrlock.json, whose text this is. Returns as luks2_tokens() does. */
int pcrlock_parse(const char *text, uint32_t *ret) _must_check_;
