/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim-modprobe.h"

#include <sys/wait.h>

#include "macro.h"

#define MODPROBE_SECONDS 20 /* a modprobe that hangs is ended, and the boot goes on */

int claim_modprobe(const char *module)
{
        /* no search in PATH: the manager's environment is nothing to rely on in an initramfs */
        static const char *const places[] = { "/sbin/modprobe", "/usr/sbin/modprobe", "/bin/modprobe",
                                              "/usr/bin/modprobe" };
        const char *modprobe = NULL;
        int status;
        pid_t pid;

        for (size_t i = 0; !modprobe && i < ELEMENTSOF(places); i++)
                if (access(places[i], X_OK) == 0)
                        modprobe = places[i];
        if (!modprobe)
                return -ENOENT;
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                /* the alarm outlives execve(2), so even a hanging modprobe ends */
                (void) alarm(MODPROBE_SECONDS);
                (void) execl(modprobe, modprobe, module, (char *) NULL);
                _exit(127);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}
