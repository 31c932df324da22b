"""Random firmware for the differential run: edits of the machine's own table, valid and broken ones."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Callable, TypeVar

from .firmware import Edits

# What the tables can name in the guest of a differential run; the second of a pair is how a table reaches it.
DEVICES = """e1000e@04.0
    e1000e@05.0,multifunction=on e1000e@05.1
    xhci@06.0
    nvme@07.0
    root-port@1c.0:rp1 e1000e@rp1/00.0
    pci-bridge@1d.0:old e1000@old/01.0 e1000@old/02.0"""
ROOT_BUS = ("0000:00:04.0", "0000:00:05.0", "0000:00:05.1", "0000:00:06.0", "0000:00:07.0", "0000:00:1f.2", "0000:00:1f.3")
BRIDGES = ("0000:00:1c.0", "0000:00:1d.0")
BEHIND = ("0000:00:1c.0/00.0", "0000:00:1d.0/01.0", "0000:00:1d.0/02.0")
BEHIND_BY_BUS = ("0000:01:00.0", "0000:02:01.0", "0000:02:02.0")
NOWHERE = ("0000:00:0a.0", "0000:00:04.3", "0000:05:00.0", "0000:00:1c.0/03.0", "0001:00:04.0", "0000:00:04.0/00.0")

T = TypeVar("T")


@dataclass
class Dice:
    """One boot's choices."""

    random: random.Random

    def one(self, *groups: tuple[str, ...]) -> str:
        return self.random.choice(self.random.choice(groups))

    def some(self, most: int, *groups: tuple[str, ...]) -> list[str]:
        return [self.one(*groups) for _ in range(self.random.randint(1, most))]

    def region(self) -> tuple[int, int]:
        """First and last byte: mostly some pages in memory, now and then what firmware should not say."""
        start = self.random.choice((0x3E000000, 0x3F000000, 0x2A000000, 0xE8000, 0x0, 0x90000000)) + self.random.randrange(16) * 0x1000
        end = start + self.random.choice((1, 1, 4, 256)) * 0x1000 - 1
        kind = self.random.randrange(12)
        if kind == 0:
            return end, start
        if kind == 1:
            return start + 0x123, end
        if kind == 2:
            return start, end - 0x234
        return start, end


def rmrr(dice: Dice) -> Edits:
    start, end = dice.region()
    places = dice.some(3, ROOT_BUS, ROOT_BUS, BEHIND, BEHIND_BY_BUS, NOWHERE)
    return [("rmrr", f"{' '.join(places)} {start:#x} {end:#x}")]


def rmrr_of_bridge(dice: Dice) -> Edits:
    start, end = dice.region()
    return [("rmrr", f"bridge:{dice.one(BRIDGES)} {start:#x} {end:#x}")]


def rmrr_of_nothing(dice: Dice) -> Edits:
    start, end = dice.region()
    return [("rmrr", f"{start:#x} {end:#x}")]


def dmar_flags(dice: Dice) -> Edits:
    return [("dmar flags", str(dice.random.choice((0, 1, 2, 3, 4, 5, 7))))]


def drhd_flags(dice: Dice) -> Edits:
    return [("drhd flags", str(dice.random.choice((0, 1, 1, 0xFF))))]


def drhd_segment(_dice: Dice) -> Edits:
    return [("drhd segment", "1")]


def drhd_base(dice: Dice) -> Edits:
    return [("drhd base", dice.random.choice(("0", "0xfed91000", "0xfed90800")))]


def another_drhd(dice: Dice) -> Edits:
    # with any other base Linux gives up on all of them
    base = dice.random.choice(("0xfed90000",) * 6 + ("0xfed91000", "0"))
    return [("drhd", f"{base} {dice.random.choice('001')} {dice.random.choice('001')} {' '.join(dice.some(3, ROOT_BUS, BEHIND, NOWHERE))}")]


def leave_out(dice: Dice) -> Edits:
    return [("leave out", place) for place in {dice.one(ROOT_BUS) for _ in range(dice.random.randint(1, 2))}]


def leave_out_bridge(dice: Dice) -> Edits:
    return [("leave out", f"bridge:{dice.one(BRIDGES)}")]


def ivmd(dice: Dice) -> Edits:
    start, end = dice.region()
    first, last = sorted((dice.one(ROOT_BUS), dice.one(ROOT_BUS)))
    where = dice.random.choice(("all", first, first, dice.one(BEHIND_BY_BUS), f"{first}-{last}", f"{last}-{first}", "0000:00:0a.0"))
    flags = dice.random.choice(("unity", "unity", "exclusion", "0", "1", "3", "5", "0xf"))
    return [("ivmd", f"{where} {flags} {start:#x} {max(end - start + 1, 0):#x}")]


def leave_out_ivhd(dice: Dice) -> Edits:
    # the functions that QEMU's table names one by one
    return [("leave out", dice.one(("0000:00:04.0", "0000:00:06.0", "0000:00:07.0")))]


def no_ioapic(_dice: Dice) -> Edits:
    return [("leave out", "ioapic:0000:00:14.0")]


def random_bytes(dice: Dice) -> Edits:
    """Anywhere after the header, in what every table has."""
    return [("bytes", f"{dice.random.randrange(36, 100)} {dice.random.randbytes(dice.random.randint(1, 2)).hex()}")]


# Of the first block of QEMU's table (Linux drivers/iommu/amd/init.c, struct ivhd_header: mmio_phys).
AMD_UNIT_BASE = range(56, 64)


def random_bytes_of_amd(dice: Dice) -> Edits:
    """The same, but not where the registers of the unit are said to be: with those elsewhere Linux waits for the unit's
    command buffer for ever, and there is no verdict to hold anything against."""
    (name, value), = random_bytes(dice)
    place, data = value.split()
    first = int(place)
    if any(at in AMD_UNIT_BASE for at in range(first, first + len(data) // 2)):
        first += len(AMD_UNIT_BASE)
    return [(name, f"{first} {data}")]


def cut(dice: Dice) -> Edits:
    return [("cut", str(dice.random.randint(1, 12)))]


def bad_checksum(_dice: Dice) -> Edits:
    return [("checksum", "bad")]


Maker = Callable[[Dice], Edits]

# Kind of IOMMU -> weight and edit. A wrong base of an AMD unit is not among them, see random_bytes_of_amd().
MAKERS: dict[str, list[tuple[int, Maker]]] = {
    "intel": [(10, rmrr), (2, rmrr_of_bridge), (1, rmrr_of_nothing), (4, dmar_flags), (3, drhd_flags), (1, drhd_segment), (1, drhd_base),
              (2, another_drhd), (5, leave_out), (2, leave_out_bridge)],
    "amd": [(10, ivmd), (4, leave_out_ivhd), (2, no_ioapic)],
}
# What comes after all others, mostly nothing.
LAST: dict[str, list[tuple[int, Maker]]] = {
    iommu: [(16, lambda _dice: []), (2, some_bytes), (1, cut), (1, bad_checksum)]
    for iommu, some_bytes in (("intel", random_bytes), ("amd", random_bytes_of_amd))
}

# Arguments that somebody may have left behind.
ARGUMENTS: dict[str, list[tuple[int, str]]] = {
    "intel": [(12, ""), (2, "vfio_iommu_type1.allow_unsafe_interrupts=1"), (1, "iommu=pt"), (1, "intel_iommu=off"), (1, "intel_iommu=on"), (1, "intremap=off")],
    "amd": [(12, ""), (2, "vfio_iommu_type1.allow_unsafe_interrupts=1"), (1, "iommu=pt"), (1, "amd_iommu=off"), (1, "amd_iommu=on"), (1, "intremap=off")],
}


def pick(dice: Dice, weighted: list[tuple[int, T]]) -> T:
    return dice.random.choices([item for _weight, item in weighted], [weight for weight, _item in weighted])[0]


def edits(dice: Dice, iommu: str) -> Edits:
    made: Edits = []
    for _ in range(dice.random.randint(1, 4)):
        made += pick(dice, MAKERS[iommu])(dice)
    return list(dict.fromkeys(made + pick(dice, LAST[iommu])(dice)))


def case_text(seed: str, iommu: str, suite: str) -> str:
    """A whole case file: random, but always the same one for the same seed."""
    dice = Dice(random.Random(seed))
    lines = "\n".join(f"{name} = {value}" for name, value in edits(dice, iommu))
    return f"""# Made by tests/boot/differential from the seed {seed}.

[case]
title   = Random firmware, seed {seed}
boot    = direct
suites  = {suite}
timeout = 600
iommu   = {iommu}
devices =
    {DEVICES}

[firmware]
{lines}

[boot 1]
argument = {pick(dice, ARGUMENTS[iommu])}
verdict  = all
"""
