/*
 * admission.h - who may start now, and who waits in line.
 *
 * Running attempts come first: starts get a share of the time that they were measured to take one after the other,
 * which shrinks while saving answers takes longer than it should. How many starts that is follows from what a start was
 * measured to take. Beyond that people stand in line, first come first served: each gets a number, the service calls
 * numbers at the pace it can serve, and whoever comes back with a number that was called begins. Nobody's place is lost
 * by asking too early.
 *
 * Numbers are for those who would begin: who goes on with a running attempt, or may not start at all, takes neither a
 * number nor a turn. That is known only after the statement has looked, so a batch is let in before it and settled
 * after it; what the database did not answer changes nothing.
 *
 * The line is in memory and each process has its own. A restart forgets it: people then queue again by themselves,
 * because the page asks again as it was told to.
 */
#ifndef ASSESSMENT_ADMISSION_H
#define ASSESSMENT_ADMISSION_H

#include "service.h"

/* How many people come before, this one counted, and when to ask again. */
struct place {
    uint32_t place, retry_ms;
};

/* What became of a start. */
enum start_outcome {
    START_UNKNOWN, /* not answered: a place in line stays */
    START_WAITS,   /* would begin, and was not let in */
    START_BEGAN,
    START_NOT_NEEDED, /* goes on with an attempt, or may not start */
};

/* Before the statement: which calls of a batch of starts may begin now. Thread-safe, as is admission_settle. */
void admission_let_in(struct ctx *ctx, const struct batch *batch, bool *ret_admitted);
/* After it. `ret_places` is for those who wait. */
void admission_settle(const struct batch *batch, const bool *admitted, const enum start_outcome *outcomes,
                      struct place *ret_places);

/* What was measured last; zero: nothing yet. */
struct admission_measure {
    double start_us;     /* time of a connection that one start takes */
    double save_wait_us; /* from the arrival of an answer to its receipt; 0: nobody saves */
};

struct admission_ticket {
    struct uuid person_id;
    uint64_t number; /* 0: free */
    int64_t seen_us;
};

/* The line by itself, for admission.c and its test; not thread-safe. */
struct admission {
    double share_most;                /* share of a connection's time while answers are saved, 0 to 1 */
    double save_bound_us;             /* see save_wait_ms in conf.c */
    double share;                     /* now */
    double tokens;                    /* starts that may begin now */
    double rate;                      /* starts a second */
    int64_t moved_us;                 /* when tokens were last added */
    uint64_t next, called;            /* numbers from 1: the next to be given, the last that was called */
    struct admission_ticket *tickets; /* open addressing, at most half full */
    size_t size, n;                   /* size is a power of two, or 0 */
    int64_t full_until_us;            /* no room was found: not looked for again until then */
};

void admission_init(struct admission *line, double share_most, double save_bound_us);
void admission_release(struct admission *line);
/* May this person begin now? `now_us` never goes back. */
bool admission_may_begin(struct admission *line, const struct uuid *person, int64_t now_us,
                         const struct admission_measure *measure);
/* The place of somebody who may not. `random` decides the jitter of the time to come back. */
struct place admission_wait(struct admission *line, const struct uuid *person, int64_t now_us, uint32_t random);
/* Began, or has no use for a place. `turn_unused`: was let in and did not begin; the turn is somebody else's. */
void admission_leave(struct admission *line, const struct uuid *person, bool turn_unused);

#endif
