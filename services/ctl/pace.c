/* pace.c - waits that grow, differ, and end when somebody asks to stop; see pace.h. */
#include "pace.h"
#include "service.h"
#include <signal.h>
#include <sodium.h>
#include <time.h>

enum { FIRST_US = 100000, LONGEST_US = 2000000, SLICE_US = 100000 };

static volatile sig_atomic_t stopped;

struct pace pace_begin(uint32_t seconds)
{
    return (struct pace){.until_us = mono_us() + (int64_t)seconds * 1000000};
}

bool pace_wait(struct pace *pace, uint32_t least_s)
{
    int64_t span = pace->tries < 5 ? FIRST_US << pace->tries : LONGEST_US;
    int64_t wait = (int64_t)least_s * 1000000 + span / 2 + randombytes_uniform((uint32_t)(span / 2));
    int64_t left = pace->until_us - mono_us();
    pace->tries++;
    if (left <= 0)
        return false;
    return pace_sleep(wait < left ? wait : left);
}

bool pace_sleep(int64_t us)
{
    while (us > 0 && !stopped) {
        int64_t slice = us < SLICE_US ? us : SLICE_US;
        struct timespec time = {.tv_nsec = (long)(slice * 1000)};
        nanosleep(&time, NULL);
        us -= slice;
    }
    return !stopped;
}

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

void pace_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool pace_stopped(void)
{
    return stopped;
}
