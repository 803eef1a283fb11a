/* test_revoked.c - ended sessions are known as long as their tokens could live, and asked for without a gap. */
#include "revoked.h"
#include "service.h"

#include <criterion/criterion.h>
#include <sodium.h>

/* A clock that has gone on since. */
#define LATER (NOW + INT64_C(60) * 1000000)
#define NOW   (INT64_C(1700000000) * 1000000)

static struct revoked revoked;

static void open_revoked(void)
{
    cr_assert(sodium_init() >= 0);
    revoked_init(&revoked, NOW);
}

static void close_revoked(void)
{
    revoked_release(&revoked);
}

Test(revoked, known_and_unknown, .init = open_revoked, .fini = close_revoked)
{
    struct uuid in[5000];
    for (size_t i = 0; i < 5000; i++) {
        in[i] = uuid7();
        cr_assert_eq(revoked_add(&revoked, &in[i], NOW), 0);
        cr_assert_eq(revoked_add(&revoked, &in[i], NOW), 0, "twice is once");
    }
    cr_assert_eq(revoked.n, 5000);
    for (size_t i = 0; i < 5000; i++) {
        struct uuid out = uuid7();
        cr_assert(revoked_has(&revoked, &in[i]));
        cr_assert_not(revoked_has(&revoked, &out));
    }
}

Test(revoked, empty, .init = open_revoked, .fini = close_revoked)
{
    struct uuid session = uuid7();
    cr_assert_not(revoked_has(&revoked, &session));
    revoked_prune(&revoked, NOW);
    cr_assert_not(revoked_has(&revoked, &session));
}

Test(revoked, forgotten_after_the_last_token, .init = open_revoked, .fini = close_revoked)
{
    struct uuid early = uuid7(), late = uuid7();
    cr_assert_eq(revoked_add(&revoked, &early, NOW), 0);
    cr_assert_eq(revoked_add(&revoked, &late, NOW + 60000000), 0);
    revoked_prune(&revoked, NOW + INT64_C(60) * 60 * 1000000);
    cr_assert(revoked_has(&revoked, &early), "tokens of an hour may still be about");
    revoked_prune(&revoked, NOW + REVOKED_KEEP_US);
    cr_assert_not(revoked_has(&revoked, &early));
    cr_assert(revoked_has(&revoked, &late));
    cr_assert_eq(revoked.n, 1);
}

Test(revoked, pruning_keeps_what_collides, .init = open_revoked, .fini = close_revoked)
{
    struct uuid keep[300];
    for (size_t i = 0; i < 300; i++) {
        struct uuid drop = uuid7();
        keep[i] = uuid7();
        cr_assert_eq(revoked_add(&revoked, &drop, NOW), 0);
        cr_assert_eq(revoked_add(&revoked, &keep[i], NOW + 1), 0);
    }
    revoked_prune(&revoked, NOW + REVOKED_KEEP_US);
    cr_assert_eq(revoked.n, 300);
    for (size_t i = 0; i < 300; i++)
        cr_assert(revoked_has(&revoked, &keep[i]));
}

Test(revoked, questions_reach_back, .init = open_revoked, .fini = close_revoked)
{
    struct revoked_session rows[2] = {{.session_id = uuid7(), .revoked_at = NOW - 5000000},
                                      {.session_id = uuid7(), .revoked_at = NOW + 7000000}};
    struct revocation_list list = {.sessions = rows, .n_sessions = 2}, none = {.n_sessions = 0};
    cr_assert_eq(revoked_since(&revoked, LATER), NOW - REVOKED_KEEP_US, "a new gateway asks for all that counts");
    cr_assert_not(revoked_take(&revoked, &none, NOW));
    cr_assert_leq(revoked_since(&revoked, LATER), NOW - REVOKED_KEEP_US, "nothing told, nothing skipped");
    cr_assert_not(revoked_take(&revoked, &list, NOW));
    cr_assert_eq(revoked_since(&revoked, LATER), NOW + 7000000 - REVOKED_OVERLAP_US);
    cr_assert_eq(revoked.answered_us, NOW);
    cr_assert(revoked_has(&revoked, &rows[0].session_id) && revoked_has(&revoked, &rows[1].session_id));
    cr_assert_not(revoked_take(&revoked, &none, NOW + 1), "an empty answer moves nothing back");
    cr_assert_eq(revoked_since(&revoked, LATER), NOW + 7000000 - REVOKED_OVERLAP_US);
}

Test(revoked, a_full_page_goes_on_where_it_ended, .init = open_revoked, .fini = close_revoked)
{
    enum { PAGE = 10000 };
    static struct revoked_session rows[PAGE];
    for (int i = 0; i < PAGE; i++)
        rows[i] = (struct revoked_session){.session_id = uuid7(), .revoked_at = NOW + i};
    struct revocation_list list = {.sessions = rows, .n_sessions = PAGE};
    cr_assert(revoked_take(&revoked, &list, NOW), "ask again at once");
    cr_assert_eq(revoked_since(&revoked, LATER), NOW + PAGE - 1, "not the same page again");
    cr_assert_eq(revoked.n, PAGE);
    cr_assert_not(revoked_take(&revoked, &list, NOW), "the same page again would go round for ever");
}

Test(revoked, clock_set_back, .init = open_revoked, .fini = close_revoked)
{
    struct revoked_session row = {.session_id = uuid7(), .revoked_at = NOW};
    struct revocation_list list = {.sessions = &row, .n_sessions = 1};
    int64_t back = NOW - INT64_C(3600) * 1000000;
    cr_assert_not(revoked_take(&revoked, &list, 1));
    cr_assert_leq(revoked_since(&revoked, back), back, "who ends now bears a time before those that are known");
    cr_assert_eq(revoked_since(&revoked, NOW), NOW - REVOKED_OVERLAP_US);
}
