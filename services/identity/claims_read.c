/* claims_read.c - see claims_read.h. Pure: no network, no clock. */
#include "claims_read.h"
#include "codec.h"
#include "seal.h"

enum { NAME_MOST = 120, LEVEL_MOST = 64 };

uint8_t provider_level(const struct provider_conf *conf, struct span level)
{
    uint8_t place = 0;
    for (const char *at = conf->levels; *at && place < LEVELS_MAX; at += *at == ',') {
        size_t n = strcspn(at, ",");
        place++;
        if (level.n && n == level.n && !memcmp(at, level.p, n))
            return place;
        at += n;
    }
    return 0;
}

int provider_date(struct span text, int32_t *ret_days)
{
    char iso[10];
    const char *t = text.p;
    if (text.n != 10)
        return -1;
    if (t[2] != '/' || t[5] != '/')
        return date_parse(text, ret_days) ? -1 : 0;
    for (int i = 0; i < 4; i++)
        iso[i] = t[6 + i];
    iso[4] = iso[7] = '-';
    iso[5] = t[3], iso[6] = t[4], iso[8] = t[0], iso[9] = t[1];
    return date_parse((struct span){iso, sizeof(iso)}, ret_days) ? -1 : 0;
}

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
