#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-provision.py PTPREP PROVISION: the examples for installers and image builders, as they are, over trees of files.

The shell of the kickstart file runs in a chroot of a machine that has just been installed, under "set -e" as anaconda's
--erroronfail wants it; mkosi's script and what the bootc image is made of over systems that do not run. Needs root for chroot(2).
"""

import contextlib
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import filetree

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
READY, BLOCKED, UNKNOWN = 0, 2, 4
CONFIGURATION = "/etc/ptprep/ptprep.conf.d/passthrough.conf"
UNITS = ("ptprep.service", "ptprep-network.service")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
SYSTEMCTL = """#!/bin/sh
# systemctl(1) as far as an offline "enable" goes
set -eu
root=
for word; do
        case $word in
        --root=*) root=${word#--root=} ;;
        enable) ;;
        *) mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
           ln -s "/usr/lib/systemd/system/$word" "$root/etc/systemd/system/multi-user.target.wants/$word" ;;
        esac
done
"""

spec = importlib.util.spec_from_file_location("reboot", HERE / "run-reboot.py")
assert spec and spec.loader
reboot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reboot)


class Trees:
    """Machines, each new."""

    def __init__(self, ptprep: str, provision: pathlib.Path, top: pathlib.Path):
        self.ptprep, self.provision, self.top = ptprep, provision, top
        self.errors: list[str] = []

    def new(self, name: str) -> object:
        shutil.rmtree(self.top / "tree", ignore_errors=True)
        tree = filetree.Tree(self.top / "tree")
        tree.build(filetree.read_lines(f"{name}.tree") + filetree.NO_NETWORK + ["- /etc/ptprep/ptprep.conf"] +
                   [line for unit in UNITS for line in (f"f /usr/lib/systemd/system/{unit}", "| [Service]")])
        tree.install_tools()
        tree.write("/usr/bin/systemctl", SYSTEMCTL.encode())
        tree.path("/usr/bin/systemctl").chmod(0o755)
        return tree

    def judge(self, what: str, done: subprocess.CompletedProcess, status: int, said: str) -> None:
        if done.returncode != status or not re.search(said, done.stdout, re.M):
            self.errors.append(f"{what}: {done.returncode}, not {status}, or no {said!r} in: {done.stdout}")

    def run(self, what: str, argv: list[str], status: int, said: str = "", **environment: str) -> None:
        self.judge(what, subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120,
                                        env={"LC_ALL": "C", "PATH": PATH} | environment), status, said)

    def enabled(self, tree, what: str) -> None:
        for unit in UNITS:
            if not tree.path(f"/etc/systemd/system/multi-user.target.wants/{unit}").is_symlink():
                self.errors.append(f"{what}: {unit} is not enabled")


def kickstart_body(text: str) -> str:
    """What stands between %post and %end."""
    found = re.fullmatch(r"(?:#.*\n)*%post --erroronfail --log=\S+\n(.*)%end\n", text, re.S)
    assert found, "not one %post section with --erroronfail"
    return found[1]


def kickstart(t: Trees, body: str, machine: str, status: int, said: str, applied: bool) -> None:
    tree = t.new(machine)
    reboot.unmounted.install(tree, t.ptprep)
    shutil.move(tree.path("/ptprep"), tree.path("/usr/sbin/ptprep"))
    tree.write("/post", body.encode())
    place = tree.path("/kernel-proc")
    place.mkdir()
    reboot.call("mount", "-t", "proc", "proc", place)
    try:
        tree.link("/proc/self/fd", "/kernel-proc/self/fd")
        t.run(f"kickstart on {machine}", ["chroot", str(tree.top), "/bin/sh", "/post"], status, said)
    finally:
        reboot.call("umount", place)
    t.enabled(tree, f"kickstart on {machine}")
    if tree.path("/etc/ptprep/claims").exists() != applied:
        t.errors.append(f"kickstart on {machine}: there is {'no' if applied else 'a'} claim list")


def all_of_kickstart(t: Trees) -> None:
    body = kickstart_body((t.provision / "kickstart/passthrough.ks").read_text())
    kickstart(t, body, "intel-off", READY, r"^ptprep: REBOOT DUE", True)
    kickstart(t, body, "image", READY, r"^ptprep: LEFT TO THE FIRST BOOT", False)
    kickstart(t, body, "no-iommu", BLOCKED, r"^ptprep: BLOCKED", False)  # and the installation stops


def mkosi(t: Trees) -> None:
    directory = t.provision / "mkosi"
    programs = t.top / "programs"
    programs.mkdir()
    (programs / "systemctl").write_text(SYSTEMCTL)
    (programs / "systemctl").chmod(0o755)
    (programs / "ptprep").symlink_to(t.ptprep)
    for enables, status, said in ((True, READY, r"^ptprep: LEFT TO THE FIRST BOOT"), (False, UNKNOWN, r"^next: enable ptprep\.service")):
        if not enables:
            (programs / "systemctl").write_text("#!/bin/sh\n")
        tree = t.new("image")
        # the boot loader and the initramfs come last, behind the script
        tree.build(["- /boot/grub", "- /etc/default/grub", "- /usr/sbin/grub-mkconfig", "- /boot/initrd.img-6.1.0-1-amd64"])
        shutil.copytree(directory / "mkosi.extra", tree.top, dirs_exist_ok=True)
        for path in (tree.path("/etc/ptprep"), *tree.path("/etc/ptprep").rglob("*")):
            path.chmod(path.stat().st_mode | 0o020)  # as a checkout has them where the umask is 0002
        t.run(f"mkosi.postinst, enables {enables}", ["sh", str(directory / "mkosi.postinst")], status, said, BUILDROOT=str(tree.top),
              PATH=f"{programs}:{PATH}")
        if tree.path("/etc/ptprep/claims").exists():
            t.errors.append("mkosi: a claim list for a machine that nobody has seen")


def bootc(t: Trees) -> None:
    """The instructions that put files in place, carried out; nothing of the network or of dnf."""
    directory = t.provision / "bootc"
    tree = t.new("bootc")
    shutil.rmtree(tree.path("/sys"))
    tree.path("/sys").mkdir()
    text = (directory / "Containerfile").read_text()
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", text, re.M):
        if source != "ptprep.rpm":
            tree.write(target, (directory / source).read_bytes())
    units = re.search(r"systemctl enable ([a-z .-]*)", text)
    assert units, "no unit is enabled"
    t.run("bootc, systemctl", ["chroot", str(tree.top), "/bin/sh", "/usr/bin/systemctl", "enable", *units[1].split()], READY)
    t.enabled(tree, "bootc")
    t.run("bootc", [t.ptprep, f"--root={tree.top}", "--apply"], READY, r"^ptprep: LEFT TO THE FIRST BOOT")
    t.run("bootc, arguments", [t.ptprep, f"--root={tree.top}", "bootloader"], READY, r"intel_iommu=on")
    tree.write("/run/.containerenv", b"")  # as in the build itself
    t.run("bootc, in the container", [t.ptprep, f"--root={tree.top}", "--apply"], UNKNOWN)


def missing(tool: str) -> str:
    return f"{tool} is missing: see conf/packages-test.txt"


def containerfile(t: Trees) -> None:
    """The file itself, by buildah over a tree of busybox in which dnf and bootc only say what they are asked for."""
    buildah = ["buildah", "--storage-driver=vfs", f"--root={t.top}/storage", f"--runroot={t.top}/storage-run"]
    tree, context = t.new("bootc"), t.top / "context"
    shutil.rmtree(tree.path("/sys"))
    shutil.copytree(t.provision / "bootc", context)
    (context / "passthrough.conf").chmod(0o664)  # as a checkout has it where the umask is 0002
    (context / "ptprep.rpm").write_bytes(b"")
    for name in ("dnf", "bootc"):
        tree.write(f"/usr/bin/{name}", f"#!/bin/sh\necho {name} $* >>/asked\n".encode())
        tree.path(f"/usr/bin/{name}").chmod(0o755)

    def call(*words: str) -> str:
        done = subprocess.run([*buildah, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"buildah {words[0]}: {done.stderr.strip()}")
        return done.stdout.strip()

    if not shutil.which("buildah"):
        t.errors.append(missing("buildah"))
        return
    try:
        base = call("from", "scratch")
        call("add", base, str(tree.top), "/")
        call("commit", "--quiet", base, "localhost/base:1")
        # its own limits may be above what this process may have
        call("bud", "--isolation=chroot", "--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096",
             "--build-arg=BASE=localhost/base:1", "--tag=localhost/passthrough:1", str(context))
        built = pathlib.Path(call("mount", call("from", "--pull-never", "localhost/passthrough:1")))
    except RuntimeError as error:
        t.errors.append(str(error))
        return
    asked = (built / "asked").read_text().splitlines()
    if asked != ["dnf -y install /tmp/ptprep.rpm", "dnf clean all", "bootc container lint"]:
        t.errors.append(f"containerfile: {asked}")
    for unit in UNITS:
        if not (built / f"etc/systemd/system/multi-user.target.wants/{unit}").is_symlink():
            t.errors.append(f"containerfile: {unit} is not enabled")
    if (built / "tmp/ptprep.rpm").exists() or not (built / "usr/lib/bootc/kargs.d/50-iommu.toml").exists():
        t.errors.append("containerfile: the package is still in it, or its arguments are not")
    t.run("what buildah has built", [t.ptprep, f"--root={built}", "--apply"], READY, r"^ptprep: LEFT TO THE FIRST BOOT")
    call("umount", "--all")


def shellcheck(t: Trees) -> None:
    if not shutil.which("shellcheck"):
        t.errors.append(missing("shellcheck"))
        return
    body = t.top / "post"
    body.write_text("#!/bin/sh\n" + kickstart_body((t.provision / "kickstart/passthrough.ks").read_text()))
    t.run("shellcheck", ["shellcheck", str(body), str(t.provision / "mkosi/mkosi.postinst")], READY)


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: chroot(2) and mounting need root")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="ptprep-provision-") as directory, contextlib.ExitStack() as stack:
        top = pathlib.Path(directory)
        try:
            reboot.own_mounts(top, stack)
        except RuntimeError as error:
            print(f"SKIPPED: no mounts: {error}")
            return SKIPPED
        t = Trees(os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]), top)
        for part in (all_of_kickstart, mkosi, bootc, containerfile, shellcheck):
            before = len(t.errors)
            part(t)
            print(f"{'ok' if len(t.errors) == before else 'FAILED'} {part.__name__}")
        print("".join(f"  {e}\n" for e in t.errors), end="")
        return 1 if t.errors else 0


if __name__ == "__main__":
    sys.exit(main())
