/*
 * sheet.h - the CSV form of a frozen report. It is what officers download and what the digest is made of, so its bytes
 * follow from the stored rows alone and never change for a report that exists.
 */
#ifndef REPORTING_SHEET_H
#define REPORTING_SHEET_H

#include "buf.h"
#include "rows.h"

/* Rows of a report, and the most bytes of its CSV form: less than a `file` holds, see sheet.c. */
enum { SHEET_MAX_ROWS = 5000, SHEET_MAX_BYTES = 4194304 };

/* Appends the CSV form of the rows, in their order. Out of room: out->failed. */
void sheet_write(const struct frozen_row *rows, uint32_t n, struct buf *out);

/* Appends one cell: quoted where it must be, and no formula for a spreadsheet. */
void sheet_cell(struct buf *out, struct span text);

/* SHA-256 of bytes. */
enum { SHEET_DIGEST = 32 };
void sheet_digest(struct span bytes, uint8_t ret_digest[SHEET_DIGEST]);

#endif
