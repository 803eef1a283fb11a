/*
 * demo_publish.c - the editor drafts, the reviewer publishes, the exam officer puts the policy in force. Every run
 * makes a new version of the programme, its blueprint and policy; framework and item bank are made once.
 */
#include "demo.h"
#include "load.h"
#include "service.h"

/* Codes and titles that the sample has no file for. */
#define BANK_CODE     "NH-"
#define BANK_TITLE_VI "Ngân hàng câu hỏi: "
#define BANK_TITLE_EN "Item bank: "

/* Sends a draft to review and publishes it; the editor must not be able to do the reviewer's part. */
static int publish(struct demo *demo, struct uuid version_id)
{
    struct version_ref ref = {.version_id = version_id};
    struct version_state state;
    if (demo_ask(demo, &demo->client, &demo->editor, M_version_submit, &ref, &state) < 0 ||
        demo_refused(demo, &demo->client, &demo->editor, M_version_approve, &ref, &state, ERR_FORBIDDEN,
                     ERR_SAME_PERSON) < 0 ||
        demo_ask(demo, &demo->client, &demo->reviewer, M_version_approve, &ref, &state) < 0)
        return -1;
    if (!span_equal(state.state, SPAN("published")))
        return demo_fault(demo, demo->reviewer.who, "%.*s %.*s is %.*s after its approval", (int)state.kind.n,
                          state.kind.p, (int)state.code.n, state.code.p, (int)state.state.n, state.state.p);
    progress_say(&demo->progress, "published: %.*s %.*s, version %u", (int)state.kind.n, state.kind.p,
                 (int)state.code.n, state.code.p, state.version);
    return 0;
}

/* A published framework with this code and these titles serves; its label shows when the programme is read back. */
static int find_framework(struct demo *demo, struct uuid *ret_id, bool *ret_found)
{
    const struct sample_framework *framework = &demo->sample.framework;
    struct version_query query = {0};
    struct version_list list;
    PUT_FIELD(&query, version_query, kind, SPAN("framework"));
    PUT_FIELD(&query, version_query, code, framework->code);
    PUT_FIELD(&query, version_query, state, SPAN("published"));
    *ret_found = false;
    if (demo_ask(demo, &demo->client, &demo->editor, M_versions, &query, &list) < 0)
        return -1;
    for (uint32_t i = 0; i < list.n_versions && !*ret_found; i++) {
        if (span_equal(list.versions[i].title_vi, framework->title_vi) &&
            span_equal(list.versions[i].title_en, framework->title_en)) {
            *ret_id = list.versions[i].version_id;
            *ret_found = true;
        }
    }
    return 0;
}

static int make_framework(struct demo *demo, struct uuid *ret_id)
{
    const struct sample_framework *framework = &demo->sample.framework;
    struct version_state state;
    bool found;
    if (find_framework(demo, ret_id, &found) < 0)
        return -1;
    if (found)
        return 0;
    struct framework_draft draft = {
        .version_id = uuid7(),
        .code = framework->code,
        .label = framework->version,
        .title_vi = framework->title_vi,
        .title_en = framework->title_en,
        .source = framework->source,
        .groups = framework->groups,
        .n_groups = framework->n_groups,
    };
    *ret_id = draft.version_id;
    if (demo_ask(demo, &demo->client, &demo->editor, M_framework_create, &draft, &state) < 0)
        return -1;
    return publish(demo, draft.version_id);
}

static int write_lessons(struct demo *demo)
{
    const struct sample_programme *programme = &demo->sample.programme;
    struct accepted accepted;
    for (uint32_t i = 0; i < programme->n_lessons; i++) {
        const struct sample_lesson *lesson = &programme->lessons[i];
        struct lesson_draft draft = {
            .version_id = demo->programme_id,
            .position = lesson->position,
            .lesson_id = demo->lesson_ids[i] = uuid7(),
            .skill_group = lesson->skill_group,
            .title_vi = lesson->title_vi,
            .title_en = lesson->title_en,
            .min_seconds = DEMO_MIN_SECONDS,
            .body = demo->sample.lessons[i].text,
        };
        if (demo_ask(demo, &demo->client, &demo->editor, M_lesson_put, &draft, &accepted) < 0)
            return -1;
    }
    progress_say(&demo->progress, "%u lessons; for the demonstration each needs %d seconds of study, not %u",
                 programme->n_lessons, DEMO_MIN_SECONDS, programme->lessons[0].min_seconds);
    return 0;
}

/* What was published must be what was drafted. */
static int check_programme(struct demo *demo)
{
    const struct sample *sample = &demo->sample;
    struct version_ref ref = {.version_id = demo->programme_id};
    struct programme programme;
    if (demo_ask(demo, &demo->client, &demo->reviewer, M_programme_get, &ref, &programme) < 0)
        return -1;
    if (!span_equal(programme.framework_code, sample->framework.code) ||
        !span_equal(programme.framework_label, sample->framework.version))
        return demo_fault(demo, demo->reviewer.who, "the programme teaches framework %.*s %.*s, not that of the sample",
                          (int)programme.framework_code.n, programme.framework_code.p, (int)programme.framework_label.n,
                          programme.framework_label.p);
    bool same = programme.n_lessons == sample->programme.n_lessons;
    for (uint32_t i = 0; same && i < programme.n_lessons; i++)
        same = uuid_equal(&programme.lessons[i].lesson_id, &demo->lesson_ids[i]) &&
               span_equal(programme.lessons[i].title_vi, sample->programme.lessons[i].title_vi);
    return same ? 0 : demo_fault(demo, demo->reviewer.who, "the published programme has other lessons than its draft");
}

static int make_programme(struct demo *demo, struct uuid framework_id)
{
    const struct sample_programme *programme = &demo->sample.programme;
    struct programme_draft draft = {
        .version_id = demo->programme_id = uuid7(),
        .code = programme->code,
        .title_vi = programme->title_vi,
        .title_en = programme->title_en,
        .framework_id = framework_id,
    };
    struct version_state state;
    if (demo_ask(demo, &demo->client, &demo->editor, M_programme_create, &draft, &state) < 0 ||
        write_lessons(demo) < 0 || publish(demo, draft.version_id) < 0)
        return -1;
    return check_programme(demo);
}

static int import_items(struct demo *demo)
{
    for (uint32_t i = 0; i < demo->sample.framework.n_groups; i++) {
        const struct sample_file *file = &demo->sample.banks[i];
        struct items_file in = {.bank_id = demo->bank_id, .file = file->text};
        struct import_report report;
        if (demo_ask(demo, &demo->client, &demo->editor, M_items_import, &in, &report) < 0)
            return -1;
        if (load_complain(file, &report))
            return demo_fault(demo, demo->editor.who, "%s was not taken whole", file->name);
        client_clear(&demo->client);
    }
    return 0;
}

/* An item bank outlives demonstrations: what is in it already is left alone by the import. */
static int find_bank(struct demo *demo, struct span code, bool *ret_found)
{
    struct empty nothing = {0};
    struct bank_list list;
    *ret_found = false;
    if (demo_ask(demo, &demo->client, &demo->editor, M_banks, &nothing, &list) < 0)
        return -1;
    for (uint32_t i = 0; i < list.n_banks && !*ret_found; i++) {
        if (span_equal(list.banks[i].code, code)) {
            demo->bank_id = list.banks[i].bank_id;
            *ret_found = true;
        }
    }
    return 0;
}

/* Assessment hears of the framework by an event. */
static int make_bank(struct demo *demo, struct uuid framework_id)
{
    static const struct not_yet not_yet[] = {{ERR_NOT_FOUND, NULL}, {0, NULL}};
    const struct sample_programme *programme = &demo->sample.programme;
    char code[64], title_vi[400], title_en[400];
    bool found;
    snprintf(code, sizeof(code), BANK_CODE "%.*s", (int)programme->code.n, programme->code.p);
    snprintf(title_vi, sizeof(title_vi), BANK_TITLE_VI "%.*s", (int)programme->title_vi.n, programme->title_vi.p);
    snprintf(title_en, sizeof(title_en), BANK_TITLE_EN "%.*s", (int)programme->title_en.n, programme->title_en.p);
    if (find_bank(demo, (struct span){code, (uint32_t)strlen(code)}, &found) < 0)
        return -1;
    if (found)
        return 0;
    struct bank_draft draft = {
        .bank_id = demo->bank_id = uuid7(),
        .code = {code, (uint32_t)strlen(code)},
        .title_vi = {title_vi, (uint32_t)strlen(title_vi)},
        .title_en = {title_en, (uint32_t)strlen(title_en)},
        .framework_id = framework_id,
    };
    struct bank bank;
    return demo_await(demo, &demo->client, &demo->editor, M_bank_create, &draft, &bank, not_yet);
}

/* From drafts to items in use; the editor must not be able to do the reviewer's part. */
static int publish_items(struct demo *demo)
{
    struct items_step all = {.bank_id = demo->bank_id};
    struct items_moved submitted, moved;
    if (demo_ask(demo, &demo->client, &demo->editor, M_items_submit, &all, &submitted) < 0 ||
        demo_refused(demo, &demo->client, &demo->editor, M_items_approve, &all, &moved, ERR_FORBIDDEN,
                     ERR_SAME_PERSON) < 0 ||
        demo_ask(demo, &demo->client, &demo->reviewer, M_items_approve, &all, &moved) < 0)
        return -1;
    if (moved.moved != submitted.moved)
        return demo_fault(demo, demo->reviewer.who, "%u items were sent to review, %u went live", submitted.moved,
                          moved.moved);
    progress_say(&demo->progress, "item bank: %u items of the sample, %u of them new", demo->sample.n_items,
                 moved.moved);
    return 0;
}

int demo_publish(struct demo *demo)
{
    struct uuid framework_id;
    demo_stage(demo, &demo->client, STAGE_PUBLISH);
    if (make_framework(demo, &framework_id) < 0 || make_programme(demo, framework_id) < 0)
        return -1;
    return make_bank(demo, framework_id) < 0 || import_items(demo) < 0 ? -1 : publish_items(demo);
}

/* The newest of the keys with which the ends of attempts are signed. */
static int fetch_attempt_key(struct demo *demo)
{
    struct empty nothing = {0};
    struct public_keys keys;
    struct span key;
    if (demo_ask(demo, &demo->client, NULL, M_attempt_keys, &nothing, &keys) < 0)
        return -1;
    if (!keys.n_keys || base64url_parse(&demo->client.arena, keys.keys[0].x, &key) || key.n != JWS_PUBLIC)
        return demo_fault(demo, NULL, "no key is published that signs attempts");
    memcpy(demo->attempt_key, key.p, JWS_PUBLIC);
    return 0;
}

/* Assessment hears of the programme by an event. */
int demo_policy(struct demo *demo)
{
    static const struct not_yet not_yet[] = {{ERR_NOT_FOUND, NULL}, {0, NULL}};
    const struct sample_policy *sample = &demo->sample.policy;
    struct blueprint_draft plan = {
        .blueprint_id = uuid7(),
        .code = demo->sample.programme.code,
        .bank_id = demo->bank_id,
        .quotas = sample->quotas,
        .n_quotas = sample->n_quotas,
    };
    struct policy_draft draft = {
        .policy_id = uuid7(),
        .programme_id = demo->programme_id,
        .blueprint_id = plan.blueprint_id,
        .pass_percent = sample->pass_percent,
        .minutes = sample->minutes,
        .max_attempts = sample->max_attempts,
        .retake_wait_seconds = sample->retake_wait_seconds,
    };
    struct blueprint blueprint;
    struct policy policy;
    PUT_FIELD(&plan, blueprint_draft, note, sample->note);
    PUT_FIELD(&draft, policy_draft, note, sample->note);
    PUT_FIELD(&draft, policy_draft, forms, sample->forms);
    demo_stage(demo, &demo->client, STAGE_POLICY);
    if (demo_ask(demo, &demo->client, &demo->examiner, M_blueprint_create, &plan, &blueprint) < 0 ||
        demo_await(demo, &demo->client, &demo->examiner, M_policy_create, &draft, &policy, not_yet) < 0)
        return -1;
    if (policy.items != demo->items || policy.pass_percent != sample->pass_percent ||
        policy.max_attempts != sample->max_attempts || policy.forms != sample->forms)
        return demo_fault(demo, demo->examiner.who, "the policy in force is not that of policy.json");
    progress_say(&demo->progress, "policy %u in force: %u items, %u percent to pass, %u attempts, %u forms made",
                 policy.version, policy.items, policy.pass_percent, policy.max_attempts, policy.forms);
    demo->forms = policy.forms;
    return fetch_attempt_key(demo);
}
