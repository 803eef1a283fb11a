/* units.c - questions about the organisation tree, and its state as of today. */
#include "identity.h"

int on_units(struct ctx *ctx, const struct unit_query *req, struct unit_list *ret_reply)
{
    return pg_list(ctx, &SQL_units, req, 500, &ret_reply->units, &ret_reply->n_units);
}

int units_refresh(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_unit_now_refresh, NULL, NULL);
}
