"""Stacks of storage and networks over the functions of one machine, from a seed: what tests/boot/take-away makes in its guests.

A storage tree is a list: what it is, and what it is made of, down to ["disk", PLACE] (PLACE is
"FUNCTION" or "FUNCTION/NUMBER" where the function has several). What stands at its top says how the
host uses it. A network is a chain of what its interface is made of, down to ["nic", FUNCTION].
take-away-guest/make.py has a maker for each word.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Tree = list[Any]

REMOTE = ("nfs", "iscsi", "nvme-tcp")

# Where a function is, and what it is for QEMU. Several disks: a "{n}" counts them. Each is in an IOMMU group of its own, had
# the machine one. Disks with "shared" are two ways to the same.
NVME = ["-device", "nvme,id={id},serial={id},drive={id}d0,{place}"]
VIRTIO_BLK = ["-device", "virtio-blk-pci,id={id},drive={id}d0,{place}"]
VIRTIO_SCSI = ["-device", "virtio-scsi-pci,id={id},{place}", "-device", "scsi-hd,bus={id}.0,scsi-id=1,drive={id}d0",
               "-device", "scsi-hd,bus={id}.0,scsi-id=2,drive={id}d1"]
AHCI = ["-device", "ich9-ahci,id={id},{place}", "-device", "ide-hd,bus={id}.0,drive={id}d0", "-device", "ide-hd,bus={id}.1,drive={id}d1"]
XHCI = ["-device", "qemu-xhci,id={id},{place}", "-device", "usb-storage,bus={id}.0,drive={id}d0", "-device", "usb-kbd,bus={id}.0"]
# two controllers of one subsystem, and two adapters with the same disk behind them
SHARED_NVME = ["-device", "nvme,id={id},serial=pair,subsys=pair,{place}"]
SHARED_SCSI = ["-device", "virtio-scsi-pci,id={id},{place}", "-device", "scsi-hd,bus={id}.0,scsi-id=1,serial=paths,share-rw=on,drive={id}d0"]


@dataclass(frozen=True)
class Function:
    """One of the machine's, by its slot on the root bus."""

    slot: int
    name: str
    arguments: tuple[str, ...]
    disks: int = 0
    shared: str = ""
    lan: str = ""

    @property
    def address(self) -> str:
        return f"0000:00:{self.slot:02x}.0"

    @property
    def places(self) -> list[str]:
        return [f"{self.address}/{number}" for number in range(self.disks)]


def nic(slot: int, model: str, lan: str) -> Function:
    options = "" if model == "vmxnet3" else ",romfile="
    return Function(slot, model, ("-netdev", f"hubport,hubid={'ab'.index(lan) + 1},id={{id}}n", "-device",
                                  f"{model},id={{id}},netdev={{id}}n,mac=52:54:00:12:34:{slot:02x}{options},{{place}}"), lan=lan)


FUNCTIONS = (
    Function(0x03, "nvme", tuple(NVME), 1),
    Function(0x04, "nvme", tuple(NVME), 1),
    Function(0x05, "nvme, one of two ways", tuple(SHARED_NVME), 1, shared="nvme"),
    Function(0x06, "nvme, one of two ways", tuple(SHARED_NVME), 1, shared="nvme"),
    Function(0x07, "virtio-blk", tuple(VIRTIO_BLK), 1),
    Function(0x08, "virtio-blk", tuple(VIRTIO_BLK), 1),
    Function(0x09, "virtio-scsi", tuple(VIRTIO_SCSI), 2),
    Function(0x0A, "ahci", tuple(AHCI), 2),
    Function(0x0B, "virtio-scsi, one of two ways", tuple(SHARED_SCSI), 1, shared="scsi"),
    Function(0x0C, "virtio-scsi, one of two ways", tuple(SHARED_SCSI), 1, shared="scsi"),
    Function(0x0D, "xhci with usb-storage", tuple(XHCI), 1),
    nic(0x0E, "e1000e", "a"),
    nic(0x0F, "virtio-net-pci", "a"),
    nic(0x10, "e1000", "b"),
    nic(0x11, "vmxnet3", "b"),
)
# Not judged: the other machine, which has these two, and the disk that the guest itself is on.
PEERS = (nic(0x14, "virtio-net-pci", "a"), nic(0x15, "virtio-net-pci", "b"))
ROOT_SLOT = 0x16


@dataclass
class Stack:
    """What is made at a time."""

    number: int
    storage: list[Tree] = field(default_factory=list)
    networks: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {"number": self.number, "storage": self.storage, "networks": self.networks}


def words(tree: Tree) -> list[str]:
    """All words of a tree, from the top."""
    return [tree[0]] + [word for part in tree[1:] if isinstance(part, list) for word in words(part)]


def places(tree: Tree) -> list[str]:
    """The disks and interfaces that a tree is made of."""
    if tree[0] in ("disk", "nic"):
        return [tree[1]]
    return [place for part in tree[1:] if isinstance(part, list) for place in places(part)]


def servers(tree: Tree) -> list[str]:
    """The addresses of what is on the other machine."""
    if tree[0] in REMOTE:
        return [tree[1]]
    return [server for part in tree[1:] if isinstance(part, list) for server in servers(part)]


def text(tree: Tree) -> str:
    """For people: mount(luks(disk 03.0))."""
    if tree[0] in ("disk", "nic"):
        return tree[1].removeprefix("0000:00:")
    parts = ", ".join(text(part) if isinstance(part, list) else str(part) for part in tree[1:])
    return f"{tree[0]}({parts})" if parts else tree[0]


def describe(stack: Stack) -> str:
    nets = [f"{text(net['tree'])}{' default' if net['default'] else ''}{'' if net['address'] else ' unused'}" for net in stack.networks]
    return "; ".join([text(tree) for tree in stack.storage] + nets)


@dataclass
class Dice:
    """The choices of one stack, out of what is left."""

    random: random.Random
    disks: list[str]
    reachable: list[str] = field(default_factory=list)  # servers that the stack's networks lead to

    def chance(self, of_ten: int) -> bool:
        return self.random.randrange(10) < of_ten

    def disk(self) -> Tree:
        place = self.disks.pop(self.random.randrange(len(self.disks)))
        return ["part", ["disk", place]] if self.chance(3) else ["disk", place]

    def layer(self, depth: int) -> Tree:
        """A block device: a disk, or something that is made of one or two."""
        if depth == 0 or len(self.disks) < 3:
            return self.disk()
        one = [word for word in ("lvm", "thin", "luks", "loop", "bcache") if word != "bcache" or depth > 1]
        kind = self.random.choice([*one, "lvm2", "mirror", "stripe", "luks", "none"])
        if kind == "none":
            return self.disk()
        if kind in ("lvm2", "mirror", "stripe"):
            return [kind, self.layer(0), self.layer(0)]
        if kind == "bcache":
            return [kind, self.disk(), self.disk()]
        below = self.layer(depth - 1)
        # LVM would find its volume twice, on the loop device and on what that is made of
        return [kind, below[1] if kind in ("lvm", "thin") and below[0] == "loop" else below]


def pair(kind: str, word: str) -> Tree:
    """Both ways to a disk that has two."""
    ways = [function.places[0] for function in FUNCTIONS if function.shared == kind]
    return [word, *(["disk", way] for way in ways)]


def storage_tree(dice: Dice) -> Tree | None:
    """One use of storage, or a disk with data that nobody uses."""
    if len(dice.disks) < 3:
        return None
    kind = dice.random.choice(("mount", "mount", "mount", "swap", "swapfile", "held", "held", "btrfs", "btrfs-raid1", "overlay", "image",
                               "hidden", "let-go", "journal", "idle", "idle", "closed"))
    if kind in ("hidden", "let-go"):
        return [kind, dice.random.choice(("vfat", "ext4")), dice.layer(1)]
    if kind in ("btrfs", "btrfs-raid1", "journal"):
        return [kind, dice.layer(1), dice.layer(0)]
    if kind in ("idle", "closed"):
        return [kind, dice.disk()]
    if kind == "held":
        tree = dice.layer(2)
        return [kind, tree] if tree[0] not in ("disk", "part") else ["mount", tree]
    return [kind, dice.layer(2)]


def remote_tree(dice: Dice) -> Tree:
    """What is on the other machine, over a network of this stack."""
    server = dice.random.choice(dice.reachable)
    kind = dice.random.choice(REMOTE)
    if kind == "nfs":
        return ["nfs", server]
    disk: Tree = [kind, server]
    return [dice.random.choice(("mount", "swap")), ["luks", disk] if dice.chance(3) else disk]


# What the other machine answers to: by network and by whether it is behind VLAN 10.
SERVERS = {("a", False): "10.1.0.1", ("a", True): "10.1.10.1", ("b", False): "10.2.0.1", ("b", True): "10.2.10.1"}


def network(dice: Dice, nics: dict[str, list[str]]) -> dict[str, Any]:
    """One interface with an address, or without any use, on a LAN of its own."""
    lan = dice.random.choice(list(nics))
    cards = nics.pop(lan)
    dice.random.shuffle(cards)
    tree: Tree = ["nic", cards[0]]
    vlan = False
    if dice.chance(4):
        tree = [dice.random.choice(("bond", "team")), tree, ["nic", cards[1]]]
    for word, of_ten in (("vlan", 4), ("bridge", 3), ("macvlan", 2)):
        if dice.chance(of_ten) and not (word == "macvlan" and tree[0] == "bridge"):
            tree = [word, tree]
            vlan = vlan or word == "vlan"
    return {"tree": tree, "server": SERVERS[lan, vlan], "address": dice.chance(8), "default": False, "needed": False}


def make_stack(seed: str, number: int) -> Stack:
    """Number N of a seed, always the same."""
    dice = Dice(random.Random(f"{seed}-{number}"), [place for function in FUNCTIONS if not function.shared for place in function.places])
    stack = Stack(number)
    nics = {lan: [function.address for function in FUNCTIONS if function.lan == lan] for lan in "ab"}
    for _ in range(dice.random.randint(1, 2)):
        stack.networks.append(network(dice, nics))
    used = [net for net in stack.networks if net["address"]]
    if used and dice.chance(7):
        dice.random.choice(used)["default"] = True
    dice.reachable = [net["server"] for net in used]
    for _ in range(dice.random.randint(1, 3)):
        tree = storage_tree(dice)
        stack.storage += [tree] if tree else []
    for kind, word in (("nvme", "ways"), ("scsi", "multipath")):
        if dice.chance(2):
            top = dice.random.choice(("mount", "swap")) if word == "ways" else dice.random.choice(("mount", "held"))
            stack.storage.append([top, pair(kind, word)])
    if dice.reachable and dice.chance(4):
        stack.storage.append(remote_tree(dice))
    for net in stack.networks:
        net["needed"] = net["default"] or any(net["server"] in servers(tree) for tree in stack.storage)
    return stack
