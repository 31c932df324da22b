#!/bin/sh
# Make the root directory of one suite: debootstrap, then packages by apt.
# Everything comes from MIRROR, the package source that this machine's own apt
# uses; the caller hands it over, so that no address is written down here.
#
#   make-root.sh bare SUITE MIRROR APT_CONF DIRECTORY      only the essential packages
#   make-root.sh packages DIRECTORY PACKAGE...             add packages to such a directory
#   make-root.sh runtime DIRECTORY PACKAGE-dev...          print the library packages these need at run time
#   make-root.sh older-kernel DIRECTORY                    add a second kernel, older than the present one
#   make-root.sh instead-of-grub DIRECTORY PACKAGE...      add another boot loader's packages, take GRUB's away
#   make-root.sh kernel-package DIRECTORY                  put the packages of one more kernel into DIRECTORY/kernel-package
set -eu

export DEBIAN_FRONTEND=noninteractive LC_ALL=C
# The kernel package would make an image that fits this machine. The disk's own
# is made later, when its root file system is mounted (prepare-disk.sh).
export INITRD=No

make_bare() {
        suite=$1 mirror=$2 apt_conf=$3 root=$4
        script=
        # debootstrap does not know suites younger than itself; sid's script does for all of them
        [ -e "/usr/share/debootstrap/scripts/$suite" ] || script=/usr/share/debootstrap/scripts/sid
        debootstrap --variant=minbase "$suite" "$root" "$mirror" $script
        cp "$apt_conf" "$root/etc/apt/apt.conf.d/90boot-test"
        echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/boot-test"
        printf 'path-exclude=/usr/share/%s/*\n' doc man locale info lintian >> "$root/etc/dpkg/dpkg.cfg.d/boot-test"
        # no daemon may start in here
        printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
        chmod 755 "$root/usr/sbin/policy-rc.d"
        cp /etc/resolv.conf "$root/etc/resolv.conf"
        chroot "$root" apt-get -q update
}

add_packages() {
        root=$1
        shift
        mount -t proc proc "$root/proc"
        trap 'umount "$root/proc"' EXIT
        chroot "$root" apt-get -q -y --no-install-recommends install "$@"
}

# The run-time half of a -dev package is among its direct dependencies. The
# names differ from suite to suite (libiniparser1, libiniparser4).
print_runtime() {
        root=$1
        shift
        chroot "$root" apt-cache depends --important "$@" |
                sed -n -E 's/^ *Depends: (lib[a-z0-9.+-]*)$/\1/p' | grep -v -e '-dev$' | sort -u
}

# A suite keeps its last two or so kernels. Where it has only one, the
# real-time flavour is the second.
add_older_kernel() {
        root=$1
        oldest=$(chroot "$root" apt-cache search --names-only '^linux-image-[0-9]+[.][0-9]+[.][0-9]+[^a-z]*([+]deb[0-9]+)?-amd64$' |
                cut -d ' ' -f 1 | sort -V | head -n 1)
        if [ -z "$oldest" ] || [ -e "$root/boot/vmlinuz-${oldest#linux-image-}" ]; then
                oldest=linux-image-rt-amd64
        fi
        add_packages "$root" "$oldest"
}

add_instead_of_grub() {
        root=$1
        chroot "$root" apt-get -q -y purge 'grub*'
        add_packages "$@"
}

# The flavour for clouds: small, and its release sorts behind that of the usual
# one. The packages are Debian's own, but not compressed, without the modules of
# hardware that no guest has, and bring their image along, because a guest has
# little time: to be installed with INITRD=No.
make_kernel_package() {
        root=$1
        mount -t proc proc "$root/proc"
        trap 'umount "$root/proc"' EXIT
        # shellcheck disable=SC2016  # for the shell in there
        chroot "$root" sh -euc '
                image=$(apt-cache search --names-only "^linux-image-[0-9].*-cloud-amd64$" | cut -d " " -f 1 | sort -V | tail -n 1)
                release=${image#linux-image-}
                mkdir -m 755 /kernel-package /tmp/packages
                cd /tmp/packages
                apt-get -q download "$image" $(apt-cache depends "$image" | sed -n "s/^ *Depends: \(linux-[a-z]*-$release\)$/\1/p")
                dpkg --install ./*.deb
                dracut --quiet --hostonly --no-hostonly-cmdline --no-compress --no-early-microcode --filesystems ext4 \
                        --add-drivers "virtio_blk virtio_pci nvme ext4" "initrd.img-$release" "$release"
                for package in *.deb; do
                        dpkg-deb --raw-extract "$package" tree
                        find tree -path "*/modules/*/kernel/*" -name "*.ko*" ! -path "*/kernel/fs/*" ! -path "*/kernel/lib/*" \
                                ! -path "*/kernel/crypto/*" ! -path "*/kernel/arch/*" ! -path "*/drivers/block/*" \
                                ! -path "*/drivers/char/*" ! -path "*/drivers/nvme/*" ! -path "*/drivers/pci/*" \
                                ! -path "*/drivers/virtio/*" ! -path "*/drivers/vfio/*" ! -path "*/kernel/virt/*" -delete
                        case $package in
                        linux-image-*) install -D -m 600 "initrd.img-$release" -t tree/boot ;;
                        esac
                        dpkg-deb --root-owner-group -Znone --build tree "/kernel-package/$package"
                        rm -r tree
                done'
}

verb=$1
shift
case $verb in
bare) make_bare "$@" ;;
packages) add_packages "$@" ;;
runtime) print_runtime "$@" ;;
older-kernel) add_older_kernel "$@" ;;
instead-of-grub) add_instead_of_grub "$@" ;;
kernel-package) make_kernel_package "$@" ;;
*) echo "make-root.sh: unknown verb $verb" >&2; exit 64 ;;
esac
