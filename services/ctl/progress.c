/* progress.c - counts of stages, shown as a line and as a table; see progress.h. */
#include "progress.h"
#include "buf.h"
#include "pace.h"
#include "service.h"
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

enum { TERMINAL_US = 200000, PLAIN_US = 5000000 };

void stage_enter(struct stage *stage)
{
    int64_t none = 0;
    atomic_compare_exchange_strong(&stage->begin_us, &none, mono_us());
    atomic_fetch_add(&stage->begun, 1);
}

void stage_leave(struct stage *stage)
{
    atomic_store(&stage->end_us, mono_us());
    atomic_fetch_add(&stage->done, 1);
}

/* Values below 16 have a bucket each, which is the first doubling of steps; then 16 for each power of two. */
static unsigned bucket_of(uint64_t us)
{
    unsigned power = 0;
    if (us < LATENCY_STEPS)
        return (unsigned)us;
    while (us >> power >= 2 * LATENCY_STEPS)
        power++;
    unsigned bucket = power * LATENCY_STEPS + (unsigned)(us >> power);
    return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

/* The largest value of a bucket. */
static int64_t bucket_top(unsigned bucket)
{
    if (bucket < 2 * LATENCY_STEPS)
        return bucket;
    unsigned power = bucket / LATENCY_STEPS - 1;
    return ((int64_t)(bucket % LATENCY_STEPS + LATENCY_STEPS + 1) << power) - 1;
}

void stage_call(struct stage *stage, int64_t us)
{
    atomic_fetch_add(&stage->calls, 1);
    atomic_fetch_add(&stage->latency[bucket_of(us > 0 ? (uint64_t)us : 0)], 1);
}

int64_t stage_latency(const struct stage *stage, double share)
{
    uint64_t total = 0, seen = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
        total += atomic_load(&stage->latency[i]);
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        seen += atomic_load(&stage->latency[i]);
        if (seen && (double)seen >= share * (double)total)
            return bucket_top(i);
    }
    return 0;
}

void progress_init(struct progress *progress, struct stage *stages, size_t n_stages)
{
    *progress = (struct progress){
        .stages = stages,
        .n_stages = n_stages,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .terminal = isatty(STDOUT_FILENO),
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
}

/* With the lock held. */
static void clear_line(struct progress *progress)
{
    if (progress->line_shown) {
        fputs("\r\033[K", stdout);
        fflush(stdout);
    }
    progress->line_shown = false;
}

void progress_clear(struct progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    clear_line(progress);
    pthread_mutex_unlock(&progress->lock);
}

void progress_say(struct progress *progress, const char *format, ...)
{
    va_list args;
    pthread_mutex_lock(&progress->lock);
    clear_line(progress);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    pthread_mutex_unlock(&progress->lock);
}

void progress_fault(struct progress *progress, const char *format, ...)
{
    va_list args;
    pthread_mutex_lock(&progress->lock);
    clear_line(progress);
    fputs("hocvu: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    pthread_mutex_unlock(&progress->lock);
}

/* "  login 128/200  study 3/200" */
static void write_line(const struct progress *progress, struct buf *line)
{
    for (size_t i = 0; i < progress->n_stages; i++) {
        const struct stage *stage = &progress->stages[i];
        uint32_t begun = atomic_load(&stage->begun), done = atomic_load(&stage->done);
        if (begun && done < atomic_load(&stage->people))
            buf_printf(line, "  %s %u/%u", stage->name, done, atomic_load(&stage->people));
    }
    buf_add(line, "", 1);
}

void progress_show(struct progress *progress)
{
    int64_t now = mono_us();
    struct buf line;
    buf_init(&line, sizeof(progress->last));
    pthread_mutex_lock(&progress->lock);
    if (now - progress->shown_us >= (progress->terminal ? TERMINAL_US : PLAIN_US)) {
        progress->shown_us = now;
        write_line(progress, &line);
        if (!line.failed && line.n > 1 && (progress->terminal || strcmp(line.p, progress->last))) {
            memcpy(progress->last, line.p, line.n);
            printf(progress->terminal ? "\r\033[K%s" : "%s\n", line.p);
            fflush(stdout);
            progress->line_shown = progress->terminal;
        }
    }
    pthread_mutex_unlock(&progress->lock);
    buf_release(&line);
}

void progress_table(const struct progress *progress)
{
    printf("\n%-14s %7s %9s %8s %8s %10s %10s\n", "stage", "people", "seconds", "calls", "repeated", "p50 ms",
           "p99 ms");
    for (size_t i = 0; i < progress->n_stages; i++) {
        const struct stage *stage = &progress->stages[i];
        if (!atomic_load(&stage->begun))
            continue;
        int64_t end = atomic_load(&stage->end_us), begin = atomic_load(&stage->begin_us);
        printf("%-14s %7u %9.1f %8u %8u %10.1f %10.1f\n", stage->name, atomic_load(&stage->done),
               end > begin ? (double)(end - begin) / 1e6 : 0.0, atomic_load(&stage->calls),
               atomic_load(&stage->repeats), (double)stage_latency(stage, 0.50) / 1e3,
               (double)stage_latency(stage, 0.99) / 1e3);
    }
    putchar('\n');
}
