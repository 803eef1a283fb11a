/* rollup.h - the ticks that keep roll-ups right. */
#ifndef REPORTING_ROLLUP_H
#define REPORTING_ROLLUP_H

#include "service.h"

/* Counts anew what marks name, oldest marks first, for a bounded time. */
int rollup_renew(struct ctx *ctx);
/* Counts the next units of the ring anew, marked or not, for a bounded time; logs an error for each row that had
 * drifted. */
int rollup_sweep(struct ctx *ctx);

#endif
