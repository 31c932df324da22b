# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that are trees of files: what tests/golden/machines/NAME.tree says is made below a directory, and compared."""

import hashlib
import ipaddress
import os
import pathlib
import shutil
import socket
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BUSYBOX = "/bin/busybox"
APPLETS = ["sh", "cat", "chmod", "cp", "cpio", "find", "grep", "ln", "mkdir", "mv", "rm", "tr", "wc"]
GRUBENV_SIZE = 1024
# For a run that sees the network of the machine the test is on, which may have one or not: when it was last up, nothing of
# the machine in the tree carried it.
NO_NETWORK = ["f /var/lib/ptprep/network sealed",
              "| # What carried the network of this host when it was last up, see ptprep(8). Not to be edited.", "| version 1"]
# the reports repeat what is printed; that nothing stays in /run is judged for itself, in_run()
SILENT = ("/tmp", "/run", "/var/lib/ptprep/report")
SILENT_DIRECTORIES = (*SILENT, "/var/lib/ptprep")


def read_lines(name: str) -> list[str]:
    lines = []
    for line in (HERE / "machines" / name).read_text().splitlines():
        if line.startswith("include "):
            lines += read_lines(line.split()[1])
        elif line and not line.startswith("#"):
            lines.append(line)
    return lines


def unified_image(sections: list[tuple[str, str]]) -> bytes:
    """A PE file of these sections, without the boot stub that a real unified kernel image has before them. The text "archive" is
    an initramfs with nothing in it."""
    table, body, at = b"", b"", 64 + 24 + 40 * len(sections)
    for section, text in sections:
        data = cpio_image([]) if text == "archive" else text.encode()
        table += section.encode().ljust(8, b"\0") + struct.pack("<IIIIIIHHI", len(data), 0, len(data), at + len(body), 0, 0, 0, 0, 0)
        body += data
    return b"MZ".ljust(60, b"\0") + struct.pack("<I4sHHIIIHH", 64, b"PE\0\0", 0x8664, len(sections), 0, 0, 0, 0, 0) + table + body


def netlink_attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def netlink_answer(lines: list[str]) -> bytes:
    """What the kernel answers about routes, rtnetlink(7). Lines: "default dev 2", "10.0.0.0/24 dev 2", "default nexthop 2 nexthop 3",
    "default nhid 20", "id 10 dev 2", "id 20 group 10/11"; the numbers behind dev and nexthop are of interfaces."""
    answer = b""
    for line in [*lines, "done"]:
        words = line.split()
        kind, body, attributes = 24, b"", b""  # RTM_NEWROUTE
        pairs = list(zip(words[1::2], words[2::2]))
        if words[0] == "done":
            kind, body = 3, bytes(4)
        elif words[0] == "id":
            kind, body, pairs = 104, struct.pack("=BBBBI", 2, 0, 0, 0, 0), list(zip(words[::2], words[1::2]))  # RTM_NEWNEXTHOP
        else:
            address = ipaddress.ip_network("0.0.0.0/0" if words[0] == "default" else words[0])
            family = {4: socket.AF_INET, 6: socket.AF_INET6}[address.version]
            body = struct.pack("=BBBBBBBBI", family, address.prefixlen, 0, 0, 254, 4, 0, 1, 0)
            attributes += netlink_attribute(1, address.network_address.packed) if address.prefixlen else b""
        ways = b""
        for key, value in pairs:
            match key:
                case "dev":
                    attributes += netlink_attribute(5 if kind == 104 else 4, struct.pack("=I", int(value)))
                case "nexthop":
                    ways += struct.pack("=HBBi", 8, 0, 0, int(value))
                case "nhid":
                    attributes += netlink_attribute(30, struct.pack("=I", int(value)))
                case "id":
                    attributes += netlink_attribute(1, struct.pack("=I", int(value)))
                case "group":
                    attributes += netlink_attribute(2, b"".join(struct.pack("=IBBH", int(i), 0, 0, 0) for i in value.split("/")))
        attributes += netlink_attribute(9, ways) if ways else b""
        answer += struct.pack("=IHHII", 16 + len(body) + len(attributes), kind, 2, 1, 0) + body + attributes
    return answer


def link_answer(lines: list[str]) -> bytes:
    """What the kernel answers about an interface, rtnetlink(7): the MAC address of each of its virtual functions, one a line."""
    functions = b""
    for number, line in enumerate(lines):
        mac = bytes.fromhex(line.replace(":", "")).ljust(32, b"\0")
        functions += netlink_attribute(1, netlink_attribute(1, struct.pack("=I", number) + mac))  # IFLA_VF_INFO, IFLA_VF_MAC
    body = bytes(16) + netlink_attribute(22, functions)  # struct ifinfomsg, IFLA_VFINFO_LIST
    return struct.pack("=IHHII", 16 + len(body), 16, 0, 1, 0) + body  # RTM_NEWLINK


def seal(text: str) -> bytes:
    """A text of ptprep's own: its last line has a hash (FNV-1a) of all above."""
    value = 0xcbf29ce484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return f"{text}end {value:016x}\n".encode()


def luks2_header(lines: list[str]) -> bytes:
    """The first 16 KiB of a LUKS2 volume with this JSON (LUKS2 On-Disk Format Specification 1.1, 2.1 and 3)."""
    size = 16384
    binary = b"LUKS\xba\xbe" + struct.pack(">HQ", 2, size)
    return (binary.ljust(4096, b"\0") + "\n".join(lines).encode()).ljust(size, b"\0")


def cpio_image(files: list[tuple[str, str]]) -> bytes:
    """An initramfs of these files, not compressed."""
    image = b""
    for inode, (name, text) in enumerate([*files, ("TRAILER!!!", "")], 1):
        data = f"{text}\n".encode() if inode <= len(files) else b""
        numbers = (inode, 0o100755 if data else 0, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        image += b"070701" + b"".join(b"%08x" % n for n in numbers) + name.encode() + b"\0"
        image += bytes(-len(image) % 4) + data
        image += bytes(-len(image) % 4)
    return image


class Tree:
    """A directory that is made from a manifest."""

    def __init__(self, top: pathlib.Path):
        self.top = top

    def path(self, name: str) -> pathlib.Path:
        return self.top / name.lstrip("/")

    def fresh(self, name: str) -> pathlib.Path:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or path.is_file():
            path.unlink()
        return path

    def link(self, name: str, target: str) -> None:
        self.fresh(name).symlink_to(target)

    def write(self, name: str, data: bytes) -> None:
        self.fresh(name).write_bytes(data)

    def pci_function(self, address: str, ids: str, pci_class: str, driver: str, group: str) -> None:
        directory = f"/sys/devices/pci0000:00/{address}"
        vendor, device = ids.split(":")
        for attribute, value in {"vendor": f"0x{vendor}", "device": f"0x{device}", "class": f"0x{pci_class}",
                                 "subsystem_vendor": "0x0000", "subsystem_device": "0x0000", "driver_override": "(null)",
                                 "irq": "0", "resource": "", "enable": "1",
                                 "modalias": f"pci:v0000{vendor.upper()}d0000{device.upper()}sv00000000sd00000000"
                                             f"bc{pci_class[0:2]}sc{pci_class[2:4]}i{pci_class[4:6]}"}.items():
            self.write(f"{directory}/{attribute}", f"{value}\n".encode())
        self.write(f"{directory}/config", bytes.fromhex(vendor)[::-1] + bytes.fromhex(device)[::-1] + bytes(60))
        self.link(f"/sys/bus/pci/devices/{address}", f"../../../devices/pci0000:00/{address}")
        if driver != "-":
            self.path(f"/sys/bus/pci/drivers/{driver}").mkdir(parents=True, exist_ok=True)
            self.link(f"{directory}/driver", f"../../../bus/pci/drivers/{driver}")
        self.link(f"{directory}/subsystem", "../../../bus/pci")
        if group == "-":
            self.path(f"{directory}/iommu_group").unlink(missing_ok=True)
        else:
            self.link(f"{directory}/iommu_group", f"../../../kernel/iommu_groups/{group}")

    def build(self, lines: list[str]) -> None:
        text: list[str] | None = None
        name, size, kind = "", 0, ""

        def flush() -> None:
            if text is not None and kind:
                make = {"uki": unified_image, "cpio": cpio_image}.get(kind)
                lines_of = {"netlink": netlink_answer, "link": link_answer, "luks2": luks2_header, "sealed": lambda lines: seal("".join(f"{line}\n" for line in lines))}.get(kind)
                self.write(name, lines_of(text) if lines_of else make([(s, t) for s, _, t in (line.partition(" ") for line in text)]))
            elif text is not None:
                self.write(name, "".join(f"{line}\n" for line in text).encode().ljust(size, b"#"))

        for line in lines + [""]:
            if line.startswith("|"):
                assert text is not None, f"no file for: {line}"
                text.append(line[2:])
                continue
            flush()
            text = None
            words = line.split()
            match words:
                case ["f", name]:
                    text, size, kind = [], 0, ""
                case ["f", name, "uki" | "cpio" | "luks2" | "netlink" | "link" | "sealed" as kind]:
                    text, size = [], 0
                case ["b", name]:
                    text, size, kind = ["# GRUB Environment Block"], GRUBENV_SIZE, ""
                case ["f", path, "hex", data]:
                    self.write(path, bytes.fromhex(data))
                case ["d", path]:
                    self.path(path).mkdir(parents=True, exist_ok=True)
                case ["l", path, target]:
                    self.link(path, target)
                case ["t", path, tool]:
                    self.write(path, (HERE / "tools" / tool).read_bytes())
                    self.path(path).chmod(0o755)
                case ["x", path]:
                    self.path(path).chmod(0o755)
                case ["-", path] if self.path(path).is_dir() and not self.path(path).is_symlink():
                    shutil.rmtree(self.path(path))
                case ["-", path]:
                    self.path(path).unlink()
                case ["p", address, ids, pci_class, driver, group]:
                    self.pci_function(address, ids, pci_class, driver, group)
                case []:
                    pass
                case _:
                    raise SystemExit(f"not understood: {line}")

    def install_tools(self) -> None:
        self.path("/bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(BUSYBOX, self.path("/bin/busybox"))
        for applet in APPLETS:
            self.link(f"/bin/{applet}", "busybox")
        self.path("/dev").mkdir(exist_ok=True)
        self.path("/run").mkdir(exist_ok=True)
        self.write("/dev/null", b"")

    def snapshot(self) -> dict[str, tuple]:
        seen = {}
        for directory, _, files in os.walk(self.top):
            for file in files:
                path = pathlib.Path(directory) / file
                name = "/" + path.relative_to(self.top).as_posix()
                stat = path.lstat()
                content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
                seen[name] = (stat.st_ino, stat.st_mtime_ns, hashlib.sha256(content).hexdigest(), content)
        return {k: v for k, v in seen.items() if not k.startswith(SILENT)}

    def in_run(self) -> list[str]:
        """What stands in /run, which is of a boot: an image has none."""
        return sorted("/" + path.relative_to(self.top).as_posix() for path in self.path("/run").rglob("*"))

    def directories(self) -> dict[str, tuple]:
        """A file that came and went has left its mark in its directory."""
        seen = {}
        for directory, _, _ in os.walk(self.top):
            stat = os.lstat(directory)
            seen["/" + pathlib.Path(directory).relative_to(self.top).as_posix()] = (stat.st_ino, stat.st_mtime_ns)
        return {k: v for k, v in seen.items() if not k.startswith(SILENT) and k not in SILENT_DIRECTORIES}


def describe_changes(before: dict[str, tuple], after: dict[str, tuple]) -> str:
    out = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old and new and old[2] == new[2]:
            continue
        word = "removed" if not new else "changed" if old else "new"
        out.append(f"{word} {name}\n")
        # an image and the record of its inode are not the same twice
        if new and b"\0" not in new[3] and name != "/var/lib/ptprep/images":
            out += [f"    {line}\n" for line in new[3].decode().splitlines()]
    return "".join(out) or "nothing\n"


def run(ptprep: str, tree: Tree, *arguments: str, under: tuple[str, ...] = ()) -> str:
    """@under: a command that traces ptprep; then nobody else can, which a search for leaks would have to."""
    traced = {"ASAN_OPTIONS": "detect_leaks=0"} if under else {}
    done = subprocess.run([*under, ptprep, f"--root={tree.top}", *arguments], capture_output=True, text=True, check=False, timeout=60,
                          env=os.environ | traced | {"LC_ALL": "C", "NO_COLOR": "1"})
    return f"$ ptprep {' '.join(arguments)}\n{done.stdout}{done.stderr}exit {done.returncode}\n\n"


def read_terminal(terminal: int, answers: list[str] | None = None) -> bytes:
    """All that is written to a terminal until its other end is closed. @answers: taken from, one for each question."""
    seen = b""
    try:
        while part := os.read(terminal, 65536):
            seen += part
            if answers and seen.endswith(b"] "):
                os.write(terminal, answers.pop(0).encode() + b"\n")
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    return seen.replace(b"\r\n", b"\n")
