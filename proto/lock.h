/*
 * lock.h - wire.lock: every number that was ever given out on the bus, one line each, and the comparison that keeps it.
 *
 * Lines are sorted, so that a change is one line of a diff:
 *
 *     error 01 syntax
 *     event 0x0481 attempt_graded grade_fact
 *     field answer_save 03 revision U32 REQ
 *     field attempt_paper 08 items LIST<item_shown> REQ
 *     method 0x0404 answer_save answer_save answer_receipt
 *     role 0x01 learner
 *     service 4 assessment
 */
#ifndef PROTO_LOCK_H
#define PROTO_LOCK_H

#include "buf.h"

/* Name of a type as the .def files write it; LIST rows: "LIST". */
const char *type_name(uint8_t type);
/* Appends the lines of what is declared now. */
void lock_write(struct buf *out);
/*
 * Compares the lines that were committed with the lines of now. Appends a sentence per fault: a line that is gone or
 * changed, a required field that was added to a message that peers know already. New messages, methods, events and
 * optional fields are no fault. Gives the number of faults; memory that runs out counts as one.
 */
size_t lock_compare(struct span committed, struct span now, struct buf *out);

#endif
