#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the table of checks, their documents, the table of obstacles and the manual page together: every id is in all."""

import pathlib
import re
import sys

AREAS = "host|config|record|reboot|firmware|kernel|iommu|device|group|image|boot|claim"
SECTIONS = ["Meaning", "Impact", "Cure", "Source"]
TOP = pathlib.Path(__file__).resolve().parents[2]


def rows(path: str) -> set[str]:
    """The ids that begin a row of a table."""
    return set(re.findall(r'\{ "([a-z]+\.[a-z-]+)",', (TOP / path).read_text()))


def check_document(path: pathlib.Path) -> list[str]:
    """Title, then the four sections in this order, none of them empty."""
    where, text = path.relative_to(TOP), path.read_text()
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    errors = []
    if parts[0].strip() != f"# {path.stem}":
        errors.append(f"{where} does not begin with the title \"# {path.stem}\"")
    if parts[1::2] != SECTIONS:
        errors.append(f"{where} has the sections {parts[1::2]}, not {SECTIONS}")
    errors += [f"{where}: section {name} is empty" for name, body in zip(parts[1::2], parts[2::2]) if not body.strip()]
    errors += [f"{where}: a line of more than 120 characters" for line in text.splitlines() if len(line) > 120]
    return errors


def main() -> int:
    table = rows("agent/core/check.c")
    obstacles = rows("agent/core/verdict.c")
    page = set(re.findall(rf"^\*((?:{AREAS})\.[a-z-]+)\*", (TOP / "conf/ptprep.8.scd").read_text(), re.M))
    documents = sorted((TOP / "conf/checks").glob("*.md"))
    used = set()
    for path in (TOP / "agent").rglob("*.c"):
        used |= set(re.findall(rf'"((?:{AREAS})\.(?!h")[a-z-]+)"', path.read_text()))
    errors = []
    for name, ids in {"ptprep(8)": page, "conf/checks": {path.stem for path in documents}}.items():
        errors += [f"{i} is in the table of checks and not in {name}" for i in sorted(table - ids)]
        errors += [f"{i} is in {name} and not in the table of checks" for i in sorted(ids - table)]
    for name, ids in {"an obstacle": obstacles, "used": used}.items():
        errors += [f"{i} is {name} and not in the table of checks" for i in sorted(ids - table)]
    for path in documents:
        errors += check_document(path)
    if not table or not obstacles:
        errors.append("no row found in agent/core/check.c or agent/core/verdict.c")
    print("\n".join(errors) if errors else f"{len(table)} checks are documented")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
