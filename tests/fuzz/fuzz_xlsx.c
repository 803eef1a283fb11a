/*
 * fuzz_xlsx.c - the XLSX reader. An input that begins like a ZIP archive is read as it is. Of any other one a workbook
 * is made first, because a fuzzer does not find checksums: its parts stand in the input one behind the other, each
 * ended by the byte 0x1e (sheet, shared strings, styles, workbook, relations); one that is empty gets its default.
 */
#include "fuzz_table.h"
#include "xlsx.h"
#include "../common/xlsx_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void build(const char *p, size_t n, struct buf *out)
{
    static const int order[] = {P_SHEET, P_STRINGS, P_STYLES, P_BOOK, P_BOOK_RELS};
    struct xlsx_parts parts = {0};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const char *end = n ? memchr(p, 0x1e, n) : NULL;
        size_t length = end ? (size_t)(end - p) : n;
        if (length)
            parts.part[order[i]].text = (struct span){p, (uint32_t)length};
        length += end != NULL;
        p += length;
        n -= length;
    }
    xlsx_parts_build(out, &parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct arena arena;
    struct xlsx_limits limits = xlsx_limits_default;
    struct table table;
    struct buf file;
    if (!arena.max)
        arena_init(&arena, FUZZ_MEMORY);
    arena_clear(&arena);
    buf_init(&file, FUZZ_MEMORY);
    limits.unpacked = 1 << 20;
    limits.string_bytes = 1 << 20;
    limits.cell_bytes = 1000;
    limits.sheets = n & 1 ? 16 : 1;
    if (xlsx_looks_like((struct span){(const char *)data, (uint32_t)n}))
        buf_add(&file, data, n);
    else
        build((const char *)data, n, &file);
    if (!xlsx_read(&table, &arena, fuzz_columns, FUZZ_COLUMNS, xlsx_bytes(buf_span(&file)), &limits, FUZZ_ROWS)) {
        buf_release(&file); /* so that a table that points into it shows */
        fuzz_check(&table, &arena);
    }
    buf_release(&file);
    return 0;
}
