#!/bin/sh
# Run inside a guest root (chroot) once its packages are there: what makes a
# Debian installation a quick and quiet test guest. Nothing here is about ptprep.
set -eu

echo boot-test > /etc/hostname
printf '127.0.0.1 localhost boot-test\n' > /etc/hosts
: > /etc/machine-id
systemd-machine-id-setup

# agetty hangs the line up; whoever else writes to it then gets EIO
for unit in getty@.service serial-getty@.service console-getty.service getty-static.service \
            apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer man-db.timer \
            e2scrub_all.timer e2scrub_reap.service fstrim.timer logrotate.timer \
            systemd-networkd-wait-online.service systemd-pcrphase.service \
            systemd-pstore.service systemd-hwdb-update.service systemd-firstboot.service; do
        systemctl mask "$unit"
done
systemctl set-default multi-user.target

# the compiled hardware database, the loader cache and the catalog are made now and not in the guest
if command -v systemd-hwdb >/dev/null; then systemd-hwdb --usr update; fi
ldconfig

# GRUB and the kernel talk to the serial line; the file is otherwise Debian's own
sed -i -e 's/^GRUB_TIMEOUT=.*/GRUB_TIMEOUT=0/' \
       -e 's/^GRUB_CMDLINE_LINUX_DEFAULT=.*/GRUB_CMDLINE_LINUX_DEFAULT=""/' \
       -e 's/^GRUB_CMDLINE_LINUX=.*/GRUB_CMDLINE_LINUX="@GUEST_ARGUMENTS@"/' /etc/default/grub
echo 'GRUB_TERMINAL="console serial"' >> /etc/default/grub

# what the images of this guest need no part of, so that dracut in the guest takes one minute and not five
cat > /etc/dracut.conf.d/00-boot-test.conf <<'END'
compress="cat"
do_strip="no"
early_microcode="no"
hostonly="yes"
hostonly_mode="strict"
omit_dracutmodules+=" kernel-modules-extra overlay-root resume terminfo crypt dm lvm mdraid multipath nfs network i18n plymouth lunmask nvdimm virtiofs "
END

rm -f /usr/sbin/policy-rc.d /etc/dpkg/dpkg.cfg.d/boot-test /etc/apt/apt.conf.d/90boot-test /etc/resolv.conf
rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/*.log /var/log/apt /tmp/* /var/tmp/*
mkdir -p /boot/efi
