"""What of the host still works: read with dropped caches, written, reached. No look at how it is made."""

import glob
import mmap
import os
import re
import signal
import time

from machine import read, run, write

SAMPLES = 48
BLOCK = 4096


def attempt(work, limit):
    """Does it come to a good end? In a process of its own, which may hang in the kernel for ever."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except OSError:
            pass
        finally:
            os._exit(status)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    return False


def use_files(directory):
    for top, _directories, names in os.walk(directory):
        for name in names:
            with open(os.path.join(top, name), "rb") as stream:
                while stream.read(1 << 20):
                    pass
    # the directories themselves
    for entry in os.listdir(directory):
        os.stat(os.path.join(directory, entry))
    descriptor = os.open(f"{directory}/written", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(descriptor, os.urandom(70000))
    os.fsync(descriptor)


def use_device(path, writes=True):
    """Blocks all over it, read past the cache; some are written as they were."""
    buffer = mmap.mmap(-1, BLOCK)
    descriptor = os.open(path, (os.O_RDWR if writes else os.O_RDONLY) | os.O_DIRECT)
    size = os.lseek(descriptor, 0, os.SEEK_END) // BLOCK * BLOCK
    starts = list(range(0, 16 * 65536, 65536)) + [size * number // SAMPLES // BLOCK * BLOCK for number in range(SAMPLES)] + [size - BLOCK]
    for number, start in enumerate(starts):
        if os.preadv(descriptor, [buffer], start) != BLOCK:
            raise OSError("short read")
        if writes and number % 8 == 0 and os.pwritev(descriptor, [buffer], start) != BLOCK:
            raise OSError("short write")
    os.fsync(descriptor)


def gateway(address):
    return int(any("1 received" in run(["ping", "-c1", "-W1", address], check=False) for _ in range(3)))


def carriers(_none):
    """Interfaces of hardware that have a link."""
    return sum(read(f"{path}/carrier") == "1" for path in glob.glob("/sys/class/net/*") if "/virtual/" not in os.path.realpath(path))


def paths(name):
    """Those of a multipath disk whose disks are there: multipathd, which would tell the kernel, does not run."""
    numbers = re.findall(r"\((\d+), (\d+)\)", run(["dmsetup", "deps", name], check=False))
    return sum(os.path.exists(f"/sys/dev/block/{major}:{minor}") for major, minor in numbers)


# Kind of a probe -> what is seen: a number, of which less than before is a loss.
LOOKS = {
    "files": lambda place: int(attempt(lambda: use_files(place), 15)),
    "device": lambda place: int(attempt(lambda: use_device(place), 15)),
    "swap": lambda place: int(attempt(lambda: use_device(place, writes=False), 15)),
    "gateway": gateway,
    "link": carriers,
    "count": lambda pattern: len(glob.glob(pattern)),
    "number": lambda path: -int(read(path) or 99),
    "paths": paths,
    "btrfs": lambda place: -sum(int(line.split()[-1]) for line in run(["btrfs", "device", "stats", place], check=False).splitlines() if line.split()[-1].isdigit()),
}
# What kinds are a use, and what only its being there twice.
ACCESS = ("files", "device", "swap", "gateway", "link")


def look(probes):
    """Probe -> what is seen of it. Uses come first: the kernel notices what it lacks when it needs it."""
    write("/proc/sys/vm/drop_caches", "3")
    order = sorted(probes, key=lambda probe: probe[0] not in ACCESS)
    return {probe: LOOKS[probe[0]](probe[1]) for probe in order}


def losses(before, after):
    """In words: what is not as it was."""
    return [f"{kind} {place}: {before[kind, place]} -> {value}" for (kind, place), value in after.items() if value < before[kind, place]]
