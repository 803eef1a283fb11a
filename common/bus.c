/* bus.c - blocking calls over a DEALER per process of a service. */
#include "bus.h"
#include "log.h"
#include "service.h"
#include <errno.h>
#include <zmq.h>

enum {
    CONNECT_MS = 500, /* to wait for a connection */
    LOOK_MS = 40,     /* how often a caller who waits looks whether its process is still there; below RECONNECT_IVL */
};

struct bus {
    void *zmq;
    const struct bus_conf *conf;
    uint32_t timeout_ms;
    void *sockets[SERVICE_COUNT_LIMIT][ZSOCK_REPLICAS];
    uint64_t last_call;
    unsigned pinned;
    bool named; /* calls have a subject */
    struct uuid subject;
    struct grant grants[BUS_MOST_GRANTS];
    uint32_t n_grants;
    struct arena arena;
    struct fault fault;
    char field[129];
    zmq_msg_t body; /* of the last reply; decoded spans borrow from it */
};

struct bus *bus_new(void *zmq, const struct bus_conf *conf, uint32_t timeout_ms)
{
    struct bus *bus = calloc(1, sizeof(*bus));
    if (!bus)
        return NULL;
    bus->zmq = zmq;
    bus->conf = conf;
    bus->timeout_ms = timeout_ms;
    arena_init(&bus->arena, proto_max_packed() * 4);
    zmq_msg_init(&bus->body);
    return bus;
}

void bus_free(struct bus *bus)
{
    if (!bus)
        return;
    for (size_t i = 0; i < SERVICE_COUNT_LIMIT; i++) {
        for (size_t j = 0; j < ZSOCK_REPLICAS; j++) {
            if (bus->sockets[i][j])
                zmq_close(bus->sockets[i][j]);
        }
    }
    zmq_msg_close(&bus->body);
    arena_release(&bus->arena);
    free(bus);
}

void bus_pin(struct bus *bus, unsigned instance)
{
    bus->pinned = instance;
}

void bus_as(struct bus *bus, struct uuid subject, const struct grant *grants, uint32_t n)
{
    bus->named = true;
    bus->subject = subject;
    bus->n_grants = n < BUS_MOST_GRANTS ? n : BUS_MOST_GRANTS;
    for (uint32_t i = 0; i < bus->n_grants; i++)
        bus->grants[i] = grants[i];
}

const struct fault *bus_fault(const struct bus *bus)
{
    return &bus->fault;
}

static int failed(struct bus *bus, int code, const char *field)
{
    bus->fault = (struct fault){code, field};
    return code;
}

/* A process of the service that is there now, in turn; NULL: none. */
static void *choose(struct bus *bus, const struct service_row *row)
{
    void **sockets = bus->sockets[row->number];
    zmq_pollitem_t items[ZSOCK_REPLICAS];
    unsigned n = zsock_replicas(bus->conf, row->name), first = (unsigned)(bus->last_call % n);
    for (unsigned i = 0; i < n; i++) {
        if (!sockets[i])
            sockets[i] = zsock_connect(bus->zmq, bus->conf, row->name, i + 1);
        if (!sockets[i])
            return NULL;
        items[i] = (zmq_pollitem_t){sockets[i], 0, ZMQ_POLLOUT, 0};
    }
    if (bus->pinned && bus->pinned <= n)
        return zmq_poll(&items[bus->pinned - 1], 1, CONNECT_MS) > 0 ? sockets[bus->pinned - 1] : NULL;
    /* With IMMEDIATE a peer that is not there refuses; give a connection that is being made a moment. */
    if (zmq_poll(items, (int)n, CONNECT_MS) <= 0)
        return NULL;
    for (unsigned i = 0; i < n; i++) {
        if (items[(first + i) % n].revents)
            return items[(first + i) % n].socket;
    }
    return NULL;
}

static int send_call(void *socket, const struct call_header *head, const struct msg *in_desc, const void *in)
{
    struct buf frame;
    int code = 0;
    buf_init(&frame, proto_max_packed());
    msg_pack(&msg_call_header, head, &frame);
    if (frame.failed || zmq_send(socket, frame.p, frame.n, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        code = ERR_UNAVAILABLE;
    buf_clear(&frame);
    msg_pack(in_desc, in, &frame);
    if (!code && (frame.failed || zmq_send(socket, frame.n ? frame.p : "", frame.n, 0) < 0))
        code = ERR_UNAVAILABLE;
    buf_release(&frame);
    return code;
}

/* Has the connection been lost? Then there is nowhere to send to. It takes RECONNECT_IVL at least to make a new one. */
static bool lost(void *socket)
{
    int events = 0;
    size_t n = sizeof(events);
    return !zmq_getsockopt(socket, ZMQ_EVENTS, &events, &n) && !(events & (ZMQ_POLLOUT | ZMQ_POLLIN));
}

/* Waits until there is something to read. 0, DEADLINE, or UNAVAILABLE when the process that has the call is gone. */
static int await_reply(void *socket, int64_t until_us)
{
    for (;;) {
        int64_t left = (until_us - mono_us()) / 1000;
        zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
        if (left <= 0)
            return ERR_DEADLINE;
        if (zmq_poll(&item, 1, left < LOOK_MS ? (long)left : LOOK_MS) > 0)
            return 0;
        if (lost(socket))
            return ERR_UNAVAILABLE;
    }
}

/* Reads pairs of frames until the one with our call id; until_us is mono_us. */
static int receive_reply(struct bus *bus, void *socket, uint64_t call_id, int64_t until_us)
{
    for (;;) {
        int waited = await_reply(socket, until_us);
        if (waited)
            return failed(bus, waited, "service");
        zmq_msg_t head;
        struct reply_header reply;
        struct fault fault;
        int more = 1;
        while (more) {
            zmq_msg_init(&head);
            if (zmq_msg_recv(&head, socket, ZMQ_DONTWAIT) < 0) {
                zmq_msg_close(&head);
                break;
            }
            struct span bytes = {zmq_msg_data(&head), (uint32_t)zmq_msg_size(&head)};
            bool ours = zmq_msg_more(&head) && !msg_unpack(&msg_reply_header, &reply, &bus->arena, bytes, &fault) &&
                        reply.call_id == call_id;
            zmq_msg_close(&bus->body);
            zmq_msg_init(&bus->body);
            if (zmq_msg_more(&head) && zmq_msg_recv(&bus->body, socket, 0) < 0)
                ours = false;
            more = zmq_msg_more(&bus->body);
            if (ours && HAS(&reply, reply_header, field))
                snprintf(bus->field, sizeof(bus->field), "%.*s", (int)reply.field.n, reply.field.p);
            else if (ours)
                bus->field[0] = '\0';
            zmq_msg_close(&head);
            if (!ours)
                continue;
            return reply.code ? failed(bus, reply.code, bus->field) : 0;
        }
    }
}

int bus_call_service(struct bus *bus, uint8_t service, uint16_t method, const struct msg *in_desc, const void *in,
                     const struct msg *out_desc, void *ret_out)
{
    const struct service_row *row = service_find(service);
    if (!row)
        return failed(bus, ERR_NOT_FOUND, "service");
    void *socket = choose(bus, row);
    if (!socket)
        return failed(bus, ERR_UNAVAILABLE, row->name);
    arena_clear(&bus->arena);
    int64_t timeout_us = (int64_t)bus->timeout_ms * 1000, until_us = mono_us() + timeout_us;
    struct call_header head = {
        .call_id = ++bus->last_call, .method = method, .deadline = now_us() + timeout_us, .trace = SPAN("")};
    if (bus->named) {
        PUT_FIELD(&head, call_header, subject, bus->subject);
        head.grants = bus->grants;
        head.n_grants = bus->n_grants;
    }
    int code = send_call(socket, &head, in_desc, in);
    if (code)
        return failed(bus, code, row->name);
    code = receive_reply(bus, socket, head.call_id, until_us);
    if (code)
        return code;
    struct span bytes = {zmq_msg_data(&bus->body), (uint32_t)zmq_msg_size(&bus->body)};
    return msg_unpack(out_desc, ret_out, &bus->arena, bytes, &bus->fault);
}

int bus_call(struct bus *bus, uint16_t method, const struct msg *in_desc, const void *in, const struct msg *out_desc,
             void *ret_out)
{
    return bus_call_service(bus, (uint8_t)(method >> 8), method, in_desc, in, out_desc, ret_out);
}
