/* audit_hash.c - hash of an audit's row and signature of its head, see audit_hash.h. */
#include "audit_hash.h"
#include "codec.h"
#include <endian.h>
#include <sodium.h>

enum { HEAD_TEXT = 256 };

static void add_number(crypto_hash_sha256_state *state, uint64_t number)
{
    uint64_t wire = htobe64(number);
    crypto_hash_sha256_update(state, (const uint8_t *)&wire, sizeof(wire));
}

static void add_text(crypto_hash_sha256_state *state, bool present, struct span text)
{
    uint32_t wire = htobe32(present ? text.n : UINT32_MAX);
    crypto_hash_sha256_update(state, (const uint8_t *)&wire, sizeof(wire));
    if (present)
        crypto_hash_sha256_update(state, (const uint8_t *)text.p, text.n);
}

static void add_id(crypto_hash_sha256_state *state, bool present, const struct uuid *id)
{
    char text[UUID_TEXT];
    uuid_format(id, text);
    add_text(state, present, (struct span){text, UUID_TEXT - 1});
}

void audit_row_hash(const struct audit_row *row, const uint8_t *previous, uint8_t ret_hash[AUDIT_HASH])
{
    crypto_hash_sha256_state state;
    uint8_t detail[AUDIT_HASH];
    if (HAS(row, audit_row, detail))
        crypto_hash_sha256(detail, (const uint8_t *)row->detail.p, row->detail.n);
    else
        memcpy(detail, row->detail_hash.p, AUDIT_HASH);
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, previous, AUDIT_HASH);
    add_number(&state, row->seq);
    add_number(&state, (uint64_t)row->at);
    add_text(&state, true, row->action);
    add_id(&state, HAS(row, audit_row, actor), &row->actor);
    add_id(&state, HAS(row, audit_row, subject), &row->subject);
    crypto_hash_sha256_update(&state, detail, sizeof(detail));
    add_text(&state, HAS(row, audit_row, trace), row->trace);
    crypto_hash_sha256_final(&state, ret_hash);
}

static size_t head_text(const struct audit_head *head, char ret_text[HEAD_TEXT])
{
    char hex[2 * AUDIT_HASH + 1];
    sodium_bin2hex(hex, sizeof(hex), (const uint8_t *)head->hash.p, AUDIT_HASH);
    int n = snprintf(ret_text, HEAD_TEXT, "hocvu audit head\n%.*s\n%llu\n%lld\n%s\n", (int)head->service.n,
                     head->service.p, (unsigned long long)head->seq, (long long)head->at, hex);
    return n > 0 && n < HEAD_TEXT ? (size_t)n : 0;
}

void audit_head_sign(const uint8_t secret[JWS_SECRET], const struct audit_head *head,
                     uint8_t ret_signature[JWS_SIGNATURE])
{
    char text[HEAD_TEXT];
    crypto_sign_detached(ret_signature, NULL, (const uint8_t *)text, head_text(head, text), secret);
}

bool audit_head_signed_by(const uint8_t public[JWS_PUBLIC], const struct audit_head *head)
{
    char text[HEAD_TEXT];
    size_t n = head_text(head, text);
    return n && HAS(head, audit_head, signature) && head->signature.n == JWS_SIGNATURE &&
           !crypto_sign_verify_detached((const uint8_t *)head->signature.p, (const uint8_t *)text, n, public);
}
