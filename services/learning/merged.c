/* merged.c - two persons on record are one, says identity. */
#include "learning.h"
#include "org.h"

int on_event_person_merged(struct ctx *ctx, const struct person_union *event)
{
    int code = org_apply_merge(ctx, event);
    if (!code)
        code = pg_call(ctx, &SQL_progress_unite, event, NULL);
    if (!code)
        code = pg_call(ctx, &SQL_enrolment_unite, event, NULL);
    return code ? code : pg_call(ctx, &SQL_programmes_finish, event, NULL);
}
