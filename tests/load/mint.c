/*
 * mint.c - access tokens for benchmarks, signed with the installation's own key as identity would, of people who need
 * not exist: one a line on standard output.
 *
 *     mint --key TOKEN_SIGN_KEY --tokens N --grants N
 */
#include "codec.h"
#include "service.h"
#include "sign_key.h"
#include <getopt.h>
#include <sodium.h>

enum { GRANTS_MAX = 32 };

/* A learner, with roles over units of their own. */
static int mint(const unsigned char key[TOKEN_SECRET_BYTES], uint32_t n_grants, struct arena *arena)
{
    struct grant grants[GRANTS_MAX];
    uint64_t now = (uint64_t)(now_us() / 1000000);
    struct access_claims claims = {
        .sub = uuid7(), .sid = uuid7(), .iat = now - 60, .exp = now + 86000, .grants = grants, .n_grants = n_grants};
    struct span token;
    for (uint32_t i = 0; i < n_grants; i++)
        grants[i] = (struct grant){.unit_id = uuid7(), .roles = i ? EDITOR : LEARNER};
    arena_clear(arena);
    if (token_sign(key, &claims, arena, &token))
        return -1;
    return printf("%.*s\n", (int)token.n, token.p) > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"key", required_argument, NULL, 'k'},
                                          {"tokens", required_argument, NULL, 't'},
                                          {"grants", required_argument, NULL, 'g'},
                                          {NULL, 0, NULL, 0}};
    unsigned char key[TOKEN_SECRET_BYTES];
    struct arena arena;
    const char *path = NULL;
    long tokens = 0, grants = 0;
    int result = 0;
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (option == 'k')
            path = optarg;
        else if (option == 't')
            tokens = strtol(optarg, NULL, 10);
        else if (option == 'g')
            grants = strtol(optarg, NULL, 10);
        else
            return 2;
    }
    if (!path || tokens <= 0 || grants < 1 || grants > GRANTS_MAX || sodium_init() < 0 ||
        sign_key_read(path, key) < 0) {
        fprintf(stderr, "usage: mint --key TOKEN_SIGN_KEY --tokens N --grants N (1 to %d)\n", GRANTS_MAX);
        return 2;
    }
    arena_init(&arena, 1 << 20);
    for (long i = 0; !result && i < tokens; i++)
        result = mint(key, (uint32_t)grants, &arena);
    arena_release(&arena);
    return result || fflush(stdout) ? 1 : 0;
}
