/*
 * xlsx_part.h - inside the XLSX reader: the archive, the XML of one part, and what the workbook says about its first
 * sheet. Used by xlsx*.c only.
 *
 *     xlsx.c       the rows of the sheet
 *     xlsx_book.c  workbook, relations, styles, shared strings
 *     xlsx_part.c  archive entries, and their XML as events
 */
#ifndef COMMON_XLSX_PART_H
#define COMMON_XLSX_PART_H

#include "xlsx.h"
#include "buf.h"
#include <minizip/unzip.h>

enum { XLSX_NAME_MAX = 512, XLSX_SHEETS_MOST = 16 };

struct xlsx_entry {
    const char *name;
    unz64_file_pos place;
    uint64_t packed, size;
    bool readable; /* stored or deflated, not encrypted */
};

/* What a cell style makes of a number. */
enum xlsx_format {
    FORMAT_PLAIN, /* shows it as it is */
    FORMAT_WHOLE, /* rounds it */
    FORMAT_DATE,
    FORMAT_OTHER, /* percent, thousands, zeros in front ... */
    XLSX_FORMATS
};

/* One reading of one workbook. */
struct xlsx {
    const struct xlsx_limits *limits;
    struct arena arena; /* names and relations */
    int code;           /* once it is set, reading stops */
    struct xlsx_refusal refusal;
    uint32_t line;  /* the row of the sheet that is being read, for the refusal */
    uint32_t lines; /* of the sheets before it */
    /* The archive. */
    struct xlsx_source source;
    uint64_t position, size; /* of the source */
    bool cut_short;          /* more was to be read than there is */
    unzFile zip;
    struct xlsx_entry *entries; /* sorted by name without regard to case */
    uint32_t n_entries;
    uint64_t unpacked;
    /* The workbook. */
    const struct xlsx_entry *sheets[XLSX_SHEETS_MOST];
    uint32_t n_sheets;
    const struct xlsx_entry *strings_part, *styles;
    bool since_1904;
    struct buf cell_formats; /* enum xlsx_format of each cell style, one byte */
    struct buf strings;      /* the shared strings, one behind the other */
    struct buf string_ends;  /* uint64_t each */
};

/* Refuses the workbook. Only the first refusal counts. Returns -1. */
int xlsx_refuse(struct xlsx *x, const char *vi, const char *en);
/* Memory is out. Returns -1. */
int xlsx_no_memory(struct xlsx *x);
/* The archive, or a part of it, is not what it says it is. */
int xlsx_damaged(struct xlsx *x);

/* Opens the archive and lists its entries. -1: refused. */
MUST_CHECK int xlsx_open(struct xlsx *x);
void xlsx_close(struct xlsx *x);
/* The entry of that name, without regard to case, or NULL. */
const struct xlsx_entry *xlsx_find(const struct xlsx *x, const char *name);

/* Attributes of an element. */
struct xlsx_attrs {
    const void *list;
    int n;
};

/* Value of the attribute without namespace, or {NULL, 0}. */
struct span xlsx_attr(const struct xlsx_attrs *attrs, const char *name);
/* Value of an attribute of the namespace of relations (r:id). */
struct span xlsx_relation_attr(const struct xlsx_attrs *attrs, const char *name);

/*
 * What is told about the XML of one part. `depth` is 1 for the outermost element. An element that is not of one of the
 * part's own namespaces has the name "".
 */
struct xlsx_events {
    const char *const *namespaces; /* ends with NULL */
    void (*start)(struct xlsx *x, void *ctx, int depth, const char *name, const struct xlsx_attrs *attrs);
    void (*end)(struct xlsx *x, void *ctx, int depth, const char *name);
    void (*text)(struct xlsx *x, void *ctx, const char *p, uint32_t n);
};

/* Reads a part from begin to end, unless x->code is set on the way. -1: it was. */
MUST_CHECK int xlsx_parse(struct xlsx *x, const struct xlsx_entry *entry, const struct xlsx_events *events, void *ctx);

/* The namespaces of workbook, styles, strings and sheets. */
extern const char *const xlsx_main_namespaces[];

/* Where text stands in rich text (in a string item or in an inline string): t, or r/t; not rPh/t. */
struct xlsx_rich {
    int depth; /* of the element around it */
    bool in_run, in_text;
};
void xlsx_rich_start(struct xlsx_rich *rich, int depth, const char *name);
void xlsx_rich_end(struct xlsx_rich *rich, int depth);

/* Decodes _xHHHH_ in place, as spreadsheets write characters that XML cannot hold; returns the new length. */
uint32_t xlsx_unescape(char *p, uint32_t n);

/* Finds the sheets, reads styles and shared strings. -1: refused. */
MUST_CHECK int xlsx_book(struct xlsx *x);
/* A shared string; false when there is none of this number. */
bool xlsx_string(const struct xlsx *x, uint64_t number, struct span *ret_text);
enum xlsx_format xlsx_format_of(const struct xlsx *x, uint64_t style);

/* A whole number without sign, at most `most`; false when it is not one. */
bool xlsx_number(struct span text, uint64_t most, uint64_t *ret_number);

#endif
