#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests/boot/differential makes up: edits that there are, the same for the same seed, and none after which Linux never comes up."""

import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "boot"))
sys.dont_write_bytecode = True

from lib import firmware, generate  # noqa: E402

MANY = 2000


def made(vendor: str, number: int) -> list[tuple[str, str]]:
    text = generate.case_text(f"lint-{number}", vendor, "bookworm")
    lines = text.partition("[firmware]\n")[2].partition("\n\n")[0].splitlines()
    return [(name, value) for name, _, value in (line.partition(" = ") for line in lines)]


def check_vendor(vendor: str) -> list[str]:
    tables = [made(vendor, number) for number in range(MANY)]
    errors = [] if tables[:50] == [made(vendor, number) for number in range(50)] else ["the same seed does not make the same table"]
    for name, value in (edit for table in tables for edit in table):
        if name not in firmware.EDITS:
            errors.append(f"no edit of that name: {name}")
        place, _, data = value.partition(" ")
        if vendor == "amd" and name == "bytes" and any(at in generate.AMD_UNIT_BASE for at in range(int(place), int(place) + len(data) // 2)):
            errors.append(f"the registers of the unit are elsewhere: {name} = {value}")
    if not any(name == "bytes" for table in tables for name, _ in table):
        errors.append("no table has random bytes")
    return [f"{vendor}: {error}" for error in errors]


def main() -> int:
    errors = [error for vendor in generate.MAKERS for error in check_vendor(vendor)]
    print("\n".join(errors) if errors else f"{MANY} tables of each maker, all of edits that there are")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
