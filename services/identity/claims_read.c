/* claims_read.c - see claims_read.h. */
#include "claims_read.h"
#include "proto.h"
#include "seal.h"

enum { NAME_MOST = 120, LEVEL_MOST = 64 };

uint8_t claims_level(const struct provider_conf *conf, const cJSON *object, struct arena *arena)
{
    struct span level;
    return json_keep_word(object, conf->claim_level, LEVEL_MOST, arena, &level) ? provider_level(conf, level) : 0;
}

int claims_read(const struct provider_conf *conf, const cJSON *object, struct arena *arena, struct claims *claims,
                const char **ret_why)
{
    const char *birth = *conf->claim_birth_date ? json_text(object, conf->claim_birth_date) : NULL;
    if (!json_keep_text(object, conf->claim_national_id, NATIONAL_DIGITS, arena, &claims->national_id) ||
        !national_valid(claims->national_id)) {
        *ret_why = "the provider tells no personal number of twelve digits";
        return ERR_PROVIDER;
    }
    if (!json_keep_text(object, conf->claim_full_name, NAME_MOST, arena, &claims->full_name)) {
        *ret_why = "the provider tells no name";
        return ERR_PROVIDER;
    }
    claims->has_birth_date =
        birth && provider_date((struct span){birth, (uint32_t)strlen(birth)}, &claims->birth_date) == 0;
    uint8_t level = claims_level(conf, object, arena);
    if (level)
        claims->level = level;
    return 0;
}
