/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/render.h"

#include "base/text.h"
#include "core/next-boot.h"
#include "model/claim-limits.h"
#include "model/claimstate.h"
#include "model/pciserial.h"
#include "model/record.h"
#include "model/rootwords.h"

/* Those that the helper has too: ClaimGuard in dracut/claim-list.h. */
#define CLAIM_GUARDS                                                                                                   \
        (HOST_USE_BIT(HOST_USE_BOOT_DISK) | HOST_USE_BIT(HOST_USE_NETWORK) | HOST_USE_BIT(HOST_USE_DISPLAY))
#define CLAIM_SPARED   "display=spared"
#define CLAIM_ROOT_MAX (sizeof("root=") + ROOT_WORDS_MAX)

#define UNSAFE_OPTION  "options vfio_iommu_type1 allow_unsafe_interrupts=1"

/* Text that grows through stdio; the result is taken when everything was written. */
static int stream_finish(FILE **f, char **text, char **ret)
{
        int failed = fflush(*f) != 0 || ferror(*f);

        failed |= fclose(*f) != 0;
        *f = NULL;
        if (failed)
                return -ENOMEM;
        *ret = TAKE_PTR(*text);
        return 0;
}

/* The path that an earlier list has, "-" when there is none. @line: of wanted_listed(), here and below. */
static char *recorded_path(const char *line)
{
        char path[256];

        if (!line || sscanf(line, "%*63s %255s", path) != 1 || !pci_path_valid(path))
                return strdup("-");
        return strdup(path);
}

/* Has the line this KEY=VALUE? */
static bool has_recorded(const char *line, const char *word)
{
        const size_t n = strlen(word);

        for (const char *s = line; s && *s && *s != '\n'; s += strspn(s, " ")) {
                const size_t length = strcspn(s, " \n");

                if (length == n && strncmp(s, word, n) == 0)
                        return true;
                s += length;
        }
        return false;
}

/*
 * Takes the root out of these words, with its key, where there is none yet or the line has this one. @untold: there may
 * be words that nobody sees. Returns whether the line has it.
 */
static bool offer_root(const Kargs *k, bool untold, const char *line, char ret[static CLAIM_ROOT_MAX])
{
        char root[ROOT_WORDS_MAX + 1], word[CLAIM_ROOT_MAX];
        RootWords words = {};
        bool recorded;

        FOREACH_ARRAY(w, k->words.items, kargs_of_kernel(k))
                root_words_take(&words, *w);
        root_words_print(&words, root);
        if (untold && streq(root, "-"))
                return false;
        (void) snprintf(word, sizeof(word), "root=%s", root);
        recorded = has_recorded(line, word);
        if (!*ret || recorded)
                strcpy(ret, word);
        return recorded;
}

/*
 * The root of what boots by default. An entry of a loader that this machine does not boot with, or that another program
 * wrote, may be of another system: one that a person wrote for this one has the root that this very boot has.
 */
static bool find_default_root(const Facts *f, const char *line, char ret[static CLAIM_ROOT_MAX])
{
        char running[CLAIM_ROOT_MAX] = "";

        if (f->cmdline_known)
                (void) offer_root(&f->cmdline, false, NULL, running);
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries) {
                        char root[CLAIM_ROOT_MAX] = "";

                        if (!e->is_default || !entry_counts(e))
                                continue;
                        (void) offer_root(&e->arguments, e->untold != NULL, NULL, root);
                        if ((!e->foreign || streq(root, running)) &&
                            offer_root(&e->arguments, e->untold != NULL, line, ret))
                                return true;
                }
        return false;
}

/* That of the first entry of this system that says one: what is made of an image gets it elsewhere. */
static bool find_first_root(const Facts *f, const char *line, char ret[static CLAIM_ROOT_MAX])
{
        FOREACH_ARRAY(l, f->loaders, f->n_loaders)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries) {
                        char root[CLAIM_ROOT_MAX] = "";

                        if (*ret)
                                return false;
                        (void) offer_root(&e->arguments, e->untold != NULL, NULL, root);
                        if (!e->foreign && !e->rescue && !streq(root, "root=-") &&
                            offer_root(&e->arguments, e->untold != NULL, line, ret))
                                return true;
                }
        return false;
}

/*
 * The root of the host that was judged, with its key; "" where nobody knows it. That of what boots by default comes
 * first: in the root of an installer the running kernel has another one. As long as what was recorded is true of either
 * it stays, or each boot would make all images again.
 */
static void find_root(const Facts *f, const char *line, char ret[static CLAIM_ROOT_MAX])
{
        *ret = 0;
        if (find_default_root(f, line, ret) || find_first_root(f, line, ret))
                return;
        if (f->cmdline_known)
                (void) offer_root(&f->cmdline, false, line, ret);
}

/* A helper of before passes it over, and takes vfio-pci. As long as nobody can tell, for the device is not there or a
 * file cannot be read, it keeps what it had. @line: as above, others follow it. */
static void print_variant(FILE *f, const WantedDevice *d, const char *line)
{
        const char *variant = wanted_variant(d), *old;

        if (variant)
                fprintf(f, " variant=%s", variant);
        if (variant || !line || !d->config->best || d->in_claim_image)
                return;
        if (wanted_is_there(d) && (d->function->variant_lacks || !d->function->variant_unread))
                return;
        old = memmem(line, strcspn(line, "\n"), " variant=", strlen(" variant="));
        if (old)
                fprintf(f, "%.*s", (int) strcspn(old + 1, " \n") + 1, old);
}

/* The guards of the helper that a person has lifted, and the one that the agent has. */
static void print_guards(FILE *f, const Facts *facts, const WantedDevice *d, const char *line)
{
        const char *separator = " allow=";
        const PciFunction *p = d->function;

        for (HostUseKind kind = 0; kind < _HOST_USE_KIND_MAX; kind++)
                if (d->config->allow & HOST_USE_BIT(kind) & CLAIM_GUARDS) {
                        fprintf(f, "%s%s", separator, host_use_kind_to_string(kind));
                        separator = ",";
                }
        /* once it is claimed nobody can tell any more what was on it */
        if (p && !driver_is_guests(p->driver)) {
                const HostUseAnswer screen = host_use_of(facts, p, HOST_USE_DISPLAY);

                if (screen.used == TRISTATE_NO && screen.use)
                        fputs(" " CLAIM_SPARED, f);
        } else if (has_recorded(line, CLAIM_SPARED))
                fputs(" " CLAIM_SPARED, f);
}

/* One that is made, be it by somebody else: it comes and goes, and the initramfs never has it. */
static bool is_virtual(const WantedDevice *d)
{
        return d->made || (d->function && d->function->physfn != PCI_PARENT_NONE);
}

/* It is listed, and had not come yet when this boot began, as what is plugged in. @line: as above. */
static bool came_late(const Facts *f, const WantedDevice *d, const char *line)
{
        const char *why;
        size_t length;

        return line && wanted_claim_result(f, d->config->address, &why, &length) == CLAIM_ABSENT;
}

/*
 * Its line stays as it is, whether the device is there or not: a claim that has worked is not to make all images again.
 * What a device is known by that came late is recorded by the first apply of all, or in a boot that begins with it.
 */
static bool comes_and_goes(const Facts *f, const WantedDevice *d, const char *line)
{
        return is_virtual(d) || came_late(f, d, line);
}

/*
 * What the device is known by. What only a host driver shows is kept from when one had it, and is not looked for later:
 * each change of the list makes all images again. @line: that the list has of it; NULL: it is new.
 */
static void print_identity(FILE *f, const Facts *facts, const WantedDevice *d, const char *line)
{
        const PciFunction *p = comes_and_goes(facts, d, line) || d->state != DEVICE_FOUND ? NULL : d->function;
        const ConfigDevice *c = d->config;
        const Identity *old = &d->recorded, nothing = {};
        const char *serial, *nvme, *mac;
        const PciId *card = NULL;
        bool known = line || old->id.vendor;

        if (is_virtual(d))
                return;
        if (p && (identity_differs(p->serial, old->serial) || identity_differs(p->nvme_serial, old->nvme_serial) ||
                  identity_differs(p->mac, old->mac))) { /* another card, and that is said */
                old = &nothing;
                known = false;
        }
        serial = (pci_serial_valid(c->serial) ? c->serial : NULL) ?: (p ? p->serial : NULL) ?: old->serial;
        if (c->has_subsystem)
                card = &c->subsystem;
        else if (p && p->has_subsystem)
                card = &p->subsystem;
        else if (old->has_subsystem)
                card = &old->subsystem;
        nvme = old->nvme_serial ?: p && !known ? p->nvme_serial : NULL;
        mac = c->mac ?: old->mac ?: p && !known ? p->mac : NULL;
        if (card && card->vendor) /* 0 is nobody's */
                fprintf(f, " !subsystem=%04x:%04x", card->vendor, card->device);
        if (serial)
                fprintf(f, " !serial=%s", serial);
        if (nvme)
                fprintf(f, " nvme=%s", nvme);
        if (mac)
                fprintf(f, " mac=%s", mac);
        if (c->follow && (serial || !(nvme || mac))) /* the initramfs sees neither of these */
                fputs(" follow=yes", f);
}

int render_claims(const Wanted *w, const Facts *facts, char **ret)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        fprintf(f,
                GENERATED_HEADER
                "# address vendor:device driver path name [key=value...], see ptprep-claim(8)\nversion=%d\n",
                CLAIM_LIST_VERSION);
        /* An image is told from another one by this list: what else of it changes has to be named here. */
        if (w->unsafe_interrupts)
                fputs("# with " UNSAFE_OPTION "\n", f);
        FOREACH_ARRAY(d, w->devices, w->n_devices) {
                const ConfigDevice *c = d->config;
                const char *path = c->path, *line = wanted_listed(facts, c);
                _cleanup_free_ char *old_path = NULL;
                char root[CLAIM_ROOT_MAX];

                if (d->state == DEVICE_WAITING || wanted_is_untold(d))
                        continue;
                if (!path && is_virtual(d)) /* its line is to be the same when it is there and when it is not */
                        path = "-";
                if (!path && d->state == DEVICE_FOUND && !comes_and_goes(facts, d, line))
                        path = d->function->path;
                if (path &&
                    strlen(path) > CLAIM_PATH_MAX) /* of no machine that anybody has seen: address and id count */
                        path = "-";
                if (!path)
                        path = old_path = recorded_path(line);
                find_root(facts, line, root);
                fprintf(f, "%s %04x:%04x %s %s %s%s%s%s%s", PCI_ADDR_TEXT(c->address), c->id.vendor, c->id.device,
                        stub_driver_to_string(c->driver), path ?: "-", c->name,
                        c->optional || d->made ? " optional=yes" : "", w->in_claim_image ? " later=yes" : "",
                        *root ? " " : "", root);
                print_variant(f, d, line);
                print_guards(f, facts, d, line);
                print_identity(f, facts, d, line);
                fputc('\n', f);
        }
        return stream_finish(&f, &text, ret);
}

int render_modprobe(const Wanted *w, const Facts *facts, char **ret)
{
        _cleanup_(string_list_done) StringList seen = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        int r = 0;

        if (!f)
                return -ENOMEM;
        fputs(GENERATED_HEADER "# The stub driver comes first wherever a host driver of a claimed device is loaded.\n",
              f);
        if (w->unsafe_interrupts)
                fputs("# As [iommu] allow_unsafe_interrupts = yes asks.\n" UNSAFE_OPTION "\n", f);
        FOREACH_ARRAY(d, w->devices, w->n_devices) {
                /* the rule of udev keeps what comes late from all drivers of the host, loaded or not */
                if (d->state != DEVICE_FOUND || came_late(facts, d, wanted_listed(facts, d->config)))
                        continue;
                FOREACH_ARRAY(m, d->function->modules.items, d->function->modules.n) {
                        char line[256];

                        (void) snprintf(line, sizeof(line), "softdep %s pre: %s\n", *m,
                                        stub_driver_to_string(d->config->driver));
                        if (string_list_contains(&seen, line))
                                continue;
                        r = string_list_add(&seen, line);
                        if (r < 0)
                                break;
                        fputs(line, f);
                }
        }
        if (r < 0) {
                (void) fclose(f);
                return r;
        }
        return stream_finish(&f, &text, ret);
}

int render_modules_load(const Config *c, const Wanted *w, char **ret)
{
        bool needed[_STUB_MAX] = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        fputs(GENERATED_HEADER, f);
        if (w->in_claim_image)
                fputs("# What the initramfs has kept from its host driver goes to these, as soon as they are loaded.\n",
                      f);
        FOREACH_ARRAY(d, w->devices, w->in_claim_image ? w->n_devices : 0)
                needed[d->config->driver] |= d->state != DEVICE_WAITING;
        if (c->n_makers > 0)
                fputs("# Virtual functions go to these, as soon as they are made.\n", f);
        FOREACH_ARRAY(m, c->makers, c->n_makers)
                if (vf_driver_stub(m->vf_driver) >= 0)
                        needed[vf_driver_stub(m->vf_driver)] = true;
        if (needed[STUB_VFIO_PCI])
                fputs("vfio_iommu_type1\n", f);
        for (StubDriver d = 0; d < _STUB_MAX; d++)
                if (needed[d])
                        fprintf(f, "%s\n", stub_driver_to_string(d));
        return stream_finish(&f, &text, ret);
}

/* Lines of a text; the newline belongs to the line, so a missing final one is seen. */
static int split_lines(const char *text, StringList *ret)
{
        int r = 0;

        while (r >= 0 && text && *text) {
                size_t n = strcspn(text, "\n");

                n += text[n] == '\n';
                r = string_list_addf(ret, "%.*s", (int) n, text);
                text += n;
        }
        return r;
}

static void print_lines(FILE *out, char mark, const StringList *l, size_t from, size_t to)
{
        for (size_t i = from; i < to; i++) {
                fprintf(out, "%c%s", mark, l->items[i]);
                if (!endswith(l->items[i], "\n"))
                        fputs("\n\\ No newline at end of file\n", out);
        }
}

int render_diff(FILE *out, const char *path, const char *old_text, const char *new_text)
{
        _cleanup_(string_list_done) StringList a = {}, b = {};
        size_t head = 0, tail = 0, before, after;
        int r;

        if (streq_null(old_text, new_text))
                return 0;
        r = split_lines(old_text, &a);
        if (r >= 0)
                r = split_lines(new_text, &b);
        if (r < 0)
                return r;
        /* One hunk around all that differs: ptprep's edits are in one place, and patch(1) takes it. */
        while (head < a.n && head < b.n && streq(a.items[head], b.items[head]))
                head++;
        while (tail < a.n - head && tail < b.n - head && streq(a.items[a.n - 1 - tail], b.items[b.n - 1 - tail]))
                tail++;
        before = MIN(head, 3U);
        after = MIN(tail, 3U);
        fprintf(out, "--- %s%s\n+++ %s%s\n", old_text ? "a" : "/dev/null", old_text ? path : "",
                new_text ? "b" : "/dev/null", new_text ? path : "");
        {
                size_t old_n = a.n - head - tail + before + after, new_n = b.n - head - tail + before + after;

                /* an empty range names the line before it, diff(1) */
                fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", head - before + (old_n > 0), old_n,
                        head - before + (new_n > 0), new_n);
        }
        print_lines(out, ' ', &a, head - before, head);
        print_lines(out, '-', &a, head, a.n - tail);
        print_lines(out, '+', &b, head, b.n - tail);
        print_lines(out, ' ', &a, a.n - tail, a.n - tail + after);
        return 0;
}
