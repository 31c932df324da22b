#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-manual.py PTPREP: the commands of ptprep(8) do what it says beside them.

Each block of the sections below is run by a shell on a golden machine: absolute paths lie below its tree, and of programs of
the system only the name is noted. Queries of Prometheus are judged by promtool, where it is installed;
what they and those in SQL find is in run-fleet.py. Needs root, as
run-golden.py.
"""

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import filetree

HERE = pathlib.Path(__file__).resolve().parent
MANUAL = HERE.parents[1] / "conf/ptprep.8.scd"
MACHINE = "intel-default-on"
SYSTEM = ("systemctl", "apt", "ninja")
COMMANDS = ("ptprep", "cat", "mv", "rm", *SYSTEM)
# What a block of a section has come to: section, number of the block, exit status of each ptprep in it, what has to be printed.
RUNS = [
    ("FLEETS", 0, [0], ""),
    ("WALK-THROUGH", 0, [0], r"^0000:00:04\.0 .* possible"),
    ("WALK-THROUGH", 1, [], ""),
    ("WALK-THROUGH", 2, [1, 1], r"^ptprep: NOT READY[^§]*^\+0000:00:04\.0 8086:10d3"),
    ("WALK-THROUGH", 3, [0], r"^ptprep: (REBOOT|NOT READY: reboot)[^§]*^system: systemctl reboot"),
    ("WALK-THROUGH", 4, [0], r"^ptprep: READY"),
    ("WALK-THROUGH", 5, [0], r"^system: systemctl reboot"),
    ("UNINSTALL", 0, [], r"^system: apt purge ptprep"),
    ("UNINSTALL", 1, [0], r"^ptprep: NOTHING TO REVERT[^§]*^system: ninja"),
    ("EXAMPLES", 0, [0], r"^0000:01:00\.0 "),
    # nobody answers here, so nothing is written: what it asks is in run-configure.py
    ("EXAMPLES", 1, [64, 0, 0], r"^\[device gpu0\]$[^§]*^ptprep: nothing is written: [^§]*^ptprep: NOTHING CONFIGURED"),
    ("EXAMPLES", 3, [0], r"^ptprep: NOTHING CONFIGURED"),
    ("EXAMPLES", 4, [0, 0], "nothing to change"),
    ("EXAMPLES", 5, [0], r"^ptprep: NOTHING CONFIGURED"),
    ("EXAMPLES", 2, [0, 0], r"^written: [^§]*^written: "),
]


def sections() -> dict[str, list[str]]:
    """The blocks of each section, without those of the page that show no commands."""
    found = {}
    for section in re.split(r"^# ", MANUAL.read_text(), flags=re.M)[1:]:
        blocks = re.findall(r"^```\n(.*?)^```$", section, re.M | re.S)
        found[section.split("\n")[0]] = [b for b in blocks if b.split()[0] in COMMANDS]
    return found


def queries() -> list[str]:
    fleets = re.split(r"^# FLEETS\n", MANUAL.read_text(), flags=re.M)[1].split("\n# ")[0]
    return [line for b in re.findall(r"^```\n(.*?)^```$", fleets, re.M | re.S) if b.split()[0] not in (*COMMANDS, "SELECT") for line in b.splitlines()]


def play(ptprep: str, tree, block: str) -> tuple[list[int], str]:
    top = shlex.quote(str(tree.top))
    script = f'exec 9>&1\nptprep() {{ {shlex.quote(ptprep)} --root={top} "$@" 2>&1; s=$?; echo "status: $s" >&9; return $s; }}\n'
    script += "".join(f'{name}() {{ echo "system: {name} $*"; }}\n' for name in SYSTEM)
    script += re.sub(r"(?<=[ >=])/(mnt(?=\s)|)", lambda m: f"{top}/" if not m[1] else top, block)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=120,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
    return [int(s) for s in re.findall(r"^status: (\d+)$", done.stdout, re.M)], done.stdout + done.stderr


def reboot(tree) -> None:
    """As the machine comes up after the walk-through's apply."""
    tree.write("/proc/cmdline", b"BOOT_IMAGE=/boot/vmlinuz-6.1.0-1-amd64 root=/dev/vda2 ro quiet intel_iommu=on ptprep.claim=1\n")
    tree.build(["p 0000:00:04.0 8086:10d3 020000 vfio-pci 1"])


def judge_queries() -> list[str]:
    if not queries():
        return ["no query is left in FLEETS"]
    if not shutil.which("promtool"):
        print("SKIPPED: promtool is not installed, the queries were not looked at")
        return []
    rules = {"groups": [{"name": "manual", "rules": [{"record": f"manual:q{i}", "expr": q} for i, q in enumerate(queries())]}]}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
        json.dump(rules, f)
        f.flush()
        done = subprocess.run(["promtool", "check", "rules", f.name], capture_output=True, text=True, check=False, timeout=60)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def main() -> int:
    ptprep, errors, found = sys.argv[1], judge_queries(), sections()
    planned = {(section, number) for section, number, _, _ in RUNS}
    errors += [f"a block of {section} that nobody runs: {block}" for section, blocks in found.items()
               for number, block in enumerate(blocks) if (section, number) not in planned]
    with tempfile.TemporaryDirectory(prefix="ptprep-manual-") as directory:
        tree = filetree.Tree(pathlib.Path(directory))
        tree.build(filetree.read_lines(f"{MACHINE}.tree"))
        tree.install_tools()
        tree.write("/etc/ptprep/ptprep.conf", b"")
        tree.build(["p 0000:01:00.0 10de:1e04 030000 nouveau 8"])
        for name in ("/etc/ptprep/ptprep.conf.d", "/var/lib/node_exporter"):
            tree.path(name).mkdir(parents=True, exist_ok=True)
        start = tree.snapshot()
        for section, number, statuses, said in RUNS:
            if number >= len(found.get(section, ())):
                errors.append(f"{section} has no block {number}")
                continue
            seen, text = play(ptprep, tree, found[section][number])
            if seen != statuses or not re.search(said, text, re.M):
                errors.append(f"{section}, block {number}: exit statuses {seen}, not {statuses}, or no {said!r} in:\n{text}")
            if (section, number) == ("WALK-THROUGH", 3):
                reboot(tree)
        left = [name for name in tree.snapshot() if "ptprep" in name and name not in start]
        kept = ["/etc/ptprep/ptprep.conf.d/gpu0.conf", "/etc/ptprep/ptprep.conf.d/settings0.conf", "/var/lib/node_exporter/ptprep.prom"]
        if sorted(left) != kept or "ptprep" in tree.path("/boot/grub/grub.cfg").read_text():
            errors.append(f"left at the end: {left}")
    print("\n".join(errors) or "the commands of the manual do what it says")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
