/*
 * test_lock.c - wire.lock keeps what was given out.
 */
#include "lock.h"

#include <criterion/criterion.h>

static const char COMMITTED[] = "error 01 syntax\n"
                                "event 0x0481 graded grade\n"
                                "field grade 01 attempt_id UUID REQ\n"
                                "field grade 02 right U16 OPT\n"
                                "field paper 01 items LIST<item> REQ\n"
                                "method 0x0404 save answer receipt\n"
                                "role 0x01 learner\n"
                                "service 4 assessment\n";

static struct span text(const char *s)
{
    return (struct span){s, (uint32_t)strlen(s)};
}

/* COMMITTED with one line exchanged, and lines added at the end. */
static size_t compare(const char *line, const char *by, const char *added, struct buf *said)
{
    struct buf now;
    buf_init(&now, 10000);
    const char *at = line ? strstr(COMMITTED, line) : COMMITTED;
    cr_assert_not_null(at);
    buf_add(&now, COMMITTED, (size_t)(at - COMMITTED));
    buf_add_text(&now, by);
    buf_add_text(&now, line ? at + strlen(line) : COMMITTED);
    buf_add_text(&now, added);
    buf_clear(said);
    size_t faults = lock_compare(text(COMMITTED), buf_span(&now), said);
    buf_release(&now);
    buf_add_char(said, '\0');
    return faults;
}

Test(lock, additions_are_free)
{
    struct buf said;
    buf_init(&said, 10000);
    cr_assert_eq(compare(NULL, "", "", &said), 0);
    cr_assert_eq(compare(NULL, "", "field grade 03 note STR OPT\n", &said), 0);
    cr_assert_eq(compare(NULL, "", "field other 01 note STR REQ\nmethod 0x0405 x other other\n", &said), 0);
    cr_assert_eq(compare(NULL, "", "event 0x0482 y other\nerror 02 missing\nrole 0x02 head\nservice 5 z\n", &said), 0);
    cr_assert_eq(said.n, 1, "%s", said.p);
    cr_assert_eq(lock_compare(text(""), text(COMMITTED), &said), 0);
    buf_release(&said);
}

Test(lock, what_was_given_out_stays)
{
    static const struct {
        const char *line, *by, *words;
    } rows[] = {
        {"field grade 02 right U16 OPT\n", "", "is gone"},
        {"field grade 02 right U16 OPT", "field grade 02 right U32 OPT", "has become"},
        {"field grade 02 right U16 OPT", "field grade 02 right U16 REQ", "has become"},
        {"field grade 02 right U16 OPT", "field grade 02 correct U16 OPT", "has become"},
        {"field grade 02 right U16 OPT", "field grade 03 right U16 OPT", "is gone"},
        {"field grade 01 attempt_id UUID REQ", "field grade 01 attempt_id UUID OPT", "has become"},
        {"LIST<item>", "LIST<thing>", "has become"},
        {"method 0x0404 save answer receipt\n", "", "is gone"},
        {"method 0x0404 save answer receipt", "method 0x0404 store answer receipt", "has become"},
        {"method 0x0404 save answer receipt", "method 0x0404 save answer grade", "has become"},
        {"event 0x0481 graded grade", "event 0x0483 graded grade", "is gone"},
        {"error 01 syntax", "error 01 broken", "has become"},
        {"role 0x01 learner", "role 0x01 pupil", "has become"},
        {"service 4 assessment", "service 7 assessment", "is gone"},
    };
    struct buf said;
    buf_init(&said, 10000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(compare(rows[i].line, rows[i].by, "", &said), 1, "row %zu: %s", i, said.p);
        cr_assert_not_null(strstr(said.p, rows[i].words), "row %zu: %s", i, said.p);
    }
    buf_release(&said);
}

Test(lock, new_required_fields_break_older_peers)
{
    struct buf said;
    buf_init(&said, 10000);
    cr_assert_eq(compare(NULL, "", "field grade 03 note STR REQ\n", &said), 1);
    cr_assert_not_null(strstr(said.p, "make it OPT"));
    buf_release(&said);
}

Test(lock, lines_of_now_are_sorted_and_agree_with_themselves)
{
    struct buf now, said;
    buf_init(&now, 1 << 20);
    buf_init(&said, 1 << 20);
    lock_write(&now);
    cr_assert_not(now.failed);
    cr_assert_gt(now.n, 1000);
    cr_assert_eq(now.p[now.n - 1], '\n');
    cr_assert_eq(lock_compare(buf_span(&now), buf_span(&now), &said), 0);
    buf_add_char(&now, '\0');
    cr_assert_not_null(strstr(now.p, "\nfield answer_save 03 revision U32 REQ\n"));
    cr_assert_not_null(strstr(now.p, "\nfield attempt_paper 12 items LIST<item_shown> REQ\n"));
    cr_assert_not_null(strstr(now.p, "\nmethod 0x0404 answer_save answer_save answer_receipt\n"));
    for (char *line = now.p, *next; (next = strchr(line, '\n')) && next[1]; line = next + 1) {
        size_t n = (size_t)(next - line);
        char *end = strchr(next + 1, '\n');
        size_t m = (size_t)(end - next - 1);
        int order = memcmp(line, next + 1, n < m ? n : m);
        cr_assert(order < 0 || (order == 0 && n < m), "%.*s", (int)n, line);
    }
    buf_release(&now);
    buf_release(&said);
}
