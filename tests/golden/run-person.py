#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person at a terminal sees of check and list, and what a pipe gets.

    run-person.py PTPREP
"""

import fcntl
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

import filetree

HERE = pathlib.Path(__file__).resolve().parent
MANUAL = HERE.parents[1] / "conf/ptprep.8.scd"
PLAIN = {"LC_ALL": "C", "PATH": os.environ["PATH"], "SYSTEMD_PAGER": ""}
WORST_FIRST = ["blocked", "fail", "unknown", "warn", "ok"]


class Person:
    def __init__(self, ptprep: str, machine: str, directory: str):
        self.ptprep = ptprep
        self.tree = filetree.Tree(pathlib.Path(directory))
        self.tree.build(filetree.read_lines(f"{machine}.tree"))
        self.errors: list[str] = []

    def command(self, arguments: tuple[str, ...]) -> list[str]:
        return [self.ptprep, f"--root={self.tree.top}", *arguments]

    def piped(self, *arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str, str]:
        done = subprocess.run(self.command(arguments), capture_output=True, text=True, check=False, timeout=60,
                              env=PLAIN | (environment or {}))
        return done.returncode, done.stdout, done.stderr

    def shown(self, *arguments: str, columns: int = 0, environment: dict[str, str] | None = None) -> str:
        """@columns: that the terminal has; 0: it does not know."""
        ready, go = os.pipe()
        pid, terminal = pty.fork()
        if pid == 0:
            os.read(ready, 1)  # the terminal has its size
            os.execve(self.ptprep, self.command(arguments), PLAIN | {"TERM": "linux", "NO_COLOR": "1"} | (environment or {}))
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.write(go, b"x")
        os.close(go)
        os.close(ready)
        seen = filetree.read_terminal(terminal)
        os.waitpid(pid, 0)
        return seen.decode()

    def expect(self, what: str, holds: bool, text: str) -> None:
        if not holds:
            self.errors.append(f"{what}:\n{text}")

    def refused(self, said: str, *arguments: str) -> None:
        code, out, err = self.piped(*arguments)
        self.expect(f"ptprep {' '.join(arguments)}: 64 and {said!r}", code == 64 and not out and re.search(said, err) is not None,
                    f"exit {code}\n{out}{err}")


def widest(text: str) -> int:
    """Of the lines that have more than one word behind their indentation."""
    return max(len(line) for line in text.splitlines() if " " in line.strip())


def widths(p: Person) -> None:
    for verb in ("--check", "list"):
        for columns in (60, 80, 132):
            text = p.shown(verb, columns=columns)
            p.expect(f"{verb} fits into {columns} columns", widest(text) <= columns, text)
        text = p.shown(verb, columns=132, environment={"COLUMNS": "66"})
        p.expect(f"{verb} goes by COLUMNS", widest(text) <= 66, text)
        text = p.shown(verb)
        p.expect(f"{verb} takes 80 columns where the terminal does not know", 60 < widest(text) <= 80, text)
        long = max(len(line) for line in p.piped(verb)[1].splitlines())
        p.expect(f"{verb} cuts nothing off in a pipe", long > 100 and p.piped(verb) == p.piped(verb, environment={"COLUMNS": "40"}), str(long))


def check(p: Person) -> None:
    text = p.shown("--check", columns=120)
    results = re.findall(r"^  (\w+) +(?=\S)", text, re.M)
    p.expect("the worst first", results == sorted(results, key=WORST_FIRST.index) and results[-1] == "ok", text)
    fine = [f for f in json.loads(p.piped("--check", "--json")[1])["findings"] if f["result"] == "ok"]
    p.expect("what is fine is counted", results.count("ok") == 1 and f"  ok       {len(fine)} are fine, and" in text, text)
    p.expect("a cure stands once below all that need it", len(re.findall(r"^ +-> run \"ptprep --apply\", then reboot$", text, re.M)) == 1, text)
    p.expect("-v shows all", p.shown("--check", "-v", columns=1000) == p.piped("--check")[1], p.shown("--check", "-v", columns=1000))
    for option in ("-q", "--quiet"):
        p.expect("quiet is quiet", p.piped("--check", option) == (1, "", ""), str(p.piped("--check", option)))


def listing(p: Person) -> None:
    text = p.shown("list", columns=150)
    rows = re.findall(r"^(0000:[0-9a-f:.]+) ", text, re.M)
    card = [f"0000:01:00.{i}" for i in range(4)]
    p.expect("configured first, the card in one piece", rows[:4] == card and len(rows) == len(set(rows)), text)
    p.expect("marked", re.search(r"^0000:01:00\.0 .*\n +CONFIGURED as gpu: waits for \"ptprep --apply\" and a reboot$", text, re.M) is not None,
             text)
    p.expect("a pipe has the order of addresses", re.findall(r"^(0000:[0-9a-f:.]+) ", p.piped("list")[1], re.M) == sorted(rows),
             p.piped("list")[1])
    for given in (["gpu"], ["1:0.0"], ["10de:1e04"], ["pci_0000_01_00_0"], ["--class=GPU"], ["0x10de:0x1e04"], ["--class=vga", "01:00"],
                  ["/sys/bus/pci/devices/0000:01:00.0"]):
        p.expect(f"list -q {given}", p.piped("list", "-q", *given) == (0, "0000:01:00.0\n", ""), str(p.piped("list", "-q", *given)))
    p.expect("a slot", p.piped("list", "--quiet", "01:00")[1].split() == card, "")
    p.expect("two of them", p.piped("list", "-q", "nic")[1].split() == ["0000:00:04.0", "0000:00:05.0"], "")
    listed = json.loads(p.piped("list", "--json", "gpu")[1])
    p.expect("JSON of one", [(f["kind"], f["configured"], f["claim"]) for f in listed["functions"]] == [("gpu", "gpu", "not-applied")], str(listed))
    words = re.search(r"a word for\s+its class: ([a-z0-9,\s]+)\.", MANUAL.read_text())
    p.expect("the manual has the words for classes", words is not None and words[1].count(",") > 20, str(words))
    for word in words[1].replace(",", " ").split() if words else []:
        p.expect(f"--class={word} of the manual", p.piped("list", "-q", f"--class={word}")[0] == 0, "")
    p.refused(r'no device here is "gpuu", did you mean "gpu"\?', "list", "gpuu")
    p.refused(r'the nearest:\n(ptprep:   0000:01:00\.[0-3]  .*\n){4}', "list", "01:00.7")
    p.refused(r'there is no class "nicc", did you mean "nic"\?', "list", "--class=nicc")
    p.tree.write("/etc/ptprep/ptprep.conf", b"[device gpu]\nadress = 0000:01:00.0\n")
    code, out, err = p.piped("list")
    p.expect("a bad configuration does not stop the list", code == 0 and "0000:01:00.0  10de:1e04" in out and
             re.search(r'^ptprep: /etc/ptprep/ptprep\.conf:2: unknown key "adress".*did you mean "address"\?', err) is not None, out + err)


def half_a_section(p: Person) -> None:
    p.tree.write("/etc/ptprep/ptprep.conf", b"[device gpu]\naddress = 0000:01:00.0\n")
    text = p.piped("--check")[1]
    p.expect("the id that is there is said", "[device gpu] has no id; " in text and "add the line id = 10de:1e04 (address" in text, text)
    p.tree.write("/etc/ptprep/ptprep.conf", b"[device gpu]\naddress = 0000:07:00.0\n")
    text = p.piped("--check")[1]
    p.expect("and none that is not", "has no id, expected a line such as id = 10de:1b80" in text, text)


def pager(p: Person) -> None:
    plain = p.shown("list", columns=90)
    through = {"SYSTEMD_PAGER": "sed 's/^/> /'"}
    for verb in ("--check", "list", "bootloader", "firmware"):
        text = p.shown(verb, columns=90, environment=through)
        p.expect(f"{verb} goes through a pager", text.startswith("> ") and all(line.startswith("> ") for line in text.splitlines()), text)
    text = p.shown("list", columns=90, environment=through)
    p.expect("and is what the terminal would get", re.sub("^> ", "", text, flags=re.M) == plain, text)
    p.expect("PAGER counts as well", p.shown("list", environment={"SYSTEMD_PAGER": "cat", "PAGER": "false"}).startswith("ADDRESS"), "")
    for arguments in (("list", "--no-pager"), ("list", "--quiet"), ("configure", "--dry-run", "nvme")):
        text = p.shown(*arguments, environment=through)
        p.expect(f"not {arguments}", text != "" and not text.startswith("> "), text)
    p.expect("a pager that reads nothing is no error", p.shown("list", environment={"SYSTEMD_PAGER": "true"}) == "", "")
    text = p.shown("list", environment={"SYSTEMD_PAGER": "cat; echo $LESSSECURE $LESS"})
    p.expect("less is a secure one", text.endswith("1 FRSXMK\n"), text)
    code, out, _ = p.piped("list", environment=through)
    p.expect("a pipe has none", code == 0 and out.startswith("ADDRESS"), out)


def colors(p: Person) -> None:
    for environment, colored in (({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": "", "TERM": "dumb"}, False),
                                 ({"SYSTEMD_COLORS": "1"}, True), ({"SYSTEMD_COLORS": "no", "NO_COLOR": ""}, False)):
        text = p.shown("--check", environment=environment)
        p.expect(f"colours with {environment}: {colored}", ("\x1b[" in text) == colored, text)
    p.expect("none in a pipe", "\x1b" not in p.piped("--check", environment={"SYSTEMD_COLORS": "1", "TERM": "linux"})[1], "")


def play(ptprep: str, acts: tuple, person: type[Person]) -> int:
    """Each act by a person of that kind, at a machine of its own. Returns an exit status."""
    failed = 0
    for act in acts:
        with tempfile.TemporaryDirectory(prefix="ptprep-person-") as directory:
            p = person(ptprep, "group-companions", directory)
            act(p)
        print(f"{'ok' if not p.errors else 'FAILED'} {act.__name__}")
        print("".join(f"  {e}\n" for e in p.errors), end="")
        failed += bool(p.errors)
    return 1 if failed else 0


def main() -> int:
    return play(sys.argv[1], (widths, check, listing, half_a_section, pager, colors), Person)


if __name__ == "__main__":
    sys.exit(main())
