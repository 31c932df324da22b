#!/bin/sh
# Run inside the mounted root of a guest disk (chroot), with /proc and a private
# /dev that has the file system's own device. Two verbs:
#
#   disk.sh images       an initramfs for each kernel that has none
#   disk.sh menu         the suite's own update-grub
set -eu

export LC_ALL=C

make_images() {
        for modules in /lib/modules/*; do
                release=${modules##*/}
                image=/boot/initrd.img-$release
                [ ! -e "$image" ] || continue
                [ -e "$modules/modules.dep" ] || depmod "$release"
                # dracut looks at the machine it runs on, which is not the guest; configure.sh names what the guest needs
                dracut --quiet --force --filesystems ext4 "$image" "$release"
        done
}

case $1 in
images) make_images ;;
menu) update-grub ;;
*) echo "disk.sh: unknown verb $1" >&2; exit 64 ;;
esac
