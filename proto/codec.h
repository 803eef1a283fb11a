/*
 * codec.h - MessagePack and JSON forms of declared messages; one interpreter each over the descriptors.
 *
 * On the bus a message is a MessagePack map: field number -> value. Reading is tolerant (unknown numbers are skipped)
 * and bounded: every count is compared with the bytes that are left before anything is allocated, nesting has a limit,
 * and the bounds of the rows are checked. At the edge a message is a JSON object and reading is strict: unknown or
 * doubled members, wrong types and values out of bounds are refused.
 *
 * Decoded strings borrow from the input where possible (MessagePack) or live in the arena (JSON): the input must live
 * as long as the message.
 */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

#include "arena.h"
#include "buf.h"
#include "proto.h"

enum { CODEC_MAX_DEPTH = 6, JSON_MAX_DEPTH = 16 };

/* Appends `message` as MessagePack. A failure stands in out->failed. */
void msg_pack(const struct msg *desc, const void *message, struct buf *out);
/*
 * Reads MessagePack into `ret_message` (desc->size bytes; undefined content on failure). Returns 0, or the error's code
 * with `ret_fault` filled (SYNTAX, TYPE, RANGE, MISSING, TWICE, TOO_LARGE).
 */
MUST_CHECK int msg_unpack(const struct msg *desc, void *ret_message, struct arena *arena, struct span in,
                          struct fault *ret_fault);
/*
 * The same of the first `n` fields of desc only: what stands behind them is not looked at, so it may be anything. The
 * other members are zero.
 */
MUST_CHECK int msg_unpack_first(const struct msg *desc, uint8_t n, void *ret_message, struct arena *arena,
                                struct span in, struct fault *ret_fault);

/* Appends `message` as a JSON object. Absent optional members are left out; lists always stand. */
void msg_to_json(const struct msg *desc, const void *message, struct buf *out);
/* Reads a JSON object strictly. Returns 0 or the error's code as msg_unpack does (also UNKNOWN). Empty input is `{}`.
 */
MUST_CHECK int msg_from_json(const struct msg *desc, void *ret_message, struct arena *arena, struct span in,
                             struct fault *ret_fault);
/*
 * The same, but leaves out the checks that need the whole message, and keeps what `message` already has: the gateway
 * first sets members from the path and the query, then reads the body, then calls msg_check. A member that is set
 * already and stands in the body too is TWICE.
 */
MUST_CHECK int msg_merge_json(const struct msg *desc, void *message, uint64_t *seen, struct arena *arena,
                              struct span in, struct fault *ret_fault);
/*
 * Sets one member from text: a path part or a query parameter, percent-decoded by the caller. Lists cannot be set.
 * `seen` has a bit per field number, required ones too. Errors: TYPE, RANGE, TWICE, TOO_LARGE.
 */
MUST_CHECK int msg_set_text(const struct msg *desc, const struct field *field, void *message, uint64_t *seen,
                            struct arena *arena, struct span text, struct fault *ret_fault);
/* Are all required members there? `seen` as above. */
MUST_CHECK int msg_check_seen(const struct msg *desc, uint64_t seen, struct fault *ret_fault);
/* Checks the bounds of a message made by code: before it is sent, and in tests. Returns 0 or an error's code. */
MUST_CHECK int msg_check(const struct msg *desc, const void *message, struct fault *ret_fault);

/* Text forms of single values. `ret` buffers take the sizes named; the text is NUL-terminated. */
enum { UUID_TEXT = 37, TIME_TEXT = 28, DATE_TEXT = 12 };
void uuid_format(const struct uuid *uuid, char ret[UUID_TEXT]);
MUST_CHECK int uuid_parse(struct span text, struct uuid *ret_uuid);
/* RFC 3339 in UTC with microseconds: 2026-11-22T02:46:13.123456Z. Years 0001 to 9999. */
void time_format(int64_t us, char ret[TIME_TEXT]);
/* RFC 3339 with any offset; up to nine digits of fraction, cut to microseconds. */
MUST_CHECK int time_parse(struct span text, int64_t *ret_us);
void date_format(int32_t days, char ret[DATE_TEXT]);
MUST_CHECK int date_parse(struct span text, int32_t *ret_days);
/* JSON string with its quotes; invalid UTF-8 sets failed. */
void json_add_string(struct buf *out, struct span text);
/* base64url without padding (RFC 4648 section 5). Reading gives 0, -1 for malformed text, 1 when the arena is full. */
void base64url_add(struct buf *out, const void *bytes, size_t n);
MUST_CHECK int base64url_parse(struct arena *arena, struct span text, struct span *ret_bytes);
/* Is this valid UTF-8 (RFC 3629) without NUL? */
bool utf8_valid(struct span text);

#endif
