/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/bind.h"
#include "apply/step.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "model/names.h"

/* The virtual functions of one that has them, as its links virtfn0, virtfn1... name them (Linux drivers/pci/iov.c). */

void rebinds_free(Rebind *items, size_t n)
{
        FOREACH_ARRAY(i, items, n)
                rebind_done(i);
        free(items);
}

static int read_id(int rfd, const char *directory, const char *attribute, uint16_t *ret)
{
        _cleanup_free_ char *path = path_join(directory, attribute);
        char text[16];
        uint32_t n;
        int r = path ? root_read_attr(rfd, path, text, sizeof(text)) : -ENOMEM;

        if (r >= 0)
                r = parse_u32(text, 0, &n);
        if (r >= 0)
                *ret = (uint16_t) n;
        return r;
}

/* @maker: directory of the function that has them. -ENOENT: there is no such virtual function. */
static int find_one(int rfd, const char *maker, size_t i, Rebind *ret)
{
        _cleanup_free_ char *link = NULL, *target = NULL;
        const char *name;
        int r = string_printf(&link, "%s/virtfn%zu", maker, i) < 0 ? -ENOMEM : root_readlink(rfd, link, &target);

        if (r < 0)
                return r;
        name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
        if (pci_addr_parse(name, &ret->addr) < 0)
                return -EBADMSG;
        r = read_id(rfd, link, "vendor", &ret->id.vendor);
        return r < 0 ? r : read_id(rfd, link, "device", &ret->id.device);
}

/* Those that are on that driver already are claimed again, which changes nothing. */
static int find_all(StepContext *c)
{
        const BindStep *s = &c->step->bind;

        c->rebinds = calloc(s->n, sizeof(*c->rebinds));
        if (!c->rebinds)
                return -ENOMEM;
        for (size_t i = 0; i < s->n; i++) {
                int r = find_one(c->options->rfd, c->path, i, c->rebinds + i);

                if (r == -ENOENT)
                        return step_failed(c, r,
                                           "only %zu of %u virtual functions of %s are there: see the kernel log, "
                                           "journalctl -k -b",
                                           i, s->n, c->path);
                if (r < 0)
                        return step_failed(c, r, "virtual function %zu of %s cannot be read: %s", i, c->path,
                                           strerror(-r));
                c->rebinds[i].driver = s->driver;
                c->rebinds[i].may_wait = true;
                c->n_rebinds = i + 1;
        }
        return 0;
}

/*
 * The unit of ptprep may not load modules, and modules-load.d has not named the driver before this boot if ptprep has
 * just written it: the service manager is asked (modprobe@.service of systemd 245). Where that comes to nothing, the
 * functions are kept for the driver.
 */
static int load_driver(StepContext *c)
{
        const StubDriver driver = c->step->bind.driver;
        static const char type1_unit[] = "modprobe@" TYPE1_MODULE ".service";
        _cleanup_free_ char *directory = NULL, *unit = NULL;
        const char *argv[] = { "systemctl", "start", NULL, type1_unit, NULL };
        struct stat st;

        if (string_printf(&directory, "/sys/bus/pci/drivers/%s", stub_driver_to_string(driver)) < 0 ||
            string_printf(&unit, "modprobe@%s.service", stub_driver_module(driver)) < 0)
                return -ENOMEM;
        argv[2] = unit;
        if (driver != STUB_VFIO_PCI)
                argv[3] = NULL;
        if (c->options->live && root_stat(c->options->rfd, directory, &st) == -ENOENT)
                return command_run(c->options, (char *const *) argv, NULL, LIMIT_EDITOR, NULL) == -EINTR ? -EINTR : 0;
        return 0;
}

/* All of them or none, as bind_claim() does it. */
int step_bind_do(StepContext *c)
{
        int r = find_all(c);

        if (r >= 0)
                r = load_driver(c);
        if (r >= 0) {
                r = bind_claim(c->options->rfd, c->rebinds, c->n_rebinds);
                c->started = r >= 0;
        }
        FOREACH_ARRAY(i, c->rebinds, r == -EIO ? c->n_rebinds : 0)
                if (i->failure)
                        return step_failed(c, r, "virtual function %s: %s", PCI_ADDR_TEXT(i->addr), i->failure);
        return r;
}

int step_bind_undo(StepContext *c, Undo *u)
{
        int r = c->started ? bind_put_back(c->options->rfd, c->rebinds, c->n_rebinds) : 0;

        if (c->started)
                u->state = UNDO_DONE;
        FOREACH_ARRAY(i, c->rebinds, r == -EIO ? c->n_rebinds : 0)
                if (i->left) {
                        string_printf(&u->reason, "%s is on %s, before on %s", PCI_ADDR_TEXT(i->addr),
                                      i->after ?: "no driver", i->before ?: "no driver");
                        break;
                }
        return r;
}
