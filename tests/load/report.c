/* report.c - see report.h. */
#include "report.h"
#include <sys/resource.h>

uint64_t report_troubles(const struct exam *exam)
{
    uint64_t n = 0;
    for (int i = 0; i < TROUBLES; i++)
        n += exam->trouble[i];
    return n;
}

static void line(const char *name, const struct hist *hist)
{
    if (hist->n)
        printf("    %-14s %9llu   p50 %8.2f ms   p99 %8.2f ms   longest %8.2f ms\n", name, (unsigned long long)hist->n,
               hist_ms(hist, 0.5), hist_ms(hist, 0.99), (double)hist->most_us / 1000);
}

void report_steps(const struct exam *exam)
{
    for (int i = 0; i < STEPS; i++)
        line(step_names[i], &exam->took[i]);
    line("until running", &exam->until_running);
    line("until paper", &exam->until_paper);
    printf("    answered with a place in line: %llu", (unsigned long long)exam->in_line_answers);
    if (exam->repeats || exam->refused_starts)
        printf("; answers sent twice: %llu; starts refused by the policy: %llu", (unsigned long long)exam->repeats,
               (unsigned long long)exam->refused_starts);
    printf("; trouble:");
    for (int i = 0; i < TROUBLES; i++) {
        if (exam->trouble[i])
            printf(" %s %llu", trouble_names[i], (unsigned long long)exam->trouble[i]);
    }
    puts(report_troubles(exam) ? "" : " none");
    printf("    connections opened: %llu; requests sent again on a new one, because theirs was closed: %llu\n",
           (unsigned long long)exam->http.connects, (unsigned long long)exam->http.resent);
}

static void cells(const struct hist *hist)
{
    if (hist)
        printf(" %8.1f %8.1f", hist_ms(hist, 0.5), hist_ms(hist, 0.99));
    else
        printf(" %8s %8s", "-", "-");
}

void report_seconds(const struct exam *exam, uint32_t seconds)
{
    printf("    second   asked  started  in line  running    saves  save p50  save p99 start p50 start p99 trouble\n");
    for (uint32_t i = 0; i < seconds && i < SECONDS_MAX; i++) {
        const struct second *s = &exam->second[i];
        printf("    %6u %7u %8u %8u %8u %8u ", i, s->asked, s->started, s->in_line, s->running, s->saves);
        cells(s->save);
        printf(" ");
        cells(s->start);
        printf(" %7u\n", s->troubles);
    }
}

void report_storm(const struct exam *exam, struct hist *ret_saves, double *ret_worst_p99_ms)
{
    uint32_t first = 0, last = 0;
    for (uint32_t i = 0; i < SECONDS_MAX; i++) {
        const struct second *s = &exam->second[i];
        if (!first && s->asked)
            first = i;
        if (s->asked || s->in_line || s->started)
            last = i;
    }
    *ret_saves = (struct hist){0};
    *ret_worst_p99_ms = 0;
    for (uint32_t i = first; i <= last; i++) {
        const struct hist *save = exam->second[i].save;
        if (!save)
            continue;
        for (uint32_t b = 0; b < HIST_BUCKETS; b++)
            ret_saves->bucket[b] += save->bucket[b];
        ret_saves->n += save->n;
        if (save->most_us > ret_saves->most_us)
            ret_saves->most_us = save->most_us;
        if (hist_ms(save, 0.99) > *ret_worst_p99_ms)
            *ret_worst_p99_ms = hist_ms(save, 0.99);
    }
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int report_values(const struct exam *exam, const char *path, const struct hist *hist, uint64_t n, double seconds)
{
    FILE *file = fopen(path, "we");
    if (!file) {
        perror(path);
        return -1;
    }
    fprintf(file, "n=%llu\nrate=%.1f\nseconds=%.2f\np50=%.3f\np99=%.3f\ntroubles=%llu\nin_line=%llu\n",
            (unsigned long long)n, seconds > 0 ? (double)n / seconds : 0, seconds, hist_ms(hist, 0.5),
            hist_ms(hist, 0.99), (unsigned long long)report_troubles(exam), (unsigned long long)exam->in_line_answers);
    fprintf(file, "resent=%llu\nunfinished=%zu\n", (unsigned long long)exam->http.resent, exam->unfinished);
    fprintf(file, "running_p50=%.1f\nrunning_p99=%.1f\nrunning_longest=%.1f\npaper_longest=%.1f\nnot_running=%u\n",
            hist_ms(&exam->until_running, 0.5), hist_ms(&exam->until_running, 0.99),
            (double)exam->until_running.most_us / 1000, (double)exam->until_paper.most_us / 1000, exam->waiting);
    struct hist saves;
    struct rusage usage;
    double worst;
    report_storm(exam, &saves, &worst);
    getrusage(RUSAGE_SELF, &usage);
    fprintf(file, "storm_saves=%llu\nstorm_p50=%.3f\nstorm_p99=%.3f\nstorm_worst=%.3f\ncpu=%.2f\n",
            (unsigned long long)saves.n, hist_ms(&saves, 0.5), hist_ms(&saves, 0.99), worst,
            seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
    for (int i = 0; i < TROUBLES; i++)
        fprintf(file, "trouble_%s=%llu\n", trouble_names[i], (unsigned long long)exam->trouble[i]);
    for (int i = 0; i < STEPS; i++)
        fprintf(file, "%s_n=%llu\n%s_p50=%.3f\n%s_p99=%.3f\n", step_names[i], (unsigned long long)exam->done[i],
                step_names[i], hist_ms(&exam->took[i], 0.5), step_names[i], hist_ms(&exam->took[i], 0.99));
    return fclose(file);
}
