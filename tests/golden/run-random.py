#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Trees of sysfs with anything in them: whatever it is, there is an answer, and it can be read.

    run-random.py PTPREP [SEED [TREES]]

Of three functions the config space, attributes and links are made at random, with capabilities that lead in circles, directories
and pipes in place of files, and so are firmware tables, groups and names in the list of functions. Each command ends with one of its
exit statuses, prints JSON that is JSON and text without control characters, and says nothing of a sanitizer where one is built in.
"""

import concurrent.futures
import functools
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import filetree

FUNCTIONS = ("0000:00:03.0", "0000:00:04.0", "0000:00:05.0")
IDENTITY = ("vendor", "device", "class", "uevent") # without which the whole bus counts as unreadable
OTHERS = ("subsystem_vendor", "subsystem_device", "irq", "resource", "modalias", "enable", "numa_node", "reset_method",
          "boot_vga", "driver_override", "sriov_totalvfs", "sriov_numvfs", "config")
VALUES = (b"", b"\n", b"0x", b"0xffffffff\n", b"-1\n", b"99999999999999999999\n", b"0x0604\n", b"0x060400\n", b"0x030000\n", b"\xff\xfe\n", b"a" * 5000,
          b"flr bus pm\n", b"\x1b[31m\n", b"%s%n\n", b"0x020000\0\n", b"PCI_CLASS=20000\nPCI_ID=8086\nPCI_SLOT_NAME=\n", b"PCI_ID=:\nDRIVER=\x1b[2J\n")
LINKS = ("driver", "iommu_group", "subsystem", "physfn", "virtfn0")
TARGETS = (".", "..", "../..", "/", "../../../../../../etc", "../0000:00:05.0", "../../../bus/pci/drivers/%n\x1b[1m", "x" * 200, "driver", "iommu_group")
NAMES = ("0000:00:1f.7", "ffff:ff:1f.7", "10000:00:00.0", "garbage", "0000:00:04.00", "0000:00:20.0", "..a", "\x1b[2J", "0000:00:04.8")
REGIONS = (b"", b"garbage\n", b"0x0 0xffffffffffffffff direct\n" * 3, b"0xffffffffffffffff 0x0 direct\n", b"0x1 0x2 " + b"a" * 5000)
COMMANDS = (("--check",), ("--check", "--json"), ("list",), ("list", "--json"), ("list", "--tree"), ("--apply", "--dry-run"))
STATUSES = (0, 1, 2, 4)
CONTROL = re.compile(rb"[^\n]{0,60}[\x00-\x08\x0b-\x1f\x7f][^\n]{0,20}")


def config_space(r: random.Random) -> bytes:
    """Mostly with a status that announces capabilities, which lead anywhere (PCI Local Bus Specification 3.0, 6.7)."""
    space = bytearray(r.randbytes(r.choice([64, 256, 4096])))
    if r.random() < 0.8:
        space[0:4] = b"\x86\x80\xd3\x10"
    if len(space) >= 256 and r.random() < 0.8:
        space[6] |= 0x10
        space[0xe] = r.choice([0, 1, 0x80, 2, 0xff])
        at = space[0x34] = r.choice([0x40, 0x44, 0x34, 0xfc, 0xff, 0x41, 0])
        for _ in range(r.randrange(60)):
            if at < 0x40 or at + 2 > len(space):
                break
            space[at] = r.choice([1, 5, 0x10, 0x13, 0x0d, 0x11, 0xff])
            at = space[at + 1] = r.choice([0, 0x40, at, (at + 4) & 0xff, 0xfc, 0x50, r.randrange(256)])
    if len(space) == 4096 and r.random() < 0.8:
        at = 0x100
        for _ in range(r.randrange(40)):
            if at < 0x100 or at + 4 > len(space):
                break
            behind = r.choice([0, 0x100, at, at + 8, 0xffc, r.randrange(0x100, 0x1000)]) & 0xffc
            space[at:at + 4] = (r.choice([0xd, 0x10, 0xf, 0x19, 0x1e, 0xffff]) | r.randrange(16) << 16 | behind << 20).to_bytes(4, "little")
            at = behind
    return bytes(space)


def attribute(r: random.Random) -> str:
    return r.choice(IDENTITY if r.random() < 0.04 else OTHERS)


def disturb_function(r: random.Random, tree, address: str) -> None:
    directory = f"/sys/devices/pci0000:00/{address}"
    if r.random() < 0.8:
        tree.write(f"{directory}/config", config_space(r))
    for _ in range(r.randrange(4)):
        tree.write(f"{directory}/{attribute(r)}", r.choice((*VALUES, r.randbytes(20))))
    if r.random() < 0.2:
        link = r.choice(LINKS)
        if tree.path(f"{directory}/{link}").is_symlink() or not tree.path(f"{directory}/{link}").exists():
            tree.link(f"{directory}/{link}", r.choice(TARGETS))
    if r.random() < 0.2:
        path = tree.fresh(f"{directory}/{attribute(r)}")
        r.choice([path.mkdir, functools.partial(os.mkfifo, path)])()


def disturb(r: random.Random, tree) -> None:
    for address in FUNCTIONS:
        disturb_function(r, tree, address)
    if r.random() < 0.3:
        name = r.choice(NAMES)
        tree.link(f"/sys/bus/pci/devices/{name}", r.choice(["../../../devices/pci0000:00/0000:00:04.0", "nowhere", name, "/",
                                                            "../../../devices/pci0000:00/" + "0000:00:03.0/" * 30]))
    if r.random() < 0.4:
        table = r.choice(["DMAR", "IVRS"])
        tree.write(f"/sys/firmware/acpi/tables/{table}", r.choice([b"", table.encode()]) + r.randbytes(r.choice([0, 3, 36, 48, 100, 5000])))
    if r.random() < 0.3:
        group = f"/sys/kernel/iommu_groups/{r.choice(['1', 'x', '99999999999', '-1'])}"
        tree.path(f"{group}/devices").mkdir(parents=True, exist_ok=True)
        tree.write(f"{group}/reserved_regions", r.choice((*REGIONS, r.randbytes(300))))


def judge(command: tuple[str, ...], done: subprocess.CompletedProcess) -> list[str]:
    errors = []
    if done.returncode not in STATUSES:
        errors.append(f"exit status {done.returncode}")
    if b"Sanitizer" in done.stderr or b"runtime error" in done.stderr:
        errors.append("a sanitizer has found something")
    if done.returncode == 4 and done.stdout == b"": # nothing is listed where the bus cannot be read, and changed where a device cannot
        if not re.search(rb"no PCI bus is visible here|cannot tell what is there: .*\n.*see why that file cannot be read", done.stderr):
            errors.append("no word of why there is nothing")
    elif "--json" in command:
        try:
            json.loads(done.stdout.decode())
        except ValueError as error:
            errors.append(f"no JSON: {error}")
    elif found := CONTROL.search(done.stdout):
        errors.append(f"a control character: {found[0]!r}")
    return [f"{' '.join(command)}: {error}: {done.stderr[-1500:].decode(errors='replace')}" for error in errors]


def play(ptprep: str, seed: str) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="ptprep-random-") as directory:
        tree = filetree.Tree(pathlib.Path(directory))
        tree.build(filetree.read_lines("intel-default-on.tree"))
        disturb(random.Random(seed), tree)
        errors = []
        for command in COMMANDS:
            # nothing that is read below a root is waited for: the limit is for a run that does it all the same
            try:
                done = subprocess.run([ptprep, f"--root={tree.top}", *command], capture_output=True, check=False, timeout=240,
                                      env=os.environ | {"LC_ALL": "C", "NO_COLOR": "1"})
            except subprocess.TimeoutExpired:
                errors.append(f"{' '.join(command)}: it waits for something")
                continue
            errors += judge(command, done)
        return errors


def main() -> int:
    ptprep, seed, trees = (sys.argv[1:] + ["1", "40"][len(sys.argv) - 2:])[:3]
    seeds = [f"{seed}.{n}" for n in range(int(trees))]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, errors in zip(seeds, pool.map(functools.partial(play, ptprep), seeds)):
            if errors:
                failed += 1
                print(f"FAILED tree {name}", *errors, sep="\n    ")
    print(f"{len(seeds) - failed} of {len(seeds)} trees, {len(COMMANDS)} commands each")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
