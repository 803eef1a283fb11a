/* review.c - the queue of accounts that differ from the roster: what an officer sees, and what he or she decides. */
#include "access.h"
#include "account.h"

static const struct phrase {
    uint32_t bit;
    const char *vi, *en;
} phrases[] = {
    {NAME_TONE, "khác dấu thanh", "other tone marks"},
    {NAME_MARK, "khác dấu mũ, dấu móc hoặc chữ đ", "other marks of letters"},
    {NAME_ORDER, "khác thứ tự các chữ trong tên", "the words in another order"},
    {NAME_IY, "i và y thay nhau", "i for y"},
    {NAME_EXTRA, "thừa hoặc thiếu một chữ trong tên", "a word more or less"},
    {NAME_SIGNS, "khác dấu chấm, gạch nối hoặc dấu nháy", "other points, hyphens or apostrophes"},
    {NAME_OTHER, "khác họ tên", "another name"},
    {DIFFERS_BIRTH, "khác ngày sinh", "another birth date"},
    {DIFFERS_ACCOUNT, "tài khoản đang gắn với người khác", "the account is linked to somebody else"},
    {DIFFERS_PERSON, "người này đã có tài khoản khác ở nhà cung cấp này",
     "the person has another account at this provider"},
    {DIFFERS_UNLINKED, "tài khoản đã từng bị tách khỏi hồ sơ", "the account was unlinked before"},
};

/* The bits in words, in the arena. 0 or -1. */
static int say(struct arena *arena, uint32_t differs, bool vietnamese, struct span *ret_text)
{
    struct buf text;
    buf_init(&text, 600);
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (!(differs & phrases[i].bit))
            continue;
        if (buf_span(&text).n)
            buf_add_text(&text, "; ");
        buf_add_text(&text, vietnamese ? phrases[i].vi : phrases[i].en);
    }
    int result = text.failed ? -1 : arena_span(arena, buf_span(&text), ret_text);
    buf_release(&text);
    return result;
}

int on_reviews(struct ctx *ctx, const struct review_query *req, struct review_list *ret_reply)
{
    int code = pg_list(ctx, &SQL_reviews, req, 100, &ret_reply->cases, &ret_reply->n_cases);
    for (uint32_t i = 0; !code && i < ret_reply->n_cases; i++) {
        struct review_row *row = &ret_reply->cases[i];
        struct span vi, en;
        if (!row->differs)
            continue;
        if (say(ctx->arena, row->differs, true, &vi) < 0 || say(ctx->arena, row->differs, false, &en) < 0)
            return fail(ctx, ERR_TOO_LARGE, "cases");
        PUT_FIELD(row, review_row, why_vi, vi);
        PUT_FIELD(row, review_row, why_en, en);
    }
    return code ? code : access_note_list(ctx, ret_reply->cases, ret_reply->n_cases, NULL);
}

int on_review_decide(struct ctx *ctx, const struct review_decision *req, struct link_result *ret_reply)
{
    struct case_ref which = {.case_id = req->case_id};
    struct case_parties parties;
    bool link = req->decision.n == 4 && !memcmp(req->decision.p, "link", 4);
    if (!link && (req->decision.n != 6 || memcmp(req->decision.p, "reject", 6) != 0))
        return fail(ctx, ERR_INVALID, "decision");
    int code = pg_call(ctx, &SQL_case_parties, &which, &parties);
    if (code)
        return code == ERR_NOT_FOUND ? fail(ctx, code, "case_id") : code;
    struct account_step step = {
        .step_id = req->step_id,
        .account_id = parties.account_id,
        .what = link ? SPAN("linked") : SPAN("rejected"),
        .reason = req->reason,
    };
    PUT_FIELD(&step, account_step, case_id, req->case_id);
    if (HAS(&parties, case_parties, person_id))
        PUT_FIELD(&step, account_step, person_id, parties.person_id);
    return account_decide(ctx, &step, ret_reply);
}
