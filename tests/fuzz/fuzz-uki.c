/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "base/file.h"
#include "grub/format/uki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
        _cleanup_(uki_done) Uki u = {};

        if (fd < 0 || write_all(fd, data, size) < 0 || uki_read(fd, &u) < 0)
                return 0;
        if (u.n_profiles == 0)
                abort();
        FOREACH_ARRAY(p, u.profiles, u.n_profiles)
                if (p->initrd.offset > size || p->initrd.size > size - p->initrd.offset)
                        abort();
        return 0;
}
