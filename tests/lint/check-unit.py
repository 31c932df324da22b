#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check-unit.py UNIT: how exposed a unit of ptprep is, by systemd's own measure, and that each limit left out has its reason.

systemd-analyze(1) security --offline; what it finds wanting has to be named in the unit: as set in part, or as left out.
"""

import json
import pathlib
import re
import subprocess
import sys

MOST = 3.5


def main() -> int:
    unit = pathlib.Path(sys.argv[1])
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--json=short", str(unit)], capture_output=True, text=True,
                          check=False)
    try:
        rows = json.loads(done.stdout)
    except json.JSONDecodeError:
        print(f"systemd-analyze did not judge it: {done.stdout}{done.stderr}")
        return 1
    wanting = [row for row in rows if row["set"] is False and row["exposure"]]
    table = subprocess.run(["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True, check=False)
    overall = float(re.search(r"Overall exposure level.*: ([\d.]+)", table.stdout)[1])
    text = unit.read_text()
    errors = [f"exposure {overall}, at most {MOST} is wanted"] if overall > MOST else []
    for row in wanting:
        directive = row["name"].split("=")[0]
        if not re.search(rf"\b{re.escape(directive)}=", text):
            errors.append(f"{row['name']} is neither set nor left out with a reason: {row['description']}")
    print(f"exposure {overall}; {len(wanting)} limits left out or set in part")
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
