"""A boot whose disk logs what is written to it: no power cut in it harms, and disks as some would leave them.

What GRUB can see after a cut at any write is judged by tests/faults/powercut.py.
"""

from __future__ import annotations

import fnmatch
import hashlib
import sys
from pathlib import Path

from .disk import MIB, Disk
from .util import BOOT_DIR, HarnessError, run

FAULTS = BOOT_DIR.parent / "faults"
sys.path.insert(0, str(FAULTS))
import powercut  # noqa: E402

# of the file system
BLOCK = 4096
LOG, BEFORE = "writes.log", "before.raw"


def loaded(disk: Disk, directory: Path, path: str) -> set[str]:
    """Names of what GRUB may read to boot, as it calls them; not its own modules, which nobody changes."""
    with disk.mount(directory / "root", read_only=True) as root:
        top = root.path / path
        return {f"/{path}/{file.relative_to(top)}".replace("//", "/") for file in top.rglob("*")
                if file.is_file() and not file.is_symlink() and file.suffix not in (".mod", ".lst", ".mo", ".pf2")}


class Cuts:
    """Of one boot. `over`: the size of the log when ptprep had ended."""

    def __init__(self, disk: Disk, directory: Path, over: int):
        if disk.layout.separate_boot:
            raise HarnessError("the writes to /boot are logged only where it is in the root file system")
        part = disk.layout.part("root")
        self.disk, self.directory, self.log = disk, directory, directory / LOG
        self.part = powercut.Part("(loop0,gpt2)", part.start * MIB, part.size * MIB, BLOCK)
        self.before = Disk(directory / BEFORE, disk.layout)
        self.over = powercut.count_writes(self.log, over)
        self.reads = directory / "grub-reads.so"
        run(["gcc", "-O2", "-shared", "-fPIC", "-o", str(self.reads), str(FAULTS / "grub-reads.c")])
        self.judge = self._play()

    def _disk(self, image: Path) -> powercut.Disk:
        return powercut.Disk(image, self.part, self.reads, lambda _name, data: hashlib.sha256(data).hexdigest())

    def _play(self) -> powercut.Judge:
        names = sorted(loaded(self.before, self.directory, "boot") | loaded(self.disk, self.directory, "boot"))
        files = []
        for image in (self.before.file, self.disk.file):
            with self._disk(image) as disk:
                files.append(powercut.read_files(disk, names))
        judge = powercut.Judge(files[0], files[1], files[1], self.over)
        played = Disk(self.directory / "played.raw", self.disk.layout)
        self.before.copy(played.file)
        with self._disk(played.file) as disk:
            judge.play(disk, powercut.read_log(self.log))
        played.file.unlink()
        return judge

    def leave(self, pattern: str, image: Path) -> None:
        """A disk in the first state in which that file is the new one, and nothing else of the last batch is there."""
        changes = [change for name, change in sorted(self.judge.changes.items()) if fnmatch.fnmatch(name, pattern)]
        if len(changes) != 1:
            raise HarnessError(f"{len(changes)} files like {pattern} are new: {sorted(self.judge.changes)}")
        self.before.copy(image)
        powercut.leave(image, powercut.read_log(self.log), changes[0])
