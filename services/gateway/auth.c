/* auth.c - verified tokens remembered, see auth.h. */
#include "auth.h"

#include <string.h>

enum {
    AUTH_ARENA = 1 << 16, /* the largest token's claims and their decoding */
    HASHED = 32,          /* characters from the end: of the signature, so they differ with every token */
};

int auth_open(struct auth *auth, const struct token_key *keys, size_t n_keys, size_t n_tokens)
{
    *auth = (struct auth){.n_sets = n_tokens / AUTH_WAYS};
    auth->n_keys = n_keys < TOKEN_KEYS_MAX ? n_keys : TOKEN_KEYS_MAX;
    memcpy(auth->keys, keys, auth->n_keys * sizeof(*keys));
    crypto_shorthash_keygen(auth->hash_key);
    arena_init(&auth->arena, AUTH_ARENA);
    auth->table = calloc(auth->n_sets * AUTH_WAYS, sizeof(struct auth_place));
    return auth->table ? 0 : -1;
}

void session_release(struct session *session)
{
    if (session && --session->holders == 0)
        free(session);
}

void auth_close(struct auth *auth)
{
    for (size_t i = 0; auth->table && i < auth->n_sets * AUTH_WAYS; i++)
        session_release(auth->table[i].session);
    free(auth->table);
    arena_release(&auth->arena);
}

/* One block of memory: the session, its grants, its token. */
static struct session *session_new(const struct access_claims *claims, struct span token)
{
    size_t n_grants = claims->n_grants * sizeof(struct grant);
    struct session *session = malloc(sizeof(*session) + n_grants + token.n);
    if (!session)
        return NULL;
    struct grant *grants = (struct grant *)(session + 1);
    char *text = (char *)grants + n_grants;
    if (n_grants)
        memcpy(grants, claims->grants, n_grants);
    memcpy(text, token.p, token.n);
    *session = (struct session){.holders = 1, .token = {text, token.n}, .claims = *claims};
    session->claims.grants = grants;
    for (uint32_t i = 0; i < claims->n_grants; i++) {
        session->roles |= grants[i].roles;
        session->national |= grants[i].roles & NATIONAL ? grants[i].roles : 0;
    }
    return session;
}

/* Moves way `at` of a row to its front. */
static void to_front(struct auth_place *row, size_t at)
{
    struct auth_place place = row[at];
    memmove(row + 1, row, at * sizeof(*row));
    row[0] = place;
}

static bool holds(const struct auth_place *place, uint64_t hash, struct span token)
{
    const struct session *session = place->session;
    return place->hash == hash && session->token.n == token.n && !memcmp(session->token.p, token.p, token.n);
}

static int verify(struct auth *auth, struct span token, uint64_t hash, int64_t now_us, struct auth_place *row)
{
    struct access_claims claims;
    arena_clear(&auth->arena);
    if (token_verify_any(auth->keys, auth->n_keys, token, now_us / 1000000, &auth->arena, &claims)) {
        auth->refused++;
        return ERR_UNAUTHENTICATED;
    }
    struct session *session = session_new(&claims, token);
    if (!session)
        return ERR_BUSY;
    auth->misses++;
    session_release(row[AUTH_WAYS - 1].session);
    row[AUTH_WAYS - 1] = (struct auth_place){hash, session};
    to_front(row, AUTH_WAYS - 1);
    return 0;
}

int auth_check(struct auth *auth, struct span token, int64_t now_us, struct session **ret_session)
{
    uint64_t hash;
    if (token.n == 0 || token.n > TOKEN_MAX)
        return ERR_UNAUTHENTICATED;
    uint32_t n_hashed = token.n < HASHED ? token.n : HASHED;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)token.p + token.n - n_hashed, n_hashed,
                     auth->hash_key);
    struct auth_place *row = auth->table + hash % auth->n_sets * AUTH_WAYS;
    size_t way = 0;
    while (way < AUTH_WAYS && row[way].session && !holds(&row[way], hash, token))
        way++;
    if (way < AUTH_WAYS && row[way].session) {
        to_front(row, way);
        if (row[0].session->claims.exp <= (uint64_t)(now_us / 1000000)) {
            auth->refused++;
            return ERR_UNAUTHENTICATED;
        }
        auth->hits++;
    } else {
        int code = verify(auth, token, hash, now_us, row);
        if (code)
            return code;
    }
    row[0].session->holders++;
    *ret_session = row[0].session;
    return 0;
}
