/*
 * proto.h - every message, method and event of the bus as C declarations, and the tables that describe them.
 *
 * A service includes this, never a .def directly; to bind its methods its main says `#define PROTO_BIND "x.def"` and
 * includes bind.h.
 */
#ifndef PROTO_H
#define PROTO_H

#define PROTO_FILE "all.def"
#include "declare.h"
#undef PROTO_FILE

enum {
    ERR_NONE = 0,
#define ERR(number, name, status, vi, en) ERR_##name = number,
#include "errors.def"
#undef ERR
};

enum {
    PUBLIC = 0,
#define ROLE(bit, NAME, name, vi, en) NAME = bit,
#include "roles.def"
    ANY_ROLE = 0
#define ROLE(bit, NAME, name, vi, en) | bit
#include "roles.def"
    ,
    /* In a METHOD's roles: held for the whole nation, not for a part of it. In a grant: its unit is the nation. */
    NATIONAL = 0x80,
    /* In a METHOD's roles, alone: whoever is logged in, also an account that has no rights yet. Never in a grant. */
    LOGGED_IN = 0x40000000,
};

/* Which of a METHOD's roles this grant gives; 0: none. */
static inline uint32_t grant_allows(const struct grant *grant, uint32_t wanted)
{
    bool place = !(wanted & NATIONAL) || grant->roles & NATIONAL;
    return place ? grant->roles & wanted & ANY_ROLE : 0;
}

enum {
#define SERVICE(number, name, doc) SERVICE_##name = number,
#include "services.def"
#undef SERVICE
    SERVICE_COUNT_LIMIT = 16
};

/* One row of errors.def. */
struct err_row {
    int code;
    const char *name; /* lower case, as it stands in JSON */
    int status;       /* HTTP */
    const char *vi, *en;
};

/* One row of roles.def. */
struct role_row {
    uint32_t bit;
    const char *name, *vi, *en;
};

extern const struct msg *const proto_msgs[];
extern const size_t proto_n_msgs;
extern const struct method proto_methods[];
extern const size_t proto_n_methods;
extern const struct event proto_events[];
extern const size_t proto_n_events;
extern const struct service_row proto_services[];
extern const size_t proto_n_services;
extern const struct role_row proto_roles[];
extern const size_t proto_n_roles;
extern const struct err_row proto_errors[];
extern const size_t proto_n_errors;

/* Row of a method, event, service, error or message; NULL when there is none. err_find never returns NULL. */
const struct method *method_find(uint16_t number);
const struct event *event_find(uint16_t number);
const struct service_row *service_find(uint8_t number);
const struct service_row *service_find_name(const char *name);
const struct err_row *err_find(int code);
const struct err_row *err_find_name(const char *name, size_t n);
const struct msg *msg_find(const char *name);
const struct field *msg_field(const struct msg *msg, const char *name, size_t n);
const struct role_row *role_find_name(const char *name, size_t n);
/* What a grant of this role may usually hand on, and what nobody may be beside it: bits by roles.def. */
uint32_t role_gives(uint32_t bit);
uint32_t role_conflicts(uint32_t bit);

/*
 * The most bytes that a valid message of this kind can take as MessagePack, by the bounds of its rows. MAXMSGSIZE and
 * buffer limits come from here.
 */
size_t msg_max_packed(const struct msg *msg);
/* The largest of all methods' requests and replies. */
size_t proto_max_packed(void);

#endif
