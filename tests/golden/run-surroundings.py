#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What surrounds a run may be odd: closed descriptors, limits, signals, programs that leave others behind.

    run-surroundings.py PTPREP

A tree of tests/golden is applied under each. What is asked for is done, or everything is as before; nothing is half done, and
nobody still writes when ptprep has ended. Needs root for chroot(2).
"""

import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import filetree

MACHINE = "intel-off"
DRACUT, MKCONFIG = "/usr/bin/dracut", "/usr/sbin/grub-mkconfig"
ROLLED_BACK, REBOOT_DUE = 3, (0, 1)
ENOUGH = 1 << 24  # bytes: no file is larger
SKIPPED = 77


class Host:
    """A tree, and what was in it before anything ran."""

    def __init__(self, ptprep: str, directory: pathlib.Path):
        self.ptprep, self.tree = ptprep, filetree.Tree(directory)
        self.tree.build(filetree.read_lines(f"{MACHINE}.tree"))
        self.tree.install_tools()
        self.tree.link("/bin/sleep", "busybox")
        self.tree.link("/bin/kill", "busybox")
        self.before = self.contents()

    def contents(self) -> dict[str, bytes]:
        """Text by name, for whoever boots or configures; the state that ptprep keeps for itself left out."""
        left_out = ("/var/lib/ptprep", "/bin/", "/usr/")
        return {name: entry[3] for name, entry in self.tree.snapshot().items() if not name.startswith(left_out)}

    def script(self, path: str, line: str) -> None:
        """The tool does this first."""
        text = self.tree.path(path).read_text()
        self.tree.path(path).write_text(text.replace("set -eu\n", f"set -eu\n{line}\n", 1))

    def start(self, *arguments: str, **how: object) -> subprocess.Popen:
        return subprocess.Popen([self.ptprep, f"--root={self.tree.top}", *arguments], **{"env": os.environ | {"LC_ALL": "C"}} | how)

    def judge(self, code: int, good: tuple[int, ...], applied: bool) -> None:
        assert code in good, f"exit status {code}, not one of {good}"
        now = self.contents()
        if applied:
            assert b"intel_iommu=on" in now["/boot/grub/grub.cfg"], "no argument in the menu"
        else:
            changed = sorted(n for n in self.before.keys() | now.keys() if self.before.get(n) != now.get(n))
            assert not changed, f"changed: {changed}"


def closed_descriptors(host: Host, closed: tuple[int, ...]) -> None:
    """Installers and daemons start programs like this."""
    lock, kept = host.tree.path("/run/ptprep/lock"), host.tree.path("/run/lock-of-ptprep")
    host.tree.write("/run/ptprep/lock", b"")
    os.link(lock, kept)
    def close() -> None:
        for fd in closed:
            os.close(fd)
    code = host.start("--apply", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                      preexec_fn=close).wait(60)
    host.judge(code, REBOOT_DUE, True)
    assert kept.read_bytes() == b"", "what was meant for a terminal is in the lock"
    assert not lock.parent.exists(), f"left in an image: {lock.parent}"


def asked_to_end(host: Host, tool: str, number: signal.Signals) -> None:
    """In the minute of dracut. The tool itself never hears of it: ptprep has to see to that."""
    host.script(tool, "trap '' INT HUP QUIT; echo $$ >/tmp/pid; sleep 600")
    process = host.start("--apply", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not host.tree.path("/tmp/pid").exists() or not host.tree.path("/tmp/pid").read_text().endswith("\n"):
        assert process.poll() is None, "ended before its tool ran"
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    host.judge(process.returncode, (ROLLED_BACK,), False)
    assert "ptprep was asked to end" in out, out
    tool_process = int(host.tree.path("/tmp/pid").read_text())
    assert not pathlib.Path(f"/proc/{tool_process}").exists(), "the tool still runs"


def background(host: Host, tool: str) -> None:
    """A daemon that the tool leaves behind holds nothing up and is gone. (Without the cure this takes ten minutes.)"""
    host.script(tool, "(trap '' HUP TERM; sleep 600; : >/tmp/late) &\necho $! >/tmp/pid")
    code = host.start("--apply", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait(60)
    host.judge(code, REBOOT_DUE, True)
    assert not pathlib.Path(f"/proc/{int(host.tree.path('/tmp/pid').read_text())}").exists(), "the daemon still runs"


def size_limit(host: Host, size: int) -> None:
    """ulimit -f: an error like that of a full disk, and no end in the middle."""
    code = host.start("--apply", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))).wait(60)
    assert code in (ROLLED_BACK, 74) or (size >= ENOUGH and code in REBOOT_DUE), f"exit status {code}"
    host.judge(code, (code,), code in REBOOT_DUE)
    host.judge(host.start("--apply", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait(60), REBOOT_DUE, True)


def service_manager(host: Host) -> None:
    """"systemctl status" shows each step as it is done (sd_notify(3)); what it comes to is told of the running system alone."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0ptprep-test")
        manager.setblocking(False)
        process = host.start("--apply", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             env=os.environ | {"LC_ALL": "C", "NOTIFY_SOCKET": "@ptprep-test"})
        _, said = process.communicate(timeout=60)
        host.judge(process.returncode, REBOOT_DUE, True)
        told = []
        try:
            while True:
                told.append(manager.recv(4096).decode())
        except BlockingIOError:
            pass
    steps = [line.removeprefix("ptprep: ") for line in said.splitlines() if line.startswith("ptprep: [")]
    assert len(steps) > 3 and told == [f"STATUS={step}" for step in steps], f"{told} of {steps}"


def left_behind(host: Host) -> None:
    """ptprep is gone without a revert, its dracut module with it: dracut builds no image at all when a module is missing that
    is asked for, and then the next kernel does not boot. dracut sources the file with bash."""
    host.judge(host.start("--apply", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait(60), REBOOT_DUE, True)
    snippet, base = host.tree.path("/etc/dracut.conf.d/ptprep.conf"), host.tree.path("/usr/lib/dracut")
    shutil.rmtree(base / "modules.d")
    for there, expected in ((False, "[]"), (True, "[ ptprep ]")):
        if there:
            (base / "modules.d/90ptprep").mkdir(parents=True)
        done = subprocess.run(["bash", "-euc", '. "$1"; echo "[${add_dracutmodules-}]"', "bash", str(snippet)], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={"PATH": "/usr/bin:/bin", "dracutbasedir": str(base)})
        assert done.returncode == 0 and done.stdout == f"{expected}\n", f"with the module {there}: {done.stdout}"


CASES = [(closed_descriptors, ((fd,),)) for fd in (0, 1, 2)]
CASES += [(closed_descriptors, ((0, 1, 2),))]
CASES += [(asked_to_end, (tool, number)) for tool in (DRACUT, MKCONFIG)
          for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)]
CASES += [(background, (tool,)) for tool in (DRACUT, MKCONFIG)]
CASES += [(left_behind, ())]
CASES += [(size_limit, (size,)) for size in (0, 100, 128, 300, 512, 1000, 2000, 3000, ENOUGH)]
CASES += [(service_manager, ())]


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: chroot(2) needs root")
        return SKIPPED
    failed = 0
    for part, arguments in CASES:
        name = f"{part.__name__} {' '.join(getattr(a, 'name', str(a)) for a in arguments)}"
        with tempfile.TemporaryDirectory(prefix="ptprep-surroundings-") as directory:
            host = Host(sys.argv[1], pathlib.Path(directory))
            try:
                part(host, *arguments)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                print(f"FAILED {name}: {error}")
                failed += 1
    print(f"{len(CASES) - failed} of {len(CASES)} as wanted")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
