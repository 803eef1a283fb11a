/* witness.c - keeps the heads of the other services' audits, so that none of them can be made anew unseen. */
#include "audit.h"

int on_event_identity_audit_headed(struct ctx *ctx, const struct audit_head *event)
{
    return audit_witness(ctx, event);
}

int on_event_content_audit_headed(struct ctx *ctx, const struct audit_head *event)
{
    return audit_witness(ctx, event);
}

int on_event_learning_audit_headed(struct ctx *ctx, const struct audit_head *event)
{
    return audit_witness(ctx, event);
}

int on_event_assessment_audit_headed(struct ctx *ctx, const struct audit_head *event)
{
    return audit_witness(ctx, event);
}

int on_event_certification_audit_headed(struct ctx *ctx, const struct audit_head *event)
{
    return audit_witness(ctx, event);
}

int on_event_sync_audit_headed(struct ctx *ctx, const struct audit_head *event)
{
    return audit_witness(ctx, event);
}
