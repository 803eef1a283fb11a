/*
 * rights.c - rights looked at: the grants of a subtree, and why somebody may use a method for a unit, or may not. The
 * explanation goes the way that a call goes: the METHOD row, the account, the tenure, each grant up to the root, its
 * subtree; it asks the same functions of the database that make tokens.
 */
#include "access.h"
#include "grant.h"

enum { MOST_LINKS = 700, MOST_STEPS = 200 };

int on_grants(struct ctx *ctx, const struct grant_query *req, struct grant_list *ret_reply)
{
    struct unit_ref unit = {.unit_id = req->unit_id}, found;
    int code = pg_call(ctx, &SQL_unit_in_scope, &unit, &found);
    if (code)
        return code == ERR_NOT_FOUND ? fail(ctx, ERR_FORBIDDEN, "unit_id") : code;
    code = pg_list(ctx, &SQL_grants, req, 500, &ret_reply->grants, &ret_reply->n_grants);
    return code ? code : access_note_list(ctx, ret_reply->grants, ret_reply->n_grants, NULL);
}

/* --- the story that is told --- */

struct story {
    struct ctx *ctx;
    const struct method *method;
    struct explain_person who;
    struct rights_step *steps;
    uint32_t n;
    bool full; /* the arena */
};

static struct span text_of(struct story *s, char *text)
{
    s->full = s->full || !text;
    return text ? (struct span){text, (uint32_t)strlen(text)} : SPAN("-");
}

/* Both texts by arena_printf, from the same arguments or others. */
static void tell(struct story *s, bool ok, char *vi, char *en)
{
    if (s->n < MOST_STEPS)
        s->steps[s->n++] = (struct rights_step){.ok = ok, .message_vi = text_of(s, vi), .message_en = text_of(s, en)};
}

#define SAY(story, ...) arena_printf((story)->ctx->arena, __VA_ARGS__)
#define TEXT(span)      (int)(span).n, (span).p

/* Names of the roles in `bits`, in one of both languages. */
static char *role_names(struct story *s, uint32_t bits, bool english)
{
    char *names = SAY(s, "%s", "");
    for (size_t i = 0; i < proto_n_roles && names; i++) {
        const struct role_row *role = &proto_roles[i];
        if (role->bit & bits)
            names = SAY(s, "%s%s%s (%s)", names, *names ? ", " : "", english ? role->en : role->vi, role->name);
    }
    return names ? names : SAY(s, "-");
}

/* True when the METHOD row alone settles it, with the answer in *ret_allowed. */
static bool tell_method(struct story *s, struct span name, bool *ret_allowed)
{
    const struct method *m = s->method;
    *ret_allowed = false;
    if (!m) {
        tell(s, false, SAY(s, "Không có METHOD nào tên là %.*s.", TEXT(name)),
             SAY(s, "There is no METHOD named %.*s.", TEXT(name)));
        return true;
    }
    const struct service_row *service = service_find((uint8_t)(m->number >> 8));
    tell(s, true, SAY(s, "METHOD %s (0x%04x) của dịch vụ %s.", m->name, m->number, service ? service->name : "chung"),
         SAY(s, "METHOD %s (0x%04x) of service %s: %s", m->name, m->number, service ? service->name : "any", m->doc));
    if (m->verb == INTERNAL) {
        tell(s, false, SAY(s, "Chỉ các dịch vụ và lệnh hocvu gọi được; không ai gọi được qua HTTP."),
             SAY(s, "Only services and the command hocvu call it; nobody can over HTTP."));
        return true;
    }
    if (m->roles == PUBLIC) {
        *ret_allowed = true;
        tell(s, true, SAY(s, "Mở cho tất cả, không cần đăng nhập."), SAY(s, "Open to everyone, also without a login."));
        return true;
    }
    return false;
}

/* Whether the person can log in and works on that day. False: without that nothing else matters. */
static bool tell_person(struct story *s)
{
    const struct explain_person *who = &s->who;
    if (who->merged)
        tell(s, true, SAY(s, "Mã này đã được gộp vào hồ sơ đang xét."),
             SAY(s, "This id was merged into the record that is looked at."));
    tell(s, who->linked > 0,
         who->linked ? SAY(s, "%.*s có %u tài khoản định danh đã gắn.", TEXT(who->full_name), who->linked)
                     : SAY(s, "%.*s chưa gắn tài khoản định danh nào nên chưa đăng nhập được.", TEXT(who->full_name)),
         who->linked ? SAY(s, "%.*s has %u linked e-ID account(s).", TEXT(who->full_name), who->linked)
                     : SAY(s, "%.*s has no linked e-ID account and so cannot log in yet.", TEXT(who->full_name)));
    if (s->method && s->method->roles == LOGGED_IN) {
        tell(s, true, SAY(s, "Mở cho mọi người đã đăng nhập, không cần vai trò."),
             SAY(s, "Open to whoever is logged in, without any role."));
        return who->linked > 0;
    }
    tell(s, who->tenures > 0,
         who->tenures ? SAY(s, "Công tác tại: %.*s.", TEXT(who->works))
                      : SAY(s, "Ngày này không công tác ở đơn vị nào nên không có quyền nào."),
         who->tenures ? SAY(s, "Works at: %.*s.", TEXT(who->works))
                      : SAY(s, "Has no tenure on that day, and so no right at all."));
    return who->linked > 0 && who->tenures > 0;
}

static void tell_wanted(struct story *s)
{
    uint32_t roles = s->method->roles & ANY_ROLE;
    bool nation = s->method->roles & NATIONAL;
    tell(s, true,
         SAY(s, "Cần một trong các vai trò: %s%s.", role_names(s, roles, false), nation ? ", giữ cho cả nước" : ""),
         SAY(s, "Wants one of these roles: %s%s.", role_names(s, roles, true),
             nation ? ", held for the whole nation" : ""));
}

static const struct broken {
    const char *why, *vi, *en;
} broken[] = {
    {"revoked", "đã bị thu hồi", "has been taken away"},
    {"not_begun", "chưa đến ngày hiệu lực", "has not begun"},
    {"over", "đã hết hạn", "is over"},
    {"no_unit", "đơn vị không còn trong cây tổ chức", "its unit is not in the tree"},
    {"outside", "đơn vị nằm ngoài phạm vi của quyền mà nó được giao lại từ đó",
     "its unit lies outside the subtree of the grant it was made of"},
    {"more", "vượt quá những gì quyền phía trên được giao lại", "goes beyond what the grant above may hand on"},
};

static const struct broken *broken_of(const struct explain_link *link)
{
    static const struct broken other = {"", "không còn hiệu lực", "does not hold"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        if (link->why.n == strlen(broken[i].why) && !memcmp(link->why.p, broken[i].why, link->why.n))
            return &broken[i];
    }
    return &other;
}

static void tell_link(struct story *s, const struct explain_link *link)
{
    bool bad = HAS(link, explain_link, why);
    const struct broken *why = bad ? broken_of(link) : NULL;
    if (link->step == 0)
        tell(s, !bad,
             SAY(s, "Quyền %.*s cho đơn vị %.*s (%.*s): %s.", TEXT(link->role), TEXT(link->unit_code), TEXT(link->days),
                 bad ? why->vi : "còn hiệu lực"),
             SAY(s, "Grant of %.*s for unit %.*s (%.*s): %s.", TEXT(link->role), TEXT(link->unit_code),
                 TEXT(link->days), bad ? why->en : "holds"));
    else
        tell(s, !bad,
             SAY(s, "… được giao lại từ quyền %.*s của %.*s cho đơn vị %.*s (%.*s): %s.", TEXT(link->role),
                 TEXT(link->holder), TEXT(link->unit_code), TEXT(link->days), bad ? why->vi : "còn hiệu lực"),
             SAY(s, "... made out of %.*s of %.*s for unit %.*s (%.*s): %s.", TEXT(link->role), TEXT(link->holder),
                 TEXT(link->unit_code), TEXT(link->days), bad ? why->en : "holds"));
}

/* Does the token of today have this unit? It holds 32. */
static bool fits_token(struct story *s, struct uuid unit_id)
{
    struct rights rights;
    if (!s->who.is_today || rights_of(s->ctx, s->who.person_id, &rights))
        return true;
    for (uint32_t i = 0; i < rights.n; i++) {
        if (uuid_equal(&rights.grants[i].unit_id, &unit_id))
            return true;
    }
    return false;
}

/* One grant with all that it hangs on, `links` in number. True when it gives the right. */
static bool tell_grant(struct story *s, const struct explain_link *links, uint32_t n)
{
    bool holds = true;
    for (uint32_t i = 0; i < n; i++) {
        tell_link(s, &links[i]);
        holds = holds && !HAS(&links[i], explain_link, why);
    }
    if (!holds)
        return false;
    if (!links->reaches) {
        tell(s, false, SAY(s, "Đơn vị được hỏi không nằm trong phạm vi của %.*s.", TEXT(links->unit_code)),
             SAY(s, "The unit asked about does not lie in the subtree of %.*s.", TEXT(links->unit_code)));
        return false;
    }
    if (s->method->roles & NATIONAL && !links->nation) {
        tell(s, false, SAY(s, "Vai trò phải được giữ cho cả nước."),
             SAY(s, "The role must be held for the whole nation."));
        return false;
    }
    if (!fits_token(s, links->unit_id)) {
        tell(s, false, SAY(s, "Giữ quyền ở quá nhiều đơn vị: phiên đăng nhập chỉ mang được 32, quyền này bị bỏ lại."),
             SAY(s, "Holds rights for too many units: a token carries 32, and this one was left out."));
        return false;
    }
    tell(s, true, SAY(s, "Đơn vị được hỏi nằm trong phạm vi của %.*s.", TEXT(links->unit_code)),
         SAY(s, "The unit asked about lies in the subtree of %.*s.", TEXT(links->unit_code)));
    return true;
}

/* Roles that the person has and the method does not ask for; what of the wanted ones they exclude. */
static void tell_others(struct story *s, uint32_t others)
{
    uint32_t barred = 0;
    if (others)
        tell(s, false, SAY(s, "Các vai trò khác đang giữ không mở METHOD này: %s.", role_names(s, others, false)),
             SAY(s, "Other roles held do not open this method: %s.", role_names(s, others, true)));
    for (size_t i = 0; i < proto_n_roles; i++)
        barred |= others & proto_roles[i].bit ? role_conflicts(proto_roles[i].bit) & s->method->roles : 0;
    if (barred)
        tell(s, false,
             SAY(s, "Không thể giao thêm %s ở đơn vị chồng lấn: hai nhiệm vụ phải do hai người giữ.",
                 role_names(s, barred, false)),
             SAY(s, "%s cannot be added where the units overlap: one person may not have both duties.",
                 role_names(s, barred, true)));
}

/* All grants of the person. 0 or fail(). */
static int tell_grants(struct story *s, bool *ret_allowed)
{
    struct explain_where where = {.person_id = s->who.person_id, .unit_id = s->who.unit_id, .day = s->who.day};
    struct explain_link *links;
    uint32_t n, others = 0;
    bool allowed = false;
    int code = pg_list(s->ctx, &SQL_explain_links, &where, MOST_LINKS, &links, &n);
    for (uint32_t i = 0, end; !code && i < n; i = end) {
        for (end = i + 1; end < n && links[end].step > 0;)
            end++;
        if (links[i].bit & s->method->roles)
            allowed = tell_grant(s, &links[i], end - i) || allowed;
        else if (!HAS(&links[i], explain_link, why))
            others |= links[i].bit;
    }
    if (!code && s->method->roles & LEARNER) {
        tell(s, true, SAY(s, "Người có công tác là người học: dùng được cho việc của chính mình."),
             SAY(s, "Whoever has a tenure is a learner: it can be used for what is one's own."));
        allowed = true;
    }
    if (!code && !allowed)
        tell_others(s, others);
    *ret_allowed = allowed;
    return code;
}

static void tell_verdict(struct story *s, bool allowed)
{
    tell(s, allowed, allowed ? SAY(s, "Kết luận: được phép.") : SAY(s, "Kết luận: không được phép."),
         allowed ? SAY(s, "Verdict: yes.") : SAY(s, "Verdict: no."));
}

static const struct method *method_named(struct span name)
{
    for (size_t i = 0; i < proto_n_methods; i++) {
        const struct method *m = &proto_methods[i];
        if (strlen(m->name) == name.n && !memcmp(m->name, name.p, name.n))
            return m;
    }
    return NULL;
}

static int explain(struct ctx *ctx, const struct explain_about *about, struct span method,
                   struct rights_answer *ret_reply)
{
    struct story s = {.ctx = ctx, .method = method_named(method)};
    bool allowed = false;
    int code = pg_call(ctx, &SQL_explain_person, about, &s.who);
    if (code)
        return code;
    if (!HAS(&s.who, explain_person, person_id))
        return fail(ctx, ERR_NOT_FOUND, "person_id");
    if (!HAS(&s.who, explain_person, unit_id))
        return fail(ctx, ERR_NOT_FOUND, "unit_code");
    if (!s.who.unit_seen || !s.who.person_seen)
        return fail(ctx, ERR_FORBIDDEN, s.who.unit_seen ? "person_id" : "unit_code");
    s.steps = arena_alloc(ctx->arena, (MOST_STEPS + 1) * sizeof(*s.steps));
    if (!s.steps)
        return fail(ctx, ERR_TOO_LARGE, "steps");
    if (!tell_method(&s, method, &allowed) && tell_person(&s)) {
        allowed = s.method->roles == LOGGED_IN;
        if (!allowed) {
            tell_wanted(&s);
            code = tell_grants(&s, &allowed);
        }
    }
    s.n = s.n < MOST_STEPS ? s.n : MOST_STEPS - 1;
    tell_verdict(&s, allowed);
    if (code)
        return code;
    if (s.full)
        return fail(ctx, ERR_TOO_LARGE, "steps");
    *ret_reply =
        (struct rights_answer){.allowed = allowed, .person_id = s.who.person_id, .steps = s.steps, .n_steps = s.n};
    return 0;
}

int on_rights_explain(struct ctx *ctx, const struct rights_question *req, struct rights_answer *ret_reply)
{
    struct explain_about about = {.unit_code = req->unit_code};
    PUT_FIELD(&about, explain_about, person_id, req->person_id);
    if (HAS(req, rights_question, as_of))
        PUT_FIELD(&about, explain_about, as_of, req->as_of);
    int code = explain(ctx, &about, req->method, ret_reply);
    return code ? code : access_note(ctx, &ret_reply->person_id, sizeof(struct uuid), 1, NULL);
}

int on_rights_explain_local(struct ctx *ctx, const struct rights_question_local *req, struct rights_answer *ret_reply)
{
    struct explain_about about = {.unit_code = req->unit_code, .local = true};
    struct person_key key;
    bool by_id = HAS(req, rights_question_local, person_id), by_number = HAS(req, rights_question_local, national_id);
    if (by_id == by_number)
        return fail(ctx, by_id ? ERR_INVALID : ERR_MISSING, "person_id");
    if (by_number && !national_valid(req->national_id))
        return fail(ctx, ERR_INVALID, "national_id");
    if (by_id)
        PUT_FIELD(&about, explain_about, person_id, req->person_id);
    if (by_number) {
        int code = person_key_make(ctx, req->national_id, &key);
        if (code)
            return code;
        PUT_FIELD(&about, explain_about, national_hash, key.national_hash);
        if (HAS(&key, person_key, hash_before))
            PUT_FIELD(&about, explain_about, hash_before, key.hash_before);
    }
    if (HAS(req, rights_question_local, as_of))
        PUT_FIELD(&about, explain_about, as_of, req->as_of);
    return explain(ctx, &about, req->method, ret_reply);
}
