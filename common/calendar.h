/*
 * calendar.h - working days. A service that counts them says so in a migration (SELECT hocvu.make_calendar('<schema>',
 * 'hocvu_<service>')) and in its main (.calendar = true); then its statements have is_working(date) and
 * working_days_after(timestamptz, n), the end of the nth working day after that moment's day in Vietnam.
 *
 * Holidays are data: deploy/data/holidays-vn.csv, which `hocvu calendar load` gives to identity; identity announces
 * them (calendar_changed), so that others can keep them too.
 */
#ifndef COMMON_CALENDAR_H
#define COMMON_CALENDAR_H

#include "service.h"

/* Stores holidays; a day that is known already is corrected. For on_event_calendar_changed. 0 or fail(). */
MUST_CHECK int calendar_apply(struct ctx *ctx, const struct holidays *event);

#endif
