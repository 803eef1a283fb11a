/* register.c - looks certificates up and revokes them. Numbers are taken as people write them. */
#include "certification.h"
#include "sql.h"

/* As the lists are declared. */
enum { MINE_MAX = 200, KEYS_MAX = 16 };

/* The canonical number, in the caller's buffer; a wrong check character never reaches the database. */
static int read_number(struct ctx *ctx, struct span text, char number[NUMBER_TEXT], struct certificate_query *ret_query)
{
    if (number_read(text, number) < 0)
        return fail(ctx, ERR_INVALID, "number");
    *ret_query = (struct certificate_query){.number = {number, NUMBER_TEXT - 1}};
    return 0;
}

int on_my_certificates(struct ctx *ctx, const struct empty *req, struct certificate_list *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_my_certificates, NULL, MINE_MAX, &ret_reply->certificates, &ret_reply->n_certificates);
}

int on_my_certificate_document(struct ctx *ctx, const struct certificate_query *req, struct file *ret_reply)
{
    char number[NUMBER_TEXT];
    struct certificate_query query;
    int code = read_number(ctx, req->number, number, &query);
    return code ? code : pg_call(ctx, &SQL_my_document, &query, ret_reply);
}

int on_certificate_check(struct ctx *ctx, const struct certificate_query *req, struct certificate_status *ret_reply)
{
    char number[NUMBER_TEXT];
    struct certificate_query query;
    int code = read_number(ctx, req->number, number, &query);
    return code ? code : pg_call(ctx, &SQL_certificate_status, &query, ret_reply);
}

/*
 * The register is asked for these very bytes, so nothing in a stranger's document has to be parsed; the signature says
 * that what the register holds was made with the key.
 */
int on_certificate_verify(struct ctx *ctx, const struct certificate_document *req, struct certificate_status *ret_reply)
{
    struct registered found;
    int code = pg_call(ctx, &SQL_document_registered, req, &found);
    if (code && code != ERR_NOT_FOUND)
        return code;
    if (code || !document_signed_by(req->document, found.public_key))
        return fail(ctx, ERR_INVALID, "document");
    struct certificate_query query = {.number = found.number};
    return pg_call(ctx, &SQL_certificate_status, &query, ret_reply);
}

int on_certificate_revoke(struct ctx *ctx, const struct certificate_revocation *req,
                          struct certificate_status *ret_reply)
{
    char number[NUMBER_TEXT];
    struct certificate_query query = {0};
    int code = read_number(ctx, req->number, number, &query);
    struct certificate_revocation revocation = {.number = query.number, .reason = req->reason};
    if (!code)
        code = pg_call(ctx, &SQL_certificate_revoke, &revocation, &query);
    return code ? code : pg_call(ctx, &SQL_certificate_status, &query, ret_reply);
}

int on_certificate_keys(struct ctx *ctx, const struct empty *req, struct public_keys *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_certificate_keys, NULL, KEYS_MAX, &ret_reply->keys, &ret_reply->n_keys);
}
