/* zsock.c - sockets with their options, CURVE, and the ZAP handler that keeps the allow-list. */
#include "zsock.h"
#include "log.h"
#include "proto.h"
#include <errno.h>
#include <pthread.h>
#include <zmq.h>

enum { Z85_TEXT = 41, CURVE_KEY = 32 };

/* The addresses of a service in `peers`, with commas between them; false when it is not there. */
static bool find_addresses(const struct bus_conf *conf, const char *service, enum zsock_channel channel,
                           struct span *ret_list)
{
    size_t n = strlen(service);
    for (const char *p = conf->peers; *p;) {
        size_t word = strcspn(p, " \t");
        if (word > n && !strncmp(p, service, n) && p[n] == '=') {
            const char *call = p + n + 1, *end = p + word;
            const char *bar = memchr(call, '|', (size_t)(end - call));
            const char *from = channel == ZSOCK_CALL || !bar ? call : bar + 1;
            const char *to = channel == ZSOCK_CALL && bar ? bar : end;
            *ret_list = (struct span){from, (uint32_t)(to - from)};
            return true;
        }
        p += word;
        p += strspn(p, " \t");
    }
    return false;
}

unsigned zsock_replicas(const struct bus_conf *conf, const char *service)
{
    struct span list;
    if (!find_addresses(conf, service, ZSOCK_CALL, &list))
        return conf->replicas > 0 ? (unsigned)conf->replicas : 1;
    unsigned n = 1;
    for (uint32_t i = 0; i < list.n; i++)
        n += list.p[i] == ',';
    return n < ZSOCK_REPLICAS ? n : ZSOCK_REPLICAS;
}

int zsock_endpoint(const struct bus_conf *conf, const char *service, unsigned instance, enum zsock_channel channel,
                   char ret_endpoint[ZSOCK_ENDPOINT_MAX])
{
    struct span list;
    int written;
    if (find_addresses(conf, service, channel, &list)) {
        const char *comma;
        while (--instance) {
            comma = memchr(list.p, ',', list.n);
            if (!comma)
                return -1;
            list = (struct span){comma + 1, list.n - (uint32_t)(comma + 1 - list.p)};
        }
        comma = memchr(list.p, ',', list.n);
        written = snprintf(ret_endpoint, ZSOCK_ENDPOINT_MAX, "%.*s", (int)(comma ? comma - list.p : list.n), list.p);
    } else {
        char number[16] = "";
        if (instance > 1)
            snprintf(number, sizeof(number), ".%u", instance);
        written = snprintf(ret_endpoint, ZSOCK_ENDPOINT_MAX, "ipc://%s/%s%s.%s", conf->bus_dir, service, number,
                           channel == ZSOCK_CALL ? "call" : "events");
    }
    return written < ZSOCK_ENDPOINT_MAX ? 0 : -1;
}

/* Line `index` of a text as a NUL-terminated Z85 key. */
static int key_line(const struct conf_secret *secret, int index, char ret_key[Z85_TEXT])
{
    const char *p = secret->bytes;
    while (p && index-- > 0) {
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    if (!p || strcspn(p, "\n") < Z85_TEXT - 1)
        return -1;
    memcpy(ret_key, p, Z85_TEXT - 1);
    ret_key[Z85_TEXT - 1] = '\0';
    return 0;
}

/* The public key of a named process. */
static int known_key(const struct conf_secret *known, const char *name, char ret_key[Z85_TEXT])
{
    size_t n = strlen(name);
    for (const char *p = known->bytes; p && *p;) {
        if (!strncmp(p, name, n) && p[n] == ' ' && strcspn(p + n + 1, "\n") >= Z85_TEXT - 1) {
            memcpy(ret_key, p + n + 1, Z85_TEXT - 1);
            ret_key[Z85_TEXT - 1] = '\0';
            return 0;
        }
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    return -1;
}

static int set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static int set_common(void *socket, int type)
{
    int64_t largest = (int64_t)proto_max_packed() + 1024;
    int failed = 0;
    /* Closing never waits for peers: what was acknowledged is in PostgreSQL, the rest is repeated by its sender. */
    failed |= set_int(socket, ZMQ_LINGER, 0);
    /* A frame larger than any declared message closes the connection before it is read. */
    failed |= zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof(largest));
    /* Messages queued per peer before sends are refused; the in-flight limit answers long before that. */
    failed |= set_int(socket, ZMQ_SNDHWM, 4096);
    failed |= set_int(socket, ZMQ_RCVHWM, 4096);
    /* A peer that vanished without closing is noticed within seconds. */
    failed |= set_int(socket, ZMQ_HEARTBEAT_IVL, 2000);
    failed |= set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, 6000);
    /* A service that comes back is found again quickly, without a storm. */
    failed |= set_int(socket, ZMQ_RECONNECT_IVL, 50);
    failed |= set_int(socket, ZMQ_RECONNECT_IVL_MAX, 1000);
    /* Do not queue for a peer that is not there: the sender learns at once. */
    if (type == ZMQ_DEALER)
        failed |= set_int(socket, ZMQ_IMMEDIATE, 1);
    /* A reply to a caller that is gone is an error that is counted, not silence. */
    if (type == ZMQ_ROUTER)
        failed |= set_int(socket, ZMQ_ROUTER_MANDATORY, 1);
    if (type == ZMQ_SUB)
        failed |= zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
    return failed ? -1 : 0;
}

static bool is_tcp(const char *endpoint)
{
    return !strncmp(endpoint, "tcp://", 6);
}

static int set_curve(void *socket, const struct bus_conf *conf, bool server, const char *peer)
{
    char own_public[Z85_TEXT], own_secret[Z85_TEXT], server_key[Z85_TEXT];
    if (key_line(&conf->curve_key, 0, own_public) < 0 || key_line(&conf->curve_key, 1, own_secret) < 0) {
        log_error(NO_TRACE, "TCP on the bus needs curve_key: a file with the public and the secret key, a line each");
        return -1;
    }
    if (server) {
        if (!conf->curve_known.bytes) {
            log_error(NO_TRACE, "TCP on the bus needs curve_known: the keys that may connect");
            return -1;
        }
        return set_int(socket, ZMQ_CURVE_SERVER, 1) ||
                       zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own_secret, Z85_TEXT) ||
                       zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "hocvu", 5)
                   ? -1
                   : 0;
    }
    if (known_key(&conf->curve_known, peer, server_key) < 0) {
        log_error(NO_TRACE, "curve_known has no key for %s", peer);
        return -1;
    }
    return zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, Z85_TEXT) ||
                   zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own_public, Z85_TEXT) ||
                   zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own_secret, Z85_TEXT)
               ? -1
               : 0;
}

static void *made(void *socket, const char *endpoint, int failed)
{
    if (socket && !failed)
        return socket;
    log_error(NO_TRACE, "socket %s: %s", endpoint, zmq_strerror(errno));
    if (socket)
        zmq_close(socket);
    return NULL;
}

void *zsock_bind(void *zmq, int type, const struct bus_conf *conf, const char *endpoint)
{
    void *socket = zmq_socket(zmq, type);
    int failed = !socket || set_common(socket, type) || (is_tcp(endpoint) && set_curve(socket, conf, true, "")) ||
                 zmq_bind(socket, endpoint);
    return made(socket, endpoint, failed);
}

void *zsock_open(void *zmq, int type, const struct bus_conf *conf, const char *service)
{
    struct span list;
    bool tcp = find_addresses(conf, service, ZSOCK_CALL, &list) && list.n > 6 && is_tcp(list.p);
    void *socket = zmq_socket(zmq, type);
    int failed = !socket || set_common(socket, type) || (tcp && set_curve(socket, conf, false, service));
    return made(socket, service, failed);
}

int zsock_attach(void *socket, const struct bus_conf *conf, const char *service, unsigned instance,
                 enum zsock_channel channel)
{
    char endpoint[ZSOCK_ENDPOINT_MAX];
    if (zsock_endpoint(conf, service, instance, channel, endpoint) < 0) {
        log_error(NO_TRACE, "the address of %s, process %u, is missing or too long", service, instance);
        return -1;
    }
    if (!zmq_connect(socket, endpoint))
        return 0;
    log_error(NO_TRACE, "socket %s: %s", endpoint, zmq_strerror(errno));
    return -1;
}

/* Connects to the instances from `first` to `last`; closes the socket when that is not possible. */
static void *attached(void *socket, const struct bus_conf *conf, const char *service, enum zsock_channel channel,
                      unsigned first, unsigned last)
{
    for (unsigned i = first; socket && i <= last; i++) {
        if (zsock_attach(socket, conf, service, i, channel) < 0) {
            zmq_close(socket);
            socket = NULL;
        }
    }
    return socket;
}

void *zsock_connect(void *zmq, const struct bus_conf *conf, const char *service, unsigned instance)
{
    return attached(zsock_open(zmq, ZMQ_DEALER, conf, service), conf, service, ZSOCK_CALL, instance, instance);
}

void *zsock_subscribe(void *zmq, const struct bus_conf *conf, const char *service)
{
    return attached(zsock_open(zmq, ZMQ_SUB, conf, service), conf, service, ZSOCK_EVENTS, 1,
                    zsock_replicas(conf, service));
}

/* --- ZAP: https://rfc.zeromq.org/spec/27/ --- */

struct zap {
    pthread_t thread;
    void *socket;
    uint8_t (*keys)[CURVE_KEY];
    size_t n_keys;
};

static bool allowed(const struct zap *zap, const void *key, size_t n)
{
    for (size_t i = 0; n == CURVE_KEY && i < zap->n_keys; i++) {
        if (!memcmp(zap->keys[i], key, CURVE_KEY)) /* public keys: no secret to leak by timing */
            return true;
    }
    return false;
}

/* One request: version, id, domain, address, identity, mechanism, credentials. False when the context is closing. */
static bool zap_answer(struct zap *zap)
{
    char id[256] = "", version[8] = "", mechanism[16] = "";
    uint8_t key[CURVE_KEY];
    int n_id = 0, n_mechanism = 0, n_key = 0, part = 0, more = 1;
    while (more) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, zap->socket, 0) < 0) {
            zmq_msg_close(&frame);
            return false;
        }
        size_t n = zmq_msg_size(&frame);
        if (part == 0 && n < sizeof(version))
            memcpy(version, zmq_msg_data(&frame), n);
        if (part == 1 && n < sizeof(id))
            memcpy(id, zmq_msg_data(&frame), (size_t)(n_id = (int)n));
        if (part == 5 && n < sizeof(mechanism))
            memcpy(mechanism, zmq_msg_data(&frame), (size_t)(n_mechanism = (int)n));
        if (part == 6 && n == CURVE_KEY)
            memcpy(key, zmq_msg_data(&frame), (size_t)(n_key = (int)n));
        part++;
        more = zmq_msg_more(&frame);
        zmq_msg_close(&frame);
    }
    bool good = !strcmp(version, "1.0") && n_mechanism == 5 && !memcmp(mechanism, "CURVE", 5) &&
                allowed(zap, key, (size_t)n_key);
    if (!good)
        log_warn(NO_TRACE, "a caller whose key is not in curve_known was refused");
    zmq_send(zap->socket, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(zap->socket, id, (size_t)n_id, ZMQ_SNDMORE);
    zmq_send(zap->socket, good ? "200" : "400", 3, ZMQ_SNDMORE);
    zmq_send(zap->socket, good ? "OK" : "No access", good ? 2 : 9, ZMQ_SNDMORE);
    zmq_send(zap->socket, "", 0, ZMQ_SNDMORE);
    zmq_send(zap->socket, "", 0, 0);
    return true;
}

static void *zap_thread(void *arg)
{
    struct zap *zap = arg;
    while (zap_answer(zap))
        continue;
    zmq_close(zap->socket);
    return NULL;
}

/* Every second word of the known-keys file. */
static int zap_load(struct zap *zap, const struct conf_secret *known)
{
    for (const char *p = known->bytes; p && *p;) {
        size_t line = strcspn(p, "\n");
        const char *blank = memchr(p, ' ', line);
        char text[Z85_TEXT];
        if (*p != '#' && blank && (size_t)(p + line - blank - 1) >= Z85_TEXT - 1) {
            void *grown = realloc(zap->keys, (zap->n_keys + 1) * sizeof(*zap->keys));
            if (!grown)
                return -1;
            zap->keys = grown;
            memcpy(text, blank + 1, Z85_TEXT - 1);
            text[Z85_TEXT - 1] = '\0';
            if (!zmq_z85_decode(zap->keys[zap->n_keys], text)) {
                log_error(NO_TRACE, "curve_known: a key is not Z85");
                return -1;
            }
            zap->n_keys++;
        }
        p += line + (p[line] == '\n');
    }
    return 0;
}

struct zap *zap_start(void *zmq, const struct bus_conf *conf)
{
    struct zap *zap = calloc(1, sizeof(*zap));
    if (!zap)
        return NULL;
    zap->socket = zmq_socket(zmq, ZMQ_REP);
    if (zap_load(zap, &conf->curve_known) < 0 || !zap->socket || set_int(zap->socket, ZMQ_LINGER, 0) ||
        zmq_bind(zap->socket, "inproc://zeromq.zap.01") || pthread_create(&zap->thread, NULL, zap_thread, zap)) {
        log_error(NO_TRACE, "the key check for TCP cannot start");
        if (zap->socket)
            zmq_close(zap->socket);
        free(zap->keys);
        free(zap);
        return NULL;
    }
    return zap;
}

void zap_stop(struct zap *zap)
{
    if (!zap)
        return;
    pthread_join(zap->thread, NULL);
    free(zap->keys);
    free(zap);
}
