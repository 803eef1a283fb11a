/* rows.c - the descriptors of rows.def. */
#include "rows.h"

#define PROTO_FILE "rows.def"
#include "define.h"
