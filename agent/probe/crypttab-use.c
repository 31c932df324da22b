/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/crypttab-use.h"

#include "base/io.h"
#include "base/text.h"
#include "probe/crypttab.h"
#include "probe/probe.h"

static void follow(BlockUse *u, const char *what)
{
        u->walk.what = what;
        u->walk.kind = HOST_USE_STORAGE;
}

/*
 * A file on a device that is not mounted for anybody else: "/key:UUID=..." (crypttab(5); dracut.cmdline(7) has a third
 * part, which is the volume), or "/dev/disk/by-label/keys:/key" (passdev of Debian's cryptsetup). Names of devices may
 * have colons too. One without a device is on a disk that is mounted.
 */
static int use_file(BlockUse *u, const char *text, const char *what, const char *volume)
{
        const char *first = strchr(text, ':'), *last = strrchr(text, ':');
        _cleanup_free_ char *before = first ? strndup(text, (size_t) (first - text)) : NULL, *name = NULL;
        WalkLink link = {};
        int r;

        if (!first)
                return 0;
        if (!before || string_printf(&name, "%s of %s", what, volume) < 0)
                return -ENOMEM;
        link.name = name;
        r = block_use_spec(u, first + 1, &link);
        if (r < 0 && r != -ENOMEM)
                r = block_use_spec(u, last + 1, &link);
        if (r < 0 && r != -ENOMEM && startswith(before, "/dev/"))
                r = block_use_spec(u, before, &link);
        return probe_soft(r);
}

static int use_key(BlockUse *u, const char *text, const char *volume)
{
        follow(u, "the key of an encrypted volume");
        return use_file(u, text, "key", volume);
}

static int use_header(BlockUse *u, const char *options, const char *volume)
{
        const char *value = strstr(options, "header=");
        _cleanup_free_ char *text =
                value ? strndup(value + strlen("header="), strcspn(value, ",") - strlen("header=")) : NULL;

        if (!text)
                return value ? -ENOMEM : 0;
        follow(u, "the header of an encrypted volume");
        return use_file(u, text, "header", volume);
}

/* Is it open? Then it is found by what was made of it. */
static bool is_held(const BlockUse *u, const char *device)
{
        _cleanup_(string_list_done) StringList holders = {};
        _cleanup_free_ char *directory = path_join(device, "holders");

        return directory && root_list(u->walk.rfd, directory, NULL, &holders) >= 0 && holders.n > 0;
}

static int use_volume(BlockUse *u, const char *source, const char *volume)
{
        _cleanup_free_ char *link = NULL, *value = NULL, *device = NULL;
        const WalkLink walk = { NULL, volume };
        const BlockTag *tag;
        int r = block_tag_parse(source, &tag, &value);

        if (r > 0)
                r = block_tag_link(tag, value, &link);
        if (r >= 0)
                r = block_by_file(u->walk.rfd, link ?: source, &device);
        if (r == -ENOMEM || (r >= 0 && is_held(u, device)))
                return r < 0 ? r : 0;
        follow(u, "an encrypted volume that the boot opens");
        return probe_soft(device ? block_use_device(u, device, &walk) : block_use_spec(u, source, &walk));
}

static int use_line(void *userdata, const CrypttabLine *line)
{
        BlockUse *u = userdata;
        int r;

        if (crypttab_is_later(line))
                return 0;
        r = use_volume(u, line->device, line->volume);
        if (r >= 0 && line->key)
                r = use_key(u, line->key, line->volume);
        if (r >= 0)
                r = use_header(u, line->options, line->volume);
        return r < 0 ? r : 0;
}

/* @use: one of the two above. What is told by UUID=... of one volume only has that in front of it. */
static int use_arguments(BlockUse *u, const char *key, int (*use)(BlockUse *u, const char *text, const char *volume))
{
        const char *value;

        for (size_t from = 0; (value = kargs_next(&u->walk.f->cmdline, key, &from));) {
                int r = use(u, value, "the system");

                if (r < 0)
                        return r;
        }
        return 0;
}

int crypttab_use(BlockUse *u)
{
        static const struct {
                const char *key;
                int (*use)(BlockUse *u, const char *text, const char *volume);
        } arguments[] = {
                { "rd.luks.key", use_key },
                { "luks.key", use_key },
                { "rd.luks.options", use_header },
                { "luks.options", use_header },
        };
        int r = crypttab_lines(u->walk.rfd, use_line, u);

        FOREACH_ARRAY(a, arguments, u->walk.f->cmdline_known ? ELEMENTSOF(arguments) : 0)
                if (r >= 0)
                        r = use_arguments(u, a->key, a->use);
        return r;
}
