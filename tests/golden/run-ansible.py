#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-ansible.py PTPREP PROVISION: the Ansible role on a golden machine: check mode writes nothing and tells what would be
changed, a second play changes nothing, and without devices everything is taken back. Needs root, as run-golden.py."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import filetree

MACHINE = "intel-default-on"
DEVICES = [{"name": "nic0", "address": "0000:00:04.0", "id": "8086:10d3"}]
CLAIMS = "/etc/ptprep/claims"


def play(top: pathlib.Path, ptprep: str, root: pathlib.Path, devices: list, *arguments: str) -> tuple[int | None, str]:
    """How many tasks have changed something; None: it failed."""
    book = [{"hosts": "localhost", "connection": "local", "gather_facts": False,
             "roles": [{"role": "ptprep", "vars": {"ptprep_devices": devices, "ptprep_command": ptprep, "ptprep_root": str(root)}}]}]
    (top / "play.yml").write_text(json.dumps(book))
    env = os.environ | {"HOME": str(top), "ANSIBLE_LOCALHOST_WARNING": "False", "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(["ansible-playbook", "-i", "localhost,", *arguments, str(top / "play.yml")], capture_output=True, text=True,
                          check=False, timeout=240, env=env | {"ANSIBLE_ROLES_PATH": sys.argv[2] + "/ansible/roles"})
    text = done.stdout + done.stderr
    changed = re.search(r"changed=(\d+)", text)
    return (int(changed[1]) if changed and done.returncode == 0 else None), text


def main() -> int:
    if not shutil.which("ansible-playbook"):
        print("SKIPPED: ansible-core is not installed")
        return 77
    ptprep, errors = os.path.abspath(sys.argv[1]), []
    with tempfile.TemporaryDirectory(prefix="ptprep-ansible-") as directory:
        top = pathlib.Path(directory)
        tree = filetree.Tree(top / "machine")
        tree.top.mkdir()
        tree.build(filetree.read_lines(f"{MACHINE}.tree"))
        tree.install_tools()
        tree.write("/etc/ptprep/ptprep.conf", b"")
        tree.path("/etc/ptprep/ptprep.conf.d").mkdir()
        for what, devices, arguments, changed in (("check mode", DEVICES, ["--check", "--diff"], 1), ("a play", DEVICES, [], 2),
                                                  ("check mode of what is done", DEVICES, ["--check"], 0),
                                                  ("a second play", DEVICES, [], 0), ("no devices", [], [], 2)):
            before = tree.snapshot()
            seen, text = play(top, ptprep, tree.top, devices, *arguments)
            if seen != changed:
                errors.append(f"{what}: {seen} tasks have changed something, not {changed}:\n{text}")
            if (changed == 0 or "--check" in arguments) and tree.snapshot() != before:
                errors.append(f"{what} wrote something")
            if tree.path(CLAIMS).exists() != (bool(devices) and what != "check mode"):
                errors.append(f"{what}: is there a claim list? {tree.path(CLAIMS).exists()}")
    print("\n".join(errors) or "the role does what it tells")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
