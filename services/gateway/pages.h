/*
 * pages.h - the portal's files: a fixed list, read into memory at start. Nothing a client sends becomes a file name.
 */
#ifndef GATEWAY_PAGES_H
#define GATEWAY_PAGES_H

#include "buf.h"

enum { PAGES_MAX = 8 };

struct page {
    const char *path; /* of the URL */
    const char *type;
    char *bytes; /* NULL: the file is not there */
    size_t n;
    char *policy; /* Content-Security-Policy of an HTML page */
};

struct pages {
    struct page page[PAGES_MAX];
    size_t n;
    char
        *frame[3]; /* what stands before the title, between it and the content, and at the end; NULL: it is not there */
};

/* Reads the files. A page that is missing is logged and answered with NOT_FOUND; -1 only when memory is out. */
MUST_CHECK int pages_open(struct pages *pages, const char *static_dir, const char *api_dir);
void pages_close(struct pages *pages);
/*
 * Head, banner and foot that every page has, around content that the caller appends in between. `title` is HTML.
 * Without static/frame.html nothing is appended: the content alone is what a browser shows.
 */
void pages_begin(const struct pages *pages, struct buf *out, struct span title);
void pages_end(const struct pages *pages, struct buf *out);
const struct page *page_find(const struct pages *pages, const char *path);

#endif
