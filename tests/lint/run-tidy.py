#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs clang-tidy over the product's sources; what has passed before in the same form is not looked at again.

    run-tidy.py BUILD_DIRECTORY

The form is the preprocessed text, so that a change of a header counts for those who include it, and the rules.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
DIRECTORIES = ("agent", "grub", "dracut")


def preprocessed(command: list[str], directory: str) -> bytes:
    """The translation unit without line markers: a comment that moves code changes nothing."""
    words, skip = [], False
    for word in command:
        if skip or word in ("-c", "-MD"):
            skip = False
        elif word in ("-o", "-MQ", "-MF"):
            skip = True
        else:
            words.append(word)
    return subprocess.run([*words, "-E", "-P", "-C"], cwd=directory, stdout=subprocess.PIPE, check=True).stdout


def tidy(row: dict[str, str], build: pathlib.Path, rules: bytes) -> tuple[str, bool, str]:
    path = pathlib.Path(row["directory"], row["file"]).resolve()
    name = path.relative_to(TOP).as_posix()
    text = preprocessed(shlex.split(row["command"]), row["directory"])
    stamp = build / "tidy-passed" / hashlib.sha256(rules + text).hexdigest()
    if stamp.exists():
        return name, True, ""
    done = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), str(path)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        return name, False, done.stdout + done.stderr
    stamp.touch()
    return name, True, done.stdout


def main() -> int:
    build = pathlib.Path(sys.argv[1])
    (build / "tidy-passed").mkdir(exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], stdout=subprocess.PIPE, check=True).stdout
    rules = version + (TOP / ".clang-tidy").read_bytes()
    rows = [row for row in json.loads((build / "compile_commands.json").read_text())
            if pathlib.Path(row["directory"], row["file"]).resolve().relative_to(TOP).parts[0] in DIRECTORIES]
    if not rows:
        print("clang-tidy: no source file found")
        return 1
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda row: tidy(row, build, rules), rows))
    for name, passed, output in results:
        if output.strip():
            print(f"{name}:\n{output}")
    failed = [name for name, passed, _ in results if not passed]
    print(f"clang-tidy: {len(results) - len(failed)} files passed" + (f", not {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
