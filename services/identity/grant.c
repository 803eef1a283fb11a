/*
 * grant.c - roles handed on out of the caller's own grants and taken away again, and what they come to in a token.
 *
 * The rule stands in one function of the database (grant_fits in migrations/deploy/rights.sql). Whoever changes grants
 * holds one lock until the commit, so that two who act at once see each other.
 */
#include "grant.h"

enum { HANOI_S = 7 * 3600, DAY_S = 86400 };

/* The row of a role that can be granted; NULL after fail() about `field`. */
static const struct role_row *grantable(struct ctx *ctx, struct span name, const char *field)
{
    const struct role_row *role = role_find_name(name.p, name.n);
    if (role && role->bit != LEARNER)
        return role;
    (void)fail(ctx, ERR_INVALID, field);
    return NULL;
}

int grants_begin(struct ctx *ctx)
{
    int code = pg_begin(ctx);
    return code ? code : pg_call(ctx, &SQL_grants_lock, NULL, NULL);
}

/* Ends the transaction of grants_begin: what the caller may not do is put on record, all other faults are rolled back.
 */
static int settle(struct ctx *ctx, int code, const struct uuid *subject)
{
    if (code != ERR_FORBIDDEN && code != ERR_DUTIES)
        return code ? code : pg_commit(ctx);
    (void)audit_refuse(ctx, "role_refused", subject,
                       code == ERR_DUTIES ? "duties that exclude each other"
                                          : "beyond what the caller may give or take",
                       code, ctx->fault.field);
    int kept = pg_commit(ctx);
    return kept ? kept : code;
}

int on_role_grant(struct ctx *ctx, const struct role_change *req, struct accepted *ret_reply)
{
    const struct role_row *role = grantable(ctx, req->role, "role");
    if (!role)
        return ERR_INVALID;
    struct grant_step step = {
        .grant_id = req->grant_id,
        .person_id = req->person_id,
        .role = {role->name, (uint32_t)strlen(role->name)},
        .bit = role->bit,
        .unit_id = req->unit_id,
        .reason = req->reason,
        .usual = role_gives(role->bit),
    };
    if (HAS(req, role_change, valid_from))
        PUT_FIELD(&step, grant_step, valid_from, req->valid_from);
    if (HAS(req, role_change, valid_to))
        PUT_FIELD(&step, grant_step, valid_to, req->valid_to);
    if (HAS(req, role_change, gives)) {
        if (req->gives & ~(uint32_t)(ANY_ROLE & ~LEARNER))
            return fail(ctx, ERR_INVALID, "gives");
        PUT_FIELD(&step, grant_step, gives, req->gives);
    }
    int code = grants_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_role_give, &step, ret_reply);
    return settle(ctx, code, &req->person_id);
}

int on_role_revoke(struct ctx *ctx, const struct role_revocation *req, struct roles_revoked *ret_reply)
{
    bool by_id = HAS(req, role_revocation, grant_id);
    bool by_place =
        HAS(req, role_revocation, person_id) && HAS(req, role_revocation, role) && HAS(req, role_revocation, unit_id);
    bool some =
        HAS(req, role_revocation, person_id) || HAS(req, role_revocation, role) || HAS(req, role_revocation, unit_id);
    if (by_id ? some : !by_place)
        return fail(ctx, by_id ? ERR_INVALID : ERR_MISSING, "grant_id");
    if (by_place && !grantable(ctx, req->role, "role"))
        return ERR_INVALID;
    int code = grants_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_role_take, req, ret_reply);
    return settle(ctx, code, by_place ? &req->person_id : NULL);
}

int rights_take(struct ctx *ctx, const struct right_row *rows, uint32_t n, struct rights *ret_rights)
{
    struct rights rights = {.n = n, .until_us = INT64_MAX};
    struct grant *grants = arena_alloc(ctx->arena, (n + 1) * sizeof(*grants));
    if (!grants)
        return fail(ctx, ERR_TOO_LARGE, "grants");
    for (uint32_t i = 0; i < n; i++) {
        grants[i] = (struct grant){.unit_id = rows[i].unit_id, .roles = rows[i].roles};
        if (!HAS(&rows[i], right_row, ends))
            continue;
        int64_t ends_us = ((int64_t)rows[i].ends * DAY_S - HANOI_S) * 1000000;
        rights.until_us = ends_us < rights.until_us ? ends_us : rights.until_us;
    }
    rights.grants = grants;
    *ret_rights = rights;
    return 0;
}

int rights_of(struct ctx *ctx, struct uuid person_id, struct rights *ret_rights)
{
    struct grants_of whose = {.person_id = person_id, .learner = LEARNER, .national = NATIONAL};
    struct right_row *rows;
    uint32_t n;
    int code = pg_list(ctx, &SQL_rights_of, &whose, MOST_UNITS, &rows, &n);
    return code ? code : rights_take(ctx, rows, n, ret_rights);
}
