#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-documents.py PTPREP BUILD: every command that a document or a message names can be given as it stands there.

They are taken out of README.md, CONTRIBUTING.md, the manual pages, the documents of the checks, the examples' README, the shipped
configuration and the strings of the program. Those of ptprep run on a golden machine: placeholders have a value, absolute paths lie
in its tree, and of the system's programs only the name is noted. What they do is shown elsewhere (run-manual.py, the boot cases);
here an unknown verb, option, argument, script, test or program is an error. OTHERS says what is not run and why.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import filetree

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
MACHINE = "intel-default-on"
USAGE, FROM_INTERNAL_ON = 64, 70
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "conf/provision/README.md", "conf/checks/*.md", "conf/*.scd", "conf/ptprep.conf", "agent/**/*.c"]
VALUES = {"DEVICE": "00:04.0", "ADDRESS": "00:04.0", "ID": "iommu.active", "DIR": "/", "IMAGE": "/", "WORD": "gpu", "NAME": "json",
          "SECTION.KEY=VALUE": "iommu.argument=never", "FILE": "/etc/ptprep/given.conf", "%s": "00:04.0"}
# a command that was understood, and has nothing to do here
UNDERSTOOD = (r"drivers can be changed on the running system only", r"nothing is written: this would be .*; say --yes", r"nothing is written: say --yes",
              r"this is no DMAR and no IVRS table", r"(claim|release) which device\?", r"say which device, such as", r"no device is configured here")
ROOTLESS = "explain|version|--version|help|--help"
# What is not run: the first word of a command, and the reason. What it is called with is the reader's system's matter.
OTHERS = {
    "acpidump": "prints the tables of this machine; what it prints is read by run-firmware.py",
    "ausearch": "reads the audit log of a running system",
    "blscfg": "of GRUB, in its configuration",
    "bootctl": "of systemd: writes EFI variables",
    "cat": "of the system, and harmless",
    "cd": "of the shell",
    "chmod": "of the system",
    "chown": "of the system",
    "configfile": "of GRUB, at its prompt",
    "dnf": "changes the system",
    "dracut": "builds images; ptprep starts it in the golden machines and boot cases",
    "driverctl": "changes drivers",
    "git": "fetches or compares sources",
    "initrd": "a line of a boot entry, no command",
    "journalctl": "reads the journal of a running system; a boot case does",
    "lspci": "of the system",
    "mkinitcpio": "builds images; ptprep starts it in a golden machine",
    "mv": "of the system",
    "npm": "fetches axe-core",
    "options": "a line of modprobe.d, no command",
    "packages": "the stages of tests/run.sh, no command",
    "ptprep-claim": "of the initramfs and of udev; its unit tests and the boot cases run it",
    "proxmox-boot-tool": "of Proxmox; ptprep starts it in the golden machines",
    "rpm-ostree": "of deployments; ptprep starts it in the golden machines",
    "setsebool": "changes the policy of a running system; ptprep starts it in a golden machine",
    "systemctl": "acts on units of a running system; the boot cases do",
    "udevadm": "asks for events of a running system; a boot case does",
    "systemd-cryptenroll": "writes to a disk's header",
    "tar": "unpacks axe-core",
    "update-initramfs": "builds images; ptprep starts it in the golden machines",
}
# blocks that have no commands in them: the file, how the first line begins
PICTURES = {("README.md", "conf/ptprep.conf -> Config"), ("conf/ptprep.conf.5.scd", "[device "),
            ("conf/ptprep-claim.8.scd", "version=2"),
            ("conf/ptprep-claim.8.scd", "0000:04:00.0 8086:10d3"), ("conf/ptprep-claim.8.scd", "ADDRESS VENDOR:DEVICE")}
MADE_BY_COVERAGE = {"coverage-html"}  # targets of ninja that another configuration has


def without_remark(line: str) -> str:
    """"ptprep list   what there is" and "ptprep --check  # READY" without what is said of it."""
    return re.split(r"\s{2,}|\s#\s", line.strip())[0]


def block_commands(name: str, block: list[str]) -> list[str]:
    if any(name == file and block[0].startswith(start) for file, start in PICTURES):
        return []
    prompts = [line.removeprefix("# ") for line in block if re.match(r"# [a-z]", line)]
    return [without_remark(line) for line in prompts or block]


def is_command(span: str) -> bool:
    """Of what stands in a sentence: two words, and the first is the name of a program."""
    return bool(re.match(r"([a-z][a-z0-9-]*|[a-z]+/[a-z/-]+(\.sh|\.py)?) (?!=)[^=\s]", span)) and not re.match(r"[a-z_-]+ = ", span)


def of_markdown(name: str, text: str) -> list[str]:
    found, block = [], []
    for line in [*text.splitlines(), "the end"]:
        if line.startswith("    "):
            block.append(line[4:])
        elif block and line:  # an empty line ends no block
            found += block_commands(name, block)
            block = []
    return found + [s for s in re.findall(r"`([^`\n]+)`", re.sub(r"^    .*$", "", text, flags=re.M)) if is_command(s)]


def of_synopsis(text: str) -> list[str]:
    """Each verb bare, and with each of its options."""
    found = []
    section = text.split("# SYNOPSIS\n")[1].split("\n# ")[0]
    for line in section.strip().split("\n\n"):
        line = " ".join(line.replace("*", "").replace("_", "").split())
        options = [o for group in re.findall(r"\[([^][]*)\]", line) for o in group.split("|")]
        bare = " ".join(re.sub(r"\[[^][]*\]", "", line).split())
        for verb in (bare.replace("claim|release", v) for v in (("claim", "release") if "claim|release" in bare else ("",))):
            found += [verb, *(f"{verb} {o}" for o in options)]
    return found


def of_manual(name: str, text: str) -> list[str]:
    found = of_synopsis(text) if name == "conf/ptprep.8.scd" else []
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.M | re.S) if name != "conf/ptprep.8.scd" else []  # its own: run-manual.py
    for block in blocks:
        found += block_commands(name, block.splitlines())
    plain = re.sub(r"^```\n.*?^```$", "", text, flags=re.M | re.S)
    return found + [s for s in re.findall(r"\*([^*\n]+)\*", plain) if is_command(s)]


def of_strings(text: str) -> list[str]:
    """Of the program's own words; what printf() puts behind is left out."""
    quoted = re.findall(r'(?<!\\)"((?:\\.|[^"\\])*)"', text)
    return [re.sub(r"(?<=\S)(%s)+", "", c) for s in quoted for c in re.findall(r'\\"(ptprep [^"\\]+)\\"', s)]


def commands(name: str, text: str) -> list[str]:
    if name.endswith(".md"):
        return of_markdown(name, text)
    if name.endswith(".scd"):
        return of_manual(name, text)
    return of_strings(text) if name.endswith(".c") else re.findall(r'"(ptprep [^"]+)"', text)


def variants(command: str) -> list[str]:
    """"claim, release DEVICE" are two; what may be left out is so once, and there once."""
    names = re.match(r"ptprep ((?:[a-z]+, )+[a-z]+)\b", command)
    if names:
        return [v for n in names[1].split(", ") for v in variants(command.replace(names[1], n))]
    if "[" not in command:
        return [command]
    return [re.sub(r"\s*\[[^][]*\]", "", command), re.sub(r"\[([^][]*)\]", r"\1", command)]


class Judge:
    def __init__(self, ptprep: str, build: str, tree):
        self.ptprep, self.build, self.tree = ptprep, build, tree
        self.tests: set[str] = set()
        self.ran, self.named = set(), set()

    def values(self, command: str) -> str:
        for name in sorted(VALUES, key=len, reverse=True):
            command = re.sub(rf"(?<![\w.]){re.escape(name)}(?:\.\.\.)?(?![\w.])", VALUES[name], command)
        return command.replace("...", "")

    def play(self, command: str) -> tuple[list[int], str]:
        top, program = shlex.quote(str(self.tree.top)), shlex.quote(self.ptprep)
        script = 'exec 9>&1\nptprep() { case ${1-} in ' + ROOTLESS + f') {program} "$@" 2>&1 ;; *) {program} --root={top} "$@" 2>&1 ;; esac; ' \
                 's=$?; echo "status: $s" >&9; return $s; }\n'
        script += "".join(f"{name}() {{ :; }}\n" for name in ("git", "meson", "reboot", "systemctl"))
        script += re.sub(r"(?<=[ >=])/(?=\s|$|[a-z])", f"{top}/", command)
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=120, cwd=self.tree.path("/tmp"),
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
        return [int(n) for n in re.findall(r"^status: (\d+)$", done.stdout, re.M)], done.stdout + done.stderr

    def of_ptprep(self, command: str) -> list[str]:
        errors = []
        for variant in variants(command):
            statuses, text = self.play(self.values(variant))
            self.ran.add(variant)
            wrong = [s for s in statuses if (s == USAGE and not any(re.search(u, text) for u in UNDERSTOOD)) or s >= FROM_INTERNAL_ON]
            if wrong or not statuses or "not found" in text:
                errors.append(f"{variant}: exit {statuses}: {text[-300:]}")
        return errors

    def of_script(self, words: list[str]) -> list[str]:
        path = TOP / words[0]
        if not path.is_file():
            return [f"there is no {words[0]}"]
        self.ran.add(words[0])
        text = path.read_text()
        errors = [f"{words[0]} has no option {w}" for w in words[1:] if w.startswith("--") and f'"{w}"' not in text and f"{w})" not in text]
        errors += [f"there is no {w}" for w in words[1:] if w.startswith("tests/") and "*" not in w and not (TOP / w).exists()]
        if words[0] == "tests/run.sh":
            stages = re.search(r'^all_stages="(.*)"$', text, re.M)[1].split()
            errors += [f"there is no stage {w}" for w in words[1:] if w not in stages]
        return errors

    def of_meson(self, words: list[str]) -> list[str]:
        if not self.tests:
            told = subprocess.run(["meson", "introspect", "--tests", "--buildoptions", self.build], capture_output=True, text=True, check=True, timeout=120)
            told = json.loads(told.stdout)
            self.tests = {t["name"] for t in told["tests"]} | {s.split(":")[-1] for t in told["tests"] for s in t["suite"]}
            self.options = {o["name"] for o in told["buildoptions"]}
        errors = [f"meson has no option {w}" for w in words if w.startswith("-D") and w[2:].split("=")[0] not in self.options]
        if words[1] == "test":
            errors += [f"there is no test {w}" for w in words[2:] if not w.startswith("-") and "/" not in w and w not in self.tests]
        elif words[1] not in ("setup", "install"):
            errors.append(f"meson {words[1]} is not known here")
        self.ran.add(" ".join(words))
        return errors

    def of_ninja(self, words: list[str]) -> list[str]:
        told = subprocess.run(["ninja", "-C", self.build, "-t", "targets", "all"], capture_output=True, text=True, check=True, timeout=120).stdout
        targets = {line.split(":")[0] for line in told.splitlines()} | MADE_BY_COVERAGE
        self.ran.add(" ".join(words))
        return [f"ninja has no target {w}" for w in words[1:] if not w.startswith("-") and "/" not in w and w not in targets]

    def of_other(self, words: list[str]) -> list[str]:
        self.named.add(words[0])
        return [] if words[0] in OTHERS else [f"no program {words[0]} is known: {' '.join(words)}"]

    def command(self, command: str) -> list[str]:
        """A line of a shell; ptprep's run with what stands around it."""
        if re.search(r"(^|&& |\| )ptprep ", command) or command == "ptprep":
            return self.of_ptprep(command)
        errors = []
        for part in re.split(r" && | \| ", command):
            words = [w for w in shlex.split(part) if not re.match(r"[A-Z_]+=", w)]
            if not words:
                continue
            if words[0] == "python3":
                words = words[1:]
            if "/" in words[0]:
                errors += self.of_script(words)
            else:
                errors += {"meson": self.of_meson, "ninja": self.of_ninja}.get(words[0], self.of_other)(words)
        return errors


# what has to be found, and what is wrong with it
PLANTED = """
    ptprep lst          what there is
    ptprep list --tree=all
    tests/nowhere.sh
    tests/run.sh gc
    meson test -C build/dev no-such-test
    frobnicate --all

Run `ptprep --check --jsn`, then `frobnicate this`.
"""
FOUND = ["ptprep lst", "ptprep list --tree=all", "tests/nowhere.sh", "stage gc", "no-such-test", "frobnicate --all", "ptprep --check --jsn",
         "frobnicate this"]


def main() -> int:
    errors, n = [], 0
    with tempfile.TemporaryDirectory(prefix="ptprep-documents-") as directory:
        tree = filetree.Tree(pathlib.Path(directory))
        tree.build(filetree.read_lines(f"{MACHINE}.tree"))
        tree.install_tools()
        tree.path("/tmp").mkdir(exist_ok=True)
        tree.path("/etc/ptprep/ptprep.conf.d").mkdir(exist_ok=True)
        tree.build(["p 0000:01:00.0 10de:1e04 030000 nouveau 8"])
        tree.write("/etc/ptprep/given.conf", b"[agent]\nreboot = never\n")
        judge = Judge(os.path.abspath(sys.argv[1]), sys.argv[2], tree)
        for path in sorted({p for d in DOCUMENTS for p in TOP.glob(d)}):
            name = path.relative_to(TOP).as_posix()
            for command in dict.fromkeys(commands(name, path.read_text())):
                n += 1
                if command not in judge.ran:
                    errors += [f"{name}: {e}" for e in judge.command(command)]
        errors += [f"OTHERS has {name}, which no document names" for name in sorted(set(OTHERS) - judge.named)]
        planted = [e for c in of_markdown("planted", PLANTED) for e in judge.command(c)]
        if len(planted) != len(FOUND) or not all(f in e for f, e in zip(FOUND, planted)):
            errors.append(f"of what is wrong this was found: {planted}")
    print("\n".join(errors) or f"{n} commands in the documents, {len(judge.ran)} of them run or looked at as scripts and tests")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
