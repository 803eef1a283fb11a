/*
 * plan.h - who takes part in a demonstration, how each one does, and what the report must say in the end. Worked out
 * from the roster alone, before anything is sent, so that the services' answers have something to be compared with.
 */
#ifndef CTL_PLAN_H
#define CTL_PLAN_H

#include "client.h"

/* Of 25 learners in a row 20 pass at once, 3 fail once and pass the retake, 2 fail every attempt. */
enum outcome { PASSES, PASSES_LATER, FAILS };

struct learner {
    const struct sample_official *who;
    enum outcome outcome;
    /* What the demonstration saw. Written by the thread that leads this person. */
    struct session session;
    bool assigned, completed, passed, certified, verified;
    char number[33]; /* of the certificate */
    char *document;  /* owned; NULL until downloaded */
};

/* People who are assigned together: those of a unit directly below the province and all below it, or its own. */
struct group {
    uint32_t unit;
    const struct sample_official *head; /* who assigns */
    bool whole;                         /* everyone of the subtree takes part */
    uint32_t n;
};

/* As reports count: assigned, completed, passed, certified, and the leaders among each. */
enum { TALLY_COUNTS = 8 };
struct tally {
    uint32_t count[TALLY_COUNTS];
};
extern const char *const tally_names[TALLY_COUNTS];

struct plan {
    const struct sample *sample;
    uint64_t seed;
    uint32_t
        province; /* unit whose officials learn: where the first province officer of the roster has his or her role */
    const struct sample_official *officer;
    struct learner *learners; /* in the roster's order */
    struct group *groups;     /* in the order of their first learner */
    uint32_t n, n_groups;
};

/* How many could take part; 0 when the roster names no province officer. */
uint32_t plan_most(const struct sample *sample);
/* n is 1 to plan_most. Prints what is wrong and returns -1. Released either way. */
MUST_CHECK int plan_make(struct plan *plan, const struct sample *sample, uint32_t n, uint64_t seed);
void plan_release(struct plan *plan);

/* Index in plan->groups of the learner's group. */
uint32_t plan_group(const struct plan *plan, const struct sample_official *who);
/* Does this learner pass the attempt with this number, counted from 1? */
bool plan_passes(const struct plan *plan, uint32_t learner, uint32_t attempt);
/* Attempts that this learner takes. */
uint32_t plan_attempts(const struct plan *plan, uint32_t learner);
/*
 * Which of `items` answers are right in that attempt: fills ret_right and returns how many are. The others are worth
 * nothing, so the share of right answers is the share of the points that the pass mark asks for.
 */
uint32_t plan_answers(const struct plan *plan, uint32_t learner, uint32_t attempt, uint32_t items, bool *ret_right);
/* A number that depends only on seed, learner and `what`. */
uint64_t plan_random(const struct plan *plan, uint32_t learner, uint64_t what);

/* Counts of every unit of the sample with everything below it, by index; ret_tallies has sample->n_units places. */
void plan_tally(const struct plan *plan, struct tally *ret_tallies);
struct tally tally_of(const struct counts *counts);

#endif
