#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SELinux: labels of what an apply makes, and what becomes of a boolean whose tool is missing, lies, or worked for nothing.

    run-selinux.py PTPREP

The machine is tests/golden/machines/selinux-booleans.tree: its policy is a file, and no kernel looks at it. Needs root, and a file
system with extended attributes of the kind "security".
"""

import os
import pathlib
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
    done = subprocess.run([ptprep, f"--root={tree.top}", "--apply"], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


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


def tool_missing(ptprep: str, tree: filetree.Tree) -> list[str]:
    tree.path("/usr/sbin/setsebool").unlink()
    return refused(ptprep, tree, "setsebool could not be started: install it (policycoreutils)")


def tool_lies(ptprep: str, tree: filetree.Tree) -> list[str]:
    tree.path("/usr/sbin/setsebool").write_text(LIAR)
    return refused(ptprep, tree, "setsebool ran, and the SELinux boolean virt_use_sysfs is still off")


def tool_fails(ptprep: str, tree: filetree.Tree) -> list[str]:
    tree.path("/usr/sbin/setsebool").write_text(BROKEN)
    return refused(ptprep, tree, "setsebool failed (exit status); it said: no more space")


def later_step_fails(ptprep: str, tree: filetree.Tree) -> list[str]:
    """What was set before is set back."""
    tree.path("/usr/bin/dracut").write_text(BROKEN)
    return refused(ptprep, tree, "dracut failed")


def refused(ptprep: str, tree: filetree.Tree, reason: str) -> list[str]:
    before = tree.snapshot()
    status, out = apply(ptprep, tree)
    errors = [] if status == 3 else [f"exit status {status}, not 3"]
    if reason not in out:
        errors.append(f"it does not say \"{reason}\": {out}")
    if not tree.path(BOOLEAN).read_text().startswith("0"):
        errors.append("the boolean stays on")
    changes = filetree.describe_changes(before, tree.snapshot())
    return errors if changes == "nothing\n" else [*errors, f"not all is as it was: {changes}"]


def main() -> int:
    ptprep = sys.argv[1]
    tests: list[Callable[[str, filetree.Tree], list[str]]] = [labels, tool_missing, tool_lies, tool_fails, later_step_fails]
    failed = 0
    if os.geteuid() != 0:
        print("SKIPPED: needs root for chroot(2)")
        return SKIPPED
    for test in tests:
        with tempfile.TemporaryDirectory(prefix="ptprep-selinux-") as directory:
            if test is labels and (not has_labels(directory) or "--no-labels" in sys.argv):
                print("labels: SKIPPED: no extended attributes of the kind \"security\" here, or ptprep is built without libselinux")
                continue
            tree = filetree.Tree(pathlib.Path(directory))
            tree.build(filetree.read_lines(MACHINE))
            tree.install_tools()
            errors = test(ptprep, tree)
        print(f"{'FAILED' if errors else 'ok'} {test.__name__}")
        print("".join(f"  {e}\n" for e in errors), end="")
        failed += bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
