/* redirect.h - standard error of a test, kept to be read; Criterion's functions for SAN=thread (see criterion.h). */
#ifndef TESTS_THREADS_REDIRECT_H
#define TESTS_THREADS_REDIRECT_H

#include "criterion.h"

static FILE *criterion_said;

static inline void cr_redirect_stderr(void)
{
    criterion_said = tmpfile();
    cr_assert(criterion_said && dup2(fileno(criterion_said), STDERR_FILENO) >= 0);
}

static inline FILE *cr_get_redirected_stderr(void)
{
    fflush(stderr);
    rewind(criterion_said); /* the descriptor shares its place with standard error */
    return criterion_said;
}

#endif
