/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"
#include "model/facts.h"

/*
 * libpci, for what sysfs does not say in words: names out of pci.ids, and capabilities out of config space. Nothing is
 * scanned, so that what is opened below a root are the few files of the functions that are asked for.
 */

struct pci_access;

/**
 * pci_access_new() - libpci, looking below a root
 * @bus_fd: the directory sys/bus/pci there, not closed here; it has to stay open as long as the access.
 * @ret: released with pci_access_freep(). Returns 0; -ENOTSUP: this libpci cannot look elsewhere; -EIO: nor anywhere.
 */
int pci_access_new(int bus_fd, struct pci_access **ret) _must_check_;
void pci_access_freep(struct pci_access **access);

/**
 * pci_access_reduce_names() - have only these ids' names read, beside all classes'
 * To read all of the list takes as long as to look at a thousand functions. To be called before any name is asked for.
 * @ids: in any order, sorted here. Returns 0, also where libpci will read the whole list all the same; -ENOMEM.
 */
int pci_access_reduce_names(struct pci_access *access, PciId *ids, size_t n) _must_check_;

/**
 * pci_access_name() - vendor and device in words, of the pci.ids of the system that ptprep runs on
 * @ret: owned by the caller; NULL: no such name. Returns 0 or -ENOMEM.
 */
int pci_access_name(struct pci_access *access, PciId id, char **ret) _must_check_;

/* The same of base class and subclass, such as "Ethernet controller". @class: of 24 bits. */
int pci_access_class_name(struct pci_access *access, uint32_t class, char **ret) _must_check_;

/**
 * pci_access_isolation() - what the function does to keep others apart
 * Reads config space, which costs milliseconds a function in a guest, and needs root for more than the first 64 bytes.
 * @ret: untouched where it could not be read. Returns 0; -ENODATA: the function shows no capabilities; -EIO.
 */
int pci_access_isolation(struct pci_access *access, int bus_fd, PciAddr addr, PciIsolation *ret) _must_check_;
