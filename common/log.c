/* log.c - one JSON line per event on standard error, written with one write so that threads never mix lines. */
#include "log.h"
#include "codec.h"
#include "service.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static const char *service_name = "hocvu";
static enum log_level least_level = LOG_INFO;

void log_init(const char *service, enum log_level least)
{
    service_name = service;
    least_level = least;
}

bool log_wants(enum log_level level)
{
    return level >= least_level;
}

/* Text of unknown encoding as a JSON string: what is not UTF-8 or not printable becomes '?'. */
static void add_text(struct buf *out, char *text)
{
    struct span span = {text, (uint32_t)strlen(text)};
    if (!utf8_valid(span)) {
        for (char *p = text; *p; p++)
            *p = (unsigned char)*p < 0x80 ? *p : '?';
    }
    while (span.n && text[span.n - 1] == '\n') /* libpq's messages end with one */
        span.n--;
    json_add_string(out, span);
}

bool log_due(_Atomic int64_t *last_us)
{
    int64_t last = *last_us, now = mono_us();
    return (!last || now - last >= 1000000) && atomic_compare_exchange_strong(last_us, &last, now);
}

void log_line(enum log_level level, struct span trace, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char text[1024], when[TIME_TEXT];
    struct timespec now;
    struct buf out;
    va_list args;
    if (!log_wants(level))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    clock_gettime(CLOCK_REALTIME, &now);
    time_format((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, when);
    buf_init(&out, 8192);
    buf_printf(&out, "{\"time\":\"%s\",\"level\":\"%s\",\"service\":\"%s\",", when, names[level], service_name);
    if (trace.n) {
        buf_add_text(&out, "\"trace\":");
        json_add_string(&out, trace);
        buf_add_char(&out, ',');
    }
    buf_add_text(&out, "\"text\":");
    add_text(&out, text);
    buf_add_text(&out, "}\n");
    if (!out.failed) {
        ssize_t written = write(STDERR_FILENO, out.p, out.n);
        (void)written; /* nowhere left to complain */
    }
    buf_release(&out);
}
