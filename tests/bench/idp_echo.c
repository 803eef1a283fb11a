/*
 * idp_echo.c - an identity provider for BENCH=logins that costs as little as one can: discovery, one ES256 key, an
 * authorization endpoint that asks nobody, and a token endpoint that remembers nothing, because the code says nonce and
 * person. One thread. It proves nothing about anybody: `login_hint` is who one is.
 *
 *     idp_echo PORT
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BODY_MAX = 4096, TEXT_MAX = 4096, SIDE = 32 };

struct request {
    size_t n;
    char body[BODY_MAX];
};

static EVP_PKEY *key;
static char issuer[64], jwks[512];
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static const char *base64url(const void *bytes, size_t n, char *text, size_t room)
{
    return sodium_bin2base64(text, room, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* --- the key --- */

static int write_jwks(void)
{
    BIGNUM *x = NULL, *y = NULL;
    unsigned char bytes[SIDE];
    char x_text[64], y_text[64];
    if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) ||
        !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y))
        return -1;
    BN_bn2binpad(x, bytes, SIDE);
    base64url(bytes, SIDE, x_text, sizeof(x_text));
    BN_bn2binpad(y, bytes, SIDE);
    base64url(bytes, SIDE, y_text, sizeof(y_text));
    BN_free(x);
    BN_free(y);
    snprintf(
        jwks, sizeof(jwks),
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":\"k\",\"x\":\"%s\","
        "\"y\":\"%s\"}]}",
        x_text, y_text);
    return 0;
}

/* JWS of the claims: the two numbers of the signature side by side, as RFC 7518 wants them. */
static int sign_jws(const char *claims, char *ret_token, size_t room)
{
    static const char header[] = "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k\"}";
    unsigned char der[128], both[2 * SIDE];
    const unsigned char *from = der;
    size_t n_der = sizeof(der);
    char head[128], payload[TEXT_MAX], signature[128];
    base64url(header, sizeof(header) - 1, head, sizeof(head));
    base64url(claims, strlen(claims), payload, sizeof(payload));
    int n = snprintf(ret_token, room, "%s.%s", head, payload);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int good = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestSign(ctx, der, &n_der, (const unsigned char *)ret_token, (size_t)n) == 1;
    EVP_MD_CTX_free(ctx);
    ECDSA_SIG *sig = good ? d2i_ECDSA_SIG(NULL, &from, (long)n_der) : NULL;
    if (!sig)
        return -1;
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), both, SIDE);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), both + SIDE, SIDE);
    ECDSA_SIG_free(sig);
    base64url(both, sizeof(both), signature, sizeof(signature));
    snprintf(ret_token + n, room - (size_t)n, ".%s", signature);
    return 0;
}

/* --- answers --- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *text,
                              const char *location)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "application/json");
    if (location)
        MHD_add_response_header(response, "Location", location);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static const char *query(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
    return value ? value : "";
}

static enum MHD_Result authorize(struct MHD_Connection *connection)
{
    char location[TEXT_MAX];
    snprintf(location, sizeof(location), "%s?code=%s.%s&state=%s&iss=%s", query(connection, "redirect_uri"),
             query(connection, "nonce"), query(connection, "login_hint"), query(connection, "state"), issuer);
    return answer(connection, 302, "", location);
}

static enum MHD_Result token(struct MHD_Connection *connection, const struct request *request)
{
    char claims[TEXT_MAX / 2], jws[TEXT_MAX], text[2 * TEXT_MAX], nonce[128] = "";
    long long now = (long long)time(NULL), person = 0;
    const char *code = strstr(request->body, "code=");
    while (code && code > request->body && code[-1] != '&') /* not the end of another name */
        code = strstr(code + 1, "code=");
    if (!code || sscanf(code, "code=%127[A-Za-z0-9_-].%lld", nonce, &person) != 2)
        return answer(connection, 400, "{\"error\":\"invalid_grant\"}", NULL);
    snprintf(claims, sizeof(claims),
             "{\"iss\":\"%s\",\"aud\":\"hocvu\",\"sub\":\"s%lld\",\"iat\":%lld,\"exp\":%lld,\"nonce\":\"%s\","
             "\"acr\":\"2\",\"SoDinhDanh\":\"999%09lld\",\"HoVaTen\":\"Nguyễn Văn Thử\"}",
             issuer, person, now, now + 300, nonce, person);
    if (sign_jws(claims, jws, sizeof(jws)) < 0)
        return answer(connection, 500, "{}", NULL);
    snprintf(text, sizeof(text),
             "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":300,\"id_token\":\"%s\"}", jws);
    return answer(connection, 200, text, NULL);
}

static enum MHD_Result discover(struct MHD_Connection *connection)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "{\"issuer\":\"%s\",\"authorization_endpoint\":\"%s/auth\",\"token_endpoint\":\"%s/token\","
             "\"jwks_uri\":\"%s/jwks\",\"response_types_supported\":[\"code\"],"
             "\"authorization_response_iss_parameter_supported\":true}",
             issuer, issuer, issuer, issuer);
    return answer(connection, 200, text, NULL);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *verb,
                                  const char *version, const char *data, size_t *data_size, void **state)
{
    struct request *request = *state;
    (void)cls, (void)verb, (void)version;
    if (!request) {
        *state = request = calloc(1, sizeof(*request));
        return request ? MHD_YES : MHD_NO;
    }
    if (*data_size) {
        size_t n = *data_size < BODY_MAX - 1 - request->n ? *data_size : BODY_MAX - 1 - request->n;
        memcpy(request->body + request->n, data, n);
        request->n += n;
        *data_size = 0;
        return MHD_YES;
    }
    if (!strcmp(url, "/auth"))
        return authorize(connection);
    if (!strcmp(url, "/token"))
        return token(connection, request);
    if (!strcmp(url, "/jwks"))
        return answer(connection, 200, jwks, NULL);
    if (!strcmp(url, "/.well-known/openid-configuration"))
        return discover(connection);
    return answer(connection, 404, "{}", NULL);
}

static void on_done(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    (void)cls, (void)connection, (void)code;
    free(*state);
    *state = NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (argc != 2 || sodium_init() < 0)
        return 2;
    address.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
    snprintf(issuer, sizeof(issuer), "http://127.0.0.1:%s", argv[1]);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    key = EVP_EC_gen("P-256");
    struct MHD_Daemon *daemon =
        key && !write_jwks() ? MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, NULL,
                                                MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, 2048u,
                                                MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_END)
                             : NULL;
    if (!daemon) {
        perror("idp_echo");
        return 1;
    }
    while (!stopping)
        pause();
    MHD_stop_daemon(daemon);
    EVP_PKEY_free(key);
    return 0;
}
