/* outcome.h - what a handler is expected to have said. */
#ifndef TESTS_OUTCOME_H
#define TESTS_OUTCOME_H

#include "harness.h"
#include "pg_conn.h"
#include <criterion/criterion.h>

/* The call was refused with this error about this field; what it began is rolled back, as the skeleton does. */
static inline void refused(struct harness *h, int code, int expected, const char *field)
{
    cr_assert_eq(code, expected, "%s about %s, not %s", err_find(code)->name,
                 code && h->ctx.fault.field ? h->ctx.fault.field : "nothing", err_find(expected)->name);
    cr_assert_str_eq(h->ctx.fault.field, field);
    pg_settle(h->ctx.pg);
}

#define passes(h, call)                                                                                                \
    do {                                                                                                               \
        int code_ = (call);                                                                                            \
        cr_assert_eq(code_, 0, "%s about %s", err_find(code_)->name, code_ ? (h)->ctx.fault.field : "");               \
    } while (0)

static inline bool is(struct span span, const char *text)
{
    return span.n == strlen(text) && !memcmp(span.p, text, span.n);
}

#endif
