/*
 * forms.h - a bank to make forms of: items in use, enough said about them to be drawn. How items get there is tested
 * elsewhere, so their rows are written by the owner of the tables.
 */
#ifndef TESTS_ASSESSMENT_FORMS_H
#define TESTS_ASSESSMENT_FORMS_H

#include "assessment.h"
#include "harness.h"
#include "pg_conn.h"
#include "sql.h"
#include <criterion/criterion.h>

enum {
    NATION = 900,
    OFFICER = 901,
    PROGRAMME = 1,
    FRAMEWORK = 2,
    BANK = 3,
    BLUEPRINT = 4,
    POLICY = 5,
    AUTHOR = 20,
    APPROVER = 21
};

/* Makes drafts that pass the filter live; the filter speaks of item_version. */
static inline void put_live(struct harness *h, const char *filter)
{
    harness_sql(h,
                "INSERT INTO item_key (version_id, key) SELECT version_id, '2' FROM item_version "
                "WHERE state = 'draft' AND type <> 'situation' AND (%s)",
                filter);
    harness_sql(h, "UPDATE item_version SET state = 'review' WHERE state = 'draft' AND (%s)", filter);
    harness_sql(h,
                "UPDATE item_version SET state = 'live', reviewer_id = '00000000-0000-0000-0000-0000000000%02x', "
                "live_at = now() WHERE state = 'review' AND (%s)",
                (unsigned)APPROVER, filter);
}

static inline void retire(struct harness *h, const char *filter)
{
    harness_sql(h, "UPDATE item_version SET state = 'retired', retired_at = now() WHERE state = 'live' AND (%s)",
                filter);
}

/* `n` live items <prefix>1.. of a group, level and pool; difficulty goes from 20 to 90. */
static inline void add_items(struct harness *h, const char *prefix, uint32_t n, const char *group, uint32_t level,
                             const char *pool)
{
    char filter[64];
    harness_sql(h,
                "INSERT INTO item_version (version_id, bank_id, code, version, type, skill_group, level, pool, stem, "
                "choices, difficulty, author_id, digest) "
                "SELECT md5('%s' || n)::uuid, '00000000-0000-0000-0000-0000000000%02x', '%s' || n, 1, 'single_choice', "
                "'%s', %u, '%s', 'Câu hỏi', '{một,hai}', 20 + n * 37 %% 71, "
                "'00000000-0000-0000-0000-0000000000%02x', '\\x00' FROM generate_series(1, %u) n",
                prefix, (unsigned)BANK, prefix, group, level, pool, (unsigned)AUTHOR, n);
    snprintf(filter, sizeof(filter), "code LIKE '%s%%'", prefix);
    put_live(h, filter);
}

/* A live situation <code> with n items <code>-1.. of a group. */
static inline void add_situation(struct harness *h, const char *code, uint32_t n, const char *group)
{
    char prefix[64], filter[64];
    harness_sql(
        h,
        "INSERT INTO item_version (version_id, bank_id, code, version, type, skill_group, level, stem, author_id, "
        "digest) VALUES (md5('%s')::uuid, '00000000-0000-0000-0000-0000000000%02x', '%s', 1, 'situation', '%s', 1, "
        "'Tình huống', '00000000-0000-0000-0000-0000000000%02x', '\\x00')",
        code, (unsigned)BANK, code, group, (unsigned)AUTHOR);
    snprintf(filter, sizeof(filter), "code = '%s'", code);
    put_live(h, filter);
    harness_sql(
        h,
        "INSERT INTO item_version (version_id, bank_id, code, version, type, skill_group, level, situation, "
        "situation_id, stem, choices, author_id, digest) SELECT md5('%s-' || n)::uuid, "
        "'00000000-0000-0000-0000-0000000000%02x', '%s-' || n, 1, 'single_choice', '%s', 1, '%s', md5('%s')::uuid, "
        "'Câu hỏi', '{một,hai}', '00000000-0000-0000-0000-0000000000%02x', '\\x00' FROM generate_series(1, %u) n",
        code, (unsigned)BANK, code, group, code, code, (unsigned)AUTHOR, n);
    snprintf(prefix, sizeof(prefix), "situation = '%s'", code);
    put_live(h, prefix);
}

/* A programme, a framework and an empty bank; the caller is the exam officer. */
static inline struct harness *open_bank(void)
{
    struct harness *h = harness_open("assessment", service_sql, false, NULL);
    harness_sql(h,
                "INSERT INTO programme VALUES ('00000000-0000-0000-0000-0000000000%02x', 'KNS', 1, 'Kỹ năng số', "
                "'Digital skills')",
                (unsigned)PROGRAMME);
    harness_sql(h, "INSERT INTO framework VALUES ('00000000-0000-0000-0000-0000000000%02x', 'F', '1.0', '{a,b}')",
                (unsigned)FRAMEWORK);
    harness_sql(h,
                "INSERT INTO bank (bank_id, code, title_vi, title_en, framework_id, created_by) VALUES "
                "('00000000-0000-0000-0000-0000000000%02x', 'NH', 'Ngân hàng', 'Bank', "
                "'00000000-0000-0000-0000-0000000000%02x', '00000000-0000-0000-0000-0000000000%02x')",
                (unsigned)BANK, (unsigned)FRAMEWORK, (unsigned)AUTHOR);
    harness_as(h, U(OFFICER), EXAM_OFFICER | NATIONAL, U(NATION));
    return h;
}

/* Draft of the usual blueprint: five of group a, three of group b. The quotas are borrowed. */
static inline struct blueprint_draft usual_blueprint(struct quota quotas[2])
{
    quotas[0] = (struct quota){.skill_group = SPAN("a"), .items = 5};
    quotas[1] = (struct quota){.skill_group = SPAN("b"), .items = 3};
    return (struct blueprint_draft){
        .blueprint_id = U(BLUEPRINT), .code = SPAN("BP"), .bank_id = U(BANK), .quotas = quotas, .n_quotas = 2};
}

static inline struct policy_draft usual_policy(void)
{
    return (struct policy_draft){.policy_id = U(POLICY),
                                 .programme_id = U(PROGRAMME),
                                 .blueprint_id = U(BLUEPRINT),
                                 .pass_percent = 60,
                                 .minutes = 30,
                                 .max_attempts = 2};
}

static inline int make_blueprint(struct harness *h, const struct blueprint_draft *draft, struct blueprint *ret)
{
    struct blueprint ignored;
    int code = on_blueprint_create(&h->ctx, draft, ret ? ret : &ignored);
    pg_settle(h->ctx.pg);
    return code;
}

static inline int make_policy(struct harness *h, const struct policy_draft *draft, struct policy *ret)
{
    struct policy ignored;
    int code = on_policy_create(&h->ctx, draft, ret ? ret : &ignored);
    pg_settle(h->ctx.pg);
    return code;
}

/* Twenty items of each group, the usual blueprint and a policy on it. */
static inline struct harness *open_policy(void)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft blueprint = usual_blueprint(quotas);
    struct policy_draft policy = usual_policy();
    add_items(h, "A", 20, "a", 1, "main");
    add_items(h, "B", 20, "b", 2, "main");
    cr_assert(make_blueprint(h, &blueprint, NULL) == 0, "%s", h->ctx.fault.field);
    cr_assert(make_policy(h, &policy, NULL) == 0, "%s", h->ctx.fault.field);
    return h;
}

#endif
