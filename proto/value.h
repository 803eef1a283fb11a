/*
 * value.h - reading and writing the members of a message's struct through its descriptors, and the checks of their
 * bounds; shared by the codecs.
 */
#ifndef PROTO_VALUE_H
#define PROTO_VALUE_H

#include "arena.h"
#include "proto.h"
#include "text.h"

#include <string.h>

/* Fills the fault and gives its code, so that `return fault_set(...)` reads well. `field` NULL: the whole message. */
static inline int fault_set(struct fault *ret_fault, int code, const struct field *field)
{
    *ret_fault = (struct fault){code, field ? field->name : ""};
    return code;
}

/* Bits of `has` and `seen`. */
static inline uint64_t field_bit(const struct field *field)
{
    return UINT64_C(1) << field->number;
}

static inline bool type_is_int(uint8_t type)
{
    return type == T_U8 || type == T_U16 || type == T_U32 || type == T_U64 || type == T_I64 || type == T_TIME ||
           type == T_DATE;
}

/* The member of an integer, TIME or DATE field. */
static inline int64_t value_int(const struct field *field, const void *message)
{
    const char *at = (const char *)message + field->offset;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    int32_t i32;
    int64_t i64;
    switch (field->type) {
    case T_U8:
        memcpy(&u8, at, sizeof u8);
        return u8;
    case T_U16:
        memcpy(&u16, at, sizeof u16);
        return u16;
    case T_U32:
        memcpy(&u32, at, sizeof u32);
        return u32;
    case T_DATE:
        memcpy(&i32, at, sizeof i32);
        return i32;
    default: /* T_U64 too: a value beyond INT64_MAX turns negative, which its bounds refuse */
        memcpy(&i64, at, sizeof i64);
        return i64;
    }
}

/* Puts an integer that is within its field's bounds. */
static inline void value_put_int(const struct field *field, void *message, int64_t value)
{
    char *at = (char *)message + field->offset;
    uint8_t u8 = (uint8_t)value;
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;
    int32_t i32 = (int32_t)value;
    switch (field->type) {
    case T_U8:
        memcpy(at, &u8, sizeof u8);
        return;
    case T_U16:
        memcpy(at, &u16, sizeof u16);
        return;
    case T_U32:
        memcpy(at, &u32, sizeof u32);
        return;
    case T_DATE:
        memcpy(at, &i32, sizeof i32);
        return;
    default:
        memcpy(at, &value, sizeof value);
        return;
    }
}

static inline bool value_bool(const struct field *field, const void *message)
{
    bool value;
    memcpy(&value, (const char *)message + field->offset, sizeof value);
    return value;
}

static inline void value_put_bool(const struct field *field, void *message, bool value)
{
    memcpy((char *)message + field->offset, &value, sizeof value);
}

static inline struct span value_span(const struct field *field, const void *message)
{
    struct span value;
    memcpy(&value, (const char *)message + field->offset, sizeof value);
    return value;
}

static inline void value_put_span(const struct field *field, void *message, struct span value)
{
    memcpy((char *)message + field->offset, &value, sizeof value);
}

/* The 16 bytes of a UUID field. */
static inline const void *value_uuid(const struct field *field, const void *message)
{
    return (const char *)message + field->offset;
}

static inline void value_put_uuid(const struct field *field, void *message, const void *bytes)
{
    memcpy((char *)message + field->offset, bytes, sizeof(struct uuid));
}

/* Rows of a list and how many. */
static inline const char *value_list(const struct field *field, const void *message, uint32_t *ret_n)
{
    const char *rows;
    memcpy(&rows, (const char *)message + field->offset, sizeof rows);
    memcpy(ret_n, (const char *)message + field->offset_n, sizeof *ret_n);
    return rows;
}

static inline void value_put_list(const struct field *field, void *message, void *rows, uint32_t n)
{
    memcpy((char *)message + field->offset, &rows, sizeof rows);
    memcpy((char *)message + field->offset_n, &n, sizeof n);
}

static inline uint64_t value_has(const void *message)
{
    uint64_t has;
    memcpy(&has, message, sizeof has); /* `has` is the first member of every message */
    return has;
}

static inline void value_add_has(void *message, uint64_t bits)
{
    uint64_t has = value_has(message) | bits;
    memcpy(message, &has, sizeof has);
}

/* Does the field stand in the encoded message? An optional list does when it has rows. */
static inline bool value_present(const struct field *field, const void *message, uint64_t has)
{
    if (field->required)
        return true;
    if (field->type != T_LIST)
        return has & field_bit(field);
    uint32_t n;
    value_list(field, message, &n);
    return n > 0;
}

/* Bounds of an integer, TIME or DATE field; ERR_NONE or RANGE. */
static inline int value_check_int(const struct field *field, int64_t value)
{
    int64_t min = field->min, max = field->max;
    if (field->type == T_TIME) {
        min = TIME_MIN;
        max = TIME_MAX;
    } else if (field->type == T_DATE) {
        min = DATE_MIN;
        max = DATE_MAX;
    }
    return value < min || value > max ? ERR_RANGE : ERR_NONE;
}

/* Bounds of a length or a count; ERR_NONE or RANGE. */
static inline int value_check_n(const struct field *field, uint64_t n)
{
    return n < (uint64_t)field->min || n > (uint64_t)field->max ? ERR_RANGE : ERR_NONE;
}

/*
 * Reads the text form of a value of any type but LIST into its member, strings and binaries by way of the arena.
 * ERR_NONE, TYPE, RANGE or TOO_LARGE (the arena is full).
 */
MUST_CHECK int value_from_text(const struct field *field, void *message, struct arena *arena, struct span text);

/* The first required field without its bit in `seen`; NULL when all are there. */
static inline const struct field *value_missing(const struct msg *desc, uint64_t seen)
{
    for (const struct field *f = desc->fields, *end = f + desc->n_fields; f < end; f++) {
        if (f->required && !(seen & field_bit(f)))
            return f;
    }
    return NULL;
}

#endif
