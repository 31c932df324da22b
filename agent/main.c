/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <signal.h>

#include "run.h"
#include "version.h"

enum {
        ACCEPTS_JSON = 1 << 0,
        ACCEPTS_DRY_RUN = 1 << 1,
        ACCEPTS_ROOT = 1 << 2,
        ACCEPTS_TABLE = 1 << 3,
        ACCEPTS_TREE = 1 << 4,
};

typedef struct Verb {
        const char *name;
        const char *arguments; /* as the usage text shows them */
        const char *summary;
        size_t max_arguments;
        unsigned accepts; /* options */
        int (*run)(const Options *o);
} Verb;

/* A new verb is a row here and a file verb-*.c. */
static const Verb verbs[] = {
        { "check", "", "judge this machine, change nothing (the default)", 0, ACCEPTS_JSON | ACCEPTS_ROOT, verb_check },
        { "apply", "", "make what the configuration asks for true from the next boot", 0,
          ACCEPTS_JSON | ACCEPTS_DRY_RUN | ACCEPTS_ROOT, verb_apply },
        { "bootloader", "", "each entry that can boot, and its effective arguments", 0, ACCEPTS_JSON | ACCEPTS_ROOT,
          verb_bootloader },
        { "revert", "", "take back all that ptprep has changed", 0, ACCEPTS_JSON | ACCEPTS_DRY_RUN | ACCEPTS_ROOT,
          verb_revert },
        { "firmware", "", "print the DMAR and IVRS tables, decoded", 0, ACCEPTS_JSON | ACCEPTS_ROOT | ACCEPTS_TABLE,
          verb_firmware },
        { "explain", "[ID]", "what a check means and how to cure what it finds; without ID: all checks", 1, 0,
          verb_explain },
        { "list", "", "every PCI function, and whether it can be passed through", 0,
          ACCEPTS_JSON | ACCEPTS_ROOT | ACCEPTS_TREE, verb_list },
};

enum {
        OPT_JSON = 256,
        OPT_DRY_RUN,
        OPT_ROOT,
        OPT_TABLE,
        OPT_TREE,
        OPT_VERSION,
        OPT_HELP,
        OPT_VERB,
};

static const struct option long_options[] = {
        { "json", no_argument, NULL, OPT_JSON },       { "dry-run", no_argument, NULL, OPT_DRY_RUN },
        { "root", required_argument, NULL, OPT_ROOT }, { "table", required_argument, NULL, OPT_TABLE },
        { "tree", no_argument, NULL, OPT_TREE },       { "version", no_argument, NULL, OPT_VERSION },
        { "help", no_argument, NULL, OPT_HELP },       { "check", no_argument, NULL, OPT_VERB },
        { "apply", no_argument, NULL, OPT_VERB },      {},
};

static const struct {
        int option;
        unsigned flag;
        const char *text, *summary;
} option_help[] = {
        { OPT_JSON, ACCEPTS_JSON, "--json", "print as JSON" },
        { OPT_DRY_RUN, ACCEPTS_DRY_RUN, "--dry-run", "print what would change as unified diffs, change nothing" },
        { OPT_ROOT, ACCEPTS_ROOT, "--root=DIR", "judge and change the system below DIR" },
        { OPT_TABLE, ACCEPTS_TABLE, "--table=FILE", "read a saved firmware table" },
        { OPT_TREE, ACCEPTS_TREE, "--tree", "draw the bridges as a tree" },
        { OPT_VERSION, 0, "--version", "print the version" },
        { OPT_HELP, 0, "--help", "print this text" },
};

static void usage(void)
{
        fputs("ptprep [OPTION...] [VERB]\n\nMakes this host ready for PCI passthrough, and says what stands in the "
              "way.\n\nVerbs (check and apply also as --check and --apply):\n",
              stdout);
        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                printf("  %s %-*s %s\n", v->name, (int) (18 - strlen(v->name)), v->arguments, v->summary);
        fputs("\nOptions:\n", stdout);
        FOREACH_ARRAY(h, option_help, ELEMENTSOF(option_help)) {
                const char *separator = " (";

                printf("  %-19s %s", h->text, h->summary);
                FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                        if (v->accepts & h->flag) {
                                printf("%s%s", separator, v->name);
                                separator = ", ";
                        }
                puts(h->flag ? ")" : "");
        }
        fputs("\nExit status: 0 ready, 1 ptprep or a reboot can cure it, 2 a person has to act,\n"
              "3 a change failed and was put back, 64 usage, 78 bad configuration.\n"
              "See ptprep(8) and ptprep.conf(5).\n",
              stdout);
}

static const Verb *verb_by_name(const char *name)
{
        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                if (streq(v->name, name))
                        return v;
        return NULL;
}

static int usage_error(const char *format, const char *what, const char *verb)
{
        fputs("ptprep: ", stderr);
        fprintf(stderr, format, what, verb);
        fputs("; \"ptprep --help\" lists what there is\n", stderr);
        return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
        const Verb *verb = NULL;
        Options o = { .root = "/" };
        unsigned given = 0;
        int c, index = 0;

        /* A closed pipe is an error of write(2), and one that print_text() knows; it must not end a run half-way. */
        (void) signal(SIGPIPE, SIG_IGN);
        while ((c = getopt_long(argc, argv, "h", long_options, &index)) >= 0) {
                FOREACH_ARRAY(h, option_help, ELEMENTSOF(option_help))
                        if (h->option == c)
                                given |= h->flag;
                switch (c) {
                case OPT_JSON:
                        o.json = true;
                        break;
                case OPT_DRY_RUN:
                        o.dry_run = true;
                        break;
                case OPT_ROOT:
                        o.root = optarg;
                        break;
                case OPT_TABLE:
                        o.table = optarg;
                        break;
                case OPT_TREE:
                        o.tree = true;
                        break;
                case OPT_VERSION:
                        puts("ptprep " PTPREP_VERSION);
                        return EXIT_READY;
                case OPT_HELP:
                case 'h':
                        usage();
                        return EXIT_READY;
                case OPT_VERB:
                        if (verb && !streq(verb->name, long_options[index].name))
                                return usage_error("--%s does not go with the verb %s", long_options[index].name,
                                                   verb->name);
                        verb = verb_by_name(long_options[index].name);
                        break;
                default: /* getopt has said what is wrong */
                        return EXIT_USAGE;
                }
        }
        if (optind < argc && !verb) {
                verb = verb_by_name(argv[optind]);
                if (!verb)
                        return usage_error("there is no verb \"%s\"", argv[optind], NULL);
                optind++;
        } else if (optind < argc && verb_by_name(argv[optind]) == verb)
                optind++;
        if (!verb)
                verb = verbs;
        o.arguments = argv + optind;
        o.n_arguments = (size_t) (argc - optind);
        if (o.n_arguments > verb->max_arguments)
                return usage_error("unexpected argument \"%s\" of %s", o.arguments[verb->max_arguments], verb->name);
        FOREACH_ARRAY(h, option_help, ELEMENTSOF(option_help))
                if (given & h->flag & ~verb->accepts)
                        return usage_error("%s does not go with %s", h->text, verb->name);
        if (o.json && o.dry_run)
                return usage_error("%s does not go with %s: what would change is shown as diffs", "--json",
                                   "--dry-run");
        return verb->run(&o);
}
