#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-install.py BUILD_DIRECTORY CONFIG_DIRECTORY DATA_DIRECTORY PROGRAM...: what `meson install` leaves of what people have written, and what it puts where."""

import json
import pathlib
import stat
import subprocess
import sys
import tempfile

OWN = "[device nic0]\naddress = 0000:04:00.0\nid = 8086:10d3\n"


def install(build: str, top: pathlib.Path) -> None:
    subprocess.run(["meson", "install", "--no-rebuild", "-C", build, "--destdir", str(top)], check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    build, errors = sys.argv[1], []
    config_directory, data_directory, *programs = (name.lstrip("/") for name in sys.argv[2:])
    with tempfile.TemporaryDirectory(prefix="ptprep-install-") as directory:
        top = pathlib.Path(directory)
        install(build, top)
        config, example = top / config_directory / "ptprep.conf", top / data_directory / "doc/ptprep/examples/ptprep.conf"
        if config.read_bytes() != example.read_bytes():
            errors.append("the first configuration is not the example")
        if any(line and not line.startswith("#") for line in config.read_text().splitlines()):
            errors.append("the shipped configuration asks for something")
        errors += [f"no {name}" for name in ("bash-completion/completions/ptprep", "zsh/site-functions/_ptprep",
                                             "fish/vendor_completions.d/ptprep.fish") if not (top / data_directory / name).is_file()]
        if "$defs" not in json.loads((top / data_directory / "ptprep/ptprep.schema.json").read_text()):
            errors.append("the schema is none")
        errors += [f"{name} is no program" for name in programs if not (top / name).stat().st_mode & stat.S_IXUSR]
        config.write_text(OWN)
        example.write_text("of an older version\n")
        install(build, top)
        if config.read_text() != OWN:
            errors.append("a second install wrote over the configuration")
        if example.read_text() == "of an older version\n":
            errors.append("the example stays that of an older version")
    print("\n".join(errors) or "a configuration stays, all else is new")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
