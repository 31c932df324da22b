"""The guest as a machine: commands with a limit, functions, their disks and interfaces."""

import glob
import os
import subprocess
import time

PCI = "/sys/bus/pci/devices"
DISKS_SEEN = 20.0


class Trouble(Exception):
    """Something could not be made or put back."""


def run(argv, limit=20, check=True, text=None):
    """Output of a command. One that does not end in time is killed and left behind: it may hang in the kernel."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE if text else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = process.communicate(text.encode() if text else None, limit)
    except subprocess.TimeoutExpired:
        process.kill()
        try:
            process.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            pass
        if check:
            raise Trouble(f"{' '.join(argv)}: no end after {limit} s") from None
        return ""
    said = output.decode(errors="replace")
    if check and process.returncode != 0:
        raise Trouble(f"{' '.join(argv)}: {process.returncode}: {' | '.join(said.strip().splitlines()[-3:])}")
    return said


def sh(line, limit=20, check=True):
    return run(["sh", "-c", line], limit, check)


def write(path, value):
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(value)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def until(seen, what, limit=DISKS_SEEN):
    """Waits until a function returns something true, and returns it."""
    end = time.monotonic() + limit
    while True:
        found = seen()
        if found:
            return found
        if time.monotonic() > end:
            raise Trouble(f"{what}: not seen in {limit} s")
        time.sleep(0.05)


def block_names(address):
    """Disks of a function, in the order of their numbers there."""
    found = []
    for name in os.listdir("/sys/block"):
        path = os.path.realpath(f"/sys/block/{name}")
        if f"/{address}/" in path and read(f"{path}/hidden") != "1" and read(f"{path}/size") != "0":
            found.append((path.split("/block/")[0], name))
    for controller in glob.glob(f"{PCI}/{address}/nvme/nvme*"):
        # of several ways to one, the disk that stands for them all
        for link in glob.glob(f"/sys/class/nvme-subsystem/*/{os.path.basename(controller)}"):
            heads = [name for name in os.listdir(os.path.dirname(link)) if name.startswith("nvme") and "n" in name[4:]]
            found += [("", name) for name in heads]
    return [name for _path, name in sorted(found)]


def disk(place):
    """/dev/NAME of FUNCTION/NUMBER, once it is there."""
    address, number = place.split("/")
    return "/dev/" + until(lambda: block_names(address)[int(number):int(number) + 1], f"disk {place}")[0]


def interface(address):
    return until(lambda: [os.path.basename(path) for path in glob.glob("/sys/class/net/*")
                          if f"/{address}/" in os.path.realpath(path)], f"interface of {address}")[0]


def driver(address):
    path = f"{PCI}/{address}/driver"
    return os.path.basename(os.readlink(path)) if os.path.exists(path) else ""


def take(address, limit=30):
    """Off its driver. False: the kernel does not come to an end with it."""
    return run(["sh", "-c", f"echo {address} > {PCI}/{address}/driver/unbind; echo done"], limit, check=False).strip().endswith("done")


def give_back(address, disks, has_interface):
    """On its driver again, with all that is on it."""
    if not driver(address):
        write("/sys/bus/pci/drivers_probe", address)
    for number in range(disks):
        disk(f"{address}/{number}")
    if has_interface:
        interface(address)


def settle_nodes():
    """Nodes in /dev come from the kernel itself (devtmpfs); only those of the device mapper do not."""
    sh("dmsetup mknodes", check=False)
