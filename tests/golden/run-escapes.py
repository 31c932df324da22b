#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What others wrote reaches no terminal, no report and no program as it is.

    run-escapes.py PTPREP

Boot entries, kernel arguments, drivers, ways to reset and the output of a program that fails have escape sequences, bytes that are
no UTF-8, a line feed and a change of direction in them. All that ptprep prints and stores is looked at: text has none of that,
and as many lines as it would have; JSON is UTF-8 and JSON. A diff keeps the bytes of its file, but not on a terminal.
Needs root for chroot(2).
"""

import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile

import filetree

HOSTILE = {
    "a cleared screen": b"x\x1b[2Jy", "a title": b"x\x1b]0;owned\x07y", "Latin-1": b"M\xfcller", "C1": b"x\xc2\x9b31my", "C1 byte": b"x\x9b31my",
    "right to left": "x\u202ey".encode(), "a line": b"x\n  ok       SPOOF", "back": b"x\r\x08\x7fy", "half a character": b"x\xe2\x80",
}
ENVIRONMENT = os.environ | {"LC_ALL": "C", "NO_COLOR": "1", "SYSTEMD_PAGER": ""}
# control characters but line feed and, in the output of programs and diffs, tab; what changes the direction of text
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
DRACUT = b"#!/bin/sh\nprintf '%s\\n' \"cannot build: \" >&2\ncat /hostile >&2\nexit 1\n"


def run(ptprep: str, tree, *arguments: str) -> bytes:
    return subprocess.run([ptprep, f"--root={tree.top}", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=60, env=ENVIRONMENT).stdout


def run_on_terminal(ptprep: str, tree, *arguments: str) -> bytes:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(ptprep, [ptprep, f"--root={tree.top}", *arguments], ENVIRONMENT | {"TERM": "linux"})
    seen = filetree.read_terminal(terminal)
    os.waitpid(pid, 0)
    return seen


def judge_text(what: str, text: bytes) -> list[str]:
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        return [f"{what}: {error}"]
    return [f"{what}: {line!r}" for line in lines if FORBIDDEN.search(line) or line.startswith("  ok       SPOOF")]


def judge_json(what: str, text: bytes) -> list[str]:
    try:
        json.loads(text.decode())
    except ValueError as error:
        return [f"{what}: {error}"]
    return [f"{what}: {m.group()!r}" for m in FORBIDDEN.finditer(text.decode())]


def poison(tree, hostile: bytes) -> None:
    menu = tree.path("/boot/grub/grub.cfg").read_bytes()
    menu = menu.replace(b"'Debian GNU/Linux", b"'" + hostile).replace(b"'gnulinux-", b"'" + hostile)
    tree.write("/boot/grub/grub.cfg", menu.replace(b"quiet", b"quiet word='" + hostile + b"'"))
    tree.write("/etc/default/grub", tree.path("/etc/default/grub").read_bytes() + b"# " + hostile.replace(b"\n", b"\n# ") + b"\n")
    tree.path("/etc/default/grub.d").rmdir()  # so that the file itself is edited
    device = "/sys/devices/pci0000:00/0000:00:04.0"
    driver = os.fsencode(tree.path("/sys/bus/pci/drivers")) + b"/" + hostile
    os.mkdir(driver)
    link = tree.fresh(f"{device}/driver")
    os.symlink(b"../../../bus/pci/drivers/" + hostile, os.fsencode(link))
    tree.write(f"{device}/reset_method", hostile + b"\n")
    tree.write("/hostile", hostile)


def play(ptprep: str, name: str, hostile: bytes, directory: str) -> list[str]:
    tree = filetree.Tree(pathlib.Path(directory))
    tree.build(filetree.read_lines("intel-off.tree"))
    tree.install_tools()
    poison(tree, hostile)
    errors = []
    for arguments in (["--check"], ["bootloader"], ["list"], ["list", "--tree"], ["revert", "--dry-run"]):
        errors += judge_text(" ".join(arguments), run(ptprep, tree, *arguments))
        errors += judge_text(" ".join(arguments) + " on a terminal", run_on_terminal(ptprep, tree, *arguments))
        errors += judge_json(" ".join(arguments) + " --json", run(ptprep, tree, *arguments, "--json")) if "--tree" not in arguments and \
            "--dry-run" not in arguments else []
    diff = run(ptprep, tree, "--apply", "--dry-run")
    shown = run_on_terminal(ptprep, tree, "--apply", "--dry-run")
    comment = b" # " + hostile.replace(b"\n", b"\n # ") + b"\n"
    if comment not in diff:
        errors.append(f"the diff has other bytes than the file: {diff!r}")
    errors += judge_text("--dry-run on a terminal", shown.replace(b"\t", b""))
    tree.write("/usr/bin/dracut", DRACUT)
    tree.path("/usr/bin/dracut").chmod(0o755)
    applied = run(ptprep, tree, "--apply")
    if b"cannot build: " not in applied or b"failed" not in applied:
        errors.append(f"the apply has not failed as it was to: {applied!r}")
    errors += judge_text("--apply", applied)
    errors += judge_text("report.txt", tree.path("/var/lib/ptprep/report.txt").read_bytes())
    errors += judge_json("report.json", tree.path("/var/lib/ptprep/report.json").read_bytes())
    return [f"{name}: {e}" for e in errors]


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: an apply in a tree needs root for chroot(2)")
        return 77
    errors = []
    for name, hostile in HOSTILE.items():
        with tempfile.TemporaryDirectory(prefix="ptprep-escapes-") as directory:
            errors += play(sys.argv[1], name, hostile, directory)
    print("".join(f"{e}\n" for e in errors), end="")
    print(f"{len(HOSTILE)} kinds of hostile text")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
