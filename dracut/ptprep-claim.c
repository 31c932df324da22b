/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ptprep-claim - gives the configured PCI functions to their stub driver, in the initramfs, before any host driver is
 * loaded.
 *
 * It lives in every image, so it needs nothing but libc. It must never make a boot worse: it acts on nothing that is
 * not exactly as the list says, gives back what it could not claim, and always ends with success.
 *
 * Order of the steps and why driver_override (not new_id): Linux Documentation/ABI/testing/sysfs-bus-pci. The override
 * names one function, so a second card with the same id stays with its own driver.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pciaddr.h"
#include "stub.h"

#define _cleanup_dir_        _cleanup_(closedirp)

#define CLAIMS               "etc/ptprep/claims"
#define CMDLINE              "proc/cmdline"
#define DEVICES              "sys/bus/pci/devices"
#define DRIVERS              "sys/bus/pci/drivers"
#define RUN_DIR              "run/ptprep"
#define RESULT               "run/ptprep/claim"

#define CLAIMS_MAX           512         /* devices */
#define LIST_MAX             (64 * 1024) /* bytes of the claim list */
#define CMDLINE_MAX          (32 * 1024) /* bytes; x86 has 2048 (COMMAND_LINE_SIZE), bootconfig can add to it */
#define MODPROBE_SECONDS     20          /* a modprobe that hangs is ended, and the boot goes on */

/* linux/magic.h; the root of an initramfs is one of these. */
#define MAGIC_RAMFS          0x858458f6
#define MAGIC_TMPFS          0x01021994

/* PCI Code and ID Assignment: PCI-to-PCI and CardBus bridges carry other devices and are never bound. */
#define CLASS_BRIDGE_PCI     0x0604
#define CLASS_BRIDGE_CARDBUS 0x0607

enum {
        EXIT_NOT_CLAIMED = 1, /* with --root only */
        EXIT_USAGE = 64,      /* sysexits.h */
};

typedef enum State { STATE_NEW, STATE_READY, STATE_CLAIMED, STATE_FAILED, STATE_MOVED, STATE_ABSENT, _STATE_MAX } State;

static const char *const state_table[_STATE_MAX] = {
        [STATE_NEW] = "failed",    [STATE_READY] = "failed", [STATE_CLAIMED] = "claimed",
        [STATE_FAILED] = "failed", [STATE_MOVED] = "moved",  [STATE_ABSENT] = "absent",
};

/* Module without which VFIO has no IOMMU, and its name in /sys/module; NULL: needs none. */
static const char *const backends[_STUB_MAX] = { [STUB_VFIO_PCI] = "vfio_iommu_type1" };

/* One line of the list; the texts point into the buffer that holds it. */
typedef struct Claim {
        const char *address, *path, *name;
        StubDriver driver;
        PciId id;
        unsigned line;
        State state;
        bool overridden; /* driver_override was written by us */
        char reason[224];
} Claim;

static Claim claims[CLAIMS_MAX];
static size_t n_claims;
static unsigned n_bad_lines;
static char list[LIST_MAX + 1];
static char cmdline[CMDLINE_MAX + 1];
static int root_fd = -EBADF;
static bool live = true; /* no --root: the machine that boots */

static void closedirp(DIR **d)
{
        if (*d)
                (void) closedir(*d);
}

/* Writes to a device that may be missing this early. Of a failure nobody could be told. */
static void tell(const char *path, int flags, const char *text)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags);

        if (fd >= 0 && write(fd, text, strlen(text)) < 0)
                return;
}

static void say_text(bool failure, const char *text)
{
        char record[512];

        if (!live) {
                fprintf(stderr, "ptprep-claim: %s\n", text);
                return;
        }
        /*
         * Opened for each record: the kernel's limit of ten records in five seconds counts for one open file
         * (kernel/printk/printk.c, devkmsg_open()), and 64 devices have more to say.
         */
        (void) snprintf(record, sizeof(record), "<%c>ptprep-claim: %s\n", failure ? '3' : '6', text);
        tell("/dev/kmsg", 0, record);
        if (failure) {
                /* "quiet" and loglevel= can keep kmsg from the screen, and somebody may be waiting in front of it */
                (void) snprintf(record, sizeof(record), "\rptprep-claim: %s\r\n", text);
                tell("/dev/console", O_NONBLOCK, record);
        }
}

static void _printf_(2, 3) say(bool failure, const char *format, ...)
{
        char text[448];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        say_text(failure, text);
}

/* Ends the story of one device: its state, why, and one message. */
static void _printf_(3, 4) settle(Claim *c, State state, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(c->reason, sizeof(c->reason), format, ap);
        va_end(ap);
        c->state = state;
        say(state != STATE_CLAIMED, "%s (%s): %s", c->address, c->name, c->reason);
}

/* Reads at most size - 1 bytes, ends them with a NUL. Returns the count, size when there is more, or negative errno. */
static ssize_t read_file(const char *path, char *buf, size_t size)
{
        _cleanup_close_ int fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC);
        size_t n = 0;

        if (fd < 0)
                return -errno;
        while (n < size) {
                ssize_t k = read(fd, buf + n, size - n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += (size_t) k;
        }
        buf[n < size ? n : size - 1] = 0;
        return (ssize_t) n;
}

/* One write(2): a sysfs attribute takes its value in one piece. O_TRUNC only matters for the files of a test tree. */
static int write_attr(const char *path, const char *text)
{
        _cleanup_close_ int fd = openat(root_fd, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        ssize_t n;

        if (fd < 0)
                return -errno;
        do
                n = write(fd, text, strlen(text));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t) n == strlen(text) ? 0 : -EIO;
}

static void device_path(char buf[static PATH_MAX], const char *address, const char *attribute)
{
        (void) snprintf(buf, PATH_MAX, DEVICES "/%s/%s", address, attribute);
}

static int write_device(const char *address, const char *attribute, const char *text)
{
        char path[PATH_MAX];

        device_path(path, address, attribute);
        return write_attr(path, text);
}

/* A hexadecimal attribute ("0x8086"). Returns 0; negative errno. */
static int read_hex(const char *address, const char *attribute, unsigned *ret)
{
        char path[PATH_MAX], text[32], *end;
        _cleanup_close_ int fd = -EBADF;
        unsigned long value;
        ssize_t n;

        device_path(path, address, attribute);
        fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        /* sysfs hands out an attribute whole in the first read (Linux Documentation/filesystems/sysfs.rst) */
        do
                n = read(fd, text, sizeof(text) - 1);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        text[n] = 0;
        errno = 0;
        value = strtoul(text, &end, 16);
        if (end == text || (*end && *end != '\n') || errno || value > UINT_MAX)
                return -EINVAL;
        *ret = (unsigned) value;
        return 0;
}

static int read_id(const char *address, PciId *ret)
{
        unsigned vendor = 0, device = 0;
        int r = read_hex(address, "vendor", &vendor);

        if (r >= 0)
                r = read_hex(address, "device", &device);
        if (r >= 0 && (vendor > UINT16_MAX || device > UINT16_MAX))
                r = -ERANGE;
        if (r >= 0)
                *ret = (PciId){ (uint16_t) vendor, (uint16_t) device };
        return r;
}

/* Name of the bound driver. Returns 0; -ENOENT none bound; other negative errno. */
static int read_driver(const char *address, char *buf, size_t size)
{
        char path[PATH_MAX], target[PATH_MAX];
        const char *name;
        ssize_t n;

        device_path(path, address, "driver");
        n = readlinkat(root_fd, path, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = 0;
        name = strrchr(target, '/');
        name = name ? name + 1 : target;
        if (strlen(name) >= size)
                return -ENAMETOOLONG;
        strcpy(buf, name);
        return 0;
}

static bool is_driver(const char *address, const char *driver)
{
        char name[64];

        return read_driver(address, name, sizeof(name)) >= 0 && streq(name, driver);
}

/* Is s exactly how the kernel names a function? */
static bool address_valid(const char *s)
{
        PciAddr a;

        return pci_addr_parse(s, &a) >= 0 && streq(PCI_ADDR_TEXT(a), s);
}

/* Only the spelling that ptprep writes. */
static bool id_parse(const char *s, PciId *ret)
{
        char again[16];

        if (pci_id_parse(s, ret) < 0)
                return false;
        (void) snprintf(again, sizeof(again), "%04x:%04x", ret->vendor, ret->device);
        return streq(s, again);
}

/* The stable bridge path. Returns 0; negative errno. */
static int read_path(const char *address, char **ret)
{
        char link[PATH_MAX], target[PATH_MAX];
        ssize_t n;

        (void) snprintf(link, sizeof(link), DEVICES "/%s", address);
        n = readlinkat(root_fd, link, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = 0;
        return pci_path_from_sysfs(target, ret);
}

static const Claim *claim_at(const char *address)
{
        for (size_t i = 0; i < n_claims; i++)
                if (streq(claims[i].address, address))
                        return claims + i;
        return NULL;
}

/*
 * Where has the card gone? Only to say it: nothing is ever claimed in its place. The same id at the same bridge path is
 * the card itself under another bus number; the same id elsewhere may as well be its twin, so the words differ.
 */
static bool find_elsewhere(const Claim *c, char *ret, size_t size)
{
        _cleanup_dir_ DIR *d = NULL;
        bool found = false;
        int fd = openat(root_fd, DEVICES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return false;
        d = fdopendir(fd);
        if (!d) {
                (void) close(fd);
                return false;
        }
        for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
                _cleanup_free_ char *path = NULL;
                PciId id;

                if (!address_valid(e->d_name) || streq(e->d_name, c->address))
                        continue;
                if (read_id(e->d_name, &id) < 0 || !pci_id_equal(id, c->id))
                        continue;
                if (read_path(e->d_name, &path) >= 0 && streq(path, c->path)) {
                        (void) snprintf(ret, size, "; the card seems to be at %.16s, put that into the configuration",
                                        e->d_name);
                        return true;
                }
                if (found || claim_at(e->d_name))
                        continue;
                (void) snprintf(ret, size, "; a card with that id is at %.16s", e->d_name);
                found = true;
        }
        return found;
}

/* Is this the very card that the list means? Everything else is reported and left alone. */
static void check_identity(Claim *c)
{
        _cleanup_free_ char *path = NULL;
        char where[96] = "";
        unsigned class = 0;
        PciId id;
        int r;

        r = read_id(c->address, &id);
        if (r == -ENOENT) {
                bool moved = find_elsewhere(c, where, sizeof(where));

                settle(c, moved ? STATE_MOVED : STATE_ABSENT, "no device at this address: not claimed%s", where);
                return;
        }
        if (r >= 0)
                r = read_hex(c->address, "class", &class);
        if (r < 0) {
                settle(c, STATE_FAILED, "cannot be read (%s): not claimed", strerror(-r));
                return;
        }
        if (!pci_id_equal(id, c->id)) {
                bool moved = find_elsewhere(c, where, sizeof(where));

                settle(c, moved ? STATE_MOVED : STATE_ABSENT, "is now %04x:%04x, not %04x:%04x: not claimed%s",
                       id.vendor, id.device, c->id.vendor, c->id.device, where);
                return;
        }
        if (class >> 8 == CLASS_BRIDGE_PCI || class >> 8 == CLASS_BRIDGE_CARDBUS) {
                settle(c, STATE_FAILED, "is a bridge (class %04x), bridges are never claimed", class >> 8);
                return;
        }
        if (!streq(c->path, "-")) {
                r = read_path(c->address, &path);
                if (r < 0) {
                        settle(c, STATE_FAILED, "bridge path cannot be read (%s): not claimed", strerror(-r));
                        return;
                }
                if (!streq(path, c->path)) {
                        (void) find_elsewhere(c, where, sizeof(where));
                        settle(c, STATE_MOVED, "is now at %.60s, not %.60s: not claimed%s", path, c->path, where);
                        return;
                }
        }
        c->state = STATE_READY;
}

static void write_override(Claim *c)
{
        char text[32];
        int r;

        (void) snprintf(text, sizeof(text), "%s\n", stub_driver_to_string(c->driver));
        r = write_device(c->address, "driver_override", text);
        if (r < 0)
                settle(c, STATE_FAILED, "driver_override cannot be written (%s): not claimed", strerror(-r));
        else
                c->overridden = true;
}

/* A line feed alone clears it (Linux drivers/base/driver.c, driver_set_override()). */
static void undo_override(Claim *c)
{
        int r = c->overridden ? write_device(c->address, "driver_override", "\n") : 0;

        if (r < 0)
                say(true, "%s: driver_override cannot be cleared (%s): the device stays without its host driver",
                    c->address, strerror(-r));
        c->overridden = false;
}

/* Runs modprobe to its end. Returns 0; -ENOENT there is none; -EIO it failed; other negative errno. */
static int run_modprobe(const char *module)
{
        /* no search in PATH: the manager's environment is nothing to rely on in an initramfs */
        static const char *const places[] = { "/sbin/modprobe", "/usr/sbin/modprobe", "/bin/modprobe",
                                              "/usr/bin/modprobe" };
        const char *modprobe = NULL;
        int status;
        pid_t pid;

        for (size_t i = 0; !modprobe && i < ELEMENTSOF(places); i++)
                if (access(places[i], X_OK) == 0)
                        modprobe = places[i];
        if (!modprobe)
                return -ENOENT;
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                /* the alarm outlives execve(2), so even a hanging modprobe ends */
                (void) alarm(MODPROBE_SECONDS);
                (void) execl(modprobe, modprobe, module, (char *) NULL);
                _exit(127);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static bool exists(const char *folder, const char *name)
{
        char path[PATH_MAX];

        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        return faccessat(root_fd, path, F_OK, 0) == 0;
}

/* Returns 0 when the driver can bind; negative errno. Nothing is loaded into a running kernel for a test tree. */
static int load_stub(StubDriver d)
{
        const char *driver = stub_driver_to_string(d), *backend = backends[d];
        int r = 0;

        if (live && backend && !exists("sys/module", backend) && run_modprobe(backend) < 0)
                say(true, "%s: module cannot be loaded, the guest may not start", backend);
        if (exists(DRIVERS, driver))
                return 0;
        if (live)
                r = run_modprobe(driver);
        if (r < 0)
                return r;
        return exists(DRIVERS, driver) ? 0 : -ENODEV;
}

/*
 * drivers_probe says success also when no driver took the device, so only the link counts. Where a host driver is built
 * in it has bound long before: it is taken off, which is the one case where it did touch the device.
 */
static void bind_stub(Claim *c)
{
        const char *stub = stub_driver_to_string(c->driver);
        char driver[64] = "";
        bool unbound = false;
        int r;

        r = read_driver(c->address, driver, sizeof(driver));
        if (r < 0 && r != -ENOENT)
                goto undo;
        if (!streq(driver, stub)) {
                if (r >= 0) {
                        r = write_device(c->address, "driver/unbind", c->address);
                        if (r < 0)
                                goto undo;
                        unbound = true;
                }
                r = write_attr("sys/bus/pci/drivers_probe", c->address);
                if (r >= 0 && !is_driver(c->address, stub))
                        r = -ENODEV;
                if (r < 0)
                        goto undo;
        }
        if (unbound)
                settle(c, STATE_CLAIMED, "claimed by %s, taken from %s, which had it first (built in)", stub, driver);
        else
                settle(c, STATE_CLAIMED, "claimed by %s", stub);
        return;

undo:
        undo_override(c);
        /* a built-in driver gets the device back now; udev finds it for a module */
        if (unbound)
                (void) write_attr("sys/bus/pci/drivers_probe", c->address);
        settle(c, STATE_FAILED, "%s did not take it (%s): left to the host%s%s", stub, strerror(-r),
               *driver ? ", driver now or before: " : "", driver);
}

static void _printf_(2, 3) bad_line(unsigned line, const char *format, ...)
{
        char text[256];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        say(true, "/" CLAIMS ":%u: %s, line skipped", line, text);
        n_bad_lines++;
}

/* "ADDRESS VENDOR:DEVICE DRIVER PATH NAME"; a wrong line is reported and the others go on. */
static void parse_line(char *text, unsigned line)
{
        char *fields[6], *save = NULL;
        size_t n = 0;
        Claim c = { .line = line };

        for (char *f = strtok_r(text, " \t", &save); f && n < ELEMENTSOF(fields); f = strtok_r(NULL, " \t", &save))
                fields[n++] = f;
        if (n == 0 || fields[0][0] == '#')
                return;
        if (n != 5) {
                bad_line(line, "expected ADDRESS VENDOR:DEVICE DRIVER PATH NAME, got %s fields",
                         n < 5 ? "fewer" : "more");
                return;
        }
        c.address = fields[0];
        c.path = fields[3];
        c.name = fields[4];
        if (!address_valid(c.address)) {
                bad_line(line, "\"%.40s\" is no PCI address as the kernel writes it", c.address);
                return;
        }
        if (!id_parse(fields[1], &c.id)) {
                bad_line(line, "\"%.40s\" is no vendor:device id", fields[1]);
                return;
        }
        c.driver = stub_driver_from_string(fields[2]);
        if (c.driver < 0) {
                bad_line(line, "\"%.40s\" is no stub driver (vfio-pci, pci-stub)", fields[2]);
                return;
        }
        if (!streq(c.path, "-") && !pci_path_valid(c.path)) {
                bad_line(line, "\"%.40s\" is no bridge path", c.path);
                return;
        }
        if (strlen(c.name) > 64 || strspn(c.name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != strlen(c.name)) {
                bad_line(line, "\"%.40s\" is no device name", c.name);
                return;
        }
        if (claim_at(c.address)) {
                bad_line(line, "%s is listed already in line %u", c.address, claim_at(c.address)->line);
                return;
        }
        if (n_claims == ELEMENTSOF(claims)) {
                bad_line(line, "more than %zu devices", ELEMENTSOF(claims));
                return;
        }
        claims[n_claims++] = c;
}

static int read_claims(void)
{
        ssize_t n = read_file(CLAIMS, list, sizeof(list));
        unsigned line = 0;

        if (n < 0)
                return (int) n;
        if ((size_t) n == sizeof(list)) {
                char *last = memrchr(list, '\n', LIST_MAX);

                /* a line that is cut could name another device: it has to go */
                say(true, "/" CLAIMS ": longer than %d bytes, the rest is ignored", LIST_MAX);
                n_bad_lines++;
                n = last ? last - list + 1 : 0;
        }
        for (char *s = list, *end = list + n; s < end;) {
                char *stop = memchr(s, '\n', (size_t) (end - s));

                if (!stop)
                        stop = end;
                *stop = 0;
                line++;
                if (strlen(s) != (size_t) (stop - s))
                        bad_line(line, "zero byte in the text");
                else
                        parse_line(s, line);
                s = stop + 1;
        }
        return 0;
}

/*
 * Takes the next word off the command line: blanks inside double quotes do not separate, and quotes are dropped (Linux
 * lib/cmdline.c, next_arg()). Returns NULL at the end.
 */
static char *next_word(char **line)
{
        char *word, *out, *s = *line;
        bool quoted = false;

        while (isspace((unsigned char) *s))
                s++;
        if (!*s)
                return NULL;
        for (word = out = s; *s && (quoted || !isspace((unsigned char) *s)); s++) {
                if (*s == '"')
                        quoted = !quoted;
                else
                        *out++ = *s;
        }
        *line = *s ? s + 1 : s;
        *out = 0;
        return word;
}

static const char *value_of(const char *word, const char *key)
{
        size_t n = strlen(key);

        return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

/* A boot that a person chose to repair the machine: systemd(1), "Kernel Command Line"; dracut.cmdline(7), rd.break. */
static bool is_rescue(const char *word)
{
        static const char *const words[] = { "single",   "s",      "S",         "1",         "-s",
                                             "-b",       "rescue", "emergency", "rd.rescue", "rd.emergency",
                                             "rd.break", "rdbreak" };
        static const char *const keys[] = { "systemd.unit", "rd.systemd.unit" };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const char *unit = value_of(word, keys[i]);

                if (unit && (streq(unit, "rescue.target") || streq(unit, "emergency.target")))
                        return true;
        }
        if (value_of(word, "rd.break") || value_of(word, "rdbreak"))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (streq(word, words[i]))
                        return true;
        return false;
}

/* Do the kernel arguments ask for claims? Says why where they do and it does not act all the same. */
static bool wanted(void)
{
        ssize_t n = read_file(CMDLINE, cmdline, sizeof(cmdline));
        bool claim = false, off = false, rescue = false, for_init = false;
        char *line = cmdline;

        if (n < 0) {
                say(true, "/" CMDLINE ": cannot be read (%s): nothing claimed", strerror((int) -n));
                return false;
        }
        if ((size_t) n == sizeof(cmdline)) {
                say(true, "/" CMDLINE ": longer than %d bytes, a switch could be in the rest: nothing claimed",
                    CMDLINE_MAX);
                return false;
        }
        for (const char *w = next_word(&line); w; w = next_word(&line)) {
                /* what follows "--" is for init alone, and cannot turn this on; turning off is safe from anywhere */
                for_init |= streq(w, "--");
                if (value_of(w, "ptprep.claim"))
                        claim = !for_init && streq(value_of(w, "ptprep.claim"), "1");
                else if (value_of(w, "ptprep"))
                        off = streq(value_of(w, "ptprep"), "off");
                rescue |= is_rescue(w);
        }
        if (claim && (off || rescue)) {
                say(false, "%s: nothing claimed", off ? "ptprep=off" : "rescue boot");
                return false;
        }
        return claim;
}

/*
 * On a running system the devices are in use and must not be taken off their drivers. An initramfs says so itself
 * (systemd, in_initrd()), or its root is still the file system that the kernel unpacked it into.
 */
static bool in_initramfs(void)
{
        struct statfs s;

        if (access("/etc/initrd-release", F_OK) == 0)
                return true;
        return statfs("/", &s) == 0 && ((unsigned) s.f_type == MAGIC_RAMFS || (unsigned) s.f_type == MAGIC_TMPFS);
}

/* For "ptprep --check" in the real system: /run moves there, kmsg may have been overwritten. */
static void write_result(void)
{
        FILE *f;
        int fd;

        (void) mkdirat(root_fd, "run", 0755);
        (void) mkdirat(root_fd, RUN_DIR, 0755);
        fd = openat(root_fd, RESULT, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        f = fd >= 0 ? fdopen(fd, "w") : NULL;
        if (!f) {
                say(true, "/" RESULT ": %s", strerror(errno));
                closep(&fd);
                return;
        }
        for (size_t i = 0; i < n_claims; i++)
                fprintf(f, "%s %s %s\n", claims[i].address, state_table[claims[i].state], claims[i].reason);
        if (fclose(f) != 0)
                say(true, "/" RESULT ": %s", strerror(errno));
}

static void claim_all(void)
{
        for (size_t i = 0; i < n_claims; i++)
                check_identity(claims + i);
        /* all overrides before the first module: loading one stub may pull in others, which must find the names set */
        for (size_t i = 0; i < n_claims; i++)
                if (claims[i].state == STATE_READY)
                        write_override(claims + i);
        for (StubDriver s = 0; s < _STUB_MAX; s++) {
                int loaded = 1; /* not tried yet */

                for (size_t i = 0; i < n_claims; i++) {
                        Claim *c = claims + i;

                        if (c->state != STATE_READY || c->driver != s)
                                continue;
                        if (loaded > 0)
                                loaded = load_stub(s);
                        if (loaded >= 0) {
                                bind_stub(c);
                                continue;
                        }
                        undo_override(c);
                        settle(c, STATE_FAILED, "driver %s cannot be loaded (%s): left to the host",
                               stub_driver_to_string(s), strerror(-loaded));
                }
        }
}

/* Returns how many of the listed devices are not claimed, bad lines included. */
static unsigned run(void)
{
        unsigned missed;
        int r;

        if (live && !in_initramfs()) {
                say(true, "works in an initramfs only: nothing claimed");
                return 1;
        }
        if (!wanted())
                return 0;
        r = read_claims();
        if (r < 0) {
                say(true, "/" CLAIMS ": cannot be read (%s): nothing claimed", strerror(-r));
                return 1;
        }
        claim_all();
        write_result();
        missed = n_bad_lines;
        for (size_t i = 0; i < n_claims; i++)
                missed += claims[i].state != STATE_CLAIMED;
        if (missed > 0)
                say(true, "%u of %zu not claimed; \"ptprep --check\" tells what to do", missed, n_claims + n_bad_lines);
        return missed;
}

int main(int argc, char **argv)
{
        const char *root = "/";
        unsigned missed;

        for (int i = 1; i < argc; i++) {
                if (strncmp(argv[i], "--root=", 7) != 0 || !argv[i][7]) {
                        fprintf(stderr, "usage: ptprep-claim [--root=DIR]\n");
                        return EXIT_USAGE;
                }
                root = argv[i] + 7;
                live = false;
        }
        root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0) {
                say(true, "%s: %s", root, strerror(errno));
                return live ? EXIT_SUCCESS : EXIT_NOT_CLAIMED;
        }
        missed = run();
        (void) close(root_fd);
        /* a device that stays with the host is no reason to stop the host from coming up */
        return live || missed == 0 ? EXIT_SUCCESS : EXIT_NOT_CLAIMED;
}
