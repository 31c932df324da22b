/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/interrupt.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

static void fill(sigset_t *set)
{
        sigemptyset(set);
        FOREACH_ARRAY(s, signals, ELEMENTSOF(signals))
                sigaddset(set, *s);
}

int interrupt_begin(Interrupt *i)
{
        sigset_t set;

        *i = (Interrupt){ .fd = -EBADF, .old = malloc(sizeof(sigset_t)) };
        if (!i->old)
                return -ENOMEM;
        fill(&set);
        i->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (i->fd < 0)
                return -errno;
        return sigprocmask(SIG_BLOCK, &set, i->old) < 0 ? -errno : 0;
}

void interrupt_end(Interrupt *i)
{
        static const struct timespec at_once = {};
        sigset_t set;

        fill(&set);
        if (i->fd >= 0) {
                while (sigtimedwait(&set, NULL, &at_once) > 0)
                        ;
                (void) sigprocmask(SIG_SETMASK, i->old, NULL);
        }
        closep(&i->fd);
        free(i->old);
        *i = (Interrupt){ .fd = -EBADF };
}

int interrupt_pending(const Interrupt *i)
{
        sigset_t set;

        if (!i || i->fd < 0 || i->held_back || sigpending(&set) < 0)
                return 0;
        FOREACH_ARRAY(s, signals, ELEMENTSOF(signals))
                if (sigismember(&set, *s) > 0)
                        return *s;
        return 0;
}
