/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "kargs.h"

/*
 * The command line that a kernel is built with. On x86 it stands in front of what the boot loader says, and with
 * CONFIG_CMDLINE_OVERRIDE in its place (Linux arch/x86/kernel/setup.c, setup_arch()). Elsewhere an option says what
 * becomes of it (drivers/of/fdt.c, early_init_dt_scan_chosen()): with CONFIG_CMDLINE_FORCE it takes that place, with
 * CONFIG_CMDLINE_EXTEND it stands behind, and else it counts only where a boot loader says nothing, as none does that
 * is read here. arm64 has no CONFIG_CMDLINE_EXTEND; on 32-bit ARM with ATAGS, and on MIPS, it stands otherwise, and is
 * not told from that.
 */
typedef struct KernelLine {
        Kargs words;
        bool alone;  /* nothing that a boot loader says counts */
        bool behind; /* it stands behind what a boot loader says */
        char *file;  /* the kernel's configuration, in which it stands; NULL: there is none, as far as anybody knows */
        unsigned line;
} KernelLine;

void kernel_line_done(KernelLine *l);

/**
 * kernel_line_parse() - what the configuration of a kernel says of it
 * @file: where that was read, copied. @ret: gets nothing where none is built in. 0 or -ENOMEM.
 */
int kernel_line_parse(const char *config, const char *file, KernelLine *ret) _must_check_;

/* Does it hand all that a boot loader says to init? So does a "--" in front of that: the kernel takes no argument
 * behind it (Linux kernel/params.c, parse_args(); init/main.c, start_kernel()). */
bool kernel_line_ends(const KernelLine *l);

/* Is it in vain to say anything to this kernel? */
static inline bool kernel_line_is_deaf(const KernelLine *l)
{
        return l->alone || kernel_line_ends(l);
}

/* Copies words and all. 0 or -ENOMEM. */
int kernel_line_copy(const KernelLine *l, KernelLine *ret) _must_check_;
