/* grade.c - ends attempts, handed in by the learner or by the clock when nobody does; says how they came out. */
#include "assessment.h"
#include "rows.h"
#include "sql.h"

/* As attempt_review.items is declared. */
enum { REVIEW_ITEMS = 200 };

/* Absent where the policy does not show the result. */
static int put_result(struct ctx *ctx, const struct outcome_row *row, struct attempt_result *ret_result)
{
    struct group_scores groups = {0};
    struct fault fault;
    if (!HAS(row, outcome_row, groups))
        return 0;
    int code = msg_from_json(&msg_group_scores, &groups, ctx->arena, row->groups, &fault);
    if (code)
        return fail(ctx, ERR_INTERNAL, "groups");
    PUT_FIELD(ret_result, attempt_result, right, row->right);
    PUT_FIELD(ret_result, attempt_result, items, row->items);
    PUT_FIELD(ret_result, attempt_result, score, row->score);
    PUT_FIELD(ret_result, attempt_result, max_score, row->max_score);
    PUT_FIELD(ret_result, attempt_result, passed, row->passed);
    PUT_FIELD(ret_result, attempt_result, graded_at, row->graded_at);
    PUT_FIELD(ret_result, attempt_result, result_version, row->result_version);
    PUT_FIELD(ret_result, attempt_result, grade_rule, row->grade_rule);
    ret_result->groups = groups.groups;
    ret_result->n_groups = groups.n_groups;
    return 0;
}

static int put_outcome(struct ctx *ctx, const struct outcome_row *row, uint8_t signature[RECEIPT_SIGNATURE],
                       struct attempt_result *ret_result)
{
    const struct assessment_conf *conf = ctx->conf;
    receipt_sign(conf->sign_secret, &row->attempt_id, row->ended_at, row->answers, (const uint8_t *)row->head.p,
                 signature);
    *ret_result = (struct attempt_result){.attempt_id = row->attempt_id,
                                          .number = row->number,
                                          .state = row->state,
                                          .ended_by = row->ended_by,
                                          .ended_at = row->ended_at,
                                          .attempts_left = row->attempts_left,
                                          .answers = row->answers,
                                          .head = row->head,
                                          .signature = {(const char *)signature, RECEIPT_SIGNATURE},
                                          .kid = {conf->kid, (uint32_t)strlen(conf->kid)}};
    if (HAS(row, outcome_row, void_reason))
        PUT_FIELD(ret_result, attempt_result, void_reason, row->void_reason);
    return put_result(ctx, row, ret_result);
}

static int outcomes(struct ctx *ctx, struct batch *batch, const struct stmt *stmt, const struct attempt_ref *req,
                    struct attempt_result *ret_reply)
{
    struct outcome_row *rows = arena_alloc(ctx->arena, batch->n * sizeof(*rows));
    uint8_t *signatures = arena_alloc(ctx->arena, batch->n * RECEIPT_SIGNATURE);
    if (!rows || !signatures)
        return fail(ctx, ERR_TOO_LARGE, "attempt_id");
    int code = pg_batch(ctx, batch, stmt, req, rows);
    if (code == ERR_BUSY) /* a deadlock left nothing behind */
        code = pg_batch(ctx, batch, stmt, req, rows);
    for (size_t i = 0; !code && i < batch->n; i++) {
        if (!batch->fault[i].code)
            code = put_outcome(ctx, &rows[i], signatures + i * RECEIPT_SIGNATURE, &ret_reply[i]);
    }
    return code;
}

int on_attempt_submit(struct ctx *ctx, struct batch *batch, const struct attempt_ref *req,
                      struct attempt_result *ret_reply)
{
    return outcomes(ctx, batch, &SQL_attempt_submit, req, ret_reply);
}

int on_attempt_outcome(struct ctx *ctx, struct batch *batch, const struct attempt_ref *req,
                       struct attempt_result *ret_reply)
{
    return outcomes(ctx, batch, &SQL_attempt_outcome, req, ret_reply);
}

int on_attempt_review(struct ctx *ctx, const struct attempt_ref *req, struct attempt_review *ret_reply)
{
    struct attempt_ref mine;
    int code = pg_call(ctx, &SQL_review_head, req, &mine);
    if (code)
        return code;
    ret_reply->attempt_id = mine.attempt_id;
    return pg_list(ctx, &SQL_review_items, req, REVIEW_ITEMS, &ret_reply->items, &ret_reply->n_items);
}

int attempts_open_due(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_attempts_open_due, NULL, NULL);
}

int attempts_close_due(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_attempts_close_due, NULL, NULL);
}
