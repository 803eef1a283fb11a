/*
 * zsock.h - every ZeroMQ socket of the project is made here, so that its options stand in one place with their reasons,
 * and every TCP socket uses CURVE with an allow-list of keys.
 */
#ifndef COMMON_ZSOCK_H
#define COMMON_ZSOCK_H

#include "conf.h"

/* Where services are found on the bus, and the keys with which TCP is spoken; rows in every process's configuration. */
struct bus_conf {
    const char *bus_dir;            /* ipc:// sockets of this host */
    const char *peers;              /* "name=call|events ..." for services that are not in bus_dir */
    struct conf_secret curve_key;   /* own pair: two Z85 lines, public and secret */
    struct conf_secret curve_known; /* lines `name key`: who may speak to us, and the keys of services */
};

#define BUS_CONF_ROWS(type, member)                                                                                    \
    {"bus_dir",                                                                                                        \
     CONF_TEXT,                                                                                                        \
     1,                                                                                                                \
     90,                                                                                                               \
     "var/run",                                                                                                        \
     "Directory of the bus sockets of this host.",                                                                     \
     offsetof(type, member.bus_dir)},                                                                                  \
        {"peers",                                                                                                      \
         CONF_TEXT,                                                                                                    \
         0,                                                                                                            \
         2000,                                                                                                         \
         "",                                                                                                           \
         "Services elsewhere: name=tcp://host:port|tcp://host:port (calls, events), separated by blanks.",             \
         offsetof(type, member.peers)},                                                                                \
        {"curve_key",                                                                                                  \
         CONF_SECRET,                                                                                                  \
         0,                                                                                                            \
         0,                                                                                                            \
         "",                                                                                                           \
         "CURVE key pair of this process: public and secret key, a line each.",                                        \
         offsetof(type, member.curve_key)},                                                                            \
    {                                                                                                                  \
        "curve_known", CONF_SECRET, 0, 0, "", "Names and public CURVE keys of all processes: the allow-list.",         \
            offsetof(type, member.curve_known)                                                                         \
    }

enum zsock_channel { ZSOCK_CALL, ZSOCK_EVENTS };
enum { ZSOCK_ENDPOINT_MAX = 256 };

/* Endpoint of a service's ROUTER or PUB. -1 when it does not fit. */
MUST_CHECK int zsock_endpoint(const struct bus_conf *conf, const char *service, enum zsock_channel channel,
                              char ret_endpoint[ZSOCK_ENDPOINT_MAX]);
/* A bound socket (ZMQ_ROUTER or ZMQ_PUB), or one connected to a service (ZMQ_DEALER or ZMQ_SUB). NULL: logged. */
void *zsock_bind(void *zmq, int type, const struct bus_conf *conf, const char *endpoint);
void *zsock_connect(void *zmq, int type, const struct bus_conf *conf, const char *service, enum zsock_channel channel);

/* Checks callers' keys on TCP sockets against curve_known (ZAP, RFC 27); a thread of its own. Before the first bind. */
struct zap;
struct zap *zap_start(void *zmq, const struct bus_conf *conf);
/* After zmq_ctx_shutdown. Accepts NULL. */
void zap_stop(struct zap *zap);

#endif
