/*
 * zsock.h - every ZeroMQ socket of the project is made here, so that its options stand in one place with their reasons,
 * and every TCP socket uses CURVE with an allow-list of keys.
 */
#ifndef COMMON_ZSOCK_H
#define COMMON_ZSOCK_H

#include "conf.h"

enum { ZSOCK_REPLICAS = 8 }; /* most processes of one service */

/* Where services are found on the bus, and the keys with which TCP is spoken; rows in every process's configuration. */
struct bus_conf {
    const char *bus_dir;            /* ipc:// sockets of this host */
    int64_t replicas;               /* processes of a service that are looked for in bus_dir; 0: one */
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
        {"replicas",                                                                                                   \
         CONF_INT,                                                                                                     \
         1,                                                                                                            \
         ZSOCK_REPLICAS,                                                                                               \
         "2",                                                                                                          \
         "How many processes of each service are looked for in bus_dir; nobody need be there.",                        \
         offsetof(type, member.replicas)},                                                                             \
        {"peers",                                                                                                      \
         CONF_TEXT,                                                                                                    \
         0,                                                                                                            \
         2000,                                                                                                         \
         "",                                                                                                           \
         "Services elsewhere: name=calls|events, separated by blanks; each of both tcp://host:port,tcp://host:port.",  \
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

/*
 * A service may run as several processes, instances from 1 on. In bus_dir they are <service>.call, <service>.2.call and
 * so on; in `peers` they are the addresses between commas.
 */
unsigned zsock_replicas(const struct bus_conf *conf, const char *service);
/* Endpoint of an instance's ROUTER or PUB. -1 when it does not fit, or there is no such instance in `peers`. */
MUST_CHECK int zsock_endpoint(const struct bus_conf *conf, const char *service, unsigned instance,
                              enum zsock_channel channel, char ret_endpoint[ZSOCK_ENDPOINT_MAX]);
/* A bound socket: ZMQ_ROUTER or ZMQ_PUB. NULL: logged. */
void *zsock_bind(void *zmq, int type, const struct bus_conf *conf, const char *endpoint);
/* One for a service's address, not connected yet, ZMQ_DEALER or ZMQ_SUB, and its connection. NULL, -1: logged. */
void *zsock_open(void *zmq, int type, const struct bus_conf *conf, const char *service);
MUST_CHECK int zsock_attach(void *socket, const struct bus_conf *conf, const char *service, unsigned instance,
                            enum zsock_channel channel);
/* Both: a ZMQ_DEALER connected to one instance; a ZMQ_SUB connected to all. */
void *zsock_connect(void *zmq, const struct bus_conf *conf, const char *service, unsigned instance);
void *zsock_subscribe(void *zmq, const struct bus_conf *conf, const char *service);

/* Checks callers' keys on TCP sockets against curve_known (ZAP, RFC 27); a thread of its own. Before the first bind. */
struct zap;
struct zap *zap_start(void *zmq, const struct bus_conf *conf);
/* After zmq_ctx_shutdown. Accepts NULL. */
void zap_stop(struct zap *zap);

#endif
