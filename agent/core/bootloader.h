/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "model/bootmount.h"
#include "model/loader.h"

/**
 * bootloader_json() - what the boot loaders of a machine will do, for programs
 * @ret: JSON text with a final newline, owned by the caller.
 *
 * {"loaders":[{"kind","files":[..],"variables":{NAME:{"value","state"}},"entries":[{"id","kernel","arguments":[..],
 * "rescue","default","source"}]}]}. A value is null unless its state is "known"; the others are "unset" and
 * "cannot-tell". Where file systems were not mounted: "unmounted":[{"mount_point","device","listed","elsewhere",
 * "failure"}]. Returns 0 or -ENOMEM.
 */
int bootloader_json(const Loader *loaders, size_t n, const BootMounts *unmounted, char **ret) _must_check_;

/* The same for people. @ret: text, owned by the caller. 0 or -ENOMEM. */
int bootloader_text(const Loader *loaders, size_t n, const BootMounts *unmounted, char **ret) _must_check_;
