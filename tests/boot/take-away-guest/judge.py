"""The guest's only task: makes each stack of the plan, asks ptprep, takes functions from their drivers and looks what breaks.

Sends a line of JSON for all that happens; lib/taken.py reads them.
"""

import json
import os
import sys
import time
import traceback

sys.path.insert(0, "/run-guest")
sys.dont_write_bytecode = True

import make  # noqa: E402
import observe  # noqa: E402
import peer  # noqa: E402
from machine import Trouble, give_back, disk, read, run, sh, take, write  # noqa: E402

GUARDS = ("boot-disk", "storage", "network", "display", "keyboard", "console")
MODULES = ("sd_mod usb-storage usbhid dm-mod dm-multipath dm-round-robin dm-thin-pool dm-crypt raid0 raid1 loop bcache btrfs overlay bonding "
           "team team_mode_activebackup bridge 8021q macvlan nfs")
LVM = """devices { obtain_device_list_from_udev=0 use_devicesfile=0 external_device_info_source="none" scan_lvs=1 }
activation { udev_sync=0 udev_rules=0 monitoring=0 verify_udev_operations=0 }
backup { backup=0 archive=0 }
global { use_lvmpolld=0 use_lvmlockd=0 event_activation=0 }
"""
REMOTE = ("nfs", "iscsi", "nvme-tcp")


class Plan:
    def __init__(self, path):
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
        self.stacks, self.peers = data["stacks"], data["peers"]
        self.functions = {function["address"]: function for function in data["functions"]}


def words_of(tree):
    return [tree[0]] + [word for part in tree[1:] if isinstance(part, list) for word in words_of(part)]


def functions_of(tree):
    if tree[0] in ("disk", "nic"):
        return {tree[1].split("/")[0]}
    return set().union(*(functions_of(part) for part in tree[1:] if isinstance(part, list))) if len(tree) > 1 else set()


def disks_of(tree):
    if tree[0] == "disk":
        return [tree[1]]
    return [place for part in tree[1:] if isinstance(part, list) for place in disks_of(part)]


class Part:
    """One tree of a stack, as it is made at the moment."""

    def __init__(self, name, tree, network=None):
        self.name, self.tree, self.network = name, tree, network
        self.maker, self.before, self.generation = None, {}, 0
        self.remote = any(word in REMOTE for word in words_of(tree))

    def make(self):
        self.generation += 1
        self.maker = make.Maker(f"{self.name}{'abcdefghijklmnopqrstuvwxyz'[self.generation % 26]}")
        if self.network:
            self.maker.network(self.network)
        else:
            self.maker.make(self.tree)

    def look(self):
        self.before = observe.look(self.maker.probes)
        bad = [f"{kind} {place}: {value}" for (kind, place), value in self.before.items() if kind in observe.ACCESS and not value]
        if bad:
            raise Trouble(f"does not work as it was made: {'; '.join(bad)}")

    def losses(self):
        return observe.losses(self.before, observe.look(self.maker.probes))

    def take_down(self):
        if self.maker:
            self.maker.take_down()
            self.maker = None
        if not self.network:
            for place in disks_of(self.tree):
                make.wipe(disk(place))


class Stack:
    def __init__(self, plan, description, send):
        self.plan, self.send, self.number, self.done = plan, send, description["number"], description["done"]
        # networks first: what is reached over them needs them
        self.parts = [Part(f"n{number}", net["tree"], net) for number, net in enumerate(description["networks"])]
        self.parts += [Part(f"s{number}", tree) for number, tree in enumerate(description["storage"])]

    def make(self, parts):
        for part in parts:
            part.make()
        for part in parts:
            part.look()

    def take_down(self, parts):
        for part in reversed(parts):
            part.take_down()

    def said(self):
        """Function -> what ptprep has against its being taken: words of guards with sentences; None: it does not tell."""
        functions = json.loads(run(["sh", "-c", "ptprep list --json 2> /run/ptprep.err"], 60, check=False))["functions"]
        answers = {}
        for function in functions:
            if function["address"] in self.plan.functions:
                answers[function["address"]] = [[reason["id"].partition(".")[2], reason["weight"], reason["text"]] for reason in function["reasons"]
                                                if reason["id"] in [f"device.{guard}" for guard in GUARDS] and reason["weight"] in ("blocked", "unknown")]
        return answers

    def affected(self, functions):
        """Parts that are on one of these, and those that are reached over such."""
        hit = [part for part in self.parts if functions_of(part.tree) & functions]
        if any(part.network for part in hit):
            hit += [part for part in self.parts if part.remote]
        return [part for part in self.parts if part in hit]

    def trial(self, functions, with_link):
        """Takes them all, looks, puts them back. What broke, in words."""
        link = observe.carriers(None)
        began = time.monotonic()
        stuck = [address for address in functions if not take(address)]
        affected = self.affected(set(functions))
        broke = [f"{address} does not come off its driver" for address in stuck]
        order = affected + [part for part in self.parts if part not in affected]
        for part in order:
            if not broke:
                broke += part.losses()
        if with_link and link and not observe.carriers(None):
            broke.append("no network interface has a link any more")
        return broke, round(time.monotonic() - began, 1), affected

    def back(self, functions):
        for address in functions:
            function = self.plan.functions[address]
            give_back(address, function["disks"], function["nic"])

    def remake(self, parts, functions):
        """What was made on them has to let go of them before they come back."""
        for part in reversed(parts):
            if part.maker:
                part.maker.take_down()
                part.maker = None
        self.back(functions)
        for part in parts:
            part.take_down()
        self.make(parts)

    def judge(self):
        self.make(self.parts)
        said = self.said()
        self.send("said", said=said)
        free = [address for address, reasons in said.items() if not reasons]
        refused = [address for address, reasons in said.items() if reasons]
        if "free" not in self.done and free:
            self.send("taking", what="free")
            broke, seconds, affected = self.trial(free, with_link=False)
            self.send("free", functions=free, broke=broke, seconds=seconds)
            self.remake(affected, free)
            if broke:
                refused += free  # one by one: which is it?
        for address in refused:
            if address in self.done:
                continue
            self.send("taking", what=address)
            broke, seconds, affected = self.trial([address], with_link=True)
            self.send("taken", function=address, broke=broke, seconds=seconds)
            self.remake(affected, [address])


def prepare(plan):
    sh("mount -t tmpfs tmpfs /run 2>/dev/null; mkdir -p /run/lock /run/lvm /run/stacks; mount -t tmpfs tmpfs /tmp; ip link set lo up")
    write("/run/key", "0123456789abcdef")
    os.makedirs("/etc/lvm", exist_ok=True)
    write("/etc/lvm/lvmlocal.conf", LVM)
    os.environ.update(DM_DISABLE_UDEV="1", MDADM_NO_UDEV="1", LVM_SUPPRESS_FD_WARNINGS="1", LC_ALL="C.UTF-8")
    sh("echo 0 > /proc/sys/kernel/hung_task_timeout_secs; echo 1 > /proc/sys/kernel/printk", check=False)
    sh(f"for bus in pci virtio; do cat /sys/bus/$bus/devices/*/modalias | xargs modprobe -a -q; done; modprobe -a {MODULES}", 60, check=False)
    for function in plan.functions.values():
        give_back(function["address"], function["disks"], function["nic"])
    peer.start_network(plan.peers)
    peer.start_servers({word for stack in plan.stacks for tree in stack["storage"] for word in words_of(tree)} & set(REMOTE))


def work(send):
    plan = Plan("/run-guest/plan.json")
    prepare(plan)
    send("ready", uptime=read("/proc/uptime").split()[0])
    for description in plan.stacks:
        stack = Stack(plan, description, lambda kind, number=description["number"], **more: send(kind, stack=number, **more))
        stack.send("begin", uptime=read("/proc/uptime").split()[0])
        trouble = ""
        try:
            stack.judge()
        except (Trouble, OSError, ValueError, KeyError, IndexError) as error:
            trouble = f"{type(error).__name__}: {error}"
            stack.send("trouble", text=trouble, trace=traceback.format_exc())
        try:
            stack.take_down(stack.parts)
        except (Trouble, OSError) as error:
            trouble = trouble or str(error)
        over = make.left_over()
        if over:
            time.sleep(1)
            stack.take_down(stack.parts)
            over = make.left_over()
        stack.send("end", left_over=over, uptime=read("/proc/uptime").split()[0])
        if over or trouble:
            send("again")  # with a new kernel
            return
    send("all")


def main():
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    run(["stty", "-F", "/dev/ttyS1", "raw", "-echo"])
    with open("/dev/ttyS1", "w", encoding="utf-8", buffering=1) as channel:
        def send(kind, **more):
            channel.write(json.dumps({"kind": kind, **more}) + "\n")

        try:
            work(send)
        except Exception:  # nobody else is there to tell of it
            send("trouble", text="the guest's program ended", trace=traceback.format_exc())
        channel.write(json.dumps({"kind": "log", "text": run(["dmesg"], check=False)[-30000:]}) + "\n")
    write("/proc/sysrq-trigger", "o")
    time.sleep(60)


main()
