/* http.c - one libcurl handle per thread, kept for its connections. */
#include "http.h"
#include "service.h"
#include "url.h"
#include <ctype.h>
#include <curl/curl.h>
#include <pthread.h>
#include <strings.h>

static pthread_key_t handle_key;

static void free_handle(void *handle)
{
    curl_easy_cleanup(handle);
}

int http_start(void)
{
    static bool started;
    if (started)
        return 0;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || pthread_key_create(&handle_key, free_handle) != 0)
        return -1;
    started = true;
    return 0;
}

/* The part of a URL, or NULL. For curl_free. */
static char *url_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK ? text : NULL;
}

bool http_same_origin(const char *url, const char *other)
{
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
    CURLU *a = curl_url(), *b = curl_url();
    bool same = a && b && curl_url_set(a, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_set(b, CURLUPART_URL, other, 0) == CURLUE_OK;
    for (size_t i = 0; same && i < sizeof(parts) / sizeof(parts[0]); i++) {
        char *of_a = url_part(a, parts[i]), *of_b = url_part(b, parts[i]);
        same = of_a && of_b && !strcasecmp(of_a, of_b);
        curl_free(of_a);
        curl_free(of_b);
    }
    curl_url_cleanup(a);
    curl_url_cleanup(b);
    return same;
}

void http_add_escaped(struct buf *out, struct span text)
{
    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
            buf_add_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

void http_add_parameter(struct buf *out, const char *name, struct span value)
{
    buf_add_text(out, name);
    buf_add_char(out, '=');
    http_add_escaped(out, value);
    buf_add_char(out, '&');
}

int http_finish_text(struct buf *text, struct arena *arena, struct span *ret_text)
{
    int code = ERR_TOO_LARGE;
    if (!text->failed && text->n && arena_span(arena, (struct span){text->p, (uint32_t)text->n - 1}, ret_text) == 0)
        code = 0;
    buf_release(text);
    return code;
}

/* libcurl: takes a piece of the body; anything but `n` stops the transfer. */
static size_t take_body(char *p, size_t size, size_t n, void *buf)
{
    buf_add(buf, p, size * n);
    return ((struct buf *)buf)->failed ? 0 : n;
}

static CURL *thread_handle(void)
{
    CURL *handle = pthread_getspecific(handle_key);
    if (handle)
        return handle;
    handle = curl_easy_init();
    if (handle && pthread_setspecific(handle_key, handle) != 0) {
        curl_easy_cleanup(handle);
        return NULL;
    }
    return handle;
}

static bool set_options(CURL *handle, const struct http_request *request, struct curl_slist *headers, struct buf *body)
{
    int64_t left_ms = (request->deadline_us - mono_us()) / 1000;
    bool loopback = !strncmp(request->url, "http:", 5);
    if (left_ms <= 0)
        return false;
    /* Every option is one this libcurl knows; what can fail is memory, and then the transfer fails. */
    curl_easy_setopt(handle, CURLOPT_URL, request->url);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, loopback ? "http" : "https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(handle, CURLOPT_MAXFILESIZE, (long)HTTP_MAX_BODY);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "hocvu");
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, body);
    if (loopback)
        curl_easy_setopt(handle, CURLOPT_PROXY, ""); /* a proxy is somewhere else */
    if (request->form)
        curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, request->form);
    if (request->user) {
        curl_easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(handle, CURLOPT_USERNAME, request->user);
        curl_easy_setopt(handle, CURLOPT_PASSWORD, request->password);
    }
    return true;
}

/* The lines that every request has. NULL: memory is out. */
static struct curl_slist *make_headers(const struct http_request *request, struct arena *arena)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    if (!headers || !request->bearer)
        return headers;
    const char *line = arena_printf(arena, "Authorization: Bearer %s", request->bearer);
    struct curl_slist *longer = line ? curl_slist_append(headers, line) : NULL;
    if (!longer)
        curl_slist_free_all(headers);
    return longer;
}

/* Does the content type say JSON? Also application/jwk-set+json and the like. */
static bool says_json(const char *type)
{
    if (!type || strncasecmp(type, "application/", 12) != 0)
        return false;
    size_t n = strcspn(type, "; \t");
    return (n == 16 && !strncasecmp(type, "application/json", n)) || (n > 17 && !strncasecmp(type + n - 5, "+json", 5));
}

/* How long Cache-Control lets the reply be kept; -1: it does not say. */
static int64_t max_age(CURL *handle)
{
    struct curl_header *header;
    int64_t found = -1;
    if (curl_easy_header(handle, "Cache-Control", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return -1;
    if (strcasestr(header->value, "no-store") || strcasestr(header->value, "no-cache"))
        return 0;
    const char *at = strcasestr(header->value, "max-age=");
    if (!at || (at != header->value && at[-1] != ' ' && at[-1] != ','))
        return -1;
    for (at += 8, found = 0; isdigit((unsigned char)*at) && found < 100000000; at++)
        found = found * 10 + (*at - '0');
    return found;
}

/* What the reply says about itself. */
static CURLcode read_about(CURL *handle, struct http_reply *reply)
{
    struct curl_header *header;
    const char *type = NULL;
    CURLcode done = curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply->status);
    if (done == CURLE_OK)
        done = curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
    reply->json = says_json(type);
    reply->max_age_s = max_age(handle);
    reply->date_s = -1;
    if (curl_easy_header(handle, "Date", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        reply->date_s = (int64_t)curl_getdate(header->value, NULL);
    return done;
}

int http_send(const struct http_request *request, struct arena *arena, struct http_reply *ret_reply,
              const char **ret_why)
{
    struct buf body;
    struct http_reply reply = {0};
    CURL *handle = thread_handle();
    CURLcode done = CURLE_OUT_OF_MEMORY;
    if (!url_may_be_called(request->url)) {
        *ret_why = "the URL is neither https nor on the loopback address";
        return ERR_PROVIDER;
    }
    struct curl_slist *headers = make_headers(request, arena);
    buf_init(&body, HTTP_MAX_BODY);
    if (handle && headers)
        done = set_options(handle, request, headers, &body) ? curl_easy_perform(handle) : CURLE_OPERATION_TIMEDOUT;
    if (done == CURLE_OK)
        done = read_about(handle, &reply);
    if (handle)
        curl_easy_reset(handle); /* forgets this request, its secrets too; keeps the connection */
    curl_slist_free_all(headers);
    int code = ERR_PROVIDER;
    if (body.failed || done == CURLE_FILESIZE_EXCEEDED)
        *ret_why = "the reply is too long";
    else if (done == CURLE_OPERATION_TIMEDOUT)
        *ret_why = "the provider did not answer in time", code = ERR_PROVIDER_SLOW;
    else if (done != CURLE_OK)
        *ret_why = curl_easy_strerror(done);
    else if (arena_span(arena, buf_span(&body), &reply.body) < 0)
        *ret_why = "memory of the call is used up";
    else
        code = 0;
    buf_release(&body);
    if (code == 0)
        *ret_reply = reply;
    return code;
}
