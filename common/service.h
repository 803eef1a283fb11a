/*
 * service.h - the skeleton of a service. Its main names the parts; service_run owns the process: options,
 * configuration, log, workers, relay, followers, ticks, health, drain on SIGTERM.
 *
 * A handler is straight-line code on a worker thread with its own arena and its own PostgreSQL connection:
 *
 *     int on_lesson_open(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
 *     {
 *         return pg_call(ctx, &SQL_lesson_open, req, ret_reply);
 *     }
 *
 * It returns 0, or what fail() returned. The reply is sent after the handler returned, hence after commit.
 */
#ifndef COMMON_SERVICE_H
#define COMMON_SERVICE_H

#include "buf.h"
#include "codec.h"
#include "conf.h"
#include "log.h"
#include "pg.h"

/* One call (or batch of calls, event page, tick) being worked on; lives as long as its arena. */
struct ctx {
    const struct call_header *head; /* of the first call in a batch; of an event: trace only; never NULL */
    const struct method *method;    /* NULL for events, ticks and jobs */
    struct arena *arena;            /* cleared after the reply was sent */
    struct pg *pg;                  /* this thread's connection */
    const void *conf;               /* the service's own configuration struct */
    struct runtime *runtime;        /* of the process, for method_load; NULL where a test calls a handler by itself */
    struct fault fault;             /* set by fail() */
    uint32_t retry_ms;              /* set by later() */
    struct uuid scope[32];          /* tops of the subtrees in which the caller may use this method */
    uint32_t n_scope;
};

/* The calls that one run of a BATCH handler answers. Of events: only `n` and `head`. */
struct batch {
    size_t n;
    const struct call_header *const *head; /* of each call; of an event: trace only */
    struct fault *fault;                   /* of each call; set one with batch_fail and the others still succeed */
    uint32_t *retry_ms;                    /* of each call, 0: none; set by batch_later; NULL: nobody asks */
};

/* Records what is wrong and returns `code`, so that a handler can say `return fail(ctx, ERR_STATE, "attempt_id")`. */
int fail(struct ctx *ctx, int code, const char *field);
void batch_fail(struct batch *batch, size_t i, int code, const char *field);

/*
 * Not done yet: the caller is to come back after this long, ten minutes at most. The reply is sent as it stands, with
 * this in its header (HTTP 202 with Retry-After); a call that fails as well is told of its failure only.
 */
void later(struct ctx *ctx, uint32_t retry_ms);
void batch_later(struct batch *batch, size_t i, uint32_t retry_ms);

/* How busy a method is, for a service that decides by it whom to let in. */
struct method_load {
    uint32_t waiting;   /* calls in its queue now */
    double us_per_call; /* time of a run divided by its calls, over about the last 32 runs; 0: it has not run yet */
    double us_waited;   /* from a call's arrival to the end of its run, over the same; 0 after 2 s without a call */
};
/* False for a method that this process does not answer. Any thread. */
bool method_load(const struct ctx *ctx, uint16_t method, struct method_load *ret_load);

/*
 * An event that the service follows: FOLLOW(org_changed) needs on_event_org_changed(ctx, const struct unit_fact *).
 *
 * FOLLOW_MANY(attempt_graded) needs on_events_attempt_graded(ctx, const struct batch *, const struct grade_fact *)
 * instead: it gets all events of this kind that come one behind the other in a page (128 at most), in their order, and
 * must leave behind what applying them one by one would. For events of which thousands come a second. Both run in the
 * page's transaction; 0, or fail(): nothing of the page is kept, and next time its events come one by one, so that the
 * log names the one.
 */
struct follow {
    uint16_t number;
    int (*apply)(struct ctx *ctx, const void *event); /* or */
    int (*apply_many)(struct ctx *ctx, const struct batch *batch, const void *events);
};
#define FOLLOW(event)                                                                                                  \
    {                                                                                                                  \
        .number = E_##event, .apply = follow_##event                                                                   \
    }
#define FOLLOW_MANY(event)                                                                                             \
    {                                                                                                                  \
        .number = E_##event, .apply_many = follow_many_##event                                                         \
    }
#define FOLLOW_END                                                                                                     \
    {                                                                                                                  \
        .number = 0                                                                                                    \
    }

/* Work by the clock, on the follower thread, in a transaction of its own. */
struct tick {
    const char *name;
    uint32_t every_ms;
    int (*run)(struct ctx *ctx); /* 0, or fail(): rolled back and logged */
};
#define TICK_END                                                                                                       \
    {                                                                                                                  \
        NULL, 0, NULL                                                                                                  \
    }

/*
 * Work that takes longer than a call may: a thread of its own with its own connection (60 s a statement), in one
 * process of the service at a time, each `every_ms` and when woken. `run` commits as often as it likes (pg_begin,
 * pg_commit), clears its arena between its steps, and gives up at a commit soon after job_stopping says so; what it
 * leaves undone must stand in the database, since another process may go on with it. 0, or fail(): logged, tried again.
 */
struct job {
    const char *name;
    uint32_t every_ms;
    size_t arena_bytes; /* most memory of one step */
    int (*run)(struct ctx *ctx);
};
#define JOB_END                                                                                                        \
    {                                                                                                                  \
        NULL, 0, 0, NULL                                                                                               \
    }
/* The process is to end. False where a test calls the job by itself. */
bool job_stopping(const struct ctx *ctx);
/*
 * A second pair of hands for a job: `run` on a thread of its own with its own connection and arena, the same caller and
 * scope. NULL when there is none to be had (also where a test calls the job by itself): then the job does all of it.
 * `ctx` and `arg` must outlive job_join, which waits for its end and returns 0 or the error's code.
 */
struct job_helper *job_help(const struct ctx *ctx, size_t arena_bytes, int (*run)(struct ctx *ctx, void *arg),
                            void *arg);
MUST_CHECK int job_join(struct job_helper *helper);
/* Runs this process's jobs now: call it after the commit that left them something to do. */
void job_wake(const struct ctx *ctx);

/* Reasons stand beside each number in the service's main. */
struct limits {
    uint16_t workers;     /* threads = PostgreSQL connections for calls */
    uint16_t in_flight;   /* calls taken in at once; beyond: BUSY at once, rather than late */
    uint32_t deadline_ms; /* longest time of a call; statement_timeout is set 1 s below */
    size_t arena_bytes;   /* most memory of one call or batch */
};

/*
 * What a service keeps about a person, a row for each section: so that the person can have all of it in one archive,
 * and have it erased. `data` is a statement from person_data_query to person_datum (its :after is an OFFSET, LIMIT 100,
 * in a fixed order); `erase`, from erase_step to erased_section, may be NULL where nothing is said about it.
 */
struct personal {
    const char *section;
    const struct stmt *data, *erase;
};

/* A client of the other services, for jobs; the caller frees it. NULL where a test calls the job by itself. */
struct bus *service_bus(const struct ctx *ctx, uint32_t timeout_ms);

struct binding;

struct service {
    const char *name;
    uint8_t number;
    const char *doc; /* what --help says first */
    const struct binding *bindings;
    /*
     * Batch methods whose calls are taken before all others, in this order; ends with 0; NULL: none. A worker is kept
     * for each: the others run at most as often at once as workers are left, however long each of them takes. Nor can
     * these starve the others: what a batch method runs beside its first run is one of the others, and the process
     * refuses to start unless it has more workers than methods named here.
     */
    const uint16_t *first;
    /*
     * Methods that wait for somebody else, such as an identity provider; no batch methods; ends with 0; NULL: none.
     * They have a queue of their own, and four workers are kept from them, so that nothing else waits with them. With
     * fewer than six workers one of them runs at a time.
     */
    const uint16_t *slow;
    const struct follow *follows;
    const struct tick *ticks;
    const struct job *jobs; /* at most 4; NULL: none */
    const struct limits *limits;
    const struct personal *personal; /* ends with a row without section; NULL: keeps nothing about persons */
    struct stmt *const *sql;         /* ends with NULL; service_sql of the generated sql.h */
    /*
     * Statements of calls look rows up by index one by one, whatever the planner's statistics say: set where tables
     * grow fast from nothing, and a plan made for a few rows would read them from end to end. Ticks and events plan
     * freely.
     */
    bool by_index;
    bool org;                    /* keeps a copy of the organisation (org.h) */
    bool audit;                  /* has an audit (audit.h) */
    bool calendar;               /* counts working days (calendar.h) */
    const struct conf_row *conf; /* the service's own rows; NULL: none */
    size_t conf_size;
    int (*check)(void *conf);    /* between rows, and to derive keys; prints faults, returns -1; NULL: none */
    void (*release)(void *conf); /* what check() took, rows excepted; also after faults; NULL: nothing */
    void (*help)(void);          /* what --help says at its end; NULL: nothing */
    int (*start)(void *conf);    /* once before the first call, single-threaded; NULL: none */
    /* Lines of /metrics beside the skeleton's, on the thread of the admin page; NULL: none. */
    void (*metrics)(const void *conf, struct buf *out);
};

int service_run(const struct service *service, int argc, char **argv);

/* Time of the server, microseconds since 1970. It can be set, also back: for what is stored, sent or shown. */
int64_t now_us(void);
/* Microseconds that only go on, from an unknown beginning: for whatever is measured or waited for in this process. */
int64_t mono_us(void);
/* A new UUIDv7 (RFC 9562), monotonic within the process. */
struct uuid uuid7(void);
bool uuid_equal(const struct uuid *a, const struct uuid *b);
/*
 * How many of the `n` uuids from `first` on come before one that was among them already; each stands `stride` bytes
 * behind the one before. For statements over arrays, which cannot change a row twice. Compares each with each.
 */
size_t uuid_distinct(const struct uuid *first, size_t stride, size_t n);

#endif
