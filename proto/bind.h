/*
 * bind.h - the bindings of one service: number -> wrapper, from the .def that PROTO_BIND names, plus the methods that
 * every service answers (base.def). A METHOD without its on_<name> does not link, a wrong one does not compile.
 */
#include "proto.h"

#define MSG_BEGIN(doc)
#define FIELD(number, type, name, need, min, max, doc)
#define LIST(number, sub, name, need, min, max, doc)
#define MSG_END
#define METHOD(number, name, verb, path, roles, in, out, doc)      {number, bind_##name},
#define BATCH(most, number, name, verb, path, roles, in, out, doc) {number, bind_##name},
#define EVENT(number, name, body, doc)
static const struct binding bindings[] = {
#include "base.def"
#include PROTO_BIND
    {0, NULL},
};
#undef MSG_BEGIN
#undef FIELD
#undef LIST
#undef MSG_END
#undef METHOD
#undef BATCH
#undef EVENT
