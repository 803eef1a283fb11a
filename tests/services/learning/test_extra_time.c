/* test_extra_time.c - more time at the assessment for people with needs: who may give it to whom, and what is told. */
#include "learning_test.h"
#include "pair.h"

enum { NOBODY = 0 };

/* An assignment of these people (the second may be NOBODY) with this percentage; below 0: without one. */
static int give(struct harness *h, uint32_t id, uint32_t unit, uint32_t person, uint32_t second, int percent)
{
    struct assignment_draft draft = assignment_draft(h, id, unit);
    struct person_ref people[] = {{.person_id = U(person)}, {.person_id = U(second)}};
    struct assignment made = {0};
    draft.due_date = day(h, 10);
    draft.people = people;
    draft.n_people = second == NOBODY ? 1 : 2;
    if (percent >= 0)
        PUT_FIELD(&draft, assignment_draft, extra_time_percent, (uint8_t)percent);
    return on_assignment_create(&h->ctx, &draft, &made);
}

/* "31:50 32:-" for two people, the second without extra time. */
static const char *times(struct harness *h)
{
    return harness_get(h, "SELECT string_agg(('x' || right(person_id::text, 8))::bit(32)::int || ':' || "
                          "coalesce(extra_time_percent::text, '-'), ' ' ORDER BY person_id) FROM enrolment");
}

static struct enrolment_fact last_told(struct harness *h)
{
    struct enrolment_fact fact;
    struct fault fault;
    const char *body = harness_get(h, "SELECT body FROM outbox WHERE event = 'learner_assigned' ORDER BY id DESC");
    cr_assert_eq(msg_from_json(&msg_enrolment_fact, &fact, &h->arena, S(body), &fault), 0, "%s", body);
    return fact;
}

Test(extra_time, only_with_a_list_of_people)
{
    struct harness *h = learning_open();
    struct assignment_draft draft = assignment_draft(h, 500, UNIT);
    struct assignment made = {0};
    PUT_FIELD(&draft, assignment_draft, extra_time_percent, 25);
    refused(h, on_assignment_create(&h->ctx, &draft, &made), ERR_INVALID, "extra_time_percent");
    PUT_FIELD(&draft, assignment_draft, extra_time_percent, 0);
    refused(h, on_assignment_create(&h->ctx, &draft, &made), ERR_INVALID, "extra_time_percent");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM assignment"), "0");
    cr_assert_eq(harness_events(h, "learner_assigned"), 0);
    harness_close(h);
}

/* At the edge and before the handler by the declaration, and below it by the table. */
Test(extra_time, has_bounds)
{
    struct harness *h = learning_open();
    static const struct {
        const char *value;
        int code;
    } cases[] = {{"0", 0}, {"200", 0}, {"201", ERR_RANGE}, {"256", ERR_RANGE}, {"-1", ERR_RANGE}, {"\"50\"", ERR_TYPE}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct assignment_draft draft;
        struct fault fault = {0};
        char *json = arena_printf(&h->arena,
                                  "{\"assignment_id\":\"00000000-0000-0000-0000-000000000001\","
                                  "\"programme_id\":\"00000000-0000-0000-0000-000000000002\","
                                  "\"unit_id\":\"00000000-0000-0000-0000-000000000003\",\"due_date\":\"2030-01-01\","
                                  "\"extra_time_percent\":%s}",
                                  cases[i].value);
        cr_assert_eq(msg_from_json(&msg_assignment_draft, &draft, &h->arena, S(json), &fault), cases[i].code);
        if (cases[i].code)
            cr_assert_str_eq(fault.field, "extra_time_percent");
    }
    assign(h, 500, UNIT);
    harness_sql(h, "DO $$ BEGIN UPDATE enrolment SET extra_time_percent = 201; RAISE 'not refused'; "
                   "EXCEPTION WHEN check_violation THEN NULL; END $$");
    harness_sql(h, "DO $$ BEGIN UPDATE assignment SET extra_time_percent = 50; RAISE 'not refused'; "
                   "EXCEPTION WHEN check_violation THEN NULL; END $$");
    harness_close(h);
}

/* The same roles and the same subtree as for the assignment itself. */
Test(extra_time, outside_the_callers_subtree)
{
    struct harness *h = learning_open();
    cr_assert_eq(method_find(M_assignment_create)->roles, (uint32_t)(UNIT_HEAD | PROVINCE_OFFICER | NATIONAL_OPERATOR));
    harness_as(h, U(HEAD), UNIT_HEAD, U(NATION));
    assign(h, 500, NATION);
    harness_as(h, U(HEAD), UNIT_HEAD, U(UNIT));
    refused(h, give(h, 501, OTHER_UNIT, 61, NOBODY, 50), ERR_FORBIDDEN, "unit_id");
    refused(h, give(h, 501, PROVINCE, 31, NOBODY, 50), ERR_FORBIDDEN, "unit_id");
    refused(h, give(h, 501, UNIT, 31, 41, 50), ERR_FORBIDDEN, "people");
    refused(h, give(h, 501, UNIT, 61, NOBODY, 50), ERR_FORBIDDEN, "people");
    person_event(h, 32, UNIT_B, 0); /* moved away: the new head's affair */
    refused(h, give(h, 501, UNIT, 32, NOBODY, 50), ERR_FORBIDDEN, "people");
    cr_assert_str_eq(times(h), "31:- 32:- 41:- 61:-");
    cr_assert_eq(harness_events(h, "learner_assigned"), 4);
    passes(h, give(h, 501, UNIT, 31, NOBODY, 50));
    cr_assert_str_eq(times(h), "31:50 32:- 41:- 61:-");
    harness_close(h);
}

Test(extra_time, a_new_enrolment_has_it_from_the_first)
{
    struct harness *h = learning_open();
    passes(h, give(h, 500, UNIT, 31, NOBODY, 200));
    struct enrolment_fact fact = last_told(h);
    cr_assert(HAS(&fact, enrolment_fact, extra_time_percent));
    cr_assert_eq(fact.extra_time_percent, 200);
    passes(h, give(h, 501, UNIT, 32, NOBODY, -1));
    fact = last_told(h);
    cr_assert_not(HAS(&fact, enrolment_fact, extra_time_percent));
    assign(h, 502, PROVINCE);
    cr_assert_str_eq(times(h), "31:200 32:- 41:-");
    cr_assert_eq(harness_events(h, "learner_assigned"), 3);
    harness_close(h);
}

/* What was assigned stays as it is; only the extra time is new, and is told with the rest. */
Test(extra_time, who_is_enrolled_keeps_the_assignment)
{
    struct harness *h = learning_open();
    assign(h, 500, UNIT);
    struct enrolment_fact before = last_told(h), after;
    passes(h, give(h, 501, PROVINCE, 32, 41, 25));
    cr_assert_str_eq(times(h), "31:- 32:25 41:25");
    cr_assert_eq(harness_events(h, "learner_assigned"), 4);
    cr_assert_str_eq(harness_get(h, "SELECT covered || ' ' || enrolled FROM assignment WHERE people IS NOT NULL"),
                     "2 1");
    passes(h, give(h, 502, PROVINCE, 32, NOBODY, 30));
    after = last_told(h);
    cr_assert(uuid_equal(&after.person_id, &(struct uuid[]){U(32)}[0]));
    cr_assert(uuid_equal(&after.programme_id, &(struct uuid[]){U(PROGRAMME)}[0]));
    cr_assert(uuid_equal(&after.assignment_id, &(struct uuid[]){U(500)}[0]));
    cr_assert_eq(after.due_date, day(h, 30));
    cr_assert_eq(after.assigned_at, before.assigned_at);
    cr_assert_eq(after.extra_time_percent, 30);
    cr_assert_str_eq(harness_get(h, "SELECT trace FROM outbox ORDER BY id DESC"), "0123456789abcdef0123456789abcdef");
    harness_close(h);
}

Test(extra_time, the_last_one_counts_and_zero_takes_it_away)
{
    struct harness *h = learning_open();
    assign(h, 500, UNIT);
    passes(h, give(h, 501, UNIT, 31, 32, 50));
    passes(h, give(h, 502, UNIT, 31, NOBODY, 0));
    cr_assert_str_eq(times(h), "31:0 32:50");
    struct enrolment_fact fact = last_told(h);
    cr_assert(HAS(&fact, enrolment_fact, extra_time_percent));
    cr_assert_eq(fact.extra_time_percent, 0);
    /* A list without a percentage has nothing to say about it. */
    passes(h, give(h, 503, UNIT, 31, 32, -1));
    assign(h, 504, UNIT);
    cr_assert_str_eq(times(h), "31:0 32:50");
    cr_assert_eq(harness_events(h, "learner_assigned"), 5);
    harness_close(h);
}

Test(extra_time, a_repeat_changes_nothing)
{
    struct harness *h = learning_open();
    assign(h, 500, UNIT);
    passes(h, give(h, 501, UNIT, 31, 32, 50));
    passes(h, give(h, 501, UNIT, 32, 31, 50));
    cr_assert_eq(harness_events(h, "learner_assigned"), 4);
    passes(h, give(h, 502, UNIT, 31, NOBODY, 75));
    passes(h, give(h, 501, UNIT, 31, 32, 50)); /* a late repeat of the first does not set it back */
    cr_assert_str_eq(times(h), "31:75 32:50");
    passes(h, give(h, 503, UNIT, 31, NOBODY, 75)); /* another assignment that says the same tells nothing new */
    cr_assert_eq(harness_events(h, "learner_assigned"), 5);
    harness_close(h);
}

Test(extra_time, the_same_id_with_another_percentage_is_a_conflict)
{
    struct harness *h = learning_open();
    passes(h, give(h, 500, UNIT, 31, NOBODY, 50));
    refused(h, give(h, 500, UNIT, 31, NOBODY, 51), ERR_CONFLICT, "assignment_id");
    refused(h, give(h, 500, UNIT, 31, NOBODY, -1), ERR_CONFLICT, "assignment_id");
    passes(h, give(h, 501, UNIT, 32, NOBODY, -1));
    refused(h, give(h, 501, UNIT, 32, NOBODY, 0), ERR_CONFLICT, "assignment_id");
    cr_assert_str_eq(times(h), "31:50 32:-");
    cr_assert_eq(harness_events(h, "learner_assigned"), 2);
    harness_close(h);
}

/* People go on with a superseded programme, so their needs count there too; nobody new comes in. */
Test(extra_time, in_a_superseded_programme)
{
    struct harness *h = learning_open();
    assign(h, 500, UNIT);
    programme_event(h, 201, 2, 1);
    refused(h, give(h, 501, PROVINCE, 31, 41, 50), ERR_STATE, "programme_id");
    refused(h, give(h, 501, PROVINCE, 31, NOBODY, -1), ERR_STATE, "programme_id");
    refused(h, give(h, 501, UNIT, 31, 41, 50), ERR_FORBIDDEN, "people");
    cr_assert_str_eq(times(h), "31:- 32:-");
    passes(h, give(h, 501, PROVINCE, 31, NOBODY, 50));
    cr_assert_str_eq(times(h), "31:50 32:-");
    harness_close(h);
}

/* Someone whom the walk has not reached yet is enrolled by the assignment that it walks for, with the extra time. */
Test(extra_time, during_the_walk)
{
    struct harness *h = learning_open();
    struct learning_conf small = test_conf;
    small.enrol_page = 1;
    h->ctx.conf = &small;
    cr_assert_eq(assign(h, 500, PROVINCE).enrolled, 3);
    cr_assert_str_eq(times(h), "31:-");
    refused(h, give(h, 501, PROVINCE, 41, 61, 50), ERR_FORBIDDEN, "people");
    cr_assert_str_eq(times(h), "31:-");
    passes(h, give(h, 501, PROVINCE, 41, NOBODY, 50));
    cr_assert_str_eq(times(h), "31:- 41:50");
    struct enrolment_fact fact = last_told(h);
    cr_assert(uuid_equal(&fact.assignment_id, &(struct uuid[]){U(500)}[0]));
    cr_assert_eq(fact.due_date, day(h, 30));
    for (int i = 0; i < 6; i++)
        passes(h, harness_tick(h, learning_walk));
    cr_assert_str_eq(times(h), "31:- 32:- 41:50");
    cr_assert_eq(harness_events(h, "learner_assigned"), 4);
    cr_assert_eq(assign(h, 500, PROVINCE).enrolled, 3);
    harness_close(h);
}

Test(extra_time, stays_when_a_programme_is_completed)
{
    struct harness *h = learning_open();
    assign(h, 500, UNIT);
    harness_sql(h, "UPDATE enrolment SET completed_at = now()");
    passes(h, give(h, 501, UNIT, 31, NOBODY, 50)); /* the assessment comes after the lessons */
    cr_assert_str_eq(times(h), "31:50 32:-");
    cr_assert_str_eq(harness_get(h, "SELECT count(completed_at) FROM enrolment"), "2");
    harness_close(h);
}

Test(extra_time, the_role_may_write_it_on_enrolments_only)
{
    struct harness *h = learning_open();
    cr_assert(harness_allowed(h, "UPDATE enrolment SET extra_time_percent = 50 WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE assignment SET extra_time_percent = 50 WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE enrolment SET assignment_id = NULL WHERE false"));
    harness_close(h);
}

enum { ROUNDS = 20 };

static void *give_all(void *arg)
{
    struct other *other = arg;
    int32_t due = (int32_t)(now_us() / 86400000000) + 30;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct person_ref people[] = {{.person_id = U(31)}, {.person_id = U(32)}};
        struct assignment_draft draft = {.assignment_id = U(600 + 2 * i + other->backwards),
                                         .programme_id = U(PROGRAMME),
                                         .unit_id = U(UNIT),
                                         .due_date = due,
                                         .people = people,
                                         .n_people = 2};
        struct assignment reply = {0};
        PUT_FIELD(&draft, assignment_draft, extra_time_percent, (uint8_t)(2 * i + other->backwards));
        other->failed += on_assignment_create(&other->ctx, &draft, &reply) != 0 || reply.enrolled != 0;
        pg_settle(&other->pg);
        arena_clear(&other->arena);
    }
    return NULL;
}

/* Two officers at the same moment: what was told last is what is stored, for everyone on both lists. */
Test(extra_time, two_officers)
{
    struct harness *h = learning_open();
    struct other pair[2];
    assign(h, 500, UNIT);
    for (size_t i = 0; i < 2; i++)
        other_open(&pair[i], h);
    pair[1].backwards = true;
    run_both(pair, give_all);
    cr_assert_eq(pair[0].failed + pair[1].failed, 0);
    cr_assert_eq(harness_events(h, "learner_assigned"), 2 + 2 * 2 * ROUNDS);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM enrolment e WHERE extra_time_percent = "
                                    "(SELECT (o.body ->> 'extra_time_percent')::int FROM outbox o "
                                    "WHERE o.body ->> 'person_id' = e.person_id::text ORDER BY o.id DESC LIMIT 1)"),
                     "2");
    for (size_t i = 0; i < 2; i++)
        other_close(&pair[i]);
    harness_close(h);
}
