#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What claim and release tell programs, in each of the ways in which they can end without a kernel that changes drivers.

    run-drivers.py PTPREP SCHEMA

The machine is a tree of tests/golden and "/" of a chroot. A driver changes there when its entry in the tree is changed, so what is
claimed is not taken, and put back. Needs root and mounts; says so where it has them not. Real drivers are in a boot case.
"""

import contextlib
import importlib.util
import json
import os
import pathlib
import sys
import tempfile

try:
    import jsonschema
except ModuleNotFoundError:
    print("SKIPPED: python3-jsonschema is not installed")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
DISK, NIC, TWIN = "0000:00:03.0", "0000:00:04.0", "0000:00:05.0"

spec = importlib.util.spec_from_file_location("reboot", HERE / "run-reboot.py")
assert spec and spec.loader
reboot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reboot)
reboot.MACHINE = "intel-default-on"

# arguments, exit status, of each function its result and driver afterwards, ids of the refusals
CASES = [
    (["claim", DISK], 2, {DISK: ("refused", "virtio-pci")}, ["device.boot-disk"]),
    (["claim", NIC, DISK], 2, {DISK: ("refused", "virtio-pci"), NIC: ("refused", "e1000e")}, ["device.boot-disk"]),
    (["claim", NIC], 3, {NIC: ("failed", "e1000e")}, []),
    (["release", TWIN], 0, {TWIN: ("unchanged", "e1000e")}, []),
]
CLAIMED = [
    (["claim", NIC], 0, {NIC: ("unchanged", "vfio-pci")}, []),
    (["claim", NIC, DISK], 2, {DISK: ("refused", "virtio-pci"), NIC: ("unchanged", "vfio-pci")}, ["device.boot-disk"]),
]
# the section of the network card is at the disk's address now, and so is what it allows
MOVED = b"[device nic0]\naddress = 0000:00:03.0\nid = 8086:10d3\nallow = boot-disk storage\n"
ANOTHER = [
    (["claim", DISK], 2, {DISK: ("refused", "virtio-pci")}, ["device.present", "device.boot-disk"]),
]


def judge(host, schema: dict, cases) -> None:
    for arguments, status, functions, refused in cases:
        text = host.run(*arguments, "--json", status=status, calls=0)
        try:
            document = json.loads(text)
            jsonschema.validate(document, {"$defs": schema["$defs"], "$ref": "#/$defs/drivers"})
        except (ValueError, jsonschema.ValidationError) as error:
            host.errors.append(f"{arguments}: {error}")
            continue
        seen = {f["address"]: (f["result"], f["after"]) for f in document["functions"]}
        if seen != functions or [r["id"] for r in document["refusals"]] != refused or document["exit_code"] != status or \
           document["verb"] != arguments[0] or document["boot_id"] is None:
            host.errors.append(f"{arguments}: {text}")
        if any(f["result"] == "failed" and not f["failure"] for f in document["functions"]):
            host.errors.append(f"{arguments}: it is not said why: {text}")


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: chroot(2) and mounting need root")
        return SKIPPED
    schema = json.loads(pathlib.Path(sys.argv[2]).read_text())
    with tempfile.TemporaryDirectory(prefix="ptprep-drivers-") as directory, contextlib.ExitStack() as stack:
        top = pathlib.Path(directory)
        try:
            reboot.own_mounts(top, stack)
        except RuntimeError as error:
            print(f"SKIPPED: no mounts: {error}")
            return SKIPPED
        host = reboot.Host(sys.argv[1], top / "root")
        with host.descriptors():
            judge(host, schema, CASES)
            host.tree.build([f"p {NIC} 8086:10d3 020000 vfio-pci 1"])
            judge(host, schema, CLAIMED)
            host.configure(MOVED)
            judge(host, schema, ANOTHER)
    print("\n".join(host.errors) or f"{len(CASES) + len(CLAIMED) + len(ANOTHER)} calls as wanted")
    return bool(host.errors)


if __name__ == "__main__":
    sys.exit(main())
