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

#include "codec.h"
#include "conf.h"
#include "log.h"
#include "pg.h"

/* One call (or batch of calls, event page, tick) being worked on; lives as long as its arena. */
struct ctx {
    const struct call_header *head; /* of the first call in a batch; of an event: trace only; never NULL */
    const struct method *method;    /* NULL for events and ticks */
    struct arena *arena;            /* cleared after the reply was sent */
    struct pg *pg;                  /* this thread's connection */
    const void *conf;               /* the service's own configuration struct */
    struct fault fault;             /* set by fail() */
    struct uuid scope[32];          /* tops of the subtrees in which the caller may use this method */
    uint32_t n_scope;
};

/* The calls that one run of a BATCH handler answers. */
struct batch {
    size_t n;
    const struct call_header *const *head; /* of each call */
    struct fault *fault;                   /* of each call; set one with batch_fail and the others still succeed */
};

/* Records what is wrong and returns `code`, so that a handler can say `return fail(ctx, ERR_STATE, "attempt_id")`. */
int fail(struct ctx *ctx, int code, const char *field);
void batch_fail(struct batch *batch, size_t i, int code, const char *field);

/* An event that the service follows: FOLLOW(org_changed) needs on_event_org_changed(ctx, const struct unit_fact *). */
struct follow {
    uint16_t number;
    int (*apply)(struct ctx *ctx, const void *event);
};
#define FOLLOW(event)                                                                                                  \
    {                                                                                                                  \
        E_##event, follow_##event                                                                                      \
    }
#define FOLLOW_END                                                                                                     \
    {                                                                                                                  \
        0, NULL                                                                                                        \
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

/* Reasons stand beside each number in the service's main. */
struct limits {
    uint16_t workers;     /* threads = PostgreSQL connections for calls */
    uint16_t in_flight;   /* calls taken in at once; beyond: BUSY at once, rather than late */
    uint32_t deadline_ms; /* longest time of a call; statement_timeout is set 1 s below */
    size_t arena_bytes;   /* most memory of one call or batch */
};

struct binding;

struct service {
    const char *name;
    uint8_t number;
    const char *doc; /* what --help says first */
    const struct binding *bindings;
    const struct follow *follows;
    const struct tick *ticks;
    const struct limits *limits;
    struct stmt *const *sql;     /* ends with NULL; service_sql of the generated sql.h */
    bool org;                    /* keeps a copy of the organisation (org.h) */
    const struct conf_row *conf; /* the service's own rows; NULL: none */
    size_t conf_size;
    int (*check)(void *conf); /* between rows, and to derive keys; prints faults, returns -1; NULL: none */
    int (*start)(void *conf); /* once before the first call, single-threaded; NULL: none */
};

int service_run(const struct service *service, int argc, char **argv);

/* Time of the server, microseconds since 1970. */
int64_t now_us(void);
/* A new UUIDv7 (RFC 9562), monotonic within the process. */
struct uuid uuid7(void);
bool uuid_equal(const struct uuid *a, const struct uuid *b);

#endif
