#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes C of the texts that the program brings along, packed: the documents of the checks, so that "ptprep explain" needs no
files, and the style sheet of the report as a page, without comments and blanks that are for people.

    pack-texts.py DOCUMENTS STYLE.css OUTPUT.c OUTPUT.d

OUTPUT.d tells make and ninja what it was made of; the directory DOCUMENTS itself is in it, for documents that are added or removed.
"""

import pathlib
import re
import sys
import zlib


def shorten(css: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return re.sub(r"\s*([{};:,])\s+", r"\1", re.sub(r"\s+", " ", css)).replace(";}", "}").strip() + "\n"


def packed(name: str, text: str) -> str:
    data = zlib.compress(text.encode(), 9)
    lines = [data[i:i + 20] for i in range(0, len(data), 20)]
    body = "".join("        " + "".join(f"{byte}," for byte in line) + "\n" for line in lines)
    return (f"static const unsigned char {name}_data[] = {{\n{body}}};\n"
            f"const PackedText {name} = {{ {name}_data, sizeof({name}_data), {len(text.encode())} }};\n")


def main() -> int:
    directory, style, output, depfile = map(pathlib.Path, sys.argv[1:])
    documents = sorted(directory.glob("*.md"))
    css = shorten(style.read_text())
    # what the writer of XML escapes, HTML takes as it stands here
    if wrong := re.search(r'[<>&"\\]', css):
        raise SystemExit(f"{style}: {wrong.group()} does not mean the same in HTML and in XML")
    output.write_text('#include "core/packed-texts.h"\n\n' + packed("packed_documents", "".join(p.read_text() + "\0" for p in documents)) +
                      packed("packed_style", css))
    depfile.write_text(f"{output}: {directory} {style} " + " ".join(map(str, documents)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
