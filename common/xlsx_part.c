/*
 * xlsx_part.c - a workbook's archive and the XML of its parts, see xlsx_part.h.
 *
 * minizip goes by the archive's directory, so the order of entries does not matter and a part is found without reading
 * the others; of the directory it holds one entry at a time. It never gives more bytes than an entry announces. libxml2
 * reads without a document tree, without entities and without network.
 */
#include "xlsx_part.h"
#include <libxml/parser.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RATIO_FROM = 1 << 20, ENCRYPTED = 1, DEFLATED = 8 };

int xlsx_refuse(struct xlsx *x, const char *vi, const char *en)
{
    if (!x->code) {
        x->code = ERR_INVALID;
        x->refusal = (struct xlsx_refusal){x->lines + x->line, vi, en};
    }
    return -1;
}

int xlsx_no_memory(struct xlsx *x)
{
    if (!x->code)
        x->code = ERR_TOO_LARGE;
    return -1;
}

int xlsx_damaged(struct xlsx *x)
{
    return xlsx_refuse(x, "Tệp XLSX này bị hỏng hoặc chưa tải lên hết. Hãy lưu lại rồi gửi lại.",
                       "This XLSX file is damaged or incomplete. Save it again and send it once more.");
}

static int too_large(struct xlsx *x)
{
    return xlsx_refuse(x, "Tệp này giải nén ra quá lớn. Hãy bỏ phần thừa hoặc chia thành nhiều tệp.",
                       "This file unpacks to too much. Remove what is not needed or split it.");
}

/* --- The source, as minizip reads it. --- */

static voidpf source_open(voidpf opaque, const void *name, int mode)
{
    (void)name;
    (void)mode;
    return opaque;
}

static uLong source_read(voidpf opaque, voidpf stream, void *to, uLong n)
{
    struct xlsx *x = opaque;
    uint64_t left = x->position < x->size ? x->size - x->position : 0;
    (void)stream;
    if (n > left) {
        x->cut_short = true; /* minizip takes missing bytes at the very end for zeros */
        n = (uLong)left;
    }
    if (x->source.fd < 0) {
        memcpy(to, x->source.bytes.p + x->position, n);
    } else {
        ssize_t got = pread(x->source.fd, to, n, (off_t)x->position);
        n = got > 0 ? (uLong)got : 0;
    }
    x->position += n;
    return n;
}

static ZPOS64_T source_tell(voidpf opaque, voidpf stream)
{
    (void)stream;
    return ((struct xlsx *)opaque)->position;
}

static long source_seek(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
    struct xlsx *x = opaque;
    uint64_t from = origin == ZLIB_FILEFUNC_SEEK_END ? x->size : origin == ZLIB_FILEFUNC_SEEK_CUR ? x->position : 0;
    (void)stream;
    if (from > x->size || offset > x->size - from)
        return -1;
    x->position = from + offset;
    return 0;
}

static int source_none(voidpf opaque, voidpf stream)
{
    (void)opaque;
    (void)stream;
    return 0;
}

/* --- Entries. --- */

static int by_name(const void *a, const void *b)
{
    return strcasecmp(((const struct xlsx_entry *)a)->name, ((const struct xlsx_entry *)b)->name);
}

static int take_entry(struct xlsx *x, struct xlsx_entry *entry)
{
    unz_file_info64 about;
    char name[XLSX_NAME_MAX + 1] = "";
    struct span copy;
    if (unzGetCurrentFileInfo64(x->zip, &about, name, XLSX_NAME_MAX, NULL, 0, NULL, 0) != UNZ_OK ||
        unzGetFilePos64(x->zip, &entry->place) != UNZ_OK)
        return xlsx_damaged(x);
    if (about.size_filename >= XLSX_NAME_MAX)
        return xlsx_damaged(x);
    if (about.compressed_size > x->size)
        return xlsx_damaged(x);
    if (arena_span(&x->arena, (struct span){name, (uint32_t)strlen(name)}, &copy) < 0)
        return xlsx_no_memory(x);
    entry->name = copy.p;
    entry->packed = about.compressed_size;
    entry->size = about.uncompressed_size;
    entry->readable =
        !(about.flag & ENCRYPTED) && (about.compression_method == 0 || about.compression_method == DEFLATED);
    return 0;
}

static int list_entries(struct xlsx *x)
{
    unz_global_info64 about;
    if (unzGetGlobalInfo64(x->zip, &about) != UNZ_OK || about.number_entry == 0)
        return xlsx_damaged(x);
    if (about.number_entry > x->limits->entries)
        return too_large(x);
    x->entries = arena_alloc(&x->arena, (size_t)about.number_entry * sizeof(struct xlsx_entry));
    if (!x->entries)
        return xlsx_no_memory(x);
    int more = unzGoToFirstFile(x->zip);
    while (more == UNZ_OK && x->n_entries < about.number_entry) {
        if (take_entry(x, &x->entries[x->n_entries]) < 0)
            return -1;
        x->n_entries++;
        more = unzGoToNextFile(x->zip);
    }
    if (more != UNZ_END_OF_LIST_OF_FILE || x->n_entries != about.number_entry)
        return xlsx_damaged(x);
    qsort(x->entries, x->n_entries, sizeof(struct xlsx_entry), by_name);
    for (uint32_t i = 1; i < x->n_entries; i++) {
        if (by_name(&x->entries[i - 1], &x->entries[i]) == 0)
            return xlsx_refuse(x, "Tệp này có hai phần trùng tên bên trong. Hãy lưu lại rồi gửi lại.",
                               "Two parts inside this file have the same name. Save it again and send it once more.");
    }
    return 0;
}

int xlsx_open(struct xlsx *x)
{
    zlib_filefunc64_def calls = {
        .zopen64_file = source_open,
        .zread_file = source_read,
        .ztell64_file = source_tell,
        .zseek64_file = source_seek,
        .zclose_file = source_none,
        .zerror_file = source_none,
        .opaque = x,
    };
    struct stat about;
    if (x->source.fd < 0) {
        x->size = x->source.bytes.n;
    } else {
        if (fstat(x->source.fd, &about) < 0 || !S_ISREG(about.st_mode))
            return xlsx_damaged(x);
        x->size = (uint64_t)about.st_size;
    }
    x->zip = unzOpen2_64("", &calls);
    if (!x->zip || list_entries(x) < 0 || x->cut_short)
        return xlsx_damaged(x);
    return 0;
}

void xlsx_close(struct xlsx *x)
{
    if (x->zip)
        unzClose(x->zip);
    x->zip = NULL;
}

const struct xlsx_entry *xlsx_find(const struct xlsx *x, const char *name)
{
    struct xlsx_entry key = {.name = name};
    return bsearch(&key, x->entries, x->n_entries, sizeof(key), by_name);
}

/* --- XML of one part. --- */

const char *const xlsx_main_namespaces[] = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    NULL,
};

static const char *const relation_namespaces[] = {
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
    NULL,
};

/* One parsing; lives on the stack of xlsx_parse. */
struct parsing {
    struct xlsx *x;
    const struct xlsx_events *events;
    void *ctx;
    xmlParserCtxtPtr parser;
    int depth;
    uint64_t got;
    const xmlChar *own; /* the namespace found to be the part's own; libxml2 keeps each name once */
};

static bool among(const char *const *names, const xmlChar *name)
{
    while (*names && strcmp(*names, (const char *)name) != 0)
        names++;
    return *names;
}

static bool is_own(struct parsing *p, const xmlChar *uri)
{
    if (!uri)
        return false;
    if (uri != p->own && among(p->events->namespaces, uri))
        p->own = uri;
    return uri == p->own;
}

static void stop_if_refused(struct parsing *p)
{
    if (p->x->code)
        xmlStopParser(p->parser);
}

static void on_start(void *parsing, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
                     const xmlChar **namespaces, int n, int n_defaulted, const xmlChar **attributes)
{
    struct parsing *p = parsing;
    struct xlsx_attrs attrs = {attributes, n};
    (void)prefix;
    (void)n_namespaces;
    (void)namespaces;
    (void)n_defaulted;
    p->depth++;
    if (p->x->code)
        return;
    p->events->start(p->x, p->ctx, p->depth, is_own(p, uri) ? (const char *)name : "", &attrs);
    stop_if_refused(p);
}

static void on_end(void *parsing, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct parsing *p = parsing;
    (void)prefix;
    if (!p->x->code && p->events->end) {
        p->events->end(p->x, p->ctx, p->depth, is_own(p, uri) ? (const char *)name : "");
        stop_if_refused(p);
    }
    p->depth--;
}

static void on_text(void *parsing, const xmlChar *text, int n)
{
    struct parsing *p = parsing;
    if (p->x->code || !p->events->text || n <= 0)
        return;
    p->events->text(p->x, p->ctx, (const char *)text, (uint32_t)n);
    stop_if_refused(p);
}

/* A document type comes before everything, so stopping here means that no entity is ever declared. */
static void on_doctype(void *parsing, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    struct parsing *p = parsing;
    (void)name;
    (void)external;
    (void)system;
    xlsx_refuse(p->x, "Tệp này có phần khai báo không được phép (DTD). Hãy lưu lại bằng phần mềm bảng tính.",
                "This file holds a declaration that is not allowed (DTD). Save it anew with a spreadsheet program.");
    stop_if_refused(p);
}

/* libxml2 would print its errors; they are one sentence here. */
static void on_error(void *parsing, xmlErrorPtr error)
{
    (void)parsing;
    (void)error;
}

/* Parts are UTF-8, or UTF-16 with its mark. Anything else would be given to iconv, which no spreadsheet needs. */
static bool known_encoding(const char *p, int n)
{
    if (n < 4)
        return false;
    return (p[0] == '<' && p[1]) || !memcmp(p, "\xef\xbb\xbf", 3) || !memcmp(p, "\xfe\xff", 2) ||
           (!memcmp(p, "\xff\xfe", 2) && (p[2] || p[3]));
}

static int on_read(void *parsing, char *to, int room)
{
    struct parsing *p = parsing;
    struct xlsx *x = p->x;
    if (x->code)
        return -1;
    int n = unzReadCurrentFile(x->zip, to, (unsigned)room);
    if (n < 0)
        return xlsx_damaged(x);
    x->unpacked += (uint64_t)n;
    if (x->unpacked > x->limits->unpacked)
        return too_large(x);
    if (p->got == 0 && !known_encoding(to, n))
        return xlsx_damaged(x);
    p->got += (uint64_t)n;
    return n;
}

static int run_parser(struct parsing *p)
{
    xmlSAXHandler calls = {
        .initialized = XML_SAX2_MAGIC,
        .internalSubset = on_doctype,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .ignorableWhitespace = on_text,
        .serror = on_error,
    };
    p->parser = xmlCreateIOParserCtxt(&calls, p, on_read, NULL, p, XML_CHAR_ENCODING_NONE);
    if (!p->parser)
        return xlsx_no_memory(p->x);
    /* Encoding declarations are ignored for the same reason as in known_encoding. */
    xmlCtxtUseOptions(p->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    (void)xmlParseDocument(p->parser); /* wellFormed says the same */
    bool well_formed = p->parser->wellFormed;
    bool memory_out = p->parser->errNo == XML_ERR_NO_MEMORY;
    if (p->parser->myDoc)
        xmlFreeDoc(p->parser->myDoc);
    xmlFreeParserCtxt(p->parser);
    if (memory_out)
        return xlsx_no_memory(p->x);
    return well_formed ? 0 : xlsx_damaged(p->x);
}

int xlsx_parse(struct xlsx *x, const struct xlsx_entry *entry, const struct xlsx_events *events, void *ctx)
{
    struct parsing p = {.x = x, .events = events, .ctx = ctx};
    if (!entry->readable)
        return xlsx_refuse(x, "Tệp này có mật khẩu hoặc cách nén lạ. Hãy bỏ mật khẩu và lưu lại dạng .xlsx.",
                           "This file has a password or an unusual compression. Remove it and save as .xlsx again.");
    if (entry->size > RATIO_FROM && entry->size / x->limits->ratio > entry->packed)
        return too_large(x);
    if (unzGoToFilePos64(x->zip, &entry->place) != UNZ_OK || unzOpenCurrentFile(x->zip) != UNZ_OK)
        return xlsx_damaged(x);
    int refused = run_parser(&p);
    /* Closing compares the checksum, if all was read. */
    if (unzCloseCurrentFile(x->zip) != UNZ_OK || (!refused && p.got != entry->size))
        return xlsx_damaged(x);
    return x->code ? -1 : refused;
}

struct span xlsx_attr(const struct xlsx_attrs *attrs, const char *name)
{
    const xmlChar *const *a = attrs->list; /* name, prefix, namespace, begin and end of the value */
    for (int i = 0; i < attrs->n; i++, a += 5) {
        if (!a[2] && !strcmp((const char *)a[0], name))
            return (struct span){(const char *)a[3], (uint32_t)(a[4] - a[3])};
    }
    return (struct span){0};
}

struct span xlsx_relation_attr(const struct xlsx_attrs *attrs, const char *name)
{
    const xmlChar *const *a = attrs->list;
    for (int i = 0; i < attrs->n; i++, a += 5) {
        if (a[2] && among(relation_namespaces, a[2]) && !strcmp((const char *)a[0], name))
            return (struct span){(const char *)a[3], (uint32_t)(a[4] - a[3])};
    }
    return (struct span){0};
}
