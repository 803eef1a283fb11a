/* callers.c - see callers.h. */
#include "callers.h"
#include "service.h"
#include "sign_key.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIFE_S = 900, TOKEN_ARENA = 1 << 16 };

const char *const place_names[PLACES] = {"inside", "outside", "for the nation"};

int callers_open(struct callers *c, PGconn *conn, const char *key)
{
    *c = (struct callers){.conn = conn};
    if (sodium_init() >= 0 && sign_key_read(key, c->key) == 0)
        return 0;
    fprintf(stderr, "rights_try: %s is no key\n", key);
    return -1;
}

/* A statement with up to three texts as parameters. NULL after a sentence. */
static PGresult *ask(struct callers *c, const char *sql, int n, const char *const *params)
{
    PGresult *result = PQexecParams(c->conn, sql, n, NULL, params, NULL, NULL, 0);
    if (PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK)
        return result;
    fprintf(stderr, "rights_try: %s", PQresultErrorMessage(result));
    PQclear(result);
    return NULL;
}

struct uuid caller_someone(struct callers *c)
{
    char place[24];
    struct uuid id;
    snprintf(place, sizeof(place), "%ld", c->next++);
    PGresult *result = ask(c,
                           "SELECT person_id FROM identity.person p"
                           " WHERE NOT EXISTS (SELECT FROM identity.role_grant g WHERE g.person_id = p.person_id"
                           "  AND g.reason <> 'rights_try') AND person_id NOT IN (SELECT id FROM pg_temp.seed)"
                           " ORDER BY person_id OFFSET $1::bigint LIMIT 1",
                           1, (const char *[]){place});
    if (!result || PQntuples(result) != 1 ||
        uuid_parse((struct span){PQgetvalue(result, 0, 0), (uint32_t)PQgetlength(result, 0, 0)}, &id)) {
        fprintf(stderr, "rights_try: there are not enough officials\n");
        exit(2);
    }
    PQclear(result);
    return id;
}

/* A session that nobody has ended; the gateway asks for no more. */
static int sign(struct callers *c, struct caller *caller, uint64_t rights)
{
    caller->session = uuid7();
    uint64_t now = (uint64_t)(now_us() / 1000000);
    struct access_claims claims = {.sub = caller->person,
                                   .sid = caller->session,
                                   .iat = now,
                                   .exp = now + LIFE_S,
                                   .grants = caller->held,
                                   .n_grants = caller->n_held};
    struct arena arena;
    struct span token;
    if (rights)
        PUT_FIELD(&claims, access_claims, rights, rights);
    arena_init(&arena, TOKEN_ARENA);
    free(caller->token);
    caller->token = token_sign(c->key, &claims, &arena, &token) ? NULL : strndup(token.p, token.n);
    arena_release(&arena);
    return caller->token ? 0 : -1;
}

int caller_token(struct callers *c, struct caller *caller, bool learner)
{
    static const char *const held =
        "SELECT g.unit_id, bit_or(g.bit) | max(CASE WHEN u.parent_id IS NULL THEN 128 ELSE 0 END)"
        " FROM identity.role_grant g JOIN identity.unit_now u USING (unit_id)"
        " WHERE g.person_id = $1::uuid AND NOT EXISTS (SELECT FROM identity.grant_chain(g.grant_id, hocvu.today()) c"
        "  WHERE c.why IS NOT NULL) GROUP BY 1 LIMIT 4";
    static const char *const works = "SELECT unit_id, 1 FROM identity.tenure WHERE person_id = $1::uuid"
                                     " AND kind = 'principal' AND valid_to IS NULL LIMIT 1";
    char person[UUID_TEXT];
    uuid_format(&caller->person, person);
    PGresult *result = ask(c, learner ? works : held, 1, (const char *[]){person});
    if (!result)
        return -1;
    caller->n_held = (uint32_t)PQntuples(result);
    for (uint32_t i = 0; i < caller->n_held; i++) {
        const char *unit = PQgetvalue(result, (int)i, 0);
        if (uuid_parse((struct span){unit, (uint32_t)strlen(unit)}, &caller->held[i].unit_id))
            abort();
        caller->held[i].roles = (uint32_t)strtoul(PQgetvalue(result, (int)i, 1), NULL, 10);
    }
    PQclear(result);
    result = ask(c, "SELECT coalesce(max(n), 0) FROM identity.rights_change WHERE person_id = $1::uuid", 1,
                 (const char *[]){person});
    uint64_t rights = result ? strtoull(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return result ? sign(c, caller, rights) : -1;
}

bool caller_may(const struct caller *caller, const struct method *method)
{
    if (method->roles == PUBLIC || method->roles == LOGGED_IN)
        return true;
    for (uint32_t i = 0; i < caller->n_held; i++) {
        if (grant_allows(&caller->held[i], method->roles))
            return true;
    }
    return false;
}
