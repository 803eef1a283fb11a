/* rows.h - the structs of rows.def. */
#ifndef IDENTITY_ROWS_H
#define IDENTITY_ROWS_H

#include "proto.h"
#define PROTO_FILE "rows.def"
#include "declare.h"
#undef PROTO_FILE

#endif
