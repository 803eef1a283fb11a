/*
 * receipt.h - the chain of receipts of an attempt: how a link is made, sealed and signed. The service makes them,
 * anyone can check them.
 *
 * All numbers big-endian, times in microseconds since 2000-01-01 00:00 UTC (as PostgreSQL sends them).
 *
 *   first     SHA-256 over "hocvu-attempt-1" (15 bytes), attempt id (16), person id (16), form id (16), seed (8),
 *             start (8)
 *   link      SHA-256 over the link before (32), position (4), revision (8), time saved (8), response
 *   seal      BLAKE2b-256 of a link, keyed by the service
 *   signature Ed25519 (key and its name: jws.h) over "hocvu-head-1" (12 bytes), attempt id (16), end (8), number of
 * receipts (8), head (32)
 *
 * The statement that stores an answer makes its link in the database (services/assessment/answer.sql); this file is the
 * second, independent form of the same rule.
 */
#ifndef COMMON_RECEIPT_H
#define COMMON_RECEIPT_H

#include "jws.h"

enum {
    RECEIPT_LINK = 32,
    RECEIPT_KEY = 32,
    RECEIPT_SIGNATURE = JWS_SIGNATURE,
};

void receipt_first(const struct uuid *attempt, const struct uuid *person, const struct uuid *form, int64_t seed,
                   int64_t started_us, uint8_t ret_link[RECEIPT_LINK]);
/* `ret_link` may be `before`. Times as everywhere in this code: microseconds since 1970. */
void receipt_link(const uint8_t before[RECEIPT_LINK], uint16_t position, uint32_t revision, int64_t saved_us,
                  struct span response, uint8_t ret_link[RECEIPT_LINK]);
void receipt_seal(const uint8_t key[RECEIPT_KEY], const uint8_t link[RECEIPT_LINK], uint8_t ret_seal[RECEIPT_LINK]);
void receipt_sign(const uint8_t secret[JWS_SECRET], const struct uuid *attempt, int64_t ended_us, uint64_t answers,
                  const uint8_t head[RECEIPT_LINK], uint8_t ret_signature[RECEIPT_SIGNATURE]);
/* 0, or -1 when the signature is not of this key and content. */
MUST_CHECK int receipt_verify(const uint8_t public_key[JWS_PUBLIC], const struct uuid *attempt, int64_t ended_us,
                              uint64_t answers, const uint8_t head[RECEIPT_LINK],
                              const uint8_t signature[RECEIPT_SIGNATURE]);

#endif
