/* sheet.c - RFC 4180 with CRLF, UTF-8 with a byte order mark, because Excel takes a file without it for something else.
 */
#include "sheet.h"
#include <assert.h>
#include <sodium.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define HEADER                                                                                                         \
    "code,parent_code,name,assigned,completed,passed,certified,"                                                       \
    "leaders_assigned,leaders_completed,leaders_passed,leaders_certified\r\n"

/*
 * The longest row by the bounds of frozen_row: each byte of a text doubled, plus quotes and apostrophe; eight numbers
 * of ten digits; ten commas and the line's end.
 */
enum { ROW_MAX = (32 * 2 + 3) * 2 + (200 * 2 + 3) + 8 * 10 + 10 + 2 };
static_assert(sizeof(BYTE_ORDER_MARK HEADER) + SHEET_MAX_ROWS * ROW_MAX <= SHEET_MAX_BYTES,
              "a full report fits a file");

/* A spreadsheet runs a cell that begins like this as a formula; an apostrophe makes it text. */
static bool formula(char c)
{
    return c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r';
}

static bool needs_quotes(struct span text)
{
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] == ',' || text.p[i] == '"' || text.p[i] == '\r' || text.p[i] == '\n')
            return true;
    }
    return false;
}

void sheet_cell(struct buf *out, struct span text)
{
    bool quoted = needs_quotes(text);
    if (quoted)
        buf_add_char(out, '"');
    if (text.n && formula(text.p[0]))
        buf_add_char(out, '\'');
    for (uint32_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_add_char(out, '"');
        buf_add_char(out, text.p[i]);
    }
    if (quoted)
        buf_add_char(out, '"');
}

static void add_count(struct buf *out, uint32_t count)
{
    buf_add_char(out, ',');
    buf_add_u64(out, count);
}

void sheet_write(const struct frozen_row *rows, uint32_t n, struct buf *out)
{
    buf_add_text(out, BYTE_ORDER_MARK HEADER);
    for (uint32_t i = 0; i < n; i++) {
        const struct frozen_row *row = &rows[i];
        sheet_cell(out, row->code);
        buf_add_char(out, ',');
        sheet_cell(out, HAS(row, frozen_row, parent_code) ? row->parent_code : SPAN(""));
        buf_add_char(out, ',');
        sheet_cell(out, row->name);
        add_count(out, row->assigned);
        add_count(out, row->completed);
        add_count(out, row->passed);
        add_count(out, row->certified);
        add_count(out, row->leaders_assigned);
        add_count(out, row->leaders_completed);
        add_count(out, row->leaders_passed);
        add_count(out, row->leaders_certified);
        buf_add_text(out, "\r\n");
    }
}

void sheet_digest(struct span bytes, uint8_t ret_digest[SHEET_DIGEST])
{
    static_assert(SHEET_DIGEST == crypto_hash_sha256_BYTES, "SHA-256");
    crypto_hash_sha256(ret_digest, (const unsigned char *)bytes.p, bytes.n);
}
