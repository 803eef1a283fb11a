/*
 * fuzz_table.h - what must be true of every table, whatever file it was read from: the report is a valid message, the
 * counts agree, cells that are not refused are within their bounds, and written as CSV they come back the same.
 */
#ifndef TESTS_FUZZ_TABLE_H
#define TESTS_FUZZ_TABLE_H

#include "csv.h"
#include "codec.h"
#include <stdlib.h>
#include <string.h>

enum { FUZZ_COLUMNS = 3, FUZZ_ROWS = 200, FUZZ_MEMORY = 8 << 20 };

static const struct table_column fuzz_columns[FUZZ_COLUMNS] = {
    {"a", 1, 12, COL_MASKED}, {"b", 0, 40, COL_LINES | COL_FORMULA}, {"c", 0, 200, 0}};

static inline void fuzz_fail(const char *what)
{
    fprintf(stderr, "table: %s\n", what);
    abort();
}

static inline void fuzz_check_rows(const struct table *table)
{
    for (uint32_t i = 0; i < table->n_rows; i++) {
        const struct table_row *row = &table->rows[i];
        if (!row->line || (i && row->line <= table->rows[i - 1].line))
            fuzz_fail("rows are out of order");
        for (uint32_t c = 0; c < FUZZ_COLUMNS && !row->refused; c++) {
            struct span cell = row->cells[c];
            if (cell.n < fuzz_columns[c].min || cell.n > fuzz_columns[c].max || !utf8_valid(cell))
                fuzz_fail("takes a cell out of bounds");
        }
    }
}

/* Writes what was taken as CSV, reads it, compares. */
static inline void fuzz_there_and_back(const struct table *table, struct arena *arena)
{
    struct table again;
    struct buf text;
    struct span names[FUZZ_COLUMNS];
    uint32_t n = 0;
    buf_init(&text, FUZZ_MEMORY);
    for (uint32_t c = 0; c < FUZZ_COLUMNS; c++)
        names[c] = (struct span){fuzz_columns[c].name, 1};
    csv_write_row(&text, names, FUZZ_COLUMNS);
    for (uint32_t i = 0; i < table->n_rows; i++) {
        if (!table->rows[i].refused)
            csv_write_row(&text, table->rows[i].cells, FUZZ_COLUMNS);
    }
    if (csv_read(&again, arena, fuzz_columns, FUZZ_COLUMNS, buf_span(&text), FUZZ_ROWS) || again.unreadable)
        fuzz_fail("cannot read what it wrote");
    for (uint32_t i = 0; i < table->n_rows; i++) {
        if (table->rows[i].refused)
            continue;
        if (n == again.n_rows || again.rows[n].refused)
            fuzz_fail("refuses what it took before");
        for (uint32_t c = 0; c < FUZZ_COLUMNS; c++) {
            struct span x = table->rows[i].cells[c], y = again.rows[n].cells[c];
            if (x.n != y.n || memcmp(x.p, y.p, x.n) != 0)
                fuzz_fail("reads something else than it wrote");
        }
        n++;
    }
    if (n != again.n_rows)
        fuzz_fail("reads more than it wrote");
    buf_release(&text);
}

static inline void fuzz_check(struct table *table, struct arena *arena)
{
    struct import_report report;
    struct fault fault;
    if (table_report(table, true, 0, 0, &report))
        return; /* memory */
    if (msg_check(&msg_import_report, &report, &fault))
        fuzz_fail("makes a report that is not valid");
    if ((report.refused || table->unreadable) != (report.n_faults > 0))
        fuzz_fail("refuses without a sentence");
    if (report.refused > report.rows || report.unchanged + report.refused != report.rows)
        fuzz_fail("counts wrongly");
    if (table->unreadable && table->n_rows)
        fuzz_fail("gives rows of a file that it refuses");
    fuzz_check_rows(table);
    fuzz_there_and_back(table, arena);
}

#endif
