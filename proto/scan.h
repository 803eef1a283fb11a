/*
 * scan.h - JSON text held to the letter of RFC 8259 before anything of it is read.
 */
#ifndef PROTO_SCAN_H
#define PROTO_SCAN_H

#include "types.h"

/*
 * 0 when the text is one JSON value and nothing more: valid UTF-8, no control characters or NUL in strings, surrogates
 * in pairs, numbers as the grammar has them and at most 40 characters long, at most JSON_MAX_DEPTH arrays and objects
 * inside each other. Otherwise the code SYNTAX, or TOO_LARGE when there are more than `most` values, of any type and at
 * any depth.
 */
MUST_CHECK int scan_json(struct span text, uint32_t most);

#endif
