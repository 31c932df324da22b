#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-schema.py PTPREP SCHEMA: what ptprep prints as JSON on all golden machines is as the schema says.

The schema lets readers meet members that are new to them. Here it is taken strictly: a member that it does not know, and a
member or word of it that no machine shows, is an error too. Needs root, as run-golden.py.
"""

import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ModuleNotFoundError:
    print("SKIPPED: python3-jsonschema is not installed")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
RUNS = (["check"], ["list"], ["bootloader"], ["firmware"], ["apply", "--dry-run"], ["apply"])
# and afterwards, which looks the same on most machines
MORE_RUNS = (["check"], ["bootloader"], ["list"], ["revert"])
# of file systems that are not mounted, which only a running system has
UNSEEN = {"unmounted", "mount_point", "listed", "elsewhere"}


def load_golden():
    spec = importlib.util.spec_from_file_location("golden", HERE / "run-golden.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def strict(schema):
    """The same where no object may have a member that is not named."""
    if isinstance(schema, list):
        return [strict(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {k: strict(v) for k, v in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and "additionalProperties" not in schema:
        closed["additionalProperties"] = False
    return closed


def members(value, found: set[str]) -> None:
    if isinstance(value, dict):
        found.update(value)
    for v in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        members(v, found)


def documents(golden, ptprep: str, name: str, runs):
    with tempfile.TemporaryDirectory(prefix="ptprep-schema-") as directory:
        tree = golden.Tree(pathlib.Path(directory))
        tree.build(golden.read_lines(f"{name}.tree"))
        tree.install_tools()
        tree.write("/etc/hostname", b"golden\n")
        for arguments in runs:
            done = subprocess.run([ptprep, f"--root={tree.top}", *arguments, "--json"], capture_output=True, text=True, check=False, timeout=120)
            if done.stdout:
                yield " ".join(arguments), json.loads(done.stdout)


def main() -> int:
    ptprep, schema = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text())
    golden, errors, seen, named = load_golden(), [], set(), set()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(strict(schema))
    for number, path in enumerate(sorted((HERE / "machines").glob("*.tree"))):
        for what, document in documents(golden, ptprep, path.stem, RUNS + (MORE_RUNS if number % 6 == 0 else ())):
            members(document, seen)
            if document.get("host") != "golden" or not document.get("time"):
                errors.append(f"{path.stem}: {what}: of {document.get('host')} at {document.get('time')}")
            # of an alternative the branch of the same kind is what to tell
            by_kind = jsonschema.Draft202012Validator({"$defs": strict(schema)["$defs"], "$ref": f"#/$defs/{document.get('kind')}"})
            if not validator.is_valid(document):
                errors += [f"{path.stem}: {what}: {'/'.join(map(str, e.path))}: {e.message[:300]}" for e in by_kind.iter_errors(document)] or \
                          [f"{path.stem}: {what}: no document of a known kind"]
    for definition in schema["$defs"].values():
        named |= set(definition.get("properties", ()))
    errors += [f"no machine has the member {n}" for n in sorted(named - seen - UNSEEN)]
    errors = list(dict.fromkeys(errors))
    print("\n".join(errors[:60]) or "all documents are as the schema says")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
