/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "macro.h"

/*
 * Libraries that most runs do not need are loaded at their first use: what libkmod, libmount, libpci and libarchive
 * bring along (libcrypto, libselinux, libudev, libxml2 and ICU) costs the dynamic linker more time than a whole check
 * takes.
 */
typedef struct LazySymbol {
        const char *name;
        void **pointer; /* a function pointer of the right type */
} LazySymbol;

/*
 * With -Ddlopen=false the program is linked with them as usual, for whoever prefers that: the pointers are set from the
 * start, and lazy_load() has nothing to do.
 */
#if DLOPEN_LIBRARIES
#define LAZY_VALUE(name) NULL
#else
#define LAZY_VALUE(name) name
#endif

/* Declares a pointer sym_NAME of the type that the library's header gives the function. */
#define LAZY_FUNCTION(name) static typeof(&name) sym_##name = LAZY_VALUE(name)
/* The same in a header, for several files, and in the one file that loads it. */
#define LAZY_SHARED(name)   extern typeof(&name) sym_##name
#define LAZY_DEFINE(name)   typeof(&name) sym_##name = LAZY_VALUE(name)
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

/*
 * Tells package builders what is opened by name, since no DT_NEEDED entry does. One for each library, in the file that
 * opens it. PRIORITY: "required", "recommended" or "suggested". Source: systemd docs/ELF_DLOPEN_METADATA.md: a note of
 * type 0x407c0c0a by "FDO" with a JSON array.
 */
#define LAZY_NOTE_TYPE 0x407c0c0aU
#if DLOPEN_LIBRARIES
#define LAZY_NOTE(feature, description, priority, soname)                                                              \
        LAZY_NOTE_JSON("[{\"feature\":\"" feature "\",\"description\":\"" description "\",\"priority\":\"" priority    \
                       "\",\"soname\":[\"" soname "\"]}]")
#define LAZY_NOTE_JSON(json)                                                                                           \
        __attribute__((used, section(".note.dlopen"))) _Alignas(uint32_t) static const struct {                        \
                uint32_t n_namesz, n_descsz, n_type;                                                                   \
                char name[sizeof("FDO")];                                                                              \
                _Alignas(uint32_t) char text[sizeof(json)];                                                            \
        } lazy_note = { sizeof("FDO"), sizeof(json), LAZY_NOTE_TYPE, "FDO", json }
#else
#define LAZY_NOTE(feature, description, priority, soname) _Static_assert(1, feature)
#endif
