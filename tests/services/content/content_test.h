/* content_test.h - what the tests of content share: people, a framework, drafts, and the short way through review. */
#ifndef CONTENT_TEST_H
#define CONTENT_TEST_H

#include "content.h"
#include "cache.h"
#include "outcome.h"
#include <criterion/criterion.h>

static const struct content_conf test_conf = {.cache_seconds = 60};

enum { NATION = 1, ANNA = 11, BINH = 12, CHI = 13, FRAMEWORK = 100 };

/* Without Redis: ids repeat from test to test, and the cache is shared by all. test_published.c turns it on. */
static inline struct harness *content_open(void)
{
    struct harness *h = harness_open("content", service_sql, false, &test_conf);
    cache_configure("");
    return h;
}

/* People hold both roles, as they may; only what they did tells them apart. */
static inline void as(struct harness *h, uint32_t person)
{
    harness_as(h, U(person), EDITOR | REVIEWER, U(NATION));
}

static inline struct framework_draft framework_draft(uint32_t id)
{
    static struct skill_group groups[] = {
        {.code = SPAN("a"), .label = SPAN("a"), .title_vi = SPAN("Kiến thức chung"), .title_en = SPAN("General")},
        {.code = SPAN("dd"), .label = SPAN("đ"), .title_vi = SPAN("Sáng tạo nội dung"), .title_en = SPAN("Creation")},
    };
    return (struct framework_draft){.version_id = U(id),
                                    .code = SPAN("KNS"),
                                    .label = SPAN("1.0"),
                                    .title_vi = SPAN("Khung"),
                                    .title_en = SPAN("Framework"),
                                    .source = SPAN("Decree"),
                                    .groups = groups,
                                    .n_groups = 2};
}

static inline struct programme_draft programme_draft(uint32_t id)
{
    return (struct programme_draft){.version_id = U(id),
                                    .code = SPAN("CB"),
                                    .title_vi = SPAN("Cơ bản"),
                                    .title_en = SPAN("Basics"),
                                    .framework_id = U(FRAMEWORK)};
}

static inline struct lesson_draft lesson_draft(uint32_t programme, uint16_t position)
{
    return (struct lesson_draft){.version_id = U(programme),
                                 .position = position,
                                 .lesson_id = U(programme * 1000 + position),
                                 .skill_group = SPAN("a"),
                                 .title_vi = SPAN("Bài"),
                                 .title_en = SPAN("Lesson"),
                                 .min_seconds = 180,
                                 .body = SPAN("# Bài học")};
}

static inline void put_lesson(struct harness *h, uint32_t programme, uint16_t position)
{
    struct lesson_draft draft = lesson_draft(programme, position);
    struct accepted done = {0};
    passes(h, on_lesson_put(&h->ctx, &draft, &done));
}

static inline int submit(struct harness *h, uint32_t id, struct version_state *state)
{
    struct version_ref ref = {.version_id = U(id)};
    *state = (struct version_state){0};
    return on_version_submit(&h->ctx, &ref, state);
}

static inline int approve(struct harness *h, uint32_t id, struct version_state *state)
{
    struct version_ref ref = {.version_id = U(id)};
    *state = (struct version_state){0};
    return on_version_approve(&h->ctx, &ref, state);
}

static inline int send_back(struct harness *h, uint32_t id, const char *comment, struct version_state *state)
{
    struct version_return back = {.version_id = U(id), .comment = S(comment)};
    *state = (struct version_state){0};
    return on_version_reject(&h->ctx, &back, state);
}

/* Anna wrote it; Binh publishes it. */
static inline void publish(struct harness *h, uint32_t id)
{
    struct version_state state;
    as(h, ANNA);
    passes(h, submit(h, id, &state));
    as(h, BINH);
    passes(h, approve(h, id, &state));
    cr_assert(is(state.state, "published"));
    as(h, ANNA);
}

static inline void make_framework(struct harness *h)
{
    struct framework_draft draft = framework_draft(FRAMEWORK);
    struct version_state state = {0};
    as(h, ANNA);
    passes(h, on_framework_create(&h->ctx, &draft, &state));
    publish(h, FRAMEWORK);
}

static inline void make_programme(struct harness *h, uint32_t id, uint16_t lessons)
{
    struct programme_draft draft = programme_draft(id);
    struct version_state state = {0};
    as(h, ANNA);
    passes(h, on_programme_create(&h->ctx, &draft, &state));
    for (uint16_t i = 1; i <= lessons; i++)
        put_lesson(h, id, i);
}

#endif
