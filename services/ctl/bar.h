/*
 * bar.h - a line that says how far something long is: a bar that is rewritten on a terminal, a line every few seconds
 * elsewhere.
 */
#ifndef CTL_BAR_H
#define CTL_BAR_H

#include "types.h"

struct bar {
    bool terminal, shown, quiet;
    int64_t shown_us, begun_us; /* mono_us */
    const char *phase;          /* of which begun_us tells */
    uint64_t begun_at;
};

/* `quiet`: shows nothing. */
void bar_init(struct bar *bar, bool quiet);
/* `done` of `all` (0: nobody knows) in this phase; `phase` and `unit` are constants. Shows it when it is time to. */
void bar_show(struct bar *bar, const char *phase, uint64_t done, uint64_t all, const char *unit);
/* Takes the line away, before anything else is written. */
void bar_clear(struct bar *bar);
/* The line's text without its control characters; for bar_show and the tests. */
void bar_text(const struct bar *bar, const char *phase, uint64_t done, uint64_t all, const char *unit, double seconds,
              char *ret_text, size_t room);

#endif
