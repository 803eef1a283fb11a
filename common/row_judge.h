/*
 * row_judge.h - one row of a file that people send in, judged against a table of columns without being kept. table.h
 * keeps the rows of a small file with it; a reader of large ones takes each row, uses it and forgets it.
 *
 * The first line is a header that names every column of the table once, in any order, and no other; a column that is
 * COL_OPTIONAL may be missing. Refused, with a sentence for each, are rows with another number of cells than the header
 * and cells that are empty, too short, too long, not UTF-8, that hold control characters, or that a spreadsheet would
 * take for a formula (they begin with = + - @), and where a column asks for it, cells that a spreadsheet shows
 * otherwise than it stores them. No fault shows a long number: runs of nine digits and more are masked in every column,
 * because cells get swapped.
 */
#ifndef COMMON_ROW_JUDGE_H
#define COMMON_ROW_JUDGE_H

#include "arena.h"

/* Flags of a column. */
enum {
    COL_MASKED = 1,    /* the report shows the first three characters only */
    COL_FORMULA = 2,   /* text that may begin with = + - @, because no spreadsheet will open it unquoted */
    COL_LINES = 4,     /* may hold line breaks and tabs */
    COL_TEXT = 8,      /* people read it: taken only as it looks in the spreadsheet (LOOK_SAME) */
    COL_VALUE = 16,    /* the value counts: not taken when the spreadsheet shows another one (LOOK_OTHER) */
    COL_OPTIONAL = 32, /* the header may lack it; its cells are empty then, so its min is 0 */
};

enum { TABLE_MAX_COLUMNS = 40 };

struct table_column {
    const char *name;
    uint32_t min, max; /* bytes of a cell, after trimming and NFC; min 0: may be empty */
    unsigned flags;
};

/* Does a spreadsheet show a cell as its text here says? What is written in CSV is what is shown. */
enum table_look {
    LOOK_SAME,
    LOOK_VARIES, /* a fraction or a truth value: shown as 3.5 or 3,5, as TRUE or otherwise, depending on the place */
    LOOK_OTHER,  /* a format shows something else: percent, date, thousands, fewer digits */
};

/* A cell as it stands in the file. `vi` and `en` are set when it cannot be taken at all, whatever its column is. */
struct table_cell {
    struct span text;
    const char *vi, *en;
    enum table_look look;
};

/* Why something is refused. Texts live in the judge's arena or are constants. */
struct judged_fault {
    uint32_t line;
    struct span field; /* column; empty: the row or file as a whole */
    struct span value; /* what stood there, shortened and masked; p NULL: nothing can be shown */
    struct span vi, en;
};

struct row_judge {
    const struct table_column *columns;
    uint32_t n_columns;
    struct arena *arena; /* of what is kept of a row; the caller clears it when the row is done with */
    void (*fault)(void *ctx, const struct judged_fault *fault);
    void *ctx;
    /* Result of the last row. */
    uint32_t line;
    bool refused;                         /* it has a fault and must not be applied */
    struct span cells[TABLE_MAX_COLUMNS]; /* in the table's order; trimmed, NFC, in the arena */
    /* Of the file. */
    bool had_header, unreadable;      /* unreadable: the whole file is refused */
    uint32_t width;                   /* columns of its header */
    uint8_t place[TABLE_MAX_COLUMNS]; /* column of the file -> column of the table */
};

/* The first line. `n` cells, of which the first TABLE_MAX_COLUMNS are looked at. -1: the arena is full. */
MUST_CHECK int row_judge_header(struct row_judge *judge, uint32_t line, const struct table_cell *cells, uint32_t n);
/*
 * Any other line, into `cells` (n_columns of them, zeroed; judge->cells will do). -1: the arena is full. A row of
 * another width gives `ret_fits` false: it is refused and has no cells.
 */
MUST_CHECK int row_judge_row(struct row_judge *judge, uint32_t line, const struct table_cell *cells, uint32_t n,
                             struct span *ret_cells, bool *ret_fits);
/* Refuses a row because of one cell, an index into the table. The sentences are kept, not copied. */
void row_judge_refuse(struct row_judge *judge, uint32_t line, uint32_t column, struct span cell, const char *vi,
                      const char *en);
/* Refuses the whole file. */
void row_judge_fail(struct row_judge *judge, uint32_t line, const char *vi, const char *en);

#endif
