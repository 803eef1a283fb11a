/*
 * define.h - turns the .def file named by PROTO_FILE into the descriptors that declare.h announced; included in exactly
 * one .c file per .def set, after declare.h.
 */
#define MSG_BEGIN(doc)                                   static const struct field PROTO_CAT(fields_, MSG)[] = {
#define FIELD(number, type, name, need, min, max, doc)   {number, T_##type, need, #name, min, max, offsetof(struct MSG, name), 0, NULL, doc},
#define LIST(number, sub, name, need, min, max, doc)     {number, T_LIST, need, #name, min, max, offsetof(struct MSG, name), offsetof(struct MSG, n_##name), &msg_##sub, doc},
#define MSG_END                                          };
#define METHOD(number, name, verb, path, roles, in, out, doc)
#define BATCH(most, number, name, verb, path, roles, in, out, doc)
#define EVENT(number, name, body, doc)
#include PROTO_FILE
#undef MSG_BEGIN
#undef FIELD
#undef LIST
#undef MSG_END

#define MSG_BEGIN(doc)                                                                                                 \
    const struct msg PROTO_CAT(msg_, MSG) = {PROTO_STR(MSG), doc, sizeof(struct MSG), PROTO_CAT(fields_, MSG),        \
                                             sizeof(PROTO_CAT(fields_, MSG)) / sizeof(struct field)};
#define FIELD(number, type, name, need, min, max, doc)
#define LIST(number, sub, name, need, min, max, doc)
#define MSG_END
#include PROTO_FILE
#undef MSG_BEGIN
#undef FIELD
#undef LIST
#undef MSG_END
#undef METHOD
#undef BATCH
#undef EVENT
