"""Firmware of the case's choice: ACPI tables in an early cpio that the kernel takes instead of the machine's.

The kernel (ACPI_TABLE_UPGRADE) replaces a table by one of the same signature
and OEM ids with a higher OEM revision, and adds one that the machine has not,
read from kernel/firmware/acpi/ in an uncompressed cpio before the initramfs.

Layout of the tables: Intel VT-d specification, chapter 8; AMD I/O
Virtualization Technology specification, chapter 5.2.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Callable

from .archive import Cpio
from .case import Case, CaseError

HEADER = 36
LENGTH, CHECKSUM, OEM_REVISION = 4, 9, 24
TABLE_NAMES = {b"DMAR": "dmar.aml", b"IVRS": "ivrs.aml"}

# Where the structures of a table begin, and how the head of each is read: type, length.
BODY = {b"DMAR": 48, b"IVRS": 48}
DMAR_FLAGS = 37
DRHD, RMRR = 0, 1
DRHD_SCOPES = 16
INCLUDE_ALL = 1
SCOPE_TYPES = {"endpoint": 1, "bridge": 2, "ioapic": 3, "hpet": 4}
IVHD_TYPES = (0x10, 0x11, 0x40)
IVHD_ENTRIES = {0x10: 24, 0x11: 40, 0x40: 40}
IVMD_ALL, IVMD_ONE, IVMD_RANGE = 0x20, 0x21, 0x22
# Unity map, read, write; or an exclusion range, which the kernel treats as a unity map.
IVMD_FLAGS = {"unity": 1 | 2 | 4, "exclusion": 8 | 2 | 4}

Edits = list[tuple[str, str]]
Own = Callable[[str], bytes]


def seal(table: bytes) -> bytes:
    """After an edit: the length, a revision above the machine's own, the checksum."""
    data = bytearray(table)
    struct.pack_into("<I", data, LENGTH, len(data))
    struct.pack_into("<I", data, OEM_REVISION, struct.unpack_from("<I", data, OEM_REVISION)[0] + 1)
    data[CHECKSUM] = 0
    data[CHECKSUM] = -sum(data) & 0xFF
    return bytes(data)


@dataclass
class Bench:
    """The table that is being edited, and where it comes from."""

    case: Case
    own: Own
    table: bytes = b""

    def need(self, *signatures: bytes) -> bytes:
        """The table so far; the machine's own one if this is the first edit."""
        if not self.table:
            self.table = self.own(self.case.iommu)
        if self.table[:4] not in signatures:
            raise ValueError(f"this edit is for {b' or '.join(signatures).decode()} tables")
        return self.table

    def each(self, change: Callable[[bytearray], bytes], *signatures: bytes) -> bytes:
        """The table with each of its structures changed; one that becomes empty is left out."""
        table = self.need(*signatures)
        body = BODY[table[:4]]
        return seal(table[:body] + b"".join(change(bytearray(part)) for part in structures(table)))


def structures(table: bytes) -> list[bytes]:
    """Of a table that is well-formed, as the machine's own is."""
    parts, offset = [], BODY[table[:4]]
    while offset < len(table):
        size = struct.unpack_from("<H", table, offset + 2)[0]
        if size < 4:
            raise ValueError(f"structure of {size} bytes at {offset}")
        parts.append(table[offset:offset + size])
        offset += size
    return parts


def numbers(value: str, count: int) -> list[int]:
    words = value.split()
    if len(words) != count:
        raise ValueError(f"expected {count} numbers")
    return [int(word, 0) for word in words]


@dataclass(frozen=True)
class Place:
    """A function as a table names it: segment, bus, and a path of slots and functions through the bridges below."""

    segment: int
    bus: int
    path: tuple[tuple[int, int], ...]
    kind: str = "endpoint"

    @classmethod
    def read(cls, text: str) -> "Place":
        """[KIND:]0000:00:1c.0[/00.0...]"""
        found = re.fullmatch(r"(?:([a-z]+):)?([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2}\.[0-7](?:/[0-9a-f]{2}\.[0-7])*)", text)
        if not found or (found[1] or "endpoint") not in SCOPE_TYPES:
            raise ValueError(f"{text!r}: expected [KIND:]DOMAIN:BUS:SLOT.FUNCTION[/SLOT.FUNCTION...], KIND one of {', '.join(SCOPE_TYPES)}")
        path = tuple((int(hop[:2], 16), int(hop[3])) for hop in found[4].split("/"))
        return cls(int(found[2], 16), int(found[3], 16), path, found[1] or "endpoint")

    @property
    def scope(self) -> bytes:
        path = b"".join(struct.pack("<BB", *hop) for hop in self.path)
        return struct.pack("<BBHBB", SCOPE_TYPES[self.kind], 6 + len(path), 0, 0, self.bus) + path

    @property
    def device_id(self) -> int:
        """As an IVRS table has it; there are no paths in that."""
        if len(self.path) != 1:
            raise ValueError("an IVRS table names a function by bus, slot and function")
        return self.bus << 8 | self.path[0][0] << 3 | self.path[0][1]


# -- any table --------------------------------------------------------------


def replace_table(bench: Bench, value: str) -> bytes:
    """table = FILE: the table as it stands in the file, not one byte touched."""
    try:
        return (bench.case.path.parent / value).read_bytes()
    except OSError as error:
        raise ValueError(error.strerror) from error


def take_from(bench: Bench, value: str) -> bytes:
    """from = intel|amd: the table that this machine would have with such an IOMMU."""
    if value not in ("intel", "amd"):
        raise ValueError("expected intel or amd")
    return seal(bench.own(value))


def break_checksum(bench: Bench, value: str) -> bytes:
    """checksum = bad: comes last, since every other edit makes it good again."""
    if value != "bad":
        raise ValueError("expected bad")
    data = bytearray(seal(bench.need(*BODY)))
    data[CHECKSUM] = (data[CHECKSUM] + 1) & 0xFF
    return bytes(data)


def set_bytes(bench: Bench, value: str) -> bytes:
    """bytes = OFFSET HEX: whatever else is to be wrong."""
    offset, _, text = value.partition(" ")
    table, start, data = bench.need(*BODY), int(offset, 0), bytes.fromhex(text)
    if start + len(data) > len(table):
        raise ValueError(f"the table has {len(table)} bytes")
    return seal(table[:start] + data + table[start + len(data):])


def cut(bench: Bench, value: str) -> bytes:
    """cut = NUMBER: so many bytes fewer at the end, in the header as well."""
    return seal(bench.need(*BODY)[:-numbers(value, 1)[0]])


def leave_out(bench: Bench, value: str) -> bytes:
    """leave out = PLACE...: no unit covers these any more (ioapic:, hpet: or bridge: in front for such an entry)."""
    places = [Place.read(word) for word in value.split()]
    before = len(bench.need(*BODY))
    change = {b"DMAR": leave_out_of_drhd, b"IVRS": leave_out_of_ivhd}[bench.table[:4]]
    table = bench.each(lambda part: change(part, places), *BODY)
    if len(table) == before:
        raise ValueError("the table does not name that")
    return table


# -- DMAR -------------------------------------------------------------------


def set_dmar_flags(bench: Bench, value: str) -> bytes:
    """dmar flags = NUMBER: 1 interrupt remapping, 2 x2APIC opt-out, 4 platform opt-in."""
    data = bytearray(bench.need(b"DMAR"))
    data[DMAR_FLAGS] = numbers(value, 1)[0]
    return seal(data)


def add_rmrr(bench: Bench, value: str) -> bytes:
    """rmrr = PLACE... START END: memory reserved for these functions."""
    *words, start, end = value.split()
    places = [Place.read(word) for word in words]
    scopes = b"".join(place.scope for place in places)
    segment = places[0].segment if places else 0
    body = struct.pack("<HHHHQQ", RMRR, 24 + len(scopes), 0, segment, int(start, 0), int(end, 0)) + scopes
    return seal(bench.need(b"DMAR") + body)


def add_drhd(bench: Bench, value: str) -> bytes:
    """drhd = BASE SEGMENT FLAGS PLACE...: one more unit, before all others."""
    base, segment, flags, *words = value.split()
    scopes = b"".join(Place.read(word).scope for word in words)
    body = struct.pack("<HHBBHQ", DRHD, DRHD_SCOPES + len(scopes), int(flags, 0), 0, int(segment, 0), int(base, 0)) + scopes
    table = bench.need(b"DMAR")
    return seal(table[:BODY[b"DMAR"]] + body + table[BODY[b"DMAR"]:])


def drhd_field(form: str, offset: int) -> Callable[[Bench, str], bytes]:
    """A number in every DRHD."""
    def edit(bench: Bench, value: str) -> bytes:
        number = numbers(value, 1)[0]

        def change(part: bytearray) -> bytes:
            if part[0] == DRHD:
                struct.pack_into(form, part, offset, number)
            return part

        return bench.each(change, b"DMAR")

    return edit


def scopes_of(drhd: bytes) -> list[bytes]:
    parts, offset = [], DRHD_SCOPES
    while offset + 6 <= len(drhd):
        parts.append(drhd[offset:offset + drhd[offset + 1]])
        offset += drhd[offset + 1]
    return parts


def leave_out_of_drhd(part: bytearray, places: list[Place]) -> bytes:
    if part[0] != DRHD:
        return part

    def named(scope: bytes, place: Place) -> bool:
        """By kind, bus and path; an IOAPIC and the like by the kind alone."""
        wanted = place.scope
        kinds = (1, 2) if place.kind == "endpoint" else (wanted[0],)
        return scope[0] in kinds and (scope[0] > 2 or scope[5:] == wanted[5:])

    scopes = [scope for scope in scopes_of(part) if not any(named(scope, place) for place in places)]
    data = part[:DRHD_SCOPES] + b"".join(scopes)
    struct.pack_into("<H", data, 2, len(data))
    return data


# -- IVRS -------------------------------------------------------------------


def add_ivmd(bench: Bench, value: str) -> bytes:
    """ivmd = all|PLACE|PLACE-PLACE unity|exclusion|NUMBER START LENGTH: memory that is mapped one to one (20h, 21h, 22h)."""
    where, kind, start, length = value.split()
    flags = IVMD_FLAGS[kind] if kind in IVMD_FLAGS else int(kind, 0)
    first, _, last = where.partition("-")
    if where == "all":
        block, begin, end = IVMD_ALL, 0, 0
    else:
        block = IVMD_RANGE if last else IVMD_ONE
        begin, end = Place.read(first).device_id, Place.read(last).device_id if last else 0
    return seal(bench.need(b"IVRS") + struct.pack("<BBHHHQQQ", block, flags, 32, begin, end, 0, int(start, 0), int(length, 0)))


def set_ivhd_base(bench: Bench, value: str) -> bytes:
    """ivhd base = NUMBER: where the registers of every unit are."""
    number = numbers(value, 1)[0]

    def change(part: bytearray) -> bytes:
        if part[0] in IVHD_TYPES:
            struct.pack_into("<Q", part, 8, number)
        return part

    return bench.each(change, b"IVRS")


def ivhd_entries(part: bytes) -> list[bytes]:
    """The two upper bits of an entry's type are its length: 4, 8, 16, 32; those of 240 and above have it inside."""
    parts, offset = [], IVHD_ENTRIES[part[0]]
    while offset < len(part):
        kind = part[offset]
        size = 4 << (kind >> 6) if kind < 0xF0 else 22 + part[offset + 21]
        parts.append(part[offset:offset + size])
        offset += size
    return parts


def leave_out_of_ivhd(part: bytearray, places: list[Place]) -> bytes:
    """Selecting entries (2, and 66 with an alias) of these functions, and the special ones (72) of IOAPICs and HPETs."""
    if part[0] not in IVHD_TYPES:
        return part

    def named(entry: bytes, place: Place) -> bool:
        if place.kind in ("ioapic", "hpet"):
            return entry[0] == 0x48 and entry[7] == {"ioapic": 1, "hpet": 2}[place.kind]
        return entry[0] in (2, 66) and struct.unpack_from("<H", entry, 1)[0] == place.device_id

    entries = [entry for entry in ivhd_entries(part) if not any(named(entry, place) for place in places)]
    data = part[:IVHD_ENTRIES[part[0]]] + b"".join(entries)
    struct.pack_into("<H", data, 2, len(data))
    return data


# Name of an edit in [firmware] -> the table after it. They are done in the order
# of the case file. The first one begins with the machine's own table, but for
# `table` and `from`.
EDITS: dict[str, Callable[[Bench, str], bytes]] = {
    "table": replace_table,
    "from": take_from,
    "checksum": break_checksum,
    "bytes": set_bytes,
    "cut": cut,
    "leave out": leave_out,
    "dmar flags": set_dmar_flags,
    "rmrr": add_rmrr,
    "drhd": add_drhd,
    "drhd flags": drhd_field("<B", 4),
    "drhd segment": drhd_field("<H", 6),
    "drhd base": drhd_field("<Q", 8),
    "ivmd": add_ivmd,
    "ivhd base": set_ivhd_base,
}


def build_table(case: Case, edits: Edits, own: Own) -> bytes:
    """The table of the case; `own` gets the machine's by the kind of its IOMMU."""
    bench = Bench(case, own)
    for name, value in edits:
        edit = EDITS.get(name)
        if not edit:
            raise CaseError(f"{case.path}: no firmware edit {name!r}; there are {', '.join(EDITS)}")
        try:
            bench.table = edit(bench, value)
        except (ValueError, struct.error) as error:
            raise CaseError(f"{case.path}: {name} = {value}: {error}") from error
    if len(bench.table) < HEADER or bench.table[:4] not in TABLE_NAMES:
        raise CaseError(f"{case.path}: [firmware] gives no DMAR or IVRS table")
    return bench.table


def early_cpio(table: bytes) -> bytes:
    """What goes before the initramfs, so that the kernel finds this table."""
    archive = Cpio()
    archive.file(f"kernel/firmware/acpi/{TABLE_NAMES[table[:4]]}", table)
    return archive.to_bytes()
