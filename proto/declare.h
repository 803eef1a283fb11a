/*
 * declare.h - turns the .def file named by PROTO_FILE into C declarations; included once per .def set, so without guard.
 *
 * From each MSG block: `struct <name>`, one enumerator per field (HAS_<msg>_<field>, its number), and
 * `extern const struct msg msg_<name>`. From METHOD, BATCH and EVENT rows: the prototypes of handlers and the typed
 * wrappers that a service's tables point to. A wrapper that no table names is never emitted, so a service links only
 * the handlers that it binds.
 */
#ifndef PROTO_DECLARE_ONCE
#define PROTO_DECLARE_ONCE
#include "types.h"

#define PROTO_CAT_(a, b)     a##b
#define PROTO_CAT(a, b)      PROTO_CAT_(a, b)
#define PROTO_HAS_(m, f)     HAS_##m##_##f
#define PROTO_HAS(m, f)      PROTO_HAS_(m, f)
#define PROTO_STR_(a)        #a
#define PROTO_STR(a)         PROTO_STR_(a)
#define PROTO_CTYPE_BOOL     bool
#define PROTO_CTYPE_U8       uint8_t
#define PROTO_CTYPE_U16      uint16_t
#define PROTO_CTYPE_U32      uint32_t
#define PROTO_CTYPE_U64      uint64_t
#define PROTO_CTYPE_I64      int64_t
#define PROTO_CTYPE_STR      struct span
#define PROTO_CTYPE_BIN      struct span
#define PROTO_CTYPE_UUID     struct uuid
#define PROTO_CTYPE_TIME     int64_t
#define PROTO_CTYPE_DATE     int32_t

/* Is the optional field of this message present? */
#define HAS(message, msg_name, field) (((message)->has >> HAS_##msg_name##_##field) & 1u)
/* Set an optional field. */
#define PUT_FIELD(message, msg_name, field, value)                                                                      \
    ((message)->field = (value), (message)->has |= UINT64_C(1) << HAS_##msg_name##_##field)

struct ctx;
struct batch;
struct bus;

/* Which wrapper answers a method; bind.h makes a service's table of these. */
struct binding {
    uint16_t number;
    int (*call)(struct ctx *ctx, struct batch *batch, const void *req, void *ret_reply);
};

/* Every client stub ends here; implemented by common/bus.c. */
int bus_call(struct bus *bus, uint16_t method, const struct msg *in_desc, const void *in, const struct msg *out_desc,
             void *ret_out);
#endif

#define REQ true
#define OPT false

/* Structs. */
#define MSG_BEGIN(doc)                                                                                                 \
    struct MSG {                                                                                                       \
        uint64_t has;
#define FIELD(number, type, name, need, min, max, doc) PROTO_CTYPE_##type name;
#define LIST(number, sub, name, need, min, max, doc)                                                                   \
    struct sub *name;                                                                                                  \
    uint32_t n_##name;
#define MSG_END                                                                                                        \
    }                                                                                                                  \
    ;
#define METHOD(number, name, verb, path, roles, in, out, doc)
#define BATCH(most, number, name, verb, path, roles, in, out, doc)
#define EVENT(number, name, body, doc)
#include PROTO_FILE
#undef MSG_BEGIN
#undef FIELD
#undef LIST
#undef MSG_END

/* Numbers of fields, and the descriptors. */
#define MSG_BEGIN(doc)                                                                                                 \
    extern const struct msg PROTO_CAT(msg_, MSG);                                                                      \
    enum {
#define FIELD(number, type, name, need, min, max, doc) PROTO_HAS(MSG, name) = number,
#define LIST(number, sub, name, need, min, max, doc) PROTO_HAS(MSG, name) = number,
#define MSG_END                                                                                                        \
    }                                                                                                                  \
    ;
#include PROTO_FILE
#undef MSG_BEGIN
#undef FIELD
#undef LIST
#undef MSG_END
#undef METHOD
#undef BATCH
#undef EVENT

/* Handlers, wrappers, client stubs. */
#define MSG_BEGIN(doc)
#define FIELD(number, type, name, need, min, max, doc)
#define LIST(number, sub, name, need, min, max, doc)
#define MSG_END
#define METHOD(number, name, verb, path, roles, in, out, doc)                                                          \
    enum { M_##name = number };                                                                                        \
    int on_##name(struct ctx *ctx, const struct in *req, struct out *ret_reply);                                       \
    static inline int bind_##name(struct ctx *ctx, struct batch *batch, const void *req, void *ret_reply)              \
    {                                                                                                                  \
        (void)batch;                                                                                                   \
        return on_##name(ctx, req, ret_reply);                                                                         \
    }                                                                                                                  \
    static inline int call_##name(struct bus *bus, const struct in *req, struct out *ret_reply)                        \
    {                                                                                                                  \
        return bus_call(bus, number, &msg_##in, req, &msg_##out, ret_reply);                                           \
    }
/* A batch handler gets arrays: req[i] and ret_reply[i] belong to call i of the batch. */
#define BATCH(most, number, name, verb, path, roles, in, out, doc)                                                     \
    enum { M_##name = number };                                                                                        \
    int on_##name(struct ctx *ctx, struct batch *batch, const struct in *req, struct out *ret_reply);                  \
    static inline int bind_##name(struct ctx *ctx, struct batch *batch, const void *req, void *ret_reply)              \
    {                                                                                                                  \
        return on_##name(ctx, batch, req, ret_reply);                                                                  \
    }                                                                                                                  \
    static inline int call_##name(struct bus *bus, const struct in *req, struct out *ret_reply)                        \
    {                                                                                                                  \
        return bus_call(bus, number, &msg_##in, req, &msg_##out, ret_reply);                                           \
    }
#define EVENT(number, name, body, doc)                                                                                 \
    enum { E_##name = number };                                                                                        \
    int on_event_##name(struct ctx *ctx, const struct body *event);                                                    \
    static inline int follow_##name(struct ctx *ctx, const void *event)                                                \
    {                                                                                                                  \
        return on_event_##name(ctx, event);                                                                            \
    }                                                                                                                  \
    int on_events_##name(struct ctx *ctx, const struct batch *batch, const struct body *events);                       \
    static inline int follow_many_##name(struct ctx *ctx, const struct batch *batch, const void *events)               \
    {                                                                                                                  \
        return on_events_##name(ctx, batch, events);                                                                   \
    }
#include PROTO_FILE
#undef MSG_BEGIN
#undef FIELD
#undef LIST
#undef MSG_END
#undef METHOD
#undef BATCH
#undef EVENT
