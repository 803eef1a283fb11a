/*
 * csv.h - a CSV file that people send in, read against a table of columns, with a report for every bad row.
 *
 *     static const struct csv_column columns[] = {
 *         {"code", 1, 32, 0}, {"name", 1, 200, 0}, {"name_en", 0, 200, 0},
 *     };
 *     struct csv_file file;
 *     int code = csv_file_read(&file, ctx->arena, columns, 3, req->csv, 50000);
 *     ...
 *     for (uint32_t i = 0; i < file.n_rows; i++) {
 *         struct csv_row *row = &file.rows[i];
 *         if (!row->refused && strange(row->cells[0]))
 *             csv_file_refuse(&file, row, 0, "Hãy ...", "Write ...");
 *     }
 *     ... apply the rows that are not refused ...
 *     return csv_file_report(&file, dry_run, created, changed, ret_reply);
 *
 * The file is RFC 4180 in UTF-8 (a byte order mark is skipped), comma, with a header line that names every column of
 * the table once, in any order, and no other. The reader refuses, with a sentence for each, rows with another number of
 * cells and cells that are empty, too short, too long, not UTF-8, that hold control characters, or that a spreadsheet
 * would take for a formula (they begin with = + - @). A file whose header is wrong or whose quotation marks do not
 * close cannot be trusted at all: it gives no row to apply, and the report says why. No report shows a long number:
 * runs of nine digits and more are masked in every column, because cells get swapped.
 */
#ifndef COMMON_CSV_H
#define COMMON_CSV_H

#include "proto.h"
#include "arena.h"

/* Flags of a column. */
enum {
    COL_MASKED = 1,  /* the report shows the first three characters only */
    COL_FORMULA = 2, /* text that may begin with = + - @, because no spreadsheet will open it unquoted */
    COL_LINES = 4,   /* may hold line breaks and tabs */
};

enum { CSV_MAX_COLUMNS = 32, CSV_MAX_FAULTS = 1000 /* as import_report bounds them */ };

struct csv_column {
    const char *name;
    uint32_t min, max; /* bytes of a cell, after trimming and NFC; min 0: may be empty */
    unsigned flags;
};

struct csv_row {
    uint32_t line;      /* where it begins in the file; the header is line 1 */
    bool refused;       /* it has a fault already and must not be applied */
    struct span *cells; /* one per column of the table, in the table's order; trimmed, NFC, in the arena */
};

struct csv_fault_row;

struct csv_file {
    const struct csv_column *columns;
    uint32_t n_columns;
    struct csv_row
        *rows; /* of the file without its header, in its order; rows with a wrong number of cells are left out */
    uint32_t n_rows;
    /* What the report is made of; csv_file_refuse and csv_file_report write it. */
    struct arena *arena;
    uint32_t total, refused;
    bool unreadable;
    struct csv_fault_row *faults;
    uint32_t n_faults, fault_order;
};

/*
 * Reads `text` against the table. Everything lives in the arena. Returns 0, also when rows or the whole file were
 * refused (then `rows` is empty or has refused ones), or ERR_TOO_LARGE when the arena cannot hold the file. A file of
 * more than `most_rows` rows is refused whole.
 */
MUST_CHECK int csv_file_read(struct csv_file *file, struct arena *arena, const struct csv_column *columns,
                             uint32_t n_columns, struct span text, uint32_t most_rows);

/*
 * Refuses one row because of one cell. The sentences say what to do; they are kept, not copied, so they are constants
 * or live in the arena. A row may be refused for several reasons and counts once. `column` is an index into the table.
 */
void csv_file_refuse(struct csv_file *file, struct csv_row *row, uint32_t column, const char *vi, const char *en);

/*
 * Refuses every row but the first of those that say the same in all the `n` columns named; the fault is about the first
 * of them. For keys: a file that names a thing twice does not say which one is meant.
 */
MUST_CHECK int csv_file_refuse_repeats(struct csv_file *file, const uint32_t *columns, uint32_t n);

/*
 * The report: counts, and the first refusals in the order of the file. Rows that are neither created, changed nor
 * refused count as unchanged. In a dry run say so. Returns 0 or ERR_TOO_LARGE when the arena is full.
 */
MUST_CHECK int csv_file_report(struct csv_file *file, bool dry_run, uint32_t created, uint32_t changed,
                               struct import_report *ret_report);

#endif
