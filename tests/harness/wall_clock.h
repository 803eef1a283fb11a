/*
 * wall_clock.h - a wall clock that a test can set: the program that includes this brings its own clock_gettime, which
 * all its libraries call. The monotonic clock is left alone. Included by one file of a program.
 */
#ifndef TESTS_WALL_CLOCK_H
#define TESTS_WALL_CLOCK_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t wall_own_offset_s;
/* Seconds that the wall clock is ahead; negative: behind. */
static _Atomic int64_t *wall_offset_s = &wall_own_offset_s;

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, ret_time);
    if (!result && clock == CLOCK_REALTIME)
        ret_time->tv_sec += *wall_offset_s;
    return result;
}

/* From now on processes that name the same file share the offset. */
static inline void wall_clock_share(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *page =
        file < 0 || ftruncate(file, 8) < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED)
        abort();
    close(file);
    wall_offset_s = page;
}

#endif
