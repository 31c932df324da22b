/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/grub-platform.h"

#include "base/io.h"
#include "base/text.h"
#include "grub/format/blscfg.h"
#include "model/names.h"

#define CONFIG_NAME "/grub.cfg"

/* Names of the program that generates, and the directory that it generates into, as the families of distributions have
 * them. */
static const struct Program {
        const char *name, *path, *directory;
} programs[] = {
        { "grub-mkconfig", "/usr/sbin/grub-mkconfig", "/boot/grub" },
        { "grub-mkconfig", "/usr/bin/grub-mkconfig", "/boot/grub" },
        { "grub2-mkconfig", "/usr/sbin/grub2-mkconfig", "/boot/grub2" },
        { "grub2-mkconfig", "/usr/bin/grub2-mkconfig", "/boot/grub2" },
};

static const char *const directories[] = { "/boot/grub", "/boot/grub2" };

/* Where the EFI system partition is mounted. */
static const char *const esps[] = { "/boot/efi", "/efi", "/boot" };

/* Directories of vendors on it that are not called as os-release(5) calls the system. */
static const struct {
        const char *id, *directory;
} vendors[] = {
        { "rhel", "redhat" },
        { "ol", "redhat" },
        { "opensuse-leap", "opensuse" },
        { "opensuse-tumbleweed", "opensuse" },
};

void grub_platform_done(GrubPlatform *p)
{
        string_list_done(&p->mkconfig);
        string_list_done(&p->generated);
        string_list_done(&p->others);
        string_list_done(&p->unreadable);
        *p = (GrubPlatform){};
}

/* What may not be looked at is there, as far as anybody can tell. */
static bool exists(int rfd, const char *path)
{
        struct stat st;
        int r = root_stat(rfd, path, &st);

        return r >= 0 || r == -EACCES || r == -EPERM;
}

static int config_of(const char *directory, char **ret)
{
        if (string_printf(ret, "%s" CONFIG_NAME, directory) < 0)
                return -ENOMEM;
        return 0;
}

static bool has_config(int rfd, const char *directory)
{
        _cleanup_free_ char *path = NULL;

        return config_of(directory, &path) >= 0 && exists(rfd, path);
}

/* The first that is installed and has generated something, else the first that is installed. */
static const struct Program *find_program(int rfd)
{
        const struct Program *found = NULL;

        FOREACH_ARRAY(p, programs, ELEMENTSOF(programs)) {
                if (!exists(rfd, p->path))
                        continue;
                if (has_config(rfd, p->directory))
                        return p;
                if (!found)
                        found = p;
        }
        return found;
}

bool grub_cfg_is_stub(const char *text)
{
        /* SUSE's shim-install(8) writes "source", others "configfile" or "normal" */
        static const char *const hand_over[] = { "configfile", "source", ".", "normal" };
        bool hands_over = false;

        for (const char *p = text; *p; p = text_next_line(p)) {
                if (grub_cfg_command(p, "menuentry") || grub_cfg_command(p, "blscfg"))
                        return false;
                FOREACH_ARRAY(command, hand_over, ELEMENTSOF(hand_over))
                        hands_over |= grub_cfg_command(p, *command) != NULL;
        }
        return hands_over;
}

/*
 * The directory that a stub sets as its prefix, as this machine has it mounted. The path in the stub is on the file
 * system of /boot, which may be one of its own, so only its last part is told.
 */
static const char *directory_of_stub(const char *text)
{
        return strstr(text, "/grub2") ? "/boot/grub2" : strstr(text, "/grub") ? "/boot/grub" : NULL;
}

/* ID= of os-release(5), or what the vendor's directory is called for it; owned by the caller. NULL: not said. */
static int read_vendor(int rfd, char **ret)
{
        _cleanup_free_ char *text = NULL;
        int r = root_read_text(rfd, NAME_OS_RELEASE, &text);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        for (const char *p = text; *p; p = text_next_line(p)) {
                const char *value = startswith(p, "ID=");
                _cleanup_free_ char *id = NULL;

                if (!value)
                        continue;
                value += strspn(value, "\"'");
                id = strndup(value, strcspn(value, "\"'\n"));
                if (!id)
                        return -ENOMEM;
                FOREACH_ARRAY(v, vendors, ELEMENTSOF(vendors))
                        if (streq(id, v->id)) {
                                *ret = strdup(v->directory);
                                return *ret ? 0 : -ENOMEM;
                        }
                *ret = TAKE_PTR(id);
                return 0;
        }
        return 0;
}

/* What the EFI system partition says. */
typedef struct Esp {
        char *own;   /* a configuration of this system with entries in it; NULL: none */
        char *other; /* of an unknown vendor, the only one; NULL: none, or several */
        unsigned n_others;
        const char *directory; /* where this system's stub leads; NULL: no stub, or not to be understood */
} Esp;

static void esp_done(Esp *e)
{
        free(e->own);
        free(e->other);
        *e = (Esp){};
}

static int look_at_vendor(int rfd, const char *esp, const char *name, const char *vendor, GrubPlatform *p, Esp *ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        bool ours = vendor && strcasecmp(name, vendor) == 0;
        int r = string_printf(&path, "%s/EFI/%s" CONFIG_NAME, esp, name);

        if (r < 0)
                return r;
        r = root_read_text(rfd, path, &text);
        if (r == -ENOMEM || r == -ENOENT || r == -ENOTDIR)
                return r == -ENOMEM ? r : 0;
        if (r < 0)
                return string_list_addf(&p->unreadable, "%s: %s", path, strerror(-r));
        if (grub_cfg_is_stub(text)) {
                if (ours || !ret->directory)
                        ret->directory = directory_of_stub(text);
                return 0;
        }
        if (ours) {
                free(ret->own);
                ret->own = TAKE_PTR(path);
        } else if (ret->n_others++ == 0)
                ret->other = TAKE_PTR(path);
        return 0;
}

/* yes: UEFI; no: BIOS; unknown: an image, or a directory without /sys. */
static Tristate has_uefi(int rfd)
{
        if (exists(rfd, NAME_SYS_FIRMWARE "/efi"))
                return TRISTATE_YES;
        return exists(rfd, NAME_SYS_FIRMWARE "/acpi") ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

static int look_at_esps(int rfd, GrubPlatform *p, Esp *ret)
{
        _cleanup_free_ char *vendor = NULL;
        int r = read_vendor(rfd, &vendor);

        /* without UEFI nothing boots from there */
        for (size_t i = 0; i < (has_uefi(rfd) == TRISTATE_NO ? 0 : ELEMENTSOF(esps)) && r >= 0; i++) {
                _cleanup_(string_list_done) StringList names = {};
                _cleanup_free_ char *directory = NULL;

                if (string_printf(&directory, "%s/EFI", esps[i]) < 0)
                        return -ENOMEM;
                r = root_list(rfd, directory, NULL, &names);
                if (r == -EACCES || r == -EPERM)
                        r = string_list_addf(&p->unreadable, "%s: %s", directory, strerror(-r));
                else if (r < 0 && r != -ENOMEM)
                        r = 0;
                for (size_t n = 0; n < names.n && r >= 0; n++)
                        r = look_at_vendor(rfd, esps[i], names.items[n], vendor, p, ret);
        }
        return r;
}

static int choose_generated(int rfd, const struct Program *program, const Esp *esp, GrubPlatform *p)
{
        const char *directory = program ? program->directory : NULL, *on_esp;
        _cleanup_free_ char *path = NULL;
        Tristate uefi = has_uefi(rfd);
        int r;

        if (esp->directory && uefi != TRISTATE_NO && has_config(rfd, esp->directory))
                directory = esp->directory;
        for (size_t i = 0; i < ELEMENTSOF(directories) && !(directory && has_config(rfd, directory)); i++)
                if (has_config(rfd, directories[i]))
                        directory = directories[i];
        /* that of another system on the same disk is not ours to generate, unless there is no other */
        on_esp = esp->own ?: esp->n_others == 1 && !(directory && has_config(rfd, directory)) ? esp->other : NULL;
        if (on_esp && uefi != TRISTATE_NO) {
                r = string_list_add(&p->generated, on_esp);
                if (r < 0 || uefi == TRISTATE_YES || !directory || !has_config(rfd, directory))
                        return r;
        }
        if (!directory)
                return -ENOENT;
        r = config_of(directory, &path);
        return r < 0 ? r : string_list_add(&p->generated, path);
}

/* One of the directories, or the file in it, may be a link to the other. */
static bool is_generated(int rfd, const GrubPlatform *p, const struct stat *st)
{
        struct stat other;

        FOREACH_ARRAY(path, p->generated.items, p->generated.n)
                if (root_stat(rfd, *path, &other) >= 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino)
                        return true;
        return false;
}

/* Two menus beside each other: which of them boots is told, and that the other stays as it is. */
static int find_others(int rfd, GrubPlatform *p)
{
        FOREACH_ARRAY(directory, directories, ELEMENTSOF(directories)) {
                _cleanup_free_ char *path = NULL;
                struct stat st;
                int r = config_of(*directory, &path);

                if (r >= 0 && root_stat(rfd, path, &st) >= 0 && !is_generated(rfd, p, &st))
                        r = string_list_add(&p->others, path);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* /bin/sh is a link to the shell, on every distribution that has more than one. */
static ShellDialect read_dialect(int rfd)
{
        _cleanup_free_ char *target = NULL;
        int r = root_readlink(rfd, "/bin/sh", &target);

        return r >= 0 && endswith(target, "bash") ? SHELL_BASH : SHELL_POSIX;
}

int grub_environment_read(int rfd, const char *config, GrubEnv *ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size;
        int r = string_printf(&path, "%.*s/grubenv", (int) (strrchr(config, '/') - config), config);

        if (r < 0)
                return r;
        r = root_read_file(rfd, path, 16 * GRUBENV_SIZE, &text, &size);
        if (r >= 0)
                r = grubenv_parse(text, size, ret);
        if (r == -ENOMEM)
                return r;
        return r >= 0 || r == -ENOENT || r == -ENOTDIR;
}

int grub_platform_find(int rfd, GrubPlatform *ret)
{
        _cleanup_(grub_platform_done) GrubPlatform p = {};
        _cleanup_(esp_done) Esp esp = {};
        _cleanup_free_ char *script = NULL;
        const struct Program *program = find_program(rfd);
        int r = look_at_esps(rfd, &p, &esp);

        if (r >= 0)
                r = choose_generated(rfd, program, &esp, &p);
        if (r >= 0)
                r = find_others(rfd, &p);
        if (r >= 0 && program) {
                r = string_list_add(&p.mkconfig, program->name);
                if (r >= 0 && root_read_text(rfd, program->path, &script) >= 0)
                        p.drop_ins = strstr(script, "/default/grub.d/*.cfg") != NULL;
        }
        if (r < 0)
                return r;
        p.dialect = read_dialect(rfd);
        *ret = p;
        p = (GrubPlatform){};
        return 0;
}
