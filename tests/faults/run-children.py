#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of ptprep whose children misbehave.

    run-children.py PTPREP [--fault=FAULT] [CASE ...]

The programs that an apply starts write where they have no business, take away what was kept, leave links and directories,
and fail. Each case below says what becomes of that. Whatever it is, what ptprep says of it is true: of a tree that is to the
byte, the mode and the owner as it was it says that everything was put back, and of no other one; what is left it names, and
where the old bytes lie of what it could not put back. FAULT is the program that counts and breaks calls (fault.c).
"""

import concurrent.futures
import dataclasses
import fcntl
import functools
import importlib.util
import itertools
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("golden", HERE.parent / "golden" / "run-golden.py")
assert spec and spec.loader
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)

APPLETS = ("chmod", "dd", "sed", "gzip", "head", "mkfifo", "rmdir", "seq", "setsid", "sleep", "touch", "wc")
UNSEEN = ("/sys/", "/proc/", "/bin", "/dev", "/lib/", "/tmp", "/usr/", "/run", "/var/lib/ptprep/report", "/hidden/")
RELEASE = "6.1.0-1-amd64"
MENU = "/boot/grub/grub.cfg"
IMAGE = f"/boot/initrd.img-{RELEASE}"
DEFAULT = "/etc/default/grub"
DROP_IN = "/etc/default/grub.d/zz-ptprep.cfg"
CLAIMS = "/etc/ptprep/claims"
TOKEN = "0123456789abcdef0123456789abcdef"
UNIFIED = f"/efi/EFI/Linux/{TOKEN}-{RELEASE}.efi"
RESCUE = "/efi/EFI/Linux/rescue.efi"
ENTRY_NAME = f"0123-{RELEASE}.conf"
ENTRY = f"/boot/loader/entries/{ENTRY_NAME}"
VICTIM = "/etc/victim"
TOOLS = {"dracut": "/usr/bin/dracut", "grub-mkconfig": "/usr/sbin/grub-mkconfig", "grubby": "/usr/sbin/grubby",
         "kernel-install": "/usr/bin/kernel-install",
         "proxmox-boot-tool": "/usr/sbin/proxmox-boot-tool"}
# ptprep looks for this line before it takes a program for one that reads drop-ins
HEAD = "#!/bin/sh\n# for x in ${sysconfdir}/default/grub.d/*.cfg ; do\n"
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IMMUTABLE_FL = 0x80086601, 0x40086602, 0x10

DONE, PUT_BACK, DAMAGED = "done", "rolled-back", "damaged"
EXIT = {DONE: (0, 1), PUT_BACK: (3,), DAMAGED: (5,)}


class Skipped(Exception):
    """This system cannot play a case."""


@dataclasses.dataclass
class Case:
    name: str
    machine: str
    tools: dict[str, str]                                          # program: what it does in its own place
    verdict: str = PUT_BACK
    left: tuple[str, ...] = ()                                     # what is told to be left
    lost: dict[str, str | None] = dataclasses.field(default_factory=dict) # not put back: where it is told to be
    before: tuple[str, ...] = ()                                   # lines of a tree, on top of the machine
    around: str = ""                                               # name of a function of this file
    says: str = ""                                                 # in what is printed
    stays: tuple[str, ...] = ()                                    # of a run before

    def __post_init__(self) -> None:
        assert self.lost or self.verdict != DAMAGED


def fails(body: str) -> str:
    return f"{HEAD}{body}\nexit 1\n"


def good(tool: str, first: str = "", last: str = "") -> str:
    """The stand-in of the golden machines, with something before and behind what it does."""
    text = (HERE.parent / "golden" / "tools" / tool).read_text()
    assert text.count("set -eu\n") == 1
    return text.replace("set -eu\n", f"set -eu\n{first}\n") + last + "\n"


def each(name: str, path: str, tool: str, machine: str = "intel-off") -> list[Case]:
    """All that a program can do to a file that is not its own, and then it fails. @name: of the kind of step."""
    ways = {
        "cuts": f": >{path}",
        "appends to": f"echo x >>{path}",
        "removes": f"rm {path}",
        "closes": f"chmod 000 {path}",
        "makes an empty directory of": f"rm {path}; mkdir {path}",
        "makes a link of": f"rm {path}; ln -s {VICTIM} {path}",
        "makes a pipe of": f"rm {path}; mkfifo {path}",
        "takes the backup of, and cuts": f"rm -f {path}.ptprep-old; : >{path}",
        "takes the backup of, and removes": f"rm -f {path}.ptprep-old {path}",
        "takes all around": f"rm -r {os.path.dirname(path)}",
    }
    cases = [Case(f"{name}: {tool} {way} it", machine, {tool: fails(body)}) for way, body in ways.items()
             if way != "takes all around" or path == MENU]
    full = Case(f"{name}: {tool} makes a full directory of it", machine, {tool: fails(f"rm {path}; mkdir {path}; echo x >{path}/x")},
                left=(f"{path}.ptprep-left",))
    return cases + [full]


def image(says: str, *changes: tuple[str, str], first: str = "", last: str = "", before: tuple[str, ...] = (),
          verdict: str = PUT_BACK) -> Case:
    """dracut ends with 0, whatever it has made. @changes: in the stand-in, old text and new."""
    text = good("dracut", first, last)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    name = f"dracut makes an image that {says}" if says else "dracut reports an error and makes an image that lacks nothing"
    return Case(name, "intel-off", {"dracut": text}, verdict, before=before, says=says)


def cut(size: str) -> str:
    return f's=$(wc -c <"$image"); head -c {size} "$image" >/tmp/cut; cat /tmp/cut >"$image"'


def old_image(*files: str) -> tuple[str, ...]:
    """Lines of a tree: the image that boots now, with more in it."""
    return (f"f {IMAGE} cpio", "| init #!/bin/sh", "| usr/lib/dracut/build-parameter.txt --force", *(f"| {f} {'x' * 40}" for f in files))


def links(path: str) -> list[str]:
    """Lines of a tree: what is opened at any name that can be thought of leads to somebody else's file."""
    directory, name = os.path.split(path)
    names = [f"{name}{suffix}" for suffix in (".ptprep-new", ".ptprep-new.new", ".ptprep-old", ".new")]
    return [f"l {directory}/{n} {VICTIM}" for n in (*names, f".{name}.ptprep-new")]


def menu_lines(machine: str) -> list[str]:
    lines = golden.read_lines(f"{machine}.tree")
    last = max(i for i, line in enumerate(lines) if line == f"f {MENU}")
    return list(itertools.takewhile(lambda line: line.startswith("| "), lines[last + 1:]))


def strange(cases: list[Case], path: str) -> list[Case]:
    """What another program has written into a file that ptprep wrote is not thrown away."""
    for case in cases:
        if any(f" {way} it" in case.name for way in ("cuts", "appends to", "and cuts")):
            case.left = (f"{path}.ptprep-left",)
    return cases


EXT4 = f"usr/lib/modules/{RELEASE}/kernel/fs/ext4/ext4.ko"
BONDING = f"usr/lib/modules/{RELEASE}/kernel/drivers/net/bonding/bonding.ko"
SAID = 'echo "dracut-install: ERROR: installing cryptsetup"; seq 1000'

MENU_LINES = menu_lines("intel-off")
LARGE_RESCUE = (f"f {RESCUE} uki", '| .osrel PRETTY_NAME="Debian GNU/Linux 13 (trixie)"', "| .cmdline root=/dev/vda2 rescue", f"| .uname {RELEASE}",
                "| .linux " + "x" * (2 << 20))

CASES = [
    # an image is believed only whole
    image("is damaged, or ends too early", last=cut("$((s - 4))")),
    image("is damaged, or ends too early", last=cut("300")),
    image("is damaged, or ends too early", last=": >$image"),
    image("is damaged, or ends too early", last="seq 100 >$image"),
    image("is damaged, or ends too early", last=f'gzip <"$image" >/tmp/gz; cat /tmp/gz >"$image"; {cut("$((s - 5))")}'),
    image("has no init that the kernel could start", ('chmod 755 "$tree/init"', 'rm "$tree/init"')),
    image("has no init that the kernel could start", ('chmod 755 "$tree/init"', "")),
    image("lacks the claim list", (' cp /etc/ptprep/claims "$tree/etc/ptprep/claims"', " :")),
    image("lacks the claim helper", (' cp /usr/lib/ptprep/ptprep-claim "$tree/usr/lib/ptprep/ptprep-claim"', " :")),
    image("has another claim list or helper in it", (' cp /etc/ptprep/claims "$tree/etc/ptprep/claims"', ' echo x >"$tree/etc/ptprep/claims"')),
    image("has a claim helper that is not executable", ('"$tree/usr/lib/ptprep/ptprep-claim"', '"$tree/usr/lib/ptprep/ptprep-claim"; chmod 644 "$tree/usr/lib/ptprep/ptprep-claim"')),
    # nor when it lacks what the old one has and this system cannot do without
    image(f"lacks {EXT4}, which the old one has and this system uses",
          before=(*old_image(EXT4, BONDING), f"f /{EXT4}", f"f /{BONDING}", "f /proc/modules", "| bonding 1 0 - Live 0x0", "| ext4 1 0 - Live 0x0")),
    image("has less than half in it of what the old one has beside drivers: it lacks usr/bin/a, usr/bin/b", before=old_image("usr/bin/a", "usr/bin/b")),
    image("lacks usr/bin/cryptsetup, which the old one has", first=SAID, before=(*old_image("usr/bin/cryptsetup"), "f /usr/bin/cryptsetup")),
    image("", first=SAID, before=old_image("usr/bin/cryptsetup")[:3], verdict=DONE),
    *each("menu", MENU, "grub-mkconfig"),
    *each("image", IMAGE, "dracut"),
    *each("unified image", UNIFIED, "kernel-install", "uki"),
    *strange(each("file", DEFAULT, "grub-mkconfig"), DEFAULT),
    *strange(each("new file", CLAIMS, "grub-mkconfig"), CLAIMS),
    *each("record", "/var/lib/ptprep/record", "grub-mkconfig"),
    *each("original", "/var/lib/ptprep/originals/etc/default/grub", "grub-mkconfig"),
    Case("a menu that is cut although a good one is made", "intel-off", {"grub-mkconfig": good("grub-mkconfig", f": >{MENU}")}, DONE),
    Case("an image that is cut although a good one is made, and a failure later", "intel-off",
         {"dracut": good("dracut", last=f": >{IMAGE}"), "grub-mkconfig": fails("")}),
    Case("the state directory goes, and a failure later", "intel-off",
         {"dracut": good("dracut", last="rm -r /var/lib/ptprep"), "grub-mkconfig": fails("")}),
    Case("all backups go, and a failure later", "intel-off",
         {"grub-mkconfig": fails(f"rm {DEFAULT}.ptprep-old {IMAGE}.ptprep-old {MENU}.ptprep-old")}),
    # what a program is asked for is no plain file of its own
    *[Case(f"{tool} makes {what} of the trial file", "intel-off", {tool: HEAD + f'for trial; do case $trial in *.ptprep-new) {body};; esac; done\n'},
           before=(f"f {VICTIM}", "| mine"))
      for tool in ("grub-mkconfig", "dracut")
      for what, body in {"nothing": ":", "a link": f'ln -s {VICTIM} "$trial"', "a second name": f'ln {VICTIM} "$trial"',
                         "a directory": 'mkdir "$trial"', "a pipe": 'mkfifo "$trial"'}.items()],
    *[Case(f"{tool} makes a full directory of the trial file", "intel-off",
           {tool: HEAD + f'for trial; do case $trial in *.ptprep-new) mkdir "$trial"; echo x >"$trial/x";; esac; done\n'},
           left=(f"{path}.ptprep-left",)) for tool, path in {"grub-mkconfig": MENU, "dracut": IMAGE}.items()],
    # what lies there is not written into
    *[Case(f"links at all names that a run might have for {path}", machine, {}, DONE, before=(f"f {VICTIM}", "| mine", *links(path)))
      for machine, path in (("intel-off", MENU), ("intel-off", IMAGE), ("intel-off", DEFAULT), ("intel-off", DROP_IN), ("intel-off", CLAIMS),
                            ("intel-off", "/var/lib/ptprep/record"), ("intel-off", "/var/lib/ptprep/transaction"), ("fedora-bls", ENTRY))],
    *[Case(f"a link at the name of the editor's {what}", "fedora-bls", {}, DONE, before=(f"f {VICTIM}", "| mine", f"f /srv/{ENTRY_NAME}", "| mine", f"l {at} {to}"))
      for what, at, to in (("copy", f"/run/ptprep/entries/{ENTRY_NAME}", VICTIM), ("directory", "/run/ptprep/entries", "/srv"))],
    Case("a full directory at a name that a trial file might have", "intel-off", {}, DONE, before=(f"f {MENU}.ptprep-new/x",)),
    # beside an image
    Case("kernel-install leaves a directory of the image's own", "uki",
         {"kernel-install": fails(f"mkdir {UNIFIED}.extra.d; printf junk >{UNIFIED}")}),
    Case("kernel-install leaves a full directory of the image's own", "uki",
         {"kernel-install": fails(f"mkdir {UNIFIED}.extra.d; echo x >{UNIFIED}.extra.d/x.cred; printf junk >{UNIFIED}")},
         left=(f"{UNIFIED}.extra.d",)),
    Case("kernel-install gives the image another name", "uki",
         {"kernel-install": fails(f"mv {UNIFIED} /efi/EFI/Linux/{TOKEN}-{RELEASE}+3.efi")}),
    Case("somebody makes another image meanwhile", "uki",
         {"kernel-install": fails(f"printf mine >/efi/EFI/Linux/other.efi; printf junk >{UNIFIED}")}, left=("/efi/EFI/Linux/other.efi",)),
    Case("somebody makes an image of a longer name meanwhile", "uki",
         {"kernel-install": fails(f"printf mine >/efi/EFI/Linux/{TOKEN}-{RELEASE}-debug.efi")},
         left=(f"/efi/EFI/Linux/{TOKEN}-{RELEASE}-debug.efi",)),
    Case("kernel-install makes a link of the image and succeeds", "uki",
         {"kernel-install": good("kernel-install", last='mv "$image" /tmp/real; ln -s /tmp/real "$image"')},
         says="something else than a plain file"),
    # what was there beside its own
    *[Case(f"kernel-install {what} and succeeds", "uki", {"kernel-install": good("kernel-install", last=body)}, says=says) for what, body, says in (
        ("removes another image", "rm /efi/EFI/Linux/rescue.efi", "has lost the image rescue.efi"),
        ("makes the rescue image the default", "echo default rescue.efi >/efi/loader/loader.conf", "by default, and"))],
    Case("kernel-install removes another image and what it shall make, and fails", "uki",
         {"kernel-install": fails(f"rm /efi/EFI/Linux/rescue.efi {UNIFIED}; echo timeout 1 >/efi/loader/loader.conf")}),
    *[Case(f"kernel-install {what} another image, and fails", "uki", {"kernel-install": fails(f"chmod 000 {RESCUE}{then}")})
      for what, then in (("closes", ""), ("closes and removes", f"; rm {RESCUE}"))],
    Case("kernel-install writes into another image that is too large to be kept, and fails", "uki", {"kernel-install": fails(f"printf junk >>{RESCUE}")},
         DAMAGED, lost={RESCUE: None}, before=LARGE_RESCUE, says="a program wrote into it, and nobody has the old bytes"),
    Case("kernel-install removes another image that is too large to be kept, and fails", "uki", {"kernel-install": fails(f"rm {RESCUE}")},
         before=LARGE_RESCUE),
    Case("grub-mkconfig loses another system", "intel-off", {}, DONE, before=(f"f {MENU}", *MENU_LINES, "| menuentry 'Windows' {", "| chainloader +1", "| }"),
         says='the entry "Windows" is not in it any more'),
    Case("grub-mkconfig loses an initramfs", "intel-off", {"grub-mkconfig": good("grub-mkconfig", last="sed -i '/initrd/d' \"$grub_cfg\"")},
         says="has no initramfs in the entry"),
    # what cannot be put back
    Case("proxmox-boot-tool cannot run again", "proxmox-systemd-boot",
         {"proxmox-boot-tool": fails("")}, DAMAGED, lost={"/etc/kernel/proxmox-boot-uuids": None}),
    Case("the disk is read-only in the middle", "intel-off", {"grub-mkconfig": fails("mkfifo /tmp/go; read -r x </tmp/go")}, DAMAGED,
         lost={DEFAULT: f"{DEFAULT}.ptprep-old", DROP_IN: None}, around="read_only_in_the_middle /etc/default"),
    Case("the menu is cut, and the disk is read-only then", "intel-off", {"grub-mkconfig": fails(f": >{MENU}; mkfifo /tmp/go; read -r x </tmp/go")},
         DAMAGED, lost={MENU: f"{MENU}.ptprep-old", IMAGE: f"{IMAGE}.ptprep-old"}, around="read_only_in_the_middle /boot"),
    Case("the menu is no menu any more, and the disk is read-only then", "intel-off",
         {"grub-mkconfig": fails(f"rm {MENU}; mkdir {MENU}; mkfifo /tmp/go; read -r x </tmp/go")},
         DAMAGED, lost={MENU: f"{MENU}.ptprep-old", IMAGE: f"{IMAGE}.ptprep-old"}, around="read_only_in_the_middle /boot"),
    Case("no room for a copy of the image, which is cut", "intel-off", {"dracut": fails(f": >{IMAGE}")}, DAMAGED,
         lost={IMAGE: None}, around="little_room"),
    Case("no room for a copy of the image, which is left alone", "intel-off", {"dracut": fails("")}, around="little_room"),
    Case("no room for a copy of the image, and all goes well", "intel-off", {}, DONE, around="little_room"),
    *[Case(f"{path} is immutable", "intel-off", {}, around=f"immutable {path}") for path in (DEFAULT, MENU, IMAGE)],
    # the platform's editor of a file
    *[Case(f"grubby {what}", "fedora-bls", {"grubby": HEAD + body + "\n"}, verdict, says=says) for what, body, verdict, says in (
        ("does nothing", "", DONE, ""), ("fails", "exit 1", DONE, ""), ("cuts the entry", f": >{ENTRY}", DONE, ""),
        ("removes the entry", f"rm {ENTRY}", DONE, ""), ("removes its copy", "rm /run/ptprep/entries/*", DONE, ""),
        ("makes a link of the entry", f"rm {ENTRY}; ln -s {VICTIM} {ENTRY}", DONE, ""),
        ("makes a directory of the entry", f"rm {ENTRY}; mkdir {ENTRY}", PUT_BACK, "Is a directory"))],
    # what goes on behind it
    Case("a child stays in the background", "intel-off", {"grub-mkconfig": good("grub-mkconfig", last="sleep 1000 &")}, DONE),
    Case("a child out of its session stays in the background", "intel-off",
         {"dracut": good("dracut", last="setsid sh -c 'sleep 1000; : >$0' \"$image\" &")}, DONE),
]


def mount(*arguments: str) -> None:
    if subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode != 0:
        raise Skipped("nothing can be mounted here")


def read_only_in_the_middle(tree: golden.Tree, run, where: str):
    """A directory is a file system of its own, and read-only from the middle of the run on. Once it is not any more, the next
    run puts back first what this one could not: it fails as well, and leaves all as it was before both."""
    directory = tree.path(where)
    saved = tree.path("/tmp/saved")
    subprocess.run(["cp", "-a", str(directory), str(saved)], check=True)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(directory))

    def close() -> None:
        fifo = tree.path("/tmp/go")
        while not fifo.exists():
            if done.wait(0.01):
                return
        with fifo.open("w") as f: # the program has come this far
            subprocess.run(["mount", "-o", "remount,ro", str(directory)], check=True)
            f.write("go\n")

    done = threading.Event()
    thread = threading.Thread(target=close)
    try:
        subprocess.run(["cp", "-a", f"{saved}/.", str(directory)], check=True)
        thread.start()
        yield run
        done.set()
        thread.join()
        subprocess.run(["mount", "-o", "remount,rw", str(directory)], check=True)
        tree.write(TOOLS["grub-mkconfig"], fails("").encode())
        tree.path(TOOLS["grub-mkconfig"]).chmod(0o755)
        yield run
    finally:
        done.set()
        if thread.ident:
            thread.join()
        subprocess.run(["umount", str(directory)], check=True)


def little_room(tree: golden.Tree, run):
    """/boot is small, and its image large."""
    directory = tree.path("/boot")
    saved = directory.rename(directory.with_name("boot.saved"))
    directory.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "mode=755,size=2M", "tmpfs", str(directory))
    except Skipped:
        directory.rmdir()
        saved.rename(directory)
        raise
    try:
        subprocess.run(["cp", "-a", f"{saved}/.", str(directory)], check=True)
        with tree.path(IMAGE).open("ab") as f:
            f.write(b"\0" * 800_000)
        yield run
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def plainly(_tree: golden.Tree, run):
    yield run


def immutable(tree: golden.Tree, run, path: str):
    with tree.path(path).open("rb") as f:
        try:
            flags, = struct.unpack("l", fcntl.ioctl(f, FS_IOC_GETFLAGS, struct.pack("l", 0)))
            fcntl.ioctl(f, FS_IOC_SETFLAGS, struct.pack("l", flags | FS_IMMUTABLE_FL))
        except OSError as e:
            raise Skipped(f"nothing can be made immutable here: {e.strerror}") from e
        try:
            yield run
        finally:
            fcntl.ioctl(f, FS_IOC_SETFLAGS, struct.pack("l", flags))


def look(top: pathlib.Path) -> dict[str, tuple]:
    """All that matters, with mode and owner, directories and links as well."""
    seen = {}
    for directory, directories, files in os.walk(top):
        for name in directories + files:
            path = pathlib.Path(directory) / name
            known = "/" + path.relative_to(top).as_posix()
            stat = path.lstat()
            what: object = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            if not known.startswith(UNSEEN) and known != "/var/lib/ptprep":
                seen[known] = (oct(stat.st_mode), stat.st_uid, stat.st_gid, what)
    return seen


def below(name: str, paths: tuple[str, ...]) -> bool:
    return any(name == p or name.startswith(p + "/") for p in paths)


def judge(case: Case, old: dict, new: dict, done: subprocess.CompletedProcess, report: dict) -> list[str]:
    changed = sorted(n for n in old.keys() | new.keys() if old.get(n) != new.get(n))
    undone = {u["path"]: u for u in report["roll_back"]}
    failed = {p: u["old_at"] for p, u in undone.items() if u["result"] == "failed"}
    left = tuple(sorted(p for u in undone.values() for p in u["left"]))
    errors = []
    if done.returncode not in EXIT[case.verdict]:
        errors.append(f"exit status {done.returncode}")
    if case.verdict == DONE:
        return errors + ["something was taken back"] * bool(undone)
    if report["verdict"] != case.verdict:
        errors.append(f"verdict {report['verdict']}")
    if left != tuple(sorted(case.left)):
        errors.append(f"told to be left: {left}")
    if failed != case.lost:
        errors.append(f"told not to be put back: {failed}")
    # what was not put back may have brought its backup, and the list of what was left for the next run
    trace = tuple(f"{p}.ptprep-old" for p in case.lost) + ("/var/lib/ptprep",) * bool(case.lost)
    errors += [f"{n} is not as it was: {old.get(n)} {new.get(n)}" for n in changed if not below(n, (*case.left, *case.lost, *case.stays, *trace)) and not any(p.startswith(n + "/") for p in case.left)]
    errors += [f"{at} has not what {p} was" for p, at in failed.items() if at and new[at][3] != old[p][3]]
    whole = not case.left and not case.lost
    for sentence in ("everything was put back", "the host boots as before"):
        if (sentence in done.stdout) != whole:
            errors.append(f'"{sentence}" is said' if not whole else f'"{sentence}" is not said')
    errors += [f'"{line}" is not said' for line in [f"left: {p}" for p in case.left] + [f"not put back: {p}:" for p in case.lost]
               if line not in done.stdout]
    return errors


def run(ptprep: str, tree: golden.Tree, *arguments: str, under: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    return subprocess.run([*under, ptprep, f"--root={tree.top}", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=120, env=os.environ | {"LC_ALL": "C", "NO_COLOR": "1"})


def prepare(case: Case, tree: golden.Tree) -> None:
    tree.build(golden.read_lines(f"{case.machine}.tree"))
    tree.install_tools()
    for applet in APPLETS:
        tree.link(f"/bin/{applet}", "busybox")
    tree.path("/tmp").mkdir(exist_ok=True)
    tree.build(list(case.before))
    for tool, text in case.tools.items():
        tree.write(TOOLS[tool], text.encode())
        tree.path(TOOLS[tool]).chmod(0o755)


def play(ptprep: str, case: Case, directory: pathlib.Path) -> list[str]:
    tree = golden.Tree(directory)
    prepare(case, tree)
    name, *arguments = case.around.split() or ["plainly"]
    around = globals()[name](tree, run, *arguments)
    errors: list[str] = []
    old: dict = {}
    for call in around: # what is around a run is taken away behind it
        old = old or look(directory)
        done = call(ptprep, tree, "--apply")
        stored = tree.path("/var/lib/ptprep/report.json")
        if not stored.exists():
            return [f"no report: {done.stdout}"]
        errors += judge(case, old, look(directory), done, json.loads(stored.read_text()))
        if case.says and case.says not in done.stdout:
            errors.append(f'"{case.says}" is not said')
        told = set(re.findall(r"record.restored +([^:]+): .* is in (.*)", call(ptprep, tree, "--check").stdout))
        if told != {(p, at) for p, at in case.lost.items() if at}:
            errors.append(f"still to be put back: {told}")
        # what could not be taken away is still in the record
        case = dataclasses.replace(case, verdict=PUT_BACK, lost={}, says="", stays=("/var/lib/ptprep", *(p for p, at in case.lost.items() if not at)))
    errors += [f"{path} was written into" for path in (VICTIM, f"/srv/{ENTRY_NAME}")
               if tree.path(path).exists() and tree.path(path).read_text() != "mine\n"]
    # what it did and found is long, and is in the report
    told = [line for line in done.stdout.splitlines() if re.match(r"ptprep: [A-Z]|failed|left|not put|next|      \|", line)]
    return errors + told * bool(errors)


@dataclasses.dataclass
class Revert:
    """Reverts one behind the other, each with other programs: what each comes to."""
    name: str
    machine: str
    # programs, exit status, what is said, and what is not as it was before ptprep
    rounds: tuple[tuple[dict[str, str], int, str, set[str]], ...]
    keeps: tuple[str, ...] = ()                                    # as it was before these reverts while they end with PART
    around: str = "plainly"
    before: tuple[str, ...] = ()


PART = 2
BUILT = {IMAGE, MENU}                                              # made anew, and not the same
REBUILT = {IMAGE, UNIFIED}
STATE = {"/var/lib/ptprep/images", "/var/lib/ptprep/record"}
WAITING = STATE | {"/etc/kernel/cmdline"}
ALL_BACK = "REVERTED: nothing of ptprep's is left"
REVERTS = [
    Revert("revert without a program that builds images", "intel-off",
           (({"dracut": fails("")}, PART, "ptprep's claim list is still in it", BUILT | {"/var/lib/ptprep/images"}), ({"dracut": good("dracut")}, 0, ALL_BACK, BUILT)),
           keeps=(IMAGE,)),
    Revert("revert without a program that builds images, of which one is part of another", "uki",
           (({"dracut": fails("")}, PART, "which it is made of, could not be built", REBUILT | WAITING), ({"dracut": good("dracut")}, 0, ALL_BACK, REBUILT)),
           keeps=(IMAGE, UNIFIED)),
    Revert("revert without kernel-install", "uki",
           (({"kernel-install": fails("")}, PART, "ptprep's arguments and claim list are still in it", REBUILT | WAITING),
            ({"kernel-install": fails(f": >{UNIFIED}")}, PART, "run \"ptprep revert\" again", REBUILT | WAITING),
            ({"kernel-install": good("kernel-install")}, 0, ALL_BACK, REBUILT)),
           keeps=(UNIFIED,)),
    Revert("revert on a full EFI system partition", "uki", (({}, 0, ALL_BACK, REBUILT),), around="full_partition"),
    Revert("revert on a full EFI system partition, where a program cuts the image", "uki",
           (({"kernel-install": fails(f"printf junk >{UNIFIED}")}, PART, "until then it boots and claims as before", REBUILT | WAITING),
            ({"kernel-install": good("kernel-install")}, 0, ALL_BACK, REBUILT)),
           keeps=(UNIFIED,), around="full_partition"),
    Revert("revert where there is no room for a copy of the image anywhere", "uki",
           (({}, PART, "could not be copied to have a way back", REBUILT | WAITING),), keeps=(UNIFIED,), around="full_everywhere",
           before=(f"f /boot/vmlinuz-{RELEASE}", *["| " + "x" * 1000] * 100)),
]


def small(tree: golden.Tree, where: str, mounted: list[str], room: str) -> None:
    """A directory becomes a file system of its own."""
    directory = tree.path(where)
    saved = directory.rename(f"{directory}.saved")
    directory.mkdir()
    try:
        mount("-t", "tmpfs", "-o", f"mode=755,size={room}", "tmpfs", str(directory))
    except Skipped:
        directory.rmdir()
        saved.rename(directory)
        raise
    mounted.append(str(directory))
    subprocess.run(["cp", "-a", f"{saved}/.", str(directory)], check=True)
    subprocess.run(["rm", "-r", str(saved)], check=True)


def fill(directory: pathlib.Path, but: int) -> None:
    """No more bytes than these are free, but for those of files that are written over."""
    with (directory / "filler").open("wb", buffering=0) as f:
        try:
            while f.write(b"\0" * 4096):
                pass
        except OSError:
            f.truncate(f.tell() - but)


def full_partition(tree: golden.Tree, full: tuple[tuple[str, int], ...] = (("/efi", 0),)):
    mounted: list[str] = []
    try:
        for where, but in full:
            small(tree, where, mounted, "4M")
            fill(tree.path(where), but)
        yield
    finally:
        for directory in mounted:
            subprocess.run(["umount", directory], check=True)


def full_everywhere(tree: golden.Tree):
    yield from full_partition(tree, (("/efi", 0), ("/var", 32 * 1024)))


def play_revert(ptprep: str, case: Revert, directory: pathlib.Path) -> list[str]:
    tree = golden.Tree(directory)
    prepare(Case(case.name, case.machine, {}, before=case.before), tree)
    old = look(directory)
    run(ptprep, tree, "--apply")
    errors = []
    for _ in globals()[case.around](*((tree, run) if case.around == "plainly" else (tree,))):
        kept = {path: tree.path(path).read_bytes() for path in case.keeps}
        for tools, status, said, differ in case.rounds:
            for tool, text in tools.items():
                tree.write(TOOLS[tool], text.encode())
                tree.path(TOOLS[tool]).chmod(0o755)
            done = run(ptprep, tree, "revert")
            new = look(directory)
            changed = {n for n in old.keys() | new.keys() if old.get(n) != new.get(n) and n not in ("/etc/dracut.conf.d", "/etc/modprobe.d")
                       and not n.endswith("/filler")}
            lines = done.stdout.split("\nchanged:\n")[-1].split("\n\n")[0].splitlines()
            reported = {line.split()[1] for line in lines if line.startswith("  ")}
            if done.returncode != status or said not in done.stdout or changed != differ:
                errors.append(f"{done.returncode}, {changed ^ differ}: {done.stdout}")
            if status == PART:
                errors += [f"{path} is not as it was" for path, data in kept.items() if tree.path(path).read_bytes() != data]
                errors += [f"{path} is told to be changed: {lines}" for path in kept if path in reported or any("kernel-install" in line for line in lines)]
    return errors


def play_room(ptprep: str, directory: pathlib.Path) -> list[str]:
    """A boot that fails for want of room is not repeated before there is room."""
    tree = golden.Tree(directory)
    prepare(Case("room", "intel-off", {"dracut": good("dracut", "echo >>/tmp/ran")}), tree)
    tree.write("/var/lib/ptprep/network", (HERE.parent / "boot" / "image" / "no-network").read_bytes())
    mounted: list[str] = []
    errors = []
    try:
        small(tree, "/boot", mounted, "4M")
        fill(tree.path("/boot"), 4096)
        for room, tried, status in ((False, 1, 3), (False, 0, 3), (True, 1, 0), (True, 0, 0)):
            tree.write("/tmp/ran", b"")
            if room:
                tree.path("/boot/filler").unlink(missing_ok=True)
            done = run(ptprep, tree, "--apply", "--boot")
            if (len(tree.path("/tmp/ran").read_bytes()), done.returncode) != (tried, status):
                errors.append(f"{room}, {tried}, {status}: {done.returncode}: {done.stdout}")
    finally:
        for place in mounted:
            subprocess.run(["umount", place], check=True)
    return errors


def play_names(ptprep: str, directory: pathlib.Path) -> list[str]:
    """What a program is told to make has another name in each run, and in none one that an earlier run has shown."""
    tell = 'for trial; do case $trial in *.ptprep-new) echo "$trial" >>/tmp/trials;; esac; done\n'
    tree = golden.Tree(directory)
    prepare(Case("names", "intel-off", {"grub-mkconfig": HEAD + tell + "exit 1\n", "dracut": good("dracut", tell)}), tree)
    for _ in range(3):
        run(ptprep, tree, "--apply")
    trials = tree.path("/tmp/trials").read_text().split()
    return [] if len(set(trials)) == 6 else [f"the trial files were {trials}"]


def outcome(ptprep: str, case: Case) -> list[str] | Skipped:
    """In a process of its own: of a program that is being written in one thread, a child that another one forks has the
    descriptor as well until it becomes something else, and until then nobody can start that program (ETXTBSY)."""
    with tempfile.TemporaryDirectory(prefix="ptprep-children-") as directory:
        try:
            return play(ptprep, case, pathlib.Path(directory))
        except Skipped as e:
            return e


def play_killed(ptprep: str, fault: str, directory: pathlib.Path) -> list[str]:
    """A run that ends while another image is given its place again leaves nothing that the next one does not take away."""
    tree = golden.Tree(directory / "count")
    prepare(case := Case("killed", "uki", {"kernel-install": fails(f"rm {RESCUE}")}), tree)
    calls = directory / "calls"
    run(ptprep, tree, "--apply", under=(fault, "count", str(calls)))
    lines = [line.split("\t") for line in calls.read_text().splitlines()]
    numbers = [line[0].split()[0] for line in lines if "rename" in line[0] and line[-1].endswith(RESCUE)]
    if len(numbers) != 1:
        return [f"the image is put back {len(numbers)} times: {lines}"]
    tree = golden.Tree(directory / "kill")
    prepare(case, tree)
    run(ptprep, tree, "--apply", under=(fault, "kill", numbers[0]))
    found = [path.name for path in tree.path("/efi").rglob("rescue.efi.*")]
    run(ptprep, tree, "--apply")
    left = [path.name for path in tree.path("/efi").rglob("rescue.efi.*")]
    return ([] if len(found) == 1 and re.search(r"\.\d+\.ptprep-new$", found[0]) else [f"found {found}"]) + [f"{name} is left" for name in left]


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: misbehaving children need root for chroot(2)")
        return 77
    if not os.path.exists(golden.BUSYBOX):
        print(f"{golden.BUSYBOX} is missing: install busybox-static")
        return 1
    ptprep, *names = sys.argv[1:]
    fault = names.pop(0).removeprefix("--fault=") if names and names[0].startswith("--fault=") else None
    cases = [c for c in CASES if not names or any(re.search(n, c.name) for n in names)]

    failed = 0
    specials = {case.name: functools.partial(play_revert, ptprep, case) for case in REVERTS} | \
        {"names of trial files": functools.partial(play_names, ptprep), "a boot without room": functools.partial(play_room, ptprep)}
    if fault:
        specials["a run that is killed while it puts another image back"] = functools.partial(play_killed, ptprep, fault)
    for name, special in specials.items():
        if names and not any(re.search(n, name) for n in names):
            continue
        with tempfile.TemporaryDirectory(prefix="ptprep-children-") as directory:
            try:
                errors = special(pathlib.Path(directory))
            except Skipped as e:
                print(f"SKIPPED {name}: {e}")
                continue
        print(f"{'FAILED' if errors else 'ok'} {name}", *errors, sep="\n    ")
        failed += bool(errors)
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for case, errors in zip(cases, pool.map(functools.partial(outcome, ptprep), cases)):
            if isinstance(errors, Skipped):
                print(f"SKIPPED {case.name}: {errors}")
                continue
            print(f"{'FAILED' if errors else 'ok'} {case.name}", *errors, sep="\n    ")
            failed += bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
