/*
 * writer.h - writes indented JSON into a buffer, so that a derived document can be read and compared line by line.
 */
#ifndef PROTODOC_WRITER_H
#define PROTODOC_WRITER_H

#include "buf.h"

struct writer {
    struct buf *out;
    int depth;
    bool first; /* nothing stands yet in the object or array that is open */
};

/* `key` NULL: an element of an array, or the whole document. */
void write_open(struct writer *w, const char *key, char bracket);
void write_close(struct writer *w, char bracket);
void write_text(struct writer *w, const char *key, const char *text);
void write_span(struct writer *w, const char *key, struct span text);
void write_int(struct writer *w, const char *key, int64_t value);
void write_bool(struct writer *w, const char *key, bool value);
/* "$ref": prefix and name in one. */
void write_ref(struct writer *w, const char *prefix, const char *name);

#endif
