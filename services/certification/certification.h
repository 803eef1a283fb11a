/* certification.h - what the files of this service share: its configuration, its tick, numbers, documents. */
#ifndef CERTIFICATION_H
#define CERTIFICATION_H

#include "jws.h"
#include "rows.h"
#include "service.h"
#include <sodium.h>

struct certification_conf {
    struct conf_secret certificate_sign_key; /* as the file has it: hex */
    const char *issuer_id, *issuer_name;
    /* Derived by certification_check. */
    uint8_t secret[JWS_SECRET];
    uint8_t public[JWS_PUBLIC];
    char kid[JWS_KID_TEXT];
};

extern const struct conf_row certification_conf_rows[];
int certification_check(void *conf);

/* Tick: issues what is due. */
int certificates_issue(struct ctx *ctx);

/*
 * Numbers: HVS-YY-XXXXXXXXXXC. YY is the year of issue, X ten random characters and C a check character, all of
 * Crockford's base 32: 0 to 9 and the letters without I, L, O, U. The check finds every single wrong character and
 * every two that changed places.
 */
enum { NUMBER_TEXT = 19 }; /* and a NUL */
/* A new number for the year of two digits. */
void number_make(const char year[2], char ret_number[NUMBER_TEXT]);
/* A number as people write it (lower case, without dashes, with blanks, O for 0, I or L for 1), or -1. */
MUST_CHECK int number_read(struct span text, char ret_number[NUMBER_TEXT]);

/* The signed document of a certificate: compact JWS. Fills `ret_row` whole; -1 when memory is out. */
MUST_CHECK int document_sign(struct arena *arena, const struct certification_conf *conf, const struct due_row *due,
                             struct signed_row *ret_row);
/* Has this document three parts, and did the key sign it? */
bool document_signed_by(struct span document, struct span public_key);

#endif
