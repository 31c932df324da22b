"""Reads what guest/verdict sends, and compares ptprep's verdicts with what VFIO then did."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

# ptprep's words for "a monitor will get this function as the machine is now", once it is on vfio-pci.
MAPS = ("ready", "possible")
FAILS = ("conditional", "blocked")

# Reason -> the steps of vfio-open that it explains. What fails has to be explained by one of the reasons given.
STEPS = {
    "iommu.active": r"^group: ENOENT",
    "device.iommu": r"^group: ENOENT",
    "device.reserved": r"^SET_CONTAINER: (EPERM|EINVAL)",
    "group.viable": r"^GROUP_GET_STATUS: the group is not viable",
    "iommu.remapping": r"^SET_IOMMU: EPERM",
}


# How far a function is, and what of vfio-open's doings a level promises: see agent/core/level.c.
LEVELS = ("none", "translated", "isolated", "resettable", "iommufd")


@dataclass
class Saying:
    """What ptprep says about a function."""

    verdict: str = "missing"
    reasons: list[str] = field(default_factory=list)
    level: str = "none"

    def __str__(self) -> str:
        return " ".join([self.verdict, *self.reasons])


@dataclass
class Row:
    """One function: predicted, read again on vfio-pci, tried."""

    address: str
    driver: str = ""
    bound: str = ""
    before: Saying = field(default_factory=Saying)
    after: Saying = field(default_factory=Saying)
    outcome: str = ""
    reset: str = ""
    cdev: bool = False
    back: str = ""

    @property
    def maps(self) -> bool:
        return self.outcome == "maps"

    def disagreements(self) -> list[str]:
        """Empty if both verdicts are as it turned out."""
        found = []
        for when, saying in (("before", self.before), ("after", self.after)):
            if saying.verdict not in (MAPS if self.maps else FAILS):
                found.append(f"{self.address}: {saying} {when} the claim, but it {self._happened()}")
            elif not self.maps:
                found += self._unexplained(when, saying)
            found += self._level_is_wrong(when, saying)
        if self.back != self.driver:
            found.append(f"{self.address}: its driver was {self.driver}, is now {self.back}")
        return found

    def _level_is_wrong(self, when: str, saying: Saying) -> list[str]:
        """What a level promises has come, and what the next one would have promised has not."""
        level = LEVELS.index(saying.level)
        there = f"{self.address}: level {saying.level} {when} the claim, and"
        found = []
        if not self.maps:
            return [f"{there} {self.outcome}"] if level >= LEVELS.index("isolated") else []
        if level == LEVELS.index("none"):
            found.append(f"{there} it maps")
        if level >= LEVELS.index("isolated") and (level >= LEVELS.index("resettable")) != (self.reset == "done"):
            found.append(f"{there} its reset is {self.reset or 'not tried'}")
        if level >= LEVELS.index("resettable") and (level == LEVELS.index("iommufd")) != self.cdev:
            found.append(f"{there} {'a' if self.cdev else 'no'} node for iommufd")
        return found

    def _happened(self) -> str:
        return "maps" if self.maps else f"fails ({self.outcome})"

    def _unexplained(self, when: str, saying: Saying) -> list[str]:
        if any(re.search(STEPS[reason], self.outcome) for reason in saying.reasons if reason in STEPS):
            return []
        return [f"{self.address}: {saying} {when} the claim does not explain {self.outcome}"]


def read_sayings(text: str) -> dict[str, Saying]:
    try:
        functions = json.loads(text)["functions"]
        return {item["address"]: Saying(item["verdict"], [reason["id"] for reason in item["reasons"]], item["level"] or "none") for item in functions}
    except (ValueError, KeyError, TypeError):
        return {}


def read_outcome(text: str) -> str:
    """`maps`, or the first step that failed and why."""
    if re.search(r"^ready: ", text, re.MULTILINE):
        return "maps"
    failed = re.search(r"^(\S+): failed: (.*?)(?: \(.*\))?$", text, re.MULTILINE)
    return f"{failed[1]}: {failed[2]}" if failed else "no outcome"


def read_rows(output: str) -> list[Row]:
    """In the order in which they were tried."""
    rows: dict[str, Row] = {}
    before: dict[str, Saying] = {}
    for part in re.split(r"^=== ", output, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        name, _, address = head.partition(" ")
        if name == "before":
            before = read_sayings(body)
            continue
        row = rows.setdefault(address, Row(address, before=before.get(address, Saying())))
        if name == "function":
            facts = dict(re.findall(r"^(\w+): (.*)$", body, re.MULTILINE))
            row.driver, row.bound = facts.get("driver", ""), facts.get("bound", "")
        elif name == "after":
            row.after = read_sayings(body).get(address, Saying())
        elif name == "open":
            row.outcome = read_outcome(body)
            row.reset = next(iter(re.findall(r"^reset: (.*)$", body, re.MULTILINE)), "")
            row.cdev = re.search(r"^cdev: \d", body, re.MULTILINE) is not None
        elif name == "back":
            row.back = body.strip()
    return list(rows.values())


def table(rows: list[Row]) -> list[str]:
    """For people: a line a function."""
    lines = [("function", "driver", "before", "after", "VFIO")]
    lines += [(row.address, row.driver, str(row.before), str(row.after), row.outcome) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines]


def general(outcome: str) -> str:
    """Without what differs from function to function."""
    return re.sub(r"/dev/vfio/\d+", "/dev/vfio/N", outcome)
