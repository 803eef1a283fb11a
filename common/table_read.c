/*
 * table_read.c - one way in for both formats of imported files; apart from table.c, so that programs that read only CSV
 * are not linked against the libraries of XLSX.
 */
#include "csv.h"
#include "xlsx.h"

int table_read(struct table *table, struct arena *arena, const struct table_column *columns, uint32_t n_columns,
               struct span file, uint32_t most_rows)
{
    if (xlsx_looks_like(file))
        return xlsx_read(table, arena, columns, n_columns, xlsx_bytes(file), NULL, most_rows);
    return csv_read(table, arena, columns, n_columns, file, most_rows);
}
