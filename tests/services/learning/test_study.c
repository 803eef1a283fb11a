/* test_study.c - lessons in order, time that the server measured, completion only on evidence. */
#include "learning_test.h"

enum { LEARN = 31, FIRST = 2001, SECOND = 2002, THIRD = 2003 };

static struct harness *learner_open(void)
{
    struct harness *h = learning_open();
    assign(h, 500, PROVINCE);
    harness_as(h, U(LEARN), LEARNER, U(UNIT));
    return h;
}

static int open_lesson(struct harness *h, uint32_t lesson, struct lesson_progress *ret)
{
    struct lesson_step step = {.lesson_id = U(lesson)};
    *ret = (struct lesson_progress){0};
    return on_lesson_open(&h->ctx, &step, ret);
}

static int complete(struct harness *h, uint32_t lesson, struct lesson_progress *ret)
{
    struct lesson_step step = {.lesson_id = U(lesson)};
    *ret = (struct lesson_progress){0};
    return on_lesson_complete(&h->ctx, &step, ret);
}

/* One beat of the present caller, alone in its batch. */
static int beat(struct harness *h, uint32_t lesson, struct lesson_progress *ret)
{
    struct lesson_step step = {.lesson_id = U(lesson)};
    struct fault fault;
    *ret = (struct lesson_progress){0};
    int code = harness_batch(h, bind_lesson_beat, 1, NULL, &step, ret, &fault);
    if (!code && fault.code) {
        h->ctx.fault = fault;
        code = fault.code;
    }
    return code;
}

static void study(struct harness *h, uint32_t lesson)
{
    struct lesson_progress progress;
    passes(h, open_lesson(h, lesson, &progress));
    for (int i = 0; i < NEEDED / BEAT; i++) {
        elapse(h, BEAT);
        passes(h, beat(h, lesson, &progress));
    }
    passes(h, complete(h, lesson, &progress));
    cr_assert(HAS(&progress, lesson_progress, completed_at));
}

Test(study, a_client_that_only_says_completed)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    refused(h, complete(h, FIRST, &progress), ERR_EVIDENCE, "lesson_id");
    refused(h, complete(h, THIRD, &progress), ERR_EVIDENCE, "lesson_id");
    passes(h, open_lesson(h, FIRST, &progress));
    for (int i = 0; i < 3; i++)
        refused(h, complete(h, FIRST, &progress), ERR_EVIDENCE, "lesson_id");
    elapse(h, 3600); /* an hour without a sign of life is one gap */
    refused(h, complete(h, FIRST, &progress), ERR_EVIDENCE, "lesson_id");
    cr_assert_eq(harness_events(h, "lesson_completed"), 0);
    cr_assert_str_eq(harness_get(h, "SELECT count(completed_at) FROM progress"), "0");
    harness_close(h);
}

Test(study, lessons_go_in_order)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    refused(h, open_lesson(h, SECOND, &progress), ERR_ORDER, "lesson_id");
    refused(h, open_lesson(h, THIRD, &progress), ERR_ORDER, "lesson_id");
    study(h, FIRST);
    refused(h, open_lesson(h, THIRD, &progress), ERR_ORDER, "lesson_id");
    passes(h, open_lesson(h, SECOND, &progress));
    harness_close(h);
}

Test(study, who_is_not_enrolled_does_not_study)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    harness_as(h, U(61), LEARNER, U(OTHER_UNIT));
    refused(h, open_lesson(h, FIRST, &progress), ERR_FORBIDDEN, "lesson_id");
    refused(h, complete(h, FIRST, &progress), ERR_FORBIDDEN, "lesson_id");
    refused(h, beat(h, FIRST, &progress), ERR_NOT_FOUND, "lesson_id");
    refused(h, open_lesson(h, 4711, &progress), ERR_NOT_FOUND, "lesson_id");
    refused(h, complete(h, 4711, &progress), ERR_NOT_FOUND, "lesson_id");
    refused(h, beat(h, 4711, &progress), ERR_NOT_FOUND, "lesson_id");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM progress"), "0");
    harness_close(h);
}

Test(study, a_beat_needs_an_open_lesson)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    refused(h, beat(h, FIRST, &progress), ERR_NOT_FOUND, "lesson_id");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM evidence"), "0");
    harness_close(h);
}

Test(study, time_is_what_the_server_saw)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    passes(h, open_lesson(h, FIRST, &progress));
    cr_assert_eq(progress.seconds, 0);
    cr_assert_eq(progress.min_seconds, NEEDED);
    cr_assert_eq(progress.beat_seconds, BEAT);
    elapse(h, 10);
    passes(h, beat(h, FIRST, &progress));
    cr_assert_eq(progress.seconds, 10);
    elapse(h, 29); /* one beat was lost */
    passes(h, beat(h, FIRST, &progress));
    cr_assert_eq(progress.seconds, 39);
    elapse(h, 100000); /* the lid was closed */
    passes(h, beat(h, FIRST, &progress));
    cr_assert_eq(progress.seconds, 39 + GAP);
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(what || ':' || counted_us / 1000000, ' ' ORDER BY at) "
                                    "FROM evidence"),
                     "open:0 beat:10 beat:29 beat:30");
    harness_close(h);
}

Test(study, parts_of_a_second_add_up)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    passes(h, open_lesson(h, FIRST, &progress));
    for (int i = 0; i < 10; i++) {
        harness_sql(h, "UPDATE progress SET beat_at = beat_at - interval '500 ms'");
        passes(h, beat(h, FIRST, &progress));
    }
    cr_assert_geq(progress.seconds, 5);
    cr_assert_leq(progress.seconds, 6);
    harness_close(h);
}

Test(study, a_burst_earns_nothing)
{
    struct harness *h = learner_open();
    struct lesson_step steps[256];
    struct lesson_progress replies[256] = {0}, progress;
    struct fault faults[256];
    for (size_t i = 0; i < 256; i++)
        steps[i] = (struct lesson_step){.lesson_id = U(FIRST)};
    passes(h, open_lesson(h, FIRST, &progress));
    elapse(h, 10);
    for (int burst = 0; burst < 3; burst++) {
        passes(h, harness_batch(h, bind_lesson_beat, 256, NULL, steps, replies, faults));
        for (size_t i = 0; i < 256; i++) {
            cr_assert_eq(faults[i].code, 0);
            cr_assert_eq(replies[i].seconds, 10);
        }
    }
    refused(h, complete(h, FIRST, &progress), ERR_EVIDENCE, "lesson_id");
    /* And it shows. */
    cr_assert_str_eq(harness_get(h, "SELECT count(*) || ' ' || max(calls) FROM evidence WHERE what = 'beat'"), "3 256");
    cr_assert_str_eq(harness_get(h, "SELECT beats FROM progress"), "3");
    harness_close(h);
}

Test(study, two_devices_are_one_learner)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    passes(h, open_lesson(h, FIRST, &progress));
    passes(h, open_lesson(h, FIRST, &progress));
    for (int i = 0; i < 4; i++) {
        elapse(h, 7);
        passes(h, beat(h, FIRST, &progress)); /* device one */
        elapse(h, 8);
        passes(h, beat(h, FIRST, &progress)); /* device two */
        passes(h, beat(h, FIRST, &progress)); /* a replay */
    }
    cr_assert_eq(progress.seconds, 60);
    harness_close(h);
}

/* A second programme in another window does not earn the same minutes. */
Test(study, one_lesson_at_a_time)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    programme_event(h, 201, 1, 1);
    harness_as(h, U(HEAD), UNIT_HEAD, U(PROVINCE));
    struct assignment_draft draft = assignment_draft(h, 501, UNIT);
    struct assignment made = {0};
    draft.programme_id = U(201);
    passes(h, on_assignment_create(&h->ctx, &draft, &made));
    harness_as(h, U(LEARN), LEARNER, U(UNIT));
    passes(h, open_lesson(h, FIRST, &progress));
    elapse(h, 10);
    passes(h, beat(h, FIRST, &progress));
    passes(h, open_lesson(h, 2011, &progress));
    elapse(h, 10);
    refused(h, beat(h, FIRST, &progress), ERR_STATE, "lesson_id");
    passes(h, beat(h, 2011, &progress));
    cr_assert_eq(progress.seconds, 10);
    passes(h, open_lesson(h, FIRST, &progress));
    cr_assert_eq(progress.seconds, 10);
    elapse(h, 10);
    passes(h, beat(h, FIRST, &progress));
    cr_assert_eq(progress.seconds, 20);
    harness_close(h);
}

Test(study, opening_again_takes_nothing_away)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    passes(h, open_lesson(h, FIRST, &progress));
    elapse(h, 10);
    passes(h, beat(h, FIRST, &progress));
    elapse(h, 5);
    passes(h, open_lesson(h, FIRST, &progress)); /* the page was loaded anew */
    cr_assert_eq(progress.seconds, 15);
    elapse(h, 5000);
    passes(h, open_lesson(h, FIRST, &progress));
    cr_assert_eq(progress.seconds, 15 + GAP);
    for (int i = 0; i < 50; i++)
        passes(h, open_lesson(h, FIRST, &progress));
    cr_assert_eq(progress.seconds, 15 + GAP);
    harness_close(h);
}

Test(study, a_clock_set_back_takes_nothing_away)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    passes(h, open_lesson(h, FIRST, &progress));
    elapse(h, 20);
    passes(h, beat(h, FIRST, &progress));
    elapse(h, -3600);
    const char *stands = harness_get(h, "SELECT beat_at FROM progress");
    passes(h, beat(h, FIRST, &progress));
    cr_assert_eq(progress.seconds, 20);
    cr_assert_str_eq(harness_get(h, "SELECT beat_at FROM progress"), stands);
    harness_close(h);
}

Test(study, completed_once)
{
    struct harness *h = learner_open();
    struct lesson_progress first, again;
    study(h, FIRST);
    passes(h, complete(h, FIRST, &first));
    elapse(h, 100);
    passes(h, complete(h, FIRST, &again));
    cr_assert_eq(first.completed_at, again.completed_at);
    cr_assert_eq(first.seconds, again.seconds);
    passes(h, beat(h, FIRST, &again));
    cr_assert_eq(first.completed_at, again.completed_at);
    passes(h, open_lesson(h, FIRST, &again));
    cr_assert_eq(first.completed_at, again.completed_at);
    cr_assert_eq(first.seconds, again.seconds);
    cr_assert_eq(harness_events(h, "lesson_completed"), 1);
    cr_assert_eq(harness_events(h, "programme_completed"), 0);
    harness_close(h);
}

/* Completing is a sign of life as well: what passed since the last beat counts. */
Test(study, the_last_stretch_counts)
{
    struct harness *h = learner_open();
    struct lesson_progress progress;
    passes(h, open_lesson(h, FIRST, &progress));
    for (int i = 0; i < 3; i++) {
        elapse(h, BEAT);
        passes(h, beat(h, FIRST, &progress));
    }
    elapse(h, BEAT - 1);
    refused(h, complete(h, FIRST, &progress), ERR_EVIDENCE, "lesson_id");
    elapse(h, 1);
    passes(h, complete(h, FIRST, &progress));
    cr_assert_eq(progress.seconds, NEEDED);
    harness_close(h);
}

Test(study, the_last_lesson_completes_the_programme)
{
    struct harness *h = learner_open();
    struct my_programmes mine = {0};
    struct empty none = {0};
    struct lesson_fact lesson;
    struct completion_fact programme;
    struct fault fault;
    study(h, FIRST);
    study(h, SECOND);
    passes(h, on_my_programmes(&h->ctx, &none, &mine));
    cr_assert_eq(mine.n_programmes, 1);
    cr_assert_eq(mine.programmes[0].lessons, 3);
    cr_assert_eq(mine.programmes[0].lessons_done, 2);
    cr_assert_not(HAS(&mine.programmes[0], my_programme, completed_at));
    study(h, THIRD);
    passes(h, on_my_programmes(&h->ctx, &none, &mine));
    cr_assert_eq(mine.programmes[0].lessons_done, 3);
    cr_assert(HAS(&mine.programmes[0], my_programme, completed_at));
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(event, ' ' ORDER BY id) FROM outbox WHERE event <> "
                                    "'learner_assigned'"),
                     "lesson_completed lesson_completed lesson_completed programme_completed");
    const char *body = harness_get(h, "SELECT body FROM outbox WHERE event = 'lesson_completed'");
    cr_assert_eq(msg_from_json(&msg_lesson_fact, &lesson, &h->arena, S(body), &fault), 0, "%s", body);
    cr_assert_eq(lesson.seconds, NEEDED);
    body = harness_get(h, "SELECT body FROM outbox WHERE event = 'programme_completed'");
    cr_assert_eq(msg_from_json(&msg_completion_fact, &programme, &h->arena, S(body), &fault), 0, "%s", body);
    cr_assert_eq(programme.completed_at, mine.programmes[0].completed_at);
    struct lesson_progress progress;
    passes(h, complete(h, THIRD, &progress));
    cr_assert_eq(harness_events(h, "programme_completed"), 1);
    harness_close(h);
}

Test(study, each_call_of_a_batch_has_its_own_answer)
{
    struct harness *h = learner_open();
    struct lesson_progress progress, replies[6] = {0};
    struct fault faults[6];
    const struct uuid callers[] = {U(31), U(32), U(41), U(31), U(61), U(31)};
    const struct lesson_step steps[] = {{.lesson_id = U(FIRST)}, {.lesson_id = U(FIRST)}, {.lesson_id = U(FIRST)},
                                        {.lesson_id = U(4711)},  {.lesson_id = U(FIRST)}, {.lesson_id = U(FIRST)}};
    study(h, FIRST); /* 31 is through */
    harness_as(h, U(32), LEARNER, U(UNIT));
    passes(h, open_lesson(h, FIRST, &progress));
    elapse(h, 12);
    passes(h, harness_batch(h, bind_lesson_beat, 6, callers, steps, replies, faults));
    cr_assert_eq(faults[0].code, 0);
    cr_assert(HAS(&replies[0], lesson_progress, completed_at));
    cr_assert_eq(faults[1].code, 0);
    cr_assert_eq(replies[1].seconds, 12);
    cr_assert_not(HAS(&replies[1], lesson_progress, completed_at));
    cr_assert_eq(faults[2].code, ERR_NOT_FOUND);
    cr_assert_eq(faults[3].code, ERR_NOT_FOUND);
    cr_assert_eq(faults[4].code, ERR_NOT_FOUND);
    cr_assert_eq(faults[5].code, 0);
    cr_assert_eq(replies[5].completed_at, replies[0].completed_at);
    harness_close(h);
}

Test(study, my_programmes_are_mine)
{
    struct harness *h = learner_open();
    struct my_programmes mine = {0};
    struct empty none = {0};
    harness_as(h, U(61), LEARNER, U(OTHER_UNIT));
    passes(h, on_my_programmes(&h->ctx, &none, &mine));
    cr_assert_eq(mine.n_programmes, 0);
    harness_close(h);
}
