/*
 * partner_box.h - the box in which a partner's answers come: data is AES-256-ECB with PKCS#7 padding, its key is
 * wrapped by RSA PKCS#1 v1.5 for our key. Plain types: what is behind it does not go together with service.h.
 *
 * ECB has no integrity: blocks can be exchanged without being noticed here. What guards an answer is TLS; what is in it
 * must be read strictly.
 */
#ifndef IDENTITY_PARTNER_BOX_H
#define IDENTITY_PARTNER_BOX_H

#include <stdbool.h>
#include <stddef.h>

enum { PARTNER_KEY_HASH = 32, PARTNER_RSA_MIN_BITS = 2048 };

/* Our private key; used by all threads. */
struct partner_key;

/* From PEM. NULL: `ret_why` is a constant sentence. For partner_key_free. */
struct partner_key *partner_key_read(const char *pem, size_t n, const char **ret_why);
void partner_key_free(struct partner_key *key);
int partner_key_bits(const struct partner_key *key);

/*
 * Opens a box whose halves are base64. The plain bytes go to `out`, which has room for n_data bytes. -1 for whatever is
 * wrong: which it was cannot be told from outside, not even by time, because a key that cannot be unwrapped is replaced
 * by a random one with which the opening fails later.
 */
int partner_box_open(const struct partner_key *key, const char *data, size_t n_data, const char *wrapped,
                     size_t n_wrapped, unsigned char *out, size_t *ret_n);
/* SHA-256 of the provider's name and the wrapped key: an honest one comes once. False: not base64. */
bool partner_box_hash(const char *provider, const char *wrapped, size_t n_wrapped, unsigned char ret[PARTNER_KEY_HASH]);
/*
 * Makes a box for our own key, to try it. `data` has room for 2 n + 64 characters, `wrapped` for 1024; both become
 * NUL-terminated base64. -1: it cannot be made.
 */
int partner_box_make(const struct partner_key *key, const unsigned char *plain, size_t n, char *data, size_t data_room,
                     char *wrapped, size_t wrapped_room);

#endif
