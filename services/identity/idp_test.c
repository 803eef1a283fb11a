/*
 * idp_test.c - for whoever connects a provider: what can be tried without a person (provider_check), and what a login
 * there told (provider_test). Numbers and names are covered up before they are stored.
 */
#include "idp_test.h"
#include "identity.h"
#include "json_read.h"
#include "link.h"

enum { CLAIMS_ROOM = 8192, CLAIMS_MOST = 16, FOUND_MOST = 2048 };

static struct span text_span(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

/* --- without a person --- */

int on_provider_check(struct ctx *ctx, const struct provider_ref *req, struct probe_report *ret_reply)
{
    struct probe probe = {0};
    struct provider *provider = provider_find(identity_conf(ctx)->providers, req->provider);
    if (!provider)
        return fail(ctx, ERR_NOT_FOUND, "provider");
    struct dealing d = provider_dealing(provider, ctx->arena);
    probe_add(&probe, "configuration", true, provider->conf->redirect_uri, "", "");
    provider_probe(&d, &probe);
    uint64_t n = provider->dealings;
    probe_add(&probe, "since_start", true,
              arena_printf(ctx->arena, "%llu dealings, %llu us of waiting each, %llu refused at once",
                           (unsigned long long)n, (unsigned long long)(n ? provider->spent_us / n : 0),
                           (unsigned long long)provider->refused),
              "", "");
    struct probe_result *steps = arena_alloc(ctx->arena, probe.n * sizeof(*steps));
    char *path = arena_printf(ctx->arena, "/login/%s", provider->name);
    if (!steps || !path)
        return fail(ctx, ERR_TOO_LARGE, "steps");
    for (uint32_t i = 0; i < probe.n; i++) {
        const struct probe_step *step = &probe.steps[i];
        steps[i] = (struct probe_result){.what = text_span(step->what),
                                         .ok = step->ok,
                                         .found = {step->found, (uint32_t)strnlen(step->found, FOUND_MOST)},
                                         .advice_vi = text_span(step->advice_vi),
                                         .advice_en = text_span(step->advice_en)};
        if (!utf8_valid(steps[i].found))
            steps[i].found = SPAN("(not UTF-8)");
    }
    *ret_reply = (struct probe_report){
        .steps = steps, .n_steps = probe.n, .kind = text_span(provider->adapter->kind), .login_path = text_span(path)};
    return 0;
}

/* --- what a login told --- */

static void add_claim(struct buf *out, const char *name, const char *claim, struct span value)
{
    buf_add_text(out, out->n > 1 ? ",{\"name\":" : "{\"name\":");
    json_add_string(out, text_span(name));
    buf_add_text(out, ",\"claim\":");
    json_add_string(out, text_span(claim));
    buf_add_text(out, ",\"value\":");
    json_add_string(out, value);
    buf_add_char(out, '}');
}

/* The first letter of each word, the rest as points. */
static struct span covered_name(struct arena *arena, struct span name)
{
    char *text = arena_alloc(arena, (size_t)name.n * 2 + 4);
    uint32_t n = 0;
    bool first = true;
    for (uint32_t i = 0; text && i < name.n; i++) {
        bool inner = ((unsigned char)name.p[i] & 0xc0) == 0x80;
        if (name.p[i] == ' ')
            first = true, text[n++] = ' ';
        else if (first || (inner && n && text[n - 1] != '.' && text[n - 1] != ' '))
            first = false, text[n++] = name.p[i];
        else if (!inner)
            text[n++] = '.';
    }
    return text ? (struct span){text, n} : SPAN("");
}

static void add_claims(struct ctx *ctx, struct buf *out, const struct provider_conf *conf, const struct claims *claims)
{
    struct arena *arena = ctx->arena;
    char *number = arena_printf(arena, "*********%.3s", claims->national_id.n == 12 ? claims->national_id.p + 9 : "");
    char *subject = arena_printf(arena, "%u characters", claims->subject.n);
    char *level = arena_printf(arena, "%u of %s", claims->level, conf->levels);
    char birth[DATE_TEXT] = "";
    if (claims->has_birth_date) {
        date_format(claims->birth_date, birth);
        memcpy(birth + 5, "**-**", 5);
    }
    if (!number || !subject || !level) {
        out->failed = true;
        return;
    }
    add_claim(out, "subject", "sub", text_span(subject));
    add_claim(out, "national_id", conf->claim_national_id, text_span(number));
    add_claim(out, "full_name", conf->claim_full_name, covered_name(arena, claims->full_name));
    add_claim(out, "birth_date", conf->claim_birth_date,
              text_span(claims->has_birth_date ? birth : "(none, or not a whole date)"));
    add_claim(out, "level", conf->claim_level, text_span(claims->level ? level : "(none, or not in the row levels)"));
    add_claim(out, "session", "sid", claims->provider_sid.n ? SPAN("told") : SPAN("(none)"));
}

int idp_test_store(struct ctx *ctx, struct span test_hash, const struct provider *provider, const struct claims *claims,
                   int code, const char *why)
{
    struct login_test_made made = {.test_hash = test_hash,
                                   .provider = text_span(provider->name),
                                   .error = code ? text_span(err_find(code)->name) : SPAN("")};
    const char *standing = "";
    struct buf text;
    if (!code) {
        code = link_preview(ctx, made.provider, claims, &standing, &why);
        if (code)
            made.error = text_span(err_find(code)->name);
    }
    buf_init(&text, CLAIMS_ROOM);
    buf_add_char(&text, '[');
    if (claims)
        add_claims(ctx, &text, provider->conf, claims);
    buf_add_char(&text, ']');
    made.why = text_span(why);
    made.standing = text_span(standing);
    code = text.failed || arena_span(ctx->arena, buf_span(&text), &made.claims) < 0 ? fail(ctx, ERR_TOO_LARGE, "claims")
                                                                                    : 0;
    buf_release(&text);
    return code ? code : pg_call(ctx, &SQL_login_test_store, &made, NULL);
}

/* The stored list as messages. */
static int read_list(struct ctx *ctx, struct span json, struct login_test_report *report)
{
    cJSON *list = cJSON_ParseWithLength(json.p, json.n);
    const cJSON *item;
    struct claim_shown *shown = arena_alloc(ctx->arena, CLAIMS_MOST * sizeof(*shown));
    uint32_t n = 0;
    int code = list && shown ? 0 : fail(ctx, ERR_INTERNAL, "claims");
    cJSON_ArrayForEach(item, list)
    {
        struct claim_shown *row = &shown[n];
        if (code || n == CLAIMS_MOST)
            break;
        if (!json_keep_text(item, "name", 64, ctx->arena, &row->name))
            code = fail(ctx, ERR_INTERNAL, "claims");
        if (!json_keep_text(item, "claim", 64, ctx->arena, &row->claim))
            row->claim = SPAN("");
        if (!json_keep_text(item, "value", 300, ctx->arena, &row->value))
            row->value = SPAN("");
        n++;
    }
    cJSON_Delete(list);
    report->claims = shown;
    report->n_claims = code ? 0 : n;
    return code;
}

int on_provider_test(struct ctx *ctx, const struct login_test_key *req, struct login_test_report *ret_reply)
{
    struct login_test_hash key = {0};
    struct login_test_seen seen;
    struct login_test_report report = {.state = SPAN("waiting")};
    if (secret_hash(ctx->arena, req->test, &key.test_hash) < 0)
        return fail(ctx, ERR_TOO_LARGE, "test");
    int code = pg_call(ctx, &SQL_login_test_get, &key, &seen);
    if (!code) {
        report = (struct login_test_report){.state = seen.error.n ? SPAN("refused") : SPAN("done"),
                                            .provider = seen.provider,
                                            .error = seen.error,
                                            .why = seen.why,
                                            .standing = seen.standing};
        code = read_list(ctx, seen.claims, &report);
    } else if (code == ERR_NOT_FOUND) {
        ctx->fault = (struct fault){0};
        code = 0;
    }
    if (!code)
        *ret_reply = report;
    return code;
}
