/* test_killed.c - the real process against a real receiver: killed in the middle of work again and again, asked to end.
 */
#include "sync_test.h"

enum { PEOPLE = 1500, KILLS = 6, AT_ONCE = 8, PATIENCE_MS = 20000 };

static pid_t process_start(const struct sync_test *t)
{
    char conf[300], text[1200], binary[300];
    const char *bin = getenv("HOCVU_BIN");
    cr_assert(bin, "HOCVU_BIN is not set: run tests through tests/run");
    snprintf(conf, sizeof(conf), "%s/sync.conf", t->dir);
    snprintf(text, sizeof(text),
             "bus_dir = %s\ndatabase = host=%s dbname=%s user=hocvu_sync\ntarget_dir = %s/etc\nlog_level = error\n",
             t->dir, getenv("HOCVU_TEST_PG"), harness_get(t->h, "SELECT current_database()"), t->dir);
    write_file(conf, text);
    snprintf(binary, sizeof(binary), "%s/sync", bin);
    pid_t pid = fork();
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(binary, "sync", "--conf", conf, NULL);
        _exit(127);
    }
    cr_assert_gt(pid, 0);
    return pid;
}

/* Until so many were sent; how many there were. */
static int wait_sent(struct sync_test *t, int wanted)
{
    int n = 0;
    for (int i = 0; i < PATIENCE_MS / 5; i++) {
        n = count(t, "state = 'sent'");
        if (n >= wanted)
            break;
        usleep(5000);
    }
    return n;
}

static int ended(pid_t pid)
{
    int status = -1;
    waitpid(pid, &status, 0);
    return status;
}

static struct sync_test *open_with_people(uint32_t n)
{
    struct sync_test *t = sync_test_open(false);
    add_target(t, "mps", "/ok", "at_once = 8\n");
    sync_test_ready(t);
    for (uint32_t i = 0; i < n; i++)
        linked(t->h, 100 + i);
    return t;
}

/* Each item arrives; what was on its way when the process was killed arrives twice, under the same key. */
Test(killed, each_item_once_by_its_key, .timeout = 60)
{
    struct sync_test *t = open_with_people(PEOPLE);
    for (int kills = 0, sent = 0; kills < KILLS; kills++) {
        pid_t pid = process_start(t);
        sent = wait_sent(t, sent + PEOPLE / (2 * KILLS));
        cr_assert_eq(kill(pid, SIGKILL), 0);
        cr_assert(WIFSIGNALED(ended(pid)));
        cr_expect_lt(sent, PEOPLE, "it was killed in the middle");
    }
    pid_t pid = process_start(t);
    cr_assert_eq(wait_sent(t, PEOPLE), PEOPLE);
    cr_assert_eq(kill(pid, SIGTERM), 0);
    cr_expect_eq(ended(pid), 0);
    int first = times_received(t, "\"times\":1,"), again = times_received(t, "\"times\":2,");
    cr_expect_eq(first, PEOPLE, "by their keys %d have arrived", first);
    cr_expect_leq(again + times_received(t, "\"times\":3,"), KILLS * AT_ONCE, "%d arrived twice", again);
    cr_expect_eq(count(t, "tries > 3"), 0);
    sync_test_close(t);
}

/* Asked to end it finishes what is under way, and takes no more. */
Test(killed, asked_to_end, .timeout = 60)
{
    struct sync_test *t = open_with_people(PEOPLE);
    pid_t pid = process_start(t);
    wait_sent(t, PEOPLE / 10);
    int64_t begun = mono_us();
    cr_assert_eq(kill(pid, SIGTERM), 0);
    cr_expect_eq(ended(pid), 0);
    cr_expect_lt(mono_us() - begun, 5000000);
    cr_expect_eq(count(t, "state = 'sending'"), 0);
    cr_expect_eq(times_received(t, "\"times\":1,"), count(t, "state = 'sent'"));
    sync_test_close(t);
}

/* Two processes of the service: one of them sends. */
Test(killed, two_processes_send_once, .timeout = 60)
{
    struct sync_test *t = open_with_people(PEOPLE);
    setenv("HOCVU_INSTANCE", "2", 1);
    pid_t second = process_start(t);
    unsetenv("HOCVU_INSTANCE");
    pid_t first = process_start(t);
    cr_assert_eq(wait_sent(t, PEOPLE), PEOPLE);
    kill(first, SIGTERM);
    kill(second, SIGTERM);
    cr_expect_eq(ended(first), 0);
    cr_expect_eq(ended(second), 0);
    cr_expect_eq(times_received(t, "\"times\":1,"), PEOPLE);
    cr_expect_eq(times_received(t, "\"times\":2,"), 0);
    sync_test_close(t);
}
