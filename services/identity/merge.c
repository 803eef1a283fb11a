/*
 * merge.c - two persons on record who are one. Tenures of the one who goes are withdrawn and begin anew with the one
 * who stays, so that every copy of the organisation learns it by the events it knows. On a day on which both had a
 * principal tenure, that of the one who stays is the principal one.
 */
#include "grant.h"
#include "identity.h"
#include "tenure_plan.h"

enum { PIECES_MOST = 4 * TENURES_MOST };

struct pieces {
    struct tenure_row rows[PIECES_MOST]; /* of the one who goes, then of the one who stays */
    uint32_t n;
    bool full;
};

static int32_t end_of(const struct tenure_row *row)
{
    return HAS(row, tenure_row, valid_to) ? row->valid_to : INT32_MAX;
}

static bool is_principal(const struct tenure_row *row)
{
    return row->kind.n == 9; /* no other kind's name is as long */
}

static void add(struct pieces *pieces, const struct tenure_row *like, struct uuid keep, int32_t from, int32_t to,
                struct span kind)
{
    if (pieces->n == PIECES_MOST) {
        pieces->full = true;
        return;
    }
    struct tenure_row *row = &pieces->rows[pieces->n++];
    *row = *like;
    row->has &= ~(UINT64_C(1) << HAS_tenure_row_valid_to | UINT64_C(1) << HAS_tenure_row_home_tenure_id);
    row->tenure_id = uuid7();
    row->person_id = keep;
    row->kind = kind;
    row->valid_from = from;
    if (to != INT32_MAX)
        PUT_FIELD(row, tenure_row, valid_to, to);
    PUT_FIELD(row, tenure_row, from_tenure, like->tenure_id);
}

/* A principal tenure of the one who goes: principal where the one who stays has none, concurrent where in another unit.
 */
static void cut(struct pieces *pieces, const struct tenure_row *gone, const struct tenure_row *keep, uint32_t n_keep,
                struct uuid keep_id)
{
    int32_t at = gone->valid_from;
    /* The rows of the one who stays are in order of their first day, and principal ones do not overlap. */
    for (uint32_t i = 0; i < n_keep && at < end_of(gone); i++) {
        const struct tenure_row *k = &keep[i];
        if (!is_principal(k) || end_of(k) <= at || end_of(k) <= k->valid_from || k->valid_from >= end_of(gone))
            continue;
        int32_t from = k->valid_from > at ? k->valid_from : at;
        int32_t to = end_of(k) < end_of(gone) ? end_of(k) : end_of(gone);
        if (from > at)
            add(pieces, gone, keep_id, at, from, SPAN("principal"));
        if (!uuid_equal(&k->unit_id, &gone->unit_id))
            add(pieces, gone, keep_id, from, to, SPAN("concurrent"));
        at = to;
    }
    if (at < end_of(gone))
        add(pieces, gone, keep_id, at, end_of(gone), SPAN("principal"));
}

/* The principal tenure of the one who stays, among his or her own and the new ones, on a day. NULL: none. */
static const struct tenure_row *home_on(const struct tenure_row *keep, uint32_t n_keep, const struct pieces *pieces,
                                        uint32_t first, int32_t day)
{
    for (uint32_t i = 0; i < n_keep; i++) {
        if (is_principal(&keep[i]) && keep[i].valid_from <= day && day < end_of(&keep[i]))
            return &keep[i];
    }
    for (uint32_t i = first; i < pieces->n; i++) {
        if (is_principal(&pieces->rows[i]) && pieces->rows[i].valid_from <= day && day < end_of(&pieces->rows[i]))
            return &pieces->rows[i];
    }
    return NULL;
}

/* What is to be written: first that the one who goes never worked, then where the one who stays worked besides. */
static void work_out(struct pieces *pieces, struct uuid keep_id, const struct tenure_row *keep, uint32_t n_keep,
                     const struct tenure_row *gone, uint32_t n_gone)
{
    for (uint32_t i = 0; i < n_gone; i++) {
        if (end_of(&gone[i]) <= gone[i].valid_from)
            continue;
        pieces->rows[pieces->n] = gone[i];
        PUT_FIELD(&pieces->rows[pieces->n], tenure_row, valid_to, gone[i].valid_from);
        pieces->n++;
    }
    uint32_t first = pieces->n;
    for (uint32_t i = 0; i < n_gone; i++) {
        if (end_of(&gone[i]) > gone[i].valid_from && is_principal(&gone[i]))
            cut(pieces, &gone[i], keep, n_keep, keep_id);
    }
    for (uint32_t i = 0; i < n_gone; i++) {
        const struct tenure_row *row = &gone[i];
        if (end_of(row) <= row->valid_from || is_principal(row))
            continue;
        add(pieces, row, keep_id, row->valid_from, end_of(row), row->kind);
        const struct tenure_row *home = home_on(keep, n_keep, pieces, first, row->valid_from);
        if (home && HAS(row, tenure_row, home_tenure_id))
            PUT_FIELD(&pieces->rows[pieces->n - 1], tenure_row, home_tenure_id, home->tenure_id);
    }
}

/* Moves the tenures. 0 or fail(). */
static int move_tenures(struct ctx *ctx, const struct person_merge *req)
{
    struct person_asked keep = {.person_id = req->keep}, gone = {.person_id = req->gone};
    struct tenure_row *of_keep, *of_gone;
    uint32_t n_keep, n_gone;
    struct pieces *pieces = arena_alloc(ctx->arena, sizeof(*pieces));
    if (!pieces)
        return fail(ctx, ERR_TOO_LARGE, "gone");
    pieces->n = 0;
    pieces->full = false;
    int code = pg_list(ctx, &SQL_tenure_rows, &keep, TENURES_MOST, &of_keep, &n_keep);
    if (!code)
        code = pg_list(ctx, &SQL_tenure_rows, &gone, TENURES_MOST, &of_gone, &n_gone);
    if (code)
        return code;
    work_out(pieces, req->keep, of_keep, n_keep, of_gone, n_gone);
    if (pieces->full || n_keep == TENURES_MOST || n_gone == TENURES_MOST)
        return fail(ctx, ERR_TOO_LARGE, "gone");
    return pieces->n ? pg_bulk(ctx, &SQL_tenures_write, pieces->rows, pieces->n, 0, NULL, NULL) : 0;
}

/* What stands against it; 0 or fail(). */
static int judge(struct ctx *ctx, const struct merge_parties *p)
{
    if (!p->keep_known || !p->keep_visible)
        return fail(ctx, ERR_FORBIDDEN, "keep");
    if (!p->gone_known || !p->gone_visible || p->oneself)
        return fail(ctx, ERR_FORBIDDEN, "gone");
    if (p->other_step)
        return fail(ctx, ERR_CONFLICT, "step_id");
    if (p->keep_merged)
        return fail(ctx, ERR_STATE, "keep");
    return p->gone_merged || p->both_linked ? fail(ctx, ERR_STATE, "gone") : 0;
}

static int merge(struct ctx *ctx, const struct person_merge *req)
{
    int code = pg_call(ctx, &SQL_grants_lock, NULL, NULL);
    if (!code)
        code = pg_call(ctx, &SQL_merge_write, req, NULL);
    return code ? code : move_tenures(ctx, req);
}

int on_persons_merge(struct ctx *ctx, const struct person_merge *req, struct tenure_list *ret_reply)
{
    struct person_asked keep = {.person_id = req->keep};
    struct merge_parties parties = {0};
    if (uuid_equal(&req->keep, &req->gone))
        return fail(ctx, ERR_INVALID, "gone");
    int code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_merge_hold, req, &parties);
    if (!code && !parties.done) {
        code = judge(ctx, &parties);
        if (!code)
            code = merge(ctx, req);
    }
    if (!code)
        code = pg_list(ctx, &SQL_tenures_of, &keep, TENURES_MOST, &ret_reply->tenures, &ret_reply->n_tenures);
    ret_reply->person_id = req->keep;
    if (code != ERR_FORBIDDEN)
        return code ? code : pg_commit(ctx);
    (void)audit_refuse(ctx, "merge_refused", &req->keep, "one of the two, or a role, is not in the caller's subtree",
                       code, ctx->fault.field);
    int kept = pg_commit(ctx);
    return kept ? kept : code;
}
