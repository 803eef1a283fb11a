/* test_together.c - many results told in one call leave behind what they would one by one. */
#include "../results.h"
#include "seed.h"

enum { FACTS = 128, OTHER = 21, GONE = 22, ERASED = 23 };

/* Without the moments that are the database's own. */
static char *all_of(struct harness *h)
{
    const char *text = harness_get(
        h, "SELECT (SELECT string_agg(a::text, ' ' ORDER BY attempt_id) FROM passed_attempt a WHERE NOT voided)"
           " || coalesce((SELECT string_agg(d::text, ' ' ORDER BY person_id, programme_id) FROM certificate_due d), '')"
           " || (SELECT string_agg(concat_ws(' ', person_id, programme_id, edition, attempt_id, cause), ' '"
           " ORDER BY person_id, programme_id, edition)"
           " FROM certificate LEFT JOIN revocation USING (certificate_id))"
           " || (SELECT string_agg(event || (body ->> 'attempt_id'), ' ' ORDER BY event, body ->> 'attempt_id')"
           " FROM outbox WHERE event LIKE 'certificate%%')");
    char *copy = strdup(text);
    cr_assert(copy && *copy);
    return copy;
}

/* One who is another, one who was erased, and an attempt that was voided. */
static struct harness *open_known(void)
{
    struct harness *h = open_seeded();
    struct person_union one = {.keep = U(OTHER), .gone = U(GONE), .at = now_us()};
    struct erasure_fact erasure = {.person_id = U(ERASED), .at = now_us()};
    struct void_fact gone = {.attempt_id = U(LAN * 100 + 2),
                             .person_id = U(LAN),
                             .programme_id = U(PROGRAMME),
                             .reason = SPAN("Mất điện"),
                             .at = now_us()};
    know_person(h, OTHER, "Nguyễn Thị Lan", UNIT, 0);
    know_person(h, ERASED, "Nguyễn Thị Lan", UNIT, 0);
    harness_sql(h, "INSERT INTO programme SELECT lpad(to_hex(%d), 32, '0')::uuid, 'B', 1, 'b', 'b'", PROGRAMME + 1);
    cr_assert_eq(harness_event(h, follow_person_merged, &one), 0);
    cr_assert_eq(harness_event(h, follow_person_erased, &erasure), 0);
    graded(h, LAN * 100 + 2, LAN, true);
    cr_assert_eq(harness_event(h, follow_attempt_voided, &gone), 0);
    return h;
}

static void told(const struct grade_fact *facts, size_t at_once, char **ret_all)
{
    struct harness *h = open_known();
    for (size_t i = 0; i < FACTS; i += at_once) {
        cr_assert_eq(harness_events_of(h, follow_many_attempt_graded, at_once, &facts[i]), 0, "%s", h->ctx.fault.field);
        if ((i + at_once) % (FACTS / 2) == 0)
            issue(h);
    }
    *ret_all = all_of(h);
    harness_close(h);
}

Test(together, leaves_what_one_by_one_would)
{
    struct grade_fact facts[FACTS];
    char *one_by_one, *at_once;
    for (uint32_t seed = 1; seed <= 2; seed++) {
        results_make(facts, FACTS, LAN, PROGRAMME, seed);
        told(facts, 1, &one_by_one);
        told(facts, FACTS / 2, &at_once);
        cr_expect_str_eq(at_once, one_by_one);
        free(one_by_one);
        free(at_once);
    }
}

/* The first pass of three results earns the certificate, and there is one. */
Test(together, one_person_thrice)
{
    struct harness *h = open_seeded();
    struct grade_fact facts[] = {result(LAN, 100, 1, false), result(LAN, 101, 1, true), result(LAN, 102, 1, true)};
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(harness_events_of(h, follow_many_attempt_graded, 3, facts), 0);
        issue(h);
    }
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(right(attempt_id::text, 2), ' ') FROM certificate"), "65");
    harness_close(h);
}

/* A certificate is withdrawn among passes of others: with the trace of its own event, and earned again behind it. */
Test(together, one_that_is_no_pass_any_more)
{
    struct harness *h = open_seeded();
    struct grade_fact facts[] = {result(OTHER, 200, 1, true), result(LAN, 100, 2, false), result(LAN, 101, 1, true),
                                 result(OTHER, 200, 2, false)};
    know_person(h, OTHER, "Nguyễn Thị Lan", UNIT, 0);
    graded(h, 100, LAN, true);
    issue(h);
    cr_assert_eq(harness_events_of(h, follow_many_attempt_graded, 4, facts), 0);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(trace, ' ') FROM outbox WHERE event = 'certificate_revoked'"),
                     "t2");
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(concat_ws(' ', edition, right(attempt_id::text, 2), cause), ', '"
                                    " ORDER BY edition) FROM certificate LEFT JOIN revocation USING (certificate_id)"),
                     "1 64 result_corrected, 2 65");
    harness_close(h);
}
