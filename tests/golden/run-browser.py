#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The report as a browser shows it. By hand: it takes Chromium, and axe.js of the npm package axe-core.

    run-browser.py PTPREP AXE.js [--shots DIRECTORY]

A machine with 3 functions and one with 226, each at three widths, light and dark, with all that can be opened open: axe-core has
nothing to say by WCAG 2.1 AA, nothing is wider than the window, and the console is empty. With --shots an image of each view, and
the pages printed, to be looked at.
"""

import argparse
import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import filetree

WIDTHS = (360, 900, 1600)
SCHEMES = {"dark": "0", "light": "1"}
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
LOOK = """
const seen = [];
addEventListener("error", e => seen.push(e.message));
document.querySelectorAll("details").forEach(d => d.open = true);
axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }).then(r => {
        for (const v of r.violations)
                for (const n of v.nodes.slice(0, 3))
                        seen.push(`${v.id}: ${v.help}: ${n.html.slice(0, 160)}`);
        const width = document.documentElement.clientWidth;
        for (const e of document.querySelectorAll("main *, header *, footer *")) {
                const box = e.getBoundingClientRect();
                if (box.right > width + 1 || box.left < -1)
                        seen.push(`wider than the window: ${e.outerHTML.slice(0, 160)}`);
        }
        const result = document.createElement("pre");
        result.id = "result";
        result.textContent = JSON.stringify({ passes: r.passes.length, seen });
        document.body.replaceChildren(result);
});
"""


def add_function(tree, path: str, ids: str, pci_class: str, driver: str, group: int, port: bool) -> None:
    directory, address = f"/sys/devices/pci0000:00/{path}", path.split("/")[-1]
    tree.pci_function(address, ids, pci_class, driver, str(group))
    flat = tree.path(f"/sys/devices/pci0000:00/{address}")
    if "/" in path:
        for name in ("driver", "subsystem", "iommu_group"):
            target = flat.joinpath(name).readlink()
            flat.joinpath(name).unlink()
            flat.joinpath(name).symlink_to(f"../{target}")
        flat.rename(tree.path(directory))
        tree.link(f"/sys/bus/pci/devices/{address}", f"../../../devices/pci0000:00/{path}")
    if port:
        config = bytearray(tree.path(f"{directory}/config").read_bytes())
        config[14] = 1
        tree.write(f"{directory}/config", bytes(config))


def build(tree, name: str) -> None:
    tree.build(filetree.read_lines("intel-off.tree" if name == "small" else "intel-default-on.tree"))
    tree.write("/proc/sys/kernel/hostname", f"{name}.example\n".encode())
    if name == "small":
        return
    for port in range(7):
        add_function(tree, f"0000:00:1c.{port}", "8086:a338", "060400", "pcieport", 10 + 32 * port, True)
        for i in range(31):
            add_function(tree, f"0000:00:1c.{port}/0000:{port + 1:02x}:{i:02x}.0", "8086:154c", "020000", "iavf", 11 + 32 * port + i, False)


def look(page: pathlib.Path, width: int, scheme: str) -> list[str]:
    done = subprocess.run([*CHROMIUM, f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", f"--window-size={width},1200",
                           "--virtual-time-budget=60000", "--dump-dom", page.as_uri()], capture_output=True, text=True, check=False, timeout=280)
    found = re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.S)
    if not found:
        return [f"no answer: {done.stderr[-500:]}"]
    result = json.loads(html.unescape(found[1]))
    return result["seen"] if result["passes"] else ["axe-core has looked at nothing"]


def draw(page: pathlib.Path, to: pathlib.Path, width: int, scheme: str) -> None:
    subprocess.run([*CHROMIUM, f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", f"--window-size={width},2400",
                    f"--screenshot={to}", page.as_uri()], capture_output=True, check=True, timeout=280)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ptprep")
    parser.add_argument("axe", type=pathlib.Path)
    parser.add_argument("--shots", type=pathlib.Path)
    o = parser.parse_args()
    script = f"<script>{o.axe.read_text()}</script><script>{LOOK}</script></body>"
    failed = False
    for name in ("small", "large"):
        with tempfile.TemporaryDirectory() as directory:
            tree = filetree.Tree(pathlib.Path(directory, "root"))
            build(tree, name)
            text = subprocess.run([o.ptprep, f"--root={tree.top}", "--check", "--html"], stdout=subprocess.PIPE, check=False).stdout.decode()
            page, probe = pathlib.Path(directory, f"{name}.html"), pathlib.Path(directory, "probe.html")
            page.write_text(text)
            probe.write_text(text.replace("</body>", script))
            for width in WIDTHS:
                for scheme in SCHEMES:
                    seen = look(probe, width, scheme)
                    failed |= bool(seen)
                    print(f"{name} {width} {scheme}: " + ("\n  ".join(seen) or "ok"), flush=True)
                    if o.shots:
                        draw(page, o.shots / f"{name}-{width}-{scheme}.png", width, scheme)
            if o.shots:
                subprocess.run([*CHROMIUM, f"--print-to-pdf={o.shots / f'{name}.pdf'}", "--no-pdf-header-footer", page.as_uri()],
                               capture_output=True, check=True, timeout=280)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
