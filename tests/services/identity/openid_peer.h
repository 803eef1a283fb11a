/*
 * openid_peer.h - an OpenID provider that says what a test tells it to: a small server with a thread for each
 * connection, and keys to sign with. What an honest provider does is tried with deploy/idp in test_login.c.
 */
#ifndef IDENTITY_OPENID_PEER_H
#define IDENTITY_OPENID_PEER_H

#include "provider_test.h"
#include <cjose/jws.h>
#include <pthread.h>

enum { PEER_CONNECTIONS = 1024 /* of one test */ };

static struct {
    int listener, port;
    pthread_t thread;
    /* Connections there were, each with its thread; of peer_accept's thread, and of peer_stop when that has ended. */
    struct {
        int fd;
        pthread_t thread;
    } served[PEER_CONNECTIONS];
    uint32_t n_served;
    /* Bodies of what it answers; the test sets them. */
    const char *_Atomic discovery, *_Atomic jwks, *_Atomic token, *_Atomic userinfo;
    const char *_Atomic type, *_Atomic more; /* content type; further header lines */
    _Atomic int status, delay_ms;
    _Atomic int asked_discovery, asked_jwks, asked_token, asked_userinfo, told_bearer;
} peer;

static cjose_jwk_t *peer_key, *peer_new_key;

static inline void peer_write(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = send(fd, text, n, MSG_NOSIGNAL);
        if (done <= 0)
            return;
        text += done;
        n -= (size_t)done;
    }
}

static inline const char *peer_body(const char *request)
{
    if (!strncmp(request, "GET /.well-known/openid-configuration ", 38)) {
        peer.asked_discovery++;
        return peer.discovery;
    }
    if (!strncmp(request, "GET /jwks ", 10)) {
        peer.asked_jwks++;
        return peer.jwks;
    }
    if (!strncmp(request, "POST /token ", 12)) {
        peer.asked_token++;
        return peer.token;
    }
    peer.asked_userinfo++;
    peer.told_bearer = strstr(request, "Authorization: Bearer access-1\r\n") != NULL;
    return peer.userinfo;
}

static inline void *peer_serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char request[16384], head[1024];
    size_t n = 0;
    ssize_t got;
    while ((got = recv(fd, request + n, sizeof(request) - n - 1, 0)) > 0) {
        n += (size_t)got;
        request[n] = '\0';
        const char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
        if (!end || (length && length < end && n < (size_t)(end + 4 - request) + strtoul(length + 16, NULL, 10)))
            continue;
        n = 0;
        const char *body = peer_body(request);
        if (peer.delay_ms)
            usleep((useconds_t)peer.delay_ms * 1000);
        int m = snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n",
                         peer.status, peer.type, peer.more, strlen(body));
        peer_write(fd, head, (size_t)m);
        peer_write(fd, body, strlen(body));
    }
    shutdown(fd, SHUT_RDWR);
    return NULL;
}

static inline void *peer_accept(void *arg)
{
    (void)arg;
    for (;;) {
        int fd = accept(peer.listener, NULL, NULL);
        if (fd < 0 || peer.n_served == PEER_CONNECTIONS)
            return NULL;
        peer.served[peer.n_served].fd = fd;
        if (pthread_create(&peer.served[peer.n_served].thread, NULL, peer_serve, (void *)(intptr_t)fd) == 0)
            peer.n_served++;
        else
            close(fd);
    }
}

static inline cjose_jwk_t *peer_make_key(const char *kid)
{
    cjose_err err;
    cjose_jwk_t *key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err);
    cr_assert(key && cjose_jwk_set_kid(key, kid, strlen(kid), &err));
    return key;
}

static inline const char *peer_jwks_of(struct arena *arena, cjose_jwk_t *key)
{
    cjose_err err;
    char *json = cjose_jwk_to_json(key, false, &err);
    const char *set = arena_printf(arena, "{\"keys\":[%s]}", json);
    free(json);
    return set;
}

static inline const char *peer_issuer(struct arena *arena)
{
    return arena_printf(arena, "http://127.0.0.1:%d", peer.port);
}

/* The discovery document with these further members. */
static inline const char *peer_discovery(struct arena *arena, const char *more)
{
    const char *i = peer_issuer(arena);
    return arena_printf(arena,
                        "{\"issuer\":\"%s\",\"authorization_endpoint\":\"%s/auth\",\"token_endpoint\":\"%s/token\","
                        "\"jwks_uri\":\"%s/jwks\",\"userinfo_endpoint\":\"%s/userinfo\"%s}",
                        i, i, i, i, i, more);
}

static inline void peer_start(struct arena *arena)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    peer.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(peer.listener, (struct sockaddr *)&at, sizeof(at)), 0);
    cr_assert_eq(listen(peer.listener, 64), 0);
    cr_assert_eq(getsockname(peer.listener, (struct sockaddr *)&at, &n), 0);
    peer.port = ntohs(at.sin_port);
    peer_key = peer_make_key("key-1");
    peer_new_key = peer_make_key("key-2");
    peer.discovery = peer_discovery(arena, "");
    peer.jwks = peer_jwks_of(arena, peer_key);
    peer.token = peer.userinfo = "{}";
    peer.type = "application/json";
    peer.more = "";
    peer.status = 200;
    cr_assert_eq(pthread_create(&peer.thread, NULL, peer_accept, NULL), 0);
}

/* Waits for whoever still answers: the bodies are the test's, and go with its arena. */
static inline void peer_stop(void)
{
    shutdown(peer.listener, SHUT_RDWR);
    pthread_join(peer.thread, NULL);
    close(peer.listener);
    for (uint32_t i = 0; i < peer.n_served; i++) {
        shutdown(peer.served[i].fd, SHUT_RDWR);
        pthread_join(peer.served[i].thread, NULL);
        close(peer.served[i].fd);
    }
    peer.n_served = 0;
    cjose_jwk_release(peer_key);
    cjose_jwk_release(peer_new_key);
}

/* A JWT of this payload. */
static inline const char *peer_sign(struct arena *arena, cjose_jwk_t *key, const char *payload)
{
    cjose_err err;
    cjose_header_t *header = cjose_header_new(&err);
    const char *text;
    cr_assert(cjose_header_set(header, CJOSE_HDR_ALG, "ES256", &err) &&
              cjose_header_set(header, CJOSE_HDR_KID, cjose_jwk_get_kid(key, &err), &err));
    cjose_jws_t *jws = cjose_jws_sign(key, header, (const uint8_t *)payload, strlen(payload), &err);
    cr_assert(jws && cjose_jws_export(jws, &text, &err));
    const char *copy = arena_printf(arena, "%s", text);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return copy;
}

/* An ID token for the nonce n-1, with these further members. */
static inline const char *peer_id_token(struct arena *arena, cjose_jwk_t *key, const char *more)
{
    long long now = (long long)(now_us() / 1000000);
    return peer_sign(arena, key,
                     arena_printf(arena,
                                  "{\"iss\":\"%s\",\"aud\":\"hocvu\",\"exp\":%lld,\"iat\":%lld,\"sub\":\"account-1\","
                                  "\"nonce\":\"n-1\",\"acr\":\"2\"%s}",
                                  peer_issuer(arena), now + 300, now, more));
}

#define PERSON ",\"SoDinhDanh\":\"999079000002\",\"HoVaTen\":\"Trần Thị Hoa\",\"birthdate\":\"1979-04-14\""

/* What the token endpoint answers. */
static inline void peer_give(struct arena *arena, const char *id_token)
{
    peer.token =
        arena_printf(arena, "{\"access_token\":\"access-1\",\"token_type\":\"Bearer\",\"id_token\":\"%s\"}", id_token);
}

#endif
