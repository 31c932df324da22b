#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole runs of ptprep on machines that are trees of files.

    run-golden.py PTPREP [--fault FAULT] [--update] [MACHINE ...]

A machine is tests/golden/machines/NAME.tree. For each: --check, bootloader, --apply --dry-run, --apply, --apply once more, revert --dry-run
and revert. What they print, and what changed in the tree, is compared with tests/golden/expected/NAME.txt; the second --apply
must write nothing, not even the same bytes, and of ptprep nothing may be left behind. With FAULT, the program that counts system
calls (tests/faults), it must not start a child process either. Where there is a NAME.edit, in the format of a tree, it is put on
top after the second --apply: what somebody else does to files that ptprep has changed.
The tools that an apply starts are scripts (tests/golden/tools) run in the tree by a static busybox: needs root for chroot(2).
"""

import difflib
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BUSYBOX = "/bin/busybox"
APPLETS = ["sh", "cat", "cp", "cpio", "find", "grep", "ln", "mkdir", "mv", "rm", "tr", "wc"]
EXIT_CONFIG = 78
GRUBENV_SIZE = 1024
REPORT_VERSION = 1
# the reports repeat what is printed, and the lock is of this very run
SILENT = ("/tmp", "/run", "/var/lib/ptprep/report")
SILENT_FOLDERS = (*SILENT, "/var/lib/ptprep")


def read_lines(name: str) -> list[str]:
    lines = []
    for line in (HERE / "machines" / name).read_text().splitlines():
        if line.startswith("include "):
            lines += read_lines(line.split()[1])
        elif line and not line.startswith("#"):
            lines.append(line)
    return lines


def unified_image(sections: list[tuple[str, str]]) -> bytes:
    """A PE file of these sections, without the boot stub that a real unified kernel image has before them."""
    table, body, at = b"", b"", 64 + 24 + 40 * len(sections)
    for section, text in sections:
        data = text.encode()
        table += section.encode().ljust(8, b"\0") + struct.pack("<IIIIIIHHI", len(data), 0, len(data), at + len(body), 0, 0, 0, 0, 0)
        body += data
    return b"MZ".ljust(60, b"\0") + struct.pack("<I4sHHIIIHH", 64, b"PE\0\0", 0x8664, len(sections), 0, 0, 0, 0, 0) + table + body


class Tree:
    """A folder that is made from a manifest."""

    def __init__(self, top: pathlib.Path):
        self.top = top

    def path(self, name: str) -> pathlib.Path:
        return self.top / name.lstrip("/")

    def fresh(self, name: str) -> pathlib.Path:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or path.is_file():
            path.unlink()
        return path

    def link(self, name: str, target: str) -> None:
        self.fresh(name).symlink_to(target)

    def write(self, name: str, data: bytes) -> None:
        self.fresh(name).write_bytes(data)

    def pci_function(self, address: str, ids: str, pci_class: str, driver: str, group: str) -> None:
        folder = f"/sys/devices/pci0000:00/{address}"
        vendor, device = ids.split(":")
        for attribute, value in {"vendor": f"0x{vendor}", "device": f"0x{device}", "class": f"0x{pci_class}",
                                 "subsystem_vendor": "0x0000", "subsystem_device": "0x0000", "driver_override": "(null)",
                                 "irq": "0", "resource": "", "enable": "1",
                                 "modalias": f"pci:v0000{vendor.upper()}d0000{device.upper()}sv00000000sd00000000"
                                             f"bc{pci_class[0:2]}sc{pci_class[2:4]}i{pci_class[4:6]}"}.items():
            self.write(f"{folder}/{attribute}", f"{value}\n".encode())
        self.write(f"{folder}/config", bytes.fromhex(vendor)[::-1] + bytes.fromhex(device)[::-1] + bytes(60))
        self.link(f"/sys/bus/pci/devices/{address}", f"../../../devices/pci0000:00/{address}")
        self.path(f"/sys/bus/pci/drivers/{driver}").mkdir(parents=True, exist_ok=True)
        self.link(f"{folder}/driver", f"../../../bus/pci/drivers/{driver}")
        self.link(f"{folder}/subsystem", "../../../bus/pci")
        if group == "-":
            self.path(f"{folder}/iommu_group").unlink(missing_ok=True)
        else:
            self.link(f"{folder}/iommu_group", f"../../../kernel/iommu_groups/{group}")

    def build(self, lines: list[str]) -> None:
        text: list[str] | None = None
        name, size, unified = "", 0, False

        def flush() -> None:
            if text is not None and unified:
                self.write(name, unified_image([(s, t) for s, _, t in (line.partition(" ") for line in text)]))
            elif text is not None:
                self.write(name, "".join(f"{line}\n" for line in text).encode().ljust(size, b"#"))

        for line in lines + [""]:
            if line.startswith("|"):
                assert text is not None, f"no file for: {line}"
                text.append(line[2:])
                continue
            flush()
            text = None
            words = line.split()
            match words:
                case ["f", name] | ["f", name, "uki"]:
                    text, size, unified = [], 0, len(words) == 3
                case ["b", name]:
                    text, size, unified = ["# GRUB Environment Block"], GRUBENV_SIZE, False
                case ["f", path, "hex", data]:
                    self.write(path, bytes.fromhex(data))
                case ["d", path]:
                    self.path(path).mkdir(parents=True, exist_ok=True)
                case ["l", path, target]:
                    self.link(path, target)
                case ["t", path, tool]:
                    self.write(path, (HERE / "tools" / tool).read_bytes())
                    self.path(path).chmod(0o755)
                case ["-", path] if self.path(path).is_dir() and not self.path(path).is_symlink():
                    shutil.rmtree(self.path(path))
                case ["-", path]:
                    self.path(path).unlink()
                case ["p", address, ids, pci_class, driver, group]:
                    self.pci_function(address, ids, pci_class, driver, group)
                case []:
                    pass
                case _:
                    raise SystemExit(f"not understood: {line}")

    def install_tools(self) -> None:
        self.path("/bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(BUSYBOX, self.path("/bin/busybox"))
        for applet in APPLETS:
            self.link(f"/bin/{applet}", "busybox")
        self.path("/dev").mkdir(exist_ok=True)
        self.write("/dev/null", b"")

    def snapshot(self) -> dict[str, tuple]:
        seen = {}
        for folder, _, files in os.walk(self.top):
            for file in files:
                path = pathlib.Path(folder) / file
                name = "/" + path.relative_to(self.top).as_posix()
                stat = path.lstat()
                content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
                seen[name] = (stat.st_ino, stat.st_mtime_ns, hashlib.sha256(content).hexdigest(), content)
        return {k: v for k, v in seen.items() if not k.startswith(SILENT)}

    def folders(self) -> dict[str, tuple]:
        """A file that came and went has left its mark in its folder."""
        seen = {}
        for folder, _, _ in os.walk(self.top):
            stat = os.lstat(folder)
            seen["/" + pathlib.Path(folder).relative_to(self.top).as_posix()] = (stat.st_ino, stat.st_mtime_ns)
        return {k: v for k, v in seen.items() if not k.startswith(SILENT) and k not in SILENT_FOLDERS}


def describe_changes(before: dict[str, tuple], after: dict[str, tuple]) -> str:
    out = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old and new and old[2] == new[2]:
            continue
        word = "removed" if not new else "changed" if old else "new"
        out.append(f"{word} {name}\n")
        # an image and the record of its inode are not the same twice
        if new and b"\0" not in new[3] and name != "/var/lib/ptprep/images":
            out += [f"    {line}\n" for line in new[3].decode().splitlines()]
    return "".join(out) or "nothing\n"


def run(ptprep: str, tree: Tree, *arguments: str, under: tuple[str, ...] = ()) -> str:
    """@under: a command that runs ptprep."""
    done = subprocess.run([*under, ptprep, f"--root={tree.top}", *arguments], capture_output=True, text=True, check=False, timeout=60,
                          env=os.environ | {"LC_ALL": "C", "NO_COLOR": "1"})
    return f"$ ptprep {' '.join(arguments)}\n{done.stdout}{done.stderr}exit {done.returncode}\n\n"


FINDING = re.compile(r"^  (\w+) +([a-z]+\.[a-z]+) +(.*)$", re.M)


def judge_json(ptprep: str, tree: Tree) -> list[str]:
    """The JSON report says what the text says: verdict by exit status, and the same findings in the same order."""
    text = run(ptprep, tree, "--check")
    done = subprocess.run([ptprep, f"--root={tree.top}", "--check", "--json"], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode == EXIT_CONFIG:
        return ["--json prints something for a bad configuration"] if done.stdout else []
    report = json.loads(done.stdout)
    errors = [] if report["version"] == REPORT_VERSION else [f"version of the JSON report: {report['version']}"]
    if not report["exit_code"] == done.returncode == int(text.rsplit("exit ", 1)[1]):
        errors.append(f"exit code {report['exit_code']} in the report, {done.returncode} of the process")
    seen = [(f["result"], f["id"], (f["subject"] + ": " if f.get("subject") else "") + f["detail"]) for f in report["findings"]]
    if seen != FINDING.findall(text):
        errors.append("the findings in JSON are not those of the text:\n" + "\n".join(map(str, seen)))
    return errors


LOADER_FORM = {"kind": str, "files": list, "variables": dict, "entries": list}
ENTRY_FORM = {"id": str, "kernel": str, "arguments": list, "rescue": bool, "default": bool, "source": str}


def has_form(value: dict, form: dict[str, type]) -> bool:
    return list(value) == list(form) and all(isinstance(value[k], t) for k, t in form.items())


def judge_bootloader(ptprep: str, tree: Tree) -> list[str]:
    """The form of "bootloader --json", member by member, and that its files and lines are there."""
    done = subprocess.run([ptprep, f"--root={tree.top}", "bootloader", "--json"], capture_output=True, text=True, check=False, timeout=60)
    seen = json.loads(done.stdout)
    errors = [] if list(seen) == ["loaders"] else [f"members {list(seen)}"]
    for loader in seen["loaders"]:
        if not has_form(loader, LOADER_FORM):
            errors.append(f"form of {loader}")
            continue
        errors += [f"{name} is not there" for name in loader["files"] if not tree.path(name).exists()]
        for name, variable in loader["variables"].items():
            known = variable.get("state") == "known"
            if list(variable) != ["value", "state"] or variable["state"] not in ("known", "unset", "cannot-tell") or \
               isinstance(variable["value"], str) != known:
                errors.append(f"form of {name}: {variable}")
        for entry in loader["entries"]:
            file, _, line = entry["source"].partition(":")
            if not has_form(entry, ENTRY_FORM) or not all(isinstance(a, str) for a in entry["arguments"]):
                errors.append(f"form of {entry}")
            elif line:
                # the line is that of the arguments; a path begins at the root of its file system, which may be mounted below /
                words = tree.path(file).read_text().split()
                if not any(entry["kernel"].endswith(word) for word in words if word.startswith("/")):
                    errors.append(f"{entry['source']} has no {entry['kernel']}")
    return errors


def play(ptprep: str, fault: str, name: str, folder: pathlib.Path) -> tuple[str, list[str]]:
    tree = Tree(folder)
    tree.build(read_lines(f"{name}.tree"))
    tree.install_tools()
    start = tree.snapshot()
    text = run(ptprep, tree, "--check")
    text += run(ptprep, tree, "bootloader")
    errors = judge_json(ptprep, tree) + judge_bootloader(ptprep, tree)
    text += run(ptprep, tree, "--apply", "--dry-run")
    if tree.snapshot() != start:
        errors.append("--check or --dry-run wrote something")
    text += run(ptprep, tree, "--apply")
    applied = tree.snapshot()
    text += "changes:\n" + describe_changes(start, applied) + "\n"
    folders = tree.folders()
    with tempfile.NamedTemporaryFile("r", prefix="ptprep-calls-") as calls:
        second = run(ptprep, tree, "--apply", under=(fault, "count", calls.name) if fault else ())
        child = "child" in calls.read().split()
    text += second
    again = tree.snapshot()
    # one that fails and puts back what was there has written, but nothing that is different
    put_back = second.endswith("exit 3\n\n") and describe_changes(applied, again) == "nothing\n"
    if again != applied and not put_back:
        errors.append("the second --apply wrote: " + describe_changes(applied, again))
    if not put_back:
        errors += [f"the second --apply wrote in {n}" for n, f in tree.folders().items() if folders.get(n) != f]
        if child:
            errors.append("the second --apply started a child process")
    errors += judge_json(ptprep, tree) + judge_bootloader(ptprep, tree)
    leftovers = [n for n in again if ".ptprep-" in n or n.endswith("/transaction")]
    if leftovers:
        errors.append(f"left behind: {leftovers}")
    edit = HERE / "machines" / f"{name}.edit"
    if edit.exists():
        tree.build(read_lines(edit.name))
        edited = tree.snapshot()
        text += "edited by somebody else:\n" + describe_changes(again, edited) + "\n" + run(ptprep, tree, "--apply")
        again = tree.snapshot()
        text += "changes:\n" + describe_changes(edited, again) + "\n"
        errors += judge_json(ptprep, tree) + judge_bootloader(ptprep, tree)
    text += run(ptprep, tree, "revert", "--dry-run")
    if tree.snapshot() != again:
        errors.append("revert --dry-run wrote something")
    text += run(ptprep, tree, "revert")
    reverted = tree.snapshot()
    errors += judge_json(ptprep, tree)
    text += "changes since the beginning:\n" + describe_changes(start, reverted)
    leftovers = [n for n in reverted if n not in start and ("ptprep" in n or n.endswith(".new"))]
    leftovers += [str(p) for p in tree.path("/var/lib").rglob("ptprep/*")]
    if leftovers and not edit.exists():
        errors.append(f"left behind by revert: {leftovers}")
    second = run(ptprep, tree, "revert")
    if tree.snapshot() != reverted or "NOTHING TO REVERT" not in second:
        errors.append(f"the second revert found something to do: {second}")
    return text, errors


def main() -> int:
    arguments = sys.argv[1:]
    update = "--update" in arguments
    fault = ""
    if "--fault" in arguments:
        at = arguments.index("--fault")
        fault = arguments.pop(at + 1)
        arguments.pop(at)
    names = [a for a in arguments if a != "--update"]
    ptprep, names = names[0], names[1:]
    if os.geteuid() != 0:
        print("SKIPPED: golden tests need root for chroot(2)")
        return 77
    if not os.path.exists(BUSYBOX):
        print(f"{BUSYBOX} is missing: install busybox-static")
        return 1
    failed = 0
    for path in sorted((HERE / "machines").glob("*.tree")):
        name = path.stem
        if name == "base" or (names and name not in names):
            continue
        with tempfile.TemporaryDirectory(prefix="ptprep-golden-") as folder:
            text, errors = play(ptprep, fault, name, pathlib.Path(folder))
        expected = HERE / "expected" / f"{name}.txt"
        if update:
            expected.parent.mkdir(exist_ok=True)
            expected.write_text(text)
        wanted = expected.read_text() if expected.exists() else ""
        if text != wanted:
            errors.append("".join(difflib.unified_diff(wanted.splitlines(True), text.splitlines(True), "expected", "seen")))
        print(f"{'ok' if not errors else 'FAILED'} {name}")
        print("".join(f"  {e}\n" for e in errors), end="")
        failed += bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
