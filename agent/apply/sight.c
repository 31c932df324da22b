/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/sight.h"

#include "base/file.h"

int sight_take(int fd, Sight *ret)
{
        Sight s = { .taken = true };
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;
        r = file_digest(fd, &s.digest);
        if (r < 0)
                return r;
        s.mode = st.st_mode;
        s.uid = st.st_uid;
        s.gid = st.st_gid;
        *ret = s;
        return 0;
}

int sight_try(int fd, Sight *ret)
{
        int r = sight_take(fd, ret);

        return r == -ENOMEM ? r : 0;
}

int sight_holds(const Sight *s, int fd)
{
        Sight now = {};
        int r = s->taken ? sight_take(fd, &now) : 1;

        if (!s->taken || r < 0)
                return r;
        return now.digest == s->digest && now.mode == s->mode && now.uid == s->uid && now.gid == s->gid;
}
