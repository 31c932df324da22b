/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/lazy.h"

#if DLOPEN_LIBRARIES
#include <dlfcn.h>
#endif

#if DLOPEN_LIBRARIES
int lazy_load(const char *soname, const LazySymbol *symbols, size_t n)
{
        void *handle;

        if (n > 0 && *symbols[n - 1].pointer) /* set last */
                return 0;
        handle = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
        if (!handle)
                return -ENOPKG;
        for (size_t i = 0; i < n; i++) {
                void *p = dlsym(handle, symbols[i].name);

                if (!p) {
                        for (size_t k = 0; k < i; k++)
                                *symbols[k].pointer = NULL;
                        (void) dlclose(handle);
                        return -ENOPKG;
                }
                *symbols[i].pointer = p;
        }
        return 0;
}
#else
int lazy_load(const char *soname, const LazySymbol *symbols, size_t n)
{
        (void) soname, (void) symbols, (void) n;
        return 0;
}
#endif
