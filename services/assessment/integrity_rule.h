/*
 * integrity_rule.h - what is worth recording in the times of an attempt's saves; pure. integrity.c brings the log and
 * stores what is found.
 */
#ifndef ASSESSMENT_INTEGRITY_RULE_H
#define ASSESSMENT_INTEGRITY_RULE_H

#include "types.h"

enum { INTEGRITY_POSITIONS = 200 };

/* An entry of the log, in the order of the chain. */
struct save_moment {
    uint16_t position; /* 1 to INTEGRITY_POSITIONS */
    bool blank;        /* the response was taken back: nothing had to be read for it */
    int64_t at_us;
};

/* A position answered faster than its text can be read. */
struct fast_answer {
    uint16_t position;
    uint32_t took_ms, needed_ms;
};

/*
 * The first answer of a position, measured from the save before it (the start, for the first of all), is fast when it
 * took less time than `chars` of that position at `chars_per_second`. A later change of it needs no reading. `ret_fast`
 * has room for INTEGRITY_POSITIONS. Returns how many, in the order of the log. Clocks may have gone back: time that
 * would be negative counts as none known, and nothing is recorded.
 */
uint32_t rule_too_fast(const struct save_moment *saves, uint32_t n, int64_t started_us,
                       const uint32_t chars[INTEGRITY_POSITIONS], uint32_t chars_per_second,
                       struct fast_answer *ret_fast);

/* The most different positions that were answered within any `window_us`. */
uint32_t rule_burst(const struct save_moment *saves, uint32_t n, int64_t window_us);

#endif
