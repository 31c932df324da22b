#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-kernel-install.py PLUGIN: what the plug-in of kernel-install makes of the entry of a new kernel, in every shell that is here.

It is started with the environment that kernel-install gives its plug-ins (kernel-install(8), since systemd 251)."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

RELEASE, TOKEN, IMAGE = "6.1.0-1-amd64", "0123", "ptprep-claim.img"
HEAD = "title      Debian\noptions    root=/dev/vda2 ro \\quiet\nlinux      /0123/6.1.0-1-amd64/linux\n"
PLAIN = HEAD + "initrd     /0123/6.1.0-1-amd64/initrd.img\n"
WITH = HEAD + f"initrd     /{IMAGE}\ninitrd     /0123/6.1.0-1-amd64/initrd.img\n"
MICROCODE = HEAD + "initrd /microcode\ninitrd\t/initrd"
SHELLS = (["dash"], ["bash", "--posix"], ["busybox", "sh"])


class Boot:
    """A boot partition with one entry, and the plug-in run on it."""

    def __init__(self, top: pathlib.Path, text: str, name: str = f"{TOKEN}-{RELEASE}.conf", image: bool = True):
        self.root, self.entry = top / "boot", top / "boot/loader/entries" / name
        shutil.rmtree(self.root, ignore_errors=True)
        self.entry.parent.mkdir(parents=True)
        self.entry.write_text(text)
        if image:
            (self.root / IMAGE).write_bytes(b"070701")

    def run(self, shell: list[str], plugin: str, command: str = "add", path: str = "/usr/bin:/bin", **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": path, "KERNEL_INSTALL_LAYOUT": "bls", "KERNEL_INSTALL_BOOT_ROOT": str(self.root),
                       "KERNEL_INSTALL_ENTRY_TOKEN": TOKEN, "KERNEL_INSTALL_VERBOSE": "0"} | more
        return subprocess.run([shutil.which(shell[0]) or shell[0], *shell[1:], plugin, command, RELEASE, f"{self.root}/{TOKEN}/{RELEASE}"],
                              env=environment, capture_output=True, text=True, check=False)

    def seen(self) -> str:
        """Of the entry; nothing else may be in its directory."""
        names = [p.name for p in self.entry.parent.iterdir()]
        return self.entry.read_text() if names == [self.entry.name] else f"files {sorted(names)}"


def play(shell: list[str], plugin: str, top: pathlib.Path) -> list[str]:
    errors = []

    def expect(what: str, boot: Boot, text: str, said: str = "", **run: str) -> None:
        done = boot.run(shell, plugin, **run)
        if done.returncode != 0 or boot.seen() != text or (said not in done.stderr if said else done.stderr):
            errors.append(f"{shell[0]}, {what}: exit {done.returncode}, {done.stderr!r}, {boot.seen()!r}")

    boot = Boot(top, PLAIN)
    boot.entry.chmod(0o600)
    expect("a new kernel", boot, WITH)
    if boot.entry.stat().st_mode & 0o777 != 0o600:
        errors.append(f"{shell[0]}: the mode of the entry has changed")
    expect("once more", boot, WITH)
    expect("a boot counter", Boot(top, PLAIN, f"{TOKEN}-{RELEASE}+3-1.conf"), WITH)
    expect("behind microcode", Boot(top, MICROCODE), HEAD + f"initrd /microcode\ninitrd     /{IMAGE}\ninitrd\t/initrd\n")
    below = HEAD + f"initrd     {top}/boot/0123/initrd.img $more\n" # as GRUB has it where /boot lies on the file system of /
    expect("paths of the file system below", Boot(top, below), below.replace("initrd ", f"initrd     {top}/boot/{IMAGE}\ninitrd ", 1))
    expect("no initramfs", Boot(top, HEAD), HEAD)
    expect("another kernel", Boot(top, PLAIN, f"{TOKEN}-{RELEASE}-rt.conf"), PLAIN)
    expect("no claim image", Boot(top, PLAIN, image=False), PLAIN)
    expect("removal", Boot(top, PLAIN), PLAIN, command="remove")
    expect("unified images", Boot(top, PLAIN), PLAIN, KERNEL_INSTALL_LAYOUT="uki")
    expect("an older kernel-install", Boot(top, PLAIN), PLAIN, KERNEL_INSTALL_BOOT_ROOT="")
    # what cannot be written down or renamed leaves the entry as it was, and lets the kernel be installed
    for broken in () if shell[0] == "busybox" else ("sync", "mv", "cp"): # whose own programs come first
        tools = top / "broken"
        tools.mkdir(exist_ok=True)
        (tools / broken).write_text("#!/bin/sh\nexit 1\n")
        (tools / broken).chmod(0o755)
        expect(f"{broken} fails", Boot(top, PLAIN), PLAIN, said='run "ptprep --apply"', path=f"{tools}:/usr/bin:/bin")
        (tools / broken).unlink()
    return errors


def main() -> int:
    plugin = os.path.abspath(sys.argv[1])
    errors, shells = [], [s for s in SHELLS if shutil.which(s[0])]
    with tempfile.TemporaryDirectory(prefix="ptprep-kernel-install-") as top:
        for shell in shells:
            errors += play(shell, plugin, pathlib.Path(top))
    if not os.access(plugin, os.X_OK):
        errors.append(f"{plugin} is no program")
    if shutil.which("shellcheck"):
        errors += subprocess.run(["shellcheck", plugin], capture_output=True, text=True, check=False).stdout.splitlines()
    print("\n".join(errors) or f"ok in {', '.join(s[0] for s in shells)}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
