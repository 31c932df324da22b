/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/array.h"
#include "base/io.h"
#include "base/text.h"
#include "probe/modprobe-config.h"

/* What others have configured about the devices and drivers that ptprep is to bring together. */

/* With the address of a function behind it: the driver that it gets at each boot (rules and script of driverctl 0.111).
 */
#define NAME_DRIVERCTL "/etc/driverctl.d/pci-"

static int add_setting(Facts *f, StubSettingKind kind, StubDriver driver, const char *path, unsigned line,
                       const char *value)
{
        StubSetting *s = array_grow(&f->stub_settings, f->n_stub_settings);
        int r;

        if (!s)
                return -ENOMEM;
        *s = (StubSetting){ .kind = kind, .driver = driver };
        f->n_stub_settings++;
        r = string_printf(&s->place, "%s:%u", path, line);
        return r < 0 ? r : string_copy(value, &s->value);
}

static int judge_line(void *userdata, const char *path, unsigned line, char *text)
{
        char *save = NULL, *command = strtok_r(text, " \t", &save), *module = strtok_r(NULL, " \t", &save);
        const StubDriver driver = module ? stub_driver_of_module(module) : _STUB_INVALID;
        int r = 0;

        if (driver < 0)
                return 0;
        if (streq(command, "install"))
                return add_setting(userdata, STUB_SETTING_INSTALL, driver, path, line, save + strspn(save, " \t"));
        if (!streq(command, "options"))
                return 0;
        for (const char *word = strtok_r(NULL, " \t", &save); word && r >= 0; word = strtok_r(NULL, " \t", &save)) {
                const char *ids = startswith(word + strspn(word, "\""), "ids=");

                if (ids)
                        r = add_setting(userdata, STUB_SETTING_IDS, driver, path, line, ids);
        }
        return r;
}

int probe_stub(const Probe *p, Facts *f)
{
        int r;

        if (p->n_wanted == 0)
                return 0;
        r = modprobe_config_read(p->rfd, judge_line, f);
        if (r < 0)
                return r;
        FOREACH_ARRAY(function, f->functions, f->n_functions) {
                _cleanup_free_ char *path = NULL;
                char driver[64];

                if (!probe_wants(p, function->addr))
                        continue;
                if (string_printf(&path, NAME_DRIVERCTL "%s", PCI_ADDR_TEXT(function->addr)) < 0)
                        return -ENOMEM;
                if (root_read_attr(p->rfd, path, driver, sizeof(driver)) < 0 || !*driver)
                        continue;
                r = string_copy(driver, &function->driverctl);
                if (r < 0)
                        return r;
        }
        return 0;
}
