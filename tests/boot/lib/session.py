"""What every program that boots guests does around its boots."""

from __future__ import annotations

import argparse
import concurrent.futures
import fcntl
import functools
import itertools
import signal
import sys
import threading
from pathlib import Path
from typing import Callable, TextIO

from .disk import Disks
from .guest import firmware, stop_all
from .play import Play, Workshop
from .roots import Roots
from .util import SOURCE_DIR, Cache, HarnessError, need_tools, say, timer

TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "debootstrap": "debootstrap",
    "sfdisk": "fdisk",
    "mke2fs": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
    "losetup": "mount",
    "gcc": "gcc",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Those of programs that have several guests at a time."""
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="guests at a time (2)")
    add_inputs(parser)


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Those that all such programs have."""
    parser.add_argument("--suite", action="append", metavar="NAME", help="only this suite")
    parser.add_argument("--cache", type=Path, default=SOURCE_DIR / "build/boot/cache", metavar="DIR",
                        help="where roots, disks and builds are kept from run to run")


def workshop(cache_dir: Path, keep: bool = False) -> Workshop:
    need_tools(TOOLS)
    firmware()
    cache = Cache(cache_dir.resolve())
    roots = Roots(cache)
    return Workshop(cache, roots, Disks(cache, roots), SOURCE_DIR / "build/boot", keep)


def only_run(build: Path, name: str = "run") -> TextIO:
    """Two runs of a name would work on the same disks. Held until the file is closed, or the process ends."""
    build.mkdir(parents=True, exist_ok=True)
    lock = (build / f"{name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise HarnessError(f"another run of the boot tests is at work in {build}") from error
    return lock


def make_inputs(play: Play) -> None:
    """Root, disk and build of a play; a failure is reported by the cases that need them."""
    with timer.measure(f"images and builds of {play.suite}"):
        try:
            play.make_inputs()
        except HarnessError as error:
            say(f"{play.suite}: {error}")


class Agenda:
    """What is to be done: inputs, those of the suites by turns, and then plays, the longest first. No play waits for another one's inputs."""

    def __init__(self, plays: list[Play]) -> None:
        suites = [[play for play in {play.inputs: play for play in plays if play.suite == suite}.values()]
                  for suite in sorted({play.suite for play in plays})]
        # two of one suite at a time would wait for the one root that both begin with
        self.makers = [play for turn in itertools.zip_longest(*suites) for play in turn if play]
        self.waiting = sorted(plays, key=lambda play: -play.weight)
        self.made: set[object] = set()
        self.changed = threading.Condition()

    def next(self) -> Callable[[], object] | None:
        """The next piece of work, when there is one; None if there will be no other."""
        with self.changed:
            while True:
                if self.makers:
                    return functools.partial(self._make, self.makers.pop(0))
                ready = next((play for play in self.waiting if play.inputs in self.made), None)
                if ready:
                    self.waiting = [play for play in self.waiting if play is not ready]
                    return ready.run
                if not self.waiting:
                    return None
                self.changed.wait()

    def clear(self) -> None:
        """The run is being given up."""
        with self.changed:
            self.makers, self.waiting = [], []
            self.changed.notify_all()

    def _make(self, play: Play) -> None:
        try:
            make_inputs(play)
        finally:
            with self.changed:
                self.made.add(play.inputs)
                self.changed.notify_all()


def play_all(plays: list[Play], jobs: int) -> None:
    """So many pieces of work at a time, until all is done."""
    agenda = Agenda(plays)

    def work() -> None:
        while task := agenda.next():
            task()

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        workers = [pool.submit(work) for _ in range(jobs)]
        try:
            for worker in workers:
                worker.result()
        finally:
            agenda.clear()


def interrupted(_signal: int, _frame: object) -> None:
    """Ctrl-C and a CI job that is called off: end the guests, so that mounts and loop devices are given back."""
    stop_all()
    raise KeyboardInterrupt


def program(name: str, main: Callable[[], int]) -> int:
    """Its exit status; no guest is left behind, however it ends."""
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        return main()
    except HarnessError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
