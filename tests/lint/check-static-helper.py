#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check-static-helper.py HELPER KIND: what the claim helper weighs without any library, and that it is without any.

KIND is the libc it was linked with, musl or glibc.
"""

import pathlib
import subprocess
import sys

KIB = 1024
BOUNDS = {"musl": 100 * KIB, "glibc": 1024 * KIB}


def main() -> int:
    helper, kind = pathlib.Path(sys.argv[1]), sys.argv[2]
    size = helper.stat().st_size
    print(f"{helper.name}: {size / KIB:.0f} KiB with {kind}")
    errors = [f"it has more than {BOUNDS[kind]} bytes"] if size > BOUNDS[kind] else []
    dump = subprocess.run(["readelf", "--program-headers", str(helper)], check=True, text=True, stdout=subprocess.PIPE).stdout
    errors += [f"it has a program header {word}: it is not static" for word in ("INTERP", "DYNAMIC") if f" {word} " in dump]
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
