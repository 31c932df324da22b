/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ibft-build.h"
#include "network.h"
#include "storage.h"

/* Disks and file systems of other machines: through what they are reached. */

/* A controller of NVMe over fabrics says how it is reached: by an interface, by addresses, by a port. */
static void test_fabrics(void **state)
{
        static const char bound[] = "traddr=192.0.2.1,trsvcid=4420,host_iface=bond0,src_addr=192.0.2.17\n",
                          routed[] = "traddr=192.0.2.1,trsvcid=4420,host_traddr=192.0.2.17\n",
                          elsewhere[] = "traddr=192.0.2.9,trsvcid=4420\n",
                          not_told[] = "remote: / on nvme0n1, which is reached over NVMe over fabrics\n",
                          first_port[] =
                                  "traddr=nn-0x5:pn-0x6,host_traddr=nn-0x20000090fa000001:pn-0x10000090fa000001\n",
                          any_port[] = "traddr=nn-0x5:pn-0x6\n";
        static const struct {
                const char *transport, *address, *told;
        } rows[] = {
                { "tcp\n", bound, "/: / on nvme0n1 on NVMe/TCP to 192.0.2.1 on bond0 on enp0s4 on 0000:00:04.0\n" },
                { "tcp\n", "traddr=192.0.2.1,host_iface=gone\n", not_told },
                { "tcp\n", routed, "/: / on nvme0n1 on NVMe/TCP to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                { "rdma\n", routed, "/: / on nvme0n1 on NVMe/RDMA to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                { "tcp\n", elsewhere, not_told }, /* nobody knows the route */
                { "tcp\n", "", not_told },
                { "fc\n", first_port, "/: / on nvme0n1 on NVMe/FC on 0000:00:06.0\n" },
                { "fc\n", any_port,
                  "/: / on nvme0n1 on NVMe/FC on 0000:00:06.0\n/: / on nvme0n1 on NVMe/FC on 0000:00:06.1\n" },
                { "loop\n", "", not_told },
        };
        const Tree *t = *state;
        Answer a = {};

        interface(t, "pci0000:00/0000:00:04.0/virtio1/net/enp0s4", "2");
        interface(t, "pci0000:00/0000:00:05.0/net/enp0s5", "3");
        interface(t, "virtual/net/bond0", "4");
        lower(t, "bond0", "enp0s4");
        answer_route(&a, AF_INET, 32, RTN_UNICAST, 3);
        answer_store(t, &a, "192.0.2.1");
        tree_file(t, "/sys/devices/pci0000:00/0000:00:06.0/host1/fc_host/host1/port_name", "0x10000090fa000001\n");
        tree_file(t, "/sys/devices/pci0000:00/0000:00:06.1/host2/fc_host/host2/port_name", "0x10000090fa000002\n");
        tree_link(t, "/sys/class/fc_host/host1", "../../devices/pci0000:00/0000:00:06.0/host1/fc_host/host1");
        tree_link(t, "/sys/class/fc_host/host2", "../../devices/pci0000:00/0000:00:06.1/host2/fc_host/host2");
        block(t, "virtual/nvme-fabrics/ctl/nvme0/nvme0n1", "259:0");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 259:0 / / rw - ext4 /dev/x rw\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(facts_done) Facts f = {};

                tree_file(t, "/sys/devices/virtual/nvme-fabrics/ctl/nvme0/transport", row->transport);
                tree_file(t, "/sys/devices/virtual/nvme-fabrics/ctl/nvme0/address", row->address);
                f = probe(t);
                assert_told(&f, row->told);
        }
}

/* A disk of iSCSI is reached by the interface that it is bound to, else by the routes of its connections, else as the
 * firmware did; where nothing of that is known, by any way to a network. */
static void test_iscsi(void **state)
{
        static const char host[] = "/sys/devices/platform/host3/iscsi_host/host3/netdev",
                          first[] = "/sys/devices/platform/host3/session1/connection1:0/iscsi_connection/"
                                    "connection1:0/address",
                          second[] = "/sys/devices/platform/host3/session1/connection1:1/iscsi_connection/"
                                     "connection1:1/address",
                          disk[] = "platform/host3/session1/target3:0:0/3:0:0:1/block/sda";
        static const struct {
                const char *netdev, *first, *second, *told;
        } rows[] = {
                { "(null)\n", NULL, NULL, "remote: / on sda, which is reached over iSCSI\n" },
                { "enp0s4\n", "192.0.2.1\n", NULL, "/: / on sda on iSCSI on enp0s4 on 0000:00:04.0\n" },
                { "default\n", "192.0.2.1\n", NULL, "/: / on sda on iSCSI to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                { "(null)\n", "192.0.2.1\n", "2001:db8::7\n",
                  "/: / on sda on iSCSI to 2001:db8::7 on enp0s4 on 0000:00:04.0\n"
                  "/: / on sda on iSCSI to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                { "(null)\n", "192.0.2.9\n", NULL, "remote: / on sda, which is reached over iSCSI\n" },
        };
        const Tree *t = *state;
        Answer a = {};

        interface(t, "pci0000:00/0000:00:04.0/net/enp0s4", "2");
        interface(t, "pci0000:00/0000:00:05.0/net/enp0s5", "3");
        answer_route(&a, AF_INET, 32, RTN_UNICAST, 3);
        answer_store(t, &a, "192.0.2.1");
        answer_route(&a, AF_INET6, 128, RTN_UNICAST, 2);
        answer_store(t, &a, "2001:db8::7");
        block(t, disk, "8:0");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 8:0 / / rw - ext4 /dev/sda rw,_netdev\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(facts_done) Facts f = {};

                tree_file(t, host, row->netdev);
                tree_file(t, first, row->first ?: "");
                tree_file(t, second, row->second ?: "");
                f = probe(t);
                assert_told(&f, row->told);
        }
}

/* What the firmware booted with counts also where nothing that is mounted leads there. */
static void test_ibft(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts remote = {}, local = {};

        block(t, "platform/host3/session1/target3:0:0/3:0:0:1/block/sda", "8:0");
        block(t, NVME, "259:0");
        tree_file(t, "/sys/firmware/ibft/ethernet0/flags", "3\n");
        tree_link(t, "/sys/firmware/ibft/ethernet0/device", "../../../devices/pci0000:00/0000:00:04.0");
        tree_link(t, "/sys/firmware/ibft/target0/device", "../../../devices/pci0000:00/0000:00:09.0");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 8:0 / / rw - ext4 /dev/sda rw,_netdev\n");
        remote = probe(t);
        assert_told(&remote, "/: / on sda on iSCSI as the firmware has it (iBFT) on 0000:00:04.0\n"
                             "what the firmware boots from: iSCSI as the firmware has it (iBFT) on 0000:00:04.0\n");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
        local = probe(t);
        assert_told(&local, "what the firmware boots from: iSCSI as the firmware has it (iBFT) on 0000:00:04.0\n"
                            "/: / on nvme0n1 on 0000:03:00.0\n");
}

/* The same out of the firmware's table: a machine whose kernel has no module for it, or has not loaded it. */
static void test_ibft_table(void **state)
{
        static const char root[] = "/: / on nvme0n1 on 0000:03:00.0\n",
                          known[] =
                                  "what the firmware boots from: iSCSI as the firmware has it (iBFT) on 0000:00:04.0\n"
                                  "/: / on nvme0n1 on 0000:03:00.0\n";
        static const struct {
                const char *name;
                size_t at; /* a byte that is changed, and its value; 0: none */
                uint8_t value;
                const char *told;
        } rows[] = {
                { "iBFT", 0, 0, known },
                { "BIFT", 0, 0, known },
                { "DMAR", 0, 0, root },
                { "iBFT", IBFT_NIC + 5, 2, root },     /* not valid */
                { "iBFT", IBFT_NIC, 4, root },         /* a target */
                { "iBFT", 48, 2, root },               /* no control structure */
                { "iBFT", 4, IBFT_SIZE + 1, root },    /* longer than it is */
                { "iBFT", 4, IBFT_SIZE - 6, root },    /* the structure is not all in it */
                { "iBFT", 50, 255, root },             /* nor the offsets */
                { "iBFT", IBFT_NIC + 96, 0x48, root }, /* no such function */
        };
        const Tree *t = *state;

        block(t, NVME, "259:0");
        tree_file(t, "/sys/devices/pci0000:00/0000:00:04.0/class", "0x020000\n");
        tree_link(t, "/sys/bus/pci/devices/0000:00:04.0", "../../../devices/pci0000:00/0000:00:04.0");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *path = path_join(NAME_SYS_ACPI_TABLES, row->name);
                _cleanup_(facts_done) Facts f = {};
                uint8_t table[IBFT_SIZE];

                build_ibft(table, 0x0020);
                if (row->at > 0)
                        table[row->at] = row->value;
                tree_data(t, path, table, sizeof(table));
                f = probe(t);
                assert_told(&f, row->told);
                assert_int_equal(unlinkat(t->rfd, path + 1, 0), 0);
        }
}

/* File systems of other machines: by the addresses that the kernel has for them. */
static void test_servers(void **state)
{
        static const struct {
                const char *line, *told;
        } rows[] = {
                { "0:40 / / rw - nfs4 files:/root rw,vers=4.2,clientaddr=192.0.2.17,addr=192.0.2.1",
                  "/: / on NFS to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                { "0:40 / / rw - nfs files:/root rw,addr=192.0.2.1",
                  "/: / on NFS to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                { "0:40 / / rw - cifs //files/root rw,addr=192.0.2.1",
                  "/: / on CIFS to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                { "0:40 / / rw - ceph 192.0.2.1:6789,[2001:db8::7]:6789:/root rw,name=admin",
                  "/: / on Ceph to [2001:db8::7] on enp0s4 on 0000:00:04.0\n"
                  "/: / on Ceph to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                { "0:40 / / rw - ceph admin@fsid.cephfs=/root rw,mon_addr=192.0.2.1:3300/192.0.2.8:3300",
                  "/: / on Ceph to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                { "0:40 / / rw - 9p 192.0.2.1 rw,trans=tcp", "/: / on 9P to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                { "0:40 / / rw - nfs4 files:/root rw,addr=192.0.2.9",
                  "remote: /, which is files:/root of another machine (nfs4)\n" },
                { "179:1 / / rw - ext4 /dev/x rw\n23 22 0:41 / /srv rw - nfs4 files:/srv rw,addr=192.0.2.1",
                  "a mounted file system: /srv on NFS to 192.0.2.1 on enp0s5 on 0000:00:05.0\n" },
                /* nobody needs it to boot, and what it is reached through is known to the guard of the network */
                { "179:1 / / rw - ext4 /dev/x rw\n23 22 0:41 / /srv rw - nfs4 files:/srv rw,addr=192.0.2.9", "" },
        };
        const Tree *t = *state;
        Answer a = {};

        interface(t, "pci0000:00/0000:00:04.0/net/enp0s4", "2");
        interface(t, "pci0000:00/0000:00:05.0/net/enp0s5", "3");
        block(t, "platform/soc/mmc0/mmcblk0p1", "179:1");
        answer_route(&a, AF_INET, 32, RTN_UNICAST, 3);
        answer_store(t, &a, "192.0.2.1");
        answer_route(&a, AF_INET6, 128, RTN_UNICAST, 2);
        answer_store(t, &a, "2001:db8::7");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(facts_done) Facts f = {};
                char text[512];

                (void) snprintf(text, sizeof(text), "22 1 %s\n", row->line);
                tree_file(t, NAME_PROC_MOUNTINFO, text);
                f = probe(t);
                assert_told(&f, row->told);
        }
}

/* A disk of FCoE is below its interface, be that hardware or a VLAN of it. */
static void test_fcoe(void **state)
{
        static const char vlan[] = "virtual/net/p4.101-fcoe/ctlr_0/host7/rport-7:0-1/target7:0:1/7:0:1:0/block/sda",
                          other[] = "virtual/net/p4.101-fcoe/host7/block/sdb",
                          hardware[] = "pci0000:00/0000:00:05.0/net/p5/ctlr_1/host8/target8:0:0/8:0:0:0/block/sdc";
        const Tree *t = *state;
        _cleanup_(facts_done) Facts gone = {}, known = {}, below = {}, unknown = {};
        Answer a = {};

        block(t, vlan, "8:0");
        block(t, other, "8:16");
        block(t, hardware, "8:32");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 8:0 / / rw - ext4 /dev/sda rw\n");
        interface(t, "pci0000:00/0000:00:04.0/net/p4", "2");
        interface(t, "virtual/net/p4.101-fcoe", "3");
        interface(t, "pci0000:00/0000:00:06.0/net/p6", "4");
        answer_default(&a, 4);
        answer_done(&a);
        answer_store(t, &a, "routes");
        gone = probe(t); /* it goes through no tunnel */
        assert_told(&gone, "remote: / on sda, which is reached over FCoE\n");
        lower(t, "p4.101-fcoe", "p4");
        known = probe(t);
        assert_told(&known, "/: / on sda on FCoE on p4.101-fcoe on p4 on 0000:00:04.0\n");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 8:32 / / rw - ext4 /dev/sdc rw\n");
        below = probe(t);
        assert_told(&below, "/: / on sdc on 0000:00:05.0\n");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 8:16 / / rw - ext4 /dev/sdb rw\n");
        unknown = probe(t);
        assert_told(&unknown, "unknown: / on sdb, of which Linux does not show what it is made of\n");
}

static void test_ethernet(void **state)
{
        const Tree *t = *state;
        _cleanup_(facts_done) Facts known = {}, unknown = {};

        interface(t, "pci0000:00/0000:00:04.0/net/enp0s4", "2");
        interface(t, "pci0000:00/0000:00:05.0/net/enp0s5", "3");
        block(t, "virtual/block/etherd!e1.1", "152:16");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 152:16 / / rw - ext4 /dev/etherd/e1.1 rw\n");
        tree_file(t, "/sys/devices/virtual/block/etherd!e1.1/netif", "none\n");
        unknown = probe(t);
        assert_told(&unknown, "remote: / on etherd!e1.1, which is reached over Ethernet (AoE)\n");
        tree_file(t, "/sys/devices/virtual/block/etherd!e1.1/netif", "enp0s4,enp0s5\n");
        known = probe(t);
        assert_told(&known, "/: / on etherd!e1.1 on ATA over Ethernet on enp0s4 on 0000:00:04.0\n"
                            "/: / on etherd!e1.1 on ATA over Ethernet on enp0s5 on 0000:00:05.0\n");
}

/* A block device of Ceph names its monitors, to root. */
static void test_rbd(void **state)
{
        static const char disk[] = "rbd/0/block/rbd0", not_told[] = "remote: / on rbd0, which is of Ceph (RBD)\n";
        static const struct {
                const char *config, *told;
        } rows[] = {
                { NULL, not_told },
                { "192.0.2.1:6789 name=admin,key=client.admin rbd image -\n",
                  "/: / on rbd0 on Ceph to 192.0.2.1 on enp0s4 on 0000:00:04.0\n" },
                { "192.0.2.9:6789,192.0.2.1:6789 name=admin rbd image -\n",
                  "/: / on rbd0 on Ceph to 192.0.2.1 on enp0s4 on 0000:00:04.0\n" },
                { "192.0.2.9 name=192.0.2.1 rbd image -\n", not_told },
        };
        const Tree *t = *state;
        Answer a = {};

        interface(t, "pci0000:00/0000:00:04.0/virtio1/net/enp0s4", "2");
        answer_route(&a, AF_INET, 32, RTN_UNICAST, 2);
        answer_store(t, &a, "192.0.2.1");
        block(t, disk, "252:0");
        tree_file(t, NAME_PROC_MOUNTINFO, "22 1 252:0 / / rw - ext4 /dev/rbd0 rw\n");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_(facts_done) Facts f = {};

                if (row->config)
                        tree_file(t, "/sys/devices/rbd/0/config_info", row->config);
                f = probe(t);
                assert_told(&f, row->told);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_fabrics), TREE_TEST(test_iscsi), TREE_TEST(test_ibft),     TREE_TEST(test_ibft_table),
                TREE_TEST(test_servers), TREE_TEST(test_fcoe),  TREE_TEST(test_ethernet), TREE_TEST(test_rbd),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
