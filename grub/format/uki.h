/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/*
 * Unified kernel images: PE files that carry a kernel, its initramfs and its command line as sections (UAPI Group,
 * "Unified Kernel Image"; PE Format, "COFF File Header" and "Section Table"). Addons are the same without a kernel.
 */

/* Where a section's content stands in the file, in bytes. size 0: there is none. */
typedef struct UkiRange {
        uint64_t offset, size;
} UkiRange;

/* One menu entry that the image makes. What a profile does not have itself is the image's own. */
typedef struct UkiProfile {
        char *id;      /* ID= of its .profile section; NULL: the image has no profiles, or it has no id */
        char *title;   /* TITLE= of it, NULL: none */
        char *cmdline; /* without the line end; NULL: none embedded */
        UkiRange initrd;
} UkiProfile;

typedef struct Uki {
        bool kernel;        /* has a .linux section; without one it is an addon */
        bool x64;           /* for x86-64 */
        unsigned stub;      /* the version of systemd-stub that boots it; 0: no such stub */
        bool has_signature; /* it has a certificate table; whether the firmware trusts it is not known */
        char *release;      /* .uname, NULL: none */
        char *name;         /* PRETTY_NAME= of .osrel, else its ID=; NULL: none */
        char *sort_key;     /* IMAGE_ID= of .osrel, else its ID=; NULL: none */
        char *os_version; /* IMAGE_VERSION=, VERSION=, VERSION_ID= or BUILD_ID= of it, the first that it has; NULL: none
                           */
        UkiProfile *profiles;
        size_t n_profiles; /* at least one */
} Uki;

void uki_done(Uki *u);

/**
 * uki_read() - read the sections that say what an image boots
 * @fd: regular file. @ret: released with uki_done(); untouched on failure.
 *
 * Every offset and length is checked against the size of the file; kernel and initramfs are not read.
 * Returns 0; -EBADMSG no PE file, damaged, or without any of these sections; -ENOMEM; other negative errno of pread(2).
 */
int uki_read(int fd, Uki *ret) _must_check_;

/* uki_read() of a path below a root. As there; negative errno of openat2(2). */
int uki_read_path(int rfd, const char *path, Uki *ret) _must_check_;
