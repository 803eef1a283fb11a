/* test_gather.c - rows of several threads, run as one statement. */
#include "gather.h"
#include "identity_test.h"
#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 12, ROUNDS = 200 };

static atomic_uint runs, most, at_once, together;

/* Doubles each; a row with 13 is refused by itself, one with 99 spoils every run that it is in. */
static int double_all(struct ctx *ctx, struct gather_row *const *rows, uint32_t n)
{
    atomic_fetch_add(&runs, 1);
    if (atomic_fetch_add(&at_once, 1) > 0)
        atomic_fetch_add(&together, 1);
    if (n > atomic_load(&most))
        atomic_store(&most, n);
    for (uint32_t i = 0; i < n; i++) {
        int value = *(const int *)rows[i]->in;
        if (value == 99) {
            atomic_fetch_sub(&at_once, 1);
            return fail(ctx, ERR_CONFLICT, "spoilt");
        }
        *(int *)rows[i]->ret = 2 * value;
        rows[i]->code = value == 13 ? ERR_STATE : 0;
        rows[i]->field = "thirteen";
    }
    struct timespec pause = {.tv_nsec = 100000};
    nanosleep(&pause, NULL);
    atomic_fetch_sub(&at_once, 1);
    return 0;
}

GATHER(desk, double_all);

static int ask(struct ctx *ctx, int value, int *ret)
{
    return gather(&desk, ctx, &value, ret);
}

struct asker {
    pthread_t thread;
    unsigned wrong;
    int from;
};

static void *ask_many(void *arg)
{
    struct asker *asker = arg;
    struct arena arena;
    struct call_header head = {0};
    arena_init(&arena, 65536);
    for (int i = 0; i < ROUNDS; i++) {
        struct ctx ctx = {.head = &head, .arena = &arena};
        int value = (asker->from + i) % 120, ret = -1, code = ask(&ctx, value, &ret);
        int meant = value == 13 ? ERR_STATE : value == 99 ? ERR_CONFLICT : 0;
        asker->wrong += code != meant || (!code && ret != 2 * value) || (code && ctx.fault.code != code);
        asker->wrong += value == 99 && strcmp(ctx.fault.field, "spoilt") != 0;
        arena_clear(&arena);
    }
    arena_release(&arena);
    return NULL;
}

Test(gather, each_gets_its_own_and_nobody_fails_for_another, .timeout = 60)
{
    struct asker askers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){.from = i * 7};
        cr_assert_eq(pthread_create(&askers[i].thread, NULL, ask_many, &askers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(askers[i].thread, NULL);
        cr_expect_eq(askers[i].wrong, 0);
    }
    cr_expect_gt(atomic_load(&most), 1, "nobody was taken along");
    cr_expect_leq(atomic_load(&most), THREADS);
    cr_expect_eq(atomic_load(&together), 0, "two were at the desk at once");
}

Test(gather, who_comes_alone_does_not_wait)
{
    struct arena arena;
    struct call_header head = {0};
    struct ctx ctx = {.head = &head, .arena = &arena};
    int ret = 0;
    arena_init(&arena, 65536);
    cr_expect_eq(ask(&ctx, 99, &ret), ERR_CONFLICT);
    cr_expect_eq(ask(&ctx, 21, &ret), 0);
    cr_expect_eq(ret, 42);
    cr_expect_eq(atomic_load(&runs), 2);
    arena_release(&arena);
}
