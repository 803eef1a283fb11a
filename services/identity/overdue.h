/* overdue.h - what is due by law, counted for /metrics: requests of persons, breaches, the calendar. */
#ifndef IDENTITY_OVERDUE_H
#define IDENTITY_OVERDUE_H

#include "buf.h"
#include "service.h"

/* A tick: counts, so that /metrics is at most so old. */
int overdue_count(struct ctx *ctx);
/* Lines of /metrics: what the last count of this process found. */
void overdue_metrics(struct buf *out);

#endif
