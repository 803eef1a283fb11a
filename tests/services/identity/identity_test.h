/* identity_test.h - what the tests of identity share: a configuration with keys of its own, a small tree, small files.
 */
#ifndef IDENTITY_TEST_H
#define IDENTITY_TEST_H

#include "harness.h"
#include "identity.h"
#include "pg_conn.h"
#include "provider.h"
#include "session.h"
#include <criterion/criterion.h>
#include <sodium.h>

/* The secret half of the box key: the service never has it. */
static unsigned char box_secret[SEAL_KEY_BYTES];
static unsigned char sign_public[TOKEN_PUBLIC_BYTES];
static struct identity_conf conf;
static struct providers no_providers;

static inline void make_conf(void)
{
    unsigned char hash_key[SEAL_KEY_BYTES], box_public[SEAL_KEY_BYTES];
    char hash_hex[65], box_hex[65];
    cr_assert(sodium_init() >= 0);
    randombytes_buf(hash_key, sizeof(hash_key));
    crypto_box_keypair(box_public, box_secret);
    sodium_bin2hex(hash_hex, sizeof(hash_hex), hash_key, sizeof(hash_key));
    sodium_bin2hex(box_hex, sizeof(box_hex), box_public, sizeof(box_public));
    conf = (struct identity_conf){
        .provider_dir = "",
        .providers = &no_providers,
        .pending_days = 90,
        .decree_people_at_once = 50000,
        .access_minutes = 15,
        .session_idle_minutes = 480,
        .session_max_hours = 168,
        .spool_dir = "/tmp",
        .roster_most_rows = 1000000,
    };
    cr_assert_eq(seal_keys_parse(&conf.keys_at_start, S(hash_hex), S(box_hex)), 0);
    crypto_sign_keypair(sign_public, conf.sign_key);
    randombytes_buf(conf.refresh_mac_key, sizeof(conf.refresh_mac_key));
}

static struct harness *h;

static inline void open_identity(void)
{
    make_conf();
    h = harness_open("identity", service_sql, false, &conf);
}

static inline void close_identity(void)
{
    harness_close(h);
}

/* A test with the schema open; not a suite's init, which the shim for ThreadSanitizer does not know. */
#define IDENTITY_TEST(suite, name) Test(suite, name, .init = open_identity, .fini = close_identity, .timeout = 60)

/* The whole transaction as the skeleton leaves it: what was not committed is rolled back. */
static inline int settled(int code)
{
    pg_settle(h->ctx.pg);
    return code;
}

/* Expects a code and, when it is an error, the field it is about. */
#define EXPECT_FAULT(call, expected_code, expected_field)                                                              \
    do {                                                                                                               \
        int code_ = settled(call);                                                                                     \
        cr_expect_eq(code_, expected_code, "%s: code %d, field %s", #call, code_, h->ctx.fault.field);                 \
        cr_expect(code_ == 0 || !strcmp(h->ctx.fault.field, expected_field), "%s: field %s", #call,                    \
                  h->ctx.fault.field);                                                                                 \
    } while (0)

static inline struct uuid uuid_of(const char *text)
{
    struct uuid uuid = {{0}};
    cr_assert_eq(uuid_parse(S(text), &uuid), 0, "%s is not an id", text);
    return uuid;
}

/* Id of the unit with this code, as of today. */
static inline struct uuid unit_id(const char *code)
{
    return uuid_of(harness_get(h, "SELECT unit_id FROM unit_now WHERE code = '%s'", code));
}

static inline struct uuid person_id(const char *full_name)
{
    return uuid_of(harness_get(h, "SELECT person_id FROM person WHERE full_name = '%s'", full_name));
}

#define NATIONAL_OF_FIRST "999069000001"

/* The first operator, who is then the caller. */
static inline void bootstrap(void)
{
    struct operator_first first = {.national_id = S(NATIONAL_OF_FIRST), .full_name = S("Nguyễn Văn Nhân")};
    struct accepted accepted;
    cr_assert_eq(settled(on_operator_bootstrap(&h->ctx, &first, &accepted)), 0);
    harness_as(h, person_id("Nguyễn Văn Nhân"), LEARNER | NATIONAL_OPERATOR, unit_id("VN"));
}

static struct import_report report;

static inline void import_csv(int (*handler)(struct ctx *, const struct import_file *, struct import_report *),
                              const char *csv, bool dry_run)
{
    struct import_file file = {.csv = S(csv)};
    struct fault fault;
    PUT_FIELD(&file, import_file, dry_run, dry_run);
    report = (struct import_report){0};
    int code = settled(handler(&h->ctx, &file, &report));
    cr_assert_eq(code, 0, "code %d about %s", code, h->ctx.fault.field);
    cr_assert_eq(msg_check(&msg_import_report, &report, &fault), 0, "the report's %s is out of bounds", fault.field);
    cr_assert_eq(report.rows, report.created + report.changed + report.unchanged + report.refused);
}

#define UNIT_HEAD_LINE   "code,parent_code,kind,name,name_en,valid_from\n"
#define ROSTER_HEAD_LINE "national_id,full_name,birth_date,unit_code,position,leader,roles\n"

static inline void import_units(const char *rows)
{
    import_csv(on_units_import, arena_printf(&h->arena, UNIT_HEAD_LINE "%s", rows), false);
}

/* Uploads a file as the caller, in parts of this many bytes. */
static inline struct uuid upload_file(struct span file, uint32_t part_bytes)
{
    struct upload_open open = {.upload_id = uuid7(), .name = SPAN("roster.csv"), .bytes = file.n};
    struct upload_state state;
    cr_assert_eq(settled(on_upload_open(&h->ctx, &open, &state)), 0, "field %s", h->ctx.fault.field);
    for (uint32_t at = 0; at < file.n; at += part_bytes) {
        struct upload_part part = {.upload_id = open.upload_id, .offset = at};
        part.bytes = (struct span){file.p + at, file.n - at < part_bytes ? file.n - at : part_bytes};
        cr_assert_eq(settled(on_upload_part(&h->ctx, &part, &state)), 0, "part at %u, field %s", at,
                     h->ctx.fault.field);
    }
    return open.upload_id;
}

/* What the last import came to, beside `report`. */
static struct import_state imported;

/* The job, as its thread runs it. */
static inline int run_rosters(void)
{
    struct arena arena;
    struct ctx ctx = h->ctx;
    arena_init(&arena, 64 << 20);
    ctx.arena = &arena;
    int code = settled(rosters_run(&ctx));
    arena_release(&arena);
    return code;
}

/* An officer who may import for this unit, on record: an import looks again before each slice. */
static inline void make_officer(const char *full_name, const char *unit_code)
{
    harness_sql(h,
                "INSERT INTO role_grant (parent_grant_id, person_id, role, bit, gives, unit_id, granted_by, reason)"
                " SELECT g.grant_id, p.person_id, 'identity_officer', %d, 0, u.unit_id, g.person_id, 'test'"
                " FROM person p, unit u, role_grant g"
                " WHERE p.full_name = '%s' AND u.code = '%s' AND g.parent_grant_id IS NULL",
                IDENTITY_OFFICER, full_name, unit_code);
}

/* Reads `imported`, and `report` from it. */
static inline void take_report(struct uuid import_id)
{
    struct import_ref ref = {.import_id = import_id};
    struct faults_page page = {.import_id = import_id, .most = 1000};
    struct fault fault;
    cr_assert_eq(settled(on_import_get(&h->ctx, &ref, &imported)), 0);
    cr_assert_eq(msg_check(&msg_import_state, &imported, &fault), 0, "the state's %s is out of bounds", fault.field);
    report = (struct import_report){.dry_run = imported.dry_run,
                                    .rows = imported.rows,
                                    .created = imported.created,
                                    .changed = imported.changed,
                                    .unchanged = imported.unchanged,
                                    .refused = imported.refused};
    cr_assert_eq(settled(pg_list(&h->ctx, &SQL_import_fault_rows, &page, 1000, &report.faults, &report.n_faults)), 0);
    cr_assert_eq(msg_check(&msg_import_report, &report, &fault), 0, "the report's %s is out of bounds", fault.field);
}

/* Imports a whole file as the caller; `req` may say how, its ids are made here. */
static inline struct uuid import_roster_file(struct span file, const struct import_request *req)
{
    struct import_request request = req ? *req : (struct import_request){0};
    struct import_state state;
    request.import_id = uuid7();
    request.upload_id = upload_file(file, 1 << 20);
    int code = settled(on_import_begin(&h->ctx, &request, &state));
    cr_assert_eq(code, 0, "code %d about %s", code, h->ctx.fault.field);
    cr_assert_eq(run_rosters(), 0);
    take_report(request.import_id);
    return request.import_id;
}

static inline void import_roster(const char *rows)
{
    import_roster_file(S(arena_printf(&h->arena, ROSTER_HEAD_LINE "%s", rows)), NULL);
    if (!strcmp(arena_printf(&h->arena, "%.*s", (int)imported.state.n, imported.state.p), "done"))
        cr_assert_eq(report.rows, report.created + report.changed + report.unchanged + report.refused);
}

static inline void expect_counts(uint32_t created, uint32_t changed, uint32_t unchanged, uint32_t refused)
{
    cr_expect(report.created == created && report.changed == changed && report.unchanged == unchanged &&
                  report.refused == refused,
              "%u created, %u changed, %u unchanged, %u refused", report.created, report.changed, report.unchanged,
              report.refused);
}

static inline void expect_row_fault(uint32_t i, uint32_t line, const char *field)
{
    cr_assert_lt(i, report.n_faults, "there are %u faults", report.n_faults);
    const struct row_fault *f = &report.faults[i];
    cr_expect(f->line == line && f->field.n == strlen(field) && !memcmp(f->field.p, field, f->field.n),
              "fault %u: line %u, field %.*s: %.*s", i, f->line, (int)f->field.n, f->field.p, (int)f->message_en.n,
              f->message_en.p);
}

/* Two provinces, one with a department and a commune. */
#define SMALL_TREE                                                                                                     \
    "T44,VN,province,Tỉnh Quảng Trị,Quang Tri Province,2025-07-01\n"                                             \
    "T66,VN,province,Tỉnh Đắk Lắk,Dak Lak Province,2025-07-01\n"                                                \
    "S44,T44,department,Sở Nội vụ,Department of Home Affairs,2025-07-01\n"                                       \
    "P44,S44,unit,Phòng Tổ chức,,2025-07-01\n"                                                                    \
    "X44,T44,commune,Xã Minh Hoá,Minh Hoa Commune,2025-07-01\n"

#define SMALL_ROSTER                                                                                                   \
    "999079000002,Trần Thị Hoa,1979-04-14,S44,Trưởng phòng,true,unit_head\n"                                   \
    "999079000003,Lê Văn Nam,1979-05-14,P44,Chuyên viên,false,\n"                                                  \
    "999079000004,Phạm Thị Mai,1980-01-02,X44,Chủ tịch,true,unit_head;editor@T44\n"                            \
    "999079000005,Hồ Văn Sơn,1980-01-03,T66,Chuyên viên,false,\n"

static inline void small_nation(void)
{
    bootstrap();
    import_units(SMALL_TREE);
    expect_counts(5, 0, 0, 0);
    import_roster(SMALL_ROSTER);
    expect_counts(4, 0, 0, 0);
}

/* A session for an account that stands as it is. */
static inline int session_for(struct ctx *ctx, const struct link_outcome *who, const struct session_origin *from,
                              struct session_tokens *ret_tokens)
{
    struct login_step step = {.account_id = who->account_id, .state = SPAN("pending")};
    if (who->standing == STANDING_LINKED) {
        step.state = SPAN("linked");
        PUT_FIELD(&step, login_step, person_id, who->person_id);
    }
    return session_open(ctx, who, from, &step, ret_tokens);
}

/* The part of a login that follows the provider's answer. */
static inline int log_in_by(struct ctx *ctx, struct span provider, const struct claims *claims,
                            struct link_outcome *ret_who)
{
    struct session_origin from = {.provider = provider};
    struct session_tokens tokens;
    return session_admit(ctx, claims, &from, ret_who, &tokens);
}

/* A session as a login opens it: the account `subject` of provider openid is this person's. */
static inline int open_session_of(const char *full_name, const char *subject, struct session_tokens *ret_tokens)
{
    struct uuid person = person_id(full_name);
    struct session_origin from = {.provider = SPAN("openid")};
    char text[UUID_TEXT];
    uuid_format(&person, text);
    harness_sql(
        h,
        "INSERT INTO account (account_id, provider, subject, state, person_id, full_name, national_hash, hash_key,"
        " national_box, box_key) SELECT hocvu.uuid7(), 'openid', '%s', 'linked', person_id, full_name,"
        " national_hash, hash_key, national_box, box_key FROM person WHERE person_id = '%s'"
        " ON CONFLICT (provider, subject) DO NOTHING",
        subject, text);
    struct link_outcome who = {
        .standing = STANDING_LINKED,
        .account_id = uuid_of(harness_get(h, "SELECT account_id FROM account WHERE subject = '%s'", subject)),
        .person_id = person,
    };
    return settled(session_for(&h->ctx, &who, &from, ret_tokens));
}

/* The tenures that were told, one a row, in their order. */
#define TOLD                                                                                                           \
    "(SELECT row_number() OVER (ORDER BY o.id, f.nr) AS id, f.body FROM outbox o, jsonb_array_elements(o.body->"       \
    "'people') WITH ORDINALITY AS f (body, nr) WHERE o.event = 'people_changed') told"

/* Number that harness_get gives. */
static inline long count_of(const char *query)
{
    return strtol(harness_get(h, "SELECT count(*) FROM %s", query), NULL, 10);
}

#endif
