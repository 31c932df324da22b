#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Values that would be shell, GRUB or modprobe syntax somewhere, against the real tools.

    run-hostile.py PTPREP [--all]

Configuration: each text of HOSTILE alone, in front of or behind a good value of every key and of a device's name. It is refused
with file, line and reason, and nothing is touched; or it was no part of the value, and the result is that of the good value.
GRUB: each text as a word that already stands in GRUB_CMDLINE_LINUX_DEFAULT, in one of four spellings (two with --all), and each
third one (all) in GRUB_CMDLINE_LINUX. It is refused and nothing is changed; or dash reads the same words as before and then ptprep's, and so does GRUB's own grub-mkconfig, run by ptprep in the
tree with GRUB's own 10_linux, dash, sed and grub-script-check, copied from this system. Needs root for chroot(2).
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import filetree

HOSTILE = [
    b'"', b"'", b"`", b"\\", b"$", b'""', b"''", b'"x', b"'x", b"x\"y", b"x'y", b"\\x", b"x\\", b"\\\"", b"\\'", b"\\n", b"\\0",
    b"$(touch /hit)", b"`touch /hit`", b"${IFS}", b"$IFS", b"$0", b"$@", b"${x:-y}", b"$((1+1))", b"$tuned_params", b"${root}",
    b"; touch /hit", b";touch${IFS}/hit", b"& touch /hit", b"&& touch /hit", b"| touch /hit", b"|| touch /hit", b"> /hit", b">/hit",
    b">>/hit", b"< /dev/null", b"<<EOF", b"\ntouch /hit\n", b"\ntouch /hit", b"x\ny", b"x\r", b"x\ry", b"\r", b"x\ty", b"\t",
    b"\"; touch /hit; \"", b"'; touch /hit; '", b"\" touch /hit", b"\"$(touch /hit)\"", b"'\"'\"'", b"\"\n}\nmenuentry x {\n\"",
    b"{", b"}", b"{a,b}", b"(", b")", b"[", b"]", b"[a]", b"*", b"?", b"/*", b"~", b"~root", b"!", b"!x", b"^", b"%", b"%s", b"%n",
    b"%d%d", b"#", b"#x", b"x#y", b" # x", b" ; x", b"-", b"--", b"-n", b"--help", b"-e x", b"=", b"==", b"x=y", b"+=x", b",", b":",
    b"\0", b"x\0y", b"\x01", b"\x07", b"\x1b[31m", b"\x7f", b"\x80", b"\xff", b"\xc3\xa4", b"\xe2\x80\xae", b"\xe2\x80\x9cx\xe2\x80\x9d",
    b"\xc2\xa0", b"\xef\xbb\xbf", b"A" * 3000, b"A " * 400, b"../../etc/passwd", b"/etc/passwd", b"http://x/y?z=1&w=2",
    b"install vfio-pci /bin/sh", b"\ninstall vfio-pci /bin/sh -c true", b"options x y=z", b"blacklist e1000e", b"menuentry 'x' {",
    b"[device x]", b"]\n[agent]\nenabled = no\n[x", b"insmod x", b"set root=x", b"if true; then", b"exec sh", b"eval x", b"\\\n", b"x\\\ny",
]
# what GRUB's scripts start, beside the busybox that filetree.Tree.install_tools() puts there
TOOLS = ["/bin/dash", "/bin/sed", "/bin/grep", "/bin/cat", "/bin/rm", "/bin/chmod", "/bin/uname", "/usr/bin/id", "/usr/bin/basename",
         "/usr/bin/dirname", "/usr/bin/sort", "/usr/bin/head", "/usr/bin/tr", "/usr/bin/cut", "/usr/bin/stat", "/usr/bin/tac",
         "/usr/bin/printf", "/usr/bin/expr", "/bin/ls", "/bin/readlink", "/usr/bin/mktemp", "/usr/bin/awk", "/usr/bin/date", "/usr/bin/grub-mkrelpath",
         "/usr/bin/grub-file", "/usr/bin/grub-script-check"]
GRUB = ["/usr/sbin/grub-mkconfig", "/usr/share/grub/grub-mkconfig_lib", "/etc/grub.d/10_linux"]
GOOD = [("agent", "enabled", b"yes"), ("iommu", "argument", b"always"), ("iommu", "passthrough", b"no"),
        ("device", "address", b"0000:00:04.0"), ("device", "id", b"8086:10d3"), ("device", "path", b"pci0000:00/04.0"),
        ("device", "driver", b"vfio-pci"), ("device", "optional", b"no")]
CONFIG = "/etc/ptprep/ptprep.conf"
EXIT_CONFIG = 78
REFUSED = re.compile(rb"^  blocked  config\.valid      " + CONFIG.encode() + rb":([1-9][0-9]*): .*", re.M)
OURS = b"ptprep.claim=1 intel_iommu=on"
DROP_INS = re.compile(rb"^for x in \$\{sysconfdir\}/default/grub\.d/\*\.cfg ; do\n.*?^done\n", re.M | re.S)
SOURCES = """exec 3>&1 >/dev/null
cd "$1" || exit
set /usr/sbin/grub-probe dummy # as grub-mkconfig does before
. ./etc/default/grub
for x in etc/default/grub.d/*.cfg; do [ ! -e "$x" ] || . "./$x"; done
printf %s "${GRUB_CMDLINE_LINUX-}${GRUB_CMDLINE_LINUX:+ }$GRUB_CMDLINE_LINUX_DEFAULT" >&3"""
VARIABLES = {"GRUB_CMDLINE_LINUX_DEFAULT": b"", "GRUB_CMDLINE_LINUX": b"GRUB_CMDLINE_LINUX_DEFAULT=splash\n"} # and what stands beside it


def config(values: dict[str, bytes], name: bytes) -> bytes:
    lines, section = [], ""
    for row_section, key, _ in GOOD:
        if row_section != section:
            section = row_section
            lines.append(b"[device " + name + b"]" if section == "device" else f"[{section}]".encode())
        lines.append(key.encode() + b" = " + values[key])
    return b"\n".join(lines) + b"\n"


class Machine:
    """A tree with real tools, to be copied by links: everything that changes a file in it makes a new one."""

    def __init__(self, top: pathlib.Path, drop_ins: bool):
        top.mkdir()
        self.top, self.drop_ins = top, drop_ins
        tree = filetree.Tree(top)
        tree.build(filetree.read_lines("intel-off.tree"))
        tree.install_tools()
        for name in TOOLS:
            linked = subprocess.run(["ldd", name], capture_output=True, text=True, check=True).stdout
            for file in [name, *re.findall(r"(/\S+) \(0x", linked)]:
                shutil.copy(file, tree.fresh(file))
        shutil.copy("/bin/dash", tree.fresh("/bin/sh"))
        for name in GRUB:
            shutil.copy(name, tree.fresh(name))
        # what would look at disks says what it would say of these
        tree.write("/usr/sbin/grub-probe", b'#!/bin/sh\ncase "$*" in *=device*) echo /dev/vda2 ;; *=fs) echo ext2 ;; *) exit 1 ;; esac\n')
        tree.path("/usr/sbin/grub-probe").chmod(0o755)
        if not drop_ins:
            script, n = DROP_INS.subn(b"", pathlib.Path(GRUB[0]).read_bytes())
            assert n == 1, "grub-mkconfig reads its drop-ins in another way"
            tree.write(GRUB[0], script)
            tree.path(GRUB[0]).chmod(0o755)
        tree.write("/etc/default/grub", b'GRUB_DISABLE_RECOVERY=true\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n')
        tree.write(CONFIG, config({key: value for _, key, value in GOOD}, b"nic0"))

    def copy(self, directory: str) -> filetree.Tree:
        top = pathlib.Path(tempfile.mkdtemp(dir=directory))
        subprocess.run(["cp", "-al", f"{self.top}/.", top], check=True)
        return filetree.Tree(top)


def ptprep_run(ptprep: str, tree, verb: str) -> tuple[int, bytes]:
    done = subprocess.run([ptprep, f"--root={tree.top}", verb], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120,
                          env=os.environ | {"LC_ALL": "C", "NO_COLOR": "1"})
    return done.returncode, done.stdout


def contents(tree) -> dict[str, bytes]:
    """What is evaluated by a shell, GRUB, modprobe or dracut, and all state."""
    return {f"/{p.relative_to(tree.top)}": p.read_bytes() for part in ("etc", "boot", "var") for p in tree.path(part).rglob("*")
            if p.is_file() and not p.name.startswith(("report.", "initrd.img", "images"))}


def look(tree) -> dict[str, tuple]:
    """No byte was written, but for the report: cheaper than contents()."""
    seen = {}
    for part in ("etc", "boot", "var", "usr"):
        for directory, _, files in os.walk(tree.path(part)):
            for file in (f for f in files if not f.startswith("report.")):
                stat = os.lstat(os.path.join(directory, file))
                seen[os.path.join(directory, file)] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return seen


def dash_value(tree) -> bytes | None:
    """What dash reads, without a program to start. None: it gave up."""
    done = subprocess.run(["/bin/dash", "-c", SOURCES, GRUB[0], str(tree.top)], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          timeout=60, env={"PATH": "/nonexistent"})
    return done.stdout if done.returncode == 0 else None


def with_ours(value: bytes) -> list[bytes]:
    """What may become of a value: words behind "--" are for init, and ptprep's go in front of it."""
    before_init, n = re.subn(rb" --(?= |$)", b" " + OURS + b" --", value, count=1)
    return [before_init] if n else [value.rstrip(b" ") + b" " + OURS, value + b" " + OURS]


def in_all_entries(tree, value: bytes) -> bool:
    """Is this the rest of each command line in the generated menu? 10_linux indents the text of a submenu, whatever it is."""
    text = tree.path("/boot/grub/grub.cfg").read_bytes().replace(b"\n\t", b"\n")
    found = re.findall(rb"^\s*linux\s+\S+ root=\S+ ro +" + re.escape(value) + rb" *$", text, re.M)
    return len(found) == len(re.findall(rb"^\s*linux\s+/boot", text, re.M)) == 2


def config_cases() -> list[tuple[str, bytes, bytes]]:
    """Key (or "name"), value, and the whole file."""
    good = {key: value for _, key, value in GOOD}
    cases = []
    for k, (key, value) in enumerate([*good.items(), ("name", b"nic0")]):
        for i, hostile in enumerate(HOSTILE):
            text = (value + hostile, hostile + value, hostile)[(i + k) % 3]
            cases.append((key, text, config(good, text) if key == "name" else config(good | {key: text}, b"nic0")))
    return cases


def judge_config(ptprep: str, machine: Machine, wanted: dict[str, bytes], directory: str, cases) -> tuple[list[str], int]:
    tree, errors, accepted = None, [], 0
    for key, text, file in cases:
        if tree is None:
            tree = machine.copy(directory)
        tree.write(CONFIG, file)
        before = look(tree)
        code, output = ptprep_run(ptprep, tree, "--apply")
        what = f"{key} = {text[:60]!r}"
        refused = REFUSED.search(output)
        if code == EXIT_CONFIG:
            if not refused or int(refused[1]) > file.count(b"\n") + 1:
                errors.append(f"{what}: refused without a line and a reason: {output!r}")
            elif re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", output):
                errors.append(f"{what}: control characters are printed: {output!r}")
            if look(tree) != before:
                errors.append(f"{what}: refused, and something was written")
        else:
            accepted += 1
            now, good = contents(tree), dict(wanted)
            if key == "name":
                good["/etc/ptprep/claims"] = good["/etc/ptprep/claims"].replace(b" nic0 ", b" " + text.strip() + b" ")
                good["/var/lib/ptprep/record"] = now["/var/lib/ptprep/record"] # it has a sum of that list
            for of in (now, good):
                del of[CONFIG]
            errors += [f"{what}: exit {code}, and {n} is {now.get(n)!r}, not {good.get(n)!r}" for n in now.keys() | good.keys()
                       if now.get(n) != good.get(n)]
            if tree.path("/hit").exists():
                errors.append(f"{what}: it was executed")
            shutil.rmtree(tree.top)
            tree = None
    return errors, accepted


def spellings(word: bytes) -> list[bytes]:
    """As people write a word between others into a shell variable. The last one is not quoted for what it is."""
    double = b"".join(b"\\" + bytes([c]) if bytes([c]) in b'"\\`$' else bytes([c]) for c in word)
    single = word.replace(b"'", b"'\\''")
    each = b"".join(b"\\" + bytes([c]) for c in word)
    return [b'"quiet ' + double + b' x=y"', b"'quiet " + single + b"'", b'"quiet "' + each + b'" x=y"', b'"quiet ' + word + b'"']


def judge_grub(ptprep: str, machine: Machine, directory: str, variable: str, spelled: bytes) -> tuple[list[str], str]:
    tree = machine.copy(directory)
    tree.write("/etc/default/grub", b"GRUB_DISABLE_RECOVERY=true\n" + VARIABLES[variable] + variable.encode() + b"=" + spelled + b"\n# the end\n")
    start, old = contents(tree), dash_value(tree)
    tree.path("/hit").unlink(missing_ok=True)
    code, output = ptprep_run(ptprep, tree, "--apply")
    errors, kind = [], "taken"
    if b".ptprep-" in b"".join(n.encode() for n in contents(tree)):
        errors.append("something is left behind")
    if contents(tree) == start:
        kind = "refused"
        if not (b"cannot be edited safely: " in output or (code == 3 and b"failed" in output)):
            errors.append(f"no reason is given: {output.decode(errors='replace')}")
    elif code not in (0, 1):
        errors.append(f"exit {code}, and something was changed")
    else:
        new = dash_value(tree)
        if old is None or new is None:
            errors.append(f"dash gives up: before {old!r}, after {new!r}")
        elif new not in with_ours(old):
            errors.append(f"dash reads {new!r} instead of {old!r} and ptprep's words")
        elif not in_all_entries(tree, new):
            errors.append(f"grub-mkconfig made something else of {new!r}")
        elif subprocess.run(["grub-script-check", tree.path("/boot/grub/grub.cfg")], check=False).returncode != 0:
            errors.append("grub-script-check finds errors")
    shutil.rmtree(tree.top)
    return [f"{'drop-in' if machine.drop_ins else 'in place'}: {variable}={spelled[:80]!r}: {e}" for e in errors], kind


def main() -> int:
    if os.geteuid() != 0:
        print("SKIPPED: tests with hostile values need root for chroot(2)")
        return 77
    missing = [name for name in [filetree.BUSYBOX, *TOOLS, *GRUB] if not os.path.exists(name)]
    if missing:
        print(f"missing: {' '.join(missing)}; install conf/packages-test.txt")
        return 1
    ptprep, whole = sys.argv[1], sys.argv[2:] == ["--all"]
    shared_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="ptprep-hostile-", dir=shared_memory) as directory, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        machines = [Machine(pathlib.Path(directory) / name, name == "drop-in") for name in ("drop-in", "in-place")]
        good = machines[0].copy(directory)
        code, output = ptprep_run(ptprep, good, "--apply")
        assert code == 0 and in_all_entries(good, b"quiet " + OURS), output.decode()
        cases = config_cases()
        parts = [cases[i::16] for i in range(16)]
        wanted = contents(good)
        results = list(pool.map(lambda part: judge_config(ptprep, machines[0], wanted, directory, part), parts))
        errors = [e for part, _ in results for e in part]
        accepted = sum(n for _, n in results)
        print(f"configuration: {len(cases)} values, {len(cases) - accepted} refused, of {accepted} only the good part was taken")
        words = [w for w in HOSTILE if b"\0" not in w]
        normal, everywhere = VARIABLES
        # a generator of the platform runs for each: the second of a word's spellings is for who has the time
        jobs = [(machines[(i + k // 2) % 2], normal, s) for i, w in enumerate(words)
                for k, s in enumerate(spellings(w)) if (i + k) % 2 == (i // 2) % 2 and (whole or k // 2 == i // 4 % 2)]
        jobs += [(machines[i // 4 % 2], everywhere, spellings(w)[i % 4]) for i, w in enumerate(words) if whole or i % 3 == 0]
        results = list(pool.map(lambda job: judge_grub(ptprep, job[0], directory, *job[1:]), jobs))
        errors += [e for part, _ in results for e in part]
        kinds = [kind for _, kind in results]
        print(f"GRUB: {len(jobs)} spellings of {len(words)} words, {kinds.count('taken')} kept as they are by dash and grub-mkconfig, "
              f"{kinds.count('refused')} refused")
    print("".join(f"{e}\n" for e in errors), end="")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
