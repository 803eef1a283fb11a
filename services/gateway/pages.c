/*
 * pages.c - the portal's files in memory, see pages.h. A page of static/ is its title and its content; the rest of the
 * document is static/frame.html, the same for all of them and for the pages on the way in (login_page.c).
 */
#include "pages.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_MOST = 4 << 20, POLICY_MAX = 512 };

#define HTML "text/html; charset=utf-8"

static const struct {
    const char *path, *file, *type;
    bool api; /* derived from the .def files, in a directory of its own */
} files[] = {
    {"/", "index.html", HTML, false},
    {"/verify", "verify.html", HTML, false},
    {"/sessions", "sessions.html", HTML, false},
    {"/portal.css", "portal.css", "text/css; charset=utf-8", false},
    {"/portal.js", "portal.js", "text/javascript; charset=utf-8", false},
    {"/icon.svg", "icon.svg", "image/svg+xml", false},
    {"/api", "api.html", HTML, true},
    {"/openapi.json", "openapi.json", "application/json", true},
};

_Static_assert(sizeof(files) / sizeof(files[0]) <= PAGES_MAX, "every file has a place");

/* Whole file; errno on failure. */
static char *read_file(const char *path, size_t *ret_n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    char *bytes = NULL;
    if (fd < 0)
        return NULL;
    if (!fstat(fd, &stat) && S_ISREG(stat.st_mode) && stat.st_size > 0 && stat.st_size <= PAGE_MOST)
        bytes = malloc((size_t)stat.st_size + 1);
    else
        errno = EFBIG;
    ssize_t n = bytes ? read(fd, bytes, (size_t)stat.st_size) : -1;
    int saved = errno;
    close(fd);
    errno = saved;
    if (!bytes || n != stat.st_size) {
        free(bytes);
        return NULL;
    }
    bytes[n] = '\0';
    *ret_n = (size_t)n;
    return bytes;
}

/*
 * Nothing but our own files, and of inline styles only those that stood in the page when it was read: their hash is in
 * the policy. There are no inline scripts.
 */
static char *make_policy(const struct page *page)
{
    char *policy = malloc(POLICY_MAX);
    if (!policy)
        return NULL;
    if (strcmp(page->type, HTML) != 0) {
        snprintf(policy, POLICY_MAX, "default-src 'none'");
        return policy;
    }
    int n =
        snprintf(policy, POLICY_MAX, "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
    const char *style = strstr(page->bytes, "<style>"), *end = style ? strstr(style, "</style>") : NULL;
    if (end) {
        unsigned char hash[crypto_hash_sha256_BYTES];
        char text[sodium_base64_ENCODED_LEN(sizeof(hash), sodium_base64_VARIANT_ORIGINAL)];
        style += strlen("<style>");
        crypto_hash_sha256(hash, (const unsigned char *)style, (size_t)(end - style));
        sodium_bin2base64(text, sizeof(text), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
        snprintf(policy + n, POLICY_MAX - (size_t)n, "; style-src 'self' 'sha256-%s'", text);
    }
    return policy;
}

/* Cuts the frame at its two marks. */
static void read_frame(struct pages *pages, const char *static_dir)
{
    static const char *const marks[] = {"{{title}}", "{{main}}"};
    char path[PATH_MAX];
    size_t n;
    snprintf(path, sizeof(path), "%s/frame.html", static_dir);
    char *text = read_file(path, &n), *rest = text;
    for (int i = 0; rest && i < 2; i++) {
        char *mark = strstr(rest, marks[i]);
        if (mark) {
            *mark = '\0';
            pages->frame[i] = rest;
            rest = mark + strlen(marks[i]);
        } else {
            errno = EBADMSG;
            rest = NULL;
        }
    }
    pages->frame[2] = rest;
    if (rest)
        return;
    log_warn(NO_TRACE, "the frame of the pages is missing: %s: %s", path, strerror(errno));
    free(text);
    pages->frame[0] = NULL;
}

void pages_begin(const struct pages *pages, struct buf *out, struct span title)
{
    if (!pages->frame[0])
        return;
    buf_add_text(out, pages->frame[0]);
    buf_add(out, title.p, title.n);
    buf_add_text(out, pages->frame[1]);
}

void pages_end(const struct pages *pages, struct buf *out)
{
    if (pages->frame[0])
        buf_add_text(out, pages->frame[2]);
}

/* Puts the frame around a page that begins with its title. -1: memory is out. */
static int set_frame(const struct pages *pages, struct page *page)
{
    static const char begin[] = "<title>", end[] = "</title>\n";
    struct buf whole;
    const char *title = page->bytes + strlen(begin), *rest = strstr(page->bytes, end);
    if (strncmp(page->bytes, begin, strlen(begin)) != 0 || !rest)
        return 0;
    buf_init(&whole, PAGE_MOST);
    pages_begin(pages, &whole, (struct span){title, (uint32_t)(rest - title)});
    buf_add_text(&whole, rest + strlen(end));
    pages_end(pages, &whole);
    buf_add_char(&whole, '\0');
    struct span text = buf_span(&whole);
    char *bytes = whole.failed ? NULL : malloc(text.n);
    if (bytes) {
        memcpy(bytes, text.p, text.n);
        free(page->bytes);
        page->bytes = bytes;
        page->n = text.n - 1;
    }
    buf_release(&whole);
    return bytes ? 0 : -1;
}

int pages_open(struct pages *pages, const char *static_dir, const char *api_dir)
{
    *pages = (struct pages){.n = 0};
    read_frame(pages, static_dir);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[PATH_MAX];
        struct page *page = &pages->page[pages->n++];
        *page = (struct page){.path = files[i].path, .type = files[i].type};
        snprintf(path, sizeof(path), "%s/%s", files[i].api ? api_dir : static_dir, files[i].file);
        page->bytes = read_file(path, &page->n);
        if (!page->bytes) {
            log_warn(NO_TRACE, "page %s is missing: %s: %s", page->path, path, strerror(errno));
            continue;
        }
        bool framed = !files[i].api && !strcmp(page->type, HTML);
        if (framed && set_frame(pages, page))
            return -1;
        page->policy = make_policy(page);
        if (!page->policy)
            return -1;
    }
    return 0;
}

void pages_close(struct pages *pages)
{
    for (size_t i = 0; i < pages->n; i++) {
        free(pages->page[i].bytes);
        free(pages->page[i].policy);
    }
    free(pages->frame[0]);
    *pages = (struct pages){.n = 0};
}

const struct page *page_find(const struct pages *pages, const char *path)
{
    for (size_t i = 0; i < pages->n; i++) {
        if (!strcmp(pages->page[i].path, path))
            return &pages->page[i];
    }
    return NULL;
}
