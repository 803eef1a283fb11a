/* grant.c - roles given and taken away within the caller's subtree. */
#include "identity.h"

/*
 * Who may give which role where: nobody gives or takes what he does not hold himself for that unit, except the national
 * operator. Checks the caller's own subtree, then narrows ctx->scope to the units for which the rule holds; the
 * statement tests the unit against that. 0 or fail().
 */
static int role_rule(struct ctx *ctx, uint32_t bit, struct uuid unit_id)
{
    const struct call_header *head = ctx->head;
    struct unit_ref ref = {.unit_id = unit_id}, found;
    int code = pg_call(ctx, &SQL_unit_in_scope, &ref, &found);
    if (code)
        return code == ERR_NOT_FOUND ? fail(ctx, ERR_FORBIDDEN, "unit_id") : code;
    ctx->n_scope = 0;
    for (uint32_t i = 0; i < head->n_grants && ctx->n_scope < sizeof(ctx->scope) / sizeof(ctx->scope[0]); i++) {
        if (head->grants[i].roles & (bit | NATIONAL_OPERATOR))
            ctx->scope[ctx->n_scope++] = head->grants[i].unit_id;
    }
    return 0;
}

static int change_role(struct ctx *ctx, const struct stmt *stmt, const struct role_change *req,
                       struct accepted *ret_reply)
{
    const struct role_row *role = role_find_name(req->role.p, req->role.n);
    if (!role || role->bit == LEARNER)
        return fail(ctx, ERR_INVALID, "role");
    struct role_step step = {
        .person_id = req->person_id,
        .role = {role->name, (uint32_t)strlen(role->name)},
        .bit = role->bit,
        .unit_id = req->unit_id,
        .reason = req->reason,
    };
    int code = role_rule(ctx, role->bit, req->unit_id);
    if (!code)
        code = pg_call(ctx, stmt, &step, ret_reply);
    if (code == ERR_FORBIDDEN)
        return audit_refuse(ctx, "role_refused", &req->person_id,
                            "the role or unit is not the caller's to give or take", code, ctx->fault.field);
    return code;
}

int on_role_grant(struct ctx *ctx, const struct role_change *req, struct accepted *ret_reply)
{
    return change_role(ctx, &SQL_role_give, req, ret_reply);
}

int on_role_revoke(struct ctx *ctx, const struct role_change *req, struct accepted *ret_reply)
{
    return change_role(ctx, &SQL_role_take, req, ret_reply);
}
