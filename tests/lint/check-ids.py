#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the table of checks and the manual page together: every id is in both."""

import pathlib
import re
import sys

AREAS = "config|record|firmware|kernel|iommu|device|group|image|boot|claim"
TOP = pathlib.Path(__file__).resolve().parents[2]


def main() -> int:
    table = set(re.findall(r'^\s*\{\s*"([a-z]+\.[a-z]+)",', (TOP / "agent/core/check.c").read_text(), re.M))
    page = (TOP / "conf/ptprep.8.scd").read_text()
    documented = set(re.findall(rf"^\*((?:{AREAS})\.[a-z]+)\*", page, re.M))
    used = set()
    for path in (TOP / "agent").rglob("*.c"):
        used |= set(re.findall(rf'"((?:{AREAS})\.(?!h")[a-z]+)"', path.read_text()))
    errors = [f"{i} is in the table of checks and not in ptprep(8)" for i in sorted(table - documented)]
    errors += [f"{i} is in ptprep(8) and not in the table of checks" for i in sorted(documented - table)]
    errors += [f"{i} is used and not in the table of checks" for i in sorted(used - table)]
    if not table:
        errors.append("no check found in agent/core/check.c")
    print("\n".join(errors) if errors else f"{len(table)} checks are documented")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
