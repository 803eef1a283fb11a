/* grading.h - what the tests of grading share: handing in, looking at results, letting time pass. */
#ifndef TESTS_ASSESSMENT_GRADING_H
#define TESTS_ASSESSMENT_GRADING_H

#include "seed.h"

static inline const char *id_text(struct uuid id)
{
    static char text[4][UUID_TEXT];
    static int next;
    next = (next + 1) % 4;
    uuid_format(&id, text[next]);
    return text[next];
}

/* The error's code, or 0. */
static inline int submit(struct harness *h, struct uuid attempt, struct attempt_result *ret_result)
{
    struct attempt_ref ref = {.attempt_id = attempt};
    struct fault fault = {0};
    int code = harness_batch(h, bind_attempt_submit, 1, NULL, &ref, ret_result, &fault);
    return code ? code : fault.code;
}

static inline int outcome(struct harness *h, struct uuid attempt, struct attempt_result *ret_result)
{
    struct attempt_ref ref = {.attempt_id = attempt};
    struct fault fault = {0};
    int code = harness_batch(h, bind_attempt_outcome, 1, NULL, &ref, ret_result, &fault);
    return code ? code : fault.code;
}

static inline bool says(struct span text, const char *wanted)
{
    return text.n == strlen(wanted) && !memcmp(text.p, wanted, text.n);
}

/* Deadline and grace of an attempt passed a minute ago. */
static inline void let_time_pass(struct harness *h, struct uuid attempt)
{
    harness_sql(h,
                "UPDATE attempt SET started_at = now() - interval '1 hour', deadline = now() - interval '90 s', "
                "closes_at = now() - interval '1 minute' WHERE attempt_id = '%s'",
                id_text(attempt));
}

static inline const char *state_of(struct harness *h, struct uuid attempt)
{
    return harness_get(h, "SELECT state FROM attempt WHERE attempt_id = '%s'", id_text(attempt));
}

/* An attempt of this person, handed in with the first `right` answers right. */
static inline struct uuid sat(struct harness *h, uint32_t person, uint32_t right)
{
    struct attempt_result result;
    struct attempt_ticket ticket = started(h, person);
    answer_all(h, ticket.attempt_id, right);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    return ticket.attempt_id;
}

#endif
