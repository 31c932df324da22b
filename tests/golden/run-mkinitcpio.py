#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-mkinitcpio.py DIRECTORY: what ptprep's hook asks of mkinitcpio, and with which words it is started for an image.

DIRECTORY is dracut/mkinitcpio. Its scripts run by bash in a root of their own, with mkinitcpio's functions, or the program, replaced
by ones that print how they are called. Needs root for chroot(2).
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FUNCTIONS = """
for name in add_file add_binary add_module add_symlink add_runscript; do
    eval "$name() { echo $name \\"\\$*\\"; }"
done
modinfo() { [[ " vfio vfio_iommu_type1 vfio-pci pci-stub mlx5_vfio_pci " == *" $5 "* && $* == "-b / -k 6.1.0-1 $5" ]]; }
KERNELVERSION=6.1.0-1
"""
CLAIMS = ["add_file /etc/ptprep/claims", "add_binary /usr/lib/ptprep/ptprep-claim"]
REST = ["add_module vfio", "add_module vfio_iommu_type1", "add_module vfio-pci", "add_module pci-stub", "add_runscript ",
        "add_file /usr/lib/dracut/modules.d/90ptprep/ptprep-claim.service /usr/lib/systemd/system/ptprep-claim.service",
        "add_symlink /usr/lib/systemd/system/sysinit.target.wants/ptprep-claim.service ../ptprep-claim.service"]
VARIANT = "version=2\n0000:03:00.1 15b3:101e vfio-pci - a variant=mlx5_vfio_pci\n0000:03:00.2 15b3:101e vfio-pci - b variant=not_there\n"
# files of the host, what is asked for
HOOKS = [([], []), (["etc/ptprep/claims"], [*CLAIMS, *REST]),
         ({"etc/ptprep/claims": VARIANT}, [*CLAIMS, *REST[:4], "add_module mlx5_vfio_pci", *REST[4:]]),
         (["etc/ptprep/claims", "etc/modprobe.d/ptprep.conf"], [*CLAIMS, "add_file /etc/modprobe.d/ptprep.conf", *REST])]

LINUX = "/boot/initramfs-linux.img"
TRIAL = f"{LINUX}.1.ptprep-new"
PLAIN = f"--kernel 6.1.0-1 --generate {TRIAL}"
# presets, what mkinitcpio is started with
PRESETS = [
    ({}, PLAIN),
    ({"linux": f"PRESETS=('default')\nALL_kver=/boot/vmlinuz-linux\ndefault_image={LINUX}\n"}, PLAIN),
    ({"linux": f"ALL_config=/etc/mkinitcpio.conf\nPRESETS=('default')\ndefault_image=\"{LINUX}\"\n"},
     f"{PLAIN} --config /etc/mkinitcpio.conf --addhooks ptprep"),
    ({"linux": f"ALL_config=/etc/all\nPRESETS=(default fallback)\ndefault_image=/boot/other\nfallback_image={LINUX}\n"
               "fallback_config=/etc/own\nfallback_options='-S autodetect'\n"}, f"{PLAIN} --config /etc/own --addhooks ptprep -S autodetect"),
    ({"a": "PRESETS=(default)\ndefault_image=/boot/initramfs-a.img\ndefault_options=-v\n",
      "linux": f"PRESETS=(default)\ndefault_image={LINUX}\ndefault_options=(-S autodetect --splash /x.bmp)\n"},
     f"{PLAIN} -S autodetect --splash /x.bmp"),
    # no list of presets, an image under another name, and one that is broken
    ({"linux": f"default_image={LINUX}\ndefault_options=-v\n"}, PLAIN),
    ({"link": "PRESETS=(default)\ndefault_image=/boot/link.img\ndefault_options=-v\n"}, f"{PLAIN} -v"),
    ({"broken": "PRESETS=(\n", "linux": f"PRESETS=(default)\ndefault_image={LINUX}\ndefault_options=-v\n"}, f"{PLAIN} -v"),
]
MKINITCPIO = '#!/bin/bash\nif [[ $1 == --help ]]; then printf %s "$MKINITCPIO_HELP"; exit; fi\necho "$@"\n'


def install(root: pathlib.Path, program: str) -> None:
    """With its libraries."""
    path = shutil.which(program)
    assert path, program
    libraries = re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout)
    for source, target in [(path, f"/bin/{program}"), *((library, library) for library in libraries)]:
        to = root / target[1:]
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, to)


def run(root: pathlib.Path, *words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(["chroot", root, "/bin/bash", *words], capture_output=True, text=True, check=False,
                          env={"PATH": "/bin:/usr/sbin:/usr/bin:/sbin"} | (environment or {}))


def write(root: pathlib.Path, name: str, text: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def judge(name: str, done: subprocess.CompletedProcess, wanted: list[str]) -> list[str]:
    if done.stdout.splitlines() == wanted and done.returncode == 0 and not done.stderr:
        return []
    return [f"{name}: {done.returncode}: {done.stdout}{done.stderr}wanted:\n" + "\n".join(wanted)]


def play_hook(top: pathlib.Path, files: list[str] | dict[str, str], wanted: list[str]) -> list[str]:
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        install(root, "bash")
        for file in files:
            write(root, file, files[file] if isinstance(files, dict) else "")
        write(root, "dev/null")
        shutil.copy(top / "install", root / "hook")
        return judge(f"hook with {files}", run(root, "-c", f"{FUNCTIONS}. /hook; build"), wanted)


def play_preset(top: pathlib.Path, presets: dict[str, str], wanted: str) -> list[str]:
    errors = []
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for program in ("bash", "grep"):
            install(root, program)
        write(root, LINUX[1:], "image")
        (root / "boot/link.img").symlink_to("initramfs-linux.img")
        write(root, "bin/mkinitcpio", MKINITCPIO)
        (root / "bin/mkinitcpio").chmod(0o755)
        write(root, "dev/null")
        for name, text in presets.items():
            write(root, f"etc/mkinitcpio.d/{name}.preset", text)
        shutil.copy(top / "build", root / "build")
        for said, more in (("-v", ""), ("--nopost  no post hooks", " --nopost")):
            errors += judge(f"{presets}", run(root, "/build", TRIAL, "6.1.0-1", LINUX, environment={"MKINITCPIO_HELP": said}), [wanted + more])
    return errors


def main() -> int:
    top = pathlib.Path(sys.argv[1])
    errors = [error for files, wanted in HOOKS for error in play_hook(top, files, wanted)]
    errors += [error for presets, wanted in PRESETS for error in play_preset(top, presets, wanted)]
    print("\n".join(errors) or "mkinitcpio is asked for what it is to be")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
