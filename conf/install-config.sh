#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install-config.sh FILE DIRECTORY: installs a configuration file where there is none. One that is there is somebody's
# work, and without it the next boot would take all claims back.

set -eu

target=${DESTDIR:-}$2/$(basename -- "$1")
if [ ! -e "$target" ] && [ ! -h "$target" ]; then
        mkdir -p "${target%/*}"
        install -m 0644 -- "$1" "$target"
fi
