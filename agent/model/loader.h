/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "array.h"
#include "kargs.h"
#include "kernelline.h"
#include "macro.h"

/* What a boot loader will do, as read from its files. Code for each loader is in grub/. */

typedef enum LoaderKind {
        LOADER_GRUB2,
        LOADER_SYSTEMD_BOOT,
        LOADER_UKI,         /* unified kernel images that the firmware starts itself */
        LOADER_GRUB_LEGACY, /* 0.9x: grub.conf, menu.lst */
        LOADER_BLS,         /* GRUB 2, its menu made of boot loader specification entries */
        LOADER_OSTREE,      /* entries that OSTree makes, each of a whole deployment; changed by rpm-ostree */
        LOADER_BOOTC,       /* the root of a bootc image in the making: arguments for the systems installed from it */
        LOADER_PROXMOX,     /* copies on several EFI system partitions, made by proxmox-boot-tool */
        _LOADER_MAX,
} LoaderKind;

const char *loader_kind_to_string(LoaderKind k);

/* A file of the loader as it was read; path and text are owned. */
typedef struct LoaderFile {
        char *path;
        char *text;
        size_t size; /* bytes */
} LoaderFile;

/* A variable after all files that are sourced: the value that counts. */
typedef enum VariableState {
        VARIABLE_UNSET,
        VARIABLE_KNOWN,
        VARIABLE_CANNOT_TELL, /* fed by a command substitution or the like */
} VariableState;

typedef struct LoaderVariable {
        char *name;
        char *value; /* NULL unless known */
        VariableState state;
        char *file; /* last assignment; NULL: none */
        unsigned line;
        size_t start, end; /* bytes of the value in that file, quotes included */
} LoaderVariable;

/* Arguments of an entry that stand elsewhere: in an addon, which systemd-stub appends (systemd-stub(7)). */
typedef struct ArgumentOrigin {
        size_t first, n; /* words of BootEntry.arguments */
        char *path;      /* of the addon */
} ArgumentOrigin;

/* One entry that can boot. */
typedef struct BootEntry {
        char *id; /* menuentry id or title */
        char *title;
        char *kernel;     /* path as the loader has it */
        char *initrd;     /* the initramfs, NULL: none */
        StringList early; /* images that are loaded beside it, in order: microcode, the claim image */
        char *hypervisor; /* path of what loads the kernel, such as Xen; NULL: the boot loader does */
        Kargs arguments;
        ArgumentOrigin *origins; /* of those that do not come from where the entry's own do */
        size_t n_origins;
        KernelLine built_in; /* what the kernel brings itself */
        Kargs effective;     /* with that, what counts; only where something is built in, see boot_entry_words() */
        char *untold; /* a part of the arguments that only the boot loader can tell, e.g. "$kernelcmd"; NULL: none */
        char *file;   /* where it stands */
        unsigned line;
        bool rescue;  /* stays untouched: recovery and rescue entries, and what is foreign */
        bool foreign; /* another program wrote it, such as os-prober: no setting reaches it */
        bool is_default;
        bool is_once;  /* Loader.once is this one */
        char *version; /* kernel release that the entry says it boots; NULL: it does not say */
        /* The initramfs as a file of this machine; NULL: not known, then it is the one that the release has in /boot.
         */
        char *image;
        bool image_unseen; /* it is a file that is not found here, or has a name that only the boot loader can tell */
        bool image_none;   /* the boot loader loads none */
        uint64_t image_offset, image_size; /* the part of that file that is the initramfs, bytes; 0, 0: all of it */
        /* The arguments are part of the image that boots: only making it again changes them. */
        bool embedded;
        const char
                *no_addon; /* of a unified image: why no addon can bring it an initramfs, one sentence; NULL: one can */
        char *source;      /* kernel of which the platform's tool makes an embedded entry again; NULL: it cannot */
        char *obstacle;    /* one sentence: why it cannot; NULL: it can */
} BootEntry;

/* Did this boot loader start the running system? */
typedef enum LoaderBooted {
        BOOTED_UNKNOWN,
        BOOTED_NO, /* another one did */
        BOOTED_YES,
} LoaderBooted;

/* A choice of the entry for the next boot alone, which the boot loader forgets with it. Owned. */
typedef struct BootOnce {
        char *id;    /* of the entry, as the choice has it; NULL: none was made */
        char *place; /* where it stands, e.g. "LoaderEntryOneShot" */
        char *cure;  /* the command that takes it back */
} BootOnce;

typedef struct Loader {
        LoaderKind kind;
        Tristate readable; /* unknown: its files could not be read (not root) */
        LoaderFile *files; /* sources, in the order in which they are evaluated */
        size_t n_files;
        LoaderVariable *variables;
        size_t n_variables;
        BootEntry *entries;
        size_t n_entries;
        BootOnce once;            /* no entry is_once: it is none that boots Linux, as far as can be seen */
        char *generated;          /* e.g. /boot/grub/grub.cfg */
        StringList generated_too; /* other places of the same, where it cannot be told which of them will boot */
        bool drop_in_sourced;     /* mkconfig of this platform sources a drop-in directory */
        char *early_directory;    /* where files lie that its entries load in front of an image; NULL: nowhere */
        bool early_addon;         /* what lies there are addons of its unified images, which load them all */
        bool early_variable;      /* its script for Linux puts GRUB_EARLY_INITRD_LINUX_CUSTOM in front of each image; of
                                     LOADER_BLS: it loads what its variable early_initrd names */
        char *drop_in;            /* path of ptprep's own drop-in: it sorts behind all others */
        StringList mkconfig;      /* command and arguments that regenerate; empty: not installed */
        bool bash;                /* the shell that evaluates the sources is bash */
        StringList left_alone; /* other configurations of the same boot loader, which this machine does not boot from,
                                  and entries of it that its menu does not have, with the reason */
        StringList unreadable; /* "PATH: reason" of files that are there */
        LoaderBooted booted;
        char *obstacle;     /* one sentence: why its entries cannot be seen; NULL: they can */
        bool makes_images;  /* the initramfs images that it loads are made by its own tool */
        bool names_kernels; /* kernels that are installed later get their arguments from /etc/kernel/cmdline */
        bool menu_from_bls; /* grub.cfg has no entry of its own for Linux: it takes them from where LOADER_BLS reads */
        bool alone;         /* whatever other boot loaders lie around, they read what this one's tool makes */
        Tristate regenerates; /* that tool makes an initramfs for each deployment already */
        char *editor;         /* program of the platform that edits entries, e.g. "grubby"; NULL: none */
        char *unseen;         /* what is made of its files, and nobody can look at; NULL: nothing */
        char *unused; /* one sentence: why the machine boots with another loader; its files are only named. NULL: it
                         does not, as far as files can tell */
} Loader;

/* A boot loader that ptprep does not edit, or what writes the entries of one that it does. Owned. */
typedef struct OtherLoader {
        char *name;
        char *found; /* what tells of it: a file, or an option of the firmware */
        char *where; /* where a person puts words */
        bool helper; /* it writes the entries of a loader that is found as well */
        char *text;  /* of a helper: what it writes them from; NULL: not readable */
} OtherLoader;

void other_loader_done(OtherLoader *o);
void other_loaders_free(OtherLoader *list, size_t n); /* all of an array, and the array */

void boot_once_done(BootOnce *o);
void loader_done(Loader *l);
void loaders_free(Loader *loaders, size_t n); /* all of an array, and the array */
void boot_entry_done(BootEntry *e);
void boot_entries_free(BootEntry *entries, size_t n);

/**
 * boot_entry_append() - arguments that stand elsewhere
 * @more: copied, and appended. @path: where, copied. Returns 0 or -ENOMEM.
 */
int boot_entry_append(BootEntry *e, const Kargs *more, const char *path) _must_check_;

/* Where a word comes from: one of the entry's words, or a part of one, and not a copy of it. NULL: from where the
 * entry's own come. */
const char *boot_entry_origin(const BootEntry *e, const char *word);

/* What its kernel gets, with what is built into that. The arguments are what a loader's files have, and what is edited.
 */
const Kargs *boot_entry_words(const BootEntry *e);

/* Its kernel has a command line of its own, which is copied. 0 or -ENOMEM. */
int boot_entry_build_in(BootEntry *e, const KernelLine *l) _must_check_;

/* Is this one of its words, and not a copy of one, and built into the kernel? */
bool boot_entry_word_built_in(const BootEntry *e, const char *word);

/* Is a file of this name loaded in front of the entry's initramfs? */
bool boot_entry_loads_early(const BootEntry *e, const char *name);

/* ":LINE" behind the file that an entry stands in, in the buffer; "" where that file is the entry. */
const char *boot_entry_line(const BootEntry *e, char buf[16]);

/**
 * loader_add_file() - remember a file that a loader was read from
 * @text: becomes the loader's, and NULL; the caller's still when this fails. @size: bytes of it.
 * Returns 0 or -ENOMEM.
 */
int loader_add_file(Loader *l, const char *path, char **text, size_t size) _must_check_;

/* Where a person changes an entry that another program than the loader's own wrote, in a message that names its file.
 */
const char *loader_foreign_place(const Loader *l, const BootEntry *e);

/* By path; NULL: none. */
const LoaderFile *loader_file(const Loader *l, const char *path);
const LoaderVariable *loader_variable(const Loader *l, const char *name);
