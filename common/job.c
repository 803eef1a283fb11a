/*
 * job.c - the threads of a service's jobs: work that lasts minutes beside calls that last milliseconds.
 *
 * A job runs in one process of its service at a time: its connection holds an advisory lock while it works, and a
 * process that dies lets go of it with the connection.
 */
#include "common_rows.h"
#include "events_sql.h"
#include "runtime.h"

enum { LOCK_AGAIN_MS = 1000, DATABASE_AGAIN_MS = 200 };

bool job_stopping(const struct ctx *ctx)
{
    return ctx->runtime && ctx->runtime->stopping;
}

static void wake_all(struct runtime *rt)
{
    pthread_mutex_lock(&rt->job_lock);
    rt->jobs_wanted++;
    pthread_cond_broadcast(&rt->job_wake);
    pthread_mutex_unlock(&rt->job_lock);
}

void job_wake(const struct ctx *ctx)
{
    if (ctx->runtime)
        wake_all(ctx->runtime);
}

void jobs_stop(struct runtime *rt)
{
    wake_all(rt);
}

/* Until the time has passed, somebody asks for jobs, or the process stops. */
static void job_sleep(struct runtime *rt, uint64_t *seen, uint32_t ms)
{
    int64_t until = mono_us() + (int64_t)ms * 1000, left;
    pthread_mutex_lock(&rt->job_lock);
    while (!rt->stopping && *seen == rt->jobs_wanted && (left = (until - mono_us()) / 1000) > 0)
        cond_wait_ms(&rt->job_wake, &rt->job_lock, (uint32_t)left);
    *seen = rt->jobs_wanted;
    pthread_mutex_unlock(&rt->job_lock);
}

/* One run under the lock. Milliseconds until the next. */
static uint32_t job_turn(struct runtime *rt, const struct job *job, struct pg *pg, struct arena *arena)
{
    struct call_header none = {.trace = SPAN("")};
    struct ctx ctx = {.head = &none, .arena = arena, .pg = pg, .conf = rt->service_conf, .runtime = rt};
    struct job_key key = {.name = {job->name, (uint32_t)strlen(job->name)}};
    struct job_held held = {0};
    if (pg_ensure(pg) != PG_READY)
        return DATABASE_AGAIN_MS;
    int code = pg_call(&ctx, &SQL_job_lock, &key, &held);
    if (!code && !held.locked)
        return LOCK_AGAIN_MS < job->every_ms ? LOCK_AGAIN_MS : job->every_ms; /* another process is at work */
    if (!code) {
        code = job->run(&ctx);
        pg_settle(pg);
        relay_wake(rt);
    }
    if (code)
        log_error(NO_TRACE, "job %s: %s about %s", job->name, err_find(code)->name,
                  ctx.fault.field ? ctx.fault.field : "");
    arena_clear(arena);
    /* A lock that cannot be given back is given back by ending the connection. */
    if (pg->conn && pg_call(&ctx, &SQL_job_unlock, &key, NULL))
        pg_release(pg);
    pg_settle(pg);
    arena_clear(arena);
    return job->every_ms;
}

void *job_thread(void *arg)
{
    struct job_start *start = arg;
    struct runtime *rt = start->rt;
    const struct job *job = start->job;
    struct arena arena;
    struct pg pg;
    uint64_t seen = 0;
    arena_init(&arena, job->arena_bytes);
    pg_init(&pg, &rt->background_pg_conf);
    while (!rt->stopping) {
        uint32_t ms = job_turn(rt, job, &pg, &arena);
        job_sleep(rt, &seen, ms);
    }
    pg_release(&pg);
    arena_release(&arena);
    return NULL;
}

/* --- Helpers. --- */

struct job_helper {
    pthread_t thread;
    struct ctx ctx;
    struct arena arena;
    struct pg pg;
    int (*run)(struct ctx *ctx, void *arg);
    void *arg;
    int code;
};

static void *help(void *arg)
{
    struct job_helper *helper = arg;
    helper->code = helper->run(&helper->ctx, helper->arg);
    pg_settle(&helper->pg);
    return NULL;
}

static void helper_free(struct job_helper *helper)
{
    pg_release(&helper->pg);
    arena_release(&helper->arena);
    free(helper);
}

struct job_helper *job_help(const struct ctx *ctx, size_t arena_bytes, int (*run)(struct ctx *ctx, void *arg),
                            void *arg)
{
    struct job_helper *helper = ctx->runtime ? calloc(1, sizeof(*helper)) : NULL;
    if (!helper)
        return NULL;
    helper->ctx = *ctx;
    helper->run = run;
    helper->arg = arg;
    arena_init(&helper->arena, arena_bytes);
    pg_init(&helper->pg, &ctx->runtime->background_pg_conf);
    helper->ctx.arena = &helper->arena;
    helper->ctx.pg = &helper->pg;
    if (pg_ensure(&helper->pg) == PG_READY && pthread_create(&helper->thread, NULL, help, helper) == 0)
        return helper;
    helper_free(helper);
    return NULL;
}

int job_join(struct job_helper *helper)
{
    if (!helper)
        return 0;
    pthread_join(helper->thread, NULL);
    int code = helper->code;
    helper_free(helper);
    return code;
}
