#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-peers.py PTPREP [--update]: the table in README is what each program says of the same machines.

All look at a golden machine, virt-host-validate (of libvirt-clients) and driverctl with it for "/" in a chroot. Of
virt-host-validate the lines about device assignment count; driverctl is told to give the configured device to vfio-pci. Needs
root for chroot(2).
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import filetree

HERE = pathlib.Path(__file__).resolve().parent
README = HERE.parents[1] / "README.md"
SKIPPED = 77
PEERS = ("virt-host-validate", "driverctl")
DRIVERCTL_NEEDS = ("bash", "basename", "cut", "mkdir", "readlink", "realpath")
CPU = b"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\n\n"
NEEDY = ("unknown", "fail", "blocked")
ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def rows(text: str) -> list[list[str]]:
    """Machine, what it is, what the programs say."""
    section = text.split("\n## Beside other tools\n")[1].split("\n## ")[0]
    return [[c.strip() for c in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")]


def install(tree, program: str) -> None:
    libraries = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    for path in re.findall(r"(/\S+)", libraries) + [program]:
        target = tree.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def run_there(tree, *command: str) -> str:
    done = subprocess.run(["chroot", str(tree.top), *command], capture_output=True, text=True, check=False, timeout=60, env=ENVIRONMENT)
    return done.stdout + done.stderr


def validate_says(tree, program: str) -> str:
    install(tree, program)
    said = run_there(tree, program, "qemu")
    lines = re.findall(r"device assignment IOMMU support\s*: (\w+)", said)
    kernel = re.findall(r"IOMMU is enabled by kernel\s*: (\w+)", said)
    return ", ".join(lines + kernel) or said


def driverctl_says(tree, program: str) -> str:
    """A machine that is made of files takes each driver and keeps the link to it. A kernel does so too where the function is
    in a group; else vfio-pci does not bind (drivers/vfio/group.c, vfio_group_find_or_alloc()), and there is no link."""
    bash = shutil.which("bash", path=ENVIRONMENT["PATH"])
    address = re.search(r"^address\s*=\s*(\S+)", tree.path("/etc/ptprep/ptprep.conf").read_text(), re.M).group(1)
    for name in DRIVERCTL_NEEDS:
        install(tree, shutil.which(name, path=ENVIRONMENT["PATH"]))
    install(tree, program)
    tree.write("/sbin/modprobe", f"#!{bash}\n".encode())
    tree.path("/sbin/modprobe").chmod(0o755)
    tree.write(f"/sys/bus/pci/devices/{address}/driver_override", b"(null)\n")
    if not os.path.lexists(tree.path(f"/sys/bus/pci/devices/{address}/iommu_group")):
        tree.path(f"/sys/bus/pci/devices/{address}/driver").unlink(missing_ok=True)
    said = run_there(tree, bash, program, "set-override", address, "vfio-pci")
    kept = tree.path(f"/etc/driverctl.d/pci-{address}")
    if kept.exists():
        return "done" if kept.read_text() == "vfio-pci\n" else kept.read_text()
    return "fails to bind" if f"failed to bind device {address}" in said else said


def ptprep_says(ptprep: str, tree) -> str:
    done = subprocess.run([ptprep, f"--root={tree.top}", "--check", "--json"], capture_output=True, text=True, check=False, timeout=60)
    report = json.loads(done.stdout)
    worst = max(NEEDY.index(f["result"]) for f in report["findings"] if f["result"] in NEEDY)
    ids = dict.fromkeys(f["id"] for f in report["findings"] if f["result"] == NEEDY[worst])
    return f"{report['verdict']}: {', '.join(ids)}"


def main() -> int:
    programs = [shutil.which(name, path=ENVIRONMENT["PATH"]) for name in PEERS]
    if os.geteuid() != 0 or not all(programs):
        print(f"SKIPPED: {' or '.join(PEERS)} is not installed, or this is not root")
        return SKIPPED
    text = README.read_text()
    errors, table = [], rows(text)
    for machine, what, *told in table:
        with tempfile.TemporaryDirectory(prefix="ptprep-peers-") as directory:
            tree = filetree.Tree(pathlib.Path(directory))
            tree.build(filetree.read_lines(f"{machine.strip('`')}.tree"))
            tree.install_tools()
            tree.write("/proc/cpuinfo", CPU)
            own = ptprep_says(sys.argv[1], tree)
            seen = [validate_says(tree, programs[0]), driverctl_says(tree, programs[1]), own]
        if seen != told:
            errors.append(f"{machine}: | {' | '.join(seen)} |, and README has | {' | '.join(told)} |")
            text = text.replace(" | ".join([machine, what, *told]), " | ".join([machine, what, *seen]))
    if "--update" in sys.argv:
        README.write_text(text)
    errors += [] if table else ["there is no table"]
    print("\n".join(errors) or f"{len(table)} machines, and README says of them what all {len(PEERS) + 1} programs say")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
