/* bar.c - progress as one line, see bar.h. */
#include "bar.h"
#include "service.h"
#include <inttypes.h>
#include <unistd.h>

enum { TERMINAL_US = 100000, PLAIN_US = 5000000, WIDTH = 30 };

void bar_init(struct bar *bar, bool quiet)
{
    *bar = (struct bar){.terminal = isatty(STDERR_FILENO), .quiet = quiet};
}

void bar_clear(struct bar *bar)
{
    if (bar->shown)
        fputs("\r\033[K", stderr);
    bar->shown = false;
}

void bar_text(const struct bar *bar, const char *phase, uint64_t done, uint64_t all, const char *unit, double seconds,
              char *ret_text, size_t room)
{
    char drawn[WIDTH + 1];
    double rate = seconds > 0.5 && done > bar->begun_at ? (double)(done - bar->begun_at) / seconds : 0;
    if (all == 0) {
        snprintf(ret_text, room, "%-9s %" PRIu64 " %s", phase, done, unit);
        return;
    }
    if (done > all)
        done = all;
    uint64_t full = done * WIDTH / all;
    for (uint64_t i = 0; i < WIDTH; i++)
        drawn[i] = i < full ? '#' : '.';
    drawn[WIDTH] = '\0';
    int n = snprintf(ret_text, room, "%-9s [%s] %3" PRIu64 "%%  %" PRIu64 " of %" PRIu64 " %s", phase, drawn,
                     done * 100 / all, done, all, unit);
    if (rate > 0 && n > 0 && (size_t)n < room)
        snprintf(ret_text + n, room - (size_t)n, "  %.0f/s, %.0f s left", rate, (double)(all - done) / rate);
}

void bar_show(struct bar *bar, const char *phase, uint64_t done, uint64_t all, const char *unit)
{
    char text[200];
    int64_t now = mono_us();
    if (bar->quiet)
        return;
    if (bar->phase != phase) {
        bar->phase = phase;
        bar->begun_us = now;
        bar->begun_at = done;
    } else if (now - bar->shown_us < (bar->terminal ? TERMINAL_US : PLAIN_US)) {
        return;
    }
    bar->shown_us = now;
    bar_text(bar, phase, done, all, unit, (double)(now - bar->begun_us) / 1e6, text, sizeof(text));
    fprintf(stderr, bar->terminal ? "\r\033[K%s" : "%s\n", text);
    fflush(stderr);
    bar->shown = bar->terminal;
}
