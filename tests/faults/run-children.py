#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of ptprep whose children misbehave.

    run-children.py PTPREP [--fault=FAULT] [CASE ...]

The programs that an apply starts write where they have no business, take away what was kept, leave links and directories,
and fail. Each case below says what becomes of that. Whatever it is, what ptprep says of it is true: of a tree that is to the
byte, the mode and the owner as it was it says that everything was put back, and of no other one; what is left it names, and
where the old bytes lie of what it could not put back. FAULT is the program that counts and breaks calls (fault.c).
"""

import concurrent.futures
import dataclasses
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import misbehaviour  # noqa: E402
import rounds  # noqa: E402
from children import DAMAGED, DONE, ENTRY_NAME, PUT_BACK, VICTIM, Case, Skipped, filetree, look, prepare, run  # noqa: E402

EXIT = {DONE: (0, 1), PUT_BACK: (3,), DAMAGED: (5,)}


def below(name: str, paths: tuple[str, ...]) -> bool:
    return any(name == p or name.startswith(p + "/") for p in paths)


def judge(case: Case, old: dict, new: dict, done: subprocess.CompletedProcess, report: dict) -> list[str]:
    changed = sorted(n for n in old.keys() | new.keys() if old.get(n) != new.get(n))
    undone = {u["path"]: u for u in report["roll_back"]}
    failed = {p: u["old_at"] for p, u in undone.items() if u["result"] == "failed"}
    left = tuple(sorted(p for u in undone.values() for p in u["left"]))
    errors = []
    if done.returncode not in EXIT[case.verdict]:
        errors.append(f"exit status {done.returncode}")
    if case.verdict == DONE:
        return errors + ["something was taken back"] * bool(undone)
    if report["verdict"] != case.verdict:
        errors.append(f"verdict {report['verdict']}")
    if left != tuple(sorted(case.left)):
        errors.append(f"told to be left: {left}")
    if failed != case.lost:
        errors.append(f"told not to be put back: {failed}")
    # what was not put back may have brought its backup, and the list of what was left for the next run
    trace = tuple(f"{p}.ptprep-old" for p in case.lost) + ("/var/lib/ptprep",) * bool(case.lost)
    errors += [f"{n} is not as it was: {old.get(n)} {new.get(n)}" for n in changed if not below(n, (*case.left, *case.lost, *case.stays, *trace)) and not any(p.startswith(n + "/") for p in case.left)]
    errors += [f"{at} has not what {p} was" for p, at in failed.items() if at and new[at][3] != old[p][3]]
    whole = not case.left and not case.lost
    for sentence in ("everything was put back", "the host boots as before"):
        if (sentence in done.stdout) != whole:
            errors.append(f'"{sentence}" is said' if not whole else f'"{sentence}" is not said')
    errors += [f'"{line}" is not said' for line in [f"left: {p}" for p in case.left] + [f"not put back: {p}:" for p in case.lost]
               if line not in done.stdout]
    return errors


def play(ptprep: str, case: Case, directory: pathlib.Path) -> list[str]:
    tree = filetree.Tree(directory)
    prepare(case, tree)
    name, *arguments = case.around.split() or ["plainly"]
    around = getattr(misbehaviour, name)(tree, run, *arguments)
    errors: list[str] = []
    old: dict = {}
    for call in around: # what is around a run is taken away behind it
        old = old or look(directory)
        done = call(ptprep, tree, "--apply")
        stored = tree.path("/var/lib/ptprep/report.json")
        if not stored.exists():
            return [f"no report: {done.stdout}"]
        errors += judge(case, old, look(directory), done, json.loads(stored.read_text()))
        if case.says and case.says not in done.stdout:
            errors.append(f'"{case.says}" is not said')
        told = set(re.findall(r"record.restored +([^:]+): .* is in (.*)", call(ptprep, tree, "--check").stdout))
        if told != {(p, at) for p, at in case.lost.items() if at}:
            errors.append(f"still to be put back: {told}")
        # what could not be taken away is still in the record
        case = dataclasses.replace(case, verdict=PUT_BACK, lost={}, says="", stays=("/var/lib/ptprep", *(p for p, at in case.lost.items() if not at)))
    errors += [f"{path} was written into" for path in (VICTIM, f"/srv/{ENTRY_NAME}")
               if tree.path(path).exists() and tree.path(path).read_text() != "mine\n"]
    # what it did and found is long, and is in the report
    told = [line for line in done.stdout.splitlines() if re.match(r"ptprep: [A-Z]|failed|left|not put|next|      \|", line)]
    return errors + told * bool(errors)


def outcome(ptprep: str, case: Case) -> list[str] | Skipped:
    """In a process of its own: of a program that is being written in one thread, a child that another one forks has the
    descriptor as well until it becomes something else, and until then nobody can start that program (ETXTBSY)."""
    with tempfile.TemporaryDirectory(prefix="ptprep-children-") as directory:
        try:
            return play(ptprep, case, pathlib.Path(directory))
        except Skipped as e:
            return e


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: misbehaving children need root for chroot(2)")
        return 77
    if not os.path.exists(filetree.BUSYBOX):
        print(f"{filetree.BUSYBOX} is missing: install busybox-static")
        return 1
    ptprep, *names = sys.argv[1:]
    fault = names.pop(0).removeprefix("--fault=") if names and names[0].startswith("--fault=") else None
    cases = [c for c in misbehaviour.CASES if not names or any(re.search(n, c.name) for n in names)]

    failed = 0
    specials = {case.name: functools.partial(rounds.play_revert, ptprep, case) for case in rounds.REVERTS} | \
        {"names of trial files": functools.partial(rounds.play_names, ptprep), "a boot without room": functools.partial(rounds.play_room, ptprep),
         "what others have given to files": functools.partial(rounds.play_kept, ptprep)}
    if fault:
        specials["a run that is killed while it puts another image back"] = functools.partial(rounds.play_killed, ptprep, fault)
    for name, special in specials.items():
        if names and not any(re.search(n, name) for n in names):
            continue
        with tempfile.TemporaryDirectory(prefix="ptprep-children-") as directory:
            try:
                errors = special(pathlib.Path(directory))
            except Skipped as e:
                print(f"SKIPPED {name}: {e}")
                continue
        print(f"{'FAILED' if errors else 'ok'} {name}", *errors, sep="\n    ")
        failed += bool(errors)
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for case, errors in zip(cases, pool.map(functools.partial(outcome, ptprep), cases)):
            if isinstance(errors, Skipped):
                print(f"SKIPPED {case.name}: {errors}")
                continue
            print(f"{'FAILED' if errors else 'ok'} {case.name}", *errors, sep="\n    ")
            failed += bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
