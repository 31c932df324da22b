#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The report as a page.

    run-html.py PTPREP [--update]

Of two machines the page is compared with tests/golden/pages/NAME.html, without what is the same in every page: the style sheet, the
shapes, the documents of the checks, the time. Of these and of a machine whose names are hostile it is looked at whole: it has to be
UTF-8, and the same elements to a reader of XML and to one of HTML; it may load nothing and run nothing; each finding and each PCI
function has to be in it, once. And what is no page: a check says the same whether it is drawn or printed.
"""

import difflib
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import filetree

HERE = pathlib.Path(__file__).resolve().parent
XHTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
MACHINES = ["intel-off", "boot-disk"]
HOSTILE = [b"<script>alert(1)</script>", b"</title><img src=x onerror=alert(1)>", b"]]><!--", b"&amp;&#0;&lt;", b"\"'` onload=x", b"M\xfcller",
           b"\x1b[2J\x07", "\u202eexe".encode(), "\ufffe\uffff".encode(), b"half\xe2\x80"]
ENVIRONMENT = os.environ | {"LC_ALL": "C", "NO_COLOR": "1"}
LOADS = {"src", "srcset", "action", "data", "poster", "onload", "onerror", "onclick"}


class Elements(html.parser.HTMLParser):
    """What a reader of HTML sees: the elements in order, and those that were not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.errors: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attributes}))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        self.open.pop()
        if tag != "meta":
            self.errors.append(f"<{tag}/> is not closed to HTML")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> closes something else")


def run(ptprep: str, tree, *arguments: str) -> bytes:
    return subprocess.run([ptprep, f"--root={tree.top}", *arguments], stdout=subprocess.PIPE, check=False, timeout=60, env=ENVIRONMENT).stdout


def local(tag: str) -> str:
    return tag.replace(XHTML, "").replace(SVG, "").lower()


def text_of(element) -> str:
    return "".join(element.itertext())


def matters(page) -> list[tuple[str, str]]:
    """(check, text) of each finding on the page."""
    found = []
    for item in page.iter(f"{XHTML}li"):
        if item.get("class", "").startswith("matter"):
            check = text_of(item.find(f".//{XHTML}summary/{XHTML}code"))
            found += [(check, text_of(p)) for p in item.iter(f"{XHTML}p") if p.get("class") == "what"]
    for box in page.iter(f"{XHTML}details"):
        if box.get("class") == "fine":
            found += [(text_of(item.find(f"{XHTML}code")), text_of(item.find(f"{XHTML}p"))) for item in box.iter(f"{XHTML}li")]
    return sorted(found)


def plain(text: str | None) -> str:
    """A sentence of the JSON report as it is on the page: commands are set as such, without their quotes."""
    return re.sub(r'"(ptprep [^"]*)"', r"\1", (text or "").replace("`", ""))


LEVELS = ["none", "translated", "isolated", "resettable", "iommufd"]


def judge_levels(page, check, listed) -> list[str]:
    """Every output has the same level of a function, and the same that stops the next one."""
    levels = {f["address"]: (f["level"], f["level_stop"]) for f in listed["functions"]}
    errors = [f"{d['address']} has the level {d['level']} in a check: {d['level_stop']}" for d in check["devices"]
              if (d["level"], d["level_stop"]) != levels[d["address"]]]
    for row in page.iter(f"{XHTML}li"):
        level = next((p for p in row.iter(f"{XHTML}p") if p.get("class") == "level"), None)
        if not row.get("class", "").startswith("function ") or level is None:
            continue
        spans = [(span.get("class"), text_of(span)) for span in level.iter(f"{XHTML}span")]
        reached = ["none"] + [text for kind, text in spans if kind == "step reached"]
        stop = next((text for kind, text in spans if kind == "stop"), None)
        address = text_of(row.find(f".//{XHTML}code"))
        if reached != LEVELS[:len(reached)] or (reached[-1], stop) != levels.pop(address):
            errors.append(f"{address} has the level {spans} on the page")
    errors += [f"{address} has no level on the page" for address, level in levels.items() if level[0] is not None]
    return errors


def judge(name: str, ptprep: str, tree) -> tuple[list[str], str]:
    errors = []
    text = run(ptprep, tree, "--check", "--html").decode()
    page = xml.etree.ElementTree.fromstring(text)
    reader = Elements()
    reader.feed(text)
    reader.close()
    errors += reader.errors + [f"<{tag}> is open at the end" for tag in reader.open]
    to_xml = [(local(e.tag), len(e.attrib)) for e in page.iter()]
    to_html = [(tag, len(attributes) - ("xmlns" in attributes)) for tag, attributes in reader.seen]
    if to_xml != to_html:
        errors.append("readers of HTML and of XML see different elements")
    for tag, attributes in reader.seen:
        if tag in ("script", "link", "img", "iframe", "object", "embed", "base"):
            errors.append(f"<{tag}> has no place here")
        errors += [f"<{tag} {a}=...> loads or runs something" for a in attributes if a in LOADS]
        if not attributes.get("href", "#").startswith("#"):
            errors.append(f"a link leads away: {attributes['href']}")
    style = text_of(page.find(f".//{XHTML}style"))
    if re.search(r"url\(|@import|[<>&]", style):
        errors.append("the style sheet loads something, or is no style sheet to HTML")
    ids = [e.get("id") for e in page.iter() if e.get("id")]
    errors += [f"id {i} is there twice" for i in sorted({i for i in ids if ids.count(i) > 1})]

    check, listed = (json.loads(run(ptprep, tree, verb, "--json").decode()) for verb in ("check", "list"))
    wanted = sorted((f["id"], plain(f"{f['subject'] or ''}{' ' if f['subject'] else ''}{f['detail']}")) for f in check["findings"])
    if matters(page) != [(i, re.sub("[\ufffd\ufffe\uffff]", "\ufffd", t)) for i, t in wanted] and name != "hostile":
        errors.append("findings differ:\n" + "\n".join(difflib.unified_diff([str(f) for f in wanted], [str(f) for f in matters(page)], lineterm="")))
    if len(matters(page)) != len(wanted):
        errors.append(f"{len(wanted)} findings, and {len(matters(page))} on the page")
    rows = [text_of(row.find(f".//{XHTML}code")) for row in page.iter(f"{XHTML}li") if row.get("class", "").startswith("function ")]
    if sorted(rows) != [f["address"] for f in listed["functions"]]:
        errors.append(f"rows: {rows}")
    active = next((f["detail"] for f in check["findings"] if f["id"] == "iommu.active"), "")
    told = next((text_of(d.find(f"{XHTML}dd")) for d in page.iter(f"{XHTML}div") if d.findtext(f"{XHTML}dt") == "IOMMU"), None)
    if told is None or active.startswith("off by argument") and told != active:
        errors.append(f"the page says of the IOMMU {told!r}, and iommu.active {active!r}")
    return errors + judge_units(page, listed, json.loads(run(ptprep, tree, "firmware", "--json").decode())) + judge_levels(page, check, listed), text


def judge_units(page, listed: dict, firmware: dict) -> list[str]:
    """Each function that can be given away is in the row of one unit, and each unit is one of the table with its registers."""
    section = next((s for s in page.iter(f"{XHTML}section") if s.get("id") == "firmware"), None)
    units = {f"0x{s['base']:x}" for t in firmware["tables"] for s in t["structures"] if s["type"] == "DRHD"}
    if section is None or not units:
        return [] if section is None and not units else [f"a section of units: {section is not None}, and units {units}"]
    rows = [row.findall(f"{XHTML}td") for row in section.iter(f"{XHTML}tr") if row.find(f"{XHTML}td") is not None]
    seen = {text_of(cells[1]).strip() for cells in rows if "DRHD" in text_of(cells[0])}
    errors = [] if seen and seen <= units else [f"units {seen}, of {units}"]
    named = sorted(code.text for cells in rows for code in cells[2].iter(f"{XHTML}code"))
    wanted = sorted(f["address"] for f in listed["functions"] if f["verdict"] != "not-applicable")
    return errors + ([] if named == wanted else [f"units translate for {named}, and there are {wanted}"])


def without_the_common(text: str) -> str:
    text = re.sub(r"<style>.*?</style>", "<style>...</style>", text, flags=re.S)
    text = re.sub(r"<time .*?</time>", "<time>...</time>", text)
    text = re.sub(r"ptprep \d[\w.]*", "ptprep VERSION", text)
    text = re.sub(r'<span class="device">.*?</span>', '<span class="device">...</span>', text)  # whatever pci.ids calls it
    text = re.sub(r'\n<svg [^>]*class="shapes".*?</svg>', "", text, flags=re.S)
    text = re.sub(r'<svg [^>]*class="mark ([a-z-]*)"[^>]*><use[^>]*></use></svg>', r"[\1]", text)
    return re.sub(r'(<details class="document"><summary>.*?</summary>).*?</details>', r"\1...</details>", text, flags=re.S)


def poison(tree) -> None:
    menu = tree.path("/boot/grub/grub.cfg").read_bytes()
    for hostile in HOSTILE:
        quoted = hostile.replace(b"'", b"")
        menu += b"menuentry '" + quoted + b"' $menuentry_id_option '" + quoted + b"' {\n linux /boot/vmlinuz-6.1.0-1-amd64 x='" + quoted + b"'\n}\n"
    tree.write("/boot/grub/grub.cfg", menu)
    tree.write("/proc/sys/kernel/hostname", HOSTILE[1] + b"\n")
    tree.write("/proc/sys/kernel/osrelease", b"6.1.0-1-amd64\n")
    tree.path("/sys/bus/pci/drivers/<b onload=x>&amp;").mkdir(parents=True)
    tree.link("/sys/devices/pci0000:00/0000:00:05.0/driver", "../../../bus/pci/drivers/<b onload=x>&amp;")
    for device in ("0000:00:04.0", "0000:00:05.0"):
        tree.write(f"/sys/devices/pci0000:00/{device}/reset_method", HOSTILE[0] + b"\n")


def judge_hostile(text: str) -> list[str]:
    shown = text_of(xml.etree.ElementTree.fromstring(text))
    wanted = ["<script>alert(1)</script>", "</title><img src=x onerror=alert(1)>", "]]><!--", "&amp;&#0;&lt;", "M\\xfcller", "\\x1b[2J\\x07",
              "\\u202eexe", "\ufffd\ufffd", "half\\xe2\\x80", "<b onload=x>&amp;"]
    return [f"not shown as it is: {w}" for w in wanted if w not in shown]


def judge_without_library(ptprep: str, tree) -> list[str]:
    """Where libxml2 cannot be opened the reason is told, and nothing that would pass for a page is written."""
    with tempfile.TemporaryDirectory() as directory:
        for soname in ("libxml2.so.2", "libxml2.so.16"):
            pathlib.Path(directory, soname).write_bytes(b"")
        done = subprocess.run([ptprep, f"--root={tree.top}", "--check", "--html"], capture_output=True, text=True, check=False, timeout=60,
                              env=ENVIRONMENT | {"LD_LIBRARY_PATH": directory})
    if done.returncode == 127:  # linked with it
        return []
    seen = (done.returncode, done.stdout, done.stderr.count("libxml2 is not installed"))
    return [] if seen == (69, "", 1) else [f"without libxml2: {seen}, {done.stderr!r}"]


def main() -> int:
    ptprep, update, failed = os.path.abspath(sys.argv[1]), "--update" in sys.argv, False
    for name in [*MACHINES, "hostile"]:
        with tempfile.TemporaryDirectory() as directory:
            tree = filetree.Tree(pathlib.Path(directory))
            tree.build(filetree.read_lines(f"{name if name in MACHINES else 'base'}.tree"))
            if name == "hostile":
                poison(tree)
            errors, text = judge(name, ptprep, tree)
            if name == "hostile":
                errors += judge_without_library(ptprep, tree)
        if name == "hostile":
            errors += judge_hostile(text)
        else:
            expected, seen = HERE / "pages" / f"{name}.html", without_the_common(text)
            if update:
                expected.parent.mkdir(exist_ok=True)
                expected.write_text(seen)
            errors += difflib.unified_diff(expected.read_text().splitlines(), seen.splitlines(), str(expected), "seen", lineterm="")
        print(f"{name}: " + ("\n".join(errors) if errors else "ok"))
        failed |= bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
