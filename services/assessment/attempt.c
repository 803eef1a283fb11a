/* attempt.c - starts attempts, a batch at a time; lists a person's attempts. */
#include "admission.h"
#include "assessment.h"
#include "rows.h"
#include "sql.h"
#include <sodium.h>

enum {
    MY_ATTEMPTS = 50, /* as the statement's LIMIT */
    TRIES = 5,        /* of a batch that met another process: each failure lets the other one through */
};

static void put_ticket(const struct start_row *row, struct attempt_ticket *ret_ticket)
{
    *ret_ticket = (struct attempt_ticket){.state = row->state};
    if (!HAS(row, start_row, attempt_id))
        return;
    PUT_FIELD(ret_ticket, attempt_ticket, attempt_id, row->attempt_id);
    PUT_FIELD(ret_ticket, attempt_ticket, policy_id, row->policy_id);
    PUT_FIELD(ret_ticket, attempt_ticket, number, row->number);
    PUT_FIELD(ret_ticket, attempt_ticket, items, row->items);
    PUT_FIELD(ret_ticket, attempt_ticket, started_at, row->started_at);
    PUT_FIELD(ret_ticket, attempt_ticket, deadline, row->deadline);
    PUT_FIELD(ret_ticket, attempt_ticket, resumed, row->resumed);
    PUT_FIELD(ret_ticket, attempt_ticket, other_device, row->other_device);
    PUT_FIELD(ret_ticket, attempt_ticket, head, row->head);
}

/* The calls of a batch with what is made of them. Arrays in the arena, as long as the batch. */
struct starts {
    struct batch batch;
    struct start_call *call;
    struct start_row *row;
    bool *admitted;
    enum start_outcome *outcome;
    struct place *place;
};

static int starts_init(struct ctx *ctx, struct starts *starts, const struct batch *batch)
{
    *starts = (struct starts){.batch = *batch,
                              .call = arena_alloc(ctx->arena, batch->n * sizeof(*starts->call)),
                              .row = arena_alloc(ctx->arena, batch->n * sizeof(*starts->row)),
                              .admitted = arena_alloc(ctx->arena, batch->n * sizeof(*starts->admitted)),
                              .outcome = arena_alloc(ctx->arena, batch->n * sizeof(*starts->outcome)),
                              .place = arena_alloc(ctx->arena, batch->n * sizeof(*starts->place))};
    if (!starts->call || !starts->row || !starts->admitted || !starts->outcome || !starts->place)
        return fail(ctx, ERR_TOO_LARGE, "request_id");
    return 0;
}

/* A deadlock (a page of events holds standings in another order) left nothing behind: once more. */
static int store(struct ctx *ctx, struct batch *batch, const struct start_call *calls, struct start_row *rows)
{
    int code = ERR_BUSY;
    for (int i = 0; i < TRIES && (code == ERR_BUSY || code == ERR_CONFLICT); i++)
        code = pg_batch(ctx, batch, &SQL_attempt_start, calls, rows);
    return code == ERR_CONFLICT ? fail(ctx, ERR_BUSY, "request_id") : code;
}

/*
 * Starts without a row: another one of the same person came first, in the same batch or in another process. They are
 * looked at anew, and go on with the attempts that the others began.
 */
static int resolve_doubles(struct ctx *ctx, struct starts *starts)
{
    struct batch *whole = &starts->batch;
    struct starts again;
    size_t n = 0;
    for (size_t i = 0; i < whole->n; i++)
        n += whole->fault[i].code == ERR_NOT_FOUND;
    if (!n)
        return 0;
    size_t *place = arena_alloc(ctx->arena, n * sizeof(*place));
    const struct call_header **head = arena_alloc(ctx->arena, n * sizeof(*head));
    struct fault *fault = arena_alloc(ctx->arena, n * sizeof(*fault));
    if (!place || !head || !fault)
        return fail(ctx, ERR_TOO_LARGE, "request_id");
    int code = starts_init(ctx, &again, &(struct batch){.n = n, .head = head, .fault = fault});
    if (code)
        return code;
    for (size_t i = 0, k = 0; i < whole->n; i++) {
        if (whole->fault[i].code != ERR_NOT_FOUND)
            continue;
        place[k] = i;
        head[k] = whole->head[i];
        again.call[k++] = starts->call[i];
    }
    code = store(ctx, &again.batch, again.call, again.row);
    for (size_t k = 0; k < n; k++) {
        starts->row[place[k]] = again.row[k];
        whole->fault[place[k]] = code ? (struct fault){code, ctx->fault.field} : fault[k];
        if (whole->fault[place[k]].code == ERR_NOT_FOUND)
            batch_fail(whole, place[k], ERR_BUSY, "request_id");
    }
    return 0; /* what the others began has begun */
}

static enum start_outcome outcome_of(const struct fault *fault, const struct start_row *row)
{
    if (fault->code == ERR_BUSY || fault->code == ERR_UNAVAILABLE || fault->code == ERR_DEADLINE)
        return START_UNKNOWN;
    if (!fault->code && !HAS(row, start_row, attempt_id))
        return START_WAITS;
    return fault->code || row->resumed ? START_NOT_NEEDED : START_BEGAN;
}

static void reply(struct batch *batch, size_t i, const struct start_row *row, const struct place *place,
                  struct attempt_ticket *ret_ticket)
{
    put_ticket(row, ret_ticket);
    if (HAS(row, start_row, attempt_id))
        return;
    PUT_FIELD(ret_ticket, attempt_ticket, place, place->place);
    PUT_FIELD(ret_ticket, attempt_ticket, retry_ms, place->retry_ms);
    batch_later(batch, i, place->retry_ms);
}

int on_attempt_start(struct ctx *ctx, struct batch *batch, const struct attempt_request *req,
                     struct attempt_ticket *ret_reply)
{
    struct starts starts;
    int code = starts_init(ctx, &starts, batch);
    if (code)
        return code;
    admission_let_in(ctx, batch, starts.admitted);
    for (size_t i = 0; i < batch->n; i++) {
        starts.call[i] = (struct start_call){.request_id = req[i].request_id,
                                             .programme_id = req[i].programme_id,
                                             .attempt_id = uuid7(),
                                             .admitted = starts.admitted[i]};
        randombytes_buf(&starts.call[i].seed, sizeof(starts.call[i].seed));
        starts.call[i].seed &= INT64_MAX;
    }
    code = store(ctx, batch, starts.call, starts.row);
    if (code) /* nobody loses a place by it */
        return code;
    code = resolve_doubles(ctx, &starts);
    if (code)
        return code;
    for (size_t i = 0; i < batch->n; i++)
        starts.outcome[i] = outcome_of(&batch->fault[i], &starts.row[i]);
    admission_settle(batch, starts.admitted, starts.outcome, starts.place);
    for (size_t i = 0; i < batch->n; i++) {
        if (!batch->fault[i].code)
            reply(batch, i, &starts.row[i], &starts.place[i], &ret_reply[i]);
    }
    return 0;
}

int on_my_attempts(struct ctx *ctx, const struct my_attempts_query *req, struct attempt_rows *ret_reply)
{
    return pg_list(ctx, &SQL_my_attempts, req, MY_ATTEMPTS, &ret_reply->attempts, &ret_reply->n_attempts);
}

int periods_ahead(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_periods_ahead, NULL, NULL);
}
