#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-asked.py PTPREP: "ptprep --check DEVICE..." tells of these devices and of the host what --check tells, and nothing else.

One machine with a device that is ready, one that is blocked and one that is not there. Needs root, as run-golden.py.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import filetree

MACHINE = "intel-default-on"
CONFIGURATION = b"""[agent]
group = report
[device nic0]
address = 0000:00:04.0
id = 8086:10d3
[device disk]
address = 0000:00:03.0
id = 1af4:1042
[device gone]
address = 0000:00:09.0
id = 10de:1b80
"""
PAIR = b"[device nic0]\naddress = 0000:00:04.0\nid = 8086:10d3\n[device twin]\naddress = 0000:00:05.0\nid = 8086:10d3\n"
SECTIONS = b"""[device nics]
match = id 8086:10d3
[device lost]
id = 10de:2204
[device none]
match = id 1022:*
[device away]
mac = 52:54:00:00:00:99
optional = yes
"""
CARD = "p 0000:01:00.0 10de:1e04 030000 nouveau 8"
# each spelling, the sections that it means
SPELLINGS = [
    ("nic0", "nic0"), ("0000:00:04.0", "nic0"), ("00:04.0", "nic0"), ("0:4.0", "nic0"), ("00:04", "nic0"), ("8086:10d3", "nic0"),
    ("8086:", "nic0"), ("pci_0000_00_04_0", "nic0"), ("/sys/bus/pci/devices/0000:00:04.0", "nic0"), ("nic", "nic0"), ("1af4:1042", "disk"),
    ("gone", "gone"), ("00:09.0", "gone"), ("10de:1b80", "gone"),
]
REFUSED = [
    ("gonne", r'no device here is "gonne", did you mean "gone"\?'),
    ("gqu", r'no device here is "gqu", did you mean "gpu"\?'),
    ("00:0a.0", r'no device here is "00:0a\.0"'),
    ("00:44.0", r'"00:44\.0" is no address'),
    ("gpu", r'"gpu" \(0000:01:00\.0\) is not configured: "ptprep list" says'),
]
HERE_BELOW = 'first do what the line marked "blocked" says'
ELSEWHERE = 'first do what "ptprep --check" says of the other devices'
READY, NOT_READY, BLOCKED, USAGE = 0, 1, 2, 64


class Machine:
    def __init__(self, ptprep: str, tree):
        self.ptprep, self.tree, self.errors = ptprep, tree, []

    def run(self, *arguments: str, status: int | None = None) -> tuple[str, str]:
        done = subprocess.run([self.ptprep, f"--root={self.tree.top}", *arguments], capture_output=True, text=True, check=False, timeout=60)
        if status is not None and done.returncode != status:
            self.errors.append(f"{arguments}: {done.returncode}, not {status}: {done.stdout}{done.stderr}")
        return done.stdout, done.stderr

    def report(self, *devices: str, status: int | None = None) -> dict:
        return json.loads(self.run("--check", *devices, "--json", status=status)[0])

    def same(self, what: str, seen, wanted) -> None:
        if seen != wanted:
            self.errors.append(f"{what}: {seen}, not {wanted}"[:2000])


def of_devices(report: dict, names: set[str]) -> list[dict]:
    """A cure that points to a line that is left out points to the whole report."""
    part = [f for f in report["findings"] if f["device"] is None or f["device"] in names]
    if not any(f["result"] == "blocked" for f in part):
        part = [f | {"cure": ELSEWHERE} if f["cure"] == HERE_BELOW else f for f in part]
    return part


def judge(m: Machine) -> None:
    whole = m.report(status=BLOCKED)
    m.same("of what the findings are", {f["device"] for f in whole["findings"]}, {None, "nic0", "disk", "gone"})
    if HERE_BELOW not in {f["cure"] for f in whole["findings"]}:
        m.errors.append("no cure points to what is blocked")
    m.same("what names a device", [f for f in whole["findings"] if (f["device"] is None) == bool(re.search(r"\(0000:", f["subject"] or ""))], [])
    m.same("what is asked", whole["asked"], None)
    for text, name in SPELLINGS:
        part = m.report(text)
        m.same(f"{text} means", (part["asked"], [d["name"] for d in part["devices"]]), ([name], [name]))
        m.same(f"{text} has the findings", part["findings"], of_devices(whole, {name}))
        m.same(f"{text} has so many", sum(part["counts"].values()), len(part["findings"]))
    part = m.report("gone", "nic0", "00:04.0", status=BLOCKED)
    m.same("two", (part["asked"], [d["name"] for d in part["devices"]]), (["gone", "nic0"], ["nic0", "gone"]))
    m.same("two have the findings", part["findings"], of_devices(whole, {"nic0", "gone"}))
    for text, said in REFUSED:
        out, err = m.run("--check", text, status=USAGE)
        m.same(f"{text} prints", out, "")
        if not re.search(said, err):
            m.errors.append(f"{text}: no {said!r} in {err}")


def statuses(m: Machine) -> None:
    """By what was asked for; a person sees of what."""
    for device, status, verdict in (("nic0", NOT_READY, "not-ready"), ("disk", BLOCKED, "blocked"), ("gone", BLOCKED, "blocked")):
        m.same(f"verdict of {device}", m.report(device, status=status)["verdict"], verdict)
    m.tree.write("/etc/ptprep/ptprep.conf", PAIR)
    m.run("--apply", status=READY)
    m.tree.write("/proc/cmdline", b"BOOT_IMAGE=/boot/vmlinuz-6.1.0-1-amd64 root=/dev/vda2 ro quiet intel_iommu=on ptprep.claim=1\n")
    m.tree.build(["p 0000:00:04.0 8086:10d3 020000 vfio-pci 1", "p 0000:00:05.0 8086:10d3 020000 vfio-pci 2"])
    m.run("--check", status=READY)
    m.tree.build(["p 0000:00:05.0 8086:1533 020000 igb 2"])  # somebody changes the second card
    m.run("--check", status=BLOCKED)
    m.run("--check", "twin", "--quiet", status=BLOCKED)
    out, _ = m.run("--check", "nic0", status=READY)
    for said in ("^ptprep: READY$", r"^of the host and nic0 \(0000:00:04\.0\); nothing of the other devices$", "^next: start the guest: what was asked for"):
        if not re.search(said, out, re.M):
            m.errors.append(f"no {said!r} in {out}")
    m.same("the other in it", re.findall("twin", out), [])
    m.same("its own metrics", re.findall('ptprep_device_claimed{device="([^"]*)"', m.run("--check", "nic0", "--format=prometheus")[0]), ["nic0"])
    m.same("and features", re.findall(r"ptprep\.(?:ready|devices)=(.*)", m.run("--check", "nic0", "--format=nfd")[0]), ["true", "1"])
    m.tree.write("/etc/ptprep/ptprep.conf", CONFIGURATION)  # which makes the image stale, and nothing can cure that before
    out, _ = m.run("--check", "nic0", status=NOT_READY)
    if f"-> {ELSEWHERE}" not in out:
        m.errors.append(f"it is not told where to look: {out}")
    m.tree.write("/etc/ptprep/ptprep.conf", b"[device x]\n")
    m.same("a bad configuration is told whole", m.report("nic0", status=78)["asked"], None)


def makers(m: Machine) -> None:
    """What makes virtual functions stays with the host, and so does what is told of it."""
    m.tree.write("/etc/ptprep/ptprep.conf", PAIR.replace(b"id = 8086:10d3", b"id = 8086:10d3\nvfs = 2", 1))
    for text in ("nic0", "00:04.0", "twin"):
        out, _ = m.run("--check", text)
        if "device.vfs" not in out:
            m.errors.append(f"{text}: what makes virtual functions is not told: {out}")
    out, _ = m.run("--check", "nic0")
    for said in (r"^of the host; nothing of the other devices$", r"blocked +device.vfs +nic0 \(0000:00:04\.0\): "):
        if not re.search(said, out, re.M):
            m.errors.append(f"no {said!r} in {out}")
    m.same("nothing of the other one", re.findall("twin", out), [])


def sections(m: Machine) -> None:
    """A section may mean several devices, or none: its name is an answer all the same."""
    m.tree.write("/etc/ptprep/ptprep.conf", SECTIONS)
    m.tree.build(["p 0000:00:05.0 8086:10d3 020000 e1000e 2"])
    whole = m.report(status=BLOCKED)
    every = {"nics": ["nics.0000-00-04.0", "nics.0000-00-05.0"], "lost": ["lost"], "none": ["none"], "away": ["away"]}
    m.same("of what the findings are", {f["device"] for f in whole["findings"]} - {None}, {n for names in every.values() for n in names})
    for text, names in every.items():
        part = m.report(text)
        m.same(f"{text} means", (part["asked"], [d["name"] for d in part["devices"]]), (names, names if text == "nics" else []))
        m.same(f"{text} has the findings", part["findings"], of_devices(whole, set(names)))
    m.same("verdict of what is lost", m.report("lost", status=BLOCKED)["verdict"], "blocked")
    part = m.report("lost", "nics.0000-00-05.0", "lost", "none")
    m.same("several", part["asked"], ["nics.0000-00-05.0", "lost", "none"])
    m.same("several have the findings", part["findings"], of_devices(whole, set(part["asked"])))
    for arguments, said in ((("lost",), "of the host and lost; nothing of the other devices"),
                            (("nics.0000-00-05.0", "lost"), r"of the host and nics\.0000-00-05\.0 \(0000:00:05\.0\), lost; nothing")):
        if not re.search(f"^{said}", m.run("--check", *arguments)[0], re.M):
            m.errors.append(f"{arguments}: no {said!r}")
    if "of the host and lost; nothing of the other devices" not in m.run("--check", "lost", "--html")[0]:
        m.errors.append("the page does not say what it is of")
    m.same("a set is listed", re.findall("0000:00:0[0-9].0", m.run("list", "nics", "-q")[0]), ["0000:00:04.0", "0000:00:05.0"])
    for name, line in (("lost", 3), ("none", 5)):
        said = f'no device here is as [device {name}] (/etc/ptprep/ptprep.conf:{line}) says: see "ptprep --check {name}"'
        if said not in m.run("list", name)[1]:
            m.errors.append(f"no {said!r}")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ptprep-asked-") as directory:
        tree = filetree.Tree(pathlib.Path(directory))
        tree.build(filetree.read_lines(f"{MACHINE}.tree") + [CARD])
        tree.install_tools()
        tree.write("/etc/ptprep/ptprep.conf", CONFIGURATION)
        m = Machine(sys.argv[1], tree)
        judge(m)
        statuses(m)
        makers(m)
        sections(m)
    print("\n".join(m.errors) or f"{len(SPELLINGS)} spellings, each with its findings")
    return 1 if m.errors else 0


if __name__ == "__main__":
    sys.exit(main())
