/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/step.h"

#include "apply/image-verify.h"
#include "base/file.h"
#include "base/io.h"
#include "base/text.h"
#include "grub/loader/loaders.h"
#include "initramfs/builders.h"
#include "model/image.h"
#include "model/names.h"

int step_image_do(StepContext *c)
{
        const ImageStep *s = &c->step->image;
        const char *builder = builder_kind_to_string(s->builder);
        ImageTrial trial = {
                .path = c->trial_path, .old = c->path, .modules = &s->modules, .bare = s->bare, .builder = s->builder
        };
        const char *argv[BUILDER_WORDS_MAX];
        _cleanup_free_ char *tail = NULL, *what = NULL, *reason = NULL;
        int r = string_printf(&what, " for kernel %s", s->release);

        builder_command(s->builder, c->trial_path, s->release, c->path, argv);
        if (r >= 0)
                r = step_keep_sight(c);
        if (r >= 0)
                r = step_make_trial(c, (char *const *) argv, LIMIT_IMAGE, builder, what, &tail);
        trial.said = tail;
        if (r >= 0 && (r = image_verify(c->options->rfd, &trial, &reason)) == -EPROTO)
                r = step_failed(c, r, "%s built an image for kernel %s that %s; the old one stays. It said: %s",
                                builder, s->release, reason, tail && *tail ? tail : "nothing");
        return step_put_in_place(c, r);
}

int step_copy_do(StepContext *c)
{
        const CopyStep *s = &c->step->copy;
        const ImageTrial trial = { .path = c->trial_path, .old = c->path, .modules = &s->modules, .bare = s->bare };
        _cleanup_free_ char *reason = NULL;
        int rfd = c->options->rfd;
        int r = step_clear(c, c->trial_path, NULL); /* left behind by a power cut */

        c->trial = r >= 0;
        if (r >= 0)
                r = root_file_copy(rfd, s->from, c->trial_path);
        if (r < 0)
                r = step_failed(c, r, "%s could not be copied to %s: %s; the old one stays", s->from, c->step->path,
                                strerror(-r));
        else if ((r = image_verify(rfd, &trial, &reason)) == -EPROTO)
                r = step_failed(c, r, "%s is no image for %s: it %s; the old one stays", s->from, c->step->path,
                                reason);
        return step_put_in_place(c, r);
}

/* An image that has something else inside gets no stamp. */
static int stamp_image(int rfd, uint64_t wanted, const char *key, const char *path, const StringList *modules,
                       ImageStamps *ret)
{
        ImageStamp stamp = { .release = (char *) key, .modules = true };
        InitrdSeen seen;
        int r = image_inside_digest(rfd, path, modules, &stamp.digest, &seen);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        stamp.identity = seen.identity;
        stamp.maker = seen.maker;
        return stamp.digest == wanted ? image_stamps_set(ret, &stamp) : 0;
}

/* The image of a kernel release where the loader's own tool has put it meanwhile. */
static int stamp_moved(const StepContext *c, uint64_t wanted, const StampedImage *image, ImageStamps *ret)
{
        _cleanup_(loader_done) Loader l = {};
        int r = loader_read_kind(c->options->rfd, c->step->stamp.loader, &l);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        FOREACH_ARRAY(e, l.entries, l.n_entries) {
                if (e->rescue || !e->image || !streq_null(e->version, image->release))
                        continue;
                r = stamp_image(c->options->rfd, wanted, e->image, e->image, &image->modules, ret);
                if (r < 0)
                        return r;
        }
        return 0;
}

int step_stamp_do(StepContext *c)
{
        const StampStep *s = &c->step->stamp;
        int rfd = c->options->rfd;
        _cleanup_(image_stamps_done) ImageStamps stamps = {};
        _cleanup_free_ char *text = NULL;
        uint64_t wanted = 0;
        int r = s->bare ? 0 : image_wanted_digest(rfd, &wanted);

        FOREACH_ARRAY(i, s->images, s->n_images) {
                if (r < 0)
                        break;
                r = i->key ? stamp_image(rfd, wanted, i->key, i->path, &i->modules, &stamps)
                           : stamp_moved(c, wanted, i, &stamps);
        }
        if (r < 0)
                return r;
        text = image_stamps_print(&stamps);
        if (!text)
                return -ENOMEM;
        r = root_mkdir_p(rfd, NAME_STATE_DIR);
        if (r >= 0)
                r = step_keep_old(c);
        return r < 0 ? r : root_file_replace(rfd, c->path, text, strlen(text), 0644);
}
