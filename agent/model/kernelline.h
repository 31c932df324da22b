/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "kargs.h"

/*
 * The command line that a kernel is built with. On x86 it stands in front of what the boot loader says, and with
 * CONFIG_CMDLINE_OVERRIDE in its place (Linux arch/x86/kernel/setup.c, setup_arch()). Elsewhere only
 * CONFIG_CMDLINE_FORCE is known here, which also takes its place (drivers/of/fdt.c, early_init_dt_scan_chosen()).
 */
typedef struct KernelLine {
        Kargs words;
        bool alone; /* nothing that a boot loader says counts */
        char *file; /* the kernel's configuration, in which it stands; NULL: there is none, as far as anybody knows */
        unsigned line;
} KernelLine;

void kernel_line_done(KernelLine *l);

/**
 * kernel_line_parse() - what the configuration of a kernel says of it
 * @file: where that was read, copied. @ret: gets nothing where none is built in. 0 or -ENOMEM.
 */
int kernel_line_parse(const char *config, const char *file, KernelLine *ret) _must_check_;

/* Copies words and all. 0 or -ENOMEM. */
int kernel_line_copy(const KernelLine *l, KernelLine *ret) _must_check_;

/* The option that decides, for people. */
const char *kernel_line_option(const KernelLine *l);
