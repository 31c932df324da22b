#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No file of the program or of its tests is longer than a reader keeps in mind: one subject each, BOUND lines."""

import os
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
BOUND = 500
# file that is longer -> the reason why it cannot be taken apart
LONGER: dict[str, str] = {}


def is_source(path: pathlib.Path) -> bool:
    if path.suffix in (".c", ".h", ".py", ".sh"):
        return True
    if path.suffix or path.is_symlink():
        return False
    with path.open("rb") as f:
        return f.read(2) == b"#!"


def sources():
    for directory, directories, files in os.walk(TOP):
        here = pathlib.Path(directory)
        # hidden directories are no part of the source, nor are those that meson or a test run writes into
        directories[:] = [d for d in directories if d[0] != "." and not d.startswith("build") and not (here / d / "meson-private").exists()]
        yield from (here / f for f in files if is_source(here / f))


def main() -> int:
    lengths = {p.relative_to(TOP).as_posix(): p.read_bytes().count(b"\n") for p in sources()}
    errors = [f"{name} has {n} lines, more than {BOUND}: take it apart along what it is about"
              for name, n in sorted(lengths.items()) if n > BOUND and name not in LONGER]
    errors += [f"{name} is no exception any more" for name in LONGER if lengths.get(name, 0) <= BOUND]
    if not lengths:
        errors.append("no source files found")
    print("\n".join(errors) if errors else f"{len(lengths)} files, the longest has {max(lengths.values())} lines")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
