/* common_rows.h - the messages of common_rows.def in C. */
#ifndef COMMON_ROWS_H
#define COMMON_ROWS_H

#include "proto.h"

#define PROTO_FILE "common_rows.def"
#include "declare.h"
#undef PROTO_FILE

#endif
