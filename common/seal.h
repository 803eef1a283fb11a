/*
 * seal.h - the twelve digits of a personal number: a keyed hash finds them, a box keeps them. The service can make
 * boxes and cannot open them: it has the public key only.
 *
 * Beside each hash and each box stands the id of the key that made it. While the key of the hashes is being changed
 * (hocvu keys rotate), some rows have the present key's hash and some the one before: whoever looks for a number
 * computes both (national_hash_before) and looks for either; whoever writes uses the present one.
 */
#ifndef COMMON_SEAL_H
#define COMMON_SEAL_H

#include "arena.h"

enum {
    NATIONAL_DIGITS = 12,
    SEAL_HASH_BYTES = 32,
    SEAL_KEY_BYTES = 32,
    SEAL_KEY_ID = 8, /* hex digits of a key's id, which stands beside what the key made */
    /* public key of the sealer, nonce, tag and digits */
    SEAL_BOX_BYTES = 32 + 24 + 16 + NATIONAL_DIGITS,
};

struct seal_keys {
    unsigned char hash_key[SEAL_KEY_BYTES];
    unsigned char box_public[SEAL_KEY_BYTES];
    char hash_key_id[SEAL_KEY_ID + 1];
    char box_key_id[SEAL_KEY_ID + 1];
    bool has_before; /* the key of the hashes is being changed: */
    unsigned char before_key[SEAL_KEY_BYTES];
    char before_key_id[SEAL_KEY_ID + 1];
};

/* The keys as their files hold them, lower-case hex. -1: not 32 bytes of hex. */
MUST_CHECK int seal_keys_parse(struct seal_keys *keys, struct span hash_hex, struct span box_hex);
/* Adds the key of the hashes before the present one. -1: not 32 bytes of hex. The present key itself is not added. */
MUST_CHECK int seal_keys_before(struct seal_keys *keys, struct span hash_hex);
/* 32 bytes as a file holds them. -1 if not. */
MUST_CHECK int seal_key_parse(struct span hex, unsigned char ret_key[SEAL_KEY_BYTES]);
/* Says nothing about the key but which one it is; of a box key the public half is named. */
void seal_key_id(const unsigned char key[SEAL_KEY_BYTES], char ret_id[SEAL_KEY_ID + 1]);

/* Twelve ASCII digits? */
bool national_valid(struct span digits);
/* The keyed BLAKE2b-256 by which a number is found. The digits are valid. */
void national_hash(const struct seal_keys *keys, struct span digits, unsigned char ret_hash[SEAL_HASH_BYTES]);
/* The hash by the key before; false, and nothing written, when there is none. */
bool national_hash_before(const struct seal_keys *keys, struct span digits, unsigned char ret_hash[SEAL_HASH_BYTES]);

/*
 * Makes boxes: an ephemeral key pair whose secret half dies with the sealer, so that afterwards only the holder of the
 * box key's secret can open them. A libsodium sealed box makes such a pair for every message, which costs 77 us each
 * and would take a large roster past its time limit; one pair for each import costs the same once. A box is ephemeral
 * public key, nonce, crypto_box of the digits.
 */
struct sealer {
    unsigned char public[32];
    unsigned char shared[32];
};

/* -1: this public key would hide nothing. */
MUST_CHECK int sealer_init(struct sealer *sealer, const struct seal_keys *keys);
void seal(const struct sealer *sealer, struct span digits, unsigned char ret_box[SEAL_BOX_BYTES]);
/* Forgets the secret. */
void sealer_release(struct sealer *sealer);

/* Opens a box with the box key's secret half: for the operator's tools and the tests. -1: not a box of this key. */
MUST_CHECK int seal_open(const unsigned char secret[SEAL_KEY_BYTES], struct span box, char ret_digits[NATIONAL_DIGITS]);

#endif
