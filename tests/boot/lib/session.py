"""What every program that boots guests does around its boots."""

from __future__ import annotations

import argparse
import concurrent.futures
import fcntl
import signal
import sys
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
    """Those that all such programs have."""
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="guests at a time (2)")
    parser.add_argument("--suite", action="append", metavar="NAME", help="only this suite")
    parser.add_argument("--cache", type=Path, default=SOURCE_DIR / "build/boot/cache", metavar="DIR",
                        help="where roots, disks and builds are kept from run to run")


def workshop(cache_dir: Path, keep: bool = False) -> Workshop:
    need_tools(TOOLS)
    firmware()
    cache = Cache(cache_dir.resolve())
    roots = Roots(cache)
    return Workshop(cache, roots, Disks(cache, roots), SOURCE_DIR / "build/boot", keep)


def only_run(build: Path) -> TextIO:
    """Two runs would work on the same disks. Held until the file is closed, or the process ends."""
    build.mkdir(parents=True, exist_ok=True)
    lock = (build / "run.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise HarnessError(f"another run of the boot tests is at work in {build}") from error
    return lock


def make_inputs(plays: list[Play], jobs: int) -> None:
    """Roots, disks and builds, the suites side by side; a failure is reported by the cases that need it."""
    first = {play.inputs: play for play in plays}

    def make(suite: str) -> None:
        for play in first.values():
            if play.suite == suite:
                try:
                    play.make_inputs()
                except HarnessError as error:
                    say(f"{suite}: {error}")

    with timer.measure("all images and builds"), concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(make, suite) for suite in sorted({play.suite for play in plays})]:
            done.result()


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
