/*
 * roster_job.c - the job that imports rosters, the oldest first, one at a time in the whole installation.
 *
 * A process that dies leaves its import as it stands; the next one reads the file again and goes on behind the last
 * slice that was written. An import that fails again and again is refused, so that it does not hold up the others.
 */
#include "account.h"
#include "grant.h"
#include "pg_conn.h"
#include "roster.h"

enum {
    ROW_MEMORY = 4 << 20,  /* of one row, its cells being bounded */
    STEP_MEMORY = 1 << 20, /* of the statements between rows */
    UNITS_MEMORY = 64 << 20,
    FAULT_MEMORY = 4 << 20, /* a thousand of them */
    FAULTS_AT_ONCE = 1000,
    TELL_US = 500000,
    TRIES_MOST = 5,
};

void roster_end(struct roster *r, const char *state, const char *vi, const char *en)
{
    r->step.state = (struct span){state, (uint32_t)strlen(state)};
    if (vi)
        PUT_FIELD(&r->step, import_step, sentence_vi, ((struct span){vi, (uint32_t)strlen(vi)}));
    if (en)
        PUT_FIELD(&r->step, import_step, sentence_en, ((struct span){en, (uint32_t)strlen(en)}));
}

int roster_tell(struct ctx *ctx, struct roster *r, bool now)
{
    struct import_heard heard;
    if (!now && mono_us() - r->told_us < TELL_US)
        return 0;
    r->told_us = mono_us();
    r->step.import_id = r->task->import_id;
    int code = pg_call(ctx, &SQL_import_step, &r->step, &heard);
    if (!code)
        r->stop = heard.stop || r->lost;
    return code;
}

int roster_allowed(struct ctx *ctx, struct roster *r)
{
    uint32_t wanted = method_find(M_import_begin)->roles, n = 0, n_lost = 0;
    struct rights rights;
    struct roster_unit *lost, *now;
    int code = rights_of(ctx, r->task->by_whom, &rights);
    if (code)
        return code;
    now = arena_alloc(ctx->arena, (rights.n + 1) * sizeof(*now));
    if (!now)
        return fail(ctx, ERR_TOO_LARGE, "grants");
    for (uint32_t i = 0; i < rights.n; i++) {
        if (grant_allows(&rights.grants[i], wanted))
            now[n++].unit_id = rights.grants[i].unit_id;
    }
    if (n)
        code = pg_bulk(ctx, &SQL_roster_lost, now, n, ctx->n_scope, &lost, &n_lost);
    if (!code && (!n || n_lost))
        r->lost = r->stop = true;
    return code;
}

static bool over(const struct roster *r)
{
    return span_is(r->step.state, "refused") || span_is(r->step.state, "done") || span_is(r->step.state, "stopped");
}

/* Where the caller may import, as it was kept. */
static void take_scope(struct ctx *ctx, const struct import_task *task)
{
    ctx->n_scope = 0;
    for (uint32_t at = 0; at + sizeof(struct uuid) <= task->scope.n; at += (uint32_t)sizeof(struct uuid))
        memcpy(ctx->scope[ctx->n_scope++].b, task->scope.p + at, sizeof(struct uuid));
}

static int by_id(const void *a, const void *b)
{
    const struct unit_code *one = *(const struct unit_code *const *)a, *two = *(const struct unit_code *const *)b;
    return memcmp(one->unit_id.b, two->unit_id.b, sizeof(one->unit_id.b));
}

/* Today's tree, as the caller may see it. 0 or fail(). */
static int take_units(struct ctx *ctx, struct roster *r)
{
    struct arena *arena = ctx->arena;
    arena_init(&r->units_arena, UNITS_MEMORY);
    ctx->arena = &r->units_arena;
    int code = pg_list(ctx, &SQL_unit_codes, NULL, 200000, &r->units, &r->n_units);
    ctx->arena = arena;
    if (code)
        return fail(ctx, code, "units");
    r->by_ids = arena_alloc(&r->units_arena, r->n_units * sizeof(struct unit_code *));
    if (!r->by_ids)
        return fail(ctx, ERR_TOO_LARGE, "units");
    for (uint32_t i = 0; i < r->n_units; i++)
        r->by_ids[i] = &r->units[i];
    qsort(r->by_ids, r->n_units, sizeof(r->by_ids[0]), by_id);
    return 0;
}

static int prepare(struct ctx *ctx, struct roster *r)
{
    int code = take_units(ctx, r);
    arena_init(&r->row_arena, ROW_MEMORY);
    arena_init(&r->step_arena, STEP_MEMORY);
    arena_init(&r->faults_arena, FAULT_MEMORY);
    r->faults = calloc(FAULTS_AT_ONCE, sizeof(*r->faults));
    r->judge.arena = &r->row_arena;
    if (!code && (!r->faults || sealer_init(&r->sealer, r->keys) < 0))
        code = fail(ctx, ERR_TOO_LARGE, "import_id");
    if (!code && spool_open(&r->spool, r->conf->spool_dir) < 0)
        code = fail(ctx, ERR_UNAVAILABLE, "spool_dir");
    return code;
}

static void release(struct roster *r)
{
    spool_close(&r->spool);
    number_set_release(&r->numbers);
    sealer_release(&r->sealer);
    free(r->faults);
    arena_release(&r->row_arena);
    arena_release(&r->step_arena);
    arena_release(&r->faults_arena);
    arena_release(&r->units_arena);
}

/* All phases. 0 or fail(); without an end the process is stopping. */
static int run_phases(struct ctx *ctx, struct roster *r)
{
    int code = prepare(ctx, r);
    if (!code)
        code = roster_allowed(ctx, r);
    if (!code && !r->stop)
        code = roster_read(ctx, r);
    if (code || over(r) || r->stop || job_stopping(ctx))
        return code;
    bool complete = HAS(r->task, import_task, complete_unit);
    if (complete)
        code = roster_absent(ctx, r);
    if (complete && !code && !over(r))
        code = roster_leave(ctx, r);
    if (!code && !over(r) && !r->stop && !job_stopping(ctx))
        code = roster_write(ctx, r);
    return code;
}

/* Accounts that waited for these people are linked or looked at by officers. 0 or fail(). */
static int take_accounts(struct ctx *ctx, const struct roster *r)
{
    uint32_t n = 1;
    int code = 0;
    while (!code && n && !r->task->dry_run && !job_stopping(ctx)) {
        arena_clear(ctx->arena);
        code = accounts_take(ctx, &n);
    }
    return code;
}

/* Tells how it ended, puts it on record, lets go of the file. 0 or fail(). */
static int conclude(struct ctx *ctx, struct roster *r)
{
    struct import_ref ref = {.import_id = r->task->import_id};
    struct upload_ref file = {.upload_id = r->task->upload_id};
    int code = pg_begin(ctx);
    if (!code && pg_simple(ctx->pg, ROSTER_LASTING))
        code = fail(ctx, ERR_UNAVAILABLE, "database");
    if (!code)
        code = roster_tell(ctx, r, true);
    if (!code)
        code = pg_call(ctx, &SQL_import_note, &ref, NULL);
    /* A dry run is followed by the real one, of the same file. */
    if (!code && !r->task->dry_run)
        code = pg_call(ctx, &SQL_upload_drop, &file, NULL);
    if (!code)
        code = pg_commit(ctx);
    if (!code)
        log_info(r->head.trace, "roster import%s: %.*s, %u rows read, %u of them refused while reading",
                 r->task->dry_run ? " (dry run)" : "", (int)r->step.state.n, r->step.state.p, r->step.rows,
                 r->step.refused);
    return code;
}

/* What comes of a failure: tried again, or given up. */
static int give_up(struct ctx *ctx, struct roster *r, int failed)
{
    struct fault fault = ctx->fault;
    pg_settle(ctx->pg);
    if (r->task->tries < TRIES_MOST)
        return failed;
    log_error(r->head.trace, "roster import given up: %s about %s", err_find(failed)->name,
              fault.field ? fault.field : "");
    roster_end(r, "refused", "Hệ thống gặp lỗi khi nhập tệp này. Hãy báo bộ phận vận hành.",
               "The system failed while importing this file. Tell its operators.");
    return 0;
}

/* Whoever asked for it has lost the right to. 0 or fail(). */
static int end_lost(struct ctx *ctx, struct roster *r)
{
    roster_end(
        r, "stopped",
        "Đã dừng vì người nhập không còn quyền nhập danh sách trong phạm vi này; những dòng đã ghi được giữ lại.",
        "Stopped because whoever asked for it may not import rosters for these units any more; rows that were "
        "written stay.");
    struct fault fault = ctx->fault;
    int code = audit_refuse(ctx, "roster_stopped", NULL, "the right to import was lost while it ran", ERR_FORBIDDEN,
                            "import_id");
    ctx->fault = fault;
    return code == ERR_FORBIDDEN ? 0 : code;
}

static int run_import(struct ctx *ctx, const struct import_task *task)
{
    const struct call_header *before = ctx->head;
    struct roster r = {
        .task = task,
        .conf = identity_conf(ctx),
        .keys = seal_keys_now(ctx),
        .head = {.trace = HAS(task, import_task, trace) ? task->trace : SPAN("")},
        .judge = {.columns = roster_columns, .n_columns = ROSTER_COLUMNS},
        .ctx = ctx,
        .step = {.state = SPAN("reading"), .ended = task->ended},
    };
    PUT_FIELD(&r.head, call_header, subject, task->by_whom);
    ctx->head = &r.head;
    roster_read_begin(&r);
    take_scope(ctx, task);
    int code = run_phases(ctx, &r);
    arena_clear(ctx->arena);
    if (code)
        code = give_up(ctx, &r, code);
    if (!code && !over(&r) && r.lost)
        code = end_lost(ctx, &r);
    if (!code && !over(&r) && r.stop)
        roster_end(&r, "stopped", "Đã dừng theo yêu cầu; những dòng đã ghi được giữ lại.",
                   "Stopped as asked for; rows that were written stay.");
    if (!code && !over(&r) && !job_stopping(ctx)) {
        code = take_accounts(ctx, &r);
        roster_end(&r, "done", NULL, NULL);
    }
    if (!code && over(&r))
        code = conclude(ctx, &r);
    release(&r);
    ctx->head = before;
    return code;
}

int rosters_run(struct ctx *ctx)
{
    struct arena task_arena;
    int code = 0;
    arena_init(&task_arena, 1 << 16);
    while (!code && !job_stopping(ctx)) {
        struct arena *arena = ctx->arena;
        struct import_task task;
        arena_clear(&task_arena);
        arena_clear(arena);
        ctx->arena = &task_arena;
        code = pg_call(ctx, &SQL_import_next, NULL, &task);
        ctx->arena = arena;
        if (code)
            break;
        code = pg_call(ctx, &SQL_import_hold, NULL, NULL);
        if (!code && pg_simple(ctx->pg, ROSTER_WAYS))
            code = fail(ctx, ERR_UNAVAILABLE, "database");
        if (!code)
            code = run_import(ctx, &task);
        if (ctx->pg->conn && pg_simple(ctx->pg, ROSTER_WAYS_OVER))
            pg_release(ctx->pg);
        else if (ctx->pg->conn && pg_call(ctx, &SQL_import_let_go, NULL, NULL))
            pg_release(ctx->pg); /* which lets go of it too */
    }
    arena_release(&task_arena);
    return code == ERR_NOT_FOUND ? 0 : code;
}
