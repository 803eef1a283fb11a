/*
 * csv_rows.h - the rows of a CSV file of any length, one at a time, in bounded memory.
 *
 * Read is RFC 4180 in UTF-8 (a byte order mark is skipped), comma; lines end in LF, CR LF or CR, and blank ones are
 * skipped. A text that begins with the byte order mark of UTF-16 is refused. Of a cell that is longer than
 * CSV_CELL_MOST, or stands in a row with more than CSV_ROW_MOST, only the beginning is kept and the cell is refused.
 */
#ifndef COMMON_CSV_ROWS_H
#define COMMON_CSV_ROWS_H

#include "row_judge.h"

enum { CSV_CELL_MOST = 128 << 10, CSV_ROW_MOST = 1 << 20 };

/* Takes one row, which begins at `line`, the first line being 1. The cells live until it returns. Of the `n` cells at
 * most TABLE_MAX_COLUMNS are given. Not 0: reading stops. */
typedef int csv_row_fn(void *ctx, uint32_t line, const struct table_cell *cells, uint32_t n);

/* Where the text comes from: gives the next bytes, at most `room`; 0 at the end; -1: they cannot be read. */
typedef int64_t csv_source_fn(void *ctx, char *to, size_t room);

/* Why a file is refused whole; constants. */
struct csv_refusal {
    uint32_t line;
    const char *vi, *en;
};

/*
 * Gives every row that is not blank to `row`. Returns 0; ERR_INVALID with `ret_refusal` set when the file is refused
 * (quotation marks that do not close, UTF-16), maybe after some rows were given; ERR_TOO_LARGE when memory is out;
 * ERR_UNAVAILABLE when the source cannot be read; or what `row` returned to stop.
 */
MUST_CHECK int csv_rows(csv_source_fn *source, void *source_ctx, csv_row_fn *row, void *ctx,
                        struct csv_refusal *ret_refusal);

#endif
