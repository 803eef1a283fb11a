/*
 * request.c - what a person may ask about his or her own data, and what the officer does about it, within the time that
 * the law gives. Clocks and retention are rows (migrations/deploy/requests.sql); the work behind access and erase is
 * the job's (archive.c).
 */
#include "access.h"
#include "calendar.h"
#include "identity.h"

enum { PAGE = 100, RULES_MOST = 200 };

static bool is_one_of(struct span text, const char *const *words)
{
    for (; *words; words++) {
        if (text.n == strlen(*words) && !memcmp(text.p, *words, text.n))
            return true;
    }
    return false;
}

int on_data_request(struct ctx *ctx, const struct data_request_draft *req, struct data_request_row *ret_reply)
{
    static const char *const kinds[] = {"access", "rectify", "restrict", "erase", "object", NULL};
    if (!is_one_of(req->kind, kinds))
        return fail(ctx, ERR_INVALID, "kind");
    return pg_call(ctx, &SQL_request_add, req, ret_reply);
}

int on_my_data_requests(struct ctx *ctx, const struct empty *req, struct data_request_list *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_my_requests, NULL, PAGE, &ret_reply->requests, &ret_reply->n_requests);
}

int on_data_requests(struct ctx *ctx, const struct data_request_query *req, struct data_request_list *ret_reply)
{
    int code = pg_list(ctx, &SQL_requests_page, req, PAGE, &ret_reply->requests, &ret_reply->n_requests);
    return code ? code : access_note_list(ctx, ret_reply->requests, ret_reply->n_requests, NULL);
}

int on_data_requests_open(struct ctx *ctx, const struct empty *req, struct data_request_list *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_requests_open, NULL, PAGE, &ret_reply->requests, &ret_reply->n_requests);
}

int on_data_request_step(struct ctx *ctx, const struct data_request_step *req, struct data_request_row *ret_reply)
{
    static const char *const steps[] = {"acknowledge", "grant", "refuse", "lift", NULL};
    if (!is_one_of(req->step, steps))
        return fail(ctx, ERR_INVALID, "step");
    int code = pg_call(ctx, &SQL_request_step, req, ret_reply);
    if (code == ERR_FORBIDDEN || code == ERR_SAME_PERSON)
        return audit_refuse(ctx, "data_step_refused", NULL, "the request is not the caller's to decide", code,
                            ctx->fault.field);
    if (!code)
        job_wake(ctx);
    return code == ERR_NOT_FOUND ? fail(ctx, code, "request_id") : code;
}

int on_data_request_withdraw(struct ctx *ctx, const struct data_request_withdrawal *req,
                             struct data_request_row *ret_reply)
{
    int code = pg_call(ctx, &SQL_request_withdraw, req, ret_reply);
    return code == ERR_NOT_FOUND ? fail(ctx, code, "request_id") : code;
}

int on_data_archive(struct ctx *ctx, const struct archive_query *req, struct file *ret_reply)
{
    return pg_call(ctx, &SQL_archive_read, req, ret_reply);
}

int on_retention(struct ctx *ctx, const struct empty *req, struct retention_list *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_retention_rules, NULL, RULES_MOST, &ret_reply->rules, &ret_reply->n_rules);
}

int on_calendar_put(struct ctx *ctx, const struct holidays *req, struct accepted *ret_reply)
{
    int code = pg_begin(ctx);
    if (!code)
        code = calendar_apply(ctx, req);
    if (!code)
        code = pg_bulk(ctx, &SQL_calendar_tell, req->days, req->n_days, 0, NULL, NULL);
    if (!code)
        code = audit_note(ctx, "calendar_put", NULL, SPAN("{}"));
    if (!code)
        code = pg_commit(ctx);
    if (!code)
        ret_reply->ok = true;
    return code;
}
