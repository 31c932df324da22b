"""Boots the suite's kernel without disk, firmware setup and boot loader: in a fifth of the time, where these are not the matter.

QEMU hands over the kernel and one initramfs of several archives in a row: the
boot's ACPI table, what the suite has (cached), ptprep (cached), the case's files
with the boot's steps. Nothing lasts from boot to boot.
"""

from __future__ import annotations

import functools
import lzma
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

from . import firmware
from .archive import Cpio
from .case import Boot, Case
from .guest import Begun, accelerator, device_arguments, iommu_arguments, machine_arguments, machine_table, make_device_disks, observe, step_files
from .judge import judge_boot
from .play import Play
from .roots import Layer, overlay, static_program
from .util import BOOT_DIR, HarnessError, digest, run

IMAGE_DIR = BOOT_DIR / "image"
PROGRAM_DIRS = ("usr/bin", "usr/sbin")
LIBRARY_DIR = "usr/lib/x86_64-linux-gnu"

# Warnings and worse go to the console, all of it to the log that the guest sends. On a busy
# machine an emulated timer can miss the ticks that the kernel counts before it trusts it. With
# broken firmware a disk's answer may not arrive, and the driver waits a minute. The rest saves time.
KERNEL_ARGUMENTS = ("console=ttyS0,115200 loglevel=5 panic=1 no_timer_check cryptomgr.notests mitigations=off "
                    "init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off norandmaps nokaslr rcupdate.rcu_expedited=1 "
                    "nvme_core.admin_timeout=10")
TIMEOUT = 300

# A library that a program loads when it first needs it is a mere name in there.
LIBRARY_NAME = re.compile(rb"\0(lib[a-z0-9_+.-]+\.so\.[0-9]+)\0")


class Content:
    """An archive of files from a root directory, with all that these need to run."""

    def __init__(self, root: Path, log: Path) -> None:
        self.root = root
        self.log = log
        self.cpio = Cpio()

    def place(self, path: PurePosixPath) -> Path:
        return self.root / path.relative_to("/")

    def add(self, path: str) -> None:
        """A file by its path in the root, and the links that lead to it: an absolute one begins at that root."""
        here, ahead = PurePosixPath("/"), list(PurePosixPath("/", path).parts[1:])
        while ahead:
            part = ahead.pop(0)
            here = here.parent if part == ".." else here / part
            if self.place(here).is_symlink():
                target = PurePosixPath(self.place(here).readlink())
                if str(here) not in self.cpio:
                    self.cpio.link(str(here), str(target))
                ahead = [part for part in target.parts if part != "/"] + ahead
                here = PurePosixPath("/") if target.is_absolute() else here.parent
        if self.place(here).is_file() and str(here) not in self.cpio:
            self.cpio.file(str(here), self.place(here).read_bytes(), self.place(here).stat().st_mode & 0o7777)
        elif not self.place(here).exists():
            raise HarnessError(f"{path} is not there in the root of this suite")

    def add_libraries(self, programs: list[str]) -> None:
        """What these programs are linked with, and what they load by name while they run."""
        by_name = {f"/{LIBRARY_DIR}/{name.decode()}" for program in programs
                   for name in LIBRARY_NAME.findall((self.root / program.lstrip("/")).read_bytes())}
        by_name = {path for path in by_name if (self.root / path[1:]).exists()}
        said = run(["chroot", str(self.root), "ldd", *programs, *sorted(by_name)], self.log, check=False).stdout
        if "not found" in said:
            raise HarnessError(f"libraries are not there in the root of this suite:\n{said}")
        for library in sorted(by_name | set(re.findall(r"(/\S+) \(0x", said))):
            self.add(library)


def contents(kind: str) -> list[str]:
    """The names of one kind in image/direct.txt."""
    lines = [line.split("#")[0].split() for line in (IMAGE_DIR / "direct.txt").read_text().splitlines()]
    return [words[1] for words in lines if words and words[0] == kind]


def release_of(layer: Layer) -> str:
    """The kernel's release; the layer of the packages has exactly one."""
    return next(path.name.removeprefix("vmlinuz-") for path in (layer.path / "boot").glob("vmlinuz-*"))


def add_modules(content: Content, release: str, scratch: Path, names: list[str]) -> None:
    """The modules with those they depend on, not compressed, under an index of their own."""
    source, top = content.root / "usr/lib/modules" / release, scratch / "modules"
    target = top / "lib/modules" / release
    (target / "kernel").mkdir(parents=True)
    modprobe = ["modprobe", "--dirname", str(content.root), "--set-version", release, "--show-depends"]
    for name in names:
        for path in re.findall(r"^insmod (\S+)", run([*modprobe, name], content.log).stdout, re.MULTILINE):
            data, plain = Path(path).read_bytes(), Path(path).name.removesuffix(".xz")
            (target / "kernel" / plain).write_bytes(lzma.decompress(data) if path.endswith(".xz") else data)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        (target / name).write_bytes((source / name).read_bytes())
    run(["depmod", "--basedir", str(top), release], content.log)
    content.cpio.tree(top / "lib/modules", "usr/lib/modules")


def add_programs(content: Content, names: list[str]) -> None:
    """With their libraries; the directories in which they are looked for are there as links."""
    for name in ("/bin", "/sbin", "/lib", "/lib64"):
        content.add(name)
    programs = []
    for name in names:
        places = [content.root / directory / name for directory in PROGRAM_DIRS]
        found = [f"/{place.relative_to(content.root)}" for place in places if place.is_symlink() or place.exists()]
        if not found:
            raise HarnessError(f"no program {name} in the root of this suite")
        content.add(found[0])
        programs.append(found[0])
    content.add_libraries(run(["chroot", str(content.root), "readlink", "-e", *programs], content.log).stdout.split())


def make_base(top: Layer, path: Path, log: Path) -> None:
    """What every guest of a suite has: programs, modules, init."""
    with overlay(top.stack, path.parent / "upper") as root:
        content = Content(root, log)
        add_programs(content, contents("program"))
        add_modules(content, release_of(top), path.parent, contents("module"))
    content.cpio.file("init", (IMAGE_DIR / "init.sh").read_bytes(), 0o755)
    for directory in ("proc", "sys", "dev", "run", "tmp", "root", "var/lib"):
        content.cpio.directory(directory)
    path.write_bytes(content.cpio.to_bytes())


def make_ptprep(top: Layer, tree: Path, path: Path, log: Path) -> None:
    """ptprep as it is installed, and its libraries."""
    with overlay(top.stack, path.parent / "upper") as root:
        run(["cp", "-a", f"{tree}/.", str(root)], log)
        content = Content(root, log)
        content.cpio.tree(tree)
        programs = [f"/{file.relative_to(tree)}" for file in sorted(tree.rglob("*"))
                    if file.is_file() and not file.is_symlink() and file.read_bytes()[:4] == b"\x7fELF"]
        content.add_libraries(programs)
    path.write_bytes(content.cpio.to_bytes())


@functools.cache
def qemu_version() -> str:
    return run(["qemu-system-x86_64", "--version"]).stdout


class DirectPlay(Play):
    """One case in one suite, each boot by itself."""

    def make_inputs(self) -> None:
        self.base()

    def base(self) -> tuple[Path, list[Path]]:
        """The kernel, and the archives that do not depend on the case."""
        roots, cache = self.shop.roots, self.shop.cache
        top = roots.packages(self.suite)
        inputs = [(IMAGE_DIR / name).read_bytes() for name in ("direct.txt", "init.sh")] + [Path(__file__).read_bytes()]
        base = cache.get(f"direct-{self.suite}-{digest(top.name, *inputs)}", functools.partial(make_base, top))
        archives = [base]
        if self.case.ptprep:
            tree = roots.ptprep(self.suite)
            archives.append(cache.get(f"direct-{tree.name}-{digest(top.name, *inputs)}", functools.partial(make_ptprep, top, tree)))
        return top.path / "boot" / f"vmlinuz-{release_of(top)}", archives

    def play(self, directory: Path, logs: Path) -> None:
        kernel, archives = self.base()
        for boot in self.case.boots:
            make_device_disks(boot.devices or self.case.devices, directory)
            initramfs = directory / f"initramfs-{boot.number}"
            self._make_initramfs(boot, archives, initramfs, directory, logs)
            results = directory / f"results-{boot.number}"
            argv = [*hardware(self.case, boot, directory),
                    "-serial", f"file:{logs / f'boot-{boot.number}'}.console", "-serial", f"file:{results}",
                    "-kernel", str(kernel), "-initrd", str(initramfs),
                    "-append", f"{KERNEL_ARGUMENTS} {boot.argument}".strip()]
            observed = observe(argv, boot, boot.timeout or self.case.timeout or TIMEOUT, results, logs / f"boot-{boot.number}")
            self.report(boot, observed, judge_boot(boot, observed), logs)

    def _make_initramfs(self, boot: Boot, archives: list[Path], target: Path, directory: Path, logs: Path) -> None:
        own = Cpio()
        for file in self.case.files:
            own.file(file.path, file.source.read_bytes() if file.source else (file.text or "").encode(), file.mode)
        for name, (data, mode) in step_files(self.case, boot, static_program(BOOT_DIR / "vfio-open.c", self.shop.cache)).items():
            own.file(f"run/boot-test/{name}", data, mode)
        with target.open("wb") as stream:
            edits = self.case.firmware_of(boot)
            if edits:
                table = firmware.build_table(self.case, edits, functools.partial(self._own_table, boot, directory))
                logs.joinpath(f"boot-{boot.number}.aml").write_bytes(table)
                stream.write(firmware.early_cpio(table))
            for archive in archives:
                stream.write(archive.read_bytes())
            stream.write(own.to_bytes())

    def _own_table(self, boot: Boot, directory: Path, iommu: str) -> bytes:
        """Depends on nothing but the hardware: kept for all runs to come."""
        case = replace(self.case, iommu=iommu)
        key = digest(qemu_version(), *hardware(case, boot, Path("/")))

        def make(path: Path, _log: Path) -> None:
            said = directory / "bios"
            argv = [*hardware(case, boot, directory), "-chardev", f"file,id=bios,path={said}", "-device", "isa-debugcon,iobase=0x402,chardev=bios"]
            path.write_bytes(machine_table(case, argv, directory, Begun(said, b"No bootable device")))

        return self.shop.cache.get(f"table-{iommu}-{key}", make).read_bytes()


def hardware(case: Case, boot: Boot, directory: Path) -> list[str]:
    """The machine without what it boots. `directory` has the disks of its disk controllers."""
    return [*machine_arguments(accelerator(), case.memory, case.smp), *iommu_arguments(case),
            *device_arguments(case, boot.devices or case.devices, directory), *case.qemu, *boot.qemu]
