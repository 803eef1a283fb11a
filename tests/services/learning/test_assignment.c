/* test_assignment.c - who may assign what to whom; repeats; people and units that come later. */
#include "learning_test.h"

static int create(struct harness *h, const struct assignment_draft *draft)
{
    struct assignment made = {0};
    return on_assignment_create(&h->ctx, draft, &made);
}

static const char *enrolled(struct harness *h)
{
    return harness_get(h, "SELECT coalesce(string_agg(('x' || right(person_id::text, 8))::bit(32)::int::text, ' ' "
                          "ORDER BY person_id), '') FROM enrolment");
}

Test(assignment, a_unit_outside_the_callers_subtree)
{
    struct harness *h = learning_open();
    static const uint32_t units[] = {OTHER_PROVINCE, OTHER_UNIT, NATION, 4711};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct assignment_draft draft = assignment_draft(h, 500, units[i]);
        refused(h, create(h, &draft), ERR_FORBIDDEN, "unit_id");
    }
    h->ctx.n_scope = 0;
    struct assignment_draft draft = assignment_draft(h, 500, UNIT);
    refused(h, create(h, &draft), ERR_FORBIDDEN, "unit_id");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM assignment"), "0");
    cr_assert_eq(harness_events(h, "learner_assigned"), 0);
    harness_close(h);
}

Test(assignment, any_of_several_units_will_do)
{
    struct harness *h = learning_open();
    harness_as(h, U(HEAD), UNIT_HEAD, U(UNIT_B));
    harness_also(h, UNIT_HEAD, U(OTHER_PROVINCE));
    assign(h, 500, OTHER_UNIT);
    assign(h, 501, UNIT_B);
    struct assignment_draft draft = assignment_draft(h, 502, UNIT);
    refused(h, create(h, &draft), ERR_FORBIDDEN, "unit_id");
    cr_assert_str_eq(enrolled(h), "41 61");
    harness_close(h);
}

Test(assignment, a_programme_that_is_not_known_yet)
{
    struct harness *h = learning_open();
    struct assignment_draft draft = assignment_draft(h, 500, UNIT);
    draft.programme_id = U(201);
    refused(h, create(h, &draft), ERR_NOT_FOUND, "programme_id");
    programme_event(h, 201, 2, 1);
    passes(h, create(h, &draft));
    draft = assignment_draft(h, 501, UNIT); /* version 1 is superseded now */
    refused(h, create(h, &draft), ERR_STATE, "programme_id");
    harness_close(h);
}

Test(assignment, due_dates_have_bounds)
{
    struct harness *h = learning_open();
    struct assignment_draft draft = assignment_draft(h, 500, UNIT);
    draft.due_date = day(h, -1);
    refused(h, create(h, &draft), ERR_RANGE, "due_date");
    draft.due_date = day(h, 366);
    refused(h, create(h, &draft), ERR_RANGE, "due_date");
    draft.due_date = 2932896; /* 9999-12-31 */
    refused(h, create(h, &draft), ERR_RANGE, "due_date");
    draft.due_date = day(h, 365);
    passes(h, create(h, &draft));
    draft.assignment_id = U(501);
    draft.due_date = day(h, 0);
    passes(h, create(h, &draft));
    harness_close(h);
}

Test(assignment, listed_people_belong_to_the_subtree)
{
    struct harness *h = learning_open();
    struct assignment_draft draft = assignment_draft(h, 500, UNIT);
    struct person_ref people[] = {{.person_id = U(31)}, {.person_id = U(41)}};
    draft.people = people;
    draft.n_people = 2;
    refused(h, create(h, &draft), ERR_FORBIDDEN, "people");
    people[1].person_id = U(4711);
    refused(h, create(h, &draft), ERR_FORBIDDEN, "people");
    cr_assert_str_eq(enrolled(h), "");
    people[1].person_id = U(32);
    passes(h, create(h, &draft));
    cr_assert_str_eq(enrolled(h), "31 32");
    harness_close(h);
}

/* The first page at once, the rest by the walk; the counts are promised at once. */
Test(assignment, a_large_one_is_walked_through)
{
    struct harness *h = learning_open();
    struct learning_conf small = test_conf;
    small.enrol_page = 1;
    h->ctx.conf = &small;
    struct assignment large = assign(h, 500, PROVINCE);
    cr_assert_eq(large.people, 3);
    cr_assert_eq(large.enrolled, 3);
    cr_assert_str_eq(enrolled(h), "31");
    /* Who comes second gets nobody whom the first is still going to enrol. */
    struct assignment second = assign(h, 501, UNIT);
    cr_assert_eq(second.people, 2);
    cr_assert_eq(second.enrolled, 0);
    cr_assert_eq(assign(h, 500, PROVINCE).enrolled, 3);
    for (int i = 0; i < 6; i++)
        passes(h, harness_tick(h, learning_walk));
    cr_assert_str_eq(enrolled(h), "31 32 41");
    cr_assert_str_eq(harness_get(h, "SELECT count(DISTINCT assignment_id) FROM enrolment"), "1");
    cr_assert_str_eq(harness_get(h, "SELECT coalesce(after::text, 'through') FROM walk"), "through");
    cr_assert_eq(harness_events(h, "learner_assigned"), 3);
    harness_close(h);
}

Test(assignment, a_list_is_enrolled_at_once)
{
    struct harness *h = learning_open();
    struct learning_conf small = test_conf;
    struct assignment_draft draft = assignment_draft(h, 500, UNIT);
    struct person_ref people[] = {{.person_id = U(31)}, {.person_id = U(32)}};
    small.enrol_page = 1;
    h->ctx.conf = &small;
    draft.people = people;
    draft.n_people = 2;
    passes(h, create(h, &draft));
    cr_assert_str_eq(enrolled(h), "31 32");
    harness_close(h);
}

Test(assignment, the_first_one_counts)
{
    struct harness *h = learning_open();
    struct assignment first = assign(h, 500, UNIT);
    cr_assert_eq(first.people, 2);
    cr_assert_eq(first.enrolled, 2);
    struct assignment_draft draft = assignment_draft(h, 501, PROVINCE);
    struct assignment second = {0};
    draft.due_date = day(h, 10);
    passes(h, on_assignment_create(&h->ctx, &draft, &second));
    cr_assert_eq(second.people, 3);
    cr_assert_eq(second.enrolled, 1);
    cr_assert_eq(harness_events(h, "learner_assigned"), 3);
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(due_date - hocvu.today() || '', ' ' ORDER BY person_id) "
                                    "FROM enrolment"),
                     "30 30 10");
    harness_close(h);
}

Test(assignment, the_event_is_what_the_contract_says)
{
    struct harness *h = learning_open();
    struct enrolment_fact fact;
    struct fault fault;
    assign(h, 500, UNIT_B);
    const char *body = harness_get(h, "SELECT body FROM outbox WHERE event = 'learner_assigned'");
    cr_assert_eq(msg_from_json(&msg_enrolment_fact, &fact, &h->arena, S(body), &fault), 0, "%s", body);
    cr_assert(uuid_equal(&fact.person_id, &(struct uuid[]){U(41)}[0]));
    cr_assert(uuid_equal(&fact.assignment_id, &(struct uuid[]){U(500)}[0]));
    cr_assert_eq(fact.due_date, day(h, 30));
    cr_assert_str_eq(harness_get(h, "SELECT trace FROM outbox"), "0123456789abcdef0123456789abcdef");
    harness_close(h);
}

Test(assignment, a_repeat_returns_the_same_counts)
{
    struct harness *h = learning_open();
    struct assignment first = assign(h, 500, PROVINCE);
    cr_assert_eq(first.people, 3);
    person_event(h, 33, UNIT, -1);
    programme_event(h, 201, 2, 1); /* superseded since, but this was promised */
    harness_sql(h, "DELETE FROM unit WHERE unit_id = '00000000-0000-0000-0000-000000000004'");
    struct assignment again = assign(h, 500, PROVINCE);
    cr_assert_eq(again.people, first.people);
    cr_assert_eq(again.enrolled, first.enrolled);
    cr_assert_eq(again.due_date, first.due_date);
    cr_assert_eq(harness_events(h, "learner_assigned"), 4);
    harness_close(h);
}

Test(assignment, the_same_id_for_something_else)
{
    struct harness *h = learning_open();
    struct person_ref people[] = {{.person_id = U(32)}, {.person_id = U(31)}, {.person_id = U(32)}};
    struct assignment_draft listed = assignment_draft(h, 501, UNIT);
    programme_event(h, 201, 2, 1);
    harness_sql(h, "UPDATE programme SET code = 'KHAC' WHERE version = 2");
    assign(h, 500, UNIT);
    struct assignment_draft draft = assignment_draft(h, 500, UNIT_B);
    refused(h, create(h, &draft), ERR_CONFLICT, "assignment_id");
    draft = assignment_draft(h, 500, UNIT);
    draft.due_date = day(h, 31);
    refused(h, create(h, &draft), ERR_CONFLICT, "assignment_id");
    draft = assignment_draft(h, 500, UNIT);
    draft.programme_id = U(201);
    refused(h, create(h, &draft), ERR_CONFLICT, "assignment_id");
    draft = assignment_draft(h, 500, UNIT);
    draft.people = people;
    draft.n_people = 3;
    refused(h, create(h, &draft), ERR_CONFLICT, "assignment_id");
    harness_as(h, U(HEAD + 1), UNIT_HEAD, U(PROVINCE));
    draft = assignment_draft(h, 500, UNIT);
    refused(h, create(h, &draft), ERR_CONFLICT, "assignment_id");
    /* A list says the same in any order. */
    listed.people = people;
    listed.n_people = 3;
    passes(h, create(h, &listed));
    people[0].person_id = U(31);
    people[1].person_id = U(32);
    listed.n_people = 2;
    passes(h, create(h, &listed));
    listed.n_people = 1;
    refused(h, create(h, &listed), ERR_CONFLICT, "assignment_id");
    harness_close(h);
}

Test(assignment, who_joins_later_is_enrolled)
{
    struct harness *h = learning_open();
    assign(h, 500, PROVINCE);
    person_event(h, 33, UNIT, -1);
    person_event(h, 62, OTHER_UNIT, -1);
    cr_assert_str_eq(enrolled(h), "31 32 33 41");
    person_event(h, 33, UNIT, -1); /* told again */
    person_event(h, 61, UNIT, 0);  /* moved here */
    cr_assert_str_eq(enrolled(h), "31 32 33 41 61");
    person_event(h, 33, OTHER_UNIT, 0); /* moved away: what was assigned stays */
    cr_assert_str_eq(enrolled(h), "31 32 33 41 61");
    cr_assert_eq(harness_events(h, "learner_assigned"), 5);
    harness_close(h);
}

Test(assignment, the_unit_may_be_told_after_its_people)
{
    struct harness *h = learning_open();
    assign(h, 500, PROVINCE);
    person_event(h, 71, 8, -1);
    unit_event(h, 8, 7, -1);
    passes(h, harness_tick(h, learning_walk));
    cr_assert_str_eq(enrolled(h), "31 32 41");
    unit_event(h, 7, UNIT, -1); /* now the way up to the province is known */
    passes(h, harness_tick(h, learning_walk));
    cr_assert_str_eq(enrolled(h), "31 32 41 71");
    unit_event(h, OTHER_UNIT, PROVINCE, 0); /* a unit that moves brings its people */
    passes(h, harness_tick(h, learning_walk));
    cr_assert_str_eq(enrolled(h), "31 32 41 61 71");
    cr_assert_eq(harness_events(h, "learner_assigned"), 5);
    harness_close(h);
}

Test(assignment, a_list_covers_nobody_else)
{
    struct harness *h = learning_open();
    struct assignment_draft draft = assignment_draft(h, 500, UNIT);
    struct person_ref people[] = {{.person_id = U(31)}};
    draft.people = people;
    draft.n_people = 1;
    passes(h, create(h, &draft));
    person_event(h, 33, UNIT, -1);
    cr_assert_str_eq(enrolled(h), "31");
    harness_close(h);
}

Test(assignment, past_its_due_date_it_covers_nobody_new)
{
    struct harness *h = learning_open();
    assign(h, 500, UNIT);
    harness_sql(h, "UPDATE assignment SET due_date = hocvu.today() - 1");
    person_event(h, 33, UNIT, -1);
    cr_assert_str_eq(enrolled(h), "31 32");
    harness_close(h);
}

Test(assignment, of_two_assignments_above_the_earlier_enrols)
{
    struct harness *h = learning_open();
    assign(h, 501, PROVINCE);
    assign(h, 500, UNIT);
    person_event(h, 33, UNIT, -1);
    cr_assert_str_eq(harness_get(h, "SELECT right(assignment_id::text, 3) FROM enrolment WHERE person_id = "
                                    "'00000000-0000-0000-0000-000000000021'"),
                     "1f5");
    cr_assert_eq(harness_events(h, "learner_assigned"), 4);
    harness_close(h);
}

Test(assignment, a_tenure_that_begins_tomorrow)
{
    struct harness *h = learning_open();
    assign(h, 500, UNIT);
    person_event(h, 33, UNIT, 1);
    passes(h, harness_tick(h, learning_walk));
    cr_assert_str_eq(enrolled(h), "31 32");
    /* The next morning. */
    harness_sql(h, "UPDATE tenure SET valid_from = valid_from - 1");
    harness_sql(h, "UPDATE org_day SET day = day - 1");
    harness_sql(h, "UPDATE walk SET day = day - 1");
    passes(h, harness_tick(h, learning_walk));
    cr_assert_str_eq(enrolled(h), "31 32 33");
    passes(h, harness_tick(h, learning_walk));
    cr_assert_eq(harness_events(h, "learner_assigned"), 3);
    harness_close(h);
}

/* The day changes while a walk is under way: it begins anew, or those it has passed would wait a day. */
Test(assignment, a_day_that_begins_during_the_walk)
{
    struct harness *h = learning_open();
    struct learning_conf small = test_conf;
    small.enrol_page = 1;
    h->ctx.conf = &small;
    person_event(h, 30, UNIT, 1);
    assign(h, 500, PROVINCE);
    passes(h, harness_tick(h, learning_walk));
    passes(h, harness_tick(h, learning_walk));
    harness_sql(h, "UPDATE tenure SET valid_from = valid_from - 1");
    harness_sql(h, "UPDATE org_day SET day = day - 1");
    harness_sql(h, "UPDATE walk SET day = day - 1");
    for (int i = 0; i < 7; i++)
        passes(h, harness_tick(h, learning_walk));
    cr_assert_str_eq(enrolled(h), "30 31 32 41");
    harness_close(h);
}

Test(assignment, a_programme_told_twice_is_one)
{
    struct harness *h = learning_open();
    programme_event(h, PROGRAMME, 1, 3);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM lesson"), "3");
    harness_close(h);
}

Test(assignment, the_role_may_do_no_more_than_the_service_does)
{
    struct harness *h = learning_open();
    cr_assert(harness_allowed(h, "UPDATE enrolment SET completed_at = now() WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE enrolment SET due_date = NULL WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM enrolment WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE assignment SET due_date = NULL WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM assignment WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM progress WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE progress SET opened_at = NULL WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE evidence SET calls = 1 WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM evidence WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE lesson SET min_seconds = 1 WHERE false"));
    harness_close(h);
}
