/* test_appeal.c - appeals: who may open one and when, who decides, and what follows from it. */
#include "exam_test.h"

enum { APPEAL = 3000 };

static struct harness *open_graded(void)
{
    struct harness *h = open_exam();
    sat_usual(h, ATTEMPT, LAN);
    as_learner(h, LAN);
    return h;
}

static int appeal_to(struct harness *h, uint32_t appeal, uint32_t attempt, const char *reason,
                     struct appeal *ret_appeal)
{
    struct appeal_draft draft = {.appeal_id = U(appeal), .attempt_id = U(attempt), .reason = S(reason)};
    return on_appeal_open(&h->ctx, &draft, ret_appeal);
}

static int decide(struct harness *h, uint32_t appeal, const char *state, const char *remedy, const char *why,
                  struct appeal *ret_appeal)
{
    struct appeal_decision decision = {.appeal_id = U(appeal), .state = S(state), .decision = S(why)};
    if (remedy)
        PUT_FIELD(&decision, appeal_decision, remedy, S(remedy));
    return on_appeal_decide(&h->ctx, &decision, ret_appeal);
}

/* Lan's appeal stands open, the officer of her province is the caller. */
static struct harness *open_appealed(void)
{
    struct harness *h = open_graded();
    struct appeal appeal;
    cr_assert_eq(appeal_to(h, APPEAL, ATTEMPT, "Câu 3 sai.", &appeal), 0);
    as_officer(h);
    return h;
}

/* --- opening --- */

Test(appeal, opened)
{
    struct harness *h = open_graded();
    struct appeal appeal;
    struct fault fault;
    cr_assert_eq(appeal_to(h, APPEAL, ATTEMPT, "Câu 3 sai.", &appeal), 0);
    struct uuid lan = U(LAN);
    cr_expect(is(appeal.state, "open") && is(appeal.reason, "Câu 3 sai.") && uuid_equal(&appeal.person_id, &lan));
    cr_expect_not(HAS(&appeal, appeal, decision) || HAS(&appeal, appeal, decided_by));
    cr_expect_eq(msg_check(&msg_appeal, &appeal, &fault), 0);
    harness_close(h);
}

Test(appeal, of_another_or_of_nothing)
{
    struct harness *h = open_graded();
    struct appeal appeal;
    cr_expect_eq(appeal_to(h, APPEAL, 4444, "x", &appeal), ERR_NOT_FOUND);
    as_learner(h, MINH);
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), ERR_NOT_FOUND);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM appeal"), "0");
    harness_close(h);
}

Test(appeal, only_of_what_is_graded)
{
    struct harness *h = open_exam();
    struct appeal appeal;
    began(h, ATTEMPT, LAN, FORM, 20);
    as_learner(h, LAN);
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), ERR_STATE);
    ended(h, ATTEMPT, 1);
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), ERR_STATE);
    graded(h, ATTEMPT, "{0,0,0,0,0}");
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), 0);
    harness_sql(h, "DELETE FROM appeal; UPDATE attempt SET state = 'voided'");
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), ERR_STATE);
    harness_close(h);
}

Test(appeal, within_the_days_of_the_policy)
{
    struct harness *h = open_graded();
    struct appeal appeal;
    harness_sql(h, "UPDATE result SET graded_at = now() - interval '15 days 1 second'");
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), ERR_CLOSED);
    harness_sql(h, "UPDATE result SET graded_at = now() - interval '14 days 23 hours'");
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), 0);
    harness_sql(h, "DELETE FROM appeal; UPDATE policy SET appeal_days = 0; UPDATE result SET graded_at = now()");
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), ERR_CLOSED);
    harness_close(h);
}

/* A corrected result is a new one: the days count from it. */
Test(appeal, days_count_from_the_result_that_counts)
{
    struct harness *h = open_graded();
    struct appeal appeal;
    harness_sql(h,
                "UPDATE result SET graded_at = now() - interval '20 days'; "
                "CREATE TEMP TABLE second AS SELECT * FROM result; UPDATE second SET version = 2, graded_at = now(); "
                "INSERT INTO result SELECT * FROM second");
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), ERR_CLOSED);
    harness_sql(h, "UPDATE attempt SET result_version = 2");
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), 0);
    harness_close(h);
}

Test(appeal, opened_again)
{
    struct harness *h = open_graded();
    struct appeal first, again;
    sat_usual(h, ATTEMPT + 1, LAN);
    cr_assert_eq(appeal_to(h, APPEAL, ATTEMPT, "a", &first), 0);
    cr_assert_eq(appeal_to(h, APPEAL, ATTEMPT, "a", &again), 0);
    cr_expect_eq(first.opened_at, again.opened_at);
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "b", &again), ERR_CONFLICT);
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT + 1, "a", &again), ERR_CONFLICT);
    cr_expect_eq(appeal_to(h, APPEAL + 1, ATTEMPT, "a", &again), ERR_STATE, "one at a time");
    as_learner(h, MINH);
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "a", &again), ERR_CONFLICT);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM appeal"), "1");
    /* The decision does not make the repeat another one; and afterwards there may be a second. */
    as_officer(h);
    cr_assert_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &again), 0);
    as_learner(h, LAN);
    cr_assert_eq(appeal_to(h, APPEAL, ATTEMPT, "a", &again), 0);
    cr_expect(is(again.state, "rejected"));
    cr_expect_eq(appeal_to(h, APPEAL + 1, ATTEMPT, "a", &again), 0);
    harness_close(h);
}

/* A dossier holds twenty. */
Test(appeal, twenty_and_no_more)
{
    struct harness *h = open_graded();
    struct attempt_ref ref = {.attempt_id = U(ATTEMPT)};
    struct appeal appeal;
    struct file file;
    harness_sql(h,
                "INSERT INTO appeal (appeal_id, attempt_id, person_id, state, reason, decision, decided_by, "
                "decided_at) SELECT u(5000 + n), u(%d), u(%d), 'rejected', 'x', 'x', u(%d), now() "
                "FROM generate_series(1, 19) n",
                ATTEMPT, LAN, OFFICER);
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "a", &appeal), 0);
    as_officer(h);
    cr_assert_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &appeal), 0);
    as_learner(h, LAN);
    cr_expect_eq(appeal_to(h, APPEAL + 1, ATTEMPT, "a", &appeal), ERR_STATE);
    cr_expect_eq(on_my_dossier(&h->ctx, &ref, &file), 0);
    harness_close(h);
}

/* --- lists --- */

Test(appeal, mine_are_mine)
{
    struct harness *h = open_appealed();
    struct appeal_list list;
    struct empty empty = {0};
    as_learner(h, LAN);
    cr_assert_eq(on_my_appeals(&h->ctx, &empty, &list), 0);
    cr_expect_eq(list.n_appeals, 1);
    as_learner(h, MINH);
    cr_assert_eq(on_my_appeals(&h->ctx, &empty, &list), 0);
    cr_expect_eq(list.n_appeals, 0);
    harness_close(h);
}

static int list_of(struct harness *h, const char *state, uint32_t after, struct appeal_list *ret_list)
{
    struct appeal_query query = {0};
    if (state)
        PUT_FIELD(&query, appeal_query, state, S(state));
    if (after)
        PUT_FIELD(&query, appeal_query, after, U(after));
    return on_appeals(&h->ctx, &query, ret_list);
}

Test(appeal, of_the_subtree)
{
    struct harness *h = open_appealed();
    struct appeal_list list;
    struct appeal appeal;
    sat_usual(h, ATTEMPT + 1, HOA);
    sat_usual(h, ATTEMPT + 2, TAM);
    as_learner(h, HOA);
    cr_assert_eq(appeal_to(h, APPEAL + 1, ATTEMPT + 1, "x", &appeal), 0);
    as_learner(h, TAM);
    cr_assert_eq(appeal_to(h, APPEAL + 2, ATTEMPT + 2, "x", &appeal), 0);
    as_officer(h);
    cr_assert_eq(list_of(h, NULL, 0, &list), 0);
    cr_assert_eq(list.n_appeals, 2);
    struct uuid first = U(APPEAL), second = U(APPEAL + 2);
    cr_expect(uuid_equal(&list.appeals[0].appeal_id, &first) && uuid_equal(&list.appeals[1].appeal_id, &second));
    cr_assert_eq(list_of(h, NULL, APPEAL, &list), 0);
    cr_expect_eq(list.n_appeals, 1, "the page after the first");
    cr_assert_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &appeal), 0);
    cr_assert_eq(list_of(h, "open", 0, &list), 0);
    cr_expect_eq(list.n_appeals, 1);
    cr_assert_eq(list_of(h, "rejected", 0, &list), 0);
    cr_expect_eq(list.n_appeals, 1);
    cr_expect_eq(list_of(h, "closed", 0, &list), ERR_INVALID);
    as_outsider(h);
    cr_assert_eq(list_of(h, NULL, 0, &list), 0);
    cr_assert_eq(list.n_appeals, 1);
    harness_as(h, U(OUTSIDER), APPEALS_OFFICER, U(4444));
    cr_assert_eq(list_of(h, NULL, 0, &list), 0);
    cr_expect_eq(list.n_appeals, 0);
    harness_close(h);
}

/* --- two persons who are one --- */

static void merge(struct harness *h, uint32_t keep, uint32_t gone)
{
    struct person_union fact = {.keep = U(keep), .gone = U(gone), .at = now_us()};
    cr_assert_eq(harness_event(h, follow_person_merged, &fact), 0);
}

/* Minh is found to be Hoa, who sat under her own id and works elsewhere: Minh appeals in his own name. */
Test(appeal, against_what_was_sat_under_the_old_id)
{
    struct harness *h = open_exam();
    struct appeal appeal;
    struct appeal_list list;
    struct empty empty = {0};
    sat_usual(h, ATTEMPT, HOA);
    as_learner(h, MINH);
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), ERR_NOT_FOUND, "not yet the same person");
    merge(h, MINH, HOA);
    as_learner(h, LAN);
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), ERR_NOT_FOUND, "still nobody else's");
    as_learner(h, MINH);
    cr_assert_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), 0, "%s", h->ctx.fault.field);
    struct uuid minh = U(MINH);
    cr_expect(uuid_equal(&appeal.person_id, &minh) && is(appeal.state, "open"));
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), 0, "said again");
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "y", &appeal), ERR_CONFLICT);
    cr_expect_eq(appeal_to(h, APPEAL + 1, ATTEMPT, "x", &appeal), ERR_STATE, "one at a time");
    cr_assert_eq(on_my_appeals(&h->ctx, &empty, &list), 0);
    cr_expect_eq(list.n_appeals, 1);
    as_outsider(h);
    cr_expect_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &appeal), ERR_FORBIDDEN);
    harness_as(h, U(MINH), APPEALS_OFFICER, U(PROVINCE));
    cr_expect_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &appeal), ERR_SAME_PERSON);
    as_officer(h);
    cr_expect_eq(decide(h, APPEAL, "upheld", "void", "Đúng.", &appeal), 0);
    cr_expect_str_eq(harness_get(h, "SELECT state FROM attempt"), "voided");
    harness_close(h);
}

/* What was opened before is found by the one who stays, and by the officers of where he or she is. */
Test(appeal, opened_under_the_old_id)
{
    struct harness *h = open_exam();
    struct appeal appeal;
    struct appeal_list list;
    struct empty empty = {0};
    sat_usual(h, ATTEMPT, HOA);
    as_learner(h, HOA);
    cr_assert_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), 0);
    merge(h, MINH, HOA);
    as_learner(h, LAN);
    cr_assert_eq(on_my_appeals(&h->ctx, &empty, &list), 0);
    cr_expect_eq(list.n_appeals, 0);
    as_learner(h, MINH);
    cr_assert_eq(on_my_appeals(&h->ctx, &empty, &list), 0);
    cr_expect_eq(list.n_appeals, 1);
    cr_expect_eq(appeal_to(h, APPEAL, ATTEMPT, "x", &appeal), 0, "said again");
    as_outsider(h);
    cr_assert_eq(list_of(h, NULL, 0, &list), 0);
    cr_expect_eq(list.n_appeals, 0);
    as_officer(h);
    cr_assert_eq(list_of(h, NULL, 0, &list), 0);
    cr_expect_eq(list.n_appeals, 1);
    cr_expect_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &appeal), 0);
    harness_close(h);
}

/* --- deciding --- */

Test(appeal, rejected)
{
    struct harness *h = open_appealed();
    struct appeal appeal;
    struct fault fault;
    cr_assert_eq(decide(h, APPEAL, "rejected", NULL, "Đáp án đúng.", &appeal), 0);
    cr_expect(is(appeal.state, "rejected") && is(appeal.decision, "Đáp án đúng."));
    cr_expect_not(HAS(&appeal, appeal, remedy));
    cr_expect(HAS(&appeal, appeal, decided_by) && HAS(&appeal, appeal, decided_at));
    cr_expect_eq(msg_check(&msg_appeal, &appeal, &fault), 0);
    cr_expect_eq(harness_events(h, "appeal_decided"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT state FROM attempt"), "graded");
    harness_close(h);
}

Test(appeal, upheld_without_remedy)
{
    struct harness *h = open_appealed();
    struct appeal appeal;
    cr_assert_eq(decide(h, APPEAL, "upheld", NULL, "Câu hỏi sẽ được sửa.", &appeal), 0);
    cr_expect(is(appeal.remedy, "none"));
    cr_expect_str_eq(harness_get(h, "SELECT state FROM attempt"), "graded");
    cr_expect_eq(harness_events(h, "attempt_voided"), 0);
    cr_expect_eq(decide(h, APPEAL, "upheld", "none", "Câu hỏi sẽ được sửa.", &appeal), 0, "none is the default");
    harness_close(h);
}

Test(appeal, upheld_voids_and_gives_back)
{
    struct harness *h = open_appealed();
    struct appeal appeal;
    cr_assert_eq(decide(h, APPEAL, "upheld", "void", "Mất điện.", &appeal), 0);
    cr_expect(is(appeal.remedy, "void"));
    cr_expect_str_eq(harness_get(h, "SELECT state FROM attempt"), "voided");
    cr_expect_str_eq(harness_get(h, "SELECT voided_by = u(%d) FROM attempt", OFFICER), "t");
    cr_expect_str_eq(harness_get(h, "SELECT given_back FROM standing"), "1");
    cr_expect_eq(harness_events(h, "attempt_voided"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT body ->> 'remedy' FROM outbox WHERE event = 'appeal_decided'"), "void");
    cr_assert_eq(decide(h, APPEAL, "upheld", "void", "Mất điện.", &appeal), 0);
    cr_expect_str_eq(harness_get(h, "SELECT given_back FROM standing"), "1", "once");
    cr_expect_eq(harness_events(h, "attempt_voided"), 1);
    cr_expect_eq(harness_events(h, "appeal_decided"), 1);
    harness_close(h);
}

Test(appeal, decided_again)
{
    struct harness *h = open_appealed();
    struct appeal first, again;
    cr_assert_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &first), 0);
    cr_assert_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &again), 0);
    cr_expect_eq(first.decided_at, again.decided_at);
    cr_expect_eq(decide(h, APPEAL, "rejected", NULL, "Khác.", &again), ERR_CONFLICT);
    cr_expect_eq(decide(h, APPEAL, "upheld", "void", "Không.", &again), ERR_CONFLICT);
    cr_expect_eq(harness_events(h, "appeal_decided"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT state FROM attempt"), "graded");
    harness_close(h);
}

Test(appeal, not_by_officers_of_elsewhere)
{
    struct harness *h = open_appealed();
    struct appeal appeal;
    as_outsider(h);
    cr_expect_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &appeal), ERR_FORBIDDEN);
    cr_expect_eq(decide(h, 4444, "rejected", NULL, "Không.", &appeal), ERR_NOT_FOUND);
    cr_expect_str_eq(harness_get(h, "SELECT state FROM appeal"), "open");
    harness_close(h);
}

Test(appeal, not_by_who_appeals_or_who_voided)
{
    struct harness *h = open_appealed();
    struct appeal appeal;
    harness_as(h, U(LAN), APPEALS_OFFICER, U(PROVINCE));
    cr_expect_eq(decide(h, APPEAL, "upheld", "void", "Vâng.", &appeal), ERR_SAME_PERSON);
    harness_sql(h, "UPDATE attempt SET state = 'voided', voided_by = u(%d), void_reason = 'x'", OFFICER);
    as_officer(h);
    cr_expect_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &appeal), ERR_SAME_PERSON);
    harness_as(h, U(OTHER_OFFICER), APPEALS_OFFICER, U(NATION));
    cr_expect_eq(decide(h, APPEAL, "upheld", "void", "Vâng.", &appeal), ERR_STATE, "it is voided");
    cr_expect_str_eq(h->ctx.fault.field, "remedy");
    cr_expect_eq(decide(h, APPEAL, "upheld", "none", "Vâng.", &appeal), 0);
    harness_close(h);
}

Test(appeal, of_people_who_left)
{
    struct harness *h = open_appealed();
    struct appeal appeal;
    struct appeal_list list;
    know_person(h, LAN, "Nguyễn Thị Lan", OFFICE, 20000);
    cr_assert_eq(list_of(h, "open", 0, &list), 0);
    cr_expect_eq(list.n_appeals, 1);
    cr_expect_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &appeal), 0);
    harness_close(h);
}

Test(appeal, words_that_are_none)
{
    struct harness *h = open_appealed();
    struct appeal appeal;
    cr_expect_eq(decide(h, APPEAL, "open", NULL, "x", &appeal), ERR_INVALID);
    cr_expect_eq(decide(h, APPEAL, "upheld", "money", "x", &appeal), ERR_INVALID);
    cr_expect_eq(decide(h, APPEAL, "rejected", "void", "x", &appeal), ERR_INVALID);
    cr_expect_str_eq(harness_get(h, "SELECT state FROM appeal"), "open");
    harness_close(h);
}

Test(appeal, what_the_service_may_not_do)
{
    struct harness *h = open_appealed();
    struct appeal appeal;
    cr_assert_eq(decide(h, APPEAL, "rejected", NULL, "Không.", &appeal), 0);
    cr_expect_not(harness_allowed(h, "DELETE FROM appeal"));
    cr_expect_not(harness_allowed(h, "UPDATE appeal SET reason = 'x'"));
    cr_expect_not(harness_allowed(h, "INSERT INTO appeal (appeal_id, attempt_id, person_id, reason, state) "
                                     "VALUES (hocvu.uuid7(), hocvu.uuid7(), hocvu.uuid7(), 'x', 'upheld')"));
    harness_close(h);
}
