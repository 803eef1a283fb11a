/* witness.c - keeps the heads of reporting's audit; reporting keeps those of all others. */
#include "audit.h"

int on_event_reporting_audit_headed(struct ctx *ctx, const struct audit_head *event)
{
    return audit_witness(ctx, event);
}
