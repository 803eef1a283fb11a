/* exam.c - what exam officers see and do: attempts of their subtree, and voiding one. */
#include "access.h"
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

/* The way to a page that has the least to look at. */
static const struct stmt *way(const struct attempts_query *req, bool few)
{
    bool of_state = HAS(req, attempts_query, state);
    if (few)
        return &SQL_page_of_people;
    if (HAS(req, attempts_query, with_facts) && req->with_facts)
        return &SQL_page_of_facts;
    return of_state && !span_is(req->state, "graded") ? &SQL_page_of_few : &SQL_page_of_newest;
}

/* The attempts of a page. Where looking stopped early goes into the reply, so that the caller can go on from there. */
static int find_page(struct ctx *ctx, const struct attempts_query *req, bool few, struct attempt_ref **ret_page,
                     uint32_t *ret_n, struct attempt_rows *ret_reply)
{
    struct attempt_looked *looked;
    uint32_t n;
    int code = pg_list(ctx, way(req, few), req, ROWS_MAX, &looked, &n);
    if (code)
        return code;
    struct attempt_ref *page = arena_alloc(ctx->arena, n * sizeof(*page));
    if (!page)
        return fail(ctx, ERR_TOO_LARGE, "unit_id");
    *ret_n = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (looked[i].hit)
            page[(*ret_n)++] = (struct attempt_ref){.attempt_id = looked[i].attempt_id};
        if (looked[i].last)
            PUT_FIELD(ret_reply, attempt_rows, looked_to, looked[i].attempt_id);
    }
    *ret_page = page;
    return 0;
}

int on_attempts(struct ctx *ctx, const struct attempts_query *req, struct attempt_rows *ret_reply)
{
    struct unit_seen seen;
    struct attempt_ref *page = NULL;
    uint32_t n = 0;
    *ret_reply = (struct attempt_rows){0};
    if (HAS(req, attempts_query, state) && !is_state(req->state))
        return fail(ctx, ERR_INVALID, "state");
    int code = pg_call(ctx, &SQL_subtree_visible, req, &seen);
    if (!code)
        code = find_page(ctx, req, seen.few, &page, &n, ret_reply);
    if (code || !n)
        return code;
    code = pg_bulk(ctx, &SQL_attempt_rows_of, page, n, ROWS_MAX, &ret_reply->attempts, &ret_reply->n_attempts);
    return code ? code : access_note_list(ctx, ret_reply->attempts, ret_reply->n_attempts, NULL);
}

/* Voided in one statement, read in the next: the function's work shows to a newer snapshot only. */
int on_attempt_void(struct ctx *ctx, const struct attempt_void *req, struct attempt_row *ret_reply)
{
    struct attempt_ref ref = {.attempt_id = req->attempt_id};
    struct attempt_row *row;
    uint32_t n;
    int code = pg_call(ctx, &SQL_attempt_void, req, NULL);
    if (!code)
        code = pg_bulk(ctx, &SQL_attempt_rows_of, &ref, 1, 1, &row, &n);
    if (code)
        return code;
    if (!n)
        return fail(ctx, ERR_NOT_FOUND, "attempt_id");
    *ret_reply = *row;
    return 0;
}
