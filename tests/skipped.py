#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""skipped.py TESTLOG: the tests that meson has skipped, a line each, with the reason that they gave."""

import json
import pathlib
import sys

for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
    test = json.loads(line)
    if test["result"] == "SKIP":
        said = (test.get("stdout", "") + test.get("stderr", "")).splitlines()
        reason = next((s.partition("SKIPPED:")[2].strip() for s in said if "SKIPPED:" in s), "no reason given")
        print(f"SKIPPED {test['name']}: {reason}")
