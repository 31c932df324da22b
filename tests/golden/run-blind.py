#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What ptprep cannot see it does not take for absent.

    run-blind.py PTPREP

A machine whose system is on a Fibre Channel disk, once as it is and once with a libmount that cannot be loaded, so that nothing tells
what is mounted: then no function may be claimed that could carry a disk, and the report says why. Without libpci the functions
have no names, and all that is said of them is the same.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import filetree

HBA, NIC, TWIN, USB, GPU = (f"0000:00:{slot:02x}.0" for slot in (3, 4, 5, 6, 7))
FUNCTIONS = [f"p {HBA} 1077:2532 0c0400 qla2xxx 0", f"p {USB} 1b36:000d 0c0330 xhci_hcd 0", f"p {GPU} 1002:744c 030000 amdgpu 0"]
SEEN = {HBA: "blocked", NIC: "possible", TWIN: "possible"}
BLIND = {HBA: "unknown", NIC: "unknown", TWIN: "unknown", USB: "unknown"}
CAUSE = "libmount.so.1, which reads what is mounted, is not there"


def run(ptprep: str, root: pathlib.Path, libraries: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run([ptprep, f"--root={root}", *arguments], capture_output=True, text=True, check=False, timeout=60,
                          env=os.environ | {"LC_ALL": "C", "LD_LIBRARY_PATH": libraries})
    return done.returncode, done.stdout


def judge(ptprep: str, root: pathlib.Path, libraries: str, verdicts: dict[str, str]) -> list[str]:
    """In the list as in the check of a configured device: one answer."""
    functions = json.loads(run(ptprep, root, libraries, "list", "--json")[1])["functions"]
    seen = {f["address"]: next((r["weight"] for r in f["reasons"] if r["id"] == "device.boot-disk"), "possible") for f in functions}
    errors = [f"list: {a} is {seen[a]}, not {v}" for a, v in verdicts.items() if seen[a] != v]
    errors += [f"list: {f['address']}: {r}" for f in functions for r in f["reasons"]
               if r["id"] == "device.boot-disk" and r["weight"] == "unknown" and (CAUSE not in r["text"] or "install" not in r["cure"])]
    for address, verdict in verdicts.items():
        device = next(f for f in functions if f["address"] == address)
        (root / "etc/ptprep/ptprep.conf").write_text(f"[device d]\naddress = {address}\nid = {device['vendor']}:{device['device']}\n")
        text = run(ptprep, root, libraries, "--check")[1]
        result = next((line.split()[0] for line in text.splitlines() if " device.boot-disk " in line), "")
        if result != ("ok" if verdict == "possible" else "blocked"):
            errors.append(f"check: {address} is {result}, and {verdict} in the list")
        if verdict != "possible":
            code = run(ptprep, root, libraries, "--apply")[0]
            if code != 2 or (root / "etc/ptprep/claims").exists():
                errors.append(f"apply: exit {code} for {address}, or a claim was written")
    return errors


def without_names(ptprep: str, root: pathlib.Path, libraries: pathlib.Path) -> list[str]:
    (libraries / "libpci.so.3").write_bytes(b"")
    seen, blind = ({f["address"]: f for f in json.loads(run(ptprep, root, path, "list", "--json")[1])["functions"]}
                   for path in ("", str(libraries)))
    named = [f for f in seen.values() if f["name"]]
    errors = [] if named else ["list: no function has a name, so that nothing is shown by their lack"]
    errors += [f"{a} has a name without libpci" for a, f in blind.items() if f.get("name")]
    for function in [*seen.values(), *blind.values()]:
        function["name"] = function["kind"] = None  # a kind in words too, but where ptprep has its own
    return errors + [f"{a} differs by more than its name without libpci" for a, f in seen.items() if blind.get(a) != f]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ptprep-blind-") as directory:
        root, libraries = pathlib.Path(directory) / "root", pathlib.Path(directory) / "lib"
        libraries.mkdir()
        nameless = pathlib.Path(directory) / "nameless"
        nameless.mkdir()
        (libraries / "libmount.so.1").write_bytes(b"")
        tree = filetree.Tree(root)
        tree.build(filetree.read_lines("base.tree") + FUNCTIONS)
        errors = judge(sys.argv[1], root, "", SEEN) + judge(sys.argv[1], root, str(libraries), BLIND)
        functions = json.loads(run(sys.argv[1], root, str(libraries), "list", "--json")[1])["functions"]
        errors += [f"{f['address']} carries no disk, and is held for one" for f in functions if f["address"] == GPU and
                   any(r["id"] == "device.boot-disk" for r in f["reasons"])]
        errors += without_names(sys.argv[1], root, nameless)
    print("\n".join(errors) if errors else "blind and not fooled")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
