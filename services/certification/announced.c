/* announced.c - takes in what others announce: programmes, the organisation, who has passed, and who has not after all.
 */
#include "org.h"
#include "rows.h"
#include "sql.h"

int on_event_programme_published(struct ctx *ctx, const struct programme *event)
{
    return pg_call(ctx, &SQL_programme_keep, event, NULL);
}

/* An attempt is no pass any more: its certificate goes, and another attempt that is one earns the next. */
static int withdraw(struct ctx *ctx, const struct earned *earned)
{
    int code = pg_call(ctx, &SQL_due_drop, earned, NULL);
    if (!code)
        code = pg_call(ctx, &SQL_certificate_withdraw, earned, NULL);
    return code ? code : pg_call(ctx, &SQL_due_keep, earned, NULL);
}

int on_event_attempt_graded(struct ctx *ctx, const struct grade_fact *event)
{
    struct earned earned = {
        .person_id = event->person_id, .programme_id = event->programme_id, .cause = SPAN("result_corrected")};
    if (!event->passed && event->result_version == 1)
        return 0;
    int code = pg_call(ctx, &SQL_attempt_keep, event, NULL);
    if (code)
        return code;
    return event->passed ? pg_call(ctx, &SQL_due_keep, &earned, NULL) : withdraw(ctx, &earned);
}

int on_event_attempt_voided(struct ctx *ctx, const struct void_fact *event)
{
    struct earned earned = {
        .person_id = event->person_id, .programme_id = event->programme_id, .cause = SPAN("attempt_voided")};
    int code = pg_call(ctx, &SQL_attempt_void, event, NULL);
    return code ? code : withdraw(ctx, &earned);
}

int on_event_org_changed(struct ctx *ctx, const struct unit_fact *event)
{
    return org_apply_unit(ctx, event);
}

int on_event_people_changed(struct ctx *ctx, const struct person_facts *event)
{
    return org_apply_people(ctx, event);
}

int on_event_person_restricted(struct ctx *ctx, const struct restriction_fact *event)
{
    return org_apply_restricted(ctx, event, NULL);
}

/* Nothing more is issued to who was erased; what was issued stays as it is. */
int on_event_person_erased(struct ctx *ctx, const struct erasure_fact *event)
{
    int code = org_apply_erased(ctx, event, NULL);
    return code ? code : pg_call(ctx, &SQL_due_forget, event, NULL);
}
