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

enum { RELAY_EVERY_MS = 250, RELAY_STANDBY_MS = 1000, ANNOUNCE_US = 1000000 };
/*
 * After being woken it waits this long, so that a burst of calls is numbered together: each pass is a durable commit
 * beside those of the calls. Nobody waits for an event so impatiently.
 */
enum { RELAY_PAUSE_MS = 25 };
/* Rows of one statement; a larger backlog takes several. */
enum { RELAY_ROWS = 4096 };
/*
 * The index of fresh rows keeps an entry for each numbered row until the next vacuum, and every pass would walk over
 * them all. So a pass looks only above the ids that were numbered a while ago; every RELAY_WIDE_US one looks at all,
 * for rows whose transaction took its id early and committed late.
 */
#define RELAY_WIDE_US INT64_C(2000000)
/*
 * Plans are made once, and perhaps when the tables are still empty: then the planner would read the whole outbox for
 * each pass, also when it has millions of rows. Going by the indexes is right at every size.
 */
static const char relay_settings[] = PG_BY_INDEX " -c enable_sort=off";
/* A page stops growing here, so that one page and its reply stay small in memory. */
enum { PAGE_BYTES = 1 << 20 };

void relay_wake(struct runtime *rt)
{
    pthread_mutex_lock(&rt->relay_lock);
    rt->relay_wanted = true;
    pthread_cond_signal(&rt->relay_wake);
    pthread_mutex_unlock(&rt->relay_lock);
}

/* Until it is wanted, where this process is the relay; another process would only ask for the lock at each call. */
static void relay_sleep(struct runtime *rt, uint32_t ms, bool mine)
{
    int64_t until = mono_us() + (int64_t)ms * 1000, left;
    pthread_mutex_lock(&rt->relay_lock);
    while (!rt->stopping && !(mine && rt->relay_wanted) && (left = (until - mono_us()) / 1000) > 0)
        cond_wait_ms(&rt->relay_wake, &rt->relay_lock, (uint32_t)left);
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
    int64_t announced_us, wide_us; /* mono_us */
    int64_t last_id, settled_id;   /* highest id numbered so far, and until the wide pass before the last */
    int64_t settling_id;           /* until the last wide pass */
};

/* Above which id this pass looks; INT64_MIN: at all rows. */
static int64_t slice_above(struct relay *r)
{
    int64_t now = mono_us();
    if (now - r->wide_us < RELAY_WIDE_US)
        return r->settled_id;
    r->wide_us = now;
    r->settled_id = r->settling_id;
    r->settling_id = r->last_id;
    return INT64_MIN;
}

static bool relay_take_lock(struct relay *r)
{
    struct relay_state state;
    if (pg_call(&r->ctx, &SQL_relay_lock, NULL, &state) || !state.locked)
        return false;
    r->locked = true;
    r->session = r->ctx.pg->reconnects;
    r->head = state.head;
    r->last_id = r->settling_id = r->settled_id = INT64_MIN;
    r->wide_us = mono_us() - RELAY_WIDE_US;
    return true;
}

/* Numbers what is there. */
static int relay_stamp(struct relay *r)
{
    struct relay_slice slice = {.above = slice_above(r), .most = RELAY_ROWS};
    struct relay_state state;
    do {
        state = (struct relay_state){0};
        int code = pg_call(&r->ctx, &SQL_relay_stamp, &slice, &state);
        if (code)
            return code;
        if (HAS(&state, relay_state, last_id) && state.last_id > r->last_id)
            r->last_id = state.last_id;
        if (state.head > r->head) {
            r->rt->events_stamped += state.head - r->head;
            r->head = state.head;
            announce(r->rt, r->pub, r->head);
            r->announced_us = mono_us();
        }
    } while (state.stamped >= RELAY_ROWS);
    return 0;
}

/* One pass: lock when needed, number. False when this process is not the relay now. */
static bool relay_pass(struct relay *r)
{
    if (pg_ensure(r->ctx.pg) != PG_READY) {
        r->locked = false;
        trouble_set(r->rt, TROUBLE_RELAY, true);
        return false;
    }
    if (r->session != r->ctx.pg->reconnects)
        r->locked = false;
    if (!r->locked && !relay_take_lock(r))
        return false;
    int code = relay_stamp(r);
    trouble_set(r->rt, TROUBLE_RELAY, code != 0);
    if (!code)
        return true;
    log_error(NO_TRACE, "events cannot be numbered");
    r->locked = false;
    pg_settle(r->ctx.pg);
    return false;
}

void *relay_thread(void *arg)
{
    struct runtime *rt = arg;
    struct arena arena;
    struct pg pg;
    struct call_header none = {.trace = SPAN("")};
    struct relay r = {.rt = rt, .ctx = {.head = &none, .arena = &arena, .pg = &pg, .runtime = rt}};
    struct stmt *const *const statements[] = {events_sql, NULL};
    struct pg_conf conf = rt->background_pg_conf;
    conf.settings = relay_settings;
    conf.sql = statements;
    char endpoint[ZSOCK_ENDPOINT_MAX];
    if (*rt->conf.listen_events)
        snprintf(endpoint, sizeof(endpoint), "%s", rt->conf.listen_events);
    else if (zsock_endpoint(&rt->conf.bus, rt->service->name, (unsigned)rt->conf.instance, ZSOCK_EVENTS, endpoint) < 0)
        return NULL;
    r.pub = zsock_bind(rt->zmq, ZMQ_PUB, &rt->conf.bus, endpoint);
    if (!r.pub) {
        trouble_set(rt, TROUBLE_RELAY, true);
        return NULL;
    }
    arena_init(&arena, 1 << 20);
    pg_init(&pg, &conf);
    while (!rt->stopping) {
        bool mine = relay_pass(&r);
        rt->events_head = r.head;
        if (mine && mono_us() - r.announced_us > ANNOUNCE_US) {
            announce(rt, r.pub, r.head);
            r.announced_us = mono_us();
        }
        arena_clear(&arena);
        relay_sleep(rt, mine ? RELAY_EVERY_MS : RELAY_STANDBY_MS, mine);
        if (mine && !rt->stopping) {
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
