#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-scale.py PTPREP: a check of 4096 functions takes at most 17 times that of 256, and less than 16 MiB.

Processor time, least of several runs, so that a busy machine does not matter. The functions are files in memory.
"""

import pathlib
import subprocess
import sys
import tempfile

import filetree

MEMORY = pathlib.Path("/dev/shm")
SMALL, LARGE = 256, 4096
RATIO_MAX, KIB_MAX, RUNS = 17, 16 * 1024, 5

# A process starts with the memory peak of the one that it comes from (getrusage(2)), so that one has to be small.
STARTER = """import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
_, status, used = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def measure(ptprep: str, directory: pathlib.Path) -> tuple[float, int]:
    """Seconds of the processor, and KiB of memory at the peak."""
    command = [sys.executable, "-I", "-S", "-c", STARTER, ptprep, f"--root={directory}", "--check"]
    status, seconds, kib = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.split()
    if status not in ("0", "1", "2"):
        raise SystemExit(f"ptprep --check ended with {status}")
    return float(seconds), int(kib)


def measure_machine(ptprep: str, functions: int) -> tuple[float, int]:
    with tempfile.TemporaryDirectory(prefix="ptprep-scale-", dir=MEMORY if MEMORY.is_dir() else None) as directory:
        tree = filetree.Tree(pathlib.Path(directory))
        tree.build(filetree.read_lines("intel-default-on.tree"))
        for i in range(functions):
            domain, bus, function = 1 + i // 2048, i % 2048 // 8, i % 8
            tree.pci_function(f"{domain:04x}:{bus:02x}:00.{function}", "8086:1533", "020000", "igb", str(10 + i))
        runs = [measure(ptprep, tree.top) for _ in range(RUNS)]
        return min(seconds for seconds, _ in runs), max(kib for _, kib in runs)


def main() -> int:
    ptprep = sys.argv[1]
    if b"__asan_init" in pathlib.Path(ptprep).read_bytes():
        print("SKIPPED: a program with a sanitizer in it has other times and sizes")
        return 0
    small, _ = measure_machine(ptprep, SMALL)
    large, kib = measure_machine(ptprep, LARGE)
    print(f"{SMALL} functions: {small * 1e3:.1f} ms of the processor, {LARGE}: {large * 1e3:.1f} ms, {kib} KiB")
    if large > RATIO_MAX * small:
        print(f"that is {large / small:.1f} times as much, more than {RATIO_MAX}")
    if kib > KIB_MAX:
        print(f"more than {KIB_MAX} KiB")
    return 1 if large > RATIO_MAX * small or kib > KIB_MAX else 0


if __name__ == "__main__":
    sys.exit(main())
