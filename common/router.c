/*
 * router.c - the I/O thread of a service. It owns the ROUTER: takes messages of [header][body] pairs in, drops calls
 * whose deadline has passed, answers BUSY beyond the in-flight limit from the header alone, and sends what workers
 * finished.
 */
#include "runtime.h"
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { DRAIN_MS = 6000, LEAVE_MS = 100, LAST_REPLIES_MS = 500, SCRATCH = 16384 };
/* Of a header's fields: id, method, deadline. All else, with up to 32 grants, is for the worker. */
enum { HEAD_FIELDS = 3 };

struct router {
    struct runtime *rt;
    void *socket;
    struct arena scratch; /* for reading headers */
    bool leaving;         /* SIGTERM has come: nothing new is taken */
    struct call *taken, **taken_last;
};

static void call_free(struct call *call)
{
    zmq_msg_close(&call->head);
    zmq_msg_close(&call->body);
    free(call);
}

/* An answer without a worker: one pair straight to the caller. */
static void refuse(struct router *r, const struct call *call, uint64_t call_id, int code, const char *field)
{
    struct reply_header reply = {.call_id = call_id, .code = (uint16_t)code};
    struct buf frame;
    PUT_FIELD(&reply, reply_header, field, ((struct span){field, (uint32_t)strlen(field)}));
    buf_init(&frame, 1024);
    msg_pack(&msg_reply_header, &reply, &frame);
    if (frame.failed || zmq_send(r->socket, call->peer, call->n_peer, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_send(r->socket, frame.p, frame.n, ZMQ_SNDMORE) < 0 || zmq_send(r->socket, "", 0, 0) < 0)
        r->rt->undeliverable++;
    buf_release(&frame);
}

/*
 * How long the caller still waits. A deadline further away than any call may last means that the clock was set back
 * since it was made: the call must not wait until the clock is there again.
 */
static int64_t time_left(const struct router *r, const struct call_header *head)
{
    int64_t left = head->deadline - now_us(), most = (int64_t)r->rt->service->limits->deadline_ms * 1000;
    return left < most ? left : most;
}

/* Decides by the header alone; a call that is taken waits in r->taken until the turn ends. */
static void take_call(struct router *r, struct call *call)
{
    struct runtime *rt = r->rt;
    struct call_header head;
    struct fault fault;
    struct span bytes = {zmq_msg_data(&call->head), (uint32_t)zmq_msg_size(&call->head)};
    arena_clear(&r->scratch);
    if (msg_unpack_first(&msg_call_header, HEAD_FIELDS, &head, &r->scratch, bytes, &fault)) {
        rt->malformed++; /* without a call id there is nobody to answer */
        call_free(call);
        return;
    }
    int binding = binding_of(rt, head.method);
    int64_t left = time_left(r, &head);
    call->arrived_us = mono_us();
    call->until_us = call->arrived_us + left;
    if (binding < 0) {
        refuse(r, call, head.call_id, ERR_NOT_FOUND, "method");
    } else if (left <= 0) {
        rt->expired++; /* nobody waits any more */
    } else if (r->leaving) {
        refuse(r, call, head.call_id, ERR_UNAVAILABLE, rt->service->name);
    } else if (rt->in_flight >= rt->in_flight_limit) {
        rt->metrics[binding].busy++;
        refuse(r, call, head.call_id, ERR_BUSY, rt->service->name);
    } else {
        rt->in_flight++;
        call->binding = (uint16_t)binding;
        call->id = head.call_id;
        call->next = NULL;
        *r->taken_last = call;
        r->taken_last = &call->next;
        return;
    }
    call_free(call);
}

/* One message: [peer] then pairs. False when there was none. */
static bool receive(struct router *r)
{
    uint8_t peer[PEER_MAX];
    int n_peer = zmq_recv(r->socket, peer, sizeof(peer), ZMQ_DONTWAIT), more = 1;
    if (n_peer < 0)
        return false;
    for (size_t pairs = 0; more;) {
        struct call *call = malloc(sizeof(*call));
        zmq_msg_t head, body;
        zmq_msg_init(&head);
        zmq_msg_init(&body);
        if (zmq_msg_recv(&head, r->socket, 0) >= 0 && zmq_msg_more(&head))
            zmq_msg_recv(&body, r->socket, 0);
        else
            more = 0;
        bool pair = more != 0;
        more = pair && zmq_msg_more(&body);
        if (!call || !pair || n_peer > PEER_MAX || ++pairs > PAIRS_MAX) {
            r->rt->malformed++;
            zmq_msg_close(&head);
            zmq_msg_close(&body);
            free(call);
            continue;
        }
        call->n_peer = (uint8_t)n_peer;
        memcpy(call->peer, peer, (size_t)n_peer);
        zmq_msg_init(&call->head);
        zmq_msg_init(&call->body);
        zmq_msg_move(&call->head, &head);
        zmq_msg_move(&call->body, &body);
        zmq_msg_close(&head);
        zmq_msg_close(&body);
        take_call(r, call);
    }
    return true;
}

/* Hands the turn's calls to the workers. */
static void enqueue(struct router *r)
{
    struct runtime *rt = r->rt;
    if (!r->taken)
        return;
    pthread_mutex_lock(&rt->lock);
    for (struct call *call = r->taken, *next; call; call = next) {
        struct queue *queue = &rt->queues[rt->queue_of[call->binding]];
        next = call->next;
        call->next = NULL;
        *queue->last = call;
        queue->last = &call->next;
        queue->waiting++;
        load_arrived(&rt->loads[call->binding]);
    }
    workers_wake(rt);
    pthread_mutex_unlock(&rt->lock);
    r->taken = NULL;
    r->taken_last = &r->taken;
}

static bool same_peer(const struct reply *a, const struct reply *b)
{
    return a->n_peer == b->n_peer && !memcmp(a->peer, b->peer, a->n_peer);
}

static bool send_part(struct router *r, const struct replies *set, size_t at, size_t n, int flags)
{
    return zmq_send(r->socket, n ? set->bytes.p + at : "", n, flags) >= 0;
}

/* All replies of this turn that go where `first` goes, as one message. */
static void send_to_peer(struct router *r, struct replies *sets, struct reply *first)
{
    struct reply *last = NULL;
    struct replies *last_set = NULL;
    if (zmq_send(r->socket, first->peer, first->n_peer, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        r->rt->undeliverable++; /* the caller is gone, or does not read */
        return;
    }
    for (struct replies *set = sets; set; set = set->next) {
        for (size_t i = 0; i < set->n; i++) {
            struct reply *reply = &set->reply[i];
            if (reply->sent || !same_peer(reply, first))
                continue;
            if (last && (!send_part(r, last_set, last->head, last->n_head, ZMQ_SNDMORE) ||
                         !send_part(r, last_set, last->body, last->n_body, ZMQ_SNDMORE)))
                r->rt->undeliverable++;
            reply->sent = true;
            last = reply;
            last_set = set;
        }
    }
    if (last && (!send_part(r, last_set, last->head, last->n_head, ZMQ_SNDMORE) ||
                 !send_part(r, last_set, last->body, last->n_body, 0)))
        r->rt->undeliverable++;
}

/* Returns how many calls were answered. */
static uint32_t send_replies(struct router *r)
{
    struct runtime *rt = r->rt;
    uint64_t count;
    uint32_t done = 0;
    if (read(rt->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        log_error(NO_TRACE, "eventfd: %s", strerror(errno));
    pthread_mutex_lock(&rt->lock);
    struct replies *sets = rt->outgoing;
    rt->outgoing = NULL;
    pthread_mutex_unlock(&rt->lock);
    for (struct replies *set = sets; set; set = set->next) {
        for (size_t i = 0; i < set->n; i++) {
            if (!set->reply[i].sent) {
                struct reply *first = &set->reply[i];
                send_to_peer(r, set, first);
                first->sent = true;
            }
        }
        done += (uint32_t)set->n;
    }
    while (sets) {
        struct replies *next = sets->next;
        buf_release(&sets->bytes);
        free(sets);
        sets = next;
    }
    rt->in_flight -= done;
    return done;
}

/*
 * After SIGTERM: what has arrived is still taken; then new calls are told at once that nobody is here, so that their
 * callers turn to another process of this service and stop sending. What is in flight finishes and is answered. A call
 * that is sent in the moment of closing fails when its caller sees the end of the connection.
 */
static void drain(struct router *r)
{
    int64_t now = mono_us(), least = now + LEAVE_MS * 1000, until = now + DRAIN_MS * 1000;
    for (int i = 0; i < 64 && receive(r); i++)
        continue;
    enqueue(r);
    r->leaving = true;
    while (now < least || (r->rt->in_flight && now < until)) {
        zmq_pollitem_t items[] = {{r->socket, 0, ZMQ_POLLIN, 0}, {NULL, r->rt->wake_fd, ZMQ_POLLIN, 0}};
        zmq_poll(items, 2, LEAVE_MS / 4);
        for (int i = 0; i < 64 && receive(r); i++)
            continue;
        uint32_t sent = send_replies(r);
        now = mono_us();
        /* A caller whose connection ends loses what it has received and not yet read: leave it the time to. */
        if (sent && least < now + LEAVE_MS * 1000)
            least = now + LEAVE_MS * 1000;
    }
    /* The last replies are still on their way out: let the socket finish them, a moment at most. */
    int linger = LAST_REPLIES_MS;
    zmq_setsockopt(r->socket, ZMQ_LINGER, &linger, sizeof(linger));
    if (r->rt->in_flight)
        log_warn(NO_TRACE, "stopping with %u calls unanswered", (unsigned)r->rt->in_flight);
}

/* SIGTERM and SIGINT arrive as bytes to read, so that they are handled between turns. */
static int signal_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int router_run(struct runtime *rt)
{
    struct router r = {.rt = rt, .taken_last = &r.taken};
    char endpoint[ZSOCK_ENDPOINT_MAX];
    int signals = signal_open();
    if (*rt->conf.listen_call)
        snprintf(endpoint, sizeof(endpoint), "%s", rt->conf.listen_call);
    else if (zsock_endpoint(&rt->conf.bus, rt->service->name, (unsigned)rt->conf.instance, ZSOCK_CALL, endpoint) < 0)
        return -1;
    r.socket = signals < 0 ? NULL : zsock_bind(rt->zmq, ZMQ_ROUTER, &rt->conf.bus, endpoint);
    if (!r.socket)
        return -1;
    arena_init(&r.scratch, SCRATCH);
    log_info(NO_TRACE, "ready on %s", endpoint);
    for (bool stop = false; !stop;) {
        zmq_pollitem_t items[] = {
            {r.socket, 0, ZMQ_POLLIN, 0}, {NULL, rt->wake_fd, ZMQ_POLLIN, 0}, {NULL, signals, ZMQ_POLLIN, 0}};
        if (zmq_poll(items, 3, -1) < 0 && errno != EINTR)
            break;
        if (items[0].revents) {
            for (int i = 0; i < 64 && receive(&r); i++) /* then let replies out */
                continue;
            enqueue(&r);
        }
        if (items[1].revents)
            send_replies(&r);
        stop = items[2].revents != 0;
    }
    log_info(NO_TRACE, "stopping: finishing %u calls", (unsigned)rt->in_flight);
    drain(&r);
    rt->stopping = true;
    pthread_mutex_lock(&rt->lock);
    workers_wake(rt);
    pthread_mutex_unlock(&rt->lock);
    zmq_close(r.socket);
    close(signals);
    arena_release(&r.scratch);
    return 0;
}
