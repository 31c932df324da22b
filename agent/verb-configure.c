/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/apply.h"
#include "ask.h"
#include "base/io.h"
#include "base/text.h"
#include "core/configure.h"
#include "core/device-select.h"
#include "document.h"
#include "model/names.h"
#include "output.h"
#include "probe/config-load.h"
#include "probe/probe.h"
#include "select.h"
#include "verb.h"

/* From what somebody wants to one file in ptprep.conf.d. What is written is what ptprep.conf(5) has, and nothing else
 * is remembered: who likes an editor better has lost nothing. */

#define FILE_MAX_BYTES (256U * 1024)

/* One call. */
typedef struct Job {
        const Options *options;
        int rfd;
        bool live, asks; /* somebody is there who can be asked */
        Run run;         /* the present configuration and the machine */
        Config after;    /* the configuration as it will be */
        size_t *asked;   /* indexes of functions */
        size_t n_asked;
        ConfigureSet set;
        ConfigureSetting *settings;
        size_t n_settings;
        char *name, *path, *text;
} Job;

static void job_done(Job *j)
{
        FOREACH_ARRAY(s, j->settings, j->n_settings)
                configure_setting_done(s);
        free(j->settings);
        free(j->asked);
        configure_set_done(&j->set);
        free(j->name);
        free(j->path);
        free(j->text);
        config_done(&j->after);
        run_done(&j->run);
        closep(&j->rfd);
}

static int look(Job *j)
{
        _cleanup_(config_error_done) ConfigError error = {};
        int r = config_load(j->rfd, &j->run.config, &error);

        return r < 0 ? run_tell_config(&error, r) : select_facts(&j->run, j->rfd, j->live ? FACTS_LIVE : 0);
}

static int ask_for(Job *j, size_t i)
{
        const PciFunction *p = j->run.facts.functions + i;
        size_t *slot;

        if (p->unread) {
                tell("%s cannot be configured, for nobody can tell what it is: %s", PCI_ADDR_TEXT(p->addr), p->unread);
                return EXIT_UNKNOWN;
        }
        slot = array_grow(&j->asked, j->n_asked);

        if (!slot)
                return complain("choosing devices", -ENOMEM);
        *slot = i;
        j->n_asked++;
        return EXIT_READY;
}

/* Can it be offered: is it nobody's yet, and nothing that the host lives on? */
static bool is_choice(const Job *j, size_t i)
{
        const Facts *f = &j->run.facts;
        const PciFunction *p = f->functions + i;

        return !p->unread && !pci_class_is_platforms(p->class) && host_use_any(f, p, 0).used != TRISTATE_YES &&
               !config_device_at(&j->run.config, p->addr);
}

/* A numbered menu of what can be chosen among these; NULL: among all cards. */
static int choose_by_number(Job *j, const size_t *among, size_t n)
{
        const Facts *f = &j->run.facts;
        _cleanup_free_ size_t *choices = calloc(f->n_functions + 1, sizeof(*choices));
        Printer p = stdout_printer();
        size_t n_choices = 0, answer;

        if (!choices)
                return complain("choosing devices", -ENOMEM);
        if (!among)
                n = f->n_functions;
        for (size_t k = 0; k < n; k++) {
                size_t i = among ? among[k] : k;
                _cleanup_free_ char *what = NULL;

                if ((!among && device_card(f, i) != i) || !is_choice(j, i))
                        continue;
                if (device_describe(f->functions + i, &what) < 0)
                        return complain("choosing devices", -ENOMEM);
                choices[n_choices++] = i;
                printer_add(&p, "%4zu  %s  ", n_choices, PCI_ADDR_TEXT(f->functions[i].addr));
                printer_hang(&p);
                printer_line(&p, "%s", what);
        }
        if (printer_end(&p) < 0)
                return EXIT_IO;
        if (n_choices == 0) {
                tell("there is no device that could be chosen; \"ptprep list\" shows what stands in the way");
                return EXIT_BLOCKED;
        }
        answer = ask_number("Which of them shall go to guests?", n_choices);
        if (answer == 0) {
                tell("nothing was chosen, and nothing is written");
                return EXIT_NOT_READY;
        }
        return ask_for(j, choices[answer - 1]);
}

static int choose_named(Job *j, const char *text)
{
        _cleanup_(device_selection_done) DeviceSelection s = {};
        int code = EXIT_READY, r = device_select(&j->run.facts, &j->run.config, text, &s);

        if (r < 0)
                return complain("looking for the device", r);
        if (s.n == 0)
                return tell_selection(&j->run.facts, &s, text);
        if (!device_selection_is_one_card(&j->run.facts, &s))
                return j->asks ? choose_by_number(j, s.items, s.n) : tell_selection(&j->run.facts, &s, text);
        FOREACH_ARRAY(i, s.items, s.n)
                code = code == EXIT_READY ? ask_for(j, *i) : code;
        return code;
}

static int choose(Job *j)
{
        const Options *o = j->options;
        int code = EXIT_READY;

        if (o->n_arguments == 0 && (o->n_settings > 0 || o->config))
                return EXIT_READY;
        if (j->run.facts.pci == TRISTATE_UNKNOWN) {
                tell("no PCI bus is visible here; --config and --set need none");
                return EXIT_UNKNOWN;
        }
        if (o->n_arguments == 0 && !j->asks) {
                tell("say which device, such as \"gpu\" or 01:00; \"ptprep list\" shows them");
                return EXIT_USAGE;
        }
        if (o->n_arguments == 0)
                return choose_by_number(j, NULL, 0);
        for (size_t i = 0; i < o->n_arguments && code == EXIT_READY; i++)
                code = choose_named(j, o->arguments[i]);
        return code;
}

static int print_companions(const Job *j)
{
        Printer p = stdout_printer();

        for (size_t i = j->set.n_asked; i < j->set.n; i++) {
                const PciFunction *f = j->run.facts.functions + j->set.items[i];
                _cleanup_free_ char *what = NULL;

                if (device_describe(f, &what) < 0)
                        return -ENOMEM;
                printer_add(&p, "  %s  ", PCI_ADDR_TEXT(f->addr));
                printer_hang(&p);
                printer_line(&p, "%s%s", what, i < j->set.n_card ? "" : " (of the same IOMMU group)");
        }
        return printer_end(&p);
}

/* What is on the same card or in the same group goes along, unless a person says no. */
static int collect(Job *j)
{
        int r = configure_collect(&j->run.facts, &j->run.config, j->asked, j->n_asked, &j->set);

        if (r < 0)
                return complain("choosing devices", r);
        if (j->options->only)
                j->set.n = j->set.n_card = j->set.n_asked;
        if (j->set.n > j->set.n_asked && j->asks && !j->options->yes && !j->options->dry_run) {
                puts("These go with it, being on the same card or in the same IOMMU group:");
                r = print_companions(j);
                if (r < 0)
                        return complain("writing", r);
                if (!ask_yes("Take them too?"))
                        j->set.n = j->set.n_card = j->set.n_asked;
        }
        return EXIT_READY;
}

static int read_settings(Job *j)
{
        FOREACH_ARRAY(text, j->options->settings, j->options->n_settings) {
                ConfigureSetting *slot = array_grow(&j->settings, j->n_settings);
                int r = slot ? configure_setting_parse(*text, slot) : -ENOMEM;

                if (r == -EINVAL) {
                        tell("--set=%s: expected SECTION.KEY=VALUE, such as iommu.argument=when-needed", *text);
                        return EXIT_USAGE;
                }
                if (r < 0)
                        return complain("reading the settings", r);
                j->n_settings++;
        }
        return EXIT_READY;
}

/* The drop-ins that are there: their names without ".conf" are taken. */
static int list_taken(int rfd, StringList *ret)
{
        int r = root_list(rfd, NAME_CONFIG_DIR, ".conf", ret);

        FOREACH_ARRAY(name, ret->items, ret->n)
                (*name)[strlen(*name) - strlen(".conf")] = 0;
        return r == -ENOENT ? 0 : r;
}

/* A name of its own for the file, so that what somebody else has written stays. */
static int make_text(Job *j)
{
        _cleanup_(string_list_done) StringList taken = {};
        int r = list_taken(j->rfd, &taken);

        for (unsigned i = 0; r >= 0 && j->set.n == 0 && !j->name; i++) {
                _cleanup_free_ char *name = NULL;

                r = string_printf(&name, "settings%u", i);
                if (r >= 0 && !string_list_contains(&taken, name))
                        j->name = TAKE_PTR(name);
        }
        if (r >= 0 && j->set.n > 0)
                r = configure_name(&j->run.facts, &j->run.config, j->set.items[0], &taken, &j->name);
        if (r >= 0)
                r = string_printf(&j->path, NAME_CONFIG_DIR "/%s.conf", j->name);
        if (r >= 0)
                r = configure_text(&j->run.facts, &j->set, j->name, j->settings, j->n_settings, &j->text);
        return r < 0 ? complain(NAME_CONFIG_DIR, r) : EXIT_READY;
}

/* A file that somebody has written keeps its name. */
static int take_file(Job *j)
{
        const char *file = j->options->config, *base = strrchr(file, '/');
        _cleanup_free_ char *present = NULL;
        size_t size;
        int r = file_read(file, FILE_MAX_BYTES, &j->text, &size);

        if (r < 0) {
                tell("--config=%s: %s", file, strerror(-r));
                return r == -ENOMEM ? EXIT_INTERNAL : EXIT_USAGE;
        }
        base = base ? base + 1 : file;
        if (string_printf(&j->path, NAME_CONFIG_DIR "/%s%s", base, endswith(base, ".conf") ? "" : ".conf") < 0)
                return complain(file, -ENOMEM);
        if (strlen(j->text) != size || *base == '.' || *base == 0) {
                tell("--config=%s: expected a file of text that is not hidden", file);
                return EXIT_USAGE;
        }
        r = root_read_text(j->rfd, j->path, &present);
        if (r == -ENOENT || (r >= 0 && streq(present, j->text)))
                return EXIT_READY;
        if (r < 0)
                return complain(j->path, r);
        if (j->asks && !j->options->dry_run && ask_yes("A file of this name says something else. Replace it?"))
                return EXIT_READY;
        if (j->options->dry_run)
                return EXIT_READY;
        tell("%s is there already and says something else: give the file another name, or remove that one", j->path);
        return EXIT_USAGE;
}

/* A guard has the last word, and says its own. */
static int tell_refusal(const WantedDevice *d)
{
        const HostUseAnswer *host = &d->host;
        _cleanup_free_ char *chain = NULL;

        if (d->state == DEVICE_BRIDGE) {
                tell("%s stays with the host: it is %s", PCI_ADDR_TEXT(d->config->address),
                     pci_class_never_bound(d->function->class));
                return EXIT_BLOCKED;
        }
        if (d->state == DEVICE_IN_USE) {
                chain = host_use_chain(host->use);
                if (!chain)
                        return complain("judging the machine's state", -ENOMEM);
                tell("%s stays with the host: it %s %s (%s)", PCI_ADDR_TEXT(d->config->address),
                     host_use_texts[host->kind].verb, host->use->what, chain);
        } else
                tell("%s stays with the host: cannot tell whether the host needs it: %s",
                     PCI_ADDR_TEXT(d->config->address),
                     host->unknown ? host->unknown->what : host_use_texts[host->kind].unseen);
        tell("  -> where the host can do without it all the same: --set=device.%s.allow=%s", d->config->name,
             host_use_kind_to_string(host->kind));
        return EXIT_BLOCKED;
}

/* The configuration as it will be, and what it means here. */
static int judge(Job *j)
{
        _cleanup_(config_error_done) ConfigError error = {};
        int code = EXIT_READY, r = config_load_with(j->rfd, j->path, j->text, &j->after, &error);

        if (r < 0)
                return run_tell_config(&error, r);
        r = wanted_compute(&j->after, &j->run.facts, &j->run.wanted);
        if (r < 0)
                return complain("judging the machine's state", r);
        FOREACH_ARRAY(d, j->run.wanted.devices, j->run.wanted.n_devices)
                if (streq(d->config->file, j->path) &&
                    (d->state == DEVICE_BRIDGE || d->state == DEVICE_IN_USE || d->state == DEVICE_USE_UNKNOWN))
                        code = tell_refusal(d);
        return code;
}

/* What else stands in the way of these devices; an apply would say it too. */
static void tell_obstacles(const Job *j)
{
        FOREACH_ARRAY(d, j->run.wanted.devices, j->run.wanted.n_devices) {
                if (!streq(d->config->file, j->path))
                        continue;
                if (d->state == DEVICE_ABSENT || d->state == DEVICE_WRONG_ID || d->state == DEVICE_WRONG_PATH ||
                    d->state == DEVICE_SWAPPED)
                        tell("%s (%s): no such device is there now", d->config->name,
                             PCI_ADDR_TEXT(d->config->address));
                if (d->function && d->function->physfn != PCI_PARENT_NONE)
                        tell("%s (%s): a virtual function is made later than the initramfs could claim it: udev has it "
                             "claimed when it comes%s%s%s",
                             d->config->name, PCI_ADDR_TEXT(d->config->address),
                             d->made ? "" : "; \"vfs\" in a section for ",
                             d->made ? "" : PCI_ADDR_TEXT(j->run.facts.functions[d->function->physfn].addr),
                             d->made ? "" : " has it made at each boot");
                FOREACH_ARRAY(reason, d->verdict.reasons, d->verdict.n_reasons) {
                        if (reason->weight <= VERDICT_POSSIBLE || verdict_is_of_machine(reason->id))
                                continue;
                        tell("%s (%s): %s: %s", d->config->name, PCI_ADDR_TEXT(d->config->address), reason->id,
                             reason->text);
                        if (reason->cure)
                                tell("  -> %s", reason->cure);
                }
        }
}

static int write_file(const Job *j)
{
        _cleanup_(apply_unlock) ApplyLock lock = APPLY_LOCK_NONE;
        int r, code = run_lock("configure", j->rfd, j->live, &lock);

        if (code != EXIT_READY)
                return code;
        r = apply_report(j->rfd, NAME_CONFIG_DIR, strrchr(j->path, '/') + 1, j->text);
        if (r < 0)
                return complain(j->path, r);
        if (options_json(j->options))
                return EXIT_READY;
        printf("written: %s\nnext: run \"ptprep --apply%s%s\"%s\n", j->path,
               j->live ? "" : " --root=", j->live ? "" : j->options->root, j->live ? ", then reboot" : "");
        return print_text("");
}

/* What a program is told; of a call that has nothing to write the file is null. Returns @code, or another one. */
static int print_json(const Job *j, bool written, int code)
{
        _cleanup_json_ struct json_object *o = NULL;
        struct json_object *devices;
        int printed, r = document_begin(j->rfd, j->live, "configuration", CONFIGURATION_VERSION, &o);

        if (r >= 0)
                r = json_add_text(o, "path", j->path);
        if (r >= 0)
                r = json_add_text(o, "text", j->text);
        if (r >= 0)
                r = json_add(o, "written", json_new_bool(written));
        devices = r < 0 ? NULL : json_add_array(o, "devices");
        if (!devices)
                return complain("writing", -ENOMEM);
        for (size_t i = 0; i < j->set.n && r >= 0; i++)
                r = json_append_text(devices, PCI_ADDR_TEXT(j->run.facts.functions[j->set.items[i]].addr));
        printed = r < 0 ? complain("writing", r) : document_print(o);
        return code == EXIT_READY ? printed : code;
}

/* Shows the file, and writes it if that is wanted. */
static int finish(const Job *j)
{
        const Options *o = j->options;
        int code;

        if (options_json(o)) {
                bool write = o->yes && !o->dry_run;

                code = write ? write_file(j) : o->dry_run ? EXIT_READY : EXIT_USAGE;
                if (!write && !o->dry_run)
                        tell("nothing is written: say --yes to write it");
                return print_json(j, write && code == EXIT_READY, code);
        }
        if (o->yes && !o->dry_run)
                return write_file(j);
        code = print_text(j->text);
        if (code != EXIT_READY || o->dry_run)
                return code;
        if (!j->asks) {
                tell("nothing is written: this would be %s; say --yes to write it", j->path);
                return EXIT_USAGE;
        }
        printf("\nThis is to become %s.\n", j->path);
        if (ask_yes("Write it?"))
                return write_file(j);
        tell("nothing is written");
        return EXIT_NOT_READY;
}

static void tell_configured(const Job *j)
{
        FOREACH_ARRAY(i, j->asked, j->n_asked) {
                const ConfigDevice *d = config_device_at(&j->run.config, j->run.facts.functions[*i].addr);

                if (d)
                        tell("%s is configured already, as %s (%s:%u)", PCI_ADDR_TEXT(d->address), d->name, d->file,
                             d->line);
        }
}

static int configure(Job *j)
{
        const Options *o = j->options;
        int code = look(j);

        if (code == EXIT_READY)
                code = read_settings(j);
        if (code == EXIT_READY)
                code = choose(j);
        if (code == EXIT_READY)
                code = collect(j);
        if (code != EXIT_READY)
                return code;
        if (j->n_asked > 0)
                tell_configured(j);
        if (j->set.n == 0 && j->n_settings == 0 && !o->config)
                return options_json(o) ? print_json(j, false, EXIT_READY) : EXIT_READY;
        code = o->config ? take_file(j) : make_text(j);
        if (code == EXIT_READY)
                code = judge(j);
        if (code != EXIT_READY)
                return code;
        tell_obstacles(j);
        return finish(j);
}

int verb_configure(const Options *o)
{
        _cleanup_(job_done) Job j = { .options = o, .rfd = -EBADF, .asks = !options_json(o) && ask_possible() };

        run_init(&j.run);
        config_init(&j.after);
        if (o->config && (o->n_settings > 0 || o->n_arguments > 0)) {
                tell("--config=FILE goes with neither a device nor --set");
                return EXIT_USAGE;
        }
        j.rfd = run_open_root(o->root, &j.live);
        if (j.rfd < 0)
                return EXIT_USAGE;
        if (!o->dry_run && geteuid() != 0) {
                tell("configure writes below " NAME_ETC ": run it as root, or look with --dry-run");
                return EXIT_PRIVILEGE;
        }
        return configure(&j);
}
