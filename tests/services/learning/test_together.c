/* test_together.c - the same calls on two connections at the same time: what a learner with two devices or a hurried
 * officer does, many times over. */
#include "learning_test.h"
#include "pair.h"

enum { ROUNDS = 40, PEOPLE = 64, FIRST = 2001 };

static void *beat_all(void *arg)
{
    struct other *other = arg;
    struct call_header heads[PEOPLE];
    const struct call_header *pointers[PEOPLE];
    struct lesson_step steps[PEOPLE];
    struct lesson_progress replies[PEOPLE];
    struct fault faults[PEOPLE] = {0};
    for (uint32_t i = 0; i < PEOPLE; i++) {
        uint32_t person = other->backwards ? PEOPLE - i : i + 1;
        heads[i] = *other->ctx.head;
        PUT_FIELD(&heads[i], call_header, subject, U(10000 + person));
        pointers[i] = &heads[i];
        steps[i] = (struct lesson_step){.lesson_id = U(FIRST)};
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct batch batch = {.n = PEOPLE, .head = pointers, .fault = faults};
        other->failed += on_lesson_beat(&other->ctx, &batch, steps, replies) != 0;
        for (uint32_t i = 0; i < PEOPLE; i++)
            other->failed += faults[i].code != 0;
        arena_clear(&other->arena);
    }
    return NULL;
}

/* Two batches about the same learners, in opposite order: no deadlock, no time counted twice. */
Test(together, batches_of_beats)
{
    struct harness *h = learning_open();
    struct other pair[2];
    for (size_t i = 0; i < 2; i++)
        other_open(&pair[i], h);
    pair[1].backwards = true;
    harness_sql(h,
                "INSERT INTO progress (person_id, lesson_id, beat_at) SELECT ('00000000-0000-0000-0000-' || "
                "lpad(to_hex(10000 + n), 12, '0'))::uuid, '00000000-0000-0000-0000-%012x', "
                "clock_timestamp() - interval '10 s' FROM generate_series(1, %d) n",
                FIRST, PEOPLE);
    run_both(pair, beat_all);
    cr_assert_eq(pair[0].failed + pair[1].failed, 0);
    cr_assert_str_eq(harness_get(h,
                                 "SELECT count(*) FROM progress WHERE beats = %d AND studied_us BETWEEN 10000000 AND "
                                 "10000000 + extract(epoch FROM clock_timestamp() - opened_at) * 1000000",
                                 2 * ROUNDS),
                     "64");
    /* The log says the same as the sum. */
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM progress p WHERE studied_us <> (SELECT sum(counted_us) FROM "
                                    "evidence e WHERE e.person_id = p.person_id)"),
                     "0");
    for (size_t i = 0; i < 2; i++)
        other_close(&pair[i]);
    harness_close(h);
}

static void *complete_all(void *arg)
{
    struct other *other = arg;
    struct call_header head = *other->ctx.head;
    struct ctx ctx = other->ctx;
    ctx.head = &head;
    for (uint32_t i = 1; i <= PEOPLE; i++) {
        struct lesson_step step = {.lesson_id = U(FIRST)};
        struct lesson_progress reply = {0};
        PUT_FIELD(&head, call_header, subject, U(10000 + i));
        other->failed += on_lesson_complete(&ctx, &step, &reply) != 0 || !HAS(&reply, lesson_progress, completed_at);
        arena_clear(&other->arena);
    }
    return NULL;
}

/* Both hear that it is completed; the world hears it once. */
Test(together, completing_twice)
{
    struct harness *h = learning_open();
    struct other pair[2];
    for (size_t i = 0; i < 2; i++)
        other_open(&pair[i], h);
    assign(h, 500, UNIT);
    harness_sql(h,
                "INSERT INTO enrolment (person_id, programme_id, assignment_id, due_date) SELECT "
                "('00000000-0000-0000-0000-' || lpad(to_hex(10000 + n), 12, '0'))::uuid, programme_id, "
                "assignment_id, due_date FROM assignment, generate_series(1, %d) n",
                PEOPLE);
    harness_sql(h,
                "INSERT INTO progress (person_id, lesson_id, beat_at, studied_us) SELECT person_id, "
                "'00000000-0000-0000-0000-%012x', now(), %d FROM enrolment",
                FIRST, NEEDED * 1000000);
    run_both(pair, complete_all);
    cr_assert_eq(pair[0].failed + pair[1].failed, 0);
    cr_assert_eq(harness_events(h, "lesson_completed"), PEOPLE);
    for (size_t i = 0; i < 2; i++)
        other_close(&pair[i]);
    harness_close(h);
}

static void *assign_all(void *arg)
{
    struct other *other = arg;
    int32_t due = (int32_t)(now_us() / 86400000000) + 30;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct assignment_draft draft = {
            .assignment_id = U(600 + i), .programme_id = U(PROGRAMME), .unit_id = U(PROVINCE), .due_date = due};
        struct assignment reply = {0};
        other->failed += on_assignment_create(&other->ctx, &draft, &reply) != 0 || reply.people != 3 ||
                         reply.enrolled != (i ? 0 : 3);
        pg_settle(&other->pg);
        arena_clear(&other->arena);
    }
    return NULL;
}

/* The same assignment twice at the same moment is one, and both get its counts. */
Test(together, assigning_twice)
{
    struct harness *h = learning_open();
    struct other pair[2];
    for (size_t i = 0; i < 2; i++)
        other_open(&pair[i], h);
    run_both(pair, assign_all);
    cr_assert_eq(pair[0].failed + pair[1].failed, 0);
    cr_assert_eq(harness_events(h, "learner_assigned"), 3);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM assignment"), "40");
    for (size_t i = 0; i < 2; i++)
        other_close(&pair[i]);
    harness_close(h);
}

static pthread_barrier_t barrier;

static void *open_all(void *arg)
{
    struct other *other = arg;
    struct lesson_step step = {.lesson_id = U(other->backwards ? 2011 : FIRST)};
    for (int i = 0; i < ROUNDS; i++) {
        struct lesson_progress reply = {0};
        pthread_barrier_wait(&barrier);
        other->failed += on_lesson_open(&other->ctx, &step, &reply) != 0;
        pg_settle(&other->pg);
        arena_clear(&other->arena);
        pthread_barrier_wait(&barrier);
        if (!other->backwards)
            other->failed += strcmp(harness_get(other->harness, "SELECT count(beat_at) FROM progress"), "1") != 0;
    }
    return NULL;
}

/* Two windows open two lessons at the same moment: the learner is at one of them, each time. */
Test(together, opening_two_lessons)
{
    struct harness *h = learning_open();
    struct other pair[2];
    programme_event(h, 201, 2, 1);
    harness_as(h, U(31), LEARNER, U(UNIT));
    harness_sql(
        h, "INSERT INTO assignment (assignment_id, programme_id, unit_id, due_date, assigned_by, covered, enrolled) "
           "SELECT hocvu.uuid7(), programme_id, hocvu.uuid7(), hocvu.today(), hocvu.uuid7(), 0, 0 FROM programme");
    harness_sql(h, "INSERT INTO enrolment (person_id, programme_id, assignment_id, due_date) SELECT "
                   "'00000000-0000-0000-0000-00000000001f', programme_id, assignment_id, due_date FROM assignment");
    for (size_t i = 0; i < 2; i++)
        other_open(&pair[i], h);
    pair[1].backwards = true;
    cr_assert_eq(pthread_barrier_init(&barrier, NULL, 2), 0);
    run_both(pair, open_all);
    pthread_barrier_destroy(&barrier);
    cr_assert_eq(pair[0].failed + pair[1].failed, 0);
    for (size_t i = 0; i < 2; i++)
        other_close(&pair[i]);
    harness_close(h);
}
