#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What GRUB sees of a disk after a power cut.

    run-grub-view.py PTPREP FAULT [--all] [FILE-SYSTEM ...]

GRUB does not replay journals: what the kernel shows of a file system may lie in its journal only, and the place that GRUB is
led to instead may be somebody else's by then. For each kind of file system a machine is put on a loop device. ptprep is killed
right before one of its system calls, or gets to its end; then a big file takes all blocks that are free, as any other program
might do. The power goes: the disk, as it is at this moment and without a sync, is copied, and GRUB's own code (grub-fstest)
reads menu and images from the copy. Each is the old one or the new one; after a run to the end, each is the new one.
With --all every call is the last one once; without, as many as fit into the time (SECONDS). The same with runs that fail in their
middle and put everything back: old files afterwards.
"""

import importlib.util
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("faults", HERE / "run-faults.py")
assert spec and spec.loader
faults = importlib.util.module_from_spec(spec)
spec.loader.exec_module(faults)
filetree = faults.filetree

SECONDS = 20
MACHINE = "intel-off"
MIB = 1024 * 1024
# kind: size, how it is made. XFS is not made smaller than this; a small one is soon filled.
FILE_SYSTEMS = {"ext4": (48 * MIB, ["mkfs.ext4", "-q"]), "xfs": (300 * MIB, ["mkfs.xfs", "-q"]),
                "btrfs": (128 * MIB, ["mkfs.btrfs", "-q", "--mixed"])}
FROZEN_SECONDS = 60


def command(*words: str | pathlib.Path, **more) -> bytes:
    done = subprocess.run([str(w) for w in words], capture_output=True, check=False, timeout=FROZEN_SECONDS, **more)
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Disk:
    """A file system in a file, mounted."""

    def __init__(self, image: pathlib.Path, mount_point: pathlib.Path):
        self.image, self.top = image, mount_point
        mount_point.mkdir(exist_ok=True)
        command("mount", "-o", "loop", image, mount_point)

    def __enter__(self) -> "Disk":
        return self

    def __exit__(self, *_: object) -> None:
        command("umount", self.top)

    def take_free_blocks(self) -> None:
        """Each block that was somebody's and is free now holds something else."""
        with open(self.top / "filler", "wb") as f:
            try:
                while True:
                    f.write(b"#" * MIB)
            except OSError: # full: that is what it is for
                pass
            try:
                os.fdatasync(f.fileno())
            except OSError:
                pass


def grub_reads(image: pathlib.Path, name: str) -> bytes:
    """What GRUB finds on a disk that nobody has mounted."""
    done = subprocess.run(["grub-fstest", str(image), "cat", f"(loop0){name}"], capture_output=True, check=False, timeout=60)
    return done.stdout if done.returncode == 0 else b"grub-fstest: " + done.stderr


class View:
    def __init__(self, kind: str, ptprep: str, fault: str, directory: pathlib.Path):
        size, make = FILE_SYSTEMS[kind]
        self.kind, self.ptprep, self.fault = kind, ptprep, fault
        self.mount_point, self.start, self.image, self.cut = (directory / f"{kind}{n}" for n in ("", ".start", ".disk", ".cut"))
        with open(self.start, "wb") as f:
            f.truncate(size)
        command(*make, self.start)
        with Disk(self.start, self.mount_point) as disk:
            tree = filetree.Tree(disk.top)
            tree.build(filetree.read_lines(f"{MACHINE}.tree"))
            tree.install_tools()
        self.old = self.seen(self.start)
        with self.disk() as disk:
            calls = directory / f"{kind}.calls"
            self.code = self.run(disk, "count", str(calls)).returncode
            self.calls = [(int(n), call) for n, call in (line.split()[:2] for line in calls.read_text().splitlines())]
            files = {n: d for n, d in faults.contents(disk.top).items() if n in self.old or n.startswith("/boot/")}
        self.new = self.seen(self.image)
        assert {n: faults.comparable(n, d) for n, d in self.new.items()} == files, f"{kind}: GRUB does not see what is there after umount"
        assert sum(faults.comparable(n, d) != faults.comparable(n, self.old[n]) for n, d in self.new.items()) >= 2, "menu and images are new"

    def names(self) -> list[str]:
        with Disk(self.start, self.mount_point) as disk:
            return sorted("/" + p.relative_to(disk.top).as_posix() for p in (disk.top / "boot").rglob("*") if p.is_file())

    def seen(self, image: pathlib.Path) -> dict[str, bytes]:
        return {n: grub_reads(image, n) for n in self.names()}

    def disk(self) -> Disk:
        command("cp", "--sparse=always", self.start, self.image)
        return Disk(self.image, self.mount_point)

    def run(self, disk: Disk, *how: str) -> subprocess.CompletedProcess:
        return faults.run(self.fault, *how, self.ptprep, f"--root={disk.top}", "--apply")

    def play(self, how: str, number: int, call: str) -> list[str]:
        with self.disk() as disk:
            done = self.run(disk, how, os.devnull if how == "count" else str(number))
            disk.take_free_blocks()
            command("cp", "--sparse=always", self.image, self.cut)
        errors = []
        for name in self.old:
            data = faults.comparable(name, grub_reads(self.cut, name))
            old, new = (faults.comparable(name, seen[name]) for seen in (self.old, self.new))
            allowed = {"new": data == new, "old": data == old, "any": data in (old, new)}
            want = "any" if how == "kill" else "old" if done.returncode == faults.ROLLED_BACK else "new"
            if not allowed[want]:
                what = "old" if data == old else "new" if data == new else f"{str(data)[:60]}..."
                errors.append(f"{self.kind}: {how} at {number} ({call}), exit status {done.returncode}: GRUB sees {name} as {what}")
        return errors

    def jobs(self) -> list[tuple[str, int, str]]:
        """The run to its end; then in turn: renames that fail, the last calls, where the old files go, and calls all over the run."""
        kills = [("kill", n, call) for n, call in self.calls]
        spread = sorted(range(len(kills)), key=lambda k: int(f"{k:016b}"[::-1], 2))
        fails = [("EIO", n, call) for n, call in reversed(self.calls) if call == "rename"]
        turns = itertools.zip_longest(fails, reversed(kills), (kills[k] for k in spread))
        return [("count", 0, "its end")] + list(dict.fromkeys(job for turn in turns for job in turn if job))


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: what GRUB sees needs root for mounts")
        return 77
    everything = "--all" in sys.argv
    ptprep, fault, *kinds = (a for a in sys.argv[1:] if a != "--all")
    for tool in ["grub-fstest"] + [make[0] for _, make in FILE_SYSTEMS.values()]:
        if not shutil.which(tool):
            print(f"{tool} is missing: see conf/packages-test.txt")
            return 1
    shared_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    failed = 0
    kinds = kinds or list(FILE_SYSTEMS)
    with tempfile.TemporaryDirectory(prefix="ptprep-view-", dir=shared_memory) as directory:
        for kind in kinds:
            begin = time.monotonic()
            view = View(kind, ptprep, fault, pathlib.Path(directory))
            jobs, played, errors = view.jobs(), 0, []
            for job in jobs:
                if not everything and played >= 2 and time.monotonic() - begin > SECONDS / len(kinds):
                    break
                errors += view.play(*job)
                played += 1
            for error in errors:
                print(error)
            print(f"{'FAILED' if errors else 'ok'} {kind}: GRUB looked at {len(view.old)} files after {played} of {len(jobs)} power cuts", flush=True)
            failed += bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
