/* redirect.h - standard error of a test, kept to be read; Criterion's functions for SAN=thread (see criterion.h). */
#ifndef TESTS_THREADS_REDIRECT_H
#define TESTS_THREADS_REDIRECT_H

#include "criterion.h"
#include <fcntl.h>

static FILE *criterion_said;

static inline void cr_redirect_stderr(void)
{
    int ends[2];
    cr_assert(pipe2(ends, O_NONBLOCK) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    criterion_said = fdopen(ends[0], "r");
}

static inline FILE *cr_get_redirected_stderr(void)
{
    fflush(stderr);
    return criterion_said;
}

#endif
