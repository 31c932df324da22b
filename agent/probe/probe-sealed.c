/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/io.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/block-device.h"
#include "probe/luks2.h"
#include "probe/mount-table.h"

#define NAME_FDE_TOOLS "/etc/sysconfig/fde-tools"
#define NAME_PCRLOCK   "/var/lib/systemd/pcrlock.json"
#define BLANKS         " \t"
#define PCRLOCK_MAX    (16U * 1024 * 1024)

typedef struct Sealed {
        const Probe *p;
        Facts *f;
        StringList seen; /* places in sysfs */
        bool encrypted;  /* a boot opens something at all */
} Sealed;

/* What crypttab(5) or rd.luks.options= say. */
typedef struct TpmOptions {
        bool tpm; /* the TPM is to be asked */
        bool has_pcrs;
        uint32_t pcrs; /* of a key that lies in a file, or of tokens that cannot be read */
        bool no_wait;  /* no boot waits for it */
} TpmOptions;

static TpmOptions options_parse(char *list)
{
        static const char *const no_wait[] = { "noauto", "nofail", "plain", "swap", "tmp" };
        TpmOptions o = {};
        char *save = NULL;

        for (char *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
                const char *device = startswith(word, "tpm2-device="), *pcrs = startswith(word, "tpm2-pcrs=");

                o.tpm |= device && *device;
                if (pcrs)
                        o.has_pcrs = pcrs_parse(pcrs, &o.pcrs) >= 0;
                FOREACH_ARRAY(n, no_wait, ELEMENTSOF(no_wait))
                        o.no_wait |= streq(word, *n);
        }
        return o;
}

static int add_volume(Sealed *s, const char *device, SealedVolume v)
{
        SealedVolume *slot = array_grow(&s->f->sealed, s->f->n_sealed);

        v.device = slot ? strdup(device) : NULL;
        if (!v.device)
                return -ENOMEM;
        *slot = v;
        s->f->n_sealed++;
        return 0;
}

/* Registers of systemd-pcrlock's policy; all of them where that cannot be read. */
static uint32_t read_policy(const Probe *p)
{
        _cleanup_free_ char *text = NULL;
        uint32_t pcrs;
        int r = root_read_file(p->rfd, NAME_PCRLOCK, PCRLOCK_MAX, &text, NULL);

        if (r >= 0)
                r = pcrlock_parse(text, &pcrs);
        return r < 0 ? PCR_BIT(PCR_MAX) - 1 : pcrs;
}

/* @name: the kernel's. Returns 0; -EINVAL: no LUKS2; -EBADMSG; other negative errno. */
static int read_tokens(const Probe *p, const char *name, SealedVolume *ret)
{
        _cleanup_free_ char *path = path_join("/dev", name), *data = NULL;
        unsigned char binary[LUKS2_BINARY_BYTES];
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        uint32_t size;
        int r;

        if (!path)
                return -ENOMEM;
        fd = root_open(p->rfd, path, O_RDONLY | O_NONBLOCK);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
                return -EINVAL;
        r = read_at(fd, 0, binary, sizeof(binary));
        if (r >= 0)
                r = luks2_size(binary, &size);
        if (r < 0)
                return r;
        data = malloc(size);
        if (!data)
                return -ENOMEM;
        r = read_at(fd, 0, data, size);
        return r < 0 ? r : luks2_tokens(data, size, read_policy(p), &ret->tokens, &ret->by_policy);
}

/* @place: in sysfs; NULL: there is no such device to be seen. @name: of the volume where it has to be told. */
static int judge_volume(Sealed *s, const char *place, const char *name, TpmOptions o)
{
        SealedVolume v = { .known = true };
        int r = -ENOENT;

        if (place && string_list_contains(&s->seen, place))
                return 0;
        s->encrypted = true;
        if (place) {
                r = string_list_add(&s->seen, place);
                if (r >= 0)
                        r = read_tokens(s->p, block_name(place), &v);
                if (r == -ENOMEM)
                        return r;
                name = block_name(place);
        }
        if (r >= 0 && v.tokens.n > 0)
                return add_volume(s, name, v);
        if (o.tpm && o.has_pcrs) { /* of a key in a file, or as the tokens were meant to be */
                v = (SealedVolume){ .known = true, .tokens = { .pcrs = { o.pcrs }, .n = 1 } };
                return add_volume(s, name, v);
        }
        if (r == -EACCES || r == -EPERM || r == -EBADMSG || r == -ENOPKG || (r < 0 && o.tpm))
                return add_volume(s, name, (SealedVolume){});
        return 0;
}

/* The device of a line: a tag or a file. *ret stays NULL where there is none to be seen. */
static int find_device(const Probe *p, const char *source, char **ret)
{
        _cleanup_free_ char *value = NULL, *link = NULL;
        const BlockTag *tag;
        int r = block_tag_parse(source, &tag, &value);

        if (r > 0)
                r = block_tag_link(tag, value, &link);
        if (r >= 0)
                r = block_by_file(p->rfd, link ?: source, ret);
        return r == -ENOMEM ? r : 0;
}

static int judge_line(Sealed *s, char *line)
{
        _cleanup_free_ char *place = NULL;
        char *fields[4] = {}, *save = NULL;
        TpmOptions o = {};
        size_t n = 0;
        int r;

        for (char *f = strtok_r(line, BLANKS, &save); f && n < ELEMENTSOF(fields); f = strtok_r(NULL, BLANKS, &save))
                fields[n++] = f;
        if (n < 2 || fields[0][0] == '#')
                return 0;
        if (fields[3])
                o = options_parse(fields[3]);
        if (o.no_wait)
                return 0;
        r = find_device(s->p, fields[1], &place);
        return r < 0 ? r : judge_volume(s, place, fields[0], o);
}

static int judge_crypttab(Sealed *s)
{
        _cleanup_free_ char *text = NULL;
        char *save = NULL;
        int r = probe_soft(root_read_text(s->p->rfd, NAME_CRYPTTAB, &text));

        for (char *line = r < 0 || !text ? NULL : strtok_r(text, "\n", &save); line && r >= 0;
             line = strtok_r(NULL, "\n", &save))
                r = judge_line(s, line);
        return r;
}

/* What is told of a walk down from a mount. */
typedef struct Below {
        Sealed *s;
        TpmOptions options;
} Below;

/* Where the holder is of dm-crypt: systemd and cryptsetup put the kind of a volume into its uuid. */
static int judge_slave(void *userdata, const char *holder, const char *path)
{
        Below *b = userdata;
        _cleanup_free_ char *attr = path_join(holder, "dm/uuid");
        char uuid[BLOCK_DM_UUID_MAX];

        if (!attr)
                return -ENOMEM;
        if (root_read_attr(b->s->p->rfd, attr, uuid, sizeof(uuid)) < 0 || !startswith(uuid, "CRYPT-LUKS2-"))
                return 0;
        return judge_volume(b->s, path, NULL, b->options);
}

static int pass_disk(void *userdata, const char *path, const WalkLink *link)
{
        (void) userdata, (void) path, (void) link;
        return 0;
}

/* What a device is made of is somebody else's to tell. */
static int pass_failed(void *userdata, const char *path, int error, const WalkLink *link)
{
        (void) userdata, (void) path, (void) link;
        return probe_soft(error);
}

static int judge_below(Sealed *s, const char *place, TpmOptions o)
{
        Below b = { s, o };
        const BlockVisitor visitor = { &b, pass_disk, pass_failed, judge_slave };

        return block_walk(s->p->rfd, place, NULL, &visitor);
}

/* Of what is opened before crypttab(5) is there to be read, the command line may have the options. */
static int options_of_arguments(const Facts *f, TpmOptions *ret)
{
        static const char *const keys[] = { "rd.luks.options", "luks.options" };
        const char *value;

        *ret = (TpmOptions){};
        FOREACH_ARRAY(key, keys, f->cmdline_known ? ELEMENTSOF(keys) : 0)
                for (size_t from = 0; (value = kargs_next(&f->cmdline, *key, &from));) {
                        _cleanup_free_ char *copy = strdup(value);
                        TpmOptions o;

                        if (!copy)
                                return -ENOMEM;
                        o = options_parse(copy);
                        ret->tpm |= o.tpm || strstr(value, "=tpm2-device=");
                        if (o.has_pcrs) {
                                ret->has_pcrs = true;
                                ret->pcrs |= o.pcrs;
                        }
                }
        return 0;
}

/* What is encrypted is under a device of the device mapper, whose names are dm-0 and so on. */
static bool has_mapped(int rfd)
{
        _cleanup_(string_list_done) StringList names = {};
        int r = root_list(rfd, NAME_SYS_CLASS_BLOCK, NULL, &names);

        FOREACH_ARRAY(name, names.items, names.n)
                if (startswith(*name, "dm-"))
                        return true;
        return r < 0 && r != -ENOENT;
}

static int judge_mounts(Sealed *s)
{
        static const char *const targets[] = { "/", "/usr", "/var" };
        _cleanup_(mount_table_freep) struct libmnt_table *table = NULL;
        TpmOptions o;
        int r = mount_table_load();

        if (r >= 0)
                r = mount_table_read(s->p->rfd, NAME_PROC_MOUNTINFO, &table, NULL);
        if (r < 0)
                return probe_soft(r);
        r = options_of_arguments(s->f, &o);
        FOREACH_ARRAY(target, targets, ELEMENTSOF(targets)) {
                struct libmnt_fs *fs = r >= 0 ? mount_table_line(table, *target) : NULL;
                const char *source = fs ? sym_mnt_fs_get_source(fs) : NULL;
                _cleanup_free_ char *place = NULL;

                if (!fs)
                        continue;
                if (block_by_number(s->p->rfd, sym_mnt_fs_get_devno(fs), &place) < 0 && source)
                        r = find_device(s->p, source, &place);
                if (r >= 0 && place)
                        r = judge_below(s, place, o);
        }
        return r;
}

/*
 * openSUSE's fde-tools seal the key that GRUB opens its disk with, to the registers of FDE_SEAL_PCR_LIST. The file is
 * there on every system that has the package, so it counts only where something is encrypted.
 */
static int judge_fde_tools(Sealed *s)
{
        _cleanup_free_ char *text = NULL;
        int r = s->encrypted ? probe_soft(root_read_text(s->p->rfd, NAME_FDE_TOOLS, &text)) : 0;

        for (const char *line = r < 0 ? NULL : text; line && *line; line = text_next_line(line)) {
                const char *value = startswith(line, "FDE_SEAL_PCR_LIST=");
                SealedVolume v = { .known = true, .tokens.n = 1 };
                char list[64];
                size_t n;

                if (!value)
                        continue;
                value += strspn(value, "\"'");
                n = strcspn(value, "\"'\n");
                if (n == 0 || n >= sizeof(list))
                        continue;
                memcpy(list, value, n);
                list[n] = 0;
                if (pcrs_parse(list, v.tokens.pcrs) < 0)
                        v = (SealedVolume){};
                r = add_volume(s, "the disk of fde-tools", v);
                break;
        }
        return r;
}

int probe_sealed(const Probe *p, Facts *f)
{
        Sealed s = { .p = p, .f = f };
        int r = 0;

        if (config_wants_changes(p->cfg))
                r = judge_crypttab(&s);
        if (r >= 0 && config_wants_changes(p->cfg) && has_mapped(p->rfd))
                r = judge_mounts(&s);
        if (r >= 0)
                r = judge_fde_tools(&s);
        string_list_done(&s.seen);
        return r;
}
