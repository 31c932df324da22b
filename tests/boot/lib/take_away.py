"""Boots the guests of tests/boot/take-away: the disk with the programs, the machine, one plan after the other."""

from __future__ import annotations

import functools
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .archive import Cpio
from .direct import KERNEL_ARGUMENTS, Content, add_modules, add_programs, release_of
from .guest import MIB, accelerator, machine_arguments, started
from .play import Workshop
from .roots import Layer, overlay, package_list
from .stacks import FUNCTIONS, PEERS, ROOT_SLOT, Function, Stack, describe
from .taken import StackResult, read_events, sort_out
from .util import BOOT_DIR, digest, run, say, timer

GUEST_DIR = BOOT_DIR / "take-away-guest"
PROGRAMS = ["chroot", "cp", "modprobe", "mount", "sh"]
MODULES = ["virtio_pci", "virtio_blk", "ext4"]
ROOT_MIB = 3072
DISK_MIB = 192
MEMORY = 1024
# A disk that does not answer fails soon, and so does one on the other machine.
ARGUMENTS = f"{KERNEL_ARGUMENTS} nvme_core.io_timeout=5 nvme_core.max_retries=0"
BOOT_LIMIT = 180
STACK_LIMIT = 240


def layer(shop: Workshop, suite: str) -> Layer:
    names = package_list(BOOT_DIR / "image" / "take-away.txt", suite)
    return shop.roots.upon(shop.roots.packages(suite), f"take-away-{suite}", tuple(names))


def make_disk(top: Layer, path: Path, log: Path) -> None:
    with overlay(top.stack, path.parent / "upper") as tree, path.open("wb") as stream:
        stream.truncate(ROOT_MIB * MIB)
        run(["mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", "-d", str(tree), str(path)], log)


def make_initramfs(top: Layer, path: Path, log: Path) -> None:
    with overlay(top.stack, path.parent / "upper") as root:
        content = Content(root, log)
        add_programs(content, PROGRAMS)
        add_modules(content, release_of(top), path.parent, MODULES)
    content.cpio.file("init", (GUEST_DIR / "init.sh").read_bytes(), 0o755)
    for directory in ("proc", "sys", "dev", "root"):
        content.cpio.directory(directory)
    path.write_bytes(content.cpio.to_bytes())


def function_arguments(function: Function, directory: Path) -> list[str]:
    name = f"f{function.slot:02x}"
    argv: list[str] = []
    for number in range(function.disks):
        shared = f"shared-{function.shared}" if function.shared else f"{name}-{number}"
        # the namespace of two NVMe controllers is one device
        if function.shared != "nvme":
            argv += ["-drive", f"if=none,id={name}d{number},file={directory / shared},format=raw,cache=unsafe,file.locking=off"]
    return argv + [part.format(id=name, place=f"addr={function.slot:02x}.0") for part in function.arguments]


def make_disks(directory: Path) -> None:
    names = {f"f{function.slot:02x}-{number}" for function in FUNCTIONS if not function.shared for number in range(function.disks)}
    for name in names | {"shared-nvme", "shared-scsi"}:
        with (directory / name).open("wb") as stream:
            stream.truncate(DISK_MIB * MIB)


def hardware(directory: Path) -> list[str]:
    argv = machine_arguments(accelerator(), MEMORY, 1)
    argv += ["-device", "nvme-subsys,id=pair", "-drive", f"if=none,id=pair-disk,file={directory / 'shared-nvme'},format=raw,cache=unsafe"]
    for function in (*FUNCTIONS, *PEERS):
        argv += function_arguments(function, directory)
    return argv + ["-device", "nvme-ns,drive=pair-disk,bus=f05,shared=on"]


@dataclass
class Guests:
    """All boots of one suite."""

    shop: Workshop
    suite: str
    stacks: list[Stack]
    results: dict[int, StackResult] = field(default_factory=dict)
    boots: int = 0
    begun: float = field(default_factory=time.monotonic)

    def make_inputs(self) -> tuple[Path, Path, Path, Path]:
        """Kernel, disk, initramfs, ptprep."""
        top = layer(self.shop, self.suite)
        packages = top.below[0]
        own = Path(__file__).read_bytes()
        disk = self.shop.cache.get(f"take-away-disk-{self.suite}-{digest(top.name, str(ROOT_MIB))}", functools.partial(make_disk, top))
        image = self.shop.cache.get(f"take-away-initramfs-{self.suite}-{digest(top.name, own, (GUEST_DIR / 'init.sh').read_bytes())}",
                                    functools.partial(make_initramfs, packages))
        return packages.path / "boot" / f"vmlinuz-{release_of(packages)}", disk, image, self.shop.roots.ptprep(self.suite)

    def result(self, stack: Stack) -> StackResult:
        return self.results.setdefault(stack.number, StackResult(stack.number))

    def left(self) -> list[Stack]:
        """What is still to be tried; a stack that came to nothing is tried once more, and what it lacks then is a failure."""
        return [stack for stack in self.stacks if not self.result(stack).whole and len(self.result(stack).trouble) < 2]

    def plan(self) -> dict[str, Any]:
        return {
            "stacks": [stack.to_json() | {"done": self.result(stack).done} for stack in self.left()],
            "functions": [{"address": function.address, "disks": function.disks, "nic": bool(function.lan)} for function in FUNCTIONS],
            "peers": {function.lan: function.address for function in PEERS},
        }

    def run(self, logs: Path, directory: Path, most: int) -> None:
        """Boot after boot, until nothing is left; each goes on where the one before had to stop."""
        kernel, disk, image, ptprep = self.make_inputs()
        logs.mkdir(parents=True, exist_ok=True)
        directory.mkdir(parents=True, exist_ok=True)
        while self.left() and self.boots < most:
            self.boots += 1
            before = [len(self.result(stack).done) + len(self.result(stack).trouble) for stack in self.stacks]
            self.boot(kernel, disk, self.initramfs(image, ptprep, directory), directory, logs / f"boot-{self.boots}")
            if before == [len(self.result(stack).done) + len(self.result(stack).trouble) for stack in self.stacks]:
                say(f"{self.suite} boot {self.boots}: came to nothing, log: {logs / f'boot-{self.boots}'}.*")
                return

    def initramfs(self, image: Path, ptprep: Path, directory: Path) -> Path:
        own = Cpio()
        own.tree(ptprep, "payload")
        for path in sorted(GUEST_DIR.glob("*.py")):
            own.file(f"payload/run-guest/{path.name}", path.read_bytes())
        own.file("payload/run-guest/plan.json", json.dumps(self.plan()).encode())
        target = directory / "initramfs"
        target.write_bytes(image.read_bytes() + own.to_bytes())
        return target

    def boot(self, kernel: Path, disk: Path, initramfs: Path, directory: Path, log: Path) -> None:
        make_disks(directory)
        channel = Path(f"{log}.events")
        argv = ["qemu-system-x86_64", *hardware(directory),
                "-drive", f"if=none,id=root,file={disk},format=raw,snapshot=on,cache=unsafe",
                "-device", f"virtio-blk-pci,drive=root,serial=root,addr={ROOT_SLOT:02x}.0",
                "-serial", f"file:{log}.console", "-serial", f"file:{channel}",
                "-kernel", str(kernel), "-initrd", str(initramfs), "-append", ARGUMENTS]
        Path(f"{log}.qemu").write_text(" \\\n    ".join(argv) + "\n")
        begin = time.monotonic()
        with Path(f"{log}.qemu-messages").open("wb") as messages, started(argv, messages) as guest:
            size, seen = 0, time.monotonic()
            limit = BOOT_LIMIT
            while guest.poll() is None and time.monotonic() - seen < limit:
                time.sleep(0.2)
                now = channel.stat().st_size if channel.exists() else 0
                if now != size:
                    size, seen, limit = now, time.monotonic(), STACK_LIMIT
        text = channel.read_text(errors="replace") if channel.exists() else ""
        events = read_events(text)
        Path(f"{log}.kernel-log").write_text("".join(event["text"] for event in events if event["kind"] == "log"))
        sort_out(events, self.results)
        timer.add(time.monotonic() - begin, f"boot {log.name}")
        self.report(events, time.monotonic() - begin, log)

    def report(self, events: list[dict[str, Any]], seconds: float, log: Path) -> None:
        """A line a stack that came to its end in this boot."""
        lines = [f"{self.suite} boot {self.boots}: {seconds:.0f} s, {self.suite}"]
        for stack in self.stacks:
            if not any(event.get("stack") == stack.number for event in events):
                continue
            result = self.result(stack)
            wrong = result.disagreements()
            refused = sum(taking.refused for taking in result.takings)
            free = sum(len(taking.functions) for taking in result.takings if taking.together)
            word = f"{len(wrong)} DISAGREE" if wrong else "as said" if result.whole else "NOT WHOLE"
            lines.append(f"    stack {stack.number}: {word}, {refused} refused, {free} free, {result.seconds:.0f} s: {describe(stack)}")
            lines += [f"        {line}" for line in wrong] + [f"        trouble: {line}" for line in result.trouble]
        if any(event["kind"] == "trouble" and "stack" not in event for event in events) or not events:
            lines.append(f"    the guest's program did not run to its end, log: {log}.*")
        say("\n".join(lines))
