/*
 * gather.h - statements of calls that come at the same time, run as one. Handlers of slow methods run each on a thread
 * of its own, because they wait for a provider; what they ask the database stands together again: whoever comes while
 * nobody is at a desk runs its row and those that wait there, and gives each its result. Nobody waits for a desk that
 * is free, so there is no delay when there is no load.
 */
#ifndef IDENTITY_GATHER_H
#define IDENTITY_GATHER_H

#include "service.h"
#include <pthread.h>

enum { GATHER_MOST = 32 /* rows of one run; there are at most as many as workers */ };

/* A row at a desk. Its owner waits until it is done, so whoever runs it may use the owner's arena. */
struct gather_row {
    struct ctx *ctx;   /* the owner's */
    const void *in;    /* message of the statement */
    void *ret;         /* what comes of it, as the desk's `run` says */
    int code;          /* 0, or an error's */
    const char *field; /* of the error */
    struct gather_row *next;
    pthread_cond_t turn;
    bool done, leads;
};

/*
 * Runs n rows on the connection of `ctx` and puts what came of each into its `ret`, or into `code` and `field` what is
 * wrong with it. A result other than 0 (of fail(), nothing kept): all are run again, one by one.
 */
typedef int gather_run(struct ctx *ctx, struct gather_row *const *rows, uint32_t n);

struct gather {
    gather_run *run;
    pthread_mutex_t lock;
    struct gather_row *first, **last;
    bool busy;
};
#define GATHER(name, runs)                                                                                             \
    static struct gather name = {.run = (runs), .lock = PTHREAD_MUTEX_INITIALIZER, .last = &name.first}

/* One row with those that others bring; outside of a transaction. 0 or fail(). */
MUST_CHECK int gather(struct gather *desk, struct ctx *ctx, const void *in, void *ret);

/*
 * For a `run` that is one BULK statement: its rows name in `place` (bigint) which row each answers. Each goes into its
 * owner's `ret`, a struct of the statement's out message, with its texts in the owner's arena; who gets none: NOT_FOUND
 * about `field`. 0 or fail().
 */
MUST_CHECK int gather_statement(struct ctx *ctx, const struct stmt *stmt, struct gather_row *const *rows, uint32_t n,
                                const char *field);
/* The messages of the rows as one array in the arena; NULL: it is full. */
void *gather_messages(struct ctx *ctx, const struct msg *msg, struct gather_row *const *rows, uint32_t n);
/* Gives what a row of the result says to its owner, in the owner's arena. 0, or -1: that is full. */
MUST_CHECK int gather_copy(const struct msg *msg, const void *from, struct arena *arena, void *ret_to);

#endif
