#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A host is restarted once for a plan, and never again, whatever is lost or undone in between.

    run-reboot.py PTPREP

The machine is a tree of tests/golden and "/" of a chroot in a mount namespace of this test. Its systemctl(1) only notes that it
was called: nothing is restarted, and the next boot is another boot id. Needs root, mounts and a disk that keeps what is written
to it, or a loop device for one; says so where it has them not.
"""

import contextlib
import ctypes
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

import filetree

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
CLONE_NEWNS = 0x00020000
MACHINE = "intel-off"
KEEPING = {"ext2/ext3", "xfs", "btrfs", "f2fs", "zfs"}  # names of stat(1)
PLACES = ("/var/lib/ptprep/reboots", "/etc/ptprep/reboots", "/boot/ptprep-reboots")
BOOT_ID = "/proc/sys/kernel/random/boot_id"
SYSTEMCTL = b"#!/bin/sh\nset -eu\necho \"$*\" >>/called\n"
ONCE = b"[agent]\nreboot = once\n"
READY, NOT_READY = 0, 1

spec = importlib.util.spec_from_file_location("unmounted", HERE / "run-unmounted.py")
assert spec and spec.loader
unmounted = importlib.util.module_from_spec(spec)
spec.loader.exec_module(unmounted)
call = unmounted.call


class Host:
    def __init__(self, ptprep: str, directory: pathlib.Path):
        self.ptprep = ptprep
        self.tree = filetree.Tree(directory)
        self.tree.build(filetree.read_lines(f"{MACHINE}.tree") + filetree.NO_NETWORK)
        self.tree.install_tools()
        unmounted.install(self.tree, ptprep)
        self.tree.write("/usr/bin/systemctl", SYSTEMCTL)
        self.tree.path("/usr/bin/systemctl").chmod(0o755)
        self.errors: list[str] = []
        self.boots = 0
        self.boot()

    @contextlib.contextmanager
    def descriptors(self):
        """/proc is of the machine in the tree; some versions of iniparser open what they read by /proc/self/fd."""
        place = self.tree.path("/kernel-proc")
        place.mkdir()
        call("mount", "-t", "proc", "proc", place)
        try:
            self.tree.link("/proc/self/fd", "/kernel-proc/self/fd")
            self.tree.link("/proc/1/root", "/")
            yield
        finally:
            call("umount", place)

    def boot(self) -> None:
        """The host comes up again, with the same words on its command line as before."""
        self.boots += 1
        self.tree.write(BOOT_ID, f"00000000-0000-4000-8000-{self.boots:012}\n".encode())
        shutil.rmtree(self.tree.path("/run/ptprep"), ignore_errors=True)

    def run(self, *arguments: str, status: int, said: str = "", unsaid: str = "", calls: int, outside: bool = False,
            environment: dict[str, str] | None = None) -> str:
        """@calls: how often the host is restarted by it. @outside: as a root that does not run."""
        seen = len(self.calls())
        command = [self.ptprep, f"--root={self.tree.top}"] if outside else ["chroot", str(self.tree.top), "/ptprep"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=120,
                              env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"} | (environment or {}))
        text, what = done.stdout + done.stderr, f"boot {self.boots}, ptprep {' '.join(arguments)}"
        if done.returncode != status or not re.search(said, text, re.M) or (unsaid and re.search(unsaid, text, re.M)):
            self.errors.append(f"{what}: {done.returncode}, not {status}, or no {said!r}, or {unsaid!r} in: {text}")
        if len(self.calls()) - seen != calls:
            self.errors.append(f"{what}: restarted {len(self.calls()) - seen} times, not {calls}: {text}")
        return done.stdout

    def calls(self) -> list[str]:
        path = self.tree.path("/called")
        return path.read_text().splitlines() if path.exists() else []

    def recorded(self, *places: str) -> None:
        there = tuple(p for p in PLACES if self.tree.path(p).exists())
        if there != places:
            self.errors.append(f"boot {self.boots}: recorded in {there}, not in {places}")
        if len({self.tree.path(p).read_text() for p in there}) > 1:
            self.errors.append("the records are not the same")

    def undo(self) -> None:
        """Somebody takes away what ptprep has made, so that an apply has something to do."""
        self.tree.path("/etc/modprobe.d/ptprep.conf").unlink()

    def configure(self, text: bytes) -> None:
        self.tree.write("/etc/ptprep/ptprep.conf.d/10-test.conf", text)


def by_hand(h: Host) -> None:
    h.run("--apply", "--dry-run", "--reboot", status=NOT_READY, calls=0)
    h.recorded()
    h.run("--apply", "--reboot", status=READY, said=r"^ptprep: restarting this host, once for this plan \([0-9a-f]{16}\)$", calls=1)
    if h.calls() != ["--check-inhibitors=yes reboot"]:
        h.errors.append(f"by hand those who are there are asked first, not {h.calls()}")
    h.recorded(*PLACES)
    h.run("--apply", "--reboot", status=READY, said=r"not restarted: nothing was changed for the next boot$", calls=0)
    h.run("--check", status=NOT_READY, said=r"^ptprep: REBOOT DUE", unsaid=r"reboot\.once", calls=0)


def at_boot(h: Host) -> None:
    h.configure(ONCE)
    h.run("--apply", "--boot", status=READY, said=r"^ptprep: restarting", calls=1)
    if h.calls() != ["--no-block reboot"]:
        h.errors.append(f"at boot nobody is waited for: {h.calls()}")
    h.recorded(*PLACES)


def not_asked_for(h: Host) -> None:
    h.configure(b"[agent]\nreboot = never\n")
    h.run("--apply", "--boot", status=READY, said=r"^next: reboot$", unsaid="restart", calls=0)
    h.recorded()


def without_effect(h: Host) -> None:
    """Told, by its own check, and not repeated, neither in this boot nor after it, whatever is lost or has to be done again."""
    at_boot(h)
    h.boot()
    missing = r"^ +fail +reboot\.once +this host was restarted for what is configured, and that did not take effect: " \
              r"this boot was started (without ptprep\.claim=1|with intel_iommu=off); it is not restarted for it again$"
    for arguments in (("--check",), ("--apply", "--boot")):
        h.run(*arguments, status=NOT_READY, said=missing, calls=0)
    report = json.loads(h.run("--check", "--json", status=NOT_READY, calls=0))
    if report["reboot_required"] or any(f["cure_kind"] == "reboot" for f in report["findings"]):
        h.errors.append(f"one more reboot is asked for: {report}")
    before = "not restarted: (it was done for this very plan before|a reboot would make nothing true)$"
    for lost in ((), ("/var/lib/ptprep",), ("/var/lib/ptprep", "/boot/ptprep-reboots"), ("/etc/ptprep/reboots", "/boot/ptprep-reboots")):
        h.boot()
        h.undo()
        for path in lost:
            if h.tree.path(path).is_dir():
                shutil.rmtree(h.tree.path(path))
                h.tree.build(filetree.NO_NETWORK)
            else:
                h.tree.path(path).unlink(missing_ok=True)
        h.run("--apply", "--boot", status=NOT_READY, said=missing, calls=0)
        h.undo()
        h.run("--apply", "--reboot", status=NOT_READY, said=before, calls=0)
        for place in PLACES:  # and the next round begins with all of them
            known = next(p for p in PLACES if h.tree.path(p).exists())
            if not h.tree.path(place).exists():
                shutil.copy(h.tree.path(known), h.tree.path(place))


def with_effect(h: Host) -> None:
    at_boot(h)
    h.boot()
    words = "intel_iommu=on ptprep.claim=1"
    h.tree.write("/proc/cmdline", f"BOOT_IMAGE=/boot/vmlinuz-6.1.0-1-amd64 root=/dev/vda2 ro quiet {words}\n".encode())
    h.tree.build(["d /sys/class/iommu/dmar0", "p 0000:00:03.0 1af4:1042 010000 virtio-pci 0", "p 0000:00:04.0 8086:10d3 020000 vfio-pci 1",
                  "p 0000:00:05.0 8086:10d3 020000 e1000e 2"] + [f"l /sys/kernel/iommu_groups/{i}/devices/0000:00:0{i + 3}.0 /sys/devices"
                                                                for i in range(3)] +
                 [f"f /sys/kernel/iommu_groups/{i}/{file}" for i in range(3) for file in ("reserved_regions", "type")])
    h.run("--check", status=READY, said=r"^ptprep: READY", unsaid=r"reboot\.once", calls=0)
    h.undo()
    h.run("--apply", "--boot", status=READY, said="^changed:", calls=0)


def another_plan(h: Host) -> None:
    """One that is not known yet, then the first one once more; revert forgets them all."""
    at_boot(h)
    h.boot()
    h.tree.write("/etc/ptprep/ptprep.conf", b"[device nic1]\naddress = 0000:00:05.0\nid = 8086:10d3\n")
    h.run("--apply", "--boot", status=READY, said="^ptprep: restarting", calls=1)
    h.boot()
    h.tree.write("/etc/ptprep/ptprep.conf", b"[device nic0]\naddress = 0000:00:04.0\nid = 8086:10d3\n")
    h.run("--apply", "--boot", status=NOT_READY, said=r"^ +fail +reboot\.once", calls=0)
    h.run("revert", status=READY, said="^ptprep: REVERTED", calls=0)
    h.recorded()


def elsewhere(h: Host) -> None:
    h.run("--apply", "--reboot", status=READY, said="not restarted: it is not the system that runs$", calls=0, outside=True)
    h.recorded()


def in_an_installer(h: Host) -> None:
    """What runs there is the installer: the first process has another root, and as a unit of its own nobody could tell."""
    h.configure(ONCE)
    h.tree.path("/proc/1/root").unlink()
    h.tree.link("/proc/1/root", "/kernel-proc")
    h.run("--apply", status=READY, said="not restarted: its root is not that of the system that runs$", calls=0)
    h.undo()
    h.tree.path("/proc/1/root").unlink()
    h.run("--apply", status=READY, said="not restarted: its root is not that of the system that runs$", calls=0)
    h.recorded()
    h.undo()
    h.run("--apply", "--boot", status=READY, said="^ptprep: restarting", calls=1, environment={"INVOCATION_ID": "1"})


def in_a_container(h: Host) -> None:
    h.configure(ONCE)
    h.tree.write("/run/.containerenv", b"")
    h.run("--apply", "--reboot", status=4, said="not restarted: this is a container$", calls=0)


def live_medium(h: Host) -> None:
    h.configure(ONCE)
    with h.tree.path("/proc/cmdline").open("a") as f:
        f.write("boot=live\n")
    line = h.tree.path("/proc/cmdline").read_text().replace("\n", " ")
    h.tree.write("/proc/cmdline", f"{line}\n".encode())
    h.run("--apply", "--boot", status=READY, said="not restarted: what is written in this boot is lost with it$", calls=0)


def unreadable_record(h: Host) -> None:
    h.configure(ONCE)
    h.tree.path("/etc/ptprep/reboots").mkdir()
    h.run("--apply", "--boot", status=READY, said="not restarted: it cannot be read whether it was done before$", calls=0)


def read_only(h: Host) -> None:
    """What cannot be changed needs no restart."""
    h.configure(ONCE)
    path = h.tree.path("/etc/ptprep")
    call("mount", "--bind", path, path)
    try:
        call("mount", "-o", "remount,bind,ro", path)
        h.run("--apply", "--boot", status=3, said="Read-only file system", calls=0)
    finally:
        call("umount", path)
    h.recorded()


def forgetful(h: Host, place: str) -> None:
    """A directory in memory: nothing there outlives the boot, so nothing is recorded in any place."""
    h.configure(ONCE)
    path = h.tree.path(place)
    path.mkdir(exist_ok=True)
    kept = shutil.copytree(path, h.tree.path("/kept"))
    call("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", path)
    try:
        shutil.copytree(kept, path, dirs_exist_ok=True)
        h.run("--apply", "--boot", status=READY, calls=0,
              said=rf"not restarted, as it could not be recorded: {place}/(ptprep-)?reboots lies on a file system that may forget it$")
        h.recorded()
    finally:
        call("umount", path)


def refused_by_systemd(h: Host) -> None:
    """Not tried again: nobody knows what it has begun."""
    h.tree.write("/usr/bin/systemctl", SYSTEMCTL + b"echo 'User mary is logged in on tty2.'\nexit 1\n")
    h.tree.path("/usr/bin/systemctl").chmod(0o755)
    h.run("--apply", "--reboot", status=READY, said=r"not restarted: systemctl reboot: exit status: .*mary.*; reboot by hand, it is not", calls=1)
    h.recorded(*PLACES)
    h.undo()
    h.run("--apply", "--reboot", status=READY, said="not restarted: it was done for this very plan before$", calls=0)


PARTS: dict[str, Callable[[Host], None]] = {
    part.__name__: part for part in (by_hand, at_boot, not_asked_for, without_effect, with_effect, another_plan, elsewhere, in_an_installer,
                                     in_a_container, live_medium, unreadable_record, read_only, refused_by_systemd)
} | {f"forgetful {place}": lambda h, place=place: forgetful(h, place) for place in ("/var/lib/ptprep", "/boot")}


def own_mounts(top: pathlib.Path, stack: contextlib.ExitStack) -> None:
    """What is mounted below top from now on, this test alone sees. RuntimeError: it cannot be had."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise RuntimeError(f"no mount namespace: {os.strerror(ctypes.get_errno())}")
    unmounted.keep_mounts_private(top, stack)


def keeping_disk(top: pathlib.Path, stack: contextlib.ExitStack) -> None:
    """What lies there has to be as on a disk: where it is not, an ext4 of this test's own is."""
    if call("stat", "--file-system", "--format=%T", top).strip() in KEEPING:
        return
    image = top / "image"
    with image.open("wb") as f:
        f.truncate(1 << 30)
    call("mke2fs", "-q", "-t", "ext4", image)
    disk = top / "disk"
    disk.mkdir()
    call("mount", "-o", "loop", image, disk)
    stack.callback(call, "umount", disk)


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: chroot(2) and mounting need root")
        return SKIPPED
    failed = False
    with tempfile.TemporaryDirectory(prefix="ptprep-reboot-") as directory, contextlib.ExitStack() as stack:
        top = pathlib.Path(directory)
        try:
            own_mounts(top, stack)
            keeping_disk(top, stack)
        except RuntimeError as error:
            print(f"SKIPPED: no mounts, or no disk that keeps what is written: {error}")
            return SKIPPED
        if (top / "disk").exists():
            top = top / "disk"
        for name, part in PARTS.items():
            root = top / "root"
            host = Host(sys.argv[1], root)
            with host.descriptors():
                part(host)
            print(f"{'FAILED' if host.errors else 'ok'} {name}")
            print("".join(f"  {e}\n" for e in host.errors), end="")
            failed |= bool(host.errors)
            shutil.rmtree(root)
    return failed


if __name__ == "__main__":
    sys.exit(main())
