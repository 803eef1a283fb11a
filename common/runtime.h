/*
 * runtime.h - what the threads of one service process share. Private to the skeleton: service.c starts and stops them,
 *
 *   router.c  I/O thread (the main thread): owns the ROUTER, sheds load by the header, hands calls to the queue
 *   worker.c  worker threads: decode, call the handler, encode
 *   load.c    how busy each method is
 *   relay.c   relay thread: numbers committed events, wakes followers
 *   job.c     threads of the service's jobs
 *   follow.c  follower thread: applies events of others exactly once, runs ticks
 *   admin.c   health and metrics over HTTP (libmicrohttpd's own thread)
 */
#ifndef COMMON_RUNTIME_H
#define COMMON_RUNTIME_H

#include "bus.h"
#include "pg_conn.h"
#include "service.h"
#include "zsock.h"
#include <pthread.h>
#include <stdatomic.h>
#include <zmq.h>

/* Rows that every service has. */
struct service_conf {
    const char *log_level;
    const char *database;
    struct conf_secret database_password;
    struct bus_conf bus;
    int64_t instance;
    const char *listen_call, *listen_events;
    const char *admin_listen;
    const char *redis;
    int64_t workers, in_flight;
    struct conf_secret audit_sign_key;
};

enum { PEER_MAX = 255, PAIRS_MAX = 1024, LATENCY_BUCKETS = 8 };

/* One call between its arrival and its reply. Owned by the queue, then by the worker. */
struct call {
    struct call *next;
    uint8_t peer[PEER_MAX];
    uint8_t n_peer;
    uint16_t binding;             /* index into the service's bindings */
    uint64_t id;                  /* call_id of its header */
    int64_t arrived_us, until_us; /* mono_us: after `until_us` nobody waits for the reply */
    zmq_msg_t head, body;
};

/* Replies of one run, on their way to the I/O thread. */
struct reply {
    uint8_t peer[PEER_MAX];
    uint8_t n_peer;
    bool sent;
    size_t head, n_head, body, n_body; /* places in `bytes` */
};
struct replies {
    struct replies *next;
    struct buf bytes;
    size_t n;
    struct reply reply[];
};

/* Counters of one method. */
struct method_metrics {
    _Atomic uint64_t ok, failed, busy, runs, calls, us;
    _Atomic uint64_t bucket[LATENCY_BUCKETS];
};
extern const uint32_t latency_bounds_us[LATENCY_BUCKETS];

/* One method's load; sums fade by a 32nd with each run. Guarded by the runtime's lock. */
struct load {
    uint32_t waiting, running; /* calls in the queue; runs */
    double busy_us, calls;     /* time with a run or more under way; what was answered in it */
    int64_t busy_from;         /* mono_us: counted up to here while something runs */
    double waited_us, waited_calls;
    int64_t ended_us; /* mono_us of the last run's end */
};

struct queue {
    bool preferred; /* its method is named in service.first */
    unsigned most;  /* runs at once; 0: as many as there are workers */
    struct call *first, **last;
    size_t waiting;
    unsigned running; /* runs of this queue's calls */
};

struct runtime {
    const struct service *service;
    struct service_conf conf;
    void *service_conf;
    void *zmq;
    struct zap *zap;
    uint16_t workers;
    uint32_t in_flight_limit;
    size_t max_packed; /* proto_max_packed(), which walks over every message there is */

    struct stmt *const *sql[8];
    struct pg_conf pg_conf, background_pg_conf;
    char application[64];

    const struct method **methods; /* of each binding */
    size_t n_bindings;
    struct method_metrics *metrics;
    _Atomic uint64_t expired, malformed, undeliverable;
    _Atomic uint64_t events_head, events_stamped;
    _Atomic uint64_t follow_seq[SERVICE_COUNT_LIMIT], follow_head[SERVICE_COUNT_LIMIT];
    _Atomic uint32_t in_flight;
    _Atomic bool stopping;
    _Atomic int trouble; /* enum trouble bits */

    /* Calls waiting: queue 0 takes ordinary methods, each batch method has one of its own, slow methods share one. */
    pthread_mutex_t lock;
    struct worker *idle; /* a stack: who was busy last, whose memory and database connection are warm, is woken first */
    unsigned woken;      /* of them: not yet back at work */
    struct queue *queues;
    size_t n_queues, next_queue;
    uint16_t *queue_of; /* of each binding */
    uint16_t *first;    /* queues looked at before all others, in this order */
    size_t n_first;
    unsigned n_others; /* runs but the first of each preferred queue: so many that each of these still finds a worker */
    struct load *loads; /* of each binding */
    struct replies *outgoing;
    int wake_fd; /* eventfd: replies wait for the I/O thread */

    pthread_mutex_t job_lock;
    pthread_cond_t job_wake;
    uint64_t jobs_wanted;

    pthread_mutex_t relay_lock;
    pthread_cond_t relay_wake;
    bool relay_wanted;

    bool audit_signs;
    uint8_t audit_secret[64]; /* Ed25519 */
    int64_t audit_head_at_us; /* mono_us; of the follower thread */
};

enum trouble { TROUBLE_DATABASE = 1, TROUBLE_RELAY = 2, TROUBLE_FOLLOW = 4, TROUBLE_DRIFT = 8 };
void trouble_set(struct runtime *rt, enum trouble bit, bool on);

/*
 * While a batch method works, its next batch gathers: with two runs whatever waits, batches were half as large and a
 * quarter fewer answers were stored. A batch that is full gains nothing by waiting, so then it runs this often at once.
 */
enum { BATCH_RUNS = 2 };

int binding_of(const struct runtime *rt, uint16_t method); /* -1: not answered here */

/* load.c; the caller holds the lock. */
void load_arrived(struct load *load);
void load_taken(struct load *load, int64_t now, size_t n);
void load_ended(struct load *load, int64_t now, size_t n, double waited_us);

int router_run(struct runtime *rt); /* returns after SIGTERM and drain */
void *worker_thread(void *rt);
/* Wakes a worker if there is something for it; all of them when the process stops. The caller holds the lock. */
void workers_wake(struct runtime *rt);
void *relay_thread(void *rt);
void relay_wake(struct runtime *rt);
void *follow_thread(void *rt);
enum { JOBS_MOST = 4 };
struct job_start {
    struct runtime *rt;
    const struct job *job;
};
void *job_thread(void *job_start);
void jobs_stop(struct runtime *rt); /* after `stopping` was set */
struct admin;
void admin_init(struct runtime *rt);
struct admin *admin_start(struct runtime *rt); /* NULL with admin_listen empty, or logged */
void admin_stop(struct admin *admin);

/* Waits for a condition variable with a CLOCK_MONOTONIC time limit. */
void cond_wait_ms(pthread_cond_t *cond, pthread_mutex_t *lock, uint32_t ms);
void cond_init(pthread_cond_t *cond);

#endif
