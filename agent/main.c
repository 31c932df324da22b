/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <signal.h>
#include <sys/stat.h>

#include "apply/apply.h"
#include "apply/notify.h"
#include "base/io.h"
#include "core/check.h"
#include "core/planner.h"
#include "core/report.h"
#include "core/wanted.h"
#include "model/names.h"
#include "probe/config-load.h"
#include "probe/probe.h"
#include "version.h"

/* The only file that sees all layers: read once, judge, plan, write, report. */

typedef struct Options {
        const char *root;
        bool json, dry_run;
} Options;

/* One look at the machine, and what it means. */
typedef struct Run {
        Config config;
        Facts facts;
        Wanted wanted;
        Judgement judgement;
        FindingList findings;
        Plan plan;
} Run;

typedef struct Verb {
        const char *name;
        const char *summary;
        int (*run)(const Options *o);
} Verb;

static int complain(const char *what, int error)
{
        fprintf(stderr, "ptprep: %s: %s\n", what, strerror(-error));
        return EXIT_NOT_READY;
}

static void run_done(Run *r)
{
        plan_done(&r->plan);
        finding_list_done(&r->findings);
        wanted_done(&r->wanted);
        facts_done(&r->facts);
        config_done(&r->config);
}

static void run_init(Run *r)
{
        *r = (Run){};
        config_init(&r->config);
        facts_init(&r->facts);
}

/* All the reading and all the judging. Exit code EXIT_READY (0) when it could be done at all. */
static int run_look(Run *r, int rfd, bool live)
{
        _cleanup_(config_error_done) ConfigError error = {};
        int e = config_load(rfd, &r->config, &error);

        if (e < 0) {
                if (error.message && error.line > 0)
                        fprintf(stderr, "ptprep: %s:%u: %s\n", error.file, error.line, error.message);
                else if (error.message)
                        fprintf(stderr, "ptprep: %s: %s\n", error.file, error.message);
                else
                        return complain(NAME_CONFIG_FILE, e);
                fputs("ptprep: bad configuration, nothing was changed; see ptprep.conf(5)\n", stderr);
                return EXIT_CONFIG;
        }
        e = facts_gather(rfd, live, &r->config, &r->facts);
        if (e < 0)
                return complain("reading the machine's state", e);
        e = wanted_compute(&r->config, &r->facts, &r->wanted);
        r->judgement = (Judgement){ &r->config, &r->facts, &r->wanted };
        if (e >= 0)
                e = checks_run(&r->judgement, &r->findings);
        if (e < 0)
                return complain("judging the machine's state", e);
        return EXIT_READY;
}

static bool want_color(void)
{
        const char *term = getenv("TERM"), *no = getenv("NO_COLOR"); /* no-color.org: any value but the empty one */

        return isatty(STDOUT_FILENO) && !(no && *no) && term && !streq(term, "dumb");
}

static int print_report(const Report *report, bool json)
{
        _cleanup_free_ char *text = NULL;
        int r;

        if (!json)
                r = report_text(stdout, report, want_color());
        else {
                r = report_json(report, &text);
                if (r >= 0 && (fputs(text, stdout) < 0 || fflush(stdout) != 0))
                        r = negative_errno();
        }
        /* A reader that has seen enough, such as head(1), is no error. */
        if (r < 0 && r != -EPIPE)
                (void) complain("writing the report", r);
        return report->exit_code;
}

static int open_root(const Options *o, bool *ret_live)
{
        int fd = open(o->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat a, b;

        if (fd < 0) {
                fprintf(stderr, "ptprep: --root=%s: %s\n", o->root, strerror(errno));
                return -errno;
        }
        *ret_live = fstat(fd, &a) >= 0 && stat("/", &b) >= 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
        return fd;
}

static int verb_check(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF;
        _cleanup_(run_done) Run run;
        bool live = false;
        int code;

        run_init(&run);
        rfd = open_root(o, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        code = run_look(&run, rfd, live);
        if (code != EXIT_READY)
                return code;
        return print_report(&(Report){ .judgement = &run.judgement,
                                       .findings = &run.findings,
                                       .exit_code = result_to_exit_code(finding_worst(&run.findings)) },
                            o->json);
}

static void show_progress(const Step *s, size_t i, size_t n, void *userdata)
{
        _cleanup_free_ char *text = NULL;
        const char *hint = s->kind == STEP_REBUILD_IMAGE ? " (this takes a minute)" : "";

        (void) userdata;
        if (asprintf(&text, "[%zu/%zu] %s %s%s", i + 1, n, step_kind_to_string(s->kind), s->path, hint) < 0) {
                text = NULL;
                return;
        }
        notify_status(text);
        fprintf(stderr, "ptprep: %s\n", text);
}

/* The stored reports; that a disk is full does not change what was found. */
static void store_report(int rfd, bool live, const Report *report)
{
        _cleanup_free_ char *json = NULL, *text = NULL;
        const char *const folders[] = { NAME_STATE_DIR, NAME_RUN_DIR };
        size_t size;
        FILE *f;
        int r = report_json(report, &json);

        if (r < 0) {
                (void) complain("storing the report", r);
                return;
        }
        f = open_memstream(&text, &size);
        r = f ? report_text(f, report, false) : -ENOMEM;
        if (f && fclose(f) != 0)
                r = -ENOMEM;
        /* /run of an image is not this boot's */
        for (size_t i = 0; r >= 0 && i < (live ? 2U : 1U); i++) {
                r = apply_report(rfd, folders[i], NAME_REPORT_JSON, json);
                if (r >= 0)
                        r = apply_report(rfd, folders[i], NAME_REPORT_TEXT, text);
        }
        if (r < 0)
                (void) complain("storing the report", r);
        if (live) {
                r = notify_findings(report->findings, report_verdict(report));
                if (r < 0)
                        (void) complain("writing to the journal", r);
        }
}

/* After a change: look again, because what counts is what is there now. */
static int report_outcome(const Options *o, int rfd, bool live, const Plan *plan, const ApplyResult *result)
{
        _cleanup_(run_done) Run run;
        Report report;
        int code;

        run_init(&run);
        code = run_look(&run, rfd, live);
        if (code != EXIT_READY)
                return code;
        report = (Report){ .judgement = &run.judgement,
                           .findings = &run.findings,
                           .plan = plan,
                           .steps_done = result->n_done,
                           .failure = result->failure,
                           .exit_code = result->failure ? EXIT_ROLLED_BACK
                                                        : result_to_exit_code(finding_worst(&run.findings)) };
        store_report(rfd, live, &report);
        return print_report(&report, o->json);
}

static int verb_apply(const Options *o)
{
        _cleanup_close_ int rfd = -EBADF, lock = -EBADF;
        _cleanup_(apply_result_done) ApplyResult result = {};
        _cleanup_(run_done) Run run;
        bool live = false;
        int code, r;

        run_init(&run);
        rfd = open_root(o, &live);
        if (rfd < 0)
                return EXIT_USAGE;
        if (!o->dry_run && geteuid() != 0) {
                fputs("ptprep: --apply changes the system: run it as root, or look with --check or --apply --dry-run\n",
                      stderr);
                return EXIT_USAGE;
        }
        if (!o->dry_run) {
                lock = apply_lock(rfd);
                if (lock == -EWOULDBLOCK) {
                        fputs("ptprep: another \"ptprep --apply\" is running; try again when it is done\n", stderr);
                        return EXIT_NOT_READY;
                }
                if (lock < 0)
                        return complain(NAME_LOCK, lock);
        }
        code = run_look(&run, rfd, live);
        if (code != EXIT_READY)
                return code;
        r = plan_compute(&run.judgement, &run.findings, &run.plan);
        if (r < 0)
                return complain("planning", r);
        if (o->dry_run) {
                r = report_dry_run(stdout, &run.plan);
                if (r < 0 && r != -EPIPE)
                        (void) complain("writing the plan", r);
                if (run.plan.n == 0)
                        fputs("ptprep: nothing to change\n", stderr);
                return result_to_exit_code(finding_worst(&run.findings));
        }
        if (run.plan.n == 0) {
                Report report = { .judgement = &run.judgement,
                                  .findings = &run.findings,
                                  .plan = &run.plan,
                                  .exit_code = result_to_exit_code(finding_worst(&run.findings)) };

                store_report(rfd, live, &report);
                return print_report(&report, o->json);
        }
        r = apply_plan(&(ApplyOptions){ .rfd = rfd, .live = live, .progress = show_progress }, &run.plan, &result);
        if (r < 0 && !result.failure) {
                result.failure = strdup(strerror(-r));
                if (!result.failure)
                        return complain("applying the plan", r);
        }
        return report_outcome(o, rfd, live, &run.plan, &result);
}

/* A new verb is a row here and a function above it. */
static const Verb verbs[] = {
        { "check", "judge this machine, change nothing (the default)", verb_check },
        { "apply", "make what the configuration asks for true from the next boot", verb_apply },
};

static void usage(FILE *f)
{
        fputs("ptprep [OPTION...] [VERB]\n\nMakes this host ready for PCI passthrough, and says what stands in the "
              "way.\n\n"
              "Verbs (also as --VERB):\n",
              f);
        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                fprintf(f, "  %-10s %s\n", v->name, v->summary);
        fputs("\nOptions:\n"
              "  --json      print the report as JSON\n"
              "  --dry-run   with apply: print what would change as unified diffs, change nothing\n"
              "  --root=DIR  judge and change the system below DIR\n"
              "  --version   print the version\n"
              "  --help      print this text\n\n"
              "Exit status: 0 ready, 1 ptprep or a reboot can cure it, 2 a person has to act,\n"
              "3 a change failed and was put back, 64 usage, 78 bad configuration.\n"
              "See ptprep(8) and ptprep.conf(5).\n",
              f);
}

static const Verb *verb_by_name(const char *name)
{
        FOREACH_ARRAY(v, verbs, ELEMENTSOF(verbs))
                if (streq(v->name, name))
                        return v;
        return NULL;
}

static int usage_error(const char *format, const char *what)
{
        fputs("ptprep: ", stderr);
        fprintf(stderr, format, what);
        fputs("; \"ptprep --help\" lists what there is\n", stderr);
        return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
        enum { OPT_JSON = 256, OPT_DRY_RUN, OPT_ROOT, OPT_VERSION, OPT_HELP, OPT_VERB };
        static const struct option long_options[] = {
                { "json", no_argument, NULL, OPT_JSON },       { "dry-run", no_argument, NULL, OPT_DRY_RUN },
                { "root", required_argument, NULL, OPT_ROOT }, { "version", no_argument, NULL, OPT_VERSION },
                { "help", no_argument, NULL, OPT_HELP },       { "check", no_argument, NULL, OPT_VERB },
                { "apply", no_argument, NULL, OPT_VERB },      {},
        };
        const Verb *verb = NULL;
        Options o = { .root = "/" };
        int c, index = 0;

        /* A closed pipe is an error of write(2), and one that print_report() knows; it must not end a run half-way. */
        (void) signal(SIGPIPE, SIG_IGN);
        while ((c = getopt_long(argc, argv, "h", long_options, &index)) >= 0)
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
                case OPT_VERSION:
                        puts("ptprep " PTPREP_VERSION);
                        return EXIT_READY;
                case OPT_HELP:
                case 'h':
                        usage(stdout);
                        return EXIT_READY;
                case OPT_VERB:
                        if (verb && !streq(verb->name, long_options[index].name))
                                return usage_error("--%s does not go with another verb", long_options[index].name);
                        verb = verb_by_name(long_options[index].name);
                        break;
                default: /* getopt has said what is wrong */
                        return EXIT_USAGE;
                }
        if (optind < argc) {
                const Verb *named = verb_by_name(argv[optind]);

                if (!named)
                        return usage_error("there is no verb \"%s\"", argv[optind]);
                if (verb && verb != named)
                        return usage_error("\"%s\" does not go with another verb", argv[optind]);
                verb = named;
                optind++;
        }
        if (optind < argc)
                return usage_error("unexpected argument \"%s\"", argv[optind]);
        if (!verb)
                verb = verbs;
        if (o.dry_run && verb->run != verb_apply)
                return usage_error("--dry-run goes with %s", "apply");
        return verb->run(&o);
}
