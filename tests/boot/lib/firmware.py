"""Firmware of the case's choice: ACPI tables in an early cpio that the kernel takes instead of the machine's.

The kernel (ACPI_TABLE_UPGRADE) replaces a table by one of the same signature
and OEM ids with a higher OEM revision, read from kernel/firmware/acpi/ in an
uncompressed cpio before the initramfs.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .case import Case, CaseError

HEADER = 36
LENGTH, CHECKSUM, OEM_REVISION = 4, 9, 24
DMAR_FLAGS = 36 + 1
TABLE_NAMES = {b"DMAR": "dmar.aml", b"IVRS": "ivrs.aml"}


def seal(table: bytearray) -> bytes:
    """After an edit: the length, a revision above the machine's own, the checksum."""
    struct.pack_into("<I", table, LENGTH, len(table))
    struct.pack_into("<I", table, OEM_REVISION, struct.unpack_from("<I", table, OEM_REVISION)[0] + 1)
    table[CHECKSUM] = 0
    table[CHECKSUM] = -sum(table) & 0xFF
    return bytes(table)


@dataclass
class Bench:
    """The table that is being edited, and where it comes from."""

    case: Case
    own: Callable[[bytes], bytes]
    table: bytes = b""

    def need(self, *signatures: bytes) -> bytearray:
        """The table so far; the machine's own one if this is the first edit."""
        if not self.table:
            self.table = self.own(b"IVRS" if self.case.iommu == "amd" else b"DMAR")
        if self.table[:4] not in signatures:
            raise CaseError(f"{self.case.path}: this edit is for {b' or '.join(signatures).decode()} tables")
        return bytearray(self.table)


def replace_table(bench: Bench, value: str) -> bytes:
    """table = FILE: the table as it stands in the file, not one byte touched."""
    path = bench.case.path.parent / value
    try:
        return path.read_bytes()
    except OSError as error:
        raise CaseError(f"{bench.case.path}: table = {value}: {error.strerror}") from error


def set_dmar_flags(bench: Bench, value: str) -> bytes:
    """dmar flags = NUMBER: 1 interrupt remapping, 2 x2APIC opt-out, 4 platform opt-in."""
    data = bench.need(b"DMAR")
    data[DMAR_FLAGS] = int(value, 0)
    return seal(data)


def add_rmrr(bench: Bench, value: str) -> bytes:
    """rmrr = ADDRESS START END: reserved memory for a function on the root bus."""
    data = bench.need(b"DMAR")
    address, start, end = value.split()
    domain, bus, slot, function = (int(part, 16) for part in re.split("[:.]", address))
    scope = struct.pack("<BBHBBBB", 1, 8, 0, 0, bus, slot, function)
    body = struct.pack("<HHHHQQ", 1, 24 + len(scope), 0, domain, int(start, 0), int(end, 0)) + scope
    return seal(data + body)


# Name of an edit in [firmware] -> the table after it. They are done in the order
# of the case file. An edit that is not `table` begins with the machine's own table.
EDITS: dict[str, Callable[[Bench, str], bytes]] = {
    "table": replace_table,
    "dmar flags": set_dmar_flags,
    "rmrr": add_rmrr,
}


def build_table(case: Case, own: Callable[[bytes], bytes]) -> bytes:
    """The table of the case; `own` gets the machine's by its signature."""
    bench = Bench(case, own)
    for name, value in case.firmware:
        edit = EDITS.get(name)
        if not edit:
            raise CaseError(f"{case.path}: no firmware edit {name!r}; there are {', '.join(EDITS)}")
        try:
            bench.table = edit(bench, value)
        except ValueError as error:
            raise CaseError(f"{case.path}: {name} = {value}: {error}") from error
    if len(bench.table) < HEADER or bench.table[:4] not in TABLE_NAMES:
        raise CaseError(f"{case.path}: [firmware] gives no DMAR or IVRS table")
    return bench.table


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


def early_cpio(case: Case, own: Callable[[bytes], bytes]) -> bytes:
    """What goes before the initramfs for the case's [firmware] section."""
    table = build_table(case, own)
    return cpio(f"kernel/firmware/acpi/{TABLE_NAMES[table[:4]]}", table)
