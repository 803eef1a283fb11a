/* merged.c - two persons on record are one, says identity. */
#include "org.h"
#include "sql.h"

int on_event_person_merged(struct ctx *ctx, const struct person_union *event)
{
    int code = org_apply_merge(ctx, event);
    return code ? code : pg_call(ctx, &SQL_standing_unite, event, NULL);
}
