/* partner_box.c - RSA and AES by OpenSSL, base64 by libsodium, which takes only one spelling of each text. */
#include "partner_box.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { AES_KEY = 32, BLOCK = 16, MODULUS_MAX = 1024, WRAPPED_MAX = 2048, DATA_MAX = 1 << 20 };

struct partner_key {
    EVP_PKEY *pkey;
};

struct partner_key *partner_key_read(const char *pem, size_t n, const char **ret_why)
{
    BIO *bio = n && n <= INT32_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "") : NULL;
    struct partner_key *key = NULL;
    BIO_free(bio);
    if (!pkey || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA)
        *ret_why = "must name a file with an RSA private key in PEM, without a password.";
    else if (EVP_PKEY_get_bits(pkey) < PARTNER_RSA_MIN_BITS || EVP_PKEY_get_size(pkey) > MODULUS_MAX)
        *ret_why = "the RSA key must have 2048 to 8192 bits.";
    else if (!(key = malloc(sizeof(*key))))
        *ret_why = "out of memory.";
    if (!key) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    key->pkey = pkey;
    return key;
}

void partner_key_free(struct partner_key *key)
{
    if (key)
        EVP_PKEY_free(key->pkey);
    free(key);
}

int partner_key_bits(const struct partner_key *key)
{
    return EVP_PKEY_get_bits(key->pkey);
}

static int read_base64(const char *text, size_t n, unsigned char *out, size_t room, size_t *ret_n)
{
    return sodium_base642bin(out, room, text, n, NULL, ret_n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 ? 0 : -1;
}

/*
 * The AES key, or a random one when there is none to be had (Bleichenbacher: no difference may show). The choice does
 * not branch; the padding check itself is OpenSSL's, which does not branch on the plain text either.
 */
static int unwrap(const struct partner_key *key, const unsigned char *wrapped, size_t n, unsigned char ret_aes[AES_KEY])
{
    unsigned char plain[MODULUS_MAX] = {0};
    size_t n_plain = sizeof(plain);
    randombytes_buf(ret_aes, AES_KEY);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
    if (!ctx || EVP_PKEY_decrypt_init(ctx) <= 0 || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) <= 0) {
        EVP_PKEY_CTX_free(ctx);
        return -1;
    }
    int done = EVP_PKEY_decrypt(ctx, plain, &n_plain, wrapped, n);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    unsigned bad = (unsigned)(done <= 0) | (unsigned)(n_plain != AES_KEY);
    volatile unsigned char mask = (unsigned char)(bad - 1u); /* 0xff: good */
    for (size_t i = 0; i < AES_KEY; i++)
        ret_aes[i] = (unsigned char)((plain[i] & mask) | (ret_aes[i] & (unsigned char)~mask));
    sodium_memzero(plain, sizeof(plain));
    return 0;
}

/* Decrypts n bytes, whole blocks, in place. */
static int decrypt(const unsigned char aes[AES_KEY], unsigned char *bytes, size_t n)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    unsigned char tail[BLOCK];
    int done = 0, end = 0;
    bool good = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_ecb(), NULL, aes, NULL) == 1 &&
                EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 && EVP_DecryptUpdate(ctx, bytes, &done, bytes, (int)n) == 1 &&
                EVP_DecryptFinal_ex(ctx, tail, &end) == 1 && (size_t)done == n && end == 0;
    EVP_CIPHER_CTX_free(ctx);
    return good ? 0 : -1;
}

/* PKCS#7: 1 to 16 bytes, each with their number. Gives the length without them, SIZE_MAX when it is not so. */
static size_t unpadded(const unsigned char *bytes, size_t n)
{
    size_t pad = bytes[n - 1];
    unsigned wrong = pad < 1 || pad > BLOCK;
    for (size_t i = 1; i <= BLOCK; i++)
        wrong |= (unsigned)(i <= pad) & (unsigned)(bytes[n - i] != pad);
    return wrong ? SIZE_MAX : n - pad;
}

int partner_box_open(const struct partner_key *key, const char *data, size_t n_data, const char *wrapped,
                     size_t n_wrapped, unsigned char *out, size_t *ret_n)
{
    unsigned char aes[AES_KEY], raw[WRAPPED_MAX];
    size_t n_raw = 0, n = 0;
    if (n_data > DATA_MAX || read_base64(data, n_data, out, n_data, &n) < 0 || n == 0 || n % BLOCK)
        return -1;
    if (read_base64(wrapped, n_wrapped, raw, sizeof(raw), &n_raw) < 0 || unwrap(key, raw, n_raw, aes) < 0)
        return -1;
    int failed = decrypt(aes, out, n);
    sodium_memzero(aes, sizeof(aes));
    size_t length = failed ? SIZE_MAX : unpadded(out, n);
    if (length == SIZE_MAX) {
        sodium_memzero(out, n);
        return -1;
    }
    *ret_n = length;
    return 0;
}

bool partner_box_hash(const char *provider, const char *wrapped, size_t n_wrapped, unsigned char ret[PARTNER_KEY_HASH])
{
    unsigned char raw[WRAPPED_MAX];
    size_t n = 0;
    crypto_hash_sha256_state state;
    if (read_base64(wrapped, n_wrapped, raw, sizeof(raw), &n) < 0)
        return false;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)provider, strlen(provider) + 1);
    crypto_hash_sha256_update(&state, raw, n);
    crypto_hash_sha256_final(&state, ret);
    return true;
}

static int wrap(const struct partner_key *key, const unsigned char aes[AES_KEY], unsigned char *out, size_t *n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
    bool good = ctx && EVP_PKEY_encrypt_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
                EVP_PKEY_encrypt(ctx, out, n, aes, AES_KEY) > 0;
    EVP_PKEY_CTX_free(ctx);
    return good ? 0 : -1;
}

int partner_box_make(const struct partner_key *key, const unsigned char *plain, size_t n, char *data, size_t data_room,
                     char *wrapped, size_t wrapped_room)
{
    unsigned char aes[AES_KEY], raw[MODULUS_MAX];
    size_t n_raw = sizeof(raw);
    int done = 0, end = 0;
    unsigned char *cipher = n <= DATA_MAX ? malloc(n + BLOCK) : NULL;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    randombytes_buf(aes, sizeof(aes));
    bool good = cipher && ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_ecb(), NULL, aes, NULL) == 1 &&
                EVP_EncryptUpdate(ctx, cipher, &done, plain, (int)n) == 1 &&
                EVP_EncryptFinal_ex(ctx, cipher + done, &end) == 1 && wrap(key, aes, raw, &n_raw) == 0 &&
                data_room >= sodium_base64_encoded_len((size_t)(done + end), sodium_base64_VARIANT_ORIGINAL) &&
                wrapped_room >= sodium_base64_encoded_len(n_raw, sodium_base64_VARIANT_ORIGINAL);
    if (good) {
        sodium_bin2base64(data, data_room, cipher, (size_t)(done + end), sodium_base64_VARIANT_ORIGINAL);
        sodium_bin2base64(wrapped, wrapped_room, raw, n_raw, sodium_base64_VARIANT_ORIGINAL);
    }
    EVP_CIPHER_CTX_free(ctx);
    free(cipher);
    sodium_memzero(aes, sizeof(aes));
    return good ? 0 : -1;
}
