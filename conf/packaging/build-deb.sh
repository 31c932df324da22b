#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build-deb.sh [DIRECTORY]: makes the Debian package of this source, and puts it into DIRECTORY (build/packages). What its
# debian/control asks for has to be there: "apt-get build-dep ./conf/packaging", as root, installs it.

set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
out=${1:-$top/build/packages}
version=$(sed -n "s/^ *version : '\(.*\)',$/\1/p" "$top/meson.build")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

mkdir -p "$out"
source=$work/ptprep-$version
mkdir "$source"
# what belongs to the source, and nothing that lies beside it
if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
        (cd "$top" && git ls-files -z | tar --null -T - -c) | tar -C "$source" -x
else
        (cd "$top" && tar -c --exclude=./build --exclude='./build-*' .) | tar -C "$source" -x
fi
tar -C "$work" -cJf "$work/ptprep_$version.orig.tar.xz" "ptprep-$version"
cp -r "$source/conf/packaging/debian" "$source/debian"
(cd "$source" && dpkg-buildpackage --no-sign)
find "$work" -maxdepth 1 -type f -exec mv -t "$out" -- {} +
printf '%s\n' "$out"/ptprep_"$version"-*.deb
