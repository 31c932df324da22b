/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/grub-beside.h"

#include "base/io.h"
#include "base/text.h"
#include "grub/loader/grub-platform.h"

void grub_beside_done(GrubBeside *b)
{
        grubenv_done(&b->env);
        grub_sources_done(&b->sources);
        free(b->unreadable);
        *b = (GrubBeside){};
}

/* @path: taken. Returns 1: it was read; 0: it is not there, or cannot be read; -ENOMEM. */
static int read_source(int rfd, char *path, const char *name, GrubBeside *b)
{
        _cleanup_free_ char *owned = path, *text = NULL;
        GrubSource *s;
        int r = root_read_text(rfd, path, &text);

        if (r == -ENOMEM)
                return r;
        if (r == -ENOENT || r == -ENOTDIR || r == -EISDIR) /* "[ -f", or a "source" that fails */
                return 0;
        if (r < 0) {
                free(b->unreadable);
                b->unreadable = TAKE_PTR(owned);
                b->error = r;
                return 0;
        }
        s = array_grow(&b->sources.items, b->sources.n);
        if (!s)
                return -ENOMEM;
        b->sources.n++;
        *s = (GrubSource){ .name = strdup(name), .path = TAKE_PTR(owned), .text = TAKE_PTR(text) };
        return s->name ? 1 : -ENOMEM;
}

/* Those that the configuration runs, and those that these run. */
static int read_sources(int rfd, const char *config, const char *text, GrubBeside *b)
{
        const int directory = (int) (strrchr(config, '/') - config);
        _cleanup_(string_list_done) StringList names = {};
        int r = grub_cfg_sources(text, &names);

        for (size_t i = 0; i < names.n && r >= 0 && b->sources.n < GRUB_SOURCES_MAX; i++) {
                char *path;

                r = string_printf(&path, "%.*s/%s", directory, config, names.items[i]);
                if (r >= 0)
                        r = read_source(rfd, path, names.items[i], b);
                if (r > 0)
                        r = grub_cfg_sources(b->sources.items[b->sources.n - 1].text, &names);
        }
        return MIN(r, 0);
}

int grub_beside_read(int rfd, const char *config, const char *text, GrubBeside *ret)
{
        _cleanup_(grub_beside_done) GrubBeside b = {};
        int r = grub_environment_read(rfd, config, &b.env);

        b.has_env = r > 0;
        if (r >= 0)
                r = read_sources(rfd, config, text, &b);
        if (r < 0)
                return r;
        *ret = b;
        b = (GrubBeside){};
        return 0;
}

int grub_beside_once(const char *config, const char *text, const GrubBeside *b, BootOnce *ret)
{
        const char *next = b->has_env ? grubenv_value(&b->env, GRUBENV_NEXT_ENTRY) : NULL;
        const char *tool = startswith(config, "/boot/grub/") ? "grub-editenv" : "grub2-editenv";
        const int directory = (int) (strrchr(config, '/') - config);
        int r = next && *next ? grub_cfg_takes_next(text, &b->sources) : 0;

        if (r > 0)
                r = string_copy(next, &ret->id);
        if (r >= 0 && ret->id)
                r = string_printf(&ret->place, GRUBENV_NEXT_ENTRY " in %.*s/grubenv", directory, config);
        if (r >= 0 && ret->id)
                r = string_printf(&ret->cure, "%s %.*s/grubenv unset " GRUBENV_NEXT_ENTRY, tool, directory, config);
        return MIN(r, 0);
}
