/*
 * pair.h - two workers on one test's database, each with its own connection, arena and context, running the same
 * function at the same time.
 */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include "harness.h"
#include "pg_conn.h"
#include <criterion/criterion.h>
#include <pthread.h>

struct other {
    struct harness *harness;
    struct ctx ctx;
    struct arena arena;
    struct pg pg;
    bool backwards;
    uint32_t failed;
};

static inline void other_open(struct other *other, struct harness *h)
{
    *other = (struct other){.harness = h};
    arena_init(&other->arena, 8u << 20);
    pg_init(&other->pg, h->ctx.pg->conf);
    cr_assert_eq(pg_ensure(&other->pg), PG_READY);
    other->ctx = h->ctx;
    other->ctx.arena = &other->arena;
    other->ctx.pg = &other->pg;
}

static inline void other_close(struct other *other)
{
    pg_release(&other->pg);
    arena_release(&other->arena);
}

static inline void run_both(struct other pair[2], void *(*work)(void *))
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, work, &pair[1]), 0);
    work(&pair[0]);
    pthread_join(thread, NULL);
}

#endif
