/* test_rollup.c - roll-ups follow facts and people, stay inside the caller's subtree, and are repaired when they drift.
 */
#include "nation.h"

static const char *const lock = "hashtextextended('reporting.rollup', 0)";

static struct rollup get(struct harness *h, uint32_t unit)
{
    struct rollup_query query = {.unit_id = U(unit), .programme_id = U(PROGRAMME)};
    struct rollup reply = {.n_units = 0};
    accepted(h, on_rollup_get(&h->ctx, &query, &reply));
    return reply;
}

static int ask(struct harness *h, uint32_t unit, uint32_t programme)
{
    struct rollup_query query = {.unit_id = U(unit), .programme_id = U(programme)};
    struct rollup reply;
    return on_rollup_get(&h->ctx, &query, &reply);
}

static void everyone_assigned(struct harness *h)
{
    for (uint32_t person = ANH; person <= DUNG; person++)
        tell_assigned(h, person, "2025-02-01T01:00:00Z");
}

Test(rollup, the_unit_first_then_its_children_with_their_sums)
{
    struct harness *h = nation_open();
    everyone_assigned(h);
    tell_completed(h, ANH, "2025-02-10T01:00:00Z");
    tell_unit(h, 44000, QUANG_TRI, "44000", "Văn phòng tỉnh", "2020-01-01", NULL);
    tell_unit(h, 44100, DONG_HA, "44100", "Phòng Văn hóa", "2020-01-01", NULL);
    tell_tenure(h, 1005, 1, QUANG_TRI, true, "2020-01-01", NULL);
    tell_assigned(h, 1005, "2025-02-01T01:00:00Z");
    tell_tenure(h, 1006, 1, 44100, false, "2020-01-01", NULL);
    tell_assigned(h, 1006, "2025-02-01T01:00:00Z");
    renew(h);
    struct rollup reply = get(h, QUANG_TRI);
    struct fault fault;
    static const char *const codes[] = {"44", "44000", "44001", "44002"};
    static const char *const lines[] = {"5 1 0 0 / 2 1 0 0", "0 0 0 0 / 0 0 0 0", "3 1 0 0 / 1 1 0 0",
                                        "1 0 0 0 / 0 0 0 0"};
    cr_assert_eq(msg_check(&msg_rollup, &reply, &fault), 0, "%s", fault.field);
    cr_assert_eq(reply.n_units, 4);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(reply.units[i].code.n, strlen(codes[i]));
        cr_assert_arr_eq(reply.units[i].code.p, codes[i], strlen(codes[i]));
        cr_assert_str_eq(line(h, &reply.units[i]), lines[i], "%s: %s", codes[i], line(h, &reply.units[i]));
    }
    cr_assert(uuid_equal(&reply.units[2].parent_id, &reply.units[0].unit_id));
    harness_close(h);
}

Test(rollup, a_unit_without_anyone_assigned_shows_zeros)
{
    struct harness *h = nation_open();
    struct rollup reply = get(h, QUANG_TRI);
    cr_assert_eq(reply.n_units, 3);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert_str_eq(line(h, &reply.units[i]), "0 0 0 0 / 0 0 0 0");
    harness_close(h);
}

Test(rollup, only_within_the_subtree)
{
    struct harness *h = nation_open();
    accepted(h, ask(h, QUANG_TRI, PROGRAMME));
    accepted(h, ask(h, DONG_HA, PROGRAMME));
    refused(h, ask(h, NATION, PROGRAMME), ERR_FORBIDDEN, "unit_id");
    refused(h, ask(h, DAK_LAK, PROGRAMME), ERR_FORBIDDEN, "unit_id");
    refused(h, ask(h, BUON_HO, PROGRAMME), ERR_FORBIDDEN, "unit_id");
    refused(h, ask(h, 777, PROGRAMME), ERR_NOT_FOUND, "unit_id");
    refused(h, ask(h, QUANG_TRI, OTHER_PROGRAMME), ERR_NOT_FOUND, "programme_id");
    harness_as(h, U(OFFICER), UNIT_HEAD, U(DONG_HA));
    accepted(h, ask(h, DONG_HA, PROGRAMME));
    refused(h, ask(h, HAI_LANG, PROGRAMME), ERR_FORBIDDEN, "unit_id");
    refused(h, ask(h, QUANG_TRI, PROGRAMME), ERR_FORBIDDEN, "unit_id");
    harness_also(h, UNIT_HEAD, U(DAK_LAK));
    accepted(h, ask(h, BUON_HO, PROGRAMME));
    h->ctx.n_scope = 0;
    refused(h, ask(h, DONG_HA, PROGRAMME), ERR_FORBIDDEN, "unit_id");
    harness_close(h);
}

Test(rollup, a_person_who_moves_takes_progress_along)
{
    struct harness *h = nation_open();
    everyone_assigned(h);
    tell_completed(h, ANH, "2025-02-10T01:00:00Z");
    cr_assert_str_eq(rolled(h, DONG_HA), "2 1 0 0 / 1 1 0 0");
    tell_tenure(h, ANH, 1, DONG_HA, true, "2020-01-01", "2025-05-01");
    cr_assert_str_eq(rolled(h, DONG_HA), "1 0 0 0 / 0 0 0 0", "between two tenures a person counts nowhere");
    tell_tenure(h, ANH, 2, BUON_HO, false, "2025-05-01", NULL);
    cr_assert_str_eq(rolled(h, DONG_HA), "1 0 0 0 / 0 0 0 0");
    cr_assert_str_eq(rolled(h, BUON_HO), "2 1 0 0 / 0 0 0 0");
    cr_assert_str_eq(rolled(h, NATION), "4 1 0 0 / 0 0 0 0");
    tell_tenure(h, ANH, 2, BUON_HO, true, "2025-05-01", NULL);
    cr_assert_str_eq(rolled(h, BUON_HO), "2 1 0 0 / 1 1 0 0");
    harness_close(h);
}

Test(rollup, a_tenure_that_begins_today_counts_from_today)
{
    struct harness *h = nation_open();
    const char *today = harness_get(h, "SELECT today()"), *tomorrow = harness_get(h, "SELECT today() + 1");
    everyone_assigned(h);
    tell_tenure(h, CHI, 1, HAI_LANG, false, "2020-01-01", today);
    tell_tenure(h, CHI, 2, DONG_HA, false, today, NULL);
    tell_tenure(h, BINH, 1, DONG_HA, false, "2020-01-01", tomorrow);
    tell_tenure(h, BINH, 2, HAI_LANG, false, tomorrow, NULL);
    cr_assert_str_eq(rolled(h, DONG_HA), "3 0 0 0 / 1 0 0 0");
    cr_assert_str_eq(rolled(h, HAI_LANG), "0 0 0 0 / 0 0 0 0");
    /* The day comes: as if it were two days ago that anyone looked, and tomorrow were today. */
    harness_sql(h,
                "UPDATE tenure SET valid_from = valid_from - 1 WHERE valid_from = '%s';"
                "UPDATE tenure SET valid_to = valid_to - 1 WHERE valid_to = '%s';"
                "UPDATE org_day SET day = day - 2",
                tomorrow, tomorrow);
    cr_assert_eq(harness_tick(h, org_today), 0);
    cr_assert_str_eq(rolled(h, DONG_HA), "2 0 0 0 / 1 0 0 0");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 0 0 0 / 0 0 0 0");
    harness_close(h);
}

Test(rollup, a_unit_that_moves_takes_its_people_along)
{
    struct harness *h = nation_open();
    everyone_assigned(h);
    cr_assert_str_eq(rolled(h, QUANG_TRI), "3 0 0 0 / 1 0 0 0");
    tell_unit(h, DONG_HA, QUANG_TRI, "44001", "Phường Đông Hà", "2020-01-01", "2025-05-01");
    tell_unit(h, DONG_HA, DAK_LAK, "44001", "Phường Đông Hà", "2025-05-01", NULL);
    cr_assert_str_eq(rolled(h, QUANG_TRI), "1 0 0 0 / 0 0 0 0");
    cr_assert_str_eq(rolled(h, DAK_LAK), "3 0 0 0 / 1 0 0 0");
    refused(h, ask(h, DONG_HA, PROGRAMME), ERR_FORBIDDEN, "unit_id");
    harness_close(h);
}

Test(rollup, marks_are_counted_once_and_only_by_one_process)
{
    struct harness *h = nation_open();
    everyone_assigned(h);
    tell_completed(h, ANH, "2025-02-10T01:00:00Z");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM stale"), "3", "one mark per unit");
    harness_sql(h, "SELECT pg_advisory_lock(%s)", lock);
    cr_assert_eq(harness_tick(h, rollup_renew), 0);
    cr_assert_eq(harness_tick(h, rollup_sweep), 0);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM stale"), "3", "one mark per unit");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM rollup"), "0");
    harness_sql(h, "SELECT pg_advisory_unlock(%s)", lock);
    cr_assert_eq(harness_tick(h, rollup_renew), 0);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM stale"), "0");
    cr_assert_str_eq(rolled(h, NATION), "4 1 0 0 / 1 1 0 0");
    harness_close(h);
}

/* Another process applies an event to a pair that is marked already: counting must wait for its commit. */
Test(rollup, nothing_is_counted_while_somebody_marks)
{
    struct harness *h = nation_open();
    char conninfo[512];
    tell_assigned(h, BINH, "2025-02-01T01:00:00Z");
    snprintf(conninfo, sizeof(conninfo), "host=%s user=hocvu_reporting dbname=%s", getenv("HOCVU_TEST_PG"),
             harness_get(h, "SELECT current_database()"));
    PGconn *other = PQconnectdb(conninfo);
    PQclear(PQexec(other, "BEGIN"));
    PGresult *result = PQexec(other, "UPDATE progress SET completed_at = now()");
    cr_assert_str_eq(PQcmdTuples(result), "1", "%s", PQresultErrorMessage(result));
    PQclear(result);
    cr_assert_eq(harness_tick(h, rollup_renew), 0);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM stale"), "1");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM rollup"), "0");
    PQclear(PQexec(other, "COMMIT"));
    PQfinish(other);
    cr_assert_eq(harness_tick(h, rollup_renew), 0);
    cr_assert_str_eq(rolled(h, DONG_HA), "1 1 0 0 / 0 0 0 0");
    harness_close(h);
}

Test(rollup, a_row_that_is_right_is_not_written_again)
{
    struct harness *h = nation_open();
    everyone_assigned(h);
    renew(h);
    const char *before = harness_get(h, "SELECT string_agg(ctid::text, ' ' ORDER BY unit_id) FROM rollup");
    harness_sql(h, "INSERT INTO stale (programme_id, unit_id) SELECT programme_id, unit_id FROM rollup");
    renew(h);
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(ctid::text, ' ' ORDER BY unit_id) FROM rollup"), before);
    harness_close(h);
}

Test(rollup, the_sweep_repairs_what_drifted)
{
    struct harness *h = nation_open();
    everyone_assigned(h);
    renew(h);
    harness_sql(h, "UPDATE rollup SET completed = 7 WHERE unit_id = lpad(to_hex(%u), 32, '0')::uuid", DONG_HA);
    harness_sql(h, "DELETE FROM rollup WHERE unit_id = lpad(to_hex(%u), 32, '0')::uuid", BUON_HO);
    harness_sql(h,
                "INSERT INTO rollup VALUES (lpad(to_hex(%u), 32, '0')::uuid, lpad(to_hex(%u), 32, '0')::uuid, "
                "9, 9, 9, 9, 9, 9, 9, 9)",
                PROGRAMME, 31337);
    cr_assert_eq(harness_tick(h, rollup_sweep), 0);
    cr_assert_str_eq(
        harness_get(h, "SELECT string_agg(assigned || '-' || completed, ' ' ORDER BY unit_id) FROM rollup"),
        "0-0 2-0 1-0 1-0");
    harness_close(h);
}

Test(rollup, the_sweep_goes_round)
{
    struct harness *h = nation_open();
    everyone_assigned(h);
    renew(h);
    /* Many slices of units without people; those of the nation come first in the ring. */
    harness_sql(h, "INSERT INTO unit SELECT lpad(to_hex(n), 32, '0')::uuid, NULL, 'x' || n, 'unit', 'x', "
                   "ARRAY[lpad(to_hex(n), 32, '0')::uuid] FROM generate_series(100000, 100250) n");
    harness_sql(h, "UPDATE rollup SET passed = 7");
    cr_assert_eq(harness_tick(h, rollup_sweep), 0);
    cr_assert_str_eq(harness_get(h, "SELECT sum(passed) FROM rollup"), "0");
    harness_sql(h, "UPDATE rollup SET passed = 7");
    int ticks = 0;
    while (ticks < 20 && strcmp(harness_get(h, "SELECT sum(passed) FROM rollup"), "0")) {
        cr_assert_eq(harness_tick(h, rollup_sweep), 0);
        ticks++;
    }
    cr_assert(ticks > 5 && ticks < 20, "%d ticks through the rest of the ring and round", ticks);
    harness_close(h);
}

Test(rollup, more_children_than_a_reply_holds_are_refused)
{
    struct harness *h = nation_open();
    harness_sql(h, "INSERT INTO unit SELECT lpad(to_hex(n), 32, '0')::uuid, q.unit_id, 'x' || n, 'unit', 'x', "
                   "q.path || lpad(to_hex(n), 32, '0')::uuid FROM generate_series(100001, 104997) n, unit q "
                   "WHERE q.code = '44'");
    cr_assert_eq(get(h, QUANG_TRI).n_units, 5000);
    tell_unit(h, 44003, QUANG_TRI, "44003", "Xã Cửa Tùng", "2020-01-01", NULL);
    refused(h, ask(h, QUANG_TRI, PROGRAMME), ERR_TOO_LARGE, "unit_id");
    harness_close(h);
}

Test(rollup, privileges)
{
    struct harness *h = nation_open();
    cr_assert(harness_allowed(h, "UPDATE rollup SET assigned = 0 WHERE false"));
    cr_assert(harness_allowed(h, "DELETE FROM stale WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM rollup WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE rollup SET unit_id = unit_id WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE stale SET unit_id = unit_id WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM sweep"));
    harness_close(h);
}
