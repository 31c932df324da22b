/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * Libraries that most runs do not need are loaded at their first use: what libkmod, libmount and libarchive bring along
 * (libcrypto, libselinux, libxml2 and ICU) costs the dynamic linker more time than a whole check takes.
 */
typedef struct LazySymbol {
        const char *name;
        void **pointer; /* a function pointer of the right type */
} LazySymbol;

/* Declares a pointer sym_NAME of the type that the library's header gives the function. */
#define LAZY_FUNCTION(name) static typeof(&name) sym_##name
/* The same in a header, for several files, and in the one file that loads it. */
#define LAZY_SHARED(name)   extern typeof(&name) sym_##name
#define LAZY_DEFINE(name)   typeof(&name) sym_##name
#define LAZY_SYMBOL(name)                                                                                              \
        {                                                                                                              \
#name, (void **) &sym_##name                                                                           \
        }

/**
 * lazy_load() - load a library once and resolve what is used of it
 * @soname: with the version of the binary interface, e.g. "libkmod.so.2". @symbols: filled all or none.
 *
 * The library stays loaded. Calling again is cheap.
 * Returns 0; -ENOPKG: not installed, or without one of the symbols.
 */
int lazy_load(const char *soname, const LazySymbol *symbols, size_t n) _must_check_;
