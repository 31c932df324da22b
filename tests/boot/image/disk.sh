#!/bin/sh
# Run inside the mounted root of a guest disk (chroot), with /proc and a private
# /dev that has the file system's own device. Two verbs:
#
#   disk.sh images       an initramfs for each kernel that has none
#   disk.sh menu         the suite's own update-grub, or kernel-install for each kernel
set -eu

export LC_ALL=C

make_images() {
        for modules in /lib/modules/*; do
                release=${modules##*/}
                image=/boot/initrd.img-$release
                [ ! -e "$image" ] || continue
                [ -e "$modules/modules.dep" ] || depmod "$release"
                if ! command -v dracut > /dev/null; then
                        mkinitramfs -o "$image" "$release"
                        continue
                fi
                # dracut looks at the machine it runs on, which is not the guest; configure.sh names what the guest needs
                dracut --quiet --force --filesystems ext4 "$image" "$release"
        done
}

make_menu() {
        if command -v update-grub > /dev/null; then
                update-grub
                return
        fi
        for modules in /lib/modules/*; do
                release=${modules##*/}
                kernel-install add "$release" "/boot/vmlinuz-$release" "/boot/initrd.img-$release"
        done
}

case $1 in
images) make_images ;;
menu) make_menu ;;
*) echo "disk.sh: unknown verb $1" >&2; exit 64 ;;
esac
