/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/trust.h"

#include "base/io.h"
#include "base/text.h"

int trust_refusal(int rfd, const char *path, char **ret)
{
        struct stat top, st;
        int found = root_stat(rfd, path, &st), r;

        *ret = NULL;
        if (found == -ENOENT || found == -ENOTDIR)
                return 0;
        r = root_stat(rfd, "/", &top);
        if (r < 0)
                return r;
        if (geteuid() != 0 && top.st_uid != 0)
                return 0;
        if (found < 0)
                return found;
        if (st.st_uid != 0 && st.st_uid != top.st_uid)
                return string_printf(ret, "it belongs to user %u: only root may say what ptprep goes by (chown root)",
                                     st.st_uid);
        if (st.st_mode & (S_IWGRP | S_IWOTH))
                return string_printf(ret, "%s may write it: only root may say what ptprep goes by (chmod go-w)",
                                     st.st_mode & S_IWOTH ? "everybody" : "its group");
        return 0;
}
