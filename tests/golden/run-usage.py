#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command line takes and refuses.

    run-usage.py PTPREP

One row a call: arguments, where standard output goes, exit status, and what has to be said on standard error.
"""

import os
import re
import subprocess
import sys

CASES = [
    (["--version"], None, 0, r"^$"),
    (["--help"], None, 0, r"^$"),
    (["explain"], None, 0, r"^$"),
    (["explain", "iommu.active"], None, 0, r"^$"),
    (["explain", "iommu.activ"], None, 64, r'there is no check "iommu.activ", did you mean "iommu.active"\?'),
    (["explain", "frobnicate"], None, 64, r'there is no check "frobnicate"; "ptprep explain" lists them'),
    (["explain", "--json", "iommu.activ"], None, 64, r'there is no check "iommu.activ", did you mean'),
    (["explain", "--json"], "/dev/full", 74, r"writing: No space left on device"),
    (["version", "--json"], "/dev/full", 74, r"writing: No space left on device"),
    (["--version", "--json"], None, 0, r"^$"),
    (["version", "--html"], None, 64, r'there is no format "html" of version'),
    (["explain", "a", "b"], None, 64, r'unexpected argument "b" of explain'),
    (["help"], None, 0, r"^$"),
    (["version"], None, 0, r"^$"),
    (["-V"], None, 0, r"^$"),
    (["--help"], "/dev/full", 74, r"No space left on device"),
    (["--version"], "/dev/full", 74, r"No space left on device"),
    (["--check", "--html"], "/dev/full", 74, r"writing the report: No space left on device"),
    (["chek"], None, 64, r'there is no verb "chek", did you mean "check"\?'),
    (["lst"], None, 64, r'there is no verb "lst", did you mean "list"\?'),
    (["complete", "--", "list", "--cl"], None, 0, r"^$"),
    (["complte"], None, 64, r'there is no verb "complte"; "ptprep --help" lists what there is'),
    (["frobnicate"], None, 64, r'there is no verb "frobnicate"; "ptprep --help" lists what there is'),
    (["--chek"], None, 64, r"unrecognized option '--chek', did you mean \"--check\"\?"),
    (["--hlep"], None, 64, r"unrecognized option '--hlep', did you mean \"--help\"\?"),
    (["--frobnicate"], None, 64, r"unrecognized option '--frobnicate'; \"ptprep --help\" lists"),
    (["hostdev", "--json"], None, 64, r'there is no format "json" of hostdev'),
    (["claim"], None, 64, r'claim which device\? "ptprep list" shows what there is'),
    (["release", "--root=/etc", "gpu"], None, 64, r"--root=/etc: drivers can be changed on the running system only"),
    (["list", "--qemu"], None, 64, r"--qemu does not go with list"),
    (["--root"], None, 64, r"option '--root' requires an argument"),
    (["-x"], None, 64, r"unrecognized option '-x'"),
    (["check", "--root=/nonexistent", "0000:00:04.0"], None, 64, r"--root=/nonexistent: No such file or directory"),
    (["0000:00:04.0"], None, 64, r'there is no verb "0000:00:04.0"'),
    (["revert", "0000:00:04.0"], None, 64, r'unexpected argument "0000:00:04.0" of revert'),
    (["--check", "--boot"], None, 64, r"--boot does not go with check"),
    (["--check", "--dry-run"], None, 64, r"--dry-run does not go with check"),
    (["--check", "--format=xml"], None, 64, r'there is no format "xml" of check'),
    (["explain", "--format=html"], None, 64, r'there is no format "html" of explain'),
    (["claim", "--format=html", "gpu"], None, 64, r'there is no format "html" of claim'),
    (["firmware", "--table=/dev/null", "--format=html"], None, 64, r'there is no format "html" of firmware'),
    (["--apply", "revert"], None, 64, r'unexpected argument "revert" of apply'),
    (["--root=/nonexistent", "--check"], None, 64, r"--root=/nonexistent: No such file or directory"),
    (["firmware", "--table=/nonexistent"], None, 64, r"/nonexistent: No such file or directory"),
    (["explain"], "/dev/full", 74, r"No space left on device"),
    (["explain", "iommu.active"], "/dev/full", 74, r"No space left on device"),
    (["explain", "iommu.active"], "closed pipe", 0, r"^$"),
]


def closed_pipe() -> int:
    """The end that is written to, when nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def main() -> int:
    failed = 0
    for arguments, target, code, said in CASES:
        out = closed_pipe() if target == "closed pipe" else os.open(target or os.devnull, os.O_WRONLY)
        done = subprocess.run([sys.argv[1], *arguments], stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
                              env=os.environ | {"LC_ALL": "C"})
        os.close(out)
        if done.returncode != code or not re.search(said, done.stderr):
            print(f"ptprep {' '.join(arguments)}: exit {done.returncode}, not {code}, or no {said!r} in {done.stderr!r}")
            failed += 1
    print(f"{len(CASES) - failed} of {len(CASES)} calls as wanted")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
