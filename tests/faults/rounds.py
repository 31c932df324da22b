# SPDX-License-Identifier: GPL-2.0-or-later
"""Reverts and runs of which each has other programs, or is ended in the middle."""

import dataclasses
import os
import pathlib
import re
import subprocess

from children import (HEAD, HERE, IMAGE, MENU, RELEASE, RESCUE, TOOLS, UNIFIED, Case, Skipped, fails, filetree, fill, good, look, prepare, run, small)


@dataclasses.dataclass
class Revert:
    """Reverts one behind the other, each with other programs: what each comes to."""
    name: str
    machine: str
    # programs, exit status, what is said, and what is not as it was before ptprep
    rounds: tuple[tuple[dict[str, str], int, str, set[str]], ...]
    keeps: tuple[str, ...] = ()                                    # as it was before these reverts while they end with PART
    around: str = ""                                               # name of a function of this file
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


def full_partition(tree: filetree.Tree, full: tuple[tuple[str, int], ...] = (("/efi", 0),)):
    mounted: list[str] = []
    try:
        for where, but in full:
            small(tree, where, mounted, "4M")
            fill(tree.path(where), but)
        yield
    finally:
        for directory in mounted:
            subprocess.run(["umount", directory], check=True)


def full_everywhere(tree: filetree.Tree):
    yield from full_partition(tree, (("/efi", 0), ("/var", 32 * 1024)))


def play_revert(ptprep: str, case: Revert, directory: pathlib.Path) -> list[str]:
    tree = filetree.Tree(directory)
    prepare(Case(case.name, case.machine, {}, before=case.before), tree)
    old = look(directory)
    run(ptprep, tree, "--apply")
    errors = []
    for _ in globals()[case.around](tree) if case.around else (None,):
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
    tree = filetree.Tree(directory)
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
    tree = filetree.Tree(directory)
    prepare(Case("names", "intel-off", {"grub-mkconfig": HEAD + tell + "exit 1\n", "dracut": good("dracut", tell)}), tree)
    for _ in range(3):
        run(ptprep, tree, "--apply")
    trials = tree.path("/tmp/trials").read_text().split()
    return [] if len(set(trials)) == 6 else [f"the trial files were {trials}"]


KEPT = {"intel-off": (MENU, IMAGE, "/etc/default/grub"), "uki": (UNIFIED, IMAGE),
        "el5-legacy": ("/boot/grub/grub.conf",), "rhel8-kernelopts": ("/boot/grub2/grubenv",)}


def play_kept(ptprep: str, directory: pathlib.Path) -> list[str]:
    """What is edited or made anew, by ptprep or by a program, has the owner, the mode and the attributes of the old one; and again
    when it is taken back."""
    errors = []
    for machine, paths in KEPT.items():
        tree = filetree.Tree(directory / machine)
        prepare(Case("kept", machine, {}), tree)
        old = {}
        for path in paths:
            file = tree.path(path)
            os.chown(file, 1000, 1001)
            file.chmod(0o640)
            try:
                os.setxattr(file, "user.kept", b"as it was")
            except OSError as e:
                raise Skipped(f"nothing has attributes here: {e.strerror}") from e
            old[path] = file.read_bytes()
        for verb in ("--apply", "revert"):
            run(ptprep, tree, verb)
            seen = look(tree.top)
            for path in paths:
                mode, user, group, (_, attributes) = seen[path] if isinstance(seen[path][3], tuple) else (*seen[path][:3], (None, {}))
                if (mode, user, group, attributes) != ("0o100640", 1000, 1001, {"user.kept": b"as it was"}):
                    errors.append(f"{machine}, {verb}: {path} has {mode}, {user}:{group}, {attributes}")
                if verb == "--apply" and tree.path(path).read_bytes() == old[path]:
                    errors.append(f"{machine}: {path} is the old one")
    return errors


def play_killed(ptprep: str, fault: str, directory: pathlib.Path) -> list[str]:
    """A run that ends while another image is given its place again leaves nothing that the next one does not take away."""
    tree = filetree.Tree(directory / "count")
    prepare(case := Case("killed", "uki", {"kernel-install": fails(f"rm {RESCUE}")}), tree)
    calls = directory / "calls"
    run(ptprep, tree, "--apply", under=(fault, "count", str(calls)))
    lines = [line.split("\t") for line in calls.read_text().splitlines()]
    numbers = [line[0].split()[0] for line in lines if "rename" in line[0] and line[-1].endswith(RESCUE)]
    if len(numbers) != 1:
        return [f"the image is put back {len(numbers)} times: {lines}"]
    # under the name that it has meanwhile it is on the disk, its name as well, before it takes its place
    at = next(n for n, line in enumerate(lines) if line[0].split()[0] == numbers[0])
    synced = [line[-1] for line in lines[:at] if "fsync" in line[0]][-2:]
    if synced != [lines[at][1], os.path.dirname(lines[at][1])]:
        return [f"before it is put back, {synced} are written out: {lines[at - 4:at + 1]}"]
    tree = filetree.Tree(directory / "kill")
    prepare(case, tree)
    run(ptprep, tree, "--apply", under=(fault, "kill", numbers[0]))
    found = [path.name for path in tree.path("/var/lib").rglob("rescue.efi.*")]
    run(ptprep, tree, "--apply")
    left = [path.name for path in tree.path("/var/lib").rglob("rescue.efi.*")]
    return ([] if len(found) == 1 and re.search(r"\.\d+\.ptprep-new$", found[0]) else [f"found {found}"]) + [f"{name} is left" for name in left]
