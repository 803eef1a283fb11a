/* claims_read.h - the claims about a person out of a provider's JSON, under the names that its configuration gives. */
#ifndef IDENTITY_CLAIMS_READ_H
#define IDENTITY_CLAIMS_READ_H

#include "json_read.h"
#include "provider.h"

/*
 * Number, name, birth date and level; the subject is the caller's. A birth date that is not a whole date counts as not
 * told: there are accounts with a year alone. 0, or ERR_PROVIDER with `ret_why`, a constant sentence.
 */
MUST_CHECK int claims_read(const struct provider_conf *conf, const cJSON *object, struct arena *arena,
                           struct claims *claims, const char **ret_why);
/* The level alone: 0 when the claim is missing or none of the list. */
uint8_t claims_level(const struct provider_conf *conf, const cJSON *object, struct arena *arena);

#endif
