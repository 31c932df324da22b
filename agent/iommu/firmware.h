/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/table.h"
#include "model/origin.h"

#define FIRMWARE_VERSION 1 /* of the JSON format: raised when a field changes its meaning or goes away */

/**
 * firmware_json() - tables for programs
 * @origin: of the machine whose tables they are. @tables: those without a content are passed over. @ret: JSON text with
 * a final newline, owned by the caller.
 *
 * The members of origin_document(), of kind "firmware", and "tables": [...], numbers as numbers: addresses too, which
 * JSON readers with 53 bits of precision round above 9 PB. Structures stand in the order of the table; one of unknown
 * type has its number for "type". Returns 0 or -ENOMEM.
 */
int firmware_json(const Origin *origin, const AcpiTable *tables, size_t n, char **ret) _must_check_;

/* Tables for people. @ret: text, owned by the caller. Returns 0 or -ENOMEM. */
int firmware_text(const AcpiTable *tables, size_t n, char **ret) _must_check_;
