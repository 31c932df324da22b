#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes C of a style sheet, without comments and blanks that are for people.

    embed-style.py STYLE.css OUTPUT.c
"""

import pathlib
import re
import sys


def shorten(css: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return re.sub(r"\s*([{};:,])\s+", r"\1", re.sub(r"\s+", " ", css)).replace(";}", "}").strip()


def main() -> int:
    style, output = map(pathlib.Path, sys.argv[1:])
    css = shorten(style.read_text())
    # what the writer of XML escapes, HTML takes as it stands here
    if wrong := re.search(r'[<>&"\\]', css):
        raise SystemExit(f"{style}: {wrong.group()} does not mean the same in HTML and in XML")
    rules = "".join(f'        "{rule}\\n"\n' for rule in re.sub(r"}", "}\0", css).split("\0") if rule)
    output.write_text(f'#include "core/html.h"\n\nconst char html_style[] =\n{rules};\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())
