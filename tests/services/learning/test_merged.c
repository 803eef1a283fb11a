/* test_merged.c - two persons are one: what each has studied is the other's too. */
#include "learning_test.h"

enum { KEEP = 31, GONE = 41 };

static void merge(struct harness *h, uint32_t keep, uint32_t gone)
{
    struct person_union fact = {.keep = U(keep), .gone = U(gone), .at = now_us()};
    passes(h, harness_event(h, follow_person_merged, &fact));
}

static void studied(struct harness *h, uint32_t person, int lesson, int seconds, bool completed)
{
    harness_sql(h,
                "INSERT INTO progress (person_id, lesson_id, studied_us, beats, completed_at) VALUES"
                " ('00000000-0000-0000-0000-%012x', '00000000-0000-0000-0000-%012x', %d::bigint * 1000000, 3,"
                " CASE WHEN %s THEN now() - interval '1 day' END)",
                person, PROGRAMME * 10 + lesson, seconds, completed ? "true" : "false");
}

static const char *progress_of(struct harness *h, uint32_t person)
{
    return harness_get(
        h,
        "SELECT string_agg(studied_us / 1000000 || CASE WHEN completed_at IS NULL THEN '' ELSE '!' END, ' '"
        " ORDER BY lesson_id) FROM progress WHERE person_id = '00000000-0000-0000-0000-%012x'",
        person);
}

Test(merged, the_longer_time_of_each_lesson_counts)
{
    struct harness *h = learning_open();
    assign(h, 500, UNIT);
    studied(h, KEEP, 1, 100, true);
    studied(h, GONE, 1, 70, true);
    studied(h, KEEP, 2, 10, false);
    studied(h, GONE, 2, 60, false);
    studied(h, GONE, 3, 5, false);
    merge(h, KEEP, GONE);
    cr_expect_str_eq(progress_of(h, KEEP), "100! 60 5");
    cr_expect_str_eq(harness_get(h,
                                 "SELECT sum(beats) FROM progress WHERE lesson_id = '00000000-0000-0000-0000-%012x' AND"
                                 " person_id = '00000000-0000-0000-0000-%012x'",
                                 PROGRAMME * 10 + 1, KEEP),
                     "6");
    cr_expect_eq(harness_events(h, "programme_completed"), 0);
    harness_close(h);
}

Test(merged, what_neither_completed_alone_both_have)
{
    struct harness *h = learning_open();
    assign(h, 500, PROVINCE);
    for (int lesson = 1; lesson <= 3; lesson++)
        studied(h, lesson == 2 ? KEEP : GONE, lesson, 60, true);
    merge(h, KEEP, GONE);
    cr_expect_eq(harness_events(h, "programme_completed"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT body->>'person_id' FROM outbox WHERE event = 'programme_completed'"),
                     "00000000-0000-0000-0000-00000000001f");
    cr_expect_str_eq(harness_get(h,
                                 "SELECT completed_at IS NOT NULL FROM enrolment WHERE person_id ="
                                 " '00000000-0000-0000-0000-%012x'",
                                 KEEP),
                     "t");
    /* A third one takes over all of it. */
    merge(h, 61, KEEP);
    cr_expect_str_eq(progress_of(h, 61), "60! 60! 60!");
    cr_expect_eq(harness_events(h, "programme_completed"), 1, "it was completed already");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(DISTINCT same_as::text, ' ') FROM alias"),
                     "00000000-0000-0000-0000-00000000003d");
    harness_close(h);
}

/* Erased: the name goes from here too; what was learned stays under an id that names nobody. */
Test(erased, leaves_an_id_that_names_nobody)
{
    struct harness *h = learning_open();
    struct erasure_fact fact = {.person_id = U(KEEP), .at = now_us()};
    person_event(h, KEEP, UNIT, -10);
    const char *enrolments = harness_get(h, "SELECT count(*) FROM enrolment");
    for (int i = 0; i < 2; i++)
        passes(h, harness_event(h, follow_person_erased, &fact));
    cr_expect_str_eq(harness_get(h,
                                 "SELECT string_agg(full_name, '') FROM tenure WHERE person_id = "
                                 "'00000000-0000-0000-0000-%012x'",
                                 KEEP),
                     "(đã xoá)");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM tenure WHERE full_name = '(đã xoá)'"), "1");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM enrolment"), enrolments);
    harness_close(h);
}
