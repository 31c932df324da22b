/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/check.h"
#include "core/next-boot.h"
#include "grub/format/cmdline.h"
#include "grub/loader/entry-length.h"

int check_boot_mounted(const Check *self, const Judgement *j, FindingList *ret)
{
        const BootMounts *l = &j->facts->boot_mounts;

        FOREACH_ARRAY(m, l->items, l->n) {
                _cleanup_free_ char *text = m->failure ? NULL : boot_mount_text(m);
                int r = m->failure ? boot_mounted_refuse(j->facts, m, ret)
                        : text     ? finding_add(ret, self->id, RESULT_OK, m->target, CURE_NONE, NULL, "%s", text)
                                   : -ENOMEM;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Are all words that are wanted in what a helper writes entries from? */
static bool has_all_words(const Judgement *j, const char *text)
{
        FOREACH_ARRAY(w, j->wanted->add.words.items, j->wanted->add.words.n)
                if (!text || !strstr(text, *w))
                        return false;
        return true;
}

/* Where no loader is known at all, the checks of arguments tell. */
int check_boot_loader(const Check *self, const Judgement *j, FindingList *ret)
{
        int r = 0;

        FOREACH_ARRAY(o, j->facts->others,
                      config_asks(j->config) && facts_has_loader(j->facts) ? j->facts->n_others : 0) {
                _cleanup_free_ char *cure = NULL;

                if (o->helper && has_all_words(j, o->text))
                        continue;
                r = other_loader_cure(j, o, &cure);
                if (r < 0)
                        return r;
                if (o->helper)
                        r = finding_add(ret, self->id, RESULT_WARN, NULL, CURE_ARGUMENT, cure,
                                        "%s writes the boot entries anew from %s: words that are not in there get lost",
                                        o->name, o->found);
                else
                        r = finding_add(
                                ret, self->id, RESULT_WARN, NULL, CURE_ARGUMENT, cure,
                                "%s is here as well, as %s tells: if that boots this machine, only words in its "
                                "own files count",
                                o->name, o->found);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The kernel shows no more than it has kept: it is full, and a word that has to be in it is not there. */
static int judge_this_boot(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        _cleanup_(kargs_done) Kargs missing = {};
        int r;

        if (!f->cmdline_known || command_line_limit() == 0 || f->cmdline_length < command_line_limit())
                return 0;
        r = kargs_missing(&f->cmdline, &j->wanted->add, &missing);
        if (r < 0 || missing.words.n == 0)
                return r;
        return finding_add(ret, self->id, RESULT_WARN, NULL, CURE_PERSON,
                           "shorten it: take out kernel arguments that are not needed, and run ptprep again",
                           "the command line of this boot has %zu bytes, which is all that the kernel takes, and %s is "
                           "not in it: what stood behind them was cut off",
                           f->cmdline_length, missing.words.items[0]);
}

int check_boot_length(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        int r = judge_this_boot(self, j, ret);

        if (r < 0)
                return r;
        FOREACH_ARRAY(l, f->loaders, config_asks(j->config) ? f->n_loaders : 0)
                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries) {
                        char line[16];

                        if (!entry_counts(e) || !boot_entry_too_long(l, e))
                                continue;
                        r = finding_add(ret, self->id, l->booted == BOOTED_NO ? RESULT_WARN : RESULT_BLOCKED, e->id,
                                        CURE_PERSON,
                                        "shorten it: take out kernel arguments that are not needed, and run ptprep "
                                        "again",
                                        "%s%s: the command line of this entry has %zu bytes, and %s takes %zu: "
                                        "what stands at its end is cut off",
                                        e->file, boot_entry_line(e, line), boot_entry_length(l, e),
                                        boot_entry_limiter(l), boot_entry_limit(l));
                        if (r < 0)
                                return r;
                }
        return 0;
}

int check_claim_disabled(const Check *self, const Judgement *j, FindingList *ret)
{
        const KernelLine *line = facts_running_line(j->facts);

        if (!config_has_devices(j->config) || !j->facts->cmdline_known)
                return 0;
        if (boot_switched_off(j->facts) && line && kargs_has(&line->words, KARG_SWITCH "=off"))
                return finding_add(
                        ret, self->id, RESULT_FAIL, NULL, CURE_PERSON,
                        "see boot.argument for the next boot, or build the kernel again without it",
                        "this boot was started with ptprep=off, which is built into the kernel (%s:%u): nothing "
                        "was claimed",
                        line->file, line->line);
        if (boot_switched_off(j->facts))
                return finding_add(ret, self->id, RESULT_FAIL, NULL, CURE_REBOOT, "reboot without it",
                                   "this boot was started with ptprep=off: nothing was claimed");
        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, "ptprep=off is not on the command line");
}
