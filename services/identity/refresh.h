/*
 * refresh.h - refresh tokens: the family that all tokens of a session share, which of the family it is, and a keyed
 * hash over both, so that a token can be judged before the database is asked and made again when its answer was lost.
 */
#ifndef IDENTITY_REFRESH_H
#define IDENTITY_REFRESH_H

#include "types.h"

enum {
    REFRESH_KEY_BYTES = 32,
    REFRESH_FAMILY_BYTES = 16,
    REFRESH_HASH_BYTES = 32,
    REFRESH_TEXT = 64, /* characters of base64url */
};

struct refresh_token {
    unsigned char family[REFRESH_FAMILY_BYTES]; /* random */
    uint32_t counter;                           /* from 1 */
};

/* The first token of a new family. */
void refresh_begin(struct refresh_token *ret_token);
/* The text that the client holds, with a NUL behind it. */
void refresh_write(const unsigned char key[REFRESH_KEY_BYTES], const struct refresh_token *token,
                   char ret_text[REFRESH_TEXT + 1]);
/* -1: the text is no token that this key made. */
MUST_CHECK int refresh_read(const unsigned char key[REFRESH_KEY_BYTES], struct span text,
                            struct refresh_token *ret_token);
/* By which the database finds the family; it does not keep the family itself. */
void refresh_family_hash(const struct refresh_token *token, unsigned char ret_hash[REFRESH_HASH_BYTES]);

#endif
