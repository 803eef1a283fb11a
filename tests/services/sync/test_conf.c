/* test_conf.c - the files of receivers: what is wrong with one keeps the process from starting, and says which row. */
#include "sync_test.h"

/* sync_check over one file of these rows, under this name. */
static int check(const char *name, const char *rows, const char *box_hex)
{
    char dir[] = "/tmp/sync-conf.XXXXXX", file[300], key[300], text[1500], command[100];
    cr_assert(mkdtemp(dir));
    snprintf(file, sizeof(file), "%s/%s", dir, name);
    snprintf(key, sizeof(key), "%s/key", dir);
    snprintf(text, sizeof(text), "key = %s\n%s", key, rows);
    write_file(key, "0123456789abcdef\n");
    write_file(file, text);
    struct sync_conf conf = {.target_dir = dir};
    conf.box_key = (struct conf_secret){.bytes = (char *)(uintptr_t)box_hex, .n = strlen(box_hex)};
    int result = sync_check(&conf);
    if (!result)
        cr_expect_eq(conf.n_targets, 1u);
    sync_release(&conf);
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    cr_assert_eq(system(command), 0);
    return result;
}

#define GOOD "receiver = https://sync.example/hook\nkey_id = k1\n"
#define BOX  "0707070707070707070707070707070707070707070707070707070707070707"

Test(conf, good_ones)
{
    cr_expect_eq(check("mps.conf", GOOD, ""), 0);
    cr_expect_eq(check("mps.conf", GOOD "kinds = unit_changed, certificate_issued\npaused = yes\nat_once = 32\n", ""),
                 0);
    cr_expect_eq(check("a-b_c.2.conf", GOOD "numbers = yes\n", BOX), 0);
}

Test(conf, bad_ones)
{
    static const struct {
        const char *name, *rows, *box;
    } bad[] = {
        {"mps.conf", "key_id = k1\n", ""},
        {"mps.conf", "receiver = https://sync.example/hook\n", ""},
        {"mps.conf", "receiver = http://sync.example/hook\nkey_id = k1\n", ""},
        {"mps.conf", "receiver = https://u:p@sync.example/hook\nkey_id = k1\n", ""},
        {"mps.conf", "receiver = https://sync.example/hook\nkey_id = k1: x\n", ""},
        {"mps.conf", GOOD "key = /dev/null\n", ""},
        {"mps.conf", GOOD "key = /nowhere\n", ""},
        {"mps.conf", GOOD "kinds = everything\n", ""},
        {"mps.conf", GOOD "kinds = unit\n", ""},
        {"mps.conf", GOOD "kinds = ,\n", ""},
        {"mps.conf", GOOD "paused = maybe\n", ""},
        {"mps.conf", GOOD "numbers = yes\n", ""},
        {"mps.conf", GOOD "numbers = yes\n", "0707"},
        {"mps.conf", GOOD "at_once = 33\n", ""},
        {"mps.conf", GOOD "secret = x\n", ""},
        {"m p s.conf", GOOD, ""},
        {"a-name-of-more-than-thirty-two-letters.conf", GOOD, ""},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(check(bad[i].name, bad[i].rows, bad[i].box), -1, "%s: %s", bad[i].name, bad[i].rows);
}
