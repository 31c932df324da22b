/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"

/*
 * SIGTERM, SIGINT, SIGHUP and SIGQUIT end an apply, and a change that is half made is taken back first. They are
 * blocked all the while, so that no system call is cut short by one, and asked for where there is something to stop:
 * before each step, and while a program runs.
 */
typedef struct Interrupt {
        int fd;         /* readable when one has come */
        bool held_back; /* what was begun is being taken back, and that goes to its end */
        void *old;      /* the mask that was there before */
} Interrupt;

/* 0 or negative errno. interrupt_end() is to be called also after a failure. */
int interrupt_begin(Interrupt *i) _must_check_;

/* Those that came are forgotten: what they asked for is done, or came too late. */
void interrupt_end(Interrupt *i);

/* The number of a signal that asks to stop; 0: none, or it has to wait. */
int interrupt_pending(const Interrupt *i);
