/*
 * overdue.c - what is due by law, for who watches the installation: requests of persons by kind, open and late;
 * breaches the authority should have been told of; how long the calendar of holidays still reaches, by which times are
 * counted.
 */
#include "overdue.h"
#include "admin_page.h"
#include "rows.h"
#include "sql.h"
#include <stdatomic.h>

/* As in the table data_request, and breaches. */
static const char *const kinds[] = {"access", "rectify", "restrict", "erase", "object", "breach"};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), BREACH = KINDS - 1 };

/* Written by the tick, read on the thread of the admin page. */
static _Atomic uint64_t n_open[KINDS], n_late[KINDS];
static _Atomic int64_t days_left;

int overdue_count(struct ctx *ctx)
{
    struct overdue_row *rows;
    struct calendar_state calendar;
    uint64_t open[KINDS] = {0}, late[KINDS] = {0};
    uint32_t n;
    int code = pg_list(ctx, &SQL_overdue_rows, NULL, KINDS, &rows, &n);
    if (!code)
        code = pg_call(ctx, &SQL_calendar_state, NULL, &calendar);
    if (code)
        return code;
    for (uint32_t i = 0; i < n; i++) {
        for (size_t k = 0; k < KINDS; k++) {
            if (rows[i].kind.n == strlen(kinds[k]) && !memcmp(rows[i].kind.p, kinds[k], rows[i].kind.n)) {
                open[k] = rows[i].open;
                late[k] = rows[i].late;
            }
        }
    }
    for (size_t k = 0; k < KINDS; k++) {
        n_open[k] = open[k];
        n_late[k] = late[k];
    }
    days_left = calendar.days_left;
    return 0;
}

static void lines(struct buf *out, const char *name, const char *help, const _Atomic uint64_t figures[KINDS])
{
    metrics_head(out, name, "gauge", help);
    for (size_t k = 0; k < BREACH; k++)
        buf_printf(out, "%s{kind=\"%s\"} %llu\n", name, kinds[k], (unsigned long long)figures[k]);
}

void overdue_metrics(struct buf *out)
{
    lines(out, "hocvu_data_requests_open", "Requests of persons about their data that are not answered.", n_open);
    lines(out, "hocvu_data_requests_late", "Of these, not acknowledged or not answered within the time by law.",
          n_late);
    metrics_head(out, "hocvu_breaches_late", "gauge", "Breaches that the authority should have been told of by now.");
    buf_printf(out, "hocvu_breaches_late %llu\n", (unsigned long long)n_late[BREACH]);
    metrics_head(out, "hocvu_calendar_days_left", "gauge", "Days that the calendar of holidays still reaches.");
    buf_printf(out, "hocvu_calendar_days_left %lld\n", (long long)days_left);
}

int on_calendar_now(struct ctx *ctx, const struct empty *req, struct calendar_state *ret_reply)
{
    (void)req;
    return pg_call(ctx, &SQL_calendar_state, NULL, ret_reply);
}
