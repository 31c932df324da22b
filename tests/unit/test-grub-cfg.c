/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include "test.h"

#include "grub/format/grub-cfg.h"

static void entries_of_a_generated_file(void **state)
{
        static const char text[] = "set default=\"0\"\n"
                                   "function gfxmode {\n\tset gfxpayload=\"${1}\"\n}\n"
                                   "menuentry 'A \"quoted\" {title}' --class os $menuentry_id_option 'id-a' {\n"
                                   "\tif [ x$feature = xy ]; then\n\t\tinsmod gzio\n\tfi\n"
                                   "\tlinux\t/vmlinuz-1 root=UUID=1 ro  \"dyndbg=file a +p\" \\\n\t\tquiet # not this\n"
                                   "\tinitrd\t/ucode.img /initrd-1\n}\n"
                                   "submenu 'More' {\n\tmenuentry \"B\" --id id-b {\n\t\tlinuxefi /vmlinuz-2 ro\n\t}\n"
                                   "\tmenuentry 'C (recovery mode)' {\n\t\tlinux16 /vmlinuz-2 ro\n\t}\n"
                                   "\tmenuentry 'D' {\n\t\tlinux /vmlinuz-2 ro single\n\t}\n}\n"
                                   "menuentry 'Firmware' {\n\tfwsetup\n}\n"
                                   "# menuentry 'no' { linux /no }\n";
        BootEntry *e = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(grub_cfg_parse("cfg", text, NULL, &e, &n), 0);
        assert_int_equal(n, 4);
        assert_string_equal(e[0].title, "A \"quoted\" {title}");
        assert_string_equal(e[0].id, "id-a");
        assert_string_equal(e[0].kernel, "/vmlinuz-1");
        assert_string_equal(e[0].initrd, "/initrd-1");
        assert_int_equal(e[0].early.n, 1);
        assert_true(boot_entry_loads_early(e, "ucode.img"));
        assert_false(boot_entry_loads_early(e, "initrd-1"));
        assert_false(e[0].hypervisor);
        assert_int_equal(e[0].line, 9);
        assert_true(e[0].is_default);
        assert_true(kargs_has(&e[0].arguments, "quiet"));
        assert_false(kargs_has(&e[0].arguments, "not"));
        assert_int_equal(e[0].arguments.words.n, 4);
        assert_string_equal(e[1].id, "id-b");
        assert_false(e[1].is_default);
        assert_false(e[1].rescue);
        assert_null(e[1].initrd);
        assert_true(e[2].rescue);
        assert_true(e[3].rescue);
        boot_entries_free(e, n);
}

/* Arch Linux has a second image of each kernel, for hardware of any kind. */
static void fallback_images(void **state)
{
        static const char text[] = "menuentry 'Arch' --id a {\n\tlinux /vmlinuz-linux ro\n"
                                   "\tinitrd /ucode.img /initramfs-linux.img\n}\n"
                                   "menuentry 'Arch (Ersatz)' --id b {\n\tlinux /vmlinuz-linux ro\n"
                                   "\tinitrd /ucode.img /initramfs-linux-fallback.img\n}\n";
        BootEntry *e = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(grub_cfg_parse("cfg", text, NULL, &e, &n), 0);
        assert_int_equal(n, 2);
        assert_false(e[0].rescue);
        assert_true(e[1].rescue);
        boot_entries_free(e, n);
}

/* Titles are translated; what Ubuntu boots such an entry with, and the ids, are not. */
static void recovery_entries_in_other_languages(void **state)
{
        static const struct {
                const char *id, *arguments;
                bool rescue;
        } rows[] = {
                { "gnulinux-6.8.0-51-generic-advanced-1234", "ro quiet splash", false },
                { "gnulinux-6.8.0-51-generic-recovery-1234", "ro recovery nomodeset dis_ucode_ldr", true },
                { "custom", "ro recovery nomodeset dis_ucode_ldr", true },
                { "gnulinux-6.8.0-51-generic-recovery-1234", "ro nomodeset", true },
                { "xen-gnulinux-6.8.0-51-generic-recovery-1234", "ro nomodeset", true },
                { "gnulinux-6.8.0-51-recovery", "ro nomodeset", true },
                { "gnulinux-6.8.0-51-recoverytools-advanced-1234", "ro root=LABEL=recovery", false },
                { "recovery-disk", "ro recovery=no", false },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *text = NULL;
                BootEntry *e = NULL;
                size_t n = 0;

                assert_true(asprintf(&text,
                                     "menuentry 'Ubuntu, mit Linux 6.8.0-51-generic (Wiederherstellungsmodus)' "
                                     "$menuentry_id_option '%s' {\n\tlinux /vmlinuz-1 %s\n}\n",
                                     row->id, row->arguments) > 0);
                assert_int_equal(grub_cfg_parse("cfg", text, NULL, &e, &n), 0);
                assert_int_equal(n, 1);
                assert_int_equal(e[0].rescue, row->rescue);
                boot_entries_free(e, n);
        }
}

static const char menu[] = "%s\nmenuentry 'A' --id a {\n\tlinux /a\n}\n"
                           "submenu 'Advanced > all' --id advanced {\n"
                           "\tmenuentry 'B' --id b {\n\t\tlinux /b\n\t}\n"
                           "\tsubmenu 'Deeper' {\n\t\tmenuentry 'C' --id c {\n\t\t\tlinux /c\n\t\t}\n\t}\n}\n"
                           "menuentry 'Firmware' --id=fw {\n\tfwsetup\n}\n"
                           "menuentry 'E>F' --id e {\n\tlinux /e\n}\n";

static void the_default_entry(void **state)
{
        static const struct {
                const char *header, *saved, *kernel; /* NULL: an entry that boots no Linux */
        } rows[] = {
                { "", NULL, "/a" },
                { "set default=0", NULL, "/a" },
                { "set default=\"1\"", NULL, "/b" }, /* the first of the submenu */
                { "set default=\"1>0\"", NULL, "/b" },
                { "set default=\"1>1\"", NULL, "/c" },
                { "set default=\"1>1>0\"", NULL, "/c" },
                { "set default='advanced>b'", NULL, "/b" },
                { "set default='Advanced >> all>Deeper>C'", NULL, "/c" },
                { "set default=2", NULL, NULL },
                { "set default=fw", NULL, NULL },
                { "set default=3", NULL, "/e" },
                { "set default='E>>F'", NULL, "/e" },
                { "set default=e", NULL, "/e" },
                { "set default=gone", NULL, "/a" },
                { "set default=b", NULL, "/a" }, /* of a submenu: not without its name in front */
                { "set default=0\nset default=3", NULL, "/e" },
                { "set default=\"${next_entry}\"\nset default=\"${saved_entry}\"", "e", "/e" },
                { "set default=\"${saved_entry}\"", NULL, "/a" },
                { "set default=\"${saved_entry}\"", "", "/a" },
                { "set default=\"${saved_entry}\"", "advanced>Deeper>c", "/c" },
                { "set default=0", "e", "/a" }, /* saved, but not asked for */
                { "if [ $boot_counter ]; then\nif a; then\nfi\nset default=3\nfi", "a", "/a" }, /* Fedora's 08_ */
                { "blscfg", NULL, NULL }, /* the numbers of the entries that it brings come first */
                { "blscfg\nset default=3", NULL, NULL },
                { "blscfg\nset default=\"${saved_entry}\"", "gone", NULL },
                { "blscfg\nset default=\"${saved_entry}\"", "e", "/e" },
                { "blscfg\nset default='advanced>0'", NULL, "/b" },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                LoaderVariable saved = { .name = (char *) "saved_entry", .value = (char *) row->saved };
                const GrubEnv env = { .variables = &saved, .n = 1 };
                _cleanup_free_ char *text = NULL;
                const char *found = NULL;
                BootEntry *e = NULL;
                size_t n = 0;

                assert_true(asprintf(&text, menu, row->header) > 0);
                assert_int_equal(grub_cfg_parse("cfg", text, row->saved ? &env : NULL, &e, &n), 0);
                assert_int_equal(n, 4);
                FOREACH_ARRAY(i, e, n)
                        if (i->is_default) {
                                assert_null(found);
                                found = i->kernel;
                        }
                if (!streq_null(found, row->kernel))
                        fail_msg("%s, saved %s: %s", row->header, row->saved ?: "none", found ?: "none");
                boot_entries_free(e, n);
        }
}

/* Of two with the same name GRUB boots the first one, and there is only one default. */
static void the_first_of_one_name(void **state)
{
        static const char text[] = "set default='S>A'\n"
                                   "menuentry 'A' {\n\tlinux /top\n}\n"
                                   "submenu 'S' {\nmenuentry 'A' {\n\tlinux /a\n}\nmenuentry 'A' {\n\tlinux /b\n}\n}\n"
                                   "submenu 'S' {\nmenuentry 'A' {\n\tlinux /c\n}\n}\n";
        BootEntry *e = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(grub_cfg_parse("cfg", text, NULL, &e, &n), 0);
        assert_int_equal(n, 4);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(e[i].is_default, streq(e[i].kernel, "/a"));
        boot_entries_free(e, n);
}

/* As 20_linux_xen writes them, and what else is loaded with these commands. */
static void entries_under_xen(void **state)
{
        static const char text[] =
                "### BEGIN /etc/grub.d/20_linux_xen ###\n"
                "menuentry 'With Xen' $menuentry_id_option 'xen-1' {\n"
                "\tmultiboot2\t/boot/xen-4.17-amd64.gz placeholder dom0_mem=2G ${xen_rm_opts}\n"
                "\tmodule2\t/boot/vmlinuz-1 placeholder root=/dev/vda1 ro quiet\n"
                "\tmodule2\t--nounzip   /boot/initrd.img-1\n}\n"
                "menuentry 'With Xen (recovery mode)' {\n\tmultiboot2 /xen.gz placeholder\n"
                "\tmodule2 /vmlinuz-1 placeholder root=/dev/vda1 ro single\n}\n"
                "### END /etc/grub.d/20_linux_xen ###\n"
                "menuentry 'illumos' {\n\tmultiboot2 /platform/kernel/unix x\n\tmodule2 /boot_archive\n}\n"
                "menuentry 'odd' {\n\tmodule2 /vmlinuz\n\tmultiboot\n\tmultiboot2 /xen\n\tmodule2 --nounzip\n}\n";
        BootEntry *e = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(grub_cfg_parse("cfg", text, NULL, &e, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(e[0].kernel, "/boot/vmlinuz-1");
        assert_string_equal(e[0].initrd, "/boot/initrd.img-1");
        assert_int_equal(e[0].early.n, 0);
        assert_true(e[0].hypervisor);
        assert_int_equal(e[0].arguments.words.n, 3);
        assert_string_equal(e[0].arguments.words.items[0], "root=/dev/vda1");
        assert_int_equal(e[0].line, 4);
        assert_false(e[0].rescue);
        assert_true(e[1].rescue);
        boot_entries_free(e, n);
}

static void broken_generated_files_do_no_harm(void **state)
{
        static const char *const rows[] = {
                "",
                "}",
                "}}}}",
                "{",
                "menuentry",
                "menuentry {",
                "menuentry '",
                "menuentry 'a' {",
                "menuentry 'a' { linux",
                "linux /vmlinuz",
                "menuentry 'a' {\nlinux /v \"",
                "menuentry 'a' {\nlinux /v ${",
                "menuentry 'a' {\nlinux /v \\",
                "set",
                "set default=",
                "submenu",
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                BootEntry *e = NULL;
                size_t n = 0;

                assert_int_equal(grub_cfg_parse("cfg", *row, NULL, &e, &n), 0);
                assert_true(n <= 1);
                boot_entries_free(e, n);
        }
}

/* What the file and the block say of a variable counts; what they do not say is told as that, never as nothing. */
static void variables_in_arguments(void **state)
{
        static const struct {
                const char *before, *words; /* of the configuration, of the line behind the kernel */
                const char *arguments, *untold;
        } rows[] = {
                { "set common=\"ro intel_iommu=on\"", "root=/r $common", "root=/r ro intel_iommu=on", NULL },
                { "set common=\"ro intel_iommu=on\"", "root=/r ${common} b", "root=/r ro intel_iommu=on b", NULL },
                { "set common='a b'", "\"$common\" c", "a b c", NULL },
                { "set a=b\nset c=\"$a d\"", "x$c", "xb d", NULL },
                { "common=a", "$common", "a", NULL },
                { "set common=", "a $common", "a", NULL },
                { "", "a $common b", "a $common b", "$common" },
                { "", "a '$common' b", "a $common b", NULL },
                { "", "a \\$common b", "a $common b", NULL },
                { "", "a cost=5$ b", "a cost=5$ b", NULL },
                { "set common=a", "'$'$common", "$$common", "$$common" },
                { "if [ x ]; then\nset common=a\nelse\nset common=b\nfi", "$common", "$common", "$common" },
                { "set common=a\nif [ x ]; then\nset common=a\nfi", "$common", "a", NULL },
                { "set common=a\nif [ x ]; then\n set common=b; fi", "$common", "$common", "$common" },
                { "set common=a\nsource /x.cfg", "$common", "$common", "$common" },
                { "source /x.cfg\nset common=a", "$common", "a", NULL },
                { "set common=a\nread common", "$common", "$common", "$common" },
                { "set common=a\nsearch --no-floppy --set=common --label X", "$common", "$common", "$common" },
                { "set common=a\nregexp --set=1:common x y", "$common", "$common", "$common" },
                { "set common=a\nunset common", "$common", "$common", "$common" },
                { "for common in a b; do\n echo\ndone", "$common", "$common", "$common" },
                { "function f {\nset common=a\n}\nf", "$common", "a", NULL },
                { "function f {\nset common=a\n}", "$common", "$common", "$common" },
                { "set common=a\nfunction f {\nset common=b\n}\nif [ x ]; then\nf\nfi", "$common", "$common",
                  "$common" },
                { "if [ -s $prefix/grubenv ]; then\n load_env\nfi", "$kept", "of the block", NULL },
                { "set kept=a\nload_env other", "$kept", "a", NULL },
                { "set kept=a\nload_env kept", "$kept", "of the block", NULL },
                { "load_env\nset kept=a", "$kept", "a", NULL },
                { "set kept=a\nload_env --file /other", "$kept", "$kept", "$kept" },
                { "submenu 'M' {\nset common=a\n}", "$common", "$common", "$common" },
                { "set a=x", "$1 $? ${a", "$1 $? ${a", "$1" },
        };
        LoaderVariable kept = { .name = (char *) "kept", .value = (char *) "of the block" };
        const GrubEnv env = { .variables = &kept, .n = 1 };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                _cleanup_free_ char *text = NULL, *seen = NULL;
                BootEntry *e = NULL;
                size_t n = 0;

                assert_true(asprintf(&text, "%s\nmenuentry 'A' {\n\tlinux /k %s\n}\n", row->before, row->words) > 0);
                assert_int_equal(grub_cfg_parse("cfg", text, &env, &e, &n), 0);
                assert_int_equal(n, 1);
                seen = kargs_print(&e->arguments);
                if (!streq_null(seen, row->arguments) || !streq_null(e->untold, row->untold))
                        fail_msg("%s: \"%s\", untold %s", text, seen, e->untold ?: "nothing");
                boot_entries_free(e, n);
        }
}

/* An entry is run when all of the file has been, in a place of its own; one of a submenu sees what is exported. */
static void where_variables_are_seen(void **state)
{
        static const char text[] = "set late=a\nset own=c\nset shown=d\nexport shown\n"
                                   "menuentry 'A' {\n\tset own=e\n\tlinux /a $late $own\n}\n"
                                   "menuentry 'B' {\n\tlinux /b $own\n}\n"
                                   "submenu 'S' {\nmenuentry 'C' {\n\tlinux /c $shown $own\n}\n}\n"
                                   "menuentry 'D' {\n\tsource /x\n\tset own=f\n\tlinux /d $own $late\n}\n"
                                   "set late=b\n";
        static const char *const expected[] = { "b e", "c", "d $own", "f $late" };
        BootEntry *e = NULL;
        size_t n = 0;

        (void) state;
        assert_int_equal(grub_cfg_parse("cfg", text, NULL, &e, &n), 0);
        assert_int_equal(n, ELEMENTSOF(expected));
        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *seen = kargs_print(&e[i].arguments);

                assert_string_equal(seen, expected[i]);
                assert_string_equal(e[i].untold ?: "", i == 2 ? "$own" : i == 3 ? "$late" : "");
        }
        boot_entries_free(e, n);
}

/* What is only defined is no entry; what is called is one, at the place of the call. */
static void entries_in_functions(void **state)
{
        static const struct {
                const char *text;
                size_t n;
                const char *chosen; /* kernel of the default entry */
        } rows[] = {
                { "function f {\nmenuentry 'A' {\nlinux /a\n}\n}\nmenuentry 'B' {\nlinux /b\n}\n", 1, "/b" },
                { "function f {\nmenuentry 'A' {\nlinux /a\n}\n}\nf\nmenuentry 'B' {\nlinux /b\n}\n", 2, "/a" },
                { "function f {\nmenuentry 'A' {\nlinux /a\n}\n}\nmenuentry 'B' {\nlinux /b\n}\nf\n", 2, "/b" },
                { "function f {\nlinux /a\n}\nmenuentry 'B' {\nf\n}\n", 1, "/a" },
                { "function f {\nlinux /a\n}\nfunction f {\nlinux /b\n}\nmenuentry 'B' {\nf\n}\n", 1, "/b" },
                { "function f {\nf\nlinux /a\n}\nmenuentry 'B' {\nlinux /b\n}\n", 1, "/b" },
                { "function f {\nf; f\n}\nf\nmenuentry 'B' {\nlinux /b\n}\n", 1, "/b" },
                { "function f {\nmenuentry 'A' {\nlinux /a\n", 0, NULL },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const char *chosen = NULL;
                BootEntry *e = NULL;
                size_t n = 0;

                assert_int_equal(grub_cfg_parse("cfg", row->text, NULL, &e, &n), 0);
                FOREACH_ARRAY(i, e, n)
                        if (i->is_default)
                                chosen = i->kernel;
                if (n != row->n || !streq_null(chosen, row->chosen))
                        fail_msg("%s: %zu entries, the default %s", row->text, n, chosen ?: "none");
                boot_entries_free(e, n);
        }
}

/* Linux that is loaded without any menu; it boots at once where a command says so. */
static void linux_outside_of_entries(void **state)
{
        static const struct {
                const char *text;
                size_t n;
                const char *chosen;
        } rows[] = {
                { "linux /a ro\ninitrd /i\nboot\n", 1, "/a" },
                { "linux /a ro\ninitrd /i\n", 1, NULL },
                { "linux /a ro\nboot\nmenuentry 'B' {\nlinux /b\n}\n", 2, "/a" },
                { "linux /a ro\nmenuentry 'B' {\nlinux /b\n}\n", 2, "/b" },
                { "linux /a ro\nif [ x ]; then\nboot\nfi\nmenuentry 'B' {\nlinux /b\n}\n", 2, "/b" },
                { "menuentry 'B' {\nlinux /b\nboot\n}\n", 1, "/b" },
                { "if [ x ]; then linux /a ro; fi\nboot\n", 1, "/a" },
                { "function f {\nlinux /a\n}\n", 0, NULL },
        };

        (void) state;
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                const char *chosen = NULL;
                BootEntry *e = NULL;
                size_t n = 0;

                assert_int_equal(grub_cfg_parse("cfg", row->text, NULL, &e, &n), 0);
                FOREACH_ARRAY(i, e, n)
                        if (i->is_default)
                                chosen = i->kernel;
                if (n != row->n || !streq_null(chosen, row->chosen))
                        fail_msg("%s: %zu entries, the default %s", row->text, n, chosen ?: "none");
                if (strstr(row->text, "initrd"))
                        assert_string_equal(e->initrd, "/i");
                boot_entries_free(e, n);
        }
}

/* A generated file that was cut off somewhere, or has rubbish behind its end. */
static void files_that_are_not_whole(void **state)
{
        static const char text[] =
                "### BEGIN /etc/grub.d/00_header ###\nif [ -s $prefix/grubenv ]; then\n  load_env\nfi\n"
                "for i in a b; do echo $i; done\n### END /etc/grub.d/00_header ###\n"
                "### BEGIN /etc/grub.d/10_linux ###\nmenuentry 'A' {\n\tlinux /a \"b c\"\n}\n"
                "### END /etc/grub.d/10_linux ###\n";
        static const struct {
                const char *text, *problem;
        } rows[] = {
                { "", "ends in the middle of a line" },
                { "menuentry 'A' {\n}\n}\n", "closes what was not opened" },
                { "fi\n", "closes what was not opened" },
                { "menuentry 'A' {\n", "ends inside of a block" },
                { "menuentry 'A", "ends inside of a quote" },
                { "echo ${a", "ends inside of a quote" },
                { "if [ x ]; then\n", "ends inside of a condition or a loop" },
        };
        const char *problem;

        (void) state;
        assert_int_equal(grub_cfg_problem(text, strlen(text), &problem), 0);
        assert_null(problem);
        for (size_t n = 0; n < strlen(text); n++) {
                _cleanup_free_ char *cut = strndup(text, n);
                /* behind the end of a script's part it is as whole as a file can look */
                bool looks_whole = n > 0 && text[n - 1] == '\n' && n > 4 && memcmp(text + n - 4, "###\n", 4) == 0 &&
                                   !startswith(text + n, "if") && !startswith(text + n, "menuentry");

                assert_int_equal(grub_cfg_problem(cut, n, &problem), 0);
                if (!problem != looks_whole)
                        fail_msg("%s: %s", cut, problem ?: "whole");
        }
        assert_int_equal(grub_cfg_problem("a\n\0b\n", 5, &problem), 0);
        assert_string_equal(problem, "has NUL bytes in it");
        FOREACH_ARRAY(row, rows, ELEMENTSOF(rows)) {
                assert_int_equal(grub_cfg_problem(row->text, strlen(row->text), &problem), 0);
                assert_string_equal(problem ?: "whole", row->problem);
        }
}

/* Seconds of the processor for a text of n pieces, the best of three. */
static double seconds(const char *piece, size_t n, size_t expected)
{
        _cleanup_free_ char *text = malloc(n * strlen(piece) + 1);
        double best = 1e9;
        char *p = text;

        assert_non_null(text);
        for (size_t i = 0; i < n; i++)
                p = stpcpy(p, piece);
        for (unsigned i = 0; i < 3; i++) {
                BootEntry *e = NULL;
                size_t found = 0;
                clock_t before = clock();
                double now;

                assert_int_equal(grub_cfg_parse("cfg", text, NULL, &e, &found), 0);
                now = (double) (clock() - before) / CLOCKS_PER_SEC;
                best = MIN(best, now);
                assert_int_equal(found, expected);
                boot_entries_free(e, found);
        }
        return best;
}

/* Eight times the text takes about eight times the time, and not sixty-four times. */
static void time_grows_with_the_text(void **state)
{
        static const char entry[] =
                "menuentry 'A' --class os --id a {\n\tset x=y\n\tlinux /k root=/r ro $x\n\tinitrd /i\n}\n",
                          submenu[] = "submenu 'M' {\n", function[] = "function f {\n\techo $1\n}\nf a\n";

        (void) state;
        assert_true(seconds(entry, 16000, 16000) < 24 * MAX(seconds(entry, 2000, 2000), 0.001));
        assert_true(seconds(submenu, 80000, 0) < 24 * MAX(seconds(submenu, 10000, 0), 0.001));
        assert_true(seconds(function, 16000, 0) < 24 * MAX(seconds(function, 2000, 0), 0.001));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(entries_of_a_generated_file),
                cmocka_unit_test(fallback_images),
                cmocka_unit_test(recovery_entries_in_other_languages),
                cmocka_unit_test(the_default_entry),
                cmocka_unit_test(the_first_of_one_name),
                cmocka_unit_test(entries_under_xen),
                cmocka_unit_test(broken_generated_files_do_no_harm),
                cmocka_unit_test(variables_in_arguments),
                cmocka_unit_test(where_variables_are_seen),
                cmocka_unit_test(entries_in_functions),
                cmocka_unit_test(linux_outside_of_entries),
                cmocka_unit_test(files_that_are_not_whole),
                cmocka_unit_test(time_grows_with_the_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
