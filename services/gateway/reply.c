/* reply.c - answers on their way out, see reply.h. */
#include "reply.h"
#include "log.h"

enum {
    KEPT_BYTES = 4096,      /* a free answer keeps at most this much memory */
    SLOW_US = 1000000,      /* slower requests are logged */
    LINES_PER_SECOND = 100, /* of the access log; a storm of errors must not become a storm of writes */
    FIELD_SHOWN = 128,
};

/* --- bodies --- */

struct answer *answer_new(struct gateway *gw)
{
    struct answer *answer = gw->free_answers;
    if (answer) {
        gw->free_answers = answer->next;
        return answer;
    }
    answer = calloc(1, sizeof(*answer));
    if (answer) {
        answer->gw = gw;
        buf_init(&answer->buf, 6 * proto_max_packed() + 4096); /* an escaped byte takes six */
    }
    return answer;
}

void answer_free(struct answer *answer)
{
    size_t max = answer->buf.max;
    if (answer->buf.room > KEPT_BYTES) {
        buf_release(&answer->buf);
        buf_init(&answer->buf, max);
    }
    buf_clear(&answer->buf);
    answer->next = answer->gw->free_answers;
    answer->gw->free_answers = answer;
}

void answers_release(struct gateway *gw)
{
    while (gw->free_answers) {
        struct answer *answer = gw->free_answers;
        gw->free_answers = answer->next;
        buf_release(&answer->buf);
        free(answer);
    }
}

/* libmicrohttpd is done with the bytes. */
static void answer_sent(void *cls)
{
    answer_free(cls);
}

struct MHD_Response *reply_make(const char *type, struct answer *answer)
{
    if (!answer)
        return NULL;
    struct MHD_Response *response = NULL;
    if (!answer->buf.failed)
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            answer->buf.n, answer->buf.n ? answer->buf.p : "", answer_sent, answer);
    if (!response) {
        answer_free(answer);
        return NULL;
    }
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    return response;
}

void reply_secure(const struct request *request, struct MHD_Response *response, const char *policy)
{
    MHD_add_response_header(response, "Content-Security-Policy", policy);
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    if (request->gw->settings->https)
        MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
}

/* --- the end of a request --- */

static const char *name_of(const struct request *request)
{
    return request->kind == KIND_METHOD ? request->match.route->method->name : request_kind_names[request->kind];
}

/* One line; never the query, the token, or what was sent. */
static void log_access(const struct request *request, unsigned status, int64_t us)
{
    static int64_t second;
    static unsigned lines;
    struct gateway *gw = request->gw;
    bool failed = status >= 500 && request->kind != KIND_HEALTH; /* which is polled, and says so itself */
    enum log_level level = failed ? LOG_WARN : request->trace.sampled || us >= SLOW_US ? LOG_INFO : LOG_DEBUG;
    if (!log_wants(level))
        return;
    if (gw->now.mono / 1000000 != second) {
        if (lines > LINES_PER_SECOND)
            log_warn(NO_TRACE, "%u more requests were not logged", lines - LINES_PER_SECOND);
        second = gw->now.mono / 1000000;
        lines = 0;
    }
    if (++lines <= LINES_PER_SECOND || level == LOG_DEBUG)
        log_line(level, trace_span(&request->trace), "%s %s %u %lld ms", verb_name(request->verb), name_of(request),
                 status, (long long)(us / 1000));
}

static void count(const struct request *request, unsigned status)
{
    struct metrics *metrics = &request->gw->metrics;
    int64_t us = request->gw->now.mono - request->began_us;
    size_t place = request->kind == KIND_METHOD ? request->match.route->index : metrics->n_routes + request->kind;
    metrics_count(metrics, place, status, us);
    log_access(request, status, us);
}

enum MHD_Result reply_send(struct request *request, unsigned status, struct MHD_Response *response)
{
    struct gateway *gw = request->gw;
    enum MHD_Result result = MHD_NO;
    if (!response) {
        /* Not even an error object could be made; an empty answer still tells the status. */
        status = 500;
        response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    }
    request->answered = true;
    count(request, status);
    if (response) {
        MHD_add_response_header(response, "X-Trace-Id", request->trace.id);
        if (gw->draining)
            MHD_add_response_header(response, "Connection", "close");
        result = MHD_queue_response(request->http, status, response);
        MHD_destroy_response(response);
    }
    if (request->suspended) {
        request->suspended = false;
        gw->n_suspended--;
        gw->resumed = true;
        MHD_resume_connection(request->http);
    }
    return result;
}

/* --- kinds of answers --- */

void error_json(struct buf *out, const struct err_row *row, struct span field, const struct trace *trace)
{
    buf_add_text(out, "{\"error\":{\"code\":\"");
    buf_add_text(out, row->name);
    buf_add_char(out, '"');
    if (field.n && field.n <= FIELD_SHOWN && utf8_valid(field)) {
        buf_add_text(out, ",\"field\":");
        json_add_string(out, field);
    }
    buf_add_text(out, ",\"message_vi\":");
    json_add_string(out, (struct span){row->vi, (uint32_t)strlen(row->vi)});
    buf_add_text(out, ",\"message_en\":");
    json_add_string(out, (struct span){row->en, (uint32_t)strlen(row->en)});
    buf_add_text(out, ",\"trace\":");
    json_add_string(out, trace_span(trace));
    buf_add_text(out, "}}\n");
}

/* The verbs that the path takes, as RFC 9110 wants them with 405. */
static void add_allow(struct MHD_Response *response, unsigned allowed)
{
    char text[64] = "";
    size_t n = 0;
    for (int verb = 0; verb < ROUTE_VERBS; verb++) {
        if (allowed & 1u << verb)
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? ", " : "", verb_name((enum verb)verb));
    }
    MHD_add_response_header(response, "Allow", text);
}

struct MHD_Response *reply_make_error(struct request *request, const struct err_row *row, struct span field)
{
    struct answer *answer = answer_new(request->gw);
    if (answer)
        error_json(&answer->buf, row, field, &request->trace);
    struct MHD_Response *response = reply_make("application/json", answer);
    if (response && (row->status == 503 || row->status == 429))
        MHD_add_response_header(response, "Retry-After", row->code == ERR_UNAVAILABLE ? "2" : "1");
    if (response && row->status == 405)
        add_allow(response, request->match.allowed);
    if (response && row->status == 401)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    return response;
}

enum MHD_Result reply_error(struct request *request, int code, struct span field)
{
    const struct err_row *row = err_find(code);
    return reply_send(request, (unsigned)row->status, reply_make_error(request, row, field));
}

/* A header value made of what a service said: what could end the line or the quotes becomes _. */
static char *header_text(struct arena *arena, const char *before, struct span text, const char *after)
{
    char *value = arena_printf(arena, "%s%.*s%s", before, (int)text.n, text.p, after);
    size_t from = strlen(before);
    for (size_t i = 0; value && i < text.n && value[from + i]; i++) {
        char *c = &value[from + i];
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~' || *c == '"' || *c == '\\')
            *c = '_';
    }
    return value;
}

static struct MHD_Response *make_file(struct request *request, const struct file *file)
{
    struct arena *work = &request->gw->replying;
    const char *type = header_text(work, "", file->media_type, "");
    const char *name = header_text(work, "attachment; filename=\"", file->name, "\"");
    struct answer *answer = answer_new(request->gw);
    if (answer)
        buf_add_span(&answer->buf, file->content);
    struct MHD_Response *response = type && name ? reply_make(type, answer) : NULL;
    if (response)
        MHD_add_response_header(response, "Content-Disposition", name);
    else if (answer && !(type && name))
        answer_free(answer);
    return response;
}

static struct MHD_Response *make_message(struct request *request, const struct msg *desc, const void *message)
{
    struct answer *answer = answer_new(request->gw);
    if (answer) {
        msg_to_json(desc, message, &answer->buf);
        buf_add_char(&answer->buf, '\n');
    }
    return reply_make("application/json", answer);
}

/* Whole seconds, and never 0, which would invite to ask in a circle. */
static void add_retry(struct MHD_Response *response, uint32_t retry_ms)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", (unsigned)(retry_ms ? (retry_ms + 999) / 1000 : 1));
    MHD_add_response_header(response, "Retry-After", text);
}

enum MHD_Result reply_message(struct request *request, const struct msg *desc, const struct reply_header *reply,
                              struct span body)
{
    struct gateway *gw = request->gw;
    struct fault fault;
    arena_clear(&gw->replying);
    void *message = arena_alloc(&gw->replying, desc->size);
    int code = message ? msg_unpack(desc, message, &gw->replying, body, &fault) : ERR_BUSY;
    if (code && message) {
        log_error(trace_span(&request->trace), "the reply to %s is no valid %s: %s %s", name_of(request), desc->name,
                  err_find(code)->name, fault.field);
        code = ERR_INTERNAL;
    }
    if (code)
        return reply_error(request, code, SPAN(""));
    struct MHD_Response *response =
        desc == &msg_file ? make_file(request, message) : make_message(request, desc, message);
    bool later = HAS(reply, reply_header, retry_ms);
    if (response && later)
        add_retry(response, reply->retry_ms);
    return reply_send(request, later ? 202 : 200, response);
}

struct MHD_Response *reply_make_text(struct request *request, const char *type, const char *text)
{
    struct answer *answer = answer_new(request->gw);
    if (answer)
        buf_add_text(&answer->buf, text);
    return reply_make(type, answer);
}
