#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""From a device that somebody wants to the file that says so: "ptprep configure", asked and not asked.

    run-configure.py PTPREP

Needs root: what it writes only root may write.
"""

import importlib.util
import json
import os
import pathlib
import pty
import re
import sys

import filetree

HERE = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("person", HERE / "run-person.py")
assert spec and spec.loader
person = importlib.util.module_from_spec(spec)
spec.loader.exec_module(person)

DROP_INS = "/etc/ptprep/ptprep.conf.d"
CARD = [f"0000:01:00.{i}" for i in range(4)]


class Person(person.Person):
    def __init__(self, ptprep: str, machine: str, directory: str):
        super().__init__(ptprep, machine, directory)
        self.tree.path("/etc/ptprep/ptprep.conf").unlink()
        self.before = self.tree.snapshot()

    def written(self) -> dict[str, str]:
        """What is new, below the drop-ins and by name; all else is an error."""
        now = self.tree.snapshot()
        new = {n: f[3].decode() for n, f in now.items() if self.before.get(n) != f}
        lost = [n for n in self.before if n not in now]
        self.expect("nothing but drop-ins is changed", not lost and all(n.startswith(DROP_INS) for n in new), f"{lost} {list(new)}")
        return {n.removeprefix(DROP_INS + "/"): text for n, text in new.items()}

    def answers(self, lines: list[str], *arguments: str) -> tuple[int, str]:
        """A person at the terminal, who answers a question as it comes."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(self.ptprep, self.command(arguments), person.PLAIN | {"TERM": "linux", "NO_COLOR": "1"})
        left = list(lines)
        text = filetree.read_terminal(terminal, left).decode()
        _, status = os.waitpid(pid, 0)
        self.expect(f"every answer is asked for: {arguments}", not left, text)
        return os.waitstatus_to_exitcode(status), text


def addresses(text: str) -> list[str]:
    return re.findall(r"^address = (.*)$", text, re.M)


def not_asked(p: Person) -> None:
    code, out, err = p.piped("configure", "gpu")
    p.expect("without --yes it says what would be written", code == 64 and addresses(out) == CARD and "say --yes" in err and not p.written(), out + err)
    dry = p.piped("configure", "--dry-run", "gpu")
    p.expect("so does a dry run", dry == (0, out, "") and not p.written(), str(dry))
    code, said, err = p.piped("configure", "gpu", "--yes")
    p.expect("--yes writes it", code == 0 and p.written() == {"gpu0.conf": out} and "next: run \"ptprep --apply" in said, said + err)
    code, said, err = p.piped("configure", "01:00.0", "--yes")
    p.expect("once", code == 0 and "0000:01:00.0 is configured already, as gpu0 (/etc/ptprep/ptprep.conf.d/gpu0.conf:4)" in err and
             list(p.written()) == ["gpu0.conf"], said + err)
    p.expect("the check takes it", "4 devices configured" in p.piped("--check")[1], p.piped("--check")[1])
    p.expect("and the apply", p.piped("--apply", "--dry-run")[0] == 1, "")


def only(p: Person) -> None:
    code, out, err = p.piped("configure", "--only", "--yes", "10de:1e04", "--set=device.driver=pci-stub", "--set=agent.group=report")
    text = p.written().get("gpu0.conf", "")
    p.expect("--only and settings", code == 0 and addresses(text) == CARD[:1] and "driver = pci-stub\n" in text and
             text.endswith("[agent]\ngroup = report\n"), out + err + text)
    p.expect("what stands in the way is told", "group.viable: IOMMU group 3 is not viable: 0000:01:00.1 in it" in err, err)
    code, out, err = p.piped("configure", "--yes", "gpu")
    p.expect("the rest can follow", code == 0 and addresses(p.written()["audio0.conf"]) == CARD[1:], out + err)


def asked(p: Person) -> None:
    code, text = p.answers(["1", "y"], "configure")
    p.expect("a card of one function needs two answers", code == 0 and addresses(p.written().get("ethernet0.conf", "")) == ["0000:00:04.0"], text)
    code, text = p.answers(["1", ""], "configure", "nic")
    p.expect("a word that means several is a menu, without what is configured", code == 0 and
             addresses(p.written().get("ethernet1.conf", "")) == ["0000:00:05.0"], text)


def menu(p: Person) -> None:
    code, text = p.answers(["7", "x", "3", "yes", "y"], "configure")
    rows = re.findall(r"^ +\d+  (\S+)  (.*)$", text, re.M)
    p.expect("the menu has one line a card, without what the host lives on", [r[0] for r in rows] == ["0000:00:04.0", "0000:00:05.0", "0000:01:00.0"],
             text)
    p.expect("the third is the card", code == 0 and addresses(p.written().get("gpu0.conf", "")) == CARD and "Take them too?" in text, text)
    p.expect("the file is shown before", text.index("address = 0000:01:00.0") < text.index("Write it?"), text)


def declined(p: Person) -> None:
    for lines, arguments in (([""], ("configure",)), (["n", "n"], ("configure", "gpu")), (["1", "n"], ("configure", "nic"))):
        code, text = p.answers(list(lines), *arguments)
        p.expect(f"no is no: {lines}", code == 1 and not p.written(), f"{code}: {text}")
    code, text = p.answers(["n", "y"], "configure", "gpu")
    p.expect("nothing goes along", code == 0 and addresses(p.written()["gpu0.conf"]) == CARD[:1], text)


def guards(p: Person) -> None:
    code, out, err = p.piped("configure", "00:03.0", "--yes")
    p.expect("a guard refuses with its chain and its word", code == 2 and not p.written() and
             "0000:00:03.0 stays with the host: it carries / (/ on vda2 on vda on 0000:00:03.0)" in err and
             "--set=device.scsi0.allow=boot-disk" in err, out + err)
    code, out, err = p.piped("configure", "00:03.0", "--yes", "--set=device.scsi0.allow=boot-disk")
    p.expect("the word lifts it", code == 0 and p.written()["scsi0.conf"].endswith("allow = boot-disk\n"), out + err)


def installers(p: Person) -> None:
    file = p.tree.path("/tmp/mine")
    file.write_text("[device x]\naddress = 0000:00:05.0\nid = 8086:10d3\n")
    code, out, err = p.piped("configure", f"--config={file}", "--yes")
    p.expect("a file is taken", code == 0 and p.written() == {"mine.conf": file.read_text()}, out + err)
    p.expect("twice is once", p.piped("configure", f"--config={file}", "--yes")[0] == 0, "")
    file.write_text("[iommu]\nargument = never\n")
    p.refused(r"mine\.conf is there already and says something else", "configure", f"--config={file}", "--yes")
    file.rename(file.parent / "bad.conf")
    (file.parent / "bad.conf").write_text("[iommu]\nargument = nver\n")
    code, out, err = p.piped("configure", f"--config={file.parent}/bad.conf", "--yes")
    p.expect("a bad one is not", code == 78 and "bad.conf:2: \"nver\" is no valid argument" in err, out + err)
    code, out, err = p.piped("configure", "--set=iommu.argument=when-needed", "--set=agent.enabled=no", "--yes")
    p.expect("settings alone", code == 0 and p.written()["settings0.conf"].endswith("[iommu]\nargument = when-needed\n\n[agent]\nenabled = no\n"),
             out + err)
    p.tree.build(["- /sys", "d /sys"])
    p.before = {n: f for n, f in p.before.items() if not n.startswith("/sys/")}
    code, out, err = p.piped("configure", "--set=iommu.passthrough=yes", "--yes")
    p.expect("an image needs no hardware for that", code == 0 and "passthrough = yes" in p.written()["settings1.conf"], out + err)
    p.expect("but for a device it does", p.piped("configure", "gpu")[0] == 4, "")


def programs(p: Person) -> None:
    """The same as for a person, in one document, and no question."""
    _, text, _ = p.piped("configure", "gpu", "--dry-run")
    path = f"{DROP_INS}/gpu0.conf"
    for arguments, code, written in (["--dry-run"], 0, False), ([], 64, False), (["--yes"], 0, True):
        status, out, err = p.piped("configure", "gpu", "--json", *arguments)
        document = json.loads(out)
        p.expect(f"the file and whether it is written: {arguments}", (status, document["path"], document["text"], document["written"]) ==
                 (code, path, text, written) and document["devices"] == CARD and document["kind"] == "configuration", out + err)
        p.expect("what it says is true", p.written() == ({"gpu0.conf": text} if written else {}), out)
    status, out, err = p.piped("configure", "gpu", "--json", "--yes")
    p.expect("nothing to write", status == 0 and json.loads(out)["path"] is None and not json.loads(out)["written"], out + err)
    code, text = p.answers([], "configure", "nic", "--json")
    p.expect("nobody is asked", code == 64, text)


def unread(p: Person) -> None:
    """What nobody can read gets no section, neither by name nor as a companion."""
    vendor = p.tree.path("/sys/devices/pci0000:00/0000:01:00.1/vendor")
    vendor.unlink()
    vendor.mkdir()
    code, out, err = p.piped("configure", "01:00.1", "--dry-run")
    p.expect("it is refused with the file", code == 4 and out == "" and "0000:01:00.1/vendor: Is a directory" in err, out + err)
    code, out, err = p.piped("configure", "01:00.0", "--dry-run")
    p.expect("the others of the card are taken", code == 0 and addresses(out) == [a for a in CARD if a != CARD[1]], out + err)


def mistakes(p: Person) -> None:
    p.refused(r'say which device, such as "gpu" or 01:00', "configure")
    p.refused(r'no device here is "gpuu", did you mean "gpu"\?', "configure", "gpuu")
    p.refused(r'"nic" can be several devices; say which one by its address:\n.*00:04\.0', "configure", "nic")
    p.refused(r"--set=argument=never: expected SECTION\.KEY=VALUE", "configure", "--set=argument=never")
    p.refused(r"--config=FILE goes with neither", "configure", "--config=/dev/null", "gpu")
    p.refused(r"--config=/nonexistent: No such file", "configure", "--config=/nonexistent")
    code, out, err = p.piped("configure", "--set=iommu.argment=never", "--yes")
    p.expect("a key that there is not", code == 78 and 'did you mean "argument"?' in err, out + err)
    code, out, err = p.piped("configure", "00:1f.4", "--dry-run")
    p.expect("what is named may be the platform's", code == 0 and addresses(out)[0] == "0000:00:1f.4", out + err)
    p.tree.write("/etc/ptprep/ptprep.conf", b"[device x]\n")
    code, out, err = p.piped("configure", "gpu", "--yes")
    p.expect("a configuration that is bad comes first", code == 78 and "/etc/ptprep/ptprep.conf:1: [device x] has no address" in err, out + err)
    p.expect("nothing is written", not p.tree.path(DROP_INS).exists(), "")


def virtual(p: Person) -> None:
    p.tree.path("/sys/bus/pci/devices/0000:00:05.0/physfn").symlink_to("../0000:00:04.0")
    p.before = p.tree.snapshot()
    code, out, err = p.piped("configure", "00:05.0", "--yes")
    p.expect("what comes late is told before anything is applied", code == 0 and "a virtual function is made later than" in err and
             '"vfs" in a section for 0000:00:04.0 has it made at each boot' in err, out + err)
    code, out, err = p.piped("configure", "00:04.0", "--yes", "--set=device.ethernet1.vfs=2", "--set=device.ethernet1.vf-driver=none")
    p.expect("and how many there shall be can be set", code == 0 and "vfs = 2\nvf-driver = none\n" in p.written().get("ethernet1.conf", ""),
             out + err)


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: only root may write a configuration")
        return 77
    return person.play(sys.argv[1], (not_asked, only, asked, menu, declined, guards, installers, programs, unread, mistakes, virtual), Person)


if __name__ == "__main__":
    sys.exit(main())
