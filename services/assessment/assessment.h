/* assessment.h - what the files of this service share: its configuration, its tick. */
#ifndef ASSESSMENT_H
#define ASSESSMENT_H

#include "service.h"

enum { RECEIPT_KEY = 32, RECEIPT_DIGEST = 32 };

struct assessment_conf {
    struct conf_secret receipt_key; /* as the file has it: 64 hex digits */
    uint8_t key[RECEIPT_KEY];       /* derived by assessment_check */
};

extern const struct conf_row assessment_conf_rows[];
int assessment_check(void *conf);

/* Tick: grades what the clock has ended. */
int attempts_close_due(struct ctx *ctx);

#endif
