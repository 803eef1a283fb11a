/* exam.c - what exam officers see and do: attempts of their subtree, and voiding one. */
#include "assessment.h"
#include "rows.h"
#include "sql.h"

/* As the list is declared. */
enum { ROWS_MAX = 200 };

/* States of the table attempt_step and "created". */
static bool is_state(struct span text)
{
    static const char *const states[] = {"created", "running", "submitted", "timed_out", "graded", "voided"};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (text.n == strlen(states[i]) && !memcmp(text.p, states[i], text.n))
            return true;
    }
    return false;
}

int on_attempts(struct ctx *ctx, const struct attempts_query *req, struct attempt_rows *ret_reply)
{
    struct unit_seen seen;
    if (HAS(req, attempts_query, state) && !is_state(req->state))
        return fail(ctx, ERR_INVALID, "state");
    int code = pg_call(ctx, &SQL_subtree_visible, req, &seen);
    return code ? code : pg_list(ctx, &SQL_attempts, req, ROWS_MAX, &ret_reply->attempts, &ret_reply->n_attempts);
}

/* Voided in one statement, read in the next: the function's work shows to a newer snapshot only. */
int on_attempt_void(struct ctx *ctx, const struct attempt_void *req, struct attempt_row *ret_reply)
{
    struct attempt_ref ref = {.attempt_id = req->attempt_id};
    int code = pg_call(ctx, &SQL_attempt_void, req, NULL);
    return code ? code : pg_call(ctx, &SQL_attempt_row_of, &ref, ret_reply);
}
