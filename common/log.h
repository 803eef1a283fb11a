/*
 * log.h - structured log: one JSON object per line on standard error, each with time, level, service and, where there
 * is one, the trace id of the call. Never a national number, a token, a secret or an answer.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "types.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Called once, before threads start. `service` must outlive the process. */
void log_init(const char *service, enum log_level least);
bool log_wants(enum log_level level);
/* `trace` may be empty. The text should be a constant sentence with a few values; it is escaped. */
void log_line(enum log_level level, struct span trace, const char *format, ...) PRINTF(3, 4);

#define log_debug(trace, ...) (log_wants(LOG_DEBUG) ? log_line(LOG_DEBUG, trace, __VA_ARGS__) : (void)0)
#define log_info(trace, ...)  log_line(LOG_INFO, trace, __VA_ARGS__)
#define log_warn(trace, ...)  log_line(LOG_WARN, trace, __VA_ARGS__)
#define log_error(trace, ...) log_line(LOG_ERROR, trace, __VA_ARGS__)
/* At most one line a second from this place: for what goes wrong with every call while something is away. */
#define log_seldom(level, trace, ...)                                                                                  \
    do {                                                                                                               \
        static _Atomic int64_t log_last_us;                                                                            \
        if (log_due(&log_last_us))                                                                                     \
            log_line(level, trace, __VA_ARGS__);                                                                       \
    } while (0)
bool log_due(_Atomic int64_t *last_us);

#define NO_TRACE ((struct span){"", 0})

#endif
