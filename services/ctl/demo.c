/*
 * demo.c - `hocvu demo --learners N [--seed S] [--provider NAME]`: leads the sample nation's people through the journey
 * and says in one line whether everything adds up.
 */
#include "demo.h"
#include "pace.h"
#include "service.h"
#include <errno.h>
#include <stdarg.h>
#include <sodium.h>

/* Many learners wait at the same time, for their next heartbeat; two cores do not need more threads than this. */
enum { THREADS_MOST = 128, STACK_BYTES = 1 << 20, FAULTS_SHOWN = 20 };

const char demo_help[] =
    "hocvu demo --learners N [--seed S] [--provider NAME]\n"
    "\n"
    "Drives the whole journey over the public interface, as the people of the sample nation would: the operator "
    "imports\n"
    "tree and roster; editor and reviewer publish a new version of the programme and its items; the exam officer puts "
    "the\n"
    "policy in force; heads of units assign; N learners log in at the demonstration provider, study, sit the test "
    "(some\n"
    "fail and retake it, some fail for good) and get their certificates; a stranger verifies each certificate; the\n"
    "province officer freezes and downloads the report.\n"
    "\n"
    "Everything that the services answer is compared with a plan made beforehand. The last line is\n"
    "\n"
    "  journey: linked=N assigned=N completed=N passed=P certified=P verified=P report_matches=yes\n"
    "\n"
    "with exit code 0 only if all of it adds up; otherwise a line on standard error names the person or the unit.\n"
    "\n"
    "  --learners N  the first N officials of the sample's province, in the order of the roster\n"
    "  --seed S      another choice of who fails and of the answers given (default 0)\n"
    "  --provider NAME  log in at this identity provider; each demonstration provider knows the same people\n"
    "\n"
    "For the demonstration a lesson needs two seconds of study. What fails for a while (a process that is being\n"
    "restarted) is tried again for two minutes, so the journey may be disturbed on purpose. It can be run again and\n"
    "again on the same data; each run makes new versions.\n";

int demo_fault(struct demo *demo, const struct sample_official *who, const char *format, ...)
{
    char text[1000];
    va_list args;
    unsigned n = atomic_fetch_add(&demo->faults, 1);
    if (n >= FAULTS_SHOWN || pace_stopped())
        return -1;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct span code = who ? demo->sample.units[who->unit].code : SPAN("");
    if (who)
        progress_fault(&demo->progress, "%.*s (%.*s): %s", (int)who->full_name.n, who->full_name.p, (int)code.n, code.p,
                       text);
    else
        progress_fault(&demo->progress, "%s", text);
    return -1;
}

int demo_call_fault(struct demo *demo, const struct client *client, const struct session *session, uint16_t method)
{
    struct buf text;
    buf_init(&text, 1024);
    client_fault_text(client, &text);
    demo_fault(demo, session ? session->who : NULL, "%s: %.*s", method_find(method)->name, (int)text.n, text.p);
    buf_release(&text);
    return -1;
}

int demo_ask(struct demo *demo, struct client *client, struct session *session, uint16_t method, const void *in,
             void *ret_out)
{
    if (!client_call(client, session, method, in, ret_out))
        return 0;
    return demo_call_fault(demo, client, session, method);
}

int demo_await(struct demo *demo, struct client *client, struct session *session, uint16_t method, const void *in,
               void *ret_out, const struct not_yet *not_yet)
{
    if (!client_await(client, session, method, in, ret_out, not_yet, HEARS_S))
        return 0;
    return demo_call_fault(demo, client, session, method);
}

int demo_refused(struct demo *demo, struct client *client, struct session *session, uint16_t method, const void *in,
                 void *out, int code, int other)
{
    int answer = client_call(client, session, method, in, out);
    if (answer && (answer == code || answer == other))
        return 0;
    if (answer)
        return demo_call_fault(demo, client, session, method);
    return demo_fault(demo, session ? session->who : NULL, "%s was allowed, but must be refused (%s)",
                      method_find(method)->name, err_find(code)->name);
}

void demo_stage(struct demo *demo, struct client *client, enum stage_id stage)
{
    client->http.stage = &demo->stages[stage];
}

/* The threads that lead learners. */
struct crew {
    struct demo *demo;
    atomic_uint next, running;
};

static void *lead(void *user)
{
    struct crew *crew = user;
    struct demo *demo = crew->demo;
    struct client client;
    if (client_init(&client, demo->conf->url, demo->client.password, PATIENCE_S) < 0) {
        demo_fault(demo, NULL, "out of memory");
    } else {
        client.provider = demo->client.provider;
        for (unsigned i; !pace_stopped() && (i = atomic_fetch_add(&crew->next, 1)) < demo->plan.n;) {
            int result = demo_learner(demo, &client, i);
            (void)result; /* counted and told already; the others go on */
            client_clear(&client);
        }
    }
    client_release(&client);
    atomic_fetch_sub(&crew->running, 1);
    return NULL;
}

/* All learners at once, as many as there are threads. */
static int lead_all(struct demo *demo)
{
    struct crew crew = {.demo = demo};
    pthread_t threads[THREADS_MOST];
    pthread_attr_t attributes;
    unsigned n = 0, wanted = demo->plan.n < THREADS_MOST ? demo->plan.n : THREADS_MOST;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (; n < wanted; n++) {
        atomic_fetch_add(&crew.running, 1);
        if (pthread_create(&threads[n], &attributes, lead, &crew)) {
            atomic_fetch_sub(&crew.running, 1);
            break;
        }
    }
    pthread_attr_destroy(&attributes);
    while (atomic_load(&crew.running) > 0) {
        progress_show(&demo->progress);
        if (!pace_sleep(100000))
            break;
    }
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    progress_clear(&demo->progress);
    if (!n)
        return demo_fault(demo, NULL, "no thread could be started");
    return atomic_load(&demo->faults) ? -1 : 0;
}

struct totals {
    uint32_t assigned, completed, passed, certified, verified;
};

static struct totals count(const struct plan *plan)
{
    struct totals totals = {0};
    for (uint32_t i = 0; i < plan->n; i++) {
        totals.assigned += plan->learners[i].assigned;
        totals.completed += plan->learners[i].completed;
        totals.passed += plan->learners[i].passed;
        totals.certified += plan->learners[i].certified;
        totals.verified += plan->learners[i].verified;
    }
    return totals;
}

/* One step of the journey that a single person does. */
static int step(struct demo *demo, enum stage_id id, int (*run)(struct demo *))
{
    struct stage *stage = &demo->stages[id];
    bool counts_itself = id == STAGE_ASSIGN || id == STAGE_VERIFY;
    if (!counts_itself)
        stage_enter(stage);
    int result = run(demo);
    progress_clear(&demo->progress);
    client_clear(&demo->client);
    if (!counts_itself && !result)
        stage_leave(stage);
    return result;
}

static int journey(struct demo *demo)
{
    int64_t begin = mono_us();
    int result = step(demo, STAGE_IMPORT, demo_import);
    if (!result)
        result = step(demo, STAGE_PUBLISH, demo_publish);
    if (!result)
        result = step(demo, STAGE_POLICY, demo_policy);
    if (!result)
        result = step(demo, STAGE_ASSIGN, demo_assign);
    if (!result) {
        progress_say(&demo->progress, "now they log in, study, sit the test");
        result = lead_all(demo);
    }
    if (!result)
        result = demo_answered(demo);
    if (!result)
        result = step(demo, STAGE_VERIFY, demo_verify);
    if (!result)
        result = step(demo, STAGE_REPORT, demo_report);
    if (pace_stopped()) {
        fprintf(
            stderr,
            "hocvu: stopped. Attempts that were running have been handed in; what could not be ends by its time.\n");
        return 130;
    }
    struct totals totals = count(&demo->plan);
    progress_table(&demo->progress);
    bool adds_up = !result && !atomic_load(&demo->faults) && totals.certified == totals.passed &&
                   totals.verified == totals.passed && totals.completed == demo->plan.n;
    if (!adds_up) {
        unsigned faults = atomic_load(&demo->faults);
        fprintf(stderr, "hocvu: the journey does not add up. Faults: %u%s.\n", faults,
                faults > FAULTS_SHOWN ? ", of which the first are shown above" : "");
        return 1;
    }
    printf("%u learners in %.1f s\n", demo->plan.n, (double)(mono_us() - begin) / 1e6);
    printf("journey: linked=%u assigned=%u completed=%u passed=%u certified=%u verified=%u report_matches=%s\n",
           demo->linked, totals.assigned, totals.completed, totals.passed, totals.certified, totals.verified,
           demo->report_matches ? "yes" : "no");
    return 0;
}

static void name_stages(struct demo *demo)
{
    static const char *const names[N_STAGES] = {"import", "publish", "policy",       "assign", "login",
                                                "study",  "test",    "certificates", "verify", "report"};
    uint32_t passing = 0;
    for (uint32_t i = 0; i < demo->plan.n; i++)
        passing += demo->plan.learners[i].outcome != FAILS;
    for (int i = 0; i < N_STAGES; i++) {
        demo->stages[i].name = names[i];
        demo->stages[i].people = i >= STAGE_LOGIN && i <= STAGE_TEST       ? demo->plan.n
                                 : i == STAGE_CERTIFY || i == STAGE_VERIFY ? passing
                                                                           : 1;
    }
    progress_init(&demo->progress, demo->stages, N_STAGES);
}

/* Who acts beside the learners. */
static int find_staff(struct demo *demo)
{
    const struct {
        struct session *session;
        const char *role;
    } staff[] = {{
        &demo->operator,
        "national_operator" },
        {&demo->editor, "editor"},
        {&demo->reviewer, "reviewer"},
        {&demo->examiner, "exam_officer"},
        {&demo->officer, "province_officer"},
    };
    for (size_t i = 0; i < sizeof(staff) / sizeof(staff[0]); i++) {
        staff[i].session->who = sample_role_find(&demo->sample, staff[i].role, NULL);
        if (!staff[i].session->who) {
            fprintf(stderr, "hocvu: roster.csv names no %s.\n", staff[i].role);
            return -1;
        }
    }
    return 0;
}

static int prepare(struct demo *demo, uint64_t learners, uint64_t seed, const char *provider)
{
    if (sample_read(&demo->sample, demo->conf->sample_dir) < 0 || find_staff(demo) < 0)
        return -1;
    uint32_t most = plan_most(&demo->sample);
    if (learners < 1 || learners > most) {
        fprintf(stderr, "hocvu: --learners %llu: the sample's province has %u officials; choose 1 to %u.\n",
                (unsigned long long)learners, most, most);
        return -1;
    }
    if (plan_make(&demo->plan, &demo->sample, (uint32_t)learners, seed) < 0)
        return -1;
    for (uint32_t i = 0; i < demo->sample.policy.n_quotas; i++)
        demo->items += demo->sample.policy.quotas[i].items;
    if (demo->items > 200) { /* as attempt_paper bounds its items */
        fprintf(stderr, "hocvu: policy.json asks for %u items an attempt; 200 are the most.\n", demo->items);
        return -1;
    }
    demo->unit_ids = calloc(demo->sample.n_units, sizeof(*demo->unit_ids));
    demo->lesson_ids = calloc(demo->sample.programme.n_lessons, sizeof(*demo->lesson_ids));
    struct span password = {demo->conf->demo_password.bytes, (uint32_t)demo->conf->demo_password.n};
    if (!demo->unit_ids || !demo->lesson_ids || sodium_init() < 0 || http_start() < 0 ||
        client_init(&demo->client, demo->conf->url, password, PATIENCE_S) < 0) {
        fprintf(stderr, "hocvu: out of memory\n");
        return -1;
    }
    demo->client.provider = provider;
    name_stages(demo);
    return 0;
}

static void release(struct demo *demo)
{
    struct session *staff[] = {&demo->operator, & demo->editor, &demo->reviewer, &demo->examiner, &demo->officer};
    for (size_t i = 0; i < sizeof(staff) / sizeof(staff[0]); i++)
        session_release(staff[i]);
    plan_release(&demo->plan);
    client_release(&demo->client);
    sample_release(&demo->sample);
    free(demo->unit_ids);
    free(demo->lesson_ids);
    free(demo);
}

static int number_option(const char *text, uint64_t *ret_number)
{
    char *end;
    if (!text || *text < '0' || *text > '9')
        return -1;
    errno = 0;
    *ret_number = strtoull(text, &end, 10);
    return errno || *end ? -1 : 0;
}

int demo_command(struct ctl *ctl, int argc, char **argv)
{
    uint64_t learners = 0, seed = 0;
    const char *provider = NULL;
    bool understood = argc > 2;
    for (int i = 1; understood && i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--learners"))
            understood = number_option(value, &learners) == 0;
        else if (!strcmp(argv[i], "--provider"))
            understood = (provider = value) != NULL;
        else
            understood = !strcmp(argv[i], "--seed") && number_option(value, &seed) == 0;
    }
    if (!understood) {
        fprintf(stderr, "usage: hocvu demo --learners N [--seed S] [--provider NAME]; hocvu help demo tells more\n");
        return 2;
    }
    struct demo *demo = calloc(1, sizeof(*demo));
    if (!demo || !(demo->conf = ctl_conf(ctl))) {
        free(demo);
        return 1;
    }
    if (!demo->conf->demo_password.bytes) {
        fprintf(stderr,
                "hocvu: demo_password names no file in %s, so nobody can log in at the demonstration provider.\n",
                ctl->conf_path);
        free(demo);
        return 1;
    }
    int code = 1;
    if (prepare(demo, learners, seed, provider) == 0) {
        pace_catch_signals();
        code = journey(demo);
    }
    release(demo);
    return code;
}
