#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real file systems on loop devices that nobody has mounted: ptprep reads and changes them, and leaves no mount behind.

    run-unmounted.py PTPREP

The machine is a tree of tests/golden with its /boot in an ext4 file system of its own, and "/" of a chroot in a mount
namespace of this test. Needs root, mounts and loop devices; says so where it has them not.
"""

import contextlib
import ctypes
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import filetree

SKIPPED = 77
CLONE_NEWNS = 0x00020000
MACHINE = "intel-off"
OPENED_BY_NAME = ("libmount.so.1", "libjson-c.so.5")  # where ldd does not tell of them
NOT_MOUNTED = r"^ +ok +boot\.mounted +/boot: not mounted; /dev/loop\d+ \(ext4\), found by its line in /etc/fstab"
UNSEEN = r"^ +unknown +iommu\.argument +/boot: cannot tell what is on it, see boot\.mounted$"


def call(*arguments: object) -> str:
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
    return done.stdout


class Host:
    """The machine, ptprep in it, and the device of its /boot."""

    def __init__(self, tree, device: str):
        self.tree, self.device = tree, device
        self.errors: list[str] = []
        self.start = self.boot_files()

    def command(self, *arguments: str) -> list[str]:
        return ["chroot", str(self.tree.top), "/ptprep", *arguments]

    def ptprep(self, *arguments: str, code: int | None = None, match: tuple[str, ...] = (), nomatch: tuple[str, ...] = ()) -> str:
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False, timeout=120,
                              env={"LC_ALL": "C", "NO_COLOR": "1", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        text = done.stdout + done.stderr
        what = f"ptprep {' '.join(arguments)}"
        if code is not None and done.returncode != code:
            self.errors.append(f"{what}: exit {done.returncode}, not {code}\n{text}")
        self.errors += [f"{what}: no {m}\n{text}" for m in match if not re.search(m, text, re.M)]
        self.errors += [f"{what}: has {m}\n{text}" for m in nomatch if re.search(m, text, re.M)]
        self.no_mount(what)
        return text

    def no_mount(self, what: str) -> None:
        boot = str(self.tree.path("/boot"))
        if any(line.split()[4].startswith(boot) for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()):
            self.errors.append(f"{what}: a mount is left at /boot")
        if os.listdir(boot):
            self.errors.append(f"{what}: written below the mount point: {os.listdir(boot)}")

    def digest(self) -> str:
        return hashlib.sha256(pathlib.Path(self.device).read_bytes()).hexdigest()

    @contextlib.contextmanager
    def mounted(self, where: str, options: str):
        path = self.tree.path(where)
        path.mkdir(exist_ok=True)
        call("mount", "-t", "ext4", "-o", options, self.device, path)
        try:
            yield path
        finally:
            call("umount", path)

    def boot_files(self) -> dict[str, str]:
        """Name and hash of what is on the device."""
        with self.mounted("/mnt", "ro") as top:
            return {p.relative_to(top).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
                    for p in sorted(top.rglob("*")) if p.is_file()}


def install(tree, ptprep: str) -> None:
    """The program and its libraries at their own paths."""
    shutil.copy(ptprep, tree.path("/ptprep"))
    libraries = re.findall(r"(/\S+)", call("ldd", ptprep))
    cache = call("/sbin/ldconfig", "-p")
    for name in OPENED_BY_NAME:
        found = re.search(rf"{re.escape(name)} \(.*x86-64.*\) => (\S+)", cache)
        if found:
            libraries += [found[1], *re.findall(r"(/\S+)", call("ldd", found[1]))]
    for library in set(libraries):
        if pathlib.Path(library).is_file():
            target = tree.path(library)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, target)


def judge_reading(host: Host) -> None:
    before = host.digest()
    host.ptprep("bootloader", code=0, match=(r"^/boot: not mounted; /dev/loop\d+ \(ext4\)", r"^  boots from /boot/grub/grub\.cfg", r"intel_iommu=off"))
    host.ptprep("bootloader", "--json", code=0, match=(r'"mount_point": ?"/boot"',))
    host.ptprep("--check", match=(NOT_MOUNTED, r"^ +fail +iommu\.argument"), nomatch=(r"^ +(unknown|blocked) +(boot|iommu\.argument)",))
    host.ptprep("--apply", "--dry-run", match=(r"^\+.*intel_iommu=on",))
    if host.digest() != before:
        host.errors.append("reading has written to the device")


def judge_refusal(host: Host) -> None:
    """What cannot be mounted is named, and nothing is changed."""
    cases = [("debugfs", ("-w", "-R", "feature needs_recovery"), ("-w", "-R", "feature -needs_recovery"), "was not unmounted cleanly")]
    for program, spoil, cure, reason in cases:
        call(program, *spoil, host.device)
        before = host.digest()
        host.ptprep("--check", code=2, match=(rf"^ +blocked +boot\.mounted +/boot: cannot tell what is on it: .*{reason}", r"-> mount /boot and run ptprep again", UNSEEN))
        host.ptprep("--apply", code=2, match=(reason, UNSEEN))
        if host.digest() != before:
            host.errors.append(f"{reason}: the device was changed")
        call(program, *cure, host.device)
    fstab = host.tree.path("/etc/fstab")
    text = fstab.read_text()
    for line, reason in (("UUID=0000-0000 /boot vfat noauto 0 0", "there is no device UUID=0000-0000"),
                         ("server:/boot /boot nfs noauto 0 0", "is no block device"),
                         (f"{host.device} /boot ext4 noauto,nonsense=1 0 0", "mounting /dev/loop.*Invalid argument")):
        fstab.write_text(f"{line}\n")
        host.ptprep("bootloader", code=4, match=(rf"^/boot: cannot tell what is on it: .*{reason}",))
        host.ptprep("--apply", code=2, match=(reason, UNSEEN))
        host.ptprep("revert", code=2, match=(reason,))
    fstab.write_text(text)


def judge_elsewhere(host: Host) -> None:
    """What somebody has mounted is used through that mount, which stays as it is."""
    with host.mounted("/mnt", "ro"):
        host.ptprep("--check", match=(r"^ +ok +boot\.mounted +/boot: not mounted there; /dev/loop\d+ is mounted at /mnt",))
        host.ptprep("--apply", code=3, match=(r"/boot could not be opened for writing: Read-only file system",))


def judge_kill(host: Host) -> None:
    """Ended in the middle of a change: the mounts end with it, and the next run puts things right."""
    mkconfig = host.tree.path("/usr/sbin/grub-mkconfig")
    text = mkconfig.read_text()
    mkconfig.write_text("#!/bin/sh\n: > /run/here\nwhile :; do :; done\n")
    with subprocess.Popen(host.command("--apply"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while not host.tree.path("/run/here").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        host.no_mount("while applying")
        if process.poll() is not None:
            host.errors.append("the apply that was to be killed has ended by itself")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    mkconfig.write_text(text)
    host.no_mount("after SIGKILL")
    while True:  # the last process of the namespace may take a moment
        try:
            call("e2fsck", "-f", "-p", host.device)  # also: nobody uses the device
            break
        except RuntimeError as error:
            if time.monotonic() > deadline:
                raise AssertionError("the device stays in use after SIGKILL") from error
            time.sleep(0.1)


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def judge_writing(host: Host) -> None:
    ours = ["grub/grub.cfg", "initrd.img-6.1.0-1-amd64"]  # built and generated anew by both, the image not the same twice
    host.ptprep("--apply", match=(NOT_MOUNTED, r"^ +ok +iommu\.argument", r"^ +ok +boot\.argument", r"^ +ok +image\.current"))
    call("e2fsck", "-f", "-n", host.device)
    names = changed(host.start, host.boot_files())
    if names != ours:
        host.errors.append(f"changed in /boot: {names}")
    before = host.digest()
    host.ptprep("--apply", match=(NOT_MOUNTED,), nomatch=(r"^changed:",))
    if host.digest() != before:
        host.errors.append("the second apply has written to the device")
    with host.mounted("/mnt", "rw"):  # and with somebody else's mount
        host.ptprep("revert", code=0, match=(r"^ptprep: REVERTED",))
    names = changed(host.start, host.boot_files())
    if names != ours:
        host.errors.append(f"changed in /boot after the revert: {names}")
    with host.mounted("/mnt", "ro") as top:
        if "intel_iommu=on" in (top / "grub/grub.cfg").read_text():
            host.errors.append("the argument is still there after the revert")


def keep_mounts_private(directory: pathlib.Path, stack: contextlib.ExitStack) -> None:
    """Only a mount point can be made private, which "/" of a plain chroot is not: then the place of this test is made one."""
    if os.path.ismount("/") and subprocess.run(["mount", "--make-rprivate", "/"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return
    call("mount", "--bind", directory, directory)
    stack.callback(call, "umount", "--recursive", directory)
    call("mount", "--make-rprivate", directory)


def show_disks(tree, device: str) -> None:
    """What the kernel says is mounted, and the device, as disks on no PCI function: sysfs is of the machine in the tree."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    number = os.stat(device).st_rdev
    # named by their nodes: a plain chroot has no /sys that could be asked
    names = {m[2]: os.path.basename(m[m.index("-") + 2]) for m in mounts if not m[2].startswith("0:")}
    names[f"{os.major(number)}:{os.minor(number)}"] = os.path.basename(device)
    for number, name in names.items():
        place = f"devices/platform/disk/block/{name}"
        tree.write(f"/sys/{place}/dev", f"{number}\n".encode())
        for link in (f"/sys/dev/block/{number}", f"/sys/class/block/{name}"):
            tree.link(link, f"../../{place}")


def play(ptprep: str, top: pathlib.Path, stack: contextlib.ExitStack) -> Host:
    tree = filetree.Tree(top / "root")
    tree.top.mkdir()
    call("mount", "--bind", tree.top, tree.top)
    stack.callback(call, "umount", "--recursive", tree.top)
    tree.build(filetree.read_lines(f"{MACHINE}.tree"))
    tree.build(filetree.NO_NETWORK)
    tree.install_tools()
    install(tree, ptprep)
    image = top / "boot.img"
    with image.open("wb") as f:
        f.truncate(16 << 20)
    call("mke2fs", "-q", "-t", "ext4", "-d", tree.path("/boot"), image)
    device = call("losetup", "--find", "--show", image).strip()
    stack.callback(call, "losetup", "--detach", device)
    show_disks(tree, device)
    shutil.rmtree(tree.path("/boot"))
    tree.path("/boot").mkdir()
    # the kernel's own view of mounts and devices; all else is of the machine in the tree
    shown = {name: tree.path(f"/proc/{name}").read_bytes() for name in ("cpuinfo", "cmdline", "swaps")}
    shown["config.gz"] = b""  # what the kernel of this very machine is built with is of no matter
    for name in ("/proc", "/dev"):
        shutil.rmtree(tree.path(name))
        tree.path(name).mkdir()
    call("mount", "-t", "proc", "proc", tree.path("/proc"))
    call("mount", "--rbind", "/dev", tree.path("/dev"))
    for name, data in shown.items():
        if tree.path(f"/proc/{name}").exists():
            tree.write(f"/run/{name}", data)
            call("mount", "--bind", tree.path(f"/run/{name}"), tree.path(f"/proc/{name}"))
    tree.write("/etc/fstab", f"{device} /boot ext4 noauto,errors=remount-ro 0 0\n".encode())
    return Host(tree, device)


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: mounting needs root")
        return SKIPPED
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        print(f"SKIPPED: no mount namespace: {os.strerror(ctypes.get_errno())}")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="ptprep-unmounted-") as directory, contextlib.ExitStack() as stack:
        try:
            keep_mounts_private(pathlib.Path(directory), stack)
            host = play(sys.argv[1], pathlib.Path(directory), stack)
        except RuntimeError as error:
            print(f"SKIPPED: no loop device, or no mount of it: {error}")
            return SKIPPED
        for part in (judge_reading, judge_refusal, judge_elsewhere, judge_kill, judge_writing):
            before = len(host.errors)
            part(host)
            print(f"{'ok' if len(host.errors) == before else 'FAILED'} {part.__name__}")
        print("".join(f"  {e}\n" for e in host.errors), end="")
        return 1 if host.errors else 0


if __name__ == "__main__":
    sys.exit(main())
