#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the layers: base < model < {initramfs, iommu < grub/format < grub/loader} < {core, probe, apply} < main,
and base < model < claim < apply.

The link lines in meson.build keep libraries apart; this keeps includes apart, and what each layer may call. The meaning of
a layer (who reads, who judges, who writes) is in README.md.
"""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]

# top-level directory that is one layer
ROOMS = {"grub": "grub", "dracut": "claim"}

# layer -> layers whose headers it may include, besides its own
MAY_INCLUDE = {
    "base": set(),
    "model": {"base"},
    "initramfs": {"base", "model"},
    "iommu": {"base", "model"},
    "grub": {"base", "model", "iommu"},
    "core": {"base", "model", "initramfs", "iommu", "grub"},
    "probe": {"base", "model", "initramfs", "iommu", "grub"},
    "apply": {"base", "model", "claim", "initramfs", "iommu", "grub"},
    "claim": {"base", "model"},
    "main": {"base", "model", "initramfs", "iommu", "grub", "core", "probe", "apply"},
}

# header of an outside library -> the only layer that may include it
LIBRARY_LAYER = {
    "archive.h": "initramfs",
    "archive_entry.h": "initramfs",
    "blkid/": "probe",
    "iniparser": "probe",
    "json-c/": "base",
    "libkmod.h": "probe",
    "libxml/": "base",
    "libmount": "probe",
    "pci/": "probe",
    "selinux/": "base",
    "systemd/": "apply",
}

# the files that talk to people: options, verbs and what the verbs share
MAIN_FILES = {p.relative_to(TOP).as_posix() for p in (TOP / "agent").glob("*.c")} | {"dracut/ptprep-claim.c"}
# and those of the helper that touch the machine it boots
HELPER_FILES = {"dracut/claim-bind.c", "dracut/claim-file.c", "dracut/claim-guard.c", "dracut/claim-identity.c",
                "dracut/ptprep-claim.c"}

# calls that belong to a few files only: pattern -> files that may have them
CALLS = {
    r"\b(system|popen)\s*\(": set(),
    r"\b(open|openat|openat2|fopen|creat)\s*\(": {"agent/base/io.c", "agent/base/file.c", "agent/run.c", "agent/apply/command.c",
                                                  "agent/apply/lock.c"} | HELPER_FILES,
    r"\bf?printf\s*\(\s*stderr|\b(perror|syslog|vsyslog|puts)\s*\(": MAIN_FILES,
    r"\b(write|rename|renameat|unlink|unlinkat|mkdir|mkdirat|link|linkat)\s*\(": {"agent/base/file.c"} | HELPER_FILES,
    r"\b(mount|umount2?|unshare|setns)\s*\(": {"agent/base/mount.c"},
    r"\b(fork|vfork|execv[ep]*|posix_spawnp?)\s*\(": {"agent/apply/command.c", "agent/apply/settle.c",
                                                            "agent/pager.c", "dracut/claim-modprobe.c"},
    r"\b(time|clock_gettime|gettimeofday|localtime|gmtime)\s*\(": {"agent/probe/probe-origin.c", "dracut/claim-modprobe.c"},
}

# What is peculiar to the IOMMUs of one maker is in its row: nobody else names one, neither in code nor in a sentence. The
# parsers of their tables and the kernel's options are the rows' own.
VENDORS = re.compile(r"dmar|ivrs|ivhd|rmrr|ivmd|vt-d|amd-vi|intel|\bamd|_amd_|\bvmx\b|\bsvm\b", re.I)
MAY_NAME_VENDORS = {"agent/model/dmar.c", "agent/model/dmar.h", "agent/model/ivrs.c", "agent/model/ivrs.h",
                    "agent/model/iommu.c", "agent/model/iommu.h"}


def strip_comments(text: str, strings: bool = True) -> str:
    """Comments are no code, nor are strings; newlines stay, so that line numbers do."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: "\n" * m.group().count("\n") if strings or m.group()[0] == "/" else m.group(), text)


def layer_of(path: pathlib.Path) -> str:
    parts = path.relative_to(TOP).parts
    if parts[0] in ROOMS:
        return ROOMS[parts[0]]
    return parts[1] if len(parts) > 2 else "main"


def headers() -> dict[str, str]:
    """Bare header name -> layer; a bare include is looked up here."""
    return {p.name: layer_of(p) for d in ("agent", *ROOMS) for p in (TOP / d).rglob("*.h")}


def check_include(name: str, system: bool, layer: str, room: str, by_name: dict[str, str]) -> str | None:
    for prefix, owner in LIBRARY_LAYER.items():
        if system and name.startswith(prefix):
            return None if owner == layer else f"<{name}> belongs to the layer {owner}"
    if system or name == "version.h":
        return None
    other = name.split("/")[0] if "/" in name else by_name.get(name)
    if other is None:
        return f'"{name}" is no header of this project'
    if name.startswith("grub/loader/") and room == "format":
        return f'"{name}" is of the room loader, which format may not see'
    if other != layer and other not in MAY_INCLUDE[layer]:
        return f'"{name}" is of the layer {other}, which {layer} may not see'
    return None


def check_file(path: pathlib.Path, by_name: dict[str, str]) -> list[str]:
    text = path.read_text(encoding="utf-8")
    layer = layer_of(path)
    where = path.relative_to(TOP).as_posix()
    errors = []
    for number, line in enumerate(text.splitlines(), 1):
        if m := re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line):
            error = check_include(m[2], m[1] == "<", layer, path.parent.name, by_name)
            if error:
                errors.append(f"{where}:{number}: {error}")
    for number, line in enumerate(strip_comments(text).splitlines(), 1):
        for pattern, files in CALLS.items():
            if where not in files and (m := re.search(pattern, line)):
                errors.append(f"{where}:{number}: {m.group().strip()} is not for this file")
    if layer != "iommu" and where not in MAY_NAME_VENDORS:
        for number, line in enumerate(strip_comments(text, strings=False).splitlines(), 1):
            if m := VENDORS.search(line):
                errors.append(f"{where}:{number}: {m.group()} is for a row in agent/iommu")
    return errors


def main() -> int:
    by_name = headers()
    files = sorted(p for d in ("agent", *ROOMS) for p in (TOP / d).rglob("*.[ch]"))
    if not files:
        print("no source files found")
        return 1
    errors = [e for p in files for e in check_file(p, by_name)]
    print("\n".join(errors) if errors else f"{len(files)} files keep the layers")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
