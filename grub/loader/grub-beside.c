/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/grub-beside.h"

#include "base/io.h"
#include "base/text.h"
#include "grub/format/bls.h"
#include "grub/format/blscfg.h"
#include "grub/loader/bls-place.h"
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

/* Title and id as GRUB gives them to the menu. Returns 0, also where it is no entry; negative errno. */
static int add_shared(GrubSources *s, const char *name, const char *text)
{
        _cleanup_(bls_entry_done) BlsEntry parsed = {};
        GrubShared *e;
        int r = bls_parse(text, &parsed);

        if (r < 0 || !bls_value(&parsed, BLS_GRUB, "linux"))
                return r;
        e = array_grow(&s->shared, s->n_shared);
        if (!e)
                return -ENOMEM;
        s->n_shared++;
        *e = (GrubShared){};
        r = string_printf(&e->id, "%.*s", (int) (strlen(name) - strlen(".conf")), name);
        return r < 0 ? r : string_copy(bls_value(&parsed, BLS_GRUB, "title") ?: e->id, &e->title);
}

static int add_listing(int rfd, const BlsListing *l, GrubSources *s)
{
        FOREACH_ARRAY(n, l->names.items, l->names.n) {
                _cleanup_free_ char *path = NULL, *text = NULL;
                int r = string_printf(&path, "%s/%s", l->directory, *n);

                if (r >= 0)
                        r = root_read_text(rfd, path, &text);
                if (r >= 0)
                        r = add_shared(s, *n, text);
                if (r < 0 && r != -ENOENT)
                        return r;
        }
        return 0;
}

/* Where one of them cannot be read, nobody knows which number the next one has. 0 or -ENOMEM. */
static int read_shared(int rfd, const char *config, const char *text, GrubSources *s)
{
        _cleanup_(bls_listing_done) BlsListing listing = {};
        _cleanup_(bls_place_done) BlsPlace place = {};
        int r;

        if (!grub_cfg_has_blscfg(text))
                return 0;
        r = string_printf(&place.directory, "%.*s", (int) (strrchr(config, '/') - config), config);
        if (r >= 0)
                r = blscfg_path(text, &place.path);
        if (r >= 0)
                r = bls_place_list(rfd, &place, &listing);
        if (r >= 0)
                r = add_listing(rfd, &listing, s);
        s->shared_known = r >= 0 || r == -ENOENT;
        return r == -ENOMEM ? r : 0;
}

int grub_beside_read(int rfd, const char *config, const char *text, GrubBeside *ret)
{
        _cleanup_(grub_beside_done) GrubBeside b = {};
        int r = grub_environment_read(rfd, config, &b.env);

        b.has_env = r > 0;
        if (r >= 0)
                r = read_sources(rfd, config, text, &b);
        if (r >= 0)
                r = read_shared(rfd, config, text, &b.sources);
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
