# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines out of captures of PCI trees (umockdev, udevadm, lspci, a saved sysfs), as trees of files, and the verdict that they deserve."""

import collections
import os
import pathlib
import re

ADDRESS = r"(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]"
BRIDGES = ("0604", "0607", "0609")
NEVER_BOUND = BRIDGES + ("0600", "0601", "0806")
HARMLESS = (None, "vfio-pci", "pci-stub")
# what `ptprep remember` notes of a host that uses no network
NO_NETWORK = (pathlib.Path(__file__).resolve().parents[1] / "boot/image/no-network").read_text()
MSI = "0x00000000fee00000 0x00000000feefffff msi\n"


class Function:
    """One PCI function as the capture has it."""

    def __init__(self, path: str, vendor: str, device: str, pci_class: str):
        self.path = path  # below /sys/devices, or only the address
        self.address = path.split("/")[-1]
        self.vendor, self.device, self.pci_class = vendor, device, pci_class
        self.driver: str | None = None
        self.group: int | None = None
        self.config: bytes | None = None
        self.reset: str | None = None
        self.physfn: str | None = None
        self.virtfn: str | None = None

    @property
    def bridge(self) -> bool:
        return self.pci_class[:4] in BRIDGES

    @property
    def never_bound(self) -> bool:
        return self.pci_class[:4] in NEVER_BOUND

    @property
    def stable_path(self) -> str:
        return "/".join(p if p.startswith("pci") else p.split(":")[-1] for p in self.path.split("/"))


class Machine:
    def __init__(self, name: str, release: str = "6.1.0"):
        self.name, self.release = name, release
        self.functions: dict[str, Function] = {}
        self.units: list[str] = []
        self.regions: dict[int, str] = collections.defaultdict(lambda: MSI)
        self.files: dict[str, bytes] = {}
        self.cmdline = "quiet"

    def add(self, function: Function) -> Function:
        self.functions[function.address] = function
        return function

    def group_of(self, number: int) -> list[Function]:
        return [f for f in self.functions.values() if f.group == number]

    # The tree

    def build(self, top: pathlib.Path) -> None:
        def write(name: str, data: bytes | str) -> None:
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())

        def link(name: str, target: str) -> None:
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(os.path.relpath(top / target, path.parent))

        for f in self.functions.values():
            directory = f"sys/devices/{f.path}"
            for attribute, value in {"vendor": f.vendor, "device": f.device, "class": f.pci_class}.items():
                write(f"{directory}/{attribute}", f"0x{value}\n")
            if f.config:
                write(f"{directory}/config", f.config)
            if f.reset is not None:
                write(f"{directory}/reset_method", f.reset + "\n")
            link(f"sys/bus/pci/devices/{f.address}", directory)
            if f.driver:
                link(f"{directory}/driver", f"sys/bus/pci/drivers/{f.driver}")
            if f.group is not None:
                link(f"{directory}/iommu_group", f"sys/kernel/iommu_groups/{f.group}")
                (top / f"sys/kernel/iommu_groups/{f.group}").mkdir(parents=True, exist_ok=True)
                write(f"sys/kernel/iommu_groups/{f.group}/reserved_regions", self.regions[f.group])
            for name, other in {"physfn": f.physfn, "virtfn0": f.virtfn}.items():
                if other:
                    link(f"{directory}/{name}", f"sys/devices/{self.functions[other].path}")
        for unit in self.units:
            write(f"sys/devices/virtual/iommu/{unit}/uevent", "")
            link(f"sys/class/iommu/{unit}", f"sys/devices/virtual/iommu/{unit}")
        for directory in ("sys/class/iommu", "sys/kernel/iommu_groups", "sys/firmware/acpi/tables", "proc/self", "etc"):
            (top / directory).mkdir(parents=True, exist_ok=True)
        write("sys/kernel/irq/1/chip_name", "IR-IO-APIC\n")
        write("proc/cmdline", self.cmdline + "\n")
        write("proc/sys/kernel/osrelease", self.release + "\n")
        write("proc/self/mountinfo", "22 1 0:21 / / rw - tmpfs tmpfs rw\n")  # a live system: no disk in use
        write("proc/swaps", "Filename Type Size Used Priority\n")
        # ... people reach it over a serial port, and the firmware has left no framebuffer
        write("proc/iomem", "00100000-7fffffff : System RAM\n")
        write("sys/class/tty/console/active", "ttyS0\n")
        # ... and when it was up, no network
        write("run/rtnetlink/routes", "")
        write("var/lib/ptprep/network", NO_NETWORK)
        for name, data in self.files.items():
            write(name, data)

    # The independent verdict

    def breaks_group(self, f: Function) -> bool:
        if f.driver in HARMLESS or "vfio" in (f.driver or ""):
            return False
        return not f.bridge or f.driver != "pcieport"  # 5.19 and later

    def verdict(self, f: Function) -> str:
        if f.never_bound:
            return "not-applicable"
        if not self.units:
            return "blocked"  # no table and no unit
        words = set()
        if f.group is None:
            words.add("blocked")
        else:
            if any(self.breaks_group(o) for o in self.group_of(f.group) if o is not f):
                words.add("conditional")
            if re.search(r" direct$", self.regions[f.group], re.M):
                newer = [int(n) for n in self.release.split(".")[:2]] >= [6, 6]
                if self.units[0].startswith("dmar") or newer:
                    words.add("blocked")
        if f.path.count("/pci") > 0:
            words.add("blocked")  # a host bridge below a function: VMD
        if f.virtfn and f.driver != "vfio-pci":
            words.add("conditional")
        for word in ("blocked", "conditional"):
            if word in words:
                return word
        return "ready" if f.driver in ("vfio-pci", "pci-stub") else "possible"


# Readers of captures


def read_umockdev(path: pathlib.Path) -> Machine:
    machine = Machine(path.stem)
    for record in path.read_text(encoding="utf-8", errors="replace").split("\n\n"):
        lines = record.splitlines()
        if not lines or "E: SUBSYSTEM=pci" not in lines or not re.search(rf"/{ADDRESS}$", lines[0]):
            continue
        attributes = dict(l[3:].split("=", 1) for l in lines if l.startswith("A: "))
        links = dict(l[3:].split("=", 1) for l in lines if l.startswith("L: "))
        binary = dict(l[3:].split("=", 1) for l in lines if l.startswith("H: "))
        value = {k: v.replace("\\n", "").strip() for k, v in attributes.items()}
        f = machine.add(Function(lines[0].removeprefix("P: /devices/"), value["vendor"][2:], value["device"][2:],
                                 value["class"][2:]))
        f.driver = links["driver"].split("/")[-1] if "driver" in links else None
        f.group = int(links["iommu_group"].split("/")[-1]) if "iommu_group" in links else None
        f.config = bytes.fromhex(binary["config"]) if "config" in binary else None
        f.physfn = links["physfn"].split("/")[-1] if "physfn" in links else None
        f.virtfn = links["virtfn0"].split("/")[-1] if "virtfn0" in links else None
        if "iommu" in links and (unit := links["iommu"].split("/")[-1]) not in machine.units:
            machine.units.append(unit)
    return machine


def read_udevadm(path: pathlib.Path) -> Machine:
    machine = Machine(path.name.removesuffix(".pci.txt"))
    for record in path.read_text(encoding="utf-8", errors="replace").split("\n\n"):
        values = dict(l[3:].split("=", 1) for l in record.splitlines() if l.startswith("E: ") and "=" in l)
        if values.get("SUBSYSTEM") != "pci" or "PCI_ID" not in values:
            continue
        vendor, device = values["PCI_ID"].lower().split(":")
        f = machine.add(Function(values["DEVPATH"].removeprefix("/devices/"), vendor, device,
                                 values["PCI_CLASS"].lower().rjust(6, "0")))
        f.driver = values.get("DRIVER")
    return machine


def read_sysfs(directory: pathlib.Path, name: str) -> Machine:
    """What a saved tree has, read with nothing but the file system."""
    machine = Machine(name)
    devices = directory / "sys/bus/pci/devices"
    for address in sorted(os.listdir(devices)):
        entry = devices / address
        if not (entry / "vendor").exists() or not (entry / "class").exists():
            continue
        path = os.path.realpath(entry).removeprefix(os.path.realpath(directory) + "/sys/devices/")
        f = machine.add(Function(path, *((entry / a).read_text().strip()[2:] for a in ("vendor", "device", "class"))))
        f.driver = os.path.basename(os.readlink(entry / "driver")) if (entry / "driver").is_symlink() else None
        if (entry / "iommu_group").is_symlink():
            f.group = int(os.path.basename(os.readlink(entry / "iommu_group")))
    return machine


def place(machine: Machine, heads: list[tuple[str, Function]], secondary: dict[str, str]) -> None:
    """Gives each function its path: by the bridge whose secondary bus it is on. VMD makes the domains from 10000 on."""
    vmd = next((f for _, f in heads if f.driver == "vmd"), None)

    def path_of(address: str) -> str:
        domain, bus, _ = address.split(":")
        bridge = next((b for b, s in secondary.items() if s == bus and b.split(":")[0] == domain), None)
        if bridge:
            return f"{path_of(bridge)}/{address}"
        root = f"pci{domain}:{bus}/{address}"
        return f"{path_of(vmd.address)}/{root}" if int(domain, 16) > 0xffff and vmd else root

    for address, f in heads:
        f.path, f.address = path_of(address), address
        machine.add(f)


def read_lspci(path: pathlib.Path) -> Machine:
    """lspci -vnn, or -vxxxx with or without names: what is numeric in it."""
    machine = Machine(path.stem)
    heads: list[tuple[str, Function]] = []
    secondary: dict[str, str] = {}
    config = bytearray()

    def finish() -> None:
        if heads and config:
            f = heads[-1][1]
            f.config = bytes(config)
            if f.vendor == "":
                f.vendor, f.device = config[1::-1].hex(), config[3:1:-1].hex()
                f.pci_class = config[11:8:-1].hex()
            if config[14] & 0x7f == 1:
                secondary[heads[-1][0]] = f"{config[25]:02x}"
        config.clear()

    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if m := re.match(rf"({ADDRESS}) (?:[^\[]*\[([0-9a-f]{{4}})\]: .*\[([0-9a-f]{{4}}):([0-9a-f]{{4}})\]|(?:Class )?.*)", line):
            finish()
            address = m[1] if m[1].count(":") == 2 else f"0000:{m[1]}"
            numeric = re.match(rf"{ADDRESS} (?:Class )?([0-9a-f]{{4}}): ([0-9a-f]{{4}}):([0-9a-f]{{4}})", line)
            if m[3]:
                f = Function(address, m[3], m[4], m[2] + "00")
            elif numeric:
                f = Function(address, numeric[2], numeric[3], numeric[1] + "00")
            else:
                f = Function(address, "", "", "")
            if prog := re.search(r"\(prog-if ([0-9a-f]{2})", line):
                f.pci_class = f.pci_class[:4] + prog[1]
            heads.append((address, f))
        elif m := re.match(r"\s+Bus: primary=[0-9a-f]{2}, secondary=([0-9a-f]{2})", line):
            secondary[heads[-1][0]] = m[1]
        elif m := re.match(r"\s+Kernel driver in use: (\S+)", line):
            heads[-1][1].driver = m[1]
        elif re.match(r"[0-9a-f]{2,3}: ([0-9a-f]{2} ?){16}$", line):
            config += bytes.fromhex(line.split(":")[1])
        elif heads and (m := re.match(r"\s.*IOMMU group:? (\d+)", line)):
            heads[-1][1].group = int(m[1])
    finish()
    place(machine, heads, secondary)
    if any(f.group is not None for f in machine.functions.values()):
        machine.units = ["dmar0"]
    return machine


def read_group_list(path: pathlib.Path) -> Machine:
    """Lines "IOMMU Group N BB:DD.F Class [cccc]: Name [vvvv:dddd]"; no bridges are known, each bus is a root bus."""
    machine = Machine(path.stem, release="5.5.0")
    heads = []
    for line in path.read_text().splitlines():
        m = re.match(rf"IOMMU Group (\d+) ({ADDRESS}) [^\[]*\[([0-9a-f]{{4}})\]: .*\[([0-9a-f]{{4}}):([0-9a-f]{{4}})\]", line)
        if m:
            f = Function(f"0000:{m[2]}", m[4], m[5], m[3] + "00")
            f.group = int(m[1])
            heads.append((f.address, f))
    place(machine, heads, {})
    machine.units = ["dmar0"]
    return machine
