/*
 * pace.h - waiting: between two tries, between two looks, and not at all once somebody asked to stop.
 *
 * Everybody who was turned away at the same moment would come back at the same moment; so each wait is a random share
 * of a span that doubles.
 */
#ifndef CTL_PACE_H
#define CTL_PACE_H

#include "types.h"

/* One thing that is tried again until it succeeds or its time is over. */
struct pace {
    int64_t until_us; /* by mono_us */
    uint32_t tries;
};

struct pace pace_begin(uint32_t seconds);
/* Waits before the next try, at least `least_s`. False: the time is over, or somebody asked to stop. */
MUST_CHECK bool pace_wait(struct pace *pace, uint32_t least_s);
/* Sleeps. False: somebody asked to stop. */
MUST_CHECK bool pace_sleep(int64_t us);

/* From now on SIGINT and SIGTERM ask to stop; a second one ends the process at once. */
void pace_catch_signals(void);
bool pace_stopped(void);

#endif
