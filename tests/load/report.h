/* report.h - what a run shows: to people, and as `name=value` lines to the script that called it. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "sitter.h"

/* Each step's latencies, what went wrong, and how long starting took. */
void report_steps(const struct exam *exam);
/* The run second by second. */
void report_seconds(const struct exam *exam, uint32_t seconds);
/* Writes the figures of the run to a file. -1: a sentence was printed. `seconds`: what the rate is about. */
MUST_CHECK int report_values(const struct exam *exam, const char *path, const struct hist *hist, uint64_t n,
                             double seconds);
/* Saves from the first second in which start was pressed to the last in which somebody waited; and the second with the
 * highest p99 of them. */
void report_storm(const struct exam *exam, struct hist *ret_saves, double *ret_worst_p99_ms);
uint64_t report_troubles(const struct exam *exam);

#endif
