/*
 * integrity.c - integrity facts: found in the background for every graded attempt, shown to its exam officer. Figures
 * with the bound from which they are recorded; what they mean for a person is for people to judge.
 *
 * The tick follows our own outbox by a cursor (migrations, change "exam"): submitting pays nothing, downtime is made up
 * for, a late grade is not missed. One slice is one transaction: cursor and facts move together.
 */
#include "integrity.h"
#include "access.h"
#include "assessment.h"
#include "integrity_rule.h"
#include "rows.h"
#include "sql.h"

enum {
    SLICE_EVENTS = 128, /* events of the outbox per slice: about 80 ms of one connection when all are grades */
    LOG_ENTRIES = 2000, /* looked at per attempt: ten changes of each of 200 answers */
    FORM_TEXTS = SLICE_EVENTS * INTEGRITY_POSITIONS,
    FACTS_SHOWN = 1000,
};

static const struct {
    const char *kind, *vi, *en;
} sentences[] = {
    {"too_fast",
     "Lưu câu trả lời đầu tiên nhanh hơn thời gian đọc câu hỏi. Số đo: mili giây kể từ lần lưu trước; ngưỡng: mili "
     "giây "
     "cần để đọc. Câu trả lời giữ lại khi mất mạng cũng gây ra điều này.",
     "The first answer was saved sooner than its item can be read. Figure: milliseconds since the save before; bound: "
     "milliseconds that reading takes. Answers kept while the network was away look the same."},
    {"burst",
     "Nhiều câu khác nhau được trả lời trong vài giây. Số đo: số câu; ngưỡng: số câu từ đó được ghi nhận. Câu trả lời "
     "giữ "
     "lại khi mất mạng cũng gây ra điều này.",
     "Many different items were answered within seconds. Figure: items; bound: recorded from so many on. Answers kept "
     "while the network was away look the same."},
    {"devices",
     "Thiết bị thay đổi nhiều lần trong lượt làm bài. Số đo: số lần thay đổi; ngưỡng: số lần từ đó được ghi nhận.",
     "The device changed often during the attempt. Figure: changes; bound: recorded from so many on."},
    {"same_wrong",
     "Hai lượt làm bài cùng đơn vị, trùng thời gian, có nhiều câu sai giống hệt nhau. Số đo: số câu; ngưỡng: số câu từ "
     "đó "
     "được ghi nhận. Câu dễ nhầm cũng gây ra điều này.",
     "Two attempts of one unit at the same time have many identical wrong answers. Figure: answers; bound: recorded "
     "from "
     "so many on. Items that mislead everyone look the same."},
};

/* What a slice works on; arrays in the arena. */
struct slice {
    struct examined *attempts;
    uint32_t n;
    struct form_text *texts; /* by form and position */
    uint32_t n_texts;
    struct answer_moment *log; /* by attempt, in the order of the chain */
    uint32_t n_log;
    struct fact_row *facts;
    uint32_t n_facts, room;
};

static int read_slice(struct ctx *ctx, struct slice *slice)
{
    struct form_ref *forms = arena_alloc(ctx->arena, slice->n * sizeof(*forms));
    struct log_ref *logs = arena_alloc(ctx->arena, slice->n * sizeof(*logs));
    slice->room = slice->n * (INTEGRITY_POSITIONS + 2);
    slice->facts = arena_alloc(ctx->arena, slice->room * sizeof(*slice->facts));
    if (!forms || !logs || !slice->facts)
        return fail(ctx, ERR_TOO_LARGE, "attempts");
    for (uint32_t i = 0; i < slice->n; i++) {
        forms[i].form_id = slice->attempts[i].form_id;
        logs[i] = (struct log_ref){.attempt_id = slice->attempts[i].attempt_id, .entries = LOG_ENTRIES};
    }
    int code = pg_bulk(ctx, &SQL_integrity_texts, forms, slice->n, FORM_TEXTS, &slice->texts, &slice->n_texts);
    return code ? code
                : pg_bulk(ctx, &SQL_integrity_log, logs, slice->n, slice->n * LOG_ENTRIES, &slice->log, &slice->n_log);
}

static void add_fact(struct slice *slice, const struct uuid *attempt_id, const char *kind, uint16_t position,
                     uint32_t figure, uint32_t bound)
{
    if (slice->n_facts == slice->room)
        return;
    struct fact_row *fact = &slice->facts[slice->n_facts++];
    *fact = (struct fact_row){
        .attempt_id = *attempt_id, .kind = {kind, (uint32_t)strlen(kind)}, .figure = figure, .bound = bound};
    if (position)
        PUT_FIELD(fact, fact_row, position, position);
}

static void chars_of(const struct slice *slice, const struct uuid *form_id, uint32_t ret_chars[INTEGRITY_POSITIONS])
{
    memset(ret_chars, 0, INTEGRITY_POSITIONS * sizeof(*ret_chars));
    for (uint32_t i = 0; i < slice->n_texts; i++) {
        if (uuid_equal(&slice->texts[i].form_id, form_id))
            ret_chars[slice->texts[i].position - 1] = slice->texts[i].chars;
    }
}

/* The times of one attempt's saves, in the order of the chain. */
static void examine(struct slice *slice, const struct examined *attempt, const struct assessment_conf *conf,
                    const struct save_moment *saves, uint32_t n)
{
    uint32_t chars[INTEGRITY_POSITIONS];
    struct fast_answer fast[INTEGRITY_POSITIONS];
    chars_of(slice, &attempt->form_id, chars);
    uint32_t n_fast = rule_too_fast(saves, n, attempt->started_at, chars, (uint32_t)conf->fast_chars_per_second, fast);
    for (uint32_t i = 0; i < n_fast; i++)
        add_fact(slice, &attempt->attempt_id, "too_fast", fast[i].position, fast[i].took_ms, fast[i].needed_ms);
    uint32_t burst = rule_burst(saves, n, conf->burst_seconds * 1000000);
    if (burst >= conf->burst_answers)
        add_fact(slice, &attempt->attempt_id, "burst", 0, burst, (uint32_t)conf->burst_answers);
    if (attempt->devices > conf->devices_most)
        add_fact(slice, &attempt->attempt_id, "devices", 0, attempt->devices, (uint32_t)conf->devices_most + 1);
}

/* Logs and attempts come in the same order, so one pass goes through both. */
static int examine_all(struct ctx *ctx, struct slice *slice)
{
    struct save_moment *saves = arena_alloc(ctx->arena, LOG_ENTRIES * sizeof(*saves));
    if (!saves)
        return fail(ctx, ERR_TOO_LARGE, "attempts");
    uint32_t at = 0;
    for (uint32_t i = 0; i < slice->n; i++) {
        uint32_t n = 0;
        while (at < slice->n_log && n < LOG_ENTRIES &&
               uuid_equal(&slice->log[at].attempt_id, &slice->attempts[i].attempt_id)) {
            const struct answer_moment *entry = &slice->log[at++];
            saves[n++] =
                (struct save_moment){.position = entry->position, .blank = entry->blank, .at_us = entry->saved_at};
        }
        examine(slice, &slice->attempts[i], ctx->conf, saves, n);
    }
    return slice->n_facts ? pg_bulk(ctx, &SQL_integrity_keep, slice->facts, slice->n_facts, 0, NULL, NULL) : 0;
}

/* Wrong answers of this slice beside those of the day. */
static int compare(struct ctx *ctx, const struct slice *slice)
{
    const struct assessment_conf *conf = ctx->conf;
    struct pair_search *search = arena_alloc(ctx->arena, slice->n * sizeof(*search));
    if (!search)
        return fail(ctx, ERR_TOO_LARGE, "attempts");
    for (uint32_t i = 0; i < slice->n; i++)
        search[i] = (struct pair_search){.attempt_id = slice->attempts[i].attempt_id,
                                         .least = (uint32_t)conf->same_wrong_least,
                                         .percent = (uint32_t)conf->same_wrong_percent};
    int code = pg_bulk(ctx, &SQL_integrity_lay, search, slice->n, 0, NULL, NULL);
    if (!code)
        code = pg_bulk(ctx, &SQL_integrity_compare, search, slice->n, 0, NULL, NULL);
    return code ? code : pg_bulk(ctx, &SQL_integrity_forget, search, slice->n, 0, NULL, NULL);
}

int integrity_examine(struct ctx *ctx)
{
    struct slice_bounds bounds = {.events = SLICE_EVENTS};
    struct slice slice = {0};
    int code = pg_list(ctx, &SQL_integrity_take, &bounds, SLICE_EVENTS, &slice.attempts, &slice.n);
    if (code || !slice.n)
        return code;
    code = read_slice(ctx, &slice);
    if (!code)
        code = examine_all(ctx, &slice);
    return code ? code : compare(ctx, &slice);
}

static int say(struct ctx *ctx, const struct fact_row *row, struct integrity_fact *ret_fact)
{
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (row->kind.n != strlen(sentences[i].kind) || memcmp(row->kind.p, sentences[i].kind, row->kind.n) != 0)
            continue;
        *ret_fact = (struct integrity_fact){.attempt_id = row->attempt_id,
                                            .kind = row->kind,
                                            .figure = row->figure,
                                            .bound = row->bound,
                                            .sentence_vi = {sentences[i].vi, (uint32_t)strlen(sentences[i].vi)},
                                            .sentence_en = {sentences[i].en, (uint32_t)strlen(sentences[i].en)},
                                            .found_at = row->found_at};
        if (HAS(row, fact_row, position))
            PUT_FIELD(ret_fact, integrity_fact, position, row->position);
        if (HAS(row, fact_row, other_attempt_id))
            PUT_FIELD(ret_fact, integrity_fact, other_attempt_id, row->other_attempt_id);
        return 0;
    }
    return fail(ctx, ERR_INTERNAL, "kind");
}

int integrity_facts_of(struct ctx *ctx, const struct uuid *attempt_id, struct integrity_fact **ret_facts,
                       uint32_t *ret_n)
{
    struct attempt_ref ref = {.attempt_id = *attempt_id};
    struct fact_row *rows;
    uint32_t n;
    int code = pg_list(ctx, &SQL_attempt_facts, &ref, FACTS_SHOWN, &rows, &n);
    if (code)
        return code;
    struct integrity_fact *facts = arena_alloc(ctx->arena, n * sizeof(*facts));
    if (!facts)
        return fail(ctx, ERR_TOO_LARGE, "facts");
    for (uint32_t i = 0; !code && i < n; i++)
        code = say(ctx, &rows[i], &facts[i]);
    if (code)
        return code;
    *ret_facts = facts;
    *ret_n = n;
    return 0;
}

int on_attempt_integrity(struct ctx *ctx, const struct attempt_ref *req, struct integrity_facts *ret_reply)
{
    struct attempt_seen seen;
    int code = pg_call(ctx, &SQL_attempt_visible, req, &seen);
    if (!code)
        code = integrity_facts_of(ctx, &req->attempt_id, &ret_reply->facts, &ret_reply->n_facts);
    return code ? code : access_note_list(ctx, &seen, 1, NULL);
}
