"""Firmware of the case's choice: ACPI tables in an early cpio that the kernel takes instead of the machine's.

The kernel (ACPI_TABLE_UPGRADE) replaces a table by one of the same signature
and OEM ids with a higher OEM revision, read from kernel/firmware/acpi/ in an
uncompressed cpio before the initramfs.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Callable

from .case import Case, CaseError

HEADER = 36
CHECKSUM, LENGTH, OEM_REVISION = 9, 4, 24
TABLE_NAMES = {b"DMAR": "dmar.aml", b"IVRS": "ivrs.aml"}


def seal(table: bytes) -> bytes:
    """Set length and checksum after an edit."""
    data = bytearray(table)
    struct.pack_into("<I", data, LENGTH, len(data))
    data[CHECKSUM] = 0
    data[CHECKSUM] = -sum(data) & 0xFF
    return bytes(data)


def replace_table(_table: bytes, value: str, case: Case) -> bytes:
    """table = FILE: the table as it stands in the file, not one byte touched."""
    path = case.path.parent / value
    try:
        return path.read_bytes()
    except OSError as error:
        raise CaseError(f"{case.path}: table = {value}: {error.strerror}") from error


# Name of an edit in [firmware] -> what it does to the table so far. An edit that
# needs the machine's own table gets an empty one until there is a way to ask for it.
EDITS: dict[str, Callable[[bytes, str, Case], bytes]] = {
    "table": replace_table,
}


def build_table(case: Case) -> bytes:
    table = b""
    for name, value in case.firmware:
        edit = EDITS.get(name)
        if not edit:
            raise CaseError(f"{case.path}: no firmware edit {name!r}; there are {', '.join(EDITS)}")
        table = edit(table, value, case)
    if len(table) < HEADER or table[:4] not in TABLE_NAMES:
        raise CaseError(f"{case.path}: [firmware] gives no DMAR or IVRS table")
    return table


def cpio(name: str, data: bytes) -> bytes:
    """A `newc` archive of one file and its folders."""
    def member(path: str, mode: int, content: bytes) -> bytes:
        fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % number for number in fields) + path.encode() + b"\0"
        return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)

    parts, folder = b"", Path(name).parent
    for parent in [*reversed(folder.parents), folder]:
        if str(parent) != ".":
            parts += member(str(parent), 0o040755, b"")
    parts += member(name, 0o100644, data) + member("TRAILER!!!", 0, b"")
    return parts + bytes(-len(parts) % 512)


def early_cpio(case: Case) -> bytes:
    """What goes before the initramfs for the case's [firmware] section."""
    table = build_table(case)
    return cpio(f"kernel/firmware/acpi/{TABLE_NAMES[table[:4]]}", table)
