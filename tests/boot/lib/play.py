"""Plays a case in one suite: prepares its disk, boots it as often as the case says, judges each boot."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import firmware
from .case import Boot, Case, CaseError, PowerCut
from .cuts import BEFORE, LOG, Cuts
from .disk import GUEST_ARGUMENTS, ROOT_UUID, Disk, Disks, Layout, Root, set_grub_variable, set_mounts
from .guest import Begun, Observed, boot_guest, guest_arguments, machine_table, make_device_disks
from .judge import Failure, Snapshot, changes, judge_boot, printed, snapshot
from .roots import Roots, static_program
from .util import BOOT_DIR, Cache, HarnessError, remove_tree, run, say

ONCE = "/boot-test-once.cfg"
OVER = "write log" # no name that a case can give a power cut
KERNEL_PACKAGE = "/var/lib/boot-test/kernel-package"

# What of a machine is there in the next boot: its disk, and the variables of its firmware.
LASTING = ("disk.raw", "variables.fd")


@dataclass
class Workshop:
    """What all cases share."""

    cache: Cache
    roots: Roots
    disks: Disks
    build: Path
    keep: bool

    @property
    def logs(self) -> Path:
        return self.build / "logs"


@dataclass
class Play:
    """One case in one suite."""

    case: Case
    suite: str
    shop: Workshop
    failures: list[Failure] = field(default_factory=list)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.case.name}/{self.suite}"

    @property
    def layout(self) -> Layout:
        return Layout(self.case.separate_boot, self.case.loader, self.case.initramfs)

    @property
    def weight(self) -> int:
        """About how long it takes, in boots without a disk."""
        return len(self.case.boots) * (1 if self.case.direct else 5)

    @property
    def inputs(self) -> tuple[object, ...]:
        """Plays with the same ones share what make_inputs() makes."""
        return (self.suite, self.case.direct, self.layout, self.case.older_kernel, self.case.kernel_package,
                tuple(self.case.packages), self.case.ptprep)

    def make_inputs(self) -> None:
        """Everything that is cached and shared; slow the first time."""
        self.base_disk()

    def base_disk(self) -> Disk:
        if self.case.ptprep:
            self.shop.roots.ptprep(self.suite)
        if self.case.kernel_package:
            self.shop.roots.kernel_package(self.suite)
        return self.shop.disks.get(self.suite, self.layout, self.case.older_kernel, tuple(self.case.packages))

    def run(self) -> bool:
        """True if all was as the case asks for."""
        directory = self.shop.build / "run" / self.case.name / self.suite
        logs = self.shop.logs / self.case.name / self.suite
        for old in (directory, logs):
            remove_tree(old)
            old.mkdir(parents=True)
        try:
            self.play(directory, logs)
        except HarnessError as error:
            self.failures.append(Failure("harness", str(error)))
            say(f"FAIL {self.name}: {error}")
        finally:
            if not self.shop.keep:
                remove_tree(directory)
        return not self.failures

    def play(self, directory: Path, logs: Path) -> None:
        """All boots, one after the other: each finds what those before it have written."""
        disk = self.base_disk().copy(directory / "disk.raw")
        self._prepare(disk, directory, logs)
        for boot in self.case.boots:
            if not self._boot(boot, disk, directory, logs):
                break

    # -- before boot 1 --------------------------------------------------------

    def _prepare(self, disk: Disk, directory: Path, logs: Path) -> None:
        log = logs / "prepare.log"
        acpi = self._early_cpio(disk, directory) if self.case.firmware else b""
        grub = self.case.loader == "grub"
        with disk.mount(directory / "root") as root, (contextlib.nullcontext() if grub else disk.esp_tree(root)):
            if self.case.ptprep:
                install_ptprep(root, self.shop.roots.ptprep(self.suite), log)
            if self.case.kernel_package:
                shutil.copytree(self.shop.roots.kernel_package(self.suite), inside(root, KERNEL_PACKAGE))
            set_mounts(root, self.case.noauto, self.case.unlisted)
            words = place_words(root)
            for file in self.case.files:
                target = inside(root, fill_in(file.path, words))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.source.read_bytes() if file.source else fill_in(file.text or "", words).encode())
                os.chmod(target, file.mode)
            if self.case.ptprep:
                # after the files: one of them may be a preset that goes before ptprep's own
                root.run(["systemctl", "preset", "ptprep.service", "ptprep-network.service"], log)
            for name, value in self.case.grub:
                set_grub_variable(root, name, value)
            if acpi:
                inside(root, "/boot/boot-test-acpi.cpio").write_bytes(acpi)
                set_grub_variable(root, "GRUB_EARLY_INITRD_LINUX_CUSTOM", "boot-test-acpi.cpio")
            if self.case.grub or acpi or not grub:
                root.script("disk.sh", "menu", log=log)
        self._keep_snapshot("start", disk, directory)

    def _early_cpio(self, disk: Disk, directory: Path) -> bytes:
        """The firmware that the case asks for; most edits begin with what the machine has itself."""
        def own(iommu: str) -> bytes:
            case, steps, console = replace(self.case, iommu=iommu), directory / "no-steps", directory / "table.console"
            steps.write_bytes(bytes(10240))
            make_device_disks(case.devices, directory)
            argv = [*guest_arguments(case, case.devices, disk.file, directory, steps, directory / "no-results"), "-serial", f"file:{console}"]
            return machine_table(case, argv, directory, Begun(console, b"BdsDxe: starting"))

        return firmware.early_cpio(firmware.build_table(self.case, self.case.firmware, functools.cache(own)))

    def _keep_snapshot(self, name: str, disk: Disk, directory: Path) -> None:
        """Only where some boot asks for a comparison."""
        if any(boot.unchanged for boot in self.case.boots):
            with disk.mount(directory / "root", read_only=True) as root:
                self.snapshots[name] = snapshot(root.path)

    # -- one boot ---------------------------------------------------------------

    def _boot(self, boot: Boot, disk: Disk, directory: Path, logs: Path) -> bool:
        """False if there is no point in booting on."""
        if boot.disk:
            for name in LASTING:
                os.replace(directory / f"{boot.disk}.{name}", directory / name)
        kept: list[str] = []
        over = 0
        if boot.write_log:
            disk.copy(directory / BEFORE)
            boot = replace(boot, power_cuts=[*boot.power_cuts, PowerCut(OVER, boot.write_log)])

        def keep(name: str) -> None:
            nonlocal over
            if name == OVER:
                over = (directory / LOG).stat().st_size
                kept.append(name)
                return
            for file in LASTING:
                Disk(directory / file, disk.layout).copy(directory / f"{name}.{file}")
            kept.append(name)

        with self._changed_entry(boot, disk, directory):
            vfio_open = static_program(BOOT_DIR / "vfio-open.c", self.shop.cache)
            observed = boot_guest(self.case, boot, disk.file, directory, vfio_open, logs / f"boot-{boot.number}", keep)
        failures = judge_boot(boot, observed)
        failures += [Failure(f"power cut = {cut.name}", "the console did not come to that line, or not in this order")
                     for cut in boot.power_cuts if cut.name not in kept]
        if observed.ended == "power-off":
            self._keep_snapshot(f"boot {boot.number}", disk, directory)
            failures += self._judge_unchanged(boot)
            failures += self._cut(boot, disk, directory, over) if over else []
        self.report(boot, observed, failures, logs)
        return observed.ended == "power-off" and observed.complete != boot.reboots and len(kept) == len(boot.power_cuts)

    def _cut(self, boot: Boot, disk: Disk, directory: Path, over: int) -> list[Failure]:
        """Judges each power cut that there could have been in it, and leaves the disks of some."""
        cuts = Cuts(disk, directory, over)
        say(f"{self.name} boot {boot.number}: {cuts.judge.summary()}")
        for loss in boot.losses:
            cuts.leave(loss.pattern, directory / f"{loss.name}.disk.raw")
            shutil.copy(directory / "variables.fd", directory / f"{loss.name}.variables.fd")
        for name in (LOG, BEFORE):
            (directory / name).unlink()
        return [Failure("write log", error) for error in cuts.judge.errors()]

    def report(self, boot: Boot, observed: Observed, failures: list[Failure], logs: Path) -> None:
        """One line, and more where something is not as asked for."""
        self.failures += failures
        verdict = f"{len(failures)} of its observations FAILED" if failures else "ok"
        lines = [f"{self.name} boot {boot.number}: {observed.seconds:.0f} s, {verdict}"]
        lines += [f"    {failure.what}: {failure.why}" for failure in failures]
        lines += [f"    log: {logs / f'boot-{boot.number}'}.*"] if failures else []
        lines += [f"    {line}" for line in printed(boot, observed)]
        say("\n".join(lines))

    @contextlib.contextmanager
    def _changed_entry(self, boot: Boot, disk: Disk, directory: Path):  # type: ignore[no-untyped-def]
        """For this boot only: another menu entry, or one more argument, as typed into GRUB's menu by hand."""
        if not boot.argument and not boot.entry:
            yield
            return
        with disk.mount(directory / "root", read_only=True) as root:
            menu = inside(root, "/boot/grub/grub.cfg").read_text()
        once = directory / "once.cfg"
        once.write_text(changed_entry(menu, boot.entry, boot.argument))
        disk.put_on_esp(once, ONCE)
        try:
            yield
        finally:
            disk.remove_from_esp(ONCE)

    def _judge_unchanged(self, boot: Boot) -> list[Failure]:
        if not boot.unchanged:
            return []
        since = f"boot {boot.number - 1}" if boot.unchanged == "yes" else boot.unchanged.removeprefix("since ")
        since = "start" if since == "boot 0" else since
        if since not in self.snapshots:
            return [Failure(f"unchanged = {boot.unchanged}", f"there is no state from {since}")]
        found = changes(self.snapshots[since], self.snapshots[f"boot {boot.number}"], boot.may_change)
        if not found:
            return []
        shown = "".join(f"\n        | {line}" for line in found[:20])
        return [Failure(f"unchanged = {boot.unchanged}", f"{len(found)} paths are not as they were{shown}")]


def inside(root: Root, path: str) -> Path:
    return root.path / path.lstrip("/")


def place_words(root: Root) -> dict[str, str]:
    """What a case file may stand in for."""
    kernel = run(["sh", "-c", "ls lib/modules | sort -V | tail -n 1"], cwd=root.path).stdout.strip()
    return {"@KERNEL@": kernel, "@ROOT@": ROOT_UUID, "@ARGUMENTS@": GUEST_ARGUMENTS}


def fill_in(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def install_ptprep(root: Root, tree: Path, log: Path) -> None:
    """What `meson install` made for this suite, and a look at its libraries."""
    for path in sorted(tree.rglob("*")):
        target = root.path / path.relative_to(tree)
        if path.is_dir() and not path.is_symlink():
            target.mkdir(exist_ok=True)
        else:
            # /lib may be a link to /usr/lib; the parent is resolved in the guest
            shutil.copy2(path, target, follow_symlinks=False)
    missing = [line.strip() for line in root.run(["ldd", "/usr/sbin/ptprep"], log).splitlines() if "not found" in line]
    if missing:
        raise HarnessError("ptprep lacks libraries in the guest: " + "; ".join(missing))


MENU_ENTRY = re.compile(r"^\s*menuentry\s+'((?:[^']|'\\'')*)'.*\{\s*$")

# A menu entry calls functions that grub.cfg defines further up.
STAND_INS = "".join(f"function {name} {{\n        true\n}}\n" for name in ("load_video", "gfxmode", "savedefault"))


def changed_entry(menu: str, wanted: str, argument: str) -> str:
    """The body of the first entry whose title or kernel line matches, with the argument at the end of its kernel line."""
    for title, body in menu_entries(menu):
        if wanted and not re.search(wanted, f"{title}\n" + "\n".join(body), re.MULTILINE):
            continue
        lines = [f"{line} {argument}" if line.split()[:1] == ["linux"] else line for line in body]
        return STAND_INS + "\n".join(lines) + "\nboot\n"
    raise CaseError(f"grub.cfg has no entry that matches {wanted!r}")


def menu_entries(menu: str) -> list[tuple[str, list[str]]]:
    """Title and lines of each menuentry; update-grub closes each with a brace at the indentation it began with."""
    entries: list[tuple[str, list[str]]] = []
    close = None
    for line in menu.splitlines():
        head = MENU_ENTRY.match(line)
        if head:
            entries.append((head[1], []))
            close = line[:len(line) - len(line.lstrip())] + "}"
        elif close is not None and line.rstrip() == close:
            close = None
        elif close is not None:
            entries[-1][1].append(line)
    return entries
