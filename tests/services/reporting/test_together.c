/* test_together.c - many results told in one call leave behind what they would one by one. */
#include "../results.h"
#include "nation.h"

enum { FACTS = 128 };

static char *all_of(struct harness *h)
{
    const char *text = harness_get(
        h, "SELECT (SELECT string_agg(p::text, ' ' ORDER BY person_id, programme_id) FROM progress p)"
           " || (SELECT string_agg(a::text, ' ' ORDER BY attempt_id) FROM passed_attempt a)"
           " || (SELECT string_agg(programme_id || ' ' || unit_id, ' ' ORDER BY programme_id, unit_id) FROM stale)");
    cr_assert(*text);
    char *copy = strdup(text);
    cr_assert(copy);
    return copy;
}

/* Of what is known already: a voided attempt, someone assigned, one who is another. */
static struct harness *open_known(void)
{
    struct harness *h = nation_open();
    struct person_union fact = {.keep = U(BINH), .gone = U(DUNG), .at = now_us()};
    tell_programme(h, OTHER_PROGRAMME);
    tell_assigned(h, ANH, "2025-02-01T01:00:00Z");
    tell_graded(h, CHI, 1, true, "2025-02-02T01:00:00Z");
    tell_graded(h, CHI, 2, true, "2025-02-03T01:00:00Z");
    tell_voided(h, CHI, 2, "2025-02-04T01:00:00Z");
    tell(h, person_merged, &fact);
    renew(h);
    return h;
}

static void told(struct grade_fact *facts, size_t at_once, char **ret_all)
{
    struct harness *h = open_known();
    for (size_t i = 0; i < FACTS; i += at_once)
        tell_many(h, attempt_graded, at_once, &facts[i]);
    *ret_all = all_of(h);
    harness_close(h);
}

Test(together, leaves_what_one_by_one_would)
{
    struct grade_fact facts[FACTS];
    char *one_by_one, *at_once;
    for (uint32_t seed = 1; seed <= 2; seed++) {
        results_make(facts, FACTS, ANH, PROGRAMME, seed);
        told(facts, 1, &one_by_one);
        told(facts, FACTS, &at_once);
        cr_expect_str_eq(at_once, one_by_one);
        free(one_by_one);
        free(at_once);
    }
}

static const char *reached(struct harness *h, uint32_t person)
{
    return harness_get(h,
                       "SELECT concat_ws(' ', passed_at AT TIME ZONE 'UTC', attempts) FROM progress"
                       " WHERE person_id = lpad(to_hex(%u), 32, '0')::uuid",
                       person);
}

Test(together, one_person_thrice)
{
    struct harness *h = nation_open();
    struct grade_fact facts[] = {
        result(CHI, 1, 1, false, "2025-02-01T01:00:00Z"),
        result(CHI, 2, 1, true, "2025-02-02T01:00:00Z"),
        result(ANH, 1, 1, false, "2025-02-02T02:00:00Z"),
        result(CHI, 3, 1, true, "2025-02-03T01:00:00Z"),
    };
    tell_many(h, attempt_graded, 4, facts);
    tell_many(h, attempt_graded, 4, facts);
    cr_expect_str_eq(reached(h, CHI), "2025-02-02 01:00:00 3");
    cr_expect_str_eq(reached(h, ANH), "1");
    harness_close(h);
}

/* Passed, corrected to a fail, corrected back: it counts from the last. Corrected from pass to pass: from the first. */
Test(together, one_attempt_in_several_versions)
{
    struct harness *h = nation_open();
    struct grade_fact facts[] = {
        result(CHI, 1, 1, true, "2025-02-01T01:00:00Z"),  result(ANH, 1, 1, true, "2025-02-01T02:00:00Z"),
        result(CHI, 1, 2, false, "2025-02-02T01:00:00Z"), result(CHI, 1, 3, true, "2025-02-03T01:00:00Z"),
        result(ANH, 1, 2, true, "2025-02-03T02:00:00Z"),  result(CHI, 1, 2, false, "2025-02-04T01:00:00Z"),
    };
    tell_many(h, attempt_graded, 6, facts);
    cr_expect_str_eq(reached(h, CHI), "2025-02-03 01:00:00 1");
    cr_expect_str_eq(reached(h, ANH), "2025-02-01 02:00:00 1");
    harness_close(h);
}
