/* test_revoke.c - who may revoke what, once, and everybody sees it. */
#include "seed.h"

static int revoke_as_caller(struct harness *h, struct span number, const char *reason,
                            struct certificate_status *ret_status)
{
    struct certificate_revocation req = {.number = number, .reason = S(reason)};
    return on_certificate_revoke(&h->ctx, &req, ret_status);
}

Test(revoke, outside_the_subtree)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct span number = certified(h);
    harness_as(h, U(OFFICER), EXAM_OFFICER, U(ELSEWHERE));
    cr_expect_eq(revoke_as_caller(h, number, "gian lận", &status), ERR_FORBIDDEN);
    cr_expect_str_eq(h->ctx.fault.field, "number");
    h->ctx.n_scope = 0;
    cr_expect_eq(revoke_as_caller(h, number, "gian lận", &status), ERR_FORBIDDEN);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM revocation"), "0");
    cr_expect_eq(harness_events(h, "certificate_revoked"), 0);
    harness_close(h);
}

Test(revoke, number_unknown_or_wrong)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    char number[NUMBER_TEXT];
    harness_as(h, U(OPERATOR), NATIONAL_OPERATOR, U(NATION));
    number_make("26", number);
    cr_expect_eq(revoke_as_caller(h, S(number), "sai", &status), ERR_NOT_FOUND);
    number[10] = number[10] == 'X' ? 'Y' : 'X';
    cr_expect_eq(revoke_as_caller(h, S(number), "sai", &status), ERR_INVALID);
    harness_close(h);
}

Test(revoke, is_seen_everywhere_and_stays)
{
    struct harness *h = open_seeded();
    struct certificate_status status, again;
    struct certificate_list list;
    struct empty empty = {0};
    struct span number = certified(h), document = document_of(h, number);
    harness_as(h, U(OFFICER), EXAM_OFFICER, U(PROVINCE));
    cr_assert_eq(revoke_as_caller(h, number, "gian lận", &status), 0);
    cr_expect(is(status.status, "revoked"));
    cr_expect(is(status.reason, "gian lận"));
    cr_expect_eq(revoke_as_caller(h, number, "lý do khác", &again), 0, "revoking again changes nothing");
    cr_expect(is(again.reason, "gian lận"));
    cr_expect_eq(again.revoked_at, status.revoked_at);
    cr_expect_eq(harness_events(h, "certificate_revoked"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT body ->> 'number' FROM outbox WHERE event = 'certificate_revoked'"),
                     number.p);
    cr_expect_str_eq(harness_get(h, "SELECT revoked_by FROM revocation"), "00000000-0000-0000-0000-00000000001e");
    cr_assert_eq(verify(h, document, &status), 0);
    cr_expect(is(status.status, "revoked"));
    harness_as(h, U(LAN), LEARNER, U(NATION));
    cr_assert_eq(on_my_certificates(&h->ctx, &empty, &list), 0);
    cr_expect(list.certificates[0].revoked);
    graded(h, 105, LAN, true);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "1", "passing again does not undo it");
    harness_close(h);
}

/* The holder has left, and then the unit is gone too: the officer above still may, the one beside still may not. */
Test(revoke, holder_who_left)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct span number = certified(h);
    know_person(h, LAN, "Nguyễn Thị Lan", UNIT, 19000);
    struct unit_fact end = {
        .unit_id = U(UNIT), .code = SPAN("45-SNV"), .kind = SPAN("unit"), .name = SPAN("45-SNV"), .valid_from = 18262};
    PUT_FIELD(&end, unit_fact, parent_id, U(PROVINCE));
    PUT_FIELD(&end, unit_fact, valid_to, 19500);
    cr_assert_eq(harness_event(h, follow_org_changed, &end), 0);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM unit"), "3");
    harness_as(h, U(OFFICER), EXAM_OFFICER, U(ELSEWHERE));
    cr_expect_eq(revoke_as_caller(h, number, "sai", &status), ERR_FORBIDDEN);
    harness_as(h, U(OFFICER), EXAM_OFFICER, U(PROVINCE));
    cr_expect_eq(revoke_as_caller(h, number, "sai", &status), 0);
    harness_close(h);
}

/* The subtree is that of where the holder works today. */
Test(revoke, holder_who_moved)
{
    struct harness *h = open_seeded();
    struct certificate_status status;
    struct span number = certified(h);
    know_person(h, LAN, "Nguyễn Thị Lan", ELSEWHERE, 0);
    harness_as(h, U(OFFICER), EXAM_OFFICER, U(PROVINCE));
    cr_expect_eq(revoke_as_caller(h, number, "sai", &status), ERR_FORBIDDEN);
    harness_as(h, U(OFFICER), EXAM_OFFICER, U(ELSEWHERE));
    cr_expect_eq(revoke_as_caller(h, number, "sai", &status), 0);
    harness_close(h);
}
