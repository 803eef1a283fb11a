/*
 * criterion.h - the part of Criterion that our tests use, for SAN=thread only. Criterion's sandbox maps memory where
 * ThreadSanitizer does not allow it ("could not initialize inheritable arena"), so under that sanitizer the same tests
 * run with this header instead: one forked process per test, and the same summary line.
 */
#ifndef TESTS_THREADS_CRITERION_H
#define TESTS_THREADS_CRITERION_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct criterion_case {
    const char *suite, *name, *file;
    void (*run)(void);
    struct criterion_more {
        void (*init)(void);
        void (*fini)(void);
        double timeout;
        int signal, exit_code;
        bool disabled;
        const char *description;
    } more;
    struct criterion_case *next;
};

struct criterion_suite {
    const char *name;
    struct criterion_more more;
    struct criterion_suite *next;
};

/* One program is one translation unit of tests, so these are its own. */
#ifndef CRITERION_NO_MAIN
static struct criterion_case *criterion_cases;
static struct criterion_suite *criterion_suites;
#endif
static int criterion_failed;

#define Test(s, n, ...)                                                                                                \
    static void s##_##n##_run(void);                                                                                   \
    static struct criterion_case s##_##n##_case = {                                                                    \
        .suite = #s, .name = #n, .file = __FILE__, .run = s##_##n##_run, .more = {__VA_ARGS__}};                       \
    __attribute__((constructor)) static void s##_##n##_add(void)                                                       \
    {                                                                                                                  \
        s##_##n##_case.next = criterion_cases;                                                                         \
        criterion_cases = &s##_##n##_case;                                                                             \
    }                                                                                                                  \
    static void s##_##n##_run(void)
/* Options of a suite hold for those of its tests that have none of their own. */
#define TestSuite(s, ...)                                                                                              \
    static struct criterion_suite s##_suite = {.name = #s, .more = {__VA_ARGS__}};                                     \
    __attribute__((constructor)) static void s##_suite_add(void)                                                       \
    {                                                                                                                  \
        s##_suite.next = criterion_suites;                                                                             \
        criterion_suites = &s##_suite;                                                                                 \
    }                                                                                                                  \
    extern int criterion_unused_suite

static inline void criterion_check(bool good, bool fatal, const char *file, int line, const char *what,
                                   const char *format, ...)
{
    va_list args;
    if (good)
        return;
    criterion_failed = 1;
    fprintf(stderr, "%s:%d: %s: %s ", file, line, fatal ? "assertion failed" : "expectation failed", what);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    if (fatal)
        _exit(1);
}

#define CR_(good, fatal, what, ...)      criterion_check((good), fatal, __FILE__, __LINE__, what, "" __VA_ARGS__)
#define cr_assert(x, ...)                CR_((x) ? 1 : 0, true, #x, __VA_ARGS__)
#define cr_expect(x, ...)                CR_((x) ? 1 : 0, false, #x, __VA_ARGS__)
#define cr_assert_not(x, ...)            CR_(!(x), true, "not " #x, __VA_ARGS__)
#define cr_expect_not(x, ...)            CR_(!(x), false, "not " #x, __VA_ARGS__)
#define cr_assert_eq(a, b, ...)          CR_((a) == (b), true, #a " == " #b, __VA_ARGS__)
#define cr_expect_eq(a, b, ...)          CR_((a) == (b), false, #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...)         CR_((a) != (b), true, #a " != " #b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...)         CR_((a) != (b), false, #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...)          CR_((a) < (b), true, #a " < " #b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...)          CR_((a) < (b), false, #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...)         CR_((a) <= (b), true, #a " <= " #b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...)         CR_((a) <= (b), false, #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...)          CR_((a) > (b), true, #a " > " #b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...)          CR_((a) > (b), false, #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...)         CR_((a) >= (b), true, #a " >= " #b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...)         CR_((a) >= (b), false, #a " >= " #b, __VA_ARGS__)
#define cr_assert_null(a, ...)           CR_((a) == NULL, true, #a " is NULL", __VA_ARGS__)
#define cr_expect_null(a, ...)           CR_((a) == NULL, false, #a " is NULL", __VA_ARGS__)
#define cr_assert_not_null(a, ...)       CR_((a) != NULL, true, #a " is not NULL", __VA_ARGS__)
#define cr_expect_not_null(a, ...)       CR_((a) != NULL, false, #a " is not NULL", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)      CR_(!strcmp((a), (b)), true, #a " equals " #b, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)      CR_(!strcmp((a), (b)), false, #a " equals " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...)     CR_(strcmp((a), (b)), true, #a " differs from " #b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)     CR_(strcmp((a), (b)), false, #a " differs from " #b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...)      CR_(!*(a), true, #a " is empty", __VA_ARGS__)
#define cr_expect_str_empty(a, ...)      CR_(!*(a), false, #a " is empty", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...)   CR_(!memcmp((a), (b), (n)), true, #a " equals " #b, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, n, ...)   CR_(!memcmp((a), (b), (n)), false, #a " equals " #b, __VA_ARGS__)
#define cr_assert_arr_neq(a, b, n, ...)  CR_(memcmp((a), (b), (n)), true, #a " differs from " #b, __VA_ARGS__)
#define cr_expect_arr_neq(a, b, n, ...)  CR_(memcmp((a), (b), (n)), false, #a " differs from " #b, __VA_ARGS__)
#define cr_assert_float_eq(a, b, e, ...) CR_((a) - (b) <= (e) && (b) - (a) <= (e), true, #a " == " #b, __VA_ARGS__)
#define cr_expect_float_eq(a, b, e, ...) CR_((a) - (b) <= (e) && (b) - (a) <= (e), false, #a " == " #b, __VA_ARGS__)
#define cr_assert_fail(...)              CR_(0, true, "fail", __VA_ARGS__)
#define cr_expect_fail(...)              CR_(0, false, "fail", __VA_ARGS__)
#define cr_fail(...)                     CR_(0, false, "fail", __VA_ARGS__)
#define cr_fatal(...)                    CR_(0, true, "fatal", __VA_ARGS__)
#define cr_skip_test(...)                _exit(0)
#define cr_skip(...)                     _exit(0)
#define cr_log_info(...)                 fprintf(stderr, __VA_ARGS__)
#define cr_log_warn(...)                 fprintf(stderr, __VA_ARGS__)
#define cr_log_error(...)                fprintf(stderr, __VA_ARGS__)

#ifndef CRITERION_NO_MAIN /* the harness asserts too, but has no tests */
static int criterion_run_one(struct criterion_case *test)
{
    for (const struct criterion_suite *suite = criterion_suites; suite; suite = suite->next) {
        if (strcmp(suite->name, test->suite))
            continue;
        if (!test->more.init)
            test->more.init = suite->more.init;
        if (!test->more.fini)
            test->more.fini = suite->more.fini;
    }
    int status = 1;
    fprintf(stderr, "[RUN ] %s::%s\n", test->suite, test->name);
    pid_t pid = fork();
    if (pid == 0) {
        if (test->more.init)
            test->more.init();
        test->run();
        if (test->more.fini)
            test->more.fini();
        exit(criterion_failed); /* not _exit: the sanitizer speaks at exit */
    }
    waitpid(pid, &status, 0);
    bool good = test->more.signal ? WIFSIGNALED(status) && WTERMSIG(status) == test->more.signal
                                  : WIFEXITED(status) && WEXITSTATUS(status) == test->more.exit_code;
    if (!good)
        fprintf(stderr, "[FAIL] %s::%s (status %d)\n", test->suite, test->name, status);
    return good ? 0 : 1;
}

int main(void)
{
    int tested = 0, failing = 0;
    for (struct criterion_case *test = criterion_cases; test; test = test->next) {
        if (test->more.disabled)
            continue;
        tested++;
        failing += criterion_run_one(test);
    }
    printf("Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: 0\n", tested, tested - failing, failing);
    return failing ? 1 : 0;
}
#endif

#endif
