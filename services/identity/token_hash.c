/* token_hash.c - digests by OpenSSL; libsodium has no SHA-384. */
#include "token_hash.h"
#include <openssl/evp.h>
#include <string.h>

static const EVP_MD *digest_of(const char *alg)
{
    size_t n = strlen(alg);
    const char *digits = n >= 3 ? alg + n - 3 : "";
    if (!strcmp(digits, "256"))
        return EVP_sha256();
    if (!strcmp(digits, "384"))
        return EVP_sha384();
    return strcmp(digits, "512") ? NULL : EVP_sha512();
}

size_t token_hash(const char *alg, const char *text, size_t n, unsigned char ret_half[TOKEN_HASH_MAX])
{
    unsigned char whole[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const EVP_MD *digest = digest_of(alg);
    if (!digest || EVP_Digest(text, n, whole, &size, digest, NULL) != 1)
        return 0;
    memcpy(ret_half, whole, size / 2);
    return size / 2;
}
