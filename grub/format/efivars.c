/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/efivars.h"

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"

#define ATTRIBUTE_BYTES 4U
#define VALUE_MAX       (16U * 1024)
#define GLOBAL_GUID     "8be4df61-93ca-11d2-aa0d-00e098032b8c" /* UEFI 2.10, section 3.3 */
#define LOADER_GUID     "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* @ret: the value, without the attributes; owned by the caller. */
static int read_variable(int rfd, const char *name, const char *guid, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *path = NULL, *data = NULL;
        size_t size;
        int r;

        if (string_printf(&path, NAME_SYS_EFIVARS "/%s-%s", name, guid) < 0)
                return -ENOMEM;
        r = root_read_file(rfd, path, VALUE_MAX, &data, &size);
        if (r < 0)
                return r;
        if (size < ATTRIBUTE_BYTES)
                return -EBADMSG;
        *ret_size = size - ATTRIBUTE_BYTES;
        memmove(data, data + ATTRIBUTE_BYTES, *ret_size);
        *ret = TAKE_PTR(data);
        return 0;
}

Tristate efi_secure_boot(int rfd)
{
        _cleanup_free_ char *value = NULL;
        size_t size;

        if (read_variable(rfd, "SecureBoot", GLOBAL_GUID, &value, &size) < 0 || size != 1)
                return TRISTATE_UNKNOWN;
        return *value == 1 ? TRISTATE_YES : TRISTATE_NO;
}

/* UTF-16, the lower byte first, to its end or a NUL. NULL when memory is short. */
static char *ascii(const char *value, size_t size)
{
        char *text = malloc(size / 2 + 1);
        size_t n = 0;

        for (size_t i = 0; text && i + 1 < size && (value[i] || value[i + 1]); i += 2)
                text[n++] = value[i + 1] == 0 && (unsigned char) value[i] < 0x7f ? value[i] : '?';
        if (text)
                text[n] = 0;
        return text;
}

static uint16_t u16(const char *at)
{
        return (uint16_t) ((unsigned char) at[0] | (unsigned char) at[1] << 8);
}

#define OPTION_HEADER   6U /* attributes, and the length of the path list */
#define NODE_HEADER     4U /* type, subtype, and the length with these */
#define NODE_MEDIA      4
#define NODE_MEDIA_FILE 4

/* The file in the path list of a load option. */
static int file_of_option(const char *option, size_t size, char **ret)
{
        size_t at = OPTION_HEADER, end;

        if (size < OPTION_HEADER)
                return -EBADMSG;
        while (at + 1 < size && u16(option + at) != 0) /* the description */
                at += 2;
        at += 2;
        if (at > size || u16(option + 4) > size - at)
                return -EBADMSG;
        for (end = at + u16(option + 4); end - at >= NODE_HEADER;) {
                size_t length = u16(option + at + 2);

                if (length < NODE_HEADER || length > end - at)
                        return -EBADMSG;
                if (option[at] == NODE_MEDIA && option[at + 1] == NODE_MEDIA_FILE) {
                        *ret = ascii(option + at + NODE_HEADER, length - NODE_HEADER);
                        return *ret ? 0 : -ENOMEM;
                }
                at += length;
        }
        return -ENOENT;
}

int efi_boot_option(int rfd, uint16_t *ret_number, char **ret_path)
{
        _cleanup_free_ char *current = NULL, *option = NULL;
        char name[sizeof("Boot0000")];
        size_t size;
        int r = read_variable(rfd, "BootCurrent", GLOBAL_GUID, &current, &size);

        if (r < 0)
                return r;
        if (size != 2)
                return -EBADMSG;
        (void) snprintf(name, sizeof(name), "Boot%04X", u16(current));
        r = read_variable(rfd, name, GLOBAL_GUID, &option, &size);
        if (r >= 0)
                r = file_of_option(option, size, ret_path);
        if (r >= 0)
                *ret_number = u16(current);
        return r;
}

int efi_loader_string(int rfd, const char *name, char **ret)
{
        _cleanup_free_ char *value = NULL;
        size_t size;
        int r = read_variable(rfd, name, LOADER_GUID, &value, &size);

        if (r < 0)
                return r;
        if (size % 2 != 0)
                return -EBADMSG;
        *ret = ascii(value, size);
        return *ret ? 0 : -ENOMEM;
}

LoaderBooted efi_booted_by(int rfd, const char *info)
{
        _cleanup_free_ char *text = NULL;

        if (efi_loader_string(rfd, "LoaderInfo", &text) < 0)
                return BOOTED_UNKNOWN;
        return startswith(text, info) ? BOOTED_YES : BOOTED_NO;
}
