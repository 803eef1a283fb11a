/* test_correct.c - results are corrected and attempts voided after the certificate: what is withdrawn, who earns again.
 */
#include "../second.h"
#include "seed.h"

/* A later version of a result. */
static void corrected(struct harness *h, uint32_t attempt, uint16_t version, bool passed)
{
    struct grade_fact fact = result(LAN, attempt, version, passed);
    cr_assert_eq(harness_events_of(h, follow_many_attempt_graded, 1, &fact), 0);
}

static void voided(struct harness *h, uint32_t attempt)
{
    struct void_fact fact = {.attempt_id = U(attempt),
                             .person_id = U(LAN),
                             .programme_id = U(PROGRAMME),
                             .reason = SPAN("Mất điện"),
                             .at = now_us()};
    cr_assert_eq(harness_event(h, follow_attempt_voided, &fact), 0);
}

/* Certificates, revoked ones, those due. */
static const char *register_of(struct harness *h)
{
    return harness_get(h,
                       "SELECT concat_ws(' ', (SELECT count(*) FROM certificate), (SELECT count(*) FROM revocation), "
                       "(SELECT count(*) FROM certificate_due))");
}

Test(correct, a_pass_that_was_none)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct span number = certified(h);
    corrected(h, 100, 2, false);
    cr_assert_eq(check(h, number, &status), 0);
    cr_expect(is(status.status, "revoked"));
    cr_expect(is(status.reason, "Kết quả đã được sửa. / The result was corrected."));
    cr_expect_eq(harness_events(h, "certificate_revoked"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT body ->> 'number' FROM outbox WHERE event = 'certificate_revoked'"),
                     number.p);
    cr_expect_str_eq(harness_get(h, "SELECT cause || coalesce(revoked_by::text, '') FROM revocation"),
                     "result_corrected");
    corrected(h, 100, 2, false);
    corrected(h, 100, 3, false);
    issue(h);
    cr_expect_str_eq(register_of(h), "1 1 0");
    cr_expect_eq(harness_events(h, "certificate_revoked"), 1);
    harness_close(h);
}

Test(correct, a_fail_that_was_a_pass)
{
    struct harness *h = open_seeded();
    graded(h, 100, LAN, false);
    corrected(h, 100, 2, true);
    issue(h);
    cr_expect_str_eq(register_of(h), "1 0 0");
    corrected(h, 100, 3, true);
    issue(h);
    cr_expect_str_eq(register_of(h), "1 0 0");
    harness_close(h);
}

Test(correct, before_the_certificate_was_issued)
{
    struct harness *h = open_seeded();
    graded(h, 100, LAN, true);
    corrected(h, 100, 2, false);
    issue(h);
    cr_expect_str_eq(register_of(h), "0 0 0");
    harness_close(h);
}

Test(correct, passing_again_earns_a_new_one)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct certificate_list list;
    struct empty empty = {0};
    struct span first = certified(h);
    voided(h, 100);
    cr_assert_eq(check(h, first, &status), 0);
    cr_expect(is(status.reason, "Bài làm đã bị hủy. / The attempt was voided."));
    issue(h);
    cr_expect_str_eq(register_of(h), "1 1 0");
    graded(h, 101, LAN, true);
    issue(h);
    cr_expect_str_eq(register_of(h), "2 1 0");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(edition::text, ',' ORDER BY edition) FROM certificate"), "1,2");
    cr_assert_eq(on_my_certificates(&h->ctx, &empty, &list), 0);
    cr_assert_eq(list.n_certificates, 2);
    struct span second = S(harness_get(h, "SELECT number FROM certificate WHERE edition = 2"));
    cr_assert_eq(check(h, second, &status), 0);
    cr_expect(is(status.status, "valid"));
    cr_assert_eq(check(h, first, &status), 0);
    cr_expect(is(status.status, "revoked"), "the old number stays what it is");
    graded(h, 102, LAN, true);
    issue(h);
    cr_expect_str_eq(register_of(h), "2 1 0");
    harness_close(h);
}

/* Two passed attempts: the certificate of the first goes, the second earns one at once. */
Test(correct, another_attempt_was_passed_already)
{
    struct harness *h = open_seeded();
    certified(h);
    graded(h, 101, LAN, true);
    voided(h, 101);
    cr_expect_str_eq(register_of(h), "1 0 0", "that attempt had earned nothing");
    graded(h, 102, LAN, true);
    voided(h, 100);
    issue(h);
    cr_expect_str_eq(register_of(h), "2 1 0");
    cr_expect_str_eq(harness_get(h, "SELECT attempt_id FROM certificate WHERE edition = 2"),
                     "00000000-0000-0000-0000-000000000066");
    harness_close(h);
}

Test(correct, there_and_back_again)
{
    struct harness *h = open_seeded();
    certified(h);
    corrected(h, 100, 2, false);
    corrected(h, 100, 3, true);
    issue(h);
    cr_expect_str_eq(register_of(h), "2 1 0");
    corrected(h, 100, 2, false);
    issue(h);
    cr_expect_str_eq(register_of(h), "2 1 0", "an older version comes too late");
    corrected(h, 100, 4, false);
    issue(h);
    cr_expect_str_eq(register_of(h), "2 2 0");
    harness_close(h);
}

Test(correct, voided_is_voided)
{
    struct harness *h = open_seeded();
    graded(h, 100, LAN, true);
    voided(h, 100);
    graded(h, 100, LAN, true);
    corrected(h, 100, 2, true);
    issue(h);
    cr_expect_str_eq(register_of(h), "0 0 0");
    voided(h, 555);
    cr_expect_str_eq(register_of(h), "0 0 0", "an attempt that nobody passed");
    harness_close(h);
}

/* What an officer revoked is not earned back. */
Test(correct, after_an_officer_revoked)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct certificate_revocation req = {.number = certified(h), .reason = SPAN("gian lận")};
    harness_as(h, U(OFFICER), EXAM_OFFICER, U(NATION));
    cr_assert_eq(on_certificate_revoke(&h->ctx, &req, &status), 0);
    voided(h, 100);
    graded(h, 101, LAN, true);
    issue(h);
    cr_expect_str_eq(register_of(h), "1 1 0");
    cr_expect_str_eq(harness_get(h, "SELECT reason FROM revocation"), "gian lận", "the first reason stays");
    cr_expect_eq(harness_events(h, "certificate_revoked"), 1);
    harness_close(h);
}

struct follower {
    struct harness *h;
    struct second second;
    int code;
};

static void *run_void(void *arg)
{
    struct follower *f = arg;
    struct void_fact fact = {.attempt_id = U(100),
                             .person_id = U(LAN),
                             .programme_id = U(PROGRAMME),
                             .reason = SPAN("Mất điện"),
                             .at = now_us()};
    second_sql(&f->second, "BEGIN");
    f->code = follow_attempt_voided(&f->second.ctx, &fact);
    second_sql(&f->second, "COMMIT");
    return NULL;
}

/* The attempt is voided while its certificate is being issued: the certificate comes, and goes. */
Test(correct, while_it_is_being_issued)
{
    struct harness *h = open_seeded();
    static struct follower f;
    pthread_t thread;
    graded(h, 100, LAN, true);
    second_open(&f.second, h, "certification", service_sql);
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(certificates_issue(&h->ctx), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_void, &f), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(f.code, 0);
    cr_expect_str_eq(register_of(h), "1 1 0");
    second_close(&f.second);
    harness_close(h);
}
