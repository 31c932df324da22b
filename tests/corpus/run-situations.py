#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole runs on machines out of public reports, and on those of reviews.

    run-situations.py PTPREP PTPREP_CLAIM [--show] [CASE ...]

The machines are kept outside the repository: PTPREP_DATA/../field/NAME/build.py makes one, and PTPREP_DATA/../cases/NAME.tree is
one in the format of tests/golden. What each run of a case has to say is in situations.txt beside this file: a case, then its
commands in their order, each with its exit status, "..." for what somebody else does in between; below a command "+ words" that
must be in what it prints and "- words" that must not, blanks alike. "~ words" must be in it one day: it is an error when they are,
so that the line becomes a "+". Lines of a tree that stand before the commands are put on top of the machine, or make one where there
is only a file of it: "s PATH NAME" copies cases/NAME. With --show what they print is printed and not judged.
The tools that an apply starts run in the tree: needs root for chroot(2).
"""

import contextlib
import importlib.util
import io
import ipaddress
import os
import pathlib
import struct
import sys
import tempfile
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
import filetree  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "situations.txt"
SHARED = pathlib.Path(os.environ.get("PTPREP_DATA", "../shared/data")).parent
SKIPPED = 77


def load(name: str, path: pathlib.Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Step:
    """A command of the table, or "..." for what is done to the machine in between."""

    def __init__(self, command: str, status: str):
        self.command, self.status = command, status
        self.words: dict[str, list[str]] = {"+": [], "-": [], "~": []}

    def judge(self, said: str) -> list[str]:
        plain = " ".join(said.split())
        errors = [f"does not say: {w}" for w in self.words["+"] if w not in plain]
        errors += [f"says: {w}" for w in self.words["-"] if w in plain]
        errors += [f"says by now (make it a \"+\"): {w}" for w in self.words["~"] if w in plain]
        if self.status and not said.endswith(f"exit {self.status}\n\n"):
            errors.append(f"{(said.strip().splitlines() or ['prints nothing'])[-1]}, not {self.status}")
        return [f"{self.command}: {e}" for e in errors]


class Case:
    def __init__(self) -> None:
        self.lines: list[str] = []  # of a tree
        self.steps: list[Step] = []


def read_table() -> dict[str, Case]:
    table: dict[str, Case] = {}
    case = ""
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        words = line.split()
        match words:
            case [] | ["#", *_]:
                pass
            case [name] if not line.startswith(" "):
                case = name
                assert case not in table, f"{TABLE}:{number}: {case} is there twice"
                table[case] = Case()
            case ["+" | "-" | "~" as sign, *rest] if table[case].steps:
                table[case].steps[-1].words[sign].append(" ".join(rest))
            case ["|" | "-" | "f" | "t" | "l" | "d" | "s" | "include", *_]:
                table[case].lines.append(line.strip())
            case ["..."]:
                table[case].steps.append(Step("...", ""))
            case [*command, status] if status.isdigit():
                table[case].steps.append(Step(" ".join(command), status))
            case _:
                raise SystemExit(f"{TABLE}:{number}: not understood: {line}")
    return table


def routes_as_netlink(tree) -> None:
    """Where a machine has its routes as /proc/net shows them: what the kernel answers about them."""
    net = tree.path("/sys/class/net")
    for index, interface in enumerate(sorted(net.iterdir()), 10):
        if not (interface / "ifindex").exists():
            (interface / "ifindex").write_text(f"{index}\n")
    answer = []
    for name, destination, mask in (("route", 1, 7), ("ipv6_route", 0, 1)):
        path = tree.path(f"/proc/net/{name}")
        for words in (line.split() for line in (path.read_text().splitlines() if path.exists() else [])):
            if not words or words[0] == "Iface":
                continue
            interface = words[0] if name == "route" else words[9]
            number = (net / interface / "ifindex").read_text().strip()
            prefix = f"{int(words[mask], 16):b}".count("1") if name == "route" else int(words[mask], 16)
            packed = struct.pack("=I", int(words[0 + destination], 16)) if name == "route" else bytes.fromhex(words[destination])
            address = ipaddress.ip_address(packed)
            answer.append(f"{address}/{prefix} dev {number}")
    if answer:
        tree.write("/run/rtnetlink/routes", filetree.netlink_answer(answer))


class Situations:
    def __init__(self, ptprep: str, claim: str):
        self.ptprep = ptprep
        # the builders of the cases ask for it by this name; the machines and tools that they start from are those of tests/golden
        self.fieldlib = sys.modules["fieldlib"] = load("fieldlib", SHARED / "field/lib/fieldlib.py")
        self.fieldlib.CLAIM = claim
        self.fieldlib.golden.read_lines = self.read_lines
        for method in ("build", "pci_function", "install_tools"):
            setattr(self.fieldlib.golden.Tree, method, getattr(filetree.Tree, method))

    def read_lines(self, name: str) -> list[str]:
        """Of a machine, which may include those beside it and those of tests/golden."""
        path = SHARED / "cases" / name
        if not path.exists():
            return filetree.read_lines(name)
        lines = []
        for line in path.read_text().splitlines():
            if line.startswith("include "):
                lines += self.read_lines(line.split()[1])
            elif line and not line.startswith("#"):
                lines.append(line)
        return lines

    def put_on_top(self, machine, lines: list[str]) -> None:
        tree = []
        for line in lines:
            match line.split():
                case ["include", name]:
                    tree += filetree.read_lines(name)
                case ["s", path, name]:
                    machine.build(tree)
                    machine.write(path, (SHARED / "cases" / name).read_bytes())
                    tree = []
                case _:
                    tree.append(line)
        machine.build(tree)

    def machine(self, case: str, lines: list[str], directory: pathlib.Path):
        """With @lines on top. Also the commands of a case that has its own."""
        machine = self.fieldlib.Machine(directory)
        kind, name = case.split("/", 1)
        commands = None
        if kind == "field":
            module = load("case", SHARED / "field" / name / "build.py")
            module.fieldlib = self.fieldlib
            module.build(machine)
            commands = getattr(module, "COMMANDS", self.fieldlib.DEFAULT)
        elif (SHARED / "cases" / f"{name}.tree").exists():
            own = self.read_lines(f"{name}.tree")
            includes = (SHARED / "cases" / f"{name}.tree").read_text().startswith("include ")
            machine.build(own if includes else filetree.read_lines("base.tree") + own)
        self.put_on_top(machine, lines)
        machine.install_tools()
        if machine.path("/proc/net/route").exists():
            routes_as_netlink(machine)
        return machine, commands

    def play(self, name: str, case: Case) -> list[tuple[str, str]]:
        """What was done and what it said, one after the other."""
        said = []
        with tempfile.TemporaryDirectory(prefix="ptprep-situation-") as directory:
            machine, commands = self.machine(name, case.lines, pathlib.Path(directory))
            for command in commands or [s.command.split() for s in case.steps]:
                if callable(command):
                    with contextlib.redirect_stdout(io.StringIO()) as output:
                        command(machine)
                    said.append(("...", output.getvalue()))
                elif command[0] == "CHANGES":
                    said.append(("CHANGES", filetree.describe_changes(before, machine.snapshot())))
                else:
                    before = machine.snapshot() if not said else before
                    said.append((" ".join(command), filetree.run(self.ptprep, machine, *command)))
        return [(command, text) for command, text in said if command != "CHANGES"]

    def judge(self, name: str, case: Case) -> list[str]:
        said = self.play(name, case)
        if [c for c, _ in said] != [s.command for s in case.steps]:
            return [f"{name}: the commands are {[c for c, _ in said]}"]
        return [f"{name}: {e}" for step, (_, text) in zip(case.steps, said) for e in step.judge(text)]


def known_cases() -> set[str]:
    return {f"field/{p.parent.name}" for p in (SHARED / "field").glob("*/build.py")} | \
        {f"cases/{p.stem}" for p in (SHARED / "cases").iterdir() if p.suffix in (".tree", ".lst", ".img")}


def main() -> int:
    arguments = [a for a in sys.argv[1:] if a != "--show"]
    ptprep, claim, names = arguments[0], arguments[1], arguments[2:]
    for directory in (SHARED / "field", SHARED / "cases"):
        if not directory.is_dir():
            print(f"SKIPPED: {directory} is not here: no machines out of reports were tried")
            return SKIPPED
    if os.geteuid() != 0:
        print("SKIPPED: these runs need root for chroot(2)")
        return SKIPPED
    table = read_table()
    situations = Situations(ptprep, claim)
    if "--show" in sys.argv:
        for name in names or sorted(known_cases()):
            print(f"### {name}")
            print("".join(text for _, text in situations.play(name, table.get(name, Case()))))
        return 0
    errors = [f"{case}: not in {TABLE.name}" for case in sorted(known_cases() - table.keys())]
    for case in sorted(table):
        if names and case not in names:
            continue
        errors += situations.judge(case, table[case])
    print("\n".join(errors) if errors else f"{len(names or table)} machines as expected")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
