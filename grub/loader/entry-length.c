/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/entry-length.h"

#include "base/text.h"

/*
 * COMMAND_LINE_SIZE, which counts the NUL: Linux arch/x86/include/asm/setup.h, arch/arm64/include/uapi/asm/setup.h.
 * What the EFI stub (efi_convert_cmdline() in drivers/firmware/efi/libstub) and GRUB (grub_create_loader_cmdline() in
 * grub-core/lib/cmdline.c) leave out before that is more, not less.
 */
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)
#define COMMAND_LINE_SIZE 2048
#else
#define COMMAND_LINE_SIZE 1 /* depends on the machine: not known */
#endif

/* NEW_HEAPSIZE in stage2/shared.h of GRUB 0.97: get_line_from_config() in stage2.c leaves out what is behind it in a
 * line of the menu. How much of that its boot.c hands to the kernel differs: 255 bytes as released, more where it is
 * patched. */
#define LEGACY_LINE_SIZE 1500

#define KARG_INITRD      "initrd="

size_t command_line_limit(void)
{
        return COMMAND_LINE_SIZE - 1;
}

size_t boot_entry_limit(const Loader *l)
{
        return l->kind == LOADER_GRUB_LEGACY ? LEGACY_LINE_SIZE : command_line_limit();
}

const char *boot_entry_limiter(const Loader *l)
{
        return l->kind == LOADER_GRUB_LEGACY ? "GRUB" : "the kernel";
}

/* A word for each image, in the order of the entry. */
static size_t initrd_words_length(const BootEntry *e)
{
        size_t length = e->initrd ? strlen(KARG_INITRD) + strlen(e->initrd) : 0;

        FOREACH_ARRAY(path, e->early.items, e->early.n)
                length += strlen(KARG_INITRD) + strlen(*path) + 1;
        return length;
}

/*
 * What the boot loader puts before the words of an entry: GRUB's grub_cmd_linux() in grub-core/loader/i386/linux.c and
 * grub-core/loader/efi/linux.c; systemd's initrd_prepare() in src/boot/boot.c. systemd-stub takes what is in an image
 * as it stands. GRUB legacy counts the line of its menu. Of the other loaders it is nothing, or not known.
 */
static size_t prefix_length(const Loader *l, const BootEntry *e)
{
        if (e->embedded)
                return 0;
        switch (l->kind) {
        case LOADER_GRUB2:
        case LOADER_BLS:
                return e->kernel ? strlen("BOOT_IMAGE=") + strlen(e->kernel) : 0;
        case LOADER_SYSTEMD_BOOT:
                return initrd_words_length(e);
        case LOADER_GRUB_LEGACY:
                return e->kernel ? strlen("kernel ") + strlen(e->kernel) : 0;
        default:
                return 0;
        }
}

/* One more word behind others. */
static size_t with_word(size_t length, const char *word)
{
        return length + (length > 0) + strlen(word);
}

/* What stands there whatever an edit does. */
static size_t fixed_length(const Loader *l, const BootEntry *e)
{
        size_t length = 0;

        FOREACH_ARRAY(w, e->built_in.words.words.items, l->kind == LOADER_GRUB_LEGACY ? 0 : e->built_in.words.words.n)
                length = with_word(length, *w);
        return length + (length > 0 && !e->built_in.alone) + (e->built_in.alone ? 0 : prefix_length(l, e));
}

size_t boot_entry_length(const Loader *l, const BootEntry *e)
{
        size_t length = fixed_length(l, e);

        FOREACH_ARRAY(w, e->arguments.words.items, e->built_in.alone ? 0 : e->arguments.words.n)
                length = with_word(length, *w);
        return length;
}

static bool too_long(const Loader *l, size_t length)
{
        return boot_entry_limit(l) > 0 && length > boot_entry_limit(l);
}

bool boot_entry_too_long(const Loader *l, const BootEntry *e)
{
        return !e->untold && too_long(l, boot_entry_length(l, e));
}

/* Is it a word that ptprep added to some file, and that nobody asks for any more? */
static bool goes_away(const LoaderEdit *want, const char *word)
{
        if (!want->record || string_list_contains(&want->add->words, word))
                return false;
        FOREACH_ARRAY(f, want->record->files, want->record->n)
                FOREACH_ARRAY(w, f->added.items, f->added.n)
                        if (streq(w->word, word))
                                return true;
        return false;
}

/* What an edit leaves of a word; NULL: nothing. 0 or -ENOMEM. */
static int word_after(const LoaderEdit *want, const char *word, char **ret)
{
        _cleanup_free_ char *left = NULL;

        if (!goes_away(want, word) && !(left = strdup(word)))
                return -ENOMEM;
        for (size_t i = 0; left && i < want->remove->words.n; i++) {
                char *shorter;
                int r = karg_without(left, want->remove->words.items[i], &shorter);

                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                free(left);
                left = shorter;
        }
        *ret = TAKE_PTR(left);
        return 0;
}

/* boot_entry_length() after an edit. */
static int length_after(const Loader *l, const BootEntry *e, const LoaderEdit *want, size_t *ret)
{
        size_t length = fixed_length(l, e);

        FOREACH_ARRAY(w, e->arguments.words.items, e->arguments.words.n) {
                _cleanup_free_ char *left = NULL;
                int r = word_after(want, *w, &left);

                if (r < 0)
                        return r;
                if (left)
                        length = with_word(length, left);
        }
        FOREACH_ARRAY(w, want->add->words.items, want->add->words.n)
                if (!kargs_has(&e->arguments, *w))
                        length = with_word(length, *w);
        if (l->kind == LOADER_SYSTEMD_BOOT && want->early && e->initrd && !boot_entry_loads_early(e, want->early))
                length += strlen(KARG_INITRD) + strlen("/") + strlen(want->early) + 1;
        *ret = length;
        return 0;
}

/* Is this an entry that an edit changes? Whatever is in an addon every image gets. */
static bool is_edited(const Loader *l, const LoaderEdit *want, const BootEntry *e)
{
        return !e->rescue && !e->untold && !kernel_line_is_deaf(&e->built_in) &&
               (!e->embedded || e->source || (l->early_addon && want->early));
}

int loader_edit_fits(const Loader *l, const LoaderEdit *want)
{
        FOREACH_ARRAY(e, l->entries, l->n_entries) {
                char line[16];
                size_t after;
                int r;

                if (!is_edited(l, want, e))
                        continue;
                r = length_after(l, e, want, &after);
                if (r < 0)
                        return r;
                if (!too_long(l, after) || after <= boot_entry_length(l, e))
                        continue;
                return loader_refuse(
                        want, -E2BIG,
                        "%s%s: with what ptprep adds, the command line of this entry would have %zu bytes, "
                        "and %s takes %zu",
                        e->file, boot_entry_line(e, line), after, boot_entry_limiter(l), boot_entry_limit(l));
        }
        return 0;
}
