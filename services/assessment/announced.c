/* announced.c - takes in what content and learning announce, so that no call has to wait for them. */
#include "service.h"
#include "sql.h"

int on_event_programme_published(struct ctx *ctx, const struct programme *event)
{
    return pg_call(ctx, &SQL_programme_keep, event, NULL);
}

int on_event_item_published(struct ctx *ctx, const struct item_source *event)
{
    return pg_call(ctx, &SQL_item_keep, event, NULL);
}

int on_event_item_bank_published(struct ctx *ctx, const struct bank_fact *event)
{
    return pg_call(ctx, &SQL_bank_keep, event, NULL);
}

int on_event_programme_completed(struct ctx *ctx, const struct completion_fact *event)
{
    return pg_call(ctx, &SQL_completion_keep, event, NULL);
}
