#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the table of configuration keys, the sample file and ptprep.conf(5) together: every key is in all, in its section."""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]


def keys(path: str, section: str, key: str) -> set[tuple[str, str]]:
    """What stands behind each heading, as (section, key)."""
    found, now = set(), ""
    for line in (TOP / path).read_text().splitlines():
        if m := re.match(section, line):
            now = m[1].lower()
        elif m := re.match(key, line):
            found.add((now, m[1]))
    return found


def main() -> int:
    table = set(re.findall(r'\{ "(agent|iommu|device)", "([a-z_-]+)",', (TOP / "agent/probe/config-keys.c").read_text()))
    texts = {
        "conf/ptprep.conf": keys("conf/ptprep.conf", r"#\[([a-z]+)", r"#([a-z_-]+) = "),
        "ptprep.conf(5)": keys("conf/ptprep.conf.5.scd", r"# .*\[([A-Za-z]+)", r"\*([a-z_-]+)\* = "),
    }
    errors = [] if table else ["no row found in agent/probe/config-keys.c"]
    for name, there in texts.items():
        errors += [f"[{s}] {k} is a key and not in {name}" for s, k in sorted(table - there)]
        errors += [f"[{s}] {k} is in {name} and not a key" for s, k in sorted(there - table)]
    print("\n".join(errors) if errors else f"{len(table)} keys are in the sample and in the manual")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
