# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten thousand hosts, and an operator who asks which of them need what: the queries of the manual, over reports that were really made.

Each host has the report of one machine, with a name and a boot id of its own. What a machine needs is known from how it was made, so
it is known which hosts each question has to find. The reports go into a table of SQLite as they are, the metrics into Prometheus as
it scrapes them.
"""

import collections
import contextlib
import json
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
import uuid

MANUAL = pathlib.Path(__file__).resolve().parents[2] / "conf/ptprep.8.scd"
HOSTS = 10_000
# golden machines whose firmware has to be set or updated before anything else helps
FIRMWARE = {"arm-board", "arm-guest", "managed-disk", "no-iommu", "pinned"}
# made here, see run-fleet.py: ready, and with which devices; waiting for a reboot; restarted in vain. How many hosts are like that.
READY = {"ready": ["nic0"], "ready-pair": ["nic0", "twin"]}
RESTART = {"applied", "in-vain"}
SHARE = {"ready": 700, "ready-pair": 300, "applied": 450, "in-vain": 50}
SCRAPED = 1_700_000_000  # when, in seconds since 1970
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))
QUESTIONS = ("firmware", "ready", "restart")


class Fleet:
    def __init__(self, reports: dict[str, dict], metrics: dict[str, str]):
        self.reports, self.metrics = reports, metrics
        self.machine_of: dict[str, str] = {}
        rest = sorted(set(reports) - set(SHARE))
        names = [name for name, n in SHARE.items() if name in reports for _ in range(n)]
        names += [rest[i % len(rest)] for i in range(HOSTS - len(names))]
        for i, name in enumerate(names):
            self.machine_of[f"host{i * 7919 % HOSTS:05}"] = name  # neighbours are not alike

    def wanted(self) -> dict[str, collections.Counter]:
        """Question: what has to be found, and how often."""
        found = {q: collections.Counter() for q in QUESTIONS}
        for host, name in self.machine_of.items():
            if name in FIRMWARE:
                found["firmware"][host] += 1
            for device in READY.get(name, ()):
                found["ready"][host, device] += 1
            if name in RESTART:
                found["restart"][host] += 1
        return found


def blocks() -> list[list[str]]:
    fleets = re.split(r"^# FLEETS\n", MANUAL.read_text(), flags=re.M)[1].split("\n# ")[0]
    return [b.strip().split("\n") for b in re.findall(r"^```\n(.*?)^```$", fleets, re.M | re.S)]


def sql_queries() -> list[str]:
    """One block, a statement each."""
    text = next("\n".join(b) for b in blocks() if b[0].startswith("SELECT"))
    return [q for q in text.split(";") if q.strip()]


def prometheus_queries() -> list[str]:
    return next(b for b in blocks() if b[0].startswith("count by (instance)"))


def ask_sqlite(fleet: Fleet) -> list[str]:
    errors, wanted, queries = [], fleet.wanted(), sql_queries()
    table = sqlite3.connect(":memory:")
    table.execute("CREATE TABLE reports (report TEXT)")
    text = {name: json.dumps(r | {"host": "@HOST@", "boot_id": "@BOOT@"}) for name, r in fleet.reports.items()}
    table.executemany("INSERT INTO reports VALUES (?)", ((text[name].replace("@HOST@", host).replace("@BOOT@", str(uuid.UUID(int=i))),)
                                                         for i, (host, name) in enumerate(fleet.machine_of.items())))
    if len(queries) != len(QUESTIONS):
        return [f"{len(queries)} questions in SQL"]
    for question, query in zip(QUESTIONS, queries):
        found = collections.Counter(row[0] if len(row) == 1 else row for row in table.execute(query))
        errors += compare(f"SQL, {question}", found, wanted[question], fleet)
    return errors


def compare(what: str, found: collections.Counter, wanted: collections.Counter, fleet: Fleet) -> list[str]:
    if found == wanted:
        return []
    wrong = [f"{k} ({fleet.machine_of[k if isinstance(k, str) else k[0]]})" for k in sorted(set(found - wanted) | set(wanted - found), key=str)]
    machines = sorted({re.search(r"\((.*)\)$", w)[1] for w in wrong})
    return [f"{what}: {sum(found.values())} found, not {sum(wanted.values())}; the machines that differ: {machines}, such as {wrong[0]}"]


def exposition(fleet: Fleet, queries: list[str]) -> str:
    """What Prometheus has after a scrape of every host, of the metrics that the queries name."""
    series: dict[str, list[str]] = collections.defaultdict(list)
    lines = {name: re.findall(r"^([a-z_]+)(?:\{(.*)\})? (-?[0-9]+)$", text, re.M) for name, text in fleet.metrics.items()}
    asked = {n for q in queries for n in re.findall(r"ptprep_[a-z_]+", q)}
    for host, name in fleet.machine_of.items():
        for metric, labels, value in lines[name]:
            if metric in asked:
                series[metric].append(f'{metric}{{{labels}{"," if labels else ""}instance="{host}"}} {value} {SCRAPED}\n')
    return "".join(f"# TYPE {metric} gauge\n" + "".join(found) for metric, found in series.items()) + "# EOF\n"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def prometheus(directory: pathlib.Path):
    """A server over what is in the directory, and who asks it."""
    (directory / "none.yml").write_text("{}\n")
    address = f"127.0.0.1:{free_port()}"
    with (directory / "log").open("w") as log:
        server = subprocess.Popen(["prometheus", f"--config.file={directory}/none.yml", f"--storage.tsdb.path={directory}/data",
                                   "--storage.tsdb.retention.time=100y", f"--web.listen-address={address}"], stdout=log, stderr=log)

        def ask(query: str) -> list[dict]:
            parameters = urllib.parse.urlencode({"query": query, "time": SCRAPED})
            with LOCAL.open(f"http://{address}/api/v1/query?{parameters}", timeout=120) as answer:
                return json.load(answer)["data"]["result"]

        try:
            for _ in range(600):
                with contextlib.suppress(OSError), LOCAL.open(f"http://{address}/-/ready", timeout=10) as answer:
                    if answer.status == 200:
                        break
                if server.poll() is not None:
                    raise RuntimeError((directory / "log").read_text()[-1000:])
                time.sleep(0.2)
            yield ask
        finally:
            server.kill()
            server.wait()


def ask_prometheus(fleet: Fleet) -> list[str]:
    if not shutil.which("promtool") or not shutil.which("prometheus"):
        print("SKIPPED: Prometheus is not installed, and was not asked")
        return []
    errors, wanted, queries = [], fleet.wanted(), prometheus_queries()
    if len(queries) != len(QUESTIONS):
        return [f"{len(queries)} questions for Prometheus"]
    with tempfile.TemporaryDirectory(prefix="ptprep-prometheus-") as name:
        directory = pathlib.Path(name)
        (directory / "scraped").write_text(exposition(fleet, queries))
        done = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", directory / "scraped", directory / "data"],
                              capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            return [f"promtool: {done.stderr[-1000:]}"]
        with prometheus(directory) as ask:
            for question, query in zip(QUESTIONS, queries):
                rows = [r["metric"] for r in ask(query)]
                found = collections.Counter((r["instance"], r["device"]) if question == "ready" else r["instance"] for r in rows)
                errors += compare(f"Prometheus, {question}", found, wanted[question], fleet)
    return errors


def judge(reports: dict[str, dict], metrics: dict[str, str]) -> list[str]:
    fleet = Fleet(reports, metrics)
    return ask_sqlite(fleet) + ask_prometheus(fleet)
