#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-peers.py PTPREP: the table in README beside virt-host-validate (libvirt-clients) is what both say of the same machines.

Both look at a golden machine, virt-host-validate with it for "/" in a chroot, and of its lines the one about device assignment
counts. Needs root for chroot(2).
"""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
README = HERE.parents[1] / "README.md"
SKIPPED = 77
PEER = "virt-host-validate"
CPU = b"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\n\n"
NEEDY = ("unknown", "fail", "blocked")
ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def load_golden():
    spec = importlib.util.spec_from_file_location("golden", HERE / "run-golden.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows() -> list[list[str]]:
    """Machine, what it is, what the peer says, what ptprep says and why."""
    section = README.read_text().split("\n## Beside virt-host-validate\n")[1].split("\n## ")[0]
    return [[c.strip() for c in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")]


def peer_says(tree, program: str) -> str:
    for library in re.findall(r"(/\S+)", subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout) + [program]:
        target = tree.path(library)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    done = subprocess.run(["chroot", str(tree.top), program, "qemu"], capture_output=True, text=True, check=False, timeout=60, env=ENVIRONMENT)
    lines = re.findall(r"device assignment IOMMU support\s*: (\w+)", done.stdout)
    kernel = re.findall(r"IOMMU is enabled by kernel\s*: (\w+)", done.stdout)
    return ", ".join(lines + kernel) or done.stdout + done.stderr


def ptprep_says(ptprep: str, tree) -> str:
    done = subprocess.run([ptprep, f"--root={tree.top}", "--check", "--json"], capture_output=True, text=True, check=False, timeout=60)
    report = json.loads(done.stdout)
    worst = max(NEEDY.index(f["result"]) for f in report["findings"] if f["result"] in NEEDY)
    ids = dict.fromkeys(f["id"] for f in report["findings"] if f["result"] == NEEDY[worst])
    return f"{report['verdict']}: {', '.join(ids)}"


def main() -> int:
    program = shutil.which(PEER)
    if os.geteuid() != 0 or not program:
        print(f"SKIPPED: {PEER} is not installed, or this is not root")
        return SKIPPED
    golden, errors, table = load_golden(), [], rows()
    for machine, _, peer, own in table:
        with tempfile.TemporaryDirectory(prefix="ptprep-peers-") as directory:
            tree = golden.Tree(pathlib.Path(directory))
            tree.build(golden.read_lines(f"{machine.strip('`')}.tree"))
            tree.install_tools()
            tree.write("/proc/cpuinfo", CPU)
            seen = [peer_says(tree, program), ptprep_says(sys.argv[1], tree)]
        if seen != [peer, own]:
            errors.append(f"{machine}: | {' | '.join(seen)} |, and README has | {peer} | {own} |")
    errors += [] if table else ["there is no table"]
    print("\n".join(errors) or f"{len(table)} machines, and README says of them what both programs say")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
