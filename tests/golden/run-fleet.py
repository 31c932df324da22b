#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-fleet.py PTPREP: the report as metrics and as node features says what the JSON report says, on all golden machines, and ten
thousand hosts with these reports are found by the queries of the manual (fleet_of_hosts.py).

promtool (package prometheus) judges the metrics of some where it is installed; it takes longer than all the rest.
"""

import collections
import contextlib
import datetime
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import filetree

import fleet_of_hosts

HERE = pathlib.Path(__file__).resolve().parent
SERIES = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\[\\"n])*",?)*)\})? (-?[0-9]+)')
FEATURE = re.compile(r"([a-zA-Z0-9._-]+)=([^\s=]*)")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
EXPIRY = datetime.timedelta(hours=25)
LEVELS = ("none", "translated", "isolated", "resettable", "iommufd")
PAIR = (b"[device nic0]\naddress = 0000:00:04.0\nid = 8086:10d3\n", b"[device twin]\naddress = 0000:00:05.0\nid = 8086:10d3\n")
NOT_FINE = ("warn", "unknown", "fail", "blocked")
# a boot entry whose name would end a label's value, and what a terminal would act on
HOSTILE = 'De"b\\ian\x1b[2J'


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, HERE / f"run-{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(ptprep: str, tree, name: str) -> str:
    return subprocess.run([ptprep, f"--root={tree.top}", "--check", f"--format={name}"], capture_output=True, text=True, check=False, timeout=60).stdout


def judge_metrics(report: dict, text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    errors = [f"no series: {line}" for line in lines if not SERIES.fullmatch(line)]
    found = [SERIES.fullmatch(line) for line in lines if SERIES.fullmatch(line)]
    errors += [f"twice: {k}" for k, n in collections.Counter((m[1], m[2]) for m in found).items() if n > 1]
    one = {m[1]: int(m[3]) for m in found if not m[2]}
    if one.get("ptprep_ready") != (report["verdict"] == "ready") or one.get("ptprep_reboot_required") != report["reboot_required"] or \
       abs(one.get("ptprep_report_time_seconds", 0) - datetime.datetime.fromisoformat(report["time"]).timestamp()) > 60:
        errors.append(f"{one} of a report {report['verdict']}, {report['reboot_required']}, {report['time']}")
    counts = {m[2].split('"')[1]: int(m[3]) for m in found if m[1] == "ptprep_findings"}
    if counts != report["counts"]:
        errors.append(f"{counts}, not {report['counts']}")
    told = {(f["id"], f["subject"]) for f in report["findings"] if f["result"] in NOT_FINE}
    if sum(m[1] == "ptprep_finding" for m in found) != len(told):
        errors.append(f"not a series each for {told}")
    claimed = {re.search(r'device="([^"]*)"', m[2])[1]: int(m[3]) for m in found if m[1] == "ptprep_device_claimed"}
    if claimed != {d["name"]: int(d["claimed"]) for d in report["devices"]}:
        errors.append(f"claimed: {claimed}")
    for d in report["devices"]:
        if d["claimed"] != ("vfio" in (d["driver"] or "") or d["driver"] == "pci-stub"):
            errors.append(f"{d['name']} on {d['driver']}: claimed is {d['claimed']}")
    levels = {re.search(r'device="([^"]*)"', m[2])[1]: (re.search(r'level="([^"]*)"', m[2])[1], int(m[3])) for m in found if m[1] == "ptprep_device_level"}
    if levels != {d["name"]: (d["level"], LEVELS.index(d["level"])) for d in report["devices"] if d["level"]}:
        errors.append(f"levels: {levels}")
    return errors


def judge_features(report: dict, text: str) -> list[str]:
    errors, features, label = [], {}, True
    expiry = re.match(r"# \+expiry-time=(.*)\n", text)
    if not expiry or abs(datetime.datetime.fromisoformat(expiry[1]) - datetime.datetime.fromisoformat(report["time"]) - EXPIRY) > \
       datetime.timedelta(minutes=1):
        errors.append(f"no time at which it expires: {text[:60]}")
    for line in text.splitlines()[1:]:
        m = FEATURE.fullmatch(line)
        if line == "# +no-label":
            label = False
            continue
        if not m or m[1] in features or (label and not LABEL_VALUE.fullmatch(m[2])):
            errors.append(f"no feature: {line}")
        else:
            features[m[1]] = m[2]
        label = True
    wanted = {"ptprep.ready": str(report["verdict"] == "ready").lower(), "ptprep.verdict": report["verdict"],
              "ptprep.devices": str(len(report["devices"]))}
    wanted |= {f"ptprep.device.{d['name']}.pciBusID": d["address"] for d in report["devices"]}
    wanted |= {f"ptprep.device.{d['name']}.level": d["level"] for d in report["devices"] if d["level"]}
    wanted |= {f"ptprep.device.{d['name']}.iommuGroup": str(d["iommu_group"]) for d in report["devices"] if d["iommu_group"] is not None}
    wanted |= {f"ptprep.device.{d['name']}.pcieRoot": re.findall("pci[0-9a-f:]+", d["path"])[-1] for d in report["devices"] if d["path"]}
    return errors + [f"{k} is {features.get(k)}, not {v}" for k, v in wanted.items() if features.get(k) != v]


def prepared(ptprep: str, directory: str, sections: int):
    """A machine on which an apply has done its part, and no reboot was made yet."""
    tree = filetree.Tree(pathlib.Path(directory))
    tree.build(filetree.read_lines("intel-default-on.tree"))
    tree.install_tools()
    tree.write("/etc/ptprep/ptprep.conf", b"".join(PAIR[:sections]))
    subprocess.run([ptprep, f"--root={tree.top}", "--apply"], capture_output=True, check=True, timeout=60)
    return tree


def reboot(tree, sections: int) -> None:
    tree.write("/proc/cmdline", b"BOOT_IMAGE=/boot/vmlinuz-6.1.0-1-amd64 root=/dev/vda2 ro quiet intel_iommu=on ptprep.claim=1\n")
    tree.build([f"p 0000:00:0{4 + i}.0 8086:10d3 020000 vfio-pci {1 + i}" for i in range(sections)])


def other_states(ptprep: str, reports: dict, metrics: dict) -> None:
    """What no golden machine is: ready, or on the way there."""
    for name, sections, booted in (("applied", 1, False), ("ready", 1, True), ("ready-pair", 2, True)):
        with tempfile.TemporaryDirectory(prefix="ptprep-fleet-") as directory:
            tree = prepared(ptprep, directory, sections)
            if booted:
                reboot(tree, sections)
            reports[name], metrics[name] = json.loads(run(ptprep, tree, "json")), run(ptprep, tree, "prometheus")
    module = load("reboot")
    with tempfile.TemporaryDirectory(prefix="ptprep-fleet-") as directory, contextlib.ExitStack() as stack:
        top = pathlib.Path(directory)
        try:
            module.own_mounts(top, stack)
            module.keeping_disk(top, stack)
        except RuntimeError as error:
            print(f"SKIPPED: no host was restarted in vain: {error}")
            return
        host = module.Host(ptprep, (top / "disk" if (top / "disk").exists() else top) / "root")
        with host.descriptors():
            module.at_boot(host)
            host.boot()  # with the same command line as before
            reports["in-vain"] = json.loads(host.run("--check", "--json", status=module.NOT_READY, calls=0))
            metrics["in-vain"] = host.run("--check", "--format=prometheus", status=module.NOT_READY, calls=0)


def main() -> int:
    ptprep, errors, hostile = sys.argv[1], [], False
    reports: dict[str, dict] = {}
    metrics_of: dict[str, str] = {}
    if not shutil.which("promtool"):
        print("SKIPPED: promtool is not installed, its word on the metrics is missing")
    for number, path in enumerate(sorted((HERE / "machines").glob("*.tree"))):
        with tempfile.TemporaryDirectory(prefix="ptprep-fleet-") as directory:
            tree = filetree.Tree(pathlib.Path(directory))
            tree.build(filetree.read_lines(path.name))
            menu = tree.path("/boot/grub/grub.cfg")
            if path.stem == "intel-off":
                menu.write_text(re.sub("'gnulinux-[^']*'", lambda _: f"'{HOSTILE}'", menu.read_text()))
            report = json.loads(run(ptprep, tree, "json"))
            metrics = run(ptprep, tree, "prometheus")
            reports[path.stem], metrics_of[path.stem] = report, metrics
            hostile = hostile or r'De\"b\\ian\\x1b[2J' in metrics
            found = judge_metrics(report, metrics) + judge_features(report, run(ptprep, tree, "nfd"))
            if shutil.which("promtool") and (number % 8 == 0 or path.stem == "intel-off"):
                done = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True, check=False, timeout=60)
                found += [done.stdout + done.stderr] if done.returncode != 0 else []
            errors += [f"{path.stem}: {e}" for e in found]
    errors += [] if hostile else ["no metric has the name of the boot entry that is to be escaped"]
    other_states(ptprep, reports, metrics_of)
    errors += fleet_of_hosts.judge(reports, metrics_of)
    print("\n".join(errors[:40]) or "metrics and features say what the report says")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
