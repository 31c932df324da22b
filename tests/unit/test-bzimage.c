/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which release a kernel image says it is of. */
#include "grub/format/bzimage.h"
#include "tree.h"

#define KERNEL "/boot/vmlinuz"

/* @at: where the text stands, 0x200 less; 0: nowhere. */
static void put_kernel(const Tree *t, unsigned at, const char *text, size_t size)
{
        uint8_t image[0x400] = {};

        image[0x1fe] = 0x55;
        image[0x1ff] = 0xaa;
        memcpy(image + 0x202, "HdrS", 4);
        image[0x206] = 0x0f;
        image[0x207] = 0x02;
        image[0x20e] = (uint8_t) at;
        if (at + strlen(text) < 0x200)
                memcpy(image + 0x200 + at, text, strlen(text));
        tree_data(t, KERNEL, image, size);
}

static void expect(const Tree *t, const char *release)
{
        _cleanup_free_ char *found = NULL;

        assert_int_equal(bzimage_release(t->rfd, KERNEL, &found), release ? 0 : -ENOENT);
        if (release)
                assert_string_equal(found, release);
        else
                assert_null(found);
}

static void what_it_says(void **state)
{
        const Tree *t = *state;
        char endless[0x180];

        expect(t, NULL); /* no file */
        put_kernel(t, 0x40, "6.1.0-18-amd64 (debian-kernel@lists.debian.org) #1 SMP", 0x400);
        expect(t, "6.1.0-18-amd64");
        put_kernel(t, 0x40, "6.12.5", 0x400);
        expect(t, "6.12.5");
        put_kernel(t, 0, "6.12.5", 0x400);
        expect(t, NULL);
        put_kernel(t, 0x40, " 6.12.5", 0x400);
        expect(t, NULL);
        put_kernel(t, 0x40, "6.12.5", 0x208);
        expect(t, NULL);
        put_kernel(t, 0x40, "6.12.5", 0x220);
        expect(t, NULL);
        memset(endless, 'x', sizeof(endless));
        endless[sizeof(endless) - 1] = 0;
        put_kernel(t, 0x40, endless, 0x400);
        expect(t, NULL);
        memset(endless, 'x', sizeof(endless)); /* what the file ends in is a name all the same */
        endless[0x10] = 0;
        put_kernel(t, 0xf0, endless, 0x300);
        expect(t, "xxxxxxxxxxxxxxxx");
        put_kernel(t, 0xf0, endless, 0x2ff);
        expect(t, "xxxxxxxxxxxxxxx");
        tree_file(t, KERNEL, "kernel");
        expect(t, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = { TREE_TEST(what_it_says) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
