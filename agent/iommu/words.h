/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "iommu/vendor.h"

/**
 * iommu_words() - a sentence with what vendors call things
 * @format: text in which tokens stand for such names. Of one vendor: {maker} "Intel", {table} "DMAR", {argument}
 * "intel_iommu=on". Of one, and of all with what stands between them where it is unknown which: {features} "VT-d or
 * AMD-Vi", {setups} the same as firmware setups have it. Of all: {tables} "DMAR and no IVRS", {flags} "vmx or svm",
 * {options} the kernel's, {devices} QEMU's, {logs} "DMAR|AMD-Vi".
 * @vendor: NULL: unknown, and {maker} and its like say nothing of one.
 * @ret: owned by the caller. Returns 0 or -ENOMEM.
 */
int iommu_words(const char *format, const IommuVendor *vendor, char **ret) _must_check_;
