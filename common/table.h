/*
 * table.h - a file of rows that people send in, CSV or XLSX, read against a table of columns, with a report for every
 * bad row.
 *
 *     static const struct table_column columns[] = {
 *         {"code", 1, 32, 0}, {"name", 1, 200, 0}, {"name_en", 0, 200, 0},
 *     };
 *     struct table file;
 *     int code = table_read(&file, ctx->arena, columns, 3, req->file, 50000);
 *     ...
 *     for (uint32_t i = 0; i < file.n_rows; i++) {
 *         struct table_row *row = &file.rows[i];
 *         if (!row->refused && strange(row->cells[0]))
 *             table_refuse(&file, row, 0, "Hãy ...", "Write ...");
 *     }
 *     ... apply the rows that are not refused ...
 *     return table_report(&file, dry_run, created, changed, ret_reply);
 *
 * row_judge.h says what is refused. A file whose header is wrong or that is broken cannot be trusted at all: it gives
 * no row to apply, and the report says why.
 *
 * csv.h and xlsx.h say what is particular to their format.
 */
#ifndef COMMON_TABLE_H
#define COMMON_TABLE_H

#include "proto.h"
#include "row_judge.h"

enum { TABLE_MAX_FAULTS = 1000 /* as import_report bounds them */ };

struct table_row {
    uint32_t line;      /* where it begins in the file; the first line is 1 */
    bool refused;       /* it has a fault already and must not be applied */
    struct span *cells; /* one per column of the table, in the table's order; trimmed, NFC, in the arena */
};

struct table_fault;

struct table {
    const struct table_column *columns;
    uint32_t n_columns;
    struct table_row *rows; /* of the file without its header, in its order; those of another width are left out */
    uint32_t n_rows;
    bool unreadable; /* the whole file is refused; there are no rows */
    /* The rest belongs to table.c. */
    struct arena *arena;
    uint32_t rows_room, most_rows;
    uint32_t total, refused;
    struct row_judge judge;
    struct table_fault *faults;
    uint32_t n_faults, fault_order;
};

/*
 * Reads a file of either format: XLSX when it begins like a ZIP archive, otherwise CSV. An encrypted workbook or one of
 * the old binary format is refused whole. Everything lives in the arena. Returns 0, also when rows or the whole file
 * were refused (then `rows` is empty or has refused ones), or ERR_TOO_LARGE when the arena cannot hold the file. A file
 * of more than `most_rows` rows is refused whole.
 */
MUST_CHECK int table_read(struct table *table, struct arena *arena, const struct table_column *columns,
                          uint32_t n_columns, struct span file, uint32_t most_rows);

/*
 * Refuses one row because of one cell. The sentences say what to do; they are kept, not copied, so they are constants
 * or live in the arena. A row may be refused for several reasons and counts once. `column` is an index into the table.
 */
void table_refuse(struct table *table, struct table_row *row, uint32_t column, const char *vi, const char *en);

/*
 * Refuses every row but the first of those that say the same in all the `n` columns named; the fault is about the first
 * of them. For keys: a file that names a thing twice does not say which one is meant.
 */
MUST_CHECK int table_refuse_repeats(struct table *table, const uint32_t *columns, uint32_t n);

/*
 * The report: counts, and the first refusals in the order of the file. Rows that are neither created, changed nor
 * refused count as unchanged. In a dry run say so. Returns 0 or ERR_TOO_LARGE when the arena is full.
 */
MUST_CHECK int table_report(struct table *table, bool dry_run, uint32_t created, uint32_t changed,
                            struct import_report *ret_report);

/* --- For the readers of a format. --- */

/* An empty table; `rows` is a guess of their number. Returns 0 or ERR_TOO_LARGE. */
MUST_CHECK int table_begin(struct table *table, struct arena *arena, const struct table_column *columns,
                           uint32_t n_columns, uint32_t most_rows, uint32_t rows);

/*
 * The next line of the file; the first one is the header. Of `n` cells the first TABLE_MAX_COLUMNS are looked at; they
 * are copied. Returns 0 or ERR_TOO_LARGE when the arena is full.
 */
MUST_CHECK int table_line(struct table *table, uint32_t line, const struct table_cell *cells, uint32_t n);

/* Refuses the whole file. The sentences are kept. */
void table_fail(struct table *table, uint32_t line, const char *vi, const char *en);

/* The file has ended: without a header it is refused, and a refused one loses its rows. */
void table_end(struct table *table);

#endif
