/*
 * proto.c - the tables that proto.h announces: descriptors of every message, rows of methods, events, services, roles
 * and errors, and the look-ups in them.
 */
#include "codec.h"

#include <string.h>

#define PROTO_FILE "all.def"
#include "define.h"
#undef PROTO_FILE

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What a row of all.def means here is set by the two or three macros that each table needs; the others are empty. */
#define FIELD(number, type, name, need, min, max, doc)
#define LIST(number, sub, name, need, min, max, doc)
#define MSG_END

#define MSG_BEGIN(doc) &PROTO_CAT(msg_, MSG),
#define METHOD(number, name, verb, path, roles, in, out, doc)
#define BATCH(most, number, name, verb, path, roles, in, out, doc)
#define EVENT(number, name, body, doc)
const struct msg *const proto_msgs[] = {
#include "all.def"
};
#undef MSG_BEGIN
#undef METHOD
#undef BATCH
#undef EVENT
const size_t proto_n_msgs = COUNT(proto_msgs);

#define MSG_BEGIN(doc)
#define METHOD(number, name, verb, path, roles, in, out, doc)                                                          \
    {number, 0, #name, verb, path, roles, &msg_##in, &msg_##out, doc},
#define BATCH(most, number, name, verb, path, roles, in, out, doc)                                                     \
    {number, most, #name, verb, path, roles, &msg_##in, &msg_##out, doc},
#define EVENT(number, name, body, doc)
const struct method proto_methods[] = {
#include "all.def"
};
#undef METHOD
#undef BATCH
#undef EVENT
const size_t proto_n_methods = COUNT(proto_methods);

#define METHOD(number, name, verb, path, roles, in, out, doc)
#define BATCH(most, number, name, verb, path, roles, in, out, doc)
#define EVENT(number, name, body, doc) {number, #name, &msg_##body, doc},
const struct event proto_events[] = {
#include "all.def"
};
#undef METHOD
#undef BATCH
#undef EVENT
const size_t proto_n_events = COUNT(proto_events);

/*
 * Number -> place in proto_methods or proto_events, counted from 1. A number that is given twice does not compile, for
 * both compilers warn of an initializer that overrides another.
 */
#define METHOD(number, name, verb, path, roles, in, out, doc)      METHOD_##name,
#define BATCH(most, number, name, verb, path, roles, in, out, doc) METHOD_##name,
#define EVENT(number, name, body, doc)
enum {
    METHOD_NONE,
#include "all.def"
};
#undef METHOD
#undef BATCH
#undef EVENT
#define METHOD(number, name, verb, path, roles, in, out, doc)
#define BATCH(most, number, name, verb, path, roles, in, out, doc)
#define EVENT(number, name, body, doc) EVENT_##name,
enum {
    EVENT_NONE,
#include "all.def"
};
#undef METHOD
#undef BATCH
#undef EVENT
#define METHOD(number, name, verb, path, roles, in, out, doc)      [number] = METHOD_##name,
#define BATCH(most, number, name, verb, path, roles, in, out, doc) [number] = METHOD_##name,
#define EVENT(number, name, body, doc)
static const uint8_t method_place[] = {
#include "all.def"
};
#undef METHOD
#undef BATCH
#undef EVENT
#define METHOD(number, name, verb, path, roles, in, out, doc)
#define BATCH(most, number, name, verb, path, roles, in, out, doc)
#define EVENT(number, name, body, doc) [number] = EVENT_##name,
static const uint8_t event_place[] = {
#include "all.def"
};
#undef METHOD
#undef BATCH
#undef EVENT

_Static_assert(COUNT(proto_methods) < UINT8_MAX && COUNT(proto_events) < UINT8_MAX, "places fit a byte");

const struct service_row proto_services[] = {
#define SERVICE(number, name, doc) {number, #name, doc},
#include "services.def"
#undef SERVICE
};
const size_t proto_n_services = COUNT(proto_services);

const struct role_row proto_roles[] = {
#define ROLE(bit, NAME, name, vi, en) {bit, #name, vi, en},
#include "roles.def"
};
const size_t proto_n_roles = COUNT(proto_roles);

uint32_t role_gives(uint32_t bit)
{
    uint32_t gives = 0;
#define GIVES(NAME, roles) gives |= bit == (NAME) ? (roles) : 0;
#include "roles.def"
    return gives;
}

uint32_t role_conflicts(uint32_t bit)
{
    uint32_t conflicts = 0;
#define CONFLICT(NAME, OTHER) conflicts |= bit == (NAME) ? (OTHER) : bit == (OTHER) ? (NAME) : 0;
#include "roles.def"
    return conflicts;
}

/* Names of errors as they stand in JSON. The preprocessor cannot lower a letter, so this happens once before main. */
enum {
#define ERR(number, name, status, vi, en) ERR_PLACE_##name,
#include "errors.def"
#undef ERR
    ERR_PLACES
};
enum { ERR_NAME_ROOM = 24 };
static char err_names[ERR_PLACES][ERR_NAME_ROOM] = {
#define ERR(number, name, status, vi, en) #name,
#include "errors.def"
#undef ERR
};

__attribute__((constructor)) static void err_names_lower(void)
{
    for (size_t i = 0; i < COUNT(err_names); i++) {
        for (char *c = err_names[i]; *c; c++) {
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c - 'A' + 'a');
        }
    }
}

const struct err_row proto_errors[] = {
#define ERR(number, name, status, vi, en) {number, err_names[ERR_PLACE_##name], status, vi, en},
#include "errors.def"
#undef ERR
};
const size_t proto_n_errors = COUNT(proto_errors);

const struct method *method_find(uint16_t number)
{
    uint8_t place = number < COUNT(method_place) ? method_place[number] : METHOD_NONE;
    return place ? &proto_methods[place - 1] : NULL;
}

const struct event *event_find(uint16_t number)
{
    uint8_t place = number < COUNT(event_place) ? event_place[number] : EVENT_NONE;
    return place ? &proto_events[place - 1] : NULL;
}

const struct service_row *service_find(uint8_t number)
{
    for (size_t i = 0; i < proto_n_services; i++) {
        if (proto_services[i].number == number)
            return &proto_services[i];
    }
    return NULL;
}

const struct service_row *service_find_name(const char *name)
{
    for (size_t i = 0; i < proto_n_services; i++) {
        if (!strcmp(proto_services[i].name, name))
            return &proto_services[i];
    }
    return NULL;
}

const struct err_row *err_find(int code)
{
    for (size_t i = 0; i < proto_n_errors; i++) {
        if (proto_errors[i].code == code)
            return &proto_errors[i];
    }
    return &proto_errors[ERR_PLACE_INTERNAL];
}

static bool same(const char *name, const char *p, size_t n)
{
    return strlen(name) == n && !memcmp(name, p, n);
}

const struct err_row *err_find_name(const char *name, size_t n)
{
    for (size_t i = 0; i < proto_n_errors; i++) {
        if (same(proto_errors[i].name, name, n))
            return &proto_errors[i];
    }
    return NULL;
}

const struct msg *msg_find(const char *name)
{
    for (size_t i = 0; i < proto_n_msgs; i++) {
        if (!strcmp(proto_msgs[i]->name, name))
            return proto_msgs[i];
    }
    return NULL;
}

const struct field *msg_field(const struct msg *msg, const char *name, size_t n)
{
    for (size_t i = 0; i < msg->n_fields; i++) {
        if (same(msg->fields[i].name, name, n))
            return &msg->fields[i];
    }
    return NULL;
}

const struct role_row *role_find_name(const char *name, size_t n)
{
    for (size_t i = 0; i < proto_n_roles; i++) {
        if (same(proto_roles[i].name, name, n))
            return &proto_roles[i];
    }
    return NULL;
}

/* Bytes of the MessagePack header of a string (8-bit form) or binary, and of an array or map. */
static size_t length_header(size_t n, bool binary)
{
    if (n < 32 && !binary)
        return 1;
    return n <= UINT8_MAX ? 2 : n <= UINT16_MAX ? 3 : 5;
}

static size_t count_header(size_t n)
{
    return n < 16 ? 1 : n <= UINT16_MAX ? 3 : 5;
}

/* Bytes of an integer in its shortest form, which is the one that the packer writes. */
static size_t int_packed(int64_t value)
{
    if (value >= 0)
        return value < 128 ? 1 : value <= UINT8_MAX ? 2 : value <= UINT16_MAX ? 3 : value <= UINT32_MAX ? 5 : 9;
    return value >= -32 ? 1 : value >= INT8_MIN ? 2 : value >= INT16_MIN ? 3 : value >= INT32_MIN ? 5 : 9;
}

static size_t message_max_packed(const struct msg *msg, unsigned depth);

static size_t field_max_packed(const struct field *field, unsigned depth)
{
    size_t most = field->max > 0 ? (size_t)field->max : 0;
    size_t low = int_packed(field->min), high = int_packed(field->max);
    switch ((enum field_type)field->type) {
    case T_BOOL:
        return 1;
    case T_U8:
    case T_U16:
    case T_U32:
    case T_U64:
    case T_I64:
        return low > high ? low : high;
    case T_TIME:
        return 9;
    case T_DATE:
        return 5;
    case T_STR:
        return length_header(most, false) + most;
    case T_BIN:
        return length_header(most, true) + most;
    case T_UUID:
        return 2 + sizeof(struct uuid);
    case T_LIST:
        return depth == CODEC_MAX_DEPTH ? 1 : count_header(most) + most * message_max_packed(field->sub, depth + 1);
    }
    return 0;
}

static size_t message_max_packed(const struct msg *msg, unsigned depth)
{
    size_t n = count_header(msg->n_fields);
    for (size_t i = 0; i < msg->n_fields; i++)
        n += 1 + field_max_packed(&msg->fields[i], depth); /* a field number takes one byte */
    return n;
}

size_t msg_max_packed(const struct msg *msg)
{
    return message_max_packed(msg, 1);
}

size_t proto_max_packed(void)
{
    size_t most = 0;
    for (size_t i = 0; i < proto_n_methods; i++) {
        size_t in = msg_max_packed(proto_methods[i].in), out = msg_max_packed(proto_methods[i].out);
        most = in > most ? in : most;
        most = out > most ? out : most;
    }
    return most;
}
