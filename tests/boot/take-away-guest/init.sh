#!/bin/sh
# The first program of a guest of tests/boot/take-away, in its initramfs: goes on to the
# disk with the programs, with ptprep and this boot's plan put onto it.
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
modprobe -a virtio_pci virtio_blk ext4
for disk in /sys/block/vd*; do
        read -r serial < "$disk/serial"
        [ "$serial" != root ] || mount -t ext4 "/dev/${disk##*/}" /root
done
cp -a /payload/. /root/
for directory in proc sys dev; do
        mount --move "/$directory" "/root/$directory"
done
# what switch_root(8) does, which newer suites do not have among their essential programs
cd /root || exit 1
mount --move . /
exec chroot . /usr/bin/python3 /run-guest/judge.py
