/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/format/shell-state.h"

#include <ctype.h>

#include "base/text.h"

void shell_state_done(ShellState *s)
{
        FOREACH_ARRAY(v, s->variables, s->n_variables) {
                free(v->name);
                free(v->value);
                free(v->file);
        }
        free(s->variables);
        FOREACH_ARRAY(a, s->assignments, s->n_assignments)
                free(a->name);
        free(s->assignments);
        *s = (ShellState){};
}

/*
 * Names that have a value before the first file is read: from the environment, or from the shell itself, or since
 * grub-mkconfig (GRUB util/grub-mkconfig.in) assigns them before. Its other names are in lower case.
 */
static bool assigned_before(const char *name)
{
        static const char *const by_mkconfig[] = { "GRUB_DISABLE_OS_PROBER", "GRUB_EARLY_INITRD_LINUX_STOCK",
                                                   "GRUB_FS" };
        static const char *const by_others[] = { "EUID",  "HOME",   "HOSTNAME", "IFS",    "LINENO", "LOGNAME",
                                                 "MAIL",  "OLDPWD", "OPTARG",   "OPTERR", "OPTIND", "OSTYPE",
                                                 "PAGER", "PATH",   "PPID",     "PS1",    "PS2",    "PS4",
                                                 "PWD",   "RANDOM", "SECONDS",  "SHLVL",  "TERM",   "TMPDIR",
                                                 "TZ",    "UID",    "USER",     "_" };
        static const char *const prefixes[] = { "BASH",     "DEBIAN_", "DEB_", "DPKG_", "GRUB_DEVICE", "LANG", "LC_",
                                                "PACKAGE_", "SHELL",   "SSH_", "SUDO_", "TEXTDOMAIN",  "XDG_" };

        if (islower((unsigned char) *name) || string_in(name, by_mkconfig, ELEMENTSOF(by_mkconfig)) ||
            string_in(name, by_others, ELEMENTSOF(by_others)))
                return true;
        FOREACH_ARRAY(p, prefixes, ELEMENTSOF(prefixes))
                if (startswith(name, *p))
                        return true;
        return false;
}

const LoaderVariable *shell_variable(const ShellState *s, const char *name)
{
        static const LoaderVariable unknown = { .state = VARIABLE_CANNOT_TELL };

        FOREACH_ARRAY(v, s->variables, s->n_variables)
                if (streq(v->name, name))
                        return v;
        return s->uncertain || assigned_before(name) ? &unknown : NULL;
}

static bool name_start(char c)
{
        return isalpha((unsigned char) c) || c == '_';
}

size_t span_name(const char *s)
{
        size_t n = 0;

        if (name_start(s[0]))
                while (name_start(s[n]) || isdigit((unsigned char) s[n]))
                        n++;
        return n;
}

int shell_state_slot(ShellState *s, const char *name, LoaderVariable **ret)
{
        LoaderVariable *v;

        FOREACH_ARRAY(i, s->variables, s->n_variables)
                if (streq(i->name, name)) {
                        *ret = i;
                        return 0;
                }
        if (s->n_variables >= SHELL_VARIABLES_MAX) {
                s->lost = true;
                shell_state_forget(s);
                *ret = NULL;
                return 0;
        }
        v = array_grow(&s->variables, s->n_variables);
        if (!v)
                return -ENOMEM;
        v->name = strdup(name);
        if (!v->name)
                return -ENOMEM;
        s->n_variables++;
        *ret = v;
        return 0;
}

void shell_state_forget(ShellState *s)
{
        s->uncertain = true;
        FOREACH_ARRAY(v, s->variables, s->n_variables) {
                free(v->value);
                v->value = NULL;
                v->state = VARIABLE_CANNOT_TELL;
        }
}
