/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask.h"

#include <strings.h>

#include "base/parse.h"

#define TRIES 3

bool ask_possible(void)
{
        return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* A line without its end, owned by the caller. NULL: the input has ended. */
static char *ask(const char *question, const char *hint)
{
        char *line = NULL;
        size_t size = 0;

        printf("%s [%s] ", question, hint);
        (void) fflush(stdout);
        if (getline(&line, &size, stdin) < 0) {
                free(line);
                (void) fputc('\n', stdout);
                return NULL;
        }
        line[strcspn(line, "\n")] = 0;
        return line;
}

bool ask_yes(const char *question)
{
        for (int i = 0; i < TRIES; i++) {
                _cleanup_free_ char *answer = ask(question, "Y/n");

                if (!answer || strcasecmp(answer, "n") == 0 || strcasecmp(answer, "no") == 0)
                        return false;
                if (answer[0] == 0 || strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
                        return true;
        }
        return false;
}

size_t ask_number(const char *question, size_t max)
{
        char hint[32];

        (void) snprintf(hint, sizeof(hint), "1-%zu", max);
        for (int i = 0; i < TRIES; i++) {
                _cleanup_free_ char *answer = ask(question, hint);
                uint32_t n;

                if (!answer || answer[0] == 0)
                        return 0;
                if (parse_u32(answer, 10, &n) >= 0 && n >= 1 && n <= max)
                        return n;
        }
        return 0;
}
