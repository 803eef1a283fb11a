/* calendar.c - keeps holidays, see calendar.h. */
#include "calendar.h"
#include "calendar_sql.h"

int calendar_apply(struct ctx *ctx, const struct holidays *event)
{
    return pg_bulk(ctx, &SQL_calendar_days_put, event->days, event->n_days, 0, NULL, NULL);
}
