/*
 * worker.c - a worker thread: takes one call, or all waiting calls of a batch method, decodes them, runs the handler on
 * its own PostgreSQL connection, encodes the replies, hands them to the I/O thread.
 */
#include "runtime.h"
#include <errno.h>
#include <unistd.h>

/* As reply_header.field is declared. */
enum { REPLY_FIELD_MAX = 128 };

const uint32_t latency_bounds_us[LATENCY_BUCKETS] = {500, 1000, 2500, 5000, 10000, 50000, 250000, 1000000};

struct worker {
    struct runtime *rt;
    struct arena arena;
    struct pg pg;
    bool idle; /* waits in the stack of idle workers */
    struct worker *below;
    pthread_cond_t wake;
};

/* The calls of one run. Arrays live in the arena. */
struct run {
    const struct binding *binding;
    const struct method *method;
    struct call *calls; /* list */
    size_t n;           /* calls in the list */
    size_t good;        /* calls that decoded: the first `good` of the arrays below */
    struct call **call;
    struct call_header *head;
    const struct call_header **heads;
    char *in, *out;
    struct fault *fault;
    uint32_t *retry_ms;
};

/* Takes up to `most` calls off a queue. */
static struct call *take(struct queue *queue, size_t most, size_t *ret_n)
{
    struct call *first = queue->first, *call = first, *last = NULL;
    size_t n = 0;
    for (; call && n < most; n++) {
        last = call;
        call = call->next;
    }
    queue->first = call;
    queue->waiting -= n;
    if (!call)
        queue->last = &queue->first;
    if (last)
        last->next = NULL;
    *ret_n = n;
    return first;
}

/* The run beside those of this queue that are under way is one of those for which no worker is kept. */
static bool is_other(const struct queue *queue)
{
    return !queue->preferred || queue->running > 0;
}

/* A batch method that already runs lets its calls gather. */
static bool may_run(const struct runtime *rt, const struct queue *queue)
{
    if (!queue->first || (queue->most && queue->running >= queue->most) ||
        (is_other(queue) && rt->n_others >= rt->workers - rt->n_first))
        return false;
    uint16_t batch = rt->methods[queue->first->binding]->batch;
    return !batch || !queue->running || (queue->running < BATCH_RUNS && queue->waiting >= batch);
}

/* What may run of this queue now; NULL when nothing. */
static struct call *take_run(struct runtime *rt, size_t q, size_t *ret_n)
{
    struct queue *queue = &rt->queues[q];
    if (!may_run(rt, queue))
        return NULL;
    uint16_t binding = queue->first->binding;
    const struct method *method = rt->methods[binding];
    struct call *calls = take(queue, method->batch ? method->batch : 1, ret_n);
    rt->n_others += is_other(queue);
    queue->running++;
    load_taken(&rt->loads[binding], mono_us(), *ret_n);
    return calls;
}

/* First one run of each preferred queue, in their order; for all the rest the queues take turns. */
static struct call *find_run(struct runtime *rt, size_t *ret_n)
{
    struct call *calls = NULL;
    for (size_t i = 0; !calls && i < rt->n_first; i++) {
        if (!rt->queues[rt->first[i]].running)
            calls = take_run(rt, rt->first[i], ret_n);
    }
    for (size_t i = 0; !calls && i < rt->n_queues; i++) {
        size_t q = (rt->next_queue + i) % rt->n_queues;
        calls = take_run(rt, q, ret_n);
        if (calls)
            rt->next_queue = q + 1;
    }
    return calls;
}

static void wake_newest(struct runtime *rt)
{
    struct worker *worker = rt->idle;
    rt->idle = worker->below;
    worker->idle = false;
    rt->woken++;
    pthread_cond_signal(&worker->wake);
}

void workers_wake(struct runtime *rt)
{
    while (rt->stopping && rt->idle)
        wake_newest(rt);
    /* Who is on the way will see to the next. */
    for (size_t q = 0; rt->idle && !rt->woken && q < rt->n_queues; q++) {
        if (may_run(rt, &rt->queues[q])) {
            wake_newest(rt);
            return;
        }
    }
}

/* Waits for work. Who takes some wakes the next, if there is more. */
static struct call *next_calls(struct worker *w, size_t *ret_n)
{
    struct runtime *rt = w->rt;
    struct call *calls = NULL;
    pthread_mutex_lock(&rt->lock);
    while (!rt->stopping && !(calls = find_run(rt, ret_n))) {
        w->idle = true;
        w->below = rt->idle;
        rt->idle = w;
        while (w->idle)
            pthread_cond_wait(&w->wake, &rt->lock);
        rt->woken--;
    }
    workers_wake(rt);
    pthread_mutex_unlock(&rt->lock);
    return calls;
}

static void run_ended(struct runtime *rt, const struct call *calls, size_t n)
{
    uint16_t binding = calls->binding;
    pthread_mutex_lock(&rt->lock);
    int64_t now = mono_us(); /* within the lock: two runs end one after the other */
    double waited_us = 0;
    for (const struct call *call = calls; call; call = call->next)
        waited_us += (double)(now - call->arrived_us);
    struct queue *queue = &rt->queues[rt->queue_of[binding]];
    queue->running--;
    rt->n_others -= is_other(queue);
    load_ended(&rt->loads[binding], now, n, waited_us);
    pthread_mutex_unlock(&rt->lock);
}

/* The gateway has checked the roles; whoever else speaks to us must hold them too. Each call of a batch by itself. */
static int check_roles(const struct method *method, const struct call_header *head, struct fault *ret_fault)
{
    uint32_t held = 0;
    for (uint32_t i = 0; i < head->n_grants; i++)
        held |= grant_allows(&head->grants[i], method->roles);
    if (!method->roles || ((held || method->roles & LOGGED_IN) && HAS(head, call_header, subject)))
        return 0;
    bool known = HAS(head, call_header, subject);
    *ret_fault = known ? (struct fault){ERR_FORBIDDEN, "role"} : (struct fault){ERR_UNAUTHENTICATED, "subject"};
    return ret_fault->code;
}

/*
 * Decodes each call and checks its roles; those that fail are not given to the handler, nor those that waited here
 * until nobody wants the reply any more. Returns how many did.
 */
static size_t decode(struct worker *w, struct run *run, struct call **bad, struct fault *bad_fault, uint64_t *bad_id)
{
    size_t n_bad = 0;
    int64_t now = mono_us();
    for (struct call *call = run->calls; call; call = call->next) {
        struct span head = {zmq_msg_data(&call->head), (uint32_t)zmq_msg_size(&call->head)};
        struct span body = {zmq_msg_data(&call->body), (uint32_t)zmq_msg_size(&call->body)};
        struct fault fault = {ERR_SYNTAX, "header"};
        struct call_header *into = &run->head[run->good];
        int code = msg_unpack(&msg_call_header, into, &w->arena, head, &fault);
        if (!code)
            code = check_roles(run->method, into, &fault);
        if (!code && call->until_us <= now) {
            fault = (struct fault){ERR_DEADLINE, w->rt->service->name};
            code = fault.code;
            w->rt->expired++;
        }
        if (!code) {
            code = msg_unpack(run->method->in, run->in + run->good * run->method->in->size, &w->arena, body, &fault);
        }
        if (code) {
            bad[n_bad] = call;
            bad_id[n_bad] = call->id;
            bad_fault[n_bad++] = fault;
            continue;
        }
        run->call[run->good] = call;
        run->heads[run->good] = into;
        run->good++;
    }
    return n_bad;
}

/* Where the caller may use this method: the units for which one of the method's roles is held. */
static void set_scope(struct ctx *ctx)
{
    const struct call_header *head = ctx->head;
    for (uint32_t i = 0; i < head->n_grants && ctx->n_scope < sizeof(ctx->scope) / sizeof(ctx->scope[0]); i++) {
        if (grant_allows(&head->grants[i], ctx->method->roles))
            ctx->scope[ctx->n_scope++] = head->grants[i].unit_id;
    }
}

static void handle(struct worker *w, struct run *run)
{
    struct runtime *rt = w->rt;
    struct ctx ctx = {.head = run->heads[0],
                      .method = run->method,
                      .arena = &w->arena,
                      .pg = &w->pg,
                      .conf = rt->service_conf,
                      .runtime = rt};
    struct batch batch = {.n = run->good, .head = run->heads, .fault = run->fault, .retry_ms = run->retry_ms};
    bool sampled = HAS(ctx.head, call_header, sampled) && ctx.head->sampled;
    int64_t begun = mono_us();
    enum pg_state state = pg_ensure(&w->pg);
    trouble_set(rt, TROUBLE_DATABASE, state != PG_READY);
    if (state == PG_DRIFT)
        trouble_set(rt, TROUBLE_DRIFT, true);
    set_scope(&ctx);
    int code = run->binding->call(&ctx, &batch, run->in, run->out);
    pg_settle(&w->pg);
    if (ctx.retry_ms && !run->method->batch)
        run->retry_ms[0] = ctx.retry_ms;
    for (size_t i = 0; code && i < run->good; i++)
        run->fault[i] = (struct fault){code, ctx.fault.code == code ? ctx.fault.field : ""};
    if (sampled)
        log_info(ctx.head->trace, "%s answered %zu calls in %lld us, code %d", run->method->name, run->good,
                 (long long)(mono_us() - begun), run->fault[0].code);
    if (code == ERR_INTERNAL)
        log_error(ctx.head->trace, "%s failed about %s", run->method->name, run->fault[0].field);
    if (!code && run->method->verb != GET)
        relay_wake(rt);
}

static void add_reply(struct replies *set, const struct call *call, uint64_t call_id, struct fault fault,
                      const struct method *method, const void *out, uint32_t retry_ms)
{
    struct reply *reply = &set->reply[set->n++];
    struct reply_header head = {.call_id = call_id};
    size_t begin = set->bytes.n;
    memcpy(reply->peer, call->peer, call->n_peer);
    reply->n_peer = call->n_peer;
    reply->sent = false;
    /* The body first: a reply that its own bounds refuse becomes an error, and ours, not the caller's. */
    if (!fault.code && msg_check(method->out, out, &fault)) {
        log_error(NO_TRACE, "%s made a reply whose %s is out of bounds", method->name, fault.field);
        fault = (struct fault){ERR_INTERNAL, "reply"};
    }
    if (!fault.code)
        msg_pack(method->out, out, &set->bytes);
    reply->body = begin;
    reply->n_body = set->bytes.n - begin;
    head.code = (uint16_t)fault.code;
    if (fault.code && fault.field)
        PUT_FIELD(&head, reply_header, field,
                  ((struct span){fault.field, (uint32_t)strnlen(fault.field, REPLY_FIELD_MAX)}));
    if (!fault.code && retry_ms)
        PUT_FIELD(&head, reply_header, retry_ms, retry_ms);
    begin = set->bytes.n;
    msg_pack(&msg_reply_header, &head, &set->bytes);
    reply->head = begin;
    reply->n_head = set->bytes.n - begin;
}

static void hand_over(struct runtime *rt, struct replies *set)
{
    uint64_t one = 1;
    pthread_mutex_lock(&rt->lock);
    set->next = rt->outgoing;
    rt->outgoing = set;
    pthread_mutex_unlock(&rt->lock);
    if (write(rt->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        log_error(NO_TRACE, "eventfd: %s", strerror(errno));
}

static void count(struct runtime *rt, const struct call *calls, size_t n, size_t n_failed)
{
    struct method_metrics *m = &rt->metrics[calls->binding];
    int64_t now = mono_us();
    m->runs++;
    m->calls += n;
    m->failed += n_failed;
    m->ok += n - n_failed;
    for (const struct call *call = calls; call; call = call->next) {
        int64_t us = now - call->arrived_us;
        m->us += (uint64_t)us;
        for (int b = 0; b < LATENCY_BUCKETS; b++) {
            if (us <= latency_bounds_us[b]) {
                m->bucket[b]++;
                break;
            }
        }
    }
}

/* One run: decode, handle, encode, hand over. Without memory nothing is done, and the callers will repeat. */
static void run_calls(struct worker *w, struct call *calls, size_t n)
{
    struct runtime *rt = w->rt;
    struct run run = {.binding = &rt->service->bindings[calls->binding],
                      .method = rt->methods[calls->binding],
                      .calls = calls,
                      .n = n};
    struct replies *set = malloc(sizeof(*set) + n * sizeof(set->reply[0]));
    struct call **bad = arena_alloc(&w->arena, n * sizeof(*bad));
    struct fault *bad_fault = arena_alloc(&w->arena, n * sizeof(*bad_fault));
    uint64_t *bad_id = arena_alloc(&w->arena, n * sizeof(*bad_id));
    size_t n_bad = 0, n_failed = 0;
    run.call = arena_alloc(&w->arena, n * sizeof(*run.call));
    run.head = arena_alloc(&w->arena, n * sizeof(*run.head));
    run.heads = arena_alloc(&w->arena, n * sizeof(*run.heads));
    run.in = arena_alloc(&w->arena, n * run.method->in->size);
    run.out = arena_alloc(&w->arena, n * run.method->out->size);
    run.fault = arena_alloc(&w->arena, n * sizeof(*run.fault));
    run.retry_ms = arena_alloc(&w->arena, n * sizeof(*run.retry_ms));
    if (!set || !bad || !bad_fault || !bad_id || !run.call || !run.head || !run.heads || !run.in || !run.out ||
        !run.fault || !run.retry_ms) {
        log_error(NO_TRACE, "%s: no memory for %zu calls; their callers will repeat them", run.method->name, n);
        free(set);
        rt->in_flight -= (uint32_t)n;
        return;
    }
    n_bad = decode(w, &run, bad, bad_fault, bad_id);
    if (run.good)
        handle(w, &run);
    set->n = 0;
    buf_init(&set->bytes, (rt->max_packed + 256) * (n < 4 ? n : 4) + n * 4096);
    for (size_t i = 0; i < run.good; i++) {
        add_reply(set, run.call[i], run.head[i].call_id, run.fault[i], run.method, run.out + i * run.method->out->size,
                  run.retry_ms[i]);
        n_failed += run.fault[i].code != 0;
    }
    for (size_t i = 0; i < n_bad; i++)
        add_reply(set, bad[i], bad_id[i], bad_fault[i], run.method, NULL, 0);
    if (set->bytes.failed)
        log_error(NO_TRACE, "%s: replies of a run do not fit; their callers will repeat the calls", run.method->name);
    if (set->bytes.failed)
        set->n = 0, rt->in_flight -= (uint32_t)n;
    count(rt, calls, n, n_failed + n_bad);
    hand_over(rt, set);
}

void *worker_thread(void *arg)
{
    struct runtime *rt = arg;
    struct worker w = {.rt = rt, .wake = PTHREAD_COND_INITIALIZER};
    struct call *calls;
    size_t n = 0;
    arena_init(&w.arena, rt->service->limits->arena_bytes);
    pg_init(&w.pg, &rt->pg_conf);
    pg_ensure(&w.pg);
    while ((calls = next_calls(&w, &n))) {
        run_calls(&w, calls, n);
        run_ended(rt, calls, n);
        while (calls) {
            struct call *next = calls->next;
            zmq_msg_close(&calls->head);
            zmq_msg_close(&calls->body);
            free(calls);
            calls = next;
        }
        arena_clear(&w.arena);
    }
    pthread_cond_destroy(&w.wake);
    pg_release(&w.pg);
    arena_release(&w.arena);
    return NULL;
}
