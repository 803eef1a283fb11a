/*
 * openid.c - OpenID Connect's authorization code flow: the redirect, the code exchange, the judgement of what comes
 * back; logout at the provider and by it.
 */
#include "openid.h"
#include "claims_read.h"
#include "service.h"
#include "url.h"

enum { LOCATION_MAX = 4096, FORM_MAX = 8192, CREDENTIAL_MAX = 4096, ACCESS_TOKEN_MAX = 16384 };

#define ROW(name, type, min, max, preset, doc)                                                                         \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct openid_conf, name)                                         \
    }
#define COMMON_ROW(name, type, min, max, preset, doc)                                                                  \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct openid_conf, common.name)                                  \
    }

static const struct conf_row rows[] = {
    ROW(issuer, CONF_TEXT, 0, 256, "", "The provider as it names itself; its discovery document lies below this URL."),
    ROW(scope, CONF_TEXT, 6, 200, "openid profile_vn", "Scopes asked for; openid is one of them."),
    ROW(algorithms, CONF_TEXT, 5, 64, "ES256,PS256,RS256",
        "Signatures that count, of ES256, ES384, PS256, PS384, PS512, RS256, RS384, RS512."),
    ROW(at_hash_required, CONF_TEXT, 2, 3, "no",
        "yes: an ID token without at_hash is refused; where it is, it must fit."),
    ROW(endpoints_elsewhere, CONF_TEXT, 2, 3, "no",
        "yes: the provider's endpoints may lie on another host than its issuer."),
    ROW(userinfo, CONF_TEXT, 2, 3, "no", "yes: number, name and birth date come from the userinfo endpoint."),
    ROW(logout, CONF_TEXT, 2, 3, "no", "yes: who logs out here is sent on to log out at the provider."),
    ROW(post_logout_uri, CONF_TEXT, 0, 512, "", "Where the provider sends browsers after that, as registered there."),
    ROW(cache_s, CONF_INT, 10, 86400, "3600", "Most seconds that the provider's metadata and keys are kept."),
    ROW(refetch_s, CONF_INT, 1, 3600, "10", "Seconds between two looks for a key that we do not know."),
    COMMON_ROW(claim_national_id, CONF_TEXT, 1, 64, "SoDinhDanh", "Claim with the twelve digits."),
    COMMON_ROW(claim_full_name, CONF_TEXT, 1, 64, "HoVaTen", "Claim with the name."),
    COMMON_ROW(claim_birth_date, CONF_TEXT, 0, 64, "birthdate", "Claim with the day of birth; empty: not looked at."),
    COMMON_ROW(claim_level, CONF_TEXT, 1, 64, "acr", "Claim with the level of the account."),
    {0},
};

static struct span text_span(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

static bool yes(const char *text)
{
    return !strcmp(text, "yes");
}

static int check(const struct provider *provider)
{
    const struct openid_conf *conf = openid_conf(provider);
    const struct {
        const char *name, *value;
    } switches[] = {{"at_hash_required", conf->at_hash_required},
                    {"endpoints_elsewhere", conf->endpoints_elsewhere},
                    {"userinfo", conf->userinfo},
                    {"logout", conf->logout}};
    int result = 0;
    if (!url_may_be_called(conf->issuer))
        result = provider_wrong(provider, "issuer", "must be an https URL, or http on the loopback address.");
    if (!algorithms_good(conf->algorithms))
        result =
            provider_wrong(provider, "algorithms", "names one that cannot be allowed; --help lists those that can.");
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (!yes(switches[i].value) && strcmp(switches[i].value, "no") != 0)
            result = provider_wrong(provider, switches[i].name, "is yes or no.");
    }
    if (*conf->post_logout_uri && !url_may_be_called(conf->post_logout_uri))
        result = provider_wrong(provider, "post_logout_uri", "must be an https URL, or http on the loopback address.");
    return result;
}

static void begin_url(struct buf *url, struct span endpoint)
{
    buf_init(url, LOCATION_MAX);
    buf_add_span(url, endpoint);
    buf_add_char(url, memchr(endpoint.p, '?', endpoint.n) ? '&' : '?');
}

/* --- the redirect --- */

static int location(struct dealing *d, const struct login_secrets *secrets, struct span *ret_location)
{
    const struct openid_conf *conf = openid_conf(d->provider);
    struct openid_metadata metadata;
    struct span challenge;
    struct buf url;
    int code = openid_metadata_get(d, &metadata);
    if (!code)
        code = provider_challenge(d, secrets->verifier, &challenge);
    if (code)
        return code;
    begin_url(&url, metadata.authorization_endpoint);
    http_add_parameter(&url, "response_type", SPAN("code"));
    http_add_parameter(&url, "client_id", text_span(conf->common.client_id));
    http_add_parameter(&url, "redirect_uri", text_span(conf->common.redirect_uri));
    http_add_parameter(&url, "scope", text_span(conf->scope));
    http_add_parameter(&url, "state", secrets->state);
    http_add_parameter(&url, "nonce", secrets->nonce);
    http_add_parameter(&url, "code_challenge", challenge);
    http_add_parameter(&url, "code_challenge_method", SPAN("S256"));
    if (*conf->common.required_level)
        http_add_parameter(&url, "acr_values", text_span(conf->common.required_level));
    code = http_finish_text(&url, d->arena, ret_location);
    return code ? provider_fail(d, code, "the location is too long") : 0;
}

/* --- the way back --- */

/* One half of client_secret_basic: form-encoded before it is joined (RFC 6749, section 2.3.1). */
static int credential(struct dealing *d, struct span text, struct span *ret_text)
{
    struct buf escaped;
    buf_init(&escaped, CREDENTIAL_MAX);
    http_add_escaped(&escaped, text);
    buf_add_char(&escaped, '&');
    return http_finish_text(&escaped, d->arena, ret_text);
}

/* What a refused exchange means: a code that is no longer good is the browser's trouble, all else is ours. */
static int refused(struct dealing *d, const struct http_reply *reply)
{
    cJSON *document = json_read(reply->body);
    const char *error = json_text(document, "error");
    bool grant = reply->status == 400 && error && !strcmp(error, "invalid_grant");
    bool client = error && !strcmp(error, "invalid_client");
    cJSON_Delete(document);
    if (grant)
        return provider_fail(d, ERR_PROVIDER_REFUSED, "the provider does not know the code (any more)");
    if (reply->status >= 500)
        return provider_fail(d, ERR_PROVIDER, "the provider has an error of its own");
    return provider_fail(d, ERR_PROVIDER,
                         client ? "the provider does not accept our client name and secret"
                                : "the provider refused the exchange");
}

/* What the exchange gives; texts in the arena. */
struct tokens {
    struct span id_token, access_token;
};

static int post_code(struct dealing *d, struct span code_text, struct span verifier,
                     const struct openid_metadata *metadata, struct http_reply *ret_reply)
{
    const struct openid_conf *conf = openid_conf(d->provider);
    const struct conf_secret *secret = &conf->common.client_secret;
    struct buf text;
    struct span form, user, password;
    buf_init(&text, FORM_MAX);
    http_add_parameter(&text, "grant_type", SPAN("authorization_code"));
    http_add_parameter(&text, "code", code_text);
    http_add_parameter(&text, "redirect_uri", text_span(conf->common.redirect_uri));
    http_add_parameter(&text, "code_verifier", verifier);
    int code = http_finish_text(&text, d->arena, &form);
    if (!code)
        code = credential(d, text_span(conf->common.client_id), &user);
    if (!code)
        code = credential(d, (struct span){secret->bytes ? secret->bytes : "", (uint32_t)secret->n}, &password);
    if (code)
        return code;
    struct http_request request = {
        .url = metadata->token_endpoint.p, .form = form.p, .user = user.p, .password = password.p};
    return provider_send(d, ENDPOINT_TOKEN, &request, ret_reply);
}

/* Gives the code, gets the tokens. */
static int exchange(struct dealing *d, const struct login_answer *answer, const struct openid_metadata *metadata,
                    struct tokens *ret_tokens)
{
    struct http_reply reply;
    struct tokens tokens = {{0}, {0}};
    int code = post_code(d, answer->code, answer->verifier, metadata, &reply);
    if (code)
        return code;
    if (reply.status != 200)
        return refused(d, &reply);
    cJSON *document = reply.json ? json_read(reply.body) : NULL;
    if (!document)
        code = provider_fail(d, ERR_PROVIDER, "the provider's answer is not one JSON object");
    else if (!json_keep_text(document, "id_token", HTTP_MAX_BODY, d->arena, &tokens.id_token))
        code = provider_fail(d, ERR_PROVIDER, "the provider's answer has no ID token");
    else if (!json_keep_text(document, "access_token", ACCESS_TOKEN_MAX, d->arena, &tokens.access_token))
        tokens.access_token = (struct span){0};
    cJSON_Delete(document);
    if (!code)
        *ret_tokens = tokens;
    return code;
}

/* The rules of a token of this provider. */
static struct id_rules rules_of(const struct provider *provider)
{
    const struct openid_conf *conf = openid_conf(provider);
    return (struct id_rules){.issuer = conf->issuer,
                             .algorithms = conf->algorithms,
                             .conf = &conf->common,
                             .at_hash_required = yes(conf->at_hash_required),
                             .account_only = yes(conf->userinfo),
                             .now_s = now_us() / 1000000};
}

/* A token to be judged. */
struct judged {
    struct id_rules rules;
    struct span token;
    struct claims *claims;
    struct logout_claims *logout;
};

static int judge_id_token(struct dealing *d, const struct jwks *jwks, void *user)
{
    struct judged *j = user;
    return id_token_read(jwks, &j->rules, j->token, d->arena, j->claims, &d->why, &d->field);
}

static int judge_logout_token(struct dealing *d, const struct jwks *jwks, void *user)
{
    struct judged *j = user;
    return logout_token_read(jwks, &j->rules, j->token, d->arena, j->logout, &d->why, &d->field);
}

/* Number, name and birth date from the userinfo endpoint, which must speak of the ID token's account. */
static int ask_userinfo(struct dealing *d, const struct openid_metadata *metadata, struct span access_token,
                        struct claims *claims)
{
    struct http_request request = {.url = metadata->userinfo_endpoint.p, .bearer = access_token.p};
    struct http_reply reply;
    d->field = "userinfo";
    if (!access_token.n)
        return provider_fail(d, ERR_PROVIDER, "the provider's answer has no access token for the userinfo endpoint");
    int code = provider_send(d, ENDPOINT_USERINFO, &request, &reply);
    if (code)
        return code;
    cJSON *document = reply.status == 200 && reply.json ? json_read(reply.body) : NULL;
    const char *subject = json_text(document, "sub");
    if (!document)
        code = provider_fail(d, ERR_PROVIDER, "the userinfo endpoint does not answer with one JSON object");
    else if (!subject || strlen(subject) != claims->subject.n || memcmp(subject, claims->subject.p, claims->subject.n))
        code = provider_fail(d, ERR_PROVIDER, "the userinfo endpoint speaks of another account");
    else
        code = claims_read(d->provider->conf, document, d->arena, claims, &d->why);
    cJSON_Delete(document);
    return code;
}

static int finish(struct dealing *d, const struct login_answer *answer, struct claims *ret_claims)
{
    const struct openid_conf *conf = openid_conf(d->provider);
    struct openid_metadata metadata;
    struct tokens tokens;
    struct claims claims = {0};
    struct span issuer = text_span(conf->issuer);
    int code = openid_metadata_get(d, &metadata);
    if (!code && (answer->iss.n || metadata.names_itself) &&
        (answer->iss.n != issuer.n || memcmp(answer->iss.p, issuer.p, issuer.n) != 0)) {
        d->field = "iss";
        return provider_fail(d, ERR_UNAUTHENTICATED, "the redirect comes from another issuer");
    }
    if (!code)
        code = exchange(d, answer, &metadata, &tokens);
    if (code)
        return code;
    struct judged judged = {.rules = rules_of(d->provider), .token = tokens.id_token, .claims = &claims};
    judged.rules.nonce = answer->nonce;
    judged.rules.access_token = tokens.access_token;
    code = openid_with_keys(d, &metadata, judge_id_token, &judged);
    if (!code && judged.rules.account_only)
        code = ask_userinfo(d, &metadata, tokens.access_token, &claims);
    if (!code)
        *ret_claims = claims;
    return code;
}

/* --- logout --- */

static int leave(struct dealing *d, struct span *ret_location)
{
    const struct openid_conf *conf = openid_conf(d->provider);
    struct openid_metadata metadata;
    struct buf url;
    if (!yes(conf->logout))
        return provider_fail(d, ERR_NOT_FOUND, "the provider's logout is not used");
    int code = openid_metadata_get(d, &metadata);
    if (code)
        return code;
    if (!metadata.end_session_endpoint.n)
        return provider_fail(d, ERR_NOT_FOUND, "the provider has no logout");
    begin_url(&url, metadata.end_session_endpoint);
    http_add_parameter(&url, "client_id", text_span(conf->common.client_id));
    if (*conf->post_logout_uri)
        http_add_parameter(&url, "post_logout_redirect_uri", text_span(conf->post_logout_uri));
    return http_finish_text(&url, d->arena, ret_location);
}

static int told_off(struct dealing *d, struct span token, struct logout_claims *ret_claims)
{
    struct openid_metadata metadata;
    struct judged judged = {.rules = rules_of(d->provider), .token = token, .logout = ret_claims};
    int code = openid_metadata_get(d, &metadata);
    return code ? code : openid_with_keys(d, &metadata, judge_logout_token, &judged);
}

/* --- what whoever connects it wants to know --- */

static void probe_keys(struct dealing *d, const struct openid_metadata *metadata, struct probe *probe)
{
    struct jwks *jwks = NULL;
    int code = openid_keys_fetch(d, metadata->jwks_uri, &jwks);
    probe_add(probe, "keys", !code, code ? d->why : jwks_describe(jwks, d->arena),
              "Kiểm tra jwks_uri: cần khóa RSA từ 2048 bit hoặc EC P-256, P-384, use=sig.",
              "Check jwks_uri: RSA keys from 2048 bits or EC keys on P-256 or P-384 with use=sig are needed.");
    jwks_free(jwks);
}

/* A code that cannot be good: invalid_grant means that name and secret are accepted. */
static void probe_client(struct dealing *d, const struct openid_metadata *metadata, struct probe *probe)
{
    struct http_reply reply;
    int code =
        post_code(d, SPAN("hocvu-idp-test"), SPAN("hocvu-idp-test-0123456789-0123456789-0123456789"), metadata, &reply);
    if (!code)
        code = reply.status == 200 ? provider_fail(d, ERR_PROVIDER, "the provider takes a made-up code")
                                   : refused(d, &reply);
    bool ok = code == ERR_PROVIDER_REFUSED;
    probe_add(probe, "client", ok, ok ? "client_id and client_secret are accepted" : d->why,
              "Kiểm tra client_id, tệp client_secret và cách xác thực client_secret_basic đã đăng ký.",
              "Check client_id, the file of client_secret, and that client_secret_basic is registered.");
}

static void probe(struct dealing *d, struct probe *probe)
{
    const struct openid_conf *conf = openid_conf(d->provider);
    struct openid_metadata metadata;
    struct http_reply reply = {.date_s = -1};
    int code = openid_metadata_fetch(d, &metadata, &reply);
    probe_add(probe, "discovery", !code, code ? d->why : conf->issuer,
              "Kiểm tra issuer (đúng từng ký tự), DNS, TLS, tường lửa và row endpoints_elsewhere.",
              "Check issuer (to the letter), DNS, TLS, the firewall, and the row endpoints_elsewhere.");
    if (code)
        return;
    probe_add(probe, "endpoints", true,
              arena_printf(d->arena, "%s %s", metadata.authorization_endpoint.p, metadata.token_endpoint.p), "", "");
    probe_clock(d, reply.date_s, probe);
    probe_keys(d, &metadata, probe);
    probe_client(d, &metadata, probe);
    if (yes(conf->logout))
        probe_add(probe, "logout", metadata.end_session_endpoint.n > 0,
                  metadata.end_session_endpoint.n ? metadata.end_session_endpoint.p : "no end_session_endpoint",
                  "Đặt logout = no, hoặc nhờ bên cung cấp mở end_session_endpoint.",
                  "Set logout = no, or have the provider open its end_session_endpoint.");
}

const struct adapter openid_adapter = {
    .kind = "openid",
    .rows = rows,
    .conf_size = sizeof(struct openid_conf),
    .check = check,
    .open = openid_open,
    .close = openid_close,
    .forget = openid_forget,
    .location = location,
    .finish = finish,
    .leave = leave,
    .told_off = told_off,
    .probe = probe,
};
