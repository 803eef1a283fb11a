/*
 * vneid.c - a provider that speaks the partner protocol of VNeID as it is publicly described: a code flow that is not
 * OpenID Connect. Token and userinfo answers are boxes (partner_box.h); there is no id_token, no signature, no nonce
 * and no `sub`. What holds a login together is state, the browser's cookie, PKCE where the provider knows it, one
 * redirect address for each provider, TLS, and that the wrapped key of an answer is taken once.
 *
 * The account's name is a keyed hash of the number, by a key of its own that must never change.
 */
#include "claims_read.h"
#include "partner_box.h"
#include "service.h"
#include "url.h"
#include <sodium.h>

enum { LOCATION_MAX = 4096, FORM_MAX = 16384, CODE_MAX = 4096, ACCESS_TOKEN_MAX = 16384, SUBJECT_KEY = 32 };

struct vneid_conf {
    struct provider_conf common;
    const char *authorize_url, *token_url, *userinfo_url, *scope, *code_encrypted, *claim_account_type, *account_types;
    struct conf_secret private_key, subject_key;
};

struct vneid_state {
    struct partner_key *key;
    unsigned char subject_key[SUBJECT_KEY];
};

#define ROW(name, type, min, max, preset, doc)                                                                         \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct vneid_conf, name)                                          \
    }
#define COMMON_ROW(name, type, min, max, preset, doc)                                                                  \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct vneid_conf, common.name)                                   \
    }

static const struct conf_row rows[] = {
    ROW(authorize_url, CONF_TEXT, 0, 512, "", "Where browsers are sent."),
    ROW(token_url, CONF_TEXT, 0, 512, "", "Where the code is exchanged."),
    ROW(userinfo_url, CONF_TEXT, 0, 512, "", "Where the person's data come from."),
    ROW(scope, CONF_TEXT, 0, 200, "", "Scope asked for; empty: none is sent."),
    ROW(private_key, CONF_SECRET, 0, 16384, "",
        "File with our RSA private key, PEM, whose public half the provider has."),
    ROW(subject_key, CONF_SECRET, 64, 64, "",
        "File with 64 hex digits by which accounts are named; changing it makes every account a new one."),
    ROW(code_encrypted, CONF_TEXT, 4, 6, "auto",
        "auto: a code that comes with encrypt_key is opened; never: encrypt_key is not looked at; always: it is "
        "needed."),
    ROW(claim_account_type, CONF_TEXT, 1, 64, "accountType", "Claim with the kind of the account."),
    ROW(account_types, CONF_TEXT, 0, 200, "", "Kinds that may log in, separated by commas; empty: all."),
    COMMON_ROW(claim_national_id, CONF_TEXT, 1, 64, "citizenPid", "Claim with the twelve digits."),
    COMMON_ROW(claim_full_name, CONF_TEXT, 1, 64, "fullName", "Claim with the name."),
    COMMON_ROW(claim_birth_date, CONF_TEXT, 0, 64, "birthDate", "Claim with the day of birth; empty: not looked at."),
    COMMON_ROW(claim_level, CONF_TEXT, 1, 64, "accountLevel", "Claim with the level of the account."),
    {0},
};

static const struct vneid_conf *conf_of(const struct provider *provider)
{
    return (const struct vneid_conf *)(const void *)provider->conf;
}

static const struct vneid_state *state_of(const struct provider *provider)
{
    return provider->state;
}

static struct span text_span(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

/* --- configuration --- */

static int check(const struct provider *provider)
{
    const struct vneid_conf *conf = conf_of(provider);
    const struct {
        const char *name, *value;
    } urls[] = {
        {"authorize_url", conf->authorize_url}, {"token_url", conf->token_url}, {"userinfo_url", conf->userinfo_url}};
    int result = 0;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        if (!url_may_be_called(urls[i].value))
            result = provider_wrong(provider, urls[i].name, "must be an https URL, or http on the loopback address.");
    }
    if (strcmp(conf->code_encrypted, "auto") != 0 && strcmp(conf->code_encrypted, "never") != 0 &&
        strcmp(conf->code_encrypted, "always") != 0)
        result = provider_wrong(provider, "code_encrypted", "is auto, never or always.");
    return result;
}

static void close_state(struct provider *provider)
{
    struct vneid_state *state = provider->state;
    partner_key_free(state->key);
    sodium_memzero(state, sizeof(*state));
    free(state);
    provider->state = NULL;
}

static int open_state(struct provider *provider)
{
    const struct vneid_conf *conf = conf_of(provider);
    struct vneid_state *state = calloc(1, sizeof(*state));
    const char *why = "";
    size_t n = 0;
    if (!state)
        return -1;
    provider->state = state;
    state->key = partner_key_read(conf->private_key.bytes, conf->private_key.n, &why);
    bool named = conf->subject_key.n == 2 * SUBJECT_KEY &&
                 sodium_hex2bin(state->subject_key, SUBJECT_KEY, conf->subject_key.bytes, conf->subject_key.n, NULL, &n,
                                NULL) == 0 &&
                 n == SUBJECT_KEY;
    if (!state->key)
        (void)provider_wrong(provider, "private_key", why);
    if (!named)
        (void)provider_wrong(provider, "subject_key", "must name a file with 64 hex digits.");
    return state->key && named ? 0 : -1;
}

/* Nothing is looked up. */
static void forget(struct provider *provider)
{
    (void)provider;
}

/* --- the redirect --- */

static int location(struct dealing *d, const struct login_secrets *secrets, struct span *ret_location)
{
    const struct vneid_conf *conf = conf_of(d->provider);
    struct span challenge;
    struct buf url;
    int code = provider_challenge(d, secrets->verifier, &challenge);
    if (code)
        return code;
    buf_init(&url, LOCATION_MAX);
    buf_add_text(&url, conf->authorize_url);
    buf_add_char(&url, strchr(conf->authorize_url, '?') ? '&' : '?');
    http_add_parameter(&url, "client_id", text_span(conf->common.client_id));
    http_add_parameter(&url, "redirect_uri", text_span(conf->common.redirect_uri));
    http_add_parameter(&url, "response_type", SPAN("code"));
    if (*conf->scope)
        http_add_parameter(&url, "scope", text_span(conf->scope));
    http_add_parameter(&url, "state", secrets->state);
    http_add_parameter(&url, "code_challenge", challenge);
    http_add_parameter(&url, "code_challenge_method", SPAN("S256"));
    return http_finish_text(&url, d->arena, ret_location);
}

/* --- boxes --- */

/* Opens a box; plain text in the arena. Whatever is wrong gives one and the same sentence. */
static int open_box(struct dealing *d, struct span data, struct span key, struct span *ret_plain)
{
    static const char why[] = "the provider's body cannot be opened";
    unsigned char *plain = arena_alloc(d->arena, (size_t)data.n + 1);
    unsigned char *hash = arena_alloc(d->arena, PARTNER_KEY_HASH);
    size_t n = 0;
    if (!plain || !hash)
        return ERR_TOO_LARGE;
    if (d->n_seen == SEEN_MAX ||
        partner_box_open(state_of(d->provider)->key, data.p, data.n, key.p, key.n, plain, &n) < 0 ||
        !partner_box_hash(d->provider->name, key.p, key.n, hash))
        return provider_fail(d, ERR_PROVIDER, why);
    d->seen[d->n_seen++] = (struct span){(const char *)hash, PARTNER_KEY_HASH};
    *ret_plain = (struct span){(const char *)plain, (uint32_t)n};
    return 0;
}

/* What an endpoint answers, opened and read; for cJSON_Delete. */
static int open_answer(struct dealing *d, const struct http_reply *reply, cJSON **ret_object)
{
    struct span data, key, plain;
    cJSON *outer = json_read(reply->body);
    bool good = json_keep_text(outer, "data", HTTP_MAX_BODY, d->arena, &data) &&
                json_keep_text(outer, "key", HTTP_MAX_BODY, d->arena, &key);
    cJSON_Delete(outer);
    if (!good)
        return provider_fail(d, ERR_PROVIDER, "the provider's answer is not {data, key}");
    int code = open_box(d, data, key, &plain);
    if (code)
        return code;
    cJSON *inner = json_read(plain);
    if (!inner) /* a wrong key may end in good padding, and must not look different */
        return provider_fail(d, ERR_PROVIDER, "the provider's body cannot be opened");
    *ret_object = inner;
    return 0;
}

/* --- the way back --- */

/* The code as the token endpoint wants it. */
static int plain_code(struct dealing *d, const struct login_answer *answer, struct span *ret_code)
{
    const char *how = conf_of(d->provider)->code_encrypted;
    d->field = "code";
    if (!strcmp(how, "always") && !answer->encrypt_key.n)
        return provider_fail(d, ERR_UNAUTHENTICATED, "the code came without encrypt_key");
    if (!strcmp(how, "never") || !answer->encrypt_key.n) {
        *ret_code = answer->code;
        d->field = "provider";
        return 0;
    }
    struct span plain;
    int code = open_box(d, answer->code, answer->encrypt_key, &plain);
    bool printable = !code && plain.n >= 1 && plain.n <= CODE_MAX;
    for (uint32_t i = 0; printable && i < plain.n; i++)
        printable = plain.p[i] > ' ' && plain.p[i] <= '~';
    if (!printable) /* it came by the browser, who may have made it up */
        return provider_fail(d, ERR_UNAUTHENTICATED, "the code cannot be opened");
    *ret_code = plain;
    d->field = "provider";
    return 0;
}

/* What a refusal means: a code that is no longer good is the browser's trouble, all else is ours. */
static int refused(struct dealing *d, const struct http_reply *reply)
{
    cJSON *document = json_read(reply->body);
    const char *error = json_text(document, "error");
    bool grant = error && !strcmp(error, "invalid_grant");
    bool client = error && !strcmp(error, "invalid_client");
    cJSON_Delete(document);
    if (grant && reply->status < 500)
        return provider_fail(d, ERR_PROVIDER_REFUSED, "the provider does not know the code (any more)");
    if (reply->status >= 500)
        return provider_fail(d, ERR_PROVIDER, "the provider has an error of its own");
    return provider_fail(d, ERR_PROVIDER,
                         client ? "the provider does not accept our client name and secret"
                                : "the provider refused the request");
}

static int post_code(struct dealing *d, struct span code_text, struct span verifier, struct http_reply *ret_reply)
{
    const struct vneid_conf *conf = conf_of(d->provider);
    const struct conf_secret *secret = &conf->common.client_secret;
    struct buf text;
    struct span form;
    buf_init(&text, FORM_MAX);
    http_add_parameter(&text, "grant_type", SPAN("authorization_code"));
    http_add_parameter(&text, "code", code_text);
    http_add_parameter(&text, "redirect_uri", text_span(conf->common.redirect_uri));
    http_add_parameter(&text, "client_id", text_span(conf->common.client_id));
    http_add_parameter(&text, "client_secret", (struct span){secret->bytes, (uint32_t)secret->n});
    http_add_parameter(&text, "code_verifier", verifier);
    int code = http_finish_text(&text, d->arena, &form);
    if (code)
        return code;
    struct http_request request = {.url = conf->token_url, .form = form.p};
    return provider_send(d, ENDPOINT_TOKEN, &request, ret_reply);
}

/* Gives the code, gets the access token. */
static int exchange(struct dealing *d, struct span code_text, struct span verifier, struct span *ret_token)
{
    struct http_reply reply;
    cJSON *object;
    int code = post_code(d, code_text, verifier, &reply);
    if (code)
        return code;
    if (reply.status != 200)
        return refused(d, &reply);
    code = open_answer(d, &reply, &object);
    if (code)
        return code;
    if (!json_keep_text(object, "access_token", ACCESS_TOKEN_MAX, d->arena, ret_token))
        code = provider_fail(d, ERR_PROVIDER, "the provider's answer has no access token");
    for (uint32_t i = 0; !code && i < ret_token->n; i++) {
        if (ret_token->p[i] <= ' ' || ret_token->p[i] > '~') /* it goes into a header line */
            code = provider_fail(d, ERR_PROVIDER, "the provider's access token is not one");
    }
    cJSON_Delete(object);
    return code;
}

/* Is the account of a kind that may log in? */
static int check_type(struct dealing *d, const cJSON *object)
{
    const struct vneid_conf *conf = conf_of(d->provider);
    const char *type = json_text(object, conf->claim_account_type);
    if (!*conf->account_types)
        return 0;
    size_t n_type = type ? strlen(type) : 0;
    for (const char *at = conf->account_types; n_type && *at; at += *at == ',') {
        size_t n = strcspn(at, ",");
        if (n == n_type && !memcmp(at, type, n))
            return 0;
        at += n;
    }
    d->field = "account_type";
    return provider_fail(d, ERR_ASSURANCE, "the account is of a kind that may not log in");
}

/* Keyed hash of the number, as text in the arena. */
static int name_account(struct dealing *d, struct span national_id, struct span *ret_subject)
{
    unsigned char hash[crypto_generichash_BYTES];
    struct buf text;
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)national_id.p, national_id.n,
                       state_of(d->provider)->subject_key, SUBJECT_KEY);
    buf_init(&text, 64);
    base64url_add(&text, hash, sizeof(hash));
    buf_add_char(&text, '&');
    return http_finish_text(&text, d->arena, ret_subject);
}

static int ask_userinfo(struct dealing *d, struct span token, struct claims *ret_claims)
{
    struct http_request request = {.url = conf_of(d->provider)->userinfo_url, .bearer = token.p};
    struct http_reply reply;
    struct claims claims = {0};
    cJSON *object;
    int code = provider_send(d, ENDPOINT_USERINFO, &request, &reply);
    if (code)
        return code;
    if (reply.status != 200)
        return refused(d, &reply);
    code = open_answer(d, &reply, &object);
    if (code)
        return code;
    code = claims_read(d->provider->conf, object, d->arena, &claims, &d->why);
    if (!code)
        code = check_type(d, object);
    cJSON_Delete(object);
    if (!code)
        code = name_account(d, claims.national_id, &claims.subject);
    if (!code)
        *ret_claims = claims;
    return code;
}

static int finish(struct dealing *d, const struct login_answer *answer, struct claims *ret_claims)
{
    struct span code_text, token;
    int code = plain_code(d, answer, &code_text);
    if (!code)
        code = exchange(d, code_text, answer->verifier, &token);
    if (!code) {
        d->field = "userinfo";
        code = ask_userinfo(d, token, ret_claims);
    }
    return code;
}

/* --- what whoever connects it wants to know --- */

/* A box that we make ourselves must open: then private_key is whole. */
static bool own_box_opens(const struct partner_key *key)
{
    static const unsigned char plain[] = "{\"access_token\":\"x\"}";
    char data[128], wrapped[2048];
    unsigned char out[sizeof(data)];
    size_t n = 0;
    return partner_box_make(key, plain, sizeof(plain), data, sizeof(data), wrapped, sizeof(wrapped)) == 0 &&
           partner_box_open(key, data, strlen(data), wrapped, strlen(wrapped), out, &n) == 0 && n == sizeof(plain) &&
           !memcmp(out, plain, n);
}

static void probe(struct dealing *d, struct probe *probe)
{
    const struct vneid_conf *conf = conf_of(d->provider);
    const struct partner_key *key = state_of(d->provider)->key;
    struct http_reply reply = {.date_s = -1};
    probe_add(probe, "private_key", own_box_opens(key), arena_printf(d->arena, "RSA, %d bits", partner_key_bits(key)),
              "Tạo lại cặp khóa RSA và gửi khóa công khai cho bên cung cấp.",
              "Make the RSA pair anew and send its public half to the provider.");
    int code = post_code(d, SPAN("hocvu-idp-test"), SPAN("hocvu-idp-test-0123456789-0123456789-0123456789"), &reply);
    probe_add(probe, "token_url", !code, code ? d->why : conf->token_url, "Kiểm tra token_url, DNS, TLS và tường lửa.",
              "Check token_url, DNS, TLS and the firewall.");
    if (code)
        return;
    probe_clock(d, reply.date_s, probe);
    bool known = reply.status != 200 && refused(d, &reply) == ERR_PROVIDER_REFUSED;
    probe_add(probe, "client", known, known ? "client_id and client_secret are accepted" : d->why,
              "Kiểm tra client_id và tệp client_secret.", "Check client_id and the file of client_secret.");
    struct http_request request = {.url = conf->userinfo_url, .bearer = "hocvu-idp-test"};
    code = provider_send(d, ENDPOINT_USERINFO, &request, &reply);
    bool guarded = !code && reply.status >= 400 && reply.status < 500;
    probe_add(probe, "userinfo_url", guarded, code ? d->why : conf->userinfo_url,
              "Kiểm tra userinfo_url: một mã truy cập sai phải bị từ chối.",
              "Check userinfo_url: a wrong access token must be refused.");
}

const struct adapter vneid_adapter = {
    .kind = "vneid",
    .rows = rows,
    .conf_size = sizeof(struct vneid_conf),
    .check = check,
    .open = open_state,
    .close = close_state,
    .forget = forget,
    .location = location,
    .finish = finish,
    .probe = probe,
};
