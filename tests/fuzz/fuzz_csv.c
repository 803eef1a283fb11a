/*
 * fuzz_csv.c - the CSV reader over any text. A text that begins with ! gets a good header line in place of the mark, so
 * that the fuzzer need not find one.
 */
#include "fuzz_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct arena arena;
    struct table table;
    struct buf text;
    if (!arena.max)
        arena_init(&arena, FUZZ_MEMORY);
    arena_clear(&arena);
    buf_init(&text, FUZZ_MEMORY);
    if (n && data[0] == '!') {
        buf_add_text(&text, "a,b,c\n");
        data++;
        n--;
    }
    if (n)
        buf_add(&text, data, n);
    if (!csv_read(&table, &arena, fuzz_columns, FUZZ_COLUMNS, buf_span(&text), FUZZ_ROWS)) {
        buf_release(&text); /* so that a table that points into it shows */
        fuzz_check(&table, &arena);
    }
    buf_release(&text);
    return 0;
}
