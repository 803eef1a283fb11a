/* load.c - how busy each method is: what waits, what a call costs, how long it takes to be answered. */
#include "runtime.h"

/* Sums keep this much of themselves at each run: figures tell of about the last 32 runs, larger ones counting more. */
#define KEEP (31.0 / 32.0)
/* What was measured longer ago says nothing about how long a call waits now. */
#define AGE_US INT64_C(2000000)

/* Calls that wait or run keep the figure alive: a run may take longer than it takes to forget. */
static bool aged(const struct load *load)
{
    return !load->waiting && !load->running && mono_us() - load->ended_us > AGE_US;
}

void load_arrived(struct load *load)
{
    if (aged(load)) /* what was forgotten must not come back with the first call after a silence */
        load->waited_us = load->waited_calls = 0;
    load->waiting++;
}

void load_taken(struct load *load, int64_t now, size_t n)
{
    load->waiting -= (uint32_t)n;
    if (!load->running++)
        load->busy_from = now;
}

void load_ended(struct load *load, int64_t now, size_t n, double waited_us)
{
    load->running--;
    load->busy_us = load->busy_us * KEEP + (double)(now - load->busy_from);
    load->busy_from = now; /* what two runs share counts once */
    load->calls = load->calls * KEEP + (double)n;
    load->waited_us = load->waited_us * KEEP + waited_us;
    load->waited_calls = load->waited_calls * KEEP + (double)n;
    load->ended_us = now;
}

bool method_load(const struct ctx *ctx, uint16_t method, struct method_load *ret_load)
{
    struct runtime *rt = ctx->runtime;
    int binding = rt ? binding_of(rt, method) : -1;
    if (binding < 0)
        return false;
    pthread_mutex_lock(&rt->lock);
    struct load load = rt->loads[binding];
    pthread_mutex_unlock(&rt->lock);
    bool told = load.waited_calls > 0 && !aged(&load);
    *ret_load = (struct method_load){.waiting = load.waiting,
                                     .us_per_call = load.calls > 0 ? load.busy_us / load.calls : 0,
                                     .us_waited = told ? load.waited_us / load.waited_calls : 0};
    return true;
}
