/* timer.c - a binary heap, see timer.h. */
#include "timer.h"
#include <stdlib.h>

static void put(struct timers *timers, size_t place, struct timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void up(struct timers *timers, struct timer *timer, size_t place)
{
    for (; place > 1 && timers->heap[place / 2]->at_us > timer->at_us; place /= 2)
        put(timers, place, timers->heap[place / 2]);
    put(timers, place, timer);
}

static void down(struct timers *timers, struct timer *timer, size_t place)
{
    for (size_t child; (child = 2 * place) <= timers->n; place = child) {
        if (child < timers->n && timers->heap[child + 1]->at_us < timers->heap[child]->at_us)
            child++;
        if (timers->heap[child]->at_us >= timer->at_us)
            break;
        put(timers, place, timers->heap[child]);
    }
    put(timers, place, timer);
}

void timers_release(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){0};
}

void timer_set(struct timers *timers, struct timer *timer, int64_t at_us)
{
    timer_clear(timers, timer);
    if (timers->n + 1 >= timers->room) {
        size_t room = timers->room ? 2 * timers->room : 1024;
        struct timer **grown = realloc(timers->heap, room * sizeof(struct timer *));
        if (!grown)
            abort();
        timers->heap = grown;
        timers->room = room;
    }
    timer->at_us = at_us;
    up(timers, timer, ++timers->n);
}

void timer_clear(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    if (!place)
        return;
    timer->place = 0;
    struct timer *last = timers->heap[timers->n--];
    if (last == timer)
        return;
    if (place > 1 && timers->heap[place / 2]->at_us > last->at_us)
        up(timers, last, place);
    else
        down(timers, last, place);
}

int timers_run(struct timers *timers, int64_t now_us, int most)
{
    while (timers->n && timers->heap[1]->at_us <= now_us) {
        struct timer *timer = timers->heap[1];
        timer_clear(timers, timer);
        timer->run(timer->owner);
    }
    if (!timers->n)
        return most;
    int64_t ms = (timers->heap[1]->at_us - now_us + 999) / 1000;
    return ms < most ? (int)ms : most;
}
