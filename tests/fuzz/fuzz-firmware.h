/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-c/json.h>

#include "base/parse.h"
#include "iommu/firmware.h"
#include "iommu/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool holds)
{
        if (!holds)
                abort();
}

static inline void check_error(int r, const AcpiError *e, size_t size)
{
        require(r == 0 || r == -EBADMSG || r == -EINVAL);
        require((r == 0) == (e->message[0] == 0));
        require(e->offset <= size);
        require(strlen(e->message) < sizeof(e->message) - 1); /* not cut off */
}

/*
 * What is printed can be read: JSON by a reader of JSON, text on any terminal. Printing takes thirty times as long as
 * parsing, so one input in sixteen is printed: always the same ones, so that a crash can be seen again.
 */
static inline void check_forms(const AcpiTable *t, const uint8_t *data, size_t size)
{
        _cleanup_free_ char *json = NULL, *text = NULL;
        struct json_object *o;

        if (fnv1a(FNV_START, data, size) % 16 != 0)
                return;
        require(firmware_json(&(Origin){}, t, 1, &json) == 0);
        require(firmware_text(t, 1, &text) == 0);
        o = json_tokener_parse(json);
        require(o != NULL);
        json_object_put(o);
        for (const char *c = text; *c; c++)
                require(*c == '\n' || (*c >= 0x20 && *c < 0x7f));
}
