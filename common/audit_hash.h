/*
 * audit_hash.h - the chain of an audit, for who verifies it: hash of a row and signature of a head. The database makes
 * the chain by its own implementation (migrations/deploy/audit.sql); this one shares no line with it.
 *
 * Hash of a row: SHA-256 over the hash of the row before it (32 zero bytes before the first), number (8 bytes,
 * big-endian), time in microseconds since 1970 (8), then action, actor, subject, each as length (4) and text, ids in
 * lower-case hex with dashes, absent ones as length -1; then SHA-256 of the detail's text (32); then the trace id as
 * those before.
 *
 * A head's signature: Ed25519 over "hocvu audit head\n<service>\n<number>\n<microseconds>\n<hash in hex>\n".
 */
#ifndef COMMON_AUDIT_HASH_H
#define COMMON_AUDIT_HASH_H

#include "jws.h"
#include "proto.h"

enum { AUDIT_HASH = 32 };

/*
 * The hash that this row must have after `previous` (AUDIT_HASH bytes). The detail counts by its text where the row has
 * it, by detail_hash where it is too long to travel.
 */
void audit_row_hash(const struct audit_row *row, const uint8_t *previous, uint8_t ret_hash[AUDIT_HASH]);

void audit_head_sign(const uint8_t secret[JWS_SECRET], const struct audit_head *head,
                     uint8_t ret_signature[JWS_SIGNATURE]);
/* Did this key sign it? */
bool audit_head_signed_by(const uint8_t public[JWS_PUBLIC], const struct audit_head *head);

#endif
