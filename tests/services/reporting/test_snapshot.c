/* test_snapshot.c - frozen reports: what counts at a cut-off, who may freeze and read, and that nothing changes them.
 */
#include "nation.h"
#include <pthread.h>
#include <sodium.h>
#include <unistd.h>

static struct snapshot_request request(uint32_t id, uint32_t unit, const char *cutoff)
{
    return (struct snapshot_request){.snapshot_id = U(id),
                                     .unit_id = U(unit),
                                     .programme_id = U(PROGRAMME),
                                     .period = S("2025-H1"),
                                     .cutoff_date = day(cutoff)};
}

static struct snapshot_request final_request(uint32_t id, uint32_t unit, const char *cutoff)
{
    struct snapshot_request req = request(id, unit, cutoff);
    PUT_FIELD(&req, snapshot_request, final, true);
    return req;
}

static int freeze(struct harness *h, struct snapshot_request req)
{
    struct snapshot reply;
    return on_snapshot_freeze(&h->ctx, &req, &reply);
}

/* The frozen report; it must be a message that can be sent. */
static struct snapshot frozen(struct harness *h, struct snapshot_request req)
{
    struct snapshot reply = {.n_units = 0};
    struct fault fault;
    accepted(h, on_snapshot_freeze(&h->ctx, &req, &reply));
    cr_assert_eq(msg_check(&msg_snapshot, &reply, &fault), 0, "%s", fault.field);
    return reply;
}

static int get(struct harness *h, uint32_t id, struct snapshot *ret_reply)
{
    struct snapshot_ref ref = {.snapshot_id = U(id)};
    struct snapshot reply = {.n_units = 0};
    int code = on_snapshot_get(&h->ctx, &ref, &reply);
    if (!code && ret_reply)
        *ret_reply = reply;
    return code;
}

static struct file csv(struct harness *h, uint32_t id)
{
    struct snapshot_ref ref = {.snapshot_id = U(id)};
    struct file reply = {.has = 0};
    struct fault fault;
    accepted(h, on_snapshot_csv(&h->ctx, &ref, &reply));
    cr_assert_eq(msg_check(&msg_file, &reply, &fault), 0, "%s", fault.field);
    return reply;
}

static void same(struct span a, struct span b)
{
    cr_assert_eq(a.n, b.n, "%.*s", (int)a.n, a.p);
    cr_assert_arr_eq(a.p, b.p, a.n);
}

/* The counts of one unit of a report; "" when it has no such unit. */
static const char *of(struct harness *h, const struct snapshot *s, uint32_t unit)
{
    struct uuid id = U(unit);
    for (uint32_t i = 0; i < s->n_units; i++) {
        if (uuid_equal(&s->units[i].unit_id, &id))
            return line(h, &s->units[i]);
    }
    return "";
}

Test(snapshot, every_unit_by_code_with_the_sums_below)
{
    struct harness *h = nation_open();
    tell_assigned(h, ANH, "2025-02-01T01:00:00Z");
    tell_assigned(h, BINH, "2025-02-01T01:00:00Z");
    tell_assigned(h, DUNG, "2025-02-01T01:00:00Z");
    tell_completed(h, ANH, "2025-02-10T01:00:00Z");
    tell_graded(h, ANH, 1, true, "2025-02-11T01:00:00Z");
    tell_issued(h, ANH, "2025-02-11T01:00:01Z");
    struct snapshot_request req = request(1, QUANG_TRI, "2025-06-14");
    PUT_FIELD(&req, snapshot_request, due_date, day("2025-06-10"));
    struct snapshot s = frozen(h, req);
    cr_assert_eq(s.n_units, 3);
    same(s.units[0].code, S("44"));
    same(s.units[1].code, S("44001"));
    same(s.units[2].code, S("44002"));
    cr_assert_str_eq(line(h, &s.units[0]), "2 1 1 1 / 1 1 1 1");
    cr_assert_str_eq(line(h, &s.units[1]), "2 1 1 1 / 1 1 1 1");
    cr_assert_str_eq(line(h, &s.units[2]), "0 0 0 0 / 0 0 0 0");
    same(s.programme_vi, S("Kỹ năng số cơ bản"));
    same(s.period, S("2025-H1"));
    cr_assert(HAS(&s, snapshot, due_date) && s.due_date == day("2025-06-10"));
    cr_assert_not(s.final);
    cr_assert(uuid_equal(&s.frozen_by, &h->head.subject));
    cr_assert_str_eq(harness_get(h, "SELECT body - 'snapshot_id' - 'unit_id' - 'programme_id' FROM outbox"),
                     "{\"final\": false, \"period\": \"2025-H1\", \"cutoff_date\": \"2025-06-14\"}");
    harness_close(h);
}

Test(snapshot, the_cutoff_day_ends_at_midnight_in_vietnam)
{
    struct harness *h = nation_open();
    tell_assigned(h, ANH, "2025-06-14T23:59:59+07:00");
    tell_assigned(h, BINH, "2025-06-15T00:00:00+07:00");
    tell_assigned(h, CHI, "2025-06-01T00:00:00Z");
    tell_completed(h, CHI, "2025-06-14T17:00:00Z");
    struct snapshot s = frozen(h, request(1, QUANG_TRI, "2025-06-14"));
    cr_assert_str_eq(of(h, &s, QUANG_TRI), "2 0 0 0 / 1 0 0 0");
    s = frozen(h, request(2, QUANG_TRI, "2025-06-15"));
    cr_assert_str_eq(of(h, &s, QUANG_TRI), "3 1 0 0 / 1 0 0 0");
    harness_close(h);
}

Test(snapshot, an_earlier_date_has_its_own_tree_tenures_and_certificates)
{
    struct harness *h = nation_open();
    for (uint32_t person = ANH; person <= CHI; person++) {
        tell_assigned(h, person, "2025-02-01T01:00:00Z");
        tell_completed(h, person, "2025-02-10T01:00:00Z");
        tell_graded(h, person, 1, true, "2025-02-11T01:00:00Z");
        tell_issued(h, person, "2025-02-11T01:00:01Z");
    }
    /* After the cut-off: a commune goes to another province and changes its name, a leader to another commune, a
       certificate is revoked, a unit is founded. Another certificate was revoked before. */
    tell_unit(h, HAI_LANG, QUANG_TRI, "44002", "Xã Hải Lăng", "2020-01-01", "2025-07-01");
    tell_unit(h, HAI_LANG, DAK_LAK, "66002", "Phường Hải Lăng", "2025-07-01", NULL);
    tell_tenure(h, ANH, 1, DONG_HA, true, "2020-01-01", "2025-07-01");
    tell_tenure(h, ANH, 2, BUON_HO, false, "2025-07-01", NULL);
    tell_revoked(h, BINH, "2025-08-01T00:00:00Z");
    tell_revoked(h, CHI, "2025-03-01T00:00:00Z");
    tell_unit(h, 44003, QUANG_TRI, "44003", "Xã Cửa Tùng", "2025-07-01", NULL);
    struct snapshot s = frozen(h, request(1, QUANG_TRI, "2025-06-14"));
    cr_assert_eq(s.n_units, 3);
    cr_assert_str_eq(of(h, &s, QUANG_TRI), "3 3 3 2 / 1 1 1 1");
    cr_assert_str_eq(of(h, &s, DONG_HA), "2 2 2 2 / 1 1 1 1");
    cr_assert_str_eq(of(h, &s, HAI_LANG), "1 1 1 0 / 0 0 0 0");
    same(s.units[2].name, S("Xã Hải Lăng"));
    s = frozen(h, request(2, QUANG_TRI, "2025-09-01"));
    cr_assert_eq(s.n_units, 3);
    cr_assert_str_eq(of(h, &s, QUANG_TRI), "1 1 1 0 / 0 0 0 0");
    cr_assert_str_eq(of(h, &s, 44003), "0 0 0 0 / 0 0 0 0");
    cr_assert_str_eq(of(h, &s, HAI_LANG), "");
    cr_assert_str_eq(rolled(h, QUANG_TRI), "1 1 1 0 / 0 0 0 0", "the roll-up of today agrees");
    harness_as(h, U(OFFICER), PROVINCE_OFFICER, U(DAK_LAK));
    s = frozen(h, request(3, DAK_LAK, "2025-09-01"));
    cr_assert_str_eq(of(h, &s, DAK_LAK), "2 2 2 1 / 0 0 0 0");
    harness_close(h);
}

Test(snapshot, later_facts_change_nothing_that_is_frozen)
{
    struct harness *h = nation_open();
    struct snapshot later;
    tell_assigned(h, ANH, "2025-02-01T01:00:00Z");
    struct snapshot s = frozen(h, request(1, QUANG_TRI, "2025-06-14"));
    tell_completed(h, ANH, "2025-02-10T01:00:00Z");
    tell_unit(h, DONG_HA, QUANG_TRI, "44001", "Phường Đông Hà mới", "2020-01-01", NULL);
    accepted(h, get(h, 1, &later));
    cr_assert_str_eq(of(h, &later, QUANG_TRI), "1 0 0 0 / 1 0 0 0");
    same(later.units[1].name, S("Phường Đông Hà"));
    same(later.digest, s.digest);
    harness_close(h);
}

Test(snapshot, a_repeated_call_gets_the_first_report)
{
    struct harness *h = nation_open();
    tell_assigned(h, ANH, "2025-02-01T01:00:00Z");
    struct snapshot first = frozen(h, final_request(1, QUANG_TRI, "2025-06-14"));
    tell_assigned(h, BINH, "2025-02-01T01:00:00Z");
    harness_as(h, U(OFFICER + 1), PROVINCE_OFFICER, U(QUANG_TRI));
    struct snapshot again = frozen(h, final_request(1, QUANG_TRI, "2025-06-14"));
    cr_assert_eq(again.frozen_at, first.frozen_at);
    cr_assert(uuid_equal(&again.frozen_by, &first.frozen_by));
    cr_assert_eq(again.n_units, first.n_units);
    cr_assert_str_eq(of(h, &again, QUANG_TRI), "1 0 0 0 / 1 0 0 0");
    same(again.digest, first.digest);
    cr_assert_eq(harness_events(h, "snapshot_frozen"), 1);
    harness_close(h);
}

Test(snapshot, an_id_is_for_one_report)
{
    struct harness *h = nation_open();
    struct snapshot_request req = request(1, QUANG_TRI, "2025-06-14");
    frozen(h, req);
    refused(h, freeze(h, request(1, DONG_HA, "2025-06-14")), ERR_CONFLICT, "snapshot_id");
    refused(h, freeze(h, request(1, QUANG_TRI, "2025-06-13")), ERR_CONFLICT, "snapshot_id");
    refused(h, freeze(h, final_request(1, QUANG_TRI, "2025-06-14")), ERR_CONFLICT, "snapshot_id");
    req.period = S("2025-06");
    refused(h, freeze(h, req), ERR_CONFLICT, "snapshot_id");
    req = request(1, QUANG_TRI, "2025-06-14");
    req.programme_id = U(OTHER_PROGRAMME);
    refused(h, freeze(h, req), ERR_CONFLICT, "snapshot_id");
    req = request(1, QUANG_TRI, "2025-06-14");
    PUT_FIELD(&req, snapshot_request, due_date, day("2025-06-10"));
    refused(h, freeze(h, req), ERR_CONFLICT, "snapshot_id");
    harness_as(h, U(OFFICER), PROVINCE_OFFICER, U(DAK_LAK));
    refused(h, freeze(h, request(1, QUANG_TRI, "2025-06-14")), ERR_FORBIDDEN, "unit_id");
    refused(h, freeze(h, request(1, DAK_LAK, "2025-06-14")), ERR_CONFLICT, "snapshot_id");
    cr_assert_eq(harness_events(h, "snapshot_frozen"), 1);
    harness_close(h);
}

Test(snapshot, a_period_is_closed_once)
{
    struct harness *h = nation_open();
    struct snapshot_request req;
    frozen(h, request(1, QUANG_TRI, "2025-06-14"));
    frozen(h, request(2, QUANG_TRI, "2025-06-14"));
    frozen(h, final_request(3, QUANG_TRI, "2025-06-14"));
    refused(h, freeze(h, final_request(4, QUANG_TRI, "2025-06-15")), ERR_CONFLICT, "period");
    frozen(h, request(5, QUANG_TRI, "2025-06-15"));
    frozen(h, final_request(6, DONG_HA, "2025-06-14"));
    req = final_request(7, QUANG_TRI, "2025-06-14");
    req.period = S("Quý I \xc3\xa1"); /* composed */
    frozen(h, req);
    req.snapshot_id = U(8);
    req.period = S("Quý I a\xcc\x81"); /* the same letters, decomposed */
    refused(h, freeze(h, req), ERR_CONFLICT, "period");
    cr_assert_eq(harness_events(h, "snapshot_frozen"), 6);
    harness_close(h);
}

Test(snapshot, what_is_refused)
{
    struct harness *h = nation_open();
    struct snapshot_request req = request(1, QUANG_TRI, harness_get(h, "SELECT today() + 1"));
    refused(h, freeze(h, req), ERR_INVALID, "cutoff_date");
    refused(h, freeze(h, request(1, 777, "2025-06-14")), ERR_NOT_FOUND, "unit_id");
    refused(h, freeze(h, request(1, QUANG_TRI, "2019-06-14")), ERR_NOT_FOUND, "unit_id");
    refused(h, freeze(h, request(1, NATION, "2025-06-14")), ERR_FORBIDDEN, "unit_id");
    refused(h, freeze(h, request(1, BUON_HO, "2025-06-14")), ERR_FORBIDDEN, "unit_id");
    req = request(1, QUANG_TRI, "2025-06-14");
    req.programme_id = U(OTHER_PROGRAMME);
    refused(h, freeze(h, req), ERR_NOT_FOUND, "programme_id");
    static const char *const periods[] = {" 2025-H1", "2025-H1 ", "2025\nH1", "2025\tH1", " "};
    for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
        req = request(1, QUANG_TRI, "2025-06-14");
        req.period = S(periods[i]);
        refused(h, freeze(h, req), ERR_INVALID, "period");
    }
    cr_assert_eq(harness_events(h, "snapshot_frozen"), 0);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM snapshot"), "0");
    frozen(h, request(1, QUANG_TRI, harness_get(h, "SELECT today()")));
    harness_close(h);
}

Test(snapshot, who_may_read)
{
    struct harness *h = nation_open();
    struct snapshot_ref ref = {.snapshot_id = U(1)};
    struct file file;
    frozen(h, request(1, QUANG_TRI, "2025-06-14"));
    frozen(h, request(2, DONG_HA, "2025-06-14"));
    accepted(h, get(h, 1, NULL));
    accepted(h, get(h, 2, NULL));
    refused(h, get(h, 3, NULL), ERR_NOT_FOUND, "snapshot_id");
    harness_as(h, U(OFFICER), UNIT_HEAD, U(DONG_HA));
    accepted(h, get(h, 2, NULL));
    refused(h, get(h, 1, NULL), ERR_NOT_FOUND, "snapshot_id");
    refused(h, on_snapshot_csv(&h->ctx, &ref, &file), ERR_NOT_FOUND, "snapshot_id");
    harness_as(h, U(OFFICER), PROVINCE_OFFICER, U(DAK_LAK));
    refused(h, get(h, 2, NULL), ERR_NOT_FOUND, "snapshot_id");
    harness_as(h, U(OFFICER), NATIONAL_OPERATOR, U(NATION));
    accepted(h, get(h, 1, NULL));
    harness_close(h);
}

Test(snapshot, the_report_of_a_unit_that_is_no_more)
{
    struct harness *h = nation_open();
    tell_assigned(h, CHI, "2025-02-01T01:00:00Z");
    frozen(h, request(1, HAI_LANG, "2025-06-14"));
    tell_unit(h, HAI_LANG, QUANG_TRI, "44002", "Xã Hải Lăng", "2020-01-01", "2025-07-01");
    accepted(h, get(h, 1, NULL));
    frozen(h, request(2, HAI_LANG, "2025-06-14"));
    refused(h, freeze(h, request(3, HAI_LANG, "2025-07-01")), ERR_NOT_FOUND, "unit_id");
    harness_as(h, U(OFFICER), PROVINCE_OFFICER, U(DAK_LAK));
    refused(h, get(h, 1, NULL), ERR_NOT_FOUND, "snapshot_id");
    refused(h, freeze(h, request(4, HAI_LANG, "2025-06-14")), ERR_FORBIDDEN, "unit_id");
    harness_close(h);
}

Test(snapshot, csv_bytes_and_digest)
{
    struct harness *h = nation_open();
    uint8_t digest[crypto_hash_sha256_BYTES];
    tell_unit(h, 44004, QUANG_TRI, "44004", "=HYPERLINK(\"http://x\",\"y\")", "2020-01-01", NULL);
    tell_unit(h, 44005, QUANG_TRI, "44005", "+84", "2020-01-01", NULL);
    tell_unit(h, 44006, QUANG_TRI, "44006", "-1", "2020-01-01", NULL);
    tell_unit(h, 44007, QUANG_TRI, "@44007", "Xã \"A\", B", "2020-01-01", NULL);
    tell_unit(h, 44008, 44007, "44008", "Thôn = 1", "2020-01-01", NULL);
    tell_assigned(h, ANH, "2025-02-01T01:00:00Z");
    tell_completed(h, ANH, "2025-02-10T01:00:00Z");
    struct snapshot s = frozen(h, final_request(1, QUANG_TRI, "2025-06-14"));
    struct file file = csv(h, 1);
    same(file.content, S("\xef\xbb\xbf"
                         "code,parent_code,name,assigned,completed,passed,certified,"
                         "leaders_assigned,leaders_completed,leaders_passed,leaders_certified\r\n"
                         "44,VN,Tỉnh Quảng Trị,1,1,0,0,1,1,0,0\r\n"
                         "44001,44,Phường Đông Hà,1,1,0,0,1,1,0,0\r\n"
                         "44002,44,Xã Hải Lăng,0,0,0,0,0,0,0,0\r\n"
                         "44004,44,\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",0,0,0,0,0,0,0,0\r\n"
                         "44005,44,'+84,0,0,0,0,0,0,0,0\r\n"
                         "44006,44,'-1,0,0,0,0,0,0,0,0\r\n"
                         "44008,'@44007,Thôn = 1,0,0,0,0,0,0,0,0\r\n"
                         "'@44007,44,\"Xã \"\"A\"\", B\",0,0,0,0,0,0,0,0\r\n"));
    crypto_hash_sha256(digest, (const unsigned char *)file.content.p, file.content.n);
    same(s.digest, (struct span){(const char *)digest, sizeof(digest)});
    same(file.name, S("hocvu-44-2025-H1-2025-06-14-final.csv"));
    same(file.media_type, S("text/csv; charset=utf-8; header=present"));
    struct snapshot_request req = request(2, NATION, "2025-06-14");
    req.period = S("Quý 1/2025");
    harness_as(h, U(OFFICER), NATIONAL_OPERATOR, U(NATION));
    frozen(h, req);
    file = csv(h, 2);
    same(file.name, S("hocvu-VN-Qu---1-2025-2025-06-14-provisional.csv"));
    cr_assert(memmem(file.content.p, file.content.n, "\r\nVN,,Việt Nam,", strlen("\r\nVN,,Việt Nam,")));
    harness_close(h);
}

Test(snapshot, rows_that_do_not_make_the_digest_are_not_handed_out)
{
    struct harness *h = nation_open();
    struct snapshot_ref ref = {.snapshot_id = U(1)};
    struct file file;
    tell_assigned(h, ANH, "2025-02-01T01:00:00Z");
    frozen(h, request(1, QUANG_TRI, "2025-06-14"));
    harness_sql(h, "UPDATE snapshot_row SET completed = 1 WHERE code = '44001'");
    refused(h, get(h, 1, NULL), ERR_INTERNAL, "digest");
    refused(h, on_snapshot_csv(&h->ctx, &ref, &file), ERR_INTERNAL, "digest");
    harness_sql(h, "UPDATE snapshot_row SET completed = 0 WHERE code = '44001'");
    accepted(h, get(h, 1, NULL));
    harness_sql(h,
                "INSERT INTO snapshot_row SELECT snapshot_id, 'zz', unit_id, NULL, NULL, 'x', 1, 1, 1, 1, 0, 0, 0, 0 "
                "FROM snapshot");
    refused(h, get(h, 1, NULL), ERR_INTERNAL, "digest");
    harness_close(h);
}

Test(snapshot, nobody_changes_a_frozen_report)
{
    struct harness *h = nation_open();
    frozen(h, request(1, QUANG_TRI, "2025-06-14"));
    cr_assert(harness_allowed(h, "SELECT * FROM snapshot, snapshot_row"));
    cr_assert_not(harness_allowed(h, "UPDATE snapshot SET final = true"));
    cr_assert_not(harness_allowed(h, "DELETE FROM snapshot"));
    cr_assert_not(harness_allowed(h, "TRUNCATE snapshot CASCADE"));
    cr_assert_not(harness_allowed(h, "UPDATE snapshot_row SET passed = 1"));
    cr_assert_not(harness_allowed(h, "DELETE FROM snapshot_row"));
    cr_assert_not(harness_allowed(h, "TRUNCATE snapshot_row"));
    cr_assert_not(harness_allowed(h, "DROP TABLE snapshot_row"));
    cr_assert_not(harness_allowed(h, "CREATE TABLE reporting.mine ()"));
    harness_close(h);
}

Test(snapshot, five_thousand_units_and_not_one_more)
{
    struct harness *h = nation_open();
    harness_sql(
        h,
        "INSERT INTO unit_version (unit_id, valid_from, parent_id, code, kind, name) "
        "SELECT lpad(to_hex(n), 32, '0')::uuid, '2020-01-01', lpad(to_hex(%u), 32, '0')::uuid, 'x' || n, 'unit', "
        "repeat('\"', 200) FROM generate_series(100001, 104997) n",
        QUANG_TRI);
    struct snapshot s = frozen(h, request(1, QUANG_TRI, "2025-06-14"));
    cr_assert_eq(s.n_units, 5000);
    cr_assert_gt(csv(h, 1).content.n, 2000000);
    tell_unit(h, 44003, QUANG_TRI, "44003", "Xã Cửa Tùng", "2025-01-01", NULL);
    refused(h, freeze(h, request(2, QUANG_TRI, "2025-06-14")), ERR_TOO_LARGE, "unit_id");
    frozen(h, request(2, QUANG_TRI, "2024-12-31"));
    cr_assert_eq(harness_events(h, "snapshot_frozen"), 2);
    harness_close(h);
}

static void *commit_later(void *conn)
{
    usleep(60000);
    PQclear(PQexec(conn, "COMMIT"));
    return NULL;
}

/* Somebody else stores snapshot 2 at the same moment; our insert waits for him. */
static void meanwhile(struct harness *h, PGconn **ret_conn, pthread_t *ret_thread, bool final)
{
    char conninfo[512], sql[1024];
    snprintf(conninfo, sizeof(conninfo), "host=%s user=postgres dbname=%s", getenv("HOCVU_TEST_PG"),
             harness_get(h, "SELECT current_database()"));
    snprintf(sql, sizeof(sql),
             "BEGIN; SET search_path = reporting, hocvu; "
             "INSERT INTO snapshot SELECT lpad('2', 32, '0')::uuid, unit_id, path, programme_id, programme_vi, period, "
             "cutoff_date, due_date, %s, frozen_at, frozen_by, digest FROM snapshot; "
             "INSERT INTO snapshot_row SELECT lpad('2', 32, '0')::uuid, code, unit_id, parent_id, parent_code, name, "
             "assigned, "
             "completed, passed, certified, leaders_assigned, leaders_completed, leaders_passed, leaders_certified "
             "FROM snapshot_row",
             final ? "true" : "false");
    *ret_conn = PQconnectdb(conninfo);
    PGresult *result = PQexec(*ret_conn, sql);
    cr_assert_eq(PQresultStatus(result), PGRES_COMMAND_OK, "%s", PQresultErrorMessage(result));
    PQclear(result);
    cr_assert_eq(pthread_create(ret_thread, NULL, commit_later, *ret_conn), 0);
}

Test(snapshot, two_at_the_same_moment_make_one)
{
    struct harness *h = nation_open();
    PGconn *other;
    pthread_t thread;
    struct snapshot first = frozen(h, request(1, QUANG_TRI, "2025-06-14"));
    meanwhile(h, &other, &thread, false);
    struct snapshot s = frozen(h, request(2, QUANG_TRI, "2025-06-14"));
    pthread_join(thread, NULL);
    cr_assert_eq(s.frozen_at, first.frozen_at, "his report, not ours");
    cr_assert_eq(s.n_units, 3);
    cr_assert_eq(harness_events(h, "snapshot_frozen"), 1);
    PQfinish(other);
    harness_close(h);
}

Test(snapshot, two_finals_at_the_same_moment_make_one)
{
    struct harness *h = nation_open();
    PGconn *other;
    pthread_t thread;
    frozen(h, request(1, QUANG_TRI, "2025-06-14"));
    meanwhile(h, &other, &thread, true);
    refused(h, freeze(h, final_request(3, QUANG_TRI, "2025-06-14")), ERR_CONFLICT, "period");
    pthread_join(thread, NULL);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM snapshot WHERE final"), "1");
    PQfinish(other);
    harness_close(h);
}
