/*
 * seed.h - an assessment database with something in it: a programme, a bank of ten live single choice items in two
 * groups, a blueprint and a policy of five items (three of group a, two of group b; 60 percent to pass, two attempts of
 * 30 minutes), four forms with their keys, and two learners, Lan and Minh, who completed the programme.
 *
 * Item n (0 to 9) is U(100 + n), code "I<n>", group a for n < 6, else b; its choices are "một" to "bốn" and its key is
 * 1 + n % 4. Form k (0 to 3) is U(300 + k) with the items k, k+1, k+2 (of 6) and 6 + k % 4, 6 + (k+1) % 4, so position
 * p of form k is item_at(k, p).
 */
#ifndef TESTS_ASSESSMENT_SEED_H
#define TESTS_ASSESSMENT_SEED_H

#include "assessment.h"
#include "harness.h"
#include "rows.h"
#include "sql.h"
#include <criterion/criterion.h>

enum {
    NATION = 900,
    OFFICER = 901,
    AUTHOR = 902,
    CHECKER = 903,
    DEVICE = 950,
    PROGRAMME = 1,
    BANK = 2,
    POLICY = 3,
    BLUEPRINT = 4,
    FRAMEWORK = 5,
    LAN = 10,
    MINH = 11,
    ITEMS = 5,
    FORMS = 4
};

static const struct assessment_conf test_conf = {.key = {1, 2, 3, 4},
                                                 .fast_chars_per_second = 60,
                                                 .burst_answers = 10,
                                                 .burst_seconds = 10,
                                                 .devices_most = 3,
                                                 .same_wrong_least = 6,
                                                 .same_wrong_percent = 80,
                                                 .start_share_percent = 50,
                                                 .save_wait_ms = 50};

#define ID(n) "('00000000-0000-0000-0000-' || lpad(to_hex(" #n "), 12, '0'))::uuid"

/* Number of the item (0 to 9) at a position (from 1) of form k. */
static inline uint32_t item_at(uint32_t k, uint32_t position)
{
    return position <= 3 ? (k + position - 1) % 6 : 6 + (k + position - 4) % 4;
}

/* The right response at a position of form k. */
static inline struct span right_at(uint32_t k, uint32_t position)
{
    static const char *const number[] = {"1", "2", "3", "4"};
    return (struct span){number[item_at(k, position) % 4], 1};
}

static inline struct span wrong_at(uint32_t k, uint32_t position)
{
    static const char *const number[] = {"1", "2", "3", "4"};
    return (struct span){number[(item_at(k, position) + 1) % 4], 1};
}

static inline void seed_items(struct harness *h)
{
    harness_sql(h, "INSERT INTO item_version (version_id, bank_id, code, version, type, skill_group, level, stem, "
                   "choices, author_id, digest) SELECT " ID(100 + n) ", " ID(
                       2) ", 'I' || n, 1, 'single_choice', "
                          "CASE WHEN n < 6 THEN 'a' ELSE 'b' END, 1, 'Câu hỏi ' || n, '{một,hai,ba,bốn}', " ID(
                              902) ", sha256(int4send(n)) FROM generate_series(0, 9) n");
    harness_sql(
        h, "INSERT INTO item_key (version_id, key, explanation) SELECT " ID(100 + n) ", 1 + n %% 4, 'Vì đúng ' || n "
                                                                                     "FROM generate_series(0, 9) n");
    harness_sql(h, "UPDATE item_version SET state = 'review'");
    harness_sql(h, "UPDATE item_version SET state = 'live', live_at = now(), reviewer_id = " ID(903));
}

static inline void seed_policy(struct harness *h)
{
    harness_sql(h, "INSERT INTO blueprint (blueprint_id, code, version, bank_id, items, digest, created_by) VALUES "
                   "(" ID(4) ", 'MT', 1, " ID(2) ", 5, '\\x00', " ID(901) ")");
    harness_sql(h, "INSERT INTO blueprint_quota (blueprint_id, place, skill_group, items) VALUES "
                   "(" ID(4) ", 1, 'a', 3), (" ID(4) ", 2, 'b', 2)");
    harness_sql(h, "INSERT INTO policy (policy_id, programme_id, version, blueprint_id, items, pass_percent, minutes, "
                   "grace_seconds, max_attempts, retake_wait_seconds, early_seconds, forms, max_exposure_percent, "
                   "show_result, show_answers, show_explanations, appeal_days, digest, created_by) VALUES "
                   "(" ID(3) ", " ID(1) ", 1, " ID(4) ", 5, 60, 30, 30, 2, 0, 0, 4, 100, 'at_once', 'never', 'never', "
                                                      "15, '\\x00', " ID(901) ")");
    harness_sql(
        h, "INSERT INTO form (form_id, policy_id, items, difficulty) SELECT " ID(300 + k) ", " ID(3) ", ARRAY[" ID(
               100 +
               mod(k, 6)) ", " ID(100 +
                                  mod(k + 1,
                                      6)) ", " ID(100 +
                                                  mod(k + 2,
                                                      6)) ", " ID(106 +
                                                                  mod(k, 4)) ", " ID(106 +
                                                                                     mod(k + 1,
                                                                                         4)) "], 50 FROM "
                                                                                             "generate_series(0, 3) k");
    harness_sql(h, "SELECT lay_keys(array_agg(form_id ORDER BY form_id)) FROM form");
    harness_sql(
        h, "INSERT INTO form_pool (policy_id, ready) SELECT " ID(3) ", array_agg(form_id ORDER BY form_id) FROM form");
    /* Lanes begin at forms of their own; here the first form is next in each. */
    harness_sql(h, "INSERT INTO form_turn (policy_id, lane, taken) "
                   "SELECT " ID(3) ", lane, 4 - lane * 4 / 8 FROM generate_series(0, 7) lane");
}

/* Programme, framework and bank with its items; no policy, nobody who completed anything. */
static inline struct harness *open_bank(void)
{
    struct harness *h = harness_open("assessment", service_sql, true, &test_conf);
    harness_sql(h, "INSERT INTO programme VALUES (" ID(1) ", 'KNS', 1, 'Kỹ năng số', 'Digital skills')");
    harness_sql(h, "INSERT INTO framework VALUES (" ID(5) ", 'F', '1.0', '{a,b}')");
    harness_sql(h, "INSERT INTO bank (bank_id, code, title_vi, title_en, framework_id, created_by) VALUES "
                   "(" ID(2) ", 'NH', 'Ngân hàng', 'Bank', " ID(5) ", " ID(902) ")");
    seed_items(h);
    return h;
}

static inline void complete(struct harness *h, uint32_t person)
{
    struct completion_fact done = {.person_id = U(person), .programme_id = U(PROGRAMME), .completed_at = now_us()};
    cr_assert(harness_event(h, follow_programme_completed, &done) == 0);
}

static inline void as_officer(struct harness *h)
{
    harness_as(h, U(OFFICER), EXAM_OFFICER, U(NATION));
}

static inline void as_learner(struct harness *h, uint32_t person)
{
    harness_as(h, U(person), LEARNER, U(NATION));
    PUT_FIELD(&h->head, call_header, session_id, U(DEVICE));
}

/* Everything above; the caller is Lan. */
static inline struct harness *open_seeded(void)
{
    struct harness *h = open_bank();
    seed_policy(h);
    complete(h, LAN);
    complete(h, MINH);
    as_learner(h, LAN);
    return h;
}

/* Starts an attempt as the present caller; returns 0 or the fault's code. */
static inline int start(struct harness *h, uint32_t request, struct attempt_ticket *ret_ticket)
{
    struct attempt_request req = {.request_id = U(request), .programme_id = U(PROGRAMME)};
    struct fault fault = {0};
    int code = harness_batch(h, bind_attempt_start, 1, NULL, &req, ret_ticket, &fault);
    return code ? code : fault.code;
}

/* Starts an attempt for a person, who is the caller from then on. */
static inline struct attempt_ticket started(struct harness *h, uint32_t person)
{
    struct attempt_ticket ticket;
    as_learner(h, person);
    cr_assert(start(h, 7000 + person, &ticket) == 0);
    cr_assert(HAS(&ticket, attempt_ticket, attempt_id));
    return ticket;
}

/* Saves one answer as the present caller; returns 0 or the fault's code. */
static inline int save(struct harness *h, struct uuid attempt, uint16_t position, uint32_t revision,
                       struct span response, struct answer_receipt *ret_receipt)
{
    struct answer_save req = {.attempt_id = attempt, .position = position, .revision = revision, .response = response};
    struct fault fault = {0};
    int code = harness_batch(h, bind_answer_save, 1, NULL, &req, ret_receipt, &fault);
    return code ? code : fault.code;
}

/* Which form (0 to 3) an attempt has. */
static inline uint32_t form_of(struct harness *h, struct uuid attempt)
{
    char text[UUID_TEXT];
    uuid_format(&attempt, text);
    return (uint32_t)strtoul(
               harness_get(h, "SELECT right(form_id::text, 3) FROM attempt WHERE attempt_id = '%s'", text), NULL, 16) -
           300;
}

/* Answers the first `right` items rightly, the others wrongly. */
static inline void answer_all(struct harness *h, struct uuid attempt, uint32_t right)
{
    uint32_t form = form_of(h, attempt);
    struct answer_receipt receipt;
    for (uint16_t p = 1; p <= ITEMS; p++)
        cr_assert(save(h, attempt, p, 1, p <= right ? right_at(form, p) : wrong_at(form, p), &receipt) == 0);
}

#endif
