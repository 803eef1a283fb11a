/* rollup.h - the ticks that keep roll-ups right. */
#ifndef REPORTING_ROLLUP_H
#define REPORTING_ROLLUP_H

#include "service.h"

/* Counts anew what marks name: a bounded slice, oldest marks first. */
int rollup_renew(struct ctx *ctx);
/* Counts the next units of the ring anew whether marked or not, and logs an error for every row that had drifted. */
int rollup_sweep(struct ctx *ctx);

#endif
