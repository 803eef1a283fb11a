/* token_hash.h - left half of a digest, as at_hash has it (OpenID Connect Core 1.0, section 3.1.3.6). Plain types: what
 * is behind it does not go together with service.h. */
#ifndef IDENTITY_TOKEN_HASH_H
#define IDENTITY_TOKEN_HASH_H

#include <stddef.h>

enum { TOKEN_HASH_MAX = 32 };

/*
 * Left half of SHA-256, SHA-384 or SHA-512 of the text, by the digits with which the algorithm's name ends. Gives the
 * number of bytes, 0 when the algorithm is none of these.
 */
size_t token_hash(const char *alg, const char *text, size_t n, unsigned char ret_half[TOKEN_HASH_MAX]);

#endif
