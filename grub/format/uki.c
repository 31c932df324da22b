/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/uki.h"

#include "base/array.h"
#include "base/io.h"

#define DOS_HEADER_BYTES 64U
#define DOS_PE_OFFSET    60U /* e_lfanew: where the PE header begins */
#define COFF_BYTES       24U /* the signature and the file header */
#define COFF_MACHINE     4U
#define COFF_SECTIONS    6U
#define COFF_OPTIONAL    20U
#define OPTIONAL_MAX     256U /* what is looked at of the optional header */
#define MACHINE_X64      0x8664U
#define STUB_MARK        "systemd-stub " /* in .sdmagic: systemd src/boot/stub.c */
#define CERTIFICATES     4U              /* number of their data directory; eight bytes each */
#define SECTION_BYTES    40U
#define SECTION_NAME     8U
#define SECTIONS_MAX     96U           /* what Windows loads; systemd's stub has a few dozen at most */
#define TEXT_MAX         (64U * 1024U) /* the kernel takes 2 to 4 KiB of command line */

typedef struct Section {
        char name[SECTION_NAME + 1];
        UkiRange range;
} Section;

static uint16_t get16(const unsigned char *p)
{
        return (uint16_t) (p[0] | p[1] << 8);
}

static uint32_t get32(const unsigned char *p)
{
        return (uint32_t) get16(p) | (uint32_t) get16(p + 2) << 16;
}

static int read_section(const unsigned char *p, uint64_t file_size, Section *ret)
{
        uint32_t in_memory = get32(p + 8), in_file = get32(p + 16), offset = get32(p + 20);

        *ret = (Section){};
        memcpy(ret->name, p, SECTION_NAME);
        /* In the file a section is padded, in memory it may be longer than what the file has of it. */
        ret->range = (UkiRange){ offset, MIN(in_memory, in_file) };
        if (ret->range.size == 0)
                return 0;
        return offset > file_size || ret->range.size > file_size - offset ? -EBADMSG : 0;
}

/* PE Format, "Optional Header Data Directories": behind a count, which stands elsewhere in 64-bit images. */
static bool has_certificates(const unsigned char *optional, size_t n)
{
        size_t count = 92, at;

        if (n < 2)
                return false;
        if (get16(optional) == 0x20b)
                count = 108;
        else if (get16(optional) != 0x10b)
                return false;
        at = count + 4 + CERTIFICATES * 8;
        return at + 8 <= n && get32(optional + count) > CERTIFICATES && get32(optional + at + 4) > 0;
}

/* @u: what the headers say of the image is set. */
static int read_sections(int fd, uint64_t file_size, Section sections[static SECTIONS_MAX], size_t *ret_n, Uki *u)
{
        unsigned char dos[DOS_HEADER_BYTES], coff[COFF_BYTES], table[SECTIONS_MAX * SECTION_BYTES],
                optional[OPTIONAL_MAX];
        size_t n, n_optional;
        uint64_t at;
        int r;

        if (file_size < DOS_HEADER_BYTES)
                return -EBADMSG;
        r = read_at(fd, 0, dos, sizeof(dos));
        if (r < 0)
                return r;
        at = get32(dos + DOS_PE_OFFSET);
        if (memcmp(dos, "MZ", 2) != 0 || at > file_size || file_size - at < COFF_BYTES)
                return -EBADMSG;
        r = read_at(fd, at, coff, sizeof(coff));
        if (r < 0)
                return r;
        n = get16(coff + COFF_SECTIONS);
        n_optional = get16(coff + COFF_OPTIONAL);
        at += COFF_BYTES;
        if (memcmp(coff, "PE\0\0", 4) != 0 || n > SECTIONS_MAX || n_optional + n * SECTION_BYTES > file_size - at)
                return -EBADMSG;
        r = read_at(fd, at, optional, MIN(n_optional, sizeof(optional)));
        if (r >= 0)
                r = read_at(fd, at + n_optional, table, n * SECTION_BYTES);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = read_section(table + i * SECTION_BYTES, file_size, sections + i);
        *ret_n = n;
        u->x64 = get16(coff + COFF_MACHINE) == MACHINE_X64;
        u->has_signature = r >= 0 && has_certificates(optional, MIN(n_optional, sizeof(optional)));
        return r;
}

static const Section *find_section(const Section *s, size_t n, const char *name)
{
        FOREACH_ARRAY(i, s, n)
                if (streq(i->name, name) && i->range.size > 0)
                        return i;
        return NULL;
}

/* The text of a section up to a NUL, without white space at the end. Absent: *ret stays NULL. */
static int read_text(int fd, const Section *s, char **ret)
{
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r;

        if (!s)
                return 0;
        if (s->range.size > TEXT_MAX)
                return -EBADMSG;
        text = malloc((size_t) s->range.size + 1);
        if (!text)
                return -ENOMEM;
        r = read_at(fd, s->range.offset, text, (size_t) s->range.size);
        if (r < 0)
                return r;
        text[s->range.size] = 0;
        n = strlen(text);
        while (n > 0 && strchr(" \t\r\n", text[n - 1]))
                text[--n] = 0;
        *ret = TAKE_PTR(text);
        return 0;
}

/* KEY=VALUE of a text in the manner of os-release(5), quotes around the value taken off. *ret stays NULL: no such key.
 */
static int text_value(const char *text, const char *key, char **ret)
{
        size_t n = strlen(key);

        for (const char *line = text; line; line = strchr(line, '\n')) {
                const char *value;
                size_t length;

                line += *line == '\n';
                if (strncmp(line, key, n) != 0 || line[n] != '=')
                        continue;
                value = line + n + 1;
                length = strcspn(value, "\r\n");
                if (length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value) {
                        value++;
                        length -= 2;
                }
                *ret = strndup(value, length);
                return *ret ? 0 : -ENOMEM;
        }
        return 0;
}

/* The value of the first key that the text has. *ret stays NULL: it has none of them. */
static int first_value(const char *text, const char *const *keys, char **ret)
{
        int r = 0;

        for (; r >= 0 && *keys && !*ret; keys++)
                r = text_value(text, *keys, ret);
        return r;
}

/* Of the order of menus: systemd src/fundamental/bootspec-fundamental.c, bootspec_pick_name_version_sort_key(). */
static int read_release(int fd, const Section *osrel, Uki *u)
{
        static const char *const names[] = { "PRETTY_NAME", "ID", NULL };
        static const char *const sort_keys[] = { "IMAGE_ID", "ID", NULL };
        static const char *const versions[] = { "IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID", NULL };
        _cleanup_free_ char *text = NULL;
        int r = read_text(fd, osrel, &text);

        if (r < 0 || !text)
                return r;
        r = first_value(text, names, &u->name);
        if (r >= 0)
                r = first_value(text, sort_keys, &u->sort_key);
        return r < 0 ? r : first_value(text, versions, &u->os_version);
}

/* "#### LoaderInfo: systemd-stub 257.9-1~deb13u1 ####" */
static int read_stub(int fd, const Section *magic, unsigned *ret)
{
        _cleanup_free_ char *text = NULL;
        int r = read_text(fd, magic, &text);
        const char *mark = r >= 0 && text ? strstr(text, STUB_MARK) : NULL;

        if (mark)
                *ret = (unsigned) strtoul(mark + strlen(STUB_MARK), NULL, 10);
        return r;
}

/* @own: what stands behind its .profile section, up to the next one. @base: what stands before the first. */
static int add_profile(int fd, Uki *u, const Section *base, size_t n_base, const Section *own, size_t n_own)
{
        UkiProfile *p = array_grow(&u->profiles, u->n_profiles);
        _cleanup_free_ char *text = NULL;
        const Section *initrd;
        int r;

        if (!p)
                return -ENOMEM;
        u->n_profiles++;
        r = read_text(fd, find_section(own, n_own, ".profile"), &text);
        if (r >= 0 && text)
                r = text_value(text, "ID", &p->id);
        if (r >= 0 && text)
                r = text_value(text, "TITLE", &p->title);
        if (r >= 0)
                r = read_text(fd, find_section(own, n_own, ".cmdline") ?: find_section(base, n_base, ".cmdline"),
                              &p->cmdline);
        if (r < 0)
                return r;
        initrd = find_section(own, n_own, ".initrd") ?: find_section(base, n_base, ".initrd");
        if (initrd)
                p->initrd = initrd->range;
        return 0;
}

static size_t next_profile(const Section *s, size_t n, size_t from)
{
        while (from < n && !streq(s[from].name, ".profile"))
                from++;
        return from;
}

void uki_done(Uki *u)
{
        free(u->release);
        free(u->name);
        free(u->sort_key);
        free(u->os_version);
        FOREACH_ARRAY(p, u->profiles, u->n_profiles) {
                free(p->id);
                free(p->title);
                free(p->cmdline);
        }
        free(u->profiles);
        *u = (Uki){};
}

int uki_read(int fd, Uki *ret)
{
        _cleanup_(uki_done) Uki u = {};
        Section sections[SECTIONS_MAX];
        size_t n = 0, n_base;
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADMSG;
        r = read_sections(fd, (uint64_t) st.st_size, sections, &n, &u);
        if (r < 0)
                return r;
        n_base = next_profile(sections, n, 0);
        u.kernel = find_section(sections, n_base, ".linux");
        if (!u.kernel && !find_section(sections, n_base, ".cmdline") && !find_section(sections, n_base, ".initrd"))
                return -EBADMSG;
        r = read_text(fd, find_section(sections, n_base, ".uname"), &u.release);
        if (r >= 0)
                r = read_release(fd, find_section(sections, n_base, ".osrel"), &u);
        if (r >= 0)
                r = read_stub(fd, find_section(sections, n_base, ".sdmagic"), &u.stub);
        if (r >= 0 && n_base == n)
                r = add_profile(fd, &u, sections, n_base, NULL, 0);
        for (size_t begin = n_base; r >= 0 && begin < n;) {
                size_t end = next_profile(sections, n, begin + 1);

                r = add_profile(fd, &u, sections, n_base, sections + begin, end - begin);
                begin = end;
        }
        if (r < 0)
                return r;
        *ret = u;
        u = (Uki){};
        return 0;
}

int uki_read_path(int rfd, const char *path, Uki *ret)
{
        _cleanup_close_ int fd = root_open(rfd, path, O_RDONLY);

        return fd < 0 ? fd : uki_read(fd, ret);
}
