/* admission.c - the line before the start of an attempt, see admission.h. */
#include "admission.h"
#include "assessment.h"
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    FIRST_START_US = 500,  /* what a start takes, until it was measured */
    BURST_MS = 250,        /* starts that may begin at once: what this much time serves */
    BURST_LEAST = 16,      /* but so many in any case */
    STEP_MS = 50,          /* the share is looked at so often */
    RETRY_LEAST_MS = 500,  /* nobody is asked to come back sooner, */
    RETRY_MOST_MS = 60000, /* nor later */
    FORGET_MS = 180000,    /* a number not asked about for so long is given up */
    TICKETS_LEAST = 1024,
    TICKETS_MOST = 1 << 18, /* 130,000 people in line take 8 MiB */
    FULL_MS = 1000,         /* looking for room in a full table costs a millisecond: so often at most */
};
#define SHARE_LEAST 0.02
#define SHARE_STEP  0.05

void admission_init(struct admission *line, double share_most, double save_bound_us)
{
    *line =
        (struct admission){.share_most = share_most, .save_bound_us = save_bound_us, .share = share_most, .next = 1};
}

void admission_release(struct admission *line)
{
    free(line->tickets);
    *line = (struct admission){0};
}

/* --- numbers --- */

static size_t slot_of(const struct admission *line, const struct uuid *person)
{
    uint32_t hash;
    memcpy(&hash, person->b + 12, sizeof(hash)); /* random in every UUIDv7 */
    size_t i = hash & (line->size - 1);
    while (line->tickets[i].number && !uuid_equal(&line->tickets[i].person_id, person))
        i = (i + 1) & (line->size - 1);
    return i;
}

/* A table of the right size without what was given up. False: no memory, or too many people. */
static bool tickets_make_room(struct admission *line, int64_t now)
{
    size_t kept = 0, size = TICKETS_LEAST;
    struct admission_ticket *old = line->tickets;
    size_t n_old = line->size;
    if (now < line->full_until_us)
        return false;
    for (size_t i = 0; i < n_old; i++)
        kept += old[i].number && now - old[i].seen_us < FORGET_MS * INT64_C(1000);
    while (size < 4 * kept + 4 && size < TICKETS_MOST)
        size *= 2;
    struct admission_ticket *fresh = size >= 3 * kept ? calloc(size, sizeof(*fresh)) : NULL;
    if (!fresh) {
        line->full_until_us = now + FULL_MS * INT64_C(1000);
        return false;
    }
    line->tickets = fresh;
    line->size = size;
    line->n = kept;
    for (size_t i = 0; i < n_old; i++) {
        if (old[i].number && now - old[i].seen_us < FORGET_MS * INT64_C(1000))
            line->tickets[slot_of(line, &old[i].person_id)] = old[i];
    }
    free(old);
    return true;
}

static void ticket_remove(struct admission *line, size_t at)
{
    line->tickets[at].number = 0;
    line->n--;
    /* What stands behind it may have been pushed on by it. */
    for (size_t i = (at + 1) & (line->size - 1); line->tickets[i].number; i = (i + 1) & (line->size - 1)) {
        struct admission_ticket moved = line->tickets[i];
        line->tickets[i].number = 0;
        line->tickets[slot_of(line, &moved.person_id)] = moved;
    }
}

/* --- pace --- */

/* Multiplicative decrease, additive increase: saves recover at once, starts come back slowly. */
static void adjust_share(struct admission *line, const struct admission_measure *measure)
{
    if (measure->save_wait_us <= 0)
        line->share = 1;
    else if (measure->save_wait_us > line->save_bound_us)
        line->share = line->share / 2 > SHARE_LEAST ? line->share / 2 : SHARE_LEAST;
    else if (measure->save_wait_us < line->save_bound_us / 2)
        line->share += SHARE_STEP;
    if (measure->save_wait_us > 0 && line->share > line->share_most)
        line->share = line->share_most;
}

static void move_on(struct admission *line, int64_t now, const struct admission_measure *measure)
{
    double start_us = measure->start_us > 0 ? measure->start_us : FIRST_START_US;
    int64_t passed = line->moved_us ? now - line->moved_us : BURST_MS * INT64_C(1000);
    if (passed >= STEP_MS * INT64_C(1000) || !line->moved_us) {
        adjust_share(line, measure);
        line->rate = line->share * 1e6 / start_us;
        double most = line->rate * BURST_MS / 1000;
        if (most < BURST_LEAST)
            most = BURST_LEAST;
        line->tokens += line->rate * (double)passed / 1e6;
        if (line->tokens > most)
            line->tokens = most;
        line->moved_us = now;
    }
    while (line->tokens >= 1 && line->called + 1 < line->next) {
        line->called++;
        line->tokens--;
    }
}

static struct place in_line(const struct admission *line, uint64_t number, uint32_t random)
{
    uint64_t place = number > line->called ? number - line->called : 1;
    double ms = (double)place * 1000 / line->rate;
    ms += (ms / 4 + RETRY_LEAST_MS) * (double)(random % 1024) / 1024; /* so that nobody comes back together */
    if (ms < RETRY_LEAST_MS)
        ms = RETRY_LEAST_MS;
    if (ms > RETRY_MOST_MS)
        ms = RETRY_MOST_MS - random % (RETRY_MOST_MS / 4);
    return (struct place){place < UINT32_MAX ? (uint32_t)place : UINT32_MAX, (uint32_t)ms};
}

/* NULL: has none. */
static struct admission_ticket *ticket_of(struct admission *line, const struct uuid *person)
{
    struct admission_ticket *ticket = line->size ? &line->tickets[slot_of(line, person)] : NULL;
    return ticket && ticket->number ? ticket : NULL;
}

bool admission_may_begin(struct admission *line, const struct uuid *person, int64_t now_us,
                         const struct admission_measure *measure)
{
    move_on(line, now_us, measure);
    const struct admission_ticket *ticket = ticket_of(line, person);
    if (ticket)
        return ticket->number <= line->called;
    if (line->called + 1 < line->next || line->tokens < 1) /* somebody is in line */
        return false;
    line->tokens--;
    return true;
}

struct place admission_wait(struct admission *line, const struct uuid *person, int64_t now_us, uint32_t random)
{
    struct admission_ticket *ticket = ticket_of(line, person);
    if (ticket) {
        ticket->seen_us = now_us;
        return in_line(line, ticket->number, random);
    }
    if (2 * (line->n + 1) > line->size && !tickets_make_room(line, now_us))
        return in_line(line, line->next, random); /* a place without a number: at the end again next time */
    line->tickets[slot_of(line, person)] =
        (struct admission_ticket){.person_id = *person, .number = line->next++, .seen_us = now_us};
    line->n++;
    return in_line(line, line->next - 1, random);
}

void admission_leave(struct admission *line, const struct uuid *person, bool turn_unused)
{
    struct admission_ticket *ticket = ticket_of(line, person);
    if (ticket)
        ticket_remove(line, (size_t)(ticket - line->tickets));
    if (turn_unused)
        line->tokens++;
}

/* --- the process's own line --- */

static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;
static struct admission own;

void admission_let_in(struct ctx *ctx, const struct batch *batch, bool *ret_admitted)
{
    const struct assessment_conf *conf = ctx->conf;
    struct method_load starts = {0}, saves = {0};
    method_load(ctx, M_attempt_start, &starts);
    method_load(ctx, M_answer_save, &saves);
    struct admission_measure measure = {.start_us = starts.us_per_call, .save_wait_us = saves.us_waited};
    int64_t now = mono_us();
    pthread_mutex_lock(&own_lock);
    if (!own.next)
        admission_init(&own, (double)conf->start_share_percent / 100, (double)conf->save_wait_ms * 1000);
    for (size_t i = 0; i < batch->n; i++)
        ret_admitted[i] = admission_may_begin(&own, &batch->head[i]->subject, now, &measure);
    pthread_mutex_unlock(&own_lock);
}

void admission_settle(const struct batch *batch, const bool *admitted, const enum start_outcome *outcomes,
                      struct place *ret_places)
{
    int64_t now = mono_us();
    pthread_mutex_lock(&own_lock);
    for (size_t i = 0; i < batch->n; i++) {
        const struct uuid *person = &batch->head[i]->subject;
        if (outcomes[i] == START_WAITS)
            ret_places[i] = admission_wait(&own, person, now, randombytes_random());
        else if (outcomes[i] != START_UNKNOWN)
            admission_leave(&own, person, outcomes[i] == START_NOT_NEEDED && admitted[i]);
    }
    pthread_mutex_unlock(&own_lock);
}
