/* learning.h - what the files of this service share: its configuration. */
#ifndef LEARNING_H
#define LEARNING_H

#include "org.h"
#include "rows.h"
#include "service.h"
#include "sql.h"

struct learning_conf {
    int64_t beat_seconds, gap_factor;
    int64_t due_days, enrol_page;
};
extern const struct conf_row learning_conf_rows[];

int learning_walk(struct ctx *ctx);

#endif
