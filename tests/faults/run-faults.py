#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of ptprep that end in the middle, or on a disk that fails.

    run-faults.py PTPREP FAULT [--all] [SCENARIO ...]

For each scenario below the system calls of one good run that change anything are counted. Then the run is repeated, on a copy of
the same tree, with one of them going wrong: killed right before it; the call fails with ENOSPC, EIO or EROFS; the disk is full
or read-only from there on. After that each file is as it was or as it is to be, never between; a run that says that it put
everything back has done so, and one that says that it is done is; and one more run leaves exactly what the good one left.
The same is done with programs of the platform that misbehave (CHILDREN): what they have made must not be taken, however the
way back is broken; and with programs that behave again one more run leaves exactly what the good one left.
With --all each call goes wrong in each way; without, as many as fit into the time (SECONDS), spread over kinds of calls and the
run, and at least one of each kind in each way. FAULT is the program that counts and breaks calls (fault.c).
"""

import concurrent.futures
import dataclasses
import fcntl
import itertools
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
import filetree  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 30
AT_LEAST = 8 # of each scenario, whatever the time
ERRORS = ("ENOSPC", "EIO", "EROFS", "EROFS+", "ENOSPC+")
# nothing goes wrong, but there is less that works
OTHER_DISKS = {how: (how, 1, call) for how, call in (("FAT", "link"), ("OLDFAT", "exchange"))}
# closed to others before a run, and afterwards
PRIVATE = ("/boot", "/efi", "/etc/default", "/etc/kernel")
NEVER_FAIL = ("child", "ioctl")
ROLLED_BACK = 3
DAMAGED = 5
PART = 2
STILL_IN_IT = "still in it: "
KILLED = 137
BROKEN = 125
STATE = "/var/lib/ptprep/"
# what a run may leave on its way, until the next one
BOOT_ROOT = STATE + "boot-root/"
PASSING = (".ptprep-new", ".ptprep-old", ".ptprep-new.new", "/transaction")
UNSEEN = ("/sys/", "/proc/", "/bin/", "/dev/", "/lib/")

PASSTHROUGH = ["f /etc/ptprep/ptprep.conf", "| [iommu]", "| passthrough = yes", "| [device nic0]", "| address = 0000:00:04.0",
               "| id = 8086:10d3"]
EDITED = ["f /etc/default/grub", '| GRUB_CMDLINE_LINUX_DEFAULT="quiet ptprep.claim=1 intel_iommu=on mine=1"',
          "| GRUB_TIMEOUT=1"]
MACHINES = {"drop-in": "intel-off", "in-place": "edited-in-place", "legacy": "el5-legacy", "bls": "fedora-bls",
            "kernelopts": "rhel8-kernelopts", "systemd-boot": "systemd-boot", "uki": "uki", "ostree": "ostree",
            "claim-image": "initramfs-tools", "claim-image-esp": "systemd-boot-initramfs-tools",
            "claim-image-bls": "fedora-claim-image"}
# A step on the way that is meant: without a file kernel-install would build the words in that have to go.
STAGES = {("uki-revert", "/etc/kernel/cmdline"): b"root=/dev/vda2 ro quiet\n"}
# name: machine, what happens before, the run that is broken
SCENARIOS = {name: (machine, [], "--apply") for name, machine in MACHINES.items()} | \
            {f"{name}-revert": (machine, ["--apply"], "revert") for name, machine in MACHINES.items()} | {
    # once there and back: then proxmox-boot-tool has filled its partitions before anything goes wrong
    "proxmox": ("proxmox-systemd-boot", ["--apply", "revert"], "--apply"),
    "proxmox-revert": ("proxmox-systemd-boot", ["--apply"], "revert"),
    "in-place-again": ("edited-in-place", ["--apply", PASSTHROUGH], "--apply"),
    "edited-revert": ("edited-in-place", ["--apply", EDITED], "revert"),
}

# a timer of minutes runs out in a moment
SHORT = {"FAULT_TIMERS": "900"}


@dataclasses.dataclass
class Child:
    """A program of the platform that ends well, whatever it has made."""
    machine: str
    tool: str
    change: tuple[str, str] = ("", "")    # in the stand-in, old text and new
    last: str = ""                        # behind what it does; the file to be made is then $out
    says: str = ""                        # in what ptprep prints of it; nothing: what it was to make is whole
    environment: dict[str, str] = dataclasses.field(default_factory=dict)

    def text(self) -> bytes:
        text = (HERE.parent / "golden/tools" / self.tool.rpartition("/")[2]).read_text()
        assert self.change[0] in text
        return f"{text.replace(*self.change)}\nexport out={OUT[self.tool]}\n{self.last}\n".encode()


DRACUT, MKCONFIG = "/usr/bin/dracut", "/usr/sbin/grub-mkconfig"
OUT = {DRACUT: '"$image"', MKCONFIG: '"$grub_cfg"'}
CUT = 's=$(wc -c <"$out"); dd bs=$((s / 2)) count=1 <"$out" >/tmp/cut 2>/dev/null; cat /tmp/cut >"$out"'
GO = "/tmp/go"
CHILDREN = {
    "cut-image": Child("intel-off", DRACUT, last=CUT, says="is damaged, or ends too early"),
    "cut-menu": Child("intel-off", MKCONFIG, last=CUT, says="the old one stays"),
    "lost-entry": Child("two-kernels", MKCONFIG, ("in $kernels", "in ${kernels%% *}"), says="and its kernel is there"),
    "link": Child("intel-off", MKCONFIG, last='mv "$out" /tmp/menu; ln -s /tmp/menu "$out"', says="something else than a plain file"),
    "hang": Child("intel-off", MKCONFIG, last="exec sleep 1000", says="did not end in time, and was stopped", environment=SHORT),
    # it waits in the background until somebody writes to GO
    "background": Child("intel-off", DRACUT, last=f"read x <{GO} &"),
    "orphan": Child("intel-off", MKCONFIG, last=f"setsid sh -c '(read x <{GO}; echo late >\"$out\") &'"),
}
SCENARIOS |= {name: (child.machine, [], "--apply") for name, child in CHILDREN.items()}


def cpio_members(data: bytes) -> dict[str, bytes]:
    """Names and contents of a "newc" archive: inodes and times in it are not the same twice."""
    members, at = {}, 0
    while data[at:at + 6] == b"070701" and len(data) >= at + 110:  # who was killed may have stopped anywhere
        size, name_size = (int(data[at + o:at + o + 8], 16) for o in (54, 94))
        name = data[at + 110:at + 110 + name_size - 1].decode()
        at = (at + 110 + name_size + 3) & ~3
        members[name] = data[at:at + size]
        at = (at + size + 3) & ~3
    return members


def comparable(name: str, data: bytes) -> object:
    name = name.removesuffix(".ptprep-old")
    if name == STATE + "images": # inodes of verified images
        return "images"
    at = data.find(b"070701") if name.endswith(".efi") else 0
    return (data[:at], cpio_members(data[at:])) if data[at:at + 6] == b"070701" else data


DEPLOYMENTS = ("/boot/loader/entries/ostree-", "/boot/ostree/", "/ostree/")


def newest_deployment(seen: dict[str, object]) -> dict[str, object]:
    """rpm-ostree makes one deployment more for each change and each way back: what counts is what the newest one boots."""
    entries = {int(re.findall(rb"(?m)^version (\d+)", data)[0]): data for n, data in seen.items() if n.startswith(DEPLOYMENTS[0])}
    if not entries:
        return seen
    newest = max(entries)
    fields = dict(line.split(b" ", 1) for line in entries[newest].splitlines())
    # it puts words that come back behind the others
    boots = {"/newest/options": sorted(w for w in fields[b"options"].split() if not w.startswith(b"ostree=")),
             "/newest/initrd": seen["/boot" + fields[b"initrd"].decode()], "/newest/linux": seen["/boot" + fields[b"linux"].decode()]}
    return {n: d for n, d in seen.items() if not n.startswith(DEPLOYMENTS)} | boots


def contents(top: pathlib.Path) -> dict[str, object]:
    """All files that matter, by name; reports repeat what is printed."""
    seen: dict[str, object] = {}
    for directory, _, files in os.walk(top):
        for file in files:
            path = pathlib.Path(directory) / file
            name = "/" + path.relative_to(top).as_posix()
            if not name.startswith(filetree.SILENT + UNSEEN):
                seen[name] = os.readlink(path) if path.is_symlink() else comparable(name, path.read_bytes())
    return newest_deployment(seen)


def directories(top: pathlib.Path) -> set[str]:
    names = ("/" + pathlib.Path(directory).relative_to(top).as_posix() + "/" for directory, _, _ in os.walk(top))
    return {n for n in names if not n.startswith(filetree.SILENT + UNSEEN + DEPLOYMENTS)}


def differences(a: dict[str, object], b: dict[str, object]) -> list[str]:
    return sorted(n for n in a.keys() | b.keys() if a.get(n) != b.get(n))


def lasting(names: list[str]) -> list[str]:
    return [n for n in names if not n.endswith(PASSING) and not n.startswith(BOOT_ROOT)]


def run(*command: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300,
                          env=os.environ | {"LC_ALL": "C", "NO_COLOR": "1", "ASAN_OPTIONS": "detect_leaks=0"} | (environment or {})) # it traces, too


def release(top: pathlib.Path) -> bool:
    """Lets go on what waits in the background. False: nothing does."""
    try:
        fd = os.open(f"{top}{GO}", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    os.write(fd, b"\n")
    os.close(fd)
    return True


def outlive(top: pathlib.Path) -> None:
    """What a ptprep that was killed has left running holds its lock, and the next run would say so. It is waited for."""
    lock = top / "run/ptprep/lock"
    while lock.exists():
        with lock.open() as f:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # by closing it alone it would stay held by a child that another thread has forked and not yet executed
                fcntl.flock(f, fcntl.LOCK_UN)
                return
            except BlockingIOError:
                release(top)
        time.sleep(0.01)


class Scenario:
    def __init__(self, name: str, ptprep: str, fault: str, directory: pathlib.Path):
        machine, before, self.verb = SCENARIOS[name]
        self.name, self.ptprep, self.fault, self.directory = name, ptprep, fault, directory
        self.start = directory / name
        self.start.mkdir()
        tree = filetree.Tree(self.start)
        tree.build(filetree.read_lines(f"{machine}.tree"))
        tree.install_tools()
        for step in before:
            if isinstance(step, str):
                self.ptprep_run(self.start, step)
            else:
                tree.build(step)
        self.private = set()
        for path in (p for directory in PRIVATE for p in tree.path(directory).rglob("*") if p.is_file() and not p.is_symlink()):
            path.chmod(0o600)
            self.private.add("/" + path.relative_to(self.start).as_posix())
        self.child = CHILDREN.get(name)
        self.environment: dict[str, str] = {}
        self.old = self.contents(self.start)
        done = self.copy("done")
        calls = directory / f"{name}.calls"
        self.code = self.broken_run(done, "count", str(calls)).returncode
        # what it comes to when nothing is broken but the child
        self.ends = self.code
        self.leaves = self.new = self.contents(done)
        self.new_directories = directories(done)
        if self.child:
            self.misbehave(tree, calls)
        lines = [line.split("\t") for line in calls.read_text().splitlines()]
        self.calls = [(int(number), call) for number, call in (line[0].split() for line in lines)]
        self.order = [(line[0].split()[1], *line[1:]) for line in lines]
        assert lasting(list(self.new)) == list(self.new), f"{name}: the good run left something behind"
        assert self.code < ROLLED_BACK and differences(self.old, self.new), f"{name}: the good run ended with {self.code}"

    def misbehave(self, tree: filetree.Tree, calls: pathlib.Path) -> None:
        """From here on the tree has a program that does."""
        assert self.child
        self.environment = self.child.environment
        for applet in ("dd", "head", "setsid", "sleep"):
            tree.link(f"/bin/{applet}", "busybox")
        tool = tree.path(self.child.tool)
        shutil.copy(tool, self.directory / f"{self.name}.tool")
        tool.write_bytes(self.child.text())
        tree.path(GO).parent.mkdir(exist_ok=True)
        os.mkfifo(tree.path(GO))
        bad = self.copy("bad")
        done = self.broken_run(bad, "count", str(calls))
        if self.child.says:
            self.ends, self.leaves = ROLLED_BACK, self.old
        assert done.returncode == self.ends and self.child.says in done.stdout, f"{self.name}: {done.returncode}: {done.stdout}"
        assert not differences(self.leaves, self.contents(bad)) and not release(bad), f"{self.name}: what it did is still there"

    def behave(self, top: pathlib.Path) -> None:
        """By a program of its own: a file that this one has written could still be open in a child that it forks meanwhile."""
        if self.child:
            subprocess.run(["cp", self.directory / f"{self.name}.tool", f"{top}{self.child.tool}"], check=True)

    def contents(self, top: pathlib.Path) -> dict[str, object]:
        return {n: data for n, data in contents(top).items() if not (self.child and n == self.child.tool)}

    def broken_run(self, top: pathlib.Path, how: str, what: str) -> subprocess.CompletedProcess:
        return run(self.fault, how, what, self.ptprep, f"--root={top}", self.verb, environment=self.environment)

    def ptprep_run(self, top: pathlib.Path, verb: str) -> subprocess.CompletedProcess:
        return run(self.ptprep, f"--root={top}", verb)

    def copy(self, name: str) -> pathlib.Path:
        path = self.directory / f"{self.name}.{name}"
        subprocess.run(["cp", "-a", self.start, path], check=True)
        return path

    def judge_broken(self, how: str, code: int, report: str, now: dict[str, object]) -> list[str]:
        # ptprep's own state has more stages than two, and is judged by what comes of it
        errors = [f"{n} is between" for n in lasting(differences(self.old, now))
                  if now.get(n) != self.new.get(n) and not n.startswith(STATE) and now.get(n) != STAGES.get((self.name, n), "")]
        if how in OTHER_DISKS:
            return [f"ended with {code}"] * (code != self.ends) + [f"{n} differs" for n in differences(self.leaves, now)]
        if how == "kill":
            return errors + [f"was not killed: {code}"] * (code != KILLED)
        old, new = lasting(differences(self.old, now)), lasting(differences(self.new, now))
        if code == ROLLED_BACK:
            left = re.findall(r"(?m)^left: (.*)$", report)
            errors += [f"put back, but {n} differs" for n in old if n not in left]
        elif code == DAMAGED:
            errors += self.judge_damage(report, now, old)
        elif code == PART and STILL_IN_IT in report: # an image that does no harm is left, and all else is taken back
            errors += [f"done, but {n} differs" for n in new if now.get(n) not in (self.old.get(n), STAGES.get((self.name, n), ""))]
        elif code == self.code and old and self.leaves is self.old:
            errors.append("what a program has made that misbehaves is taken")
        elif code == self.code and old: # it may also have ended before the first change
            errors += [f"done, but {n} differs" for n in new]
        elif code not in (ROLLED_BACK, DAMAGED, self.ends) and (code >= BROKEN or old):
            errors.append(f"ended with {code} and changed {old}")
        return errors

    def opened(self, top: pathlib.Path) -> list[str]:
        """What others may read that was closed to them, under its own name or one that a file has on its way."""
        errors = []
        for directory, _, files in os.walk(top):
            for path in (pathlib.Path(directory) / file for file in files):
                own = re.sub(r"(/\.?)([^/]*?)(\.\d+)?(\.ptprep-(new|old)(\.new)?)$", r"/\2", "/" + path.relative_to(top).as_posix())
                if own in self.private and not path.is_symlink() and path.lstat().st_mode & 0o077:
                    errors.append(f"{path.relative_to(top)} can be read by others")
        return errors

    def judge_order(self) -> list[str]:
        """What gets a file's place is on the disk before, and the new name behind: a power cut would tell, and nothing else."""
        errors = []
        for i, (call, *paths) in enumerate(self.order):
            if call not in ("rename", "exchange") or not paths[0].endswith(PASSING[0]) or paths[1].endswith(PASSING):
                continue
            before = next((c for c in reversed(self.order[:i]) if len(c) > 1 and paths[0] in c[1:]), ("nothing",))
            behind = next((c for c in self.order[i + 1:] if len(c) > 1), ("nothing",))
            errors += [f"{paths[1]} is replaced by what is not on the disk"] * (before[0] != "fsync")
            errors += [f"the new name of {paths[1]} is not on the disk"] * (behind != ("fsync", os.path.dirname(paths[1])))
        return [f"{self.name}: {e}" for e in errors] or [f"{self.name}: nothing is replaced"] * (not self.order)

    def judge_damage(self, report: str, now: dict[str, object], changed: list[str]) -> list[str]:
        """What is said not to be put back is not, all else is, and where the old bytes are said to be there they are."""
        lines = re.findall(r"(?m)^not put back: ([^:]+): ([^;\n]*)(?:; as it was it is in (.*))?$", report)
        # what a program has made again of the others may have come out right, and stands for all that it makes
        told = {name: at for name, reason, at in lines if not reason.startswith("made anew")}
        differ = {n for n in changed if not n.startswith(STATE) and not (len(told) < len(lines) and n.startswith("/hidden/"))}
        return [f"{n} differs, and nobody says so" for n in sorted(differ - told.keys())] + \
            [f"{n} is told not to be put back, and is" for n in sorted(told.keys() - differ)] + \
            [f"{at} has not what {n} was" for n, at in told.items() if at and now.get(at) != self.old.get(n)] + \
            ["not everything put back, and nothing is told"] * (not lines)

    def play(self, how: str, number: int, call: str) -> list[str]:
        top = self.copy(f"{how}-{number}")
        broken = self.broken_run(top, how, str(number))
        errors = self.judge_broken(how, broken.returncode, broken.stdout, self.contents(top)) + self.opened(top)
        errors += ["what a program left behind still runs"] * (how != "kill" and release(top))
        outlive(top)
        # what made the run fail is gone now
        self.behave(top)
        after = self.ptprep_run(top, self.verb)
        if after.returncode != self.code:
            errors.append(f"the next run ended with {after.returncode}, not {self.code}: {after.stdout}")
        errors += [f"after the next run {n} differs" for n in differences(self.new, self.contents(top))]
        errors += [f"after the next run the directory {n} is there or not" for n in directories(top) ^ self.new_directories]
        shutil.rmtree(top)
        return [f"{self.name}: {how} at {number} ({call}): {e}" + ("" if i else f"\n{broken.stdout}") for i, e in enumerate(errors)]

    def ways(self, call: str) -> tuple[str, ...]:
        if call in NEVER_FAIL:
            return ("kill",)
        # rpm-ostree goes unhindered, and on a disk that is read-only for ptprep alone takes back what ptprep cannot
        return ("kill", *(how for how in ERRORS if how != "EROFS+" or self.name != "ostree-revert"))

    def jobs(self, first: int) -> list[tuple[str, int, str]]:
        """All that can go wrong: of each kind of call and way of failing one, then another one of each, and so on.
        Scenarios begin with different kinds, so that a little of each comes to most of them."""
        kinds: dict[tuple[str, str], list[tuple[str, int, str]]] = {}
        for number, call in self.calls:
            for how in self.ways(call):
                kinds.setdefault((how, call), []).append((how, number, call))
        for i, jobs in enumerate(kinds.values()):
            # the kinds begin at different places of the run, and go on in the widest gap
            order = sorted(range(len(jobs)), key=lambda k: int(f"{k:016b}"[::-1], 2))
            jobs[:] = [jobs[(k + i * len(jobs) // len(kinds)) % len(jobs)] for k in order]
        rotated = list(kinds.values())
        rotated = rotated[first % len(kinds):] + rotated[:first % len(kinds)]
        rounds = itertools.zip_longest(*rotated)
        return [*OTHER_DISKS.values(), *(job for one in rounds for job in one if job)]


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: fault tests need root for chroot(2)")
        return 77
    if platform.machine() != "x86_64":
        print("SKIPPED: fault tests know the system calls of x86-64 only")
        return 77
    if not os.path.exists(filetree.BUSYBOX):
        print(f"{filetree.BUSYBOX} is missing: install busybox-static")
        return 1
    everything = "--all" in sys.argv
    ptprep, fault, *names = (a for a in sys.argv[1:] if a != "--all")
    shared_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    failed = n_runs = n_possible = 0
    played: set[tuple[str, str]] = set()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ptprep-faults-", dir=shared_memory) as directory, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        scenarios = [Scenario(name, ptprep, fault, pathlib.Path(directory)) for name in names or SCENARIOS]
        for i, scenario in enumerate(scenarios):
            jobs = scenario.jobs(i * 13)
            share = begin + SECONDS * (i + 1) / len(scenarios)

            def play(numbered, scenario=scenario, share=share):
                k, job = numbered
                how, _, call = job
                if not everything and k >= AT_LEAST and (how, call) in played and time.monotonic() > share:
                    return None
                played.add((how, call))
                return scenario.play(*job)

            results = [r for r in pool.map(play, enumerate(jobs)) if r is not None]
            for error in itertools.chain(*results):
                print(error, flush=True)
            order = scenario.judge_order()
            for error in order:
                print(error, flush=True)
            bad = any(results) or bool(order) or not jobs
            print(f"{'FAILED' if bad else 'ok'} {scenario.name}: {len(scenario.calls)} calls of {len({c for _, c in scenario.calls})} "
                  f"kinds, {len(results)} of {len(jobs)} runs in which one goes wrong", flush=True)
            failed += bad
            n_runs += len(results)
            n_possible += len(jobs)
    print(f"{n_runs} of {n_possible} runs in {time.monotonic() - begin:.0f} s, {len(played)} kinds of calls and ways of failing" +
          ("" if everything else "; --all plays them all"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
