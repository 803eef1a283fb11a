/*
 * bootstrap.c - the first national operator. Everybody else comes by a roster, and rosters are imported by an operator;
 * so an installation without one lets whoever is on its bus make one, once. The same number again changes nothing.
 */
#include "import.h"
#include "nfc.h"

enum { OLDEST_DAY = -8887 /* 1945-09-02: the nation is older than any report */ };

/* The nation as root of an empty tree. 0 or fail(). */
static int make_root(struct ctx *ctx, struct uuid *ret_id)
{
    struct unit_fact root = {
        .unit_id = uuid7(),
        .code = SPAN("VN"),
        .kind = SPAN("nation"),
        .name = SPAN("Việt Nam"),
        .valid_from = OLDEST_DAY,
    };
    PUT_FIELD(&root, unit_fact, name_en, SPAN("Viet Nam"));
    int code = import_write(ctx, &SQL_unit_add, &root, 1);
    if (!code)
        code = import_write(ctx, &SQL_unit_put, &root, 1);
    if (!code)
        code = units_settle(ctx, &root, 1);
    if (!code)
        *ret_id = root.unit_id;
    return code;
}

/* A person who is not on record yet. 0 or fail(). */
static int make_person(struct ctx *ctx, const struct operator_first *req, struct span name, struct uuid *ret_id)
{
    const struct seal_keys *keys = seal_keys_now(ctx);
    unsigned char box[SEAL_BOX_BYTES], hash[SEAL_HASH_BYTES];
    struct sealer sealer;
    if (sealer_init(&sealer, keys) < 0)
        return fail(ctx, ERR_INTERNAL, "national_box_key");
    seal(&sealer, req->national_id, box);
    sealer_release(&sealer);
    national_hash(keys, req->national_id, hash);
    struct person_new person = {
        .person_id = uuid7(),
        .full_name = name,
        .national_hash = {(const char *)hash, sizeof(hash)},
        .hash_key = {keys->hash_key_id, SEAL_KEY_ID},
        .national_box = {(const char *)box, sizeof(box)},
        .box_key = {keys->box_key_id, SEAL_KEY_ID},
    };
    int code = import_write(ctx, &SQL_person_add, &person, 1);
    if (!code)
        *ret_id = person.person_id;
    return code;
}

static int make_tenure(struct ctx *ctx, struct uuid person_id, struct span name, struct uuid unit_id, int32_t today)
{
    struct person_fact tenure = {
        .person_id = person_id,
        .tenure_id = uuid7(),
        .full_name = name,
        .unit_id = unit_id,
        .position = SPAN("Quản trị quốc gia"),
        .kind = SPAN("principal"),
        .valid_from = today,
    };
    return import_write(ctx, &SQL_tenure_put, &tenure, 1);
}

static int grant_operator(struct ctx *ctx, struct uuid person_id, struct uuid unit_id)
{
    struct role_step step = {
        .role = SPAN("national_operator"),
        .bit = NATIONAL_OPERATOR,
        .unit_id = unit_id,
        .reason = SPAN("first operator"),
        .usual = role_gives(NATIONAL_OPERATOR),
    };
    PUT_FIELD(&step, role_step, person_id, person_id);
    return pg_call(ctx, &SQL_root_put, &step, NULL);
}

int on_operator_bootstrap(struct ctx *ctx, const struct operator_first *req, struct accepted *ret_reply)
{
    struct span name;
    struct first_state state;
    struct person_key key;
    int32_t today;
    if (!national_valid(req->national_id))
        return fail(ctx, ERR_INVALID, "national_id");
    if (nfc(ctx->arena, req->full_name, &name) < 0 || name.n == 0 || name.n > 120)
        return fail(ctx, ERR_INVALID, "full_name");
    int code = import_begin(ctx, &today);
    if (!code)
        code = person_key_make(ctx, req->national_id, &key);
    if (!code)
        code = pg_call(ctx, &SQL_first_state, &key, &state);
    if (code)
        return code;
    if (state.already) {
        ret_reply->ok = true;
        return 0;
    }
    if (state.operators > 0)
        return fail(ctx, ERR_STATE, "national_id");
    struct uuid person_id = state.person_id, root_id = state.root_id;
    if (!HAS(&state, first_state, root_id))
        code = make_root(ctx, &root_id);
    if (!code && !HAS(&state, first_state, person_id))
        code = make_person(ctx, req, name, &person_id);
    if (!code && !state.working)
        code = make_tenure(ctx, person_id, name, root_id, today);
    if (!code)
        code = grant_operator(ctx, person_id, root_id);
    if (!code)
        code = pg_commit(ctx);
    if (!code)
        ret_reply->ok = true;
    return code;
}
