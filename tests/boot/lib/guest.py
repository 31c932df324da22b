"""Starts a guest: devices by short names, the boot's steps on a small disk, results over virtio-serial."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Callable, Iterator

from . import util
from .case import Boot, Case, CaseError, PowerCut, Step
from .cuts import LOG
from .util import BOOT_DIR, HarnessError

MIB = 1024 * 1024
TIMEOUT = 600
TABLE_TIMEOUT = 300
SIGNATURES = {"intel": b"DMAR", "amd": b"IVRS"}
FIRMWARE_DIRS = ("/usr/share/OVMF", "/usr/share/edk2/ovmf", "/usr/share/edk2/x64")

# With rdrand the kernel has random numbers from the beginning, and no boot waits for them.
CPU = "qemu64,+rdrand"

# Addresses on the root bus that the harness uses itself: a case knows where the boot disk is.
BOOT_DISK, STEPS_DISK, RESULTS, SECOND_DISK = "10.0", "11.0", "12.0", "13.0"

# What a word in `devices` becomes. {id} is unique in the guest, {n} counts from 1, {place} is bus and address.
DEVICES = {
    "e1000e": ["-device", "e1000e,id={id},mac=52:54:00:12:34:{n:02x},romfile=,{place}"],
    "e1000": ["-device", "e1000,id={id},mac=52:54:00:12:35:{n:02x},romfile=,{place}"],
    "edu": ["-device", "edu,id={id},{place}"],
    "xhci": ["-device", "qemu-xhci,id={id},{place}"],
    "nvme": ["-drive", "if=none,id={id}-disk,file={disk},format=raw", "-device", "nvme,id={id},serial={id},drive={id}-disk,{place}"],
    "nvme-sriov": ["-device", "nvme-subsys,id={id}-subsystem",
                   "-device", "nvme,id={id},serial={id},subsys={id}-subsystem,sriov_max_vfs=2,sriov_vq_flexible=4,"
                              "sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=7,{place}"],
    "root-port": ["-device", "pcie-root-port,id={id},chassis={n},slot={n},{place}"],
    "pci-bridge": ["-device", "pcie-pci-bridge,id={id},{place}"],
}
# The first word of what is plugged in while the guest runs gets this {n}, so that its MAC address is nobody else's.
FIRST_PLUGGED = 0x80

DEVICE = re.compile(r"^(?P<kind>[a-z0-9-]+)@(?:(?P<bus>[a-z][a-z0-9]*)/)?(?P<address>[0-9a-f]{2}\.[0-7])"
                    r"(?::(?P<id>[a-z][a-z0-9]*))?(?:,(?P<options>.+))?$")


@dataclass
class Result:
    """What came back of one step."""

    status: int
    begin: float
    end: float
    output: str


@dataclass
class Observed:
    """What one boot showed."""

    seconds: float = 0.0
    ended: str = "power-off"
    results: dict[str, Result] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return "end" in self.results


def firmware() -> tuple[Path, Path]:
    """OVMF's code and an empty store for its variables."""
    for directory in FIRMWARE_DIRS:
        for suffix in ("_4M", ""):
            code, variables = Path(directory, f"OVMF_CODE{suffix}.fd"), Path(directory, f"OVMF_VARS{suffix}.fd")
            if code.exists() and variables.exists():
                return code, variables
    raise HarnessError("no OVMF firmware on this machine (package ovmf)")


@functools.cache
def accelerator() -> str:
    """kvm where it really carries the firmware to its first words. A /dev/kvm that opens may still not do that."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    with tempfile.TemporaryDirectory() as directory:
        console, messages = Path(directory, "console"), Path(directory, "messages")
        argv = ["qemu-system-x86_64", *machine_arguments("kvm", 256, 1), "-serial", f"file:{console}",
                "-drive", f"if=pflash,format=raw,readonly=on,file={firmware()[0]}"]
        with messages.open("wb") as stream, started(argv, stream) as guest:
            for _ in range(100):
                time.sleep(0.1)
                if guest.poll() is not None or b"KVM internal error" in messages.read_bytes():
                    return "tcg"
                if console.exists() and b"Boot" in console.read_bytes():
                    return "kvm"
    return "tcg"


def machine_arguments(accel: str, memory: int, smp: int) -> list[str]:
    return ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", "q35,kernel-irqchip=split", "-accel", "tcg,thread=multi" if accel == "tcg" else accel,
            "-cpu", CPU, "-m", str(memory), "-smp", str(smp)]


def device_arguments(case: Case, words: list[str], directory: Path, first: int = 1) -> list[str]:
    argv = []
    for number, word in enumerate(words, first):
        found = DEVICE.match(word)
        if not found or found["kind"] not in DEVICES:
            raise CaseError(f"{case.path}: device {word!r}: expected KIND@[BUS/]SLOT.FUNCTION[:NAME][,OPTION=VALUE...] with KIND one of {', '.join(DEVICES)}")
        place = f"bus={found['bus'] or 'pcie.0'},addr={found['address']}"
        if found["options"]:
            place += f",{found['options']}"
        names = {"id": found["id"] or f"dev{number}", "n": number, "place": place, "disk": device_disk(directory, number)}
        argv += [part.format(**names) for part in DEVICES[found["kind"]]]
    return argv


def device_disk(directory: Path, number: int) -> Path:
    return directory / f"device-{number}.raw"


def make_device_disks(words: list[str], directory: Path) -> None:
    """Empty ones, for the devices that want a file."""
    for number, word in enumerate(words, 1):
        disk = device_disk(directory, number)
        if any("{disk}" in part for part in DEVICES.get(word.partition("@")[0], [])) and not disk.exists():
            with disk.open("wb") as stream:
                stream.truncate(64 * MIB)


def iommu_arguments(case: Case) -> list[str]:
    if case.iommu == "none":
        return []
    model = {"intel": "intel-iommu,caching-mode=on", "amd": "amd-iommu"}[case.iommu]
    options = case.iommu_options or "intremap=on"
    return ["-device", f"{model},{options}"]


def disk_arguments(kind: str, name: str, file: Path, address: str, bootindex: int | None, log: Path | None = None) -> list[str]:
    """`log`: where to log what is written to it."""
    model = {"virtio": "virtio-blk-pci", "nvme": "nvme"}[kind]
    device = f"{model},drive={name},serial={name},addr={address}" + (f",bootindex={bootindex}" if bootindex is not None else "")
    if not log:
        return ["-drive", f"if=none,id={name},file={file},format=raw,cache=unsafe", "-device", device]
    log.write_bytes(b"")
    nodes = [f"driver=file,filename={path},node-name={name}-{what},cache.no-flush=on" for what, path in (("file", file), ("log", log))]
    nodes.append(f"driver=blklogwrites,node-name={name},file={name}-file,log={name}-log,log-sector-size=512")
    return [*(word for node in nodes for word in ("-blockdev", node)), "-device", device]


def plug_request(case: Case, boot: Boot, word: str) -> dict[str, object]:
    """For QEMU's monitor. A word that comes again in the same boot is the same card."""
    words = list(dict.fromkeys(step.value for step in boot.steps if step.kind == "plug"))
    argv = device_arguments(case, [word], Path(), FIRST_PLUGGED + words.index(word))
    if len(argv) != 2:
        raise CaseError(f"{case.path}: plug = {word}: such a device has parts that cannot be plugged in")
    driver, *options = argv[1].split(",")
    return {"execute": "device_add", "arguments": {"driver": driver, **dict(option.split("=", 1) for option in options)}}


def unplug_request(_case: Case, _boot: Boot, name: str) -> dict[str, object]:
    return {"execute": "device_del", "arguments": {"id": name}}


REQUESTS = {"plug": plug_request, "unplug": unplug_request}


def monitor_arguments(boot: Boot, directory: Path) -> list[str]:
    """QEMU's monitor as a port of the guest that it is about, where that boot has something plugged in or out."""
    if not any(step.kind in REQUESTS for step in boot.steps):
        return []
    socket = directory / "monitor.socket"
    socket.unlink(missing_ok=True)
    return ["-chardev", f"socket,id=monitor,path={socket},server=on,wait=off", "-mon", "chardev=monitor,mode=control",
            "-chardev", f"socket,id=monitor-port,path={socket}", "-device", "virtserialport,chardev=monitor-port,name=monitor"]


def step_script(case: Case, boot: Boot, step: Step) -> str:
    """What the guest does for a step; empty where the step is judged from the kernel log alone."""
    value = step.value
    if step.kind in REQUESTS:
        return f"sh /run/boot-test/plug {step.kind} '{json.dumps(REQUESTS[step.kind](case, boot, value))}'\n"
    if step.kind == "run":
        return value + "\n"
    if step.kind == "file":
        return f"cat '{value}'\n"
    if step.kind == "absent":
        return f"if [ -e '{value}' ] || [ -L '{value}' ]; then ls -ld '{value}'; exit 1; fi\n"
    if step.kind == "driver":
        address = value.split()[0]
        return (f"cd /sys/bus/pci/devices/{address} || exit 1\n"
                "if [ -e driver ]; then basename \"$(readlink driver)\"; else echo none; fi\n")
    if step.kind == "vfio":
        return f"/run/boot-test/vfio-open {value.split()[0]}\n"
    if step.kind == "verdict":
        return f"sh /run/boot-test/verdict {step.value}\n"
    if step.kind == "childless":
        return ("mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing\n"
                f"systemctl show -P ExecMainPID {value}\ncat /sys/kernel/tracing/trace\n")
    return ""


def step_files(case: Case, boot: Boot, vfio_open: Path) -> dict[str, tuple[bytes, int]]:
    """What /run/boot-test has in the guest, as content and mode: the observer's second half, its helpers, the steps in order."""
    files = {path.name: (path.read_bytes(), 0o755) for path in sorted((BOOT_DIR / "guest").iterdir())}
    files["vfio-open"] = (vfio_open.read_bytes(), 0o755)
    for number, step in enumerate(boot.steps, 1):
        text = step_script(case, boot, step)
        if text:
            files[f"steps/{number:03}-{step.limit}"] = (text.encode(), 0o644)
    return files


def write_steps(case: Case, boot: Boot, vfio_open: Path, target: Path) -> None:
    """The small disk: a tar file."""
    with tarfile.open(target, "w") as tar:
        for name, (data, mode) in step_files(case, boot, vfio_open).items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), mode
            tar.addfile(info, io.BytesIO(data))


FRAME = re.compile(rb"@@ (\S+) (\d+) ([0-9.]+) ([0-9.]+) (\d+)\n")


def read_results(data: bytes) -> dict[str, Result]:
    """Frames up to the first one that is not whole (the guest may have died in it)."""
    results: dict[str, Result] = {}
    position = 0
    while True:
        head = FRAME.match(data, position)
        if not head:
            return results
        size = int(head[5])
        body = data[head.end():head.end() + size]
        if len(body) < size:
            return results
        results[head[1].decode()] = Result(int(head[2]), float(head[3]), float(head[4]), body.decode(errors="replace"))
        position = head.end() + size


def guest_arguments(case: Case, devices: list[str], disk: Path, directory: Path, steps: Path, results: Path,
                    log: Path | None = None) -> list[str]:
    """The whole machine but for its console. `directory` holds what lasts from boot to boot. `log`: of its boot disk."""
    code, empty_variables = firmware()
    variables = directory / "variables.fd"
    if not variables.exists():
        shutil.copy(empty_variables, variables)
    argv = [*machine_arguments(accelerator(), case.memory, case.smp),
            "-drive", f"if=pflash,format=raw,readonly=on,file={code}",
            "-drive", f"if=pflash,format=raw,file={variables}",
            *iommu_arguments(case),
            *disk_arguments(case.boot_disk, "root", disk, BOOT_DISK, 0, log),
            "-drive", f"if=none,id=steps,file={steps},format=raw,readonly=on",
            "-device", f"virtio-blk-pci,drive=steps,serial=boot-test,addr={STEPS_DISK}",
            "-device", f"virtio-serial-pci,addr={RESULTS}", "-chardev", f"file,id=results,path={results}",
            "-device", "virtserialport,chardev=results,name=boot-test"]
    if case.second_disk:
        second = directory / "second.raw"
        if not second.exists():
            with second.open("wb") as stream:
                stream.truncate(256 * MIB)
        argv += disk_arguments(case.second_disk, "second", second, SECOND_DISK, None)
    return [*argv, *device_arguments(case, devices, directory), *case.qemu]


def wait_for_end(guest: subprocess.Popen[bytes], console: Path, cuts: list[PowerCut], limit: int, keep: Callable[[str], None]) -> None:
    """Until QEMU ends; `keep(NAME)` is called while the guest stands still at the moment of a power cut.

    A stopped QEMU has handed each write that it began to the kernel, and no
    other: its files are just what SIGKILL would leave.
    """
    deadline, pending, position, rest = time.monotonic() + limit, list(cuts), 0, ""
    while pending:
        with contextlib.suppress(subprocess.TimeoutExpired):
            guest.wait(0.05)
            return
        if time.monotonic() > deadline:
            break
        with contextlib.suppress(FileNotFoundError), console.open("rb") as stream:
            stream.seek(position)
            new = stream.read()
            position += len(new)
            rest = (rest + new.decode(errors="replace"))[-10000:]
        if re.search(pending[0].pattern, rest, re.MULTILINE):
            os.kill(guest.pid, signal.SIGSTOP)
            try:
                keep(pending.pop(0).name)
            finally:
                os.kill(guest.pid, signal.SIGCONT)
    guest.wait(max(0.0, deadline - time.monotonic()))


def boot_guest(case: Case, boot: Boot, disk: Path, directory: Path, vfio_open: Path, log: Path, keep: Callable[[str], None]) -> Observed:
    """One boot, from power-on to power-off. `log` is what the names of its log files begin with; `keep` as above."""
    steps, results = directory / f"steps-{boot.number}.tar", directory / f"results-{boot.number}"
    write_steps(case, boot, vfio_open, steps)
    devices = boot.devices or case.devices
    make_device_disks(devices, directory)
    writes = directory / LOG if boot.write_log else None
    argv = [*guest_arguments(case, devices, disk, directory, steps, results, writes), *monitor_arguments(boot, directory),
            "-serial", f"file:{log}.console", *boot.qemu]
    with emulated_tpm(directory, log) if case.tpm else contextlib.nullcontext([]) as tpm:
        return observe([*argv, *tpm], boot, boot.timeout or case.timeout or TIMEOUT, results, log, keep)


@contextlib.contextmanager
def emulated_tpm(directory: Path, log: Path) -> Iterator[list[str]]:
    """One whose keys last from boot to boot, and its registers as long as one. Yields arguments for QEMU."""
    state, socket = directory / "tpm", directory / "tpm.socket"
    state.mkdir(exist_ok=True)
    socket.unlink(missing_ok=True)
    argv = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--ctrl", f"type=unixio,path={socket}"]
    with Path(f"{log}.tpm").open("wb") as messages, started(argv, messages) as program:
        while not socket.exists():
            if program.poll() is not None:
                raise HarnessError(f"swtpm ended with {program.returncode}, log: {log}.tpm")
            time.sleep(0.05)
        yield ["-chardev", f"socket,id=tpm,path={socket}", "-tpmdev", "emulator,id=tpm,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm"]


def observe(argv: list[str], boot: Boot, limit: int, results: Path, log: Path,
            keep: Callable[[str], None] = lambda _name: None) -> Observed:
    """Runs QEMU until the guest switches itself off; what it sends comes to be in `results`, `keep` as above."""
    argv = ["qemu-system-x86_64", *argv]
    Path(f"{log}.qemu").write_text(" \\\n    ".join(argv) + "\n")

    observed = Observed()
    begin = time.monotonic()
    with Path(f"{log}.qemu-messages").open("wb") as messages, started(argv, messages) as guest:
        try:
            wait_for_end(guest, Path(f"{log}.console"), boot.power_cuts, limit, keep)
            observed.ended = "power-off" if guest.returncode == 0 else f"QEMU ended with {guest.returncode}, see {log}.qemu-messages"
        except subprocess.TimeoutExpired:
            observed.ended = f"still running after {limit} s"
    observed.seconds = time.monotonic() - begin
    observed.results = read_results(results.read_bytes() if results.exists() else b"")
    save_results(boot, observed, log)
    util.timer.add(observed.seconds, f"boot {'/'.join(log.parts[-3:])}")
    return observed


_running: set[subprocess.Popen[bytes]] = set()
_stopped = threading.Event()


@contextlib.contextmanager
def started(argv: list[str], messages: BinaryIO, monitor: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """A running QEMU, or what it needs beside it, that does not outlive this block."""
    if _stopped.is_set():
        raise HarnessError("the run is being given up")
    guest = subprocess.Popen(argv, stdin=subprocess.PIPE if monitor else subprocess.DEVNULL, stdout=messages, stderr=messages)
    _running.add(guest)
    try:
        yield guest
    finally:
        if guest.poll() is None:
            guest.kill()
        guest.wait()
        _running.discard(guest)


def stop_all() -> None:
    """The run is being given up: its threads come to an end when their guests do, and start no other."""
    _stopped.set()
    for guest in list(_running):
        guest.kill()


@dataclass(frozen=True)
class Begun:
    """How to see that the firmware is done: it says `words` in the file `said`."""

    said: Path
    words: bytes


def machine_table(case: Case, argv: list[str], directory: Path, begun: Begun) -> bytes:
    """The DMAR or IVRS table that this machine has by itself.

    The firmware has put it into memory when it begins to boot; nothing of a
    disk has to run for it, and nothing is written to one (-snapshot).
    """
    memory, messages = directory / "memory", directory / "table.messages"
    argv = ["qemu-system-x86_64", *argv, "-snapshot", "-monitor", "stdio"]
    begun.said.unlink(missing_ok=True)
    with messages.open("wb") as stream, started(argv, stream, monitor=True) as guest:
        deadline = time.monotonic() + TABLE_TIMEOUT
        while begun.words not in (begun.said.read_bytes() if begun.said.exists() else b""):
            if guest.poll() is not None or time.monotonic() > deadline:
                raise HarnessError(f"{case.path}: the firmware does not come to its boot\n{messages.read_text()}")
            time.sleep(0.05)
        guest.communicate(f'pmemsave 0 {case.memory * MIB} "{memory}"\nquit\n'.encode(), TABLE_TIMEOUT)
    data = memory.read_bytes()
    memory.unlink()
    for found in re.finditer(SIGNATURES[case.iommu], data):
        size = int.from_bytes(data[found.start() + 4:found.start() + 8], "little")
        table = data[found.start():found.start() + size]
        if 36 < len(table) < 65536 and sum(table) & 0xFF == 0 and table[10:15] == b"BOCHS":
            return table
    raise HarnessError(f"{case.path}: this machine has no table for iommu = {case.iommu}")


def save_results(boot: Boot, observed: Observed, log: Path) -> None:
    """All that was observed, readable: a file for the steps, and one each for the logs."""
    lines = []
    for name, result in observed.results.items():
        if name in ("kernel-log", "journal"):
            Path(f"{log}.{name}").write_text(result.output)
            result = Result(result.status, result.begin, result.end, "")
        title = boot.steps[int(name) - 1].value if name.isdigit() else name
        lines.append(f"### {title}\n### status {result.status}, {result.begin:.2f} s to {result.end:.2f} s after power-on\n{result.output}\n")
    Path(f"{log}.steps").write_text("\n".join(lines))
