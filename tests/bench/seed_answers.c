/*
 * seed_answers.c - running attempts for BENCH=answers: writes the rows as SQL and, for the load generator, a line
 * `token attempt` per attempt. Tokens are signed with the installation's own key, as identity would.
 *
 *     seed_answers TOKEN_SIGN_KEY ATTEMPTS SQL_FILE TOKENS_FILE
 */
#include "codec.h"
#include "service.h"
#include "token.h"
#include <sodium.h>

static int read_key(const char *path, unsigned char ret_key[TOKEN_SECRET_BYTES])
{
    char hex[256];
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(hex, 1, sizeof(hex), file) : 0;
    if (file)
        fclose(file);
    while (n && (hex[n - 1] == '\n' || hex[n - 1] == '\r'))
        n--;
    return n ? token_secret_parse((struct span){hex, (uint32_t)n}, ret_key) : -1;
}

static int write_attempt(FILE *sql, FILE *tokens, const unsigned char key[TOKEN_SECRET_BYTES], struct arena *arena)
{
    struct uuid person = uuid7(), attempt = uuid7(), unit = uuid7();
    struct grant grant = {.unit_id = unit, .roles = LEARNER};
    int64_t now = now_us() / 1000000;
    struct access_claims claims = {.sub = person,
                                   .sid = uuid7(),
                                   .iat = (uint64_t)now,
                                   .exp = (uint64_t)now + 86000,
                                   .grants = &grant,
                                   .n_grants = 1};
    struct span token;
    char person_text[UUID_TEXT], attempt_text[UUID_TEXT];
    uuid_format(&person, person_text);
    uuid_format(&attempt, attempt_text);
    arena_clear(arena);
    if (token_sign(key, &claims, arena, &token))
        return -1;
    fprintf(tokens, "%.*s %s\n", (int)token.n, token.p, attempt_text);
    fprintf(sql, "%s\t%s\n", attempt_text, person_text);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned char key[TOKEN_SECRET_BYTES];
    struct arena arena;
    if (argc != 5 || sodium_init() < 0 || read_key(argv[1], key) < 0) {
        fprintf(stderr, "usage: seed_answers TOKEN_SIGN_KEY ATTEMPTS SQL_FILE TOKENS_FILE\n");
        return 2;
    }
    long n = strtol(argv[2], NULL, 10);
    FILE *sql = fopen(argv[3], "we"), *tokens = fopen(argv[4], "we");
    if (!sql || !tokens) {
        perror("seed_answers");
        return 1;
    }
    arena_init(&arena, 1 << 20);
    fprintf(sql,
            "SET search_path = assessment, hocvu;\n"
            "INSERT INTO programme VALUES ('00000000-0000-7000-8000-000000000001', 'BENCH', 1, 'Đo', 'Bench');\n"
            "INSERT INTO bank VALUES ('00000000-0000-7000-8000-000000000002', 'BENCH', 1, 40);\n"
            "INSERT INTO policy (policy_id, programme_id, version, bank_id, pass_percent, items, minutes, "
            "max_attempts, retake_wait_seconds, created_by) VALUES ('00000000-0000-7000-8000-000000000003', "
            "'00000000-0000-7000-8000-000000000001', 1, '00000000-0000-7000-8000-000000000002', 70, 40, 600, 3, 0, "
            "'00000000-0000-7000-8000-000000000004');\n"
            "CREATE TEMP TABLE seed (attempt_id uuid, person_id uuid);\nCOPY seed FROM stdin;\n");
    for (long i = 0; i < n; i++) {
        if (write_attempt(sql, tokens, key, &arena) < 0)
            return 1;
    }
    fprintf(sql,
            "\\.\n"
            "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, number, items, seed, started_at, "
            "deadline) SELECT attempt_id, person_id, '00000000-0000-7000-8000-000000000001', "
            "'00000000-0000-7000-8000-000000000003', 1, 40, 0, now(), now() + interval '1 day' FROM seed;\n"
            "ANALYZE attempt;\n");
    arena_release(&arena);
    return fclose(sql) || fclose(tokens);
}
