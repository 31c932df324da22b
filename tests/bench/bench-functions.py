#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How the time and the memory of ptprep grow with the number of PCI functions, beside lspci on the same tree.

    bench-functions.py [--optimised] PTPREP [DIRECTORY]

Builds trees of 6 to 4096 functions below DIRECTORY (default: in memory) and prints the processor time of the best of several
runs, taken in turns. Fails where the growth is worse than linear or the memory is over its bound, and, for a program that was
compiled with optimisation, where it takes more than its share of what lspci takes: none of these depends on how busy the
machine is.
"""

import os
import pathlib
import struct
import subprocess
import sys
import tempfile

SIZES = [6, 256, 1024, 4096]
BEHIND_A_PORT = 8
RUNS = 7
MAX_RATIO = 17.0  # 4096 functions against 256
LSPCI = "lspci -nnk"
MAX_SHARE = {("ptprep --check", 6): 0.25, ("ptprep --check", 4096): 0.20, ("ptprep list", 4096): 0.40}  # of lspci's time
MAX_RSS_KIB = 16 * 1024


def write(path: pathlib.Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def dmar() -> bytes:
    """One unit for all, and a range for the first function of the first card."""
    scope = struct.pack("<BBHBBBBBB", 1, 10, 0, 0, 0, 0, 0, 0, 0)
    body = struct.pack("<BB10x", 45, 1)
    body += struct.pack("<HHBBHQ", 0, 16, 1, 0, 0, 0xfed90000)
    body += struct.pack("<HHHHQQ", 1, 24 + len(scope), 0, 0, 0xe8000, 0xe8fff) + scope
    head = struct.pack("<4sIBB6s8sI4sI", b"DMAR", 36 + len(body), 1, 0, b"BENCH ", b"BENCH   ", 1, b"NONE", 1)
    table = bytearray(head + body)
    table[9] = -sum(table) & 0xff
    return bytes(table)


def build(top: pathlib.Path, count: int) -> None:
    """Root ports with cards of eight functions behind them, each function in a group of its own."""
    devices, cards = top / "sys/bus/pci/devices", []
    devices.mkdir(parents=True)
    for port in range(count // (BEHIND_A_PORT + 1) + 1):
        domain, slot, bus = port // 224, port % 224 // 8, port % 224 + 1
        bridge = f"pci{domain:04x}:00/{domain:04x}:00:{slot:02x}.{port % 8}"
        cards.append((bridge, "8086", "a114", "060400", "pcieport"))
        cards += [(f"{bridge}/{domain:04x}:{bus:02x}:00.{f}", "8086", "1521", "020000", "igb") for f in range(BEHIND_A_PORT)]
    for group, (path, vendor, device, pci_class, driver) in enumerate(cards[:count]):
        directory = top / "sys/devices" / path
        for name, value in {"vendor": f"0x{vendor}", "device": f"0x{device}", "class": f"0x{pci_class}", "irq": "0",
                            "subsystem_vendor": "0x0000", "subsystem_device": "0x0000", "resource": "", "label": "",
                            "reset_method": "flr bus", "driver_override": "(null)",
                            "modalias": f"pci:v0000{vendor.upper()}d0000{device.upper()}sv00000000sd00000000bc02sc00i00"}.items():
            write(directory / name, value + "\n")
        write(directory / "uevent", f"DRIVER={driver}\nPCI_CLASS={int(pci_class, 16):04X}\nPCI_ID={vendor.upper()}:{device.upper()}\n"
              f"PCI_SUBSYS_ID=0000:0000\nPCI_SLOT_NAME={path.split('/')[-1]}\n")
        write(directory / "config", bytes.fromhex(vendor)[::-1] + bytes.fromhex(device)[::-1] + bytes(60))
        address = path.split("/")[-1]
        (devices / address).symlink_to(f"../../../devices/{path}")
        depth = "../" * (path.count("/") + 3)
        (directory / "driver").symlink_to(f"{depth}bus/pci/drivers/{driver}")
        (directory / "iommu_group").symlink_to(f"{depth}kernel/iommu_groups/{group}")
        (top / f"sys/kernel/iommu_groups/{group}/devices").mkdir(parents=True)
        (top / f"sys/kernel/iommu_groups/{group}/devices/{address}").symlink_to(f"../../../../devices/{path}")
        write(top / f"sys/kernel/iommu_groups/{group}/reserved_regions", "0x00000000fee00000 0x00000000feefffff msi\n")
    write(top / "sys/devices/virtual/iommu/dmar0/uevent", "")
    (top / "sys/class/iommu").mkdir(parents=True)
    (top / "sys/class/iommu/dmar0").symlink_to("../../devices/virtual/iommu/dmar0")
    write(top / "sys/firmware/acpi/tables/DMAR", dmar())
    write(top / "sys/kernel/irq/1/chip_name", "IR-IO-APIC\n")
    write(top / "proc/cmdline", "intel_iommu=on\n")
    write(top / "proc/sys/kernel/osrelease", "6.1.0\n")
    write(top / "proc/self/mountinfo", "22 1 0:21 / / rw - tmpfs tmpfs rw\n")
    # one card in sixteen is for guests
    configured = [c for c in cards[:count] if c[4] == "igb"][::16]
    write(top / "etc/ptprep/ptprep.conf", "".join(f"[device d{i}]\naddress = {c[0].split('/')[-1]}\nid = {c[1]}:{c[2]}\n"
                                                  for i, c in enumerate(configured)))


def measure(command: list[str]) -> float:
    """Seconds that the processor spent on one run, in the program and for it. The child is not forked from this interpreter,
    whose page tables would be copied and counted, on both sides alike, in a run that takes no longer than that."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    child = os.posix_spawnp(command[0], command, os.environ,
                            file_actions=[(os.POSIX_SPAWN_DUP2, nowhere, 1), (os.POSIX_SPAWN_DUP2, nowhere, 2)])
    os.close(nowhere)
    _, status, used = os.wait4(child, 0)
    if not os.WIFEXITED(status) or os.WEXITSTATUS(status) not in (0, 1, 2):
        raise SystemExit(f"{' '.join(command)}: exit status {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime


def peak_memory(command: list[str]) -> int:
    """KiB. The kernel's own account of a child begins with the memory of its parent, which is this interpreter."""
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        name = os.path.basename(command[0])
        while process.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                break
            fields = dict(line.split(":", 1) for line in status.splitlines())
            if fields["Name"].strip() == name and "VmHWM" in fields:
                peak = max(peak, int(fields["VmHWM"].split()[0]))
    return peak


def judge(name: str, times: dict[int, float], lspci: dict[int, float], kib: int, optimised: bool) -> list[str]:
    ratio = times[4096] / times[256]
    errors = []
    if ratio > MAX_RATIO:
        errors.append(f"{name}: 16 times the functions take {ratio:.1f} times as long, {MAX_RATIO} are allowed")
    if kib > MAX_RSS_KIB:
        errors.append(f"{name}: {kib} KiB at its peak, {MAX_RSS_KIB} are allowed")
    for (who, size), allowed in MAX_SHARE.items():
        share = times[size] / lspci[size]
        if who == name and optimised and share > allowed:
            errors.append(f"{name}: {share:.3f} of {LSPCI} at {size} functions, {allowed} is allowed")
    return errors


def main() -> int:
    optimised = "--optimised" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--optimised"]
    ptprep = arguments[0]
    place = arguments[1] if len(arguments) > 1 else "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    errors = []
    best: dict[str, dict[int, float]] = {}
    memory: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="ptprep-bench-", dir=place) as directory:
        for size in SIZES:
            top = pathlib.Path(directory, str(size))
            build(top, size)
            commands = {
                "ptprep --check": [ptprep, "--check", f"--root={top}"],
                "ptprep list": [ptprep, "list", f"--root={top}"],
                "ptprep list --json": [ptprep, "list", "--json", f"--root={top}"],
                LSPCI: ["lspci", "-A", "linux-sysfs", "-O", f"sysfs.path={top}/sys/bus/pci", "-nnk"],
            }
            for _ in range(RUNS if size > 256 else 5 * RUNS if size > 6 else 30 * RUNS):
                for name, command in commands.items():
                    seconds = measure(command)
                    best.setdefault(name, {})[size] = min(seconds, best.get(name, {}).get(size, seconds))
            for name, command in commands.items():
                memory[name] = peak_memory(command)
    print(f"{'':20}" + "".join(f"{size:>9}" for size in SIZES) + f"{'ratio':>9}{'of lspci at 6 / 4096':>22}{'peak':>9}")
    for name, times in best.items():
        share = [times[size] / best[LSPCI][size] for size in (6, 4096)]
        print(f"{name:20}" + "".join(f"{1000 * times[size]:6.1f} ms" for size in SIZES) +
              f"{times[4096] / times[256]:9.1f}{share[0]:15.2f} / {share[1]:4.2f}{memory[name] / 1024:5.1f} MiB")
        if name != LSPCI:
            errors += judge(name, times, best[LSPCI], memory[name], optimised)
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
