/*
 * text.h - what text.c shares with the codecs beside the functions of codec.h.
 */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include "types.h"

/* The years 0001 to 9999: what RFC 3339 can write is all that a TIME or a DATE may be. */
#define TIME_MIN (-INT64_C(62135596800000000))
#define TIME_MAX INT64_C(253402300799999999)
#define DATE_MIN (-719162)
#define DATE_MAX 2932896

/* Length of the UTF-8 sequence (RFC 3629) at p, 1 to 4; 0 when there is none. p < end. */
size_t utf8_sequence(const unsigned char *p, const unsigned char *end);
/* Value of a hex digit of either case, -1 for others. */
int hex_digit(char c);
/* Decimal integer without sign +, leading zeros or blanks. -1: not an integer; 1: does not fit; 0: done. */
MUST_CHECK int int_parse(struct span text, int64_t *ret_value);

/* How many bytes n characters of base64url stand for; n % 4 is not 1. */
size_t base64url_bytes(size_t n);

#endif
