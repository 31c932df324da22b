#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What others than root may write decides nothing, and a link leads no report astray.

    run-trust.py PTPREP

Each file and directory of the configuration and of the state is given to somebody else, and made writable for a group and for
everybody: nothing is changed then, and the path is named. Whoever owns a tree is asked nothing in it. Needs root for chroot(2).
"""

import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable

HERE = pathlib.Path(__file__).resolve().parent
SOMEBODY = 1000
BLOCKED, CONFIG = 2, 78
spec = importlib.util.spec_from_file_location("golden", HERE / "run-golden.py")
assert spec and spec.loader
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)

CONFIGURATION = ["/etc/ptprep", "/etc/ptprep/ptprep.conf", "/etc/ptprep/ptprep.conf.d", "/etc/ptprep/ptprep.conf.d/site.conf"]
STATE = ["/var/lib/ptprep", "/var/lib/ptprep/record", "/var/lib/ptprep/transaction", "/var/lib/ptprep/images", "/var/lib/ptprep/originals"]
FAULTS: dict[str, Callable[[pathlib.Path], None]] = {
    "it belongs to user 1000": lambda path: os.chown(path, SOMEBODY, 0),
    "its group may write it": lambda path: path.chmod(path.stat().st_mode | 0o020),
    "everybody may write it": lambda path: path.chmod(path.stat().st_mode | 0o002),
}


class Machine:
    def __init__(self, ptprep: str, directory: str, applied: bool):
        self.ptprep = ptprep
        self.tree = golden.Tree(pathlib.Path(directory))
        self.tree.build(golden.read_lines("intel-off.tree"))
        self.tree.install_tools()
        self.tree.path("/").chmod(0o755)
        self.tree.write("/etc/ptprep/ptprep.conf.d/site.conf", b"[iommu]\nargument = always\n")
        self.errors: list[str] = []
        if applied:
            self.run("--apply", 0, "REBOOT DUE")
            self.tree.write("/var/lib/ptprep/transaction", b"/etc/victim\n")
            self.tree.write("/etc/victim", b"victim")

    def run(self, verb: str, status: int, said: str, user: int = 0) -> None:
        done = subprocess.run([self.ptprep, f"--root={self.tree.top}", verb], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False, timeout=60, env={"LC_ALL": "C"}, preexec_fn=lambda: os.setuid(user))
        if done.returncode != status or not re.search(said, done.stdout, re.M):
            self.errors.append(f"{verb}: {done.returncode}, not {status}, or no {said!r} in: {done.stdout}")


def refused(m: Machine, path: str, said: str, verbs: tuple[tuple[str, int], ...]) -> None:
    FAULTS[said](m.tree.path(path))
    before = m.tree.snapshot()
    for verb, status in verbs:
        m.run(verb, status, rf"^  blocked  (config|record)\.valid +{re.escape(path)}: {said}")
    if m.tree.snapshot() != before:
        m.errors.append("something was written")


def own_tree(m: Machine) -> None:
    """A tree of somebody's own, with the modes that his umask makes."""
    subprocess.run(["chown", "-R", f"{SOMEBODY}:{SOMEBODY}", m.tree.top], check=True)
    subprocess.run(["chmod", "-R", "g+w", m.tree.top], check=True)
    m.run("--check", 1, r"^  ok       config.valid", user=SOMEBODY)
    subprocess.run(["chmod", "-R", "g-w", m.tree.top], check=True)
    m.run("--check", 1, r"^  ok       config.valid")


def planted_links(m: Machine) -> None:
    for name in ("report.json", "report.txt"):
        m.tree.link(f"/var/lib/ptprep/{name}", "/etc/victim")
    m.tree.write("/etc/victim", b"victim")
    m.run("--apply", 0, "REBOOT DUE")
    if m.tree.path("/etc/victim").read_bytes() != b"victim" or m.tree.path("/var/lib/ptprep/report.json").is_symlink():
        m.errors.append("a report was written through a link")


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: giving files away, and chroot(2), need root")
        return 77
    cases: list[tuple[str, bool, Callable[[Machine], None]]] = [("own tree", False, own_tree), ("links", False, planted_links)]
    for said in FAULTS:
        for path in CONFIGURATION:
            cases.append((f"{path}: {said}", False, lambda m, p=path, s=said: refused(m, p, s, (("--check", CONFIG), ("--apply", CONFIG)))))
        for path in STATE:
            cases.append((f"{path}: {said}", True,
                          lambda m, p=path, s=said: refused(m, p, s, (("--check", BLOCKED), ("--apply", BLOCKED), ("revert", BLOCKED)))))
    errors = []
    for name, applied, play in cases:
        with tempfile.TemporaryDirectory(prefix="ptprep-trust-") as directory:
            machine = Machine(sys.argv[1], directory, applied)
            play(machine)
            errors += [f"{name}: {e}" for e in machine.errors]
    print("\n".join(errors) if errors else f"{len(cases)} cases as wanted")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
