/*
 * follow.c - the follower thread: applies the events of other services exactly once, and runs ticks.
 *
 * Per producer there is one cursor row. A page of events and the cursor's move are one transaction, and the cursor row
 * is locked first, so an event is applied once however often processes die or run beside each other. Events are fetched
 * by asking the producer's ROUTER; its PUB only says that there is something to ask for.
 */
#include "audit.h"
#include "common_rows.h"
#include "events_sql.h"
#include "runtime.h"
#include <endian.h>
#include <errno.h>
#include <sodium.h>

enum {
    ASK_EVERY_MS = 1000,
    CALL_MS = 3000,
    PAGE = 128,
    BACKOFF_FIRST_MS = 100,
    BACKOFF_LAST_MS = 5000,
    TICK_AGAIN_MS = 100
};

struct producer {
    uint8_t number;
    const char *name;
    void *sub;
    uint64_t seq, head;
    bool asked;  /* since the process began */
    bool stuck;  /* its events cannot be applied */
    bool singly; /* until they can: the log is to name the one */
    uint32_t failures;
    int64_t ask_at_us; /* mono_us; next time without a wake-up */
};

struct follower {
    struct runtime *rt;
    struct arena arena;
    struct pg pg;
    struct bus *bus;
    struct producer producers[SERVICE_COUNT_LIMIT];
    size_t n_producers;
    int64_t *tick_at; /* mono_us */
    size_t n_own_ticks, n_ticks;
};

static struct ctx context(struct follower *f, const struct call_header *head)
{
    return (struct ctx){.head = head, .arena = &f->arena, .pg = &f->pg, .conf = f->rt->service_conf, .runtime = f->rt};
}

static const struct follow *follow_find(const struct service *service, uint16_t number)
{
    for (const struct follow *follow = service->follows; follow && follow->number; follow++) {
        if (follow->number == number)
            return follow;
    }
    return NULL;
}

/* Events that are applied by one call: all of one kind, rows[0] first. */
struct run {
    const struct event_row *rows;
    uint32_t n;
    const struct event *event;
    const struct follow *follow;
};

static int run_failed(const struct ctx *ctx, const struct run *run, uint32_t first, uint32_t n, int code)
{
    struct span trace = HAS(&run->rows[first], event_row, trace) ? run->rows[first].trace : SPAN("");
    const char *field = ctx->fault.field ? ctx->fault.field : "";
    unsigned long long seq = run->rows[first].seq;
    if (n == 1)
        log_error(trace, "event %llu %s cannot be applied: %s about %s", seq, run->event->name, err_find(code)->name,
                  field);
    else
        log_error(trace, "events %llu to %llu %s cannot be applied together: %s about %s", seq, seq + n - 1,
                  run->event->name, err_find(code)->name, field);
    return code;
}

/* The run's messages, one behind the other in the arena: memory is bounded by what a page may hold, see relay.c. */
static int unpack_run(struct ctx *ctx, const struct run *run, struct call_header *heads,
                      const struct call_header **head, char **ret_bodies)
{
    const struct msg *body = run->event->body;
    char *bodies = arena_alloc(ctx->arena, run->n * body->size);
    if (!bodies)
        return run_failed(ctx, run, 0, run->n, fail(ctx, ERR_TOO_LARGE, ""));
    for (uint32_t i = 0; i < run->n; i++) {
        const struct event_row *row = &run->rows[i];
        int code = msg_unpack(body, bodies + i * body->size, ctx->arena, row->body, &ctx->fault);
        if (code)
            return run_failed(ctx, run, i, 1, code);
        heads[i] = (struct call_header){.trace = HAS(row, event_row, trace) ? row->trace : SPAN("")};
        head[i] = &heads[i];
    }
    *ret_bodies = bodies;
    return 0;
}

static int apply_run(struct follower *f, const struct run *run)
{
    struct call_header heads[PAGE];
    const struct call_header *head[PAGE];
    char *bodies = NULL;
    struct ctx ctx = context(f, &heads[0]);
    int code = unpack_run(&ctx, run, heads, head, &bodies);
    if (code)
        return code;
    if (run->follow->apply) {
        code = run->follow->apply(&ctx, bodies);
    } else {
        struct batch batch = {.n = run->n, .head = head};
        code = run->follow->apply_many(&ctx, &batch, bodies);
    }
    return code ? run_failed(&ctx, run, 0, run->n, code) : 0;
}

/* The run that begins at rows[0]; n rows of the page are left. */
static struct run run_of(const struct follower *f, const struct producer *p, const struct event_row *rows, uint32_t n)
{
    struct run run = {.rows = rows, .n = 1, .event = event_find(rows->event)};
    run.follow = follow_find(f->rt->service, rows->event);
    bool together = run.follow && run.follow->apply_many && !p->singly;
    while (together && run.n < n && rows[run.n].event == rows->event)
        run.n++;
    return run;
}

/* Are the page's events from the i-th on those that follow `seq`? */
static int check_dense(const struct producer *p, const struct events_page *page, uint32_t i, uint64_t seq)
{
    for (; i < page->n_events; i++, seq++) {
        if (page->events[i].seq != seq + 1) {
            log_error(NO_TRACE, "%s sent event %llu after %llu", p->name, (unsigned long long)page->events[i].seq,
                      (unsigned long long)seq);
            return ERR_SYNTAX;
        }
    }
    return 0;
}

/* One page and the cursor in one transaction. Events that another process applied meanwhile are skipped. */
static int apply_page(struct follower *f, struct producer *p, const struct events_page *page)
{
    struct call_header none = {.trace = SPAN("")};
    struct ctx ctx = context(f, &none);
    struct follow_mark mark = {.producer = {p->name, (uint32_t)strlen(p->name)}}, stands = {0};
    int code = pg_begin(&ctx);
    if (!code)
        code = pg_call(&ctx, &SQL_follow_lock, &mark, &stands);
    uint64_t seq = stands.seq;
    uint32_t i = 0;
    while (!code && i < page->n_events && page->events[i].seq <= seq)
        i++;
    if (!code)
        code = check_dense(p, page, i, seq);
    while (!code && i < page->n_events) {
        struct run run = run_of(f, p, &page->events[i], page->n_events - i);
        if (run.follow && run.event) /* else not ours, or younger than this build */
            code = apply_run(f, &run);
        i += run.n;
        seq = run.rows[run.n - 1].seq;
    }
    mark.seq = seq;
    if (!code && seq > stands.seq)
        code = pg_call(&ctx, &SQL_follow_move, &mark, NULL);
    if (!code)
        code = pg_commit(&ctx);
    pg_settle(&f->pg);
    p->singly = code != 0;
    if (!code)
        p->seq = seq;
    return code;
}

/* The cursor as PostgreSQL has it; needed once after start. */
static int read_cursor(struct follower *f, struct producer *p)
{
    struct call_header none = {.trace = SPAN("")};
    struct ctx ctx = context(f, &none);
    struct follow_mark mark = {.producer = {p->name, (uint32_t)strlen(p->name)}}, stands;
    int code = pg_call(&ctx, &SQL_follow_lock, &mark, NULL); /* makes the row */
    if (!code)
        code = pg_call(&ctx, &SQL_follow_lock, &mark, &stands);
    if (!code)
        p->seq = stands.seq;
    return code;
}

static void back_off(struct producer *p)
{
    uint32_t ms = (uint32_t)BACKOFF_FIRST_MS << (p->failures < 6 ? p->failures : 6);
    if (ms > BACKOFF_LAST_MS)
        ms = BACKOFF_LAST_MS;
    p->failures++;
    p->ask_at_us = mono_us() + (int64_t)(ms / 2 + randombytes_uniform(ms / 2)) * 1000;
}

/* One producer's trouble is the process's, whatever the others do. */
static void set_stuck(struct follower *f, struct producer *p, bool stuck)
{
    p->stuck = stuck;
    for (size_t i = 0; i < f->n_producers; i++)
        stuck = stuck || f->producers[i].stuck;
    trouble_set(f->rt, TROUBLE_FOLLOW, stuck);
}

/* Fetches and applies one page. True when there is more to fetch at once. */
static bool advance(struct follower *f, struct producer *p)
{
    struct runtime *rt = f->rt;
    struct events_page page;
    if (pg_ensure(&f->pg) != PG_READY || (!p->asked && read_cursor(f, p))) {
        pg_settle(&f->pg);
        set_stuck(f, p, true);
        back_off(p);
        return false;
    }
    struct events_query query = {.after = p->seq, .most = PAGE};
    int code = bus_call_service(f->bus, p->number, M_events_since, &msg_events_query, &query, &msg_events_page, &page);
    if (!code)
        code = apply_page(f, p, &page);
    else if (p->failures == 3)
        log_warn(NO_TRACE, "%s does not send its events: %s", p->name, err_find(code)->name);
    set_stuck(f, p, code && code != ERR_UNAVAILABLE && code != ERR_DEADLINE);
    if (code) {
        back_off(p);
        return false;
    }
    p->asked = true;
    p->failures = 0;
    p->head = page.head;
    p->ask_at_us = mono_us() + ASK_EVERY_MS * 1000;
    rt->follow_seq[p->number] = p->seq;
    rt->follow_head[p->number] = p->head;
    return p->seq < p->head;
}

/* Reads wake-ups; returns true when the producer has more than we applied. */
static bool woken(struct producer *p)
{
    uint64_t wire;
    char name[64];
    while (zmq_recv(p->sub, name, sizeof(name), ZMQ_DONTWAIT) >= 0) {
        if (zmq_recv(p->sub, &wire, sizeof(wire), ZMQ_DONTWAIT) == (int)sizeof(wire) && be64toh(wire) > p->head)
            p->head = be64toh(wire);
    }
    return p->seq < p->head;
}

/* The service's own, then the skeleton's. */
static const struct tick *tick_of(const struct follower *f, size_t i)
{
    static const struct tick audit = {"audit", AUDIT_EVERY_MS, audit_tick};
    return i < f->n_own_ticks ? &f->rt->service->ticks[i] : &audit;
}

static void run_ticks(struct follower *f)
{
    for (size_t i = 0; i < f->n_ticks; i++) {
        const struct tick *tick = tick_of(f, i);
        struct call_header none = {.trace = SPAN("")};
        struct ctx ctx = context(f, &none);
        int64_t now = mono_us();
        if (now < f->tick_at[i])
            continue;
        if (pg_ensure(&f->pg) != PG_READY) { /* a tick that stays due would keep this thread turning */
            f->tick_at[i] = now + TICK_AGAIN_MS * 1000;
            continue;
        }
        f->tick_at[i] = now + (int64_t)tick->every_ms * 1000;
        int code = pg_begin(&ctx);
        if (!code)
            code = tick->run(&ctx);
        if (!code)
            code = pg_commit(&ctx);
        pg_settle(&f->pg);
        arena_clear(&f->arena);
        if (code)
            log_error(NO_TRACE, "tick %s failed: %s about %s", tick->name, err_find(code)->name,
                      ctx.fault.field ? ctx.fault.field : "");
        else
            relay_wake(f->rt);
    }
}

static int follower_init(struct follower *f, struct runtime *rt)
{
    *f = (struct follower){.rt = rt};
    arena_init(&f->arena, proto_max_packed() * 4);
    pg_init(&f->pg, &rt->background_pg_conf);
    f->bus = bus_new(rt->zmq, &rt->conf.bus, CALL_MS);
    for (const struct follow *follow = rt->service->follows; follow && follow->number; follow++) {
        uint8_t number = (uint8_t)(follow->number >> 8);
        const struct service_row *row = service_find(number);
        bool known = !row;
        for (size_t i = 0; i < f->n_producers; i++)
            known = known || f->producers[i].number == number;
        if (known)
            continue;
        void *sub = zsock_subscribe(rt->zmq, &rt->conf.bus, row->name);
        if (!sub)
            return -1;
        f->producers[f->n_producers++] = (struct producer){.number = number, .name = row->name, .sub = sub};
    }
    while (rt->service->ticks && rt->service->ticks[f->n_own_ticks].run)
        f->n_own_ticks++;
    f->n_ticks = f->n_own_ticks + rt->service->audit;
    f->tick_at = calloc(f->n_ticks + 1, sizeof(*f->tick_at));
    return f->bus && f->tick_at ? 0 : -1;
}

/* Milliseconds until something is due. */
static long next_due(const struct follower *f)
{
    int64_t now = mono_us(), due = now + ASK_EVERY_MS * 1000;
    for (size_t i = 0; i < f->n_producers; i++) {
        if (f->producers[i].ask_at_us < due)
            due = f->producers[i].ask_at_us;
    }
    for (size_t i = 0; i < f->n_ticks; i++) {
        if (f->tick_at[i] < due)
            due = f->tick_at[i];
    }
    return due > now ? (long)((due - now + 999) / 1000) : 0;
}

static void follower_loop(struct follower *f)
{
    zmq_pollitem_t items[SERVICE_COUNT_LIMIT];
    bool more = false;
    while (!f->rt->stopping) {
        for (size_t i = 0; i < f->n_producers; i++)
            items[i] = (zmq_pollitem_t){f->producers[i].sub, 0, ZMQ_POLLIN, 0};
        long wait = more ? 0 : next_due(f);
        /* 100 ms: sees `stopping` in time */
        if (zmq_poll(items, (int)f->n_producers, wait < 100 ? wait : 100) < 0 && errno != EINTR)
            break;
        more = false;
        for (size_t i = 0; i < f->n_producers; i++) {
            struct producer *p = &f->producers[i];
            bool behind = woken(p);
            if ((behind && !p->failures) || mono_us() >= p->ask_at_us)
                more = advance(f, p) || more;
            arena_clear(&f->arena);
        }
        run_ticks(f);
    }
}

void *follow_thread(void *arg)
{
    struct follower f;
    if (follower_init(&f, arg) < 0)
        trouble_set(arg, TROUBLE_FOLLOW, true);
    else
        follower_loop(&f);
    for (size_t i = 0; i < f.n_producers; i++)
        zmq_close(f.producers[i].sub);
    bus_free(f.bus);
    pg_release(&f.pg);
    arena_release(&f.arena);
    free(f.tick_at);
    return NULL;
}
