/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/uki-addon.h"

#define FILE_ALIGN      0x200U
#define MEMORY_ALIGN    0x1000U /* pages: what firmware wants that protects sections from each other */
#define HEADER_BYTES    FILE_ALIGN
#define COFF_AT         64U
#define OPTIONAL_AT     (COFF_AT + 24U)
#define DIRECTORIES     16U
#define OPTIONAL_SIZE   (112U + DIRECTORIES * 8U)
#define TABLE_AT        (OPTIONAL_AT + OPTIONAL_SIZE)
#define SECTION_BYTES   40U
#define SECTIONS_MAX    3U
#define CONTENT_MAX     (256U * 1024U * 1024U)

#define DOS_MAGIC       0x5a4dU /* "MZ" */
#define PE_MAGIC        0x4550U /* "PE\0\0" */
#define MACHINE_X64     0x8664U
#define EXECUTABLE      0x0022U /* an image, and it may lie above 2 GiB */
#define PE32_PLUS       0x020bU
#define EFI_APPLICATION 10U
#define NO_EXECUTE      0x0100U /* sections with data need not be executable */
#define SECTION_CODE    0x60000020U
#define SECTION_DATA    0x40000040U
#define STACK_RESERVE   0x100000U

/* mov rax, EFI_UNSUPPORTED; ret */
static const unsigned char code[] = { 0x48, 0xb8, 3, 0, 0, 0, 0, 0, 0, 0x80, 0xc3 };

typedef struct Section {
        const char *name;
        const void *content;
        size_t size;
        uint32_t flags;
} Section;

static void put(char *at, size_t bytes, uint64_t value)
{
        for (size_t i = 0; i < bytes; i++)
                at[i] = (char) (unsigned char) (value >> 8 * i);
}

static size_t align(size_t n, size_t to)
{
        return (n + to - 1) / to * to;
}

static void put_optional(char *p, size_t data_bytes, size_t image_bytes)
{
        put(p, 2, PE32_PLUS);
        put(p + 4, 4, FILE_ALIGN); /* of code, in the file */
        put(p + 8, 4, data_bytes);
        put(p + 16, 4, MEMORY_ALIGN); /* entry point */
        put(p + 20, 4, MEMORY_ALIGN); /* and where the code begins */
        put(p + 32, 4, MEMORY_ALIGN);
        put(p + 36, 4, FILE_ALIGN);
        put(p + 56, 4, image_bytes);
        put(p + 60, 4, HEADER_BYTES);
        put(p + 68, 2, EFI_APPLICATION);
        put(p + 70, 2, NO_EXECUTE);
        put(p + 72, 8, STACK_RESERVE);
        put(p + 108, 4, DIRECTORIES);
}

/* @s: the first one is the code. @file: of the size that layout() told, zeros. */
static void fill(char *file, const Section *s, size_t n, size_t image_bytes)
{
        size_t at = HEADER_BYTES, address = MEMORY_ALIGN, data_bytes = 0;

        put(file, 2, DOS_MAGIC);
        put(file + 60, 4, COFF_AT);
        put(file + COFF_AT, 4, PE_MAGIC);
        put(file + COFF_AT + 4, 2, MACHINE_X64);
        put(file + COFF_AT + 6, 2, n);
        put(file + COFF_AT + 20, 2, OPTIONAL_SIZE);
        put(file + COFF_AT + 22, 2, EXECUTABLE);
        for (size_t i = 0; i < n; i++) {
                char *header = file + TABLE_AT + i * SECTION_BYTES;
                size_t in_file = align(s[i].size, FILE_ALIGN);

                memcpy(header, s[i].name, strlen(s[i].name));
                put(header + 8, 4, s[i].size);
                put(header + 12, 4, address);
                put(header + 16, 4, in_file);
                put(header + 20, 4, at);
                put(header + 36, 4, s[i].flags);
                memcpy(file + at, s[i].content, s[i].size);
                at += in_file;
                address += align(s[i].size, MEMORY_ALIGN);
                data_bytes += i > 0 ? in_file : 0;
        }
        put_optional(file + OPTIONAL_AT, data_bytes, image_bytes);
}

int uki_addon_build(const char *cmdline, const void *initrd, size_t initrd_size, char **ret, size_t *ret_size)
{
        Section sections[SECTIONS_MAX] = { { ".text", code, sizeof(code), SECTION_CODE } };
        size_t n = 1, size = HEADER_BYTES, image_bytes = MEMORY_ALIGN;
        char *file;

        if (*cmdline)
                sections[n++] = (Section){ ".cmdline", cmdline, strlen(cmdline), SECTION_DATA };
        sections[n++] = (Section){ ".initrd", initrd, initrd_size, SECTION_DATA };
        for (size_t i = 0; i < n; i++) {
                if (sections[i].size > CONTENT_MAX)
                        return -EFBIG;
                size += align(sections[i].size, FILE_ALIGN);
                image_bytes += align(sections[i].size, MEMORY_ALIGN);
        }
        file = calloc(1, size);
        if (!file)
                return -ENOMEM;
        fill(file, sections, n, image_bytes);
        *ret = file;
        *ret_size = size;
        return 0;
}
