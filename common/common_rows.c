/* common_rows.c - the descriptors of common_rows.def. */
#include "common_rows.h"

#define PROTO_FILE "common_rows.def"
#include "define.h"
