/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "device-kind.h"
#include "hostuse.h"
#include "macro.h"
#include "pciaddr.h"
#include "stub.h"

/* The wanted state, as the administrator wrote it. Read by probe/config-load, this file reads nothing. */

typedef enum ArgumentPolicy {
        ARGUMENT_ALWAYS,      /* explicit in every entry that can boot */
        ARGUMENT_WHEN_NEEDED, /* only where the IOMMU is off without it */
        ARGUMENT_NEVER,       /* somebody else looks after the command line */
        _ARGUMENT_MAX,
        _ARGUMENT_INVALID = -EINVAL,
} ArgumentPolicy;

const char *argument_policy_to_string(ArgumentPolicy p);
ArgumentPolicy argument_policy_from_string(const char *s);

/* What becomes of the others in the IOMMU group of a device, which go to the same guest or to none. */
typedef enum GroupPolicy {
        GROUP_STRICT,     /* nothing is changed while one of them stays with the host */
        GROUP_COMPANIONS, /* they are claimed as well */
        GROUP_REPORT,     /* that one stays is told, and keeps nothing from being changed */
        _GROUP_POLICY_MAX,
        _GROUP_POLICY_INVALID = -EINVAL,
} GroupPolicy;

const char *group_policy_to_string(GroupPolicy p);
GroupPolicy group_policy_from_string(const char *s);

/* How the claim list gets into the initramfs. */
typedef enum ClaimWay {
        CLAIM_WAY_AUTO,      /* in the images, where ptprep can have them built; else in the claim image */
        CLAIM_WAY_IMAGE,     /* in the claim image, which is loaded in front of images that stay as they are */
        CLAIM_WAY_INITRAMFS, /* in the images of each kernel */
        _CLAIM_WAY_MAX,
        _CLAIM_WAY_INVALID = -EINVAL,
} ClaimWay;

const char *claim_way_to_string(ClaimWay w);
ClaimWay claim_way_from_string(const char *s);

/* What becomes of the virtual functions of a section with vfs. */
typedef enum VfDriver {
        VF_VFIO_PCI,
        VF_PCI_STUB,
        VF_NONE, /* on no driver: whoever starts a guest binds them */
        VF_HOST, /* whatever host driver there is takes them */
        _VF_DRIVER_MAX,
        _VF_DRIVER_INVALID = -EINVAL,
} VfDriver;

const char *vf_driver_to_string(VfDriver d);
VfDriver vf_driver_from_string(const char *s);

/* The stub driver that they go to; negative: to none. */
StubDriver vf_driver_stub(VfDriver d);

/* What functions a section with match means: all that is said has to be true of one. */
typedef struct DeviceMatch {
        bool has_vendor, has_device, has_slot, has_class;
        PciId id;               /* vendor, and device where that is said */
        PciAddr slot;           /* domain, bus and slot */
        const DeviceKind *kind; /* NULL: class and mask say it */
        uint32_t class, mask;
} DeviceMatch;

/* Why a section means no function that could be claimed. */
typedef enum LostWhy {
        LOST_UNSEEN,  /* no PCI bus is visible here */
        LOST_NONE,    /* there is none, and none was recorded */
        LOST_SEVERAL, /* there are several */
        LOST_TAKEN,   /* another section has it */
        LOST_UNREAD,  /* a serial number tells, and that of a device here cannot be read */
        LOST_MANY,    /* a set of more functions than a claim list has room for */
} LostWhy;

typedef struct ConfigDevice {
        char *name;    /* section name, lower case */
        char *file;    /* where the section begins */
        unsigned line; /* 1 and up */
        bool has_address, has_id, has_driver, has_optional, has_group, has_vf_driver;
        bool companion; /* in no file: it goes with another one */
        PciAddr address;
        PciId id;
        char *path;   /* stable bridge path or NULL */
        char *serial; /* as in Identity, of the card or of the NVMe controller on it; NULL: not said */
        char *mac;    /* likewise */
        bool has_subsystem;
        PciId subsystem;
        bool follow;    /* it is meant wherever it is, and its place may change */
        bool has_moved; /* it was at another address when it was claimed last */
        PciAddr moved_from;
        DeviceMatch match; /* a set: a section for each function that it fits, of its own name and the address */
        bool has_match;
        bool of_set, added; /* it comes of such a section; and was not there at the last apply, as others of it were */
        LostWhy lost;       /* of Config.lost */
        size_t n_meant, n_room; /* of a set that is lost: its functions, and lines that the others leave for it */
        char *others;           /* functions that are meant as well, "0000:01:00.0, 0000:02:00.0"; NULL: none */
        StubDriver driver;
        bool best;     /* of vfio-pci, the variant that the kernels have for it, if any */
        bool optional; /* absence is no fault */
        GroupPolicy group;
        unsigned allow; /* HOST_USE_BIT() of each guard that does not hold for it */
        uint32_t vfs;   /* virtual functions that it is to have; 0: it is claimed itself, and not of Config.makers */
        VfDriver vf_driver;
        StringList vf_macs; /* as identity_mac() has them, one for each of vfs; empty: not said */
} ConfigDevice;

void config_device_done(ConfigDevice *d);

/* Is it the section of this name, or a device of it where that is a set? */
bool config_device_is_of(const ConfigDevice *d, const char *section);

/* Words of [agent] allow. */
#define CONFIG_ALLOW_SEALED_BOOT (1U << 0)

typedef struct Config {
        bool enabled;           /* [agent] enabled: no means --apply only checks */
        bool reboot_once;       /* [agent] reboot: an apply restarts the host, once for a plan */
        bool passthrough;       /* [iommu] passthrough: iommu=pt, only if asked */
        bool unsafe_interrupts; /* [iommu] allow_unsafe_interrupts: only if asked */
        unsigned allow;         /* CONFIG_ALLOW_*: of checks of the whole host that keep nothing from being changed */
        bool selinux_booleans;  /* [agent] selinux-booleans: those that guests need are switched on */
        GroupPolicy group;      /* [agent] group: of devices that do not say it */
        ClaimWay claim;         /* [agent] claim */
        ArgumentPolicy argument;
        bool argument_set;     /* said in a file: then the argument is looked after also without any device */
        ConfigDevice *devices; /* to be claimed */
        size_t n_devices;
        ConfigDevice *makers; /* they stay with the host, and have virtual functions made: see vfs */
        size_t n_makers;
        ConfigDevice *lost; /* sections of which nobody can tell which function they mean: without address or id */
        size_t n_lost;
} Config;

/* Defaults: changes nothing. */
void config_init(Config *c);
void config_done(Config *c);

/* The device that is configured at an address, whatever is there; NULL: none is. */
const ConfigDevice *config_device_at(const Config *c, PciAddr address);

/* The maker that is configured at an address; NULL: none is. */
const ConfigDevice *config_maker_at(const Config *c, PciAddr address);

/* Do guests get anything? */
static inline bool config_has_devices(const Config *c)
{
        return c->n_devices > 0 || c->n_makers > 0 || c->n_lost > 0;
}

/* Does anything that is configured go to vfio-pci? */
bool config_has_vfio(const Config *c);

/* Does this configuration ask for anything? */
static inline bool config_asks(const Config *c)
{
        return config_has_devices(c) || c->argument_set || c->passthrough;
}

/* Does it ask for anything to be changed? */
static inline bool config_wants_changes(const Config *c)
{
        return c->enabled && config_asks(c);
}
