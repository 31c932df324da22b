#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# init of User Mode Linux, started by fat.py with job=DIRECTORY: runs of ptprep on a FAT file system, for which the kernel
# of this machine may have no driver. The first disk gets the state at the beginning, the second one that after a good run,
# the third one is the one that logs what is written to it.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C NO_COLOR=1
tree=/mnt/tree
place='' before='' run='' fails='' every=0 # settings

mount_disk() {
        rm -rf "$tree"
        cp -a /mnt/rest "$tree"
        mount -t vfat "/dev/$1" "$tree/$place"
}

# the root's own files are as they were, too
unmount_disk() {
        umount "$tree/$place"
}

# well COMMAND...: 1 and 2 say that there is more to be done, as ptprep's exit statuses do
well() {
        ended=0
        "$@" || ended=$?
        echo "ended with $ended"
        test "$ended" -lt 3
}

names() {
        (cd "$tree/$place" && find . -type f | sed 's/^\.//')
}

runs() {
        set -e
        # shellcheck source=/dev/null
        . /mnt/job/settings
        for module in fat/fat fat/vfat nls/nls_cp437 nls/nls_iso8859-1 nls/nls_ascii; do
                insmod /usr/lib/uml/modules/*/kernel/fs/$module.ko
        done
        cp -a /mnt/job/tree /mnt/rest
        mv "/mnt/rest/$place" /mnt/files
        mkdir "/mnt/rest/$place"

        mount_disk ubda
        cp -r /mnt/files/. "$tree/$place"
        for verb in $before; do
                well /mnt/job/ptprep --root="$tree" "$verb"
        done
        unmount_disk
        rm -rf /mnt/rest
        mv "$tree" /mnt/rest
        dd if=/dev/ubda of=/dev/ubdb bs=1M
        dd if=/dev/ubda of=/mnt/job/disk bs=1M conv=notrunc,fsync

        mount_disk ubdb
        well /mnt/job/fault count /mnt/job/calls /mnt/job/ptprep --root="$tree" "$run"
        unmount_disk
        last=$(grep -E '^[0-9]+ (rename|exchange)' /mnt/job/calls | grep -v /report. | tail -n 1 | cut -d ' ' -f 1)

        mount_disk ubdc
        names > /mnt/job/names
        if [ "$every" -gt 0 ]; then
                export FAULT_SYNC="$every:$tree/$place"
        fi
        export FAULT_LIST=/mnt/job/calls FAULT_FLUSHED=/mnt/job/log
        if [ -n "$fails" ]; then
                set -- EIO "$last"
        else
                set -- count "$FAULT_LIST"
        fi
        code=0
        /mnt/job/fault "$@" /mnt/job/ptprep --root="$tree" "$run" || code=$?
        stat -c %s /mnt/job/log > /mnt/job/over
        names >> /mnt/job/names
        # each cluster that was somebody's and is free now holds something else
        tr '\0' '#' < /dev/zero > "$tree/$place/filler" || true
        sync
        unmount_disk
        echo "$code" > /mnt/job/code
}

mount -t proc proc /proc
mount -t tmpfs tmpfs /mnt
mkdir /mnt/job
# the directory is no option of the newer way to mount, by which it would be cut at its slashes
LIBMOUNT_FORCE_MOUNT2=always mount -t hostfs -o "${job:?}" hostfs /mnt/job
(runs) > /mnt/job/said 2>&1
sync
echo o > /proc/sysrq-trigger
sleep 60
