/* test_keys.c - keys are made once, never replaced, agree with their public halves, and a spoilt one is refused. */
#include <criterion/criterion.h>
#include "ctl.h"
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

static char dir[] = "/tmp/hocvu-keys.XXXXXX";

static void make_dir(void)
{
    cr_assert_not_null(mkdtemp(dir));
}

static void remove_dir(void)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(keys, .init = make_dir, .fini = remove_dir);

static int init(void)
{
    struct ctl ctl = {0};
    char *argv[] = {(char[]){"keys"}, (char[]){"init"}, dir, NULL};
    return keys_command(&ctl, 3, argv);
}

static const char *at(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

/* Whole file; "" when there is none. */
static void read_file(const char *name, char ret_text[1024])
{
    FILE *file = fopen(at(name), "r");
    size_t n = file ? fread(ret_text, 1, 1023, file) : 0;
    ret_text[n] = '\0';
    if (file)
        fclose(file);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void key_bytes(const char *name, uint8_t ret_key[32])
{
    char text[1024];
    size_t n = 0;
    read_file(name, text);
    cr_assert_eq(strlen(text), 65, "%s: '%s'", name, text);
    cr_assert(sodium_hex2bin(ret_key, 32, text, 64, NULL, &n, NULL) == 0 && n == 32);
}

Test(keys, public_half_belongs_to_the_private_one)
{
    uint8_t seed[32], public[32], made[32], expanded[64];
    cr_assert_eq(init(), 0);
    key_bytes("token_sign.key", seed);
    key_bytes("token_sign.pub", public);
    crypto_sign_seed_keypair(made, expanded, seed);
    cr_assert_arr_eq(made, public, 32);
    key_bytes("attempt_sign.key", seed);
    key_bytes("attempt_sign.pub", public);
    crypto_sign_seed_keypair(made, expanded, seed);
    cr_assert_arr_eq(made, public, 32);
    key_bytes("national_box.key", seed);
    key_bytes("national_box.pub", public);
    cr_assert_eq(crypto_scalarmult_base(made, seed), 0);
    cr_assert_arr_eq(made, public, 32);
}

Test(keys, only_the_owner_may_read)
{
    struct stat info;
    cr_assert_eq(init(), 0);
    cr_assert(stat(at("receipt.key"), &info) == 0 && (info.st_mode & 0777) == 0600);
    cr_assert(stat(at("curve/identity.key"), &info) == 0 && (info.st_mode & 0777) == 0600);
}

Test(keys, second_init_changes_nothing_and_restores_what_is_derived)
{
    static const char *const names[] = {"token_sign.key",   "certificate_sign.key", "national_hash.key",
                                        "national_box.key", "receipt.key",          "curve/gateway.key",
                                        "curve/known",      "token_sign.pub",       "attempt_sign.key"};
    char before[9][1024], after[1024];
    cr_assert_eq(init(), 0);
    for (int i = 0; i < 9; i++)
        read_file(names[i], before[i]);
    cr_assert_eq(unlink(at("token_sign.pub")), 0);
    cr_assert_eq(unlink(at("curve/known")), 0);
    cr_assert_eq(init(), 0);
    for (int i = 0; i < 9; i++) {
        read_file(names[i], after);
        cr_assert_str_eq(after, before[i], "%s", names[i]);
        for (int k = 0; k < i; k++)
            cr_assert_str_neq(before[k], before[i]);
    }
}

Test(keys, spoilt_key_is_refused_and_kept)
{
    char after[1024];
    cr_assert_eq(init(), 0);
    write_file("receipt.key", "not a key\n");
    cr_assert_eq(init(), 1);
    read_file("receipt.key", after);
    cr_assert_str_eq(after, "not a key\n");
}

Test(keys, cut_curve_pair_is_refused)
{
    char pair[1024];
    cr_assert_eq(init(), 0);
    read_file("curve/content.key", pair);
    pair[60] = '\0';
    write_file("curve/content.key", pair);
    cr_assert_eq(init(), 1);
}

Test(keys, allow_list_names_every_process_with_its_own_key)
{
    char known[1024], pair[1024], line[sizeof(pair) + 80], public[41];
    cr_assert_eq(init(), 0);
    read_file("curve/known", known);
    for (size_t i = 0; i < proto_n_services + 2; i++) {
        const char *name = i < proto_n_services ? proto_services[i].name : i == proto_n_services ? "gateway" : "hocvu";
        char file[64];
        snprintf(file, sizeof(file), "curve/%s.key", name);
        read_file(file, pair);
        cr_assert_eq(strlen(pair), 82);
        pair[40] = pair[81] = '\0';
        cr_assert(zmq_curve_public(public, pair + 41) == 0);
        cr_assert_str_eq(public, pair);
        snprintf(line, sizeof(line), "%s %s\n", name, pair);
        cr_assert_not_null(strstr(known, line), "%s", name);
    }
}

static const char *path_at(char path[128], const char *name)
{
    snprintf(path, 128, "%s/%s", dir, name);
    return path;
}

static int rotate_token(void)
{
    struct ctl ctl = {0};
    char *argv[] = {(char[]){"keys"}, (char[]){"rotate"}, (char[]){"token_sign"}, dir, NULL};
    return keys_command(&ctl, 4, argv);
}

/* Is the public half that of the secret one? */
static void expect_pair(const char *key, const char *pub)
{
    uint8_t seed[32], public[32], derived[32], secret[64];
    key_bytes(key, seed);
    key_bytes(pub, public);
    crypto_sign_seed_keypair(derived, secret, seed);
    cr_expect_arr_eq(public, derived, 32, "%s", pub);
}

Test(keys, key_of_tokens_is_changed_in_two_steps)
{
    char first[1024], next[1024], now[1024], next_secret[1024];
    cr_assert_eq(rotate_token(), 1, "there is no key to change");
    cr_assert_eq(init(), 0);
    read_file("token_sign.pub", first);
    cr_assert_eq(rotate_token(), 0);
    read_file("token_sign.pub", now);
    cr_expect_str_eq(now, first, "the key in use stays until all gateways know the next one");
    read_file("token_sign_next.pub", next);
    read_file("token_sign_next.key", next_secret);
    expect_pair("token_sign_next.key", "token_sign_next.pub");
    cr_assert_eq(rotate_token(), 0);
    read_file("token_sign.pub", now);
    cr_expect_str_eq(now, next);
    read_file("token_sign.key", now);
    cr_expect_str_eq(now, next_secret);
    read_file("token_sign_before.pub", now);
    cr_expect_str_eq(now, first);
    cr_expect_eq(access(at("token_sign_next.key"), F_OK), -1);
    cr_expect_eq(access(at("token_sign_next.pub"), F_OK), -1);
    cr_assert_eq(init(), 0);
    expect_pair("token_sign.key", "token_sign.pub");
    cr_expect_eq(rotate_token(), 1, "tokens of the key before may still live");
    read_file("token_sign_before.pub", now);
    cr_expect_str_eq(now, first);
}

/* Killed between the two renames: the secret half is in place, the public one is not. */
Test(keys, a_change_of_the_key_of_tokens_that_was_broken_off_goes_on)
{
    char first[1024], next[1024], now[1024], from[128];
    cr_assert_eq(init(), 0);
    read_file("token_sign.pub", first);
    cr_assert_eq(rotate_token(), 0);
    read_file("token_sign_next.pub", next);
    cr_assert_eq(link(path_at(from, "token_sign.pub"), at("token_sign_before.pub")), 0);
    cr_assert_eq(rename(path_at(from, "token_sign_next.key"), at("token_sign.key")), 0);
    cr_assert_eq(rotate_token(), 0);
    expect_pair("token_sign.key", "token_sign.pub");
    read_file("token_sign.pub", now);
    cr_expect_str_eq(now, next);
    read_file("token_sign_before.pub", now);
    cr_expect_str_eq(now, first);
}

Test(keys, missing_directory_is_an_error)
{
    struct ctl ctl = {0};
    char *argv[] = {(char[]){"keys"}, (char[]){"init"}, (char[]){"/nonexistent/keys"}, NULL};
    cr_assert_eq(keys_command(&ctl, 3, argv), 1);
    cr_assert_eq(keys_command(&ctl, 2, argv), 2);
}
