/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/macro.h"
#include "model/config.h"

/* Why a configuration was not taken. To be printed as FILE:LINE: MESSAGE. */
typedef struct ConfigError {
        char *file;    /* path as it is below the root; NULL: memory ran out */
        unsigned line; /* 1 and up; 0: the file as a whole */
        char *message; /* one sentence: what was found, what was expected; no full stop, no newline */
} ConfigError;

void config_error_done(ConfigError *e);

/* "FILE:LINE", or "FILE" where it is of no line; owned by the caller, NULL when memory is short. */
char *config_error_place(const ConfigError *e);

/**
 * config_load() - the main file, then the drop-ins in the order of their names
 * @rfd: root directory, not closed here. @ret: released with config_done() by the caller; untouched on failure.
 * @ret_error: filled on failure, released with config_error_done() by the caller; untouched on success.
 *
 * A file that does not exist is no fault: without any file the defaults hold, and they change nothing. A later file may
 * override single keys of a section that an earlier file has; within one file a key stands once, and so does a device.
 * Returns 0; -EBADMSG where a file says something that cannot be taken; -EPERM where others than root may write one,
 * see trust_refusal(); other negative errno where one cannot be read.
 */
int config_load(int rfd, Config *ret, ConfigError *ret_error) _must_check_;

/* Whether what config_load() has returned is a fault of the system, such as of a disk or a limit, and says nothing of
 * the configuration. */
bool config_error_of_system(int error);

/**
 * config_load_with() - the same with one more drop-in, which is not there yet
 * @extra: its path; a file that is there already is passed over. NULL: there is none. @text: what it will say; it is
 * read last, whatever its name is. Otherwise as config_load().
 */
int config_load_with(int rfd, const char *extra, const char *text, Config *ret, ConfigError *ret_error) _must_check_;

/**
 * config_load_text() - the same for one text that is in memory
 * @name: goes into the error as the file. @text: @size bytes, of any content. @ret, @ret_error: as above.
 * Returns as config_load().
 */
int config_load_text(const char *name, const char *text, size_t size, Config *ret, ConfigError *ret_error) _must_check_;
