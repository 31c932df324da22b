#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each row of the table "EXIT STATUS" in ptprep(8), in a situation that has it.

    run-exit-status.py PTPREP

Needs root for chroot(2), and to be somebody else for once.
"""

import fcntl
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

import filetree

HERE = pathlib.Path(__file__).resolve().parent
MANUAL = HERE.parents[1] / "conf/ptprep.8.scd"
NOBODY = 65534
LARGE, MEMORY = 60 << 20, 56 << 20
READY, NOT_READY, BLOCKED, ROLLED_BACK, UNKNOWN, DAMAGED = range(6)
NOT_STARTED = 127  # by ld.so
USAGE, UNAVAILABLE, INTERNAL, IO, BUSY, PRIVILEGE, CONFIG = 64, 69, 70, 74, 75, 77, 78


class Machine:
    def __init__(self, ptprep: str, name: str, directory: str):
        self.ptprep = ptprep
        self.tree = filetree.Tree(pathlib.Path(directory))
        self.tree.build(filetree.read_lines(f"{name}.tree"))
        self.tree.install_tools()
        self.errors: list[str] = []

    def run(self, *arguments: str, status: int, said: str = "", out: str | None = None, before: Callable[[], None] | None = None,
            environment: dict[str, str] | None = None) -> str:
        """@said: in what it prints."""
        with open(out or os.devnull, "w", encoding="utf-8") as target:
            done = subprocess.run([self.ptprep, f"--root={self.tree.top}", *arguments], stdout=target if out else subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, check=False, timeout=120, preexec_fn=before,
                                  env={"LC_ALL": "C"} | (environment or {}))
        text = (done.stdout or "") + done.stderr
        if done.returncode != status or not re.search(said, text, re.M):
            self.errors.append(f"ptprep {' '.join(arguments)}: {done.returncode}, not {status}, or no {said!r} in: {text}")
        return done.stdout or ""

    def reboot(self) -> None:
        """As the machine comes up after an apply."""
        words = "intel_iommu=on ptprep.claim=1"
        self.tree.write("/proc/cmdline", f"BOOT_IMAGE=/boot/vmlinuz-6.1.0-1-amd64 root=/dev/vda2 ro quiet {words}\n".encode())
        self.tree.build(["p 0000:00:04.0 8086:10d3 020000 vfio-pci 1"])


def prepared(m: Machine) -> None:
    m.run("--check", status=NOT_READY, said=r"^next: run \"ptprep --apply\" as root, then reboot$")
    report = json.loads(m.run("--apply", "--dry-run", "--json", status=NOT_READY))
    if "/etc/ptprep/claims" not in [step["path"] for step in report["planned"]] or report["changes"] or m.tree.path("/etc/ptprep/claims").exists():
        m.errors.append(f"the report of a dry run: {report}")
    report = json.loads(m.run("--apply", "--json", status=READY))
    for step in report["changes"]:
        keeps, builds = step["kind"] == "keep-original", step["kind"] == "rebuild-image"
        if (step["original_of"] is not None) != keeps or step["kernel"] != ("6.1.0-1-amd64" if builds else None):
            m.errors.append(f"a step says of what it is: {step}")
    if report["verdict"] != "reboot-due" or not report["reboot_required"] or report["exit_code"] != READY:
        m.errors.append(f"the report of an apply: {report}")
    m.run("--apply", status=READY, said=r"^reboot required: .*\n^next: reboot$")
    m.run("--check", status=NOT_READY, said=r"^ptprep: REBOOT DUE")
    m.reboot()
    m.run("--check", status=READY, said=r"^ptprep: READY$")
    m.run("--apply", status=READY, said=r"^ptprep: READY$")
    report = json.loads(m.run("--check", "--json", status=READY))
    if report["verdict"] != "ready" or report["reboot_required"]:
        m.errors.append(f"the report of a machine that is ready: {report}")


def nothing_configured(m: Machine) -> None:
    for verb in ("--check", "--apply"):
        m.run(verb, status=READY, said=r"^ptprep: NOTHING CONFIGURED[^§]*^next: \"ptprep list\"")


def nothing_configured_nor_possible(m: Machine) -> None:
    m.tree.path("/etc/ptprep/ptprep.conf").unlink()
    for verb in ("--check", "--apply"):
        m.run(verb, status=READY, said=r"^ptprep: NOTHING CONFIGURED \(2 of \d need something\)$")


def taken_back(m: Machine) -> None:
    """The devices are out of the configuration: the reboot is due once more, and only now is nothing configured."""
    m.run("--apply", status=READY)
    m.tree.path("/etc/ptprep/ptprep.conf").unlink()
    m.run("--apply", status=READY, said=r"^ptprep: NOTHING CONFIGURED[^§]*^reboot required: ")


def switched_off(m: Machine) -> None:
    with m.tree.path("/etc/ptprep/ptprep.conf").open("a") as f:
        f.write("[agent]\nenabled = no\n")
    m.run("--check", status=NOT_READY, said=r"^next: .*enabled = yes")
    m.run("--apply", status=READY, said=r"^next: .*enabled = yes")
    if m.tree.path("/etc/ptprep/claims").exists():
        m.errors.append("an apply that is switched off has written something")


def lost_record(m: Machine) -> None:
    """Which words are ptprep's nobody knows any more, and one of them still boots: that is no revert without a word."""
    m.run("--apply", status=READY)
    shutil.rmtree(m.tree.path("/var/lib/ptprep"))
    m.run("revert", status=READY, said=r'^ptprep: REVERTED, but for what the lines marked "warn" say[^§]*'
                                       r"^  warn     boot\.argument    .*: ptprep\.claim=1 is still in this entry, and the record does not say")
    m.run("revert", status=READY, said=r"ptprep\.claim=1 is still in this entry")


def not_put_back_yet(m: Machine, stands: str) -> None:
    """As a change leaves it that failed, and that could not put the menu back."""
    old, menu = m.tree.path("/boot/grub/.grub.cfg.1.ptprep-old"), m.tree.path("/boot/grub/grub.cfg")
    old.write_text("# as it was\n" + menu.read_text())
    m.tree.write("/var/lib/ptprep/transaction", f"kept /boot/grub/{old.name}\t/boot/grub/grub.cfg\t{stands}\n".encode())


def written_since(m: Machine) -> None:
    """What a package's script has made since a change failed is newer than what was kept then. Nothing of either is lost."""
    menu, left = m.tree.path("/boot/grub/grub.cfg"), m.tree.path("/boot/grub/grub.cfg.ptprep-left")
    not_put_back_yet(m, "10:1000000000")
    m.run("--check", status=NOT_READY, said=r"^  fail     record\.restored .*[^§]*^ +-> cure why it could not be put back, and run \"ptprep --apply\"")
    newer = menu.read_text()
    m.run("--apply", status=READY, said=r"^  warn     record\.restored   /boot/grub/grub\.cfg: a change that failed could not put it back, and "
                                        r"somebody else has written it since: it stays, and as it was before is /boot/grub/grub\.cfg\.ptprep-left$")
    if menu.read_text() != newer or left.read_text() != "# as it was\n" + newer:
        m.errors.append("a newer menu was not left, or the old one is gone")
    left.unlink()
    not_put_back_yet(m, f"{menu.stat().st_size}:{int(menu.stat().st_mtime) // 2}")
    m.run("--apply", status=READY, said=r"\A(?![^§]*record\.restored)")
    if menu.read_text() != "# as it was\n" + newer or left.exists():
        m.errors.append("what nobody has written since was not put back")


def waits_for_network(m: Machine) -> None:
    """At boot nobody knows yet what the network hangs on: nothing is done, which is no failure; then it is known."""
    m.run("--apply", "--boot", status=READY, said=r"unknown +device\.network .*only to be seen on the running host")
    waits = m.tree.path("/run/ptprep/waits-for-network")
    if m.tree.path("/etc/ptprep/claims").exists():
        m.errors.append("claimed, though nobody knows yet what the network hangs on")
    if not waits.exists() or waits.read_text() != "nic0\n":
        m.errors.append("a boot does not say what waits for the network")
    m.tree.build(filetree.NO_NETWORK)
    m.run("--apply", "--boot", "--waiting", status=READY, said=r"^ptprep: REBOOT DUE")
    if waits.exists():
        m.errors.append("a boot says that something waits for the network, and nothing does")
    m.tree.write("/etc/ptprep/ptprep.conf.d/bad.conf", b"bad")
    m.run("--apply", "--boot", status=CONFIG)  # what is not ready is told once
    m.run("--apply", "--boot", "--waiting", status=READY, said=r"^nothing waits for the network$")
    m.tree.path("/etc/ptprep/ptprep.conf.d/bad.conf").unlink()
    m.tree.path("/var/lib/ptprep/network").unlink()
    m.run("--apply", "--boot", status=READY, said=r"^ptprep: REBOOT DUE")  # what is in force stays
    m.reboot()
    m.run("--check", status=READY, said=r"^ptprep: READY$")


def remembers(m: Machine) -> None:
    """What the network hangs on is noted while it is up, and a boot in which it is not takes nothing of that away."""
    network = m.tree.path("/var/lib/ptprep/network")
    m.run("remember", status=READY, said=r"^default route on br0 on bond0\.10 on bond0 on enp0s4 on 0000:00:04\.0$")
    noted = network.read_bytes()
    m.tree.path("/run/rtnetlink/routes").unlink()
    m.run("remember", status=UNKNOWN, said="only while it runs")
    m.tree.build(["f /run/rtnetlink/routes netlink", "- /sys/class/net/eth0", "- /sys/devices/platform"])
    for name in ("enp0s4", "enp0s5"):
        m.tree.path(f"/sys/class/net/{name}/carrier").unlink()
        m.tree.path(f"/sys/class/net/{name}/flags").write_text("0x1002\n")  # nothing is switched on
    m.run("remember", "--boot", status=READY, said="what is remembered stays")
    if network.read_bytes() != noted:
        m.errors.append("a boot without a network has forgotten what the network hangs on")
    m.run("--check", status=BLOCKED, said=r"blocked +device\.network +nic0 .*as ptprep saw it when the network was last up")
    m.run("remember", status=READY, said="hangs on no PCI function")  # a person says so
    m.run("--check", status=NOT_READY, said=r"ok +device\.network +nic0")
    os.chmod(network, 0o666)
    m.run("remember", status=CONFIG, said="everybody may write it")
    m.run("--check", status=UNKNOWN, said=r"unknown +device\.network +nic0")


def blocked(m: Machine) -> None:
    m.run("--check", status=BLOCKED, said=r"^ptprep: BLOCKED")
    m.run("--apply", status=BLOCKED, said=r"^next: .*nothing was changed$")


def rolled_back(m: Machine) -> None:
    m.run("--apply", status=ROLLED_BACK, said=r"^ptprep: FAILED")


def not_tried_again(m: Machine) -> None:
    """What failed in a boot is tried again by hand only, or when something is not as it was."""
    ran = m.tree.path("/ran")
    mkconfig = m.tree.path("/usr/sbin/grub-mkconfig")
    working = mkconfig.read_text()
    m.tree.build(filetree.NO_NETWORK)
    mkconfig.write_text(working.replace("set -eu\n", "set -eu\necho >>/ran\necho no such disk\nexit 1\n"))

    def apply(*arguments: str, runs: int) -> None:
        ran.unlink(missing_ok=True)
        m.run("--apply", *arguments, status=ROLLED_BACK, said=r"^failed: .*no such disk")
        seen = len(ran.read_text().splitlines()) if ran.exists() else 0
        if seen != runs:
            m.errors.append(f"--apply {' '.join(arguments)} ran grub-mkconfig {seen} times, not {runs}")

    apply(runs=1)
    apply("--boot", runs=1)  # by hand nothing is remembered
    ran.unlink()
    before = m.tree.snapshot()
    apply("--boot", runs=0)
    apply("--boot", runs=0)
    if m.tree.snapshot() != before:
        m.errors.append("a boot that tries nothing has written something: " + filetree.describe_changes(before, m.tree.snapshot()))
    m.run("--check", status=NOT_READY, said=r"^  warn +record.failed +a boot was to change /etc/ptprep/claims, [^:]*: .*no such disk; .* before the configuration.* free space have changed")
    apply(runs=1)
    apply("--boot", runs=0)
    with m.tree.path("/etc/default/grub").open("a") as f:
        f.write("GRUB_TIMEOUT=3\n")
    apply("--boot", runs=1)
    apply("--boot", runs=0)
    image = next(m.tree.path("/boot").glob("initrd.img-*"))
    for changed in (mkconfig, m.tree.path("/usr/bin/dracut"), image):
        os.utime(changed, ns=(1, 1))
        apply("--boot", runs=1)
        apply("--boot", runs=0)
    mkconfig.write_text(working)
    m.run("--apply", "--boot", status=READY)
    if m.tree.path("/var/lib/ptprep/failed").exists():
        m.errors.append("what failed once is remembered although it was done")
    m.run("--apply", "--boot", status=READY)


def damaged(m: Machine) -> None:
    """The program that makes copies fails, and so it does when they have to be made of the old files again."""
    m.tree.write("/usr/sbin/proxmox-boot-tool", b"#!/bin/sh\nexit 1\n")
    m.tree.path("/usr/sbin/proxmox-boot-tool").chmod(0o755)
    report = json.loads(m.run("--apply", "--json", status=DAMAGED))
    if report["verdict"] != "damaged" or report["exit_code"] != DAMAGED or "as before" in report["next"]:
        m.errors.append(f"the report of what could not be put back: {report}")


def container(m: Machine) -> None:
    """No word of what it could not cure, and nothing is changed."""
    m.tree.write("/.dockerenv", b"")
    for verb in ("--check", "--apply"):
        text = m.run(verb, status=UNKNOWN, said=r"^ptprep: UNKNOWN[^§]*^next: run ptprep on the host, not in a container$")
        if re.search(r"-> (?!run ptprep on the host|to claim a device)", text):
            m.errors.append(f"another cure in a container: {text}")
    if m.tree.path("/etc/ptprep/claims").exists():
        m.errors.append("an apply in a container has written something")


def image(m: Machine) -> None:
    for name in ("/sys", "/proc"):
        subprocess.run(["rm", "-r", m.tree.path(name)], check=True)
        m.tree.path(name).mkdir()
    for verb in ("--check", "--apply"):
        text = m.run(verb, status=UNKNOWN, said=r"^ptprep: UNKNOWN")
        if re.search(r"none is needed|run \"ptprep --apply\"|reboot", text):
            m.errors.append(f"advice or answers that need the machine: {text}")
    m.run("list", status=UNKNOWN, said="no PCI bus is visible here")


def usage(m: Machine) -> None:
    m.run("--check", "--tree", status=USAGE, said="--tree does not go with check")


def internal(m: Machine) -> None:
    if b"__asan_init" in pathlib.Path(m.ptprep).read_bytes():
        return  # which needs more memory than there is
    with m.tree.path("/large").open("wb") as f:
        f.truncate(LARGE)
    m.run("firmware", f"--table={m.tree.path('/large')}", status=INTERNAL, said="Cannot allocate memory",
          before=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)))


def full(m: Machine) -> None:
    for arguments in (["--check"], ["--check", "--json"], ["list"], ["list", "--json"], ["bootloader"], ["--apply", "--dry-run"]):
        m.run(*arguments, status=IO, said="No space left on device", out="/dev/full")


def busy(m: Machine) -> None:
    m.tree.path("/run/ptprep").mkdir(parents=True)
    with m.tree.path("/run/ptprep/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for verb in ("--apply", "revert"):
            m.run(verb, status=BUSY, said="another run of ptprep")
        m.run("--check", status=NOT_READY)
    m.run("--apply", status=READY)


def without_privilege(m: Machine) -> None:
    m.tree.path("/boot/grub/grub.cfg").chmod(0o600)
    m.tree.path("/sys/firmware/acpi/tables/DMAR").chmod(0o400)
    m.tree.top.chmod(0o755)
    for arguments in (["--apply"], ["revert"], ["firmware"], ["bootloader"]):
        m.run(*arguments, status=PRIVILEGE, said="root", before=lambda: os.setuid(NOBODY))


def bad_configuration(m: Machine) -> None:
    """It is a report as any other, stored too, so that nobody reads an older one."""
    where = r"/etc/ptprep/ptprep.conf:\d+"
    stored = [m.tree.path(f"/var/lib/ptprep/report.{kind}") for kind in ("json", "txt")]
    m.run("--check", status=CONFIG, said=rf"^  blocked  config.valid      {where}: [^§]*^next: correct the configuration[^;]*$")
    report = json.loads(m.run("--apply", "--json", status=CONFIG))
    m.run("--apply", status=CONFIG, said=r"nothing was changed$")
    kept, text = (path.read_text() for path in stored)
    # what is kept from boot to boot is written when it says something else, and not because time goes on
    timeless = report | {"host": None, "boot_id": None, "time": None}
    if report["verdict"] != "bad-configuration" or not re.fullmatch(where, report["findings"][0]["subject"]) or json.loads(kept) != timeless or \
       not text.startswith("ptprep: BAD CONFIGURATION"):
        m.errors.append(f"the report of a bad configuration: {report}, stored: {kept} {text}")


def configuration_broken_meanwhile(m: Machine) -> None:
    """Somebody edits it while images are built: what was done is reported all the same."""
    dracut = m.tree.path("/usr/bin/dracut")
    dracut.write_text(dracut.read_text().replace("set -eu\n", "set -eu\necho nonsense >>/etc/ptprep/ptprep.conf\n"))
    report = json.loads(m.run("--apply", "--json", status=CONFIG))
    if "/etc/ptprep/claims" not in [step["path"] for step in report["changes"]] or "nothing was changed" in report["next"] or \
       not report["reboot_required"]:
        m.errors.append(f"the report of a configuration that broke meanwhile: {report}")


def limits(m: Machine) -> None:
    """Nothing is wrong with the configuration where the system does not let it be read. The loader of programs needs descriptors, too."""
    before = m.tree.snapshot()

    def limit(what: int, value: int) -> Callable[[], None]:
        return lambda: resource.setrlimit(what, (value, value))

    def limited(verb: list[str], what: int, value: int) -> subprocess.CompletedProcess:
        return subprocess.run([m.ptprep, f"--root={m.tree.top}", *verb], capture_output=True, text=True, check=False, timeout=120,
                              env={"LC_ALL": "C"}, preexec_fn=limit(what, value))

    # before 4.2 iniparser reads nothing but a file, and that has to be written
    by_file = limited(["--check"], resource.RLIMIT_FSIZE, 0).returncode == IO
    for verb in (["--check"], ["--apply"], ["configure", "0000:00:05.0", "--yes", "--dry-run"]):
        if by_file:
            m.run(*verb, status=IO, said=r"^ptprep: /etc/ptprep.*File too large", before=limit(resource.RLIMIT_FSIZE, 0))
        else:
            done = limited(verb, resource.RLIMIT_FSIZE, 0)
            if done.returncode not in (READY, NOT_READY, ROLLED_BACK):
                m.errors.append(f"{verb} where nothing can be written: {done.returncode}: {done.stderr}")
        seen = set()
        for n in range(3, 9):
            done = limited(verb, resource.RLIMIT_NOFILE, n)
            seen.add(done.returncode)
            if done.returncode == IO and "Too many open files" not in done.stderr:
                m.errors.append(f"{verb} with {n} descriptors: {done.stderr}")
        if IO not in seen or CONFIG in seen:
            m.errors.append(f"{verb} with few descriptors ended with {seen}")
    if m.tree.snapshot() != before:
        m.errors.append("something was written: " + filetree.describe_changes(before, m.tree.snapshot()))


def without_library(m: Machine) -> None:
    """What stands in the place of the library of a format is none. A ptprep that is linked with it cannot be asked."""
    for form, library, sonames in (("html", "libxml2", ("libxml2.so.2", "libxml2.so.16")), ("json", "libjson-c", ("libjson-c.so.5",))):
        with tempfile.TemporaryDirectory() as directory:
            for soname in sonames:
                pathlib.Path(directory, soname).write_bytes(b"")
            environment = {"LD_LIBRARY_PATH": directory}
            starts = subprocess.run([m.ptprep, "--version"], stdout=subprocess.DEVNULL, env=environment, check=False, timeout=120).returncode == 0
            if starts:
                m.run("--check", f"--{form}" if form == "json" else f"--format={form}", status=UNAVAILABLE,
                      said=f"{library} is not installed", environment=environment)
                m.run("--check", status=READY, said="NOTHING CONFIGURED", environment=environment)
                stores_what_it_can(m, form == "json", environment)


def stores_what_it_can(m: Machine, lacks_json: bool, environment: dict[str, str]) -> None:
    """A report in one format is not lost for want of another one, and none of a boot before is left to be read."""
    kept = m.tree.path("/var/lib/ptprep")
    m.run("--apply", status=READY)
    (kept / "report.txt").write_text("of a boot before\n", encoding="utf-8")
    m.run("--apply", status=READY, said=r"report\.json is not stored: libjson-c is not installed" if lacks_json else "", environment=environment)
    if "NOTHING CONFIGURED" not in (kept / "report.txt").read_text(encoding="utf-8") or (kept / "report.json").exists() == lacks_json:
        m.errors.append(f"stored without a library: {sorted(path.name for path in kept.iterdir())}")


# status in the manual, machine, what happens there
ROWS = [
    (READY, "intel-default-on", prepared), (READY, "unconfigured", nothing_configured), (READY, "no-iommu", nothing_configured_nor_possible),
    (READY, "intel-off", taken_back), (READY, "intel-default-on", waits_for_network),
    (READY, "edited-in-place", lost_record), (READY, "unconfigured", written_since),
    (READY, "default-route", remembers), (NOT_READY, "intel-off", switched_off),
    (BLOCKED, "boot-disk", blocked),
    (ROLLED_BACK, "disk-full", rolled_back), (ROLLED_BACK, "intel-off", not_tried_again),
    (DAMAGED, "proxmox-systemd-boot", damaged), (UNKNOWN, "intel-off", container), (UNKNOWN, "unconfigured", container),
    (UNKNOWN, "intel-default-on", image), (USAGE, "unconfigured", usage), (UNAVAILABLE, "unconfigured", without_library),
    (INTERNAL, "unconfigured", internal), (IO, "intel-off", full), (IO, "intel-off", limits),
    (BUSY, "intel-off", busy), (PRIVILEGE, "intel-off", without_privilege), (CONFIG, "typo", bad_configuration),
    (CONFIG, "intel-off", configuration_broken_meanwhile),
]


def statuses_of_manual() -> set[int]:
    table = MANUAL.read_text().split("# EXIT STATUS")[1].split("\n# ")[0]
    return {int(m[1]) for m in re.finditer(r"^\| +(\d+)$", table, re.M)}


def play(ptprep: str) -> Iterator[str]:
    for _, name, situation in ROWS:
        with tempfile.TemporaryDirectory(prefix="ptprep-status-") as directory:
            machine = Machine(ptprep, name, directory)
            situation(machine)
            left = [path.name for path in machine.tree.path("/run").glob("ptprep/*")]
            if "lock" in left or not left and machine.tree.path("/run/ptprep").exists():
                machine.errors.append(f"left in an image, in /run/ptprep: {left}")
            yield from (f"{situation.__name__} ({name}): {e}" for e in machine.errors)


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: an apply in a tree needs root for chroot(2)")
        return 77
    errors = list(play(sys.argv[1]))
    if statuses_of_manual() != {status for status, _, _ in ROWS}:
        errors.append(f"ptprep(8) has the statuses {sorted(statuses_of_manual())}, this test {sorted({s for s, _, _ in ROWS})}")
    print("\n".join(errors) if errors else f"{len(ROWS)} situations, each with its status")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
