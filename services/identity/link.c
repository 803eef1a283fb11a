/*
 * link.c - which person an account at an identity provider is, decided at each login: found by the number, held against
 * the roster's name and birth date. One account is one person, and one person has one account at a provider. What is
 * not plain is for an officer (review.c); until then the account gets in and may do nothing.
 */
#include "link.h"
#include "gather.h"
#include "nfc.h"
#include "pace.h"

enum verdict { REFUSE, REVIEW, PENDING, LINK };

/* What the rules ask about. */
struct facts {
    bool known;     /* the number is on a roster */
    bool rejected;  /* an officer has said no to these very claims */
    bool unlinked;  /* an officer has parted account and person */
    bool elsewhere; /* the account is somebody else's */
    bool held;      /* a case waits that only an officer ends */
    bool taken;     /* the person has another account at this provider */
    bool settled;   /* the account is this person's, and claims what it claimed then */
    bool differs;   /* name or birth date is not the roster's */
};

struct rule {
    bool (*holds)(const struct facts *facts);
    enum verdict verdict;
    uint32_t differs;
    const char *why;
};

static bool is_rejected(const struct facts *f)
{
    return f->rejected;
}

static bool is_unlinked(const struct facts *f)
{
    return f->unlinked;
}

static bool is_elsewhere(const struct facts *f)
{
    return f->elsewhere;
}

static bool is_held(const struct facts *f)
{
    return f->held;
}

static bool is_unknown(const struct facts *f)
{
    return !f->known;
}

static bool is_taken(const struct facts *f)
{
    return f->taken;
}

static bool is_settled(const struct facts *f)
{
    return f->settled;
}

static bool is_different(const struct facts *f)
{
    return f->differs;
}

static bool is_plain(const struct facts *f)
{
    (void)f;
    return true;
}

/* The first that holds decides. */
static const struct rule rules[] = {
    {is_rejected, REFUSE, 0, "an officer has rejected the account with these claims"},
    {is_unlinked, REVIEW, DIFFERS_UNLINKED, "an officer has unlinked the account"},
    {is_elsewhere, REVIEW, DIFFERS_ACCOUNT, "the account is linked to somebody else"},
    {is_held, REVIEW, 0, "a clash waits for an officer"},
    {is_unknown, PENDING, 0, "the number is on no roster"},
    {is_taken, REVIEW, DIFFERS_PERSON, "the person has another account at this provider"},
    {is_settled, LINK, 0, "linked before with the same claims"},
    {is_different, REVIEW, 0, "name or birth date differ from the roster"},
    {is_plain, LINK, 0, "number, name and birth date are the roster's"},
};

static bool same_claims(const struct link_seen *seen, const struct login_step *claimed)
{
    bool had = HAS(seen, link_seen, account_birth), has = HAS(claimed, login_step, birth_date);
    return seen->same_number && seen->account_name.n == claimed->full_name.n &&
           !memcmp(seen->account_name.p, claimed->full_name.p, claimed->full_name.n) && had == has &&
           (!has || seen->account_birth == claimed->birth_date);
}

/* Bits of name and birth date. A date that one side does not say is no difference. */
static uint32_t differences(const struct link_seen *seen, const struct login_step *claimed)
{
    uint32_t bits = 0;
    if (!HAS(seen, link_seen, person_id))
        return 0;
    bits = name_compare(seen->roster_name, claimed->full_name);
    if (HAS(seen, link_seen, roster_birth) && HAS(claimed, login_step, birth_date) &&
        seen->roster_birth != claimed->birth_date)
        bits |= DIFFERS_BIRTH;
    return bits;
}

static struct facts facts_of(const struct link_seen *seen, const struct login_step *claimed, uint32_t differs)
{
    bool here = HAS(seen, link_seen, person_id) && HAS(seen, link_seen, account_person) &&
                uuid_equal(&seen->person_id, &seen->account_person);
    bool linked = HAS(seen, link_seen, state) && span_is(seen->state, "linked");
    bool same = HAS(seen, link_seen, account_id) && same_claims(seen, claimed);
    return (struct facts){
        .known = HAS(seen, link_seen, person_id),
        .rejected = HAS(seen, link_seen, state) && span_is(seen->state, "rejected") && same,
        .unlinked = HAS(seen, link_seen, state) && span_is(seen->state, "unlinked"),
        .elsewhere = linked && !here,
        .held = seen->held_differs != 0,
        .taken = seen->taken,
        .settled = linked && here && same,
        .differs = differs != 0,
    };
}

int link_read(struct ctx *ctx, struct span provider, const struct claims *claims, struct login_step *ret_step)
{
    struct login_step *step = ret_step;
    const struct seal_keys *keys = seal_keys_now(ctx);
    unsigned char *hash = arena_alloc(ctx->arena, 2 * SEAL_HASH_BYTES), *box = arena_alloc(ctx->arena, SEAL_BOX_BYTES);
    struct span name;
    if (!hash || !box)
        return fail(ctx, ERR_TOO_LARGE, "national_id");
    if (!national_valid(claims->national_id))
        return audit_refuse(ctx, "login_refused", NULL, "the provider's number is not one", ERR_PROVIDER,
                            "national_id");
    if (nfc(ctx->arena, claims->full_name, &name) < 0 || name.n == 0 || name.n > 120 || !name_valid(name))
        return audit_refuse(ctx, "login_refused", NULL, "the provider's name has what no name has", ERR_PROVIDER,
                            "full_name");
    national_hash(keys, claims->national_id, hash);
    memset(box, 0, SEAL_BOX_BYTES);
    *step = (struct login_step){
        .provider = provider,
        .subject = claims->subject,
        .full_name = name,
        .national_hash = {(const char *)hash, SEAL_HASH_BYTES},
        .hash_key = {keys->hash_key_id, SEAL_KEY_ID},
        .national_box = {(const char *)box, SEAL_BOX_BYTES},
        .box_key = {keys->box_key_id, SEAL_KEY_ID},
        .level = claims->level,
    };
    if (claims->has_birth_date)
        PUT_FIELD(step, login_step, birth_date, claims->birth_date);
    if (national_hash_before(keys, claims->national_id, hash + SEAL_HASH_BYTES))
        PUT_FIELD(step, login_step, hash_before,
                  ((struct span){(const char *)hash + SEAL_HASH_BYTES, SEAL_HASH_BYTES}));
    return 0;
}

/* Puts the number into its box; only when something is stored, because making a box is the dear part. 0 or fail(). */
static int fill_box(struct ctx *ctx, const struct claims *claims, struct login_step *step)
{
    const struct seal_keys *keys = seal_keys_now(ctx);
    struct sealer sealer;
    unsigned char box[SEAL_BOX_BYTES];
    step->box_key = (struct span){keys->box_key_id, SEAL_KEY_ID};
    if (sealer_init(&sealer, keys) < 0)
        return fail(ctx, ERR_INTERNAL, "national_box_key");
    seal(&sealer, claims->national_id, box);
    sealer_release(&sealer);
    if (arena_span(ctx->arena, (struct span){(const char *)box, sizeof(box)}, &step->national_box) < 0)
        return fail(ctx, ERR_TOO_LARGE, "national_id");
    return 0;
}

/* What is to be stored by the rule. 0 or fail(). */
static int fill(struct ctx *ctx, const struct claims *claims, const struct link_seen *seen, const struct rule *rule,
                uint32_t differs, struct login_step *step)
{
    static const struct span states[] = {
        [REVIEW] = SPAN("review"), [PENDING] = SPAN("pending"), [LINK] = SPAN("linked")};
    step->account_id = HAS(seen, link_seen, account_id) ? seen->account_id : uuid7();
    step->revision = seen->revision;
    step->state = states[rule->verdict];
    step->case_id = uuid7();
    step->differs = differs | rule->differs | (rule->verdict == REVIEW ? seen->held_differs : 0);
    step->why = (struct span){rule->why, (uint32_t)strlen(rule->why)};
    step->has &= UINT64_C(1) << HAS_login_step_birth_date | UINT64_C(1) << HAS_login_step_hash_before;
    if (HAS(seen, link_seen, person_id))
        PUT_FIELD(step, login_step, person_id, seen->person_id);
    else if (rule->verdict == REVIEW && HAS(seen, link_seen, account_person))
        PUT_FIELD(step, login_step, person_id, seen->account_person);
    if (HAS(seen, link_seen, roster_name))
        PUT_FIELD(step, login_step, roster_name, seen->roster_name);
    if (HAS(seen, link_seen, roster_birth))
        PUT_FIELD(step, login_step, roster_birth, seen->roster_birth);
    return step->stores ? fill_box(ctx, claims, step) : 0;
}

static struct link_outcome outcome_of(enum verdict verdict, struct uuid account, struct uuid person)
{
    static const enum standing standings[] = {
        [REVIEW] = STANDING_REVIEW, [PENDING] = STANDING_PENDING, [LINK] = STANDING_LINKED};
    return (struct link_outcome){standings[verdict], account, verdict == LINK ? person : account};
}

static int look_all(struct ctx *ctx, struct gather_row *const *rows, uint32_t n)
{
    return gather_statement(ctx, &SQL_link_look, rows, n, "subject");
}

GATHER(look_desk, look_all);

/* Looks at what is stored and finds the rule. 0 or fail(). */
static int find_rule(struct ctx *ctx, const struct login_step *step, const struct pace_limit *limit,
                     struct link_seen *ret_seen, struct facts *ret_facts, uint32_t *ret_differs,
                     const struct rule **ret_rule)
{
    struct link_key key = {.provider = step->provider,
                           .subject = step->subject,
                           .national_hash = step->national_hash,
                           .held = DIFFERS_HELD,
                           .pace_window_s = limit->window_s,
                           .pace_most = limit->most};
    if (HAS(step, login_step, hash_before))
        PUT_FIELD(&key, link_key, hash_before, step->hash_before);
    if (limit->most)
        PUT_FIELD(&key, link_key, pace_key, ((struct span){(const char *)limit->key, sizeof(limit->key)}));
    int code = gather(&look_desk, ctx, &key, ret_seen);
    if (code)
        return code;
    *ret_differs = differences(ret_seen, step);
    *ret_facts = facts_of(ret_seen, step, *ret_differs);
    *ret_rule = rules;
    while (!(*ret_rule)->holds(ret_facts))
        (*ret_rule)++;
    return 0;
}

int link_judge(struct ctx *ctx, const struct claims *claims, struct login_step *step, struct link_outcome *ret_who)
{
    const struct rule *rule;
    struct link_seen seen;
    struct pace_limit limit;
    struct facts facts;
    uint32_t differs;
    pace_limit_account(ctx, step->provider, step->subject, &limit);
    int code = find_rule(ctx, step, &limit, &seen, &facts, &differs, &rule);
    if (code)
        return code;
    if (seen.refused)
        return pace_refuse(ctx, "subject");
    if (rule->verdict == REFUSE)
        return audit_refuse(ctx, "login_refused", HAS(&seen, link_seen, person_id) ? &seen.person_id : NULL, rule->why,
                            ERR_NOT_ON_ROSTER, "subject");
    step->stores = rule->verdict != LINK || !facts.settled;
    if (!step->stores && seen.stale)
        code = pg_call(ctx, &SQL_account_seen, &(struct account_ref){.account_id = seen.account_id}, NULL);
    if (!code)
        code = fill(ctx, claims, &seen, rule, differs, step);
    if (!code)
        *ret_who = outcome_of(rule->verdict, step->account_id, seen.person_id);
    return code;
}

int link_preview(struct ctx *ctx, struct span provider, const struct claims *claims, const char **ret_standing,
                 const char **ret_why)
{
    static const char *const words[] = {[REFUSE] = "", [REVIEW] = "review", [PENDING] = "pending", [LINK] = "linked"};
    const struct rule *rule;
    const struct pace_limit none = {.most = 0};
    struct login_step step;
    struct link_seen seen;
    struct facts facts;
    uint32_t differs;
    int code = link_read(ctx, provider, claims, &step);
    if (!code)
        code = find_rule(ctx, &step, &none, &seen, &facts, &differs, &rule);
    if (code)
        return code;
    *ret_standing = words[rule->verdict];
    *ret_why = rule->why;
    return 0;
}
