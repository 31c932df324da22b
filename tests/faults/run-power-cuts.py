#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Power cuts at every write of ptprep's runs, with every loss that a disk can have in one.

    run-power-cuts.py PTPREP FAULT READS [--all] [KIND:SCENARIO[:HOW] ...]

A machine is put on a disk that logs what is written to it (QEMU's blklogwrites, exported by FUSE, under a loop device, or for FAT
under Linux in user mode). ptprep runs; then a big file takes all blocks that are free, as any other program might do. Afterwards
the log is played, and GRUB's own code reads what a boot loader reads, everything below /boot and /efi, in each state in which a
power cut could have left the disk (powercut.py). While ptprep runs each file is the old one or the new one; from its end on, each
is as ptprep said that it is. What an entry names, and what is not there all the time, is there when the entry is.

HOW: 0: nobody else syncs the disk; N: before every Nth system call that changes something. In front of that "fail": the last
rename fails, and everything is put back. READS is the library of grub-reads.c. Without --all, some of all (FEW).
"""

import concurrent.futures
import contextlib
import hashlib
import importlib.util
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Iterator

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import powercut  # noqa: E402

spec = importlib.util.spec_from_file_location("view", HERE / "run-grub-view.py")
assert spec and spec.loader
view = importlib.util.module_from_spec(spec)
spec.loader.exec_module(view)
faults, filetree, command = view.faults, view.filetree, view.command

# of the file systems as they are made
BLOCK = {"ext4": 1024, "xfs": 4096, "btrfs": 4096, "vfat": 512}
# on "full" ones a name more gives each directory that a loader reads another shape; on "boot" ones there is /boot alone
KINDS = [*BLOCK, "full-ext4", "full-ext4-boot", "full-xfs", "full-xfs-boot"]
BOOT = "boot"
# what takes the blocks that are free; it is there from the beginning, since it is a name more as well
FILLER = "filler"
FAT_SIZE, FAT_TAKEN, FAT_SECONDS = 40 * view.MIB, 34 * view.MIB, 300
FAT_TOOLS = ["linux.uml", "mkfs.vfat", "mcopy"]
# what of a machine is on FAT
FAT = {f"{machine}{revert}": place for machine, place in (("bls", "boot"), ("kernelopts", "boot"), ("claim-image", "boot"),
                                                          ("systemd-boot", "boot/efi"), ("claim-image-esp", "boot/efi"),
                                                          ("uki", "efi"), ("claim-image-bls", "boot")) for revert in ("", "-revert")}
# XFS has a small directory in the inode, and it moves when one name more makes it too big
OTHERS, OTHER = {"xfs": 12}, "another-file-of-somebody-"
# names that fill a directory, shorter than any of ptprep's, and how many there may be; XFS has no directory for a directory
# of ptprep's own but the top one, where there is room for that and for nothing else then
SHORT, SHORT_MAX, ROOM = "o-", 300, 2
HOW = ("0", "1", "2", "3", "5", "fail1", "fail3")
# rpm-ostree brings its own way of doing this safely (it freezes /boot), which its stand-in has not; Proxmox has its ESPs elsewhere
SCENARIOS = [name for name in faults.SCENARIOS if not name.startswith(("ostree", "proxmox"))]
# with /boot a file system of its own
BOOT_SCENARIOS = [f"{name}{revert}" for name in ("bls", "kernelopts") for revert in ("", "-revert")]
# what is new in a directory is a name more in it, and what kernel-install writes is kernel-install's
GROWING = ("claim-image", "uki")
IN_PLACE = [name for name in SCENARIOS if not name.startswith(GROWING)]
OF_KIND = {"vfat": list(FAT), "full-ext4-boot": BOOT_SCENARIOS, "full-xfs-boot": BOOT_SCENARIOS, "full-ext4": IN_PLACE, "full-xfs": IN_PLACE}
ALL = [(kind, scenario, how) for kind in KINDS for scenario in OF_KIND.get(kind, SCENARIOS) for how in HOW]
FEW = [("full-ext4", "drop-in", "0"), ("full-ext4-boot", "bls", "0"), ("full-xfs-boot", "bls-revert", "0"), ("ext4", "drop-in", "0"), ("ext4", "kernelopts-revert", "fail5"), ("xfs", "drop-in-revert", "fail3"), ("btrfs", "drop-in", "0"), ("vfat", "uki", "0")]
LOADED = ("boot", "efi")


class Logger:
    """Of an image a file that is a disk which logs its writes; the log is whole when this ends."""

    def __init__(self, image: pathlib.Path, log: pathlib.Path):
        self.device = device = image.with_name(f"{image.name}.device")
        for path in (device, log):
            path.write_bytes(b"")
        size = image.stat().st_size
        self.daemon = subprocess.Popen(["qemu-storage-daemon", "--blockdev", f"driver=file,node-name=disk,filename={image}",
                                        "--blockdev", f"driver=file,node-name=log,filename={log}",
                                        "--blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log,log-sector-size=512",
                                        "--export", f"type=fuse,id=export,node-name=logged,mountpoint={device},writable=on"])
        while device.stat().st_size != size:
            if self.daemon.poll() is not None:
                raise SystemExit(f"qemu-storage-daemon ended with {self.daemon.returncode}")
            time.sleep(0.02)

    def __enter__(self) -> "Logger":
        return self

    def __exit__(self, *_: object) -> None:
        self.daemon.terminate()
        self.daemon.wait()


class LoggedDisk(view.Disk):
    def __init__(self, image: pathlib.Path, mount_point: pathlib.Path, log: pathlib.Path):
        self.logger = Logger(image, log)
        super().__init__(self.logger.device, mount_point)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.logger.__exit__()


def loaded_directories(top: pathlib.Path) -> list[pathlib.Path]:
    """Of a whole machine, or of what is mounted at /boot."""
    tops = [path for name in LOADED if (path := top / name).is_dir()] or [top]
    return tops + [path for directory in tops for path in directory.rglob("*")
                   if path.is_dir() and not {"lost+found", ".ptprep-boot"} & set(path.relative_to(top).parts)]


def loaded_files(top: pathlib.Path) -> set[str]:
    """What a boot loader may read, under any name that is not of ptprep's own."""
    return {"/" + path.relative_to(top).as_posix() for directory in loaded_directories(top) for path in directory.iterdir()
            if path.is_file() and not path.is_symlink() and not path.name.endswith(faults.PASSING) and not path.name.startswith((OTHER, SHORT, FILLER))}


def digest(name: str, data: bytes) -> str:
    """Two images that were built of the same are the same."""
    try:
        content = faults.comparable(name, data)
    except (ValueError, UnicodeDecodeError): # half an image
        content = data
    return hashlib.sha256(repr(content).encode()).hexdigest()


class Cuts:
    """One run of ptprep on one kind of file system."""

    aside: set[powercut.Subject] = set()

    def __init__(self, job: tuple[str, str, str], tools: list[str], directory: pathlib.Path):
        self.kind, self.scenario, self.how = job
        self.fails = self.how.startswith("fail")
        self.file_system, self.place = next(name for name in BLOCK if name in self.kind), BOOT if self.kind.endswith("-boot") else ""
        self.ptprep, self.fault, reads = tools
        self.reads = pathlib.Path(reads).resolve()
        self.machine, self.before, self.verb = faults.SCENARIOS[self.scenario]
        self.directory, self.start, self.image, self.good, self.log = (directory / n for n in ("", "start", "disk", "good", "log"))
        directory.mkdir()

    @contextlib.contextmanager
    def mounted(self, image: pathlib.Path, log: pathlib.Path | None = None) -> Iterator[view.Disk]:
        """The machine with this disk, and what of it is on no disk as it was."""
        top = self.directory / "top"
        if self.place:
            shutil.rmtree(top, ignore_errors=True)
            command("cp", "-a", self.directory / "rest", top)
        with LoggedDisk(image, top / self.place, log) if log else view.Disk(image, top / self.place) as disk:
            yield disk

    def make(self) -> None:
        size, make = view.FILE_SYSTEMS[self.file_system]
        rest = self.directory / "rest"
        rest.mkdir()
        with open(self.start, "wb") as f:
            f.truncate(size)
        command(*make, self.start)
        with self.mounted(self.start) as disk:
            tree = filetree.Tree(self.directory / "top")
            tree.build(filetree.read_lines(f"{self.machine}.tree"))
            tree.install_tools()
            (disk.top / FILLER).write_bytes(b"")
            for directory in loaded_directories(disk.top):
                for number in range(OTHERS.get(self.kind, 0)):
                    (directory / f"{OTHER}{number}").write_bytes(b"")
            for step in self.before:
                if isinstance(step, str):
                    faults.run(self.ptprep, f"--root={tree.top}", step)
                else:
                    tree.build(step)
            if self.place: # all but what is mounted there
                command("cp", "-a", "--one-file-system", f"{tree.top}/.", rest)
        if self.kind.startswith("full"):
            self.fill_directories()

    def fill_directories(self) -> None:
        """With as many names as go into what they have; how many that are shows in a copy, where it is one too many."""
        command("cp", "--sparse=always", self.start, self.image)
        names = {}
        with self.mounted(self.image) as disk:
            for directory in loaded_directories(disk.top):
                size, number = directory.stat().st_size, 0
                while directory.stat().st_size < size + BLOCK["ext4"]:
                    assert number < SHORT_MAX, f"{directory} stays as it is"
                    (directory / f"{SHORT}{number:03}").write_bytes(b"")
                    number += 1
                names[directory] = number - 1
            if self.file_system == "xfs" and self.place:
                names[disk.top] -= ROOM
        with self.mounted(self.start):
            for directory, number in names.items():
                for n in range(number):
                    (directory / f"{SHORT}{n:03}").write_bytes(b"")

    def good_run(self) -> str:
        """Leaves the image of one; the number of its last rename, but for those of reports."""
        calls = self.directory / "calls"
        command("cp", "--sparse=always", self.start, self.good)
        with self.mounted(self.good):
            faults.run(self.fault, "count", str(calls), self.ptprep, f"--root={self.directory / 'top'}", self.verb)
        return [line.split()[0] for line in calls.read_text().splitlines()
                if line.split()[1] in ("rename", "exchange") and "/report." not in line][-1]

    def run(self) -> tuple[int, int, set[str]]:
        """Exit status, the number of writes until then, and names of all that a loader may read."""
        last_rename = self.good_run()
        words = [self.fault, "EIO", last_rename] if self.fails else [self.fault, "count", os.devnull]
        every = int(self.how.removeprefix("fail"))
        command("cp", "--sparse=always", self.start, self.image)
        with self.mounted(self.image, self.log) as disk:
            names = loaded_files(disk.top)
            if every:
                os.environ["FAULT_SYNC"] = f"{every}:{disk.top}"
            done = faults.run(*words, self.ptprep, f"--root={self.directory / 'top'}", self.verb)
            os.environ.pop("FAULT_SYNC", None)
            writes = powercut.count_writes(self.log)
            names |= loaded_files(disk.top)
            disk.take_free_blocks()
        return done.returncode, writes, names

    def disk(self, image: pathlib.Path) -> powercut.Disk:
        part = powercut.Part("(loop0)", 0, image.stat().st_size, BLOCK[self.file_system])
        return powercut.Disk(image, part, self.reads, digest)

    def files(self, image: pathlib.Path, names: list[str]) -> powercut.Files:
        with self.disk(image) as disk:
            return powercut.read_files(disk, names)

    def writes(self) -> Iterator[powercut.Write]:
        return powercut.read_log(self.log)

    def play(self) -> tuple[list[str], str]:
        self.make()
        code, over, names = self.run()
        old, new, after = (self.files(image, sorted(names)) for image in (self.start, self.good, self.image))
        judge = powercut.Judge(old, new, after, over, self.aside)
        with self.disk(self.start) as disk:
            judge.play(disk, self.writes())
        # what boots and does no more harm than it did is left, where a revert cannot change it
        in_part = self.fails and self.verb == "revert" and code == faults.PART
        errors = [] if in_part or ((code == faults.ROLLED_BACK) == self.fails and code <= faults.ROLLED_BACK) else [f"ended with {code}"]
        errors += [f"{name} is not as it should be at the end" for name, content in after.contents.items()
                   if content not in [files.contents[name] for files in ((old, new) if in_part else (old,) if self.fails else (new,))]]
        errors += [] if judge.n_changed else ["nothing changes"]
        return errors + judge.errors(), judge.summary()


class FatCuts(Cuts):
    """On a FAT file system that has one directory of a machine, by Linux in user mode: few kernels that build things have FAT."""

    def make(self) -> None:
        tree = filetree.Tree(self.directory / "tree")
        tree.build(filetree.read_lines(f"{self.machine}.tree"))
        tree.install_tools()
        for image in (self.start, self.good, self.image):
            with open(image, "wb") as f:
                f.truncate(FAT_SIZE)
        # with clusters of a sector any file and any directory has several; most of them are taken, so that few have to be filled
        command("mkfs.vfat", "-F", "32", "-s", "1", self.start)
        taken = self.directory / f"{OTHER}0"
        with open(taken, "wb") as f:
            f.truncate(FAT_TAKEN)
        command("mcopy", "-i", self.start, taken, "::/")
        taken.unlink()
        shutil.copy(self.ptprep, self.directory / "ptprep")
        shutil.copy(self.fault, self.directory / "fault")
        settings = {"place": FAT[self.scenario], "before": " ".join(self.before), "run": self.verb, "fails": "1" * self.fails,
                    "every": self.how.removeprefix("fail")}
        (self.directory / "settings").write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))

    def run(self) -> tuple[int, int, set[str]]:
        with Logger(self.image, self.log) as logger:
            done = subprocess.run(["linux.uml", "mem=192M", "rootfstype=hostfs", "rootflags=/", "rw", f"init={HERE / 'fat-guest.sh'}",
                                   f"job={self.directory}", f"uml_dir={self.directory}", f"ubd0={self.start}", f"ubd1={self.good}",
                                   f"ubd2={logger.device}", "con=null", "con0=null,fd:1", "quiet"],
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=FAT_SECONDS)
        if not (self.directory / "code").exists():
            said = self.directory / "said"
            raise SystemExit(f"Linux in user mode ended with {done.returncode}: {done.stdout.decode(errors='replace')}"
                             f"{said.read_text() if said.exists() else ''}")
        # A trial file has another name in each run. Whoever has the disk written between two names' exchange and the end of it can
        # have both lead to one file, if a block of the directory is lost: no order of calls avoids that, and ptprep(8) tells it.
        self.aside = set() if int(self.how.removeprefix("fail")) else {(name, name + suffix) for name, number in
            re.findall(rf"/mnt/tree/{FAT[self.scenario]}(/\S+?)(\.\d+\.ptprep-new)\t", (self.directory / "calls").read_text())
            for suffix in (number, ".ptprep-old")}
        code, over = (int((self.directory / name).read_text()) for name in ("code", "over"))
        names = (self.directory / "names").read_text().split()
        return code, powercut.count_writes(self.log, over), \
            {name for name in names if not name.endswith(faults.PASSING) and not name.startswith(f"/{OTHER}")}

    def writes(self) -> Iterator[powercut.Write]:
        # Linux in user mode tells a disk of no flush: it carries out the parts of a request, and that has none (ubd_kern.c)
        return powercut.with_flushes(self.log, [int(size) for size in (self.directory / "log.flushed").read_text().split()])


def play(job: tuple[str, str, str], tools: list[str], top: str) -> tuple[list[str], str]:
    directory = pathlib.Path(top) / "-".join(job)
    done = (FatCuts if job[0] == "vfat" else Cuts)(job, tools, directory).play()
    shutil.rmtree(directory)
    return done


def possible() -> str:
    """Why it cannot be done here, or nothing."""
    if os.geteuid() != 0:
        return "needs root for mounts"
    if not os.access("/dev/fuse", os.W_OK):
        return "needs /dev/fuse"
    return ""


def main() -> int:
    why = possible()
    if why:
        print(f"SKIPPED: power cuts at every write: {why}")
        return 77
    everything = "--all" in sys.argv
    words = [a for a in sys.argv[1:] if a != "--all"]
    tools, wanted = words[:3], [tuple((w + ":0").split(":")[:3]) for w in words[3:]]
    for tool in ["grub-fstest", "qemu-storage-daemon"] + [make[0] for _, make in view.FILE_SYSTEMS.values()] + FAT_TOOLS:
        if not shutil.which(tool):
            print(f"{tool} is missing: see conf/packages-test.txt")
            return 1
    shared_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    jobs = wanted or (ALL if everything else FEW)
    if b"__asan_init" in pathlib.Path(tools[0]).read_bytes(): # its memory map is larger than what there is in user mode
        print("SKIPPED: power cuts on FAT: no sanitizer runs on Linux in user mode")
        jobs = [job for job in jobs if job[0] != "vfat"]
    failed = 0
    # processes: a mount point is busy while another thread starts a program
    with tempfile.TemporaryDirectory(prefix="ptprep-cuts-", dir=shared_memory) as top, \
            concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for job, (errors, said) in zip(jobs, pool.map(play, jobs, itertools.repeat(tools), itertools.repeat(top))):
            for error in errors:
                print(f"{':'.join(job)}: {error}")
            print(f"{'FAILED' if errors else 'ok'} {':'.join(job)}: {said}", flush=True)
            failed += bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
