#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-other-entry.py PTPREP: a boot that was started by something else than what ptprep has edited is told, for as long as it lasts.

Only the first run of a boot can tell it from what was put in place since: the unit's, which comes before anybody else's. A boot of a
tree begins when its /run is empty. Needs root, as run-golden.py.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import filetree

HERE = pathlib.Path(__file__).resolve().parent
# where the IOMMU is on without an argument, and where this boot has switched it off, which the others do not any more
MACHINES = {"intel-default-on": b"", "intel-off": b" intel_iommu=off"}
MARK = "/run/ptprep/other-entry"
SAID = "it was started from another entry, or by another boot loader"
WORDS = b"BOOT_IMAGE=/boot/vmlinuz-6.1.0-1-amd64 root=/dev/vda2 ro quiet"
LIMIT = 2047  # bytes that the kernel keeps of a command line, on the machines that run this test


class Machine:
    def __init__(self, ptprep: str, tree):
        self.ptprep, self.tree, self.errors = ptprep, tree, []

    def run(self, *arguments: str) -> str:
        done = subprocess.run([self.ptprep, f"--root={self.tree.top}", *arguments], capture_output=True, text=True, check=False, timeout=60)
        return done.stdout

    def boot(self, words: bytes) -> None:
        """And the unit runs."""
        shutil.rmtree(self.tree.path("/run/ptprep"), ignore_errors=True)
        self.tree.write("/proc/cmdline", words + b"\n")
        self.run("--apply", "--boot")

    def expect(self, what: str, told: bool) -> None:
        out = self.run("--check")
        if (SAID in out) != told or self.tree.path(MARK).exists() != told or ("next: reboot" in out and told):
            self.errors.append(f"{what}: {'not ' if told else ''}told: {out}")


def judge(m: Machine, more: bytes) -> None:
    words = WORDS + more
    m.boot(words)
    m.expect("the boot in which it is applied", False)
    m.boot(words)
    m.expect("a boot without the argument", True)
    m.run("--apply")
    m.expect("and still after an apply by hand", True)
    m.boot(words + b" ptprep=off")
    m.expect("a boot in which nothing shall be claimed", False)
    m.boot(words + b" " + b"x" * (LIMIT - 1 - len(words)))
    m.expect("a command line that was cut off", False)
    m.boot(words + b" intel_iommu=on ptprep.claim=1")
    m.expect("a boot with the argument", False)
    # what is put in place after the boot has begun says nothing of it
    m.run("revert")
    m.boot(words)
    shutil.rmtree(m.tree.path("/run/ptprep"), ignore_errors=True)
    m.tree.write("/run/ptprep/report.json", b"{}\n")
    m.run("--apply", "--boot")
    m.expect("another run of the same boot", False)


def play(ptprep: str, machine: str, more: bytes) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="ptprep-entry-") as directory:
        tree = filetree.Tree(pathlib.Path(directory))
        tree.build(filetree.read_lines(f"{machine}.tree"))
        tree.install_tools()
        tree.write("/var/lib/ptprep/network", (HERE.parent / "boot" / "image" / "no-network").read_bytes())
        m = Machine(ptprep, tree)
        judge(m, more)
    return [f"{machine}: {error}" for error in m.errors]


def main() -> int:
    errors = [error for machine, more in MACHINES.items() for error in play(sys.argv[1], machine, more)]
    print("\n".join(errors) or "what started a boot is told")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
