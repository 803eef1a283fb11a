/*
 * demo_report.c - the province officer waits for the roll-up, freezes the half-year's report and downloads it; every
 * figure is compared with what the plan says.
 */
#include "codec.h"
#include "csv.h"
#include "demo.h"
#include "pace.h"
#include "service.h"
#include <sodium.h>

enum { CSV_ROWS_MOST = 5000 };

/* Vietnam's date, which is also that of the cut-off. */
static int32_t today(void)
{
    return (int32_t)((now_us() / 1000000 + 7 * 3600) / 86400);
}

/* Name of the reporting period of a day: a first half ends on 14 June, a second on 14 December. */
static void period_name(int32_t date, char ret_name[16])
{
    char text[DATE_TEXT];
    date_format(date, text);
    int year = (int)strtol(text, NULL, 10), month = (int)strtol(text + 5, NULL, 10),
        day = (int)strtol(text + 8, NULL, 10);
    int month_day = month * 100 + day;
    bool second = month_day >= 615 && month_day <= 1214;
    snprintf(ret_name, 16, "%04d-H%d", month_day > 1214 ? year + 1 : year, second ? 2 : 1);
}

/* Writes "assigned 12, not 13" for the first difference. False: there is none. */
static bool differs(const struct tally *is, const struct tally *must, char *ret_text, size_t n)
{
    for (int i = 0; i < TALLY_COUNTS; i++) {
        if (is->count[i] != must->count[i]) {
            snprintf(ret_text, n, "%s %u, not %u", tally_names[i], is->count[i], must->count[i]);
            return true;
        }
    }
    return false;
}

/* How far below the nation a unit lies. */
static int depth_of(const struct sample *sample, uint32_t unit)
{
    int depth = 0;
    for (; unit != NO_UNIT; unit = sample->units[unit].parent)
        depth++;
    return depth;
}

/*
 * A unit of the list that does not say what it must, or that should not stand there. -1: none. A wrong figure shows in
 * every unit above too, so the deepest one is told.
 */
static int64_t find_difference(const struct demo *demo, const struct counts *units, uint32_t n,
                               const struct tally *tallies, char *ret_text, size_t room)
{
    int64_t found = -1;
    int deepest = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t unit = sample_unit_find(&demo->sample, units[i].code);
        struct tally is = tally_of(&units[i]);
        if (unit == NO_UNIT || !sample_unit_within(&demo->sample, unit, demo->plan.province)) {
            snprintf(ret_text, room, "no such unit in the province");
            return i;
        }
        if (!uuid_equal(&units[i].unit_id, &demo->unit_ids[unit])) {
            snprintf(ret_text, room, "another unit has this code");
            return i;
        }
        int depth = depth_of(&demo->sample, unit);
        if (depth > deepest && differs(&is, &tallies[unit], ret_text, room)) {
            found = i;
            deepest = depth;
        }
    }
    return found;
}

/* Units of the sample below `top`: directly, or all of them with itself. */
static uint32_t count_units(const struct sample *sample, uint32_t top, bool direct)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < sample->n_units; i++)
        n += direct ? sample->units[i].parent == top : sample_unit_within(sample, i, top);
    return n;
}

/* Reporting hears of everything by events; it has REPORT_S to have counted. */
static int await_rollup(struct demo *demo, const struct tally *tallies)
{
    static const struct not_yet not_yet[] = {{ERR_NOT_FOUND, NULL}, {0, NULL}};
    struct rollup_query query = {.unit_id = demo->unit_ids[demo->plan.province], .programme_id = demo->programme_id};
    struct pace pace = pace_begin(REPORT_S);
    uint32_t expected = 1 + count_units(&demo->sample, demo->plan.province, true);
    struct rollup rollup;
    char text[200];
    int64_t at;
    do {
        client_clear(&demo->client);
        if (demo_await(demo, &demo->client, &demo->officer, M_rollup_get, &query, &rollup, not_yet) < 0)
            return -1;
        at = find_difference(demo, rollup.units, rollup.n_units, tallies, text, sizeof(text));
    } while (at >= 0 && pace_wait(&pace, 0));
    if (at >= 0)
        return demo_fault(demo, NULL, "unit %.*s: the roll-up says %s after %d seconds", (int)rollup.units[at].code.n,
                          rollup.units[at].code.p, text, REPORT_S);
    if (rollup.n_units != expected)
        return demo_fault(demo, NULL, "the roll-up has %u units, not %u", rollup.n_units, expected);
    return 0;
}

/* Every unit of the province in order of its code, each with its figures. */
static int check_snapshot(struct demo *demo, const struct snapshot *snapshot, const struct tally *tallies)
{
    uint32_t expected = count_units(&demo->sample, demo->plan.province, false);
    char text[200];
    int64_t at = find_difference(demo, snapshot->units, snapshot->n_units, tallies, text, sizeof(text));
    if (at >= 0)
        return demo_fault(demo, NULL, "unit %.*s: the frozen report says %s", (int)snapshot->units[at].code.n,
                          snapshot->units[at].code.p, text);
    if (snapshot->n_units != expected)
        return demo_fault(demo, NULL, "the frozen report has %u units, not %u", snapshot->n_units, expected);
    for (uint32_t i = 0; i < snapshot->n_units; i++) {
        const struct counts *unit = &snapshot->units[i];
        for (uint32_t k = 0; k < i; k++) {
            if (span_equal(unit->code, snapshot->units[k].code))
                return demo_fault(demo, NULL, "unit %.*s stands twice in the frozen report", (int)unit->code.n,
                                  unit->code.p);
        }
        if (!span_equal(unit->name, demo->sample.units[sample_unit_find(&demo->sample, unit->code)].name))
            return demo_fault(demo, NULL, "unit %.*s has another name in the frozen report", (int)unit->code.n,
                              unit->code.p);
    }
    return 0;
}

/* The CSV form says the same, row by row, and makes the digest. */
static int check_csv(struct demo *demo, const struct snapshot *snapshot, const struct file *file)
{
    enum { CODE, PARENT, NAME, COUNTS };
    struct table_column columns[COUNTS + TALLY_COUNTS] = {
        {"code", 1, 32, COL_FORMULA}, {"parent_code", 0, 32, COL_FORMULA}, {"name", 1, 201, COL_FORMULA}};
    unsigned char digest[crypto_hash_sha256_BYTES];
    struct table rows;
    for (int i = 0; i < TALLY_COUNTS; i++)
        columns[COUNTS + i] = (struct table_column){tally_names[i], 1, 10, 0};
    crypto_hash_sha256(digest, (const unsigned char *)file->content.p, file->content.n);
    if (snapshot->digest.n != sizeof(digest) || memcmp(snapshot->digest.p, digest, sizeof(digest)) != 0)
        return demo_fault(demo, demo->officer.who, "the digest of the report is not the SHA-256 of its CSV form");
    if (csv_read(&rows, &demo->client.arena, columns, COUNTS + TALLY_COUNTS, file->content, CSV_ROWS_MOST) ||
        rows.n_rows != snapshot->n_units || rows.refused)
        return demo_fault(demo, demo->officer.who, "the CSV form has not the rows of the report");
    for (uint32_t i = 0; i < rows.n_rows; i++) {
        const struct span *cells = rows.rows[i].cells;
        struct tally must = tally_of(&snapshot->units[i]), is;
        char text[200] = "another unit in this row";
        for (int k = 0; k < TALLY_COUNTS; k++)
            is.count[k] = (uint32_t)strtoul(cells[COUNTS + k].p, NULL, 10);
        if (!span_equal(cells[CODE], snapshot->units[i].code) || differs(&is, &must, text, sizeof(text)))
            return demo_fault(demo, NULL, "unit %.*s: the CSV form says %s", (int)snapshot->units[i].code.n,
                              snapshot->units[i].code.p, text);
    }
    return 0;
}

static int freeze(struct demo *demo, const struct tally *tallies)
{
    char period[16];
    struct client *client = &demo->client;
    struct snapshot_request request = {
        .snapshot_id = uuid7(),
        .unit_id = demo->unit_ids[demo->plan.province],
        .programme_id = demo->programme_id,
        .cutoff_date = today(),
    };
    struct snapshot_ref ref = {.snapshot_id = request.snapshot_id};
    struct snapshot made, stored;
    struct file file;
    period_name(request.cutoff_date, period);
    request.period = (struct span){period, (uint32_t)strlen(period)};
    if (demo_ask(demo, client, &demo->officer, M_snapshot_freeze, &request, &made) < 0 ||
        check_snapshot(demo, &made, tallies) < 0 ||
        demo_ask(demo, client, &demo->officer, M_snapshot_get, &ref, &stored) < 0 ||
        check_snapshot(demo, &stored, tallies) < 0 ||
        demo_ask(demo, client, &demo->officer, M_snapshot_csv, &ref, &file) < 0)
        return -1;
    if (!span_equal(made.digest, stored.digest))
        return demo_fault(demo, demo->officer.who, "the report has another digest when it is read again");
    if (check_csv(demo, &stored, &file) < 0)
        return -1;
    progress_say(&demo->progress, "report %s frozen: %u units, %u bytes of CSV, SHA-256 as announced", period,
                 stored.n_units, file.content.n);
    return 0;
}

/* Learners that the platform shows as linked with their national number. */
static int count_linked(struct demo *demo)
{
    struct people_query query = {.unit_id = demo->unit_ids[demo->plan.province]};
    struct people_list page;
    demo->linked = 0;
    do {
        if (demo_ask(demo, &demo->client, &demo->officer, M_people, &query, &page) < 0)
            return -1;
        for (uint32_t i = 0; i < page.n_people; i++) {
            for (uint32_t k = 0; k < demo->plan.n && page.people[i].linked; k++)
                demo->linked += uuid_equal(&page.people[i].person_id, &demo->plan.learners[k].session.person_id);
        }
        if (page.n_people)
            PUT_FIELD(&query, people_query, after, page.people[page.n_people - 1].person_id);
    } while (page.n_people);
    client_clear(&demo->client);
    if (demo->linked != demo->plan.n)
        return demo_fault(demo, demo->officer.who, "sees %u of %u learners linked with their national number",
                          demo->linked, demo->plan.n);
    return 0;
}

int demo_report(struct demo *demo)
{
    struct tally *tallies = calloc(demo->sample.n_units, sizeof(*tallies));
    if (!tallies)
        return demo_fault(demo, NULL, "out of memory");
    demo_stage(demo, &demo->client, STAGE_REPORT);
    plan_tally(&demo->plan, tallies);
    int result = count_linked(demo);
    if (!result)
        result = await_rollup(demo, tallies);
    if (!result)
        result = freeze(demo, tallies);
    demo->report_matches = !result;
    free(tallies);
    return result;
}
