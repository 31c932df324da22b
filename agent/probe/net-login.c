/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/net-login.h"

#include "base/io.h"
#include "base/text.h"

/* Shells in shells, sudo, make: more than this nobody has. */
#define ANCESTORS_MAX  32
#define ENVIRON_MAX    (4U * 1024 * 1024)
#define SSH_CONNECTION "SSH_CONNECTION="

/* Returns 1; 0: it has none; negative errno. */
static int read_environment(int rfd, const char *process, char **ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t size;
        int r;

        if (string_printf(&path, "/proc/%s/environ", process) < 0)
                return -ENOMEM;
        r = root_read_file(rfd, path, ENVIRON_MAX, &text, &size);
        if (r < 0)
                return r;
        for (const char *p = text; p < text + size; p += strlen(p) + 1) {
                const char *value = startswith(p, SSH_CONNECTION);
                size_t n = value ? strcspn(value, " ") : 0;

                if (n == 0)
                        continue;
                *ret = strndup(value, n);
                return *ret ? 1 : -ENOMEM;
        }
        return 0;
}

/* The process that has started this one; 0: none, or not to be seen. */
static unsigned parent_of(int rfd, const char *process)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        const char *line;
        unsigned parent = 0;

        if (string_printf(&path, "/proc/%s/status", process) < 0 || root_read_text(rfd, path, &text) < 0)
                return 0;
        line = strstr(text, "\nPPid:");
        return line && sscanf(line, "\nPPid: %u", &parent) == 1 ? parent : 0;
}

int net_login_peer(int rfd, char **ret)
{
        char process[16] = "self";

        for (unsigned i = 0; i < ANCESTORS_MAX; i++) {
                int r = read_environment(rfd, process, ret);
                unsigned parent;

                if (r == -ENOMEM || r > 0)
                        return r;
                parent = parent_of(rfd, process);
                if (parent <= 1)
                        return 0;
                (void) snprintf(process, sizeof(process), "%u", parent);
        }
        return 0;
}
