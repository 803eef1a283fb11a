/*
 * nation.h - what the tests of reporting share: a small nation told through the events of the other services, and calls
 * that leave no transaction open.
 *
 *     nation                    people, all since 2020
 *     ├── 44 Quảng Trị          OFFICER's scope
 *     │   ├── 44001 Đông Hà     ANH (leader), BINH
 *     │   └── 44002 Hải Lăng    CHI
 *     └── 66 Đắk Lắk
 *         └── 66001 Buôn Hồ     DUNG
 */
#ifndef TESTS_REPORTING_NATION_H
#define TESTS_REPORTING_NATION_H

#include "org.h"
#include "outcome.h"
#include "rollup.h"
#include "sql.h"
#include <criterion/criterion.h>

enum {
    NATION = 1,
    QUANG_TRI = 44,
    DONG_HA = 44001,
    HAI_LANG = 44002,
    DAK_LAK = 66,
    BUON_HO = 66001,
    PROGRAMME = 500,
    OTHER_PROGRAMME = 501,
    OFFICER = 900,
    ANH = 1001,
    BINH = 1002,
    CHI = 1003,
    DUNG = 1004,
};

static inline int32_t day(const char *text)
{
    int32_t days = 0;
    cr_assert_eq(date_parse(S(text), &days), 0, "%s", text);
    return days;
}

static inline int64_t moment(const char *text)
{
    int64_t us = 0;
    cr_assert_eq(time_parse(S(text), &us), 0, "%s", text);
    return us;
}

/* Handlers may leave a transaction open on failure; the skeleton settles it, so here too. */
static inline int settled(struct harness *h, int code)
{
    pg_settle(h->ctx.pg);
    return code;
}

static inline void accepted(struct harness *h, int code)
{
    cr_assert_eq(settled(h, code), 0, "%s about %s", err_find(code)->name, code ? h->ctx.fault.field : "");
}

#define tell(h, event, fact) cr_assert_eq(harness_event(h, follow_##event, fact), 0, "%s", (h)->ctx.fault.field)

#define tell_many(h, event, n, facts)                                                                                  \
    cr_assert_eq(harness_events_of(h, follow_many_##event, n, facts), 0, "%s", (h)->ctx.fault.field)

static inline void tell_unit(struct harness *h, uint32_t unit, uint32_t parent, const char *code, const char *name,
                             const char *from, const char *to)
{
    struct unit_fact fact = {.unit_id = U(unit),
                             .code = S(code),
                             .kind = S(parent ? "unit" : "nation"),
                             .name = S(name),
                             .valid_from = day(from)};
    if (parent)
        PUT_FIELD(&fact, unit_fact, parent_id, U(parent));
    if (to)
        PUT_FIELD(&fact, unit_fact, valid_to, day(to));
    tell(h, org_changed, &fact);
}

/* One tenure of a person; its id comes from the person's and `nth`. */
static inline void tell_tenure(struct harness *h, uint32_t person, uint32_t nth, uint32_t unit, bool leader,
                               const char *from, const char *to)
{
    struct person_fact fact = {.person_id = U(person),
                               .tenure_id = U(person * 100 + nth),
                               .full_name = S("Nguyễn Văn An"),
                               .unit_id = U(unit),
                               .position = S("Chuyên viên"),
                               .leader = leader,
                               .kind = SPAN("principal"),
                               .valid_from = day(from)};
    if (to)
        PUT_FIELD(&fact, person_fact, valid_to, day(to));
    struct person_facts facts = {.people = &fact, .n_people = 1};
    tell(h, people_changed, &facts);
}

static inline void tell_programme(struct harness *h, uint32_t programme)
{
    struct programme fact = {.programme_id = U(programme),
                             .code = S("KNS"),
                             .version = 1,
                             .title_vi = S("Kỹ năng số cơ bản"),
                             .title_en = S("Basic digital skills"),
                             .framework_code = S("ND224"),
                             .framework_label = S("1")};
    tell(h, programme_published, &fact);
}

static inline void tell_assigned(struct harness *h, uint32_t person, const char *at)
{
    struct enrolment_fact fact = {.person_id = U(person),
                                  .programme_id = U(PROGRAMME),
                                  .assignment_id = U(7000),
                                  .due_date = day("2025-12-01"),
                                  .assigned_at = moment(at)};
    tell(h, learner_assigned, &fact);
}

static inline void tell_completed(struct harness *h, uint32_t person, const char *at)
{
    struct completion_fact fact = {.person_id = U(person), .programme_id = U(PROGRAMME), .completed_at = moment(at)};
    tell(h, programme_completed, &fact);
}

static inline void tell_graded(struct harness *h, uint32_t person, uint16_t number, bool passed, const char *at)
{
    struct grade_fact fact = {.attempt_id = U(person * 100 + number),
                              .person_id = U(person),
                              .programme_id = U(PROGRAMME),
                              .policy_id = U(600),
                              .number = number,
                              .right = passed ? 18 : 9,
                              .items = 20,
                              .passed = passed,
                              .graded_at = moment(at),
                              .result_version = 1};
    tell_many(h, attempt_graded, 1, &fact);
}

static inline struct grade_fact result(uint32_t person, uint16_t number, uint16_t version, bool passed, const char *at)
{
    return (struct grade_fact){.attempt_id = U(person * 100 + number),
                               .person_id = U(person),
                               .programme_id = U(PROGRAMME),
                               .policy_id = U(600),
                               .number = number,
                               .items = 20,
                               .passed = passed,
                               .graded_at = moment(at),
                               .result_version = version};
}

/* A later version of that attempt's result. */
static inline void tell_corrected(struct harness *h, uint32_t person, uint16_t number, uint16_t version, bool passed,
                                  const char *at)
{
    struct grade_fact fact = result(person, number, version, passed, at);
    tell_many(h, attempt_graded, 1, &fact);
}

static inline void tell_voided(struct harness *h, uint32_t person, uint16_t number, const char *at)
{
    struct void_fact fact = {.attempt_id = U(person * 100 + number),
                             .person_id = U(person),
                             .programme_id = U(PROGRAMME),
                             .reason = SPAN("Mất điện"),
                             .at = moment(at)};
    tell(h, attempt_voided, &fact);
}

static inline struct certificate_fact certificate(uint32_t person, const char *at)
{
    return (struct certificate_fact){.certificate_id = U(person * 10),
                                     .number = S("HV-2025-000001"),
                                     .person_id = U(person),
                                     .programme_id = U(PROGRAMME),
                                     .attempt_id = U(person * 100),
                                     .at = moment(at)};
}

static inline void tell_issued(struct harness *h, uint32_t person, const char *at)
{
    struct certificate_fact fact = certificate(person, at);
    tell(h, certificate_issued, &fact);
}

static inline void tell_revoked(struct harness *h, uint32_t person, const char *at)
{
    struct certificate_fact fact = certificate(person, at);
    tell(h, certificate_revoked, &fact);
}

static inline struct harness *nation_open(void)
{
    struct harness *h = harness_open("reporting", service_sql, true, NULL);
    tell_unit(h, NATION, 0, "VN", "Việt Nam", "2020-01-01", NULL);
    tell_unit(h, QUANG_TRI, NATION, "44", "Tỉnh Quảng Trị", "2020-01-01", NULL);
    tell_unit(h, DONG_HA, QUANG_TRI, "44001", "Phường Đông Hà", "2020-01-01", NULL);
    tell_unit(h, HAI_LANG, QUANG_TRI, "44002", "Xã Hải Lăng", "2020-01-01", NULL);
    tell_unit(h, DAK_LAK, NATION, "66", "Tỉnh Đắk Lắk", "2020-01-01", NULL);
    tell_unit(h, BUON_HO, DAK_LAK, "66001", "Phường Buôn Hồ", "2020-01-01", NULL);
    tell_tenure(h, ANH, 1, DONG_HA, true, "2020-01-01", NULL);
    tell_tenure(h, BINH, 1, DONG_HA, false, "2020-01-01", NULL);
    tell_tenure(h, CHI, 1, HAI_LANG, false, "2020-01-01", NULL);
    tell_tenure(h, DUNG, 1, BUON_HO, false, "2020-01-01", NULL);
    tell_programme(h, PROGRAMME);
    harness_as(h, U(OFFICER), PROVINCE_OFFICER, U(QUANG_TRI));
    return h;
}

/* Runs the tick until no mark is left. */
static inline void renew(struct harness *h)
{
    do {
        cr_assert_eq(harness_tick(h, rollup_renew), 0, "%s", h->ctx.fault.field);
    } while (strcmp(harness_get(h, "SELECT count(*) FROM stale"), "0"));
}

/* The counts of a unit as one line: assigned completed passed certified / the same of leaders. */
static inline const char *line(struct harness *h, const struct counts *c)
{
    char *text =
        arena_printf(&h->arena, "%u %u %u %u / %u %u %u %u", c->assigned, c->completed, c->passed, c->certified,
                     c->leaders_assigned, c->leaders_completed, c->leaders_passed, c->leaders_certified);
    cr_assert(text);
    return text;
}

/* The roll-up of one unit as the nation sees it; leaves the caller as it was. */
static inline const char *rolled(struct harness *h, uint32_t unit)
{
    struct rollup_query query = {.unit_id = U(unit), .programme_id = U(PROGRAMME)};
    struct rollup reply;
    struct ctx as_nation = h->ctx;
    as_nation.n_scope = 1;
    as_nation.scope[0] = U(NATION);
    renew(h);
    cr_assert_eq(on_rollup_get(&as_nation, &query, &reply), 0, "%s", as_nation.fault.field);
    cr_assert(uuid_equal(&reply.units[0].unit_id, &query.unit_id));
    return line(h, &reply.units[0]);
}

#endif
