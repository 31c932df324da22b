"""Writes cpio archives as the kernel unpacks them into its first root (Documentation/driver-api/early-userspace/buffer-format.rst)."""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath

ALIGNMENT = 512


class Cpio:
    """A `newc` archive that is put together in memory. Directories come by themselves, each once."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._paths: set[str] = set()

    def __contains__(self, path: str) -> bool:
        return path.strip("/") in self._paths

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self._member(path, stat.S_IFREG | mode, data)

    def link(self, path: str, target: str) -> None:
        self._member(path, stat.S_IFLNK | 0o777, target.encode())

    def directory(self, path: str, mode: int = 0o755) -> None:
        self._member(path, stat.S_IFDIR | mode, b"")

    def tree(self, top: Path, target: str = "") -> None:
        """All that is in a directory of this machine; in the archive it belongs to root."""
        for path in sorted(top.rglob("*")):
            name, mode = f"{target}/{path.relative_to(top)}", stat.S_IMODE(path.lstat().st_mode)
            if path.is_symlink():
                self.link(name, str(path.readlink()))
            elif path.is_dir():
                self.directory(name, mode)
            else:
                self.file(name, path.read_bytes(), mode)

    def to_bytes(self) -> bytes:
        """The archive, its end filled up, so that another one may follow."""
        data = b"".join([*self._parts, self._record("TRAILER!!!", 0, b"")])
        return data + bytes(-len(data) % ALIGNMENT)

    def _member(self, path: str, mode: int, data: bytes) -> None:
        name = path.strip("/")
        for parent in reversed(PurePosixPath(name).parents):
            if str(parent) != "." and str(parent) not in self._paths:
                self._add(str(parent), stat.S_IFDIR | 0o755, b"")
        if name not in self._paths or not stat.S_ISDIR(mode):
            self._add(name, mode, data)

    def _add(self, name: str, mode: int, data: bytes) -> None:
        self._paths.add(name)
        self._parts.append(self._record(name, mode, data))

    @staticmethod
    def _record(name: str, mode: int, data: bytes) -> bytes:
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = (0, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % number for number in fields) + name.encode() + b"\0"
        return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
