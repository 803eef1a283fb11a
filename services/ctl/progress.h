/*
 * progress.h - what the demonstration shows while it runs: stages that count people and calls, one line that is
 * rewritten on a terminal (and repeated every few seconds elsewhere), and the table at the end.
 *
 * Everything here may be called by many threads at once.
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include "types.h"
#include <pthread.h>
#include <stdatomic.h>

/* Sixteen steps for each doubling up to 2^26 microseconds, a minute: a percentile is known to one part in sixteen. */
enum { LATENCY_STEPS = 16, LATENCY_BUCKETS = (26 - 3) * LATENCY_STEPS };

struct stage {
    const char *name;
    atomic_uint begun, done, people;  /* people: expected */
    atomic_uint calls, repeats;       /* calls answered; tries that were turned away or lost and repeated */
    _Atomic int64_t begin_us, end_us; /* 0: not yet */
    atomic_uint latency[LATENCY_BUCKETS];
};

/* A person enters the stage, leaves it well. */
void stage_enter(struct stage *stage);
void stage_leave(struct stage *stage);
void stage_call(struct stage *stage, int64_t us);
/* Microseconds that `share` (0 to 1) of the calls did not exceed; 0 without calls. */
int64_t stage_latency(const struct stage *stage, double share);

struct progress {
    struct stage *stages;
    size_t n_stages;
    pthread_mutex_t lock; /* of the terminal and of what follows */
    bool terminal, line_shown;
    int64_t shown_us;
    char last[512];
};

void progress_init(struct progress *progress, struct stage *stages, size_t n_stages);
/* A line that stays. */
void progress_say(struct progress *progress, const char *format, ...) PRINTF(2, 3);
/* A line on standard error. */
void progress_fault(struct progress *progress, const char *format, ...) PRINTF(2, 3);
/* The line of counts, if it is time for it. */
void progress_show(struct progress *progress);
/* Takes the line of counts away. */
void progress_clear(struct progress *progress);
void progress_table(const struct progress *progress);

#endif
