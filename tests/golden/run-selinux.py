#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SELinux: labels of what an apply makes, and what becomes of a boolean whose tool is missing, lies, or worked for nothing.

    run-selinux.py PTPREP

The machine is tests/golden/machines/selinux-booleans.tree: its policy is a file, and no kernel looks at it. Needs root, and a file
system with extended attributes of the kind "security".
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

import filetree

SKIPPED = 77
MACHINE = "selinux-booleans.tree"
BOOLEAN = "/sys/fs/selinux/booleans/virt_use_sysfs"
LABEL = "security.selinux"
LABELS = {"/etc/modprobe.d/ptprep.conf": "modules_conf_t", "/etc/modprobe.d": "modules_conf_t", "/etc/ptprep/claims": "etc_t",
          "/etc/default/grub.d/zz-ptprep.cfg": "bootloader_etc_t", "/etc/dracut.conf.d/ptprep.conf": "etc_t", "/var/lib/ptprep": "var_lib_t",
          "/var/lib/ptprep/record": "var_lib_t"}
LIAR = "#!/bin/sh\nexit 0\n"
BROKEN = "#!/bin/sh\necho 'no more space' >&2\nexit 1\n"
RECORD = "/var/lib/ptprep/record"
CLAIMS = "/etc/ptprep/claims"
TOOL = "/usr/sbin/setsebool"
CALLS = "/tmp/setsebool-calls"
# asks ptprep to end when it has switched something on, and waits for that; does no more than %s when it is to switch it off
ENDING = """#!/bin/sh
[ "$3" = off ] && { %s; }
echo "1 1" >"/sys/fs/selinux/booleans/$2"
kill -TERM $PPID
while :; do :; done
"""


def label_of(path: pathlib.Path) -> str:
    try:
        return os.getxattr(path, LABEL).decode().rstrip("\0")
    except OSError:
        return ""


def has_labels(directory: str) -> bool:
    probe = pathlib.Path(directory) / "probe"
    probe.touch()
    try:
        os.setxattr(probe, LABEL, b"system_u:object_r:etc_t:s0\0")
    except OSError:
        return False
    finally:
        probe.unlink()
    return not pathlib.Path("/sys/fs/selinux/enforce").exists()


def apply(ptprep: str, tree: filetree.Tree) -> tuple[int, str]:
    return run(ptprep, tree, "--apply")


def labels(ptprep: str, tree: filetree.Tree) -> list[str]:
    status, out = apply(ptprep, tree)
    errors = [] if status == 0 else [f"exit status {status}: {out}"]
    for name, wanted in LABELS.items():
        seen = label_of(tree.path(name))
        if seen != f"system_u:object_r:{wanted}:s0":
            errors.append(f"{name} has the label {seen or 'none'}, not {wanted}")
    if label_of(tree.path("/boot/grub/grub.cfg")):
        errors.append("the menu had no label, and has one now")
    return errors


def run(ptprep: str, tree: filetree.Tree, *arguments: str) -> tuple[int, str]:
    done = subprocess.run([ptprep, f"--root={tree.top}", *arguments], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def is_on(tree: filetree.Tree) -> bool:
    return tree.path(BOOLEAN).read_text().startswith("1")


def is_recorded(tree: filetree.Tree) -> bool:
    return tree.path(RECORD).exists() and "file virt_use_sysfs\n" in tree.path(RECORD).read_text()


def judge(out: str, *wanted: str, absent: tuple[str, ...] = ()) -> list[str]:
    errors = [f"it does not say \"{w}\"" for w in wanted if w not in out] + [f"it says \"{a}\"" for a in absent if a in out]
    return [*errors, out] if errors else []


def not_set(ptprep: str, tree: filetree.Tree, reason: str, recorded: bool = False) -> list[str]:
    """All else is done, and the record tells of nothing that is not there."""
    status, out = apply(ptprep, tree)
    errors = judge(out, f"virt_use_sysfs: ptprep could not switch this SELinux boolean on: {reason}", "this SELinux boolean is off",
                   "REBOOT DUE", absent=("set            the SELinux boolean",))
    errors += [] if status == 0 else [f"exit status {status}, not 0"]
    errors += ["the boolean is on"] if is_on(tree) else []
    errors += [] if tree.path(CLAIMS).exists() else ["the claim list is not there"]
    return errors if is_recorded(tree) == recorded else [*errors, f"recorded: {is_recorded(tree)}"]


def tool_missing(ptprep: str, tree: filetree.Tree) -> list[str]:
    tree.path(TOOL).unlink()
    return not_set(ptprep, tree, "setsebool could not be started: No such file or directory: install it (policycoreutils)")


def tool_lies(ptprep: str, tree: filetree.Tree) -> list[str]:
    """What it may have kept for later boots is taken back."""
    tree.path(TOOL).write_text(LIAR.replace("exit", f"echo \"$3\" >>{CALLS}\nexit"))
    errors = not_set(ptprep, tree, "setsebool ran, and the SELinux boolean virt_use_sysfs is still off")
    calls = tree.path(CALLS).read_text().split()
    return errors if calls == ["on", "off"] else [*errors, f"setsebool was called with {calls}"]


def tool_fails(ptprep: str, tree: filetree.Tree) -> list[str]:
    tree.path(TOOL).write_text(BROKEN)
    return not_set(ptprep, tree, "setsebool failed (exit status); it said: no more space")


def tool_cannot_undo(ptprep: str, tree: filetree.Tree) -> list[str]:
    """It may be on for later boots, so a revert has to know."""
    tree.path(TOOL).write_text("#!/bin/sh\n[ $3 = on ]\n")
    return not_set(ptprep, tree, "setsebool ran, and the SELinux boolean virt_use_sysfs is still off; it may be on for later boots",
                   recorded=True)


def later_step_fails(ptprep: str, tree: filetree.Tree) -> list[str]:
    tree.path("/usr/bin/dracut").write_text(BROKEN)
    return refused(ptprep, tree, 3, "dracut failed")


def interrupted(ptprep: str, tree: filetree.Tree) -> list[str]:
    """What was set is set back, also where the running policy does not show it."""
    tree.path(TOOL).write_text(ENDING % "echo 0 0 >/sys/fs/selinux/booleans/$2; exit 0")
    return refused(ptprep, tree, 3, "stopped")


def undo_lies(ptprep: str, tree: filetree.Tree) -> list[str]:
    """What the undo has come to is read again."""
    return undo_fails(ptprep, tree, "exit 0", "setsebool ran, and the SELinux boolean virt_use_sysfs is still on")


def undo_breaks(ptprep: str, tree: filetree.Tree) -> list[str]:
    return undo_fails(ptprep, tree, "echo no more space; exit 1", "setsebool failed (exit status); it said: no more space")


def undo_fails(ptprep: str, tree: filetree.Tree, what: str, reason: str) -> list[str]:
    tree.path(TOOL).write_text(ENDING % what)
    _, out = apply(ptprep, tree)
    errors = judge(out, "not everything could be put back", f"not put back: {BOOLEAN}: {reason}")
    return errors if is_recorded(tree) else [*errors, "it is on, and not recorded"]


def break_tool(tree: filetree.Tree) -> None:
    tree.path(TOOL).write_text(BROKEN)


def not_taken_back(ptprep: str, tree: filetree.Tree, damage: Callable[[], None], *wanted: str) -> list[str]:
    """All else is, and the next revert does the rest."""
    tool = tree.path(TOOL).read_text()
    apply(ptprep, tree)
    errors = [] if is_on(tree) and is_recorded(tree) else ["it was not set"]
    damage()
    status, out = run(ptprep, tree, "revert")
    errors += judge(out, "REVERTED, but for", "virt_use_sysfs: ptprep has switched this SELinux boolean on", "setsebool -P virt_use_sysfs off",
                    *wanted, absent=("nothing of ptprep's is left", "selinux-booleans out of"))
    errors += [] if status == 0 else [f"exit status {status}, not 0"]
    errors += ["the claim list is still there"] if tree.path(CLAIMS).exists() else []
    errors += [] if is_recorded(tree) else ["it is forgotten"]
    errors += ["the record tells of files"] if is_recorded(tree) and "file /" in tree.path(RECORD).read_text() else []
    _, out = run(ptprep, tree, "revert")
    errors += judge(out, "REVERTED, but for", absent=("nothing of ptprep's is",))
    tree.write(TOOL, tool.encode())
    tree.path(TOOL).chmod(0o755)
    tree.write(BOOLEAN, b"1 1\n")
    tree.write("/sys/fs/selinux/enforce", b"1\n")
    _, out = run(ptprep, tree, "revert")
    errors += judge(out, "REVERTED: nothing of ptprep's is left")
    errors += ["it is still on"] if is_on(tree) else []
    return [*errors, "there is still a record"] if tree.path(RECORD).exists() else errors


def revert_without_tool(ptprep: str, tree: filetree.Tree) -> list[str]:
    return not_taken_back(ptprep, tree, tree.path(TOOL).unlink, "could not take it back: setsebool could not be started: No such file or directory: install it")


def revert_with_broken_tool(ptprep: str, tree: filetree.Tree) -> list[str]:
    return not_taken_back(ptprep, tree, lambda: break_tool(tree), "could not take it back: setsebool failed (exit status)")


def revert_without_selinux(ptprep: str, tree: filetree.Tree) -> list[str]:
    return not_taken_back(ptprep, tree, lambda: shutil.rmtree(tree.path("/sys/fs/selinux")), "not to be seen: it stays recorded")


def apply_without_tool(ptprep: str, tree: filetree.Tree) -> list[str]:
    """With the last device all else goes, and the boolean stays recorded."""
    apply(ptprep, tree)
    tree.path(TOOL).unlink()
    tree.write("/etc/ptprep/ptprep.conf", b"[agent]\nselinux-booleans = yes\n")
    status, out = apply(ptprep, tree)
    errors = judge(out, "could not take it back: setsebool could not be started")
    errors += ["the claim list is still there"] if tree.path(CLAIMS).exists() else []
    errors += [] if status == 0 else [f"exit status {status}, not 0"]
    return errors if is_recorded(tree) else [*errors, "it is forgotten"]


def refused(ptprep: str, tree: filetree.Tree, wanted: int, reason: str) -> list[str]:
    before = tree.snapshot()
    status, out = apply(ptprep, tree)
    errors = [] if status == wanted else [f"exit status {status}, not {wanted}: {out}"]
    if reason not in out:
        errors.append(f"it does not say \"{reason}\": {out}")
    if is_on(tree):
        errors.append("the boolean stays on")
    changes = filetree.describe_changes(before, tree.snapshot())
    return errors if changes == "nothing\n" else [*errors, f"not all is as it was: {changes}"]


def main() -> int:
    ptprep = sys.argv[1]
    tests: list[Callable[[str, filetree.Tree], list[str]]] = [
        labels, tool_missing, tool_lies, tool_fails, tool_cannot_undo, later_step_fails, interrupted, undo_lies, undo_breaks,
        revert_without_tool, revert_with_broken_tool, revert_without_selinux, apply_without_tool]
    failed = skipped = 0
    if os.geteuid() != 0:
        print("SKIPPED: needs root for chroot(2)")
        return SKIPPED
    for test in tests:
        with tempfile.TemporaryDirectory(prefix="ptprep-selinux-") as directory:
            if test is labels and (not has_labels(directory) or "--no-labels" in sys.argv):
                print("labels: SKIPPED: no extended attributes of the kind \"security\" here, or ptprep is built without libselinux")
                skipped += 1
                continue
            tree = filetree.Tree(pathlib.Path(directory))
            tree.build(filetree.read_lines(MACHINE))
            tree.install_tools()
            errors = test(ptprep, tree)
        print(f"{'FAILED' if errors else 'ok'} {test.__name__}")
        print("".join(f"  {e}\n" for e in errors), end="")
        failed += bool(errors)
    return 1 if failed else SKIPPED if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
