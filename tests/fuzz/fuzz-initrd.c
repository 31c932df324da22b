/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "base/file.h"
#include "initramfs/initrd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        InitrdItem items[] = { { .name = "etc/ptprep/claims" }, { .name = "vfio_pci", .module = true } };
        BuilderKind maker = BUILDER_UNKNOWN;
        _cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);

        if (fd < 0 || write_all(fd, data, size) < 0)
                return 0;
        if (initrd_scan(fd, 0, 0, items, ELEMENTSOF(items), &maker) == 0 && items[1].found && items[1].hash != 0)
                abort(); /* the content of a module is not hashed */
        return 0;
}
