/* claims.h - what an identity provider proved about whoever logs in, whatever its protocol is. */
#ifndef IDENTITY_CLAIMS_H
#define IDENTITY_CLAIMS_H

#include "types.h"

/* Texts in the arena of the call. */
struct claims {
    struct span subject;      /* account at the provider; 1 to 255 bytes */
    struct span national_id;  /* twelve digits */
    struct span full_name;    /* 1 to 120 bytes, as the provider writes it */
    struct span provider_sid; /* session at the provider; empty: not told */
    int32_t birth_date;       /* days since 1970; counts when has_birth_date */
    bool has_birth_date;
    uint8_t level; /* of assurance, place in the provider's list from 1; 0: not told */
};

#endif
