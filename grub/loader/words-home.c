/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grub/loader/words-home.h"

#include "base/text.h"
#include "grub/format/bls.h"
#include "grub/format/grubenv.h"

static int read_literal(const WordsHome *h, const char *text, char **ret)
{
        _cleanup_(bls_entry_done) BlsEntry e = {};
        _cleanup_(kargs_done) Kargs k = {};
        int r = bls_parse(text, &e);

        (void) h;
        if (r >= 0)
                r = bls_arguments(&e, BLS_SYSTEMD, NULL, 0, &k);
        if (r < 0)
                return r;
        *ret = kargs_print(&k);
        return *ret ? 0 : -ENOMEM;
}

static int edit_literal(const WordsHome *h, const char *text, const CmdlineEdit *edit, const char *base, char **ret,
                        char **reterr_problem)
{
        (void) h, (void) reterr_problem;
        return bls_edit(text, edit, base, ret);
}

static int read_variable(const WordsHome *h, const char *text, char **ret)
{
        _cleanup_(grubenv_done) GrubEnv env = {};
        int r = grubenv_parse(text, strlen(text), &env);

        return r < 0 ? r : string_copy(grubenv_value(&env, h->variable) ?: "", ret);
}

static int edit_variable(const WordsHome *h, const char *text, const CmdlineEdit *edit, const char *base, char **ret,
                         char **reterr_problem)
{
        (void) base;
        return grubenv_edit(text, strlen(text), h->variable, edit, ret, reterr_problem);
}

const WordsHome words_homes[_WORDS_HOME_MAX] = {
        [WORDS_KERNELOPTS] = { &owned_grubenv, BLS_KERNELOPTS, read_variable, edit_variable },
        [WORDS_LITERAL] = { &owned_bls, NULL, read_literal, edit_literal },
};

int words_home_edit(const WordsHome *h, const char *text, const CmdlineEdit *edit, const char *base, PlanWords *words,
                    char **ret, char **reterr_problem)
{
        _cleanup_free_ char *edited = NULL, *before = NULL, *after = NULL;
        int r = h->edit(h, text, edit, base, &edited, reterr_problem);

        if (r >= 0)
                r = h->read(h, text, &before);
        if (r >= 0)
                r = h->read(h, edited, &after);
        if (r >= 0)
                r = cmdline_record(before, after, 0, edit->add, h->variable ?: "", &words->added, &words->removed);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(edited);
        return 0;
}
