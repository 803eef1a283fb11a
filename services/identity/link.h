/* link.h - which person an account at an identity provider is. */
#ifndef IDENTITY_LINK_H
#define IDENTITY_LINK_H

#include "claims.h"
#include "identity.h"
#include "name.h"

/* What an account may do. */
enum standing {
    STANDING_LINKED,  /* is a person of the roster */
    STANDING_REVIEW,  /* differs from the roster's person: an officer decides */
    STANDING_PENDING, /* its number is on no roster yet */
};

/* In what an account differs from the roster: the bits of enum name_difference, and these. Stored with a case. */
enum difference {
    DIFFERS_BIRTH = 1 << 7,     /* another birth date */
    DIFFERS_ACCOUNT = 1 << 8,   /* the account is linked to somebody else */
    DIFFERS_PERSON = 1 << 9,    /* the person has another account at this provider */
    DIFFERS_UNLINKED = 1 << 10, /* an officer has unlinked the account */
    DIFFERS_HELD = DIFFERS_ACCOUNT | DIFFERS_PERSON | DIFFERS_UNLINKED, /* only an officer ends such a case */
};

struct link_outcome {
    enum standing standing;
    struct uuid account_id;
    struct uuid person_id; /* of STANDING_LINKED; otherwise the account's id, whose rights are none */
};

/* What the claims are to be kept as: the name in NFC, the number as a hash. A refusal goes into the audit. 0 or fail().
 */
MUST_CHECK int link_read(struct ctx *ctx, struct span provider, const struct claims *claims,
                         struct login_step *ret_step);
/*
 * Looks at what is stored and decides, with those who log in at the same time. `step`, of link_read, gets what is to be
 * stored of the account; session_open stores it. An account that has been refused too often is TOO_MANY. A refusal goes
 * into the audit. 0 or fail().
 */
MUST_CHECK int link_judge(struct ctx *ctx, const struct claims *claims, struct login_step *step,
                          struct link_outcome *ret_who);
/*
 * What link_judge would say: the standing as its word ("" when it would refuse) and the rule's sentence. Stores
 * nothing. 0 or fail().
 */
MUST_CHECK int link_preview(struct ctx *ctx, struct span provider, const struct claims *claims,
                            const char **ret_standing, const char **ret_why);

#endif
