/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <signal.h>

#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "complete.h"
#include "output.h"
#include "pager.h"
#include "verb.h"

enum {
        ACCEPTS_FORMAT = 1 << 0,
        ACCEPTS_DRY_RUN = 1 << 1,
        ACCEPTS_ROOT = 1 << 2,
        ACCEPTS_TABLE = 1 << 3,
        ACCEPTS_TREE = 1 << 4,
        ACCEPTS_BOOT = 1 << 5,
        ACCEPTS_VERBOSE = 1 << 6,
        ACCEPTS_QUIET = 1 << 7,
        ACCEPTS_CLASS = 1 << 8,
        ACCEPTS_CONFIGURE = 1 << 9,
        ACCEPTS_PAGER = 1 << 10,
        ACCEPTS_WAITING = 1 << 11,
        ACCEPTS_GROUP = 1 << 12,
        ACCEPTS_QEMU = 1 << 13,
        ACCEPTS_REBOOT = 1 << 14,
};

/* The name of a format by its number; NULL behind the last. */
static const char *format_of_report(size_t i)
{
        return i < report_formats_n ? report_formats[i].name : NULL;
}

static const char *format_of_others(size_t i)
{
        static const char *const names[] = { FORMAT_TEXT, FORMAT_JSON };

        return i < ELEMENTSOF(names) ? names[i] : NULL;
}

static const char *format_of_guests(size_t i)
{
        static const char *const names[] = { FORMAT_LIBVIRT, FORMAT_QEMU };

        return i < ELEMENTSOF(names) ? names[i] : NULL;
}

typedef struct Verb {
        const char *name;
        const char *arguments; /* as the usage text shows them */
        const char *summary;   /* NULL: for programs, not in the usage text */
        size_t max_arguments;
        unsigned accepts;                /* options */
        const char *(*format)(size_t i); /* NULL: text, and nothing else */
        int (*run)(const Options *o);
} Verb;

static int verb_help(const Options *o);
static int verb_complete(const Options *o);

/* A new verb is a row here and a file verb-*.c. */
static const Verb verbs[] = {
        { "check", "[DEVICE...]", "judge this machine, or these devices on it, change nothing (the default)", SIZE_MAX,
          ACCEPTS_FORMAT | ACCEPTS_ROOT | ACCEPTS_VERBOSE | ACCEPTS_QUIET | ACCEPTS_PAGER, format_of_report,
          verb_check },
        { "apply", "", "make what the configuration asks for true from the next boot", 0,
          ACCEPTS_FORMAT | ACCEPTS_DRY_RUN | ACCEPTS_ROOT | ACCEPTS_BOOT | ACCEPTS_WAITING | ACCEPTS_VERBOSE |
                  ACCEPTS_REBOOT,
          format_of_report, verb_apply },
        { "bootloader", "", "each entry that can boot, and its effective arguments", 0,
          ACCEPTS_FORMAT | ACCEPTS_ROOT | ACCEPTS_PAGER, format_of_others, verb_bootloader },
        { "configure", "[DEVICE...]", "ask which device goes to guests, and write it down", SIZE_MAX,
          ACCEPTS_FORMAT | ACCEPTS_DRY_RUN | ACCEPTS_ROOT | ACCEPTS_CONFIGURE, format_of_others, verb_configure },
        { "revert", "", "take back all that ptprep has changed", 0,
          ACCEPTS_FORMAT | ACCEPTS_DRY_RUN | ACCEPTS_ROOT | ACCEPTS_VERBOSE, format_of_report, verb_revert },
        { "remember", "", "note what the host's network hangs on, for when it is not up", 0,
          ACCEPTS_FORMAT | ACCEPTS_ROOT | ACCEPTS_BOOT, format_of_others, verb_remember },
        { "firmware", "", "print the firmware's tables of IOMMUs, decoded", 0,
          ACCEPTS_FORMAT | ACCEPTS_ROOT | ACCEPTS_TABLE | ACCEPTS_PAGER, format_of_others, verb_firmware },
        { "explain", "[ID]", "what a check means and how to cure what it finds; without ID: all checks", 1,
          ACCEPTS_FORMAT | ACCEPTS_PAGER, format_of_others, verb_explain },
        { "list", "[DEVICE...]", "the PCI functions, and whether they can be passed through", SIZE_MAX,
          ACCEPTS_FORMAT | ACCEPTS_ROOT | ACCEPTS_TREE | ACCEPTS_VERBOSE | ACCEPTS_QUIET | ACCEPTS_CLASS |
                  ACCEPTS_PAGER,
          format_of_others, verb_list },
        { "claim", "DEVICE...", "give a device to its stub driver now, until the next boot", SIZE_MAX,
          ACCEPTS_FORMAT | ACCEPTS_GROUP | ACCEPTS_ROOT, format_of_others, verb_claim },
        { "release", "DEVICE...", "give a device back to the host now", SIZE_MAX,
          ACCEPTS_FORMAT | ACCEPTS_GROUP | ACCEPTS_ROOT, format_of_others, verb_release },
        { "hostdev", "[DEVICE...]", "what to tell libvirt or QEMU of a device; without DEVICE: of those configured",
          SIZE_MAX, ACCEPTS_FORMAT | ACCEPTS_GROUP | ACCEPTS_QEMU | ACCEPTS_ROOT, format_of_guests, verb_hostdev },
        { "help", "", "print this text", 0, 0, NULL, verb_help },
        { "version", "", "print the version", 0, ACCEPTS_FORMAT, format_of_others, verb_version },
        { "complete", "", NULL, SIZE_MAX, 0, NULL, verb_complete },
};

enum {
        OPT_FORMAT = 256,
        OPT_JSON,
        OPT_HTML,
        OPT_DRY_RUN,
        OPT_ROOT,
        OPT_TABLE,
        OPT_TREE,
        OPT_BOOT,
        OPT_WAITING,
        OPT_REBOOT,
        OPT_CLASS,
        OPT_YES,
        OPT_ONLY,
        OPT_SET,
        OPT_CONFIG,
        OPT_NO_PAGER,
        OPT_GROUP,
        OPT_QEMU,
        OPT_VERSION,
        OPT_HELP,
        OPT_VERB,
};

static const struct option long_options[] = {
        { "format", required_argument, NULL, OPT_FORMAT },
        { "json", no_argument, NULL, OPT_JSON },
        { "html", no_argument, NULL, OPT_HTML },
        { "dry-run", no_argument, NULL, OPT_DRY_RUN },
        { "root", required_argument, NULL, OPT_ROOT },
        { "table", required_argument, NULL, OPT_TABLE },
        { "tree", no_argument, NULL, OPT_TREE },
        { "boot", no_argument, NULL, OPT_BOOT },
        { "waiting", no_argument, NULL, OPT_WAITING },
        { "reboot", no_argument, NULL, OPT_REBOOT },
        { "version", no_argument, NULL, OPT_VERSION },
        { "help", no_argument, NULL, OPT_HELP },
        { "check", no_argument, NULL, OPT_VERB },
        { "apply", no_argument, NULL, OPT_VERB },
        { "class", required_argument, NULL, OPT_CLASS },
        { "verbose", no_argument, NULL, 'v' },
        { "quiet", no_argument, NULL, 'q' },
        { "yes", no_argument, NULL, OPT_YES },
        { "only", no_argument, NULL, OPT_ONLY },
        { "set", required_argument, NULL, OPT_SET },
        { "config", required_argument, NULL, OPT_CONFIG },
        { "no-pager", no_argument, NULL, OPT_NO_PAGER },
        { "group", no_argument, NULL, OPT_GROUP },
        { "qemu", no_argument, NULL, OPT_QEMU },
        {},
};

typedef struct OptionHelp {
        int option;
        unsigned flag;
        const char *text, *summary;
        const char *format; /* that it is short for; NULL: for none */
} OptionHelp;

static const OptionHelp option_help[] = {
        { OPT_FORMAT, ACCEPTS_FORMAT, "--format=NAME", "text, json, html, prometheus or nfd; libvirt or qemu" },
        { OPT_JSON, ACCEPTS_FORMAT, "--json", "the same as --format=json", FORMAT_JSON },
        { OPT_HTML, ACCEPTS_FORMAT, "--html", "the same as --format=html", FORMAT_HTML },
        { OPT_DRY_RUN, ACCEPTS_DRY_RUN, "--dry-run", "print what would change as unified diffs, change nothing" },
        { OPT_ROOT, ACCEPTS_ROOT, "--root=DIR", "judge and change the system below DIR" },
        { OPT_TABLE, ACCEPTS_TABLE, "--table=FILE", "read a saved firmware table" },
        { OPT_TREE, ACCEPTS_TREE, "--tree", "draw the bridges as a tree" },
        { OPT_BOOT, ACCEPTS_BOOT, "--boot", "the host is booting: what failed in an earlier boot is not tried again" },
        { OPT_WAITING, ACCEPTS_WAITING, "--waiting", "only if --boot has left a device that waits for the network" },
        { OPT_REBOOT, ACCEPTS_REBOOT, "--reboot", "then restart this host, if that was not done for this plan before" },
        { OPT_CLASS, ACCEPTS_CLASS, "--class=WORD", "only this class, such as gpu, nic or nvme" },
        { 'v', ACCEPTS_VERBOSE, "-v, --verbose", "what is fine too, on a terminal; a pipe always gets all" },
        { 'q', ACCEPTS_QUIET, "-q, --quiet", "of check the exit status only, of list the addresses" },
        { OPT_YES, ACCEPTS_CONFIGURE, "--yes", "take what has to go along, and write" },
        { OPT_ONLY, ACCEPTS_CONFIGURE, "--only", "nothing but what is named" },
        { OPT_SET, ACCEPTS_CONFIGURE, "--set=SEC.KEY=VALUE", "a setting; section device: of these devices" },
        { OPT_CONFIG, ACCEPTS_CONFIGURE, "--config=FILE", "check this file and put it into ptprep.conf.d" },
        { OPT_NO_PAGER, ACCEPTS_PAGER, "--no-pager", "print on the terminal itself" },
        { OPT_GROUP, ACCEPTS_GROUP, "--group", "with all that is in one IOMMU group with it" },
        { OPT_QEMU, ACCEPTS_QEMU, "--qemu", "the same as --format=qemu", FORMAT_QEMU },
        { OPT_VERSION, 0, "--version", "print the version" },
        { OPT_HELP, 0, "--help", "print this text" },
};

static bool has_format(const Verb *v, const char *name)
{
        for (size_t i = 0; v->format && v->format(i); i++)
                if (streq(v->format(i), name))
                        return true;
        return false;
}

/* Has the verb this option? One without a flag is no verb's. */
static bool goes_with(const OptionHelp *h, const Verb *v)
{
        return (v->accepts & h->flag) && (!h->format || has_format(v, h->format));
}

#define HELP_WIDTH  80
#define HELP_INDENT 24 /* of what is said of a verb or an option */

/* The verbs that it goes with, behind its summary or, where that is too long, below it. */
static void print_option(const OptionHelp *h)
{
        size_t n = HELP_INDENT + strlen(h->summary);
        const char *separator = " (";

        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                n += goes_with(h, v) ? strlen(", ") + strlen(v->name) : 0;
        printf("  %-*s%s", HELP_INDENT - 2, h->text, h->summary);
        if (h->flag && n >= HELP_WIDTH)
                printf("\n%*s", HELP_INDENT - 1, "");
        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                if (goes_with(h, v)) {
                        printf("%s%s", separator, v->name);
                        separator = ", ";
                }
        puts(h->flag ? ")" : "");
}

static int verb_help(const Options *unused)
{
        (void) unused;
        fputs("ptprep [OPTION...] [VERB]\n\nMakes this host ready for PCI passthrough, and says what stands in the "
              "way.\n\nVerbs (check and apply also as --check and --apply):\n",
              stdout);
        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                if (v->summary)
                        printf("  %s %-*s%s\n", v->name, (int) (HELP_INDENT - 3 - strlen(v->name)), v->arguments,
                               v->summary);
        fputs("\nOptions:\n", stdout);
        FOREACH_ARRAY(h, option_help, ELEMENTSOF(option_help))
                print_option(h);
        fputs("\nExit status: 0 ready, 1 ptprep or a reboot can cure it, 2 a person has to act,\n"
              "3 a change failed and was put back, 4 it cannot be told from here, 5 it could not\n"
              "be put back, from 64 on as in sysexits.h.\n"
              "See ptprep(8) and ptprep.conf(5).\n",
              stdout);
        return print_text("");
}

static const Verb *verb_by_name(const char *name)
{
        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                if (streq(v->name, name))
                        return v;
        return NULL;
}

static int no_such_verb(const char *given)
{
        TextGuess g = { .given = given };

        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                if (v->summary)
                        text_guess(&g, v->name);
        if (g.name)
                tell("there is no verb \"%s\", did you mean \"%s\"?", given, g.name);
        else
                tell("there is no verb \"%s\"; \"ptprep --help\" lists what there is", given);
        return EXIT_USAGE;
}

/* @c: of getopt_long(). @given: as it stands on the command line. */
static int no_such_option(int c, const char *given)
{
        _cleanup_free_ char *name = strndup(given, strcspn(given, "="));
        TextGuess g = { .given = name ?: given };

        if (c == ':') {
                tell("option '%s' requires an argument", given);
                return EXIT_USAGE;
        }
        if (startswith(g.given, "--")) {
                g.given += 2;
                for (const struct option *o = long_options; o->name; o++)
                        text_guess(&g, o->name);
        }
        if (g.name)
                tell("unrecognized option '%s', did you mean \"--%s\"?", given, g.name);
        else
                tell("unrecognized option '%s'; \"ptprep --help\" lists what there is", given);
        return EXIT_USAGE;
}

static int usage_error(const char *format, const char *what, const char *verb)
{
        _cleanup_free_ char *text = NULL;

        string_printf(&text, format, what, verb);
        tell("%s; \"ptprep --help\" lists what there is", text ?: strerror(ENOMEM));
        return EXIT_USAGE;
}

/* What an option of that name takes, as far as it can be told; names of files are the shell's matter. */
static void complete_value(const Verb *v, int option, const char *name, const char *word)
{
        if (option == OPT_CLASS)
                complete_classes(word, name);
        for (size_t i = 0; option == OPT_FORMAT && v->format && v->format(i); i++) {
                _cleanup_free_ char *text = NULL;

                if (string_printf(&text, "%s%s", name, v->format(i)) >= 0)
                        complete_offer(word, text, NULL);
        }
}

/* @v: NULL: none is given so far, which is the first of the table, and any may follow. */
static void complete_options(const Verb *v, const char *word)
{
        FOREACH_ARRAY(h, option_help, ELEMENTSOF(option_help)) {
                const char *start = strstr(h->text, "--");
                size_t n = strcspn(start, "=");
                _cleanup_free_ char *name = strndup(start, n + (start[n] == '='));

                if (!name || (v && h->flag && !goes_with(h, v)))
                        continue;
                if (start[n] == '=' && startswith(word, name))
                        complete_value(v ?: verbs, h->option, name, word);
                else
                        complete_offer(word, name, h->summary);
        }
}

/* complete -- WORD...: of a command line what is there so far, the last word perhaps empty or not whole. */
static int verb_complete(const Options *o)
{
        const char *root = "/", *word = o->n_arguments > 0 ? o->arguments[o->n_arguments - 1] : "";
        const Verb *v = NULL;

        for (size_t i = 0; i + 1 < o->n_arguments; i++) {
                const char *a = o->arguments[i], *option = startswith(a, "--");

                root = startswith(a, "--root=") ?: root;
                v = v ?: verb_by_name(option ?: a); /* check and apply are options as well */
        }
        if (*word == '-')
                complete_options(v, word);
        else if (!v)
                FOREACH_ARRAY(i, verbs, ELEMENTSOF(verbs)) {
                        if (i->summary)
                                complete_offer(word, i->name, i->summary);
                }
        else if (strstr(v->arguments, "DEVICE"))
                complete_devices(word, root);
        else if (strstr(v->arguments, "ID"))
                complete_checks(word);
        return print_text("");
}

int main(int argc, char *argv[])
{
        const Verb *verb = NULL;
        _cleanup_free_ const char **settings = calloc((size_t) argc + 1, sizeof(*settings));
        Options o = { .root = "/", .settings = settings };
        unsigned given = 0;
        bool no_pager = false;
        int c, index = 0;

        if (standard_streams_open() < 0)
                return EXIT_USAGE; /* and nowhere to say so */
        if (!settings)
                return complain("reading the command line", -ENOMEM);
        /* A closed pipe is an error of write(2), and one that print_text() knows; it must not end a run half-way. */
        (void) signal(SIGPIPE, SIG_IGN);
        (void) signal(SIGXFSZ, SIG_IGN); /* a limit on sizes is an error of write(2), too */
        opterr = 0;                      /* what is wrong is said here */
        while ((c = getopt_long(argc, argv, ":hVvq", long_options, &index)) >= 0) {
                FOREACH_ARRAY(h, option_help, ELEMENTSOF(option_help))
                        if (h->option == c)
                                given |= h->flag;
                switch (c) {
                case OPT_FORMAT:
                        o.format = optarg;
                        break;
                case OPT_JSON:
                        o.format = FORMAT_JSON;
                        break;
                case OPT_HTML:
                        o.format = FORMAT_HTML;
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
                case OPT_WAITING:
                        o.waiting = true;
                        break;
                case OPT_BOOT:
                        o.boot = true;
                        break;
                case OPT_REBOOT:
                        o.reboot = true;
                        break;
                case OPT_CLASS:
                        o.class = optarg;
                        break;
                case OPT_YES:
                        o.yes = true;
                        break;
                case OPT_ONLY:
                        o.only = true;
                        break;
                case OPT_SET:
                        settings[o.n_settings++] = optarg;
                        break;
                case OPT_CONFIG:
                        o.config = optarg;
                        break;
                case OPT_NO_PAGER:
                        no_pager = true;
                        break;
                case 'v':
                        o.verbose = true;
                        break;
                case 'q':
                        o.quiet = true;
                        break;
                case OPT_GROUP:
                        o.group = true;
                        break;
                case OPT_QEMU:
                        o.format = FORMAT_QEMU;
                        break;
                case OPT_VERSION:
                case 'V':
                        verb = verb_by_name("version");
                        break;
                case OPT_HELP:
                case 'h':
                        return verb_help(&o);
                case OPT_VERB:
                        if (verb && !streq(verb->name, long_options[index].name))
                                return usage_error("--%s does not go with the verb %s", long_options[index].name,
                                                   verb->name);
                        verb = verb_by_name(long_options[index].name);
                        break;
                default:
                        return no_such_option(c, argv[optind - 1]);
                }
        }
        if (optind < argc && !verb) {
                verb = verb_by_name(argv[optind]);
                if (!verb)
                        return no_such_verb(argv[optind]);
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
        if (!o.format)
                o.format = verb->format ? verb->format(0) : FORMAT_TEXT;
        if (verb->format && !has_format(verb, o.format))
                return usage_error("there is no format \"%s\" of %s", o.format, verb->name);
        if (options_json(&o) && json_load() < 0)
                return tell_not_installed("libjson-c", "JSON");
        if ((verb->accepts & ACCEPTS_PAGER) && !no_pager && !o.quiet)
                pager_open();
        c = verb->run(&o);
        pager_close();
        return c;
}
