"""Root directories of the suites, in layers, and ptprep compiled in them.

A layer is the upper directory of an overlay: `bare` holds what debootstrap made,
`packages` what every guest has, `older` a second kernel, `systemd-boot` another
boot loader, `builder` the compilers. Each is cached under the hash of its inputs and of the layers below.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from . import util
from .util import BOOT_DIR, SOURCE_DIR, Cache, HarnessError, digest, run

MAKE_ROOT = BOOT_DIR / "image" / "make-root.sh"

# What `ptprep remember` has noted of a host that uses no network, as most guests do: there is nothing to wait for.
NO_NETWORK = (BOOT_DIR / "image" / "no-network").read_text()

# What of the sources decides how the installed ptprep looks.
PTPREP_SOURCES = ("meson.build", "meson_options.txt", "meson.options", "agent", "grub", "dracut", "units", "conf")


@dataclass(frozen=True)
class Layer:
    """One cached directory, and those it lies upon (the top one first)."""

    name: str
    path: Path
    below: tuple["Layer", ...] = ()

    @property
    def stack(self) -> tuple["Layer", ...]:
        return (self, *self.below)


def package_list(path: Path, suite: str) -> list[str]:
    """Names from a list with # comments; `SUITE: NAME` counts for that suite only."""
    names = []
    for line in path.read_text().splitlines():
        word = line.split("#")[0].strip()
        if ":" in word:
            only, word = (part.strip() for part in word.split(":", 1))
            if only != suite:
                continue
        if word:
            names.append(word)
    return names


def apt_mirror() -> str:
    """The address from which this machine's apt gets Debian's main archive."""
    lines = run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Identifier: Packages"]).stdout.splitlines()
    pairs = [line.split() for line in lines if len(line.split()) == 2]
    plain = [site for site, release in pairs if "-" not in release]
    if not plain:
        raise HarnessError("apt on this machine has no package source with a plain suite; run `apt-get update`")
    return plain[0]


def apt_settings() -> str:
    """How this machine's apt reaches its source (a proxy, dates that are not checked)."""
    lines = run(["apt-config", "dump"]).stdout.splitlines()
    wanted = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries")
    return "\n".join(line for line in lines if line.startswith(wanted) and '""' not in line) + "\n"


@contextlib.contextmanager
def overlay(layers: tuple[Layer, ...], upper: Path) -> Iterator[Path]:
    """The layers as one directory; what is written to it lands in `upper`."""
    upper.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="overlay-", dir=upper.parent) as scratch:
        work, merged = Path(scratch, "work"), Path(scratch, "merged")
        work.mkdir()
        lower = ":".join(str(layer.path) for layer in layers)
        with util.mounted("overlay", merged, f"lowerdir={lower},upperdir={upper},workdir={work}", "overlay"):
            yield merged


class Roots:
    """Makes layers on demand."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def bare(self, suite: str) -> Layer:
        name = f"bare-{suite}-{digest(suite, MAKE_ROOT.read_bytes())}"

        def make(path: Path, log: Path) -> None:
            settings = path.parent / "apt.conf"
            settings.write_text(apt_settings())
            run([str(MAKE_ROOT), "bare", suite, apt_mirror(), str(settings), str(path)], log)

        return Layer(name, self.cache.get(name, make))

    def _upon(self, below: Layer, name: str, inputs: tuple[str, ...], argv: list[str]) -> Layer:
        """A layer made by one call of make-root.sh; DIRECTORY in argv becomes the merged directory."""
        full = f"{name}-{digest(below.name, *inputs)}"

        def make(path: Path, log: Path) -> None:
            with overlay(below.stack, path) as merged:
                run([str(MAKE_ROOT), *(str(merged) if word == "DIRECTORY" else word for word in argv)], log)

        return Layer(full, self.cache.get(full, make), below.stack)

    def packages(self, suite: str) -> Layer:
        """The packages of packages.txt, and the libraries that ptprep needs at run time."""
        bare = self.bare(suite)
        wanted = package_list(BOOT_DIR / "image" / "packages.txt", suite)
        libraries = run([str(MAKE_ROOT), "runtime", str(bare.path), *self._dev_packages(suite)]).stdout.split()
        return self._upon(bare, f"packages-{suite}", (*wanted, *libraries), ["packages", "DIRECTORY", *wanted, *libraries])

    def older_kernel(self, suite: str) -> Layer:
        return self._upon(self.packages(suite), f"older-{suite}", (), ["older-kernel", "DIRECTORY"])

    def systemd_boot(self, suite: str, below: Layer) -> Layer:
        """GRUB taken away, systemd-boot and what builds unified images in its place."""
        wanted = package_list(BOOT_DIR / "image" / "systemd-boot.txt", suite)
        return self._upon(below, f"systemd-boot-{suite}", tuple(wanted), ["instead-of-grub", "DIRECTORY", *wanted])

    def initramfs_tools(self, suite: str, below: Layer) -> Layer:
        """dracut taken away ("-" behind a name is apt's word for that), initramfs-tools in its place."""
        return self.upon(below, f"initramfs-tools-{suite}", ("initramfs-tools", "busybox", "dracut-", "dracut-core-"))

    def kernel_package(self, suite: str) -> Path:
        """A directory with the packages of one more kernel, that sorts behind the one that every guest has."""
        packages = self.packages(suite)
        name = f"kernel-package-{suite}-{digest(packages.name)}"

        def make(path: Path, log: Path) -> None:
            with overlay(packages.stack, path.parent / "upper") as merged:
                run([str(MAKE_ROOT), "kernel-package", str(merged)], log)
                shutil.move(merged / "kernel-package", path)

        return self.cache.get(name, make)

    def builder(self, suite: str) -> Layer:
        wanted = self._build_packages(suite)
        return self.upon(self.bare(suite), f"builder-{suite}", tuple(wanted))

    def upon(self, below: Layer, name: str, packages: tuple[str, ...]) -> Layer:
        """A layer with more packages."""
        return self._upon(below, name, packages, ["packages", "DIRECTORY", *packages])

    @staticmethod
    def _build_packages(suite: str) -> list[str]:
        return package_list(SOURCE_DIR / "conf" / "packages-build.txt", suite)

    def _dev_packages(self, suite: str) -> list[str]:
        return [name for name in self._build_packages(suite) if name.startswith("lib") and name.endswith("-dev")]

    def ptprep(self, suite: str) -> Path:
        """A directory that holds what `meson install` puts on a machine of this suite."""
        builder = self.builder(suite)
        files = source_files()
        name = f"ptprep-{suite}-{digest(builder.name, NO_NETWORK, *(part for path in files for part in (str(path), (SOURCE_DIR / path).read_bytes())))}"

        def make(path: Path, log: Path) -> None:
            with overlay(builder.stack, path.parent / "upper") as root:
                copy_sources(files, root / "src")
                (root / "out").mkdir()
                # /dev/null and the like are in every debootstrap root; meson wants /proc for nothing
                script = ("set -e; cd /src; "
                          "meson setup -Dtests=false --prefix=/usr --sysconfdir=/etc --localstatedir=/var /bld; "
                          "ninja -C /bld; DESTDIR=/out meson install --no-rebuild -C /bld")
                run(["chroot", str(root), "sh", "-c", script], log, env={"LC_ALL": "C.UTF-8"})
                run(["cp", "-a", str(root / "out"), str(path)], log)
            remembered = path / "var/lib/ptprep/network"
            remembered.parent.mkdir(mode=0o755, parents=True)
            remembered.write_text(NO_NETWORK)

        return self.cache.get(name, make)


def source_files() -> list[Path]:
    """The source files that count, in a fixed order, relative to the top of the repository."""
    found = []
    for name in PTPREP_SOURCES:
        top = SOURCE_DIR / name
        if top.is_file():
            found.append(Path(name))
        found += [path.relative_to(SOURCE_DIR) for path in top.rglob("*") if path.is_file()]
    return sorted(found)


def copy_sources(files: list[Path], target: Path) -> None:
    for path in files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(SOURCE_DIR / path, target / path)


def static_program(source: Path, cache: Cache) -> Path:
    """A program for the guest that fits each suite: linked statically, by this machine's compiler."""
    def make(path: Path, log: Path) -> None:
        run(["gcc", "-std=gnu11", "-O2", "-static", "-Wall", "-Wextra", "-Werror", "-o", str(path), str(source)], log)

    return cache.get(f"{source.stem}-{digest(source.read_bytes())}", make)
