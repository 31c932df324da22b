#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs "ptprep firmware" as a person does: on files, on trees, on what is no table.

    run-firmware.py PTPREP

Tables of real machines, kept outside the repository (PTPREP_DATA/acpi), are read as bytes and as the text of an acpidump; the JSON
is compared with SUMMARY.jsonl there, which an independent reader wrote.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

USAGE, PRIVILEGE, BLOCKED, UNKNOWN = 64, 77, 2, 4

# options of a run without rights
AS_NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}

IVHD = {0x10, 0x11, 0x40}
IVMD = {0x20, 0x21, 0x22}


def table(signature: bytes, body: bytes) -> bytes:
    head = struct.pack("<4sIBB6s8sI4sI", signature, 36 + len(body), 1, 0, b"MAKER", b"BOARD", 1, b"TOOL", 1)
    data = bytearray(head + body)
    data[9] = -sum(data) & 0xFF
    return bytes(data)


def dmar() -> bytes:
    drhd = struct.pack("<HHBBHQ", 0, 16, 1, 0, 0x12, 0xFED90000)
    return table(b"DMAR", bytes([38, 1]) + bytes(10) + drhd)


def ivrs() -> bytes:
    ivhd = struct.pack("<BBHHHQHHI", 0x10, 0, 28, 2, 64, 0xFED80000, 0, 0, 0) + bytes([1, 0, 0, 0])
    return table(b"IVRS", bytes(12) + ivhd)


def dump(name: str, data: bytes, blanks: int = 4, newline: str = "\n") -> str:
    """As acpidump prints it."""
    lines = [f"{name} @ 0x0000000000000000"]
    for at in range(0, len(data), 16):
        row = data[at:at + 16]
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        lines.append(f"{' ' * blanks}{at:04X}: {' '.join(f'{b:02X}' for b in row):48} {text}")
    return newline.join(lines + ["", ""])


def mail(text: str) -> str:
    """Quoted-printable soft breaks in the middle of rows, one of them within a byte."""
    lines = []
    for number, line in enumerate(text.split("\n")):
        cut = 20 + number % 30
        lines.append(line[:cut] + "=\n" + line[cut:] if len(line) > 60 else line)
    return "\n".join(lines)


class Runner:
    def __init__(self, ptprep: str, directory: pathlib.Path):
        self.ptprep = ptprep
        self.directory = directory
        self.errors: list[str] = []

    def fail(self, what: str) -> None:
        self.errors.append(what)

    def run(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run([self.ptprep, "firmware", *arguments], capture_output=True, check=False, **options)

    def expect(self, name: str, code: int, out: str, err: str, *arguments: str, **options) -> None:
        p = self.run(*arguments, **options)
        stdout, stderr = p.stdout.decode(), p.stderr.decode()
        if p.returncode != code:
            self.fail(f"{name}: exit status {p.returncode}, not {code}: {stdout}{stderr}")
        for text, found in ((out, stdout), (err, stderr)):
            if (text and text not in found) or (not text and found):
                self.fail(f"{name}: no {text!r} in {found!r}")

    def json(self, name: str, path: pathlib.Path) -> list:
        p = self.run("--json", "--table", str(path))
        if p.returncode != 0 or p.stderr:
            self.fail(f"{name}: exit status {p.returncode}: {p.stderr.decode()}")
            return []
        return json.loads(p.stdout)["tables"]

    def write(self, name: str, data: bytes) -> str:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)


def files(r: Runner) -> None:
    unit = "registers at 0xfed90000"
    path = r.write("dmar.dat", dmar())
    r.expect("bytes", 0, unit, "", "--table", path)
    r.expect("without rights", 0, unit, "", "--table", path, **AS_NOBODY)
    r.expect("segment", 0, "segment 0012", "", f"--table={path}")
    r.expect("standard input", 0, unit, "", "--table=/dev/stdin", input=dmar())
    r.expect("IVRS", 0, "all devices", "", "--table", r.write("ivrs.dat", ivrs()))
    both = dump("DMAR", dmar()) + dump("FACP", bytes(40)) + dump("IVRS", ivrs(), 3)
    path = r.write("acpidump.txt", both.encode())
    r.expect("text, its first table", 0, unit, "", "--table", path)
    r.expect("text, its second table", 0, "IOMMU 0000:00:00.2", "", "--table", path)
    tables = r.json("text", pathlib.Path(path))
    if [t["signature"] for t in tables] != ["DMAR", "IVRS"]:
        r.fail(f"text: {tables}")
    r.expect("no such file", USAGE, "", "--table=/nowhere/dmar: No such file or directory", "--table=/nowhere/dmar")
    r.expect("a directory", USAGE, "", "Is a directory", "--table", str(r.directory))
    r.expect("another table", USAGE, "", "this is no DMAR and no IVRS table", "--table", r.write("facp", table(b"FACP", b"")))
    r.expect("no table", USAGE, "", "this is no DMAR and no IVRS table", "--table", r.write("empty", b""))
    r.expect("text without one", USAGE, "", "this is no DMAR and no IVRS table", "--table",
             r.write("facp.txt", dump("FACP", bytes(40)).encode()))
    lines = dump("DMAR", dmar()).split("\n")
    path = r.write("row.txt", "\n".join(lines[:2] + lines[3:]).encode())
    r.expect("a row is missing", USAGE, "", f"{path}:3: the row of offset 0010 was expected", "--table", path)
    r.expect("an argument too many", USAGE, "", "unexpected argument", "dmar")
    broken = dmar()[:-8]
    r.expect("cut short", BLOCKED, "error at 0x038: the table says that it has 64 bytes and ends after 56", "", "--table",
             r.write("cut", broken))
    wrong = bytearray(dmar())
    wrong[9] ^= 1
    r.expect("checksum", 0, "checksum WRONG", "", "--table", r.write("sum", bytes(wrong)))


def trees(r: Runner) -> None:
    """Machines that are directories."""
    top = "machine/sys/firmware/acpi/tables"
    root = f"--root={r.directory}/machine"
    (r.directory / "machine").mkdir()
    r.expect("no ACPI", UNKNOWN, "", "cannot tell: this system shows no ACPI tables", root)
    (r.directory / "machine/sys/bus").mkdir(parents=True)
    r.write(f"{top}/FACP", b"")
    r.expect("no table", BLOCKED, "", "describes no IOMMU", root)
    r.expect("no table, JSON", BLOCKED, '"tables": [', "describes no IOMMU", root, "--json")
    path = r.write(f"{top}/DMAR", dmar())
    r.expect("a table", 0, "registers at 0xfed90000", "", root)
    r.write(f"{top}/IVRS", ivrs())
    r.expect("both", 0, "IOMMU 0000:00:00.2", "", root)
    os.chmod(path, 0)
    r.expect("not root", PRIVILEGE, "", "/sys/firmware/acpi/tables/DMAR is readable by root only", root, **AS_NOBODY)


def scope(s: dict) -> dict:
    return {"type": s["type"], "enumeration_id": s["enum"], "bus": s["bus"], "path": s["path"]}


def structure(s: dict) -> dict:
    """What the oracle's structure has to be in the JSON."""
    d = {"type": s["t"], "length": s["l"]}
    for ours, theirs in (("segment", "seg"), ("base", "base"), ("end", "end"), ("size", "sz"), ("proximity_domain", "pxm"),
                         ("device_number", "num")):
        if theirs in s:
            d[ours] = s[theirs]
    for kind, name in (("DRHD", "include_all"), ("ATSR", "all_ports"), ("SATC", "atc_required")):
        if s["t"] == kind:
            d[name] = s["f"] == 1
    if "name" in s:
        d["name"] = bytes.fromhex(s["name"]).split(b"\0")[0].decode()
    if s["t"] not in ("RHSA", "ANDD"):
        d["scopes"] = [scope(x) | ({"flags": x["flags"]} if s["t"] == "SIDP" else {}) for x in s["s"]]
    return d


def block(b: dict, found: dict) -> dict:
    """Likewise for IVRS; the entries are compared by type, setting and devices, flags by the test of the parser."""
    t = b["t"]
    kind = f"IVHD 0x{t:02x}" if t in IVHD else f"IVMD 0x{t:02x}" if t in IVMD else t
    d = {"type": kind, "length": b["l"]}
    if t in IVMD:
        last = {0x20: 0xFFFF, 0x21: b["dev"], 0x22: b["aux"]}[t]
        d |= {"segment": 0, "first": 0 if t == 0x20 else b["dev"], "last": last, "start": b["start"], "size": b["len_"]}
    if t in IVHD:
        d |= {"segment": b["seg"], "device_id": b["dev"], "base": b["base"], "capability_offset": b["cap"], "entries": []}
        for number, (kind, data) in enumerate(b["e"]):
            raw = bytes.fromhex(data)
            e = {"type": kind, "length": len(raw)}
            device = raw[1] | raw[2] << 8
            if kind in (3, 0x43):
                end = bytes.fromhex(b["e"][number + 1][1])
                e |= {"first": device, "last": end[1] | end[2] << 8}
            elif kind in (2, 0xF0):
                e |= {"first": device, "last": device}
            elif kind == 4:
                e |= {"last": device}
            if kind in (2, 3, 0x43, 0x48, 0xF0):
                e |= {"setting": raw[3]}
            if kind in (0x43, 0x48):
                e |= {"source_id": raw[5] | raw[6] << 8}
            d["entries"].append(e)
    # only fields that the oracle has are compared
    for key in ("flags", "info", "feature_reporting", "attributes", "efr", "efr2", "unit"):
        found.pop(key, None)
    for e in found.get("entries", []):
        for key in ("name", "handle", "variety", "hid", "cid", "uid", "uid_format"):
            e.pop(key, None)
    return d


FLAGS = ("INTR_REMAP", "X2APIC_OPT_OUT", "DMA_CTRL_PLATFORM_OPT_IN")


def compare(r: Runner, line: dict, tables: list) -> None:
    if len(tables) != 1:
        r.fail(f"{line['file']}: {len(tables)} tables")
        return
    t = tables[0]
    expected = {"revision": line["rev"], "length": line["size"], "checksum_ok": True, "errors": []}
    if "haw" in line:
        expected |= {"signature": "DMAR", "host_address_width": line["haw"],
                     "flags": [f for i, f in enumerate(FLAGS) if line["flags"] >> i & 1],
                     "structures": [structure(s) for s in line["t"]]}
    else:
        expected |= {"signature": "IVRS", "ivinfo": line["ivinfo"], "host_address_width": line["ivinfo"] >> 8 & 0x7F,
                     "structures": [block(b, f) for b, f in zip(line["t"], t["structures"])]}
    for key, value in expected.items():
        if t[key] != value:
            r.fail(f"{line['file']}: {key}: {t[key]!r}, the oracle has {value!r}")


def real_tables(r: Runner, data: pathlib.Path) -> None:
    for number, text in enumerate((data / "SUMMARY.jsonl").read_text().splitlines()):
        line = json.loads(text)
        path = data / line["file"]
        compare(r, line, r.json(line["file"], path))
        # each in one of the forms that its text has been seen in
        name = line["file"][:4].upper()
        text = dump(name, path.read_bytes(), 3 + number % 2, "\r\n" if number % 3 == 0 else "\n")
        text = mail(text) if number % 3 == 1 else text
        compare(r, line, r.json(line["file"] + " as text", pathlib.Path(r.write("dump", text.encode()))))


def main() -> int:
    data = pathlib.Path(os.environ.get("PTPREP_DATA", "../shared/data")) / "acpi"
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        r = Runner(sys.argv[1], pathlib.Path(directory))
        files(r)
        trees(r)
        if data.is_dir():
            real_tables(r, data)
        else:
            print(f"SKIPPED: {data} is not here: no tables of real machines were read")
    print("\n".join(r.errors[:20]) if r.errors else "all as expected")
    return 1 if r.errors else 0


if __name__ == "__main__":
    sys.exit(main())
