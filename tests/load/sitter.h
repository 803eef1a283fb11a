/*
 * sitter.h - one browser application with a learner before it: looks at the attempts so far, starts, fetches the paper,
 * answers, hands in, reads the result. Whatever fails is asked again with the same ids and revisions, after a pause
 * that grows and is never the same for two.
 */
#ifndef LOAD_SITTER_H
#define LOAD_SITTER_H

#include "codec.h"
#include "hist.h"
#include "http.h"
#include "people.h"

enum step { STEP_LOOK, STEP_START, STEP_PAPER, STEP_ANSWER, STEP_SUBMIT, STEP_RESULT, STEPS };
extern const char *const step_names[STEPS];

/* What a sitter does. */
struct plan {
    enum step first, last;
    uint32_t answers;        /* then the next step; 0: answers until the end */
    uint32_t think_ms[2];    /* between answers, least and most */
    uint32_t repeat_percent; /* of acknowledged answers are sent once more, as after a lost reply */
    bool again;              /* after the last step from the first again, until the policy says no */
};

enum { SECONDS_MAX = 3600 };

/* What happened within one second of the run. */
struct second {
    uint32_t asked, started, in_line, running, saves, troubles;
    struct hist *save, *start; /* made when something is counted */
};

enum trouble { TROUBLE_REFUSED, TROUBLE_LOST, TROUBLE_LATE, TROUBLE_BUSY, TROUBLE_5XX, TROUBLE_4XX, TROUBLES };
extern const char *const trouble_names[TROUBLES];

struct sitter;

/* One run: everything that the sitters share. One thread. */
struct exam {
    struct http http;
    struct arena arena;
    struct uuid programme_id;
    uint32_t items;     /* of a paper */
    int64_t began, end; /* mono_us; after `end` nobody asks for anything new */
    bool closing;       /* finish what is under way, begin nothing */
    uint64_t random;
    FILE *log;                              /* of receipts, for exam_check; NULL: none */
    struct hist took[STEPS];                /* from the first sending to the answer */
    struct hist until_running, until_paper; /* from pressing start */
    uint64_t done[STEPS], trouble[TROUBLES], in_line_answers, repeats, refused_starts, journeys;
    uint32_t shown_4xx;
    uint32_t waiting, running; /* of those who pressed start: now */
    size_t unfinished;         /* at the end of the run: still waiting for an answer */
    int64_t first_us, last_us; /* mono_us of the first and the last wanted answer of the last step */
    struct second second[SECONDS_MAX];
    void (*on_end)(struct exam *exam, struct sitter *sitter); /* plan done: a new person, or nothing */
};

struct sitter {
    struct http_conn conn;
    struct timer timer;
    struct exam *exam;
    const struct person *person;
    const struct plan *plan;
    enum step step;
    struct uuid request_id, attempt_id;
    uint32_t position, revision, answered, tries;
    char response;
    bool repeating, in_line, runs, idle;
    int64_t asked_us, pressed_us;
};

uint64_t exam_random(struct exam *exam);
/* Uniform in [least, most]. */
uint32_t exam_between(struct exam *exam, uint32_t least, uint32_t most);
struct second *exam_second(struct exam *exam);

void sitter_init(struct exam *exam, struct sitter *sitter);
void sitter_release(struct sitter *sitter);
/* The person begins with the plan's first step in `after_ms`. */
void sitter_sit(struct sitter *sitter, const struct person *person, const struct plan *plan, uint32_t after_ms);

#endif
