#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what it takes to build ptprep on Debian 12 and newer, builds it, and judges this machine with "ptprep --check".
# Nothing but the packages is installed; the last lines say how to go on.

set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$top/build/release
log=$top/build/setup.log

mkdir -p "$top/build"
: >"$log"

# step TEXT COMMAND...: a dot every few seconds while it runs; its output goes to the log, and is shown when it fails
step() {
        printf '%s ' "$1"
        shift
        "$@" >>"$log" 2>&1 &
        job=$!
        seconds=0
        while kill -0 "$job" 2>/dev/null; do
                [ $((seconds % 3)) != 0 ] || printf '.'
                sleep 1
                seconds=$((seconds + 1))
        done
        if wait "$job"; then
                printf ' %d s\n' "$seconds"
        else
                printf '\n'
                tail -n 40 "$log" >&2
                printf 'failed; the whole log is %s\n' "$log" >&2
                exit 1
        fi
}

packages=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$top/conf/packages-build.txt")
missing=
for package in $packages; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
        if [ "$(id -u)" != 0 ]; then
                printf 'these packages are missing, run this as root or install them first:\n %s\n' "$missing" >&2
                exit 1
        fi
        step 'reading the package lists' apt-get update
        # shellcheck disable=SC2086  # one word a package
        step "installing$missing" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
fi
# said before the long part: without the right one nothing can be claimed early
for maker in dracut update-initramfs mkinitcpio; do
        if command -v "$maker" >/dev/null; then
                printf 'initramfs images are made by %s\n' "$maker"
                break
        fi
        [ "$maker" != mkinitcpio ] || printf 'no program is found here that makes initramfs images\n'
done
[ -f "$build/build.ninja" ] ||
        step 'configuring' meson setup --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
                -Dtests=false "$build" "$top"
step 'compiling' ninja -C "$build"

printf '\n$ ptprep --check\n'
status=0
"$build/agent/ptprep" --check || status=$?
cat <<END

(exit status $status: 0 ready or nothing configured, 1 ptprep or a reboot can cure it, 2 a person has to act, 4 cannot be told here)

What to do next:
  meson install -C $build
                                  install ptprep, its units and the dracut module
  ptprep list                     see the devices, and what stands in their way
  ptprep configure                say which one goes to guests: it asks
  ptprep --apply --dry-run        see what would change
  ptprep --apply && reboot        or: systemctl enable ptprep.service, and every boot looks after it
END
