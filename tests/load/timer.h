/* timer.h - what is to be done when: a heap of timers, for many thousand connections in one thread. */
#ifndef LOAD_TIMER_H
#define LOAD_TIMER_H

#include <stddef.h>
#include <stdint.h>

struct timer {
    int64_t at_us; /* by mono_us */
    size_t place;  /* in the heap, from 1 on; 0: not set */
    void (*run)(void *owner);
    void *owner;
};

struct timers {
    struct timer **heap; /* from 1 on */
    size_t n, room;
};

void timers_release(struct timers *timers);
/* Sets the timer, also when it is set already. Ends the process when memory is out: this is a test tool. */
void timer_set(struct timers *timers, struct timer *timer, int64_t at_us);
void timer_clear(struct timers *timers, struct timer *timer);
/* Runs what is due. Returns the milliseconds until the next one, `most` when there is none so soon. */
int timers_run(struct timers *timers, int64_t now_us, int most);

#endif
