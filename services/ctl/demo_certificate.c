/*
 * demo_certificate.c - whoever passed finds exactly one certificate and downloads it; a stranger verifies each by its
 * number, by the document, and without asking anyone but for the public keys.
 */
#include "codec.h"
#include "demo.h"
#include "pace.h"
#include "service.h"
#include <cjson/cJSON.h>
#include <sodium.h>

/* Certificates of this person for this programme version, the last of them in ret_row. -1: told. */
static int count_mine(struct demo *demo, struct client *client, struct learner *learner,
                      struct certificate_row *ret_row)
{
    struct empty in = {0};
    struct certificate_list list;
    int n = 0;
    if (demo_ask(demo, client, &learner->session, M_my_certificates, &in, &list) < 0)
        return -1;
    for (uint32_t i = 0; i < list.n_certificates; i++) {
        if (uuid_equal(&list.certificates[i].programme_id, &demo->programme_id)) {
            *ret_row = list.certificates[i];
            n++;
        }
    }
    return n;
}

/* Certification hears of the passed attempt by an event. */
int demo_certificate(struct demo *demo, struct client *client, struct learner *learner)
{
    struct pace pace = pace_begin(HEARS_S);
    struct certificate_row row;
    int n;
    do {
        client_clear(client);
        n = count_mine(demo, client, learner, &row);
    } while (n == 0 && pace_wait(&pace, 0));
    if (n < 0)
        return -1;
    if (n != 1 || row.revoked)
        return demo_fault(demo, learner->who, "passed, but holds %d certificates after %d seconds%s", n, HEARS_S,
                          n == 1 ? ", revoked" : "");
    snprintf(learner->number, sizeof(learner->number), "%.*s", (int)row.number.n, row.number.p);
    struct certificate_query query = {.number = row.number};
    struct file file;
    if (demo_ask(demo, client, &learner->session, M_my_certificate_document, &query, &file) < 0)
        return -1;
    learner->document = strndup(file.content.p, file.content.n);
    if (!learner->document)
        return demo_fault(demo, learner->who, "out of memory");
    learner->certified = true;
    return 0;
}

static struct span span_of(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

/* What the issuer says of a certificate must be what the learner holds. */
static int check_status(struct demo *demo, const struct learner *learner, const struct certificate_status *status,
                        const char *how)
{
    if (!span_equal(status->number, span_of(learner->number)) || !span_equal(status->status, SPAN("valid")) ||
        !span_equal(status->holder, learner->who->full_name) ||
        !span_equal(status->programme_vi, demo->sample.programme.title_vi))
        return demo_fault(demo, learner->who,
                          "certificate %s, verified by %s, is %.*s and somebody else's or another's", learner->number,
                          how, (int)status->status.n, status->status.p);
    return 0;
}

/* One part of a compact JWS, decoded. */
static int jws_part(struct arena *arena, struct span document, int index, struct span *ret_bytes)
{
    const char *at = document.p, *end = at + document.n;
    for (; index > 0 && at; index--) {
        at = memchr(at, '.', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return -1;
    const char *stop = memchr(at, '.', (size_t)(end - at));
    struct span text = {at, (uint32_t)((stop ? stop : end) - at)};
    return base64url_parse(arena, text, ret_bytes) ? -1 : 0;
}

/* The key that the document's header names. */
static int jws_key(struct arena *arena, const struct public_keys *keys, struct span header, struct span *ret_key)
{
    cJSON *json = cJSON_ParseWithLength(header.p, header.n);
    const char *kid = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "kid"));
    const char *alg = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "alg"));
    int result = -1;
    for (uint32_t i = 0; kid && alg && !strcmp(alg, "EdDSA") && i < keys->n_keys; i++) {
        if (span_equal(keys->keys[i].kid, span_of(kid)) && !base64url_parse(arena, keys->keys[i].x, ret_key) &&
            ret_key->n == crypto_sign_PUBLICKEYBYTES)
            result = 0;
    }
    cJSON_Delete(json);
    return result;
}

/* Verifies with nothing but the published keys, as anyone could: signature, number and holder. */
static bool verify_alone(struct arena *arena, const struct public_keys *keys, const struct learner *learner)
{
    struct span document = span_of(learner->document), header, payload, signature, key;
    const char *last = strrchr(learner->document, '.');
    if (!last || jws_part(arena, document, 0, &header) < 0 || jws_part(arena, document, 1, &payload) < 0 ||
        jws_part(arena, document, 2, &signature) < 0 || jws_key(arena, keys, header, &key) < 0 ||
        signature.n != crypto_sign_BYTES)
        return false;
    if (crypto_sign_verify_detached((const unsigned char *)signature.p, (const unsigned char *)learner->document,
                                    (unsigned long long)(last - learner->document), (const unsigned char *)key.p))
        return false;
    return memmem(payload.p, payload.n, learner->number, strlen(learner->number)) &&
           memmem(payload.p, payload.n, learner->who->full_name.p, learner->who->full_name.n);
}

/* A document with one character of its payload changed must be refused. */
static int verify_tampered(struct demo *demo, const struct learner *learner)
{
    struct certificate_document in;
    struct certificate_status status;
    char *copy = strdup(learner->document);
    char *payload = copy ? strchr(copy, '.') : NULL;
    if (!payload || strlen(payload) < 40) {
        free(copy);
        return demo_fault(demo, learner->who, "the certificate's document is no signed document");
    }
    payload[20] = payload[20] == 'A' ? 'B' : 'A';
    in = (struct certificate_document){.document = span_of(copy)};
    int result =
        demo_refused(demo, &demo->client, NULL, M_certificate_verify, &in, &status, ERR_INVALID, ERR_NOT_FOUND);
    free(copy);
    return result;
}

static int verify_one(struct demo *demo, const struct public_keys *keys, struct learner *learner)
{
    struct client *client = &demo->client;
    struct certificate_query query = {.number = span_of(learner->number)};
    struct certificate_document in = {.document = span_of(learner->document)};
    struct certificate_status status;
    if (demo_ask(demo, client, NULL, M_certificate_check, &query, &status) < 0 ||
        check_status(demo, learner, &status, "its number") < 0 ||
        demo_ask(demo, client, NULL, M_certificate_verify, &in, &status) < 0 ||
        check_status(demo, learner, &status, "its document") < 0)
        return -1;
    if (!verify_alone(&client->arena, keys, learner))
        return demo_fault(demo, learner->who, "certificate %s does not carry a signature of the published keys",
                          learner->number);
    learner->verified = true;
    return 0;
}

/* Later than all events of this run: still one certificate for whoever passed, none for the others. */
static int count_again(struct demo *demo, struct learner *learner)
{
    struct certificate_row row;
    int n = count_mine(demo, &demo->client, learner, &row);
    if (n < 0)
        return -1;
    if (n != learner->certified || (n == 1 && !span_equal(row.number, span_of(learner->number))))
        return demo_fault(demo, learner->who, "holds %d certificates in the end, not %d", n, learner->certified);
    return 0;
}

int demo_verify(struct demo *demo)
{
    struct stage *stage = &demo->stages[STAGE_VERIFY];
    struct client keys_client = {0}; /* keeps the keys while the other one is cleared */
    struct public_keys keys;
    struct empty in = {0};
    bool tampered = false;
    int result = client_init(&keys_client, demo->conf->url, SPAN(""), PATIENCE_S);
    demo_stage(demo, &demo->client, STAGE_VERIFY);
    if (!result)
        result = demo_ask(demo, &keys_client, NULL, M_certificate_keys, &in, &keys);
    for (uint32_t i = 0; !result && i < demo->plan.n; i++) {
        struct learner *learner = &demo->plan.learners[i];
        if (learner->certified) {
            stage_enter(stage);
            result = verify_one(demo, &keys, learner);
            if (!result && !tampered)
                result = verify_tampered(demo, learner);
            tampered = true;
            if (!result)
                stage_leave(stage);
        }
        if (!result)
            result = count_again(demo, learner);
        client_clear(&demo->client);
        progress_show(&demo->progress);
    }
    client_release(&keys_client);
    return result;
}
