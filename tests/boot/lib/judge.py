"""Compares what a boot showed with what the case asks for."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from . import verdict
from .case import Boot, Expected, Step
from .guest import Observed, Result

# What systemd and its friends write in any boot, whatever is installed.
SYSTEMS_OWN = re.compile(
    r"/(dev|proc|run|sys|tmp|var/tmp|lost\+found)(/.*)?"
    r"|/var/lib/systemd(/.*)?"
    r"|/var/log/(wtmp|wtmp\.db|btmp|lastlog|journal(/.*)?)"
    r"|/var/lib/wtmpdb(/.*)?"
)

# path -> all that tells a file from a changed one. The time of the last inode
# change cannot be set back, so a file written twice shows as well.
Snapshot = dict[str, tuple[object, ...]]


@dataclass
class Failure:
    """An observation that is not as the case asks for."""

    what: str
    why: str


def snapshot(root: Path) -> Snapshot:
    """Every file and directory of a mounted guest root."""
    found: Snapshot = {}
    pending = [root]
    while pending:
        directory = pending.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                path = "/" + os.path.relpath(entry.path, root)
                if SYSTEMS_OWN.fullmatch(path):
                    continue
                info = entry.stat(follow_symlinks=False)
                target = os.readlink(entry.path) if stat.S_ISLNK(info.st_mode) else ""
                found[path] = (info.st_mode, info.st_uid, info.st_gid, info.st_size, info.st_ino, info.st_mtime_ns, info.st_ctime_ns, target)
                if stat.S_ISDIR(info.st_mode) and not entry.is_symlink():
                    pending.append(Path(entry.path))
    return found


def changes(before: Snapshot, after: Snapshot, may_change: list[str]) -> list[str]:
    """One line for each path that came, went or changed."""
    allowed = [re.compile(pattern) for pattern in may_change]
    lines = []
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) == after.get(path) or any(pattern.fullmatch(path) for pattern in allowed):
            continue
        word = "new" if path not in before else "gone" if path not in after else "changed"
        lines.append(f"{word}: {path}")
    return lines


def judge_boot(boot: Boot, observed: Observed) -> list[Failure]:
    failures = []
    if boot.reboots:
        if observed.results:
            failures.append(Failure("reboots = yes", "it did not: its steps were reached"))
        elif observed.ended != "power-off":
            failures.append(Failure("reboots = yes", observed.ended))
        return failures
    if not observed.complete:
        failures.append(Failure("the boot", f"did not come to the end of its steps: {observed.ended}"))
    elif observed.ended != "power-off":
        failures.append(Failure("the boot", observed.ended))
    if boot.argument and observed.results and boot.argument not in observed.results["cmdline"].output:
        failures.append(Failure(f"argument = {boot.argument}", "is not on the kernel command line"))
    for number, step in enumerate(boot.steps, 1):
        name = "kernel-log" if step.kind in ("log", "nolog") else f"{number:03}"
        result = observed.results.get(name)
        why = judge_step(step, result) if result else "was not reached"
        if why:
            failures.append(Failure(f"line {step.line}: {step.title}", why))
    return failures


def judge_step(step: Step, result: Result) -> str:
    """Empty, or why the step is not as asked for."""
    return JUDGES[step.kind](step, result)


def excerpt(text: str, lines: int = 6) -> str:
    kept = [line for line in text.strip().splitlines() if line.strip()][-lines:]
    return "".join(f"\n        | {line}" for line in kept) or " (no output)"


def found(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.MULTILINE)


def judge_run(step: Step, result: Result) -> str:
    if step.exit != "any" and result.status != int(step.exit):
        why = f"exit {result.status}, expected {step.exit}"
        if result.status == 124:
            why += f" (stopped after {step.limit} s)"
        return why + excerpt(result.output)
    return judge_output(step, result)


def judge_output(step: Step, result: Result) -> str:
    for pattern in step.match:
        if not found(pattern, result.output):
            return f"no match for {pattern!r}" + excerpt(result.output)
    for pattern in step.nomatch:
        match = found(pattern, result.output)
        if match:
            return f"{pattern!r} matches {match.group(0)!r}"
    return ""


def judge_driver(step: Step, result: Result) -> str:
    wanted, actual = step.value.split()[1], result.output.strip()
    return "" if result.status == 0 and actual == wanted else f"driver is {actual}, expected {wanted}"


def judge_vfio(step: Step, result: Result) -> str:
    _address, _, expected = step.value.partition(" ")
    if expected == "maps":
        return "" if result.status == 0 and found(r"^ready: ", result.output) else "does not map" + excerpt(result.output)
    pattern = expected.removeprefix("fails ")
    if result.status == 0:
        return "maps, but was expected to fail"
    return "" if found(pattern, result.output) else f"fails, but not with {pattern!r}" + excerpt(result.output)


def judge_verdict(step: Step, result: Result) -> str:
    """ptprep's verdict of each function as VFIO has it, and both as the case says."""
    rows = {row.address: row for row in verdict.read_rows(result.output)}
    wrong = [text for row in rows.values() for text in row.disagreements()]
    for expected in step.expected:
        row = rows.get(expected.address)
        if not row or not as_expected(row, expected):
            wrong.append(f"expected {expected}")
    if result.status != 0 or not rows:
        wrong.append(f"exit {result.status}" + excerpt(result.output))
    if not wrong:
        return ""
    return "".join(f"\n        | {line}" for line in [*wrong, *verdict.table(list(rows.values()))])


def as_expected(row: verdict.Row, expected: Expected) -> bool:
    if expected.kind == "maps":
        return row.maps
    if expected.kind == "fails":
        return not row.maps and found(expected.pattern, row.outcome) is not None
    return all(any(re.fullmatch(expected.pattern, reason) for reason in saying.reasons) for saying in (row.before, row.after))


def judge_log(step: Step, result: Result) -> str:
    match = found(step.value, result.output)
    if step.kind == "log":
        return "" if match else "the kernel log has no such line"
    return f"the kernel log has {match.group(0)!r}" if match else ""


def judge_childless(step: Step, result: Result) -> str:
    """The unit's process was started, as the trace shows, and started nothing itself."""
    pid, _, trace = result.output.partition("\n")
    if result.status != 0 or not pid.isdigit() or pid == "0":
        return f"{step.value} has no main process" + excerpt(pid)
    held = found(r"entries-in-buffer/entries-written: (\d+)/(\d+)", trace)
    if not held or held[1] != held[2]:
        return "the kernel's trace is not whole"
    # before its last exec the process was systemd's executor, which may start helpers for the unit's sandbox
    _before, started, own = trace.rpartition(last_exec(trace, pid))
    if not started:
        return f"the trace does not show the start of process {pid}"
    child = found(rf"sched_process_fork: .*\bpid={pid} child_comm=(.*)$", own)
    return f"process {pid} started a child: {child[1]}" if child else ""


def last_exec(trace: str, pid: str) -> str:
    """The line that shows which program the process became at last; something that is not there if there is none."""
    lines = re.findall(rf"^.*sched_process_exec: .*\bpid={pid}\b.*$", trace, re.MULTILINE)
    return lines[-1] if lines else "\0"


JUDGES = {
    "run": judge_run,
    "file": judge_run,
    "absent": judge_run,
    "plug": judge_run,
    "unplug": judge_run,
    "driver": judge_driver,
    "vfio": judge_vfio,
    "verdict": judge_verdict,
    "log": judge_log,
    "nolog": judge_log,
    "childless": judge_childless,
}


def printed(boot: Boot, observed: Observed) -> list[str]:
    """The lines that the case wants to be shown."""
    lines = []
    for number, step in enumerate(boot.steps, 1):
        result = observed.results.get(f"{number:03}")
        for pattern in step.print if result else []:
            lines += [line for line in result.output.splitlines() if re.search(pattern, line)]  # type: ignore[union-attr]
    return lines
