/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reboot.h"

#include <sys/stat.h>

#include "apply/reboot.h"
#include "core/next-boot.h"
#include "core/reboot-once.h"
#include "output.h"

/*
 * An installer's chroot has the machine's own devices, and is another system than the one that runs, as systemctl sees
 * it. A unit with limits cannot look there; then it is enough to be one (systemd.exec(5), $INVOCATION_ID).
 */
static bool in_chroot(void)
{
        struct stat own, init;

        if (stat("/", &own) < 0)
                return true;
        if (stat("/proc/1/root", &init) < 0)
                return !getenv("INVOCATION_ID");
        return own.st_dev != init.st_dev || own.st_ino != init.st_ino;
}

/* Is a reboot due, or would it be, if it did not boot something else? */
static bool was_expected(const Report *report)
{
        const BootEntry *once = NULL;

        return report_reboot_required(report) ||
               (report_changed_something(report) && boot_once_lacks(report->judgement, &once));
}

/* Says nothing where nothing was to be expected: most boots change nothing. */
static bool refused(const Options *o, const Report *report)
{
        const char *why = reboot_refusal(report);

        if (!why && in_chroot())
                why = "its root is not that of the system that runs";
        if (why && (o->reboot || was_expected(report)))
                tell("this host is not restarted: %s", why);
        return why;
}

void reboot_once(const Options *o, int rfd, int lock, const Report *report)
{
        const Facts *f = report->judgement->facts;
        _cleanup_free_ char *text = NULL, *failure = NULL;
        char digest[REBOOTS_DIGEST + 1];
        int r;

        if ((!o->reboot && !report->judgement->config->reboot_once) || refused(o, report))
                return;
        reboot_plan_digest(report->judgement, digest);
        r = reboots_add(f->reboots, digest, f->origin.boot_id, &text);
        if (r == -E2BIG) {
                tell("this host is not restarted: %u plans are in %s, and there is room for no more", REBOOTS_MAX,
                     reboots_places[0]);
                return;
        }
        if (r >= 0)
                r = apply_reboots_write(rfd, text, &failure);
        if (r >= 0 && failure) {
                tell("this host is not restarted, as it could not be recorded: %s", failure);
                return;
        }
        if (r >= 0) {
                tell("restarting this host, once for this plan (%s)", digest);
                r = apply_reboot(rfd, lock, o->boot, &failure);
        }
        if (r < 0)
                (void) complain("restarting this host", r);
        else if (failure)
                tell("this host is not restarted: %s; reboot by hand, it is not tried again", failure);
}
