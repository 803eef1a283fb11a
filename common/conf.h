/*
 * conf.h - configuration as rows: name, type, bounds, default, sentence. The same rows load the file and the
 * environment, check the bounds, and print --help.
 *
 * A file has lines `name = value`, `#` begins a comment. HOCVU_<NAME> in the environment wins over the file. Secrets
 * are never values: a CONF_SECRET row names a file, whose content is read, stripped of the last newline and kept.
 */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include "types.h"

enum conf_type {
    CONF_INT,    /* int64_t */
    CONF_TEXT,   /* const char *, never NULL; min and max count bytes */
    CONF_SECRET, /* struct conf_secret; the value is the file's path, empty: none */
};

struct conf_secret {
    const char *path;
    char *bytes; /* NULL when no file is named; owned by the configuration */
    size_t n;
};

struct conf_row {
    const char *name; /* lower case with underscores */
    enum conf_type type;
    int64_t min, max;
    const char *preset; /* default, as text */
    const char *doc;    /* one sentence */
    size_t offset;      /* in the service's configuration struct */
};

/* Secret files are at most this long. */
enum { CONF_SECRET_MAX = 65536, CONF_FILE_MAX = 65536 };

/*
 * Fills the struct at `conf` from presets, then the file at `path` (NULL: none), then the environment. `rows` ends with
 * a row without name. Prints every fault on standard error and returns -1 if there was one. Rows of another table in
 * the same file are skipped when `others` (may be NULL) knows them, a name that neither knows is a fault.
 */
MUST_CHECK int conf_load(const struct conf_row *rows, const struct conf_row *others, void *conf, const char *path);
/* The same for a struct of which there are several: the variables begin with `prefix` instead of HOCVU_. */
MUST_CHECK int conf_load_as(const char *prefix, const struct conf_row *rows, const struct conf_row *others, void *conf,
                            const char *path);
/* One paragraph per row. */
void conf_help(const struct conf_row *rows);
/* Frees secrets and texts. */
void conf_release(const struct conf_row *rows, void *conf);

#endif
