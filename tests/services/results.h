/*
 * results.h - results of attempts by chance, the same for each run of a test: for followers that take many at a time,
 * whose tests compare that with one by one.
 */
#ifndef TESTS_RESULTS_H
#define TESTS_RESULTS_H

#include "harness.h"

static inline uint32_t results_next(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/*
 * Few people, from `person` on, and few attempts, so that each comes again: other attempts, other versions, the same
 * once more. An attempt is of `programme` or of the next one.
 */
static inline void results_make(struct grade_fact *ret_facts, uint32_t n, uint32_t person, uint32_t programme,
                                uint32_t seed)
{
    const int64_t base = INT64_C(1740787200000000); /* 2025-03-01 */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t who = person + results_next(&seed, 4), number = 1 + results_next(&seed, 5);
        ret_facts[i] =
            (struct grade_fact){.attempt_id = U(who * 100 + number),
                                .person_id = U(who),
                                .programme_id = U(programme + (who + number) % 2),
                                .policy_id = U(600),
                                .number = (uint16_t)number,
                                .items = 20,
                                .passed = results_next(&seed, 3) > 0,
                                .graded_at = base + i * INT64_C(1000000),
                                .result_version = (uint16_t)(1 + results_next(&seed, 2) * results_next(&seed, 5))};
    }
}

#endif
