/*
 * second.h - a second connection into a test's database: another worker, or another process, that runs the same
 * service. Its handlers run in a thread, so that a test can watch one transaction wait for another.
 */
#ifndef TESTS_SECOND_H
#define TESTS_SECOND_H

#include "access_sql.h"
#include "audit_sql.h"
#include "harness.h"
#include "pg_conn.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <unistd.h>

struct second {
    struct ctx ctx; /* give it to handlers; the caller is the harness's */
    struct arena arena;
    struct pg pg;
    struct pg_conf conf;
    struct stmt *const *sql[4];
    char database[512];
};

static inline void second_open(struct second *s, struct harness *h, const char *service, struct stmt *const *sql)
{
    *s = (struct second){.ctx = h->ctx, .sql = {sql, access_sql, audit_sql}};
    snprintf(s->database, sizeof(s->database), "host=%s dbname=%s user=hocvu_%s", getenv("HOCVU_TEST_PG"),
             harness_get(h, "SELECT current_database()"), service);
    s->conf = (struct pg_conf){.database = s->database, .application = "second", .statement_ms = 20000, .sql = s->sql};
    pg_init(&s->pg, &s->conf);
    arena_init(&s->arena, 16 << 20);
    cr_assert(pg_ensure(&s->pg) == PG_READY);
    s->ctx.arena = &s->arena;
    s->ctx.pg = &s->pg;
}

static inline void second_close(struct second *s)
{
    pg_release(&s->pg);
    arena_release(&s->arena);
}

/* A statement without a result on the second connection, in whatever transaction is open there. */
static inline void second_sql(struct second *s, const char *sql)
{
    cr_assert(pg_simple(&s->pg, sql) == 0, "%s: %s", sql, PQerrorMessage(s->pg.conn));
}

/* Returns when a connection of this database waits for a lock. Without one within five seconds the test fails. */
static inline void await_blocked(struct harness *h)
{
    for (int i = 0; i < 1000; i++) {
        if (!strcmp(harness_get(h, "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() "
                                   "AND wait_event_type = 'Lock'"),
                    "t"))
            return;
        usleep(5000);
    }
    cr_assert_fail("nobody waits");
}

#endif
