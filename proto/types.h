/*
 * types.h - the value types that a message field can have, and the descriptors that the .def rows turn into.
 *
 * Everything here is plain data. Strings are spans: a pointer and a length, borrowed from the frame or the arena that
 * the message was decoded from, never NUL-terminated by promise.
 */
#ifndef PROTO_TYPES_H
#define PROTO_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define MUST_CHECK   __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define MUST_CHECK
#define PRINTF(f, a)
#endif

/* Bytes that somebody else owns. */
struct span {
    const char *p;
    uint32_t n;
};

#define SPAN(literal) ((struct span){(literal), (uint32_t)sizeof(literal) - 1})

static inline bool span_equal(struct span a, struct span b)
{
    return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n)); /* an empty span may point nowhere */
}

/* Is it this word, which ends with a NUL? */
static inline bool span_is(struct span text, const char *word)
{
    return span_equal(text, (struct span){word, (uint32_t)strlen(word)});
}

/* A UUID in network order; ids are UUIDv7 (RFC 9562), so their order is the order of their making. */
struct uuid {
    uint8_t b[16];
};

enum field_type {
    T_BOOL,
    T_U8,
    T_U16,
    T_U32,
    T_U64, /* at most INT64_MAX, because PostgreSQL keeps it as bigint */
    T_I64,
    T_STR,  /* UTF-8; min and max count bytes */
    T_BIN,  /* bytes; base64url in JSON */
    T_UUID, /* 16 bytes; the usual 36 characters in JSON */
    T_TIME, /* microseconds since 1970-01-01 UTC; RFC 3339 in JSON */
    T_DATE, /* days since 1970-01-01; YYYY-MM-DD in JSON */
    T_LIST, /* repeated message */
};

struct msg;

/* One FIELD or LIST row. */
struct field {
    uint8_t number; /* on the wire, 1 to 63; also the bit in `has` */
    uint8_t type;   /* enum field_type */
    bool required;
    const char *name; /* C member = JSON member = SQL column */
    int64_t min, max; /* of the value, of the bytes, of the rows in a list */
    size_t offset;
    size_t offset_n;       /* T_LIST: where the count stands */
    const struct msg *sub; /* T_LIST: what is repeated */
    const char *doc;
};

/* One MSG block. */
struct msg {
    const char *name;
    const char *doc;
    size_t size; /* of the C struct */
    const struct field *fields;
    uint8_t n_fields;
};

enum verb { GET, POST, PUT, DELETE, INTERNAL }; /* INTERNAL: a bus method without an HTTP route */

/* One METHOD or BATCH row. The high byte of the number is the service's number. */
struct method {
    uint16_t number;
    uint16_t batch; /* most calls that one handler run answers; 0: not a batch method */
    const char *name;
    enum verb verb;
    const char *path; /* "" for INTERNAL */
    uint32_t roles;   /* any of these bits is needed; 0: open to everyone */
    const struct msg *in, *out;
    const char *doc;
};

/* One EVENT row. */
struct event {
    uint16_t number;
    const char *name;
    const struct msg *body;
    const char *doc;
};

/* One SERVICE row. */
struct service_row {
    uint8_t number;
    const char *name;
    const char *doc;
};

/*
 * What is wrong, and with what: `code` is an error of errors.def, `field` names the member, or is "" when it is about
 * the whole. The name is static, but for UNKNOWN it is what the sender wrote, valid UTF-8 in the arena.
 */
struct fault {
    int code;
    const char *field;
};

#endif
