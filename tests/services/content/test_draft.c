/* test_draft.c - drafting: ids made by clients, repeats, numbers that count per code. */
#include "content_test.h"

Test(draft, a_repeat_returns_the_first_result)
{
    struct harness *h = content_open();
    struct framework_draft framework = framework_draft(FRAMEWORK);
    struct programme_draft programme = programme_draft(200);
    struct version_state first = {0}, again = {0};
    as(h, ANNA);
    passes(h, on_framework_create(&h->ctx, &framework, &first));
    passes(h, on_framework_create(&h->ctx, &framework, &again));
    cr_assert_eq(again.version, 1);
    cr_assert(is(again.state, "draft"));
    cr_assert_not(HAS(&again, version_state, reviewer_id));
    publish(h, FRAMEWORK);
    passes(h, on_framework_create(&h->ctx, &framework, &again));
    cr_assert(is(again.state, "published"));
    passes(h, on_programme_create(&h->ctx, &programme, &first));
    passes(h, on_programme_create(&h->ctx, &programme, &again));
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM version"), "2");
    harness_close(h);
}

Test(draft, the_same_id_with_other_content_is_a_conflict)
{
    struct harness *h = content_open();
    struct framework_draft framework = framework_draft(FRAMEWORK);
    struct programme_draft programme = programme_draft(200);
    struct version_state state = {0};
    make_framework(h);
    passes(h, on_programme_create(&h->ctx, &programme, &state));
    programme.title_en = SPAN("Other");
    refused(h, on_programme_create(&h->ctx, &programme, &state), ERR_CONFLICT, "version_id");
    programme = programme_draft(200);
    programme.code = SPAN("OTHER");
    refused(h, on_programme_create(&h->ctx, &programme, &state), ERR_CONFLICT, "version_id");
    framework.version_id = U(200); /* the id of a programme for a framework */
    refused(h, on_framework_create(&h->ctx, &framework, &state), ERR_CONFLICT, "version_id");
    framework.version_id = U(FRAMEWORK);
    programme = programme_draft(200);
    as(h, BINH);
    refused(h, on_programme_create(&h->ctx, &programme, &state), ERR_CONFLICT, "version_id");
    as(h, ANNA);
    struct skill_group group = framework.groups[0];
    framework.groups = &group;
    framework.n_groups = 1;
    refused(h, on_framework_create(&h->ctx, &framework, &state), ERR_CONFLICT, "version_id");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM framework_group"), "2");
    harness_close(h);
}

Test(draft, groups_are_named_once)
{
    struct harness *h = content_open();
    struct framework_draft framework = framework_draft(FRAMEWORK);
    struct skill_group groups[2] = {framework.groups[0], framework.groups[0]};
    struct version_state state = {0};
    framework.groups = groups;
    as(h, ANNA);
    refused(h, on_framework_create(&h->ctx, &framework, &state), ERR_INVALID, "groups");
    groups[1].code = SPAN("đ");
    refused(h, on_framework_create(&h->ctx, &framework, &state), ERR_INVALID, "groups");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM version"), "0");
    harness_close(h);
}

Test(draft, a_code_is_plain)
{
    struct harness *h = content_open();
    struct programme_draft programme = programme_draft(200);
    struct version_state state = {0};
    make_framework(h);
    programme.code = SPAN("a/../b");
    refused(h, on_programme_create(&h->ctx, &programme, &state), ERR_INVALID, "code");
    programme.code = SPAN("A\nB");
    refused(h, on_programme_create(&h->ctx, &programme, &state), ERR_INVALID, "code");
    harness_close(h);
}

Test(draft, rests_on_a_framework_that_is_there)
{
    struct harness *h = content_open();
    struct programme_draft programme = programme_draft(200);
    struct version_state state = {0};
    make_framework(h);
    programme.framework_id = U(4711);
    refused(h, on_programme_create(&h->ctx, &programme, &state), ERR_NOT_FOUND, "framework_id");
    make_programme(h, 201, 0);
    programme.framework_id = U(201); /* a programme is no framework */
    refused(h, on_programme_create(&h->ctx, &programme, &state), ERR_NOT_FOUND, "framework_id");
    harness_close(h);
}

Test(draft, versions_count_per_kind_and_code)
{
    struct harness *h = content_open();
    struct version_state state = {0};
    struct programme_draft programme;
    make_framework(h);
    for (uint32_t i = 1; i <= 3; i++) {
        programme = programme_draft(200 + i);
        passes(h, on_programme_create(&h->ctx, &programme, &state));
        cr_assert_eq(state.version, i);
    }
    programme = programme_draft(210);
    programme.code = SPAN("KHAC");
    passes(h, on_programme_create(&h->ctx, &programme, &state));
    cr_assert_eq(state.version, 1);
    harness_close(h);
}

Test(draft, a_lesson_is_replaced_at_its_place_only)
{
    struct harness *h = content_open();
    struct lesson_draft lesson = lesson_draft(200, 1);
    struct accepted done = {0};
    make_framework(h);
    make_programme(h, 200, 2);
    make_programme(h, 201, 0);
    lesson.body = SPAN("new");
    passes(h, on_lesson_put(&h->ctx, &lesson, &done));
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(body, '|' ORDER BY position) FROM lesson"), "new|# Bài học");
    lesson.position = 2;
    refused(h, on_lesson_put(&h->ctx, &lesson, &done), ERR_CONFLICT, "lesson_id");
    lesson.version_id = U(201);
    lesson.position = 1;
    refused(h, on_lesson_put(&h->ctx, &lesson, &done), ERR_CONFLICT, "lesson_id");
    lesson = lesson_draft(999, 1);
    refused(h, on_lesson_put(&h->ctx, &lesson, &done), ERR_NOT_FOUND, "version_id");
    lesson = lesson_draft(FRAMEWORK, 1);
    refused(h, on_lesson_put(&h->ctx, &lesson, &done), ERR_NOT_FOUND, "version_id");
    harness_close(h);
}

Test(draft, text_is_stored_in_nfc)
{
    struct harness *h = content_open();
    struct lesson_draft lesson = lesson_draft(200, 1);
    struct programme_draft programme = programme_draft(201);
    struct version_state state = {0};
    struct accepted done = {0};
    make_framework(h);
    make_programme(h, 200, 0);
    lesson.title_vi = SPAN("Ba\xcc\x80i");
    passes(h, on_lesson_put(&h->ctx, &lesson, &done));
    cr_assert_str_eq(harness_get(h, "SELECT title_vi FROM lesson"), "B\xc3\xa0i");
    programme.title_vi = SPAN("Ba\xcc\x80i");
    passes(h, on_programme_create(&h->ctx, &programme, &state));
    cr_assert(is(state.title_vi, "B\xc3\xa0i"));
    passes(h, on_programme_create(&h->ctx, &programme, &state));
    harness_close(h);
}
