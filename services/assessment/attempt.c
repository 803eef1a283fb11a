/* attempt.c - starts attempts, a batch at a time; lists a person's attempts. */
#include "admission.h"
#include "assessment.h"
#include "rows.h"
#include "sql.h"
#include <sodium.h>

/* As the statement's LIMIT. */
enum { MY_ATTEMPTS = 50 };

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

/*
 * A start without a row: another one of the same person came first. In the same batch: this one goes on with the
 * attempt that the other began. In another process: the next try finds it.
 */
static void resolve_double(struct batch *batch, const struct start_call *calls, struct start_row *rows, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (batch->fault[k].code || !HAS(&rows[k], start_row, attempt_id) ||
            !uuid_equal(&batch->head[k]->subject, &batch->head[i]->subject) ||
            !uuid_equal(&calls[k].programme_id, &calls[i].programme_id))
            continue;
        rows[i] = rows[k];
        rows[i].resumed = true;
        batch->fault[i] = (struct fault){0};
        return;
    }
    batch_fail(batch, i, ERR_BUSY, "request_id");
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
    struct start_call *calls = arena_alloc(ctx->arena, batch->n * sizeof(*calls));
    struct start_row *rows = arena_alloc(ctx->arena, batch->n * sizeof(*rows));
    struct place *places = arena_alloc(ctx->arena, batch->n * sizeof(*places));
    if (!calls || !rows || !places)
        return fail(ctx, ERR_TOO_LARGE, "request_id");
    admission_decide(ctx, batch, places);
    for (size_t i = 0; i < batch->n; i++) {
        calls[i] = (struct start_call){.request_id = req[i].request_id,
                                       .programme_id = req[i].programme_id,
                                       .attempt_id = uuid7(),
                                       .admitted = places[i].place == 0};
        randombytes_buf(&calls[i].seed, sizeof(calls[i].seed));
        calls[i].seed &= INT64_MAX;
    }
    int code = pg_batch(ctx, batch, &SQL_attempt_start, calls, rows);
    if (code)
        return code;
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->fault[i].code == ERR_NOT_FOUND)
            resolve_double(batch, calls, rows, i);
        if (!batch->fault[i].code)
            reply(batch, i, &rows[i], &places[i], &ret_reply[i]);
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
