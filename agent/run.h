/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "apply/apply.h"
#include "apply/lock.h"
#include "core/check.h"
#include "model/config.h"
#include "model/facts.h"
#include "model/plan.h"
#include "probe/config-load.h"

/* What the verbs share: looking at the machine, and changing it. What they print goes through output.h. */

/* One look at the machine, and what it means. run_init() first, run_done() at the end. */
typedef struct Run {
        const BootMounts *mounts; /* of run_mount(), set by the verb; NULL: it was not called */
        bool boot;                /* the host is booting, set by the verb */
        bool functions;           /* all about every PCI function is to be known, set by the verb */
        int lock;                 /* of run_lock(), the verb's; 0: nothing is changed */
        Config config;
        Facts facts;
        Wanted wanted;
        Judgement judgement;
        FindingList findings;
        Plan plan;
        bool bad_config; /* the configuration was refused: the finding says why, and it counts as an empty one */
} Run;

void run_init(Run *r);
void run_done(Run *r);

/**
 * run_open_root() - the directory that --root names
 * @ret_live: it is "/" of the running system. Returns an fd (O_PATH); a negative errno that was complained about.
 */
int run_open_root(const char *root, bool *ret_live) _must_check_;

/**
 * run_mount() - make readable what a boot loader reads and what is not mounted
 * @rfd: of run_open_root(), may be opened anew. @ret: for Run; released with boot_mounts_done().
 * Returns EXIT_READY, also where something could not be mounted; another exit code, with the reason on standard error.
 */
int run_mount(int *rfd, bool live, BootMounts *ret) _must_check_;

/* Says on standard error why config_load() has returned @e, and returns the exit code of that. */
int run_tell_config(const ConfigError *error, int e) _must_check_;

/**
 * run_look() - all the reading and all the judging
 * Returns EXIT_READY (0) when it could be done at all; another exit code, with the reason on standard error.
 */
int run_look(Run *r, int rfd, bool live) _must_check_;

/* As run_look() without reading and judging the configuration: nothing is asked for. */
int run_look_unconfigured(Run *r, int rfd, bool live) _must_check_;

/**
 * run_lock() - may this process change the system?
 * @what: of the verb, for the message. @live: of run_open_root(). @ret: released with apply_unlock().
 * Returns EXIT_READY; another exit code, with the reason on standard error.
 */
int run_lock(const char *what, int rfd, bool live, ApplyLock *ret) _must_check_;

/* Carries out the plan of a run, which is not empty, and shows how far it has come. 0, or a negative errno with
 * result->failure set. */
int run_apply(const Run *r, int rfd, bool live, ApplyResult *ret) _must_check_;

/* Findings of what was done, and of what was left as it is when nothing else is: the plan and the count of what was
 * done lose those steps. 0 or -ENOMEM. */
int run_tell_notes(ApplyResult *result, Plan *p, FindingList *findings) _must_check_;

/**
 * run_recover() - put back what an earlier run could not, and look again
 * @dry: only make the plan of that. @look: run_look() or run_look_unconfigured().
 * Returns EXIT_READY, with an empty plan but for a dry run that has something to show; another exit code, with the
 * reason in ret->failure or on standard error.
 */
/**
 * run_await_makers() - at boot: wait until host drivers have the functions that make virtual ones
 * udev loads them while units start. Waits no longer than half a minute, and only where one is there without a driver;
 * then the machine is looked at again. Returns an exit status, as run_look().
 */
int run_await_makers(Run *r, int rfd, bool live) _must_check_;

int run_recover(Run *r, int rfd, bool live, bool dry, int (*look)(Run *r, int rfd, bool live),
                ApplyResult *ret) _must_check_;
