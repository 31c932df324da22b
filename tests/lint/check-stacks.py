#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests/boot/take-away makes up and how it judges: stacks that can be made, each word in some of them, and both directions of error."""

import json
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "boot"))
sys.dont_write_bytecode = True

from lib import stacks, taken  # noqa: E402

MANY = 300
FIRST = "0000:00:03.0"
BLOCKED = [["storage", "blocked", "it carries /"]]


def check_stack(stack: stacks.Stack) -> list[str]:
    errors = []
    used = [place for tree in [*stack.storage, *(net["tree"] for net in stack.networks)] for place in stacks.places(tree)]
    if len(used) != len(set(used)):
        errors.append("something is used twice")
    known = {place for function in stacks.FUNCTIONS for place in function.places} | {function.address for function in stacks.FUNCTIONS if function.lan}
    if set(used) - known:
        errors.append(f"unknown places {set(used) - known}")
    if sum(net["default"] for net in stack.networks) > 1:
        errors.append("two default routes")
    reachable = {net["server"] for net in stack.networks if net["address"] and net["needed"]}
    if any(set(stacks.servers(tree)) - reachable for tree in stack.storage):
        errors.append("a server that no network leads to")
    if any(tree[0] not in USES for tree in stack.storage):
        errors.append("a disk in no use")
    return [f"stack {stack.number} ({stacks.describe(stack)}): {error}" for error in errors]


USES = ("mount", "swap", "swapfile", "held", "btrfs", "btrfs-raid1", "overlay", "image", "hidden", "let-go", "journal", "idle", "closed", "nfs")


def check_generator() -> list[str]:
    made = [stacks.make_stack("lint", number) for number in range(MANY)]
    errors = [error for stack in made for error in check_stack(stack)]
    if [stack.to_json() for stack in made] != [stacks.make_stack("lint", number).to_json() for number in range(MANY)]:
        errors.append("the same seed does not make the same stacks")
    if json.loads(json.dumps(made[0].to_json())) != made[0].to_json():
        errors.append("a stack does not survive JSON")
    words = {word for stack in made for tree in [*stack.storage, *(net["tree"] for net in stack.networks)] for word in stacks.words(tree)}
    makers = set(re.findall(r"^    def ([a-z]\w*)\(", (TOP / "tests/boot/take-away-guest/make.py").read_text(), re.MULTILINE))
    lacking = {word.replace("-", "_") for word in words} - makers
    never = makers - {word.replace("-", "_") for word in words} - {"fresh", "down", "make", "take_down", "network"}
    errors += [f"the guest has no maker for {sorted(lacking)}"] * bool(lacking) + [f"never made: {sorted(never)}"] * bool(never)
    first_sixty = {place for stack in made[:60] for tree in [*stack.storage, *(net["tree"] for net in stack.networks)] for place in stacks.places(tree)}
    if len({place.split("/")[0] for place in first_sixty}) != len(stacks.FUNCTIONS):
        errors.append("sixty stacks leave a function unused")
    return errors


def play(said: dict[str, list[list[str]]], *events: dict[str, object]) -> taken.StackResult:
    results: dict[int, taken.StackResult] = {}
    head = [{"kind": "begin", "uptime": "1"}, {"kind": "said", "said": said}]
    taken.sort_out([{"stack": 1, **event} for event in [*head, *events]], results)
    return results[1]


def check_judge() -> list[str]:
    end = {"kind": "end", "uptime": "3"}
    taking, free = {"kind": "taken", "function": FIRST}, {"kind": "free", "functions": [FIRST]}
    cases = {
        "refused, and broke": (play({FIRST: BLOCKED}, {**taking, "broke": ["files"]}, end), 0, True),
        "refused, nothing broke": (play({FIRST: BLOCKED}, {**taking, "broke": []}, end), 1, True),
        "free, nothing broke": (play({FIRST: []}, {**free, "broke": []}, end), 0, True),
        "free, broke together and alone": (play({FIRST: []}, {**free, "broke": ["files"]}, {**taking, "broke": ["files"]}, end), 1, True),
        "free, broke only together": (play({FIRST: []}, {**free, "broke": ["files"]}, {**taking, "broke": []}, end), 1, True),
        "free, the guest died": (play({FIRST: []}, {"kind": "taking", "what": "free"}), 1, True),
        "refused, the guest died": (play({FIRST: BLOCKED}, {"kind": "taking", "what": FIRST}), 0, True),
        "unknown": (play({FIRST: [["storage", "unknown", "cannot tell"]]}, {**taking, "broke": ["files"]}, end), 1, True),
        "not tried": (play({FIRST: BLOCKED}, end), 0, False),
        "trouble before ptprep spoke": (play({}, {"kind": "trouble", "text": "no"}, end), 0, False),
    }
    return [f"{name}: {result.disagreements()}, whole {result.whole}" for name, (result, wrong, whole) in cases.items()
            if len(result.disagreements()) != wrong or result.whole != whole]


def main() -> int:
    errors = check_generator() + check_judge()
    print("\n".join(errors) if errors else f"{MANY} stacks, and all verdicts as wanted")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
