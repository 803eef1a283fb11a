/*
 * fuzz_csv.c - the CSV reader over any text. A text that begins with ! gets a good header line in place of the mark, so
 * that the fuzzer need not find one. Read row by row, the text must give the same rows wherever its pieces end.
 */
#include "csv_rows.h"
#include "fuzz_table.h"

struct source {
    struct span rest;
    uint32_t piece;
};

static int64_t take(void *ctx, char *to, size_t room)
{
    struct source *source = ctx;
    uint32_t n = source->rest.n < source->piece ? source->rest.n : source->piece;
    if (n > room)
        n = (uint32_t)room;
    if (n)
        memcpy(to, source->rest.p, n);
    source->rest = (struct span){source->rest.p + n, source->rest.n - n};
    return n;
}

static int note(void *ctx, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    struct buf *seen = ctx;
    buf_printf(seen, "%u %u", line, n);
    for (uint32_t i = 0; i < n && i < TABLE_MAX_COLUMNS; i++) {
        buf_printf(seen, " %u%s ", cells[i].text.n, cells[i].vi ? "!" : "");
        buf_add_span(seen, cells[i].text);
    }
    return 0;
}

static int rows_of(struct span text, uint32_t piece, struct buf *ret_seen)
{
    struct source source = {text, piece};
    struct csv_refusal refusal = {0};
    buf_init(ret_seen, FUZZ_MEMORY);
    int code = csv_rows(take, &source, note, ret_seen, &refusal);
    if (code == ERR_INVALID && (!refusal.vi || !refusal.en))
        fuzz_fail("refuses without a sentence");
    return code;
}

static void check_pieces(struct span text)
{
    struct buf whole, pieces;
    int a = rows_of(text, UINT32_MAX, &whole), b = rows_of(text, 1, &pieces);
    if (a != b || whole.n != pieces.n || (whole.n && memcmp(whole.p, pieces.p, whole.n) != 0))
        fuzz_fail("reads other rows when the text comes in pieces");
    buf_release(&whole);
    buf_release(&pieces);
}

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
    check_pieces(buf_span(&text));
    if (!csv_read(&table, &arena, fuzz_columns, FUZZ_COLUMNS, buf_span(&text), FUZZ_ROWS)) {
        buf_release(&text); /* so that a table that points into it shows */
        fuzz_check(&table, &arena);
    }
    buf_release(&text);
    return 0;
}
