#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check-binaries.py PTPREP HELPER [SONAME...]: what the programs may weigh, and what they may load.

SONAMEs are the libraries that ptprep opens by name: its notes for package builders (.note.dlopen) must name just these.

The helper lies in every initramfs, so it may need nothing but libc. Sizes are those of the stripped programs.
"""

import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

KIB = 1024
BOUND_HELPER = 100 * KIB
BOUND_ALL = 896 * KIB
LIBC = re.compile(r"libc\.so\.|ld-linux")


def stripped_size(program: pathlib.Path) -> int:
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory, program.name)
        subprocess.run(["strip", "-o", str(out), str(program)], check=True)
        return out.stat().st_size


def needed(program: pathlib.Path) -> list[str]:
    dump = subprocess.run(["readelf", "--dynamic", str(program)], check=True, text=True, stdout=subprocess.PIPE).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", dump)


def opened_by_name(program: pathlib.Path) -> list[str]:
    """The sonames in the notes. Source of the format: systemd docs/ELF_DLOPEN_METADATA.md."""
    with tempfile.TemporaryDirectory() as directory:
        notes = pathlib.Path(directory, "notes")
        subprocess.run(["objcopy", "--dump-section", f".note.dlopen={notes}", str(program), f"{directory}/out"], check=False,
                       stderr=subprocess.DEVNULL)
        data, found = notes.read_bytes() if notes.exists() else b"", []
    while data:
        name_size, size, kind = struct.unpack_from("<III", data)
        start = 12 + (name_size + 3) // 4 * 4
        if kind != 0x407c0c0a or data[12:12 + name_size] != b"FDO\0":
            raise SystemExit(f"{program.name}: a note of another kind in .note.dlopen: {data[:32]!r}")
        for row in json.loads(data[start:start + size].rstrip(b"\0")):
            found += row["soname"]
        data = data[start + (size + 3) // 4 * 4:]
    return sorted(found)


def main() -> int:
    ptprep, helper = (pathlib.Path(argument) for argument in sys.argv[1:3])
    libraries = needed(helper)
    if any(name.startswith(("libasan", "libubsan", "libclang_rt")) for name in libraries) or b"__asan_init" in helper.read_bytes():
        print("SKIPPED: sizes of programs with a sanitizer in them say nothing")
        return 0
    notes, by_name = opened_by_name(ptprep), sorted(sys.argv[3:])
    errors = [] if notes == by_name else [f"{ptprep.name} opens {by_name} by name, its notes say {notes}"]
    errors += [f"{ptprep.name} is linked with {name} too" for name in needed(ptprep) if name in by_name]
    errors += [f"{helper.name} needs {name}" for name in libraries if not LIBC.match(name)]
    size, both = stripped_size(helper), stripped_size(helper) + stripped_size(ptprep)
    print(f"{helper.name}: {size / KIB:.0f} KiB stripped, with {ptprep.name}: {both / KIB:.0f} KiB")
    errors += [f"{helper.name} has {size} bytes, more than {BOUND_HELPER}"] if size > BOUND_HELPER else []
    errors += [f"{helper.name} and {ptprep.name} have {both} bytes, more than {BOUND_ALL}"] if both > BOUND_ALL else []
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
