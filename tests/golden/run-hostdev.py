#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What "ptprep hostdev" prints is taken by those for whom it is.

    run-hostdev.py PTPREP

The elements are put into a domain and held to libvirt's schema (virt-xml-validate); the arguments are put into a QEMU whose
machine is then asked what it has, with other functions in the place of the host's. Needs root for chroot(2).
"""

import pathlib
import re
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

import filetree

DOMAIN = """<domain type='kvm'><name>guest</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices>{}</devices></domain>
"""
CARD = ["0000:01:00.0", "0000:01:00.1", "0000:01:00.2", "0000:01:00.3"]
# arguments, functions of the host and where each is in its slot of the guest, claimed already, exit status, what is told
CASES = [
    ([], [(a, i) for i, a in enumerate(CARD)], True, 1, f'{CARD[0]}: still on nouveau: run "ptprep --apply" and reboot'),
    (["gpu"], [(CARD[0], 0)], True, 1, "0000:01:00.1 is in IOMMU group 3 as well, and left out: --group adds it"),
    (["--group", "gpu"], [(a, i) for i, a in enumerate(CARD)], True, 1, f"{CARD[3]}: still on nvidia-gpu"),
    (["01:00.2", "01:00.3"], [(CARD[2], 0), (CARD[3], 3)], True, 1, "0000:01:00.0 is in IOMMU group 3 as well"),
    (["frob", "gpu"], None, None, 64, 'no device here is "frob"'),
    (["nic"], None, None, 64, '"nic" can be several devices; say which one by its address:'),
    (["pci_0000_00_04_0"], [("0000:00:04.0", 0)], False, 0, ""),
    (["00:03.0"], [("0000:00:03.0", 0)], False, 2, "device.boot-disk: it carries /"),
]


def address(element: ElementTree.Element) -> tuple[int, ...]:
    return tuple(int(element.get(name, "0"), 16) for name in ("domain", "bus", "slot", "function"))


def in_libvirt(text: str) -> list[tuple[str, int, bool]]:
    """Function of the host, function in the guest's slot, and is it claimed by others than libvirt?"""
    domain = DOMAIN.format(text)
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(domain)
        file.flush()
        done = subprocess.run(["virt-xml-validate", file.name, "domain"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr + domain
    out = []
    for device in ElementTree.fromstring(domain).iter("hostdev"):
        source, guest = device.find("source/address"), device.find("address")
        assert source is not None
        out.append(("%04x:%02x:%02x.%x" % address(source), address(guest)[3] if guest is not None else 0, device.get("managed") == "no"))
        if guest is not None and address(guest)[3] == 0:
            assert guest.get("multifunction") == "on", text
    return out


def in_qemu(text: str) -> list[tuple[str, int]]:
    """The same without the last, as the bus of a guest has it."""
    hosts = re.findall(r"host=([0-9a-f:.]+)", text)
    words = re.sub(r"vfio-pci,host=[0-9a-f:.]+", "e1000e", text).replace("\\\n", " ").split()
    done = subprocess.run(["qemu-system-x86_64", "-M", "q35", "-S", "-nodefaults", "-display", "none", "-monitor", "stdio", *words],
                          input="info qtree\nquit\n", capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr + text
    functions = [int(f) for f in re.findall(r"dev: e1000e,.*?addr = [0-9a-f]{2}\.(\d)", done.stdout, re.S)]
    functions.reverse()  # the last one that was made comes first
    return list(zip(hosts, functions, strict=True))


def variants_are_named() -> bool:
    """Which libvirt knows since 10.0, so that not every schema has it. One is bound to it, one is going to be, and one has vfio-pci."""
    out = []
    for machine, device in (("variant-of-one-kernel", "00:05.0"), ("variant", "00:04.0"), ("variant", "00:05.0")):
        with tempfile.TemporaryDirectory() as directory:
            filetree.Tree(pathlib.Path(directory)).build(filetree.read_lines(f"{machine}.tree"))
            done = subprocess.run([sys.argv[1], f"--root={directory}", "hostdev", device], capture_output=True, text=True, check=False)
        element = ElementTree.fromstring(f"<devices>{done.stdout}</devices>").find("hostdev")
        assert element is not None, done.stderr
        out.append([child.attrib for child in element.findall("driver")])
    wanted = {"name": "vfio", "model": "mlx5_vfio_pci"}
    if out != [[wanted], [wanted], []]:
        print(f"variants: {out}", file=sys.stderr)
    return out == [[wanted], [wanted], []]


def told_apart() -> bool:
    """Claimed and on its driver; another device than its section means; for QEMU, which takes nothing from the host by itself."""
    out = []
    for machine, more, arguments in (("base", ["p 0000:00:04.0 8086:10d3 020000 vfio-pci 1"], ["00:04.0"]),
                                     ("twin-shifted", [], ["00:04.0"]), ("twin-shifted", [], ["--qemu", "00:05.0"])):
        with tempfile.TemporaryDirectory() as directory:
            filetree.Tree(pathlib.Path(directory)).build(filetree.read_lines(f"{machine}.tree") + more)
            done = subprocess.run([sys.argv[1], f"--root={directory}", "hostdev", *arguments], capture_output=True, text=True, check=False)
        out.append((done.returncode, "managed='no'" in done.stdout, 'run "ptprep claim 0000:00:05.0"' in done.stderr))
    if out != [(0, True, False), (0, False, False), (1, False, True)]:
        print(f"claimed, another device, QEMU: {out}", file=sys.stderr)
    return out == [(0, True, False), (0, False, False), (1, False, True)]


def main() -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        tree = filetree.Tree(pathlib.Path(directory))
        tree.build(filetree.read_lines("group-companions.tree"))
        for arguments, functions, claimed, code, said in CASES:
            faults = []
            done = subprocess.run([sys.argv[1], f"--root={directory}", "hostdev", *arguments], capture_output=True, text=True, check=False)
            if done.returncode != code or said not in done.stderr:
                faults.append(f"exit {done.returncode}, {done.stderr}")
            if functions is None:
                faults += [f"printed {done.stdout}"] if done.stdout else []
            else:
                seen = in_libvirt(done.stdout)
                if seen != [(a, f, claimed) for a, f in functions]:
                    faults.append(f"libvirt: {seen}")
                done = subprocess.run([sys.argv[1], f"--root={directory}", "hostdev", "--qemu", *arguments], capture_output=True, text=True,
                                      check=False)
                if in_qemu(done.stdout) != functions:
                    faults.append(f"QEMU: {in_qemu(done.stdout)}")
            for fault in faults:
                print(f"hostdev {' '.join(arguments)}: {fault}", file=sys.stderr)
            failed += bool(faults)
    failed += not variants_are_named()
    failed += not told_apart()
    print(f"{len(CASES) + 2 - failed} of {len(CASES) + 2} calls as expected")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
