#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-schema.py PTPREP SCHEMA: what ptprep prints as JSON on all golden machines is as the schema says.

The schema lets readers meet members that are new to them. Here it is taken strictly: a member that it does not know, and a
member or word of it that no machine shows, is an error too. Needs root, as run-golden.py.
"""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile

import filetree

try:
    import jsonschema
except ModuleNotFoundError:
    print("SKIPPED: python3-jsonschema is not installed")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
RUNS = (["check"], ["list"], ["bootloader"], ["firmware"], ["remember"], ["configure", "nic", "--dry-run"], ["apply", "--dry-run"],
        ["apply"])
# and afterwards, which looks the same on most machines
MORE_RUNS = (["check"], ["check", "nic0"], ["bootloader"], ["list"], ["revert"])
# what looks at no machine but its own, for its name and time
OWN_RUNS = (["version"], ["explain"], ["explain", "iommu.active"], ["--version"])
SECTIONS = ("Meaning", "Impact", "Cure", "Source")
# of claim and release, which only a running system has: run-drivers.py
OTHERS = ("drivers", "rebind", "refusal")
# of file systems that are not mounted, which only a running system has
UNSEEN = {"unmounted", "mount_point", "listed", "elsewhere"}


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


def documents(ptprep: str, name: str, runs):
    with tempfile.TemporaryDirectory(prefix="ptprep-schema-") as directory:
        tree = filetree.Tree(pathlib.Path(directory))
        tree.build(filetree.read_lines(f"{name}.tree"))
        tree.install_tools()
        tree.write("/etc/hostname", b"golden\n")
        for arguments in runs:
            done = subprocess.run([ptprep, f"--root={tree.top}", *arguments, "--json"], capture_output=True, text=True, check=False, timeout=120)
            if done.stdout:
                yield " ".join(arguments), json.loads(done.stdout)


def own_documents(ptprep: str, schema: dict, errors: list[str]):
    for arguments in OWN_RUNS:
        done = subprocess.run([ptprep, *arguments, "--json"], capture_output=True, text=True, check=True, timeout=60)
        yield " ".join(arguments), json.loads(done.stdout)
    documents = json.loads(subprocess.run([ptprep, "version", "--json"], capture_output=True, text=True, check=True).stdout)["documents"]
    kinds = {name: d["properties"]["version"]["const"] for name, d in schema["$defs"].items() if "kind" in d.get("properties", {}) and
             "const" in d["properties"]["kind"]}
    if documents != kinds:
        errors.append(f"version --json tells {documents}, the schema {kinds}")


def judge_explained(ptprep: str) -> list[str]:
    """All checks are in it, as the text has them, and their documents whole."""
    lines = subprocess.run([ptprep, "explain"], capture_output=True, text=True, check=True).stdout.split("\n\n")[0].splitlines()
    checks = json.loads(subprocess.run([ptprep, "explain", "--json"], capture_output=True, text=True, check=True).stdout)["checks"]
    errors = [] if lines == [f"{c['id']:18} {c['title']}" for c in checks] else ["explain --json has other checks than explain"]
    for c in checks:
        text = subprocess.run([ptprep, "explain", c["id"]], capture_output=True, text=True, check=True).stdout
        whole = [f"# {c['id']}", *(t for s in SECTIONS for t in (f"## {s}", c[s.lower()]))]
        if " ".join(text.split()) != " ".join(" ".join(whole).split()):
            errors.append(f"explain {c['id']} says something else with --json")
    return errors


def main() -> int:
    ptprep, schema = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text())
    errors, seen, named = [], set(), set()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(strict(schema))
    def judge(where: str, what: str, document: dict) -> None:
        members(document, seen)
        # of an alternative the branch of the same kind is what to tell
        by_kind = jsonschema.Draft202012Validator({"$defs": strict(schema)["$defs"], "$ref": f"#/$defs/{document.get('kind')}"})
        if not validator.is_valid(document):
            errors.extend([f"{where}: {what}: {'/'.join(map(str, e.path))}: {e.message[:300]}" for e in by_kind.iter_errors(document)] or
                          [f"{where}: {what}: no document of a known kind"])

    for number, path in enumerate(sorted((HERE / "machines").glob("*.tree"))):
        for what, document in documents(ptprep, path.stem, RUNS + (MORE_RUNS if number % 6 == 0 else ())):
            if document.get("host") != "golden" or not document.get("time"):
                errors.append(f"{path.stem}: {what}: of {document.get('host')} at {document.get('time')}")
            judge(path.stem, what, document)
    for what, document in own_documents(ptprep, schema, errors):
        if document.get("host") != socket.gethostname() or not document.get("time") or not document.get("boot_id"):
            errors.append(f"{what}: of {document.get('host')} at {document.get('time')} in {document.get('boot_id')}")
        judge("here", what, document)
    errors += judge_explained(ptprep)
    for name, definition in schema["$defs"].items():
        named |= set() if name in OTHERS else set(definition.get("properties", ()))
    errors += [f"no machine has the member {n}" for n in sorted(named - seen - UNSEEN)]
    errors = list(dict.fromkeys(errors))
    print("\n".join(errors[:60]) or "all documents are as the schema says")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
