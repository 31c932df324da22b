"""The guest's disk: GPT with an ESP, perhaps /boot, and the root file system.

The disk of a suite is cached; a case works on its own copy. Files and the menu
of GRUB are put into the mounted copy, so that the suite's real update-grub
writes grub.cfg for the case as it is found by boot 1.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from . import util
from .roots import Layer, Roots, overlay
from .util import BOOT_DIR, Cache, HarnessError, digest, run

MIB = 1024 * 1024
ROOT_UUID = "5ca1ab1e-0000-4000-8000-00000000a001"
BOOT_UUID = "5ca1ab1e-0000-4000-8000-00000000a002"
ESP_ID = "B007A003"
IMAGE_DIR = BOOT_DIR / "image"

# The kernel arguments of every guest: a console for the log, an end instead of
# a prompt when something breaks, a record of who started processes, and less
# work for the emulation. Most of all norandmaps: QEMU keeps what it has
# translated by address, and translates a library anew that lies elsewhere in
# each process. On a busy machine the kernel's test of its timer fails.
GUEST_ARGUMENTS = ("console=ttyS0,115200 panic=1 systemd.show_status=0 rd.shell=0 rd.emergency=poweroff "
                   "trace_event=sched:sched_process_fork,sched:sched_process_exec "
                   "no_timer_check mitigations=off audit=0 8250.nr_uarts=1 "
                   "init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off norandmaps nokaslr "
                   "psi=0 cgroup_disable=memory rcupdate.rcu_expedited=1 cryptomgr.notests")

# Modules in the EFI image itself. The rest comes from /boot/grub/x86_64-efi.
CORE_MODULES = "part_gpt fat ext2 search search_fs_uuid search_fs_file configfile normal test echo serial terminal"

# The EFI image's own grub.cfg: one search, one optional file (an entry that the
# case changed for one boot, as one would by pressing `e`), then the real menu.
CORE_CONFIG = """serial --unit=0 --speed=115200
search --no-floppy --fs-uuid --set=root {uuid}
set prefix=($root){prefix}
search --no-floppy --file --set=once /boot-test-once.cfg
if [ -n "$once" ]; then
        source ($once)/boot-test-once.cfg
fi
configfile $prefix/grub.cfg
"""


@dataclass(frozen=True)
class Part:
    """A partition; start and size in MiB, so that everything is aligned."""

    name: str
    start: int
    size: int
    kind: str


@dataclass(frozen=True)
class Layout:
    """Which partitions there are, and so where each begins; who boots from them."""

    separate_boot: bool = False
    loader: str = "grub"
    initramfs: str = "dracut"

    @property
    def parts(self) -> list[Part]:
        # systemd-boot has kernels and images there, not only itself
        parts = [Part("esp", 1, 63 if self.loader == "grub" else 511, "U")]
        if self.separate_boot:
            parts.append(Part("boot", parts[-1].start + parts[-1].size, 192, "L"))
        parts.append(Part("root", parts[-1].start + parts[-1].size, 3072, "L"))
        return parts

    def part(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)

    @property
    def size(self) -> int:
        """Of the whole disk; the backup GPT takes the last MiB."""
        return self.parts[-1].start + self.parts[-1].size + 1


@dataclass(frozen=True)
class Disk:
    """A disk in a file, that can be mounted."""

    file: Path
    layout: Layout

    @contextlib.contextmanager
    def device(self, name: str, read_only: bool = False) -> Iterator[Path]:
        part = self.layout.part(name)
        with util.loop_device(self.file, part.start * MIB, part.size * MIB, read_only) as device:
            yield device

    @contextlib.contextmanager
    def mount(self, directory: Path, read_only: bool = False) -> Iterator["Root"]:
        """/ and, where it is one of its own, /boot."""
        options = "ro" if read_only else "rw"
        with contextlib.ExitStack() as stack:
            device = stack.enter_context(self.device("root", read_only))
            stack.enter_context(util.mounted(device, directory, options))
            boot = None
            if self.layout.separate_boot:
                boot = stack.enter_context(self.device("boot", read_only))
                stack.enter_context(util.mounted(boot, directory / "boot", options))
            yield Root(directory, device, boot)

    @property
    def esp(self) -> str:
        """The ESP as mtools write it."""
        return f"{self.file}@@{self.layout.part('esp').start * MIB}"

    @contextlib.contextmanager
    def esp_tree(self, root: "Root") -> Iterator[None]:
        """What is on the ESP, at /boot/efi; new and changed files are on it afterwards. This kernel may have no FAT."""
        with util.mounted("tmpfs", root.path / "boot/efi", "mode=700", "tmpfs") as tree:
            if run(["mdir", "-b", "-i", self.esp, "::/"]).stdout.strip():
                run(["mcopy", "-s", "-i", self.esp, "::/*", str(tree)])
            yield
            run(["mcopy", "-s", "-o", "-i", self.esp, *(str(path) for path in tree.iterdir()), "::/"])

    def put_on_esp(self, source: Path, target: str) -> None:
        run(["mcopy", "-o", "-i", self.esp, str(source), f"::{target}"])

    def remove_from_esp(self, target: str) -> None:
        run(["mdel", "-i", self.esp, f"::{target}"], check=False)

    def copy(self, target: Path) -> "Disk":
        target.parent.mkdir(parents=True, exist_ok=True)
        run(["cp", "--sparse=always", "--reflink=auto", str(self.file), str(target)])
        return Disk(target, self.layout)


@dataclass(frozen=True)
class Root:
    """A mounted guest root in which programs of the guest can run."""

    path: Path
    device: Path
    boot_device: Path | None

    def run(self, argv: list[str], log: Path) -> str:
        """In a chroot with a /dev that shows the guest's file systems and nothing of this machine."""
        dev = self.path / "dev"
        with contextlib.ExitStack() as stack:
            stack.enter_context(util.mounted("proc", self.path / "proc", "nosuid", "proc"))
            stack.enter_context(util.mounted("tmpfs", dev, "mode=755", "tmpfs"))
            for name, number in (("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)):
                os.mknod(dev / name, 0o666 | stat.S_IFCHR, os.makedev(1, number))
                os.chmod(dev / name, 0o666)
            (dev / "fd").symlink_to("/proc/self/fd")
            (dev / "shm").mkdir()
            (dev / "disk/by-uuid").mkdir(parents=True)
            for device, uuid in ((self.device, ROOT_UUID), (self.boot_device, BOOT_UUID)):
                if device:
                    os.mknod(dev / device.name, 0o600 | stat.S_IFBLK, os.stat(device).st_rdev)
                    (dev / "disk/by-uuid" / uuid).symlink_to(f"../../{device.name}")
            # there is no udev that could say what kind of partition the ESP is
            return run(["chroot", str(self.path), *argv], log, env={"LC_ALL": "C", "SYSTEMD_ESP_PATH": "/boot/efi"}).stdout

    def script(self, name: str, *words: str, log: Path) -> str:
        """Run one of the scripts of tests/boot/image in there."""
        inside = self.path / "run" / name
        inside.parent.mkdir(exist_ok=True)
        shutil.copy(IMAGE_DIR / name, inside)
        try:
            return self.run(["sh", f"/run/{name}", *words], log)
        finally:
            inside.unlink()


class Disks:
    """Makes the disk of a suite."""

    def __init__(self, cache: Cache, roots: Roots) -> None:
        self.cache = cache
        self.roots = roots

    def get(self, suite: str, layout: Layout, older_kernel: bool = False, packages: tuple[str, ...] = ()) -> Disk:
        top = self.roots.older_kernel(suite) if older_kernel else self.roots.packages(suite)
        if layout.loader == "systemd-boot":
            top = self.roots.systemd_boot(suite, top)
        if layout.initramfs == "initramfs-tools":
            top = self.roots.initramfs_tools(suite, top)
        if packages:
            top = self.roots.upon(top, f"more-{suite}", packages)
        inputs = [path.read_bytes() for path in sorted(IMAGE_DIR.iterdir())
                  if path.suffix != ".txt" and path.name != "make-root.sh"]
        key = digest(top.name, repr(layout), GUEST_ARGUMENTS, CORE_CONFIG, CORE_MODULES, *inputs)
        shape = (("-2-kernels" if older_kernel else "") + ("-boot" if layout.separate_boot else "") +
                 (f"-{layout.loader}" if layout.loader != "grub" else "") +
                 (f"-{layout.initramfs}" if layout.initramfs != "dracut" else "") + ("-more" if packages else ""))

        def make(path: Path, log: Path) -> None:
            path.mkdir()
            self._make(Disk(path / "disk.raw", layout), top, path.parent, log)

        return Disk(self.cache.get(f"disk-{suite}{shape}-{key}", make) / "disk.raw", layout)

    def _make(self, disk: Disk, top: Layer, scratch: Path, log: Path) -> None:
        partition(disk, log)
        # What comes with the layers goes into the file system as it is made. With /boot
        # apart, its part of the tree is made into the other one.
        with overlay(top.stack, scratch / "upper") as tree:
            self._format(disk, tree, log)
        with disk.mount(scratch / "root") as root:
            self._install_observer(root)
            self._write_configuration(root, disk.layout)
            root.script("configure.sh", log=log)
            root.script("disk.sh", "images", log=log)
            if disk.layout.loader == "grub":
                fill_in_arguments(root)
                root.script("disk.sh", "menu", log=log)
                self._install_grub(root, disk, scratch, log)
            else:
                # the entries are made for each case, as it may have other settings for kernel-install
                (root.path / "etc/kernel/cmdline").write_text(f"root=UUID={ROOT_UUID} ro {GUEST_ARGUMENTS}\n")
                with disk.esp_tree(root):
                    root.run(["bootctl", "--no-variables", "install"], log)

    @staticmethod
    def _format(disk: Disk, tree: Path, log: Path) -> None:
        with disk.device("esp") as device:
            run(["mkfs.vfat", "-F", "32", "-i", ESP_ID, str(device)], log)
        mke2fs = ["mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard"]
        if disk.layout.separate_boot:
            with disk.device("boot") as device:
                run([*mke2fs, "-U", BOOT_UUID, "-d", str(tree / "boot"), str(device)], log)
            for child in (tree / "boot").iterdir():
                run(["rm", "-rf", str(child)], log)
        with disk.device("root") as device:
            run([*mke2fs, "-U", ROOT_UUID, "-d", str(tree), str(device)], log)

    @staticmethod
    def _install_observer(root: Root) -> None:
        target = root.path / "usr/lib/boot-test"
        target.mkdir(parents=True)
        shutil.copy(IMAGE_DIR / "observe.sh", target)
        units = root.path / "etc/systemd/system"
        shutil.copy(IMAGE_DIR / "boot-test-observe.service", units)
        wants = units / "multi-user.target.wants"
        wants.mkdir(exist_ok=True)
        (wants / "boot-test-observe.service").symlink_to("../boot-test-observe.service")

    @staticmethod
    def _write_configuration(root: Root, layout: Layout) -> None:
        lines = [f"UUID={ROOT_UUID} / ext4 defaults 0 0"]
        if layout.separate_boot:
            lines.append(f"UUID={BOOT_UUID} /boot ext4 defaults 0 0")
        lines.append(f"UUID={ESP_ID[:4]}-{ESP_ID[4:]} /boot/efi vfat umask=0077 0 0")
        (root.path / "etc/fstab").write_text("\n".join(lines) + "\n")

    @staticmethod
    def _install_grub(root: Root, disk: Disk, scratch: Path, log: Path) -> None:
        modules = root.path / "usr/lib/grub/x86_64-efi"
        target = root.path / "boot/grub/x86_64-efi"
        target.mkdir(parents=True)
        for pattern in ("*.mod", "*.lst"):
            for path in modules.glob(pattern):
                shutil.copy(path, target)
        separate = disk.layout.separate_boot
        config = CORE_CONFIG.format(uuid=BOOT_UUID if separate else ROOT_UUID, prefix="/grub" if separate else "/boot/grub")
        (root.path / "run/core.cfg").write_text(config)
        root.run(["grub-mkstandalone", "--format=x86_64-efi", "--output=/run/core.efi", "--locales=", "--fonts=", "--themes=",
                  f"--install-modules={CORE_MODULES}", f"--modules={CORE_MODULES}", "boot/grub/grub.cfg=/run/core.cfg"], log)
        core = scratch / "BOOTX64.EFI"
        shutil.move(root.path / "run/core.efi", core)
        (root.path / "run/core.cfg").unlink()
        run(["mmd", "-i", disk.esp, "::/EFI", "::/EFI/BOOT"], log)
        disk.put_on_esp(core, "/EFI/BOOT/BOOTX64.EFI")


def partition(disk: Disk, log: Path) -> None:
    with disk.file.open("wb") as stream:
        stream.truncate(disk.layout.size * MIB)
    table = disk.file.with_suffix(".sfdisk")
    table.write_text("label: gpt\n" + "".join(f"start={part.start}MiB, size={part.size}MiB, type={part.kind}\n" for part in disk.layout.parts))
    with table.open() as stream:
        run(["sh", "-c", f"sfdisk --quiet '{disk.file}' < '{table}'"], log)
    table.unlink()


def fill_in_arguments(root: Root) -> None:
    path = root.path / "etc/default/grub"
    text = path.read_text()
    if "@GUEST_ARGUMENTS@" not in text:
        raise HarnessError("configure.sh did not mark GRUB_CMDLINE_LINUX in /etc/default/grub")
    path.write_text(text.replace("@GUEST_ARGUMENTS@", GUEST_ARGUMENTS))


def set_mounts(root: Root, noauto: list[str], unlisted: list[str]) -> None:
    """Lines of /etc/fstab as somebody has them who mounts by hand, or not at all."""
    path = root.path / "etc/fstab"
    lines = []
    for line in path.read_text().splitlines():
        fields = line.split()
        if fields[1] in unlisted:
            continue
        if fields[1] in noauto:
            fields[3] += ",noauto"
        lines.append(" ".join(fields))
    path.write_text("\n".join(lines) + "\n")


def set_grub_variable(root: Root, name: str, value: str) -> None:
    """Set, or for the kernel command line extend, a variable of /etc/default/grub."""
    path = root.path / "etc/default/grub"
    lines = path.read_text().splitlines()
    pattern = re.compile(rf'^{re.escape(name)}="?([^"]*)"?$')
    for number, line in enumerate(lines):
        found = pattern.match(line)
        if found:
            old = found.group(1)
            joined = f"{old} {value}".strip() if name.startswith("GRUB_CMDLINE_LINUX") else value
            lines[number] = f'{name}="{joined}"'
            break
    else:
        lines.append(f'{name}="{value}"')
    path.write_text("\n".join(lines) + "\n")
