/* test_published.c - what learners read: published only, kept in Redis, answered without it. */
#include "content_test.h"
#include <stdlib.h>

/* Ids of its own, because Redis is shared by all tests. */
static uint32_t fresh_id(void)
{
    return (arc4random() & 0x3fffffu) + 0x400000u; /* a lesson id is this times 1000 */
}

static struct harness *open_with_redis(void)
{
    struct harness *h = content_open();
    const char *redis = getenv("HOCVU_TEST_REDIS");
    cr_assert(redis);
    cache_configure(redis);
    return h;
}

static int get(struct harness *h, uint32_t id, struct programme *ret)
{
    struct version_ref ref = {.version_id = U(id)};
    *ret = (struct programme){0};
    return on_programme_get(&h->ctx, &ref, ret);
}

static int get_lesson(struct harness *h, uint32_t programme, uint16_t position, struct lesson *ret)
{
    struct lesson_query query = {.lesson_id = U(programme * 1000 + position)};
    *ret = (struct lesson){0};
    return on_lesson_get(&h->ctx, &query, ret);
}

static char *key_of(struct harness *h, const char *what, uint32_t id)
{
    return arena_printf(&h->arena, "content:%s:1:00000000-0000-0000-0000-%012x", what, id);
}

Test(published, drafts_are_not_shown)
{
    struct harness *h = content_open();
    struct programme programme;
    struct lesson lesson;
    struct version_state state;
    make_framework(h);
    make_programme(h, 200, 1);
    refused(h, get(h, 200, &programme), ERR_NOT_FOUND, "version_id");
    refused(h, get_lesson(h, 200, 1, &lesson), ERR_NOT_FOUND, "lesson_id");
    passes(h, submit(h, 200, &state));
    refused(h, get(h, 200, &programme), ERR_NOT_FOUND, "version_id");
    refused(h, get_lesson(h, 200, 1, &lesson), ERR_NOT_FOUND, "lesson_id");
    refused(h, get(h, FRAMEWORK, &programme), ERR_NOT_FOUND, "version_id");
    harness_close(h);
}

/* Those who were assigned the older version go on with it. */
Test(published, a_superseded_programme_stays_readable)
{
    struct harness *h = content_open();
    struct programme programme;
    struct lesson lesson;
    make_framework(h);
    make_programme(h, 200, 2);
    make_programme(h, 201, 1);
    publish(h, 200);
    publish(h, 201);
    passes(h, get(h, 200, &programme));
    cr_assert_eq(programme.n_lessons, 2);
    passes(h, get_lesson(h, 200, 2, &lesson));
    cr_assert(is(lesson.body, "# Bài học"));
    cr_assert_eq(lesson.position, 2);
    harness_close(h);
}

Test(published, the_event_is_the_answer)
{
    struct harness *h = content_open();
    struct programme answer, event;
    struct fault fault;
    struct buf a, b;
    make_framework(h);
    make_programme(h, 200, 3);
    publish(h, 200);
    passes(h, get(h, 200, &answer));
    const char *body = harness_get(h, "SELECT body FROM outbox WHERE event = 'programme_published'");
    cr_assert_eq(msg_from_json(&msg_programme, &event, &h->arena, S(body), &fault), 0);
    buf_init(&a, 65536);
    buf_init(&b, 65536);
    msg_pack(&msg_programme, &answer, &a);
    msg_pack(&msg_programme, &event, &b);
    cr_assert(a.n == b.n && !memcmp(a.p, b.p, a.n));
    buf_release(&a);
    buf_release(&b);
    harness_close(h);
}

/* Frameworks are read by other services only from their event, which is told once, by the approval. */
Test(published, a_framework_is_announced_with_its_groups)
{
    struct harness *h = content_open();
    struct framework_draft draft = framework_draft(FRAMEWORK);
    struct version_state state = {0};
    struct framework_fact fact;
    struct fault fault;
    as(h, ANNA);
    passes(h, on_framework_create(&h->ctx, &draft, &state));
    passes(h, submit(h, FRAMEWORK, &state));
    as(h, BINH);
    passes(h, send_back(h, FRAMEWORK, "mend", &state));
    cr_assert_eq(harness_events(h, "framework_published"), 0);
    as(h, ANNA);
    passes(h, submit(h, FRAMEWORK, &state));
    as(h, BINH);
    passes(h, approve(h, FRAMEWORK, &state));
    passes(h, approve(h, FRAMEWORK, &state));
    cr_assert_eq(harness_events(h, "framework_published"), 1);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM outbox"), "1");
    const char *body = harness_get(h, "SELECT body FROM outbox");
    cr_assert_eq(msg_from_json(&msg_framework_fact, &fact, &h->arena, S(body), &fault), 0, "%s", body);
    cr_assert(uuid_equal(&fact.framework_id, &(struct uuid[]){U(FRAMEWORK)}[0]));
    cr_assert(is(fact.code, "KNS") && is(fact.label, "1.0"));
    cr_assert(is(fact.title_vi, "Khung") && is(fact.title_en, "Framework"));
    cr_assert_eq(fact.n_groups, 2);
    cr_assert(is(fact.groups[0].code, "a") && is(fact.groups[1].code, "dd"));
    cr_assert(is(fact.groups[1].label, "đ") && is(fact.groups[1].title_en, "Creation"));
    cr_assert_str_eq(harness_get(h, "SELECT trace FROM outbox"), "0123456789abcdef0123456789abcdef");
    harness_close(h);
}

/* Who follows knows a framework before any programme that teaches it. */
Test(published, a_framework_is_announced_before_its_programmes)
{
    struct harness *h = content_open();
    make_framework(h);
    make_programme(h, 200, 1);
    publish(h, 200);
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(event, ' ' ORDER BY id) FROM outbox"),
                     "framework_published programme_published");
    harness_close(h);
}

Test(published, the_second_answer_comes_from_redis)
{
    struct harness *h = open_with_redis();
    uint32_t id = fresh_id();
    struct programme programme;
    struct lesson lesson;
    struct span bytes;
    make_framework(h);
    make_programme(h, id, 2);
    publish(h, id);
    passes(h, get(h, id, &programme));
    passes(h, get_lesson(h, id, 1, &lesson));
    cr_assert(cache_get(cache_mine(), &h->arena, key_of(h, "programme", id), &bytes));
    cr_assert(cache_get(cache_mine(), &h->arena, key_of(h, "lesson", id * 1000 + 1), &bytes));
    harness_sql(h, "ALTER TABLE lesson RENAME TO lesson_away"); /* PostgreSQL could not answer now */
    passes(h, get(h, id, &programme));
    passes(h, get_lesson(h, id, 1, &lesson));
    cr_assert_eq(programme.n_lessons, 2);
    cr_assert(is(lesson.body, "# Bài học"));
    harness_close(h);
}

Test(published, a_draft_never_reaches_redis)
{
    struct harness *h = open_with_redis();
    uint32_t id = fresh_id();
    struct programme programme;
    struct lesson lesson;
    struct span bytes;
    make_framework(h);
    make_programme(h, id, 1);
    refused(h, get(h, id, &programme), ERR_NOT_FOUND, "version_id");
    refused(h, get_lesson(h, id, 1, &lesson), ERR_NOT_FOUND, "lesson_id");
    cr_assert_not(cache_get(cache_mine(), &h->arena, key_of(h, "programme", id), &bytes));
    publish(h, id);
    passes(h, get(h, id, &programme));
    harness_close(h);
}

Test(published, bytes_that_are_no_message_are_ignored)
{
    struct harness *h = open_with_redis();
    uint32_t id = fresh_id();
    struct programme programme;
    static const char *const bad[] = {"", "\xdd\xff\xff\xff\xff", "\x81\x01", "hello", "\x80"};
    make_framework(h);
    make_programme(h, id, 2);
    publish(h, id);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cache_put(cache_mine(), key_of(h, "programme", id), S(bad[i]), 60);
        passes(h, get(h, id, &programme));
        cr_assert_eq(programme.n_lessons, 2);
        cr_assert(is(programme.framework_code, "KNS"));
    }
    harness_close(h);
}

Test(published, without_redis_postgresql_answers)
{
    struct harness *h = content_open();
    struct programme programme;
    cache_configure("/nowhere/redis.sock");
    make_framework(h);
    make_programme(h, 200, 1);
    publish(h, 200);
    for (int i = 0; i < 3; i++)
        passes(h, get(h, 200, &programme));
    cr_assert_eq(programme.lessons[0].min_seconds, 180);
    harness_close(h);
}
