/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "apply/notify.h"
#include "base/io.h"
#include "base/text.h"
#include "core/planner.h"
#include "core/selinux-booleans.h"
#include "model/names.h"
#include "output.h"
#include "probe/companions.h"
#include "probe/probe.h"

/* Of a tenth of a second each. */
#define MAKER_PAUSES_MAX 300U

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
        int e = facts_gather(
                rfd, (live ? FACTS_LIVE : 0) | (r->boot ? FACTS_BOOT : 0) | (r->functions ? FACTS_FUNCTIONS : 0),
                &r->config, &r->facts);

        if (e >= 0 && r->mounts)
                e = boot_mounts_copy(r->mounts, &r->facts.boot_mounts);
        if (e < 0)
                return complain("reading the machine's state", e);
        e = wanted_compute(&r->config, &r->facts, &r->wanted);
        r->judgement = (Judgement){ &r->config, &r->facts, &r->wanted };
        return e < 0 ? complain("judging the machine's state", e) : EXIT_READY;
}

/* A configuration that cannot be taken as a whole asks for nothing, and that is all there is to say. */
static int refuse_config(Run *r, const ConfigError *error)
{
        _cleanup_free_ char *place = config_error_place(error);

        config_done(&r->config);
        config_init(&r->config);
        r->bad_config = true;
        if (!place)
                return -ENOMEM;
        return finding_add(&r->findings, "config.valid", RESULT_BLOCKED, place, CURE_CONFIGURATION,
                           "correct it, see ptprep.conf(5)", "%s", error->message);
}

int run_tell_config(const ConfigError *error, int e)
{
        _cleanup_free_ char *place = error->message ? config_error_place(error) : NULL;

        if (!place)
                return complain(NAME_CONFIG_FILE, error->message ? -ENOMEM : e);
        tell("%s: %s", place, error->message);
        if (e == -ENOMEM)
                return EXIT_INTERNAL;
        if (e == -EACCES && geteuid() != 0)
                return EXIT_PRIVILEGE;
        return config_error_of_system(e) ? EXIT_IO : EXIT_CONFIG;
}

int run_look(Run *r, int rfd, bool live)
{
        _cleanup_(config_error_done) ConfigError error = {};
        int code, e = config_load(rfd, &r->config, &error);

        if (e < 0 && config_error_of_system(e))
                return run_tell_config(&error, e);
        if (e < 0 && error.message)
                e = refuse_config(r, &error);
        if (e >= 0)
                e = companions_add(rfd, &r->config);
        if (e < 0)
                return complain(NAME_CONFIG_FILE, e);
        code = run_look_unconfigured(r, rfd, live);
        if (code != EXIT_READY || r->bad_config)
                return code;
        e = checks_run(&r->judgement, &r->findings);
        return e < 0 ? complain("judging the machine's state", e) : EXIT_READY;
}

int run_lock(const char *what, int rfd, bool live, ApplyLock *ret)
{
        int r;

        if (geteuid() != 0) {
                tell("%s changes the system: run it as root, or look with --dry-run", what);
                return EXIT_PRIVILEGE;
        }
        r = apply_lock(rfd, live, ret);
        if (r == -EWOULDBLOCK) {
                tell("another run of ptprep is changing this system; try again when it is done");
                return EXIT_BUSY;
        }
        return r < 0 ? complain(NAME_LOCK, r) : EXIT_READY;
}

/* What takes longest: how far it is. */
static int image_hint(const Plan *plan, const Step *image, char **ret)
{
        size_t n = 0, at = 0;

        FOREACH_ARRAY(s, plan->steps, plan->n) {
                n += s->kind == STEP_REBUILD_IMAGE;
                if (s == image)
                        at = n;
        }
        return n > 1 ? string_printf(ret, " (image %zu of %zu, each takes a minute)", at, n)
                     : string_printf(ret, " (this takes a minute)");
}

static void show_progress(const Step *s, size_t i, size_t n, void *userdata)
{
        _cleanup_free_ char *text = NULL, *hint = NULL;

        if (s->kind == STEP_REBUILD_IMAGE && image_hint(userdata, s, &hint) < 0)
                return;
        if (string_printf(&text, "[%zu/%zu] %s %s%s", i + 1, n, step_action(s), s->path, hint ?: "") < 0)
                return;
        notify_status(text);
        tell("%s", text);
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
        const ApplyOptions options = {
                .rfd = rfd, .live = live, .progress = show_progress, .lock = r->lock, .userdata = (void *) &r->plan
        };
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

/* For another look: what the verb has set stays. */
static void reset(Run *r)
{
        const BootMounts *mounts = r->mounts;
        int lock = r->lock;
        bool boot = r->boot, functions = r->functions;

        run_done(r);
        run_init(r);
        r->boot = boot;
        r->functions = functions;
        r->mounts = mounts;
        r->lock = lock;
}

int run_recover(Run *r, int rfd, bool live, bool dry, int (*look)(Run *r, int rfd, bool live), ApplyResult *ret)
{
        _cleanup_(finding_list_done) FindingList told = {};
        int code, e = plan_recover(&r->facts, &r->plan);

        if (e < 0)
                return complain("planning", e);
        if (r->plan.n == 0 || dry)
                return EXIT_READY;
        e = run_apply(r, rfd, live, ret);
        if (e < 0)
                return EXIT_INTERNAL;
        for (size_t i = 0; i < ret->warnings.n && e >= 0; i++)
                e = finding_add(&told, "record.restored", RESULT_WARN, r->plan.steps[ret->warnings.items[i].step].path,
                                CURE_PERSON, "compare the two, and remove the one that is not wanted", "%s",
                                ret->warnings.items[i].text);
        apply_result_done(ret);
        reset(r);
        code = e < 0 ? complain("writing the report", e) : look(r, rfd, live);
        e = code == EXIT_READY ? finding_add_all(&r->findings, &told, 0) : 0;
        return e < 0 ? complain("writing the report", e) : code;
}

/* Is there one without a driver? -ENOMEM */
static int maker_waits(const Wanted *w, int rfd)
{
        FOREACH_ARRAY(m, w->makers, w->n_makers) {
                _cleanup_free_ char *path = NULL;
                struct stat st;

                if (m->state != MAKER_NO_DRIVER)
                        continue;
                if (string_printf(&path, NAME_SYS_PCI_DEVICES "/%s/driver", PCI_ADDR_TEXT(m->config->address)) < 0)
                        return -ENOMEM;
                if (root_stat(rfd, path, &st) == -ENOENT)
                        return true;
        }
        return false;
}

int run_await_makers(Run *r, int rfd, bool live)
{
        const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
        int e = maker_waits(&r->wanted, rfd);
        const bool waited = e > 0;

        for (unsigned i = 0; i < MAKER_PAUSES_MAX && e > 0; i++) {
                (void) nanosleep(&pause, NULL);
                e = maker_waits(&r->wanted, rfd);
        }
        if (e < 0)
                return complain("waiting for host drivers", e);
        if (!waited)
                return EXIT_READY;
        reset(r);
        return run_look(r, rfd, live);
}

static int tell_left(const Step *s, const char *why, FindingList *findings)
{
        const bool whole = s->kind == STEP_COMMAND;

        return finding_add(findings, "image.current", RESULT_BLOCKED, s->path, CURE_PERSON,
                           whole ? "cure why it could not be made, such as a full EFI system partition, and run "
                                   "\"ptprep revert\" again; until then it boots and claims as before"
                                 : "cure why it could not be built, such as a full /boot, and run \"ptprep revert\" "
                                   "again; without ptprep.claim=1 nothing of ptprep's in it is used",
                           whole ? "ptprep's arguments and claim list are still in it: %s"
                                 : "ptprep's claim list is still in it: %s",
                           why);
}

int run_tell_notes(ApplyResult *result, Plan *p, FindingList *findings)
{
        int e = 0;

        for (size_t i = 0; i < result->warnings.n && e >= 0; i++) {
                const StepNote *n = result->warnings.items + i;
                const Step *s = p->steps + n->step;

                e = finding_add(findings, s->check, RESULT_WARN, s->path, CURE_PERSON, "see whether it is to be there",
                                "%s", n->text);
        }
        for (size_t i = 0; i < result->left.n && e >= 0; i++) {
                const StepNote *n = result->left.items + i;

                const Step *s = p->steps + n->step;

                if (n->text)
                        e = s->kind == STEP_BOOLEAN ? selinux_tell_left(&s->boolean, n->text, findings)
                                                    : tell_left(s, n->text, findings);
        }
        if (e < 0)
                return e;
        for (size_t i = result->left.n; i-- > 0; result->n_done--)
                plan_remove(p, result->left.items[i].step);
        return 0;
}

int run_mount(int *rfd, bool live, BootMounts *ret)
{
        int e = live ? boot_mounts_open(rfd, ret) : 0;

        return e < 0 ? complain("looking for what is not mounted", e) : EXIT_READY;
}

int run_open_root(const char *root, bool *ret_live)
{
        int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat a, b;

        if (fd < 0) {
                int e = negative_errno();

                tell("--root=%s: %s", root, strerror(-e));
                return e;
        }
        *ret_live = fstat(fd, &a) >= 0 && stat("/", &b) >= 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
        return fd;
}
