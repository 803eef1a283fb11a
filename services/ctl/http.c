/* http.c - libcurl, one request at a time; see http.h. */
#include "http.h"
#include "pace.h"
#include "service.h"
#include <curl/curl.h>
#include <ctype.h>

/* The gateway gives up after 10 s; a connection that it kills comes back with the next try. */
enum { CONNECT_MS = 3000, REQUEST_MS = 15000, REPLY_MOST = 32 << 20 };

int http_start(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

static size_t take(char *bytes, size_t size, size_t n, void *user)
{
    struct buf *reply = user;
    buf_add(reply, bytes, size * n);
    return reply->failed ? 0 : size * n;
}

/* What is the same for all requests. */
static void set_options(CURL *curl, struct buf *reply)
{
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "127.0.0.1,localhost");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)REQUEST_MS);
    curl_easy_setopt(curl, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "hocvu");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
}

int http_init(struct http *http)
{
    *http = (struct http){.curl = curl_easy_init()};
    buf_init(&http->reply, REPLY_MOST);
    if (!http->curl)
        return -1;
    set_options(http->curl, &http->reply);
    return 0;
}

void http_release(struct http *http)
{
    curl_easy_cleanup(http->curl);
    buf_release(&http->reply);
    http->curl = NULL;
}

/* What the last request set stays set, so each sets all of it. */
static void set_request(CURL *curl, const struct http_request *request, struct curl_slist *headers)
{
    if (!strcmp(request->verb, "POST") || !strcmp(request->verb, "PUT")) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.p ? request->body.p : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->body.n);
    } else {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->verb);
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
}

/* -1: out of memory. */
static int add_header(struct curl_slist **list, const char *name, const char *value)
{
    size_t n = strlen(name) + strlen(value) + 1;
    char *line = malloc(n);
    if (!line)
        return -1;
    snprintf(line, n, "%s%s", name, value);
    struct curl_slist *longer = curl_slist_append(*list, line);
    free(line);
    if (!longer)
        return -1;
    *list = longer;
    return 0;
}

/* Without an Expect line curl would wait for a go-ahead before large bodies; without a type it would call them a form.
 */
static struct curl_slist *headers_of(const struct http_request *request)
{
    struct curl_slist *list = NULL;
    if (add_header(&list, "Expect:", "") < 0 ||
        add_header(&list, "Accept: ", request->accept ? request->accept : "application/json") < 0 ||
        add_header(&list, "Content-Type:", request->content_type ? request->content_type : "") < 0 ||
        (request->bearer && add_header(&list, "Authorization: Bearer ", request->bearer) < 0)) {
        curl_slist_free_all(list);
        return NULL;
    }
    return list;
}

static void read_file_name(struct http *http)
{
    struct curl_header *header;
    http->file_name[0] = '\0';
    if (curl_easy_header(http->curl, "Content-Disposition", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return;
    const char *name = strstr(header->value, "filename=\"");
    const char *end = name ? strchr(name + strlen("filename=\""), '"') : NULL;
    if (end) {
        name += strlen("filename=\"");
        snprintf(http->file_name, sizeof(http->file_name), "%.*s", (int)(end - name), name);
    }
}

static void read_answer(struct http *http)
{
    long status = 0;
    curl_off_t after = 0;
    char *type = NULL, *location = NULL;
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &after);
    curl_easy_getinfo(http->curl, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(http->curl, CURLINFO_REDIRECT_URL, &location);
    http->status = (int)status;
    http->retry_after = after > 0 && after < 600 ? (uint32_t)after : 0;
    http->location = location;
    snprintf(http->media_type, sizeof(http->media_type), "%s", type ? type : "");
    read_file_name(http);
}

bool http_send(struct http *http, const struct http_request *request)
{
    CURL *curl = http->curl;
    struct curl_slist *headers = headers_of(request);
    buf_clear(&http->reply);
    http->status = 0;
    http->retry_after = 0;
    http->location = NULL;
    http->trouble = "out of memory";
    if (!headers)
        return false;
    set_request(curl, request, headers);

    int64_t begin = mono_us();
    CURLcode result = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (result != CURLE_OK) {
        http->trouble = curl_easy_strerror(result);
        return false;
    }
    read_answer(http);
    if (http->stage)
        stage_call(http->stage, mono_us() - begin);
    return true;
}

void http_forget_cookies(struct http *http)
{
    curl_easy_setopt(http->curl, CURLOPT_COOKIELIST, "ALL");
}

bool http_passing(const struct http *http)
{
    return http->status == 0 || http->status == 429 || http->status == 503 || http->status == 504;
}

void http_escape(struct buf *out, struct span text)
{
    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x80 && (isalnum(c) || memchr("-._~", c, 4)))
            buf_add_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

char *http_resolve(const char *base, const char *link)
{
    CURLU *url = curl_url();
    char *whole = NULL, *copy = NULL;
    if (url && !curl_url_set(url, CURLUPART_URL, base, 0) && !curl_url_set(url, CURLUPART_URL, link, 0) &&
        !curl_url_get(url, CURLUPART_URL, &whole, 0))
        copy = strdup(whole);
    curl_free(whole);
    curl_url_cleanup(url);
    return copy;
}
