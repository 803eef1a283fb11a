/*
 * callers.h - who asks: for each role one person who holds it inside, one outside, one for the nation; each with a
 * token that says what the grants in the database come to, signed with the installation's own key.
 */
#ifndef RIGHTS_CALLERS_H
#define RIGHTS_CALLERS_H

#include "arena.h"
#include "proto.h"
#include "token.h"
#include <libpq-fe.h>

enum place { INSIDE, OUTSIDE, NATION, PLACES };
extern const char *const place_names[PLACES];

struct caller {
    const char *name; /* of the role, or what else it is */
    enum place place;
    struct uuid person, session, grant_id;
    struct grant held[4]; /* what the token says */
    uint32_t n_held;
    char *token; /* owned */
};

struct callers {
    PGconn *conn;
    unsigned char key[TOKEN_SECRET_BYTES];
    long next; /* person of the pool */
};

/* `key` is the file token_sign.key. -1: a sentence was printed. */
MUST_CHECK int callers_open(struct callers *c, PGconn *conn, const char *key);
/* An official who has no role and is nobody of the seed; each time another. */
struct uuid caller_someone(struct callers *c);
/*
 * Reads what the person holds now and signs it, for a new session. `learner`: as whoever works there, without any
 * grant. -1: a sentence was printed.
 */
MUST_CHECK int caller_token(struct callers *c, struct caller *caller, bool learner);
/* Would the skeleton let this token use the method? */
bool caller_may(const struct caller *caller, const struct method *method);

#endif
