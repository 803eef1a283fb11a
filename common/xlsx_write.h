/*
 * xlsx_write.h - rows as an XLSX workbook of one sheet, written one at a time.
 *
 *     struct xlsx_writer *writer;
 *     int code = xlsx_write_open(&writer, "items", header, 3);
 *     for (...)
 *         code = code ? code : xlsx_write_row(writer, cells);
 *     code = xlsx_write_close(writer, &out);
 *
 * The header is bold and stays in sight. Every cell is text and formatted as text: nothing becomes a formula, a number
 * or a date, neither when the workbook is opened nor when a cell is edited, so what is read back by xlsx.h is the same.
 * Rows are kept in a temporary file of libxlsxwriter (in TMPDIR or /tmp, without a name), not in memory.
 */
#ifndef COMMON_XLSX_WRITE_H
#define COMMON_XLSX_WRITE_H

#include "proto.h"
#include "buf.h"

struct xlsx_writer;

/*
 * A sheet of this name (at most 31 characters, none of []:*?/\) and header, which is not empty. Not 0: ERR_INVALID,
 * ERR_TOO_LARGE or ERR_INTERNAL (no place for temporary files), and `ret_writer` is NULL.
 */
MUST_CHECK int xlsx_write_open(struct xlsx_writer **ret_writer, const char *sheet, const struct span *header,
                               uint32_t n);

/*
 * One row of as many cells as the header. ERR_TOO_LARGE when the sheet has no more rows (1,048,576) or a cell has more
 * than 32,767 characters, ERR_INVALID when one is not UTF-8.
 */
MUST_CHECK int xlsx_write_row(struct xlsx_writer *writer, const struct span *cells);

/*
 * Appends the workbook to `out` and frees the writer, whatever comes of it. ERR_TOO_LARGE when it does not fit,
 * ERR_INTERNAL when there was no place for temporary files, or the first fault of a row. `writer` may be NULL
 * (ERR_INVALID), so that a failed open needs no branch. `out` NULL: only frees.
 */
int xlsx_write_close(struct xlsx_writer *writer, struct buf *out);

#endif
