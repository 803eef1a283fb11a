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

int org_apply_people(struct ctx *ctx, const struct person_facts *event)
{
    int code = pg_bulk(ctx, &SQL_org_tenures_put, event->people, event->n_people, 0, NULL, NULL);
    return code ? code : pg_bulk(ctx, &SQL_org_people_refresh, event->people, event->n_people, 0, NULL, NULL);
}

int org_apply_merge(struct ctx *ctx, const struct person_union *event)
{
    return pg_call(ctx, &SQL_org_alias_put, event, NULL);
}

int org_apply_restricted(struct ctx *ctx, const struct restriction_fact *event, bool *ret_news)
{
    struct org_news row;
    int code = pg_call(ctx, &SQL_org_restricted_put, event, &row);
    if (!code && ret_news)
        *ret_news = row.news;
    return code;
}

int org_apply_erased(struct ctx *ctx, const struct erasure_fact *event, bool *ret_news)
{
    struct org_news row;
    int code = pg_call(ctx, &SQL_org_erased_put, event, &row);
    if (!code && ret_news)
        *ret_news = row.news;
    return code;
}

int org_today(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_org_refresh_due, NULL, NULL);
}
