/* announced.c - takes in what others announce, so that no call has to wait for them. */
#include "org.h"
#include "rows.h"
#include "sql.h"

int on_event_programme_published(struct ctx *ctx, const struct programme *event)
{
    return pg_call(ctx, &SQL_programme_keep, event, NULL);
}

int on_event_framework_published(struct ctx *ctx, const struct framework_fact *event)
{
    struct framework_row *rows = arena_alloc(ctx->arena, event->n_groups * sizeof(*rows));
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "groups");
    for (uint32_t i = 0; i < event->n_groups; i++) {
        rows[i] = (struct framework_row){.framework_id = event->framework_id,
                                         .code = event->code,
                                         .label = event->label,
                                         .skill_group = event->groups[i].code};
    }
    return pg_bulk(ctx, &SQL_framework_keep, rows, event->n_groups, 0, NULL, NULL);
}

int on_event_learner_assigned(struct ctx *ctx, const struct enrolment_fact *event)
{
    return pg_call(ctx, &SQL_enrolment_keep, event, NULL);
}

int on_event_programme_completed(struct ctx *ctx, const struct completion_fact *event)
{
    return pg_call(ctx, &SQL_completion_keep, event, NULL);
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

int on_event_person_erased(struct ctx *ctx, const struct erasure_fact *event)
{
    return org_apply_erased(ctx, event, NULL);
}
