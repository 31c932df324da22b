#!/bin/sh
# Make the root folder of one suite: debootstrap, then packages by apt.
# Everything comes from MIRROR, the package source that this machine's own apt
# uses; the caller hands it over, so that no address is written down here.
#
#   make-root.sh bare SUITE MIRROR APT_CONF FOLDER      only the essential packages
#   make-root.sh packages FOLDER PACKAGE...             add packages to such a folder
#   make-root.sh runtime FOLDER PACKAGE-dev...          print the library packages these need at run time
#   make-root.sh older-kernel FOLDER                    add a second kernel, older than the present one
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

verb=$1
shift
case $verb in
bare) make_bare "$@" ;;
packages) add_packages "$@" ;;
runtime) print_runtime "$@" ;;
older-kernel) add_older_kernel "$@" ;;
*) echo "make-root.sh: unknown verb $verb" >&2; exit 64 ;;
esac
