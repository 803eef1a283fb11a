/*
 * any_message.h - a request made from its descriptors: whatever a message must have, and nothing else, within its
 * bounds. Which objects its ids name and what its texts say is the caller's to decide.
 */
#ifndef TESTS_ANY_MESSAGE_H
#define TESTS_ANY_MESSAGE_H

#include "proto.h"
#include "service.h"

struct any_values {
    /* The id for a field of `msg`; false: nobody has said which. */
    bool (*id)(void *who, const struct msg *msg, const struct field *field, struct uuid *ret_id);
    /* The text for a field of `msg`, at least field->min and at most field->max bytes, if that is to be valid. */
    struct span (*text)(void *who, const struct msg *msg, const struct field *field);
    void *who;
};

/* NULL: the arena is full, or an id is unknown. Lives in the arena. */
static inline void *any_message(struct arena *arena, const struct msg *msg, const struct any_values *values);

/* One field's value at `at`, of a list the number of its rows at `at_n`. */
static inline bool any_field(struct arena *arena, const struct msg *msg, const struct field *field,
                             const struct any_values *values, void *at, void *at_n)
{
    uint64_t least = (uint64_t)(field->min > 0 ? field->min : 0);
    switch ((enum field_type)field->type) {
    case T_UUID:
        return values->id(values->who, msg, field, at);
    case T_STR:
        *(struct span *)at = values->text(values->who, msg, field);
        return true;
    case T_BIN: {
        void *bytes = arena_alloc(arena, least + 1);
        *(struct span *)at = (struct span){bytes, (uint32_t)least};
        return bytes;
    }
    case T_LIST: {
        void *row = any_message(arena, field->sub, values);
        *(void **)at = row;
        *(uint32_t *)at_n = 1;
        return row;
    }
    case T_U8:
        *(uint8_t *)at = (uint8_t)least;
        return true;
    case T_U16:
        *(uint16_t *)at = (uint16_t)least;
        return true;
    case T_U32:
        *(uint32_t *)at = (uint32_t)least;
        return true;
    case T_TIME:
        *(int64_t *)at = now_us();
        return true;
    case T_DATE:
        *(int32_t *)at = (int32_t)(now_us() / 86400000000);
        return true;
    case T_BOOL:
    case T_U64:
    case T_I64:
        return true; /* zero will do */
    }
    return false;
}

static inline void *any_message(struct arena *arena, const struct msg *msg, const struct any_values *values)
{
    char *message = arena_alloc(arena, msg->size);
    for (uint8_t i = 0; message && i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        if (field->required && (field->type != T_LIST || field->min > 0) &&
            !any_field(arena, msg, field, values, message + field->offset, message + field->offset_n))
            return NULL;
    }
    return message;
}

#endif
