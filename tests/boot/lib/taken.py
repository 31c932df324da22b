"""Reads what the guests of tests/boot/take-away send, and compares ptprep's verdicts with what broke."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

FREE = "free"


@dataclass
class Taking:
    """One function that was refused, or all that were free, off their drivers at a time."""

    functions: list[str]
    said: list[list[str]]  # guard, weight, sentence
    broke: list[str]
    together: bool = False
    died: bool = False  # the guest did not come back from it

    @property
    def refused(self) -> bool:
        return bool(self.said)

    def disagreements(self) -> list[str]:
        names = " ".join(self.functions)
        found = []
        if self.refused and not self.broke and not self.died:
            found.append(f"{names}: refused ({self.said[0][2]}), but nothing broke")
        if not self.refused and (self.broke or self.died):
            found.append(f"{names}: not refused, but {'; '.join(self.broke) or 'the guest did not survive it'}")
        found += [f"{names}: it is not known: {sentence}" for _guard, weight, sentence in self.said if weight == "unknown"]
        return found


@dataclass
class StackResult:
    """What came of one stack, over one or more boots."""

    number: int
    said: dict[str, list[list[str]]] = field(default_factory=dict)
    takings: list[Taking] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    current: str = ""  # being taken
    ended: bool = False
    seconds: float = 0.0
    begun: float = 0.0

    @property
    def done(self) -> list[str]:
        """What need not be taken again."""
        return [FREE if taking.together else taking.functions[0] for taking in self.takings]

    @property
    def whole(self) -> bool:
        """Each function that ptprep has spoken of was taken."""
        return bool(self.said) and {address for taking in self.takings for address in taking.functions} == set(self.said)

    def disagreements(self) -> list[str]:
        """All of them. What was free together and broke something was taken one by one as well, which may tell which it is."""
        single = {taking.functions[0]: taking.disagreements() for taking in self.takings if not taking.together}
        told = [text for texts in single.values() for text in texts]
        for taking in self.takings:
            if taking.together and not any(single.get(address) for address in taking.functions):
                told += taking.disagreements()
        return told

    def read(self, event: dict[str, Any]) -> None:
        kind = event["kind"]
        if kind == "begin":
            self.begun = float(event["uptime"])
        elif kind == "said":
            self.said = event["said"]
        elif kind == "taking":
            self.current = event["what"]
        elif kind == "free":
            self.takings.append(Taking(event["functions"], [], event["broke"], together=True))
            self.current = ""
        elif kind == "taken":
            self.takings.append(Taking([event["function"]], self.said[event["function"]], event["broke"]))
            self.current = ""
        elif kind == "trouble":
            self.trouble.append(event["text"])
        elif kind == "end":
            self.ended = True
            self.seconds += float(event["uptime"]) - self.begun

    def cut_off(self) -> None:
        """The guest ended while a function was off its driver."""
        if not self.current:
            return
        together = self.current == FREE
        functions = [address for address, reasons in self.said.items() if not reasons] if together else [self.current]
        self.takings.append(Taking(functions, [] if together else self.said[self.current], [], together, died=True))
        self.current = ""


def read_events(data: str) -> list[dict[str, Any]]:
    """Line by line, up to what is not whole."""
    events = []
    for line in data.splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            break
    return events


def sort_out(events: list[dict[str, Any]], results: dict[int, StackResult]) -> None:
    for event in events:
        if "stack" in event:
            results.setdefault(event["stack"], StackResult(event["stack"])).read(event)
    for result in results.values():
        result.cut_off()
