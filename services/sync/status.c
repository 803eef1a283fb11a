/* status.c - what the operator sees and does (hocvu sync), and what the process tells of itself. */
#include "sync.h"
#include "admin_page.h"
#include "audit.h"
#include "sql.h"

/* One receiver as its file says, with what the database knows of it. Owned by nobody: borrowed spans. */
static struct sync_target state_of(const struct target *target, const struct sync_target *known, uint32_t n)
{
    struct span name = {target->name, (uint32_t)strlen(target->name)};
    struct sync_target state = {.name = name};
    for (uint32_t i = 0; i < n; i++) {
        if (known[i].name.n == name.n && !memcmp(known[i].name.p, name.p, name.n))
            state = known[i];
    }
    state.paused = target->paused;
    return state;
}

/* Receivers of the configuration; of one that has left it only when something was left unsent. */
int on_sync_status(struct ctx *ctx, const struct empty *req, struct sync_states *ret_reply)
{
    const struct sync_conf *conf = ctx->conf;
    struct sync_target *known, *states;
    uint32_t n, n_states = 0;
    (void)req;
    int code = pg_list(ctx, &SQL_targets_state, NULL, 64, &known, &n);
    if (code)
        return code;
    states = arena_alloc(ctx->arena, TARGETS_MOST * sizeof(*states));
    if (!states)
        return fail(ctx, ERR_TOO_LARGE, "targets");
    for (size_t i = 0; i < conf->n_targets; i++)
        states[n_states++] = state_of(&conf->targets[i], known, n);
    for (uint32_t i = 0; i < n && n_states < TARGETS_MOST; i++) {
        if (!target_find(conf, known[i].name) && (known[i].waiting || known[i].dead)) {
            states[n_states] = known[i];
            states[n_states++].paused = true;
        }
    }
    ret_reply->targets = states;
    ret_reply->n_targets = n_states;
    return 0;
}

int on_sync_items(struct ctx *ctx, const struct sync_query *req, struct sync_rows *ret_reply)
{
    return pg_list(ctx, &SQL_items_listed, req, 100, &ret_reply->items, &ret_reply->n_items);
}

int on_sync_show(struct ctx *ctx, const struct sync_item_query *req, struct sync_item *ret_reply)
{
    int code = pg_call(ctx, &SQL_item_shown, req, ret_reply);
    return code ? code : pg_list(ctx, &SQL_tries_shown, req, 5, &ret_reply->tries, &ret_reply->n_tries);
}

/* What the operator did, and to how much. */
static int on_record(struct ctx *ctx, const char *action, uint64_t n)
{
    char *detail = arena_printf(ctx->arena, "{\"items\": %llu}", (unsigned long long)n);
    if (!detail)
        return fail(ctx, ERR_TOO_LARGE, "memory");
    return audit_note(ctx, action, NULL, (struct span){detail, (uint32_t)strlen(detail)});
}

int on_sync_retry(struct ctx *ctx, const struct sync_again *req, struct sync_count *ret_reply)
{
    if (HAS(req, sync_again, item_id) == HAS(req, sync_again, target))
        return fail(ctx, ERR_MISSING, "item_id");
    int code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_items_again, req, ret_reply);
    if (!code && !ret_reply->items && HAS(req, sync_again, item_id))
        code = fail(ctx, ERR_NOT_FOUND, "item_id");
    if (!code)
        code = on_record(ctx, "sync_retry", ret_reply->items);
    if (!code)
        code = pg_commit(ctx);
    if (!code)
        job_wake(ctx);
    return code;
}

int on_sync_wanted(struct ctx *ctx, const struct numbers_query *req, struct numbers_wanted *ret_reply)
{
    bool all = HAS(req, numbers_query, all) && req->all;
    return pg_list(ctx, all ? &SQL_numbers_wanted_all : &SQL_numbers_wanted, req, 500, &ret_reply->people,
                   &ret_reply->n_people);
}

int on_sync_numbers(struct ctx *ctx, const struct numbers_brought *req, struct sync_count *ret_reply)
{
    const struct sync_conf *conf = ctx->conf;
    if (!conf->has_box || req->box_key.n != SEAL_KEY_ID || memcmp(req->box_key.p, conf->box_id, SEAL_KEY_ID) != 0)
        return fail(ctx, ERR_CONFLICT, "box_key");
    int code = pg_begin(ctx);
    if (!code)
        code = pg_bulk(ctx, &SQL_numbers_bring, req->numbers, req->n_numbers, 0, NULL, NULL);
    if (!code)
        code = on_record(ctx, "sync_numbers", req->n_numbers);
    if (!code)
        code = pg_commit(ctx);
    ret_reply->items = req->n_numbers;
    if (!code)
        job_wake(ctx);
    return code;
}

int items_forget(struct ctx *ctx)
{
    const struct sync_conf *conf = ctx->conf;
    struct forget_query query = {.sent_days = (uint32_t)conf->keep_sent_days,
                                 .dead_days = (uint32_t)conf->keep_dead_days};
    return pg_call(ctx, &SQL_items_drop, &query, NULL);
}

int items_count(struct ctx *ctx)
{
    const struct sync_conf *conf = ctx->conf;
    struct sync_target *known;
    uint32_t n;
    int code = pg_list(ctx, &SQL_targets_state, NULL, 64, &known, &n);
    for (size_t i = 0; !code && i < conf->n_targets; i++) {
        struct sync_target state = state_of(&conf->targets[i], known, n);
        conf->targets[i].waiting = state.waiting;
        conf->targets[i].late = state.late;
        conf->targets[i].dead = state.dead;
    }
    return code;
}

void sync_metrics(const void *conf, struct buf *out)
{
    static const struct {
        const char *name, *kind, *help;
        size_t offset;
    } lines[] = {
        {"hocvu_sync_sent_total", "counter", "Items that a receiver took.", offsetof(struct target, n_sent)},
        {"hocvu_sync_failed_total", "counter", "Calls that are tried again.", offsetof(struct target, n_failed)},
        {"hocvu_sync_refused_total", "counter", "Items that a receiver will never take.",
         offsetof(struct target, n_dead)},
        {"hocvu_sync_waiting", "gauge", "Items that wait to be sent.", offsetof(struct target, waiting)},
        {"hocvu_sync_late", "gauge", "Items whose three working days have passed.", offsetof(struct target, late)},
        {"hocvu_sync_dead", "gauge", "Items that were given up.", offsetof(struct target, dead)},
    };
    const struct sync_conf *c = conf;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        metrics_head(out, lines[i].name, lines[i].kind, lines[i].help);
        for (size_t t = 0; t < c->n_targets; t++) {
            const void *at = (const char *)&c->targets[t] + lines[i].offset;
            buf_printf(out, "%s{target=\"%s\"} %llu\n", lines[i].name, c->targets[t].name,
                       (unsigned long long)*(const _Atomic uint64_t *)at);
        }
    }
}
