"""Makers of all words of a stack (lib/stacks.py). Each returns what it made, and notes how that is taken down."""

import glob
import json
import os
import subprocess

from machine import Trouble, disk, interface, read, run, sh, until, write

TOP = "/run/stacks"
KEY = "/run/key"
FILES = 12


class Maker:
    """One use of storage, or one network."""

    def __init__(self, name):
        self.name = name  # what it makes has names that begin so
        self.count = 0
        self.undo = []  # commands, the last one first
        self.interfaces = []
        self.processes = []  # that hold something
        self.probes = []  # what observe.py is to look at: (kind, ...)

    def fresh(self):
        self.count += 1
        return f"{self.name}x{self.count}"

    def down(self, *lines):
        self.undo[:0] = lines

    def make(self, tree):
        return getattr(self, tree[0].replace("-", "_"))(*tree[1:])

    def take_down(self):
        for line in self.undo:
            sh(line, limit=12, check=False)
        for process in self.processes:
            process.poll()

    # -- block devices --------------------------------------------------------

    def disk(self, place):
        return disk(place)

    def part(self, below):
        device = self.make(below)
        run(["sfdisk", "--quiet", "--wipe=always", device], text="label: gpt\nstart=2048, size=262144\n")
        self.down(f"sfdisk --quiet --delete {device}")
        name = os.path.basename(device)
        return "/dev/" + until(lambda: [os.path.basename(path) for path in glob.glob(f"/sys/block/{name}/{name}*")], f"partition of {device}")[0]

    def _volume(self, *devices):
        group = self.fresh()
        run(["vgcreate", "-qq", "-s", "1m", group, *devices])
        self.down(f"vgchange -an --nolocking {group}; for d in $(dmsetup ls | grep '^{group}-' | cut -f 1); do dmsetup remove --force --retry $d; done; "
                  f"vgremove -ff -y {group}")
        return group

    def lvm(self, below):
        group = self._volume(self.make(below))
        run(["lvcreate", "-qq", "-an", "-Wn", "-Zn", "-l", "100%FREE", "-n", "v", group])
        run(["lvchange", "-ay", f"{group}/v"])
        return f"/dev/mapper/{group}-v"

    def lvm2(self, *below):
        group = self._volume(*[self.make(part) for part in below])
        run(["lvcreate", "-qq", "-an", "-Wn", "-Zn", "-l", "100%FREE", "-n", "v", group])
        run(["lvchange", "-ay", f"{group}/v"])
        return f"/dev/mapper/{group}-v"

    def thin(self, below):
        group = self._volume(self.make(below))
        run(["lvcreate", "-qq", "--type", "thin-pool", "-L", "72m", "--poolmetadatasize", "4m", "-Zn", "-n", "pool", group], 40)
        run(["lvcreate", "-qq", "-Wn", "-V", "64m", "--thinpool", f"{group}/pool", "-n", "v"])
        return f"/dev/mapper/{group}-v"

    def luks(self, below):
        name, device = self.fresh(), self.make(below)
        run(["cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", "--luks2-metadata-size", "16k", "--luks2-keyslots-size", "256k",
             "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", device, KEY], 40)
        run(["cryptsetup", "open", "--key-file", KEY, device, name], 40)
        self.down(f"dmsetup remove --force --retry {name}")
        return f"/dev/mapper/{name}"

    def loop(self, below):
        device = run(["losetup", "--find", "--show", self.make(below)]).strip()
        self.down(f"losetup --detach {device}")
        return device

    def bcache(self, backing, cache):
        devices = [self.make(backing), self.make(cache)]
        # of fewer than 513 buckets the kernel makes no cache
        for option, device in zip(("-B", "-C"), devices):
            run(["make-bcache", "--wipe-bcache", "--bucket", "64k", option, device])
        before = set(glob.glob("/sys/block/bcache*"))
        for device in devices:
            if not os.path.exists(f"/sys/class/block/{os.path.basename(device)}/bcache"):
                write("/sys/fs/bcache/register", device)
        made = until(lambda: set(glob.glob("/sys/block/bcache*")) - before, "bcache").pop()
        sets = run(["bcache-super-show", devices[1]])
        uuid = next(line.split()[-1] for line in sets.splitlines() if line.startswith("cset.uuid"))
        write(f"{made}/bcache/attach", uuid)
        until(lambda: os.path.exists(f"{made}/bcache/cache"), "cache of bcache")
        self.down(f"echo 1 > {made}/bcache/stop", f"echo 1 > /sys/fs/bcache/{uuid}/unregister", f"echo 1 > /sys/fs/bcache/{uuid}/stop", "sleep 0.5")
        self.probes.append(("count", f"{made}/bcache/cache"))
        return f"/dev/{os.path.basename(made)}"

    def _array(self, level, devices, *options):
        number = next(number for number in range(10, 100) if not os.path.exists(f"/sys/block/md{number}"))
        device = f"/dev/md{number}"
        run(["mdadm", "--create", device, "--run", "--quiet", "--metadata=1.2", f"--level={level}", *options,
             f"--raid-devices={len(devices)}", *devices], 30)
        self.down(f"mdadm --stop {device}", f"echo clear > /sys/block/md{number}/md/array_state")
        return device

    def mirror(self, *below):
        device = self._array(1, [self.make(part) for part in below], "--bitmap=none", "--assume-clean")
        self.probes.append(("number", f"/sys/block/{os.path.basename(device)}/md/degraded"))
        return device

    def stripe(self, *below):
        return self._array(0, [self.make(part) for part in below])

    def ways(self, first, _second):
        """Two controllers of one NVMe subsystem: the kernel's own multipath."""
        device = self.make(first)
        name = os.path.basename(device)
        subsystem = os.path.dirname(os.path.realpath(f"/sys/block/{name}"))
        self.probes.append(("count", f"{subsystem}/nvme*[0-9]/transport"))
        return device

    def multipath(self, *below):
        """As multipathd makes it; that one needs udev."""
        name, devices = self.fresh(), [self.make(part) for part in below]
        size = run(["blockdev", "--getsz", devices[0]]).strip()
        groups = " ".join(f"round-robin 0 1 1 {device} 1000" for device in devices)
        run(["dmsetup", "create", name, "--uuid", f"mpath-{name}", "--table", f"0 {size} multipath 0 0 {len(devices)} 1 {groups}"])
        self.down(f"dmsetup remove --force --retry {name}")
        self.probes.append(("paths", name))
        return f"/dev/mapper/{name}"

    # -- on the other machine -------------------------------------------------

    def iscsi(self, server):
        before = set(os.listdir("/sys/block"))
        sh(f"iscsiadm -m discovery -t sendtargets -p {server}", 30)
        sh("iscsiadm -m node -o update -n node.session.timeo.replacement_timeout -v 1; "
           "iscsiadm -m node -o update -n node.conn[0].timeo.noop_out_interval -v 1; "
           "iscsiadm -m node -o update -n node.conn[0].timeo.noop_out_timeout -v 1")
        self.down("iscsiadm -m node -u", f"iscsiadm -m discoverydb -t sendtargets -p {server} -o delete", "iscsiadm -m node -o delete")
        sh(f"iscsiadm -m node -p {server} -l", 30)
        return "/dev/" + until(lambda: {name for name in set(os.listdir("/sys/block")) - before if name.startswith("sd") and
                                        read(f"/sys/block/{name}/size") != "0"}, "iSCSI disk").pop()

    def nvme_tcp(self, server):
        before = set(os.listdir("/sys/block"))
        sh(f"nvme connect -t tcp -a {server} -s 4420 -n nqn.2000-01.test:disk --ctrl-loss-tmo=3 --reconnect-delay=1 --keep-alive-tmo=2", 30)
        self.down("nvme disconnect -n nqn.2000-01.test:disk")
        return "/dev/" + until(lambda: {name for name in set(os.listdir("/sys/block")) - before if name.startswith("nvme") and
                                        read(f"/sys/block/{name}/hidden") != "1" and read(f"/sys/block/{name}/size") != "0"}, "NVMe/TCP disk").pop()

    # -- how the host uses it ---------------------------------------------------

    def _mounted(self, device, kind="ext4", options="rw"):
        target = f"{TOP}/{self.fresh()}"
        os.makedirs(target, exist_ok=True)
        run(["mount", "-t", kind, "-o", options, device, target], 30)
        self.down(f"umount {target} || umount -l {target}")
        self.probes.append(("files", target))
        return target

    def _filled(self, target):
        """Directories side by side: ext4 spreads those over all of the disk."""
        sh(f"for i in $(seq {FILES}); do mkdir {target}/$i; head -c 300000 /dev/urandom > {target}/$i/file; done; sync -f {target}", 60)
        return target

    def _ext4(self, device):
        # what another machine has in a file may have sectors of 4 KiB
        size = max("1024", run(["blockdev", "--getss", device]).strip(), key=int)
        run(["mke2fs", "-q", "-F", "-t", "ext4", "-b", size, "-E", "nodiscard,root_owner=0:0", device], 60)

    def _vfat(self, device):
        run(["mkfs.vfat", "-I", device], 60)

    def mount(self, below):
        device = self.make(below)
        self._ext4(device)
        return self._filled(self._mounted(device, options="commit=1"))

    def _stays(self, script, *prefix):
        """A process that sleeps once it has done that; by its directory in /proc it shows what only it has."""
        process = subprocess.Popen([*prefix, "sh", "-ec", f"{script}; echo; exec sleep infinity"], stdout=subprocess.PIPE)
        self.processes.append(process)
        self.down(f"kill {process.pid}; sleep 0.5")
        if not process.stdout.read(1):
            raise Trouble(f"{script}: failed")
        return f"/proc/{process.pid}"

    def hidden(self, kind, below):
        """Mounted where only one process sees it, as for a container or a service."""
        device, target = self.make(below), f"{TOP}/{self.fresh()}"
        getattr(self, f"_{kind}")(device)
        os.makedirs(target, exist_ok=True)
        process = self._stays(f"mount -t {kind} {device} {target}", "unshare", "--mount")
        self.probes.append(("files", self._filled(f"{process}/root{target}")))

    def let_go(self, kind, below):
        """Not mounted any more, and one process is still in it."""
        device, target = self.make(below), f"{TOP}/{self.fresh()}"
        getattr(self, f"_{kind}")(device)
        os.makedirs(target, exist_ok=True)
        process = self._stays(f"mount -t {kind} {device} {target}; cd {target}; umount -l {target}")
        self.probes.append(("files", self._filled(f"{process}/cwd")))

    def journal(self, below, other):
        """The second one is the journal of what is on the first."""
        device, journal = self.make(below), self.make(other)
        run(["mke2fs", "-q", "-F", "-O", "journal_dev", "-b", "1024", journal], 60)
        run(["mke2fs", "-q", "-F", "-t", "ext4", "-b", "1024", "-J", f"device={journal}", "-E", "nodiscard,root_owner=0:0", device], 60)
        self._filled(self._mounted(device, options="commit=1"))

    def _btrfs(self, data, below):
        devices = [self.make(part) for part in below]
        run(["mkfs.btrfs", "-q", "-f", "-K", "-d", data, "-m", "raid1", *devices], 60)
        run(["btrfs", "device", "scan", *devices])
        target = self._mounted(devices[0], "btrfs", "commit=1")
        self.down(*[f"btrfs device scan --forget {device}" for device in devices])
        # --forget has to come behind umount
        self.undo.append(self.undo.pop(0))
        self._filled(target)
        self.probes.append(("btrfs", target))

    def btrfs(self, *below):
        self._btrfs("raid0", below)

    def btrfs_raid1(self, *below):
        self._btrfs("raid1", below)

    def overlay(self, below):
        base = self.mount(below)
        for name in ("upper", "work", "lower"):
            os.makedirs(f"{base}/{name}")
        sh(f"cp -r {base}/1 {base}/lower/; sync -f {base}")
        self._mounted("overlay", "overlay", f"lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work")

    def image(self, below):
        """A file system in a file."""
        base = self.mount(below)
        sh(f"dd if=/dev/zero of={base}/image bs=1M count=16 status=none; sync -f {base}", 40)
        device = run(["losetup", "--find", "--show", f"{base}/image"]).strip()
        self.down(f"losetup --detach {device}")
        run(["mke2fs", "-q", "-F", "-t", "ext4", device], 40)
        self._filled(self._mounted(device, options="commit=1"))

    def swap(self, below):
        device = self.make(below)
        run(["mkswap", "-q", device])
        run(["swapon", device])
        self.down(f"swapoff {device}")
        self.probes.append(("swap", device))  # the kernel lets nobody else write to it

    def swapfile(self, below):
        base = self.mount(below)
        sh(f"dd if=/dev/zero of={base}/swap bs=1M count=8 status=none; chmod 600 {base}/swap; mkswap -q {base}/swap; sync -f {base}; swapon {base}/swap", 40)
        self.down(f"swapoff {base}/swap")

    def held(self, below):
        """An open container, an active volume, an assembled array: nothing of it is mounted."""
        self.probes.append(("device", self.make(below)))

    def idle(self, below):
        run(["mke2fs", "-q", "-F", "-t", "ext4", "-E", "nodiscard", self.make(below)], 60)

    def closed(self, below):
        run(["cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", self.make(below), KEY], 40)

    def nfs(self, server):
        target = f"{TOP}/{self.fresh()}"
        os.makedirs(target)
        run(["mount", "-t", "nfs", "-o", "vers=4.2,soft,timeo=10,retrans=1,proto=tcp,port=2049,lookupcache=none,noac", f"{server}:/", target], 60)
        self.down(f"umount -f {target} || umount -l {target}")
        self.probes.append(("files", target))

    # -- networks ---------------------------------------------------------------

    def nic(self, address):
        name = interface(address)
        self.interfaces.append(name)
        self.down(f"ip link set {name} nomaster down; ip address flush dev {name}")
        return name

    def _link(self, kind, *words):
        name = self.fresh()
        run(["ip", "link", "add", *[word.replace("NAME", name) for word in words]])
        self.down(f"ip link delete {name}")
        return name

    def bond(self, *below):
        names, bond = [self.make(part) for part in below], self._link("bond", "name", "NAME", "type", "bond", "mode", "active-backup", "miimon", "100")
        for name in names:
            sh(f"ip link set {name} down; ip link set {name} master {bond}")
        self._up(bond)
        self.probes.append(("count", f"/sys/class/net/{bond}/lower_*"))
        return bond

    def team(self, *below):
        names, team = [self.make(part) for part in below], self.fresh()
        for name in names:
            sh(f"ip link set {name} down")
        config = {"device": team, "runner": {"name": "activebackup"}, "link_watch": {"name": "ethtool"}, "ports": {name: {} for name in names}}
        write(f"/run/{team}.conf", json.dumps(config))
        run(["teamd", "-d", "-f", f"/run/{team}.conf", "-p", f"/run/{team}.pid"], 20)
        self.down(f"teamd -k -t {team} -p /run/{team}.pid; ip link delete {team}")
        for name in [*names, team]:
            self._up(name)
        self.probes.append(("count", f"/sys/class/net/{team}/lower_*"))
        return team

    def vlan(self, below):
        lower = self.make(below)
        self._up(lower)
        return self._link("vlan", "link", lower, "name", "NAME", "type", "vlan", "id", "10")

    def macvlan(self, below):
        lower = self.make(below)
        self._up(lower)
        return self._link("macvlan", "link", lower, "name", "NAME", "type", "macvlan", "mode", "bridge")

    def bridge(self, below):
        lower = self.make(below)
        bridge = self._link("bridge", "name", "NAME", "type", "bridge", "forward_delay", "0")
        sh(f"ip link set {lower} master {bridge}")
        self._up(lower)
        return bridge

    @staticmethod
    def _up(name):
        run(["ip", "link", "set", name, "up"])

    def network(self, net):
        name = self.make(net["tree"])
        self._up(name)
        for lower in self.interfaces:
            until(lambda path=f"/sys/class/net/{lower}/carrier": read(path) == "1", f"link of {lower}")
        if not net["needed"]:
            self.probes = []  # nobody misses half of it
        if not net["address"]:
            return
        own = net["server"].rpartition(".")[0] + ".2"
        run(["ip", "address", "add", f"{own}/24", "dev", name])
        if net["default"]:
            run(["ip", "route", "add", "default", "via", net["server"]])
            self.probes.append(("gateway", net["server"]))
        until(lambda: "1 received" in run(["ping", "-c1", "-W1", net["server"]], check=False), f"an answer of {net['server']} over {name}", 60)


def left_over():
    """What is still there of what was made; empty if nothing is."""
    found = [line.split("\t")[0] for line in run(["dmsetup", "ls"], check=False).splitlines() if "\t" in line]
    found += [os.path.basename(path) for pattern in ("/sys/block/md*", "/sys/block/bcache*", "/sys/block/loop*/loop") for path in glob.glob(pattern)]
    found += [line.split()[1] for line in read("/proc/mounts").splitlines() if line.split()[1].startswith(TOP)]
    found += [line.split()[0] for line in read("/proc/swaps").splitlines()[1:]]
    found += [name for name in os.listdir("/sys/class/net") if not os.path.exists(f"/sys/class/net/{name}/device") and name not in ("lo", "bonding_masters")]
    found += glob.glob("/sys/class/iscsi_session/*") + glob.glob("/sys/class/nvme-fabrics/ctl/nvme*")
    return found


def wipe(device):
    """Nothing of what was on it is found again."""
    try:
        with open(device, "r+b", buffering=0) as stream:
            size = stream.seek(0, os.SEEK_END)
            # beginning and end of the disk and of the partition that part() makes
            for start in (0, 1 << 20, 64 << 20, 128 << 20, size - (1 << 20)):
                stream.seek(start)
                stream.write(bytes(1 << 20))
            os.fsync(stream.fileno())
    except OSError as error:
        raise Trouble(f"{device} cannot be wiped: {error}") from error
