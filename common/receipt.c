/* receipt.c - links, seals and signatures of receipts, see receipt.h. */
#include "receipt.h"
#include <endian.h>
#include <sodium.h>
#include <stdio.h>

/* From 1970 to 2000, microseconds. */
#define EPOCH_2000 INT64_C(946684800000000)

static void add_u64(crypto_hash_sha256_state *state, uint64_t value)
{
    uint64_t wire = htobe64(value);
    crypto_hash_sha256_update(state, (const uint8_t *)&wire, sizeof(wire));
}

void receipt_first(const struct uuid *attempt, const struct uuid *person, const struct uuid *form, int64_t seed,
                   int64_t started_us, uint8_t ret_link[RECEIPT_LINK])
{
    static const char name[] = "hocvu-attempt-1";
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)name, sizeof(name) - 1);
    crypto_hash_sha256_update(&state, attempt->b, sizeof(attempt->b));
    crypto_hash_sha256_update(&state, person->b, sizeof(person->b));
    crypto_hash_sha256_update(&state, form->b, sizeof(form->b));
    add_u64(&state, (uint64_t)seed);
    add_u64(&state, (uint64_t)(started_us - EPOCH_2000));
    crypto_hash_sha256_final(&state, ret_link);
}

void receipt_link(const uint8_t before[RECEIPT_LINK], uint16_t position, uint32_t revision, int64_t saved_us,
                  struct span response, uint8_t ret_link[RECEIPT_LINK])
{
    crypto_hash_sha256_state state;
    uint32_t place = htobe32(position);
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, before, RECEIPT_LINK);
    crypto_hash_sha256_update(&state, (const uint8_t *)&place, sizeof(place));
    add_u64(&state, revision);
    add_u64(&state, (uint64_t)(saved_us - EPOCH_2000));
    crypto_hash_sha256_update(&state, (const uint8_t *)response.p, response.n);
    crypto_hash_sha256_final(&state, ret_link);
}

void receipt_seal(const uint8_t key[RECEIPT_KEY], const uint8_t link[RECEIPT_LINK], uint8_t ret_seal[RECEIPT_LINK])
{
    crypto_generichash(ret_seal, RECEIPT_LINK, link, RECEIPT_LINK, key, RECEIPT_KEY);
}

enum { HEAD_NAME = 12, HEAD_MESSAGE = HEAD_NAME + 16 + 8 + 8 + RECEIPT_LINK };

static void head_message(const struct uuid *attempt, int64_t ended_us, uint64_t answers,
                         const uint8_t head[RECEIPT_LINK], uint8_t ret_message[HEAD_MESSAGE])
{
    uint64_t end = htobe64((uint64_t)(ended_us - EPOCH_2000)), count = htobe64(answers);
    memcpy(ret_message, "hocvu-head-1", HEAD_NAME);
    memcpy(ret_message + HEAD_NAME, attempt->b, 16);
    memcpy(ret_message + HEAD_NAME + 16, &end, 8);
    memcpy(ret_message + HEAD_NAME + 24, &count, 8);
    memcpy(ret_message + HEAD_NAME + 32, head, RECEIPT_LINK);
}

void receipt_sign(const uint8_t secret[JWS_SECRET], const struct uuid *attempt, int64_t ended_us, uint64_t answers,
                  const uint8_t head[RECEIPT_LINK], uint8_t ret_signature[RECEIPT_SIGNATURE])
{
    uint8_t message[HEAD_MESSAGE];
    head_message(attempt, ended_us, answers, head, message);
    crypto_sign_detached(ret_signature, NULL, message, sizeof(message), secret);
}

int receipt_verify(const uint8_t public_key[JWS_PUBLIC], const struct uuid *attempt, int64_t ended_us, uint64_t answers,
                   const uint8_t head[RECEIPT_LINK], const uint8_t signature[RECEIPT_SIGNATURE])
{
    uint8_t message[HEAD_MESSAGE];
    head_message(attempt, ended_us, answers, head, message);
    return crypto_sign_verify_detached(signature, message, sizeof(message), public_key);
}
