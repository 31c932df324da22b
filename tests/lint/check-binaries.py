#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check-binaries.py PTPREP HELPER: what the programs may weigh, and what they may load.

The helper lies in every initramfs, so it may need nothing but libc. Sizes are those of the stripped programs.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

KIB = 1024
BOUND_HELPER = 100 * KIB
BOUND_ALL = 400 * KIB
LIBC = re.compile(r"libc\.so\.|ld-linux")


def stripped_size(program: pathlib.Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, program.name)
        subprocess.run(["strip", "-o", str(out), str(program)], check=True)
        return out.stat().st_size


def needed(program: pathlib.Path) -> list[str]:
    dump = subprocess.run(["readelf", "--dynamic", str(program)], check=True, text=True, stdout=subprocess.PIPE).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", dump)


def main() -> int:
    ptprep, helper = (pathlib.Path(argument) for argument in sys.argv[1:])
    libraries = needed(helper)
    if any(name.startswith(("libasan", "libubsan", "libclang_rt")) for name in libraries) or b"__asan_init" in helper.read_bytes():
        print("SKIPPED: sizes of programs with a sanitizer in them say nothing")
        return 0
    errors = [f"{helper.name} needs {name}" for name in libraries if not LIBC.match(name)]
    size, both = stripped_size(helper), stripped_size(helper) + stripped_size(ptprep)
    print(f"{helper.name}: {size / KIB:.0f} KiB stripped, with {ptprep.name}: {both / KIB:.0f} KiB")
    errors += [f"{helper.name} has {size} bytes, more than {BOUND_HELPER}"] if size > BOUND_HELPER else []
    errors += [f"{helper.name} and {ptprep.name} have {both} bytes, more than {BOUND_ALL}"] if both > BOUND_ALL else []
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
