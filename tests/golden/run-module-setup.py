#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-module-setup.py MODULE-SETUP: what the dracut module asks of dracut, for each kind of image.

The script is sourced as dracut sources it, with dracut's functions replaced by ones that print how they are called.
"""

import pathlib
import subprocess
import sys
import tempfile

DRACUT = """
for name in inst_simple inst_binary inst_multiple inst_hook instmods systemctl; do
    eval "$name() { echo $name \\"\\$*\\"; }"
done
dracut_module_included() { [[ " $included " == *" $1 "* ]]; }
moddir=/moddir initdir=/initdir systemdsystemunitdir=/unit SYSTEMCTL=systemctl
"""

MODULES = "instmods -s vfio vfio_iommu_type1 vfio_virqfd vfio-pci pci-stub"
FILES = ["inst_simple /etc/ptprep/claims", "inst_binary /usr/lib/ptprep/ptprep-claim"]
UNIT = ["inst_multiple modprobe", "inst_simple /moddir/ptprep-claim.service /unit/ptprep-claim.service",
        "systemctl -q --root /initdir add-wants sysinit.target ptprep-claim.service"]
HOOK = ["inst_multiple modprobe", "inst_hook cmdline 00 /moddir/ptprep-claim.sh"]

# name, environment, dracut modules of the image, files of the host, what is asked for
CASES = [
    ("systemd", {}, "base systemd", ["claims"], [MODULES, *FILES, *UNIT]),
    ("no systemd", {}, "base", ["claims"], [MODULES, *FILES, *HOOK]),
    ("options", {}, "base", ["claims", "modprobe"], [MODULES, *FILES, "inst_simple /etc/modprobe.d/ptprep.conf", *HOOK]),
    ("variants of vfio-pci", {}, "base", ["variants"], [f"{MODULES} mlx5_vfio_pci xe_vfio_pci", *FILES, *HOOK]),
    ("no list", {}, "base systemd", [], [MODULES]),
    ("kdump of kexec-tools", {"IN_KDUMP": "1"}, "base systemd kdumpbase", ["claims"], []),
    ("the same, by its module alone", {}, "base systemd kdumpbase", ["claims"], []),
    ("kdump of SUSE", {}, "base systemd kdump", ["claims"], []),
    ("a usual image that loads the crash kernel early", {}, "base systemd earlykdump", ["claims"], [MODULES, *FILES, *UNIT]),
    ("not in kdump", {"IN_KDUMP": "0"}, "base systemd", ["claims"], [MODULES, *FILES, *UNIT]),
]

TEXTS = {"variants": "# variant=none\n0000:03:00.1 15b3:101e vfio-pci - a variant=mlx5_vfio_pci !serial=1\n0000:03:00.2 15b3:101e vfio-pci - b\n"
                     "0000:04:00.0 8086:56c0 vfio-pci - c optional=yes variant=xe_vfio_pci\n"}
PATHS = {"variants": "etc/ptprep/claims", "claims": "etc/ptprep/claims", "modprobe": "etc/modprobe.d/ptprep.conf"}


def main() -> int:
    failed = 0
    for name, environment, included, files, expected in CASES:
        with tempfile.TemporaryDirectory() as root:
            for file in files:
                path = pathlib.Path(root, PATHS[file])
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(TEXTS.get(file, ""))
            script = f'{DRACUT}. "$1"; check; echo "check $?"; installkernel && install; echo "end $?"'
            done = subprocess.run(["bash", "-c", script, "bash", sys.argv[1]], capture_output=True, text=True, check=False,
                                  env={"PATH": "/usr/bin:/bin", "dracutsysrootdir": root, "included": included, **environment})
        if done.stdout.splitlines() != ["check 255", *expected, "end 0"] or done.stderr:
            failed += 1
            print(f"FAILED {name}:\n{done.stdout}{done.stderr}expected:\n" + "\n".join(expected))
        else:
            print(f"ok {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
