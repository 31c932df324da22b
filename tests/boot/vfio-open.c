/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-open ADDRESS: the proof that a PCI function is ready for passthrough.
 *
 * Does what a virtual machine monitor does first: opens the container and the
 * function's group, attaches one to the other, gets the device and maps one
 * page for its DMA. Prints a line a step. Exit status 0 only if all of it worked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define DMA_ADDRESS UINT64_C(0x100000000)

static void failed(const char *step)
{
        int e = errno;

        printf("%s: failed: %s (%s)\n", step, strerrorname_np(e), strerror(e));
        exit(EXIT_FAILURE);
}

static void refused(const char *step, const char *why)
{
        printf("%s: failed: %s\n", step, why);
        exit(EXIT_FAILURE);
}

/* The number of the function's IOMMU group: the last part of a link in sysfs. */
static unsigned group_of(const char *address)
{
        char path[128], target[256];

        snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
                failed("group");
        target[n] = 0;
        const char *slash = strrchr(target, '/');
        unsigned group = (unsigned) strtoul(slash ? slash + 1 : target, NULL, 10);
        printf("group: %u\n", group);
        return group;
}

static int open_step(const char *path)
{
        int fd = open(path, O_RDWR | O_CLOEXEC);

        if (fd < 0)
                failed(path);
        printf("%s: opened\n", path);
        return fd;
}

static void set_iommu(int container)
{
        int types[] = { VFIO_TYPE1v2_IOMMU, VFIO_TYPE1_IOMMU };

        for (size_t i = 0; i < 2; i++)
                if (ioctl(container, VFIO_CHECK_EXTENSION, types[i]) > 0) {
                        if (ioctl(container, VFIO_SET_IOMMU, types[i]) < 0)
                                failed("SET_IOMMU");
                        printf("SET_IOMMU: %s\n", i == 0 ? "TYPE1v2" : "TYPE1");
                        return;
                }
        refused("SET_IOMMU", "the container offers no TYPE1");
}

static void map_page(int container)
{
        size_t size = (size_t) sysconf(_SC_PAGESIZE);
        void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
                failed("mmap");
        memset(page, 0x5a, size);

        struct vfio_iommu_type1_dma_map map = {
                .argsz = sizeof(map),
                .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
                .vaddr = (uintptr_t) page,
                .iova = DMA_ADDRESS,
                .size = size,
        };
        if (ioctl(container, VFIO_IOMMU_MAP_DMA, &map) < 0)
                failed("MAP_DMA");
        printf("MAP_DMA: %zu bytes at 0x%llx\n", size, (unsigned long long) map.iova);

        struct vfio_iommu_type1_dma_unmap unmap = {
                .argsz = sizeof(unmap),
                .iova = map.iova,
                .size = size,
        };
        if (ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap) < 0)
                failed("UNMAP_DMA");
        if (unmap.size != size)
                refused("UNMAP_DMA", "less was unmapped than was mapped");
        printf("UNMAP_DMA: done\n");
}

int main(int argc, char **argv)
{
        setvbuf(stdout, NULL, _IOLBF, 0);
        if (argc != 2) {
                fprintf(stderr, "usage: vfio-open ADDRESS\n");
                return 64;
        }

        char path[64];
        snprintf(path, sizeof(path), "/dev/vfio/%u", group_of(argv[1]));
        int container = open_step("/dev/vfio/vfio");
        int group = open_step(path);

        struct vfio_group_status status = { .argsz = sizeof(status) };
        if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) < 0)
                failed("GROUP_GET_STATUS");
        if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
                refused("GROUP_GET_STATUS", "the group is not viable");
        printf("GROUP_GET_STATUS: viable\n");

        if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0)
                failed("SET_CONTAINER");
        printf("SET_CONTAINER: done\n");
        set_iommu(container);

        int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, argv[1]);
        if (device < 0)
                failed("GET_DEVICE_FD");
        printf("GET_DEVICE_FD: done\n");

        struct vfio_device_info info = { .argsz = sizeof(info) };
        if (ioctl(device, VFIO_DEVICE_GET_INFO, &info) < 0)
                failed("DEVICE_GET_INFO");
        printf("DEVICE_GET_INFO: %u regions, %u interrupts\n", info.num_regions, info.num_irqs);

        printf("reset: %s\n", !(info.flags & VFIO_DEVICE_FLAGS_RESET)       ? "not offered"
                              : ioctl(device, VFIO_DEVICE_RESET, NULL) == 0 ? "done"
                                                                            : strerrorname_np(errno));
        map_page(container);
        printf("ready: %s\n", argv[1]);
        return EXIT_SUCCESS;
}
