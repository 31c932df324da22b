#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI trees of real machines against "ptprep list".

    test-pci-corpus.py PTPREP DATA_DIRECTORY

Each capture (umockdev, udevadm, lspci, a saved sysfs) becomes a directory below the build directory, and what "ptprep list --json
--root=DIRECTORY" says of it is compared with an independent reading: addresses, ids, classes, drivers, groups, bridge paths and
verdicts. Firmware tables of real machines get the functions that they name, on other bus numbers than the firmware gave.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
from captures import MSI, Function, Machine, read_group_list, read_lspci, read_sysfs, read_udevadm, read_umockdev  # noqa: E402


def scratch() -> tempfile.TemporaryDirectory:
    """In memory where there is such a place: the trees have thousands of small files."""
    return tempfile.TemporaryDirectory(prefix="ptprep-pci-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)


def run(ptprep: str, top: pathlib.Path) -> dict:
    done = subprocess.run([ptprep, "list", "--json", f"--root={top}"], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}: {done.stderr}")
    return {f["address"]: f for f in json.loads(done.stdout)["functions"]}


def compare(machine: Machine, listed: dict, verdicts: bool = True) -> None:
    assert set(listed) == set(machine.functions), set(listed) ^ set(machine.functions)
    assert list(listed) == sorted(listed, key=lambda a: [int(n, 16) for n in re.split("[:.]", a)]), "order"
    for address, f in machine.functions.items():
        seen = listed[address]
        for key, want in {"vendor": f.vendor, "device": f.device, "class": f.pci_class, "driver": f.driver,
                          "iommu_group": f.group, "path": f.stable_path}.items():
            assert seen[key] == want, f"{address}: {key} is {seen[key]!r}, expected {want!r}"
        if verdicts:
            want = machine.verdict(f)
            assert seen["verdict"] == want, f"{address}: {seen['verdict']}, expected {want}: {seen['reasons']}"


def check(ptprep: str, machine: Machine, then=None) -> dict:
    """then: changes the machine, and says which group's file that is; the tree is judged again. Returns the last list."""
    with scratch() as directory:
        top = pathlib.Path(directory)
        machine.build(top)
        listed = run(ptprep, top)
        compare(machine, listed)
        if then:
            group = then(listed)
            (top / f"sys/kernel/iommu_groups/{group}/reserved_regions").write_text(machine.regions[group])
            listed = run(ptprep, top)
            compare(machine, listed)
        return listed


def reason(function: dict, identifier: str) -> dict:
    return next((r for r in function["reasons"] if r["id"] == identifier), {"text": "", "cure_kind": None})


# Tests; each takes the program and the data directory


def test_umockdev(ptprep: str, data: pathlib.Path) -> None:
    machine = read_umockdev(data / "pci/umockdev/harvester_vgpu-node.umockdev")
    assert len(machine.functions) == 226
    virtual = [f for f in machine.functions.values() if f.physfn]
    assert len(virtual) == 16

    def pin(listed: dict) -> int:
        for vf in virtual:
            assert vf.config and vf.config[:4] == b"\xff\xff\xff\xff", "virtual functions read ffff"
            assert listed[vf.address]["vendor"] == "10de"
        for physical in {f.physfn for f in virtual}:
            assert "virtual functions" in reason(listed[physical], "device.virtual")["text"]
        group = machine.functions["0000:08:00.0"].group
        machine.regions[group] += "0x00000000000e8000 0x00000000000e8fff direct\n"
        return group

    assert check(ptprep, machine, pin)["0000:08:00.0"]["verdict"] == "blocked"


def test_udevadm(ptprep: str, data: pathlib.Path) -> None:
    for path in sorted((data / "pci/udevadm").glob("*.pci.txt")):
        machine = read_udevadm(path)
        assert machine.functions, path
        if "IBM" in path.name:  # no IOMMU that ptprep knows
            check(ptprep, machine)
        for number, f in enumerate(machine.functions.values()):  # each in a group of its own
            f.group = number
        machine.units = ["ivhd0"] if "HP_ELITEBOOK" in path.name else ["dmar0"]
        check(ptprep, machine)


def test_lspci(ptprep: str, data: pathlib.Path) -> None:
    vmd = read_lspci(data / "pci/mail/kcrudup_lspci-vnn_vmd.txt")
    assert vmd.functions["10000:e1:00.0"].stable_path == "pci0000:00/0e.0/pci10000:e0/06.0/00.0"
    listed = check(ptprep, vmd)
    assert "Volume Management Device 0000:00:0e.0" in reason(listed["10000:e1:00.0"], "device.managed")["text"]
    machine = read_lspci(data / "pci/mail/gl9755-laptop_lspci-vvxxxx.txt")
    assert len(machine.functions) > 15
    check(ptprep, machine)
    check(ptprep, read_group_list(data / "pci/mail/rmrr-not-reserved_iommu-groups.out"))
    for name in ("pciutils_tree-fujitsu-p8010", "pciutils_tree-fsl-p2020"):
        machine = read_lspci(data / "pci/lspci-dumps" / name)
        assert len(machine.functions) >= 6
        check(ptprep, machine)
    machine = read_lspci(data / "pci/derived/harvester_all.lspci-xxxx.txt")
    assert len(machine.functions) == 208
    check(ptprep, machine)


def test_sysfs(ptprep: str, data: pathlib.Path) -> None:
    for path in sorted((data / "pci/sysfs").glob("*.tar.*")):
        with scratch() as directory, tarfile.open(path) as archive:
            top = pathlib.Path(directory)
            members = [m for m in archive if (m.isdir() or m.isfile() or m.issym()) and not m.name.startswith(("/", ".."))]
            for member in members:
                member.mode |= 0o700 if member.isdir() else 0o400
            archive.extractall(top, members)
            roots = [p.parent.parent.parent for p in top.glob("**/sys/bus/pci")][:1] or [top]
            root = roots[0].parent if roots[0].name == "sys" else roots[0]
            machine = read_sysfs(root, path.name)
            if not machine.functions:  # cut down to classes: what it does not have is not made up
                done = subprocess.run([ptprep, "list", f"--root={root}"], capture_output=True, text=True, check=False)
                devices = root / "sys/bus/pci/devices"
                names = sorted(os.listdir(devices)) if devices.exists() else []
                assert done.returncode == (0 if names else 4) and (names or "no PCI bus is visible" in done.stderr), done
                assert re.findall(r"(?m)^(\S+) +\? .*\n +device\.present: cannot tell what it is: ", done.stdout) == names, done
                continue
            listed = run(ptprep, root)
            compare(machine, listed, verdicts=False)
            # nothing is there that says how the kernel was started: only what is never given away can be told, and the only display;
            # and on a machine that is no x86 and shows no IOMMU there is none, however it was started
            cpus = root / "proc/cpuinfo"
            foreign = cpus.exists() and "CPU implementer" in cpus.read_text()
            displays = [address for address, f in machine.functions.items() if f.pci_class[:2] == "03"]
            for address, f in machine.functions.items():
                boot_vga = root / "sys/bus/pci/devices" / address / "boot_vga"
                kept = displays == [address] and boot_vga.exists() and boot_vga.read_text().strip() == "1"
                expected = "not-applicable" if f.never_bound else "blocked" if kept or foreign else "unknown"
                assert listed[address]["verdict"] == expected, listed[address]


def oracle(data: pathlib.Path, part: str) -> dict:
    rows = [json.loads(line) for line in (data / "acpi/SUMMARY.jsonl").read_text().splitlines()]
    return next(r for r in rows if part in r["file"])


def table_machine(data: pathlib.Path, row: dict, on: bool) -> Machine:
    """The functions that a DMAR names, on bus numbers of our own choice, and one that it does not name."""
    machine = Machine(row["file"])
    signature = "DMAR" if row["file"].startswith("dmar") else "IVRS"
    machine.files[f"sys/firmware/acpi/tables/{signature}"] = (data / "acpi" / row["file"]).read_bytes()
    machine.files["proc/cpuinfo"] = b"vendor_id\t: GenuineIntel\n\nflags\t: vmx\n"
    machine.cmdline = "quiet" if on else "intel_iommu=off"
    numbers: dict[str, int] = {}
    for scope in (s for t in row["t"] for s in t.get("s", []) if s["type"] in (1, 2)):
        path, bus = f"pci0000:{scope['bus']:02x}", scope["bus"]
        for depth, (device, function) in enumerate(scope["path"]):
            last = depth == len(scope["path"]) - 1
            path += f"/0000:{bus:02x}:{device:02x}.{function}"
            if path not in {f.path for f in machine.functions.values()}:
                kind = "020000" if last and scope["type"] == 1 else "060400"
                machine.add(Function(path, "8086", "1521" if last else "a114", kind))
            bus = numbers.setdefault(path, 0x90 + len(numbers))
    machine.add(Function("pci0000:00/0000:00:19.0", "8086", "10d3", "020000"))
    if on:
        machine.units = ["dmar0"]
        for number, f in enumerate(machine.functions.values()):
            f.group = number
    return machine


def ranges(row: dict, machine: Machine, f: Function) -> list[tuple[int, int]]:
    """The RMRRs that name a function, by the oracle."""
    hops = [p.split(":")[-1] for p in f.path.split("/")[1:]]
    bus = int(f.path.split("/")[0].split(":")[1], 16)
    return [(t["base"], t["end"]) for t in row["t"] if t["t"] == "RMRR" for s in t["s"]
            if s["bus"] == bus and [f"{d:02x}.{n}" for d, n in s["path"]] == hops]


def test_rmrr(ptprep: str, data: pathlib.Path) -> None:
    """NICs of an HP server, pinned by seven tables; foretold while the IOMMU is off, explained while it is on."""
    row = oracle(data, "DL380e_Gen8")
    off, on = table_machine(data, row, False), table_machine(data, row, True)
    pinned = 0
    for machine in (off, on):
        for f in machine.functions.values():
            if f.address.endswith("1d.0") or f.address.endswith("1a.0"):
                f.pci_class = "0c0320"  # its USB controllers
        if machine is on:
            for f in on.functions.values():
                kind = "direct-relaxable" if f.pci_class.startswith("0c03") else "direct"
                on.regions[f.group] = MSI + "".join(f"0x{a:016x} 0x{b:016x} {kind}\n" for a, b in ranges(row, on, f))
        with scratch() as directory:
            machine.build(pathlib.Path(directory))
            listed = run(ptprep, pathlib.Path(directory))
        for address, f in machine.functions.items():
            wanted, seen = ranges(row, machine, f), listed[address]
            text = reason(seen, "device.reserved")["text"]
            if f.bridge:
                continue
            if not wanted or f.pci_class.startswith("0c03"):
                assert text == "" and seen["verdict"] == ("conditional" if machine is off else "possible"), seen
                continue
            pinned += 1
            assert seen["verdict"] == "blocked" and reason(seen, "device.reserved")["cure_kind"] == "firmware", seen
            for start, end in wanted:
                assert f"0x{start:x}-0x{end:x}" in text, (address, text)
            assert "RMRR at offset 0x" in text and "DMAR table" in text, text
    nics = [f for f in off.functions.values() if re.search(r"/0000:00:1c\.4/0000:[9a].:00\.[0-3]$", f.path)]
    assert len(nics) == 4 and pinned >= 2 * (len(nics) + 4), pinned


def test_zero_rmrr(ptprep: str, data: pathlib.Path) -> None:
    """Base 0, end 0: Linux complains of it and takes it. Here it is for USB controllers, so it is in nobody's way."""
    machine = table_machine(data, oracle(data, "Compaq_6730b"), False)
    with scratch() as directory:
        machine.build(pathlib.Path(directory))
        listed = run(ptprep, pathlib.Path(directory))
        assert "0x0-0x0" in reason(listed["0000:00:1d.0"], "device.reserved")["text"], listed["0000:00:1d.0"]
        assert listed["0000:00:1d.0"]["verdict"] == "blocked"
    for f in machine.functions.values():
        f.pci_class = "0c0300"
    with scratch() as directory:
        machine.build(pathlib.Path(directory))
        listed = run(ptprep, pathlib.Path(directory))
        assert listed["0000:00:1d.0"]["verdict"] == "conditional"


def test_unit_at_zero(ptprep: str, data: pathlib.Path) -> None:
    for name in ("IdeaPadFlex_15", "ThinkPad_E15_Gen_2"):
        machine = table_machine(data, oracle(data, name), False)
        machine.cmdline = "intel_iommu=on"
        with scratch() as directory:
            machine.build(pathlib.Path(directory))
            listed = run(ptprep, pathlib.Path(directory))
        seen = listed["0000:00:19.0"]
        assert seen["verdict"] == "blocked" and "Linux gives up" in reason(seen, "iommu.active")["text"], seen


def ivrs_machine(data: pathlib.Path, row: dict, addresses: list[str], on: bool, release: str) -> Machine:
    machine = Machine(row["file"], release)
    machine.files["sys/firmware/acpi/tables/IVRS"] = (data / "acpi" / row["file"]).read_bytes()
    machine.files["proc/cpuinfo"] = b"vendor_id\t: AuthenticAMD\n\nflags\t: svm\n"
    machine.cmdline = "quiet" if on else "amd_iommu=off"
    for number, address in enumerate(addresses):
        f = machine.add(Function(f"pci{address[:7]}/{address}", "1022", "1483", "020000"))
        f.group = number if on else None
    machine.units = ["ivhd0"] if on else []
    return machine


def test_four_units(ptprep: str, data: pathlib.Path) -> None:
    row = oracle(data, "ROG_ZENITH_II_EXTREME_ALPHA")
    # an I/O APIC speaks as 00:00.1, an alias range ends at ff:1f.7
    inside = ["0000:00:00.1", "0000:00:01.0", "0000:1f:1f.6", "0000:20:01.0", "0000:3f:00.0", "0000:40:01.0", "0000:60:01.0",
              "0000:ff:1f.7"]
    outside = ["0000:00:00.0", "0000:20:00.0", "0000:60:00.7", "0001:00:01.0"]  # ranges begin at device 1
    machine = ivrs_machine(data, row, inside + outside, False, "6.1.0")
    with scratch() as directory:
        machine.build(pathlib.Path(directory))
        listed = run(ptprep, pathlib.Path(directory))
    for address in inside + outside:
        want = "conditional" if address in inside else "blocked"
        assert listed[address]["verdict"] == want, listed[address]
        assert ("no IOMMU unit covers it" in reason(listed[address], "device.iommu")["text"]) == (address in outside)


def test_block_51(ptprep: str, data: pathlib.Path) -> None:
    """An exclusion range for 03:00.0, and a block that no specification has behind it."""
    row = oracle(data, "T14_Gen_3_21CF")
    assert [t["t"] for t in row["t"]].count(0x51) == 1
    memory = next(t for t in row["t"] if t["t"] == 0x21)
    start, end = memory["start"], memory["start"] + memory["len_"] - 1
    for release, want in {"6.1.0": "conditional", "6.12.0": "blocked"}.items():
        machine = ivrs_machine(data, row, ["0000:02:00.0", "0000:03:00.0"], False, release)
        with scratch() as directory:
            machine.build(pathlib.Path(directory))
            listed = run(ptprep, pathlib.Path(directory))
        assert listed["0000:03:00.0"]["verdict"] == want, listed
        assert f"0x{start:x}-0x{end:x}" in reason(listed["0000:03:00.0"], "device.reserved")["text"]
        assert "IVMD at offset" in reason(listed["0000:03:00.0"], "device.reserved")["text"]
        assert listed["0000:02:00.0"]["verdict"] == "conditional"


def main() -> int:
    ptprep, data = sys.argv[1], pathlib.Path(sys.argv[2])
    if not (data / "pci").is_dir():
        print("SKIPPED: no captures of PCI trees in ../shared/data")
        return 0
    failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            test(ptprep, data)
            print(f"ok {name}")
        except AssertionError as error:
            failed += 1
            print(f"FAILED {name} ({error.__traceback__.tb_lineno if error.__traceback__ else 0}): {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
