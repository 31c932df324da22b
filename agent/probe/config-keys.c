/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/config-scan.h"

#include "base/parse.h"
#include "base/text.h"
#include "model/claim-limits.h"
#include "model/identity.h"
#include "probe/config-match.h"

/* What keys there are, and what their values may be. */

static int parse_bool_field(const char *value, void *field)
{
        return parse_boolean(value, field);
}

static int parse_argument_field(const char *value, void *field)
{
        ArgumentPolicy p = argument_policy_from_string(value);

        if (p < 0)
                return -EINVAL;
        *(ArgumentPolicy *) field = p;
        return 0;
}

/* The field is that of a ConfigDevice: which driver, and whether a variant of it may be better, is one key. */
static int parse_driver_field(const char *value, void *field)
{
        ConfigDevice *device = (ConfigDevice *) (void *) ((char *) field - offsetof(ConfigDevice, driver));
        bool best = streq(value, "best");
        StubDriver d = best ? STUB_VFIO_PCI : stub_driver_from_string(value);

        if (d < 0)
                return -EINVAL;
        device->driver = d;
        device->best = best;
        return 0;
}

static int parse_vfs_field(const char *value, void *field)
{
        uint32_t n;

        /* TotalVFs is a register of 16 bits (PCI Express Base Specification 6.0, 9.3.3.6) */
        if (parse_u32(value, 10, &n) < 0 || n == 0 || n > UINT16_MAX)
                return -EINVAL;
        *(uint32_t *) field = n;
        return 0;
}

static int parse_vf_driver_field(const char *value, void *field)
{
        VfDriver d = vf_driver_from_string(value);

        if (d < 0)
                return -EINVAL;
        *(VfDriver *) field = d;
        return 0;
}

static int parse_group_field(const char *value, void *field)
{
        GroupPolicy p = group_policy_from_string(value);

        if (p < 0)
                return -EINVAL;
        *(GroupPolicy *) field = p;
        return 0;
}

static int parse_claim_field(const char *value, void *field)
{
        ClaimWay w = claim_way_from_string(value);

        if (w < 0)
                return -EINVAL;
        *(ClaimWay *) field = w;
        return 0;
}

static int parse_reboot_field(const char *value, void *field)
{
        bool once = streq(value, "once");

        if (!once && !streq(value, "never"))
                return -EINVAL;
        *(bool *) field = once;
        return 0;
}

static int parse_address_field(const char *value, void *field)
{
        return pci_addr_parse(value, field);
}

static int parse_id_field(const char *value, void *field)
{
        return pci_id_parse(value, field);
}

static int parse_path_field(const char *value, void *field)
{
        char **p = field, *copy;

        if (!pci_path_valid(value) || strlen(value) > CLAIM_PATH_MAX)
                return -EINVAL;
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(*p);
        *p = copy;
        return 0;
}

static int parse_serial_field(const char *value, void *field)
{
        _cleanup_free_ char *serial = NULL;
        int r = identity_serial(value, &serial);

        return r < 0 ? r : string_replace(field, serial);
}

static int parse_mac_field(const char *value, void *field)
{
        char mac[MAC_TEXT_SIZE];
        int r = identity_mac(value, mac);

        return r < 0 ? r : string_replace(field, mac);
}

/* An address that an interface may have as its own (IEEE 802, 8.2: the group bit is 0). */
static bool is_unicast(const char *mac)
{
        return !(strtoul((const char[]){ mac[0], mac[1], 0 }, NULL, 16) & 1);
}

static int parse_vf_macs_field(const char *value, void *field)
{
        _cleanup_(string_list_done) StringList macs = {};
        _cleanup_free_ char *copy = strdup(value);
        char *save = NULL;

        if (!copy)
                return -ENOMEM;
        for (char *word = strtok_r(copy, " \t,", &save); word; word = strtok_r(NULL, " \t,", &save)) {
                char mac[MAC_TEXT_SIZE];
                int r = identity_mac(word, mac);

                if (r < 0 || !is_unicast(mac) || string_list_contains(&macs, mac))
                        return -EINVAL;
                r = string_list_add(&macs, mac);
                if (r < 0)
                        return r;
        }
        if (macs.n == 0)
                return -EINVAL;
        string_list_done(field);
        *(StringList *) field = macs;
        macs = (StringList){};
        return 0;
}

static int parse_match_field(const char *value, void *field)
{
        return device_match_parse(value, field);
}

static const char *allow_word(int i)
{
        return host_use_kind_to_string((HostUseKind) i);
}

static const char *agent_allow_word(int i)
{
        static const char *const words[] = { "sealed-boot" }; /* CONFIG_ALLOW_* */

        return i < (int) ELEMENTSOF(words) ? words[i] : NULL;
}

/* A new key is a row here; a new section also needs a row in config-scan.c. */
const KeyRow config_keys[] = {
        { "agent", "enabled", parse_bool_field, offsetof(Config, enabled), NO_FLAG, "yes or no", NULL },
        { "agent", "group", parse_group_field, offsetof(Config, group), NO_FLAG, "strict, companions or report", NULL },
        { "agent", "claim", parse_claim_field, offsetof(Config, claim), NO_FLAG, "auto, image or initramfs", NULL },
        { "agent", "allow", NULL, offsetof(Config, allow), NO_FLAG, "sealed-boot", agent_allow_word },
        { "agent", "reboot", parse_reboot_field, offsetof(Config, reboot_once), NO_FLAG, "never or once", NULL },
        { "agent", "selinux-booleans", parse_bool_field, offsetof(Config, selinux_booleans), NO_FLAG, "yes or no",
          NULL },
        { "iommu", "argument", parse_argument_field, offsetof(Config, argument), offsetof(Config, argument_set),
          "always, when-needed or never", NULL },
        { "iommu", "passthrough", parse_bool_field, offsetof(Config, passthrough), NO_FLAG, "yes or no", NULL },
        { "iommu", "allow_unsafe_interrupts", parse_bool_field, offsetof(Config, unsafe_interrupts), NO_FLAG,
          "yes or no", NULL },
        { "device", "address", parse_address_field, offsetof(ConfigDevice, address),
          offsetof(ConfigDevice, has_address), "a PCI address such as 0000:01:00.0", NULL },
        { "device", "id", parse_id_field, offsetof(ConfigDevice, id), offsetof(ConfigDevice, has_id),
          "vendor and device such as 10de:1b80", NULL },
        { "device", "path", parse_path_field, offsetof(ConfigDevice, path), NO_FLAG,
          "a bridge path such as pci0000:00/1c.4/00.0, of at most 255 characters", NULL },
        { "device", "subsystem", parse_id_field, offsetof(ConfigDevice, subsystem),
          offsetof(ConfigDevice, has_subsystem), "vendor and device of the card such as 1458:3702", NULL },
        { "device", "serial", parse_serial_field, offsetof(ConfigDevice, serial), NO_FLAG,
          "a serial number of at most 40 characters, as \"ptprep list DEVICE\" or lspci -v shows it", NULL },
        { "device", "mac", parse_mac_field, offsetof(ConfigDevice, mac), NO_FLAG,
          "a MAC address such as 52:54:00:12:34:56", NULL },
        { "device", "match", parse_match_field, offsetof(ConfigDevice, match), offsetof(ConfigDevice, has_match),
          "one or more of \"id 10de:*\", \"class gpu\" and \"slot 01:00.*\"", NULL },
        { "device", "follow", parse_bool_field, offsetof(ConfigDevice, follow), NO_FLAG, "yes or no", NULL },
        { "device", "driver", parse_driver_field, offsetof(ConfigDevice, driver), offsetof(ConfigDevice, has_driver),
          "vfio-pci, best or pci-stub", NULL },
        { "device", "optional", parse_bool_field, offsetof(ConfigDevice, optional),
          offsetof(ConfigDevice, has_optional), "yes or no", NULL },
        { "device", "group", parse_group_field, offsetof(ConfigDevice, group), offsetof(ConfigDevice, has_group),
          "strict, companions or report", NULL },
        { "device", "allow", NULL, offsetof(ConfigDevice, allow), NO_FLAG,
          "one or more of boot-disk, storage, network, display, keyboard and console", allow_word },
        { "device", "vfs", parse_vfs_field, offsetof(ConfigDevice, vfs), NO_FLAG,
          "how many virtual functions it shall have, 1 to 65535", NULL },
        { "device", "vf-driver", parse_vf_driver_field, offsetof(ConfigDevice, vf_driver),
          offsetof(ConfigDevice, has_vf_driver), "vfio-pci, pci-stub, none or host", NULL },
        { "device", "vf-macs", parse_vf_macs_field, offsetof(ConfigDevice, vf_macs), NO_FLAG,
          "a MAC address such as 52:54:00:12:34:56 for each virtual function, of a single interface and none twice",
          NULL },
};
const size_t config_keys_n = ELEMENTSOF(config_keys);
