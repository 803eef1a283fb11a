/* upload.c - files that come in parts; what they are for is the business of who asks for their import. */
#include "identity.h"

int on_upload_open(struct ctx *ctx, const struct upload_open *req, struct upload_state *ret_reply)
{
    return pg_call(ctx, &SQL_upload_open, req, ret_reply);
}

int on_upload_part(struct ctx *ctx, const struct upload_part *req, struct upload_state *ret_reply)
{
    return pg_call(ctx, &SQL_upload_part, req, ret_reply);
}

int on_upload_get(struct ctx *ctx, const struct upload_ref *req, struct upload_state *ret_reply)
{
    return pg_call(ctx, &SQL_upload_get, req, ret_reply);
}

int uploads_prune(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_uploads_prune, NULL, NULL);
}
