/*
 * exam_load.c - learners by the thousand at the HTTP edge, as browser applications behave: for benchmarks and for
 * faults.
 *
 *     exam_load MODE --server ADDRESS:PORT --people FILE [OPTION...]      exam_load --help
 */
#include "report.h"
#include "seed.h"
#include "service.h"
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>

enum { CLOSING_US = 20000000, TURN_MS = 20 };

struct options {
    const char *server, *people, *savers, *result, *receipts;
    uint32_t connections, seconds, warm, answers, think_ms[2], repeat_percent, press_ms, lead_ms;
};

struct mode {
    const char *name, *doc;
    struct plan plan;
    uint32_t connections, seconds;
    int (*run)(struct exam *exam, const struct options *options, struct plan *plan);
};

/* One run: the people, and whoever sits before a screen. Static: the sitters point into it. */
static struct exam exam;
static struct people people, savers;
static size_t next_person;
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

/* --- the loop --- */

/* What the second that has just passed leaves behind. */
static void note_second(void)
{
    static int64_t last = -1;
    int64_t second = (exam.http.now - exam.began) / 1000000;
    if (second == last || second < 0 || second >= SECONDS_MAX)
        return;
    if (last >= 0) {
        exam.second[last].in_line = exam.waiting;
        exam.second[last].running = exam.running;
    }
    last = second;
}

/* Who stands in line when the run ends has been answered. */
static bool is_busy(const struct sitter *sitter)
{
    return !sitter->idle && !(sitter->in_line && exam.closing);
}

static size_t n_busy(const struct sitter *sitters, size_t n)
{
    size_t busy = 0;
    for (size_t i = 0; i < n; i++)
        busy += is_busy(&sitters[i]);
    return busy;
}

static void turn(void)
{
    http_turn(&exam.http, TURN_MS);
    note_second();
}

/* Forgets what was counted while caches were cold. */
static void forget(void)
{
    memset(exam.took, 0, sizeof(exam.took));
    memset(exam.done, 0, sizeof(exam.done));
    memset(&exam.until_running, 0, sizeof(exam.until_running));
    memset(&exam.until_paper, 0, sizeof(exam.until_paper));
    exam.journeys = exam.in_line_answers = 0;
    exam.first_us = exam.last_us = 0;
}

/* Until the time is over or everybody has finished; then until what is under way has ended. */
static void run_until_end(const struct sitter *sitters, size_t n)
{
    bool busy = true;
    while (!stopping && busy && exam.http.now < exam.end) {
        turn();
        busy = n_busy(sitters, n > 64 ? 64 : n) || n_busy(sitters, n);
    }
    exam.closing = true;
    int64_t until = exam.http.now + CLOSING_US;
    while (exam.http.now < until && n_busy(sitters, n))
        turn();
    for (size_t i = 0; i < n; i++) {
        const struct sitter *s = &sitters[i];
        if (!is_busy(s))
            continue;
        if (exam.unfinished++ < 5)
            fprintf(stderr, "exam_load: still waiting: %s, after %u failures\n", step_names[s->step], s->tries);
    }
}

/* --- closed loop: whoever is done makes room for the next person --- */

static void sit_next(struct exam *all, struct sitter *sitter)
{
    if (!all->closing && next_person < people.n)
        sitter_sit(sitter, &people.person[next_person++], sitter->plan, 0);
}

static int run_loop(struct exam *all, const struct options *options, struct plan *plan)
{
    size_t n = options->connections;
    struct sitter *sitters = calloc(n, sizeof(*sitters));
    if (!sitters)
        return -1;
    all->on_end = sit_next;
    for (size_t i = 0; i < n; i++) {
        sitter_init(all, &sitters[i]);
        if (next_person < people.n)
            sitter_sit(&sitters[i], &people.person[next_person++], plan, exam_between(all, 0, 200));
    }
    int64_t warm = all->began + (int64_t)options->warm * 1000000;
    while (!stopping && all->http.now < warm)
        turn();
    forget();
    int64_t begun = all->http.now;
    run_until_end(sitters, n);
    int64_t last = all->last_us ? all->last_us : all->http.now;
    const struct hist *hist = &all->took[plan->last];
    report_steps(all);
    if (next_person == people.n)
        printf("    nobody is left: %zu people\n", people.n);
    int result =
        !options->result ? 0 : report_values(all, options->result, hist, all->journeys, (double)(last - begun) / 1e6);
    for (size_t i = 0; i < n; i++)
        sitter_release(&sitters[i]);
    free(sitters);
    return result;
}

/* --- storm: everybody has a connection and presses start within the same seconds --- */

static void stay(struct exam *all, struct sitter *sitter)
{
    (void)all;
    (void)sitter;
}

static int run_storm(struct exam *all, const struct options *options, struct plan *plan)
{
    /* Those who sit already save every one to two seconds; the newcomers read and answer at a learner's pace. */
    struct plan saving = {STEP_ANSWER, STEP_ANSWER, 0, {1000, 2000}, 0, false};
    size_t n = people.n + savers.n;
    struct sitter *sitters = calloc(n, sizeof(*sitters));
    if (!sitters)
        return -1;
    all->on_end = stay;
    for (size_t i = 0; i < savers.n; i++) {
        sitter_init(all, &sitters[i]);
        sitter_sit(&sitters[i], &savers.person[i], &saving, exam_between(all, 0, 2000));
    }
    for (size_t i = savers.n; i < n; i++) {
        sitter_init(all, &sitters[i]);
        sitter_sit(&sitters[i], &people.person[i - savers.n], plan,
                   options->lead_ms + exam_between(all, 0, options->press_ms));
    }
    run_until_end(sitters, n);
    report_seconds(all, (uint32_t)((all->end - all->began) / 1000000));
    report_steps(all);
    int result = !options->result ? 0
                                  : report_values(all, options->result, &all->took[STEP_ANSWER], all->done[STEP_START],
                                                  (double)(all->end - all->began) / 1e6);
    for (size_t i = 0; i < n; i++)
        sitter_release(&sitters[i]);
    free(sitters);
    return result;
}

/* --- the command line --- */

static const struct mode modes[] = {
    {"look",
     "each person looks at the attempts so far, until everybody has",
     {STEP_LOOK, STEP_LOOK, 0, {0, 0}, 0, false},
     256,
     600,
     run_loop},
    {"starts",
     "each person starts once, as fast as it goes",
     {STEP_START, STEP_START, 0, {0, 0}, 0, false},
     256,
     8,
     run_loop},
    {"submits",
     "each attempt of the people is handed in",
     {STEP_SUBMIT, STEP_SUBMIT, 0, {0, 0}, 0, false},
     256,
     8,
     run_loop},
    {"exams",
     "start, paper, answers, submit, result, without pauses",
     {STEP_START, STEP_RESULT, 20, {0, 0}, 0, false},
     128,
     8,
     run_loop},
    {"steady",
     "exams with pauses, one after the other until the policy says no, for tests of faults",
     {STEP_START, STEP_RESULT, 8, {20, 200}, 5, true},
     200,
     30,
     run_loop},
    {"storm",
     "--savers save answers; all --people press start within --press milliseconds",
     {STEP_START, STEP_ANSWER, 0, {20000, 40000}, 0, false},
     0,
     75,
     run_storm},
};

static int usage(void)
{
    puts("usage: exam_load MODE --server ADDRESS:PORT --people FILE [OPTION...]\n\nmodes:");
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        printf("  %-8s %s\n", modes[i].name, modes[i].doc);
    puts("\noptions:\n"
         "  --connections N   at once; not for storm\n"
         "  --seconds N       how long; then what is under way is finished\n"
         "  --warm N          seconds before counting begins (0)\n"
         "  --answers N       of each exam\n"
         "  --think A,B       milliseconds between answers, least and most\n"
         "  --savers FILE     of storm: people with running attempts\n"
         "  --lead MS         of storm: before start is pressed (5000)\n"
         "  --press MS        of storm: within which start is pressed (10000)\n"
         "  --receipts FILE   log of everything that was acknowledged, for exam_check\n"
         "  --result FILE     figures as name=value");
    return 2;
}

static const struct option known[] = {
    {"server", required_argument, NULL, 's'},
    {"people", required_argument, NULL, 'p'},
    {"savers", required_argument, NULL, 'v'},
    {"result", required_argument, NULL, 'r'},
    {"receipts", required_argument, NULL, 'l'},
    {"connections", required_argument, NULL, 'c'},
    {"seconds", required_argument, NULL, 'd'},
    {"warm", required_argument, NULL, 'w'},
    {"answers", required_argument, NULL, 'a'},
    {"think", required_argument, NULL, 't'},
    {"press", required_argument, NULL, 'b'},
    {"lead", required_argument, NULL, 'f'},
    {NULL, 0, NULL, 0},
};

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

static int read_options(int argc, char **argv, struct options *options, struct plan *plan)
{
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case 's':
            options->server = optarg;
            break;
        case 'p':
            options->people = optarg;
            break;
        case 'v':
            options->savers = optarg;
            break;
        case 'r':
            options->result = optarg;
            break;
        case 'l':
            options->receipts = optarg;
            break;
        case 'c':
            options->connections = number(optarg);
            break;
        case 'd':
            options->seconds = number(optarg);
            break;
        case 'w':
            options->warm = number(optarg);
            break;
        case 'a':
            plan->answers = number(optarg);
            break;
        case 't':
            plan->think_ms[0] = number(optarg);
            plan->think_ms[1] = strchr(optarg, ',') ? number(strchr(optarg, ',') + 1) : plan->think_ms[0];
            break;
        case 'b':
            options->press_ms = number(optarg);
            break;
        case 'f':
            options->lead_ms = number(optarg);
            break;
        default:
            return -1;
        }
    }
    return options->server && options->people ? 0 : -1;
}

static void raise_file_limit(size_t connections)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < connections + 64)
        fprintf(stderr, "exam_load: only %llu files may be open\n", (unsigned long long)limit.rlim_max);
}

static int prepare(const struct options *options)
{
    if (sodium_init() < 0 || people_read(&people, options->people) < 0 ||
        (options->savers && people_read(&savers, options->savers) < 0) || http_open(&exam.http, options->server) < 0)
        return -1;
    if (options->receipts && !(exam.log = fopen(options->receipts, "we"))) {
        perror(options->receipts);
        return -1;
    }
    if (exam.log)
        setvbuf(exam.log, NULL, _IOLBF, 0); /* who reads along sees at once that it works again */
    if (uuid_parse(SPAN(SEED_PROGRAMME), &exam.programme_id))
        return -1;
    arena_init(&exam.arena, 1 << 20);
    exam.items = SEED_ITEMS;
    exam.random = (uint64_t)now_us() * 2 + 1;
    exam.began = exam.http.now = mono_us();
    exam.end = exam.began + (int64_t)(options->warm + options->seconds) * 1000000;
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

int main(int argc, char **argv)
{
    const struct mode *mode = NULL;
    for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (!strcmp(argv[1], modes[i].name))
            mode = &modes[i];
    }
    if (!mode)
        return usage();
    struct plan plan = mode->plan;
    struct options options = {
        .connections = mode->connections, .seconds = mode->seconds, .press_ms = 10000, .lead_ms = 5000};
    if (read_options(argc - 1, argv + 1, &options, &plan) < 0)
        return usage();
    if (prepare(&options) < 0)
        return 1;
    raise_file_limit(options.connections ? options.connections : people.n + savers.n);
    int result = mode->run(&exam, &options, &plan);
    if (exam.log) {
        bool written = !ferror(exam.log);
        if (fclose(exam.log) || !written) {
            perror(options.receipts);
            result = -1;
        }
    }
    http_close(&exam.http);
    arena_release(&exam.arena);
    people_release(&people);
    people_release(&savers);
    return result ? 1 : 0;
}
