#!/bin/bash
# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dracut module: the claim list, the claim helper and the stub drivers.
# Read against dracut 059, 106 and 112, which source this file without "set -eu".
# moddir, initdir, systemdsystemunitdir and SYSTEMCTL are dracut's:
# shellcheck disable=SC2154

# Only when asked: /etc/dracut.conf.d/ptprep.conf adds it on a host that has
# something to claim, and no other image changes.
check() {
    return 255
}

depends() {
    return 0
}

# An image for the crash kernel, which only saves memory and reboots: devices
# of guests are none of its business, and room is short. kdumpctl(8) of
# kexec-tools exports IN_KDUMP; its dracut module is kdumpbase, SUSE's is kdump.
_ptprep_in_kdump() {
    [[ "${IN_KDUMP-}" == 1 ]] || dracut_module_included kdumpbase || dracut_module_included kdump
}

# Variants of vfio-pci that the claim list names.
_ptprep_variants() {
    local claims="${dracutsysrootdir-}/etc/ptprep/claims" line

    [[ -e "$claims" ]] || return 0
    while read -r line; do
        if [[ $line != \#* && $line =~ \ variant=([A-Za-z0-9_-]+) ]]; then
            variants+=("${BASH_REMATCH[1]}")
        fi
    done < "$claims"
}

installkernel() {
    _ptprep_in_kdump && return 0
    # hostonly='': the host-only filter keeps what is in use now, and before
    # the first claim no stub driver is. What a kernel has built in or does
    # not have (vfio_virqfd went into vfio in Linux 6.2) is passed over:
    # instmods treats each name as optional, -s keeps it quiet.
    local variants=()
    _ptprep_variants
    hostonly='' instmods -s \
        vfio vfio_iommu_type1 vfio_virqfd vfio-pci pci-stub "${variants[@]}"
}

install() {
    _ptprep_in_kdump && return 0
    # no list, nothing to claim: the image stays as it would be without ptprep
    [[ -e "${dracutsysrootdir-}/etc/ptprep/claims" ]] || return 0
    inst_simple /etc/ptprep/claims || return 1
    inst_binary /usr/lib/ptprep/ptprep-claim || return 1
    # dracut takes /etc/modprobe.d along only into host-only images
    if [[ -e "${dracutsysrootdir-}/etc/modprobe.d/ptprep.conf" ]]; then
        inst_simple /etc/modprobe.d/ptprep.conf
    fi
    inst_multiple modprobe

    if dracut_module_included "systemd"; then
        inst_simple "$moddir/ptprep-claim.service" "$systemdsystemunitdir/ptprep-claim.service"
        $SYSTEMCTL -q --root "$initdir" add-wants sysinit.target ptprep-claim.service
    else
        # the first hook there is; udev and every module come after it
        inst_hook cmdline 00 "$moddir/ptprep-claim.sh"
    fi
}
