/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "apply/notify.h"
#include "base/text.h"
#include "model/names.h"
#include "probe/config-load.h"
#include "probe/probe.h"

int complain(const char *what, int error)
{
        fprintf(stderr, "ptprep: %s: %s\n", what, strerror(-error));
        return EXIT_NOT_READY;
}

void run_done(Run *r)
{
        plan_done(&r->plan);
        finding_list_done(&r->findings);
        wanted_done(&r->wanted);
        facts_done(&r->facts);
        config_done(&r->config);
}

void run_init(Run *r)
{
        *r = (Run){};
        config_init(&r->config);
        facts_init(&r->facts);
}

int run_look_unconfigured(Run *r, int rfd, bool live)
{
        int e = facts_gather(rfd, live, &r->config, &r->facts);

        if (e >= 0 && r->mounts)
                e = boot_mounts_copy(r->mounts, &r->facts.boot_mounts);
        if (e < 0)
                return complain("reading the machine's state", e);
        e = wanted_compute(&r->config, &r->facts, &r->wanted);
        r->judgement = (Judgement){ &r->config, &r->facts, &r->wanted };
        return e < 0 ? complain("judging the machine's state", e) : EXIT_READY;
}

int run_look(Run *r, int rfd, bool live)
{
        _cleanup_(config_error_done) ConfigError error = {};
        int code, e = config_load(rfd, &r->config, &error);

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
        code = run_look_unconfigured(r, rfd, live);
        if (code != EXIT_READY)
                return code;
        e = checks_run(&r->judgement, &r->findings);
        return e < 0 ? complain("judging the machine's state", e) : EXIT_READY;
}

int run_lock(const char *what, int rfd, int *ret)
{
        int fd;

        if (geteuid() != 0) {
                fprintf(stderr, "ptprep: %s changes the system: run it as root, or look with --dry-run\n", what);
                return EXIT_USAGE;
        }
        fd = apply_lock(rfd);
        if (fd == -EWOULDBLOCK) {
                fputs("ptprep: another run of ptprep is changing this system; try again when it is done\n", stderr);
                return EXIT_NOT_READY;
        }
        if (fd < 0)
                return complain(NAME_LOCK, fd);
        *ret = fd;
        return EXIT_READY;
}

static void show_progress(const Step *s, size_t i, size_t n, void *userdata)
{
        _cleanup_free_ char *text = NULL;
        const char *hint = s->kind == STEP_REBUILD_IMAGE ? " (this takes a minute)" : "";

        (void) userdata;
        if (string_printf(&text, "[%zu/%zu] %s %s%s", i + 1, n, step_action(s), s->path, hint) < 0)
                return;
        notify_status(text);
        fprintf(stderr, "ptprep: %s\n", text);
}

/* What was written is written, and the mounts end with this process: that they stay writable until then is only told.
 */
static void close_mounts(const BootMounts *mounts)
{
        const char *target = NULL;
        int e = apply_mounts_close(mounts, &target);

        if (e < 0)
                (void) complain(target ?: "/boot", e);
}

int run_apply(const Run *r, int rfd, bool live, ApplyResult *ret)
{
        const ApplyOptions options = { .rfd = rfd, .live = live, .progress = show_progress };
        int e = r->mounts ? apply_mounts_writable(r->mounts, &r->plan, &ret->failure) : 0;

        if (e >= 0) {
                e = apply_plan(&options, &r->plan, ret);
                if (r->mounts)
                        close_mounts(r->mounts);
        }
        if (e < 0 && !ret->failure && !(ret->failure = strdup(strerror(-e))))
                (void) complain("applying the plan", e);
        return e;
}

int run_print_plan(const Run *r, size_t n_checked)
{
        int e = report_dry_run(stdout, &r->plan);
        bool blocked = false;

        if (e < 0 && e != -EPIPE)
                (void) complain("writing the plan", e);
        FOREACH_ARRAY(f, r->findings.items, r->findings.n) {
                if (f->result != RESULT_BLOCKED && f < r->findings.items + n_checked)
                        continue;
                blocked = blocked || f->result == RESULT_BLOCKED;
                fprintf(stderr, "ptprep: %s: %s: %s%s%s\n", result_to_string(f->result), f->check, f->subject ?: "",
                        f->subject ? ": " : "", f->detail);
                if (f->cure)
                        fprintf(stderr, "ptprep:   -> %s\n", f->cure);
        }
        if (r->plan.n == 0)
                fprintf(stderr, "ptprep: nothing %s\n", blocked ? "would be changed" : "to change");
        return result_to_exit_code(finding_worst(&r->findings));
}

static bool want_color(void)
{
        const char *term = getenv("TERM"), *no = getenv("NO_COLOR"); /* no-color.org: any value but the empty one */

        return isatty(STDOUT_FILENO) && !(no && *no) && term && !streq(term, "dumb");
}

int print_text(const char *text)
{
        if ((fputs(text, stdout) < 0 || fflush(stdout) != 0) && errno != EPIPE)
                return complain("writing", negative_errno());
        return EXIT_READY;
}

int print_report(const Report *report, bool json)
{
        _cleanup_free_ char *text = NULL;
        int r;

        if (json) {
                r = report_json(report, &text);
                if (r >= 0)
                        (void) !print_text(text);
        } else
                r = report_text(stdout, report, want_color());
        if (r < 0 && r != -EPIPE)
                (void) complain("writing the report", r);
        return report->exit_code;
}

int run_mount(int *rfd, bool live, BootMounts *ret)
{
        int e = live ? boot_mounts_open(rfd, ret) : 0;

        return e < 0 ? complain("looking for what is not mounted", e) : EXIT_READY;
}

int run_open_root(const Options *o, bool *ret_live)
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
