/* test_past.c - part of the organisation as of a day agrees with the whole of it, whatever happened to units and
 * people. */
#include "nation.h"

/*
 * Sixty units with up to three versions each, gaps between some, parents that end before their children; three hundred
 * people with up to three tenures, which overlap, end, or begin on one day. The seed is fixed.
 */
static void scatter(struct harness *h)
{
    harness_sql(h,
                "DELETE FROM unit_version; DELETE FROM tenure; SELECT setseed(0.42);"
                "INSERT INTO unit_version (unit_id, valid_from, valid_to, parent_id, code, kind, name) "
                "SELECT lpad(to_hex(n), 32, '0')::uuid, date '2020-01-01' + (v * 400 + random() * 100)::int, "
                "CASE WHEN v < 2 OR random() < 0.2 THEN date '2020-01-01' + (v * 400 + 300 + random() * 100)::int END, "
                "CASE WHEN n > 1 THEN lpad(to_hex(1 + floor(random() * (n - 1))::int), 32, '0')::uuid END, "
                "'c' || n, 'unit', 'U ' || n || '.' || v FROM generate_series(1, 60) n, generate_series(0, 2) v "
                "WHERE v = 0 OR random() < 0.7 + n * 0");
    harness_sql(
        h,
        "INSERT INTO tenure (tenure_id, person_id, full_name, unit_id, position, leader, kind, valid_from, valid_to) "
        "SELECT lpad(to_hex(n * 10 + v), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, 'An', "
        "lpad(to_hex(1 + floor(random() * 60)::int), 32, '0')::uuid, '', random() < 0.1, 'principal', "
        "date '2020-01-01' + (floor(random() * 12) * 100)::int, "
        "CASE WHEN random() < 0.6 THEN date '2021-06-01' + (random() * 1200)::int END "
        "FROM generate_series(1, 300) n, generate_series(0, 2) v WHERE v = 0 OR random() < 0.5 + n * 0");
}

static const char *const days[] = {"2020-03-01", "2021-01-15", "2021-09-01", "2022-06-14", "2023-12-14", "2025-01-01"};
enum { N_DAYS = sizeof(days) / sizeof(days[0]) };

Test(past, a_subtree_is_a_part_of_the_tree)
{
    struct harness *h = nation_open();
    scatter(h);
    for (int i = 0; i < N_DAYS; i++) {
        cr_assert_str_neq(harness_get(h, "SELECT count(*) FROM unit_as_of('%s')", days[i]), "0", "%s", days[i]);
        cr_assert_str_eq(
            harness_get(
                h,
                "WITH land AS MATERIALIZED (SELECT * FROM unit_as_of('%1$s')), "
                "whole AS (SELECT t.unit_id AS top, u.unit_id, u.parent_id, u.code, u.name, "
                "u.path[array_position(u.path, t.unit_id):] AS trail FROM land t JOIN land u "
                "ON u.path @> ARRAY[t.unit_id]), "
                "part AS (SELECT t.unit_id, s.* FROM land t, subtree_as_of(t.unit_id, '%1$s', 1000) s) "
                "SELECT count(*) FROM ((TABLE whole EXCEPT TABLE part) UNION ALL (TABLE part EXCEPT TABLE whole)) d",
                days[i]),
            "0", "%s", days[i]);
        cr_assert_str_eq(harness_get(h,
                                     "SELECT count(*) FROM unit_as_of('%1$s') u "
                                     "WHERE u.path <> path_as_of(u.unit_id, '%1$s')",
                                     days[i]),
                         "0");
        cr_assert_str_eq(harness_get(h,
                                     "SELECT count(*) FROM unit_version v WHERE path_as_of(v.unit_id, '%1$s') <> '{}' "
                                     "AND v.unit_id NOT IN (SELECT unit_id FROM unit_as_of('%1$s'))",
                                     days[i]),
                         "0");
    }
    harness_close(h);
}

Test(past, a_subtree_stops_at_its_limit)
{
    struct harness *h = nation_open();
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM subtree_as_of(lpad('1', 32, '0')::uuid, '2025-01-01', 1000)"),
                     "6");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM subtree_as_of(lpad('1', 32, '0')::uuid, '2025-01-01', 4)"),
                     "4");
    harness_close(h);
}

Test(past, the_people_of_some_units_are_a_part_of_all_people)
{
    struct harness *h = nation_open();
    scatter(h);
    for (int i = 0; i < N_DAYS; i++) {
        cr_assert_str_neq(harness_get(h, "SELECT count(*) FROM person_as_of('%s')", days[i]), "0");
        cr_assert_str_eq(
            harness_get(h,
                        "WITH chosen AS (SELECT array_agg(unit_id) AS ids FROM unit_version WHERE code < 'c3'), "
                        "whole AS (SELECT w.person_id, w.unit_id, w.leader FROM person_as_of('%1$s') w, chosen "
                        "WHERE w.unit_id = ANY (chosen.ids)), "
                        "part AS (SELECT p.* FROM chosen, people_as_of(chosen.ids, '%1$s') p) "
                        "SELECT count(*) FROM ((TABLE whole EXCEPT ALL TABLE part) UNION ALL "
                        "(TABLE part EXCEPT ALL TABLE whole)) d",
                        days[i]),
            "0", "%s", days[i]);
    }
    harness_close(h);
}
