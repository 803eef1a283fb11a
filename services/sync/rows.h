/* rows.h - the messages of rows.def in C. */
#ifndef SYNC_ROWS_H
#define SYNC_ROWS_H

#include "proto.h"

#define PROTO_FILE "rows.def"
#include "declare.h"
#undef PROTO_FILE

#endif
