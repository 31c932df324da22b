#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the claim helper costs a boot: the time of 64 devices on a sysfs of plain files.

    bench-claim.py HELPER [DIRECTORY]

Prints the best of several runs; the tree lies below DIRECTORY (default: in memory, as sysfs does). It fails only where the helper
does: how many system calls a device costs is a unit test's matter, and no clock of a busy machine says anything.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

DEVICES = 64
RUNS = 30
DESIGN = 5.0  # ms


def write(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def build(top: pathlib.Path) -> None:
    claims = "version=2\n"
    write(top / "sys/bus/pci/drivers/vfio-pci/bind", "")
    write(top / "sys/bus/pci/drivers_probe", "")
    write(top / "proc/cmdline", "root=/dev/vda2 ptprep.claim=1\n")
    (top / "run").mkdir()
    (top / "sys/bus/pci/devices").mkdir()
    for i in range(DEVICES):
        port, address = f"{4 + i // 8:02x}.{i % 8}", f"0000:{1 + i:02x}:00.0"
        where = top / "sys/devices/pci0000:00" / f"0000:00:{port}" / address
        for name, value in {"vendor": "0x8086", "device": "0x10d3", "class": "0x020000", "driver_override": "(null)"}.items():
            write(where / name, value + "\n")
        (where / "driver").symlink_to("../../../../bus/pci/drivers/vfio-pci")
        (top / "sys/bus/pci/devices" / address).symlink_to(f"../../../devices/pci0000:00/0000:00:{port}/{address}")
        claims += f"{address} 8086:10d3 vfio-pci pci0000:00/{port}/00.0 dev{i}\n"
    write(top / "etc/ptprep/claims", claims)


def measure(helper: str, top: pathlib.Path) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor."""
    begin = time.perf_counter()
    process = subprocess.Popen([helper, f"--root={top}"], stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{helper}: exit status {process.returncode}")
    return 1000 * elapsed, 1000 * (used.ru_utime + used.ru_stime)


def main() -> int:
    place = sys.argv[2] if len(sys.argv) > 2 else "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="ptprep-bench-", dir=place) as directory:
        build(pathlib.Path(directory))
        runs = [measure(sys.argv[1], pathlib.Path(directory)) for _ in range(RUNS)]
    print(f"{DEVICES} devices, best of {RUNS}: {min(r[0] for r in runs):.2f} ms from start to end, "
          f"{min(r[1] for r in runs):.2f} ms of the processor (the design allows {DESIGN:.0f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
