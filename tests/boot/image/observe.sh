#!/bin/sh
# The observer's first half: it is part of every guest disk and only fetches
# the second half, which belongs to the case, from the case's own small disk.
set -u
mkdir -p /run/boot-test
# initramfs-tools has mounted it with noexec
mount -o remount,exec /run
if tar -x -f /dev/disk/by-id/virtio-boot-test -C /run/boot-test; then
        sh /run/boot-test/main
fi
systemctl poweroff
