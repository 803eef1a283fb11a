/* test_csv_rows.c - CSV row by row: the same rows wherever the source's pieces end, and bounded cells. */
#include "buf.h"
#include "csv_rows.h"
#include "proto.h"
#include <criterion/criterion.h>

struct source {
    const char *p;
    size_t n, piece;
    bool broken;
};

static int64_t take(void *ctx, char *to, size_t room)
{
    struct source *s = ctx;
    size_t n = s->n < s->piece ? s->n : s->piece;
    if (s->broken && s->n == 0)
        return -1;
    if (n > room)
        n = room;
    memcpy(to, s->p, n);
    s->p += n;
    s->n -= n;
    return (int64_t)n;
}

static struct buf seen;
static uint32_t most_bytes;

static int note(void *ctx, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    (void)ctx;
    buf_printf(&seen, "%u:", line);
    for (uint32_t i = 0; i < n && i < TABLE_MAX_COLUMNS; i++) {
        buf_printf(&seen, "[%.*s%s]", (int)(cells[i].text.n < 40 ? cells[i].text.n : 40), cells[i].text.p,
                   cells[i].vi ? "!" : "");
        most_bytes = cells[i].text.n > most_bytes ? cells[i].text.n : most_bytes;
    }
    buf_add_char(&seen, ' ');
    return 0;
}

static struct csv_refusal refusal;

static int read_in(const char *text, size_t n, size_t piece, bool broken)
{
    struct source source = {text, n, piece, broken};
    buf_release(&seen);
    buf_init(&seen, 1 << 20);
    most_bytes = 0;
    int code = csv_rows(take, &source, note, NULL, &refusal);
    buf_add_char(&seen, '\0');
    return code;
}

#define EXPECT_ROWS(text, expected)                                                                                    \
    do {                                                                                                               \
        for (size_t piece = 1; piece < 12; piece++) {                                                                  \
            cr_assert_eq(read_in(text, sizeof(text) - 1, piece, false), 0);                                            \
            cr_expect_str_eq(seen.p, expected, "pieces of %zu", piece);                                                \
        }                                                                                                              \
    } while (0)

Test(csv_rows, lines_are_counted_whatever_ends_them)
{
    EXPECT_ROWS("a,b\r\nc,d\n\n\r\n e , f \re\n", "1:[a][b] 2:[c][d] 5:[e][f] 6:[e] ");
}

Test(csv_rows, a_row_begins_where_its_first_cell_does)
{
    EXPECT_ROWS("a\n\"b\n\nc\",d\r\ne\n", "1:[a] 2:[b\n\nc][d] 5:[e] ");
}

Test(csv_rows, a_mark_of_utf8_is_no_text)
{
    EXPECT_ROWS("\xef\xbb\xbf"
                "a,b\n",
                "1:[a][b] ");
}

Test(csv_rows, the_last_line_needs_no_end)
{
    EXPECT_ROWS("a,b\nc,", "1:[a][b] 2:[c][] ");
}

Test(csv_rows, utf16_is_refused)
{
    cr_expect_eq(read_in("\xff\xfe"
                         "a\0",
                         4, 1, false),
                 ERR_INVALID);
    cr_expect_eq(read_in("\xfe\xff\0a", 4, 4, false), ERR_INVALID);
}

Test(csv_rows, quotes_that_do_not_close_are_refused)
{
    cr_expect_eq(read_in("a\nb,\"c\nd\n", 10, 3, false), ERR_INVALID);
    cr_expect_eq(refusal.line, 2);
    cr_expect_eq(read_in("a\nb\"c\n", 6, 3, false), ERR_INVALID);
}

Test(csv_rows, a_source_that_breaks_is_told)
{
    cr_expect_eq(read_in("a\nb\n", 4, 2, true), ERR_UNAVAILABLE);
}

/* Reading one cell of `n` bytes; what is kept of it is short. */
static void long_cell(char c, size_t n, bool quoted)
{
    char *text = malloc(n + 100);
    cr_assert(text);
    size_t at = (size_t)snprintf(text, 50, "a,b\n%s", quoted ? "\"" : "");
    memset(text + at, c, n);
    at += n;
    at += (size_t)snprintf(text + at, 50, "%s,x\ny,z\n", quoted ? "\"" : "");
    cr_expect_eq(read_in(text, at, 65536, false), 0);
    cr_expect_lt(most_bytes, 1000);
    cr_expect(strstr(seen.p, "!][x] 3:[y][z] "), "%c: %s", c, seen.p);
    free(text);
}

Test(csv_rows, cells_are_bounded, .timeout = 20)
{
    long_cell('x', 10 << 20, false);
    long_cell('x', 10 << 20, true);
    long_cell(' ', 1 << 20, true);
}
