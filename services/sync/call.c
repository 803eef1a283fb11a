/*
 * call.c - one HTTP call to a receiver: https, or http on the loopback address; no redirect is followed, and of the
 * answer only the beginning is read.
 */
#include "sync.h"
#include "url.h"
#include <curl/curl.h>
#include <sodium.h>

enum { REPLY_KEPT = 4096, REPLY_MOST = 65536, ASKED_MOST_S = 86400 };

/* libcurl: takes a piece of the answer; anything but `n` stops the transfer. */
static size_t take_reply(char *p, size_t size, size_t n, void *user)
{
    struct buf *reply = user;
    size_t bytes = size * n;
    if (reply->n + bytes > REPLY_MOST)
        return 0;
    buf_add(reply, p, bytes);
    return reply->failed ? 0 : bytes;
}

static int add_header(struct flight *flight, const char *name, const char *value)
{
    char line[256];
    int n = snprintf(line, sizeof(line), "%s%s", name, value);
    struct curl_slist *longer = n > 0 && n < (int)sizeof(line) ? curl_slist_append(flight->headers, line) : NULL;
    if (!longer)
        return -1;
    flight->headers = longer;
    return 0;
}

/* Without an empty Expect line curl would wait for a go-ahead before large bodies. */
static int add_headers(struct flight *flight)
{
    const struct target *target = flight->target;
    char signature[SIGNATURE_TEXT];
    sign_body((struct span){target->key.bytes, (uint32_t)target->key.n},
              (struct span){flight->body, (uint32_t)flight->n_body}, signature);
    if (add_header(flight, "Content-Type: ", "application/json; charset=utf-8") < 0 ||
        add_header(flight, "Accept: ", "application/json") < 0 || add_header(flight, "Expect:", "") < 0 ||
        add_header(flight, "Idempotency-Key: ", flight->item_id) < 0 ||
        add_header(flight, "X-Hocvu-Key: ", target->key_id) < 0)
        return -1;
    return add_header(flight, "X-Hocvu-Signature: ", signature);
}

/* Every option is one this libcurl knows; what can fail is memory, and then the transfer fails. */
static void set_options(struct flight *flight)
{
    const struct target *target = flight->target;
    bool loopback = !strncmp(target->receiver, "http:", 5);
    CURL *easy = flight->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, flight);
    curl_easy_setopt(easy, CURLOPT_URL, target->receiver);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, loopback ? "http" : "https");
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (*target->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, target->ca_file);
    if (loopback)
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* a proxy is somewhere else */
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)target->connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)target->total_ms);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "hocvu-sync");
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, flight->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)flight->n_body);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, (struct curl_slist *)flight->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_reply);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &flight->reply);
}

struct flight *flight_new(struct target *target, const struct sync_conf *conf, const struct item_taken *item)
{
    const char *why = "";
    struct flight *flight = calloc(1, sizeof(*flight));
    if (!flight)
        return NULL;
    flight->target = target;
    flight->sequence = item->sequence;
    flight->tries = item->tries;
    uuid_format(&item->item_id, flight->item_id);
    buf_init(&flight->reply, REPLY_MOST);
    flight->begun_us = mono_us();
    flight->body = number_fill(conf, item, &flight->n_body, &why);
    if (!flight->body && *why) {
        flight->over = flight->ours = true;
        snprintf(flight->trouble, sizeof(flight->trouble), "%s", why);
        return flight;
    }
    flight->easy = curl_easy_init();
    if (!flight->body || !flight->easy || add_headers(flight) < 0) {
        flight_free(flight);
        return NULL;
    }
    set_options(flight);
    return flight;
}

void flight_land(struct flight *flight, int code)
{
    long status = 0;
    curl_off_t after = 0;
    flight->over = true;
    flight->took_ms = (uint32_t)((mono_us() - flight->begun_us) / 1000);
    if (code != CURLE_OK) {
        const char *why = code == CURLE_WRITE_ERROR ? "the answer is too long" : curl_easy_strerror((CURLcode)code);
        snprintf(flight->trouble, sizeof(flight->trouble), "%s", why);
        return;
    }
    curl_easy_getinfo(flight->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(flight->easy, CURLINFO_RETRY_AFTER, &after);
    flight->status = (int)status;
    flight->asked_ms = after > 0 ? (uint64_t)(after < ASKED_MOST_S ? after : ASKED_MOST_S) * 1000 : 0;
    if (flight_outcome(flight) != SENT) {
        char words[120];
        answer_words(buf_span(&flight->reply), words, sizeof(words));
        snprintf(flight->trouble, sizeof(flight->trouble), "HTTP %d%s%s", flight->status, *words ? ": " : "", words);
    }
}

enum outcome flight_outcome(const struct flight *flight)
{
    const struct buf *reply = &flight->reply;
    size_t n = reply->n < REPLY_KEPT ? reply->n : REPLY_KEPT;
    return judge(flight->status, n && memmem(reply->p, n, flight->item_id, strlen(flight->item_id)));
}

void flight_free(struct flight *flight)
{
    if (!flight)
        return;
    curl_easy_cleanup(flight->easy);
    curl_slist_free_all(flight->headers);
    if (flight->body)
        sodium_memzero(flight->body, flight->n_body);
    free(flight->body);
    buf_release(&flight->reply);
    free(flight);
}
