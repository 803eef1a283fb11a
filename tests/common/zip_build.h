/*
 * zip_build.h - ZIP archives made by hand for tests: in any order, with any lie.
 *
 *     struct zip_part parts[] = {{.name = "a.xml", .text = S("<a/>")}};
 *     zip_build(&out, parts, 1);
 */
#ifndef TESTS_COMMON_ZIP_BUILD_H
#define TESTS_COMMON_ZIP_BUILD_H

#include "buf.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ZIP_PARTS_MOST = 16 };

struct zip_part {
    const char *name;
    struct span text;
    bool deflate;
    /* Lies; 0: the truth. */
    uint16_t flags, method;
    uint32_t claims_size, claims_packed; /* in both headers */
    uint32_t crc_off, place_off;         /* added to the true value */
    uint32_t place;                      /* set by zip_build: of its local header */
};

static inline void zip_number(struct buf *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++, value >>= 8)
        buf_add_char(out, (char)(value & 0xff));
}

/* The part's bytes as they are stored, in memory of malloc. */
static inline struct span zip_packed(const struct zip_part *part)
{
    if (!part->deflate)
        return part->text;
    z_stream z = {0};
    uLong room = compressBound(part->text.n) + 64;
    unsigned char *to = malloc(room);
    if (!to || deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_in = (unsigned char *)(uintptr_t)part->text.p;
    z.avail_in = part->text.n;
    z.next_out = to;
    z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    struct span packed = {(const char *)to, (uint32_t)z.total_out};
    deflateEnd(&z);
    return packed;
}

/* What local header and directory both say, from the version on. */
static inline void zip_common(struct buf *out, const struct zip_part *part, uint32_t packed)
{
    uint32_t crc = (uint32_t)crc32(0, (const unsigned char *)part->text.p, part->text.n);
    zip_number(out, 20, 2);
    zip_number(out, part->flags, 2);
    zip_number(out, part->method ? part->method : part->deflate ? 8 : 0, 2);
    zip_number(out, 0x00210000, 4); /* 1980-01-01 */
    zip_number(out, crc + part->crc_off, 4);
    zip_number(out, part->claims_packed ? part->claims_packed : packed, 4);
    zip_number(out, part->claims_size ? part->claims_size : part->text.n, 4);
    zip_number(out, (uint32_t)strlen(part->name), 2);
}

/* Appends an archive of the parts, which claims to have `claims` entries (0: the truth). */
static inline void zip_build_claiming(struct buf *out, struct zip_part *parts, uint32_t n, uint32_t claims)
{
    size_t begin = out->n;
    uint32_t packed[ZIP_PARTS_MOST];
    for (uint32_t i = 0; i < n && i < ZIP_PARTS_MOST; i++) {
        struct span bytes = zip_packed(&parts[i]);
        packed[i] = bytes.n;
        parts[i].place = (uint32_t)(out->n - begin);
        zip_number(out, 0x04034b50, 4);
        zip_common(out, &parts[i], bytes.n);
        zip_number(out, 0, 2);
        buf_add_text(out, parts[i].name);
        buf_add_span(out, bytes);
        if (parts[i].deflate)
            free((void *)(uintptr_t)bytes.p);
    }
    uint32_t directory = (uint32_t)(out->n - begin);
    for (uint32_t i = 0; i < n && i < ZIP_PARTS_MOST; i++) {
        zip_number(out, 0x02014b50, 4);
        zip_number(out, 20, 2);
        zip_common(out, &parts[i], packed[i]);
        zip_number(out, 0, 2 + 2 + 2 + 2); /* extra, comment, disk, attributes; then outer attributes */
        zip_number(out, 0, 4);
        zip_number(out, parts[i].place + parts[i].place_off, 4);
        buf_add_text(out, parts[i].name);
    }
    uint32_t length = (uint32_t)(out->n - begin) - directory;
    zip_number(out, 0x06054b50, 4);
    zip_number(out, 0, 4);
    zip_number(out, claims ? claims : n, 2);
    zip_number(out, claims ? claims : n, 2);
    zip_number(out, length, 4);
    zip_number(out, directory, 4);
    zip_number(out, 0, 2);
}

static inline void zip_build(struct buf *out, struct zip_part *parts, uint32_t n)
{
    zip_build_claiming(out, parts, n, 0);
}

#endif
