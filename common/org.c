/* org.c - takes identity's events into a service's copy of the organisation. */
#include "org.h"
#include "common_rows.h"
#include "org_sql.h"

int org_apply_unit(struct ctx *ctx, const struct unit_fact *event)
{
    struct org_unit unit = {.unit_id = event->unit_id};
    int code = pg_call(ctx, &SQL_org_unit_put, event, NULL);
    return code ? code : pg_call(ctx, &SQL_org_unit_refresh, &unit, NULL);
}

int org_apply_tenure(struct ctx *ctx, const struct person_fact *event)
{
    int code = pg_call(ctx, &SQL_org_tenure_put, event, NULL);
    return code ? code : pg_call(ctx, &SQL_org_person_refresh, event, NULL);
}

int org_today(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_org_refresh_due, NULL, NULL);
}
