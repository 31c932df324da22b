/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/printer.h"
#include "model/facts.h"

#define BOOTLOADER_VERSION 1 /* of the JSON format: raised when a field changes its meaning or goes away */

/**
 * bootloader_json() - what the boot loaders of a machine will do, for programs
 *
 * The members of origin_document(), of kind "bootloader", and
 * "loaders":[{"kind","files":[..],"variables":{NAME:{"value","state"}},"entries":[{"id","kernel","arguments":[..],
 * "rescue","default","source"}]}]. A value is null unless its state is "known"; the others are "unset" and
 * "cannot-tell". Where there are loaders that ptprep does not edit: "others":[{"name","found","words_go_to"}]. Where
 * the kernel of an entry has a command line of its own: the entry's "built_in":{"arguments":[..],"alone","source"}.
 * Where file systems were not mounted: "unmounted":[{"mount_point","device","listed","elsewhere","failure"}]. Returns
 * 0; -ENOMEM; negative errno of the stream.
 */
int bootloader_json(Printer *p, const Facts *f, const BootMounts *unmounted) _must_check_;

/* The same for people. */
int bootloader_text(Printer *p, const Facts *f, const BootMounts *unmounted) _must_check_;
