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

int efi_loader_string(int rfd, const char *name, char **ret)
{
        _cleanup_free_ char *value = NULL, *text = NULL;
        size_t size, n = 0;
        int r = read_variable(rfd, name, LOADER_GUID, &value, &size);

        if (r < 0)
                return r;
        if (size % 2 != 0)
                return -EBADMSG;
        text = malloc(size / 2 + 1);
        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < size && (value[i] || value[i + 1]); i += 2) /* UTF-16, the lower byte first */
                text[n++] = value[i + 1] == 0 && (unsigned char) value[i] < 0x7f ? value[i] : '?';
        text[n] = 0;
        *ret = TAKE_PTR(text);
        return 0;
}

LoaderBooted efi_booted_by(int rfd, const char *info)
{
        _cleanup_free_ char *text = NULL;

        if (efi_loader_string(rfd, "LoaderInfo", &text) < 0)
                return BOOTED_UNKNOWN;
        return startswith(text, info) ? BOOTED_YES : BOOTED_NO;
}
