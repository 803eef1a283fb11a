/* person.c - a person put on record by hand, and what is on record about one. */
#include "access.h"
#include "account.h"
#include "identity.h"
#include "import.h"
#include "nfc.h"
#include "tenure.h"

enum { YOUNGEST_DAYS = 16 * 365, OLDEST_DAY = -8887 /* 1945-09-02 */, FARTHEST_DAYS = 10 * 366 };
#define OLDEST_BIRTH (-20089) /* 1915-01-01 */

/* The draft as it is kept: its name in NFC. 0 or fail(). */
static int check(struct ctx *ctx, struct person_draft *draft, int32_t today)
{
    if (HAS(draft, person_draft, birth_date) &&
        (draft->birth_date < OLDEST_BIRTH || draft->birth_date > today - YOUNGEST_DAYS))
        return fail(ctx, ERR_INVALID, "birth_date");
    if (!HAS(draft, person_draft, valid_from))
        PUT_FIELD(draft, person_draft, valid_from, today);
    if (draft->valid_from < OLDEST_DAY || draft->valid_from > today + FARTHEST_DAYS)
        return fail(ctx, ERR_INVALID, "valid_from");
    return 0;
}

static int check_texts(struct ctx *ctx, struct person_draft *draft)
{
    if (!national_valid(draft->national_id))
        return fail(ctx, ERR_INVALID, "national_id");
    if (nfc(ctx->arena, draft->full_name, &draft->full_name) < 0 || draft->full_name.n == 0 ||
        draft->full_name.n > 120 || !name_valid(draft->full_name))
        return fail(ctx, ERR_INVALID, "full_name");
    if (nfc(ctx->arena, draft->position, &draft->position) < 0 || draft->position.n > 120)
        return fail(ctx, ERR_INVALID, "position");
    return 0;
}

/* The unit on the first day, and the position. 0 or fail(). */
static int check_unit(struct ctx *ctx, const struct person_draft *draft)
{
    struct workplace day = {.unit_id = draft->unit_id, .day = draft->valid_from};
    struct workplace_seen seen;
    if (HAS(draft, person_draft, position_code))
        PUT_FIELD(&day, workplace, position_code, draft->position_code);
    int code = pg_call(ctx, &SQL_unit_on, &day, &seen);
    if (code == ERR_NOT_FOUND || (!code && !seen.visible))
        return fail(ctx, ERR_FORBIDDEN, "unit_id");
    if (code)
        return code;
    if (!seen.alive)
        return fail(ctx, ERR_STATE, "unit_id");
    if (HAS(draft, person_draft, position_code) && !HAS(&seen, workplace_seen, title))
        return fail(ctx, ERR_NOT_FOUND, "position_code");
    return 0;
}

/* `keys` made the hash. */
static int write_person(struct ctx *ctx, const struct person_draft *draft, const struct seal_keys *keys,
                        struct span hash)
{
    unsigned char box[SEAL_BOX_BYTES];
    struct sealer sealer;
    if (sealer_init(&sealer, keys) < 0)
        return fail(ctx, ERR_INTERNAL, "national_box_key");
    seal(&sealer, draft->national_id, box);
    sealer_release(&sealer);
    struct person_new person = {.person_id = draft->person_id,
                                .full_name = draft->full_name,
                                .national_hash = hash,
                                .hash_key = {keys->hash_key_id, SEAL_KEY_ID},
                                .national_box = {(const char *)box, sizeof(box)},
                                .box_key = {keys->box_key_id, SEAL_KEY_ID}};
    if (HAS(draft, person_draft, birth_date))
        PUT_FIELD(&person, person_new, birth_date, draft->birth_date);
    return import_write(ctx, &SQL_person_add, &person, 1);
}

/* The first tenure, and the change for the record. 0 or fail(). */
static int write_tenure(struct ctx *ctx, const struct person_draft *draft, struct span content)
{
    struct tenure_row row = {.tenure_id = uuid7(),
                             .person_id = draft->person_id,
                             .unit_id = draft->unit_id,
                             .position = draft->position,
                             .leader = HAS(draft, person_draft, leader) && draft->leader,
                             .kind = SPAN("principal"),
                             .valid_from = draft->valid_from};
    struct tenure_step_made made = {.change_id = draft->person_id,
                                    .person_id = draft->person_id,
                                    .content = content,
                                    .op = SPAN("join"),
                                    .reason = draft->reason,
                                    .tenures = SPAN("[]")};
    if (HAS(draft, person_draft, position_code))
        PUT_FIELD(&row, tenure_row, position_code, draft->position_code);
    int code = pg_bulk(ctx, &SQL_tenures_write, &row, 1, 0, NULL, NULL);
    return code ? code : pg_call(ctx, &SQL_tenure_step_add, &made, NULL);
}

static int add(struct ctx *ctx, struct person_draft *draft)
{
    const struct seal_keys *keys = seal_keys_now(ctx);
    unsigned char hash[SEAL_HASH_BYTES], before[SEAL_HASH_BYTES];
    struct person_draft without = *draft;
    struct person_number number = {.person_id = draft->person_id, .national_hash = {(const char *)hash, sizeof(hash)}};
    struct person_known known;
    struct span content;
    bool repeated = false;
    uint32_t taken;
    without.national_id = SPAN("000000000000");
    national_hash(keys, draft->national_id, hash);
    if (national_hash_before(keys, draft->national_id, before))
        PUT_FIELD(&number, person_number, hash_before, ((struct span){(const char *)before, sizeof(before)}));
    int code = tenure_content(ctx, &msg_person_draft, &without, &content);
    if (!code)
        code = pg_call(ctx, &SQL_person_look, &number, &known);
    if (!code)
        code = check(ctx, draft, known.today);
    if (!code)
        code = check_unit(ctx, draft);
    if (!code)
        code = tenure_repeat(ctx, draft->person_id, content, "person_id", &repeated);
    if (code || (repeated && known.same))
        return code;
    if (known.id)
        return fail(ctx, ERR_CONFLICT, "person_id");
    if (known.number)
        return fail(ctx, ERR_CONFLICT, "national_id");
    code = write_person(ctx, draft, keys, number.national_hash);
    if (!code)
        code = write_tenure(ctx, draft, content);
    /* Who logged in before is known from now on. */
    return code ? code : accounts_take(ctx, &taken);
}

int on_person_add(struct ctx *ctx, const struct person_draft *req, struct tenure_list *ret_reply)
{
    struct person_draft draft = *req;
    struct person_asked who = {.person_id = req->person_id};
    int code = check_texts(ctx, &draft);
    if (code)
        return code;
    code = pg_begin(ctx);
    if (!code)
        code = add(ctx, &draft);
    if (!code)
        code = pg_list(ctx, &SQL_tenures_of, &who, 200, &ret_reply->tenures, &ret_reply->n_tenures);
    ret_reply->person_id = req->person_id;
    if (code != ERR_FORBIDDEN)
        return code ? code : pg_commit(ctx);
    (void)audit_refuse(ctx, "tenure_refused", NULL, "the unit is not in the caller's subtree", code, "unit_id");
    int kept = pg_commit(ctx);
    return kept ? kept : code;
}

int on_person_get(struct ctx *ctx, const struct person_query *req, struct person_file *ret_reply)
{
    struct person_file file = {0};
    uint32_t roles = 0;
    int code = pg_call(ctx, &SQL_person_get, req, &file);
    if (code == ERR_NOT_FOUND)
        return audit_refuse(ctx, "person_refused", &req->person_id, "the person is not in the caller's subtree",
                            ERR_FORBIDDEN, "person_id");
    if (!code)
        code = pg_list(ctx, &SQL_person_tenures, req, 200, &file.tenures, &file.n_tenures);
    if (!code)
        code = pg_list(ctx, &SQL_person_grants, req, 64, &file.grants, &file.n_grants);
    if (code)
        return code;
    for (uint32_t i = 0; i < ctx->head->n_grants; i++)
        roles |= ctx->head->grants[i].roles;
    if (!(roles & (IDENTITY_OFFICER | NATIONAL_OPERATOR)))
        file.has &= ~(UINT64_C(1) << HAS_person_file_birth_date);
    *ret_reply = file;
    return access_note_list(ctx, req, 1, NULL);
}
