#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-completions.py PTPREP DIRECTORY: what bash, zsh and fish offer, asked of themselves with the files in DIRECTORY.

A shell that is not installed is skipped, visibly. The devices are those of a golden machine.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import filetree

MACHINE = "intel-default-on"

# bash's own variables for a completion; what readline puts in replaces the last word behind "=" and ":"
BASH = r"""
source "$1/ptprep.bash"
COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDS=() COMP_CWORD=0
_ptprep
printf '%s\n' "${COMPREPLY[@]}"
"""
# what compsys would show, in place of its menu
ZSH = r"""
_describe() {
        local word=${words[CURRENT]} array
        for array in plain open; do
                print -rl -- ${${${(P)array}%%[^\\]:*}:+${(P)array}}
        done
}
_files() { print -r -- FILES }
compset() { : }
_call_program() { shift; eval "$*" }
_ptprep() { source "$1/_ptprep" }
directory=$1
words=("${(@)${(z)2}}")
[[ $2 == *' ' ]] && words+=("")
CURRENT=$#words PREFIX=$words[-1]
_ptprep $directory
"""
FISH = r"""
source $argv[1]/ptprep.fish
complete -C $argv[2]
"""


class Shell:
    def __init__(self, name: str, command: list[str], directory: str, path: str):
        self.name, self.command, self.directory, self.path = name, command, directory, path

    def offers(self, line: str) -> list[str]:
        """Whole words, whatever the shell calls them."""
        env = os.environ | {"PATH": f"{self.path}:{os.environ['PATH']}", "HOME": self.path, "XDG_CONFIG_HOME": self.path, "LC_ALL": "C"}
        done = subprocess.run([*self.command, self.directory, line], capture_output=True, text=True, check=False, timeout=60, env=env)
        if done.stderr:
            raise SystemExit(f"{self.name}: {line!r}: {done.stderr}")
        words = [w for w in done.stdout.splitlines() if w]
        if self.name == "bash":
            before = re.match(r".*[=:]|", line.split(" ")[-1])[0]
            return [before + w for w in words]
        if self.name == "zsh":
            return [re.sub(r"\\(.)", r"\1", re.split(r"(?<!\\):", w, maxsplit=1)[0]) for w in words]
        return [w.split("\t")[0] for w in words]


def verbs(ptprep: str) -> list[str]:
    text = subprocess.run([ptprep, "help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  ([a-z]+) ", text.split("\nOptions:")[0], re.M)


def main() -> int:
    ptprep, directory = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    errors = []
    with tempfile.TemporaryDirectory(prefix="ptprep-completions-") as place:
        top = pathlib.Path(place)
        tree = filetree.Tree(top / "machine")
        tree.top.mkdir()
        tree.build(filetree.read_lines(f"{MACHINE}.tree"))
        functions = sorted(p.name for p in tree.path("/sys/bus/pci/devices").iterdir())
        (top / "bin").mkdir()
        (top / "bin/ptprep").symlink_to(ptprep)
        root = f"--root={shlex.quote(str(tree.top))}"
        cases = [
            ("ptprep ", lambda w: sorted(w) == sorted(verbs(ptprep))),
            ("ptprep li", lambda w: w == ["list"]),
            ("ptprep list --cl", lambda w: w == ["--class="]),
            ("ptprep list --class=gp", lambda w: w == ["--class=gpu"]),
            ("ptprep check --for", lambda w: w == ["--format="]),
            ("ptprep check --format=j", lambda w: w == ["--format=json"]),
            ("ptprep check --dry", lambda w: not w),
            ("ptprep check --ht", lambda w: w == ["--html"]),
            ("ptprep list --ht", lambda w: not w),
            ("ptprep --apply --dry", lambda w: w == ["--dry-run"]),
            ("ptprep revert --dry", lambda w: w == ["--dry-run"]),
            ("ptprep explain iommu.ac", lambda w: w == ["iommu.active"]),
            (f"ptprep {root} list ", lambda w: sorted(w) == functions),
            (f"ptprep {root} --check ", lambda w: sorted(w) == functions),
            (f"ptprep {root} list {functions[-1][:-1]}", lambda w: w == [f for f in functions if f.startswith(functions[-1][:-1])]),
            (f"ptprep {root} list {functions[-1][5:-1]}", lambda w: w == [f[5:] for f in functions if f.startswith(functions[-1][:-1])]),
            ("ptprep --root=/nonexistent list ", lambda w: not w or w == ["FILES"]),
        ]
        shells = [Shell("bash", ["bash", "--norc", "-c", BASH, "bash"], directory, str(top / "bin")),
                  Shell("zsh", ["zsh", "-f", "-c", ZSH, "zsh"], directory, str(top / "bin")),
                  Shell("fish", ["fish", "--no-config", "-c", FISH], directory, str(top / "bin"))]
        for shell in shells:
            if not shutil.which(shell.name):
                print(f"SKIPPED: {shell.name} is not installed")
                continue
            for line, expected in cases:
                words = [w for w in shell.offers(line) if w != "FILES" or "nonexistent" in line]
                if not expected(words):
                    errors.append(f"{shell.name}: {line!r}: {words}")
            if shell.name == "fish":  # the others leave names of files to the shell
                for option in ("--root", "--table", "--config"):
                    words = shell.offers(f"ptprep configure {option}={tree.top.parent}/mach")
                    if not any(w.endswith(f"{tree.top}/") for w in words):
                        errors.append(f"fish: names of files after {option}=: {words}")
    print("\n".join(errors) or "the shells offer what ptprep takes")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
