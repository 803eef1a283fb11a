/* refresh.c - refresh tokens as text, see refresh.h. */
#include "refresh.h"
#include <sodium.h>
#include <string.h>

/* Family, counter in network order, keyed BLAKE2b of both. */
enum { COUNTER_BYTES = 4, SAID = REFRESH_FAMILY_BYTES + COUNTER_BYTES, MAC_BYTES = 28, TOKEN_BYTES = SAID + MAC_BYTES };

void refresh_begin(struct refresh_token *ret_token)
{
    randombytes_buf(ret_token->family, sizeof(ret_token->family));
    ret_token->counter = 1;
}

void refresh_write(const unsigned char key[REFRESH_KEY_BYTES], const struct refresh_token *token,
                   char ret_text[REFRESH_TEXT + 1])
{
    unsigned char bytes[TOKEN_BYTES];
    memcpy(bytes, token->family, REFRESH_FAMILY_BYTES);
    for (int i = 0; i < COUNTER_BYTES; i++)
        bytes[REFRESH_FAMILY_BYTES + i] = (unsigned char)(token->counter >> (24 - 8 * i) & 0xff);
    crypto_generichash(bytes + SAID, MAC_BYTES, bytes, SAID, key, REFRESH_KEY_BYTES);
    sodium_bin2base64(ret_text, REFRESH_TEXT + 1, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof(bytes));
}

int refresh_read(const unsigned char key[REFRESH_KEY_BYTES], struct span text, struct refresh_token *ret_token)
{
    unsigned char bytes[TOKEN_BYTES], mac[MAC_BYTES];
    struct refresh_token token = {.counter = 0};
    size_t n;
    if (text.n != REFRESH_TEXT || sodium_base642bin(bytes, sizeof(bytes), text.p, text.n, NULL, &n, NULL,
                                                    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return -1;
    if (n != sizeof(bytes))
        return -1;
    crypto_generichash(mac, sizeof(mac), bytes, SAID, key, REFRESH_KEY_BYTES);
    if (sodium_memcmp(mac, bytes + SAID, sizeof(mac)) != 0)
        return -1;
    memcpy(token.family, bytes, REFRESH_FAMILY_BYTES);
    for (int i = 0; i < COUNTER_BYTES; i++)
        token.counter = token.counter << 8 | bytes[REFRESH_FAMILY_BYTES + i];
    if (token.counter == 0)
        return -1;
    *ret_token = token;
    return 0;
}

void refresh_family_hash(const struct refresh_token *token, unsigned char ret_hash[REFRESH_HASH_BYTES])
{
    crypto_generichash(ret_hash, REFRESH_HASH_BYTES, token->family, REFRESH_FAMILY_BYTES, NULL, 0);
}
