/*
 * send.c - the job that sends: what is due goes to its receiver, a few calls at a time for each, and what became of it
 * is written down before the next is taken. A process that dies in between leaves items as `sending`; whoever sends
 * next sends them again under the same key.
 */
#include "sync.h"
#include "sql.h"
#include <curl/curl.h>
#include <sodium.h>

enum {
    FAILURES_BORNE = 5,      /* then the receiver is left in peace, and one call at a time asks how it is */
    RETRY_MOST_MS = 3600000, /* of one item */
    HOLD_MOST_MS = 300000,   /* of a receiver, unless it asks for more */
    POLL_MS = 100,
    LEAVE_MS = 3000, /* at the end of the process, for calls that are under way */
    RESULTS_MOST = TARGETS_MOST * AT_ONCE_MOST,
};

/* One run of the job. */
struct sender {
    struct ctx *ctx;
    const struct sync_conf *conf;
    CURLM *multi;
    struct flight *flights;
    unsigned n_flights;
};

static unsigned flights_to(const struct sender *s, const struct target *target)
{
    unsigned n = 0;
    for (const struct flight *flight = s->flights; flight; flight = flight->next)
        n += flight->target == target;
    return n;
}

static int take_off(struct sender *s, struct target *target, const struct item_taken *item)
{
    struct flight *flight = flight_new(target, s->conf, item);
    if (!flight || (!flight->over && curl_multi_add_handle(s->multi, flight->easy) != CURLM_OK)) {
        flight_free(flight);
        return fail(s->ctx, ERR_TOO_LARGE, "memory");
    }
    flight->next = s->flights;
    s->flights = flight;
    s->n_flights++;
    return 0;
}

/* As many as the receiver takes at once, and one after it has failed. Statements before this one are through. */
static int claim(struct sender *s, struct target *target)
{
    unsigned under_way = flights_to(s, target);
    unsigned room = target->failures >= FAILURES_BORNE ? 1 : (unsigned)target->at_once;
    struct item_claim wanted = {.target = {target->name, (uint32_t)strlen(target->name)}};
    struct item_taken *items = NULL;
    uint32_t n = 0;
    if (target->paused || under_way >= room)
        return 0;
    wanted.most = room - under_way;
    int code = pg_list(s->ctx, &SQL_items_claim, &wanted, wanted.most, &items, &n);
    for (uint32_t i = 0; !code && i < n; i++)
        code = take_off(s, target, &items[i]);
    if (!code)
        arena_clear(s->ctx->arena);
    return code;
}

static int claim_all(struct sender *s)
{
    int code = 0;
    for (size_t i = 0; !code && i < s->conf->n_targets; i++)
        code = claim(s, &s->conf->targets[i]);
    return code;
}

/* Waits a little for libcurl, unless something is over already; true when something landed. */
static bool fly(struct sender *s)
{
    int running = 0, left;
    bool landed = false;
    CURLMsg *msg;
    for (const struct flight *flight = s->flights; flight; flight = flight->next)
        landed = landed || flight->over;
    if (!landed && curl_multi_poll(s->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
        return false;
    curl_multi_perform(s->multi, &running);
    while ((msg = curl_multi_info_read(s->multi, &left))) {
        char *private = NULL;
        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
        struct flight *flight = (struct flight *)(void *)private;
        CURLcode result = msg->data.result;
        flight_land(flight, (int)result);
        curl_multi_remove_handle(s->multi, flight->easy);
        landed = true;
    }
    return landed;
}

/* What the receiver's row is to say after this call, and its account of failures. */
static void note(const struct sync_conf *conf, const struct flight *flight, enum outcome outcome,
                 struct target_note *ret_note)
{
    struct target *target = flight->target;
    *ret_note = (struct target_note){.target = {target->name, (uint32_t)strlen(target->name)}, .took = outcome == SENT};
    if (outcome != AGAIN) {
        target->failures = 0;
        return;
    }
    target->failures++;
    PUT_FIELD(ret_note, target_note, trouble, ((struct span){flight->trouble, (uint32_t)strlen(flight->trouble)}));
    if (target->failures < FAILURES_BORNE && !flight->asked_ms)
        return;
    unsigned more = target->failures < FAILURES_BORNE ? 1 : target->failures - FAILURES_BORNE + 1;
    PUT_FIELD(ret_note, target_note, hold_ms,
              wait_ms((uint64_t)conf->hold_ms, HOLD_MOST_MS, more, flight->asked_ms, randombytes_random()));
    if (target->failures == FAILURES_BORNE)
        log_warn(NO_TRACE, "%s fails: %s", target->name, flight->trouble);
}

static void set_result(const struct sync_conf *conf, const struct flight *flight, enum outcome outcome,
                       struct item_result *ret_result)
{
    static const struct span states[] = {[SENT] = {"sent", 4}, [AGAIN] = {"waiting", 7}, [DEAD] = {"dead", 4}};
    struct target *target = flight->target;
    *ret_result = (struct item_result){.sequence = flight->sequence,
                                       .tries = flight->tries,
                                       .state = states[outcome],
                                       .status = (uint16_t)flight->status,
                                       .took_ms = flight->took_ms,
                                       .patience_s = (uint64_t)conf->patience_hours * 3600};
    if (*flight->trouble)
        PUT_FIELD(ret_result, item_result, trouble,
                  ((struct span){flight->trouble, (uint32_t)strlen(flight->trouble)}));
    if (outcome == AGAIN)
        ret_result->wait_ms =
            wait_ms((uint64_t)conf->retry_ms, RETRY_MOST_MS, flight->tries, flight->asked_ms, randombytes_random());
    atomic_fetch_add(outcome == SENT ? &target->n_sent : outcome == DEAD ? &target->n_dead : &target->n_failed, 1);
}

/* Writes down what landed: one statement for all items, and one for each receiver with the last that is to be said. */
static int record(struct sender *s)
{
    struct item_result *results = arena_alloc(s->ctx->arena, RESULTS_MOST * sizeof(*results));
    struct target_note notes[TARGETS_MOST];
    bool noted[TARGETS_MOST] = {false};
    uint32_t n = 0;
    if (!results)
        return fail(s->ctx, ERR_TOO_LARGE, "memory");
    for (struct flight *flight = s->flights; flight; flight = flight->next) {
        if (!flight->over)
            continue;
        enum outcome outcome = flight_outcome(flight);
        size_t at = (size_t)(flight->target - s->conf->targets);
        set_result(s->conf, flight, outcome, &results[n++]);
        if (!flight->ours) {
            note(s->conf, flight, outcome, &notes[at]);
            noted[at] = true;
        }
    }
    int code = n ? pg_bulk(s->ctx, &SQL_items_end, results, n, 0, NULL, NULL) : 0;
    for (size_t i = 0; !code && i < s->conf->n_targets; i++)
        code = noted[i] ? pg_call(s->ctx, &SQL_target_tell, &notes[i], NULL) : 0;
    if (!code)
        arena_clear(s->ctx->arena);
    return code;
}

/* Frees flights: those that are over, or all. */
static void let_go(struct sender *s, bool all)
{
    struct flight **at = &s->flights;
    while (*at) {
        struct flight *flight = *at;
        if (!flight->over && !all) {
            at = &flight->next;
            continue;
        }
        *at = flight->next;
        s->n_flights--;
        if (!flight->over)
            curl_multi_remove_handle(s->multi, flight->easy);
        flight_free(flight);
    }
}

static int send_until_done(struct sender *s)
{
    int64_t leave_us = 0;
    for (;;) {
        if (job_stopping(s->ctx) && !leave_us)
            leave_us = mono_us() + LEAVE_MS * 1000;
        int code = leave_us ? 0 : claim_all(s);
        if (code || !s->n_flights || (leave_us && mono_us() > leave_us))
            return code;
        if (!fly(s))
            continue;
        code = record(s);
        let_go(s, false);
        if (code)
            return code;
    }
}

int items_send(struct ctx *ctx)
{
    struct sender s = {.ctx = ctx, .conf = ctx->conf};
    if (!s.conf->n_targets)
        return 0;
    int code = pg_call(ctx, &SQL_items_left_behind, NULL, NULL);
    if (code)
        return code;
    s.multi = curl_multi_init();
    if (!s.multi)
        return fail(ctx, ERR_TOO_LARGE, "memory");
    code = send_until_done(&s);
    let_go(&s, true);
    curl_multi_cleanup(s.multi);
    return code;
}
