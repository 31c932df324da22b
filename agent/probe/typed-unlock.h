/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/facts.h"

/**
 * typed_unlock() - does somebody have to type a passphrase while Linux boots?
 *
 * What /etc/crypttab and /etc/crypttab.initramfs open at boot without a key file, a TPM, a security token or a program
 * that has the key; what rd.luks.uuid= and the like ask for of which they say nothing (crypttab(5),
 * systemd-cryptsetup-generator(8)); what cryptdevice= and the like ask for. A passphrase that the boot loader asks for
 * is none: then the firmware has the keyboard, whatever Linux does with it later. Returns 1, 0 or -ENOMEM. What cannot
 * be read asks for nothing.
 */
int typed_unlock(int rfd, const Facts *f) _must_check_;
