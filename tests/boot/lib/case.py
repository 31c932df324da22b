"""Reads a case file. The format is described in tests/boot/run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from .util import HarnessError

SUITES = ("bookworm", "trixie", "forky")
LOADERS = ("grub", "systemd-boot")
BUILDERS = ("dracut", "initramfs-tools")
MOUNT_POINTS = ("/boot", "/boot/efi")
ADDRESS = re.compile(r"^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$")


class CaseError(HarnessError):
    """A mistake in a case file; says the place."""


@dataclass
class Entry:
    """One `key = value` with its line number."""

    key: str
    value: str
    line: int


@dataclass
class Section:
    name: str
    line: int
    entries: list[Entry] = field(default_factory=list)


@dataclass
class FileIn:
    """A file that is put into the guest before boot 1."""

    path: str
    text: str | None
    source: Path | None
    mode: int = 0o644


@dataclass(frozen=True)
class Expected:
    """Below a verdict: how it has to turn out for one function, whatever ptprep says."""

    kind: str
    address: str
    pattern: str = ""

    def __str__(self) -> str:
        return f"{self.kind} = {self.address} {self.pattern}".rstrip()


@dataclass
class Step:
    """One thing that is done or looked at during a boot, and what it must show."""

    kind: str
    value: str
    line: int
    exit: str = "0"
    match: list[str] = field(default_factory=list)
    nomatch: list[str] = field(default_factory=list)
    print: list[str] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    limit: int = 240

    @property
    def title(self) -> str:
        first = self.value.strip().splitlines()[0] if self.value.strip() else ""
        return f"{self.kind} = {first}"


@dataclass
class PowerCut:
    """A moment at which the disk is kept as it is, under a name."""

    name: str
    pattern: str


@dataclass
class Boot:
    number: int
    line: int
    steps: list[Step] = field(default_factory=list)
    argument: str = ""
    entry: str = ""
    disk: str = ""
    power_cuts: list[PowerCut] = field(default_factory=list)
    reboots: bool = False
    write_log: str = ""
    losses: list[PowerCut] = field(default_factory=list)
    unchanged: str = ""
    may_change: list[str] = field(default_factory=list)
    timeout: int = 0
    devices: list[str] = field(default_factory=list)
    qemu: list[str] = field(default_factory=list)


@dataclass
class Case:
    path: Path
    title: str = ""
    suites: list[str] = field(default_factory=lambda: ["bookworm"])
    chosen: list[str] | None = None
    direct: bool = False
    iommu: str = "none"
    iommu_options: str = ""
    memory: int = 1024
    smp: int = 1
    timeout: int = 0
    devices: list[str] = field(default_factory=list)
    qemu: list[str] = field(default_factory=list)
    boot_disk: str = "virtio"
    second_disk: str = ""
    separate_boot: bool = False
    noauto: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    loader: str = "grub"
    initramfs: str = "dracut"
    older_kernel: bool = False
    kernel_package: bool = False
    packages: list[str] = field(default_factory=list)
    ptprep: bool = True
    tpm: bool = False
    grub: list[tuple[str, str]] = field(default_factory=list)
    firmware: list[tuple[str, str]] = field(default_factory=list)
    boot_firmware: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    files: list[FileIn] = field(default_factory=list)
    boots: list[Boot] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.stem

    def suites_of(self, chosen: bool) -> list[str]:
        """Those it runs in: all, or what is chosen for each change."""
        return self.suites if self.chosen is None or not chosen else self.chosen

    def firmware_of(self, boot: Boot) -> list[tuple[str, str]]:
        """The edits of one boot of a direct case."""
        return self.boot_firmware.get(boot.number, self.firmware)


def split_sections(path: Path, text: str) -> list[Section]:
    """Lines into sections and entries; indented lines go on with the value above."""
    sections: list[Section] = []
    current: Entry | None = None
    block: list[str] = []

    def end_block() -> None:
        nonlocal current, block
        while block and not block[-1].strip():
            block.pop()
        if current and block:
            indent = min((len(line) - len(line.lstrip()) for line in block if line.strip()), default=0)
            tail = "\n".join(line[indent:] for line in block)
            current.value = f"{current.value}\n{tail}" if current.value else tail
        current, block = None, []

    for number, line in enumerate(text.splitlines(), 1):
        if current and (line[:1] in (" ", "\t") or not line.strip()):
            block.append(line)
            continue
        end_block()
        if not line.strip() or line.startswith("#"):
            continue
        header = re.fullmatch(r"\[(.+)\]\s*", line)
        if header:
            sections.append(Section(header.group(1).strip(), number))
            continue
        pair = re.fullmatch(r"([A-Za-z_][A-Za-z0-9_ -]*?)\s*=\s*(.*)", line)
        if not pair or not sections:
            raise CaseError(f"{path}:{number}: expected [section], key = value, or an indented line of the value above")
        current = Entry(pair.group(1), pair.group(2).strip(), number)
        sections[-1].entries.append(current)
    end_block()
    return sections


class Reader:
    """Fills a Case from sections; each mistake names file and line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.case = Case(path)

    def fail(self, line: int, text: str) -> CaseError:
        return CaseError(f"{self.path}:{line}: {text}")

    def read(self) -> Case:
        try:
            text = self.path.read_text()
        except OSError as error:
            raise CaseError(f"{self.path}: {error.strerror}") from error
        for section in split_sections(self.path, text):
            word, _, rest = section.name.partition(" ")
            handler = {"case": self._case, "grub": self._grub, "firmware": self._firmware,
                       "file": self._file, "boot": self._boot}.get(word)
            if not handler:
                raise self.fail(section.line, f"unknown section [{section.name}]; there are case, grub, firmware, file PATH, boot N")
            handler(section, rest.strip())
        self._judge_whole()
        return self.case

    def _judge_whole(self) -> None:
        case = self.case
        if not case.title:
            raise self.fail(1, "[case] needs a title")
        if not case.boots:
            raise self.fail(1, "no [boot 1]")
        for suite in case.chosen or []:
            if suite not in case.suites:
                raise self.fail(1, f"chosen = {suite} is none of its suites: {' '.join(case.suites)}")
        kept: set[str] = set()
        for boot in case.boots:
            if not boot.steps and not boot.unchanged and not boot.reboots:
                raise self.fail(boot.line, f"boot {boot.number} observes nothing")
            if boot.steps and boot.reboots:
                raise self.fail(boot.line, f"boot {boot.number} reboots before anything could be observed in it")
            if boot.disk and boot.disk not in kept:
                raise self.fail(boot.line, f"no boot before this one has a power cut {boot.disk}")
            if case.loader != "grub" and (boot.argument or boot.entry):
                raise self.fail(boot.line, "argument and entry are for GRUB's menu; with systemd-boot use bootctl in a run")
            if boot.losses and not boot.write_log:
                raise self.fail(boot.line, "loss needs write log = REGEX")
            for cut in boot.power_cuts + boot.losses:
                if cut.name in kept:
                    raise self.fail(boot.line, f"there are two power cuts {cut.name}")
                kept.add(cut.name)
        if case.loader != "grub" and (case.grub or case.firmware):
            raise self.fail(1, f"[grub] and [firmware] do not go with loader = {case.loader}")
        if "/boot" in case.noauto + case.unlisted and not case.separate_boot:
            raise self.fail(1, "/boot can only be left unmounted with separate boot = yes")
        strange = set(case.boot_firmware) - {boot.number for boot in case.boots if case.direct}
        if strange:
            raise self.fail(1, f"[firmware {min(strange)}] belongs to a boot of a case with boot = direct")
        if case.direct:
            self._judge_direct()

    def _judge_direct(self) -> None:
        """Nothing may be asked for that such a guest has not."""
        case = self.case
        absent = [name for name, there in (("[grub]", case.grub), ("separate boot", case.separate_boot),
                                           ("older kernel", case.older_kernel), ("second disk", case.second_disk), ("packages", case.packages), ("tpm", case.tpm)) if there]
        for boot in case.boots:
            absent += [name for name, there in (("unchanged", boot.unchanged), ("entry", boot.entry)) if there]
            absent += [step.kind for step in boot.steps if step.kind in ("childless", "plug", "unplug")]
        if absent:
            raise self.fail(1, f"a guest with boot = direct has no disk, no boot loader and no systemd: {absent[0]} means nothing there")

    # -- values -------------------------------------------------------------

    def _number(self, entry: Entry) -> int:
        if not entry.value.isdigit():
            raise self.fail(entry.line, f"{entry.key} is a whole number, not {entry.value!r}")
        return int(entry.value)

    def _yes(self, entry: Entry) -> bool:
        if entry.value not in ("yes", "no"):
            raise self.fail(entry.line, f"{entry.key} is yes or no, not {entry.value!r}")
        return entry.value == "yes"

    def _one_of(self, entry: Entry, words: tuple[str, ...]) -> str:
        if entry.value not in words:
            raise self.fail(entry.line, f"{entry.key} is one of {', '.join(words)}, not {entry.value!r}")
        return entry.value

    def _suites(self, entry: Entry) -> list[str]:
        for suite in entry.value.split():
            if suite not in SUITES:
                raise self.fail(entry.line, f"unknown suite {suite}; there are {', '.join(SUITES)}")
        return entry.value.split()

    def _packages(self, entry: Entry) -> list[str]:
        for word in entry.value.split():
            if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", word):
                raise self.fail(entry.line, f"{word!r} is no name of a package")
        return entry.value.split()

    def _mount_points(self, entry: Entry) -> list[str]:
        for word in entry.value.split():
            if word not in MOUNT_POINTS:
                raise self.fail(entry.line, f"{entry.key} has words out of {', '.join(MOUNT_POINTS)}, not {word!r}")
        return entry.value.split()

    def _regex(self, entry: Entry, text: str | None = None) -> str:
        value = entry.value if text is None else text
        try:
            re.compile(value)
        except re.error as error:
            raise self.fail(entry.line, f"{entry.key}: {error}") from error
        if not value:
            raise self.fail(entry.line, f"{entry.key}: an empty expression matches everything")
        return value

    def _once(self, section: Section) -> None:
        seen: set[str] = set()
        for entry in section.entries:
            if entry.key in seen and entry.key not in ("qemu",):
                raise self.fail(entry.line, f"{entry.key} stands here twice")
            seen.add(entry.key)

    # -- sections -----------------------------------------------------------

    def _case(self, section: Section, _rest: str) -> None:
        self._once(section)
        case = self.case
        for entry in section.entries:
            key, value = entry.key, entry.value
            if key == "title":
                case.title = value
            elif key == "suites":
                case.suites = self._suites(entry)
            elif key == "chosen":
                case.chosen = [] if value == "no" else self._suites(entry)
            elif key == "boot":
                case.direct = self._one_of(entry, ("disk", "direct")) == "direct"
            elif key == "iommu":
                case.iommu = self._one_of(entry, ("intel", "amd", "none"))
            elif key == "iommu options":
                case.iommu_options = value
            elif key == "memory":
                case.memory = self._number(entry)
            elif key == "smp":
                case.smp = self._number(entry)
            elif key == "timeout":
                case.timeout = self._number(entry)
            elif key == "devices":
                case.devices = value.split()
            elif key == "qemu":
                case.qemu += value.split()
            elif key == "boot disk":
                case.boot_disk = self._one_of(entry, ("virtio", "nvme"))
            elif key == "second disk":
                case.second_disk = self._one_of(entry, ("virtio", "nvme"))
            elif key == "noauto":
                case.noauto = self._mount_points(entry)
            elif key == "unlisted":
                case.unlisted = self._mount_points(entry)
            elif key == "loader":
                case.loader = self._one_of(entry, LOADERS)
            elif key == "initramfs":
                case.initramfs = self._one_of(entry, BUILDERS)
            elif key == "packages":
                case.packages = self._packages(entry)
            elif key in ("separate boot", "older kernel", "kernel package", "ptprep", "tpm"):
                setattr(case, key.replace(" ", "_"), self._yes(entry))
            else:
                raise self.fail(entry.line, f"unknown key {key!r} in [case]")

    def _grub(self, section: Section, _rest: str) -> None:
        self._once(section)
        for entry in section.entries:
            if not re.fullmatch(r"GRUB_[A-Z0-9_]+", entry.key):
                raise self.fail(entry.line, f"{entry.key} is no variable of /etc/default/grub")
            self.case.grub.append((entry.key, entry.value))

    def _firmware(self, section: Section, rest: str) -> None:
        edits = [(entry.key, entry.value) for entry in section.entries]
        if not rest:
            self.case.firmware += edits
        elif rest.isdigit() and int(rest) not in self.case.boot_firmware:
            self.case.boot_firmware[int(rest)] = edits
        else:
            raise self.fail(section.line, "[firmware] is for all boots, [firmware N] for boot N alone; each once")

    def _file(self, section: Section, rest: str) -> None:
        self._once(section)
        if not rest.startswith("/"):
            raise self.fail(section.line, "[file PATH]: PATH begins with /")
        found = FileIn(rest, None, None)
        for entry in section.entries:
            if entry.key == "text":
                found.text = entry.value + "\n" if entry.value else ""
            elif entry.key == "source":
                found.source = (self.path.parent / entry.value).resolve()
                if not found.source.is_file():
                    raise self.fail(entry.line, f"{found.source} is no file")
            elif entry.key == "mode" and re.fullmatch(r"0[0-7]{3,4}", entry.value):
                found.mode = int(entry.value, 8)
            else:
                raise self.fail(entry.line, f"{entry.key}: in [file] there are text, source and mode (like 0644)")
        if (found.text is None) == (found.source is None):
            raise self.fail(section.line, "[file] needs either text or source")
        self.case.files.append(found)

    def _boot(self, section: Section, rest: str) -> None:
        if rest != str(len(self.case.boots) + 1):
            raise self.fail(section.line, f"expected [boot {len(self.case.boots) + 1}]")
        boot = Boot(int(rest), section.line)
        self.case.boots.append(boot)
        for entry in section.entries:
            if entry.key in ("exit", "match", "nomatch", "print", "limit"):
                self._modify(boot, entry)
            elif entry.key in ("maps", "fails", "reason"):
                self._expect(boot, entry)
            else:
                self._boot_key(boot, entry)

    def _modify(self, boot: Boot, entry: Entry) -> None:
        kinds = ("run", "file", "verdict") if entry.key in ("print", "limit") else ("run", "file")
        if not boot.steps or boot.steps[-1].kind not in kinds:
            raise self.fail(entry.line, f"{entry.key} belongs below one of {', '.join(kinds)}")
        step = boot.steps[-1]
        if entry.key == "exit":
            if not re.fullmatch(r"any|\d+", entry.value):
                raise self.fail(entry.line, "exit is a number, or any")
            step.exit = entry.value
        elif entry.key == "limit":
            step.limit = self._number(entry)
        else:
            getattr(step, entry.key).append(self._regex(entry))

    def _expect(self, boot: Boot, entry: Entry) -> None:
        if not boot.steps or boot.steps[-1].kind != "verdict":
            raise self.fail(entry.line, f"{entry.key} belongs below a verdict")
        words = entry.value.split(maxsplit=1)
        if entry.key == "maps":
            expected = [Expected("maps", address) for address in entry.value.split()]
        elif len(words) == 2:
            expected = [Expected(entry.key, words[0], self._regex(entry, words[1]))]
        else:
            raise self.fail(entry.line, f"{entry.key} = ADDRESS REGEX")
        for one in expected:
            if not ADDRESS.match(one.address):
                raise self.fail(entry.line, f"{one.address} is no address of a PCI function")
        boot.steps[-1].expected += expected

    def _boot_key(self, boot: Boot, entry: Entry) -> None:
        key, value = entry.key, entry.value
        if key in ("run", "file", "absent", "childless", "plug", "unplug"):
            if not value:
                raise self.fail(entry.line, f"{key} is empty")
            boot.steps.append(Step(key, value, entry.line))
        elif key in ("log", "nolog"):
            boot.steps.append(Step(key, self._regex(entry), entry.line))
        elif key == "driver":
            words = value.split()
            if len(words) != 2 or not ADDRESS.match(words[0]):
                raise self.fail(entry.line, "driver = ADDRESS NAME, or none for NAME")
            boot.steps.append(Step(key, value, entry.line))
        elif key == "vfio":
            address, _, expected = value.partition(" ")
            if not ADDRESS.match(address) or not re.match(r"(maps|fails .+)$", expected):
                raise self.fail(entry.line, "vfio = ADDRESS maps, or ADDRESS fails REGEX")
            if expected != "maps":
                self._regex(entry, expected.removeprefix("fails "))
            boot.steps.append(Step(key, value, entry.line))
        elif key == "verdict":
            if value != "all" and not all(ADDRESS.match(word) for word in value.split() or [""]):
                raise self.fail(entry.line, "verdict = all, or ADDRESS...")
            boot.steps.append(Step(key, value, entry.line))
        elif key == "power cut":
            name, _, pattern = value.partition(" ")
            boot.power_cuts.append(PowerCut(name, self._regex(entry, pattern.strip())))
        elif key == "write log":
            boot.write_log = self._regex(entry)
        elif key == "loss":
            name, _, pattern = value.partition(" ")
            boot.losses.append(PowerCut(name, pattern.strip()))
        elif key == "disk":
            boot.disk = value
        elif key == "argument":
            boot.argument = value
        elif key == "entry":
            boot.entry = self._regex(entry)
        elif key == "reboots":
            boot.reboots = self._yes(entry)
        elif key == "unchanged":
            if not re.fullmatch(r"yes|since (start|boot \d+)", value):
                raise self.fail(entry.line, "unchanged = yes, since start, or since boot N")
            boot.unchanged = value
        elif key == "may change":
            boot.may_change.append(self._regex(entry))
        elif key == "timeout":
            boot.timeout = self._number(entry)
        elif key == "devices":
            boot.devices = value.split()
        elif key == "qemu":
            boot.qemu += value.split()
        else:
            raise self.fail(entry.line, f"unknown key {key!r} in [boot {boot.number}]")


def read_case(path: Path) -> Case:
    return Reader(path).read()
