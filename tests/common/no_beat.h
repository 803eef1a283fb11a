/* no_beat.h - a handler of the small service (bind_test.h), for tests in which nobody asks for a beat. */
#ifndef TESTS_NO_BEAT_H
#define TESTS_NO_BEAT_H

#include "service.h"

int on_lesson_beat(struct ctx *ctx, struct batch *batch, const struct lesson_step *req,
                   struct lesson_progress *ret_reply)
{
    (void)batch;
    (void)req;
    (void)ret_reply;
    return fail(ctx, ERR_STATE, "unused");
}

#endif
