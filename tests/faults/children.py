# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine whose programs misbehave: what is on it, what a case says of it, and a run of ptprep on it."""

import dataclasses
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
import filetree  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
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

DONE, PUT_BACK, DAMAGED = "done", "rolled-back", "damaged"


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
    around: str = ""                                               # name of a function of misbehaviour.py
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


def mount(*arguments: str) -> None:
    if subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode != 0:
        raise Skipped("nothing can be mounted here")


def small(tree: filetree.Tree, where: str, mounted: list[str], room: str) -> None:
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


def look(top: pathlib.Path) -> dict[str, tuple]:
    """All that matters, with mode, owner and extended attributes, directories and links as well."""
    seen = {}
    for directory, directories, files in os.walk(top):
        for name in directories + files:
            path = pathlib.Path(directory) / name
            known = "/" + path.relative_to(top).as_posix()
            stat = path.lstat()
            what: object = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            if path.is_file() and not path.is_symlink() and (names := [n for n in os.listxattr(path) if not n.startswith("security.")]):
                what = (what, {n: os.getxattr(path, n) for n in names})
            if not known.startswith(UNSEEN) and known != "/var/lib/ptprep":
                seen[known] = (oct(stat.st_mode), stat.st_uid, stat.st_gid, what)
    return seen


def run(ptprep: str, tree: filetree.Tree, *arguments: str, under: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    return subprocess.run([*under, ptprep, f"--root={tree.top}", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=120, env=os.environ | {"LC_ALL": "C", "NO_COLOR": "1"})


def prepare(case: Case, tree: filetree.Tree) -> None:
    tree.build(filetree.read_lines(f"{case.machine}.tree"))
    tree.install_tools()
    for applet in APPLETS:
        tree.link(f"/bin/{applet}", "busybox")
    tree.path("/tmp").mkdir(exist_ok=True)
    tree.build(list(case.before))
    for tool, text in case.tools.items():
        tree.write(TOOLS[tool], text.encode())
        tree.path(TOOLS[tool]).chmod(0o755)
