/* sign_key.h - the key by which an installation signs its tokens, for programs that act as anybody. */
#ifndef TESTS_SIGN_KEY_H
#define TESTS_SIGN_KEY_H

#include "jws.h"
#include "token.h"
#include <stdio.h>

/* Reads secrets/token_sign.key of an installation. 0, or -1: no such file, or no key in it. */
static inline int sign_key_read(const char *path, unsigned char ret_key[TOKEN_SECRET_BYTES])
{
    char hex[256];
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(hex, 1, sizeof(hex), file) : 0;
    if (file)
        fclose(file);
    while (n && (hex[n - 1] == '\n' || hex[n - 1] == '\r'))
        n--;
    return n ? jws_secret_parse((struct span){hex, (uint32_t)n}, ret_key) : -1;
}

#endif
