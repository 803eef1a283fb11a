/*
 * seed.h - an assessment database with something in it: a programme, a bank of ten items in two groups, a policy of
 * five items of which three must be right, two attempts, and two learners who completed the programme. All of it came
 * the way it comes in life: by events and by the exam officer.
 */
#ifndef TESTS_ASSESSMENT_SEED_H
#define TESTS_ASSESSMENT_SEED_H

#include "assessment.h"
#include "harness.h"
#include "sql.h"
#include <criterion/criterion.h>

enum { NATION = 900, OFFICER = 901, PROGRAMME = 1, BANK = 2, POLICY = 3, LAN = 10, MINH = 11, ITEMS = 5 };

static const struct assessment_conf test_conf = {.key = {1, 2, 3, 4}};

static inline void announce_item(struct harness *h, uint32_t n, const char *group, uint8_t key)
{
    char code[16];
    snprintf(code, sizeof(code), "I%u", n);
    struct item_source item = {.item_id = U(100 + n),
                               .bank_id = U(BANK),
                               .code = S(code),
                               .skill_group = S(group),
                               .level = 1,
                               .stem = S("Câu hỏi"),
                               .option_1 = S("một"),
                               .option_2 = S("hai"),
                               .option_3 = S("ba"),
                               .option_4 = S("bốn"),
                               .key = key,
                               .explanation = S("Vì đúng.")};
    cr_assert(harness_event(h, follow_item_published, &item) == 0);
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
}

/* The draft of the usual policy; quotas are borrowed. */
static inline struct policy_draft usual_policy(uint32_t policy, struct quota quotas[2])
{
    quotas[0] = (struct quota){.skill_group = SPAN("a"), .items = 3};
    quotas[1] = (struct quota){.skill_group = SPAN("b"), .items = 2};
    return (struct policy_draft){.policy_id = U(policy),
                                 .programme_id = U(PROGRAMME),
                                 .bank_id = U(BANK),
                                 .pass_percent = 60,
                                 .minutes = 30,
                                 .max_attempts = 2,
                                 .quotas = quotas,
                                 .n_quotas = 2};
}

/* Programme and bank, but no policy and nobody who completed anything. */
static inline struct harness *open_announced(void)
{
    struct harness *h = harness_open("assessment", service_sql, false, &test_conf);
    struct programme programme = {.programme_id = U(PROGRAMME),
                                  .code = SPAN("KNS"),
                                  .version = 1,
                                  .title_vi = SPAN("Kỹ năng số"),
                                  .title_en = SPAN("Digital skills"),
                                  .framework_code = SPAN("F"),
                                  .framework_label = SPAN("1.0")};
    struct bank_fact bank = {.bank_id = U(BANK), .code = SPAN("NH"), .version = 1, .items = 10};
    for (uint32_t n = 0; n < 10; n++)
        announce_item(h, n, n < 6 ? "a" : "b", (uint8_t)(1 + n % 4));
    cr_assert(harness_event(h, follow_item_bank_published, &bank) == 0);
    cr_assert(harness_event(h, follow_programme_published, &programme) == 0);
    return h;
}

static inline struct harness *open_seeded(void)
{
    struct harness *h = open_announced();
    struct quota quotas[2];
    struct policy_draft draft = usual_policy(POLICY, quotas);
    struct policy policy;
    as_officer(h);
    cr_assert(on_policy_create(&h->ctx, &draft, &policy) == 0, "%s", h->ctx.fault.field);
    complete(h, LAN);
    complete(h, MINH);
    as_learner(h, LAN);
    return h;
}

static inline int start(struct harness *h, uint32_t attempt, struct attempt_paper *ret_paper)
{
    struct attempt_request req = {.attempt_id = U(attempt), .programme_id = U(PROGRAMME)};
    return on_attempt_start(&h->ctx, &req, ret_paper);
}

static inline void started(struct harness *h, uint32_t attempt)
{
    struct attempt_paper paper;
    cr_assert(start(h, attempt, &paper) == 0, "%s", h->ctx.fault.field);
}

/* Saves one answer as the present caller; the error's code, or 0. */
static inline int save(struct harness *h, uint32_t attempt, uint16_t position, uint32_t revision, const char *response,
                       struct answer_receipt *ret_receipt)
{
    struct answer_save req = {
        .attempt_id = U(attempt), .position = position, .revision = revision, .response = S(response)};
    struct answer_receipt ignored;
    struct fault fault;
    int code = harness_batch(h, bind_answer_save, 1, NULL, &req, ret_receipt ? ret_receipt : &ignored, &fault);
    h->ctx.fault = code ? h->ctx.fault : fault;
    return code ? code : fault.code;
}

/* The response that is right at this position, as the owner of the keys knows it. */
static inline const char *right_response(struct harness *h, uint32_t attempt, uint16_t position)
{
    return harness_get(h,
                       "SELECT position(k.key::text IN p.orders[%u]) FROM paper p JOIN item_key k "
                       "ON k.item_id = p.items[%u] WHERE p.attempt_id::text LIKE '%%-%012x'",
                       position, position, attempt);
}

static inline const char *wrong_response(struct harness *h, uint32_t attempt, uint16_t position)
{
    return right_response(h, attempt, position)[0] == '1' ? "2" : "1";
}

static inline int submit(struct harness *h, uint32_t attempt, struct attempt_result *ret_result)
{
    struct attempt_ref ref = {.attempt_id = U(attempt)};
    return on_attempt_submit(&h->ctx, &ref, ret_result);
}

/* Moves an attempt into the past, so that its deadline has passed. */
static inline void let_time_pass(struct harness *h, uint32_t attempt)
{
    harness_sql(h,
                "UPDATE attempt SET started_at = started_at - interval '31 minutes', "
                "deadline = deadline - interval '31 minutes' WHERE attempt_id::text LIKE '%%-%012x'",
                attempt);
}

#endif
