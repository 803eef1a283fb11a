/* upstream.c - DEALERs, pairs and the table of calls that wait, see upstream.h. */
#include "upstream.h"
#include "log.h"
#include "service.h"

#include <errno.h>
#include <sys/epoll.h>
#include <zmq.h>

enum {
    PAIRS_PER_MESSAGE = 256,     /* the service's side takes 1,024 */
    BYTES_PER_MESSAGE = 1 << 18, /* more is sent before the turn ends */
    KEPT_BYTES = 1 << 20,        /* a buffer that a large upload grew beyond this is given back */
    INTERNAL_SLOTS = 32,         /* health of each service, revocations */
    MESSAGES_PER_TURN = 64,      /* then browsers have their turn */
    SLOT_BITS = 20,              /* call id: generation, then slot */
    LIST = 0,                    /* slot 0 is the list's head and never a call */
};

/* --- the table: a ring of calls in the order of their deadlines, and a queue of free slots --- */

static int table_open(struct upstreams *set, uint32_t limit)
{
    set->limit = limit;
    set->n_slots = 1 + limit + INTERNAL_SLOTS;
    set->slots = calloc(set->n_slots, sizeof(*set->slots));
    if (!set->slots)
        return -1;
    /* First in, first out: a slot rests as long as possible before it is used again. */
    for (uint32_t i = 1; i < set->n_slots; i++)
        set->slots[i].next = i + 1 < set->n_slots ? i + 1 : 0;
    set->free_first = 1;
    set->free_last = set->n_slots - 1;
    return 0;
}

static uint32_t slot_take(struct upstreams *set, struct upstream *upstream, bool internal)
{
    uint32_t index = set->free_first;
    if (!index)
        return 0;
    struct upstream_slot *slot = &set->slots[index], *list = &set->slots[LIST];
    set->free_first = slot->next;
    if (!set->free_first)
        set->free_last = 0;
    slot->upstream = upstream;
    slot->internal = internal;
    slot->next = LIST;
    slot->prev = list->prev;
    set->slots[list->prev].next = index;
    list->prev = index;
    upstream->waiting++;
    set->waiting += !internal;
    return index;
}

static void slot_release(struct upstreams *set, uint32_t index)
{
    struct upstream_slot *slot = &set->slots[index];
    set->slots[slot->prev].next = slot->next;
    set->slots[slot->next].prev = slot->prev;
    slot->upstream->waiting--;
    set->waiting -= !slot->internal;
    slot->upstream = NULL;
    slot->generation++;
    slot->next = 0;
    if (set->free_last)
        set->slots[set->free_last].next = index;
    else
        set->free_first = index;
    set->free_last = index;
}

/* The slot of a call to this service that still waits; 0 when there is none. */
static uint32_t slot_of(const struct upstream *upstream, uint64_t call_id)
{
    const struct upstreams *set = upstream->set;
    uint64_t index = call_id & ((UINT64_C(1) << SLOT_BITS) - 1);
    if (!index || index >= set->n_slots)
        return 0;
    const struct upstream_slot *slot = &set->slots[index];
    return slot->upstream == upstream && slot->generation == call_id >> SLOT_BITS ? (uint32_t)index : 0;
}

/* Ends one call. */
static void finish(struct upstreams *set, uint32_t index, const struct reply_header *reply, struct span body)
{
    upstream_done done = set->slots[index].done;
    void *owner = set->slots[index].owner;
    slot_release(set, index);
    done(owner, reply, body);
}

static void finish_failed(struct upstreams *set, uint32_t index, int code, const struct upstream *upstream)
{
    struct reply_header reply = {.code = (uint16_t)code};
    PUT_FIELD(&reply, reply_header, field, ((struct span){upstream->row->name, (uint32_t)strlen(upstream->row->name)}));
    finish(set, index, &reply, SPAN(""));
}

/* --- sending --- */

static bool over_limit(const struct upstreams *set, const struct upstream *upstream)
{
    /* One slow service leaves a quarter of the places to the others. */
    return set->waiting >= set->limit || upstream->waiting >= set->limit - set->limit / 4;
}

static void send_pairs(struct upstream *upstream);

int upstream_call(struct upstreams *set, uint8_t service, bool internal, struct call_header *head,
                  const struct msg *desc, const void *in, int64_t now, upstream_done done, void *owner)
{
    struct upstream *upstream = service < SERVICE_COUNT_LIMIT ? &set->by_service[service] : NULL;
    if (!upstream || !upstream->row)
        return ERR_UNAVAILABLE;
    if (!internal && over_limit(set, upstream))
        return ERR_BUSY;
    if (upstream->n_pairs == PAIRS_PER_MESSAGE || upstream->out.n >= BYTES_PER_MESSAGE)
        send_pairs(upstream);
    uint32_t index = slot_take(set, upstream, internal);
    if (!index)
        return ERR_BUSY;
    struct upstream_slot *slot = &set->slots[index];
    slot->done = done;
    slot->owner = owner;
    slot->deadline_us = now + CALL_MS * 1000;
    head->call_id = (uint64_t)slot->generation << SLOT_BITS | index;
    head->deadline = slot->deadline_us;

    size_t before = upstream->out.n;
    uint32_t *ends = &upstream->ends[2 * upstream->n_pairs];
    msg_pack(&msg_call_header, head, &upstream->out);
    ends[0] = (uint32_t)upstream->out.n;
    msg_pack(desc, in, &upstream->out);
    ends[1] = (uint32_t)upstream->out.n;
    if (upstream->out.failed) {
        upstream->out.n = before;
        upstream->out.failed = false;
        slot_release(set, index);
        return ERR_TOO_LARGE;
    }
    upstream->ids[upstream->n_pairs++] = head->call_id;
    return 0;
}

static int send_frames(struct upstream *upstream)
{
    uint32_t from = 0, n = 2 * upstream->n_pairs;
    for (uint32_t i = 0; i < n; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < n ? ZMQ_SNDMORE : 0);
        if (zmq_send(upstream->socket, upstream->out.p + from, upstream->ends[i] - from, flags) < 0)
            return -1;
        from = upstream->ends[i];
    }
    return 0;
}

/* Forgets the turn's frames. */
static void clear_pairs(struct upstream *upstream)
{
    upstream->n_pairs = 0;
    if (upstream->out.room > KEPT_BYTES) {
        size_t max = upstream->out.max;
        buf_release(&upstream->out);
        buf_init(&upstream->out, max);
    }
    buf_clear(&upstream->out);
}

static void send_pairs(struct upstream *upstream)
{
    uint32_t n = upstream->n_pairs;
    if (send_frames(upstream) < 0) {
        upstream->count.refused += n;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t index = slot_of(upstream, upstream->ids[i]);
            if (index) /* its time may have passed before it was sent */
                finish_failed(upstream->set, index, ERR_UNAVAILABLE, upstream);
        }
    } else {
        upstream->count.messages_out++;
        upstream->count.pairs_out += n;
    }
    clear_pairs(upstream);
    /* Sending may take in what the descriptor announced, so the descriptor alone does not tell (ZMQ_FD). */
    upstream->readable = true;
}

void upstreams_flush(struct upstreams *set)
{
    for (size_t i = 0; i < SERVICE_COUNT_LIMIT; i++) {
        if (set->by_service[i].n_pairs)
            send_pairs(&set->by_service[i]);
    }
}

bool upstreams_busy(const struct upstreams *set)
{
    for (size_t i = 0; i < SERVICE_COUNT_LIMIT; i++) {
        if (set->by_service[i].n_pairs || set->by_service[i].readable)
            return true;
    }
    return false;
}

/* --- receiving --- */

static void deliver(struct upstream *upstream, struct span head, struct span body)
{
    struct upstreams *set = upstream->set;
    struct reply_header reply;
    struct fault fault;
    arena_clear(&set->arena);
    if (msg_unpack(&msg_reply_header, &reply, &set->arena, head, &fault)) {
        upstream->count.malformed++;
        return;
    }
    uint32_t index = slot_of(upstream, reply.call_id);
    if (!index) {
        upstream->count.late++;
        return;
    }
    upstream->count.pairs_in++;
    finish(set, index, &reply, body);
}

static struct span bytes_of(zmq_msg_t *frame)
{
    return (struct span){zmq_msg_data(frame), (uint32_t)zmq_msg_size(frame)};
}

/* One message of pairs. False when there is none. */
static bool receive_message(struct upstream *upstream)
{
    zmq_msg_t head, body;
    bool more = true;
    zmq_msg_init(&head);
    zmq_msg_init(&body);
    if (zmq_msg_recv(&head, upstream->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&head);
        zmq_msg_close(&body);
        return false;
    }
    upstream->count.messages_in++;
    while (more) {
        if (zmq_msg_more(&head) && zmq_msg_recv(&body, upstream->socket, ZMQ_DONTWAIT) >= 0) {
            deliver(upstream, bytes_of(&head), bytes_of(&body));
            more = zmq_msg_more(&body) && zmq_msg_recv(&head, upstream->socket, ZMQ_DONTWAIT) >= 0;
        } else {
            upstream->count.malformed++;
            more = false;
        }
    }
    zmq_msg_close(&head);
    zmq_msg_close(&body);
    return true;
}

/*
 * A connection is lost: what was sent over it gets no answer, so nobody need wait for the deadline. What was about to
 * be sent fails with the rest.
 */
static void fail_waiting(struct upstream *upstream)
{
    struct upstreams *set = upstream->set;
    clear_pairs(upstream);
    for (uint32_t i = set->slots[LIST].next, next; i != LIST; i = next) {
        next = set->slots[i].next;
        if (set->slots[i].upstream == upstream)
            finish_failed(set, i, ERR_UNAVAILABLE, upstream);
    }
}

/* Reads what the monitor tells; true when a connection was lost. */
static bool lost_connection(struct upstream *upstream)
{
    bool lost = false;
    for (;;) {
        uint8_t event[6];
        char endpoint[ZSOCK_ENDPOINT_MAX];
        int n = zmq_recv(upstream->monitor, event, sizeof(event), ZMQ_DONTWAIT);
        if (n < 0)
            return lost;
        uint16_t number = 0;
        if (n == (int)sizeof(event))
            memcpy(&number, event, sizeof(number));
        int more = 0;
        size_t size = sizeof(more);
        while (!zmq_getsockopt(upstream->monitor, ZMQ_RCVMORE, &more, &size) && more)
            zmq_recv(upstream->monitor, endpoint, sizeof(endpoint), ZMQ_DONTWAIT);
        lost |= number == ZMQ_EVENT_DISCONNECTED;
    }
}

static void receive(struct upstream *upstream)
{
    bool lost = lost_connection(upstream);
    int n = 0;
    while (n < MESSAGES_PER_TURN && receive_message(upstream))
        n++;
    upstream->readable = n == MESSAGES_PER_TURN;
    if (!lost)
        return;
    upstream->count.disconnects++;
    upstream->health.healthy = false;
    while (receive_message(upstream)) /* what came before the end still counts */
        continue;
    if (upstream->n_pairs) /* not sent yet, but in the table that is emptied now: they must not be ended twice */
        send_pairs(upstream);
    upstream->readable = false;
    log_warn(NO_TRACE, "%s is gone; %u calls to it fail", upstream->row->name, (unsigned)upstream->waiting);
    fail_waiting(upstream);
}

void upstream_ready(struct upstream *upstream)
{
    upstream->readable = true;
}

void upstreams_receive(struct upstreams *set)
{
    for (size_t i = 0; i < SERVICE_COUNT_LIMIT; i++) {
        if (set->by_service[i].readable)
            receive(&set->by_service[i]);
    }
}

void upstreams_expire(struct upstreams *set, int64_t now)
{
    /* Every call has the same time, so the first in the list is the first to end. */
    for (uint32_t i = set->slots[LIST].next; i != LIST && set->slots[i].deadline_us <= now; i = set->slots[LIST].next) {
        struct upstream *upstream = set->slots[i].upstream;
        upstream->count.expired++;
        finish_failed(set, i, ERR_DEADLINE, upstream);
    }
}

void upstreams_abandon(struct upstreams *set)
{
    for (uint32_t i = set->slots[LIST].next; i != LIST; i = set->slots[LIST].next)
        finish_failed(set, i, ERR_UNAVAILABLE, set->slots[i].upstream);
}

/* --- health --- */

static void health_told(void *owner, const struct reply_header *reply, struct span body)
{
    struct upstream *upstream = owner;
    struct upstream_health *kept = &upstream->health;
    struct health health;
    struct fault fault;
    upstream->health_asked = false;
    arena_clear(&upstream->set->arena);
    if (reply->code || msg_unpack(&msg_health, &health, &upstream->set->arena, body, &fault))
        return;
    *kept = (struct upstream_health){.healthy = health.healthy,
                                     .answered_us = now_us(),
                                     .in_flight = health.in_flight,
                                     .events_head = health.events_head,
                                     .events_behind = health.events_behind};
    if (HAS(&health, health, trouble))
        snprintf(kept->trouble, sizeof(kept->trouble), "%.*s", (int)health.trouble.n, health.trouble.p);
}

bool upstreams_ask_health(struct upstreams *set, int64_t now)
{
    static const struct empty nothing;
    bool all = true;
    for (size_t i = 0; i < SERVICE_COUNT_LIMIT; i++) {
        struct upstream *upstream = &set->by_service[i];
        struct call_header head = {.method = M_service_health, .trace = SPAN("")};
        if (!upstream->row)
            continue;
        bool healthy = upstream_healthy(upstream, now);
        all &= healthy;
        if (upstream->health_asked || (healthy && now < upstream->health_due_us))
            continue;
        upstream->health_due_us = now + HEALTH_MS * 1000;
        upstream->health_asked =
            !upstream_call(set, upstream->row->number, true, &head, &msg_empty, &nothing, now, health_told, upstream);
    }
    return all;
}

bool upstream_healthy(const struct upstream *upstream, int64_t now)
{
    return upstream->health.healthy && now - upstream->health.answered_us < HEALTH_LATE_MS * 1000;
}

/* --- opening and closing --- */

static int watch(struct upstream *upstream, void *socket)
{
    int fd;
    size_t size = sizeof(fd);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = upstream};
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &size) < 0)
        return -1;
    return epoll_ctl(upstream->set->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* The monitor is inside the process: no peer, no bytes from outside, so the options of zsock.c do not apply. */
static int open_monitor(struct upstream *upstream, void *zmq)
{
    char endpoint[ZSOCK_ENDPOINT_MAX];
    int zero = 0;
    snprintf(endpoint, sizeof(endpoint), "inproc://monitor.%s", upstream->row->name);
    if (zmq_socket_monitor(upstream->socket, endpoint, ZMQ_EVENT_DISCONNECTED) < 0)
        return -1;
    upstream->monitor = zmq_socket(zmq, ZMQ_PAIR);
    if (!upstream->monitor || zmq_setsockopt(upstream->monitor, ZMQ_LINGER, &zero, sizeof(zero)) < 0)
        return -1;
    return zmq_connect(upstream->monitor, endpoint);
}

static int open_upstream(struct upstream *upstream, void *zmq, const struct bus_conf *conf)
{
    upstream->socket = zsock_connect(zmq, ZMQ_DEALER, conf, upstream->row->name, ZSOCK_CALL);
    upstream->ends = calloc(2 * PAIRS_PER_MESSAGE, sizeof(*upstream->ends));
    upstream->ids = calloc(PAIRS_PER_MESSAGE, sizeof(*upstream->ids));
    buf_init(&upstream->out, BYTES_PER_MESSAGE + proto_max_packed() + msg_max_packed(&msg_call_header));
    upstream->readable = true;
    if (!upstream->socket || !upstream->ends || !upstream->ids)
        return -1;
    if (open_monitor(upstream, zmq) < 0 || watch(upstream, upstream->socket) < 0 ||
        watch(upstream, upstream->monitor) < 0) {
        log_error(NO_TRACE, "cannot watch the connection to %s: %s", upstream->row->name, zmq_strerror(errno));
        return -1;
    }
    return 0;
}

int upstreams_open(struct upstreams *set, void *zmq, const struct bus_conf *conf, int epoll, uint32_t limit)
{
    *set = (struct upstreams){.epoll = epoll};
    arena_init(&set->arena, 4096);
    if (table_open(set, limit) < 0)
        return -1;
    for (size_t i = 0; i < proto_n_services; i++) {
        struct upstream *upstream = &set->by_service[proto_services[i].number];
        upstream->row = &proto_services[i];
        upstream->set = set;
        if (open_upstream(upstream, zmq, conf) < 0)
            return -1;
    }
    return 0;
}

void upstreams_close(struct upstreams *set)
{
    for (size_t i = 0; i < SERVICE_COUNT_LIMIT; i++) {
        struct upstream *upstream = &set->by_service[i];
        if (upstream->monitor)
            zmq_close(upstream->monitor);
        if (upstream->socket)
            zmq_close(upstream->socket);
        buf_release(&upstream->out);
        free(upstream->ends);
        free(upstream->ids);
    }
    free(set->slots);
    arena_release(&set->arena);
}
