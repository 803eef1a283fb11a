/*
 * link.c - which person an account at an identity provider is: found by the number, held against the roster's name. One
 * account is one person, and one person has one account at a provider.
 */
#include "link.h"
#include "identity.h"
#include "nfc.h"

static int refuse(struct ctx *ctx, const struct uuid *person, const char *reason, int code, const char *field)
{
    return audit_refuse(ctx, "login_refused", person, reason, code, field);
}

/* The person of the roster whom the claims prove. 0 or fail(). */
static int find_person(struct ctx *ctx, const struct claims *claims, struct person_found *ret_person)
{
    unsigned char hash[SEAL_HASH_BYTES];
    struct person_key key = {.national_hash = {(const char *)hash, sizeof(hash)}};
    national_hash(&identity_conf(ctx)->seal_keys, claims->national_id, hash);
    int code = pg_call(ctx, &SQL_person_find, &key, ret_person);
    if (code == ERR_NOT_FOUND)
        return refuse(ctx, NULL, "the number is not on the roster", ERR_NOT_ON_ROSTER, "national_id");
    if (code)
        return code;
    if (!nfc_same_name(ctx->arena, ret_person->full_name, claims->full_name))
        return refuse(ctx, &ret_person->person_id, "the name is not the roster's", ERR_NOT_ON_ROSTER, "full_name");
    if (!ret_person->working)
        return refuse(ctx, &ret_person->person_id, "the person has no tenure today", ERR_NOT_ON_ROSTER, "tenure");
    return 0;
}

int link_decide(struct ctx *ctx, struct span provider, const struct claims *claims, struct link_outcome *ret_outcome)
{
    struct person_found person;
    struct account_linked linked;
    int code = find_person(ctx, claims, &person);
    if (code)
        return code;
    struct account_claim claim = {.person_id = person.person_id, .provider = provider, .subject = claims->subject};
    code = pg_call(ctx, &SQL_account_link, &claim, &linked);
    if (code == ERR_NOT_ON_ROSTER)
        return refuse(ctx, &person.person_id, "account and person are linked to others", code, "subject");
    if (code)
        return code;
    *ret_outcome = (struct link_outcome){STANDING_LINKED, linked.account_id, person.person_id};
    return 0;
}
