/*
 * csv.h - rows as CSV, in and out.
 *
 * Read is RFC 4180 in UTF-8 (a byte order mark is skipped), comma, with a header line; lines end in LF, CR LF or CR,
 * and blank ones are skipped. Written is RFC 4180 with CR LF.
 */
#ifndef COMMON_CSV_H
#define COMMON_CSV_H

#include "table.h"
#include "buf.h"

/* As table_read, for a text that is known to be CSV. A file whose quotation marks do not close is refused whole. */
MUST_CHECK int csv_read(struct table *table, struct arena *arena, const struct table_column *columns,
                        uint32_t n_columns, struct span text, uint32_t most_rows);

/*
 * Appends one line. Text is written exactly as it is, in quotation marks where CSV needs them, so that what is read
 * back is the same. Nothing is done against spreadsheets that take a text beginning with = + - @ for a formula: an
 * export that people open in one is XLSX (xlsx_write.h), which says that text is text.
 */
void csv_write_row(struct buf *out, const struct span *cells, uint32_t n);

#endif
