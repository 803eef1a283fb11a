/* people.h - who sits: the file that seed_exam writes, a line `token person attempt` each (attempt `-`: none yet). */
#ifndef LOAD_PEOPLE_H
#define LOAD_PEOPLE_H

#include "types.h"

struct person {
    struct span token;
    struct uuid person_id, attempt_id;
};

struct people {
    char *text; /* tokens point into it */
    struct person *person;
    size_t n;
};

/* -1: a sentence was printed. */
MUST_CHECK int people_read(struct people *people, const char *path);
void people_release(struct people *people);

#endif
