#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes C of the documents in this directory, so that "ptprep explain" needs no files.

    embed.py OUTPUT.c OUTPUT.d

OUTPUT.d tells make and ninja what it was made of; the directory itself is in it, for documents that are added or removed.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def literal(line: str) -> str:
    return '                "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"\n'


def main() -> int:
    output, depfile = sys.argv[1:]
    documents = sorted(HERE.glob("*.md"))
    text = '#include "core/explain.h"\n\nconst CheckDocument check_documents[] = {\n'
    for path in documents:
        text += f'        {{ "{path.stem}",\n' + "".join(map(literal, path.read_text().splitlines())) + "        },\n"
    text += f"}};\nconst size_t check_documents_n = {len(documents)};\n"
    pathlib.Path(output).write_text(text)
    pathlib.Path(depfile).write_text(f"{output}: {HERE} " + " ".join(map(str, documents)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
