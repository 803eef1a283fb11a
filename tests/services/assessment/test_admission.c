/* test_admission.c - the line before the start: its order, its pace, its manners. No database, and time is a number. */
#include "admission.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* 1,000 us a start, nobody saves: the whole time of a connection, 1,000 a second. */
static const struct admission_measure calm = {.start_us = 1000};
enum { MS = 1000, SECOND = 1000000 };

static struct uuid person(uint32_t n)
{
    struct uuid uuid = {{1}};
    uint32_t mixed = n * 2654435761u;
    memcpy(uuid.b + 8, &n, sizeof(n));
    memcpy(uuid.b + 12, &mixed, sizeof(mixed));
    return uuid;
}

/* A start that would begin an attempt; place 0: it begins. */
static struct place ask_as(struct admission *line, uint32_t n, int64_t now, uint32_t random,
                           const struct admission_measure *measure)
{
    struct uuid who = person(n);
    if (!admission_may_begin(line, &who, now, measure))
        return admission_wait(line, &who, now, random);
    admission_leave(line, &who, false);
    return (struct place){0};
}

static struct place ask(struct admission *line, uint32_t n, int64_t now, const struct admission_measure *measure)
{
    return ask_as(line, n, now, n, measure);
}

/* A start that needs no place: it goes on with an attempt, or is refused. */
static void ask_in_vain(struct admission *line, uint32_t n, int64_t now, const struct admission_measure *measure)
{
    struct uuid who = person(n);
    admission_leave(line, &who, admission_may_begin(line, &who, now, measure));
}

Test(admission, a_few_begin_at_once)
{
    struct admission line;
    admission_init(&line, 0.5, 50 * MS);
    for (uint32_t n = 0; n < 16; n++)
        cr_expect_eq(ask(&line, n, 5 * SECOND, &calm).place, 0);
    cr_expect_eq(line.size, 0, "without a line nothing is kept");
    admission_release(&line);
}

Test(admission, first_come_first_served)
{
    struct admission line;
    int64_t now = 5 * SECOND;
    struct place place = {0};
    uint32_t n = 0;
    admission_init(&line, 0.5, 50 * MS);
    while (!place.place)
        place = ask(&line, n++, now, &calm);
    cr_expect_eq(place.place, 1);
    uint32_t first = n - 1;
    for (uint32_t i = 1; i < 1000; i++) {
        place = ask(&line, first + i, now, &calm);
        cr_expect_eq(place.place, i + 1);
        cr_expect_geq(place.retry_ms, 500);
        cr_expect_leq(place.retry_ms, 60000);
    }
    cr_expect_eq(ask(&line, first + 500, now, &calm).place, 501, "asking too early changes nothing");
    now += 100 * MS; /* 100 numbers are called */
    cr_expect_eq(ask(&line, first + 500, now, &calm).place, 401);
    cr_expect_eq(ask(&line, first + 99, now, &calm).place, 0);
    cr_expect_eq(ask(&line, first + 100, now, &calm).place, 1);
    cr_expect_eq(ask(&line, 100000, now, &calm).place, 901, "who comes now stands at the end");
    for (int i = 0; i < 10; i++)
        ask(&line, 200000, now += 100 * MS, &calm);
    for (uint32_t i = 0; i < 1000; i++)
        if (i != 99)
            cr_expect_eq(ask(&line, first + i, now, &calm).place, 0, "%u", i);
    admission_release(&line);
}

/* Everyone does as told: the line empties at the pace that was measured, and nobody waits for ever. */
Test(admission, ten_thousand_in_ten_seconds)
{
    enum { PEOPLE = 10000 };
    struct admission line;
    int64_t *due = malloc(PEOPLE * sizeof(*due)), end = 0;
    uint32_t left = PEOPLE, tries = 0;
    cr_assert(due);
    admission_init(&line, 0.5, 50 * MS);
    for (uint32_t n = 0; n < PEOPLE; n++)
        due[n] = 5 * SECOND + (int64_t)n * 1000;                                       /* 1,000 a second press start */
    const struct admission_measure busy = {.start_us = 2000, .save_wait_us = 10 * MS}; /* 250 a second are served */
    for (int64_t now = 5 * SECOND; left && now < 300 * (int64_t)SECOND; now += 10 * MS) {
        for (uint32_t n = 0; n < PEOPLE; n++) {
            if (due[n] < 0 || due[n] > now)
                continue;
            struct place place = ask(&line, n, now, &busy);
            tries++;
            due[n] = place.place ? now + place.retry_ms * 1000LL : -1;
            left -= place.place == 0;
            end = now;
        }
    }
    cr_expect_eq(left, 0);
    cr_expect_leq(end - 5 * SECOND, 75 * (int64_t)SECOND, "40 s of work, and how long people wait too long");
    cr_expect_geq(end - 5 * SECOND, 38 * (int64_t)SECOND, "not faster than was measured");
    cr_expect_leq(tries, 4 * PEOPLE);
    free(due);
    admission_release(&line);
}

Test(admission, saves_come_first)
{
    struct admission line;
    const struct admission_measure slow = {.start_us = 1000, .save_wait_us = 200 * MS},
                                   well = {.start_us = 1000, .save_wait_us = 5 * MS};
    int64_t now = 5 * SECOND;
    admission_init(&line, 0.5, 50 * MS);
    ask(&line, 1, now, &calm);
    cr_expect_float_eq(line.rate, 1000, 1);
    for (int i = 0; i < 10; i++)
        ask(&line, 1, now += 50 * MS, &slow);
    cr_expect_float_eq(line.rate, 20, 1, "two percent are left to starts: %f", line.rate);
    for (int i = 0; i < 20; i++)
        ask(&line, 1, now += 50 * MS, &well);
    cr_expect_float_eq(line.rate, 500, 1, "and they come back to their share: %f", line.rate);
    for (int i = 0; i < 20; i++)
        ask(&line, 1, now += 50 * MS, &calm);
    cr_expect_float_eq(line.rate, 1000, 1, "nobody saves: all of it");
    admission_release(&line);
}

/* Who went away is forgotten, and the table does not grow with the day. */
Test(admission, forgets)
{
    struct admission line;
    const struct admission_measure stuck = {.start_us = 1e9, .save_wait_us = 1};
    int64_t now = 5 * SECOND;
    admission_init(&line, 0.5, 50 * MS);
    for (uint32_t n = 0; n < 200000; n++) {
        ask(&line, n, now, &stuck);
        now += 10 * MS;
    }
    cr_expect_leq(line.size, 1 << 17);
    cr_expect_leq(line.n, line.size / 2);
    admission_release(&line);
}

Test(admission, jitter)
{
    struct admission line;
    uint32_t least = UINT32_MAX, most = 0;
    const struct admission_measure slow = {.start_us = 100000};
    admission_init(&line, 1, 50 * MS);
    for (uint32_t n = 0; n < 2000; n++) {
        struct place place = ask_as(&line, n, 5 * SECOND, n * 2654435761u, &slow);
        if (place.place > 1900) {
            least = place.retry_ms < least ? place.retry_ms : least;
            most = place.retry_ms > most ? place.retry_ms : most;
        }
    }
    cr_expect_geq(most - least, 5000, "people at the end do not come back together: %u to %u", least, most);
    admission_release(&line);
}

/* Thousands press start before the window opens, and others reload a running attempt: nobody's turn is spent by it. */
Test(admission, numbers_are_for_those_who_would_begin)
{
    struct admission line;
    int64_t now = 5 * SECOND;
    uint32_t began = 0;
    admission_init(&line, 0.5, 50 * MS);
    for (uint32_t n = 0; n < 10000; n++)
        ask_in_vain(&line, n, now, &calm);
    cr_expect_eq(line.next, 1, "no number was given");
    cr_expect_eq(line.n, 0);
    now += 10 * SECOND;
    for (uint32_t n = 0; n < 10000; n++)
        began += ask(&line, n, now, &calm).place == 0;
    cr_expect_eq(began, 250, "what a quarter of a second serves, not all of them at once: %u", began);
    cr_expect_eq(ask(&line, 20000, now, &calm).place, 9751);
    ask_in_vain(&line, 20000, now, &calm);
    cr_expect_eq(line.n, 9750, "who began on another device leaves the line");
    admission_release(&line);
}

/* Let in, and then the database was away: the number is good for another try. */
Test(admission, a_failure_costs_no_place)
{
    struct admission line;
    int64_t now = 5 * SECOND;
    struct uuid who = person(20000);
    admission_init(&line, 0.5, 50 * MS);
    for (uint32_t n = 0; n < 500; n++)
        ask(&line, n, now, &calm);
    cr_expect_gt(ask(&line, 20000, now, &calm).place, 0u);
    for (int i = 0; i < 10; i++)
        ask(&line, 499, now += 100 * MS, &calm);
    cr_expect(admission_may_begin(&line, &who, now, &calm));
    for (uint32_t n = 30000; n < 32000; n++)
        ask(&line, n, now, &calm);
    cr_expect(admission_may_begin(&line, &who, now, &calm));
    admission_release(&line);
}

/* More people than the table holds: they are told to come back, and looking for room does not eat the time. */
Test(admission, a_full_line)
{
    struct admission line;
    const struct admission_measure stuck = {.start_us = 1e9, .save_wait_us = 1};
    int64_t now = 5 * SECOND;
    struct place place = {0};
    admission_init(&line, 0.5, 50 * MS);
    for (uint32_t n = 0; n < 400000; n++)
        place = ask(&line, n, now, &stuck);
    cr_expect_eq(line.size, 1 << 18);
    cr_expect_geq(line.n, 100000u);
    cr_expect_leq(line.n, line.size / 2);
    cr_expect_gt(place.place, 100000u);
    cr_expect_geq(place.retry_ms, 45000);
    now += 200 * (int64_t)SECOND;
    cr_expect_eq(ask(&line, 500000, now, &stuck).place, line.next - 1 - line.called);
    cr_expect_eq(line.n, 1, "all others went away");
    admission_release(&line);
}
