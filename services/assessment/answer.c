/* answer.c - saves answers, a batch at a time, and gives a receipt for each. */
#include "assessment.h"
#include "rows.h"
#include "sql.h"
#include <endian.h>
#include <sodium.h>

/*
 * Digest of a receipt: BLAKE2b-256, keyed, over attempt id (16 bytes), position (2), revision (4), saved_at (8,
 * microseconds since 1970), all big-endian, then the response. The response is the only part without a fixed length.
 */
static void receipt_digest(const struct assessment_conf *conf, const struct answer_save *answer, int64_t saved_at,
                           uint8_t ret_digest[RECEIPT_DIGEST])
{
    crypto_generichash_state state;
    uint16_t position = htobe16(answer->position);
    uint32_t revision = htobe32(answer->revision);
    uint64_t at = htobe64((uint64_t)saved_at);
    crypto_generichash_init(&state, conf->key, sizeof(conf->key), RECEIPT_DIGEST);
    crypto_generichash_update(&state, answer->attempt_id.b, sizeof(answer->attempt_id.b));
    crypto_generichash_update(&state, (const uint8_t *)&position, sizeof(position));
    crypto_generichash_update(&state, (const uint8_t *)&revision, sizeof(revision));
    crypto_generichash_update(&state, (const uint8_t *)&at, sizeof(at));
    crypto_generichash_update(&state, (const uint8_t *)answer->response.p, answer->response.n);
    crypto_generichash_final(&state, ret_digest, RECEIPT_DIGEST);
}

int on_answer_save(struct ctx *ctx, struct batch *batch, const struct answer_save *req,
                   struct answer_receipt *ret_reply)
{
    struct answer_stored *stored = arena_alloc(ctx->arena, batch->n * sizeof(*stored));
    uint8_t *digests = arena_alloc(ctx->arena, batch->n * RECEIPT_DIGEST);
    if (!stored || !digests)
        return fail(ctx, ERR_TOO_LARGE, "response");
    int code = pg_batch(ctx, batch, &SQL_answer_save, req, stored);
    for (size_t i = 0; !code && i < batch->n; i++) {
        uint8_t *digest = digests + i * RECEIPT_DIGEST;
        if (batch->fault[i].code)
            continue;
        receipt_digest(ctx->conf, &req[i], stored[i].saved_at, digest);
        ret_reply[i] = (struct answer_receipt){.attempt_id = req[i].attempt_id,
                                               .position = req[i].position,
                                               .revision = req[i].revision,
                                               .saved_at = stored[i].saved_at,
                                               .digest = {(const char *)digest, RECEIPT_DIGEST}};
    }
    return code;
}
