/*
 * pages.h - the portal's files: a fixed list, read into memory at start. Nothing a client sends becomes a file name.
 */
#ifndef GATEWAY_PAGES_H
#define GATEWAY_PAGES_H

#include "types.h"

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
};

/* Reads the files. A page that is missing is logged and answered with NOT_FOUND; -1 only when memory is out. */
MUST_CHECK int pages_open(struct pages *pages, const char *static_dir, const char *api_dir);
void pages_close(struct pages *pages);
const struct page *page_find(const struct pages *pages, const char *path);

#endif
