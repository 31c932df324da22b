/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/host-use.h"
#include "core/iommu-state.h"
#include "core/verdict.h"
#include "model/config.h"
#include "model/facts.h"
#include "model/identity.h"
#include "model/names.h"

/* What the configuration means on this machine. Derived once from Config and Facts, then judged and planned from. */

typedef enum DeviceState {
        DEVICE_UNKNOWN, /* the PCI bus could not be read, or what is there says not what it is */
        DEVICE_FOUND,
        DEVICE_ABSENT,
        DEVICE_WRONG_ID,    /* another device sits at the address */
        DEVICE_WRONG_PATH,  /* same id, behind other bridges */
        DEVICE_SWAPPED,     /* same id, and another card of that kind */
        DEVICE_BRIDGE,      /* pci_class_never_bound() */
        DEVICE_IN_USE,      /* the host lives on it */
        DEVICE_USE_UNKNOWN, /* or may do so */
        DEVICE_WAITING,     /* that is told once the host's network is up */
        _DEVICE_STATE_MAX,
} DeviceState;

/* By what another device of the same id is known to be in its place. */
typedef enum Swap {
        SWAP_NONE,
        SWAP_CARD,      /* its subsystem id */
        SWAP_MAC,       /* its address */
        SWAP_SERIAL,    /* its serial number */
        SWAP_ELSEWHERE, /* another function of that id shows what the one that is meant is known by */
        SWAP_PATH,      /* a function of that id sits where the one that is meant sat, and this one does not */
        SWAP_NO_SERIAL, /* it is to have a serial number, and has none */
        SWAP_NO_MAC,    /* it is to have an address, and is no network card */
} Swap;

typedef struct WantedDevice {
        const ConfigDevice *config;
        const PciFunction *function; /* at the address; NULL: none */
        HostUseAnswer host;          /* what of the host is on it */
        Identity recorded;           /* what it was at the last apply; empty: not listed, or as another id */
        const PciFunction *moved_to; /* not there, but elsewhere */
        bool surely_moved;           /* it is told by more than its id, of which it is the only one elsewhere */
        const PciFunction *maker;    /* not there, and this one could make it: it can have virtual functions */
        bool made;                   /* a virtual function of a maker that is configured, be it there yet or not */
        DeviceState state;
        Swap swap;                      /* with DEVICE_SWAPPED: how that is known */
        const PciFunction *swapped_for; /* SWAP_ELSEWHERE, SWAP_PATH: that function; else NULL */
        bool in_claim_image;            /* that of Wanted */
        Verdict verdict; /* on the function, as it will be with all wanted devices claimed; empty where there is none */
} WantedDevice;

/* How far a function has come that is to have virtual ones. */
typedef enum MakerState {
        MAKER_UNKNOWN, /* nobody can see it here */
        MAKER_ABSENT,
        MAKER_WRONG_ID,
        MAKER_WRONG_PATH,
        MAKER_CLAIMED,      /* it is on a stub driver, and those make none */
        MAKER_INCAPABLE,    /* it can have none at all */
        MAKER_TOO_MANY,     /* or not that many */
        MAKER_OTHER_NUMBER, /* it has others, which may be in use */
        MAKER_UNSEEN,       /* they are switched on, and not all of them are there */
        MAKER_IN_USE,       /* one is not on its driver, and somebody uses it or may do so */
        MAKER_OTHER_MACS,   /* one has another address than it shall have, and guests may have it */
        MAKER_SHARED,       /* one is in a group with what the host has */
        MAKER_OFF,          /* none, for this boot was started with ptprep=off */
        MAKER_NO_DRIVER,    /* none, and no driver that could make some */
        MAKER_LATER,        /* not now: the IOMMU is off, or it is another system that runs */
        MAKER_DUE,          /* none yet */
        MAKER_LOOSE,        /* made, and not all of them on their driver */
        MAKER_MACS_UNKNOWN, /* all is as it shall be, but an address, which nobody tells */
        MAKER_DONE,
        _MAKER_STATE_MAX,
} MakerState;

typedef struct WantedMaker {
        const ConfigDevice *config;
        const PciFunction *function;  /* NULL: none */
        const VirtualMaker *sriov;    /* of the facts; NULL: none */
        const PciFunction *odd;       /* the first virtual function that is not as it is to be; NULL: none */
        const PciFunction *companion; /* MAKER_SHARED: what the host has in its group */
        size_t n_seen, n_odd;         /* virtual functions */
        size_t odd_mac;               /* the first one with another address than it shall have; SIZE_MAX: none */
        size_t unknown_mac; /* the first one that shall have an address and has one that is not told; SIZE_MAX: none */
        MakerState state;
} WantedMaker;

struct Wanted {
        WantedDevice *devices;
        size_t n_devices;
        WantedMaker *makers;
        size_t n_makers;
        const PciFunction *functions;      /* of the facts */
        const WantedDevice **of_functions; /* of each of them; NULL: it is not wanted. NULL itself: none is */
        /* contents of the generated files; NULL: the file is to be absent */
        char *claims, *modprobe_snippet, *modules_load;
        bool in_claim_image;        /* the claim list goes there, and no image of a builder has anything of ptprep's */
        uint64_t claim_image;       /* fnv1a of the claim image; 0: there is to be none */
        char *claim_image_obstacle; /* see claim_way_choose() */
        const char *builder_snippets[_BUILDER_MAX]; /* likewise; of the table of builders */
        uint64_t image_digest;                      /* what an up-to-date image has inside; 0: nothing of ptprep's */
        bool unsafe_interrupts;                     /* asked for, and a device that needs it is wanted */
        Kargs add;                                  /* kernel arguments that each entry must have */
        bool iommu_apart;      /* a wanted device is of a unit with switches of its own: it may not be left off */
        const char *iommu_add; /* the one of them that makes sure of the IOMMU; NULL: none is wanted */
        Kargs remove;          /* words that contradict them */
        /* the machine, whatever is wanted */
        IommuState iommu;
        IommuStateText iommu_text;
        const char *iommu_word;      /* argument that decides; of the facts; NULL: none */
        const PciFunction *mistaken; /* the table takes it for what it is not; NULL: none */
        uint32_t mistaken_offset;    /* where in the table */
        Verdict machine;             /* what stands in the way of every device alike */
};

/**
 * wanted_compute() - derive the wanted state
 * @ret: points into config and facts, which must outlive it; release with wanted_done(). Pure. 0 or -ENOMEM.
 */
int wanted_compute(const Config *config, const Facts *facts, Wanted *ret) _must_check_;
void wanted_done(Wanted *w);

/* Would a claim of this device be planned? Absent optional devices are: the claim list is made from the configuration.
 */
bool wanted_device_ok(const WantedDevice *d);

/* Is what is at its address surely not what its section means? Then nothing that the section says is said of it. */
bool wanted_is_another(const WantedDevice *d);

/* As wanted_device_of(), of a section that means this very function. */
const WantedDevice *wanted_meant(const Wanted *w, const PciFunction *f);

/* Was it never there, and is it known by what the initramfs does not see? Whatever came in its place would be claimed.
 */
bool wanted_is_untold(const WantedDevice *d);

/* Is it there, and nobody knows yet whether the host needs it? */
static inline bool wanted_device_undecided(const WantedDevice *d)
{
        return d->state == DEVICE_USE_UNKNOWN || d->state == DEVICE_WAITING;
}

/* Is it where it is to be, on the stub driver that was asked for, or on a variant of that? */
static inline bool wanted_device_claimed(const WantedDevice *d)
{
        return d->function && stub_driver_holds(d->config->driver, d->function->driver);
}

/* Is what is at its address the device that is meant, whoever has it? */
static inline bool wanted_is_there(const WantedDevice *d)
{
        return d->state == DEVICE_FOUND || d->state == DEVICE_IN_USE || wanted_device_undecided(d);
}

/*
 * The variant of vfio-pci that it goes to, name of the module: all kernels that can boot mean this one. NULL: none. The
 * claim image keeps a device for its driver until the system loads that, and serves kernels that come later: with one
 * that has not this variant the device would be on no driver at all.
 */
static inline const char *wanted_variant(const WantedDevice *d)
{
        return d->config->best && !d->in_claim_image && wanted_is_there(d) ? function_variant(d->function) : NULL;
}

/* The name of the driver that it is to be on. */
static inline const char *wanted_driver(const WantedDevice *d)
{
        return wanted_variant(d) ? variant_driver(wanted_variant(d)) : stub_driver_to_string(d->config->driver);
}

/* What the claim list that the last apply has written has behind this address and id; the line ends with a line feed.
 * NULL: it has not this device. */
const char *wanted_listed(const Facts *f, const ConfigDevice *c);

/**
 * wanted_claim_result() - what became of a device in the initramfs of this boot
 * @ret_why: the helper's own words, within the facts. @ret_length: of them, bytes. Both are left alone on failure.
 * Returns a ClaimState; -ENOENT: nothing is said of it, or no helper ran; -EINVAL: what is said is not known here.
 * Source: the file of results, ptprep-claim(8). Pure.
 */
int wanted_claim_result(const Facts *f, PciAddr addr, const char **ret_why, size_t *ret_length);

static inline bool wanted_is_listed(const Facts *f, const ConfigDevice *c)
{
        return wanted_listed(f, c) != NULL;
}

/* How many devices wait for the host's network. They are neither claimed nor in the way of others. */
size_t wanted_count_waiting(const Wanted *w);

/* "nic0 (0000:01:00.0)": the subject of every finding about a device. Returns buf. */
#define WANTED_SUBJECT_MAX 128
const char *wanted_subject(const WantedDevice *d, char buf[WANTED_SUBJECT_MAX]);

/* For calls: the text lives until the end of the enclosing block. */
#define SUBJECT(d) wanted_subject((d), (char[WANTED_SUBJECT_MAX]){ 0 })

/* The wanted device whose address this function has, whatever may keep it from being claimed; NULL: none. */
const WantedDevice *wanted_device_of(const Wanted *w, const PciFunction *f);

/* What is wanted of it as a maker of virtual functions; NULL: nothing. */
const WantedMaker *wanted_maker_of(const Wanted *w, const PciFunction *f);
