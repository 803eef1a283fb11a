/* audit.c - entries of the audit that do not belong to a statement of their own. */
#include "identity.h"

int audit_note(struct ctx *ctx, const char *action, const struct uuid *subject, struct span detail)
{
    struct audit_entry entry = {.action = {action, (uint32_t)strlen(action)}, .detail = detail};
    if (subject)
        PUT_FIELD(&entry, audit_entry, subject, *subject);
    return pg_call(ctx, &SQL_audit_note, &entry, NULL);
}

int audit_refuse(struct ctx *ctx, const char *action, const struct uuid *subject, const char *reason, int code,
                 const char *field)
{
    struct buf detail;
    buf_init(&detail, 1024);
    buf_add_text(&detail, "{\"reason\":");
    json_add_string(&detail, (struct span){reason, (uint32_t)strlen(reason)});
    buf_add_text(&detail, "}");
    log_warn(ctx->head->trace, "%s: %s", action, reason);
    /* The refusal stands even when the record of it cannot be written; the log has it. */
    if (detail.failed || audit_note(ctx, action, subject, buf_span(&detail)))
        log_error(ctx->head->trace, "a refusal could not be put into the audit");
    buf_release(&detail);
    return fail(ctx, code, field);
}
