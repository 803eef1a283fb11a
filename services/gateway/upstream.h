/*
 * upstream.h - the gateway's side of the bus: calls to a service collected during a turn of the loop and sent as one
 * message, replies matched with what waits for them, and how each service is.
 *
 * A service may run as several processes (the rows `replicas` and `instance`). There is a DEALER for each, a link:
 * which process has which call is known, so the loss of one fails the calls it had and no others. Each message goes to
 * the process with the fewest calls waiting; one that hangs keeps what it has and gets no more.
 *
 * Nothing here blocks and nothing here knows HTTP. A call that was taken gets its `done` exactly once: with the reply,
 * with UNAVAILABLE when the service is not there or goes away, or with DEADLINE. A reply that comes later finds that
 * the slot's generation has moved on and touches nothing.
 */
#ifndef GATEWAY_UPSTREAM_H
#define GATEWAY_UPSTREAM_H

#include "codec.h"
#include "moment.h"
#include "zsock.h"

enum { CALL_MS = 5000, HEALTH_MS = 2000, HEALTH_LATE_MS = 6000 };

/*
 * `reply->code` 0: `body` is the reply's message; otherwise reply->field may name what the error is about. All of it
 * lives only during the function. A done that is told an error must not make a new call.
 */
typedef void (*upstream_done)(void *owner, const struct reply_header *reply, struct span body);

/* What the last answer to service_health said. */
struct upstream_health {
    bool healthy;
    int64_t answered_us; /* mono_us; 0: never */
    uint32_t in_flight;
    uint64_t events_head, events_behind;
    char trouble[201];
};

struct upstream_counters {
    uint64_t messages_out, pairs_out, messages_in, pairs_in;
    uint64_t refused;     /* calls that found no connection or a full queue */
    uint64_t expired;     /* calls without a reply by their deadline */
    uint64_t late;        /* replies that nobody waited for any more */
    uint64_t malformed;   /* frames that are no reply */
    uint64_t disconnects; /* connections lost */
};

/* One process of a service. */
struct upstream_link {
    struct upstream *upstream;
    unsigned instance;
    void *socket, *monitor;
    uint32_t waiting; /* calls that it has */
    bool there;       /* connected, as far as the monitor has told; nothing is sent otherwise */
    bool doubted;     /* said UNAVAILABLE, or nothing, to a call; others come first until it says that it is well */
    bool readable;    /* replies or news may wait, whatever the descriptor says */
    bool health_asked;
    int64_t health_due_us; /* mono_us; ask again then */
    struct upstream_health health;
};

struct upstream {
    const struct service_row *row; /* NULL: no service has this number */
    struct upstreams *set;
    struct upstream_link *links;
    uint32_t n_links;
    uint32_t next;  /* link that is looked at first, so that equals take turns */
    struct buf out; /* frames of this turn, one behind the other */
    uint32_t *ends; /* where each frame ends */
    uint64_t *ids;  /* of each pair's call */
    uint32_t n_pairs;
    uint32_t waiting; /* calls in the table */
    struct upstream_counters count;
};

struct upstream_slot {
    uint32_t generation;
    uint32_t next, prev;        /* in the order of their deadlines, or the list of free ones */
    struct upstream *upstream;  /* NULL: free */
    struct upstream_link *link; /* NULL: not sent yet */
    upstream_done done;
    void *owner;
    int64_t deadline_us; /* mono_us */
    bool internal;
};

struct upstreams {
    struct upstream by_service[SERVICE_COUNT_LIMIT];
    struct upstream_link *links; /* of all services */
    size_t n_links;
    struct upstream_slot *slots; /* the first one is the head of the list of calls that wait */
    uint32_t n_slots, free_first, free_last;
    uint32_t waiting;   /* calls of clients in the table */
    uint32_t limit;     /* most of them at once */
    struct arena arena; /* for decoding headers */
    int epoll;
};

/* Connects to every process of every service of services.def. The descriptors join `epoll`. -1: logged. */
MUST_CHECK int upstreams_open(struct upstreams *set, void *zmq, const struct bus_conf *conf, int epoll, uint32_t limit);
void upstreams_close(struct upstreams *set);

/*
 * Puts a call into this turn's message for a service and fills head->call_id and head->deadline. Returns 0, then `done`
 * is called later, never from here; or BUSY (in-flight limits), TOO_LARGE, UNAVAILABLE. `internal` calls are the
 * gateway's own and do not count against the limits. When the message is full it is sent first, so the done of earlier
 * calls may run.
 */
MUST_CHECK int upstream_call(struct upstreams *set, uint8_t service, bool internal, struct call_header *head,
                             const struct msg *desc, const void *in, const struct moment *now, upstream_done done,
                             void *owner);
/* True when calls wait to be sent or replies to be read: do not sleep. */
bool upstreams_busy(const struct upstreams *set);
/* Sends what was collected; a service that cannot take it fails these calls at once. */
void upstreams_flush(struct upstreams *set);
/* Notes that a descriptor of `link` is readable. */
void upstream_ready(struct upstream_link *link);
/* Reads replies and news of connections. */
void upstreams_receive(struct upstreams *set);
/* Fails what has waited too long. `mono`, here and below: mono_us. */
void upstreams_expire(struct upstreams *set, int64_t mono);
/* Fails everything that waits. */
void upstreams_abandon(struct upstreams *set);

/*
 * Asks each process that is there how it is: the healthy ones every HEALTH_MS, the others each time. True when all of
 * them and every service are healthy.
 */
bool upstreams_ask_health(struct upstreams *set, const struct moment *now);
/* Did a process of this service answer well and recently? */
bool upstream_healthy(const struct upstream *upstream, int64_t mono);

#endif
