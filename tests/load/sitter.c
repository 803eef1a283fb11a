/* sitter.c - see sitter.h. */
#include "sitter.h"
#include "service.h"
#include <sodium.h>

enum {
    TIMEOUT_MS = 10000, /* as a browser application: longer than the edge's own limits */
    PAUSE_MS = 200,     /* first pause after a failure; doubles */
    PAUSE_MAX_MS = 2000,
    LINE_MS = 1000, /* place in line without a time: should not happen */
    SHOWN_4XX = 5,
};

const char *const step_names[STEPS] = {"look", "start", "paper", "answer", "submit", "result"};
const char *const trouble_names[TROUBLES] = {"refused", "lost", "late", "busy", "5xx", "4xx"};

/* --- what the run counts --- */

/* xorshift64*: pauses and answers need no better. */
uint64_t exam_random(struct exam *exam)
{
    uint64_t x = exam->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    exam->random = x;
    return x * UINT64_C(0x2545F4914F6CDD1D) >> 16;
}

uint32_t exam_between(struct exam *exam, uint32_t least, uint32_t most)
{
    return least + (uint32_t)(exam_random(exam) % (most - least + 1));
}

struct second *exam_second(struct exam *exam)
{
    int64_t at = (exam->http.now - exam->began) / 1000000;
    return &exam->second[at < 0 ? 0 : at < SECONDS_MAX ? at : SECONDS_MAX - 1];
}

static void add(struct hist **hist, int64_t us)
{
    if (!*hist && !(*hist = calloc(1, sizeof(**hist))))
        abort();
    hist_add(*hist, us);
}

static void count_trouble(struct sitter *s, enum trouble what)
{
    s->exam->trouble[what]++;
    exam_second(s->exam)->troubles++;
}

/* --- asking --- */

static void ask(struct sitter *s);

static void write_request(struct sitter *s, struct buf *out)
{
    char attempt[UUID_TEXT], request[UUID_TEXT], programme[UUID_TEXT], body[256];
    int n = 0;
    uuid_format(&s->attempt_id, attempt);
    switch (s->step) {
    case STEP_LOOK:
        buf_add_text(out, "GET /v1/me/attempts");
        break;
    case STEP_START:
        uuid_format(&s->request_id, request);
        uuid_format(&s->exam->programme_id, programme);
        n = snprintf(body, sizeof(body), "{\"request_id\":\"%s\",\"programme_id\":\"%s\"}", request, programme);
        buf_add_text(out, "POST /v1/attempts");
        break;
    case STEP_PAPER:
        buf_printf(out, "GET /v1/attempts/%s", attempt);
        break;
    case STEP_ANSWER:
        n = snprintf(body, sizeof(body), "{\"revision\":%u,\"response\":\"%c\"}", s->revision, s->response);
        buf_printf(out, "PUT /v1/attempts/%s/answers/%u", attempt, s->position);
        break;
    case STEP_SUBMIT:
        buf_printf(out, "POST /v1/attempts/%s/submit", attempt);
        break;
    default:
        buf_printf(out, "GET /v1/attempts/%s/result", attempt);
        break;
    }
    buf_add_text(out, " HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer ");
    buf_add_span(out, s->person->token);
    if (n)
        buf_add_text(out, "\r\nContent-Type: application/json");
    if (n || s->step == STEP_SUBMIT)
        buf_printf(out, "\r\nContent-Length: %d", n);
    buf_add_text(out, "\r\n\r\n");
    buf_add(out, body, (size_t)n);
}

/* The next answer: a position by chance, a revision above all that this attempt has from us. */
static void choose_answer(struct sitter *s)
{
    s->position = exam_between(s->exam, 1, s->exam->items);
    s->revision++;
    s->response = (char)('1' + exam_random(s->exam) % 4);
}

static void ask_first(struct sitter *s)
{
    struct exam *exam = s->exam;
    if (s->step == STEP_START) {
        s->request_id = uuid7();
        s->pressed_us = exam->http.now;
        exam->waiting++;
        exam_second(exam)->asked++;
    }
    if (s->step == STEP_ANSWER && !s->repeating)
        choose_answer(s);
    s->asked_us = exam->http.now;
    s->tries = 0;
    ask(s);
}

static void ask(struct sitter *s)
{
    write_request(s, http_request(&s->conn));
    http_send(&s->conn, TIMEOUT_MS);
}

/* A pause with nothing under way is over: what comes next begins, unless the run ends. */
static void on_timer(void *owner)
{
    struct sitter *s = owner;
    s->exam->http.now = mono_us();
    if (s->in_line && !s->tries && s->exam->closing) {
        s->idle = true;
    } else if (s->tries || s->in_line) {
        if (!s->tries) /* in line: each asking has its own time */
            s->asked_us = s->exam->http.now;
        ask(s);
    } else if (s->exam->closing && s->step != STEP_PAPER) {
        s->idle = true;
    } else {
        ask_first(s);
    }
}

static void wait_for(struct sitter *s, uint32_t ms)
{
    timer_set(&s->exam->http.timers, &s->timer, s->exam->http.now + (int64_t)ms * 1000);
}

/* Asks the same again: the pause doubles, is never below what the server said, and differs for everyone. */
static void ask_again(struct sitter *s, uint32_t retry_ms)
{
    uint32_t ms = PAUSE_MAX_MS;
    if (s->tries < 4)
        ms = (uint32_t)PAUSE_MS << s->tries;
    s->tries++;
    ms = ms / 2 + exam_between(s->exam, 0, ms);
    wait_for(s, ms < retry_ms ? retry_ms + exam_between(s->exam, 0, retry_ms / 2) : ms);
}

/* --- the log that exam_check reads --- */

static void log_start(const struct sitter *s, const struct attempt_ticket *ticket)
{
    char person[UUID_TEXT], attempt[UUID_TEXT];
    uuid_format(&s->person->person_id, person);
    uuid_format(&s->attempt_id, attempt);
    if (s->exam->log)
        fprintf(s->exam->log, "S\t%s\t%s\t%u\n", attempt, person,
                HAS(ticket, attempt_ticket, number) ? ticket->number : 0);
}

static void log_receipt(const struct sitter *s, const struct answer_receipt *receipt)
{
    char attempt[UUID_TEXT], link[65];
    if (!s->exam->log)
        return;
    uuid_format(&s->attempt_id, attempt);
    sodium_bin2hex(link, sizeof(link), (const unsigned char *)receipt->link.p, receipt->link.n);
    fprintf(s->exam->log, "A\t%s\t%u\t%u\t%u\t%lld\t%s\t%c\n", attempt, s->position, s->revision, receipt->seq,
            (long long)receipt->saved_at, link, s->response);
}

static void log_result(const struct sitter *s, const struct attempt_result *result)
{
    char attempt[UUID_TEXT];
    if (!s->exam->log || !HAS(result, attempt_result, score) || !HAS(result, attempt_result, result_version))
        return;
    uuid_format(&result->attempt_id, attempt);
    fprintf(s->exam->log, "R\t%s\t%u\t%u\t%u\n", attempt, result->result_version, result->score, result->answers);
}

/* --- answers --- */

static void go_on(struct sitter *s, enum step step, uint32_t ms)
{
    s->step = step;
    s->tries = 0;
    if (ms)
        wait_for(s, ms);
    else if (s->exam->closing && step <= STEP_START)
        s->idle = true;
    else
        ask_first(s);
}

static void leave(struct sitter *s)
{
    s->exam->running -= s->runs;
    s->runs = false;
    s->idle = true;
    s->exam->on_end(s->exam, s);
}

static void next_step(struct sitter *s)
{
    struct exam *exam = s->exam;
    const struct plan *plan = s->plan;
    if (s->step == STEP_ANSWER && !(plan->answers && s->answered >= plan->answers)) {
        uint32_t think = exam_between(exam, plan->think_ms[0], plan->think_ms[1]);
        if (exam->closing)
            s->idle = true;
        else
            go_on(s, STEP_ANSWER, think);
        return;
    }
    s->repeating = false;
    if (s->step != plan->last) {
        uint32_t think = s->step == STEP_PAPER ? exam_between(exam, plan->think_ms[0], plan->think_ms[1]) : 0;
        go_on(s, s->step + 1, think);
        return;
    }
    exam->journeys++;
    if (!exam->first_us)
        exam->first_us = exam->http.now;
    exam->last_us = exam->http.now;
    if (plan->again && !exam->closing) {
        exam->running -= s->runs;
        s->runs = false;
        s->answered = 0;
        s->revision = 0;
        go_on(s, plan->first, 0);
        return;
    }
    leave(s);
}

/* Reads the body; a body that is not what was declared is trouble. */
static bool read_body(struct sitter *s, const struct msg *desc, void *ret_message, struct span body)
{
    struct fault fault;
    arena_clear(&s->exam->arena);
    if (!msg_from_json(desc, ret_message, &s->exam->arena, body, &fault))
        return true;
    if (s->exam->shown_4xx++ < SHOWN_4XX)
        fprintf(stderr, "exam_load: %s: cannot read %s: %.*s\n", step_names[s->step], fault.field,
                (int)(body.n < 300 ? body.n : 300), body.p);
    count_trouble(s, TROUBLE_5XX);
    return false;
}

static bool take_start(struct sitter *s, const struct http_reply *reply)
{
    struct exam *exam = s->exam;
    struct attempt_ticket ticket;
    if (!read_body(s, &msg_attempt_ticket, &ticket, reply->body))
        return false;
    int64_t took = exam->http.now - s->asked_us;
    add(&exam_second(exam)->start, took);
    hist_add(&exam->took[STEP_START], took);
    if (!HAS(&ticket, attempt_ticket, attempt_id)) {
        exam->in_line_answers++;
        s->in_line = true;
        s->tries = 0;
        wait_for(s, HAS(&ticket, attempt_ticket, retry_ms) ? ticket.retry_ms
                    : reply->retry_ms                      ? reply->retry_ms
                                                           : LINE_MS);
        return true;
    }
    s->in_line = false;
    s->attempt_id = ticket.attempt_id;
    log_start(s, &ticket);
    hist_add(&exam->until_running, exam->http.now - s->pressed_us);
    exam->waiting--;
    exam->running++;
    s->runs = true;
    exam_second(exam)->started++;
    exam->done[STEP_START]++;
    next_step(s);
    return true;
}

static bool take_answer(struct sitter *s, const struct http_reply *reply)
{
    struct exam *exam = s->exam;
    struct answer_receipt receipt;
    if (!read_body(s, &msg_answer_receipt, &receipt, reply->body))
        return false;
    if (!uuid_equal(&receipt.attempt_id, &s->attempt_id) || receipt.position != s->position ||
        receipt.revision != s->revision) {
        fprintf(stderr, "exam_load: the receipt of another answer\n");
        count_trouble(s, TROUBLE_4XX);
    }
    add(&exam_second(exam)->save, exam->http.now - s->asked_us);
    exam_second(exam)->saves++;
    log_receipt(s, &receipt);
    if (s->repeating)
        exam->repeats++;
    else
        s->answered++;
    s->repeating = !s->repeating && exam_random(exam) % 100 < s->plan->repeat_percent;
    return true;
}

/* An answer of 200 or 202. False: it does not hold what it should. */
static bool take(struct sitter *s, const struct http_reply *reply)
{
    struct exam *exam = s->exam;
    struct attempt_result result;
    char attempt[UUID_TEXT];
    if (s->step == STEP_START)
        return take_start(s, reply);
    if (s->step == STEP_ANSWER && !take_answer(s, reply))
        return false;
    if (s->step == STEP_PAPER) {
        uuid_format(&s->attempt_id, attempt);
        if (!memmem(reply->body.p, reply->body.n, attempt, UUID_TEXT - 1)) {
            count_trouble(s, TROUBLE_5XX);
            return false;
        }
        hist_add(&exam->until_paper, exam->http.now - s->pressed_us);
    }
    if (s->step == STEP_SUBMIT || s->step == STEP_RESULT) {
        if (!read_body(s, &msg_attempt_result, &result, reply->body))
            return false;
        log_result(s, &result);
    }
    hist_add(&exam->took[s->step], exam->http.now - s->asked_us);
    exam->done[s->step]++;
    s->tries = 0;
    next_step(s);
    return true;
}

/* The policy allows no further attempt: an answer, and what a plan with `again` waits for. */
static bool no_more_attempts(const struct sitter *s, const struct http_reply *reply)
{
    return s->step == STEP_START && reply->status == 409 && s->plan->again &&
           memmem(reply->body.p, reply->body.n, "\"code\":\"attempts\"", 17);
}

static void take_error(struct sitter *s, const struct http_reply *reply)
{
    struct exam *exam = s->exam;
    if (no_more_attempts(s, reply)) {
        exam->refused_starts++;
        exam->waiting--;
        leave(s);
        return;
    }
    if (reply->status == 503 || reply->status == 429) {
        count_trouble(s, TROUBLE_BUSY);
    } else if (reply->status >= 500) {
        count_trouble(s, TROUBLE_5XX);
    } else {
        count_trouble(s, TROUBLE_4XX);
        if (exam->shown_4xx++ < SHOWN_4XX)
            fprintf(stderr, "exam_load: %s: %d %.*s\n", step_names[s->step], reply->status,
                    (int)(reply->body.n < 300 ? reply->body.n : 300), reply->body.p);
        exam->waiting -= s->step == STEP_START;
        leave(s);
        return;
    }
    ask_again(s, reply->retry_ms);
}

static void on_reply(void *owner, const struct http_reply *reply)
{
    static const enum trouble of_end[] = {[HTTP_REFUSED] = TROUBLE_REFUSED,
                                          [HTTP_LOST] = TROUBLE_LOST,
                                          [HTTP_LATE] = TROUBLE_LATE,
                                          [HTTP_BROKEN] = TROUBLE_5XX};
    struct sitter *s = owner;
    if (reply->end != HTTP_ANSWERED) {
        count_trouble(s, of_end[reply->end]);
        ask_again(s, 0);
    } else if (reply->status == 200 || reply->status == 202) {
        if (!take(s, reply))
            ask_again(s, 0);
    } else {
        take_error(s, reply);
    }
}

void sitter_init(struct exam *exam, struct sitter *sitter)
{
    *sitter = (struct sitter){.exam = exam, .idle = true};
    sitter->timer = (struct timer){.run = on_timer, .owner = sitter};
    http_conn_init(&exam->http, &sitter->conn, on_reply, sitter);
}

void sitter_release(struct sitter *sitter)
{
    timer_clear(&sitter->exam->http.timers, &sitter->timer);
    http_conn_release(&sitter->conn);
}

void sitter_sit(struct sitter *sitter, const struct person *person, const struct plan *plan, uint32_t after_ms)
{
    sitter->person = person;
    sitter->plan = plan;
    sitter->attempt_id = person->attempt_id;
    sitter->answered = sitter->tries = 0;
    sitter->revision = 0;
    sitter->repeating = sitter->in_line = false;
    sitter->idle = false;
    go_on(sitter, plan->first, after_ms);
}
