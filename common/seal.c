/* seal.c - keyed hash and box of a personal number, by libsodium. */
#include "seal.h"
#include <sodium.h>

int seal_key_parse(struct span hex, unsigned char ret_key[SEAL_KEY_BYTES])
{
    size_t n = 0;
    const char *end = NULL;
    if (sodium_hex2bin(ret_key, SEAL_KEY_BYTES, hex.p, hex.n, NULL, &n, &end) != 0 || n != SEAL_KEY_BYTES ||
        end != hex.p + hex.n)
        return -1;
    return 0;
}

void seal_key_id(const unsigned char key[SEAL_KEY_BYTES], char ret_id[SEAL_KEY_ID + 1])
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof(hash), key, SEAL_KEY_BYTES, (const unsigned char *)"key id", 6);
    sodium_bin2hex(ret_id, SEAL_KEY_ID + 1, hash, SEAL_KEY_ID / 2);
}

int seal_keys_parse(struct seal_keys *keys, struct span hash_hex, struct span box_hex)
{
    if (seal_key_parse(hash_hex, keys->hash_key) < 0 || seal_key_parse(box_hex, keys->box_public) < 0)
        return -1;
    seal_key_id(keys->hash_key, keys->hash_key_id);
    seal_key_id(keys->box_public, keys->box_key_id);
    keys->has_before = false;
    return 0;
}

int seal_keys_before(struct seal_keys *keys, struct span hash_hex)
{
    if (seal_key_parse(hash_hex, keys->before_key) < 0)
        return -1;
    seal_key_id(keys->before_key, keys->before_key_id);
    keys->has_before = sodium_memcmp(keys->before_key, keys->hash_key, SEAL_KEY_BYTES) != 0;
    return 0;
}

bool national_valid(struct span digits)
{
    if (digits.n != NATIONAL_DIGITS)
        return false;
    for (uint32_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
    }
    return true;
}

void national_hash(const struct seal_keys *keys, struct span digits, unsigned char ret_hash[SEAL_HASH_BYTES])
{
    crypto_generichash(ret_hash, SEAL_HASH_BYTES, (const unsigned char *)digits.p, digits.n, keys->hash_key,
                       SEAL_KEY_BYTES);
}

bool national_hash_before(const struct seal_keys *keys, struct span digits, unsigned char ret_hash[SEAL_HASH_BYTES])
{
    if (keys->has_before)
        crypto_generichash(ret_hash, SEAL_HASH_BYTES, (const unsigned char *)digits.p, digits.n, keys->before_key,
                           SEAL_KEY_BYTES);
    return keys->has_before;
}

int sealer_init(struct sealer *sealer, const struct seal_keys *keys)
{
    unsigned char secret[crypto_box_SECRETKEYBYTES];
    int result = -1;
    if (crypto_box_keypair(sealer->public, secret) == 0 &&
        crypto_box_beforenm(sealer->shared, keys->box_public, secret) == 0)
        result = 0; /* it fails for the few public keys that hide nothing */
    sodium_memzero(secret, sizeof(secret));
    return result;
}

void seal(const struct sealer *sealer, struct span digits, unsigned char ret_box[SEAL_BOX_BYTES])
{
    unsigned char *nonce = ret_box + sizeof(sealer->public), *text = nonce + crypto_box_NONCEBYTES;
    for (size_t i = 0; i < sizeof(sealer->public); i++)
        ret_box[i] = sealer->public[i];
    randombytes_buf(nonce, crypto_box_NONCEBYTES);
    (void)crypto_box_easy_afternm(text, (const unsigned char *)digits.p, NATIONAL_DIGITS, nonce, sealer->shared);
}

void sealer_release(struct sealer *sealer)
{
    sodium_memzero(sealer, sizeof(*sealer));
}

int seal_open(const unsigned char secret[SEAL_KEY_BYTES], struct span box, char ret_digits[NATIONAL_DIGITS])
{
    const unsigned char *p = (const unsigned char *)box.p;
    if (box.n != SEAL_BOX_BYTES)
        return -1;
    return crypto_box_open_easy((unsigned char *)ret_digits, p + 56, SEAL_BOX_BYTES - 56, p + 32, p, secret);
}
