/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/*
 * An addon for unified kernel images: a PE file whose sections systemd-stub takes in addition to those of the image
 * that it boots (systemd-stub(7), "Companion Files").
 *
 * What is read there (systemd src/boot/stub.c, load_addons()): the firmware's LoadImage() has to take the file, and
 * then its section table is looked through in memory; nothing in it is ever started. So this is a whole small program
 * for x86-64 that only says EFI_UNSUPPORTED, as systemd's own addon stub does, and needs no package of it. What
 * LoadImage() demands: EDK II MdePkg/Library/BasePeCoffLib/BasePeCoff.c, PeCoffLoaderGetPeHeader(); the layout: PE
 * Format, "Optional Header".
 */

/* Of an image, from which on its stub takes an initramfs from an addon (systemd 257). */
#define UKI_ADDON_STUB_VERSION 257U

/**
 * uki_addon_build() - its bytes
 * The same input makes the same bytes.
 * @cmdline: words that are appended to the command line; "": none. @initrd: @initrd_size bytes, unpacked behind all
 * that the image brings. @ret: @ret_size bytes, owned by the caller. 0; -EFBIG: more than fits in such a file; -ENOMEM.
 */
int uki_addon_build(const char *cmdline, const void *initrd, size_t initrd_size, char **ret,
                    size_t *ret_size) _must_check_;
