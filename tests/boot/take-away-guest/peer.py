"""The other machine: a network namespace with interfaces of its own on the same two networks, and its servers."""

import os

from machine import interface, run, sh, until, write

EXPORT = "/srv/export"

SERVERS = """
mount -t nfsd nfsd /proc/fs/nfsd
exportfs -o rw,async,fsid=0,no_subtree_check,no_root_squash,insecure '*:/srv/export'
rpc.nfsd --no-nfs-version 3 --nfs-version 4.2 --no-udp --lease-time 10 --grace-time 10 2
rpc.mountd --no-nfs-version 3
"""
NVMET = """
d=/sys/kernel/config/nvmet
mkdir $d/subsystems/nqn.2000-01.test:disk
echo 1 > $d/subsystems/nqn.2000-01.test:disk/attr_allow_any_host
mkdir $d/subsystems/nqn.2000-01.test:disk/namespaces/1
echo -n /srv/disks/nvme > $d/subsystems/nqn.2000-01.test:disk/namespaces/1/device_path
echo 1 > $d/subsystems/nqn.2000-01.test:disk/namespaces/1/buffered_io
echo 1 > $d/subsystems/nqn.2000-01.test:disk/namespaces/1/enable
mkdir $d/ports/1
echo tcp > $d/ports/1/addr_trtype
echo ipv4 > $d/ports/1/addr_adrfam
echo 0.0.0.0 > $d/ports/1/addr_traddr
echo 4420 > $d/ports/1/addr_trsvcid
ln -s $d/subsystems/nqn.2000-01.test:disk $d/ports/1/subsystems/
"""
TGT = """
tgtadm --lld iscsi --op new --mode target --tid 1 -T iqn.2000-01.test:disk
tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b /srv/disks/iscsi
tgtadm --lld iscsi --op bind --mode target --tid 1 -I ALL
"""


def inside(script, limit=40):
    """Commands of the other machine. What they start stays."""
    return run(["nsenter", "--net=/run/netns/peer", "sh", "-ec", script], limit)


def start_network(peers):
    run(["ip", "netns", "add", "peer"])
    inside("ip link set lo up")
    for number, lan in enumerate("ab", 1):
        name = interface(peers[lan])
        run(["ip", "link", "set", name, "netns", "peer"])
        inside(f"ip link set {name} up; ip address add 10.{number}.0.1/24 dev {name}; "
               f"ip link add link {name} name vlan-{lan} type vlan id 10; ip link set vlan-{lan} up; ip address add 10.{number}.10.1/24 dev vlan-{lan}")
        # it is one on each of the networks: who loses the way to the one does not get there by the other
        inside(f"ip rule add pref {number} iif {name} to 10.{3 - number}.0.0/16 blackhole; "
               f"ip rule add pref {number} iif vlan-{lan} to 10.{3 - number}.0.0/16 blackhole")
    inside("ip rule add pref 9 lookup local; ip rule del pref 0")


def start_servers(kinds):
    """Only those that are needed; each takes its time."""
    for directory in (EXPORT, "/srv/disks"):
        os.makedirs(directory, exist_ok=True)
        run(["mount", "-t", "tmpfs", "tmpfs", directory])
    for disk in ("nvme", "iscsi"):
        run(["truncate", "-s", "192M", f"/srv/disks/{disk}"])
    for number in range(3):
        os.makedirs(f"{EXPORT}/{number}")
        write(f"{EXPORT}/{number}/file", "data\n" * 10000)
    if "nfs" in kinds:
        sh("modprobe -a nfsd nfsv4")
        inside(SERVERS)
    if "nvme-tcp" in kinds:
        sh("modprobe -a nvmet nvmet-tcp nvme-tcp; mount -t configfs configfs /sys/kernel/config || :")
        inside(NVMET)
    if "iscsi" in kinds:
        sh("modprobe -a iscsi_tcp; mkdir -p /etc/iscsi /run/lock/iscsi /run/tgtd; echo InitiatorName=iqn.2000-01.test:guest > /etc/iscsi/initiatorname.iscsi")
        inside("tgtd -C 0 > /run/tgtd.log 2>&1")
        until(lambda: os.path.exists("/run/tgtd/socket.0"), "tgtd")
        inside(TGT)
        run(["iscsid"])
