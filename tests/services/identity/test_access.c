/* test_access.c - who looked at my record: every look of an officer is kept, none of one's own, and only its person
 * reads it. */
#include "access.h"
#include "identity_test.h"

static struct access_rows seen;

/* What this person finds. */
static uint32_t looks_at(const char *name)
{
    struct accesses_query query = {0};
    struct fault fault;
    harness_as(h, person_id(name), LEARNER, unit_id("VN"));
    seen = (struct access_rows){0};
    cr_assert_eq(settled(on_my_accesses(&h->ctx, &query, &seen)), 0, "%s", h->ctx.fault.field);
    cr_assert_eq(msg_check(&msg_access_rows, &seen, &fault), 0, "%s", fault.field);
    return seen.n_accesses;
}

static void look(const char *officer, const char *unit)
{
    struct people_query query = {.unit_id = unit_id(unit)};
    struct people_list list = {0};
    harness_as(h, person_id(officer), LEARNER | UNIT_HEAD, unit_id(unit));
    h->ctx.method = method_find(M_people);
    cr_assert_eq(settled(on_people(&h->ctx, &query, &list)), 0);
}

IDENTITY_TEST(access, a_person_sees_who_looked_and_what_for)
{
    small_nation();
    look("Trần Thị Hoa", "S44");
    cr_expect_eq(looks_at("Lê Văn Nam"), 1);
    cr_expect(span_is(seen.accesses[0].actor_name, "Trần Thị Hoa"));
    cr_expect(span_is(seen.accesses[0].position, "Trưởng phòng"));
    cr_expect(span_is(seen.accesses[0].unit_name, "Sở Nội vụ"));
    cr_expect(span_is(seen.accesses[0].what_vi, "Danh sách cán bộ của đơn vị"));
    cr_expect(span_is(seen.accesses[0].method, "people"));
    cr_expect_eq(looks_at("Trần Thị Hoa"), 0, "a look at oneself is none");
    cr_expect_eq(looks_at("Hồ Văn Sơn"), 0, "nobody looked at T66");
    look("Trần Thị Hoa", "S44");
    cr_expect_eq(looks_at("Lê Văn Nam"), 2);
    cr_assert_eq(settled(harness_tick(h, access_settle)), 0);
    cr_expect_eq(looks_at("Lê Văn Nam"), 2, "also when they are sorted in");
}

IDENTITY_TEST(access, looks_that_other_services_tell_are_kept_once_each)
{
    struct seen_person people[2];
    struct access_fact fact = {.at = now_us(),
                               .service = SPAN("assessment"),
                               .method = SPAN("attempt_dossier"),
                               .people = people,
                               .n_people = 2};
    small_nation();
    people[0].person_id = person_id("Lê Văn Nam");
    people[1].person_id = person_id("Hồ Văn Sơn");
    fact.actor = person_id("Trần Thị Hoa");
    PUT_FIELD(&fact, access_fact, reason, SPAN("Khiếu nại số 12"));
    cr_assert_eq(harness_event(h, follow_assessment_record_read, &fact), 0);
    cr_expect_eq(looks_at("Hồ Văn Sơn"), 1);
    cr_expect(span_is(seen.accesses[0].reason, "Khiếu nại số 12"));
    cr_expect_eq(looks_at("Lê Văn Nam"), 1);
    cr_expect_eq(looks_at("Phạm Thị Mai"), 0);
}

IDENTITY_TEST(access, a_look_whose_record_cannot_be_written_is_not_answered)
{
    struct people_query query;
    struct people_list list = {0};
    small_nation();
    query = (struct people_query){.unit_id = unit_id("S44")};
    harness_as(h, person_id("Phạm Thị Mai"), LEARNER | UNIT_HEAD, unit_id("S44"));
    harness_sql(h, "ALTER TABLE access_log ADD CHECK (method = 'x')");
    cr_expect_neq(settled(on_people(&h->ctx, &query, &list)), 0);
}

IDENTITY_TEST(access, more_people_than_a_note_holds_are_told_in_parts)
{
    static struct seen_person people[1203];
    bootstrap();
    for (uint32_t i = 0; i < 1203; i++)
        people[i].person_id = U(1000 + i);
    people[5].person_id = h->head.subject;
    cr_assert_eq(settled(access_note_list(&h->ctx, people, 1203, NULL)), 0);
    cr_expect_eq(count_of("access_log"), 3);
    cr_expect_str_eq(harness_get(h, "SELECT count(DISTINCT p) FROM access_log, unnest(people) p"), "1202");
    cr_assert_eq(settled(access_note_list(&h->ctx, people, 0, NULL)), 0);
    cr_assert_eq(settled(access_note_list(&h->ctx, &people[5], 1, NULL)), 0);
    cr_expect_eq(count_of("access_log"), 3);
}

IDENTITY_TEST(access, the_service_cannot_take_a_look_back)
{
    cr_expect(!harness_allowed(h, "DELETE FROM access_log"));
    cr_expect(!harness_allowed(h, "UPDATE access_log SET actor = NULL"));
}
