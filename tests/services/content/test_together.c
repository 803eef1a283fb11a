/* test_together.c - two editors or two reviewers at the same moment: versions stay numbered, one of a code is
 * published. */
#include "../learning/pair.h"
#include "content_test.h"

enum { ROUNDS = 20, BASE = 1000 };

static void open_pair(struct other pair[2], struct harness *h)
{
    for (size_t i = 0; i < 2; i++)
        other_open(&pair[i], h);
    pair[1].backwards = true;
}

static void close_pair(struct other pair[2])
{
    cr_assert_eq(pair[0].failed + pair[1].failed, 0);
    for (size_t i = 0; i < 2; i++)
        other_close(&pair[i]);
}

static uint32_t id_of(const struct other *other, uint32_t round)
{
    return BASE + 2 * round + other->backwards;
}

static void *draft_all(void *arg)
{
    struct other *other = arg;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct programme_draft draft = programme_draft(id_of(other, i));
        struct version_state state = {0};
        other->failed += on_programme_create(&other->ctx, &draft, &state) != 0;
        pg_settle(&other->pg);
        arena_clear(&other->arena);
    }
    return NULL;
}

Test(together, two_editors_draft_one_code)
{
    struct harness *h = content_open();
    struct other pair[2];
    make_framework(h);
    open_pair(pair, h);
    run_both(pair, draft_all);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) || ' ' || max(version) FROM version WHERE kind = 'programme'"),
                     "40 40");
    close_pair(pair);
    harness_close(h);
}

static void *approve_all(void *arg)
{
    struct other *other = arg;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct version_ref ref = {.version_id = U(id_of(other, i))};
        struct version_state state = {0};
        other->failed += on_version_approve(&other->ctx, &ref, &state) != 0;
        pg_settle(&other->pg);
        arena_clear(&other->arena);
    }
    return NULL;
}

Test(together, two_reviewers_publish_one_code)
{
    struct harness *h = content_open();
    struct other pair[2];
    struct version_state state;
    make_framework(h);
    for (uint32_t i = 0; i < 2 * ROUNDS; i++) {
        make_programme(h, BASE + i, 1);
        passes(h, submit(h, BASE + i, &state));
    }
    as(h, BINH);
    open_pair(pair, h);
    run_both(pair, approve_all);
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(n || ' ' || state, ', ' ORDER BY state) FROM (SELECT state, "
                                    "count(*) AS n FROM version WHERE kind = 'programme' GROUP BY state) s"),
                     "1 published, 39 superseded");
    cr_assert_eq(harness_events(h, "programme_published"), 2 * ROUNDS);
    close_pair(pair);
    harness_close(h);
}

/* An editor writes a lesson while another submits the programme: it comes first or is refused, nothing else. */
static void *write_or_submit(void *arg)
{
    struct other *other = arg;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct lesson_draft lesson = lesson_draft(BASE + i, 1);
        struct version_ref ref = {.version_id = U(BASE + i)};
        struct version_state state = {0};
        struct accepted done = {0};
        int code;
        lesson.body = SPAN("late");
        if (other->backwards)
            code = on_version_submit(&other->ctx, &ref, &state);
        else
            code = on_lesson_put(&other->ctx, &lesson, &done);
        other->failed += code != 0 && (other->backwards || code != ERR_STATE);
        pg_settle(&other->pg);
        arena_clear(&other->arena);
    }
    return NULL;
}

Test(together, a_lesson_is_written_during_the_submit)
{
    struct harness *h = content_open();
    struct other pair[2];
    make_framework(h);
    for (uint32_t i = 0; i < ROUNDS; i++)
        make_programme(h, BASE + i, 1);
    open_pair(pair, h);
    run_both(pair, write_or_submit);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM version WHERE state = 'review'"), "20");
    close_pair(pair);
    harness_close(h);
}
