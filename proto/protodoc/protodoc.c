/*
 * protodoc.c - derives documents from the declarations, and holds the declarations to their rules.
 *
 *     protodoc DIR           writes DIR/openapi.json, DIR/api.html and DIR/wire.lock
 *     protodoc --lock FILE   compares the declarations with a committed wire.lock
 *     protodoc --check       checks the declarations
 *
 * Exit code 0: done; 1: a fault, with a sentence on standard error; 2: wrong use. Nothing is written when the
 * declarations have a fault.
 */
#include "protodoc.h"
#include "lint.h"
#include "lock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_MOST = 16 << 20 };

/* Writes beside the file and renames, so that a reader never meets half a document. */
static int write_file(const char *dir, const char *name, const struct buf *text)
{
    char path[4096], beside[4096 + 8];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (text->failed || n < 0 || (size_t)n >= sizeof path) {
        fprintf(stderr, "protodoc: %s/%s does not fit its bounds.\n", dir, name);
        return 1;
    }
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE *file = fopen(beside, "wb");
    bool ok = file && fwrite(text->p, 1, text->n, file) == text->n;
    if (file && fclose(file))
        ok = false;
    if (!ok || rename(beside, path)) {
        fprintf(stderr, "protodoc: cannot write %s: %s.\n", path, strerror(errno));
        return 1;
    }
    return 0;
}

static int read_file(const char *path, struct buf *ret_text)
{
    char piece[8192];
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "protodoc: cannot read %s: %s.\n", path, strerror(errno));
        return 1;
    }
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, file)) > 0)
        buf_add(ret_text, piece, n);
    bool ok = !ferror(file) && !ret_text->failed;
    fclose(file);
    if (!ok)
        fprintf(stderr, "protodoc: cannot read all of %s.\n", path);
    return !ok;
}

/* Derives one document into DIR. */
static int derive(const char *dir, const char *name, void (*write)(struct buf *out))
{
    struct buf text;
    buf_init(&text, DOCUMENT_MOST);
    write(&text);
    int status = write_file(dir, name, &text);
    buf_release(&text);
    return status;
}

static int compare(const char *path)
{
    struct buf committed, now, said;
    buf_init(&committed, DOCUMENT_MOST);
    buf_init(&now, DOCUMENT_MOST);
    buf_init(&said, DOCUMENT_MOST);
    int status = read_file(path, &committed);
    if (!status) {
        lock_write(&now);
        if (now.failed || lock_compare(buf_span(&committed), buf_span(&now), &said) > 0)
            status = 1;
        if (said.n)
            fwrite(said.p, 1, said.n, stderr);
    }
    buf_release(&committed);
    buf_release(&now);
    buf_release(&said);
    return status;
}

static int check(void)
{
    struct buf said;
    buf_init(&said, DOCUMENT_MOST);
    size_t faults = proto_check(&said);
    if (said.n)
        if (said.n)
            fwrite(said.p, 1, said.n, stderr);
    buf_release(&said);
    return faults > 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "--check"))
        return check();
    if (argc == 3 && !strcmp(argv[1], "--lock"))
        return compare(argv[2]);
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: protodoc DIR | protodoc --lock FILE | protodoc --check\n");
        return 2;
    }
    if (check())
        return 1;
    int status = derive(argv[1], "openapi.json", openapi_write);
    status |= derive(argv[1], "api.html", page_write);
    status |= derive(argv[1], "wire.lock", lock_write);
    return status;
}
