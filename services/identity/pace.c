/* pace.c - refused logins counted, see pace.h. */
#include "pace.h"
#include "identity.h"
#include <arpa/inet.h>
#include <sodium.h>

int pace_network(struct span address, char ret_network[PACE_NETWORK_TEXT])
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    if (address.n == 0 || address.n >= sizeof(text))
        return -1;
    memcpy(text, address.p, address.n);
    text[address.n] = '\0';
    if (inet_pton(AF_INET, text, bytes) == 1) {
        snprintf(ret_network, PACE_NETWORK_TEXT, "%d.%d.%d.0/24", bytes[0], bytes[1], bytes[2]);
        return 0;
    }
    if (inet_pton(AF_INET6, text, bytes) != 1)
        return -1;
    memset(bytes + 8, 0, 8);
    if (!inet_ntop(AF_INET6, bytes, text, sizeof(text)))
        return -1;
    snprintf(ret_network, PACE_NETWORK_TEXT, "%s/64", text);
    return 0;
}

/* The database sees neither addresses nor accounts. */
static struct span key_of(const char *kind, struct span a, struct span b, unsigned char key[PACE_KEY])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, PACE_KEY);
    crypto_generichash_update(&state, (const unsigned char *)kind, strlen(kind) + 1);
    crypto_generichash_update(&state, (const unsigned char *)a.p, a.n);
    crypto_generichash_update(&state, (const unsigned char *)"", 1);
    crypto_generichash_update(&state, (const unsigned char *)b.p, b.n);
    crypto_generichash_final(&state, key, PACE_KEY);
    return (struct span){(const char *)key, PACE_KEY};
}

/* Of the caller's network; empty: it has none. */
static struct span network_key(const struct ctx *ctx, unsigned char key[PACE_KEY])
{
    char network[PACE_NETWORK_TEXT];
    if (!HAS(ctx->head, call_header, address) || pace_network(ctx->head->address, network) < 0)
        return (struct span){NULL, 0};
    return key_of("network", (struct span){network, (uint32_t)strlen(network)}, SPAN(""), key);
}

static void set_limit(const struct ctx *ctx, struct span key, int64_t most, struct pace_limit *limit)
{
    limit->window_s = (uint32_t)identity_conf(ctx)->login_window_s;
    limit->most = key.n ? (uint32_t)most : 0;
}

void pace_limit_address(const struct ctx *ctx, struct pace_limit *ret_limit)
{
    set_limit(ctx, network_key(ctx, ret_limit->key), identity_conf(ctx)->login_refused_address, ret_limit);
}

void pace_limit_account(const struct ctx *ctx, struct span provider, struct span subject, struct pace_limit *ret_limit)
{
    set_limit(ctx, key_of("account", provider, subject, ret_limit->key), identity_conf(ctx)->login_refused_account,
              ret_limit);
}

int pace_refuse(struct ctx *ctx, const char *field)
{
    log_warn(ctx->head->trace, "too many refused logins of this %s", field);
    return fail(ctx, ERR_TOO_MANY, field);
}

int pace_admit_address(struct ctx *ctx)
{
    struct pace_limit limit;
    struct pace_count count;
    pace_limit_address(ctx, &limit);
    struct pace_key look = {.key = {(const char *)limit.key, PACE_KEY}, .window_s = limit.window_s};
    int code = limit.most ? pg_call(ctx, &SQL_pace_look, &look, &count) : ERR_NOT_FOUND;
    if (code)
        return code == ERR_NOT_FOUND ? 0 : code;
    return count.n < limit.most ? 0 : pace_refuse(ctx, "address");
}

/* What a client can be held to account for; a provider that is slow or a service that is busy is not his doing. */
static bool is_refusal(int code)
{
    return code && code != ERR_TOO_MANY && code != ERR_STATE && err_find(code)->status < 500;
}

static int settle(struct ctx *ctx, struct span key, int code)
{
    struct pace_key note = {.key = key, .window_s = (uint32_t)identity_conf(ctx)->login_window_s};
    struct fault fault = ctx->fault;
    if (!key.n || !(is_refusal(code) || code == ERR_PROVIDER_REFUSED))
        return code;
    if (pg_call(ctx, &SQL_pace_note, &note, NULL))
        log_error(ctx->head->trace, "a refused login could not be counted");
    ctx->fault = fault;
    return code;
}

int pace_settle_address(struct ctx *ctx, int code)
{
    unsigned char key[PACE_KEY];
    return settle(ctx, network_key(ctx, key), code);
}

int pace_settle_account(struct ctx *ctx, struct span provider, struct span subject, int code)
{
    unsigned char key[PACE_KEY];
    return settle(ctx, key_of("account", provider, subject, key), code);
}

int pace_prune(struct ctx *ctx)
{
    struct pace_window window = {.window_s = (uint32_t)identity_conf(ctx)->login_window_s};
    return pg_call(ctx, &SQL_pace_prune, &window, NULL);
}
