/*
 * test_roles.c - every method of this service with every role, inside and outside of the caller's subtree.
 *
 * Who may use what is written a second time below, by hand: a METHOD row that opens more than this table says, or one
 * that the table does not know, fails. The roles are checked as the skeleton does (grant_allows); what it lets through
 * is tried on the handler, with a request made from the descriptors.
 */
#include "any_message.h"
#include "exam_test.h"

#define PROTO_BIND "assessment.def"
#include "bind.h"

enum { APPEAL = 3000, FRESH = 5000 };

enum reach {
    ALL,     /* says the same to everyone who may ask */
    OWN,     /* what is the caller's own */
    SUBTREE, /* people of the caller's subtree */
    WHOLE,   /* held for the whole nation, or not at all */
};

enum { AUTHORS = EDITOR | REVIEWER, EXAMS = EXAM_OFFICER };

static const struct right {
    uint16_t method;
    enum reach reach;
    uint32_t roles; /* 0: everyone, also without a login */
} rights[] = {
    {M_attempt_keys, ALL, 0},
    {M_policy_get, ALL, ANY_ROLE},
    {M_receipt_check, ALL, LEARNER | EXAM_OFFICER},

    {M_attempt_start, OWN, LEARNER},
    {M_answer_save, OWN, LEARNER},
    {M_attempt_submit, OWN, LEARNER},
    {M_attempt_get, OWN, LEARNER},
    {M_attempt_outcome, OWN, LEARNER},
    {M_attempt_review, OWN, LEARNER},
    {M_my_attempts, OWN, LEARNER},
    {M_my_dossier, OWN, LEARNER},
    {M_appeal_open, OWN, LEARNER},
    {M_my_appeals, OWN, LEARNER},

    {M_attempts, SUBTREE, EXAMS},
    {M_attempt_void, SUBTREE, EXAMS},
    {M_attempt_integrity, SUBTREE, EXAMS},
    {M_attempt_dossier, SUBTREE, EXAMS},
    {M_appeals, SUBTREE, APPEALS_OFFICER},
    {M_appeal_decide, SUBTREE, APPEALS_OFFICER},

    {M_bank_create, WHOLE, EDITOR},
    {M_banks, WHOLE, AUTHORS | EXAMS},
    {M_item_put, WHOLE, EDITOR},
    {M_items, WHOLE, AUTHORS | EXAMS},
    {M_item_sources, WHOLE, AUTHORS},
    {M_items_import, WHOLE, EDITOR},
    {M_items_export, WHOLE, AUTHORS},
    {M_items_submit, WHOLE, EDITOR},
    {M_items_approve, WHOLE, REVIEWER},
    {M_items_return, WHOLE, REVIEWER},
    {M_items_retire, WHOLE, REVIEWER},
    {M_policy_create, WHOLE, EXAMS},
    {M_blueprint_create, WHOLE, EXAMS},
    {M_blueprint_get, WHOLE, AUTHORS | EXAMS},
    {M_policy_exposure, WHOLE, EXAMS},
    {M_item_correct, WHOLE, EXAMS},
    {M_regrades, WHOLE, EXAMS},
};
enum { RIGHTS = sizeof(rights) / sizeof(rights[0]) };

static const struct right *right_of(uint16_t method)
{
    for (size_t i = 0; i < RIGHTS; i++) {
        if (rights[i].method == method)
            return &rights[i];
    }
    return NULL;
}

/* --- the rows --- */

Test(roles, every_method_is_known_and_opens_what_it_should)
{
    size_t n = 0;
    for (size_t i = 0; i < proto_n_methods; i++) {
        const struct method *method = &proto_methods[i];
        if (method->number >> 8 != SERVICE_assessment)
            continue;
        const struct right *right = right_of(method->number);
        cr_assert_not_null(right, "%s stands in no row of this test", method->name);
        cr_expect_eq(method->roles & ANY_ROLE, right->roles, "%s", method->name);
        cr_expect_eq(!!(method->roles & NATIONAL), right->reach == WHOLE, "%s", method->name);
        n++;
    }
    cr_expect_eq(n, RIGHTS);
}

/* Each role alone, held for a part of the nation and for all of it. */
Test(roles, skeleton_lets_in_whom_it_should)
{
    for (size_t i = 0; i < RIGHTS; i++) {
        const struct method *method = method_find(rights[i].method);
        for (size_t k = 0; k < proto_n_roles; k++) {
            uint32_t role = proto_roles[k].bit;
            struct grant part = {.unit_id = U(PROVINCE), .roles = role};
            struct grant whole = {.unit_id = U(NATION), .roles = role | NATIONAL};
            bool may = rights[i].roles & role;
            cr_expect_eq(grant_allows(&part, method->roles) != 0, may && rights[i].reach != WHOLE, "%s, %s",
                         method->name, proto_roles[k].name);
            cr_expect_eq(grant_allows(&whole, method->roles) != 0, may, "%s, %s", method->name, proto_roles[k].name);
        }
    }
}

/* --- requests made from descriptors --- */

static struct uuid id_for(const char *name)
{
    static const struct {
        const char *name;
        uint32_t id;
    } ids[] = {{"attempt_id", ATTEMPT},     {"unit_id", OFFICE},         {"appeal_id", APPEAL},
               {"programme_id", PROGRAMME}, {"blueprint_id", BLUEPRINT}, {"bank_id", BANK},
               {"policy_id", POLICY},       {"version_id", ITEM},        {"framework_id", FRAMEWORK},
               {"request_id", FRESH},       {"regrade_id", FRESH + 1}};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        if (!strcmp(ids[i].name, name))
            return U(ids[i].id);
    }
    cr_assert_fail("%s: say which one", name);
    return U(0);
}

static struct span text_for(const char *name)
{
    return !strcmp(name, "state") ? S("rejected") : !strcmp(name, "mode") ? S("credit") : S("1");
}

static bool choose_id(void *who, const struct msg *msg, const struct field *field, struct uuid *ret_id)
{
    (void)who;
    (void)msg;
    *ret_id = id_for(field->name);
    return true;
}

static struct span choose_text(void *who, const struct msg *msg, const struct field *field)
{
    (void)who;
    (void)msg;
    return text_for(field->name);
}

/* A message with what it must have. */
static void *made(struct harness *h, const struct msg *msg)
{
    static const struct any_values values = {.id = choose_id, .text = choose_text};
    void *message = any_message(&h->arena, msg, &values);
    cr_assert(message, "%s", msg->name);
    return message;
}

/* A reply that is a list and nothing else: without rows it says nothing. */
static bool empty_reply(const struct msg *msg, const char *reply)
{
    return msg->fields[0].type == T_LIST && *(const uint32_t *)(const void *)(reply + msg->fields[0].offset_n) == 0;
}

/* --- the handlers --- */

static struct harness *trial;
static const struct method *trial_method;
static int trial_code;
static bool trial_empty;

/* The scope that the skeleton gives. */
static void set_scope(struct harness *h, const struct method *method)
{
    h->ctx.method = method;
    h->ctx.n_scope = 0;
    for (uint32_t i = 0; i < h->head.n_grants; i++) {
        if (grant_allows(&h->head.grants[i], method->roles))
            h->ctx.scope[h->ctx.n_scope++] = h->head.grants[i].unit_id;
    }
}

static int call_handler(struct ctx *ctx)
{
    const struct call_header *heads[1] = {ctx->head};
    struct fault fault = {0};
    uint32_t retry_ms = 0;
    struct batch batch = {.n = 1, .head = heads, .fault = &fault, .retry_ms = &retry_ms};
    void *req = made(trial, trial_method->in);
    char *reply = arena_alloc(ctx->arena, trial_method->out->size);
    cr_assert(reply);
    if (trial_method->number == M_appeal_open)
        ((struct appeal_draft *)req)->appeal_id = U(FRESH + 2);
    for (const struct binding *b = bindings; b->number; b++) {
        if (b->number == trial_method->number)
            trial_code = b->call(ctx, &batch, req, reply);
    }
    if (!trial_code)
        trial_code = fault.code;
    trial_empty = empty_reply(trial_method->out, reply);
    return ERR_STATE; /* so that nothing of it stays */
}

/* The handler's code, as the caller that `h` has; nothing is kept. */
static int try_it(struct harness *h, uint16_t number)
{
    trial = h;
    trial_method = method_find(number);
    trial_code = -1;
    set_scope(h, trial_method);
    cr_assert_eq(harness_tick(h, call_handler), ERR_STATE);
    cr_assert_neq(trial_code, -1, "%s", trial_method->name);
    arena_clear(&h->arena);
    return trial_code;
}

/* Lan's attempt is graded, has a fact, and an appeal is open. */
static struct harness *open_all(void)
{
    struct harness *h = open_exam();
    sat_usual(h, ATTEMPT, LAN);
    harness_sql(h, "INSERT INTO integrity_fact (attempt_id, kind, figure, bound) VALUES (u(%d), 'devices', 9, 4)",
                ATTEMPT);
    return h;
}

static void open_appeal(struct harness *h)
{
    harness_sql(h, "INSERT INTO appeal (appeal_id, attempt_id, person_id, reason) VALUES (u(%d), u(%d), u(%d), 'x')",
                APPEAL, ATTEMPT, LAN);
}

Test(roles, officers_inside_and_outside_of_the_subtree, .timeout = 60)
{
    static const uint32_t inside[] = {OFFICE, PROVINCE, NATION}, outside[] = {ELSEWHERE, DESK, 4444};
    struct harness *h = open_all();
    open_appeal(h);
    for (size_t i = 0; i < RIGHTS; i++) {
        if (rights[i].reach != SUBTREE)
            continue;
        const char *name = method_find(rights[i].method)->name;
        for (size_t k = 0; k < 3; k++) {
            harness_as(h, U(OFFICER), rights[i].roles, U(inside[k]));
            cr_expect_eq(try_it(h, rights[i].method), 0, "%s from %u", name, inside[k]);
            cr_expect_not(trial_empty, "%s from %u", name, inside[k]);
            harness_as(h, U(OFFICER), rights[i].roles, U(outside[k]));
            int code = try_it(h, rights[i].method);
            cr_expect(code == ERR_FORBIDDEN || code == ERR_NOT_FOUND || (!code && trial_empty), "%s from %u: %d", name,
                      outside[k], code);
        }
    }
    cr_expect_str_eq(harness_get(h, "SELECT state FROM attempt"), "graded");
    harness_close(h);
}

/* Other roles inside do not make an officer of elsewhere one of here. */
Test(roles, other_roles_do_not_widen_the_subtree, .timeout = 60)
{
    struct harness *h = open_all();
    open_appeal(h);
    for (size_t i = 0; i < RIGHTS; i++) {
        if (rights[i].reach != SUBTREE)
            continue;
        for (size_t k = 0; k < proto_n_roles; k++) {
            if (rights[i].roles & proto_roles[k].bit)
                continue;
            harness_as(h, U(OFFICER), rights[i].roles, U(ELSEWHERE));
            harness_also(h, proto_roles[k].bit | NATIONAL, U(NATION));
            int code = try_it(h, rights[i].method);
            cr_expect(code == ERR_FORBIDDEN || code == ERR_NOT_FOUND || (!code && trial_empty), "%s as %s: %d",
                      method_find(rights[i].method)->name, proto_roles[k].name, code);
        }
    }
    harness_close(h);
}

/* What belongs to Lan is found by Lan, by nobody else, wherever they are learners. */
Test(roles, what_is_ones_own, .timeout = 60)
{
    struct harness *h = open_all();
    for (size_t i = 0; i < RIGHTS; i++) {
        if (rights[i].reach != OWN || rights[i].method == M_attempt_start)
            continue;
        const char *name = method_find(rights[i].method)->name;
        if (rights[i].method == M_my_appeals)
            open_appeal(h);
        harness_as(h, U(LAN), LEARNER, U(OFFICE));
        int code = try_it(h, rights[i].method);
        cr_expect(code != ERR_FORBIDDEN && code != ERR_NOT_FOUND && (code || !trial_empty), "%s: %d", name, code);
        harness_as(h, U(MINH), LEARNER, U(NATION));
        code = try_it(h, rights[i].method);
        cr_expect(code == ERR_FORBIDDEN || code == ERR_NOT_FOUND || (!code && trial_empty), "%s: %d", name, code);
    }
    harness_close(h);
}

/* Of the rest the handlers say the same from wherever: who may not ask has been turned away before. */
Test(roles, what_is_for_all_or_for_the_nation, .timeout = 60)
{
    static const uint16_t reading[] = {M_attempt_keys, M_policy_get,   M_receipt_check, M_banks,    M_items,
                                       M_item_sources, M_items_export, M_blueprint_get, M_regrades, M_policy_exposure};
    struct harness *h = open_all();
    for (size_t i = 0; i < sizeof(reading) / sizeof(reading[0]); i++) {
        harness_as(h, U(OFFICER), ANY_ROLE | NATIONAL, U(NATION));
        int code = try_it(h, reading[i]);
        cr_expect_eq(code, 0, "%s: %d", method_find(reading[i])->name, code);
    }
    harness_close(h);
}
