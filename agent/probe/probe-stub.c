/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/probe.h"

#include "base/array.h"
#include "base/io.h"
#include "base/text.h"
#include "probe/modprobe-config.h"

/* What others have configured about the devices and drivers that ptprep is to bring together. */

/* A file a function: the driver that it gets at each boot (rules and script of driverctl 0.111). */
#define NAME_DRIVERCTL "/etc/driverctl.d"

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

/* What is asked of modprobe's configuration, which is read once for all of it. */
typedef struct Asked {
        Facts *f;
        bool stubs;  /* settings of the stub drivers */
        bool unsafe; /* what the module of type 1 will be told of interrupts */
} Asked;

/* Behind "options vfio_iommu_type1". What the line does not say stays unchanged (modprobe.d(5)). */
static void judge_type1(Tristate *unsafe, char **save)
{
        char *word;

        while ((word = strtok_r(NULL, " \t", save))) {
                const char *v = startswith(word, "allow_unsafe_interrupts");

                if (v && (v[0] == 0 || v[0] == '='))
                        *unsafe = v[0] == 0 || (v[1] && strchr("1yY", v[1])) ? TRISTATE_YES : TRISTATE_NO;
        }
}

static bool is_type1(const char *module)
{
        return streq(module, TYPE1_MODULE) || streq(module, "vfio-iommu-type1");
}

static int judge_line(void *userdata, const char *path, unsigned line, char *text)
{
        const Asked *asked = userdata;
        char *save = NULL, *command = strtok_r(text, " \t", &save), *module = strtok_r(NULL, " \t", &save);
        const StubDriver driver = module && asked->stubs ? stub_driver_of_module(module) : _STUB_INVALID;
        int r = 0;

        if (module && asked->unsafe && is_type1(module) && streq(command, "options"))
                judge_type1(&asked->f->features.unsafe_configured, &save);
        if (driver < 0)
                return 0;
        if (streq(command, "install"))
                return add_setting(asked->f, STUB_SETTING_INSTALL, driver, path, line, save + strspn(save, " \t"));
        if (!streq(command, "options"))
                return 0;
        for (const char *word = strtok_r(NULL, " \t", &save); word && r >= 0; word = strtok_r(NULL, " \t", &save)) {
                const char *ids = startswith(word + strspn(word, "\""), "ids=");

                if (ids)
                        r = add_setting(asked->f, STUB_SETTING_IDS, driver, path, line, ids);
        }
        return r;
}

static int probe_driverctl(const Probe *p, Facts *f)
{
        if (probe_exists(p->rfd, NAME_DRIVERCTL) == TRISTATE_NO)
                return 0;
        FOREACH_ARRAY(function, f->functions, f->n_functions) {
                char path[sizeof(NAME_DRIVERCTL "/pci-") + PCI_ADDR_TEXT_MAX], driver[64];

                if (!probe_wants(p, function->addr))
                        continue;
                (void) snprintf(path, sizeof(path), NAME_DRIVERCTL "/pci-%s", PCI_ADDR_TEXT(function->addr));
                if (root_read_attr(p->rfd, path, driver, sizeof(driver)) < 0 || !*driver)
                        continue;
                if (string_copy(driver, &function->driverctl) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int probe_stub(const Probe *p, Facts *f)
{
        /* While the module is not loaded, what modprobe will tell it counts; and that matters only without remapping.
         */
        const Asked asked = { .f = f,
                              .stubs = p->n_wanted > 0 && !p->this_boot,
                              .unsafe = f->features.unsafe_interrupts == TRISTATE_UNKNOWN &&
                                        f->features.interrupt_remapping != TRISTATE_YES };
        int r = 0;

        if (asked.unsafe)
                f->features.unsafe_configured = TRISTATE_NO;
        if (asked.stubs || asked.unsafe)
                r = modprobe_config_read(p->rfd, judge_line, (void *) &asked);
        return r < 0 || !asked.stubs ? r : probe_driverctl(p, f);
}
