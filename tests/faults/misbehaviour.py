# SPDX-License-Identifier: GPL-2.0-or-later
"""What programs that an apply starts do where they have no business, and what becomes of it."""

import fcntl
import itertools
import os
import struct
import subprocess
import threading

from children import (CLAIMS, DAMAGED, DEFAULT, DONE, DROP_IN, ENTRY, ENTRY_NAME, HEAD, IMAGE, MENU, PUT_BACK, RELEASE, RESCUE, TOKEN, TOOLS,
                      UNIFIED, VICTIM, Case, Skipped, fails, filetree, good, mount, small)

FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IMMUTABLE_FL = 0x80086601, 0x40086602, 0x10


def kept(path: str) -> str:
    """Where the old file is while it is replaced."""
    return f"/var/lib/ptprep-boot/{os.path.basename(path)}.ptprep-old" if path.startswith(("/boot/", "/efi/")) else f"{path}.ptprep-old"


def each(name: str, path: str, tool: str, machine: str = "intel-off") -> list[Case]:
    """All that a program can do to a file that is not its own, and then it fails. @name: of the kind of step."""
    ways = {
        "cuts": f": >{path}",
        "appends to": f"echo x >>{path}",
        "removes": f"rm {path}",
        "closes": f"chmod 000 {path}",
        "makes an empty directory of": f"rm {path}; mkdir {path}",
        "makes a link of": f"rm {path}; ln -s {VICTIM} {path}",
        "makes a pipe of": f"rm {path}; mkfifo {path}",
        "takes the backup of, and cuts": f"rm -f {kept(path)}; : >{path}",
        "takes the backup of, and removes": f"rm -f {kept(path)} {path}",
        "takes all around": f"rm -r {os.path.dirname(path)}",
    }
    cases = [Case(f"{name}: {tool} {way} it", machine, {tool: fails(body)}) for way, body in ways.items()
             if way != "takes all around" or path == MENU]
    full = Case(f"{name}: {tool} makes a full directory of it", machine, {tool: fails(f"rm {path}; mkdir {path}; echo x >{path}/x")},
                left=(f"{path}.ptprep-left",))
    return cases + [full]


def image(says: str, *changes: tuple[str, str], first: str = "", last: str = "", before: tuple[str, ...] = (),
          verdict: str = PUT_BACK) -> Case:
    """dracut ends with 0, whatever it has made. @changes: in the stand-in, old text and new."""
    text = good("dracut", first, last)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    name = f"dracut makes an image that {says}" if says else "dracut reports an error and makes an image that lacks nothing"
    return Case(name, "intel-off", {"dracut": text}, verdict, before=before, says=says)


def cut(size: str) -> str:
    return f's=$(wc -c <"$image"); head -c {size} "$image" >/tmp/cut; cat /tmp/cut >"$image"'


def old_image(*files: str) -> tuple[str, ...]:
    """Lines of a tree: the image that boots now, with more in it."""
    return (f"f {IMAGE} cpio", "| init #!/bin/sh", "| usr/lib/dracut/build-parameter.txt --force", *(f"| {f} {'x' * 40}" for f in files))


def links(path: str) -> list[str]:
    """Lines of a tree: what is opened at any name that can be thought of leads to somebody else's file."""
    directory, name = os.path.split(path)
    names = [f"{name}{suffix}" for suffix in (".ptprep-new", ".ptprep-new.new", ".ptprep-old", ".new")]
    return [f"l {directory}/{n} {VICTIM}" for n in (*names, f".{name}.ptprep-new")]


def menu_lines(machine: str) -> list[str]:
    lines = filetree.read_lines(f"{machine}.tree")
    last = max(i for i, line in enumerate(lines) if line == f"f {MENU}")
    return list(itertools.takewhile(lambda line: line.startswith("| "), lines[last + 1:]))


def strange(cases: list[Case], path: str) -> list[Case]:
    """What another program has written into a file that ptprep wrote is not thrown away."""
    for case in cases:
        if any(f" {way} it" in case.name for way in ("cuts", "appends to", "and cuts")):
            case.left = (f"{path}.ptprep-left",)
    return cases


EXT4 = f"usr/lib/modules/{RELEASE}/kernel/fs/ext4/ext4.ko"
BONDING = f"usr/lib/modules/{RELEASE}/kernel/drivers/net/bonding/bonding.ko"
SAID = 'echo "dracut-install: ERROR: installing cryptsetup"; seq 1000'

MENU_LINES = menu_lines("intel-off")
LARGE_RESCUE = (f"f {RESCUE} uki", '| .osrel PRETTY_NAME="Debian GNU/Linux 13 (trixie)"', "| .cmdline root=/dev/vda2 rescue", f"| .uname {RELEASE}",
                "| .linux " + "x" * (2 << 20))

CASES = [
    # an image is believed only whole
    image("is damaged, or ends too early", last=cut("$((s - 4))")),
    image("is damaged, or ends too early", last=cut("300")),
    image("is damaged, or ends too early", last=": >$image"),
    image("is damaged, or ends too early", last="seq 100 >$image"),
    image("is damaged, or ends too early", last=f'gzip <"$image" >/tmp/gz; cat /tmp/gz >"$image"; {cut("$((s - 5))")}'),
    image("has no init that the kernel could start", ('chmod 755 "$tree/init"', 'rm "$tree/init"')),
    image("has no init that the kernel could start", ('chmod 755 "$tree/init"', "")),
    image("lacks the claim list", (' cp /etc/ptprep/claims "$tree/etc/ptprep/claims"', " :")),
    image("lacks the claim helper", (' cp /usr/lib/ptprep/ptprep-claim "$tree/usr/lib/ptprep/ptprep-claim"', " :")),
    image("has another claim list or helper in it", (' cp /etc/ptprep/claims "$tree/etc/ptprep/claims"', ' echo x >"$tree/etc/ptprep/claims"')),
    image("has a claim helper that is not executable", ('"$tree/usr/lib/ptprep/ptprep-claim"', '"$tree/usr/lib/ptprep/ptprep-claim"; chmod 644 "$tree/usr/lib/ptprep/ptprep-claim"')),
    # nor when it lacks what the old one has and this system cannot do without
    image(f"lacks {EXT4}, which the old one has and this system uses",
          before=(*old_image(EXT4, BONDING), f"f /{EXT4}", f"f /{BONDING}", "f /proc/modules", "| bonding 1 0 - Live 0x0", "| ext4 1 0 - Live 0x0")),
    image("has less than half in it of what the old one has beside drivers: it lacks usr/bin/a, usr/bin/b", before=old_image("usr/bin/a", "usr/bin/b")),
    image("lacks usr/bin/cryptsetup, which the old one has", first=SAID, before=(*old_image("usr/bin/cryptsetup"), "f /usr/bin/cryptsetup")),
    image("", first=SAID, before=old_image("usr/bin/cryptsetup")[:3], verdict=DONE),
    *each("menu", MENU, "grub-mkconfig"),
    *each("image", IMAGE, "dracut"),
    *each("unified image", UNIFIED, "kernel-install", "uki"),
    *strange(each("file", DEFAULT, "grub-mkconfig"), DEFAULT),
    *strange(each("new file", CLAIMS, "grub-mkconfig"), CLAIMS),
    *each("record", "/var/lib/ptprep/record", "grub-mkconfig"),
    *each("original", "/var/lib/ptprep/originals/etc/default/grub", "grub-mkconfig"),
    Case("a menu that is cut although a good one is made", "intel-off", {"grub-mkconfig": good("grub-mkconfig", f": >{MENU}")}, DONE),
    Case("an image that is cut although a good one is made, and a failure later", "intel-off",
         {"dracut": good("dracut", last=f": >{IMAGE}"), "grub-mkconfig": fails("")}),
    Case("the state directory goes, and a failure later", "intel-off",
         {"dracut": good("dracut", last="rm -r /var/lib/ptprep"), "grub-mkconfig": fails("")}),
    # what was put back is read again: the backup is not believed
    *[Case(f"{tool} writes into the backup of {path}, and cuts it", "intel-off", {tool: fails(f"echo x >>{kept(path)}; : >{path}")}, DAMAGED,
           lost={path: None}, says="read again, it is not what it was") for tool, path in (("grub-mkconfig", MENU), ("dracut", IMAGE))],
    *[Case(f"grub-mkconfig {what} the backup of {path}", "intel-off", {"grub-mkconfig": fails(f"{body} {kept(path)}")}, DAMAGED,
           lost={path: None}, says="read again, it is not what it was")
      for what, body in (("writes into", "echo x >>"), ("closes", "chmod 000")) for path in (DEFAULT, IMAGE)],
    Case("all backups go, and a failure later", "intel-off",
         {"grub-mkconfig": fails(f"rm {kept(DEFAULT)} {kept(IMAGE)} {kept(MENU)}")}),
    # what a program is asked for is no plain file of its own
    *[Case(f"{tool} makes {what} of the trial file", "intel-off", {tool: HEAD + f'for trial; do case $trial in *.ptprep-new) {body};; esac; done\n'},
           before=(f"f {VICTIM}", "| mine"))
      for tool in ("grub-mkconfig", "dracut")
      for what, body in {"nothing": ":", "a link": f'ln -s {VICTIM} "$trial"', "a second name": f'ln {VICTIM} "$trial"',
                         "a directory": 'mkdir "$trial"', "a pipe": 'mkfifo "$trial"'}.items()],
    *[Case(f"{tool} makes a full directory of the trial file", "intel-off",
           {tool: HEAD + f'for trial; do case $trial in *.ptprep-new) mkdir "$trial"; echo x >"$trial/x";; esac; done\n'},
           left=(f"{path}.ptprep-left",)) for tool, path in {"grub-mkconfig": MENU, "dracut": IMAGE}.items()],
    # what lies there is not written into
    *[Case(f"links at all names that a run might have for {path}", machine, {}, DONE, before=(f"f {VICTIM}", "| mine", *links(path)))
      for machine, path in (("intel-off", MENU), ("intel-off", IMAGE), ("intel-off", DEFAULT), ("intel-off", DROP_IN), ("intel-off", CLAIMS),
                            ("intel-off", "/var/lib/ptprep/record"), ("intel-off", "/var/lib/ptprep/transaction"), ("fedora-bls", ENTRY))],
    *[Case(f"a link at the name of the editor's {what}", "fedora-bls", {}, DONE, before=(f"f {VICTIM}", "| mine", f"f /srv/{ENTRY_NAME}", "| mine", f"l {at} {to}"))
      for what, at, to in (("copy", f"/run/ptprep/entries/{ENTRY_NAME}", VICTIM), ("directory", "/run/ptprep/entries", "/srv"))],
    Case("a full directory at a name that a trial file might have", "intel-off", {}, DONE, before=(f"f {MENU}.ptprep-new/x",)),
    # beside an image
    Case("kernel-install leaves a directory of the image's own", "uki",
         {"kernel-install": fails(f"mkdir {UNIFIED}.extra.d; printf junk >{UNIFIED}")}),
    Case("kernel-install leaves a full directory of the image's own", "uki",
         {"kernel-install": fails(f"mkdir {UNIFIED}.extra.d; echo x >{UNIFIED}.extra.d/x.cred; printf junk >{UNIFIED}")},
         left=(f"{UNIFIED}.extra.d",)),
    Case("kernel-install gives the image another name", "uki",
         {"kernel-install": fails(f"mv {UNIFIED} /efi/EFI/Linux/{TOKEN}-{RELEASE}+3.efi")}),
    Case("somebody makes another image meanwhile", "uki",
         {"kernel-install": fails(f"printf mine >/efi/EFI/Linux/other.efi; printf junk >{UNIFIED}")}, left=("/efi/EFI/Linux/other.efi",)),
    Case("somebody makes an image of a longer name meanwhile", "uki",
         {"kernel-install": fails(f"printf mine >/efi/EFI/Linux/{TOKEN}-{RELEASE}-debug.efi")},
         left=(f"/efi/EFI/Linux/{TOKEN}-{RELEASE}-debug.efi",)),
    Case("kernel-install makes a link of the image and succeeds", "uki",
         {"kernel-install": good("kernel-install", last='mv "$image" /tmp/real; ln -s /tmp/real "$image"')},
         says="something else than a plain file"),
    # it is told to make the image elsewhere, and need not do so
    Case("kernel-install makes the image where it always does", "uki", {"kernel-install": good("kernel-install", "unset BOOT_ROOT")}, DONE),
    Case("kernel-install makes the image where it always does, and cuts it", "uki",
         {"kernel-install": good("kernel-install", "unset BOOT_ROOT", f": >{UNIFIED}")}),
    Case("kernel-install makes two images", "uki", {"kernel-install": good("kernel-install", last='cp "$image" "${image%.efi}+3.efi"')},
         says="made something else than one image"),
    Case("kernel-install makes something beside the image", "uki",
         {"kernel-install": good("kernel-install", last='mkdir "$image.extra.d"; echo x >"$image.extra.d/x.cred"')}, says="made something else than one image"),
    Case("kernel-install makes no image", "uki", {"kernel-install": "#!/bin/sh\n"}, says="still has other arguments"),
    Case("kernel-install makes an image that is cut", "uki", {"kernel-install": good("kernel-install", last='printf MZ >"$image"')},
         says="cannot be read in place of"),
    # what was there beside its own
    *[Case(f"kernel-install {what} and succeeds", "uki", {"kernel-install": good("kernel-install", last=body)}, says=says) for what, body, says in (
        ("removes another image", "rm /efi/EFI/Linux/rescue.efi", "has lost the image rescue.efi"),
        ("makes the rescue image the default", "echo default rescue.efi >/efi/loader/loader.conf", "by default, and"))],
    Case("kernel-install removes another image and what it shall make, and fails", "uki",
         {"kernel-install": fails(f"rm /efi/EFI/Linux/rescue.efi {UNIFIED}; echo timeout 1 >/efi/loader/loader.conf")}),
    *[Case(f"kernel-install {what} another image, and fails", "uki", {"kernel-install": fails(f"chmod 000 {RESCUE}{then}")})
      for what, then in (("closes", ""), ("closes and removes", f"; rm {RESCUE}"))],
    *[Case(f"kernel-install removes {path}, which has attributes of its own, and fails", "uki", {"kernel-install": fails(f"rm {path}")},
           around=f"attributes {path}") for path in (RESCUE, "/efi/loader/loader.conf")],
    Case("kernel-install writes into another image that is too large to be kept, and fails", "uki", {"kernel-install": fails(f"printf junk >>{RESCUE}")},
         DAMAGED, lost={RESCUE: None}, before=LARGE_RESCUE, says="a program wrote into it, and nobody has the old bytes"),
    Case("kernel-install removes another image that is too large to be kept, and fails", "uki", {"kernel-install": fails(f"rm {RESCUE}")},
         before=LARGE_RESCUE),
    Case("grub-mkconfig loses another system", "intel-off", {}, DONE, before=(f"f {MENU}", *MENU_LINES, "| menuentry 'Windows' {", "| chainloader +1", "| }"),
         says='the entry "Windows" is not in it any more'),
    Case("grub-mkconfig loses an initramfs", "intel-off", {"grub-mkconfig": good("grub-mkconfig", last="sed -i '/initrd/d' \"$grub_cfg\"")},
         says="has no initramfs in the entry"),
    # what cannot be put back
    Case("proxmox-boot-tool cannot run again", "proxmox-systemd-boot",
         {"proxmox-boot-tool": fails("")}, DAMAGED, lost={"/etc/kernel/proxmox-boot-uuids": None}),
    Case("the disk is read-only in the middle", "intel-off", {"grub-mkconfig": fails("mkfifo /tmp/go; read -r x </tmp/go")}, DAMAGED,
         lost={DEFAULT: f"{DEFAULT}.ptprep-old", DROP_IN: None}, around="read_only_in_the_middle /etc/default"),
    Case("the menu is cut, and the disk is read-only then", "intel-off", {"grub-mkconfig": fails(f": >{MENU}; mkfifo /tmp/go; read -r x </tmp/go")},
         DAMAGED, lost={MENU: f"{MENU}.ptprep-old", IMAGE: f"{IMAGE}.ptprep-old"}, around="read_only_in_the_middle /boot"),
    Case("the menu is no menu any more, and the disk is read-only then", "intel-off",
         {"grub-mkconfig": fails(f"rm {MENU}; mkdir {MENU}; mkfifo /tmp/go; read -r x </tmp/go")},
         DAMAGED, lost={MENU: f"{MENU}.ptprep-old", IMAGE: f"{IMAGE}.ptprep-old"}, around="read_only_in_the_middle /boot"),
    Case("no room for a copy of the image, which is cut", "intel-off", {"dracut": fails(f": >{IMAGE}")}, DAMAGED,
         lost={IMAGE: None}, around="little_room"),
    Case("no room for a copy of the image, which is left alone", "intel-off", {"dracut": fails("")}, around="little_room"),
    Case("no room for a copy of the image, and all goes well", "intel-off", {}, DONE, around="little_room"),
    *[Case(f"{path} is immutable", "intel-off", {}, around=f"immutable {path}") for path in (DEFAULT, MENU, IMAGE)],
    # the platform's editor of a file
    *[Case(f"grubby {what}", "fedora-bls", {"grubby": HEAD + body + "\n"}, verdict, says=says) for what, body, verdict, says in (
        ("does nothing", "", DONE, ""), ("fails", "exit 1", DONE, ""), ("is killed", "kill -9 $$", DONE, ""), ("cuts the entry", f": >{ENTRY}", DONE, ""),
        ("removes the entry", f"rm {ENTRY}", DONE, ""), ("removes its copy", "rm /run/ptprep/entries/*", DONE, ""),
        ("makes a link of the entry", f"rm {ENTRY}; ln -s {VICTIM} {ENTRY}", DONE, ""),
        ("makes a directory of the entry", f"rm {ENTRY}; mkdir {ENTRY}", PUT_BACK, "Is a directory"))],
    # one that was killed has no exit status, and mostly has said nothing
    *[Case(f"{tool} is killed", machine, {tool: HEAD + "kill -9 $$\n"}, says="(killed by a signal: journalctl -k tells")
      for tool, machine in (("dracut", "intel-off"), ("grub-mkconfig", "intel-off"), ("kernel-install", "uki"))],
    # what goes on behind it
    Case("a child stays in the background", "intel-off", {"grub-mkconfig": good("grub-mkconfig", last="sleep 1000 &")}, DONE),
    Case("a child out of its session stays in the background", "intel-off",
         {"dracut": good("dracut", last="setsid sh -c 'sleep 1000; : >$0' \"$image\" &")}, DONE),
]


def read_only_in_the_middle(tree: filetree.Tree, run, where: str):
    """A directory is a file system of its own, and read-only from the middle of the run on. Once it is not any more, the next
    run puts back first what this one could not: it fails as well, and leaves all as it was before both."""
    directory = tree.path(where)
    saved = tree.path("/tmp/saved")
    subprocess.run(["cp", "-a", str(directory), str(saved)], check=True)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(directory))

    def close() -> None:
        fifo = tree.path("/tmp/go")
        while not fifo.exists():
            if done.wait(0.01):
                return
        with fifo.open("w") as f: # the program has come this far
            subprocess.run(["mount", "-o", "remount,ro", str(directory)], check=True)
            f.write("go\n")

    done = threading.Event()
    thread = threading.Thread(target=close)
    try:
        subprocess.run(["cp", "-a", f"{saved}/.", str(directory)], check=True)
        thread.start()
        yield run
        done.set()
        thread.join()
        subprocess.run(["mount", "-o", "remount,rw", str(directory)], check=True)
        tree.write(TOOLS["grub-mkconfig"], fails("").encode())
        tree.path(TOOLS["grub-mkconfig"]).chmod(0o755)
        yield run
    finally:
        done.set()
        if thread.ident:
            thread.join()
        subprocess.run(["umount", str(directory)], check=True)


def little_room(tree: filetree.Tree, run):
    """/boot is small, and its image large."""
    mounted: list[str] = []
    try:
        small(tree, "/boot", mounted, "2M")
        with tree.path(IMAGE).open("ab") as f:
            f.write(b"\0" * 800_000)
        yield run
    finally:
        for directory in mounted:
            subprocess.run(["umount", directory], check=True)


def plainly(_tree: filetree.Tree, run):
    yield run


def attributes(tree: filetree.Tree, run, path: str):
    """Whatever others have put there: labels, capabilities, lists of who may read it."""
    try:
        os.setxattr(tree.path(path), "user.kept", b"as it was")
    except OSError as e:
        raise Skipped(f"nothing has attributes here: {e.strerror}") from e
    yield run


def immutable(tree: filetree.Tree, run, path: str):
    with tree.path(path).open("rb") as f:
        try:
            flags, = struct.unpack("l", fcntl.ioctl(f, FS_IOC_GETFLAGS, struct.pack("l", 0)))
            fcntl.ioctl(f, FS_IOC_SETFLAGS, struct.pack("l", flags | FS_IMMUTABLE_FL))
        except OSError as e:
            raise Skipped(f"nothing can be made immutable here: {e.strerror}") from e
        try:
            yield run
        finally:
            fcntl.ioctl(f, FS_IOC_SETFLAGS, struct.pack("l", flags))
