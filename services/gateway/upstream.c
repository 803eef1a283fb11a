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
    INTERNAL_SLOTS = 64,         /* health of each process, revocations */
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
    slot->link = NULL;
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
    if (slot->link)
        slot->link->waiting--;
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

/* A place in the table for a call, whose header learns of it; 0: none is free. */
static uint32_t slot_for(struct upstream *upstream, bool internal, struct call_header *head, const struct moment *now,
                         upstream_done done, void *owner)
{
    uint32_t index = slot_take(upstream->set, upstream, internal);
    if (!index)
        return 0;
    struct upstream_slot *slot = &upstream->set->slots[index];
    slot->done = done;
    slot->owner = owner;
    slot->deadline_us = now->mono + CALL_MS * 1000;
    head->call_id = (uint64_t)slot->generation << SLOT_BITS | index;
    head->deadline = now->wall + CALL_MS * 1000;
    return index;
}

int upstream_call(struct upstreams *set, uint8_t service, bool internal, struct call_header *head,
                  const struct msg *desc, const void *in, const struct moment *now, upstream_done done, void *owner)
{
    struct upstream *upstream = service < SERVICE_COUNT_LIMIT ? &set->by_service[service] : NULL;
    if (!upstream || !upstream->row)
        return ERR_UNAVAILABLE;
    if (!internal && over_limit(set, upstream))
        return ERR_BUSY;
    if (upstream->n_pairs == PAIRS_PER_MESSAGE || upstream->out.n >= BYTES_PER_MESSAGE)
        send_pairs(upstream);
    uint32_t index = slot_for(upstream, internal, head, now, done, owner);
    if (!index)
        return ERR_BUSY;
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

static int send_frames(const struct upstream *upstream, struct upstream_link *link)
{
    uint32_t from = 0, n = 2 * upstream->n_pairs;
    /* Sending may take in what the descriptor announced, so the descriptor alone does not tell (ZMQ_FD). */
    link->readable = true;
    for (uint32_t i = 0; i < n; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < n ? ZMQ_SNDMORE : 0);
        if (zmq_send(link->socket, upstream->out.p + from, upstream->ends[i] - from, flags) < 0)
            return -1;
        from = upstream->ends[i];
    }
    return 0;
}

/*
 * Which process gets the next message: of those that are there and were not `tried` (a bit each), one that is not
 * doubted and has the fewest calls waiting. NULL: none is left.
 */
static struct upstream_link *choose(const struct upstream *upstream, uint32_t tried)
{
    struct upstream_link *best = NULL;
    for (uint32_t i = 0, at = upstream->next; i < upstream->n_links; i++, at++) {
        if (at >= upstream->n_links)
            at = 0;
        struct upstream_link *link = &upstream->links[at];
        if (!link->there || tried & 1u << at)
            continue;
        if (!best || link->doubted < best->doubted || (link->doubted == best->doubted && link->waiting < best->waiting))
            best = link;
    }
    return best;
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

/* The message's calls are with this process now. */
static void note_sent(struct upstream *upstream, struct upstream_link *link)
{
    for (uint32_t i = 0; i < upstream->n_pairs; i++) {
        uint32_t index = slot_of(upstream, upstream->ids[i]);
        if (index) { /* its time may have passed before it was sent */
            upstream->set->slots[index].link = link;
            link->waiting++;
        }
    }
    upstream->count.messages_out++;
    upstream->count.pairs_out += upstream->n_pairs;
}

static void refuse_pairs(struct upstream *upstream)
{
    upstream->count.refused += upstream->n_pairs;
    for (uint32_t i = 0; i < upstream->n_pairs; i++) {
        uint32_t index = slot_of(upstream, upstream->ids[i]);
        if (index)
            finish_failed(upstream->set, index, ERR_UNAVAILABLE, upstream);
    }
}

static void send_pairs(struct upstream *upstream)
{
    struct upstream_link *link;
    uint32_t tried = 0;
    while ((link = choose(upstream, tried)) && send_frames(upstream, link) < 0)
        tried |= 1u << (link - upstream->links);
    if (link)
        note_sent(upstream, link);
    else
        refuse_pairs(upstream);
    upstream->next = upstream->next + 1 < upstream->n_links ? upstream->next + 1 : 0;
    clear_pairs(upstream);
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
        if (set->by_service[i].n_pairs)
            return true;
    }
    for (size_t i = 0; i < set->n_links; i++) {
        if (set->links[i].readable)
            return true;
    }
    return false;
}

/* --- receiving --- */

static void deliver(struct upstream_link *link, struct span head, struct span body)
{
    struct upstream *upstream = link->upstream;
    struct upstreams *set = upstream->set;
    struct reply_header reply;
    struct fault fault;
    arena_clear(&set->arena);
    if (msg_unpack(&msg_reply_header, &reply, &set->arena, head, &fault)) {
        upstream->count.malformed++;
        return;
    }
    uint32_t index = slot_of(upstream, reply.call_id);
    if (!index || set->slots[index].link != link) {
        upstream->count.late++;
        return;
    }
    upstream->count.pairs_in++;
    if (reply.code == ERR_UNAVAILABLE)
        link->doubted = true;
    finish(set, index, &reply, body);
}

static struct span bytes_of(zmq_msg_t *frame)
{
    return (struct span){zmq_msg_data(frame), (uint32_t)zmq_msg_size(frame)};
}

/* One message of pairs. False when there is none. */
static bool receive_message(struct upstream_link *link)
{
    struct upstream_counters *count = &link->upstream->count;
    zmq_msg_t head, body;
    bool more = true;
    zmq_msg_init(&head);
    zmq_msg_init(&body);
    if (zmq_msg_recv(&head, link->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&head);
        zmq_msg_close(&body);
        return false;
    }
    count->messages_in++;
    while (more) {
        if (zmq_msg_more(&head) && zmq_msg_recv(&body, link->socket, ZMQ_DONTWAIT) >= 0) {
            deliver(link, bytes_of(&head), bytes_of(&body));
            more = zmq_msg_more(&body) && zmq_msg_recv(&head, link->socket, ZMQ_DONTWAIT) >= 0;
        } else {
            count->malformed++;
            more = false;
        }
    }
    zmq_msg_close(&head);
    zmq_msg_close(&body);
    return true;
}

/*
 * A connection is lost: what was sent over it gets no answer, so nobody need wait for the deadline. What was not sent
 * yet may find another process.
 */
static void fail_waiting(struct upstream_link *link)
{
    struct upstreams *set = link->upstream->set;
    for (uint32_t i = set->slots[LIST].next, next; i != LIST; i = next) {
        next = set->slots[i].next;
        if (set->slots[i].link == link)
            finish_failed(set, i, ERR_UNAVAILABLE, link->upstream);
    }
}

/*
 * Reads what the monitor tells; true when a connection was lost. Its loss is told before the socket takes no more, so
 * from here on nothing is sent until the next connection is made; a call sent just before is among those that fail.
 */
static bool lost_connection(struct upstream_link *link)
{
    bool lost = false;
    for (;;) {
        uint8_t event[6];
        char endpoint[ZSOCK_ENDPOINT_MAX];
        int n = zmq_recv(link->monitor, event, sizeof(event), ZMQ_DONTWAIT);
        if (n < 0)
            return lost;
        uint16_t number = 0;
        if (n == (int)sizeof(event))
            memcpy(&number, event, sizeof(number));
        int more = 0;
        size_t size = sizeof(more);
        while (!zmq_getsockopt(link->monitor, ZMQ_RCVMORE, &more, &size) && more)
            zmq_recv(link->monitor, endpoint, sizeof(endpoint), ZMQ_DONTWAIT);
        lost |= number == ZMQ_EVENT_DISCONNECTED && link->there;
        if (number == ZMQ_EVENT_DISCONNECTED || number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            link->there = number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    }
}

static void receive(struct upstream_link *link)
{
    struct upstream *upstream = link->upstream;
    bool lost = lost_connection(link);
    int n = 0;
    while (n < MESSAGES_PER_TURN && receive_message(link))
        n++;
    link->readable = n == MESSAGES_PER_TURN;
    if (!lost)
        return;
    upstream->count.disconnects++;
    link->health.healthy = false;
    while (receive_message(link)) /* what came before the end still counts */
        continue;
    link->readable = false;
    log_warn(NO_TRACE, "%s, process %u, is gone; %u calls to it fail", upstream->row->name, link->instance,
             (unsigned)link->waiting);
    fail_waiting(link);
}

void upstream_ready(struct upstream_link *link)
{
    link->readable = true;
}

void upstreams_receive(struct upstreams *set)
{
    for (size_t i = 0; i < set->n_links; i++) {
        if (set->links[i].readable)
            receive(&set->links[i]);
    }
}

void upstreams_expire(struct upstreams *set, int64_t mono)
{
    /* Every call has the same time, so the first in the list is the first to end. */
    for (uint32_t i = set->slots[LIST].next; i != LIST && set->slots[i].deadline_us <= mono;
         i = set->slots[LIST].next) {
        struct upstream *upstream = set->slots[i].upstream;
        upstream->count.expired++;
        if (set->slots[i].link)
            set->slots[i].link->doubted = true;
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
    struct upstream_link *link = owner;
    struct upstream_health *kept = &link->health;
    struct arena *arena = &link->upstream->set->arena;
    struct health health;
    struct fault fault;
    link->health_asked = false;
    arena_clear(arena);
    if (reply->code || msg_unpack(&msg_health, &health, arena, body, &fault))
        return;
    *kept = (struct upstream_health){.healthy = health.healthy,
                                     .answered_us = mono_us(),
                                     .in_flight = health.in_flight,
                                     .events_head = health.events_head,
                                     .events_behind = health.events_behind};
    link->doubted &= !health.healthy;
    if (HAS(&health, health, trouble))
        snprintf(kept->trouble, sizeof(kept->trouble), "%.*s", (int)health.trouble.n, health.trouble.p);
}

/* One call of ours to this very process. */
static void ask(struct upstream_link *link, const struct moment *now)
{
    static const struct empty nothing;
    struct call_header head = {.method = M_service_health, .trace = SPAN("")};
    struct upstream *upstream = link->upstream;
    uint32_t index = slot_for(upstream, true, &head, now, health_told, link);
    if (!index)
        return;
    upstream->set->slots[index].link = link;
    link->waiting++;
    link->readable = true;
    struct buf frame;
    buf_init(&frame, 4096);
    msg_pack(&msg_call_header, &head, &frame);
    size_t n_head = frame.n;
    msg_pack(&msg_empty, &nothing, &frame);
    link->health_asked = !frame.failed && zmq_send(link->socket, frame.p, n_head, ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0 &&
                         zmq_send(link->socket, frame.p + n_head, frame.n - n_head, ZMQ_DONTWAIT) >= 0;
    buf_release(&frame);
    if (!link->health_asked)
        slot_release(upstream->set, index);
    upstream->count.messages_out += link->health_asked;
    upstream->count.pairs_out += link->health_asked;
}

static bool link_healthy(const struct upstream_link *link, int64_t mono)
{
    return link->health.healthy && mono - link->health.answered_us < HEALTH_LATE_MS * 1000;
}

bool upstreams_ask_health(struct upstreams *set, const struct moment *now)
{
    bool all = true;
    for (size_t i = 0; i < set->n_links; i++) {
        struct upstream_link *link = &set->links[i];
        if (!link->there)
            continue;
        bool well = link_healthy(link, now->mono) && !link->doubted;
        all &= well;
        if (link->health_asked || (well && now->mono < link->health_due_us))
            continue;
        link->health_due_us = now->mono + HEALTH_MS * 1000;
        ask(link, now);
    }
    for (size_t i = 0; i < proto_n_services; i++)
        all &= upstream_healthy(&set->by_service[proto_services[i].number], now->mono);
    return all;
}

bool upstream_healthy(const struct upstream *upstream, int64_t mono)
{
    bool healthy = false;
    for (size_t i = 0; i < upstream->n_links; i++)
        healthy |= link_healthy(&upstream->links[i], mono);
    return healthy;
}

/* --- opening and closing --- */

static int watch(struct upstream_link *link, void *socket)
{
    int fd;
    size_t size = sizeof(fd);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &size) < 0)
        return -1;
    return epoll_ctl(link->upstream->set->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* The monitor is inside the process: no peer, no bytes from outside, so the options of zsock.c do not apply. */
static int open_monitor(struct upstream_link *link, void *zmq)
{
    char endpoint[ZSOCK_ENDPOINT_MAX];
    int zero = 0;
    snprintf(endpoint, sizeof(endpoint), "inproc://monitor.%s.%u", link->upstream->row->name, link->instance);
    if (zmq_socket_monitor(link->socket, endpoint, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) < 0)
        return -1;
    link->monitor = zmq_socket(zmq, ZMQ_PAIR);
    if (!link->monitor || zmq_setsockopt(link->monitor, ZMQ_LINGER, &zero, sizeof(zero)) < 0)
        return -1;
    return zmq_connect(link->monitor, endpoint);
}

/* Watched before it connects: what the monitor does not tell is not there. */
static int open_link(struct upstream_link *link, void *zmq, const struct bus_conf *conf)
{
    const char *name = link->upstream->row->name;
    link->readable = true;
    link->socket = zsock_open(zmq, ZMQ_DEALER, conf, name);
    if (!link->socket)
        return -1;
    if (open_monitor(link, zmq) < 0 || watch(link, link->socket) < 0 || watch(link, link->monitor) < 0) {
        log_error(NO_TRACE, "cannot watch the connection to %s: %s", name, zmq_strerror(errno));
        return -1;
    }
    return zsock_attach(link->socket, conf, name, link->instance, ZSOCK_CALL);
}

static int open_upstream(struct upstream *upstream, void *zmq, const struct bus_conf *conf)
{
    upstream->ends = calloc(2 * PAIRS_PER_MESSAGE, sizeof(*upstream->ends));
    upstream->ids = calloc(PAIRS_PER_MESSAGE, sizeof(*upstream->ids));
    buf_init(&upstream->out, BYTES_PER_MESSAGE + proto_max_packed() + msg_max_packed(&msg_call_header));
    if (!upstream->ends || !upstream->ids)
        return -1;
    for (uint32_t i = 0; i < upstream->n_links; i++) {
        upstream->links[i].upstream = upstream;
        upstream->links[i].instance = i + 1;
        if (open_link(&upstream->links[i], zmq, conf) < 0)
            return -1;
    }
    return 0;
}

int upstreams_open(struct upstreams *set, void *zmq, const struct bus_conf *conf, int epoll, uint32_t limit)
{
    *set = (struct upstreams){.epoll = epoll};
    arena_init(&set->arena, 4096);
    size_t most = proto_n_services * ZSOCK_REPLICAS;
    set->links = calloc(most, sizeof(*set->links));
    if (!set->links || table_open(set, limit) < 0)
        return -1;
    for (size_t i = 0; i < proto_n_services; i++) {
        struct upstream *upstream = &set->by_service[proto_services[i].number];
        upstream->row = &proto_services[i];
        upstream->set = set;
        upstream->links = set->links + set->n_links;
        upstream->n_links = zsock_replicas(conf, upstream->row->name);
        set->n_links += upstream->n_links;
        if (open_upstream(upstream, zmq, conf) < 0)
            return -1;
    }
    return 0;
}

void upstreams_close(struct upstreams *set)
{
    for (size_t i = 0; i < set->n_links; i++) {
        if (set->links[i].monitor)
            zmq_close(set->links[i].monitor);
        if (set->links[i].socket)
            zmq_close(set->links[i].socket);
    }
    for (size_t i = 0; i < SERVICE_COUNT_LIMIT; i++) {
        buf_release(&set->by_service[i].out);
        free(set->by_service[i].ends);
        free(set->by_service[i].ids);
    }
    free(set->links);
    free(set->slots);
    arena_release(&set->arena);
}
