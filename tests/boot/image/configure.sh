#!/bin/sh
# Run inside a guest root (chroot) once its packages are there: what makes a
# Debian installation a quick and quiet test guest. Nothing here is about ptprep.
set -eu

echo boot-test > /etc/hostname
printf '127.0.0.1 localhost boot-test\n' > /etc/hosts
: > /etc/machine-id
systemd-machine-id-setup

# agetty hangs the line up; whoever else writes to it then gets EIO
lines="getty@.service serial-getty@.service console-getty.service getty-static.service"
# work for later, or for machines that live on
later="apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer man-db.timer e2scrub_all.timer e2scrub_reap.service
        fstrim.timer logrotate.timer systemd-networkd-wait-online.service systemd-pcrphase.service systemd-pstore.service
        systemd-hwdb-update.service systemd-firstboot.service systemd-tmpfiles-clean.timer"
# Nobody logs in. Every process costs a tenth of a second under emulation, and more when two guests share two processors.
sessions="systemd-logind.service systemd-logind-varlink.socket systemd-user-sessions.service systemd-update-utmp.service
        systemd-update-utmp-runlevel.service"
# Services on demand, passwords and settings that nobody here asks for; newer suites have a socket for each part of systemd.
# The journal stays in memory: what a boot says is read before it ends.
demand="systemd-ask-password-console.path systemd-ask-password-wall.path systemd-ask-password.socket systemd-creds.socket
        systemd-factory-reset.socket systemd-hostnamed.socket systemd-initctl.socket systemd-journal-flush.service
        systemd-journalctl.socket systemd-mute-console.socket systemd-sysctl.service systemd-sysext.socket
        systemd-sysinstall.socket systemd-udev-load-credentials.service"
# file systems that nothing here uses, and the modules that systemd loads for them
mounts="modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@fuse.service
        modprobe@loop.service modprobe@efi_pstore.service sys-kernel-config.mount sys-fs-fuse-connections.mount
        dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount sys-kernel-debug.mount sys-kernel-tracing.mount"
# shellcheck disable=SC2086  # one word a unit
systemctl mask $lines $later $sessions $demand $mounts
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\n' > /etc/systemd/journald.conf.d/boot-test.conf
# each of these would get a mount namespace and a file system of its own, for credentials that nobody hands over
for unit in systemd-tmpfiles-setup-dev-early systemd-tmpfiles-setup-dev systemd-tmpfiles-setup; do
        mkdir -p "/etc/systemd/system/$unit.service.d"
        printf '[Service]\nLoadCredential=\nImportCredential=\n' > "/etc/systemd/system/$unit.service.d/boot-test.conf"
done
# generators for what no guest has; fstab's stays
mkdir -p /etc/systemd/system-generators
for generator in cryptsetup debug factory-reset getty gpt-auto hibernate-resume integritysetup rc-local run ssh \
                 system-update sysv tpm2 veritysetup; do
        ln -sf /dev/null "/etc/systemd/system-generators/systemd-$generator-generator"
done
# The kernel announces some two hundred devices, most of them terminals, parts of the mainboard and buttons. Each costs udev a
# run through all rules; the buses on which a case has its devices are a few dozen.
mkdir -p /etc/systemd/system/systemd-udev-trigger.service.d
cat > /etc/systemd/system/systemd-udev-trigger.service.d/boot-test.conf <<'END'
[Service]
ExecStart=
ExecStart=udevadm trigger --type=devices --action=add --subsystem-match=pci --subsystem-match=virtio \
        --subsystem-match=virtio-ports --subsystem-match=nvme --subsystem-match=block --subsystem-match=net --subsystem-match=usb
END
# drivers of parts of the mainboard that no guest uses; without a disk, six SATA ports take ten seconds to be found empty
cat > /etc/modprobe.d/boot-test.conf <<'END'
blacklist ahci
blacklist i2c_i801
blacklist iTCO_wdt
blacklist lpc_ich
blacklist psmouse
END
systemctl set-default multi-user.target

# the compiled hardware database, the loader cache and the catalog are made now and not in the guest
if command -v systemd-hwdb >/dev/null; then systemd-hwdb --usr update; fi
ldconfig

# GRUB and the kernel talk to the serial line; the file is otherwise Debian's own
if [ -e /etc/default/grub ]; then
        sed -i -e 's/^GRUB_TIMEOUT=.*/GRUB_TIMEOUT=0/' \
               -e 's/^GRUB_CMDLINE_LINUX_DEFAULT=.*/GRUB_CMDLINE_LINUX_DEFAULT=""/' \
               -e 's/^GRUB_CMDLINE_LINUX=.*/GRUB_CMDLINE_LINUX="@GUEST_ARGUMENTS@"/' /etc/default/grub
        echo 'GRUB_TERMINAL="console serial"' >> /etc/default/grub
fi

# What the images of this guest need no part of, so that dracut in the guest takes one minute and not five. The host drivers of
# the devices that cases claim are in there too: a claim has to come before them in the initramfs as well.
mkdir -p /etc/dracut.conf.d
cat > /etc/dracut.conf.d/00-boot-test.conf <<'END'
compress="cat"
do_strip="no"
do_hardlink="no"
early_microcode="no"
hostonly="yes"
hostonly_mode="strict"
hostonly_cmdline="no"
dracutmodules=" base systemd systemd-initrd dracut-systemd kernel-modules rootfs-block udev-rules "
drivers=" virtio_pci virtio_blk nvme ext4 e1000e xhci_pci "
install_items=" /etc/systemd/system/systemd-udev-trigger.service.d/boot-test.conf "
export DRACUT_LDD=/usr/lib/boot-test/ldd
END
# dracut 059 asks for the libraries of each program; glibc's ldd is a bash script that starts the loader three times
mkdir -p /usr/lib/boot-test
cat > /usr/lib/boot-test/ldd <<'END'
#!/bin/sh
# dracut 106 takes any other answer to what is no program for an error
/lib64/ld-linux-x86-64.so.2 --list "$@" 2>/dev/null || { echo '	not a dynamic executable'; exit 1; }
END
chmod 755 /usr/lib/boot-test/ldd

# The same for initramfs-tools. What is in this list it loads itself, in the initramfs, behind its first scripts.
if [ -d /etc/initramfs-tools ]; then
        printf '%s\n' virtio_pci virtio_blk nvme ext4 e1000e > /etc/initramfs-tools/modules
        printf '%s\n' MODULES=list COMPRESS=gzip FSTYPE=ext4 > /etc/initramfs-tools/conf.d/boot-test
fi

rm -f /usr/sbin/policy-rc.d /etc/dpkg/dpkg.cfg.d/boot-test /etc/apt/apt.conf.d/90boot-test /etc/resolv.conf
rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/*.log /var/log/apt /tmp/* /var/tmp/*
mkdir -p /boot/efi
# what has to be done after /usr was changed is done
touch /etc/.updated /var/.updated
