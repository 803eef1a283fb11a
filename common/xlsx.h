/*
 * xlsx.h - rows of the first sheet of an XLSX workbook, read in one pass and in bounded memory.
 *
 * The first visible worksheet of the workbook is read and no other; where the limits allow several, all visible ones
 * are, one behind the other: a sheet holds a million rows. Each begins with the same header, which is given once;
 * another header or more sheets than allowed refuse the workbook, because a row that nobody reads is lost without a
 * word. Their lines are counted on from the lines of the sheets before. A cell gives: its text (rich text joined,
 * phonetic hints left out); a number with the 15 digits that spreadsheets show; true or false; a date, when its number
 * is formatted as one, as YYYY-MM-DD (with THH:MM:SS behind it only if it has a time of day). Other number formats do
 * not change the text, and a cell says when it looks otherwise (enum table_look): percent, zeros in front. Cells and
 * rows that are not in the file are empty; empty rows are skipped; a row keeps the number that the spreadsheet shows.
 *
 * A formula or an error value (#N/A) is refused with its cell, even if a computed value is stored with it: what is
 * computed may differ elsewhere. Refused whole are: archives that are damaged, cut short, encrypted or name an entry
 * twice; workbooks with macros or in the old binary format; a document type or entity; references out of the sheet's
 * bounds or out of order; and whatever exceeds the limits below. Names of archive entries are only compared, never used
 * as paths.
 */
#ifndef COMMON_XLSX_H
#define COMMON_XLSX_H

#include "table.h"

struct xlsx_limits {
    uint64_t unpacked;     /* bytes of XML that are unpacked, over all parts that are read */
    uint64_t string_bytes; /* memory for the shared strings */
    uint32_t ratio;        /* unpacked to packed size of one part, if it unpacks to more than 1 MiB */
    uint32_t entries;      /* of the archive */
    uint32_t rows;         /* rows that are not empty */
    uint32_t columns;      /* cells of a row that are kept; content beyond is only counted */
    uint32_t cell_bytes;   /* UTF-8 of one cell */
    uint32_t sheets;       /* visible worksheets that are read, one behind the other; 0: the first and no other */
};

/*
 * For an upload into a service: 256 MiB of XML, 64 MiB of shared strings, ratio 250, 2,000 entries, the 1,048,576 rows
 * of a sheet, TABLE_MAX_COLUMNS columns, 128 KiB a cell (spreadsheets allow 32,767 characters).
 */
extern const struct xlsx_limits xlsx_limits_default;

/* Where the workbook is: bytes, or an open regular file. */
struct xlsx_source {
    struct span bytes;
    int fd; /* -1: the bytes */
};

struct xlsx_source xlsx_bytes(struct span bytes);
/* The descriptor stays the caller's and its position is not moved. */
struct xlsx_source xlsx_file(int fd);

/* Does it begin like a ZIP archive, or like an encrypted or old binary workbook, which xlsx_read refuses by name? */
bool xlsx_looks_like(struct span file);

/* Why a workbook is refused whole; constants. */
struct xlsx_refusal {
    uint32_t line; /* the row that was being read; 0: none */
    const char *vi, *en;
};

/*
 * Takes one row, at the sheet's line. Of the `n` cells up to the last one that is not empty, at most limits->columns
 * are given. They live until it returns. Not 0: reading stops.
 */
typedef int xlsx_row_fn(void *ctx, uint32_t line, const struct table_cell *cells, uint32_t n);

/*
 * Gives every row that is not empty to `row`. `limits` NULL: the default. Returns 0; ERR_INVALID with `ret_refusal` set
 * when the workbook is refused, maybe after some rows were given; ERR_TOO_LARGE when memory is out; or what `row`
 * returned to stop.
 */
MUST_CHECK int xlsx_rows(struct xlsx_source source, const struct xlsx_limits *limits, xlsx_row_fn *row, void *ctx,
                         struct xlsx_refusal *ret_refusal);

/* As table_read, for a workbook. Cells missing at the end of a row are empty. `limits` NULL: the default. */
MUST_CHECK int xlsx_read(struct table *table, struct arena *arena, const struct table_column *columns,
                         uint32_t n_columns, struct xlsx_source source, const struct xlsx_limits *limits,
                         uint32_t most_rows);

#endif
