/*
 * relay.c - the relay thread: numbers committed outbox rows (one relay per schema, held by an advisory lock) and tells
 * followers how far the numbers go. Also answers events_since, the only way in which events travel.
 *
 * The PUB message is a wake-up, not data: [service][head]. Losing one costs a follower at most a second.
 */
#include "common_rows.h"
#include "events_sql.h"
#include "runtime.h"
#include <endian.h>

enum { RELAY_EVERY_MS = 250, RELAY_STANDBY_MS = 1000, ANNOUNCE_US = 1000000, RELAY_PAUSE_MS = 5 };
/* A page stops growing here, so that one page and its reply stay small in memory. */
enum { PAGE_BYTES = 1 << 20 };

void relay_wake(struct runtime *rt)
{
    pthread_mutex_lock(&rt->relay_lock);
    rt->relay_wanted = true;
    pthread_cond_signal(&rt->relay_wake);
    pthread_mutex_unlock(&rt->relay_lock);
}

static void relay_sleep(struct runtime *rt, uint32_t ms)
{
    pthread_mutex_lock(&rt->relay_lock);
    if (!rt->relay_wanted && !rt->stopping)
        cond_wait_ms(&rt->relay_wake, &rt->relay_lock, ms);
    rt->relay_wanted = false;
    pthread_mutex_unlock(&rt->relay_lock);
}

static void announce(struct runtime *rt, void *pub, uint64_t head)
{
    uint64_t wire = htobe64(head);
    zmq_send(pub, rt->service->name, strlen(rt->service->name), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send(pub, &wire, sizeof(wire), ZMQ_DONTWAIT);
}

struct relay {
    struct runtime *rt;
    struct ctx ctx;
    bool locked;
    uint64_t session; /* connection that holds the lock: a new one, even if made at once, does not */
    uint64_t head;
    void *pub;
    int64_t announced_us;
};

/* One pass: lock when needed, number what is there. False when this process is not the relay now. */
static bool relay_pass(struct relay *r)
{
    struct relay_state state;
    if (pg_ensure(r->ctx.pg) != PG_READY) {
        r->locked = false;
        trouble_set(r->rt, TROUBLE_RELAY, true);
        return false;
    }
    if (r->session != r->ctx.pg->reconnects)
        r->locked = false;
    if (!r->locked) {
        if (pg_call(&r->ctx, &SQL_relay_lock, NULL, &state) || !state.locked)
            return false;
        r->locked = true;
        r->session = r->ctx.pg->reconnects;
        r->head = state.head;
    }
    for (;;) {
        if (pg_call(&r->ctx, &SQL_relay_stamp, NULL, &state)) {
            log_error(NO_TRACE, "events cannot be numbered");
            r->locked = false;
            pg_settle(r->ctx.pg);
            trouble_set(r->rt, TROUBLE_RELAY, true);
            return false;
        }
        trouble_set(r->rt, TROUBLE_RELAY, false);
        r->rt->events_stamped += state.head - r->head;
        bool more = state.head - r->head >= 1024;
        if (state.head > r->head) {
            r->head = state.head;
            announce(r->rt, r->pub, r->head);
            r->announced_us = now_us();
        }
        if (!more)
            return true;
    }
}

void *relay_thread(void *arg)
{
    struct runtime *rt = arg;
    struct arena arena;
    struct pg pg;
    struct call_header none = {.trace = SPAN("")};
    struct relay r = {.rt = rt, .ctx = {.head = &none, .arena = &arena, .pg = &pg, .conf = rt->service_conf}};
    char endpoint[ZSOCK_ENDPOINT_MAX];
    if (*rt->conf.listen_events)
        snprintf(endpoint, sizeof(endpoint), "%s", rt->conf.listen_events);
    else if (zsock_endpoint(&rt->conf.bus, rt->service->name, ZSOCK_EVENTS, endpoint) < 0)
        return NULL;
    r.pub = zsock_bind(rt->zmq, ZMQ_PUB, &rt->conf.bus, endpoint);
    if (!r.pub) {
        trouble_set(rt, TROUBLE_RELAY, true);
        return NULL;
    }
    arena_init(&arena, 1 << 20);
    pg_init(&pg, &rt->background_pg_conf);
    while (!rt->stopping) {
        bool mine = relay_pass(&r);
        rt->events_head = r.head;
        if (mine && now_us() - r.announced_us > ANNOUNCE_US) {
            announce(rt, r.pub, r.head);
            r.announced_us = now_us();
        }
        arena_clear(&arena);
        relay_sleep(rt, mine ? RELAY_EVERY_MS : RELAY_STANDBY_MS);
        if (mine && !rt->stopping) { /* a burst of calls is numbered together */
            struct timespec pause = {0, RELAY_PAUSE_MS * 1000000L};
            nanosleep(&pause, NULL);
        }
    }
    if (r.locked)
        relay_pass(&r); /* what the last calls wrote */
    pg_release(&pg);
    arena_release(&arena);
    zmq_close(r.pub);
    return NULL;
}

/* The event's JSON, as its statement wrote it, into its declared message. */
static int event_pack(struct ctx *ctx, const struct outbox_row *row, struct event_row *ret_event)
{
    const struct event *event = NULL;
    struct fault fault = {ERR_NOT_FOUND, "event"};
    struct buf body;
    for (size_t i = 0; i < proto_n_events; i++) {
        if (strlen(proto_events[i].name) == row->name.n && !memcmp(proto_events[i].name, row->name.p, row->name.n))
            event = &proto_events[i];
    }
    void *message = event ? arena_alloc(ctx->arena, event->body->size) : NULL;
    if (!message || msg_from_json(event->body, message, ctx->arena, row->body, &fault)) {
        log_error(ctx->head->trace, "event %llu (%.*s) is not as declared: %s", (unsigned long long)row->seq,
                  (int)row->name.n, row->name.p, fault.field);
        return fail(ctx, ERR_INTERNAL, "event");
    }
    buf_init(&body, msg_max_packed(event->body));
    msg_pack(event->body, message, &body);
    int code = body.failed || arena_span(ctx->arena, buf_span(&body), &ret_event->body) < 0;
    buf_release(&body);
    if (code)
        return fail(ctx, ERR_TOO_LARGE, "event");
    ret_event->seq = row->seq;
    ret_event->event = event->number;
    if (HAS(row, outbox_row, trace))
        PUT_FIELD(ret_event, event_row, trace, row->trace);
    return 0;
}

int on_events_since(struct ctx *ctx, const struct events_query *req, struct events_page *ret_page)
{
    struct outbox_row *rows;
    struct relay_state state;
    uint32_t n = 0;
    size_t bytes = 0;
    int code = pg_list(ctx, &SQL_events_page, req, req->most, &rows, &n);
    if (!code)
        code = pg_call(ctx, &SQL_events_head, NULL, &state);
    if (code)
        return code;
    ret_page->head = state.head;
    ret_page->events = arena_alloc(ctx->arena, n * sizeof(*ret_page->events));
    if (!ret_page->events)
        return fail(ctx, ERR_TOO_LARGE, "events");
    for (uint32_t i = 0; i < n && bytes < PAGE_BYTES; i++) {
        code = event_pack(ctx, &rows[i], &ret_page->events[i]);
        if (code && i == 0)
            return code;
        if (code)
            break; /* what stands before it can go out */
        bytes += ret_page->events[i].body.n;
        ret_page->n_events++;
    }
    return 0;
}
