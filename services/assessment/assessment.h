/* assessment.h - what the files of this service share: its configuration, its ticks, what passes between them. */
#ifndef ASSESSMENT_H
#define ASSESSMENT_H

#include "receipt.h"
#include "service.h"

struct assessment_conf {
    struct conf_secret receipt_key, attempt_sign_key; /* as the files have them: hex digits */
    /* Derived by assessment_check. */
    uint8_t key[RECEIPT_KEY]; /* seals receipts */
    uint8_t sign_secret[JWS_SECRET];
    uint8_t sign_public[JWS_PUBLIC];
    char kid[JWS_KID_TEXT]; /* of the key that signs heads and dossiers */
    /* integrity.c: from which value on something is recorded */
    int64_t fast_chars_per_second, burst_answers, burst_seconds, devices_most, same_wrong_least, same_wrong_percent;
    /* admission.c */
    int64_t start_share_percent, save_wait_ms;
};

extern const struct conf_row assessment_conf_rows[];
int assessment_check(void *conf);

/* Ticks. */
int periods_ahead(struct ctx *ctx);      /* attempt.c: partitions of the coming quarter */
int attempts_open_due(struct ctx *ctx);  /* grade.c: forms in hand whose window has opened */
int attempts_close_due(struct ctx *ctx); /* grade.c: what the clock has ended, and what is still to be graded */
int regrades_go_on(struct ctx *ctx);     /* regrade.c: a slice of a regrade */
int forms_renew(struct ctx *ctx);        /* form.c: new forms for those with retired items */
int integrity_examine(struct ctx *ctx);  /* integrity.c: facts about attempts that were graded */
int attempt_key_keep(struct ctx *ctx);   /* dossier.c: the key that signs, for those who verify later */

#endif
