"""Small helpers: messages, commands, hashes, the cache, loop mounts."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable, Iterator

BOOT_DIR = Path(__file__).resolve().parent.parent
SOURCE_DIR = BOOT_DIR.parent.parent

_print_lock = threading.Lock()
_started = time.monotonic()


class HarnessError(Exception):
    """The harness itself could not do its work; the text is meant for people."""


def say(text: str) -> None:
    """Print one whole line, also when several cases run side by side."""
    with _print_lock:
        print(f"[{time.monotonic() - _started:6.1f}] {text}", flush=True)


class Timer:
    """Collects how long the parts took, for the table at the end."""

    def __init__(self) -> None:
        self.parts: list[tuple[float, str]] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def measure(self, name: str) -> Iterator[None]:
        begin = time.monotonic()
        try:
            yield
        finally:
            self.add(time.monotonic() - begin, name)

    def add(self, seconds: float, name: str) -> None:
        with self._lock:
            self.parts.append((seconds, name))

    def table(self, rows: int = 15) -> str:
        slowest = sorted(self.parts, reverse=True)[:rows]
        return "\n".join(f"{seconds:8.1f} s  {name}" for seconds, name in slowest)


timer = Timer()


def need_tools(packages: dict[str, str]) -> None:
    """Fail early and clearly; `packages` maps a tool to the Debian package that has it."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = {tool: package for tool, package in packages.items() if not shutil.which(tool, path=path)}
    if missing:
        names = ", ".join(f"{tool} (package {package})" for tool, package in sorted(missing.items()))
        raise HarnessError(f"missing on this machine: {names}")
    if os.geteuid() != 0:
        raise HarnessError("boot tests need root: they mount the disks that they build")


def run(argv: list[str], log: Path | None = None, env: dict[str, str] | None = None,
        check: bool = True, **more: object) -> subprocess.CompletedProcess[str]:
    """Run a command; on failure raise with the end of what it said."""
    environment = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin", **(env or {}))
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, env=environment, **more)  # type: ignore[call-overload]
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as stream:
            stream.write(f"$ {' '.join(argv)}\n{done.stdout}\n")
    if check and done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        where = f" (log: {log})" if log else ""
        raise HarnessError(f"{' '.join(argv[:4])} ... ended with {done.returncode}{where}\n{tail}")
    return done


def digest(*inputs: str | bytes) -> str:
    """A short name for a set of inputs; the length is part of it, so that parts cannot run together."""
    sum_ = hashlib.sha256()
    for item in inputs:
        data = item.encode() if isinstance(item, str) else item
        sum_.update(f"{len(data)}:".encode())
        sum_.update(data)
    return sum_.hexdigest()[:16]


class Cache:
    """Things that are slow to make, each under a name that holds the hash of its inputs.

    A thing is made under a temporary name and renamed when it is whole: an
    interrupted run leaves nothing half behind. Two runs may share the directory.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.logs = directory / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, make: Callable[[Path, Path], None]) -> Path:
        """`make(path, log)` is called when `name` is not there yet."""
        final = self.directory / name
        with self._lock(name):
            if final.exists():
                return final
            log = self.logs / f"{name}.log"
            log.unlink(missing_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix="making-", dir=self.directory))
            os.chmod(scratch, 0o755)
            say(f"making {name}")
            begin = time.monotonic()
            try:
                with timer.measure(f"make {name}"):
                    make(scratch / "it", log)
                os.rename(scratch / "it", final)
            finally:
                remove_tree(scratch)
            say(f"made   {name} in {time.monotonic() - begin:.0f} s")
        return final

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        with (self.logs / f"{name}.lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


def remove_tree(directory: Path) -> None:
    """Remove a directory that may hold a root; never through a mount that was left behind."""
    if not directory.exists():
        return
    run(["rm", "-rf", "--one-file-system", str(directory)])


LOOP_CTL_ADD = 0x4C80
FIRST_LOOP = 40


@contextlib.contextmanager
def loop_device(file: Path, offset: int = 0, size: int = 0, read_only: bool = False) -> Iterator[Path]:
    """A loop device over a part of a file, with a number of two digits.

    grub-mkconfig refuses a root file system on /dev/loop0 ... /dev/loop9 and
    works on all others; partition nodes of loop devices are not needed thus.
    """
    with open("/dev/loop-control") as control:
        for number in range(FIRST_LOOP, FIRST_LOOP + 400):
            try:
                fcntl.ioctl(control, LOOP_CTL_ADD, number)
            except FileExistsError:
                pass
            device = Path(f"/dev/loop{number}")
            if not device.exists():
                os.mknod(device, 0o600 | 0o060000, os.makedev(7, number))
            argv = ["losetup", "--offset", str(offset)]
            argv += ["--sizelimit", str(size)] if size else []
            argv += ["--read-only"] if read_only else []
            done = run([*argv, str(device), str(file)], check=False)
            if done.returncode == 0:
                break
            if not file.exists():
                raise HarnessError(f"{file} is gone: {done.stdout.strip()}")
        else:
            raise HarnessError(f"no free loop device: {done.stdout.strip()}")
    try:
        yield device
    finally:
        run(["losetup", "--detach", str(device)])


@contextlib.contextmanager
def mounted(device: Path | str, directory: Path, options: str = "rw", type_: str = "") -> Iterator[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    argv = ["mount", "-o", options] + (["-t", type_] if type_ else [])
    run([*argv, str(device), str(directory)])
    try:
        yield directory
    finally:
        # something in there may still be closing its files (a daemonized helper of a package)
        for _ in range(20):
            if run(["umount", str(directory)], check=False).returncode == 0:
                break
            time.sleep(0.5)
        else:
            run(["umount", "--recursive", str(directory)])
