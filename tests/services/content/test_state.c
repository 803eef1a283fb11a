/* test_state.c - the life of a version: who may move it, from where to where, and what must be there before. */
#include "content_test.h"

static const char *state_of(struct harness *h, uint32_t id)
{
    return harness_get(h, "SELECT state FROM version WHERE version_id = '00000000-0000-0000-0000-%012x'", id);
}

/* The database itself refuses the change, even to its owner. */
static void immutable(struct harness *h, const char *sql)
{
    harness_sql(h,
                "DO $$ BEGIN %s; RAISE 'not refused: %%', $q$%s$q$; EXCEPTION WHEN raise_exception THEN "
                "IF SQLERRM <> 'STATE:version_id' THEN RAISE; END IF; END $$",
                sql, sql);
}

Test(state, author_may_not_review)
{
    struct harness *h = content_open();
    struct version_state state;
    make_framework(h);
    make_programme(h, 200, 2);
    passes(h, submit(h, 200, &state));
    refused(h, approve(h, 200, &state), ERR_SAME_PERSON, "version_id");
    refused(h, send_back(h, 200, "well done", &state), ERR_SAME_PERSON, "version_id");
    cr_assert_str_eq(state_of(h, 200), "review");
    cr_assert_eq(harness_events(h, "programme_published"), 0);
    harness_close(h);
}

Test(state, who_wrote_a_lesson_may_not_review_it)
{
    struct harness *h = content_open();
    struct version_state state;
    make_framework(h);
    make_programme(h, 200, 1);
    as(h, BINH);
    put_lesson(h, 200, 2);
    as(h, ANNA);
    passes(h, submit(h, 200, &state));
    as(h, BINH);
    refused(h, approve(h, 200, &state), ERR_SAME_PERSON, "version_id");
    as(h, CHI);
    passes(h, approve(h, 200, &state));
    harness_close(h);
}

Test(state, role_without_a_unit_changes_nothing)
{
    struct harness *h = content_open();
    struct framework_draft draft = framework_draft(101);
    struct version_state state = {0};
    make_framework(h);
    make_programme(h, 200, 1);
    passes(h, submit(h, 200, &state));
    as(h, BINH);
    h->ctx.n_scope = 0;
    refused(h, approve(h, 200, &state), ERR_FORBIDDEN, "");
    refused(h, send_back(h, 200, "no", &state), ERR_FORBIDDEN, "");
    refused(h, on_framework_create(&h->ctx, &draft, &state), ERR_FORBIDDEN, "");
    cr_assert_str_eq(state_of(h, 200), "review");
    harness_close(h);
}

/* Only methods whose roles name REVIEWER can be reached by a reviewer: the skeleton compares with these rows. */
Test(state, an_editor_cannot_reach_review)
{
    cr_assert_eq(method_find(M_version_approve)->roles, (uint32_t)(REVIEWER | NATIONAL));
    cr_assert_eq(method_find(M_version_reject)->roles, (uint32_t)(REVIEWER | NATIONAL));
    cr_assert_eq(method_find(M_lesson_put)->roles, (uint32_t)(EDITOR | NATIONAL));
}

Test(state, only_drafts_are_edited)
{
    struct harness *h = content_open();
    struct version_state state;
    struct accepted done = {0};
    make_framework(h);
    make_programme(h, 200, 2);
    struct lesson_draft other = lesson_draft(200, 2), fresh = lesson_draft(200, 3), same = lesson_draft(200, 2);
    other.body = SPAN("other");
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            passes(h, submit(h, 200, &state));
        } else {
            as(h, BINH);
            passes(h, approve(h, 200, &state));
            as(h, ANNA);
        }
        refused(h, on_lesson_put(&h->ctx, &other, &done), ERR_STATE, "version_id");
        refused(h, on_lesson_put(&h->ctx, &fresh, &done), ERR_STATE, "version_id");
        passes(h, on_lesson_put(&h->ctx, &same, &done)); /* a repeat of what is stored */
    }
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM lesson"), "2");
    harness_close(h);
}

Test(state, each_step_only_from_its_state)
{
    struct harness *h = content_open();
    struct version_state state;
    make_framework(h);
    make_programme(h, 200, 1);
    as(h, BINH);
    refused(h, approve(h, 200, &state), ERR_STATE, "version_id");
    refused(h, send_back(h, 200, "no", &state), ERR_STATE, "version_id");
    as(h, ANNA);
    passes(h, submit(h, 200, &state));
    as(h, CHI);
    refused(h, submit(h, 200, &state), ERR_STATE, "version_id");
    as(h, BINH);
    passes(h, approve(h, 200, &state));
    refused(h, send_back(h, 200, "too late", &state), ERR_STATE, "version_id");
    as(h, CHI);
    refused(h, approve(h, 200, &state), ERR_STATE, "version_id");
    refused(h, submit(h, 200, &state), ERR_STATE, "version_id");
    refused(h, submit(h, 999, &state), ERR_NOT_FOUND, "version_id");
    refused(h, approve(h, 999, &state), ERR_NOT_FOUND, "version_id");
    cr_assert_eq(harness_events(h, "programme_published"), 1);
    harness_close(h);
}

Test(state, a_repeated_step_is_the_same_step)
{
    struct harness *h = content_open();
    struct version_state first, again;
    make_framework(h);
    make_programme(h, 200, 1);
    passes(h, submit(h, 200, &first));
    passes(h, submit(h, 200, &again));
    as(h, BINH);
    passes(h, send_back(h, 200, "mend", &first));
    passes(h, send_back(h, 200, "mend", &again));
    cr_assert(is(again.state, "draft") && is(again.comment, "mend"));
    refused(h, send_back(h, 200, "mend more", &again), ERR_STATE, "version_id");
    as(h, ANNA);
    passes(h, submit(h, 200, &first));
    as(h, BINH);
    passes(h, approve(h, 200, &first));
    passes(h, approve(h, 200, &again));
    cr_assert_eq(first.published_at, again.published_at);
    cr_assert(uuid_equal(&again.reviewer_id, &(struct uuid[]){U(BINH)}[0]));
    cr_assert_eq(harness_events(h, "programme_published"), 1);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM step WHERE version_id = "
                                    "'00000000-0000-0000-0000-0000000000c8'"),
                     "4");
    harness_close(h);
}

Test(state, returned_work_is_mended_and_published)
{
    struct harness *h = content_open();
    struct version_state state;
    make_framework(h);
    make_programme(h, 200, 1);
    passes(h, submit(h, 200, &state));
    as(h, BINH);
    passes(h, send_back(h, 200, "Thiếu bài 2", &state));
    cr_assert(is(state.state, "draft"));
    as(h, ANNA);
    put_lesson(h, 200, 2);
    publish(h, 200);
    harness_close(h);
}

Test(state, a_newer_version_supersedes)
{
    struct harness *h = content_open();
    struct programme_list list = {0};
    struct empty none = {0};
    make_framework(h);
    make_programme(h, 200, 1);
    make_programme(h, 201, 2);
    make_programme(h, 202, 1);
    publish(h, 200);
    publish(h, 201);
    cr_assert_str_eq(state_of(h, 200), "superseded");
    cr_assert_str_eq(state_of(h, 201), "published");
    cr_assert_str_eq(state_of(h, 202), "draft");
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(version::text, ',' ORDER BY version) FROM version "
                                    "WHERE kind = 'programme'"),
                     "1,2,3");
    passes(h, on_programmes(&h->ctx, &none, &list));
    cr_assert_eq(list.n_programmes, 1);
    cr_assert_eq(list.programmes[0].version, 2);
    harness_close(h);
}

Test(state, lessons_have_no_hole)
{
    struct harness *h = content_open();
    struct version_state state;
    make_framework(h);
    make_programme(h, 200, 0);
    refused(h, submit(h, 200, &state), ERR_STATE, "lessons");
    put_lesson(h, 200, 1);
    put_lesson(h, 200, 3);
    refused(h, submit(h, 200, &state), ERR_STATE, "lessons");
    cr_assert_str_eq(state_of(h, 200), "draft");
    put_lesson(h, 200, 2);
    passes(h, submit(h, 200, &state));
    harness_close(h);
}

Test(state, what_rests_on_a_draft_framework_waits)
{
    struct harness *h = content_open();
    struct framework_draft framework = framework_draft(FRAMEWORK);
    struct version_state state = {0};
    as(h, ANNA);
    passes(h, on_framework_create(&h->ctx, &framework, &state));
    make_programme(h, 200, 1);
    refused(h, submit(h, 200, &state), ERR_STATE, "framework_id");
    publish(h, FRAMEWORK);
    passes(h, submit(h, 200, &state));
    /* A newer framework before the review: the programme has to be drafted on that one. */
    framework = framework_draft(101);
    passes(h, on_framework_create(&h->ctx, &framework, &state));
    publish(h, 101);
    as(h, BINH);
    refused(h, approve(h, 200, &state), ERR_STATE, "framework_id");
    harness_close(h);
}

Test(state, unknown_skill_groups_do_not_pass)
{
    struct harness *h = content_open();
    struct lesson_draft draft = lesson_draft(200, 1);
    struct version_state state;
    struct accepted done = {0};
    make_framework(h);
    make_programme(h, 200, 1);
    draft.skill_group = SPAN("zz");
    refused(h, on_lesson_put(&h->ctx, &draft, &done), ERR_INVALID, "skill_group");
    harness_sql(h, "UPDATE lesson SET skill_group = 'zz'");
    refused(h, submit(h, 200, &state), ERR_STATE, "skill_group");
    harness_close(h);
}

Test(state, an_event_that_would_not_fit_is_refused_before_it_is_written)
{
    struct harness *h = content_open();
    struct version_state state;
    make_framework(h);
    make_programme(h, 200, 0);
    harness_sql(h, "INSERT INTO lesson SELECT '00000000-0000-0000-0000-0000000000c8', n, hocvu.uuid7(), 'a', "
                   "repeat('\"', 300), repeat('\"', 300), 1, 'x', hocvu.uuid7() FROM generate_series(1, 200) n");
    refused(h, submit(h, 200, &state), ERR_TOO_LARGE, "lessons");
    harness_close(h);
}

/* Control characters are six bytes each in JSON: a framework may be too large too, though its text is not. */
Test(state, a_framework_that_would_not_fit_either)
{
    struct harness *h = content_open();
    struct framework_draft draft = framework_draft(FRAMEWORK);
    struct skill_group groups[64];
    struct version_state state = {0};
    char title[300];
    memset(title, 1, sizeof(title));
    for (uint32_t i = 0; i < 64; i++) {
        struct span all = {.p = title, .n = sizeof(title)};
        groups[i] = (struct skill_group){
            .code = S(arena_printf(&h->arena, "g%u", i)), .label = SPAN("g"), .title_vi = all, .title_en = all};
    }
    draft.groups = groups;
    draft.n_groups = 64;
    as(h, ANNA);
    passes(h, on_framework_create(&h->ctx, &draft, &state));
    refused(h, submit(h, FRAMEWORK, &state), ERR_TOO_LARGE, "groups");
    cr_assert_str_eq(state_of(h, FRAMEWORK), "draft");
    harness_close(h);
}

Test(state, the_database_knows_no_other_kind)
{
    struct harness *h = content_open();
    make_framework(h);
    harness_sql(h, "DO $$ BEGIN INSERT INTO version (version_id, kind, code, version, title_vi, title_en, "
                   "framework_id, author_id) SELECT hocvu.uuid7(), 'item_bank', 'X', 1, 'x', 'x', version_id, "
                   "author_id FROM version; RAISE 'not refused'; EXCEPTION WHEN check_violation THEN NULL; END $$");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM version"), "1");
    harness_close(h);
}

Test(state, the_database_keeps_what_was_published)
{
    struct harness *h = content_open();
    make_framework(h);
    make_programme(h, 200, 2);
    publish(h, 200);
    immutable(h, "UPDATE version SET title_vi = 'x' WHERE kind = 'programme'");
    immutable(h, "UPDATE version SET state = 'draft' WHERE kind = 'programme'");
    immutable(h, "UPDATE version SET reviewer_id = hocvu.uuid7() WHERE kind = 'programme'");
    immutable(h, "DELETE FROM version WHERE kind = 'programme'");
    immutable(h, "UPDATE lesson SET body = 'x' WHERE position = 1");
    immutable(h, "DELETE FROM lesson WHERE position = 2");
    immutable(h, "INSERT INTO lesson SELECT version_id, 3, hocvu.uuid7(), 'a', 'x', 'x', 1, 'x', hocvu.uuid7() "
                 "FROM lesson LIMIT 1");
    immutable(h, "UPDATE framework_group SET title_vi = 'x'");
    immutable(h, "DELETE FROM framework_group");
    immutable(h, "INSERT INTO version (version_id, kind, code, version, state, title_vi, title_en, author_id, label, "
                 "source, reviewer_id, published_at) SELECT hocvu.uuid7(), 'framework', 'X', 1, 'published', 'x', 'x', "
                 "hocvu.uuid7(), 'x', 'x', hocvu.uuid7(), now()");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM lesson"), "2");
    harness_close(h);
}

/* Another draft's lesson cannot be slipped into a published version either. */
Test(state, the_database_lets_no_part_move)
{
    struct harness *h = content_open();
    make_framework(h);
    make_programme(h, 200, 1);
    publish(h, 200);
    make_programme(h, 201, 1);
    immutable(h, "UPDATE lesson SET version_id = '00000000-0000-0000-0000-0000000000c8', position = 2 "
                 "WHERE version_id = '00000000-0000-0000-0000-0000000000c9'");
    immutable(h, "UPDATE lesson SET version_id = '00000000-0000-0000-0000-0000000000c9', position = 2 "
                 "WHERE version_id = '00000000-0000-0000-0000-0000000000c8'");
    harness_close(h);
}

Test(state, the_role_may_do_no_more_than_the_service_does)
{
    struct harness *h = content_open();
    cr_assert(harness_allowed(h, "SELECT 1 FROM version"));
    cr_assert(harness_allowed(h, "UPDATE version SET state = 'review' WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE version SET title_vi = 'x' WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE version SET author_id = NULL WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM version WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM lesson WHERE false"));
    cr_assert_not(harness_allowed(h, "TRUNCATE lesson"));
    cr_assert_not(harness_allowed(h, "UPDATE framework_group SET title_vi = 'x' WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM framework_group WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE step SET verb = 'submit' WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM outbox WHERE false"));
    cr_assert_not(harness_allowed(h, "INSERT INTO transition VALUES ('x', 'draft', 'published', 'x')"));
    cr_assert_not(harness_allowed(h, "ALTER TABLE version DISABLE TRIGGER ALL"));
    harness_close(h);
}

Test(state, the_list_filters)
{
    struct harness *h = content_open();
    struct version_query all = {0}, some = {0};
    struct version_list list = {0};
    make_framework(h);
    make_programme(h, 200, 1);
    passes(h, on_versions(&h->ctx, &all, &list));
    cr_assert_eq(list.n_versions, 2);
    cr_assert(is(list.versions[0].kind, "programme"));
    PUT_FIELD(&some, version_query, state, SPAN("draft"));
    PUT_FIELD(&some, version_query, kind, SPAN("programme"));
    passes(h, on_versions(&h->ctx, &some, &list));
    cr_assert_eq(list.n_versions, 1);
    PUT_FIELD(&some, version_query, code, SPAN("'; DROP TABLE version; --"));
    passes(h, on_versions(&h->ctx, &some, &list));
    cr_assert_eq(list.n_versions, 0);
    harness_close(h);
}
