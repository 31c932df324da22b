#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/run.sh tells what its stages hide: which tests failed, and which ones did not run, each whether the other happens or not.

It runs here over a build system that builds nothing and tells what the case wants.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = "SKIPPED grub-view: grub-fstest is not installed"
FAILED = "2/2 golden FAIL"
MESON = """#!/bin/sh
case $1 in
setup) for directory; do case $directory in */build/*) mkdir -p "$directory/meson-logs"; exit 0 ;; esac; done ;;
test) cp "$LOG" "$3/meson-logs/testlog.json" 2>/dev/null || true; [ "$FAILS" = 0 ] || { echo "%s"; exit 1; } ;;
esac
""" % FAILED


def play(directory: pathlib.Path, fails: bool, skips: bool, ci: bool) -> list[str]:
    for name in ("run.sh", "skipped.py"):
        shutil.copy(TOP / "tests" / name, directory / "tests" / name)
    log = directory / "log"
    results = [{"name": "kargs", "result": "OK"}]
    if skips:
        results.append({"name": "grub-view", "result": "SKIP", "stdout": SKIPPED.replace(" grub-view", "")})
    log.write_text("".join(json.dumps(r) + "\n" for r in results))
    environment = {k: v for k, v in os.environ.items() if k != "CI"} | ({"CI": "1"} if ci else {})
    done = subprocess.run([directory / "tests" / "run.sh", "gcc"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env=environment | {"PATH": f"{directory}/bin:{os.environ['PATH']}", "LOG": str(log), "FAILS": str(int(fails))})
    errors = [f"{text!r} is {'' if shown else 'not '}told" for text, wanted in ((FAILED, fails), (SKIPPED, skips))
              if (shown := text in done.stdout) != wanted]
    if (done.returncode != 0) != (fails or (skips and ci)):
        errors.append(f"exit status {done.returncode}")
    return errors + [done.stdout] * bool(errors)


def main() -> int:
    errors = []
    for case in range(8):
        fails, skips, ci = (bool(case & bit) for bit in (1, 2, 4))
        with tempfile.TemporaryDirectory(prefix="ptprep-runner-") as name:
            directory = pathlib.Path(name)
            for part in ("bin", "tests"):
                (directory / part).mkdir()
            for program, text in {"meson": MESON, "ninja": "#!/bin/sh\n"}.items():
                (directory / "bin" / program).write_text(text)
                (directory / "bin" / program).chmod(0o755)
            errors += [f"fails {fails}, skips {skips}, CI {ci}: {e}" for e in play(directory, fails, skips, ci)]
    print("\n".join(errors) if errors else "8 cases as wanted")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
