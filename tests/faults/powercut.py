# SPDX-License-Identifier: GPL-2.0-or-later
"""What a disk can hold after a power cut, and what GRUB then reads from it.

What is written between two flushes may get to the disk in any order: after a power cut any of it can be missing, and of several
writes to one block each can be the one that is there. Nothing of this is left to chance here. GRUB's own code (grub-fstest) tells
which sectors it looks at on its way to a file (grub-reads.c); where one of them can be another one, it looks again with that, and
so on from there. So of all states in which a cut can leave the disk, at every write, each that GRUB can tell from the others is
tried. What is not tried: a block of the file system of which only a part was written.
"""

import functools
import itertools
import os
import pathlib
import re
import struct
import subprocess
from dataclasses import dataclass, field
from typing import Callable, Iterable, Iterator

# Linux Documentation/admin-guide/device-mapper/log-writes.rst, drivers/md/dm-log-writes.c; QEMU writes the same
MAGIC = 0x6a736677736872
HEAD = struct.Struct("<QQQI")
ENTRY = struct.Struct("<QQQQ")
FLUSH, DISCARD = 1, 4
SECTOR = 512

ABSENT, EMPTY = "absent", "empty"
LOOKS_MAX = 20000 # at one file between two flushes; far more than any takes

# what a boot loader's text names: of GRUB, of the boot loader specification, of GRUB legacy
NAMED = re.compile(rb"^\s*(?:linux|linux16|linuxefi|initrd|initrd16|initrdefi|kernel|efi|uki)\s+(?:\([^)]*\))?(/\S+)", re.MULTILINE)
NAMING = re.compile(r"\.(cfg|conf|lst)$")


@dataclass
class Write:
    number: int # from 0; of a flush that of the next write
    offset: int
    data: bytes
    flush: bool # all before it are on the disk


def read_log(path: pathlib.Path, size: int | None = None) -> Iterator[Write]:
    """What a disk was told to do, in this order; only the first part of the log."""
    size, number = path.stat().st_size if size is None else size, 0
    with open(path, "rb") as log:
        magic, version, _, unit = HEAD.unpack(log.read(HEAD.size))
        assert magic == MAGIC and version == 1, f"{path} is no log of writes"
        log.seek(unit)
        while log.tell() + unit <= size:
            sector, sectors, flags, _ = ENTRY.unpack(log.read(unit)[:ENTRY.size])
            if flags & FLUSH:
                yield Write(number, 0, b"", True)
            if sectors and not flags & DISCARD and log.tell() + sectors * unit > size:
                return
            if sectors:
                yield Write(number, sector * unit, bytes(sectors * unit) if flags & DISCARD else log.read(sectors * unit), False)
                number += 1


def with_flushes(path: pathlib.Path, sizes: list[int]) -> Iterator[Write]:
    """A log in which no flush stands, of a disk that was told of none: after each of these sizes of the log there was one."""
    left = sorted(count_writes(path, size) for size in sizes)
    for write in read_log(path):
        while left and left[0] <= write.number:
            yield Write(left.pop(0), 0, b"", True)
        yield write


def count_writes(path: pathlib.Path, size: int | None = None) -> int:
    return sum(not write.flush for write in read_log(path, size))


@dataclass(frozen=True)
class Part:
    """A file system on a disk."""

    name: str # GRUB's
    begin: int
    size: int
    block: int # what is written whole or not at all


@dataclass
class Piece:
    """What gets to the disk whole or not at all: of one block the sectors that were always written together."""

    sectors: tuple[int, ...]
    versions: list[bytes] # what it held in turn, each once


@dataclass
class Window:
    """What was written to a file system between two flushes."""

    begin: int # numbers of its first write and of the one after its last
    end: int
    sectors: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)

    def add(self, write: Write) -> None:
        self.end = write.number + 1
        for at in range(0, len(write.data), SECTOR):
            self.sectors.setdefault((write.offset + at) // SECTOR, []).append((write.number, write.data[at:at + SECTOR]))

    def pieces(self, block: int, before: Callable[[int], bytes]) -> list[Piece]:
        """@before: what a sector held until then."""
        together: dict[tuple[int, ...], list[int]] = {}
        for sector, written in self.sectors.items():
            together.setdefault((sector * SECTOR // block, *(number for number, _ in written)), []).append(sector)
        found = []
        for sectors in map(sorted, together.values()):
            versions = [b"".join(map(before, sectors))]
            versions += [b"".join(parts) for parts in zip(*([data for _, data in self.sectors[s]] for s in sectors))]
            found.append(Piece(tuple(sectors), list(dict.fromkeys(reversed(versions)))[::-1])) # the last comes last
        return found


def windows(log: Iterable[Write], part: Part) -> Iterator[Window]:
    window: Window | None = None
    for write in log:
        if write.flush and window:
            yield window
            window = None
        elif not write.flush and part.begin <= write.offset < part.begin + part.size:
            window = window or Window(write.number, write.number)
            window.add(write)
    if window:
        yield window


Allowed = dict[int, list[int]] # of pieces: which of their versions
Subject = tuple[str, ...] # files that GRUB reads one after the other


@dataclass
class View:
    """What GRUB reads of a subject, and which sectors it looks at for that, in this order."""

    contents: tuple[str, ...] # of each file a digest, EMPTY, ABSENT, or what GRUB complains of
    sectors: dict[int, None]
    ends: tuple[int, ...] = () # of each file that has any bytes its last sector


@dataclass
class Found:
    """What GRUB can read of a subject, and a state that leads there: what GRUB looks at is so, all else is not written."""

    contents: tuple[str, ...]
    sectors: dict[int, bytes]
    lacking: list[int] # sectors that are not as they were written last
    joined: bool = False # two of the files end in the same sector


class Disk:
    """An image as it is at a flush, and what it can be until the next one."""

    def __init__(self, image: pathlib.Path, part: Part, reads: pathlib.Path, digest: Callable[[str, bytes], str]):
        self.image, self.part, self.digest = image, part, digest
        self.told = image.with_name(f"{image.name}.reads")
        self.printed, self.said = (image.with_name(f"{self.told.name}.{name}") for name in ("out", "err"))
        self.file = os.open(image, os.O_RDWR | os.O_CLOEXEC)
        env = os.environ | {"LC_ALL": "C", "LD_PRELOAD": str(reads), "GRUB_READS": str(self.told), "GRUB_IMAGE": str(image),
                            "GRUB_BEGIN": str(part.begin), "GRUB_SIZE": str(part.size)}
        self.grub = subprocess.Popen(["grub-fstest", str(image), "cat", "FILE"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     text=True, env=env)
        self.looks = 0
        self.views: dict[Subject, View] = {}

    def __enter__(self) -> "Disk":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.file)
        self.grub.communicate()

    def read(self, name: str) -> bytes | str:
        """A file, or why there is none."""
        self.looks += 1
        assert self.grub.stdin and self.grub.stdout
        self.grub.stdin.write(f"{self.part.name}{name}\n")
        self.grub.stdin.flush()
        status = int(self.grub.stdout.readline())
        if status == 0:
            return self.printed.read_bytes()
        said = self.said.read_text(errors="replace").strip()
        return ABSENT if re.search(r"file `.*' not found", said) else f"unreadable ({re.sub('[0-9]+', 'N', said) or status})"

    def content(self, name: str, data: bytes | str) -> str:
        return data if isinstance(data, str) else self.digest(name, data) if data else EMPTY

    def look(self, subject: Subject) -> View:
        view = View((), {})
        for name in subject:
            data = self.read(name)
            view.contents += (self.content(name, data),)
            for line in self.told.read_text().splitlines():
                offset, size = map(int, line.split())
                end = (offset + size - 1) // SECTOR
                view.sectors |= dict.fromkeys(range(offset // SECTOR, end + 1))
            if isinstance(data, bytes) and data:
                view.ends += (end,)
        return view

    def play(self, window: Window, subjects: Iterable[Subject], take: Callable[[Subject, Found], bool]) -> None:
        """All that GRUB can read of each is taken, until that says that it is enough. Then all of the window is on the disk."""
        pieces = window.pieces(self.part.block, lambda sector: os.pread(self.file, SECTOR, sector * SECTOR))
        pieces = [piece for piece in pieces if len(piece.versions) > 1]
        piece_of = {sector: n for n, piece in enumerate(pieces) for sector in piece.sectors}
        last = [len(piece.versions) - 1 for piece in pieces]
        now = [0] * len(pieces)
        other = set(range(len(pieces))) # pieces that do not hold their last version

        def put(state: dict[int, int]) -> None:
            """All other pieces hold their last version."""
            for n in other | state.keys():
                version = state.get(n, last[n])
                for i, sector in enumerate(pieces[n].sectors if version != now[n] else ()):
                    os.pwrite(self.file, pieces[n].versions[version][i * SECTOR:(i + 1) * SECTOR], sector * SECTOR)
                now[n] = version
            other.clear()
            other.update(n for n, version in state.items() if version != last[n])

        def in_pieces(view: View) -> dict[int, list[int]]:
            """What GRUB looks at of each, as offsets."""
            found: dict[int, list[int]] = {}
            for sector in view.sectors:
                if (n := piece_of.get(sector)) is not None:
                    found.setdefault(n, []).append(pieces[n].sectors.index(sector) * SECTOR)
            return found

        def alike(n: int, versions: Iterable[int], offsets: list[int]) -> list[list[int]]:
            """Those between which GRUB sees no difference; the last ones first."""
            groups: dict[bytes, list[int]] = {}
            for version in versions:
                groups.setdefault(b"".join(pieces[n].versions[version][at:at + SECTOR] for at in offsets), []).append(version)
            return sorted(groups.values(), key=max, reverse=True)

        def explore(subject: Subject) -> Iterator[Found]:
            ahead: list[Allowed] = [{}]
            seen, looks = set(), 0
            while ahead:
                way = ahead.pop()
                put({n: versions[-1] for n, versions in way.items()})
                view = self.look(subject)
                if not way:
                    self.views[subject] = view
                for n, offsets in in_pieces(view).items():
                    same, *others = alike(n, way.get(n, range(last[n] + 1)), offsets)
                    ahead += [way | {n: other} for other in others]
                    way = way | {n: same}
                looks += 1
                assert looks <= LOOKS_MAX, f"{subject} depends on too much: {[pieces[n].sectors for n in way]}"
                if (view.contents, view.ends) not in seen:
                    seen.add((view.contents, view.ends))
                    state = {sector: pieces[n].versions[versions[-1]][i * SECTOR:(i + 1) * SECTOR]
                             for n, versions in way.items() for i, sector in enumerate(pieces[n].sectors)}
                    joined = len(set(view.ends)) < len(view.ends)
                    yield Found(view.contents, state, [pieces[n].sectors[0] for n, versions in way.items() if last[n] not in versions],
                                joined)

        for subject in subjects:
            before = self.views.get(subject)
            if before is None:
                put(dict.fromkeys(range(len(pieces)), 0))
                before = self.views[subject] = self.look(subject)
            if any(len(alike(n, range(last[n] + 1), offsets)) > 1 for n, offsets in in_pieces(before).items()):
                for found in explore(subject):
                    if not take(subject, found):
                        break
            else:
                take(subject, Found(before.contents, {}, []))
        put({})


@dataclass
class Files:
    """What GRUB reads of a whole disk."""

    contents: dict[str, str]
    named: dict[str, list[str]] # by texts

    def names(self, entry: str, content: str, name: str) -> bool:
        """Does this text name that file?"""
        return content == self.contents[entry] and any(name.endswith(n) for n in self.named.get(entry, []))


def read_files(disk: Disk, names: list[str]) -> Files:
    files = Files({}, {})
    for name in names:
        data = disk.read(name)
        files.contents[name] = disk.content(name, data)
        if isinstance(data, bytes) and NAMING.search(name):
            files.named[name] = [n.decode(errors="replace") for n in NAMED.findall(data)]
    return files


@dataclass
class Change:
    """The first state in which a file is the new one."""

    name: str
    window: Window
    sectors: dict[int, bytes]


class Judge:
    """Each file is the old one or the new one, and what an entry names is there; from a moment on each is as it is in the end."""

    def __init__(self, old: Files, new: Files, after: Files, over: int, aside: Iterable[Subject] = ()):
        """@aside: a file's name and another one that it may have had before, or has afterwards. To be given where there are
        no inodes that know of their names: whoever removes one of two would free what the other one leads to."""
        self.old, self.new, self.after, self.over = old, new, after, over
        self.names = sorted(old.contents)
        changed = [name for name in self.names if old.contents[name] != new.contents[name]]
        passing = [name for name in changed if ABSENT in (old.contents[name], new.contents[name])]
        self.n_changed = len(changed)
        self.subjects: list[Subject] = [(name,) for name in self.names]
        self.subjects += [(entry, name) for entry in self.names for name in passing
                          if any(files.names(entry, files.contents[entry], name) for files in (old, new))]
        self.aside: list[Subject] = [names for names in aside if names[0] in changed]
        self.subjects += self.aside
        self.bad: dict[tuple[Subject, tuple[str, ...]], list[str]] = {}
        self.changes: dict[str, Change] = {}
        self.writes = self.flushes = self.looks = 0

    def fine(self, subject: Subject, found: Found, over: bool) -> bool:
        contents = found.contents
        if subject in self.aside:
            return not found.joined
        if len(subject) == 2: # an entry, and what it may name
            return contents[1] not in (ABSENT, EMPTY) or not any(f.names(subject[0], contents[0], subject[1]) for f in (self.old, self.new))
        if not over and contents[0] == EMPTY and self.old.contents[subject[0]] == ABSENT: # on FAT a new name, before its file
            return True
        files = (self.after,) if over else (self.old, self.new)
        return contents[0] in (f.contents[subject[0]] for f in files)

    def play(self, disk: Disk, log: Iterable[Write]) -> None:
        for window in windows(log, disk.part):
            disk.play(window, self.subjects, functools.partial(self.take, window))
            self.writes += window.end - window.begin
            self.flushes += 1
        self.looks += disk.looks

    def take(self, window: Window, subject: Subject, found: Found) -> bool:
        """False after a fault, when there could be thousands of its kind."""
        name, content = subject[0], found.contents[0]
        if not self.fine(subject, found, window.end > self.over):
            place = f"writes {window.begin} to {window.end - 1}, {self.over} until the end, without sectors {found.lacking}"
            self.bad.setdefault((subject, found.contents), []).append(place)
            return False
        if len(subject) == 1 and content == self.new.contents[name] != self.old.contents[name]:
            self.changes.setdefault(name, Change(name, window, found.sectors))
        return True

    def errors(self) -> list[str]:
        lines = []
        for (subject, contents), places in self.bad.items():
            what = ", ".join(f"{n} as {'old' if c == self.old.contents.get(n) else 'new' if c == self.new.contents.get(n) else c}"
                             for n, c in zip(subject, contents))
            what += ", in the same place" if subject in self.aside else ""
            lines.append(f"GRUB sees {what}: {places[0]}" + (f", and {len(places) - 1} times more" if len(places) > 1 else ""))
        return lines

    def summary(self) -> str:
        return (f"{self.writes} writes, {self.flushes} flushes; {self.looks} looks of GRUB at {len(self.names)} files, "
                f"{self.n_changed} of which change; {sum(map(len, self.bad.values()))} wrong views")


def leave(image: pathlib.Path, log: Iterable[Write], change: Change) -> None:
    """On a disk as it was before the log: all that was written before that moment, and of what came then what GRUB sees."""
    with open(image, "r+b") as disk:
        for write in itertools.takewhile(lambda write: write.number < change.window.begin, log):
            disk.seek(write.offset)
            disk.write(write.data)
        for sector, data in change.sectors.items():
            disk.seek(sector * SECTOR)
            disk.write(data)
