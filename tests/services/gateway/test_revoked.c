/* test_revoked.c - ended sessions and stale tokens are known as long as their tokens could live, and asked for without
 * a gap. */
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

static bool ended(const struct uuid *session)
{
    struct access_claims claims = {.sub = uuid7(), .sid = *session};
    return revoked_has(&revoked, &claims);
}

Test(revoked, known_and_unknown, .init = open_revoked, .fini = close_revoked)
{
    struct uuid in[5000];
    for (size_t i = 0; i < 5000; i++) {
        in[i] = uuid7();
        cr_assert_eq(revoked_add(&revoked, &in[i], NOW, 0), 0);
        cr_assert_eq(revoked_add(&revoked, &in[i], NOW, 0), 0, "twice is once");
    }
    cr_assert_eq(revoked.n, 5000);
    for (size_t i = 0; i < 5000; i++) {
        struct uuid out = uuid7();
        cr_assert(ended(&in[i]));
        cr_assert_not(ended(&out));
    }
}

Test(revoked, empty, .init = open_revoked, .fini = close_revoked)
{
    struct uuid session = uuid7();
    cr_assert_not(ended(&session));
    revoked_prune(&revoked, NOW);
    cr_assert_not(ended(&session));
}

Test(revoked, forgotten_after_the_last_token, .init = open_revoked, .fini = close_revoked)
{
    struct uuid early = uuid7(), late = uuid7();
    cr_assert_eq(revoked_add(&revoked, &early, NOW, 0), 0);
    cr_assert_eq(revoked_add(&revoked, &late, NOW + 60000000, 0), 0);
    revoked_prune(&revoked, NOW + INT64_C(60) * 60 * 1000000);
    cr_assert(ended(&early), "tokens of an hour may still be about");
    revoked_prune(&revoked, NOW + REVOKED_KEEP_US);
    cr_assert_not(ended(&early));
    cr_assert(ended(&late));
    cr_assert_eq(revoked.n, 1);
}

Test(revoked, pruning_keeps_what_collides, .init = open_revoked, .fini = close_revoked)
{
    struct uuid keep[300];
    for (size_t i = 0; i < 300; i++) {
        struct uuid drop = uuid7();
        keep[i] = uuid7();
        cr_assert_eq(revoked_add(&revoked, &drop, NOW, 0), 0);
        cr_assert_eq(revoked_add(&revoked, &keep[i], NOW + 1, 0), 0);
    }
    revoked_prune(&revoked, NOW + REVOKED_KEEP_US);
    cr_assert_eq(revoked.n, 300);
    for (size_t i = 0; i < 300; i++)
        cr_assert(ended(&keep[i]));
}

static struct revoked_token session_row(int64_t at)
{
    struct revoked_token row = {.revoked_at = at};
    PUT_FIELD(&row, revoked_token, session_id, uuid7());
    return row;
}

static struct revoked_token person_row(struct uuid person, int64_t at, uint64_t rights)
{
    struct revoked_token row = {.revoked_at = at};
    PUT_FIELD(&row, revoked_token, person_id, person);
    PUT_FIELD(&row, revoked_token, rights, rights);
    return row;
}

static int64_t since(int64_t wall)
{
    return revoked_query(&revoked, wall).since;
}

Test(revoked, questions_reach_back, .init = open_revoked, .fini = close_revoked)
{
    struct revoked_token rows[2] = {session_row(NOW - 5000000), session_row(NOW + 7000000)};
    struct revocation_list list = {.tokens = rows, .n_tokens = 2}, none = {.n_tokens = 0};
    cr_assert_eq(since(LATER), NOW - REVOKED_KEEP_US, "a new gateway asks for all that counts");
    cr_assert_not(revoked_take(&revoked, &none, NOW));
    cr_assert_leq(since(LATER), NOW - REVOKED_KEEP_US, "nothing told, nothing skipped");
    cr_assert_not(revoked_take(&revoked, &list, NOW));
    cr_assert_eq(since(LATER), NOW + 7000000 - REVOKED_OVERLAP_US);
    cr_assert_eq(revoked.answered_us, NOW);
    cr_assert(ended(&rows[0].session_id) && ended(&rows[1].session_id));
    cr_assert_not(revoked_take(&revoked, &none, NOW + 1), "an empty answer moves nothing back");
    cr_assert_eq(since(LATER), NOW + 7000000 - REVOKED_OVERLAP_US);
}

Test(revoked, a_full_page_goes_on_where_it_ended, .init = open_revoked, .fini = close_revoked)
{
    enum { PAGE = 10000 };
    static struct revoked_token rows[PAGE];
    for (int i = 0; i < PAGE; i++)
        rows[i] = i % 2 ? session_row(NOW) : person_row(uuid7(), NOW, 7); /* all of one moment */
    struct revocation_list list = {.tokens = rows, .n_tokens = PAGE}, rest = {.tokens = rows, .n_tokens = 1};
    cr_assert(revoked_take(&revoked, &list, NOW), "ask again at once");
    struct revocation_query query = revoked_query(&revoked, LATER);
    cr_assert_eq(query.since, NOW);
    cr_assert(HAS(&query, revocation_query, after), "not the same page again");
    cr_assert_arr_eq(query.after.b, rows[PAGE - 1].session_id.b, 16);
    cr_assert_eq(revoked.n, PAGE);
    cr_assert_not(revoked_take(&revoked, &list, NOW), "the same page again would go round for ever");
    cr_assert(revoked_take(&revoked, &list, NOW));
    cr_assert_not(revoked_take(&revoked, &rest, NOW), "a page with room is the last");
    query = revoked_query(&revoked, LATER);
    cr_assert_not(HAS(&query, revocation_query, after));
    cr_assert_eq(query.since, NOW - REVOKED_OVERLAP_US);
}

Test(revoked, a_clock_set_back_does_not_stop_the_pages, .init = open_revoked, .fini = close_revoked)
{
    enum { PAGE = 10000 };
    static struct revoked_token rows[PAGE];
    for (int i = 0; i < PAGE; i++)
        rows[i] = session_row(NOW + i);
    struct revocation_list list = {.tokens = rows, .n_tokens = PAGE};
    cr_assert(revoked_take(&revoked, &list, NOW));
    cr_assert_eq(since(NOW - INT64_C(3600) * 1000000), NOW + PAGE - 1);
}

Test(revoked, tokens_that_do_not_know_of_a_change_are_stale, .init = open_revoked, .fini = close_revoked)
{
    struct access_claims claims = {.sub = uuid7(), .sid = uuid7()}, other = {.sub = uuid7(), .sid = claims.sid};
    struct revoked_token rows[2] = {person_row(claims.sub, NOW, 7), person_row(claims.sub, NOW - 1, 5)};
    struct revocation_list list = {.tokens = rows, .n_tokens = 2};
    cr_assert_not(revoked_has(&revoked, &claims));
    cr_assert_not(revoked_take(&revoked, &list, NOW));
    cr_assert(revoked_has(&revoked, &claims), "a token without a number knows of no change");
    PUT_FIELD(&claims, access_claims, rights, 6);
    cr_assert(revoked_has(&revoked, &claims), "an answer that comes late takes nothing back");
    claims.rights = 7;
    cr_assert_not(revoked_has(&revoked, &claims), "its maker had seen the change");
    claims.rights = 8;
    cr_assert_not(revoked_has(&revoked, &claims));
    cr_assert_not(revoked_has(&revoked, &other), "it is about one person");
    cr_assert_eq(revoked_add(&revoked, &claims.sid, NOW, 0), 0);
    cr_assert(revoked_has(&revoked, &claims), "an ended session ends all its tokens");
}

Test(revoked, rows_that_say_nothing_are_nothing, .init = open_revoked, .fini = close_revoked)
{
    struct revoked_token rows[2] = {{.revoked_at = NOW}, person_row(uuid7(), NOW, 0)};
    struct revocation_list list = {.tokens = rows, .n_tokens = 2};
    cr_assert_not(revoked_take(&revoked, &list, NOW));
    cr_assert_eq(revoked.n, 0);
}

Test(revoked, clock_set_back, .init = open_revoked, .fini = close_revoked)
{
    struct revoked_token row = session_row(NOW);
    struct revocation_list list = {.tokens = &row, .n_tokens = 1};
    int64_t back = NOW - INT64_C(3600) * 1000000;
    cr_assert_not(revoked_take(&revoked, &list, 1));
    cr_assert_leq(since(back), back, "who ends now bears a time before those that are known");
    cr_assert_eq(since(NOW), NOW - REVOKED_OVERLAP_US);
}
