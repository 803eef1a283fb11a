/* judge.c - what an answer means, how long to wait, what is signed. Pure. */
#include "sync.h"
#include <cjson/cJSON.h>
#include <sodium.h>

enum outcome judge(int status, bool names_item)
{
    if (status >= 200 && status < 300)
        return SENT;
    switch (status) {
    case 409: /* it has had this key: so it must know the item */
        return names_item ? SENT : DEAD;
    case 401: /* key, address or its own state: nothing that is wrong with the item */
    case 403:
    case 404:
    case 405:
    case 407:
    case 408:
    case 425:
    case 429:
        return AGAIN;
    default:
        return status >= 400 && status < 500 ? DEAD : AGAIN;
    }
}

uint64_t wait_ms(uint64_t first_ms, uint64_t most_ms, unsigned failures, uint64_t asked_ms, uint32_t random)
{
    uint64_t whole = first_ms;
    for (unsigned i = 1; i < failures && whole < most_ms; i++)
        whole *= 2;
    if (whole > most_ms)
        whole = most_ms;
    uint64_t half = whole / 2;
    uint64_t wait = half + (half * random >> 32);
    return wait > asked_ms ? wait : asked_ms;
}

void answer_words(struct span body, char *ret_words, size_t room)
{
    cJSON *json = cJSON_ParseWithLength(body.p, body.n);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
    const char *text = cJSON_IsString(error) ? error->valuestring : "";
    size_t n = 0;
    for (; *text && n + 1 < room; text++) {
        char c = *text;
        ret_words[n++] = (char)(c >= '0' && c <= '9' ? '#' : c >= ' ' && c <= '~' ? c : '?');
    }
    ret_words[n] = '\0';
    cJSON_Delete(json);
}

char *number_fill(const struct sync_conf *conf, const struct item_taken *item, size_t *ret_n, const char **ret_why)
{
    static const char mark[] = "\"@national_id\"";
    char digits[NATIONAL_DIGITS];
    const char *at = HAS(item, item_taken, box) ? memmem(item->body.p, item->body.n, mark, sizeof(mark) - 1) : NULL;
    char *body = malloc(item->body.n + 1);
    *ret_why = "";
    if (!body)
        return NULL;
    *ret_n = item->body.n;
    memcpy(body, item->body.p, item->body.n);
    body[*ret_n] = '\0';
    if (!at)
        return body;
    if ((!HAS(item, item_taken, pinned) || seal_open(conf->box_secret, item->pinned, digits) < 0) &&
        seal_open(conf->box_secret, item->box, digits) < 0) {
        *ret_why = "the number was sealed to another key: hocvu sync numbers DIR --all brings it anew";
        free(body);
        return NULL;
    }
    size_t before = (size_t)(at - item->body.p) + 1, mark_n = sizeof(mark) - 1;
    memcpy(body + before, digits, NATIONAL_DIGITS);
    memcpy(body + before + NATIONAL_DIGITS, at + mark_n - 1, item->body.n - before - mark_n + 2);
    *ret_n = item->body.n - mark_n + 2 + NATIONAL_DIGITS;
    body[*ret_n] = '\0';
    sodium_memzero(digits, sizeof(digits));
    return body;
}

void sign_body(struct span key, struct span body, char ret_text[SIGNATURE_TEXT])
{
    crypto_auth_hmacsha256_state state;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&state, (const uint8_t *)key.p, key.n);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)body.p, body.n);
    crypto_auth_hmacsha256_final(&state, mac);
    memcpy(ret_text, "sha256=", 7);
    sodium_bin2hex(ret_text + 7, SIGNATURE_TEXT - 7, mac, sizeof(mac));
    sodium_memzero(&state, sizeof(state));
}
