/*
 * harness.h - one handler under test: a database of its own, the service's real role and statements, a caller of
 * choice.
 *
 * tests/run starts a private PostgreSQL with all migrations applied to a template; harness_open copies it, so each test
 * begins with empty tables and nothing is shared. No part of PostgreSQL is mocked.
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include "service.h"

struct harness {
    struct ctx ctx; /* give &h->ctx to handlers */
    struct call_header head;
    struct grant grants[8];
    struct arena arena;
    struct harness_private *private;
};

/* A fresh database, connected as the role hocvu_<service>, statements prepared and checked. Aborts the test on failure.
 */
struct harness *harness_open(const char *service, struct stmt *const *sql, bool org, const void *conf);
void harness_close(struct harness *h);
/* The caller of the next handler: a person with `roles` for the subtree of `unit` (and scope accordingly). */
void harness_as(struct harness *h, struct uuid person, uint32_t roles, struct uuid unit);
/* Adds another grant to the caller. */
void harness_also(struct harness *h, uint32_t roles, struct uuid unit);
/* Statement as the owner of all schemas (search_path = the service's schema), for seeding and looking. */
void harness_sql(struct harness *h, const char *format, ...) PRINTF(2, 3);
/* First column of the first row, as text in the arena; "" when there is no row or it is NULL. */
const char *harness_get(struct harness *h, const char *format, ...) PRINTF(2, 3);
/* Tries a statement as the service's own role: true when PostgreSQL allowed it. For privilege tests. */
bool harness_allowed(struct harness *h, const char *sql);
/* Runs a handler of one event, of n of one kind (of FOLLOW_MANY; traces t1, t2...), or a tick in a transaction, as the
 * follower does. Returns its result. */
int harness_event(struct harness *h, int (*apply)(struct ctx *, const void *), const void *event);
int harness_events_of(struct harness *h, int (*apply)(struct ctx *, const struct batch *, const void *), size_t n,
                      const void *events);
int harness_tick(struct harness *h, int (*run)(struct ctx *));
/* Runs a batch handler over n requests with one caller each (NULL: the present caller for all). */
int harness_batch(struct harness *h, int (*call)(struct ctx *, struct batch *, const void *, void *), size_t n,
                  const struct uuid *callers, const void *reqs, void *ret_replies, struct fault *ret_faults);
/* Number of outbox rows of this event name. */
int harness_events(struct harness *h, const char *event);

/* Short constant ids for tests: U(7) is ...0007. */
struct uuid U(uint32_t n);
/* Span of a C string. */
struct span S(const char *text);

#endif
