/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "core/check.h"
#include "core/next-boot.h"
#include "iommu/argument.h"

/* What boots this machine nobody knows; but if this very boot has what is wanted, whatever that is has it too. */
static int judge_no_loader(const Check *self, const Judgement *j, FindingList *ret)
{
        const BootEntry running = { .arguments = j->facts->cmdline };
        const OtherLoader *other = facts_other_loader(j->facts);
        _cleanup_free_ char *who = NULL, *cure = NULL;
        int r = other ? string_printf(&who, "%s boots this machine, as %s tells, and ptprep does not edit it",
                                      other->name, other->found)
                      : string_copy("no boot loader found that ptprep knows", &who);

        if (r >= 0)
                r = other ? other_loader_cure(j, other, &cure)
                          : string_copy("add the arguments to the kernel command line by hand, see ptprep(8)", &cure);
        if (r < 0)
                return r;
        if (!config_asks(j->config))
                return finding_add(ret, self->id, RESULT_SKIPPED, NULL, CURE_NONE, NULL, "%s", who);
        if (j->facts->cmdline_known && entry_has_arguments(j, &running))
                return finding_add(ret, self->id, RESULT_WARN, NULL, CURE_ARGUMENT,
                                   "look after them by hand when a kernel is installed",
                                   "%s; this boot has the arguments", who);
        return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_ARGUMENT, cure, "cannot tell: %s", who);
}

/* A boot loader that boots no Linux, as far as anybody can see. */
static int judge_no_entry(const Check *self, const Loader *l, FindingList *ret)
{
        if (l->n_entries > 0)
                return finding_add(ret, self->id, RESULT_UNKNOWN, l->generated, CURE_PERSON,
                                   "see \"ptprep bootloader\", and make an entry for every day",
                                   "cannot tell: all entries of the boot loader %s are left alone",
                                   loader_kind_to_string(l->kind));
        return finding_add(ret, self->id, RESULT_UNKNOWN, l->generated, CURE_PERSON,
                           l->kind == LOADER_GRUB2 ? "regenerate its configuration, e.g. with update-grub"
                                                   : "see \"ptprep bootloader\", and make an entry that boots Linux",
                           "cannot tell: the boot loader's configuration has no entry that boots Linux");
}

/* What cannot be told about boot loaders; 1: nothing at all is known of what will boot. */
static int judge_loaders(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        int r = check_needs_boot(self->id, j, ret);

        if (r != 0)
                return r;
        if (!facts_has_loader(f)) {
                r = judge_no_loader(self, j, ret);
                return r < 0 ? r : 1;
        }
        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                if (l->readable == TRISTATE_YES || l->unused)
                        continue;
                if (l->obstacle)
                        r = finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_PERSON,
                                        "mount it, and run ptprep again", "cannot tell: %s", l->obstacle);
                else
                        r = finding_add(
                                ret, self->id, RESULT_UNKNOWN, l->generated, f->is_root ? CURE_NONE : CURE_ROOT, NULL,
                                "cannot tell: the configuration of the boot loader %s is not readable%s%s%s",
                                loader_kind_to_string(l->kind), l->unreadable.n > 0 ? " (" : "",
                                l->unreadable.n > 0 ? l->unreadable.items[0] : "", l->unreadable.n > 0 ? ")" : "");
                if (r < 0)
                        return r;
        }
        if (facts_count_entries(f) > 0)
                return 0;
        /* what cannot be looked at may be where the entries are */
        FOREACH_ARRAY(l, f->loaders, facts_unreadable_loader(f) ? 0 : f->n_loaders) {
                if (l->unused)
                        continue;
                r = judge_no_entry(self, l, ret);
                if (r < 0)
                        return r;
        }
        return 1;
}

/* The arguments are in the image that boots, and whoever made that has to make it again. */
static int judge_embedded(const Check *self, const Loader *l, const BootEntry *e, const char *fault, const char *word,
                          FindingList *ret)
{
        if (e->source)
                return finding_add(ret, self->id, RESULT_FAIL, e->id, CURE_APPLY,
                                   "run \"ptprep --apply\": it builds the image again with kernel-install",
                                   "%s: rebuild needed: %s %s, and the command line is built into this image", e->file,
                                   word, fault);
        return finding_add(
                ret, self->id, l->booted == BOOTED_NO ? RESULT_WARN : RESULT_BLOCKED, e->id, CURE_PERSON,
                "build it again with the tool that made it, or put an addon with the argument beside it, see "
                "systemd-stub(7)",
                "rebuild needed: %s %s, and %s", word, fault, e->obstacle);
}

/* The entry that boots is one that ptprep leaves alone: that is no reason to call it right. */
static int judge_left_alone(const Check *self, const Loader *l, const BootEntry *e, const char *fault, const char *word,
                            FindingList *ret)
{
        char line[16], foreign[96];

        (void) snprintf(foreign, sizeof(foreign), "change it %s, or choose another default",
                        loader_foreign_place(l, e));
        return finding_add(ret, self->id, l->booted == BOOTED_NO ? RESULT_WARN : RESULT_BLOCKED, e->id, CURE_ARGUMENT,
                           e->foreign ? foreign : "choose another default, or change the arguments of this one by hand",
                           "%s%s: %s %s in the entry that boots by default, and ptprep leaves it alone: it is %s",
                           e->file, boot_entry_line(e, line), word, fault,
                           e->foreign ? "not made from " NAME_DEFAULT_GRUB : "a rescue entry");
}

/* Its arguments are of the boot loader's own variables. */
static int judge_untold(const Check *self, const BootEntry *e, const char *word, FindingList *ret)
{
        _cleanup_free_ char *cure = NULL;
        char line[16];

        if (string_printf(&cure, "see that it is there, where %s is set: in %s or a file that it reads", e->untold,
                          e->file) < 0)
                return -ENOMEM;
        return finding_add(ret, self->id, RESULT_UNKNOWN, e->id, CURE_ARGUMENT, cure,
                           "%s%s: cannot tell whether %s is in this entry: only the boot loader knows what %s has",
                           e->file, boot_entry_line(e, line), word, e->untold);
}

/* The variable that holds this word, as far as the loader's files tell; NULL: none. */
static const LoaderVariable *variable_with(const Loader *l, const char *word)
{
        FOREACH_ARRAY(v, l->variables, l->n_variables) {
                size_t n = strlen(word);

                if (v->state != VARIABLE_KNOWN || !v->file)
                        continue;
                for (const char *s = v->value; (s = strstr(s, word)); s += n)
                        if ((s == v->value || s[-1] == ' ') && (s[n] == ' ' || s[n] == 0))
                                return v;
        }
        return NULL;
}

/* The kernel takes nothing of what a boot loader says, and what is built into it is not what is wanted. */
static int judge_alone(const Check *self, const Loader *l, const BootEntry *e, const char *fault, const char *word,
                       FindingList *ret)
{
        const bool alone = e->built_in.alone;
        char line[16];

        return finding_add(
                ret, self->id, l->booted == BOOTED_NO ? RESULT_WARN : RESULT_BLOCKED, e->id, CURE_PERSON,
                alone ? "build that kernel again without CONFIG_CMDLINE_OVERRIDE (CONFIG_CMDLINE_FORCE), or with the "
                        "right words in CONFIG_CMDLINE; or boot another kernel"
                      : "build that kernel again without \"--\" in CONFIG_CMDLINE, or with the right words in front of "
                        "it; or boot another kernel",
                "%s%s: %s %s in the command line that is built into the kernel of this entry (%s:%u), %s", e->file,
                boot_entry_line(e, line), word, fault, e->built_in.file, e->built_in.line,
                alone ? "which takes none of a boot loader"
                      : "and a \"--\" in that leaves all that a boot loader says to init");
}

/* The word that has to go is built into the kernel: where one behind it counts more that is added, else nobody can. */
static int judge_built_in(const Check *self, const Judgement *j, const Loader *l, const BootEntry *e, const char *word,
                          const char *harm, FindingList *ret)
{
        const int curable = entry_fine_when_added(j, e);
        char line[16];

        if (curable < 0)
                return curable;
        if (kernel_line_is_deaf(&e->built_in))
                return judge_alone(self, l, e, "has to go: it stands", word, ret);
        return finding_add(
                ret, self->id,
                curable                  ? RESULT_FAIL
                : l->booted == BOOTED_NO ? RESULT_WARN
                                         : RESULT_BLOCKED,
                e->id, curable ? CURE_APPLY_REBOOT : CURE_PERSON,
                curable ? NULL
                        : "build that kernel again without it in CONFIG_CMDLINE, or boot another one: nothing "
                          "that a boot loader says takes it back",
                "%s%s: the kernel of this entry %s with %s, which is built into it (%s:%u)%s%s", e->file,
                boot_entry_line(e, line), harm, word, e->built_in.file, e->built_in.line,
                curable ? ": it takes a later " : "", curable ? j->wanted->iommu_add : "");
}

/* What the word that has to go does: it switches the IOMMU off, or leaves the unit of a wanted device off. NULL when
 * memory is short. */
static char *harm_of(const Judgement *j, const BootEntry *e)
{
        const IommuVendor *vendor = iommu_vendor_described(j->facts);
        IommuArgument a = iommu_argument(boot_entry_words(e), vendor, NULL);
        char *text = NULL;

        if (a == IOMMU_ARGUMENT_OFF || a == IOMMU_ARGUMENT_KILL)
                return strdup("switches the IOMMU off");
        (void) string_printf(&text, "leaves the IOMMU unit of %s off", vendor->apart_what);
        return text;
}

/* A word that has to go. */
static int judge_unwanted(const Check *self, const Judgement *j, const Loader *l, const BootEntry *e, const char *word,
                          FindingList *ret)
{
        const char *addon = boot_entry_origin(e, word);
        const LoaderVariable *v = variable_with(l, word);
        _cleanup_free_ char *cure = NULL, *from = NULL, *harm = harm_of(j, e);
        char line[16];

        if (!harm)
                return -ENOMEM;
        if (boot_entry_word_built_in(e, word))
                return judge_built_in(self, j, l, e, word, harm, ret);
        if (e->rescue)
                return judge_left_alone(self, l, e, "has to go", word, ret);
        if (addon) { /* whatever is done to entry or image, what stands in an addon is appended to it */
                if (string_printf(&cure, "take it out of %s: make that addon again, or remove it", addon) < 0)
                        return -ENOMEM;
                return finding_add(ret, self->id, l->booted == BOOTED_NO ? RESULT_WARN : RESULT_BLOCKED, e->id,
                                   CURE_PERSON, cure, "the addon %s %s with %s", addon, harm, word);
        }
        if (e->embedded)
                return judge_embedded(self, l, e, "has to go", word, ret);
        if (v && string_printf(&from, ", which stands in %s:%u", v->file, v->line) < 0)
                return -ENOMEM;
        return finding_add(ret, self->id, RESULT_FAIL, e->id, CURE_APPLY_REBOOT, NULL, "%s%s: this entry %s with %s%s",
                           e->file, boot_entry_line(e, line), harm, word, from ?: "");
}

/* A word that an entry lacks. */
static int judge_missing(const Check *self, const Judgement *j, const Loader *l, const BootEntry *e, const char *word,
                         FindingList *ret)
{
        char line[16];

        if (kernel_line_is_deaf(&e->built_in))
                return judge_alone(self, l, e, "is not", word, ret);
        if (e->rescue)
                return judge_left_alone(self, l, e, "is not", word, ret);
        if (e->embedded && !(l->early_addon && j->wanted->in_claim_image)) /* else the addon brings it */
                return judge_embedded(self, l, e, "is missing", word, ret);
        if (e->untold)
                return judge_untold(self, e, word, ret);
        return finding_add(ret, self->id, RESULT_FAIL, e->id, CURE_APPLY, NULL, "%s%s: %s is not in this entry yet",
                           e->file, boot_entry_line(e, line), word);
}

/* The first fault of one loader's entries. 1: there is one; 0: none. */
static int judge_entries(const Check *self, const Judgement *j, const Loader *l, FindingList *ret)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                const char *word = NULL;
                int r;

                if (!entry_counts(e) || entry_iommu_fine(j, e, &word))
                        continue;
                r = word ? judge_unwanted(self, j, l, e, word, ret)
                         : judge_missing(self, j, l, e, j->wanted->iommu_add, ret);
                return r < 0 ? r : 1;
        }
        return 0;
}

/* What nobody can look at is right when this very boot came of it. 1: it cannot be told; 0: nothing to say. */
static int judge_unseen(const Check *self, const Judgement *j, const char *word, FindingList *ret)
{
        const BootEntry running = { .arguments = j->facts->cmdline };

        if (j->facts->cmdline_known && entry_has_arguments(j, &running))
                return 0;
        FOREACH_ARRAY(l, j->facts->loaders, j->facts->n_loaders) {
                int r;

                if (!l->unseen || l->unused)
                        continue;
                r = finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_REBOOT,
                                "reboot, and run \"ptprep --check\" again", "cannot tell: %s, where %s is", l->unseen,
                                word);
                return r < 0 ? r : 1;
        }
        return 0;
}

/* Names of the boot loaders whose entries count. */
static const char *loaders_in_use(const Facts *f, char buf[128])
{
        size_t n = 0;

        buf[0] = 0;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                bool counts = false;

                FOREACH_ARRAY(e, l->entries, l->unused ? 0 : l->n_entries)
                        counts |= !e->rescue;
                if (counts && n < 128)
                        n += (size_t) snprintf(buf + n, 128 - n, "%s%s", n > 0 ? ", " : "",
                                               loader_kind_to_string(l->kind));
        }
        return buf;
}

/* What stands at the end of an entry may be cut off. 1: it is, and the finding points to where that is told; 0. */
static int judge_cut(const Check *self, const Judgement *j, FindingList *ret)
{
        const BootEntry *e = boot_entry_cut(j);
        int r = e ? finding_add(ret, self->id, RESULT_UNKNOWN, e->id, CURE_NONE, NULL,
                                "cannot tell what the kernel gets of this entry, see boot.length")
                  : 0;

        return r < 0 ? r : !!e;
}

/* Nobody knows whose IOMMU it is, and so which words it has. */
static int judge_unknown_vendor(const Check *self, const Judgement *j, FindingList *ret)
{
        if (iommu_state_is_on(j->wanted->iommu))
                return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                                   "it is on without one, and ptprep knows none for it");
        if (features_foreign(&j->facts->features))
                return finding_add(ret, self->id, RESULT_SKIPPED, NULL, CURE_NONE, NULL,
                                   "ptprep knows none for this machine, which is no x86");
        return finding_add(ret, self->id, RESULT_UNKNOWN, NULL, CURE_NONE, NULL,
                           "cannot tell which argument is needed: whose IOMMU this is, is not visible here");
}

int check_iommu_argument(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        size_t n = facts_count_entries(f);
        const IommuVendor *vendor = iommu_vendor_described(f);
        char names[128];
        bool faulty = false;
        int r = judge_loaders(self, j, ret);

        if (r != 0)
                return r < 0 ? r : 0;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                r = l->unused ? 0 : judge_entries(self, j, l, ret);
                if (r < 0)
                        return r;
                faulty |= r > 0;
        }
        if (faulty || facts_unreadable_loader(f))
                return 0;
        r = j->wanted->iommu_add ? judge_cut(self, j, ret) : 0;
        if (r == 0 && j->wanted->iommu_add)
                r = judge_unseen(self, j, j->wanted->iommu_add, ret);
        if (r != 0)
                return r < 0 ? r : 0;
        if (j->wanted->iommu_add)
                return finding_add(
                        ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, "%s is effective in %zu boot entr%s (%s)",
                        j->wanted->iommu_add, n, n == 1 ? "y" : "ies",
                        f->n_loaders == 1 && f->loaders->generated ? f->loaders->generated : loaders_in_use(f, names));
        if (!vendor && config_asks(j->config) && j->config->argument != ARGUMENT_NEVER)
                return judge_unknown_vendor(self, j, ret);
        if (vendor && vendor->always_on)
                return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL,
                                   "none is needed: %s %s IOMMU is on by default", text_article(vendor->name),
                                   vendor->name);
        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, "%s",
                           !config_has_devices(j->config)          ? "none is asked for while no device is configured"
                           : j->config->argument == ARGUMENT_NEVER ? "left alone, as [iommu] argument = never asks"
                                                                   : "none is needed");
}

/* @value: "off", the value of the argument. */
static int judge_switch(const Check *self, const BootEntry *e, const char *value, FindingList *ret)
{
        const char *addon = boot_entry_origin(e, value);
        const bool built_in = boot_entry_word_built_in(e, value);
        _cleanup_free_ char *cure = NULL;
        char line[16];
        int r = built_in ? string_printf(&cure,
                                         "build the kernel again without " KARG_SWITCH
                                         "=off in CONFIG_CMDLINE, where it is by %s:%u",
                                         e->built_in.file, e->built_in.line)
                         : string_printf(&cure, "remove " KARG_SWITCH "=off from %s to let ptprep claim again",
                                         addon ?: "the boot loader's configuration");

        return r < 0 ? -ENOMEM
                     : finding_add(ret, self->id, RESULT_BLOCKED, e->id, built_in ? CURE_PERSON : CURE_ARGUMENT, cure,
                                   "%s%s: this entry has " KARG_SWITCH "=off", e->file, boot_entry_line(e, line));
}

/* The first entry of a loader that will not claim. 1: there is one; 0: none. */
static int judge_claim_entries(const Check *self, const Judgement *j, const Loader *l, FindingList *ret)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                const char *off = entry_switched_off(e);
                int r;

                if (!entry_counts(e) || (!off && entry_has_word(j, e, KARG_CLAIM)))
                        continue;
                r = off ? judge_switch(self, e, off, ret) : judge_missing(self, j, l, e, KARG_CLAIM, ret);
                return r < 0 ? r : 1;
        }
        return 0;
}

/*
 * Ubuntu's cloud images: with this variable each entry is tried without an initramfs first, and the helper that claims
 * is in the initramfs (Ubuntu's patch of util/grub.d/10_linux.in). 1: it is set; 0: it is not.
 */
static int judge_initrdless(const Check *self, const Loader *l, FindingList *ret)
{
        const LoaderVariable *v = loader_variable(l, "GRUB_FORCE_PARTUUID");
        int r;

        if (!v || v->state == VARIABLE_UNSET || (v->state == VARIABLE_KNOWN && !*v->value))
                return 0;
        r = finding_add(ret, self->id, RESULT_BLOCKED, l->generated, CURE_ARGUMENT,
                        "write GRUB_FORCE_PARTUUID= (without a value) into a file that is read later, such as "
                        "/etc/default/grub.d/90-initramfs.cfg, and run ptprep again",
                        "%s:%u: GRUB_FORCE_PARTUUID makes entries boot without an initramfs first, and nothing is "
                        "claimed then",
                        v->file ?: NAME_DEFAULT_GRUB, v->line);
        return r < 0 ? r : 1;
}

/* What an entry has not, or has too much. Owned by the caller; NULL when memory is short. */
static char *entry_fault(const Judgement *j, const BootEntry *e)
{
        const char *word = NULL;
        char *text;

        if (!e)
                return strdup("ptprep sees no such entry that boots Linux");
        if (entry_switched_off(e))
                return strdup("it has " KARG_SWITCH "=off");
        FOREACH_ARRAY(w, j->wanted->add.words.items, j->wanted->add.words.n)
                if (!streq_null(*w, j->wanted->iommu_add) && !entry_has_word(j, e, *w))
                        return string_printf(&text, "it has no %s", *w) < 0 ? NULL : text;
        (void) entry_iommu_fine(j, e, &word);
        return string_printf(&text, "it has %s%s", word ? "" : "no ", word ?: j->wanted->iommu_add) < 0 ? NULL : text;
}

/* An entry that an apply edits is told with the others. 1: the next boot takes one that it does not edit; 0. */
static int judge_once(const Check *self, const Judgement *j, FindingList *ret)
{
        const BootEntry *e = NULL;
        const Loader *l = boot_once_lacks(j, &e);
        _cleanup_free_ char *fault = NULL, *cure = NULL;
        int r;

        if (!l || (e && entry_counts(e)))
                return 0;
        fault = entry_fault(j, e);
        if (!fault || string_printf(&cure, "take that choice back: %s", l->once.cure) < 0)
                return -ENOMEM;
        r = finding_add(ret, self->id, RESULT_WARN, l->once.id, CURE_ARGUMENT, cure,
                        "the next boot only takes %s (%s): %s", l->once.id, l->once.place, fault);
        return r < 0 ? r : 1;
}

int check_boot_argument(const Check *self, const Judgement *j, FindingList *ret)
{
        const Facts *f = j->facts;
        size_t n = facts_count_entries(f);
        bool faulty;
        int r;

        if (j->config->n_devices == 0)
                return 0;
        r = judge_loaders(self, j, ret);
        if (r != 0)
                return r < 0 ? r : 0;
        r = judge_once(self, j, ret);
        if (r < 0)
                return r;
        faulty = r > 0;
        FOREACH_ARRAY(l, f->loaders, f->n_loaders) {
                r = l->unused ? 0 : judge_initrdless(self, l, ret);
                if (r == 0 && !l->unused)
                        r = judge_claim_entries(self, j, l, ret);
                if (r < 0)
                        return r;
                faulty |= r > 0;
        }
        if (faulty || facts_unreadable_loader(f))
                return 0;
        r = judge_cut(self, j, ret);
        if (r == 0)
                r = judge_unseen(self, j, KARG_CLAIM, ret);
        if (r != 0)
                return r < 0 ? r : 0;
        return finding_add(ret, self->id, RESULT_OK, NULL, CURE_NONE, NULL, KARG_CLAIM " is in %zu boot entr%s", n,
                           n == 1 ? "y" : "ies");
}
