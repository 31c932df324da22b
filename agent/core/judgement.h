/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "core/wanted.h"

/* All that a check, the planner and a report may look at. */
typedef struct Judgement {
        const Config *config;
        const Facts *facts;
        const Wanted *wanted;
} Judgement;
